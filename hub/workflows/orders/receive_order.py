"""Receive Order: a sender's order is resolved, proven, numbered and submitted.

Source: spec docs/design/road.md, "Receive order", "Whose order, which line"; docs/design/guarantees.md, "Limits".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.services.product_fields import copy_product_fields
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.reply import order_reply
from hub.workflow_manager.run import Run
from hub.workflow_manager.workflow import Workflow
from hub.workflows.orders.order_prices import price_order
from hub.workflows.orders.order_size import MOST_LINES, LineCounter, OrderTooLarge, reference_of
from hub.workflows.orders.sent_content import SENT_CONTENT, sent_content
from hub.workflows.orders.submit import AccountsMissing, NothingOrdered, submit
from hub.workflows.orders.supplements import decided_condition
from hub.workflows.state.accounts import AccountUnknown
from hub.workflows.state.agreements import agreement_notes
from hub.workflows.state.belongings import prove_belongings
from hub.workflows.state.due_dates import due_date_notes
from hub.workflows.state.exchange_dates import date_sent_prices
from hub.workflows.state.id_holders import prove_ids_free
from hub.workflows.state.lines import ACCOUNTS
from hub.workflows.state.order_lines import (
    HUB,
    adopt_former_keys,
    fill_from_state,
    keep_finished_lines,
    name_actions,
    needs_state,
    prove_on_state,
    put_ancestors,
    recorded_keys,
    resolve_keys,
)
from hub.workflows.state.order_lookup import MODULE, in_force, is_hubs_supplement, next_revision
from hub.workflows.state.order_rules import changed_services, prove_rules
from hub.workflows.state.quantities import leave_out_empty, prove_quantities
from hub.workflows.state.rebase import BUILT_ON
from hub.workflows.state.service_profile import make_no_action, no_profile, requested_state, still_to_come
from hub.workflows.state.standing_values import standing_value_notes
from integration_objects.complex_object import (
    action_code,
    attributes,
    first_instance,
    instances,
    is_empty,
    items_of,
    line_items,
    message,
)
from integration_objects.errors import Refused, Waiting
from integration_objects.field_values import read_number
from integration_objects.names import ACTION_CODES, KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet
from integration_objects.secrets import refuse_masks

#: Levels of lines, the root counted. docs/design/guarantees.md, "Limits", has the limits of an order.
MOST_LEVELS = 10
MOST_ATTRIBUTES = 200
MOST_QUANTITY = Decimal(1_000_000)
_ONE = Decimal(1)
_ACCOUNT_MEND = (
    "load the account, with its number at the system as an Account Key, and replay the message; "
    "or send the right number"
)
_IDS_MEND = "send another one; or order first that the other service ends, or that it gets another number"

#: fields of a header and of a line that only the hub can know: a sender's Complete completes nothing
_HUBS_HEADER_FIELDS = (
    *("Row Id", "Order Number", "Revision", "Active Flag", "Status", "Completed Date", "Modification Number"),
    SENT_CONTENT,
)
_HUBS_LINE_FIELDS = (
    "Row Id",
    "Status",
    "Completed Date",
    "Applied Date",
    "Status Reason",
    "Milestone",
    "Tasks",
    "Expected Date",
    "Past Point Of No Return",
    "Calculated Effective Start Date",
    "Calculated Effective End Date",
    "Order Item Processed Flag",
    "Original Order Id",
    "Fulfilment System",
    "Track As Asset",
    BUILT_ON,
)


class OneOrderAMessage(Refused):
    """A message carries no order, or several."""

    what = "the message must carry one order with at least one line"
    why = "it carries {count} orders{without_lines}"
    mend = "send each order in a message of its own, with its lines"


class ProductUnknown(Refused):
    """An order names a product that the hub doesn't have."""

    what = "the product '{product}' is unknown"
    where = "line {reference}, Product Id"
    why = "no product of this Product Id is loaded"
    mend = "load the product (orderhub load), or mend the map's look-up table, and replay the message"


