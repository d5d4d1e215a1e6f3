"""The data of a page, as its HTML and its JSON both show them: computed once, for one person.

Each class is the context of a template; the `help` of its fields is the documentation for who writes one.

Spec: docs/web_pages.md, "Templates".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hub.deployment.pages.page import Form, Look, Question


def _helped(help: str, **more: Any) -> Any:
    return field(metadata={"help": help}, **more)


@dataclass(frozen=True)
class ActionView:
    """An action that this person can ask for now."""

    name: str = _helped("The action's name in the declaration.")
    label: str = _helped("The words of its button.")
    address: str = _helped("The address of its form.")
    refusal: str = _helped("Why it isn't possible now, where that is known beforehand; empty if it is.", default="")


@dataclass(frozen=True)
class ColumnView:
    """A field that a part shows."""

    name: str = _helped("The field's name, as its object or workflow calls it.")
    label: str = _helped("Its label.")
    form: Form = _helped(
        "The way in which its values are written: text, number, money, day, time, flag, status, address or marked."
    )
    help: str = _helped("A sentence about it; empty for none.", default="")


@dataclass(frozen=True)
class RowView:
    """A row of a part."""

    values: Mapping[str, str | None] = _helped("The values of the shown fields, by the field's name.")
    texts: Mapping[str, str] = _helped("Words in the place of ids, by the field's name.", default_factory=dict)
    links: Mapping[str, str] = _helped("The addresses that values lead to, by the field's name.", default_factory=dict)
    actions: tuple[ActionView, ...] = _helped("What this person can do with the row.", default=())
    level: int = _helped("In a tree, how deep the row stands; 0 for a root.", default=0)
    group: str = _helped("In a tree with groups, the group that the row stands in.", default="")
    is_chosen: bool = _helped("Whether the row is the one that the rest of the page is about.", default=False)
    change: str = _helped("Of a line with an action: new, changed, gone or unchanged; empty for others.", default="")
    old: Mapping[str, str] = _helped("The values that the line replaces, by the field's name.", default_factory=dict)
    details: tuple[str, ...] = _helped("Further sentences about the line: attributes, reasons.", default=())
    folded: str = _helped("The sentence that stands for several lines; empty for a line.", default="")


@dataclass(frozen=True)
class PartView:
    """A display object with its rows."""

    name: str = _helped("The part's name in the declaration.")
    heading: str = _helped("Its heading.")
    look: Look = _helped("The way in which it is drawn: list, details or tree.")
    columns: tuple[ColumnView, ...] = _helped("The fields that this person sees.")
    rows: tuple[RowView, ...] = _helped("The rows that are shown.")
    more: int = _helped("How many further rows there are.", default=0)
    notes: tuple[str, ...] = _helped("Sentences of the workflow that it is read by.", default=())
    groups: Mapping[str, str] = _helped("The heading of each group of a tree, by its key.", default_factory=dict)
    empty: str = _helped("The sentence where there are no rows.", default="")
    actions: tuple[ActionView, ...] = _helped("The actions of the page that stand beside this part.", default=())
    help: str = _helped("A sentence about it; empty for none.", default="")
    totals: tuple[tuple[str, str], ...] = _helped("Of lines with prices: each kind of charge with its sum.", default=())
    counted: str = _helped("Of lines with actions: how many have which.", default="")
    whole_address: str = _helped("The page's address with every line, where some are folded.", default="")

    @property
    def has_row_actions(self) -> bool:
        """Whether one of the rows has an action."""
        return any(row.actions for row in self.rows)


@dataclass(frozen=True)
class DrawingView:
    """A picture, drawn by the hub."""

    name: str = _helped("The picture's name.")
    heading: str = _helped("Its heading.")
    svg: str = _helped("The picture, an SVG document.")
    summary: str = _helped("The picture in a sentence, for who can't see it.")


@dataclass(frozen=True)
class TextView:
    """A text that is shown as it is: a message's body, a tree."""

    name: str = _helped("The text's name.")
    heading: str = _helped("Its heading.")
    text: str = _helped("The text.")


@dataclass(frozen=True)
class TabView:
    """A tab of a page."""

    label: str = _helped("Its label.")
    address: str = _helped("The page's address with this tab.")
    is_chosen: bool = _helped("Whether it is the one that is shown.")


@dataclass(frozen=True)
class SearchField:
    """A field of a page's search form."""

    name: str = _helped("The parameter's name.")
    label: str = _helped("Its label.")
    value: str = _helped("The value that the page was asked with.")


@dataclass(frozen=True)
class DoneView:
    """What an action has brought about, on the page that follows it."""

    label: str = _helped("The action's label.")
    notes: tuple[str, ...] = _helped("The sentences of the workflow's report.")


@dataclass(frozen=True)
class PageView:
    """A page with all that this person sees of it."""

    name: str = _helped("The page's name in the declaration.")
    title: str = _helped("Its title, with the values that it names.")
    address: str = _helped("Its own address, with all parameters.")
    parameters: Mapping[str, str] = _helped("The values of its parameters.")
    search: tuple[SearchField, ...] = _helped("The fields of its search form; none for no form.")
    parts: tuple[PartView, ...] = _helped("The parts that stand under no tab.")
    tabs: tuple[TabView, ...] = _helped("The tabs; none where the page has none, or nothing is chosen yet.")
    tab_parts: tuple[PartView, ...] = _helped("The parts under the chosen tab.")
    actions: tuple[ActionView, ...] = _helped("What this person can do on the page.")
    aside: tuple[PartView, ...] = _helped("The parts that every page has at its end.", default=())
    done: DoneView | None = _helped("What the action before has brought about; None for nothing.", default=None)
    help: str = _helped("A sentence about the page; empty for none.", default="")
    drawings: tuple[DrawingView, ...] = _helped("Pictures, which stand behind the first part.", default=())
    texts: tuple[TextView, ...] = _helped("Texts, which stand behind the parts.", default=())

    @property
    def all_parts(self) -> tuple[PartView, ...]:
        """The parts, those under the chosen tab behind the others, those of every page last."""
        return (*self.parts, *self.tab_parts, *self.aside)


