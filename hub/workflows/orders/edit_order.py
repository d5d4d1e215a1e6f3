"""An order's line items edited: the state without the order, the order on it, the requests, the delta of both.

Source: "g. Edit Order Line Items Process", figure 10G; spec: docs/design/workflows.md, "Edit Order Line Item".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hub.configurator.requests import SETTABLE, Request
from hub.services.differences import Differs, differs_in
from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.fulfilment import flag_processed
from hub.workflows.orders import approvals
from hub.workflows.state.change_of_state import PRICE, configure, lines_of, price, wanted_on
from hub.workflows.state.lines import extend_quantities, fill_accounts, fill_products
from hub.workflows.state.milestones import is_past, past_point
from hub.workflows.state.order_lookup import UNSUBMITTED, described, order_in_hand, revision_of, root_of
from hub.workflows.state.rebase import rebase
from hub.workflows.state.service_item import (
    ServiceItemGone,
    gone_note,
    item_of,
    refuse_new_roots,
    takes_off,
    to_be_taken_off,
    why_empty,
    with_roots,
)
from hub.workflows.state.service_profile import (
    make_no_action,
    no_profile,
    orders_after,
    orders_before,
    profile,
    requested_state,
    still_to_come,
)
from hub.workflows.state.statuses import NEVER_COMES
from integration_objects.complex_object import (
    action_code,
    attributes,
    empty,
    instances,
    is_empty,
    line_items,
    message,
    put_list,
    walk_items,
)
from integration_objects.errors import Refused
from integration_objects.field_values import as_number
from integration_objects.names import ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

#: what an order's line keeps of what it was before the edit
_KEPT = ("Row Id", "Line Number", "Source Reference")


class OrderNotEditable(Refused):
    """An order is to be edited on which somebody works, or which is done with."""


class FinishedLine(Refused):
    """A line is to be edited that is finished (complete, failed or cancelled), or stands beneath one that failed."""


class OrderDisconnects(Refused):
    """A service item is to be configured that the order itself disconnects."""


def edit_order_line_item(
    run: Run, number: str, line: str | None, requests: Sequence[Request]
) -> tuple[PropertySet, list[Note]]:
    """Configure a service item of an order further.

    Where the service item is there no more, the request to remove it takes its lines off the order; what is complete of
    them, or past its point of no return, stays.

    Args:
        run: the run.
        number: the order's number.
        line: a line, by Integration Id or Line Number; its root is configured. None: the requests add a new root.
        requests: to the configurator.

    Returns:
        The order as it is stored now, and what there is to tell: prices that changed, what came to nothing.

    Raises:
        OrderUnknown, OrderLineUnknown: there is no such order or line.
        OrderNotEditable, HeldForApproval: the order can't be edited as it is.
        FinishedLine, PastPointOfNoReturn: the line can't be, or the requests ask for something of another that can't.
        DisconnectRequested, ServiceItemDisconnected, NotARoot, ServiceItemUnknown: without the order the service item
            isn't there any more.
        OrderDisconnects: the order itself disconnects it.
        RootAdded: the requests on a line add another service item beside its own.
        ConfigurationRefused: the new state would break rules of the products.

    Source: "g. Edit Order Line Items Process", steps 1 to 10.
    """
    order = order_in_hand(run, number)
    _refuse_uneditable(run, order)
    account_id = order.get("Account Id") or ""
    root = None
    if line is not None:
        item, root = root_of(order, line)
        _refuse_finished(item, order)

    try:
        before, now, notes = _states(run, order, root)  # 1 to 6
    except ServiceItemGone as error:
        if root is None or not takes_off(requests, root):
            raise
        _put(run, order, root, _done_of(root))
        return order, [gone_note(error, root), *_later(run, order)]
    kept = _kept(order, root)
    _refuse_named(order, kept, now, requests)
    changed = configure(run, now, account_id, requests)  # 7
    _refuse_touched(run, order, kept, now, changed.state)
    if root is not None:
        where = f"order {number}, line {root.get(KEY)}"
        refuse_new_roots(now, changed.state, where, "with edit-order-line-item without line=")
    state = changed.state
    priced: tuple[Note, ...] = ()
    if _is_priced_here(order):
        result = price(run, order, state, None if root is None else wanted_on(run, root))
        state, priced = result.state, tuple(_of_price(note, kept) for note in result.notes)
    roots = lines_of(run, before, state, ORDER)  # 8 and 9
    _keep(kept, root, roots)
    _put(run, order, root, roots)  # 10
    return order, [*notes, *changed.notes, *priced, *_later(run, order)]


def _refuse_uneditable(run: Run, order: PropertySet) -> None:
    status, number = order.get("Status"), order.get("Order Number")
    if status not in UNSUBMITTED:
        raise OrderNotEditable(
            f"the order {number} can't be edited",
            where=f"order {number}",
            why=f"its status is {status}; edited is what isn't submitted yet ({' or '.join(UNSUBMITTED)})",
            mend={
                "Open": "revise it (`orderhub workflow revise`), and edit the supplement",
                "Failed": "amend it from its fallout entry (`orderhub workflow fallout-list`)",
            }.get(status or "", "change the services with an order of its own"),
        )
    approvals.refuse_held(run, order, "be edited")


def _refuse_finished(item: PropertySet, order: PropertySet) -> None:
    """Refuse a line of which nothing is left that could be edited: it is finished, and so is all beneath it."""
    if not all(_is_finished(one) for one in item.walk() if one.type == LINE_ITEM):
        return
    if is_past(item):
        raise past_point(item, order, "be changed")
    raise _finished(item, order, f"it is {item.get('Status')}")


def _is_finished(item: PropertySet) -> bool:
    return item.get("Status") in NEVER_COMES or item.get("Status") == "Complete" or is_past(item)


def _finished(item: PropertySet, order: PropertySet, why: str) -> Refused:
    is_finished = _is_finished(item)
    never_came = item.get("Status") in NEVER_COMES or not is_finished
    state = "is finished" if is_finished else "stands beneath a failed one"
    return FinishedLine(
        f"the line {described(item)} can't be edited: it {state}",
        where=f"order {order.get('Order Number')}, line {item.get(KEY)}",
        why=why,
        mend="leave the line as it is"
        + (
            "; once all of the order is answered, try it again or amend it from its fallout entry"
            if never_came
            else ", and change its service with an order of its own"
        ),
    )


def _is_priced_here(order: PropertySet) -> bool:
    """Whether the hub prices an order: not one whose sender gave the prices, nor the supplement of such a one."""
    made_here = revision_of(order) == 1 and order.get("Source Order Number") is None
    return order.get("Price List Id") is not None or made_here


def _of_price(note: Note, kept: Mapping[str | None, PropertySet]) -> Note:
    """A note of the pricing; of a new price that a finished line doesn't get, one that says so."""
    if note.kind != PRICE or note.item not in kept:
        return note
    text = f"the price {note.text}: the line is finished and keeps its own, the totals count the new one"
    return Note("left out", text, note.item, note.product)