class ActionUnknown(Refused):
    """A line has an action code that isn't one."""

    what = "the line {reference} has the action '{action}'"
    where = "line {reference}, Action Code"
    why = "expected one of {known}"
    mend = "send one of these, or translate the sender's code in the map"


class QuantityNegative(Refused):
    """A line's quantity is less than nothing."""

    what = "the quantity of line {reference} is less than nothing"
    where = "line {reference}, Quantity"
    why = "expected a number of 0 or more, found {quantity}"
    mend = "send the quantity that the customer is to have; use the action Delete to take a service away"


class RevisionOutOfTurn(Refused):
    """A revision of an order isn't a whole number from 1."""

    what = "the order's revision is {revision}"
    where = "Order, Source Revision"
    why = "expected a whole number from 1"
    mend = "send 1 for the first, 2 for its first change, and so on"


class RevisionReused(Refused):
    """A sender's order comes again under a revision that the hub has, and asks for something else."""

    what = "the order {number} came again as revision {revision}, with other content"
    where = "Order, Source Revision"
    why = "revision {revision} is here already and asks for something else; one revision has one content"
    mend = "send the changed order as revision {next}; nothing of this message was taken in"


def accounts_of_order(run: Run, tree: PropertySet) -> set[str]:
    """Return the account that an order touches, resolved; none for an unknown one, which the work refuses."""
    accounts = {run.account_of(order.get("Source System"), order.get("Account Id")) for order in instances(tree)}
    return {account for account in accounts if account is not None}


def receive_order(run: Run, tree: PropertySet) -> Outcome:
    """Take in a sender's order: resolve it, prove it on the requested state, number it, submit it.

    Args:
        run: the run; the order's account is locked.
        tree: an OM Order message with one instance, as the map made it. Not changed.

    Returns:
        Done, with a reply that has both order numbers and both keys of each line; filtered, for a revision that
        is already here or superseded, and that came with the same content then.

    Raises:
        Refused: any of this module's, before anything is stored.
        ConfigurationRefused: the services that it changes would break rules of their products.
        ServiceIdHeld: it asks for a number or a service point that another service has.
        PriceMissing, PriceListMissing: the route prices, and something has no price.
        Waiting: an earlier revision of the order isn't here yet.

    Source: spec docs/design/road.md, "Receive order".
    """
    # A copy: the reply to a refused message names the lines as the sender sent them.
    order = _only_order(tree).copy()
    _check_limits(order)
    refuse_masks(tree)
    # Before anything reads them: a sender that says Complete has completed nothing.
    _drop_hubs_fields(order)
    # As it was sent: the hub resolves and fills the order below, and a repeat wouldn't be the same any more.
    order.properties[SENT_CONTENT] = sent_content(order, run.definitions[ORDER].root)
    account_id = _resolve_accounts(run, order)
    # The caller has locked the accounts that it could read before; behind the lock nothing moves any more.
    run.effects.lock_accounts({account_id})

    former_headers = _former_revisions(run, order)
    last = max((_revision_in(header) for header in former_headers), default=0)
    newest = _active_revision(run, former_headers)
    # A repeat under another message id, or a revision that was overtaken: answered, never applied twice (G2).
    if newest is not None and _source_revision(order) <= last:
        _refuse_other_content(order, former_headers, last)
        return Outcome("filtered", order_reply(_as_sent(newest, order)), why=f"revision {last} is here already")
    _wait_for_former_revision(order, last)
    _wait_for_supplement(newest)

    line = run.definitions[ORDER].root.children[LINE_ITEM]
    state = _identify_lines(run, order, account_id, newest)
    name_actions(order, state, line)
    notes = _leave_out_empty(run, order)
    # An added line of three telephones becomes three lines: each tracked service has a key and a service id of its own.
    if not run.call("Fully Exploded", message(ORDER, [order])):
        order = first_instance(run.call("Explode", message(ORDER, [order])))
    if newest is not None:
        # After Explode, because the copies of a line that was exploded in the revision before get their keys back, too.
        adopt_former_keys(order, newest)
        keep_finished_lines(order, in_force(run, newest), line.compared)
    prove_belongings(run, order, with_header=True)
    coming = still_to_come(order)
    service_items = changed_services(order, state, prove_on_state(run, coming, state))
    prove_quantities(coming, state, f"order {order.get('Source Order Number')}")
    prove_rules(run, order, service_items)
    prove_ids_free(run, order, None if newest is None else in_force(run, newest), _IDS_MEND)
    if run.origin.prices == "hub":
        price_order(run, order, state, service_items)
    else:
        date_sent_prices(run, order, state, newest)
    # Numbered last, so that no refused order takes a number.
    _number(run, order, newest)
    notes += [*due_date_notes(run, order), *agreement_notes(run, order)]
    # An order without a due date comes last: nothing stands over it.
    if order.get("Due Date") is not None:
        notes += standing_value_notes(run, order)
    submit(run, order, former=newest)
    # Released with the commit, not before: the messages that waited find the order stored.
    _release_waiting(run, order)
    return Outcome("done", order_reply(order, notes=notes), notes=tuple(notes))


