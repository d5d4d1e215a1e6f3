"""Edits of one quote's lines: those of a service item are one batch of requests to the hub's workflows, or come back.

    a new root                        new-products-and-services
    new lines of an account's service  modify, or disconnect
    lines of a root on the quote      edit-quote-line-item
    a root that is deleted            its lines are taken off the quote

A line is written as it is wanted: a new one comes without its product's default components. The prices that a new line
carries are what the customer was told: if the hub's are others, the lines come back.

Spec: docs/design/legacy.md, "Remote clients".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from hub.configurator.requests import AddItem, RemoveItem, Request, SetItem
from hub.configurator.requests_json import requests_to_json
from hub.replication.compare import AgreedRow, decide
from hub.replication.quote_workflows import QuoteWorkflows
from hub.replication.remote_edits import DIFFERS, GONE, READ_ONLY, Change, FileEdits, merged
from hub.replication.remote_line_cells import (
    ACTION,
    OF_ATTRIBUTE,
    cells_of,
    is_given,
    is_same_number,
    is_settable,
    rows_beneath,
    settings_of,
)
from hub.replication.remote_lines import NAME, QUOTE_LINE, SERVICE, VALUE, Line, lines_by_owner
from hub.workflow_manager.outcome import Outcome
from hub.workflows.quotes.offline import take_off
from hub.workflows.quotes.quote_lines import quote_in_progress
from hub.workflows.state.service_profile import requested_state
from integration_objects.complex_object import first_instance, instances
from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, QUOTE
from integration_objects.secrets import MASK

_PRICES = ("List Price", "Adjusted Price")
#: the key of a line, and a change of it as in `Change`, by cell
_LineChange = tuple[str, str | None, str | None, str | None, str | None]
_WHOLE: Change = (None, None, None, None)
#: Most service items of a quote that one file changes: each is stored with the whole quote, and the account is locked.
_MOST_ITEMS = 200

_NO_ROOT = "the line stands beneath no line of its quote"
_ROOT_DELETED = "the line that it stands beneath was deleted"
_TOO_MANY = f"a file changes at most {_MOST_ITEMS} service items of a quote at once; write the others again"
_NO_PRODUCT = "a new line must name its product in product_id"
_NO_SERVICE = "no service item of the account has this key; a line that adds something has the action code Add"
_IS_SERVICE = "a service item of the account has this key; give a line that adds something another key"
_ENDS = "the service item is taken away as a whole; its other lines can't be changed with it"
_NOT_ADDED = "only a line that adds something can be deleted by itself; the action code Delete takes a service away"
_DELETE_DIFFERS = "the hub's line, or one beneath it, was changed since the download"


class LineUnnamed(Refused):
    """The configurator of another system doesn't tell which item it has made for a line."""

    what = "the configurator has made no item that it calls by the name of the request"
    where = "line {key}"
    why = "its answer lacks the name among its names"
    mend = "have the external configurator answer with the names of added items"


class PriceDiffers(Refused):
    """A new line has a price that the hub doesn't give."""

    what = "the {field} of '{product}' is {price} now"
    where = "line {key}, {field}"
    why = "the line of the file has {given}"
    mend = "tell the customer, and write the line with the price of now, or without one"


@dataclass
class _Batch:
    """The edits of one service item.

    Attributes:
        root: the root's key in the hub, or in the file for one that isn't there.
        added: the keys of new items in the file, by the names that the requests give them.
        services: the keys of new lines that stand for services of the account.
        changes: the changes of its lines.
        ends: whether the service item is to be disconnected.
        fault: the reason why the batch isn't asked of the hub.
    """

    root: str
    requests: list[Request] = field(default_factory=list)
    added: dict[str, str] = field(default_factory=dict)
    services: list[str] = field(default_factory=list)
    changes: list[_LineChange] = field(default_factory=list)
    ends: bool = False
    fault: str | None = None


