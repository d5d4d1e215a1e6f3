"""A page as it is declared: what it shows, what can be done there, and which page follows.

    Page                 "customer_portal": its address, its right, its owner
      aside              parts that stand at the end of every page
      Part               a display object: fields of an integration object, or of a workflow's rows
        ShownField       a field under a label
      Action             a workflow that a person can ask for there
        Asked            a question that the action's form asks
        Target           the page that follows an outcome: a transition

`reader` reads them from YAML.

Source: "User Interface", figures 9A to 9E; transition policies and display objects of the portal (second source).
Spec: docs/web_pages.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from integration_objects.expression import Expression

#: the ways in which a part is drawn
Look = Literal["list", "details", "tree", "changes"]
#: the ways in which a value is written
Form = Literal["text", "number", "money", "day", "time", "flag", "status", "address", "marked"]
#: the kinds of questions that a form asks
Question = Literal["text", "long text", "number", "whole", "date", "time", "flag", "choice", "attributes"]
#: parameters that each page has by itself: its name, and the account that it belongs to
THIS = THIS_PAGE, THIS_ACCOUNT = ("this-page", "this-account")
#: the rows that a part can have of the people's accounts, each with its columns
Access = Literal["own accounts", "third parties"]
ACCESS_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "own accounts": ("account", "name"),
    "third parties": ("name", "since", "opened by"),
}
#: what an action does with the page's account, in place of a workflow
AccessChange = Literal["open account", "close account"]
#: the outcomes of an action that a transition may name
OUTCOMES = ("done", "filtered")


@dataclass(frozen=True)
class Value:
    """A value that a declaration refers to: a constant, or one of three places.

    Attributes:
        kind: ``constant``; ``parameter``: of the page's address, or an answer in an action's form; ``field``: of the
            row that is looked at; ``part``: of the first row of another part of the page.
        name: the constant itself, or the name of the parameter or field.
        part: the name of the other part; "" for other kinds.
    """

    kind: Literal["constant", "parameter", "field", "part"]
    name: str
    part: str = ""


@dataclass(frozen=True)
class Target:
    """A page with the values of its parameters: the end of a link or of a transition."""

    page: str
    parameters: Mapping[str, Value]
    where: str = ""


@dataclass(frozen=True)
class ShownField:
    """A field of a part.

    Attributes:
        name: the field, as its object or its workflow calls it.
        label: its label for people.
        form: the way in which its value is written.
        right: the right that a person needs to see it; "" for none.
        link: the page that its value leads to; None for none.
        help: a sentence for people.
        words: the words that are shown in the places of its values; "*" has those of all other values.
    """

    name: str
    label: str
    form: Form = "text"
    right: str = ""
    link: Target | None = None
    help: str = ""
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A display object: rows of something, with the fields that are shown.

    Attributes:
        name: its name on the page.
        heading: its heading.
        look: the way in which it is drawn.
        object: the integration object whose instances it shows; of a workflow, those that the workflow answers with;
            "" for a workflow's rows.
        component: the component whose nodes are the rows; "" for the header.
        example: the fields of the header that must have these values.
        workflow: the command of the workflow that it is read by; "" for an object that is read itself.
        arguments: the workflow's arguments.
        fields: the fields that are shown, by name.
        key: the field that tells one row from another.
        account: the field with the account of a row: a person sees only rows of accounts that are his to see.
        group: the field by which the rows of a tree are put into groups; "" for none.
        sort: the fields by which the rows are sorted, each with whether it descends.
        tab: the label of the tab that it stands under; "" for none.
        right: the right that a person needs to see it; "" for none.
        most: rows that are shown.
        empty: the sentence where there are no rows.
        condition: a condition on a row; None for none.
        public: whether its rows are everybody's: they belong to no account, such as products.
        is_lenient: whether an argument whose value isn't there is left out; otherwise the part isn't shown then.
        hides_empty: whether it isn't shown where it has no rows. A page on which no part is left isn't there.
        access: the rows of the people's accounts that it shows, in place of an object's; "" for none.
        may_refuse: whether it is shown without rows where its workflow refuses; otherwise the page is refused.
        help: a sentence for people.
    """

    name: str
    heading: str
    look: Look = "list"
    object: str = ""
    component: str = ""
    example: Mapping[str, Value] = field(default_factory=dict)
    workflow: str = ""
    arguments: Mapping[str, Value] = field(default_factory=dict)
    fields: Mapping[str, ShownField] = field(default_factory=dict)
    key: str = ""
    account: str = ""
    group: str = ""
    sort: tuple[tuple[str, bool], ...] = ()
    tab: str = ""
    right: str = ""
    most: int = 100
    empty: str = ""
    condition: Expression | None = None
    public: bool = False
    is_lenient: bool = False
    hides_empty: bool = False
    access: Access | Literal[""] = ""
    may_refuse: bool = False
    help: str = ""
    where: str = ""

    @property
    def values(self) -> list[Value]:
        """The values that the part is read by."""
        return [*self.example.values(), *self.arguments.values()]