def _leave_out_empty(run: Run, order: PropertySet) -> list[Note]:
    """Leave out the added lines of quantity 0, which order nothing. Changes *order*."""
    number = order.get("Source Order Number")
    notes = leave_out_empty(run, order, f"order {number}", is_order=True)
    if not line_items(order):
        raise NothingOrdered(number=number, why="each of its lines has the quantity 0", mend="send what is wanted")
    return notes


def _identify_lines(run: Run, order: PropertySet, account_id: str, newest: PropertySet | None) -> PropertySet:
    """Give each line its key, the fields that its sender left out, and its product's fields. Changes *order*.

    Returns:
        OM Asset message: the requested state; an account without services, if the order touches nothing that is there.
    """
    products = _products(run, order)
    recorded = recorded_keys(run, order, account_id)
    state = no_profile(account_id)
    if needs_state(order, recorded, newest):
        replaced = frozenset() if newest is None else frozenset({newest.get("Row Id") or ""})
        requested = requested_state(run, account_id, but_not=replaced)
        state = state if is_empty(requested) else requested
    resolve_keys(run, order, account_id, state, newest, recorded)
    fill_from_state(order, state)
    put_ancestors(order, state)
    if any(item.get("Product Id") not in products for item in items_of(order)):
        products = _products(run, order)  # with the products of lines that were filled from the state
    for item in items_of(order):
        product = products.get(item.get("Product Id") or "")
        if product is not None:
            copy_product_fields(item, product)
    return state


def _only_order(tree: PropertySet) -> PropertySet:
    orders = instances(tree)
    if len(orders) != 1 or not line_items(orders[0]):
        without_lines = " and the order has no lines" if len(orders) == 1 else ""
        raise OneOrderAMessage(count=len(orders), without_lines=without_lines)
    return orders[0]


def _drop_hubs_fields(order: PropertySet) -> None:
    """Drop the fields that only the hub can know, in place."""
    for name in _HUBS_HEADER_FIELDS:
        order.properties.pop(name, None)
    for item in items_of(order):
        for name in _HUBS_LINE_FIELDS:
            item.properties.pop(name, None)


def _check_limits(order: PropertySet) -> None:
    """Refuse an order over one of the limits, or with an action or a quantity that can't be."""
    count = 0
    stack = [(root, 1) for root in line_items(order)]
    while stack:
        item, level = stack.pop()
        count += 1
        reference = reference_of(item) or "without a reference"
        quantity = item.get("Quantity")
        if action_code(item) not in ACTION_CODES:
            raise ActionUnknown(reference=reference, action=action_code(item), known=", ".join(ACTION_CODES))
        # Most lines have the quantity 1: reading it as a decimal number for each costs more than all other checks.
        number = _ONE if quantity is None or quantity == "1" else read_number(quantity)
        for things, found, most in (
            ("lines", count, MOST_LINES),
            ("levels of lines", level, MOST_LEVELS),
            ("attributes on a line", len(attributes(item)), MOST_ATTRIBUTES),
            ("pieces of a product on a line", number, MOST_QUANTITY),
        ):
            if found > most:
                raise OrderTooLarge(most=most, things=things, reference=reference, count=found)
        if number < 0:
            raise QuantityNegative(reference=reference, quantity=quantity)
        stack.extend((child, level + 1) for child in line_items(item))


