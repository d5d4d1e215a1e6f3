"""Edits of quotes: each is asked of the hub's own workflows, which may refuse it.

A new quote gets the hub's row and number. The hub keeps which quote and which lines a file has brought: when the file
comes again with more edits, because its answer was lost, they are not made twice.

Spec: docs/design/legacy.md, "Remote clients".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from adapters.remote_file import Record
from hub.replication.compare import AgreedRow, decide
from hub.replication.quote_workflows import QuoteWorkflows
from hub.replication.remote_edits import (
    DIFFERS,
    GONE,
    NO_ACCOUNT,
    OUT_OF_SIGHT,
    READ_ONLY,
    TAKEN_KEY,
    FileEdits,
    merged,
)
from hub.replication.remote_flat_edits import changeable
from hub.replication.remote_lines import NAME, QUOTE_LINE, VALUE, Line, lines_by_owner
from hub.replication.remote_quote_lines import QuoteLines
from hub.replication.remote_records import REMOTE_OBJECTS
from hub.workflows.quotes.offline import change_header, delete_quote
from hub.workflows.quotes.validity import VALID_UNTIL
from hub.workflows.state.lines import DESIGNATED
from integration_objects.complex_object import first_instance
from integration_objects.names import ACCOUNT, QUOTE

REPLACED = "the quote has a later revision, and only that one can be changed"
NO_QUOTE = "the quote of this line isn't in the file"
DELETE_DIFFERS = "the hub's quote was changed since the download; look at it, and delete it again"
#: the arguments of new-quote by the field of the header
_ARGUMENTS = {
    "Account Id": "account",
    "Currency Code": "currency",
    "Price List Id": "price-list",
    "Opportunity Id": "opportunity",
    "Service Account Id": "service-account",
    "Billing Account Id": "billing-account",
    "Agreement Id": "agreement",
    "Valid Until Date": "valid-until",
}
#: the fields that have an argument of new-quote only
_PLAIN = ("Opportunity Id",)
#: the workflows that change a header, with the fields that are arguments of theirs
_WORKFLOWS = {
    "designate-accounts": DESIGNATED,
    "reprice": ("Price List Id", VALID_UNTIL),
}
_REMOTE = next(remote for remote in REMOTE_OBJECTS if remote.name == QUOTE)

Lines = Mapping[str, Line]


class QuoteEdits:
    """The edits of a file's quotes and of their lines."""

    def __init__(self, edits: FileEdits) -> None:
        self._edits = edits
        self._workflows = QuoteWorkflows(edits)
        self._base, self._edited, self._hub = (
            lines_by_owner(QUOTE_LINE, of[QUOTE_LINE.name].values(), of[QUOTE_LINE.attribute].values())
            for of in (
                {name: edits.base(name) for name in (QUOTE_LINE.name, QUOTE_LINE.attribute)},
                {name: edits.edited(name) for name in (QUOTE_LINE.name, QUOTE_LINE.attribute)},
                edits.seen,
            )
        )

    def take(self) -> None:
        """Take the edits; keep the changes that come back."""
        base, edited = self._edits.base(QUOTE), self._edits.edited(QUOTE)
        self._return_strays()
        for key in sorted({*base, *edited, *self._base, *self._edited}):
            if key in base and key in edited:
                self._take_change(key, base[key], edited[key])
            elif key in edited:
                self._take_new(key, edited[key])
            else:
                if key in base:
                    self._delete(key, base[key])
                self._lines(key, key).return_all("refused", NO_QUOTE, only_written=True)

    def _take_change(self, key: str, base: Record, edited: Record) -> None:
        ours = self._edits.seen[QUOTE].get(key)
        lines = self._lines(key, key)
        if edited == base and not lines.changed:
            return
        if ours is None or self._is_replaced(ours):
            absence = self._absence(key) if ours is None else ("read_only", REPLACED)
            values = [(field, base[field], edited[field], None) for field in edited if edited[field] != base[field]]
            self._edits.return_changes(QUOTE, key, values, *absence)
            lines.return_all(*absence)
            return
        wanted = changeable(self._edits, _REMOTE, key, base, edited, ours)
        number = ours["Quote Number"] or ""
        if wanted:
            decision = merged(wanted, base, ours)
            for field, conflict_name in decision.lost.items():
                change = (field, base[field], wanted[field], ours[field])
                self._edits.return_changes(QUOTE, key, [change], conflict_name, DIFFERS)
            if decision.taken:
                self._change_header(key, number, decision.taken, base, ours)
        lines.take(number, ours["Account Id"] or "")

    def _change_header(self, key: str, number: str, taken: Record, base: Record | None, ours: Record) -> None:
        edits = self._edits
        refusal = edits.out_of_reach(QUOTE, taken)
        if refusal is None:
            _, refusal = edits.attempt(lambda: self._put_header(number, taken))
        if refusal is None:
            self._workflows.note_taken(number)
            return
        values = [(field, None if base is None else base[field], value, ours[field]) for field, value in taken.items()]
        edits.return_changes(QUOTE, key, values, "refused", refusal)

    def _put_header(self, number: str, changes: Record) -> None:
        """Change fields of a header; another price list or last day prices the quote anew."""
        given = {field: value for field, value in changes.items() if value is not None}
        # A value that is taken away is written here: the workflows only give other ones.
        plain = {field: value for field, value in changes.items() if field not in _ARGUMENTS or field not in given}
        plain |= {field: given[field] for field in _PLAIN if field in given}
        if plain:
            change_header(self._edits.run, number, plain)
        for workflow, fields in _WORKFLOWS.items():
            arguments = {_ARGUMENTS[field]: given[field] for field in fields if field in given}
            # The prices follow the price list of the currency, where the quote's own is taken away.
            if arguments or (workflow == "reprice" and not {*fields}.isdisjoint(changes)):
                self._workflows.ask(workflow, {"quote": number, **arguments})

    def _take_new(self, key: str, edited: Record) -> None:
        """Make a quote; or go on with the one that this file has brought before."""
        edits = self._edits
        brought = self._workflows.kept([key]).get(key)
        given = {field: value for field, value in edited.items() if value is not None and field != _REMOTE.key}
        values = [(field, None, value, None) for field, value in given.items()]
        refusal, conflict = None, "refused"
        if brought is not None:
            ours = edits.seen[QUOTE].get(brought)
            if ours is not None:
                decision = merged({field: given[field] for field in given if _REMOTE.can_change(field)}, None, ours)
                for field, name in decision.lost.items():
                    edits.return_changes(QUOTE, brought, [(field, None, given[field], ours[field])], name, DIFFERS)
                self._lines(key, brought).take(ours["Quote Number"] or "", ours["Account Id"] or "")
                return
            conflict, refusal = self._absence(brought)
        elif edited["Account Id"] not in edits.seen[ACCOUNT]:
            refusal, conflict = NO_ACCOUNT, "out_of_sight"
        elif edits.is_stored(QUOTE, _REMOTE.key, key):
            refusal, conflict = TAKEN_KEY, "insert_exists"
        quote: Record | None = None
        if refusal is None:
            refusal = edits.out_of_reach(QUOTE, given)
        if refusal is None:
            quote, refusal = edits.attempt(lambda: self._make(given))
        if quote is None:
            edits.return_changes(QUOTE, key, values, conflict, refusal or "")
            self._lines(key, key).return_all(conflict, refusal or "")
            return
        row_id, number = quote["Row Id"] or "", quote["Quote Number"] or ""
        self._workflows.keep({key: row_id})
        self._workflows.note_taken(number, f" ({key})")
        edits.seen[QUOTE][row_id] = quote
        for field in _REMOTE.given:
            if given.get(field) not in (None, quote.get(field)):
                change = (field, None, given[field], quote.get(field))
                edits.return_changes(QUOTE, row_id, [change], "read_only", READ_ONLY)
        self._lines(key, row_id).take(number, quote["Account Id"] or "")

    def _make(self, given: Record) -> Record:
        """Make a quote by the workflow new-quote, and give it the fields that the workflow doesn't know."""
        arguments = {_ARGUMENTS[field]: value for field, value in given.items() if field in _ARGUMENTS}
        outcome = self._workflows.ask("new-quote", arguments | {"session": self._workflows.session})
        made = first_instance(outcome.objects[0])
        others = {field: value for field, value in given.items() if field not in (*_ARGUMENTS, *_REMOTE.given)}
        if others:
            change_header(self._edits.run, made.get("Quote Number") or "", others)
        return {**dict.fromkeys(given), **made.properties}

    def _delete(self, key: str, base: Record) -> None:
        edits = self._edits
        ours = edits.seen[QUOTE].get(key)
        if ours is None or self._is_replaced(ours):
            conflict, reason = self._absence(key) if ours is None else ("read_only", REPLACED)
            # Where both sides deleted it, nothing is left to do.
            if reason != GONE:
                edits.return_changes(QUOTE, key, [(None, None, None, None)], conflict, reason)
            return
        rows = [json.dumps([header, _plain(lines)], sort_keys=True) for header, lines in self._both(key, base, ours)]
        decision = decide("delete", ["hub"], AgreedRow((rows[0],)), (rows[1],))
        refusal, number = DELETE_DIFFERS, ours["Quote Number"] or ""
        if decision.outcome == "delete":
            _, refused = edits.attempt(lambda: delete_quote(edits.run, number))
            if refused is None:
                self._workflows.note_taken(number, " deleted")
                return
            refusal = refused
        edits.return_changes(QUOTE, key, [(None, None, None, None)], decision.conflict or "refused", refusal)

    def _absence(self, row_id: str) -> tuple[str, str]:
        """Return why the user doesn't see a quote: the name of the conflict, and the reason."""
        if self._edits.is_stored(QUOTE, _REMOTE.key, row_id):
            return "out_of_sight", OUT_OF_SIGHT
        return "update_recently_deleted", GONE

    def _is_replaced(self, quote: Record) -> bool:
        """Tell whether a quote has a later revision, which alone the workflows change."""
        revisions = [each for each in self._edits.seen[QUOTE].values() if each["Quote Number"] == quote["Quote Number"]]
        return any(int(each["Revision"] or 1) > int(quote["Revision"] or 1) for each in revisions)

    def _both(self, key: str, base: Record, ours: Record) -> Iterable[tuple[Record, Lines]]:
        return (base, self._base.get(key, {})), (ours, self._hub.get(key, {}))

    def _return_strays(self) -> None:
        """Return attributes of lines that aren't in the file."""
        name = QUOTE_LINE.attribute
        for key in self._edits.changed(name):
            record = self._edits.edited(name).get(key)
            if record is not None and (record["Integration Id"] or "") not in self._edited.get(
                record["Quote Id"] or "", {}
            ):
                value = self._edits.secrets.shown(record[NAME] or "", record[VALUE])
                before = self._edits.base(name).get(key)
                change = (VALUE, None if before is None else before[VALUE], value, None)
                self._edits.return_changes(name, key, [change], "refused", "its line isn't in the file")

    def _lines(self, key: str, row_id: str) -> QuoteLines:
        """Return the lines of a quote that the file calls *key*, and the hub *row_id*."""
        base, edited = self._base.get(key, {}), self._edited.get(key, {})
        return QuoteLines(self._edits, self._workflows, row_id, base, edited, self._hub.get(row_id, {}))


def _plain(lines: Lines) -> list[object]:
    return [[key, line.fields, line.attributes] for key, line in sorted(lines.items())]
