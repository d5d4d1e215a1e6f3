"""Orders: taken in from a sender.

Source: spec docs/design/road.md, "Receive order", "Whose order, which line"; docs/design/guarantees.md, "Limits".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.services.product_fields import copy_product_fields
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.reply import order_reply
from hub.workflow_manager.run import Run
from hub.workflows.orders.order_prices import price_order
from hub.workflows.orders.submit import AccountsMissing, submit
from hub.workflows.orders.supplements import decided_condition
from hub.workflows.state.order_lines import (
    HUB,
    adopt_former_keys,
    fill_from_state,
    keep_finished_lines,
    needs_state,
    prove_on_state,
    put_ancestors,
    recorded_keys,
    resolve_keys,
)
from hub.workflows.state.order_lookup import in_force, is_hubs_supplement, next_revision
from hub.workflows.state.order_rules import changed_services, prove_quantities, prove_rules
from hub.workflows.state.rebase import BUILT_ON
from hub.workflows.state.service_profile import make_no_action, no_profile, requested_state, still_to_come
from integration_objects.complex_object import (
    action_code,
    attributes,
    carries,
    instances,
    is_empty,
    line_items,
    message,
    walk_items,
)
from integration_objects.errors import Refused, Waiting
from integration_objects.field_values import read_number
from integration_objects.names import ACTION_CODES, ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

MOST_LINES = 2_000
MOST_LEVELS = 10
MOST_ATTRIBUTES = 200
MOST_QUANTITY = Decimal(1_000_000)
_ONE = Decimal(1)


class OneOrderAMessage(Refused):
    """A message carries no order, or several."""


class AccountUnknown(Refused):
    """An order names an account that the hub doesn't have."""


class ProductUnknown(Refused):
    """An order names a product that the hub doesn't have."""


class ActionUnknown(Refused):
    """A line has an action code that isn't one."""


class QuantityNegative(Refused):
    """A line's quantity is less than nothing."""


class OrderTooLarge(Refused):
    """An order is over one of the limits for lines, levels, attributes or quantities."""


class RevisionOutOfTurn(Refused):
    """A revision of an order isn't a whole number from 1."""


def accounts_of_order(run: Run, tree: PropertySet) -> set[str]:
    """The account that an order touches, resolved; none where it is unknown (the work will say so)."""
    found = set()
    for order in instances(tree):
        account = run.account_of(order.get("Source System"), order.get("Account Id"))
        if account is not None:
            found.add(account)
    return found


def receive_order(run: Run, tree: PropertySet) -> Outcome:
    """Take in a sender's order: resolve it, prove it against the requested state, number it, submit it.

    Args:
        run: the run; the order's account is locked.
        tree: an OM Order message with one instance, as the map made it. Not changed.

    Returns:
        Done, with a reply that has both order numbers and both keys of each line; filtered, for a revision that
        is already here or superseded.

    Raises:
        Refused: any of this module's, whole and before anything is stored.
        ConfigurationRefused: the services that it changes would break rules of their products.
        PriceMissing, PriceListMissing: the route prices, and something has no price.
        Waiting: an earlier revision of the order isn't there yet.

    Source: spec docs/design/road.md, "Receive order".
    """
    order = _one_order(tree).copy()
    _check_lines(order)
    _forget_statuses(order)
    account_id = _resolve_accounts(run, order)
    run.effects.lock_accounts({account_id})

    former = _former_revisions(run, order)
    last = max((_source_revision_of(header) for header in former), default=0)
    newest = _active(run, former)
    if newest is not None and _source_revision(order) <= last:
        return Outcome("filtered", order_reply(_as_sent(newest, order)), why=f"revision {last} is here already")
    _wait_for_former(order, last)
    _wait_for_supplement(run, newest)

    products = _products(run, order)
    replaced = frozenset() if newest is None else frozenset({newest.get("Row Id") or ""})
    pairs = recorded_keys(run, order, account_id)
    state = no_profile(account_id)
    if needs_state(order, pairs, newest):
        state = _instance_or(requested_state(run, account_id, but_not=replaced), state)
    resolve_keys(run, order, account_id, state, newest, pairs)
    fill_from_state(order, state)
    put_ancestors(order, state)
    if any(item.get("Product Id") not in products for item, _ in walk_items(order)):
        products = _products(run, order)  # with those that were filled from the state
    for item, _ in walk_items(order):
        product = products.get(item.get("Product Id") or "")
        if product is not None:
            copy_product_fields(item, product)

    if not run.call("Fully Exploded", message(ORDER, [order])):
        order = instances(run.call("Explode", message(ORDER, [order])))[0]
    if newest is not None:
        adopt_former_keys(order, newest)
        keep_finished_lines(order, in_force(run, newest), run.definitions[ORDER].root.children[LINE_ITEM].compared)
    coming = still_to_come(order)
    service_items = changed_services(order, state, prove_on_state(run, coming, state))
    prove_quantities(coming, state, f"order {order.get('Source Order Number')}")
    prove_rules(run, order, service_items)
    if run.origin.prices == "hub":
        price_order(run, order, state, service_items)
    _number(run, order, newest)
    submit(run, order, former=newest)
    _release_waiting(run, order)
    return Outcome("done", order_reply(order))