def _resolve_accounts(run: Run, order: PropertySet) -> str:
    """Turn the sender's account numbers into Account Ids, on the header and on every line; returns the customer's."""
    if order.get("Account Id") is None:
        raise AccountsMissing("the order names no account", mend="send the customer's account number")
    system = order.get("Source System")
    # One query for each number and not for each line: most lines name the accounts of their header.
    known: dict[str, str] = {}

    def resolve(node: PropertySet, field: str, place: str) -> None:
        number = node.get(field)
        if number is None:
            return
        if number not in known:
            account = run.account_of(system, number)
            if account is None:
                raise AccountUnknown(
                    account_id=number,
                    place=f"{place}, {field}",
                    why=f"neither does the system {system or HUB} have an account of this number here, "
                    "nor is it an Account Id",
                    mend=_ACCOUNT_MEND,
                )
            known[number] = account
        node.properties[field] = known[number]

    for field in ("Account Id", *ACCOUNTS):
        resolve(order, field, "Order")
    for item in items_of(order):
        for field in ACCOUNTS:
            resolve(item, field, f"line {item.get('Source Reference') or item.get(KEY)}")
    return order.get("Account Id") or ""


def _source_revision(order: PropertySet) -> int:
    text = order.get("Source Revision")
    number = _ONE if text is None else read_number(text)
    if number < 1 or number != number.to_integral_value():
        raise RevisionOutOfTurn(revision=text)
    return int(number)


def _revision_in(header: Mapping[str, str | None]) -> int:
    return int(read_number(header["Source Revision"] or "1"))


def _former_revisions(run: Run, order: PropertySet) -> list[dict[str, str | None]]:
    """Return the headers of the stored revisions of a sender's order; none if it carries no sender's number."""
    revision = _source_revision(order)
    source = {name: order.get(name) for name in ("Source System", "Source Order Number")}
    if None not in source.values():
        return run.headers(ORDER, source)
    if revision > 1:
        raise RevisionOutOfTurn(
            f"the order is revision {revision} of an order that can't be found",
            where="Order, Source System",
            why="a revision is known by Source System and Source Order Number, and one of them is missing",
            mend="send both",
        )
    return []


def _refuse_other_content(order: PropertySet, former: Sequence[Mapping[str, str | None]], last: int) -> None:
    """Refuse an order whose revision is here with other content; *last* is the newest revision that is here.

    Raises:
        RevisionReused: the sender believes that it has changed the order.
    """
    revision = _source_revision(order)
    known = {header[SENT_CONTENT] for header in former if _revision_in(header) == revision}
    # Orders that were stored before the hub kept their content can't be compared.
    if known - {None, order.get(SENT_CONTENT)}:
        raise RevisionReused(number=order.get("Source Order Number"), revision=revision, next=last + 1)


def _active_revision(run: Run, former: Sequence[Mapping[str, str | None]]) -> PropertySet | None:
    """Return the active revision of an order whose revisions its sender sent before; None for a new order.

    The active revision may be a supplement that was made in the hub.
    """
    if not former:
        return None
    return first_instance(run.query(ORDER, {"Order Number": former[0]["Order Number"], "Active Flag": "Y"}))


def _as_sent(newest: PropertySet, order: PropertySet) -> PropertySet:
    """Return the stored order with its sender's number, which a supplement made in the hub doesn't carry."""
    twin = newest.copy_node()
    twin.children = newest.children
    for name in ("Source System", "Source Order Number"):
        twin.properties[name] = newest.get(name) or order.get(name)
    return twin


def _condition(system: str | None, number: str | None, revision: int) -> str:
    """Name the condition that a message waits for that needs a revision of a sender's order."""
    return f"order {system}/{number} revision {revision}"


