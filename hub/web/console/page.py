"""A page of the console: what it shows, who may see it, and what can be done there.

Spec: docs/web.md, "The operator's console".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from hub.access.user import ActionObject, User, allowed
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.deployment.pages.page import Form
from hub.web.addresses import DO, to_step, with_query
from hub.web.faults import NothingThere
from hub.web.views import (
    ActionView,
    ColumnView,
    DoneView,
    DrawingView,
    PageView,
    PartView,
    QuestionView,
    RowView,
    SearchField,
    TextView,
)


@dataclass(frozen=True)
class Looking:
    """A person who looks at a page of the console, in one transaction.

    Attributes:
        transaction: reads; on a page that is audited, it writes the audit, too.
        user: the person.
        parameters: the values of the address: its steps, and those behind the question mark.
    """

    transaction: Transaction
    user: User
    parameters: Mapping[str, str]

    def may(self, right: str, kind: str = "message", key: str | None = None) -> bool:
        """Whether the person has a right on a thing of the hub."""
        return allowed(self.user, right, ActionObject(kind, key))

    def number(self, name: str) -> int | None:
        """Return a parameter that is a whole number; None for none, and for another text."""
        text = self.parameters.get(name, "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


@dataclass(frozen=True)
class Done:
    """What an action has done.

    Attributes:
        location: the address that follows.
        notes: sentences for the person.
        about: what the audit says that it was done to.
        afterwards: work that needs transactions of its own, such as a preview; done after the commit.
    """

    location: str
    notes: tuple[str, ...] = ()
    about: ActionObject = field(default_factory=lambda: ActionObject("hub"))
    afterwards: Callable[[OpenHub], None] | None = None


@dataclass(frozen=True)
class ConsoleAction:
    """An action of a page of the console.

    Attributes:
        name: its name in the address.
        label: the words of its button.
        rights: the rights that a person needs, all of them; the first stands in the audit.
        ask: makes the questions of its form.
        do: does it, with the answers, in a transaction that writes.
        help: a sentence in its form.
    """

    name: str
    label: str
    rights: tuple[str, ...]
    ask: Callable[[Looking], Sequence[QuestionView]]
    do: Callable[[Looking, Mapping[str, str]], Done]
    help: str = ""


@dataclass(frozen=True)
class Shown:
    """What a page shows: its title, its parts, its pictures and texts.

    Attributes:
        actions: the names of the page's actions that are possible now; None for all.
        links: further addresses that stand beside the actions: older messages, a message's content.
    """

    title: str
    parts: Sequence[PartView]
    drawings: Sequence[DrawingView] = ()
    texts: Sequence[TextView] = ()
    actions: Sequence[str] | None = None
    links: Sequence[ActionView] = ()
    help: str = ""


@dataclass(frozen=True)
class ConsolePage:
    """A page of the console.

    Attributes:
        name: its name.
        address: its address, with steps in braces for parameters.
        right: the right that a person needs to see it.
        show: makes its content.
        asks: the parameters behind the question mark, with the labels of its search form; "" for no field.
        actions: what can be done there.
        menu, menu_order: its label and place in the menu; "" for none.
        audited: the kind of thing that each view of the page is audited for, by its id; "" for no audit.
    """

    name: str
    address: str
    right: str
    show: Callable[[Looking], Shown]
    asks: Mapping[str, str] = field(default_factory=dict)
    actions: tuple[ConsoleAction, ...] = ()
    menu: str = ""
    menu_order: int = 0
    audited: str = ""

    def address_with(self, parameters: Mapping[str, str | None], **more: str | None) -> str:
        """Return the page's address with the values of its parameters."""
        query = {name: parameters.get(name) for name in self.asks} | more
        return with_query(self._path(parameters), query)

    def action_address(self, action: str, parameters: Mapping[str, str | None]) -> str:
        """Return the address of an action's form."""
        return with_query(f"{self._path(parameters)}/{DO}/{action}", {name: parameters.get(name) for name in self.asks})

    def _path(self, parameters: Mapping[str, str | None]) -> str:
        path = self.address
        for name, value in parameters.items():
            path = path.replace(f"{{{name}}}", step(value or ""))
        return path

    def may(self, action: ConsoleAction, looking: Looking) -> bool:
        """Whether a person has all rights that an action needs."""
        return all(looking.may(right) for right in action.rights)

    def view(self, looking: Looking, done: DoneView | None = None) -> PageView:
        """Return the page's data for one person."""
        shown = self.show(looking)
        possible = [
            ActionView(action.name, action.label, self.action_address(action.name, looking.parameters))
            for action in self.actions
            if (shown.actions is None or action.name in shown.actions) and self.may(action, looking)
        ]
        return PageView(
            name=self.name,
            title=shown.title,
            address=self.address_with(looking.parameters),
            parameters=looking.parameters,
            search=tuple(
                SearchField(name, label, looking.parameters.get(name, "")) for name, label in self.asks.items() if label
            ),
            parts=tuple(shown.parts),
            tabs=(),
            tab_parts=(),
            actions=(*possible, *shown.links),
            done=done,
            help=shown.help,
            drawings=tuple(shown.drawings),
            texts=tuple(shown.texts),
        )


def step(value: str) -> str:
    """Write a value as a step of an address."""
    return quote(to_step(value), safe="")


def columns(**labels: str | tuple[str, Form]) -> tuple[ColumnView, ...]:
    """Make the columns of a part: ``columns(state=("State", "status"), route="Route")``."""
    return tuple(
        ColumnView(name, label if isinstance(label, str) else label[0], "text" if isinstance(label, str) else label[1])
        for name, label in labels.items()
    )


def table(
    name: str,
    heading: str,
    shown: Sequence[ColumnView],
    rows: Iterable[RowView],
    *,
    empty: str = "Nothing here.",
    help: str = "",
) -> PartView:
    """Make a part that is a table."""
    return PartView(name, heading, "list", tuple(shown), tuple(rows), empty=empty, help=help)


def details(
    name: str,
    heading: str,
    shown: Sequence[ColumnView],
    values: Mapping[str, Any],
    links: Mapping[str, str] | None = None,
) -> PartView:
    """Make a part of labels and values."""
    return PartView(name, heading, "details", tuple(shown), (row(shown, values, links),))


def row(
    shown: Sequence[ColumnView],
    values: Mapping[str, Any],
    links: Mapping[str, str] | None = None,
    actions: Sequence[ActionView] = (),
) -> RowView:
    """Make a row of the columns' values."""
    texts = {column.name: _text(values.get(column.name)) for column in shown}
    return RowView(texts, links=dict(links or {}), actions=tuple(actions))


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


def found(thing: Any) -> Any:
    """Return a thing that was looked for.

    Raises:
        NothingThere: it isn't there.
    """
    if thing is None:
        raise NothingThere
    return thing


def nothing_asked(looking: Looking) -> Sequence[QuestionView]:
    """Ask nothing."""
    return ()


def reason_asked(looking: Looking) -> Sequence[QuestionView]:
    """Ask for the reason, which is kept."""
    return (QuestionView("reason", "Reason", "text", "", True, help="It is kept with what is done."),)
