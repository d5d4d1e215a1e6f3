"""A page's data for one person: what is read, what of it the person may see, and what can be done with it.

Spec: docs/web_pages.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hub.access.rights import SEE_PRICES
from hub.access.user import ActionObject, User, allowed, visible_accounts
from hub.data_manager.lookup import shown_addresses
from hub.data_manager.open_hub import Transaction
from hub.deployment.pages.page import THIS_ACCOUNT, THIS_PAGE, Action, Page, Part, ShownField, Target
from hub.deployment.pages.part_reader import CHANGES
from hub.deployment.pages.value_reader import filled, names_within
from hub.presentation.item_row import changed_value
from hub.web.addresses import action_address, address_of
from hub.web.arguments import arguments_for
from hub.web.faults import NothingThere, PageForbidden
from hub.web.foreign_names import hide_foreign_names
from hub.web.line_changes import LineChange, counted, line_changes, totals
from hub.web.reading import ACCOUNT_FIELD, PageReading, ReadRow
from hub.web.views import ActionView, ColumnView, DoneView, PageView, PartView, RowView, SearchField, TabView
from hub.workflow_manager.origin import Origin
from integration_objects.errors import HubError, Refused
from integration_objects.expression import ExpressionFault
from integration_objects.field_values import check_characters
from integration_objects.names import ACCOUNT
from integration_objects.property_set import PropertySet

#: a key of the hub in a sentence, whole or short
_KEY = re.compile(r" \((?=[^)]*[0-9])[0-9A-Z]{4,26}\)")
#: the route's name in the origins of runs that pages start
ROUTE = "web"


def has_right(user: User, right: str) -> bool:
    """Whether a person has a right at all, on some account or on the hub."""
    return not user.disabled and not user.must_change_password and right in user.rights


class ShownPage:
    """One page for one person, in one transaction.

    Attributes:
        reading: reads its parts.
        account: the account that the page belongs to; None for none.
    """

    def __init__(
        self,
        transaction: Transaction,
        page: Page,
        pages: Mapping[str, Page],
        user: User,
        parameters: Mapping[str, str],
    ) -> None:
        """Open a page.

        Raises:
            PageForbidden: the person's type doesn't have the right.
            NothingThere: it belongs to an account that isn't there, or that isn't the person's to see.
        """
        user = transaction.open_hub.access.user_within(transaction.connection, user)
        if not has_right(user, page.right):
            raise PageForbidden(title=page.title, right=page.right)
        # PostgreSQL stores no U+0000, and XML carries no other control characters: nothing can have such a name.
        if any(check_characters(value) is not None for value in parameters.values()):
            raise NothingThere
        if page.own and not parameters.get(page.own) and user.accounts:
            parameters = {**parameters, page.own: min(user.accounts)}
        self.page, self.pages, self.user, self.parameters = page, pages, user, parameters
        origin = Origin(ROUTE, user.name, transaction.open_hub.surroundings.new_id(), person=user.name)
        self.reading = PageReading(transaction, origin, user, {**page.aside, **page.parts}, parameters)
        self.reading.this[THIS_PAGE] = page.name
        self._is_whole, self._tab = False, ""
        self.account = self._account(page)
        if self.account is not None:
            if not allowed(user, page.right, ActionObject("page", page.name, self.account)):
                raise NothingThere
            self.reading.is_owned = True
            self.reading.this[THIS_ACCOUNT] = self.account

    def _account(self, page: Page) -> str | None:
        """Return the account of the page's owner.

        Raises:
            NothingThere: the address names an object that isn't there.
        """
        owner = page.owner
        if owner is None:
            return None
        if owner.value is not None:
            return self.reading.value(owner.value)
        found = self.reading.headers_like(owner.object, owner.example)
        if not found:
            raise NothingThere
        account = found[0].get(owner.field)
        # An object without an account is nobody's: only those who see every account see it.
        if not account and not visible_accounts(self.user).every:
            raise NothingThere
        return account or None

    def view(self, tab: str, done: DoneView | None = None, is_whole: bool = False) -> PageView:
        """Return the page's data.

        Args:
            tab: the label of the chosen tab; "" for the first.
            done: what an action has brought about.
            is_whole: whether lines that say nothing new are shown, too.

        Raises:
            NothingThere: the page belongs to an account, and its first part finds nothing; or all parts are empty, and
                hidden.
        """
        page, self._is_whole, self._tab = self.page, is_whole, tab
        labels = list(
            dict.fromkeys(part.tab for part in page.parts.values() if part.tab and self.reading.can_be_read(part))
        )
        chosen = tab if tab in labels else next(iter(labels), "")
        parts = [view for part in page.parts.values() if not part.tab and (view := self._part(part)) is not None]
        if self.account is not None and parts and not parts[0].rows and parts[0].look == "details":
            raise NothingThere
        if not parts and not chosen and any(part.hides_empty for part in page.parts.values()):
            raise NothingThere
        return PageView(
            name=page.name,
            title=self.title(),
            address=address_of(page, self.parameters, tab=tab or None),
            parameters=self.parameters,
            search=tuple(
                SearchField(name, label, self.parameters.get(name, "")) for name, label in page.asks.items() if label
            ),
            parts=tuple(parts),
            tabs=tuple(
                TabView(label, address_of(page, self.parameters, tab=label), label == chosen) for label in labels
            ),
            tab_parts=tuple(
                view
                for part in page.parts.values()
                if part.tab and part.tab == chosen and (view := self._part(part)) is not None
            ),
            actions=tuple(self._actions("", None)),
            aside=tuple(self._aside()),
            done=done,
            help=page.help,
        )

    def _aside(self) -> Iterable[PartView]:
        """Make the parts that every page has, but for those that have nothing to tell here."""
        for part in self.page.aside.values():
            try:
                view = self._part(part)
            except Refused:
                # What the page is about may have no place in such a part; the page itself stands.
                continue
            if view is not None and view.rows:
                yield view

    def title(self) -> str:
        """Return the page's title with the values that it names."""
        values: dict[tuple[str, str | None], str] = {}
        for name, field in names_within(self.page.title):
            if field is None:
                values[name, field] = self.parameters.get(name, "")
            elif (part := self.reading.part(name)) is not None and part.first is not None:
                values[name, field] = part.first.get(field) or ""
        return filled(self.page.title, values)

    def may(self, action: Action, row: PropertySet | None, header: PropertySet | None = None) -> bool:
        """Whether the person may do an action, with a row or with the whole page, and its condition holds."""
        account = self.account
        if account is None and action.part:
            field = self.page.parts[action.part].account or ACCOUNT_FIELD
            account = next(
                (node.get(field) for node in (row, header) if node is not None and field in node.properties), None
            )
        if not allowed(self.user, action.right, ActionObject(self.page.name, None, account)):
            return False
        return self.holds(action, row)

    def refusal(self, action: Action, row: PropertySet | None) -> str:
        """Return why a rehearsed action isn't possible now; "" if it is, or if nobody asks beforehand."""
        if not action.rehearsed:
            return ""
        arguments = arguments_for(action, self.reading, self.subject(action, row), {})
        refused = self.reading.refusal(action.workflow, arguments)
        if refused is None:
            return ""
        hide_foreign_names(self.reading.run.store, self.user, refused)
        told = action.refusals.get(type(refused).__name__)
        return told_with(told or "{what}: {why}", refused)

    def subject(self, action: Action, row: PropertySet | None) -> PropertySet | None:
        """Return the row that an action's ``[Field]`` means: its own, or the first one of the part that it names."""
        if row is not None or not action.subject:
            return row
        part = self.reading.part(action.subject)
        return None if part is None else part.first

    def holds(self, action: Action, row: PropertySet | None) -> bool:
        """Whether an action's condition holds."""
        first = self.subject(action, None) or PropertySet("Row")
        try:
            if action.page_condition is not None and not action.page_condition.is_true(first):
                return False
            return action.condition is None or action.condition.is_true(first if row is None else row)
        except ExpressionFault:
            # Of values that don't fit: such a row simply doesn't have the action.
            return False

    def _part(self, part: Part) -> PartView | None:
        read = self.reading.part(part.name)
        if read is None or (part.hides_empty and not read.rows):
            return None
        fields = [field for field in part.fields.values() if not field.right or has_right(self.user, field.right)]
        # A right of accounts on a page without an owner is asked for each row, which `reading` has done.
        if part.look == CHANGES:
            return self._changes(part, fields, read.rows)
        shown = read.rows[: part.most]
        return PartView(
            name=part.name,
            heading=part.heading,
            look=part.look,
            columns=tuple(ColumnView(field.name, field.label, field.form, field.help) for field in fields),
            rows=tuple(self._rows(part, fields, shown)),
            more=len(read.rows) - len(shown),
            notes=read.notes,
            groups=self._groups(part, shown),
            empty=part.empty or "Nothing here.",
            help=part.help,
        )

    def _changes(self, part: Part, fields: list[ShownField], read: Sequence[ReadRow]) -> PartView:
        """Return the lines of quotes and orders with what they change."""
        with_prices = has_right(self.user, SEE_PRICES)
        headers = list({id(row.header): row.header for row in read}.values())
        addresses = self.reading.addresses(headers)
        by_node = {id(row.node): row for row in read}
        lines = [line for header in headers for line in line_changes(header, self._is_whole, with_prices, addresses)]
        is_folded = any(line.folded for line in lines)
        return PartView(
            name=part.name,
            heading=part.heading,
            look=part.look,
            columns=tuple(ColumnView(field.name, field.label, field.form, field.help) for field in fields),
            rows=tuple(self._change(part, fields, line, by_node) for line in lines[: part.most]),
            more=max(0, len(lines) - part.most),
            empty=part.empty or "Nothing here.",
            help=part.help,
            totals=tuple(pair for header in headers for pair in totals(header)) if with_prices else (),
            counted="; ".join(map(counted, headers)),
            whole_address=address_of(self.page, self.parameters, tab=self._tab, whole="Y") if is_folded else "",
        )

    def _change(
        self, part: Part, fields: list[ShownField], line: LineChange, by_node: Mapping[int, ReadRow]
    ) -> RowView:
        if line.item is None:
            return RowView({field.name: None for field in fields}, level=line.level, folded=line.folded)
        row = by_node[id(line.item)]
        (view,) = self._rows(part, fields, [row])
        old = {field.name: text for field in fields if (text := changed_value(row.node, field.name)) is not None}
        told = {field.label for field in fields}
        # A change that a column shows isn't told a second time.
        details = tuple(text for text in line.details if text.partition(":")[0] not in told | set(old))
        return replace(view, change=line.change, old=old, details=details)

    def _groups(self, part: Part, rows: Iterable[ReadRow]) -> Mapping[str, str]:
        """Return the heading of each group, the account's name included where the groups are accounts."""
        if not part.group:
            return {}
        found = sorted({_group_of(part, row) for row in rows if row.level == 0})
        names = self.reading.run.by_key(ACCOUNT, found)
        kind = part.group.removesuffix(" Id").capitalize()
        headings = {}
        for group in found:
            name = names.get(group, {}).get("Name")
            headings[group] = f"{kind} {group}" + (f", {name}" if name else "")
        return headings

    def _rows(self, part: Part, fields: list[ShownField], rows: Iterable[ReadRow]) -> Iterable[RowView]:
        group, rows = "", list(rows)
        placed = [field.name for field in fields if field.form == "address"]
        ids = {address for row in rows for name in placed if (address := row.node.get(name))}
        addresses = shown_addresses(self.reading.run.store, ids)
        for row in rows:
            if part.group and row.level == 0:
                group = _group_of(part, row)
            values = {field.name: in_words(field, row.node.get(field.name)) for field in fields}
            links = {
                field.name: address
                for field in fields
                if field.link is not None
                and values[field.name]
                and (address := self.address(field.link, row.node)) is not None
            }
            texts = {name: addresses[text] for name in placed if (text := values[name] or "") in addresses}
            owned = self.account is not None and part.account and row.node.get(part.account) == self.account
            actions, is_chosen = tuple(self._actions(part.name, row)), bool(owned and not part.tab)
            yield RowView(values, texts, links, actions, row.level, group, is_chosen)

    def address(self, target: Target, row: PropertySet | None) -> str | None:
        """Return the address that a link or a transition leads to.

        None where the person may not see the page, or one of the address's values is missing.
        """
        page = self.pages[target.page]
        values = {name: self.reading.value(value, row) for name, value in target.parameters.items()}
        if not has_right(self.user, page.right) or any(not values.get(name) for name in page.path_parameters):
            return None
        return address_of(page, values)

    def _actions(self, part: str, row: ReadRow | None) -> Iterable[ActionView]:
        for action in self.page.actions.values():
            if action.part != part or (action.roots_only and row is not None and row.level > 0):
                continue
            node = None if row is None else row.node
            if self.may(action, node, None if row is None else row.header):
                key = None if node is None else node.get(self.page.parts[part].key)
                if row is None or key:
                    address: str | None = action_address(self.page, action.name, self.parameters, key)
                    if action.leads_to is not None:
                        address = self.address(action.leads_to, self.subject(action, node))
                    if address is not None:
                        refusal = self.refusal(action, node)
                        yield ActionView(action.name, action.label, address, refusal)


def told_with(sentence: str, fault: HubError) -> str:
    """Return a declaration's sentence about a refusal; {what} and {why} are the error's own words, without keys.

    Keys stand in parentheses behind the things that they name.
    """
    for name in ("what", "why"):
        sentence = sentence.replace(f"{{{name}}}", _KEY.sub("", str(getattr(fault, name) or "")))
    return sentence.strip().removesuffix(":")


def in_words(field: ShownField, value: str | None) -> str | None:
    """Return the words for a value, if the declaration has some."""
    return value if value is None else field.words.get(value, field.words.get("*", value))


def _group_of(part: Part, row: ReadRow) -> str:
    """Return the group of a root; one without a value stands in the group of the account that has it."""
    return row.node.get(part.group) or row.header.get(ACCOUNT_FIELD) or ""