def _wait_for_former_revision(order: PropertySet, last: int) -> None:
    """Let a revision wait until the one before it is here."""
    revision, number = _source_revision(order), order.get("Source Order Number")
    if number is not None and revision > last + 1:
        raise Waiting(
            f"revision {revision} of the order {number} came before revision {revision - 1}",
            waits_for=_condition(order.get("Source System"), number, revision - 1),
            why=f"revision {last} is the newest here" if last else "no revision of the order is here",
            mend="nothing, if the missing revision is on its way; else send it",
        )


def _wait_for_supplement(newest: PropertySet | None) -> None:
    """Let a sender's revision wait while a person is changing this very order in the hub."""
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
    """Release the messages that wait for this order, or for this revision of it."""
    system, number = order.get("Source System"), order.get("Source Order Number")
    if system is not None and number is not None:
        run.effects.release(_condition(system, number, _source_revision(order)))
        # Statuses that came before their order wait for it by any revision.
        run.effects.release(f"order {system}/{number}")


def _products(run: Run, order: PropertySet) -> Mapping[str, Mapping[str, str | None]]:
    """Return the fields of the order's products by Product Id; lines that name none are filled later."""
    references: dict[str, str] = {}
    for item in items_of(order):
        product = item.get("Product Id")
        if product is not None:
            references.setdefault(product, reference_of(item))
        elif action_code(item) == "Add":
            raise ProductUnknown(
                "a line that adds a service names no product",
                where=f"line {item.get('Source Reference') or item.get(KEY)}, Product Id",
                why="",
                mend="send the product of the new service",
            )
    found = run.products(sorted(references))
    for product, reference in references.items():
        if product not in found:
            raise ProductUnknown(product=product, reference=reference)
    return found


def _number(run: Run, order: PropertySet, newest: PropertySet | None) -> None:
    """Give the order its number, revision and statuses, and its lines their numbers and row ids. Changes *order*."""
    if newest is None:
        number, revision, status = f"O-{run.next_number('Order Number'):07d}", 1, "New"
    else:
        number = newest.get("Order Number") or ""
        revision, status = next_revision(run, number), "Pending"
    if order.get("Source Order Number") is not None:
        order.properties["Source Revision"] = str(_source_revision(order))
    row_id = run.new_id()
    order.properties |= {
        "Order Number": number,
        "Revision": str(revision),
        "Status": status,
        "Row Id": row_id,
        "Active Flag": "Y",
        "Order Type": order.get("Order Type") or "Sales Order",
    }
    _number_lines(order)
    for place, item in enumerate(items_of(order), start=1):
        action = action_code(item)
        item.properties["Row Id"] = f"{row_id}.{place}"
        if item.get("Applied Date") is None and item.get("Status") != "Complete":
            item.properties["Status"] = NO_ACTION if action == NO_ACTION else "Pending"
        if action == NO_ACTION:
            make_no_action(item)
        elif action == "Add":
            for attribute in attributes(item):
                attribute.properties["Action Code"] = "Add"
        item.properties["Order Item Processed Flag"] = "N"


def _number_lines(order: PropertySet) -> None:
    """Give each line a Line Number of its own; a line keeps the one that it has, unless another line has it, too.

    Explode clears the numbers of copies, and a finished line keeps its number from the revision before.
    """
    items = list(items_of(order))
    # A finished line first: provisioning and billing have been told its number.
    finished = [item for item in items if item.get("Applied Date") is not None or item.get("Status") == "Complete"]
    numbered: dict[str, PropertySet] = {}
    for item in (*finished, *items):
        if item.get("Line Number") is not None:
            numbered.setdefault(item.get("Line Number") or "", item)
    number = 0
    for item in items:
        number += 1
        if numbered.get(item.get("Line Number") or "") is item:
            continue
        while str(number) in numbered:
            number += 1
        item.properties["Line Number"] = str(number)
        numbered[str(number)] = item


WORKFLOWS = (
    Workflow(
        "Receive Order",
        receive_order,
        accounts_of_order,
        (ORDER,),
        "take in a sender's order: resolve it, prove it against the requested state, submit it",
        module=MODULE,
        counter=lambda: LineCounter(is_order=True),
    ),
)
