"""Edit Order Line Item: the state without the order, the order on it, the requests, the delta of both.

Source: "g. Edit Order Line Items Process", figure 10G; spec: docs/design/workflows.md, "Edit Order Line Item".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from hub.configurator.requests import Request
from hub.services.apply import Ignored
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.completion import flag_processed
from hub.workflows.orders import approvals, finished_lines
from hub.workflows.orders.postponing import postpone_deletes
from hub.workflows.quotes.quote_arguments import REQUESTS
from hub.workflows.state import service_item
from hub.workflows.state.belongings import prove_belongings
from hub.workflows.state.change_of_state import (
    PRICE,
    ChangedState,
    configure,
    document_totals,
    lines_of,
    price_as_wanted,
)
from hub.workflows.state.document_lines import line_and_root
from hub.workflows.state.due_dates import add_due_dates
from hub.workflows.state.lines import extend_quantities, fill_accounts, fill_products
from hub.workflows.state.named_requests import named_on_lines, refuse_ending
from hub.workflows.state.order_lookup import (
    MODULE,
    ORDER_NUMBER,
    UNSUBMITTED,
    described,
    is_made_here,
    order_in_hand,
)
from hub.workflows.state.rebase import rebase
from hub.workflows.state.service_profile import (
    make_no_action,
    no_profile,
    orders_around,
    orders_before,
    profile,
    requested_state,
    still_to_come,
)
from integration_objects.complex_object import (
    action_code,
    empty,
    first_instance,
    is_empty,
    items_of,
    line_items,
    message,
    put_list,
)
from integration_objects.errors import Refused
from integration_objects.field_values import as_number
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

#: changes a state, an OM Asset message, of an account by requests, whose items have their keys
StateChange: TypeAlias = Callable[[PropertySet, str, Sequence[Request]], ChangedState]

#: fields that a line keeps from before the edit
_KEPT_FIELDS = ("Row Id", "Line Number", "Source Reference")
#: the mend for an order that can't be edited, by its status
_INSTEAD_OF_EDITING = {
    "Open": "revise it (`orderhub workflow revise`), and edit the supplement",
    "Failed": "amend it from its fallout entry (`orderhub workflow fallout-list`)",
}
#: the mend for a request about a line that takes a service away
_INSTEAD_OF_CONFIGURING = (
    "to keep the service, run keep-service with this line first; to postpone its end, request no more than another "
    "Due Date of it"
)


class OrderNotEditable(Refused):
    """An order is to be edited that is submitted already, or done with."""

    what = "the order {number} can't be edited"
    where = "order {number}"
    why = "its status is {status}; only an order that is New or Pending can be edited"
    mend = "{instead}"


class OrderDisconnects(Refused):
    """A service item is to be configured that the order itself disconnects."""

    what = "the service item {item} is disconnected by the order {number} itself"
    where = "order {number}, line {key}"
    why = "nothing of it is left that could be configured"
    mend = (
        "for a customer who keeps it: `orderhub workflow keep-service order={number} line={key}`; to postpone its end, "
        "request no more than another Due Date"
    )


def edit_order_line_item(run: Run, order: str, line: str | None = None, requests: Sequence[Request] = ()) -> Outcome:
    """Configure a service item of an order further.

    If the service item is gone, the request to remove it takes its lines off the order. Lines that are complete, or
    past their point of no return, stay.

    Args:
        run: the run.
        order: the order's number.
        line: a line, by one of its names (`item_names`); its root is configured. None: the requests add a new root.
        requests: to the configurator.

    Returns:
        The order as it is stored now, with notes: prices that changed, lines that came to nothing.

    Raises:
        OrderUnknown, OrderLineUnknown: there is no such order or line.
        OrderNotEditable, HeldForApproval: the order can't be edited as it is.
        FinishedLine, PastPointOfNoReturn: the line can't be edited, or the requests change another one that can't.
        DisconnectRequested, ServiceItemDisconnected, NotARoot, ServiceItemUnknown: without the order the service item
            isn't there any more.
        OrderDisconnects: the order itself disconnects it.
        ItemUnknown, ItemNameUnclear: no item, or several items, have a name in the requests.
        ItemEnds: a request names an item that the order takes away.
        RootAdded: the requests on a line add another service item beside its own.
        ConfigurationRefused: the new state would break rules of the products.

    Source: "g. Edit Order Line Items Process", steps 1 to 10.
    """

    def configured(state: PropertySet, account_id: str, named: Sequence[Request]) -> ChangedState:
        return configure(run, state, account_id, named)

    return edit(run, order, line, requests, configured)


def edit(
    run: Run,
    order: str,
    line: str | None,
    requests: Sequence[Request],
    change: StateChange,
) -> Outcome:
    """Change the state of a service item of an order, and write the order's lines anew.

    Args:
        run: the run.
        order: the order's number.
        line: as for `edit_order_line_item`.
        requests: the requests that *change* gets; none of them may name a finished line.
        change: changes the state.

    Raises:
        Refused: as `edit_order_line_item`.
    """
    stored = editable_order(run, order)
    root = None
    if line is not None:
        item, root = line_and_root(run, stored, line)
        finished_lines.refuse_finished(item, stored)
    asked = len(requests)
    requests = named_on_lines(run, stored, line_items(stored) if root is None else [root], requests)
    requests = postpone_deletes(stored, requests)
    if asked and not requests:
        run.effects.update(message(ORDER, [stored]))
        return _outcome(run, stored, [])
    return edit_root(run, stored, root, requests, change)


def editable_order(run: Run, number: str) -> PropertySet:
    """Return an order that can be edited; its account is locked.

    Raises:
        OrderUnknown, OrderNotEditable, HeldForApproval: there is none, or it can't be edited as it is.
    """
    stored = order_in_hand(run, number)
    status = stored.get("Status")
    if status not in UNSUBMITTED:
        instead = _INSTEAD_OF_EDITING.get(status or "", "change the services with another order")
        raise OrderNotEditable(number=number, status=status, instead=instead)
    approvals.refuse_held(run, stored, "be edited")
    return stored


def take_off(run: Run, stored: PropertySet, root: PropertySet, notes: Sequence[Note]) -> Outcome:
    """Take the lines of a service item off an order, but for those that are complete or past their point of no return.

    Args:
        run: the run.
        stored: the order. Changed in place.
        root: its root line.
        notes: the report.
    """
    _store(run, stored, root, finished_lines.worked(root))
    return _outcome(run, stored, notes)


def edit_root(
    run: Run, stored: PropertySet, root: PropertySet | None, requests: Sequence[Request], change: StateChange
) -> Outcome:
    """Change the state of a service item of an editable order, as `edit` does; *requests* have the lines' keys."""
    try:
        before, now, notes = states(run, stored, root)  # steps 1 to 6
    except service_item.ServiceItemGone as error:
        if root is None or not service_item.takes_off(requests, root):
            raise
        return take_off(run, stored, root, [service_item.gone_note(error, root)])
    unchangeable = finished_lines.unchangeable(stored, root)
    # Before the configurator: it doesn't know a line whose service is gone, and would name the key as unknown.
    finished_lines.refuse_requests(unchangeable, stored, now, requests)
    refuse_ending(stored, now, requests, _INSTEAD_OF_CONFIGURING)
    changed = change(now, stored.get("Account Id") or "", requests)  # step 7
    # Before the pricing: it may give a finished line another price, which nobody asked for.
    finished_lines.refuse_changes(run, unchangeable, stored, now, changed.state)
    if root is not None:
        where = f"order {stored.get('Order Number')}, line {root.get(KEY)}"
        service_item.refuse_new_roots(now, changed.state, where, "with edit-order-line-item without line=")
    notes += changed.notes
    state = changed.state
    if is_priced_here(run, stored):
        result = price_as_wanted(run, stored, state)
        state = result.state
        notes += [_price_note(note, unchangeable) for note in result.notes]
    roots = lines_of(run, before, state, ORDER)  # steps 8 and 9
    finished_lines.put_back(unchangeable, root, roots)
    _store(run, stored, root, roots)  # step 10
    return _outcome(run, stored, notes)