def _states(run: Run, order: PropertySet, root: PropertySet | None) -> tuple[PropertySet, PropertySet, list[Note]]:
    """The service item as it is requested without this order, and with it; and what of the order came to nothing."""
    account_id = order.get("Account Id") or ""
    nothing = no_profile(account_id)
    if root is None:
        return nothing, nothing, []
    key = root.get(KEY) or ""
    state = requested_state(run, account_id, orders=orders_before(run, order))  # 2 and 3
    before = item_of(state, key)
    is_new = action_code(root) == "Add" and root.get("Applied Date") is None
    if before is None and not is_new:  # 1 and 4
        error = why_empty(run, account_id, key, state, but_not=order.get("Row Id"))
        raise to_be_taken_off(error, "edit-order-line-item", "order")
    coming = _coming(order, root)
    if not line_items(coming):
        raise _finished(root, order, f"it is {root.get('Status')}")
    # What is still to come carries what it changes only; this says what has changed beside it.
    changed = rebase(run.definitions[ORDER].root.children[LINE_ITEM], [root.copy()], before)
    change = message(ORDER, [coming])
    applied = run.call("Apply", nothing if before is None else before, [change])  # 5
    if is_empty(applied.asset):
        number = order.get("Order Number")
        raise OrderDisconnects(
            f"the service item {described(root)} is disconnected by the order {number} itself",
            where=f"order {number}, line {key}",
            why="nothing of it is left that could be configured",
            mend="cancel the order, and change the service item with another",
        )
    _add_due_dates(applied.asset, root)
    ignored = [Note("ignored", str(entry), entry.item) for entry in applied.ignored]
    return before or empty(), applied.asset, [*changed, *ignored]


