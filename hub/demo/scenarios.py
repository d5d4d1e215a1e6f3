"""The source's usage scenarios: the customers' wishes, and the workflows that fulfil them at the hub.

    Stage      runs the workflows: `orderhub demo --scenario` prints each step, acceptance tests read the stored state
    SCENARIOS  letter -> title, account, and the play: the scenarios before it, the scenario, and its installation

A play ends when provisioning has answered. It is made of functions that do one part of the source's story each:
`initial_quote`, `delta_quote`, ... Scenario e tells of legacy systems, and has nothing to play.

Source: "Usage Scenarios", a to d and f; spec: docs/design/workflows.md, "Usage scenarios"; docs/design/road.md,
"Command line, completed".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from integration_objects.complex_object import items_of, line_items
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet

BUNDLE, PACKAGE = "Small Business Enabler", "Local Breakthrough Package"
LINE, ISDN = "Local Line", "ISDN Line"
MAIL, WAITING, CALLER_ID, FORWARDING = "Voice Mail", "Call Waiting", "Caller Id", "Call Forwarding"
#: the features of each line of the bundle, in this order
FEATURES = (MAIL, WAITING, CALLER_ID)
#: American Widgets' office in Spokane, made in scenario a; the office that is there before; the customer of scenario f
SPOKANE, NEW_YORK, HOME = "2-AW-WA", "2-AW-NY", "2-LB"
OFFICE_NUMBER, CELL_PHONE = "509-555-0199", "509-555-0177"
#: the line whose number brings nuisance calls, counted from 0
_NUISANCE = 3

Request = Mapping[str, Any]


class Stage(Protocol):
    """The hub and its surroundings, as a scenario uses them."""

    def begin(self, title: str) -> None:
        """Begin a scenario, or the installation after it."""

    def tell(self, text: str) -> None:
        """Tell a part of the story."""

    def work(self, workflow: str, **arguments: str | Sequence[Request]) -> PropertySet:
        """Run a workflow, as `orderhub workflow` does; return the first instance that it wrote.

        Args:
            workflow: its name, in kebab case.
            arguments: its arguments by name, with ``_`` for ``-``; requests as objects of their JSON.
        """

    def look(self, name: str, key: str | None) -> PropertySet:
        """Return a stored instance of the integration object *name*, by the key that `orderhub show` takes."""

    def provision(self) -> None:
        """Let provisioning answer every work order that waits for it: all lines are complete."""


@dataclass(frozen=True)
class Scenario:
    """A scenario: its title in the source, the account that it is about, and its play on a stage."""

    title: str
    account: str
    play: Callable[[Stage], object]


def numbers(first: int, how_many: int) -> list[dict[str, str]]:
    """Return telephone numbers in Spokane, as the fields of as many lines.

    >>> numbers(101, 2)
    [{'Service Id': '509-555-0101'}, {'Service Id': '509-555-0102'}]
    """
    return [{"Service Id": f"509-555-{number:04d}"} for number in range(first, first + how_many)]


def initial_quote(stage: Stage) -> PropertySet:
    """Play scenario a up to the quote: a bundle with ten lines for a new office; return the quote."""
    stage.begin("a. Initial Quote and Order")
    stage.tell(
        "A customer wants to establish ten local telephone lines for a new office his company, American Widgets "
        "Inc, has opened in Spokane, WA. The sales agent creates a new account, which initializes the details of "
        "the new service account with the information from one of the existing accounts."
    )
    stage.work("new-account", name="American Widgets Inc, Spokane", like=NEW_YORK, account=SPOKANE, address="PR-WA")
    stage.tell(
        "A Small Business Enabler bundle is the most cost-effective solution: the sales agent adds it to the "
        "basket, and the bundle appears on a quote, with a first line that has voice-mail and call waiting already."
    )
    quote = stage.work("new-products-and-services", account=SPOKANE, product=BUNDLE)
    first, mail = _key(quote, LINE), _key(quote, MAIL)
    stage.tell(
        "She customizes the bundle: a default password for the voice-mail account, caller id as the optional "
        "feature, and nine copies of this first line, each with a new telephone number. A line costs $5.99 per "
        "month, the bundle $25."
    )
    return stage.work(
        "edit-quote-line-item",
        quote=_number(quote),
        line=_root(quote),
        requests=[
            {"request": "set", "item": first, "fields": numbers(101, 1)[0]},
            {"request": "set", "item": mail, "attributes": {"Password": "1234"}},
            {"request": "add", "product": CALLER_ID, "beneath": first},
            {"request": "copy", "item": first, "times": "9", "fields": numbers(102, 9)},
        ],
    )


def initial_order(stage: Stage) -> PropertySet:
    """Play scenario a to its end: the quote is ordered, and the services are installed; return the order."""
    quote = initial_quote(stage)
    stage.tell("The sales agent reviews the quote with the customer, places the order for it, and submits the order.")
    order = _place(stage, quote)
    _submit(stage, order)
    stage.tell("Provisioning (a stand-in) installs the services.")
    stage.provision()
    return order


def delta_quote(stage: Stage) -> PropertySet:
    """Play scenario b, after a: five lines more, and one replaced because of its number; return the quote."""
    initial_order(stage)
    stage.begin("b. Delta Quote")
    stage.tell(
        "A month later business is booming, and the customer needs another five local telephone lines. The sales "
        "agent sees that all of the services were successfully installed, and that each of the ten lines is Active."
    )
    profile = stage.look("OM Asset", SPOKANE)
    lines = _keys(profile, LINE)
    stage.tell(
        "She selects the bundle and the Modify Option, and copies one of the lines five times. The charge of each "
        "of the original ten drops from $5.99 to $4.99 per month. One of them has a number that angry creditors of "
        "its former owner call: she deletes that line, and copies another to create a replacement with a new "
        "number."
    )
    quote = stage.work(
        "modify",
        account=SPOKANE,
        root=_root(profile),
        requests=[
            {"request": "copy", "item": lines[0], "times": "5", "fields": numbers(201, 5)},
            {"request": "remove", "item": lines[_NUISANCE]},
            {"request": "copy", "item": lines[1], "times": "1", "fields": numbers(206, 1)},
        ],
    )
    stage.tell("The customer is no longer on the line. The quote is saved, and is In Progress.")
    return quote


def delta_order(stage: Stage) -> PropertySet:
    """Play on after scenario b: the customer confirms the changes, and they are installed; return the order."""
    quote = delta_quote(stage)
    stage.begin("Played on")
    stage.tell("He calls back and confirms the changes: the quote is ordered, submitted and installed.")
    return _install(stage, _place(stage, quote))


def order_with_isdn(stage: Stage) -> PropertySet:
    """Play scenario c, after a and b: an ISDN line on the same quote, and the quote is ordered; return the order."""
    quote = delta_quote(stage)
    stage.begin("c. Update Delta Quote and Order")
    stage.tell(
        "A day later the sales agent finds the customer. His boss is moving to the Spokane office and wants an ISDN "
        "line. She selects the active quote and the Revise Option, adds an ISDN line, and associates it with a "
        "network asset."
    )
    add = {"request": "add", "product": ISDN, "beneath": _root(quote), "fields": {"Service Point Id": "SP-509-1"}}
    quote = stage.work("edit-quote-line-item", quote=_number(quote), line=_root(quote), requests=[add])
    stage.tell("An order for the quote is placed.")
    return _place(stage, quote)


def order_with_isdn_installed(stage: Stage) -> PropertySet:
    """Play on after scenario c: the order is submitted, and the services are installed; return the order."""
    order = order_with_isdn(stage)
    stage.begin("Played on")
    stage.tell("The order is submitted, and provisioning installs the services.")
    return _install(stage, order)


def boss_quote(stage: Stage) -> tuple[PropertySet, PropertySet]:
    """Play scenario d, after a to c, up to the quote: two ISDN lines more; return the quote, and the open order."""
    placed = order_with_isdn(stage)
    stage.begin("d. New Delta Quote with Open Order")
    stage.tell(
        "That afternoon the customer's boss logs onto the website to check the status of the new ISDN line. He "
        "selects the open sales order: the status of the ISDN line item is Pending."
    )
    order = stage.look("OM Order", placed.get("Order Number"))
    stage.tell(
        "The bundle offers one free ISDN line for every two that are ordered. He selects the bundle, which is "
        "presented with all of the installed products plus all of the changes and additions from the open order, "
        "adds two more ISDN lines, and sees that the second of them is free."
    )
    add = {"request": "add", "product": ISDN, "beneath": _root(order)}
    # In a session of his own: a session has one active quote, and the sales agent has hers.
    quote = stage.work("modify", account=SPOKANE, root=_root(order), session="boss", requests=[add, add])
    return quote, order


def boss_order(stage: Stage) -> tuple[PropertySet, PropertySet]:
    """Play scenario d to its end: the boss orders and submits; return his order, and the one that was open before."""
    quote, before = boss_quote(stage)
    stage.tell("Only the two ISDN line items have an action. He selects the Submit Option and logs off.")
    return _submit(stage, _place(stage, quote)), before


def boss_order_installed(stage: Stage) -> tuple[PropertySet, PropertySet]:
    """Play on after scenario d: the order before is submitted too, and both are installed; return the same two."""
    order, before = boss_order(stage)
    stage.begin("Played on")
    stage.tell("The sales agent submits the order before it, too, and provisioning installs both orders.")
    _install(stage, before)
    return order, before


def package_order(stage: Stage) -> PropertySet:
    """Play scenario f up to the order: the package with voice-mail, submitted; return the order."""
    stage.begin("f. Supplemental Order")
    stage.tell(
        "A sales rep persuades another customer to switch to Telecom's service. He selects a Local Breakthrough "
        "Package: a local telephone line plus caller id and call forwarding. The customer decides to forward calls "
        "to her office number after six rings, and asks for voice-mail, which can be added for an additional $6.95 "
        "per month."
    )
    line = f"{PACKAGE}/{LINE}"
    quote = stage.work(
        "new-products-and-services",
        account=HOME,
        product=PACKAGE,
        requests=[
            {"request": "set", "item": line, "fields": numbers(123, 1)[0]},
            {
                "request": "set",
                "item": f"{line}/{FORWARDING}",
                "attributes": {"Forwarding Number": OFFICE_NUMBER, "Rings": "6"},
            },
            {"request": "add", "product": MAIL, "beneath": line, "attributes": {"Password": "1234"}},
        ],
    )
    stage.tell("The customer agrees to the terms, so the sales rep thanks her and submits the order.")
    return _submit(stage, _place(stage, quote))


def supplement(stage: Stage) -> PropertySet:
    """Play scenario f, twenty minutes later: the open order is revised; return the supplement, as it was copied."""
    order = package_order(stage)
    stage.tell(
        "Twenty minutes later the customer decides that $6.95 per month is a little much for voice-mail. The sales "
        "agent sees all of the order line items still open, and selects the Revise Option: the original order is "
        "marked as inactive and is copied to a new active order with status Pending and a revision number of 2."
    )
    return stage.work("revise", order=_order_number(order))


def supplemental_order(stage: Stage) -> PropertySet:
    """Play scenario f to its end: the supplement without voice-mail, with another number, submitted; return it."""
    order = supplement(stage)
    stage.tell(
        "Working in the new order, she selects the package, deletes the voice-mail feature, and changes the "
        "forwarding number to that of the customer's cell phone."
    )
    stage.work(
        "edit-order-line-item",
        order=_order_number(order),
        line=_root(order),
        requests=[
            {"request": "remove", "item": _key(order, MAIL)},
            {"request": "set", "item": _key(order, FORWARDING), "attributes": {"Forwarding Number": CELL_PHONE}},
        ],
    )
    stage.tell("She submits the supplemental order. The status of the supplemental order changes to Open.")
    return _submit(stage, order)


def supplemental_order_installed(stage: Stage) -> PropertySet:
    """Play on after scenario f: both work orders are answered, also the replaced one; return the supplement."""
    order = supplemental_order(stage)
    stage.begin("Played on")
    stage.tell(
        "Provisioning answers the work order that was replaced: it had done all of it by then. What both revisions "
        "ask for is done. Voice-mail, which nobody asks for any more, falls out, and a person keeps it or has it taken "
        "away again. Then provisioning answers the supplement's work order."
    )
    stage.provision()
    return order


def _place(stage: Stage, quote: PropertySet) -> PropertySet:
    return stage.work("quote-to-order", quote=_number(quote))


def _submit(stage: Stage, order: PropertySet) -> PropertySet:
    return stage.work("submit", order=_order_number(order))


def _install(stage: Stage, order: PropertySet) -> PropertySet:
    _submit(stage, order)
    stage.provision()
    return order


def _number(quote: PropertySet) -> str:
    return quote.get("Quote Number") or ""


def _order_number(order: PropertySet) -> str:
    return order.get("Order Number") or ""


def _root(instance: PropertySet) -> str:
    """Return the key of the only root item."""
    (root,) = line_items(instance)
    return root.get(KEY) or ""


def _keys(instance: PropertySet, product: str) -> list[str]:
    """Return the keys of a product's items, in the tree's order."""
    return [item.get(KEY) or "" for item in items_of(instance) if item.get("Product Id") == product]


def _key(instance: PropertySet, product: str) -> str:
    return _keys(instance, product)[0]


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "a": Scenario("Initial Quote and Order", SPOKANE, initial_order),
        "b": Scenario("Delta Quote", SPOKANE, delta_order),
        "c": Scenario("Update Delta Quote and Order", SPOKANE, order_with_isdn_installed),
        "d": Scenario("New Delta Quote with Open Order", SPOKANE, boss_order_installed),
        "f": Scenario("Supplemental Order", HOME, supplemental_order_installed),
    }
)