def _one_order(tree: PropertySet) -> PropertySet:
    orders = instances(tree)
    if len(orders) != 1 or not line_items(orders[0]):
        raise OneOrderAMessage(
            "the message must carry one order with at least one line",
            why=f"it carries {len(orders)} orders" + (" and the order has no lines" if len(orders) == 1 else ""),
            mend="send each order in a message of its own, with its lines",
        )
    return orders[0]


#: what the hub says of a line, and no sender
_HUBS_OWN = (
    "Row Id",
    "Status",
    "Completed Date",
    "Applied Date",
    "Status Reason",
    "Milestone",
    "Past Point Of No Return",
    "Calculated Effective Start Date",
    "Calculated Effective End Date",
    "Order Item Processed Flag",
    "Original Order Id",
    "Fulfilment System",
    "Track As Asset",
    BUILT_ON,
)


def _forget_statuses(order: PropertySet) -> None:
    """Drop what only the hub can know: a sender's word that a line is complete completes nothing."""
    for name in ("Row Id", "Order Number", "Revision", "Active Flag", "Status", "Completed Date"):
        order.properties.pop(name, None)
    for item, _ in walk_items(order):
        for name in _HUBS_OWN:
            item.properties.pop(name, None)


def _check_lines(order: PropertySet) -> None:
    count = 0
    stack = [(root, 1) for root in line_items(order)]
    while stack:
        item, level = stack.pop()
        count += 1
        reference = item.get("Source Reference") or item.get(KEY) or "without a reference"
        quantity = item.get("Quantity")
        if action_code(item) not in ACTION_CODES:
            raise ActionUnknown(
                f"the line {reference} has the action '{action_code(item)}'",
                where=f"line {reference}, Action Code",
                why=f"expected one of {', '.join(ACTION_CODES)}",
                mend="send one of these, or translate the sender's code in the map",
            )
        number = _ONE if quantity is None or quantity == "1" else read_number(quantity)
        for what, found, most in (
            ("lines", count, MOST_LINES),
            ("levels of lines", level, MOST_LEVELS),
            ("attributes on a line", len(attributes(item)), MOST_ATTRIBUTES),
            ("pieces of a product on a line", number, MOST_QUANTITY),
        ):
            if found > most:
                raise OrderTooLarge(
                    f"the order has more than {most} {what}",
                    where=f"line {reference}",
                    why=f"found {found}",
                    mend="send it as several orders",
                )
        if number < 0:
            raise QuantityNegative(
                f"the quantity of line {reference} is less than nothing",
                where=f"line {reference}, Quantity",
                why=f"expected a number of 0 or more, found {quantity}",
                mend="send the quantity that the customer is to have; use the action Delete to take a service away",
            )
        stack.extend((child, level + 1) for child in line_items(item))