def _outcome(run: Run, order: PropertySet, notes: Sequence[Note]) -> Outcome:
    notes = [*notes, *document_totals(order), *_ignored_of_later_orders(run, order)]
    return Outcome(objects=(message(ORDER, [order]),), notes=tuple(notes))


def is_priced_here(run: Run, order: PropertySet) -> bool:
    """Tell whether the hub prices an order: an order made here, not one whose sender gave the prices."""
    # An order made here has no price list before something on it has a price: a disconnect has none to look up.
    return order.get("Price List Id") is not None or is_made_here(run, order)


def _price_note(note: Note, unchangeable: finished_lines.Lines) -> Note:
    """Reword the note of a new price that a finished line doesn't get; return other notes as they are."""
    if note.kind != PRICE or note.item not in unchangeable:
        return note
    text = f"the price {note.text}: the line is finished and keeps its own, the totals count the new one"
    return Note("left out", text, note.item, note.product)


def states(run: Run, order: PropertySet, root: PropertySet | None) -> tuple[PropertySet, PropertySet, list[Note]]:
    """Return the service item as it is requested without this order, and with it; and notes of ignored changes."""
    account_id = order.get("Account Id") or ""
    nothing = no_profile(account_id)
    if root is None:
        return nothing, nothing, []
    key = root.get(KEY) or ""
    state = requested_state(run, account_id, orders=orders_before(run, order))  # steps 2 and 3
    before = service_item.item_of(state, key)
    # An added line that was applied is in the profile: its service item is there before the order, too.
    is_new = action_code(root) == "Add" and root.get("Applied Date") is None
    if before is None and not is_new:  # steps 1 and 4
        error = service_item.why_empty(run, account_id, key, state, but_not=order.get("Row Id"))
        raise service_item.to_be_taken_off(error, "edit-order-line-item", "order")
    coming = finished_lines.still_to_come_of(order, root)
    if not line_items(coming):
        raise finished_lines.refusal(root, order, "")
    # The lines still to come carry only the fields that they change; fields that other orders have changed are told
    # from the whole lines.
    rebased = rebase(run.definitions[ORDER].root.children[LINE_ITEM], [root.copy()], before)
    applied = run.call("Apply", nothing if before is None else before, [message(ORDER, [coming])])  # step 5
    if is_empty(applied.asset):
        raise OrderDisconnects(item=described(root), number=order.get("Order Number"), key=key)
    add_due_dates(applied.asset, [root])
    return before or empty(), applied.asset, [*rebased, *_ignored_notes(applied.ignored)]


