"""Writing components that are kept as JSON: the operations on their nodes become the text of the rows above them.

A new row gets the text that is made of its plain nodes. A stored row keeps its text where the nodes say the same; where
they differ, its JSON rows are matched, checked and changed one by one, like the rows of a table.

Spec: docs/design/integration.md "The EAI database adapter"; docs/design/performance.md, rule 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple

from adapters.database.objects.entries import Entries, RowCounts, places_among
from adapters.database.objects.entry import Entry
from adapters.database.objects.json_children import (
    JsonLists,
    JsonObject,
    objects_kept_by,
    row_id_of,
    texts_of,
)
from adapters.database.objects.layout import StoredComponent
from adapters.database.objects.matcher import Matcher, already_there
from integration_objects.property_set import PropertySet

#: The text of each owner that gets another one.
Texts = dict[Entry, str | None]


class _KeptRow(NamedTuple):
    """A row as it will be kept: its position, its members, and the entry that makes or changes it."""

    position: int
    members: JsonObject
    entry: Entry | None


class JsonWriter:
    """Makes the JSON of an instance's rows, and counts the rows that its view shows."""

    def __init__(
        self,
        entries: Entries,
        matcher: Matcher,
        check_references: Callable[[StoredComponent, Sequence[Entry]], None],
        new_id: Callable[[], str],
        counts: RowCounts,
    ) -> None:
        self._entries = entries
        self._matcher = matcher
        self._check_references = check_references
        self._new_id = new_id
        self._counts = counts

    def write(self, component: StoredComponent, owners: Sequence[Entry]) -> None:
        """Let *owners*, entries of *component* that are matched, carry the JSON that they get. Changes the entries.

        Raises:
            Refused: as for the rows of a table.
        """
        for below in component.in_json:
            lists = self._entries.json.get(below)
            if lists is None:
                continue
            texts = self._texts(below, lists)
            for owner in owners:
                # All new rows carry the column, so that they go in one block.
                if owner.row is None or owner in texts:
                    owner.set_value(below.json_column, texts.get(owner))

    def _texts(self, below: StoredComponent, lists: JsonLists) -> Texts:
        """Make the texts of the owners that are new or get another one."""
        if lists.columns is None:
            return self._changed(below, lists.owners, lists.entries)
        texts: Texts = {}
        changed: list[Entry] = []
        changing: list[Sequence[PropertySet]] = []
        plain_texts = texts_of(lists.columns, [len(nodes) for nodes in lists.nodes])
        for owner, nodes, text in zip(lists.owners, lists.nodes, plain_texts, strict=True):
            if owner.row is None:
                texts[owner] = text
                self._counts.inserted += len(nodes)
            # Nodes without a whole key need the matcher's verdict, even where the text is the stored one.
            elif not lists.keyed or text != owner.stored(below.json_column):
                changed.append(owner)
                changing.append(nodes)
        if changed:
            texts.update(self._changed(below, changed, self._entries.in_json(below, changed, changing)))
        return texts

    def _changed(self, below: StoredComponent, owners: Sequence[Entry], entries: Sequence[Sequence[Entry]]) -> Texts:
        """Match, check and change the owners' rows one by one. Return the texts that differ."""
        flat = [*chain.from_iterable(entries)]
        self._matcher.match(below, flat)
        written = [entry for entry in flat if entry.operation != "delete" and (entry.row is None or entry.differs)]
        self._check_references(below, written)
        # No table guards rows inside a JSON text: required fields and unique keys are proven here.
        for entry in written:
            if entry.row is None:
                entry.prove_whole()
                if below.has_row_id:
                    entry.row_id = entry.row_id or self._new_id()
        changed: list[Entry] = []
        rows: list[list[JsonObject]] = []
        for owner, own, objects in zip(owners, entries, objects_kept_by(below, owners), strict=True):
            kept = self._kept(owner, own, objects)
            if kept is not None:
                _prove_keys(below, owner, kept)
                changed.append(owner)
                rows.append([row.members for row in kept])
        texts = texts_of(_columns(below, rows), [len(own) for own in rows])
        return dict(zip(changed, texts, strict=True))

    def _kept(self, owner: Entry, entries: Sequence[Entry], objects: Sequence[JsonObject]) -> list[_KeptRow] | None:
        """Return an owner's rows as they will be, in their order; None where nothing changes."""
        total_before = self._counts.total
        by_row: dict[str, list[Entry]] = {}
        for entry in entries:
            if entry.row is not None:
                by_row.setdefault(entry.row_id, []).append(entry)
        written = [entry for entry in entries if entry.operation != "delete"]
        places = places_among(written, len(objects))
        kept: list[_KeptRow] = []
        for place, members in enumerate(objects):
            # Several entries may mean one row, by different keys.
            own = by_row.get(row_id_of(owner, members, place), [])
            if any(entry.operation == "delete" for entry in own) or (not own and owner.operation == "synchronize"):
                self._counts.deleted += 1
                continue
            kept.append(self._kept_row(place, members, own, places))
        for entry in written:
            if entry.row is None:
                kept.append(_KeptRow(places[entry], _new_members(entry), entry))
                self._counts.inserted += 1
        kept.sort(key=lambda row: row.position)
        return kept if self._counts.total > total_before else None

    def _kept_row(
        self, place: int, members: JsonObject, entries: Sequence[Entry], places: dict[Entry, int]
    ) -> _KeptRow:
        """Return a stored row as its entries change it."""
        position = place
        changing = None
        for entry in entries:
            changes = entry.changes()
            position = places.get(entry, position)
            if changes:
                members = {column: value for column, value in {**members, **changes}.items() if value is not None}
                changing = entry
        if changing is not None or position != place:
            self._counts.updated += 1
        return _KeptRow(position, members, changing)


def _new_members(entry: Entry) -> JsonObject:
    """Return the members of a new row."""
    members = dict(zip(entry.shape.columns, entry.values, strict=True))
    if entry.component.has_row_id:
        members["row_id"] = entry.row_id
    return {column: value for column, value in members.items() if value is not None}


def _columns(component: StoredComponent, rows: Sequence[Sequence[JsonObject]]) -> dict[str, list[str | None]]:
    """Return the columns of the rows: the definition's, then those of an extension that is no longer installed."""
    flat = [*chain.from_iterable(rows)]
    names = dict.fromkeys((*component.columns.values(), *chain.from_iterable(flat)))
    return {name: [members.get(name) for members in flat] for name in names}


def _prove_keys(component: StoredComponent, owner: Entry, kept: Sequence[_KeptRow]) -> None:
    """Refuse a change that gives a row the key of another one, as a table's unique key would.

    Raises:
        AlreadyThere: names the key and the other row.
    """
    for key in component.keys:
        columns = [component.columns[name] for name in key]
        firsts: dict[tuple[str, ...], tuple[int, _KeptRow]] = {}
        for place, row in enumerate(kept):
            values = tuple(row.members[column] for column in columns if row.members.get(column))
            if len(values) < len(columns):
                continue
            first_place, first = firsts.setdefault(values, (place, row))
            if first is row:
                continue
            if row.entry is not None:
                raise already_there(row.entry, key, values, row_id_of(owner, first.members, first_place))
            if first.entry is not None:
                raise already_there(first.entry, key, values, row_id_of(owner, row.members, place))