def _resolve_accounts(run: Run, order: PropertySet) -> str:
    """Turn the sender's account numbers into Account Ids, on the header and on every line."""
    system = order.get("Source System")
    known: dict[str, str] = {}

    def resolve(node: PropertySet, field: str, where: str) -> None:
        number = node.get(field)
        if number is None:
            return
        if number not in known:
            account = run.account_of(system, number)
            if account is None:
                raise AccountUnknown(
                    f"the account '{number}' is unknown",
                    where=where,
                    why=f"neither does the system {system or HUB} have an account of this number here, "
                    "nor is it an Account Id",
                    mend="load the account, with its number at the system as an Account Key, and replay the message; "
                    "or send the right number",
                )
            known[number] = account
        node.properties[field] = known[number]

    if order.get("Account Id") is None:
        raise AccountsMissing(
            "the order names no account",
            where="Order, Account Id",
            mend="send the customer's account number",
        )
    for field in ("Account Id", "Service Account Id", "Billing Account Id"):
        resolve(order, field, f"Order, {field}")
    for item, _ in walk_items(order):
        for field in ("Service Account Id", "Billing Account Id"):
            resolve(item, field, f"line {item.get('Source Reference') or item.get(KEY)}, {field}")
    return order.get("Account Id") or ""


def _source_revision(order: PropertySet) -> int:
    text = order.get("Source Revision")
    number = Decimal(1) if text is None else read_number(text)
    if number < 1 or number != number.to_integral_value():
        raise RevisionOutOfTurn(
            f"the order's revision is {text}",
            where="Order, Source Revision",
            why="expected a whole number from 1",
            mend="send 1 for the first, 2 for its first change, and so on",
        )
    return int(number)


def _former_revisions(run: Run, order: PropertySet) -> list[dict[str, str | None]]:
    """The headers of the stored revisions of this sender's order; none where it carries no sender's number."""
    revision = _source_revision(order)
    if order.get("Source System") is None or order.get("Source Order Number") is None:
        if revision > 1:
            raise RevisionOutOfTurn(
                f"the order is revision {revision} of an order that can't be found",
                where="Order, Source System",
                why="a revision is known by Source System and Source Order Number, and one of them is missing",
                mend="send both",
            )
        return []
    return run.headers(
        ORDER,
        {
            "Source System": order.get("Source System"),
            "Source Order Number": order.get("Source Order Number"),
        },
    )


def _active(run: Run, former: Sequence[Mapping[str, str | None]]) -> PropertySet | None:
    """The active revision of the order whose revisions its sender sent before, whole; None where there is none.

    It is a supplement that was made in the hub, where that replaced what the sender sent.
    """
    if not former:
        return None
    found = run.query(ORDER, {"Order Number": former[0]["Order Number"], "Active Flag": "Y"})
    return instances(found)[0]


def _as_sent(newest: PropertySet, order: PropertySet) -> PropertySet:
    """The order as its sender knows it: a supplement that was made in the hub carries no number of theirs."""
    twin = newest.copy_node()
    twin.children = newest.children
    for name in ("Source System", "Source Order Number"):
        twin.properties[name] = newest.get(name) or order.get(name)
    return twin


def _source_revision_of(header: Mapping[str, str | None]) -> int:
    return int(read_number(header["Source Revision"] or "1"))


def revision_condition(system: str | None, number: str | None, revision: int) -> str:
    """What a message waits for that needs a revision of a sender's order."""
    return f"order {system}/{number} revision {revision}"


def order_condition(system: str | None, number: str | None) -> str:
    """What a message waits for that needs a sender's order."""
    return f"order {system}/{number}"


