"""The rows of a page's parts, read in one transaction through a run that has no effects.

A row is a property set: the header, a component, or a row of a workflow's table. Rows of accounts that the person may
not see are left out before anything else looks at them.

Spec: docs/web_pages.md, "Parts".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.access.user import User, visible_accounts
from hub.data_manager.lookup import shown_addresses
from hub.data_manager.open_hub import Transaction
from hub.data_manager.workflow_run import ask_workflow
from hub.deployment.pages.page import THIS_ACCOUNT, Part, Value
from hub.presentation.addresses import Addresses, address_ids
from hub.web.foreign_names import without_foreign_names
from hub.workflow_manager.named_workflow import request, workflow_named
from hub.workflow_manager.origin import Origin
from integration_objects.complex_object import components, instances, line_items, object_name
from integration_objects.errors import Refused
from integration_objects.field_values import as_number
from integration_objects.names import ACCOUNT, LINE_ITEM
from integration_objects.property_set import PropertySet

#: the fields that hold the account of an object, if its part doesn't say it
ACCOUNT_FIELD = "Account Id"


@dataclass(frozen=True)
class ReadRow:
    """A row with its place in a tree.

    Attributes:
        header: the instance that it is a part of; the row itself for a header and for a workflow's row.
    """

    node: PropertySet
    header: PropertySet
    level: int = 0


@dataclass(frozen=True)
class ReadPart:
    """The rows of a part, and the sentences of its workflow's report."""

    rows: tuple[ReadRow, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> PropertySet | None:
        """The first row."""
        return self.rows[0].node if self.rows else None


class PageReading:
    """Reads the parts of one page for one person; a part is read once.

    Attributes:
        transaction: the transaction that reads.
        parameters: the values of the page's parameters; a parameter that wasn't given is missing.
        run: the run that reads.
        is_owned: whether the page belongs to an account that the person may see.
        this: the values of the parameters that each page has by itself.
    """

    def __init__(
        self,
        transaction: Transaction,
        origin: Origin,
        user: User,
        parts: Mapping[str, Part],
        parameters: Mapping[str, str],
    ) -> None:
        self.is_owned = False
        self.this: dict[str, str] = {}
        self.parameters = parameters
        self.transaction = transaction
        self._origin = origin
        self._accounts = visible_accounts(user)
        self._user = user
        self._parts = parts
        self._read: dict[str, ReadPart | None] = {}
        self.run = transaction.rehearsal(origin, None)
        self._secret_names = self.run.secret_names()

    def part(self, name: str) -> ReadPart | None:
        """Return the rows of a part; None if a value that it is read by isn't there, or the person may not see it."""
        if name not in self._read:
            # Set before it is read: a part that refers to itself through others finds nothing.
            self._read[name] = None
            self._read[name] = self._part(self._parts[name])
        return self._read[name]

    def can_be_read(self, part: Part) -> bool:
        """Whether the person may see a part, and the values that it is read by are there."""
        if part.right and part.right not in self._user.rights:
            return False
        if not part.is_lenient and any(self.value(value) is None for value in part.values):
            return False
        # Of one own account there is nothing to choose from.
        return part.access != "own accounts" or len(self._user.accounts) > 1

    def value(self, value: Value, row: PropertySet | None = None) -> str | None:
        """Return the value that a declaration refers to; None for none."""
        match value.kind:
            case "constant":
                return value.name
            case "parameter":
                return self.parameters.get(value.name) or self.this.get(value.name)
            case "field":
                return None if row is None else row.get(value.name)
        part = self.part(value.part)
        return None if part is None or part.first is None else part.first.get(value.name)

    def instances_like(
        self, name: str, example: Mapping[str, Value], row: PropertySet | None = None
    ) -> list[PropertySet]:
        """Return the instances of an object that an example finds; none if one of its values is missing."""
        values = {field: self.value(value, row) for field, value in example.items()}
        if any(value is None for value in values.values()):
            return []
        found = self.run.query(name, values)
        completed = self.run.runtime.complete(self.run, found)
        return instances(self._secret_names.masked(completed))

    def headers_like(self, name: str, example: Mapping[str, Value]) -> list[dict[str, str | None]]:
        """Return the headers of the instances that a declaration's example finds, without a look at whose they are."""
        values = {field: self.value(value) for field, value in example.items()}
        return [] if None in values.values() else self.run.headers(name, values)

    def addresses(self, trees: Sequence[PropertySet]) -> Addresses:
        """Read the addresses that messages or instances name."""
        return shown_addresses(self.transaction.store, address_ids(trees))

    def version(self, part: Part) -> str | None:
        """Return the version of the object that a part shows; None for an object without one."""
        values = {field: self.value(value) for field, value in part.example.items()}
        found = instances(self.transaction.store.query(part.object, values, versions=True))
        return found[0].get("Modification Number") if found else None

    def _part(self, part: Part) -> ReadPart | None:
        if not self.can_be_read(part):
            return None
        notes: tuple[str, ...] = ()
        if part.access:
            return ReadPart(tuple(ReadRow(row, row) for row in self._access_rows(part)))
        if part.workflow:
            try:
                found, notes = self._asked(part)
            except Refused:
                if not part.may_refuse:
                    raise
                return ReadPart()
        else:
            found = self.instances_like(part.object, part.example)
        rows = [row for header in found for row in _rows(part, header)]
        if part.condition is not None:
            rows = [row for row in rows if part.condition.is_true(row.node)]
        rows = [row for row in rows if self._is_visible(part, row)]
        if not (self._accounts.every or part.public) and (part.account or not self.is_owned):
            # A report counts the rows of others, too, and tells whether there are any.
            notes = ()
        return ReadPart(tuple(_sorted(part, rows)), tuple(without_foreign_names(self.run.store, self._user, notes)))

    def _access_rows(self, part: Part) -> list[PropertySet]:
        """Return the person's own accounts, or the third parties that the page's account is open to."""
        if part.access == "own accounts":
            names = self.run.by_key(ACCOUNT, sorted(self._user.accounts))
            return [
                PropertySet("Row", properties={"account": account, "name": header.get("Name") or account})
                for account, header in names.items()
            ]
        account = self.this.get(THIS_ACCOUNT)
        if not account:
            return []
        people = self.transaction.open_hub.access.people(self.transaction.connection)
        return [
            PropertySet("Row", properties={"name": each.name, "since": each.given_at, "opened by": each.given_by})
            for each in people.holders(account)
        ]

    def refusal(self, workflow: str, pairs: Sequence[tuple[str, str]]) -> Refused | None:
        """Return the refusal with which a workflow would end now; None if it would be worked."""
        named = workflow_named(self.transaction.open_hub.deployment.workflows, workflow)
        try:
            ask_workflow(self.transaction, named, request(named.command, pairs), self._origin)
        except Refused as refused:
            return refused
        return None

    def _asked(self, part: Part) -> tuple[list[PropertySet], tuple[str, ...]]:
        """Ask the workflow of a part; return its rows or its objects, and its report."""
        open_hub = self.transaction.open_hub
        workflow = workflow_named(open_hub.deployment.workflows, part.workflow)
        values = {name: self.value(value) for name, value in part.arguments.items()}
        pairs = [(name, value or "") for name, value in values.items() if value is not None or not part.is_lenient]
        outcome = ask_workflow(self.transaction, workflow, request(workflow.command, pairs), self._origin)
        notes = (*(str(note.text) for note in outcome.notes if note.kind == "more"), *filter(None, [outcome.why]))
        if not part.object:
            return [PropertySet("Row", properties=dict(row)) for row in outcome.rows], notes
        found = [
            instance for tree in outcome.objects if object_name(tree) == part.object for instance in instances(tree)
        ]
        return found, notes

    def _is_visible(self, part: Part, row: ReadRow) -> bool:
        """Whether the row's account is one that the person may see."""
        if self._accounts.every:
            return True
        field = part.account or ACCOUNT_FIELD
        for node in (row.node, row.header):
            if field in node.properties:
                return node.get(field) in self._accounts
        # An address is read by the account that has it, and the page of an account was refused to everybody else.
        return part.public or (self.is_owned and not part.account)


def _rows(part: Part, header: PropertySet) -> Iterator[ReadRow]:
    if not part.component or part.component == header.type:
        yield ReadRow(header, header)
    elif part.component == LINE_ITEM:
        stack = [(item, 0) for item in reversed(line_items(header))]
        while stack:
            item, level = stack.pop()
            yield ReadRow(item, header, level)
            stack += [(below, level + 1) for below in reversed(line_items(item))]
    else:
        yield from (ReadRow(node, header) for node in _nodes(header, part.component))


def _nodes(header: PropertySet, name: str) -> Iterator[PropertySet]:
    """Yield the components of a name, wherever they stand beneath the header."""
    stack = [header]
    while stack:
        node = stack.pop()
        for listing in reversed(node.children):
            stack += reversed(listing.children)
        yield from components(node, name)


def _sorted(part: Part, rows: Sequence[ReadRow]) -> Iterable[ReadRow]:
    """Sort rows by the part's fields, numbers as numbers; a tree keeps the order of its object."""
    ordered = list(rows)
    for name, descends in reversed(part.sort):

        def key(row: ReadRow, name: str = name) -> tuple[bool, bool, object]:
            text = row.node.get(name)
            number = None if text is None else as_number(text)
            return text is None, number is None, number if number is not None else text or ""

        ordered.sort(key=key, reverse=descends)
    return ordered
