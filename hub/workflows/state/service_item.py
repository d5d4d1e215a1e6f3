"""A service item: one root of a customer's service profile, as it is requested so far.

Source: "Modify Asset Sub-process", steps 1 and 2; "Disconnect Products and Services Process"; spec:
docs/design/workflows.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.configurator.requests import RemoveItem, Request
from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.service_profile import INACTIVE, open_orders, requested_state
from integration_objects.complex_object import (
    action_code,
    empty,
    instances,
    line_items,
    message,
    put_list,
    walk_items,
)
from integration_objects.errors import Refused
from integration_objects.names import ASSET, KEY, LINE_ITEM
from integration_objects.property_set import PropertySet


class ServiceItemUnknown(Refused):
    """The account has no such service item, and none is on order."""


class ServiceItemDisconnected(Refused):
    """The service item was disconnected, and is history."""


class DisconnectRequested(Refused):
    """A request has already been made to disconnect this service item."""


class NotARoot(Refused):
    """The item is a component of a service item, not the service item itself."""


class RootAdded(Refused):
    """Requests on a service item add another one beside it."""


#: What `why_empty` tells of a service item that is not among the roots of what is requested.
GONE = (DisconnectRequested, ServiceItemDisconnected, NotARoot, ServiceItemUnknown)


def requested_item(run: Run, account_id: str, root: str) -> PropertySet:
    """The requested state of one service item: an OM Asset message with this root only.

    Args:
        run: the run.
        account_id: the account.
        root: the root item's Integration Id.

    Raises:
        DisconnectRequested: an open or pending order disconnects it: its requested state is empty.
        ServiceItemDisconnected: it is Inactive.
        NotARoot: the key is that of a component.
        ServiceItemUnknown: the account has nothing of this key.

    Source: "Modify Asset Sub-process", steps 1 and 2.
    """
    state = requested_state(run, account_id)
    found = item_of(state, root)
    if found is None:
        raise why_empty(run, account_id, root, state)
    return found


def item_of(state: PropertySet, root: str) -> PropertySet | None:
    """The object with nothing but the root item *root*; None where it isn't among the roots."""
    for instance in instances(state):
        for item in line_items(instance):
            if item.get(KEY) == root:
                return with_roots(instance, [item], ASSET)
    return None


def with_roots(header: PropertySet, roots: list[PropertySet], name: str) -> PropertySet:
    """A message of *name* with the header's fields and these root items; an empty one for no items."""
    if not roots:
        return empty(name)
    node = header.copy_node()
    put_list(node, LINE_ITEM).extend(roots)
    return message(name, [node])


def why_empty(run: Run, account_id: str, root: str, state: PropertySet, but_not: str | None = None) -> Refused:
    """Why a service item isn't among the roots of its account's requested state: the error to be raised.

    Args:
        run: the run.
        account_id: the account.
        root: the service item's Integration Id.
        state: the requested state, in which it isn't a root.
        but_not: the Row Id of an order that isn't to be asked: the one that is edited.
    """
    where = f"account '{account_id}', line item '{root}'"
    for order in open_orders(run, account_id, frozenset({but_not or ""})):
        for instance in instances(order):
            for item, _ in walk_items(instance):
                if item.get(KEY) == root and action_code(item) == "Delete":
                    return DisconnectRequested(
                        f"a request has already been made to disconnect the service item '{root}'",
                        where=where,
                        why=f"the order {instance.get('Order Number')} disconnects it, and is {instance.get('Status')}",
                        mend="cancel or revise that order, or leave the service item alone",
                    )
    for item, above in _pairs(state):
        if item.get(KEY) == root:
            return NotARoot(
                f"the item '{root}' is a component of a service item",
                where=where,
                why=f"it is part of the service item '{above}'",
                mend=f"name the service item, root={above}, and the component in the requests",
            )
    for instance in instances(run.query(ASSET, {"Account Id": account_id})):
        for item, _ in walk_items(instance):
            if item.get(KEY) == root and item.get("Status") == INACTIVE:
                return ServiceItemDisconnected(
                    f"the service item '{root}' is disconnected",
                    where=where,
                    why="its status is Inactive: it is history",
                    mend="order the product anew (new-products-and-services)",
                )
    return ServiceItemUnknown(
        f"the account '{account_id}' has no service item '{root}'",
        where=where,
        why="neither its service profile nor an open order has an item of this Integration Id",
        mend=f"mend the Integration Id: `orderhub show 'OM Asset' {account_id}` has them",
    )


def to_be_taken_off(error: Refused, workflow: str, document: str) -> Refused:
    """The error of `why_empty`, whose mend says, too, how a document gets rid of the lines. Changes *error*.

    Args:
        error: one of `GONE`.
        workflow: the command that edits the document.
        document: "quote" or "order".
    """
    error.mend = f"{error.mend}; {workflow} with the request to remove it takes it off the {document}"
    return error


def takes_off(requests: Sequence[Request], root: PropertySet) -> bool:
    """Whether a batch is the single request to remove the root: all that can be done with one that is gone."""
    return list(requests) == [RemoveItem(root.get(KEY) or "")]


def gone_note(error: Refused, root: PropertySet) -> Note:
    """What there is to tell of a root of a quote or order whose service item is gone."""
    return Note("gone", f"{error.what}: {error.why} ({error.mend})", root.get(KEY), root.get("Product Id"))


def refuse_new_roots(before: PropertySet, after: PropertySet, where: str, how: str) -> None:
    """Refuse requests on a service item that have added another one beside it.

    It would have lines of its own, which nothing links to the item: the next change couldn't replace them.

    Args:
        before: OM Asset message: the service item before the requests.
        after: the same after them, before a grown quantity is told from the rest.
        where: what was to be changed.
        how: how a service item is added here.

    Raises:
        RootAdded: there is one.
    """
    known = {item.get(KEY) for instance in instances(before) for item in line_items(instance)}
    added = [item for instance in instances(after) for item in line_items(instance) if item.get(KEY) not in known]
    if added:
        named = ", ".join(dict.fromkeys(item.get("Product Id") or "" for item in added))
        raise RootAdded(
            "the requests add a service item beside the one that is changed",
            where=where,
            why=f"{named} would be a root of its own, which a further change of this one couldn't replace",
            mend=f"add it {how}, or have more of this one by a larger Quantity",
        )


def _pairs(state: PropertySet) -> list[tuple[PropertySet, str | None]]:
    """Each component with the key of its root."""
    found: list[tuple[PropertySet, str | None]] = []
    for instance in instances(state):
        roots: dict[int, str | None] = {}
        for item, parent in walk_items(instance):
            roots[id(item)] = item.get(KEY) if parent is None else roots[id(parent)]
            if parent is not None:
                found.append((item, roots[id(item)]))
    return found