def _add_due_dates(state: PropertySet, root: PropertySet) -> None:
    """Give the items of a state the due dates of their lines, which no state carries, so that requests can change them.

    Changes *state*.
    """
    dates = {item.get(KEY): item.get("Due Date") for item, _ in _walk([root])}
    for instance in instances(state):
        for item, _ in walk_items(instance):
            if dates.get(item.get(KEY)) is not None:
                item.properties["Due Date"] = dates[item.get(KEY)]


def _done_of(root: PropertySet) -> list[PropertySet]:
    """The root with those of its lines on which work is done or can't be stopped, and the lines above them as `-`.

    Nothing where there are none. What failed is not among them: its service item is gone, nobody tries it again.
    """
    result = root.copy()
    kept: set[int] = set()
    for item, _ in reversed(list(_walk([result]))):
        below = line_items(item)
        below[:] = [child for child in below if id(child) in kept]
        is_done = action_code(item) != NO_ACTION and (item.get("Status") == "Complete" or is_past(item))
        if not is_done and below:
            make_no_action(item)
            item.properties["Status"] = NO_ACTION
        if is_done or below:
            kept.add(id(item))
    return [result] if id(result) in kept else []


def _put(run: Run, order: PropertySet, root: PropertySet | None, roots: list[PropertySet]) -> None:
    """Put the delta's lines in the place of the root's former ones, exploded, and store the order."""
    former: Mapping[str | None, PropertySet] = {}
    if root is not None:
        former = {item.get(KEY): item for item in root.walk() if item.type == LINE_ITEM}
    kept = put_list(order, LINE_ITEM)
    at = next((place for place, one in enumerate(kept) if one is root), len(kept))
    kept[:] = [*kept[:at], *roots, *(one for one in kept[at:] if one is not root)]
    fill_products(run, order)
    exploded = instances(run.call("Explode", message(ORDER, [order])))[0]
    order.children = exploded.children
    fill_accounts(order)
    extend_quantities(order)
    _complete_lines(run, order, former)
    flag_processed(run, order)  # a finished root that got something new beneath it is processed no more
    run.effects.synchronize(message(ORDER, [order]))


def _complete_lines(run: Run, order: PropertySet, former: Mapping[str | None, PropertySet]) -> None:
    """Give lines their rows, numbers and statuses, in place; those that the order had keep theirs."""
    numbered = [*former.values(), *(item for item, _ in walk_items(order))]  # former lines get their numbers back below
    last = max((int(as_number(item.get("Line Number") or "") or 0) for item in numbered), default=0)
    for item, _ in walk_items(order):
        was = former.get(item.get(KEY))
        if was is not None and was is not item:
            # That of a service which stays is in its state (`_add_due_dates`), where requests may have changed it.
            names = (*_KEPT, "Due Date") if action_code(item) == "Delete" else _KEPT
            item.properties |= {name: was.get(name) for name in names if was.get(name) is not None}
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


def _refuse_touched(
    run: Run, order: PropertySet, kept: Mapping[str | None, PropertySet], now: PropertySet, after: PropertySet
) -> None:
    """Refuse requests that change a line which stays as it is, or take it away.

    The states before and after the requests are compared, before the pricing: all that differs is what they asked for.
    """
    component = run.definitions[ORDER].root.children[LINE_ITEM]
    fields = differs_in(component, SETTABLE)
    values = differs_in(component.children[ATTRIBUTE], component.children[ATTRIBUTE].compared)
    was, will = _with_parents(now), _with_parents(after)
    for key, line in kept.items():
        if key not in was:
            continue
        if key not in will:
            raise _touched(line, order, "the requests take it away")
        (item, above), (changed, above_then) = was[key], will[key]
        if above != above_then or fields(item.properties, changed.properties) or _values_differ(item, changed, values):
            raise _touched(line, order, "the requests change it")