@dataclass(frozen=True)
class Choices:
    """The choices of a question that are read from an integration object."""

    object: str
    example: Mapping[str, Value]
    value: str
    label: str


@dataclass(frozen=True)
class Asked:
    """A question of an action's form.

    Attributes:
        name: the name by which the action's arguments refer to the answer.
        kind: the kind of question; ``attributes`` asks for each attribute of the row's product.
        value: the answer that the form proposes; None for none.
        values: the allowed answers of a choice.
        choices: the object that has the allowed answers; None where `values` has them.
    """

    name: str
    label: str
    kind: Question = "text"
    required: bool = False
    value: Value | None = None
    values: tuple[str, ...] = ()
    choices: Choices | None = None
    help: str = ""


@dataclass(frozen=True)
class Action:
    """A workflow that a person can ask for on a page.

    Attributes:
        name: its name on the page.
        label: the words of its button.
        right: the right that a person needs.
        workflow: the workflow's command; "" for one that leads to a page or changes access.
        configures: whether its form is a configurator, whose answers become the workflow's requests.
        leads_to: the page that the action leads to; None for an action that runs a workflow.
        part: the part whose rows have the action; "" for an action of the whole page.
        arguments: the workflow's arguments: a `Value`, or lists and mappings of them, which become JSON.
        asks: the questions of its form.
        condition: a condition on the row, or on the first row of *subject*; None for none.
        page_condition: a further condition on the first row of *subject*, for an action of rows; None for none.
        subject: the part whose first row the condition and ``[Field]`` mean, for an action of the whole page.
        roots_only: whether only the roots of a tree have the action.
        unchanged: the part whose object must be as the person saw it; "" for no such check.
        rehearsed: whether the page tells beforehand, by a rehearsal of the workflow, that it would refuse, and why.
        refusals: sentences for people, by the names of the errors with which the workflow refuses.
        access: what it does with the page's account, in place of a workflow; "" for nothing.
        next: the page that follows each outcome; without one, the same page.
        help: a sentence for the form.
    """

    name: str
    label: str
    right: str
    workflow: str
    part: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    asks: Mapping[str, Asked] = field(default_factory=dict)
    condition: Expression | None = None
    subject: str = ""
    roots_only: bool = False
    unchanged: str = ""
    rehearsed: bool = False
    refusals: Mapping[str, str] = field(default_factory=dict)
    access: AccessChange | Literal[""] = ""
    next: Mapping[str, Target] = field(default_factory=dict)
    help: str = ""
    where: str = ""
    leads_to: Target | None = None
    configures: bool = False
    page_condition: Expression | None = None


@dataclass(frozen=True)
class Owner:
    """The account that a page belongs to: a parameter of the address, or a field of the object that it names.

    Attributes:
        value: the parameter with the account, where *object* is "".
        object: the integration object that has the account.
        example: the fields by which its instance is found.
        field: the field with the account.
    """

    value: Value | None = None
    object: str = ""
    example: Mapping[str, Value] = field(default_factory=dict)
    field: str = "Account Id"


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        name: its name, by which other pages lead to it, and a deployment replaces it.
        title: its title; ``{account}`` and ``{header/Name}`` stand for values.
        address: its address, with parameters: ``/accounts/{account}``.
        right: the right that a person needs to see it.
        owner: the account that it belongs to; None for a page that is nobody's in particular.
        asks: further parameters, behind the address's ``?``, by name: the label of each in the page's search form, ""
            for one that no form asks.
        aside: the parts that every page has at its end, but for those of which the page has one of that name.
        menu: its label in the menu; "" for a page that the menu doesn't have.
        menu_order: its place in the menu.
        menu_for: whose menu it is in, by the accounts that a type of user sees (every, own, granted); none for all.
        own: the parameter that is the person's first account where the address has none; "" for none.
        template: the template of its content; "" for the standard look.
        help: a sentence for people.
    """

    name: str
    title: str
    address: str
    right: str
    owner: Owner | None = None
    asks: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    menu: str = ""
    menu_order: int = 100
    menu_for: tuple[str, ...] = ()
    own: str = ""
    template: str = ""
    help: str = ""
    where: str = ""
    aside: Mapping[str, Part] = field(default_factory=dict)

    @property
    def path_parameters(self) -> list[str]:
        """The parameters of the address itself."""
        return [step[1:-1] for step in self.address.split("/") if step.startswith("{")]

    @property
    def parameters(self) -> list[str]:
        """All parameters."""
        return [*self.path_parameters, *self.asks]