class QuoteLines:
    """The lines of one quote: as they were downloaded, as the user left them, and as the hub has them."""

    def __init__(
        self,
        edits: FileEdits,
        workflows: QuoteWorkflows,
        row_id: str,
        base: Mapping[str, Line],
        edited: Mapping[str, Line],
        hub: Mapping[str, Line],
    ) -> None:
        self._edits = edits
        self._workflows = workflows
        self._row_id = row_id
        self._base = base
        self._edited = edited
        self._hub = hub
        self._account = ""
        self._roots: dict[str, str | None] = {}
        #: the keys of the lines that the user made, changed or deleted
        self.changed = [key for key in sorted({*base, *edited}) if base.get(key) != edited.get(key)]

    def return_all(self, conflict: str, reason: str, only_written: bool = False) -> None:
        """Return all changes; with *only_written*, not those of lines that were deleted."""
        for key in self.changed:
            if key in self._edited or not only_written:
                self._return([(key, *change) for change in self._changes(key)], conflict, reason)

    def take(self, number: str, account: str) -> None:
        """Take the edits of the quote's lines; keep the changes that come back."""
        if not self.changed:
            return
        self._account = account
        groups: dict[str | None, list[str]] = {}
        for key in self.changed:
            groups.setdefault(self._root_of(key), []).append(key)
        for place, (root, keys) in enumerate(groups.items()):
            if root is None or place >= _MOST_ITEMS:
                changes = [(key, *change) for key in keys for change in self._changes(key)]
                self._return(changes, "refused", _NO_ROOT if root is None else _TOO_MANY)
            elif root in self._base and root not in self._edited:
                self._take_off(number, root, keys)
            else:
                self._take_group(number, root, keys)

    # The lines of one service item

    def _take_group(self, number: str, root: str, keys: list[str]) -> None:
        batch = _Batch(self._hub_key(root))
        if root in self._base and batch.root not in self._hub:
            changes = [(key, *change) for key in keys if key in self._edited for change in self._changes(key)]
            self._return(changes, "update_recently_deleted", GONE)
            return
        new = [key for key in keys if key in self._edited and not self._is_known(key)]
        batch.added = {f"line {place}": key for place, key in enumerate(new, 1)}
        names = {key: name for name, key in batch.added.items()}
        for key in keys:
            if key not in self._edited:
                self._remove(batch, key)
            elif key in names:
                self._add(batch, key, names)
            elif key in self._base or self._hub_key(key) in self._hub:
                self._change(batch, key)
            else:
                self._change_service(batch, key)
        if batch.ends and not all(isinstance(request, RemoveItem) for request in batch.requests):
            batch.fault = _ENDS
        if batch.fault is None and not batch.requests:
            return
        outcome, refusal = None, batch.fault
        if refusal is None:
            outcome, refusal = self._edits.attempt(lambda: self._ask(batch, number), self._secrets(keys))
        if outcome is None:
            self._return(batch.changes, "refused", refusal or "")
            return
        made = {own: outcome.names[name] for name, own in batch.added.items()}
        self._workflows.keep_keys(self._row_id, made)
        self._workflows.note_taken(number)
        self._return_given(outcome, {**made, **{key: key for key in batch.services}})

    def _add(self, batch: _Batch, key: str, names: Mapping[str, str]) -> None:
        line = self._edited[key]
        cells = cells_of(line)
        batch.changes += [(key, *change) for change in self._changes(key)]
        if line.fields["Product Id"] is None:
            batch.fault = _NO_PRODUCT
        elif cells[ACTION] not in (None, "Add"):
            batch.fault = _NO_SERVICE
        fields, attributes = settings_of({cell: value for cell, value in cells.items() if value is not None})
        above = line.parent if line.parent is None else names.get(line.parent) or self._hub_key(line.parent)
        self._put(
            batch,
            AddItem(line.fields["Product Id"] or "", above, names[key], None, fields, attributes, alone=True),
            fields,
        )

    def _change(self, batch: _Batch, key: str) -> None:
        """Compare a line that the quote has in the hub, or had."""
        hub_key = self._hub_key(key)
        stored, base = self._hub.get(hub_key), self._base.get(key)
        changes = {cell: (old, new) for cell, old, new, _ in self._changes(key) if cell is not None}
        if stored is None:
            self._return([(key, *change) for change in self._changes(key)], "update_recently_deleted", GONE)
            return
        ours = cells_of(stored)
        if base is None:
            # The hub has such a line since the download, or from this file.
            changes = {cell: change for cell, change in changes.items() if not is_given(cell, change[1], ours)}
        elif ACTION in changes and changes[ACTION][1] == "Delete":
            old, new = changes.pop(ACTION)
            if self._is_unchanged(key, hub_key):
                batch.changes.append((key, ACTION, old, new, ours[ACTION]))
                batch.requests.append(RemoveItem(hub_key))
        for cell in [cell for cell, (old, _) in changes.items() if not is_settable(cell) or old == MASK]:
            self._return([(key, cell, *changes.pop(cell), ours.get(cell))], "read_only", READ_ONLY)
        old_values = None if base is None else {cell: old for cell, (old, _) in changes.items()}
        self._merge(batch, key, hub_key, {cell: new for cell, (_, new) in changes.items()}, old_values, ours)

    def _change_service(self, batch: _Batch, key: str) -> None:
        """Compare a new line with the service for which it stands; values that the line doesn't have are no change."""
        cells, stored = cells_of(self._edited[key]), cells_of(self._services[key])
        downloaded = self._base_services.get(key)
        old = stored if downloaded is None else cells_of(downloaded)
        batch.services.append(key)
        if cells[ACTION] == "Delete":
            batch.changes.append((key, ACTION, None, "Delete", None))
            batch.requests.append(RemoveItem(key))
            batch.ends = batch.ends or key == batch.root
        elif cells[ACTION] not in (None, NO_ACTION, "Update"):
            batch.changes += [(key, *change) for change in self._changes(key)]
            batch.fault = _IS_SERVICE
        wanted = {
            cell: value
            for cell, value in cells.items()
            if value is not None and is_settable(cell) and value != old.get(cell)
        }
        self._merge(batch, key, key, wanted, {cell: old.get(cell) for cell in wanted}, stored)

    def _merge(
        self,
        batch: _Batch,
        key: str,
        hub_key: str,
        wanted: Mapping[str, str | None],
        base: Mapping[str, str | None] | None,
        ours: Mapping[str, str | None],
    ) -> None:
        """Decide the cells of a line that is there; what is taken is asked for."""
        decision = merged(wanted, base, {cell: ours.get(cell) for cell in wanted})
        for cell, conflict in decision.lost.items():
            self._return(
                [(key, cell, None if base is None else base[cell], wanted[cell], ours.get(cell))], conflict, DIFFERS
            )
        if decision.taken:
            batch.changes += [
                (key, cell, None if base is None else base[cell], value, ours.get(cell))
                for cell, value in decision.taken.items()
            ]
            fields, attributes = settings_of(decision.taken)
            self._put(batch, SetItem(hub_key, fields, attributes), fields)

    def _put(self, batch: _Batch, request: Request, fields: Mapping[str, str | None]) -> None:
        batch.requests.append(request)
        batch.fault = batch.fault or self._edits.out_of_reach(QUOTE, fields, LINE_ITEM)

    def _remove(self, batch: _Batch, key: str) -> None:
        line, hub_key = self._base[key], self._hub_key(key)
        # One that stands beneath a deleted line goes with it; one that the hub doesn't have is gone.
        if (line.parent in self._base and line.parent not in self._edited) or hub_key not in self._hub:
            return
        if self._hub[hub_key].fields[ACTION] != "Add":
            self._return([(key, *_WHOLE)], "refused", _NOT_ADDED)
        elif self._is_unchanged(key, hub_key):
            batch.changes.append((key, *_WHOLE))
            batch.requests.append(RemoveItem(hub_key))

    def _is_unchanged(self, key: str, hub_key: str) -> bool:
        """Tell whether the hub has a line, with all beneath it, as the user knew it; return the deletion if not."""
        rows = [rows_beneath(lines, start) for lines, start in ((self._base, key), (self._hub, hub_key))]
        decision = decide("delete", [], AgreedRow(tuple(rows[0])), tuple(rows[1]))
        if decision.outcome == "delete":
            return True
        change = _WHOLE if key not in self._edited else (ACTION, self._base[key].fields[ACTION], "Delete", None)
        self._return([(key, *change)], decision.conflict or "delete_recently_updated", _DELETE_DIFFERS)
        return False

    def _take_off(self, number: str, root: str, keys: list[str]) -> None:
        written = [(key, *change) for key in keys if key in self._edited for change in self._changes(key)]
        self._return(written, "refused", _ROOT_DELETED)
        hub_key = self._hub_key(root)
        if hub_key not in self._hub or not self._is_unchanged(root, hub_key):
            return
        _, refusal = self._edits.attempt(lambda: take_off(self._edits.run, number, hub_key))
        if refusal is None:
            self._workflows.note_taken(number)
        else:
            self._return([(root, *_WHOLE)], "refused", refusal)

    # The hub's workflows

    def _ask(self, batch: _Batch, number: str) -> Outcome:
        run, workflows = self._edits.run, self._workflows
        # Before the workflows that go on with a session's quote: they would make another one.
        quote_in_progress(run, number)
        requests = requests_to_json(batch.requests)
        if batch.root in self._hub:
            arguments = {"quote": number, "line": batch.root, "requests": requests}
            outcome = workflows.ask("edit-quote-line-item", arguments)
        else:
            run.effects.set_active_quote(workflows.session, self._row_id)
            arguments = {"account": self._account, "session": workflows.session}
            if batch.ends:
                due_date = self._edited[batch.root].fields["Due Date"] or ""
                dated = {"due-date": due_date} if due_date else {}
                outcome = workflows.ask("disconnect", {**arguments, **dated, "root": batch.root})
            elif batch.root in self._services:
                outcome = workflows.ask("modify", {**arguments, "root": batch.root, "requests": requests})
            else:
                outcome = workflows.ask("new-products-and-services", {**arguments, "requests": requests})
        lines = self._lines_of(outcome)
        for name, own in batch.added.items():
            if name not in outcome.names:
                raise LineUnnamed(key=own)
            made = lines.get(outcome.names[name])
            self._prove_prices(own, {} if made is None else cells_of(made))
        return outcome

    def _prove_prices(self, key: str, ours: Mapping[str, str | None]) -> None:
        given = self._edited[key].fields
        for name in _PRICES:
            if given[name] is not None and not is_same_number(given[name], ours.get(name)):
                product, price = given["Product Id"], ours.get(name) or "not given"
                raise PriceDiffers(field=name, product=product, price=price, key=key, given=given[name])

    def _return_given(self, outcome: Outcome, made: Mapping[str, str]) -> None:
        """Return the values of new lines that only the hub gives, where it has given other ones."""
        lines = self._lines_of(outcome)
        for own, key in made.items():
            ours = cells_of(lines[key]) if key in lines else {}
            given = cells_of(self._edited[own])
            for cell, value in given.items():
                if value is not None and not is_settable(cell) and cell != ACTION and not is_given(cell, value, ours):
                    self._return([(key, cell, None, value, ours.get(cell))], "read_only", READ_ONLY)

    def _lines_of(self, outcome: Outcome) -> dict[str, Line]:
        objects = self._edits.transaction.open_hub.stored_objects
        return QUOTE_LINE.lines(objects, first_instance(outcome.objects[0]))

    # What is where

    def _is_known(self, key: str) -> bool:
        return key in self._base or self._hub_key(key) in self._hub or key in self._services

    def _hub_key(self, key: str) -> str:
        return self._kept.get(key, key)

    @cached_property
    def _kept(self) -> dict[str, str]:
        return self._workflows.kept_keys(self._row_id, [key for key in self._edited if key not in self._base])

    @cached_property
    def _services(self) -> dict[str, Line]:
        """The account's services as they are requested, by key."""
        state = self._edits.secrets.masked(requested_state(self._edits.run, self._account))
        objects = self._edits.transaction.open_hub.stored_objects
        return {key: line for node in instances(state) for key, line in SERVICE.lines(objects, node).items()}

    @cached_property
    def _base_services(self) -> Mapping[str, Line]:
        records = (self._edits.base(name).values() for name in (SERVICE.name, SERVICE.attribute))
        return lines_by_owner(SERVICE, *records).get(self._account, {})

    def _root_of(self, key: str) -> str | None:
        """Return the key of the root above a line; None where lines are missing, or stand above each other."""
        passed: list[str] = []
        while key not in self._roots:
            passed.append(key)
            # Met again before its root is known, the line stands beneath itself.
            self._roots[key] = None
            line = self._edited.get(key) or self._base.get(key)
            if not (key in self._base or self._hub_key(key) in self._hub):
                # A line may stand for a service without the lines above it.
                line = self._services.get(key, line)
            if line is None or line.parent is None:
                self._roots[key] = None if line is None else key
                break
            key = line.parent
        root = self._roots[key]
        self._roots |= dict.fromkeys(passed, root)
        return root

    def _changes(self, key: str) -> Iterator[Change]:
        """Yield the changes of a line: the cell, None for the whole line, and the downloaded, own and hub's value."""
        if key not in self._edited:
            yield _WHOLE
            return
        base = cells_of(self._base[key]) if key in self._base else {}
        edited = cells_of(self._edited[key])
        hub = self._hub.get(self._hub_key(key))
        ours = {} if hub is None else cells_of(hub)
        for cell in {**base, **edited}:
            if base.get(cell) != edited.get(cell) and (base or cell not in (QUOTE_LINE.owner, KEY)):
                yield cell, base.get(cell), edited.get(cell), ours.get(cell)

    def _secrets(self, keys: Iterable[str]) -> set[str]:
        """Return the secrets that the user has written into these lines."""
        lines = [self._edited[key] for key in keys if key in self._edited]
        return {
            value for line in lines for name, value in line.attributes.items() if value and name in self._edits.secrets
        }

    def _return(
        self,
        changes: Iterable[_LineChange],
        conflict: str,
        reason: str,
    ) -> None:
        for key, cell, base, yours, hubs in changes:
            record: dict[str, str | None] = {QUOTE_LINE.owner: self._row_id, KEY: key}
            name, column = QUOTE_LINE.name, cell
            yours = self._edits.secrets.shown(cell or "", yours)
            if cell is not None and cell.startswith(OF_ATTRIBUTE):
                record[NAME] = cell.removeprefix(OF_ATTRIBUTE)
                name, column = QUOTE_LINE.attribute, VALUE
                yours = self._edits.secrets.shown(record[NAME] or "", yours)
            text = self._edits.tables[name].key_of(record) or ""
            self._edits.return_changes(name, text, [(column, base, yours, hubs)], conflict, reason)