def _refuse_named(
    order: PropertySet, kept: Mapping[str | None, PropertySet], now: PropertySet, requests: Sequence[Request]
) -> None:
    """Refuse requests on a line that stays as it is, and of whose service nothing is there: it failed, or is gone."""
    there = _with_parents(now)
    for request in requests:
        for reference in (getattr(request, "item", None), getattr(request, "beneath", None)):
            key = reference if reference in kept else (reference or "").partition("/")[0]
            if key in kept and key not in there:
                raise _touched(kept[key], order, "the requests ask for something of it")


def _with_parents(state: PropertySet) -> dict[str | None, tuple[PropertySet, str | None]]:
    """The items of a state by key, each with the key of the one above it."""
    return {
        item.get(KEY): (item, None if parent is None else parent.get(KEY))
        for instance in instances(state)
        for item, parent in walk_items(instance)
    }


def _coming(order: PropertySet, root: PropertySet) -> PropertySet:
    """The order's instance with what is still to come of this root only. Not to be changed."""
    [own] = instances(with_roots(order, [root], ORDER))
    return still_to_come(own)


def _kept(order: PropertySet, root: PropertySet | None) -> dict[str | None, PropertySet]:
    """The lines of a service item that no edit changes, by key: finished ones, and all beneath one that never comes."""
    if root is None:
        return {}
    coming = {item.get(KEY) for item, _ in walk_items(_coming(order, root))}
    return {
        item.get(KEY): item
        for item, _ in _walk([root])
        if item.get(KEY) not in coming or (_is_finished(item) and action_code(item) != NO_ACTION)
    }


def _keep(kept: Mapping[str | None, PropertySet], root: PropertySet | None, roots: list[PropertySet]) -> None:
    """Lines that no edit changes stay as they are, beneath the line that they stood beneath. Changes *roots*."""
    former = {} if root is None else {item.get(KEY): parent for item, parent in _walk([root])}
    lines = {item.get(KEY): (item, parent) for item, parent in _walk(roots)}
    for key, line in kept.items():
        above = former[key]
        into = None if above is None or above.get(KEY) not in lines else lines[above.get(KEY)][0]
        is_orphan = above is not None and into is None
        if key in lines:
            item, parent = lines[key]
            item.properties = dict(line.properties)
            if parent is not into and not is_orphan:
                # A move that failed: the service is where it was, and the line where it was asked for.
                listed = _below(parent, roots)
                listed[:] = [one for one in listed if one is not item]
                _below(into, roots).append(item)
        elif is_orphan and line.get("Status") != "Complete":
            continue  # it never came, and the line above it was taken away
        else:
            item = line.copy_node()
            _below(into, roots).append(item)
            lines[key] = item, into
        put_list(item, ATTRIBUTE)[:] = [attribute.copy_node() for attribute in attributes(line)]


def _below(parent: PropertySet | None, roots: list[PropertySet]) -> list[PropertySet]:
    return roots if parent is None else put_list(parent, LINE_ITEM)


def _touched(line: PropertySet, order: PropertySet, how: str) -> Refused:
    if is_past(line):
        return past_point(line, order, "be changed")
    return _finished(line, order, f"it is {line.get('Status')}, and {how}")


def _values_differ(one: PropertySet, other: PropertySet, differ: Differs) -> bool:
    """Whether two items have other attributes."""
    values = {value.get("Name"): value.properties for value in attributes(one)}
    others = {value.get("Name"): value.properties for value in attributes(other)}
    return values.keys() != others.keys() or any(differ(value, others[name]) for name, value in values.items())


def _walk(roots: Iterable[PropertySet]) -> Iterable[tuple[PropertySet, PropertySet | None]]:
    header = PropertySet("Order")
    put_list(header, LINE_ITEM).extend(roots)
    return walk_items(header)


def _later(run: Run, order: PropertySet) -> list[Note]:
    """What orders that come after this one can't do any more, now that it is another."""
    after = orders_after(run, order)
    if not after:
        return []
    account_id = order.get("Account Id") or ""
    own = message(ORDER, [still_to_come(order)])
    asset = profile(run, account_id)
    applied = run.call("Apply", asset, [*orders_before(run, order), own, *after])
    numbers = {instances(tree)[0].get("Order Number") for tree in after}
    return [Note("ignored", str(entry), entry.item) for entry in applied.ignored if entry.order in numbers]
