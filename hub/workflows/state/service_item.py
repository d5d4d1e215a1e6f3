"""A service item: one root of a customer's service profile, as it is requested so far.

Source: "Modify Asset Sub-process", steps 1 and 2; "Disconnect Products and Services Process"; spec:
docs/design/workflows.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.configurator.requests import RemoveItem, Request
from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.item_names import ItemNames
from hub.workflows.state.order_lookup import described
from hub.workflows.state.service_profile import INACTIVE, open_orders, requested_state
from integration_objects.complex_object import ComplexObject, action_code, empty, line_items, message, put_list
from integration_objects.errors import Refused
from integration_objects.names import ASSET, KEY, LINE_ITEM
from integration_objects.property_set import PropertySet


class ServiceItemGone(Refused):
    """A service item is not among the roots of the requested state. The derived classes say why."""

    where = "account '{account_id}', line item '{root}'"


class ServiceItemUnknown(ServiceItemGone):
    """The account has no such service item, and none is on order."""

    what = "the account '{account_id}' has no service item '{root}'"
    why = "neither its service profile nor an open order has an item of this name; {roots}"
    mend = "{mend}"


class ServiceItemDisconnected(ServiceItemGone):
    """The service item was disconnected, and is history."""

    what = "the service item '{root}' is disconnected"
    why = "its status is Inactive: it is history"
    mend = "order the product anew (new-products-and-services)"


class DisconnectRequested(ServiceItemGone):
    """A request has already been made to disconnect this service item."""

    what = "a request has already been made to disconnect the service item '{root}'"
    why = "the order {number} disconnects it, and is {status}"
    mend = "cancel or revise that order, or leave the service item alone"


class NotARoot(ServiceItemGone):
    """The item is a component of a service item, not the service item itself."""

    what = "the item '{root}' is a component of a service item"
    why = "it is part of the service item {named}"
    mend = "name the service item, root={above}, and the component in the requests"


class RootAdded(Refused):
    """Requests on a service item add another one beside it."""

    what = "the requests add a service item beside the one that is changed"
    why = "{products} would be a root of its own, which a further change of this one couldn't replace"
    mend = "add it {how}, or have more of this one by a larger Quantity"


def requested_item(run: Run, account_id: str, root: str, of_component: bool = False) -> PropertySet:
    """Return the requested state of one service item: an OM Asset message with this root only.

    Args:
        run: the run.
        account_id: the account.
        root: any name of the item (`item_names`): the caller takes the root's key from the result (`key_of`).
        of_component: whether the name of a component stands for the service item that it is part of. Not where the
            service item ends as a whole: nobody ends a package by the number of a line in it.

    Raises:
        DisconnectRequested: an open or pending order disconnects it: its requested state is empty.
        ServiceItemDisconnected: it is Inactive.
        NotARoot: the name is that of a component, and may not be.
        ServiceItemUnknown: the account has nothing of this name.
        ItemNameUnclear: several items have this name.

    Source: "Modify Asset Sub-process", steps 1 and 2.
    """
    state = requested_state(run, account_id)
    item = item_of(state, root)
    if item is None:
        header = ComplexObject.of(state).header
        named = ItemNames(run, header).find(root, f"account '{account_id}', argument 'root'")
        if named is not None and of_component:
            named = ComplexObject(header).root_of(named)
        item = None if named is None else item_of(state, named.get(KEY) or "")
    if item is None:
        raise why_empty(run, account_id, root, state)
    return item


def key_of(requested: PropertySet) -> str:
    """Return the key of the root of a `requested_item`."""
    return line_items(ComplexObject.of(requested).header)[0].get(KEY) or ""


def item_of(state: PropertySet, root: str) -> PropertySet | None:
    """Return the state with no other root than *root*; None where it has no such root."""
    header = ComplexObject.of(state).header
    for item in line_items(header):
        if item.get(KEY) == root:
            return with_roots(header, [item], ASSET)
    return None


def with_roots(header: PropertySet, roots: list[PropertySet], name: str) -> PropertySet:
    """Make a message of *name* with the header's fields and these root items; an empty message for no items."""
    if not roots:
        return empty(name)
    node = header.copy_node()
    # The items are shared with the tree that they come from: callers that change items copy them first.
    put_list(node, LINE_ITEM).extend(roots)
    return message(name, [node])


def why_empty(run: Run, account_id: str, root: str, state: PropertySet, but_not: str | None = None) -> ServiceItemGone:
    """Make the error that says why a service item isn't among the roots of its account's requested state.

    The order with the Row Id *but_not*, which is edited, doesn't count.
    """
    # The most exact reason comes first: an order that takes the item away says more than the item's absence.
    for tree in open_orders(run, account_id, frozenset({but_not or ""})):
        order = ComplexObject.of(tree).header
        ordered = ItemNames(run, order, numbered=False)
        # A line whose Delete failed has no action any more, and the Delete of the service item above it goes on.
        if any("Delete" in (action_code(item), action_code(ordered.root_of(item))) for item in ordered.having(root)):
            number, status = order.get("Order Number"), order.get("Status")
            return DisconnectRequested(account_id=account_id, root=root, number=number, status=status)
    requested = ComplexObject.of(state)
    names = ItemNames(run, requested.header)
    for component in names.having(root):
        above = requested.root_of(component)
        named = f"{described(above)} ({above.get(KEY)})"
        return NotARoot(account_id=account_id, root=root, above=above.get(KEY), named=named)
    # Read once more, because the requested state has no Inactive items.
    profile = ComplexObject.of(run.query(ASSET, {"Account Id": account_id}))
    if any(item.get("Status") == INACTIVE for item in ItemNames(run, profile.header).having(root)):
        return ServiceItemDisconnected(account_id=account_id, root=root)
    items = line_items(requested.header)
    roots = f"its service items are {names.listed(items)}" if items else "it has no service items"
    return ServiceItemUnknown(account_id=account_id, root=root, roots=roots, mend=names.mend(root))


def to_be_taken_off(error: Refused, workflow: str, document: str) -> Refused:
    """Add to the error's mend that *workflow* takes the lines of the gone item off the document. Changes *error*."""
    error.mend = f"{error.mend}; {workflow} with the request to remove it takes it off the {document}"
    return error


def takes_off(requests: Sequence[Request], root: PropertySet) -> bool:
    """Tell whether a batch is the single request to remove the root; a root that is gone allows no other request."""
    return list(requests) == [RemoveItem(root.get(KEY) or "")]


def gone_note(error: Refused, root: PropertySet) -> Note:
    """Report a root of a quote or order whose service item is gone."""
    return Note("gone", f"{error.what}: {error.why} ({error.mend})", root.get(KEY), root.get("Product Id"))


def refuse_new_roots(before: PropertySet, after: PropertySet, where: str, how: str) -> None:
    """Refuse requests on a service item that have added another one beside it.

    The added item would have lines of its own, without a link to the changed item: the next change couldn't replace
    them.

    Args:
        before: OM Asset message: the service item before the requests.
        after: the same after them, before a grown quantity becomes an item of its own.
        where: the error's where.
        how: the way in which a service item is added, for the error's mend.

    Raises:
        RootAdded: an item was added.
    """
    known = {item.get(KEY) for item in line_items(ComplexObject.of(before).header)}
    added = [item for item in line_items(ComplexObject.of(after).header) if item.get(KEY) not in known]
    if added:
        products = ", ".join(dict.fromkeys(item.get("Product Id") or "" for item in added))
        raise RootAdded(products=products, how=how, where=where)