def _store(run: Run, order: PropertySet, root: PropertySet | None, roots: list[PropertySet]) -> None:
    """Put the delta's lines in the place of the root's former ones, exploded, and store the order."""
    former = {} if root is None else {item.get(KEY): item for item in root.walk() if item.type == LINE_ITEM}
    kept = put_list(order, LINE_ITEM)
    # By identity: two roots of an order may be equal.
    at = next((place for place, other in enumerate(kept) if other is root), len(kept))
    kept[:] = [*kept[:at], *roots, *(other for other in kept[at:] if other is not root)]
    fill_products(run, order)
    order.children = first_instance(run.call("Explode", message(ORDER, [order]))).children
    fill_accounts(order)
    extend_quantities(order)
    _complete_lines(run, order, former)
    prove_belongings(run, order)
    flag_processed(run, order)  # a processed root with something new beneath it is processed no more
    # Not updated: lines that the edit dropped must be deleted.
    run.effects.synchronize(message(ORDER, [order]))


def _complete_lines(run: Run, order: PropertySet, former: finished_lines.Lines) -> None:
    """Give lines their rows, numbers and statuses, in place; lines that the order had keep theirs."""
    # The former lines count, too: they get their numbers back below.
    numbered = [*former.values(), *items_of(order)]
    last = max((int(as_number(item.get("Line Number") or "") or 0) for item in numbered), default=0)
    for item in items_of(order):
        line = former.get(item.get(KEY))
        if line is not None and line is not item:
            # The due date of a service that stays is in its state (`add_due_dates`); requests may have changed it.
            names = (*_KEPT_FIELDS, "Due Date") if action_code(item) == "Delete" else _KEPT_FIELDS
            item.properties |= {name: line.get(name) for name in names if line.get(name) is not None}
        if item.get("Row Id") is None:
            item.properties["Row Id"] = run.new_id()
        if item.get("Line Number") is None:
            last += 1
            item.properties["Line Number"] = str(last)
        if item.get("Status") is None:
            item.properties["Status"] = NO_ACTION if action_code(item) == NO_ACTION else "Pending"
            item.properties["Order Item Processed Flag"] = "N"
        if action_code(item) == NO_ACTION:
            make_no_action(item)
            # Null and not absent, or the row would keep the day of a change that was taken off.
            item.properties.setdefault("Due Date", None)


def _ignored_of_later_orders(run: Run, order: PropertySet) -> list[Note]:
    """Return notes of the changes of later orders that Apply ignores, now that this one is another."""
    before, after = orders_around(run, order)
    if not after:
        return []
    own = message(ORDER, [still_to_come(order)])
    applied = run.call("Apply", profile(run, order.get("Account Id") or ""), [*before, own, *after])
    numbers = {first_instance(tree).get("Order Number") for tree in after}
    return _ignored_notes(entry for entry in applied.ignored if entry.order in numbers)


def _ignored_notes(entries: Iterable[Ignored]) -> list[Note]:
    return [Note("ignored", str(entry), entry.item) for entry in entries]


WORKFLOWS = (
    named_workflow(
        "Edit Order Line Item",
        edit_order_line_item,
        "configure a service item of an order that isn't submitted, or add one",
        ORDER_NUMBER,
        Argument("line", help="A line: its Line Number, service id, product path, or key; without one, a new one."),
        REQUESTS,
        module=MODULE,
    ),
)