@dataclass(frozen=True)
class QuestionView:
    """A question of a form."""

    name: str = _helped("The name of its field.")
    label: str = _helped("Its label.")
    kind: Question = _helped("Its kind: text, long text, number, whole, date, time, flag or choice.")
    value: str = _helped("The answer so far.")
    required: bool = _helped("Whether it must be answered.")
    choices: tuple[tuple[str, str], ...] = _helped("Allowed answers, each with its label.", default=())
    help: str = _helped("A sentence about it; empty for none.", default="")


@dataclass(frozen=True)
class ConfiguredRow:
    """A row of a configurator's form."""

    number: int = _helped("Its number, by which its answers are named.")
    kind: str = _helped("Its kind: item, attribute, component (that may be added) or obsolete.")
    level: int = _helped("How deep it stands; 0 for the service item itself.")
    product: str = _helped("The product of the item, or of the component.")
    name: str = _helped("The attribute; of a component its association level; empty for none.")
    value: str = _helped("The quantity, the attribute's value, or the number of components that are there.")
    service_id: str = _helped("The item's service id.")
    has_number: bool = _helped("Whether the item has a service id.")
    price: str = _helped("The item's price; empty for none, and for people who don't see prices.")
    least: str = _helped("The least number or value; empty for none.")
    most: str = _helped("The greatest number or value; empty for none.")
    values: tuple[str, ...] = _helped("The allowed values of an attribute.")
    type: str = _helped("The attribute's type: text, number, date, flag or secret.")
    is_required: bool = _helped("Whether the attribute needs a value.")
    broken: str = _helped("The rules that it breaks, or why it no longer belongs; empty for none.")
    is_open: bool = _helped("Whether it can be changed: a copy can't before the form is done.")


@dataclass(frozen=True)
class ConfigurationView:
    """The structure that a configurator's form shows."""

    rows: tuple[ConfiguredRow, ...] = _helped("Its rows, each item before those beneath it.")
    totals: tuple[str, ...] = _helped("Sentences about prices.")
    more: int = _helped("How many further rows there are.")

    @property
    def faults(self) -> int:
        """How many rows break rules."""
        return sum(1 for row in self.rows if row.broken and row.kind != "obsolete")


@dataclass(frozen=True)
class FormView:
    """The form of an action."""

    title: str = _helped("The title of the page.")
    label: str = _helped("The action's label, which is its button's.")
    address: str = _helped("The address that the form is posted to.")
    back: str = _helped("The address of the page that the form belongs to.")
    about: tuple[tuple[str, str], ...] = _helped("What it is about: labels and values of the row.")
    questions: tuple[QuestionView, ...] = _helped("Its questions.")
    hidden: Mapping[str, str] = _helped("The hidden fields: its id, the row, the version that the person saw.")
    fault: Mapping[str, str] | None = _helped(
        "The error of the last try: what, why, mend; None for none.", default=None
    )
    help: str = _helped("A sentence about the action; empty for none.", default="")
    configuration: ConfigurationView | None = _helped("The structure of a configurator's form.", default=None)


def as_json(view: PageView) -> dict[str, Any]:
    """Return a page's data for scripts."""
    return {
        "page": view.name,
        "title": view.title,
        "address": view.address,
        "parameters": dict(view.parameters),
        "parts": {part.name: _part_json(part) for part in view.all_parts},
        "tabs": [{"label": tab.label, "address": tab.address, "chosen": tab.is_chosen} for tab in view.tabs],
        "actions": _actions_json(view.actions),
        "texts": {text.name: {"heading": text.heading, "text": text.text} for text in view.texts},
        "done": None if view.done is None else {"action": view.done.label, "notes": list(view.done.notes)},
    }


def form_json(view: FormView) -> dict[str, Any]:
    """Return a form's data for scripts."""
    return {
        "form": view.label,
        "address": view.address,
        "about": dict(view.about),
        "questions": [
            {
                "name": question.name,
                "label": question.label,
                "kind": question.kind,
                "required": question.required,
                "value": question.value,
                "choices": [value for value, _ in question.choices],
            }
            for question in view.questions
        ],
        "hidden": dict(view.hidden),
        **({} if view.configuration is None else {"configuration": asdict(view.configuration)}),
    }


def _part_json(part: PartView) -> dict[str, Any]:
    rows = []
    for row in part.rows:
        document: dict[str, Any] = {"fields": dict(row.values)}
        if part.look in ("tree", "changes"):
            document |= {"level": row.level, "group": row.group}
        if part.look == "changes":
            document |= {"change": row.change, "old": dict(row.old), "details": list(row.details)}
            document |= {"folded": row.folded} if row.folded else {}
        if row.links:
            document["links"] = dict(row.links)
        if row.actions:
            document["actions"] = _actions_json(row.actions)
        rows.append(document)
    return {
        "heading": part.heading,
        "labels": {column.name: column.label for column in part.columns},
        "rows": rows,
        "more": part.more,
        "notes": list(part.notes),
        **({"totals": dict(part.totals), "counted": part.counted} if part.look == "changes" else {}),
    }


def _actions_json(actions: tuple[ActionView, ...]) -> list[dict[str, str]]:
    return [
        {"name": action.name, "label": action.label, "address": action.address}
        | ({"refusal": action.refusal} if action.refusal else {})
        for action in actions
    ]
