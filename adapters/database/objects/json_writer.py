"""Writing what is kept as JSON: what is to be done with the nodes becomes the text of the rows above them.

A new row gets the text that is made of its plain nodes. A row that is there keeps its text where the nodes say the
same; where they don't, its rows are matched, checked and changed one by one, as those of a table are.

Spec: docs/design/integration.md "The EAI database adapter"; docs/design/performance.md, rule 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from adapters.database.objects.entries import Entries, entries_in_json
from adapters.database.objects.entry import Entry
from adapters.database.objects.json_lists import JsonLists
from adapters.database.objects.json_rows import objects_kept_by, row_id_of
from adapters.database.objects.json_text import JsonObject, texts_of
from adapters.database.objects.layout import StoredComponent
from adapters.database.objects.matcher import Matcher, already_there
from adapters.database.objects.positions import places_among
from adapters.database.objects.written import Written
from integration_objects.property_set import PropertySet

#: A row as it will be kept: its place, what it holds, and the entry that makes or changes it.
_Kept = tuple[int, JsonObject, Entry | None]


class JsonWriter:
    """Makes the JSON of an instance's rows.

    Args:
        entries: the instance's.
        matcher: finds the rows of entries.
        check_references: refuses values that must be found elsewhere and aren't.
        new_id: makes the identifier of a row whose component has one.
        written: where rows are counted.
    """

    def __init__(
        self,
        entries: Entries,
        matcher: Matcher,
        check_references: Callable[[StoredComponent, Sequence[Entry]], None],
        new_id: Callable[[], str],
        written: Written,
    ) -> None:
        self._entries = entries
        self._matcher = matcher
        self._check_references = check_references
        self._new_id = new_id
        self._written = written

    def write(self, stored: StoredComponent, owners: Sequence[Entry]) -> None:
        """Let *owners*, entries of *stored* that are matched, carry the JSON that they get. Changes the entries.

        Raises:
            Refused: as for the rows of a table.
        """
        for below in stored.in_json:
            lists = self._entries.json.get(id(below))
            if lists is None:
                continue
            column = str(below.json_column)
            texts = self._texts(below, lists)
            for owner in owners:
                # All new rows carry the column, so that they go in one block.
                if owner.row is None or id(owner) in texts:
                    owner.set_value(column, texts.get(id(owner)))

    def _texts(self, below: StoredComponent, lists: JsonLists) -> dict[int, str | None]:
        """The texts of the owners that are new or get another one, by the owner's id."""
        if lists.columns is None:
            return self._changed(below, lists.owners, lists.entries)
        texts: dict[int, str | None] = {}
        changed: list[Entry] = []
        changing: list[Sequence[PropertySet]] = []
        made = texts_of(lists.columns, [len(nodes) for nodes in lists.nodes])
        for owner, nodes, text in zip(lists.owners, lists.nodes, made, strict=True):
            if owner.row is None:
                texts[id(owner)] = text
                self._written.inserted += len(nodes)
            elif not lists.keyed or text != owner.now(str(below.json_column)):
                changed.append(owner)
                changing.append(nodes)
        if changed:
            texts.update(self._changed(below, changed, entries_in_json(self._entries, below, changed, changing)))
        return texts

    def _changed(
        self, below: StoredComponent, owners: Sequence[Entry], entries: Sequence[Sequence[Entry]]
    ) -> dict[int, str | None]:
        """Match, check and change the owners' rows one by one. Returns the texts that differ."""
        everything = [*chain.from_iterable(entries)]
        self._matcher.match(below, everything)
        written = [
            entry for entry in everything if entry.operation != "delete" and (entry.row is None or entry.differs)
        ]
        self._check_references(below, written)
        for entry in written:
            if entry.row is None:
                entry.prove_whole()
                if "row_id" in below.columns.values():
                    entry.row_id = entry.row_id or self._new_id()
        changed: list[Entry] = []
        rows: list[list[JsonObject]] = []
        for owner, own, objects in zip(owners, entries, objects_kept_by(below, owners), strict=True):
            kept = self._kept(owner, own, objects)
            if kept is not None:
                _prove_keys(below, owner, kept)
                changed.append(owner)
                rows.append([one for _, one, _ in kept])
        texts = texts_of(_columns(below, rows), [len(one) for one in rows])
        return {id(owner): text for owner, text in zip(changed, texts, strict=True)}

    def _kept(self, owner: Entry, entries: Sequence[Entry], objects: Sequence[JsonObject]) -> list[_Kept] | None:
        """The rows of an owner as they will be, in their order; None where they are so already."""
        before = (self._written.inserted, self._written.updated, self._written.deleted)
        by_row: dict[str, list[Entry]] = {}
        for entry in entries:
            if entry.row is not None:
                by_row.setdefault(entry.row_id, []).append(entry)
        written = [entry for entry in entries if entry.operation != "delete"]
        places = places_among(written, len(objects))
        kept: list[_Kept] = []
        for place, one in enumerate(objects):
            own = by_row.get(row_id_of(owner, one, place), [])
            if any(entry.operation == "delete" for entry in own) or (not own and owner.operation == "synchronize"):
                self._written.deleted += 1
                continue
            kept.append(self._row(place, one, own, places))
        for entry in written:
            if entry.row is None:
                kept.append((places[id(entry)], _object(entry), entry))
                self._written.inserted += 1
        kept.sort(key=lambda row: row[0])
        return None if before == (self._written.inserted, self._written.updated, self._written.deleted) else kept

    def _row(self, place: int, one: JsonObject, entries: Sequence[Entry], places: dict[int, int]) -> _Kept:
        """A row that is there, as its entries change it."""
        position = place
        changed = None
        for entry in entries:
            changes = entry.changes()
            entry.prove_changes(changes)
            position = places.get(id(entry), position)
            if changes:
                one = {column: value for column, value in {**one, **changes}.items() if value is not None}
                changed = entry
        if changed is not None or position != place:
            self._written.updated += 1
        return position, one, changed


def _object(entry: Entry) -> JsonObject:
    """What a new row holds."""
    made = dict(zip(entry.shape.columns, entry.values, strict=True))
    if "row_id" in entry.stored.columns.values():
        made["row_id"] = entry.row_id
    return {column: value for column, value in made.items() if value is not None}


def _columns(stored: StoredComponent, rows: Sequence[Sequence[JsonObject]]) -> dict[str, list[str | None]]:
    """The columns of the rows; behind the definition's those that an extension had."""
    everything = [*chain.from_iterable(rows)]
    names = dict.fromkeys((*stored.columns.values(), *chain.from_iterable(everything)))
    return {name: [one.get(name) for one in everything] for name in names}


def _prove_keys(stored: StoredComponent, owner: Entry, kept: Sequence[_Kept]) -> None:
    """Refuse a change that gives a row the key of another one, as a table's unique key would.

    Raises:
        AlreadyThere: names the key and the other row.
    """
    for key in stored.keys:
        columns = [stored.columns[name] for name in key]
        seen: dict[tuple[str, ...], tuple[int, JsonObject, Entry | None]] = {}
        for place, (_, one, entry) in enumerate(kept):
            values = tuple(one[column] for column in columns if one.get(column))
            if len(values) < len(columns):
                continue
            first = seen.setdefault(values, (place, one, entry))
            if first[1] is one:
                continue
            if entry is not None:
                raise already_there(entry, key, values, (row_id_of(owner, first[1], first[0]),))
            if first[2] is not None:
                raise already_there(first[2], key, values, (row_id_of(owner, one, place),))