def _wait_for_former(order: PropertySet, last: int) -> None:
    revision = _source_revision(order)
    if order.get("Source Order Number") is not None and revision > last + 1:
        raise Waiting(
            f"revision {revision} of the order {order.get('Source Order Number')} came before revision {revision - 1}",
            waits_for=revision_condition(order.get("Source System"), order.get("Source Order Number"), revision - 1),
            why=f"revision {last} is the newest here" if last else "no revision of the order is here",
            mend="nothing, where the missing revision is on its way; else send it",
        )


def _wait_for_supplement(run: Run, newest: PropertySet | None) -> None:
    """A person is changing this very order: the sender's revision comes upon what they decide."""
    if newest is None or newest.get("Status") != "Pending" or not is_hubs_supplement(newest):
        return
    number = newest.get("Order Number")
    raise Waiting(
        f"a supplement of the order {number} was made in the hub and isn't submitted yet",
        waits_for=decided_condition(number),
        why="an order has at most one supplement that isn't submitted",
        mend=f"submit the order {number}, or cancel its supplement; the message is worked then",
    )


def _release_waiting(run: Run, order: PropertySet) -> None:
    system, number = order.get("Source System"), order.get("Source Order Number")
    if system is not None and number is not None:
        run.effects.release(revision_condition(system, number, _source_revision(order)))
        run.effects.release(order_condition(system, number))


def _products(run: Run, order: PropertySet) -> Mapping[str, Mapping[str, str | None]]:
    """The order's products' fields by Product Id; lines that name none are filled later."""
    wanted: dict[str, str] = {}
    for item, _ in walk_items(order):
        product = item.get("Product Id")
        if product is not None:
            wanted.setdefault(product, item.get("Source Reference") or item.get(KEY) or "")
        elif action_code(item) == "Add":
            raise ProductUnknown(
                "a line that adds a service names no product",
                where=f"line {item.get('Source Reference') or item.get(KEY)}, Product Id",
                mend="send the product of the new service",
            )
    found = run.products(sorted(wanted))
    for product, reference in wanted.items():
        if product not in found:
            raise ProductUnknown(
                f"the product '{product}' is unknown",
                where=f"line {reference}, Product Id",
                why="no product of this Product Id is loaded",
                mend="load the product (orderhub load), or mend the map's look-up table, and replay the message",
            )
    return found


def _instance_or(tree: PropertySet, other: PropertySet) -> PropertySet:
    return other if is_empty(tree) else tree


def _number(run: Run, order: PropertySet, newest: PropertySet | None) -> None:
    """Give the order its number, revision and statuses, and its lines their numbers and row ids."""
    if newest is None:
        order.properties["Order Number"] = f"O-{run.next_number('Order Number'):07d}"
        order.properties["Revision"] = "1"
        order.properties["Status"] = "New"
    else:
        order.properties["Order Number"] = newest.get("Order Number")
        order.properties["Revision"] = str(next_revision(run, newest.get("Order Number")))
        order.properties["Status"] = "Pending"
    if order.get("Source Order Number") is not None:
        order.properties["Source Revision"] = str(_source_revision(order))
    row_id = order.properties["Row Id"] = run.new_id()
    order.properties["Active Flag"] = "Y"
    order.properties["Order Type"] = order.get("Order Type") or "Sales Order"
    for number, (item, _) in enumerate(walk_items(order), start=1):
        item.properties["Row Id"] = f"{row_id}.{number}"
        if item.get("Line Number") is None:
            item.properties["Line Number"] = str(number)
        if item.get("Applied Date") is None and item.get("Status") != "Complete":
            item.properties["Status"] = NO_ACTION if action_code(item) == NO_ACTION else "Pending"
        if action_code(item) == NO_ACTION:
            make_no_action(item)
        elif action_code(item) == "Add" and carries(item, ATTRIBUTE):
            for attribute in attributes(item):
                attribute.properties["Action Code"] = "Add"
        item.properties["Order Item Processed Flag"] = "N"
