"""Review: fallout entries as workflows raise and resolve them, and the later orders that a failure leaves in the air.

    Lines Failed              an order is done, and some of its lines failed
    Completed Below Failed    lines were provisioned beneath one that failed: they run, and are in no service profile
    Ignored by Apply          completed lines that the service profile couldn't take
    Waits For Another Order   completed lines of services, or beneath them, that the service profile doesn't have yet
    Built On Failed Lines     an open order was configured and priced on a state that never came
    Overtaken By Due Date     an order that was submitted later, and is due earlier, leaves something of it undone

Source: "Apply Completed Sales Order Line Item Process"; spec: docs/design/workflows.md, the two traps of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.workflow_manager.run import Run
from hub.workflows.state.order_lookup import described
from hub.workflows.state.order_rules import changed_services, left_behind, rules_broken
from hub.workflows.state.service_profile import (
    keys_above,
    no_profile,
    orders_after,
    orders_around,
    profile,
    still_to_come,
)
from integration_objects.complex_object import (
    action_code,
    instances,
    is_empty,
    line_items,
    message,
    walk_items,
)
from integration_objects.names import KEY, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

LINES_FAILED = "Lines Failed"
BELOW_FAILED = "Completed Below Failed"
IGNORED = "Ignored by Apply"
WAITING = "Waits For Another Order"
BUILT_ON_FAILED = "Built On Failed Lines"
OVERTAKEN = "Overtaken By Due Date"
#: broken rules that a reason names
_NAMED = 10


def raise_once(run: Run, order: PropertySet, cause: str, reason: str, lines: Sequence[str]) -> None:
    """Raise a fallout entry, unless the same one is open: the same cause on the same lines of the same order."""
    for entry in run.fallout_of(order.get("Order Number")):
        if entry["cause"] == cause and sorted(entry["lines"]) == sorted(lines):
            return
    run.effects.raise_fallout(order, cause, reason, lines)


def resolve(run: Run, order: PropertySet, cause: str, how: str, lines: Iterable[str] | None = None) -> None:
    """Resolve the order's open entries of a cause.

    Args:
        run: the run.
        order: the order, in any revision.
        cause: which entries.
        how: what resolved them.
        lines: only those entries all of whose lines are among these; None for all.
    """
    among = None if lines is None else set(lines)
    for entry in run.fallout_of(order.get("Order Number")):
        if entry["cause"] == cause and (among is None or among.issuperset(entry["lines"])):
            run.effects.resolve_fallout(entry["row_id"], how)


def mark_later_orders(
    run: Run, order: PropertySet, lines: Sequence[PropertySet], what: str, replaced_by: PropertySet | None = None
) -> None:
    """Mark the open orders for review that were built on lines which never come.

    An order is built on them where it comes later and changes something within the same root: it was configured as
    a part of that product, and priced with it.

    Args:
        run: the run; the order's account is locked.
        order: the order whose lines they are, with its roots.
        lines: the lines that never come.
        what: what became of them, as "failed".
        replaced_by: the revision that now stands in the order's place among the open ones.
    """
    lost = {id(item) for item in lines if action_code(item) != NO_ACTION}
    roots: dict[int, PropertySet] = {}
    by_root: dict[str | None, list[PropertySet]] = {}
    for item, parent in walk_items(order):
        root = roots[id(item)] = item if parent is None else roots[id(parent)]
        if id(item) in lost:
            by_root.setdefault(root.get(KEY), []).append(item)
    if not by_root:
        return
    for later in orders_after(run, replaced_by or order):
        [instance] = instances(later)
        if instance.get("Order Number") == order.get("Order Number"):
            continue  # its own supplement, which says itself what it asks for
        concerned = _concerned(instance, by_root)
        if concerned:
            gone = [item for root in dict.fromkeys(root for _, root in concerned) for item in by_root[root]]
            raise_once(
                run,
                instance,
                BUILT_ON_FAILED,
                f"the order {order.get('Order Number')} {what}, and with it came never what this order was built on: "
                + ", ".join(f"{described(item)} ({item.get(KEY)}, {action_code(item)})" for item in gone),
                [item.get(KEY) or "" for item, _ in concerned],
            )


def mark_orders_built_on(run: Run, order: PropertySet, lines: Sequence[PropertySet]) -> None:
    """Mark the open orders for review that update what a supplement asks for otherwise than before.

    They carry the values that they found then, and would bring them back.

    Args:
        run: the run; the order's account is locked.
        order: the supplement, submitted and stored.
        lines: its lines that ask for something else than the revision before.
    """
    changed = {item.get(KEY): item for item in lines}
    for later in orders_after(run, order) if changed else ():
        [instance] = instances(later)
        if instance.get("Status") != "Open":
            continue  # when it is submitted, what it leaves alone follows this order
        concerned = [
            item.get(KEY) or ""
            for item, _ in walk_items(instance)
            if item.get(KEY) in changed and action_code(item) == "Update"
        ]
        if concerned:
            raise_once(
                run,
                instance,
                BUILT_ON_FAILED,
                f"the order {order.get('Order Number')} was revised, and asks for something else now than what this "
                f"order was built on: {', '.join(f'{described(changed[key])} ({key})' for key in concerned)}",
                concerned,
            )


def mark_overtaken_orders(
    run: Run, order: PropertySet, what: str = "was submitted later, and comes before this order by its due date"
) -> None:
    """Mark the open orders for review that an order takes something from by being put before them.

    They were proven on what came before them then. What of them would be ignored now, and wouldn't without the order,
    what they would leave behind, and the rules that its service items break once all are done, tell which.

    Args:
        run: the run; the order's account is locked.
        order: the order, submitted and stored.
        what: what it does now.
    """
    before, after = orders_around(run, order)
    # What isn't open yet is proven upon this order when it is submitted.
    after = [later for later in after if instances(later)[0].get("Status") == "Open"]
    if not after:
        return
    account_id = order.get("Account Id") or ""
    own = message(ORDER, [still_to_come(order)])
    asset = profile(run, account_id, keys_above([*before, own, *after]))
    if is_empty(asset):
        asset = no_profile(account_id)
    without = run.call("Apply", asset, [*before, *after])
    done = run.call("Apply", asset, [*before, own, *after])
    undone = set(done.ignored) - set(without.ignored)
    service_items = changed_services(order, without.asset, done.asset)
    broken = set(rules_broken(run, service_items))
    if broken:
        broken -= set(rules_broken(run, changed_services(order, without.asset, without.asset)))
    roots: dict[str | None, list[PropertySet]] = {root.get(KEY): [] for root in line_items(service_items.after)}
    state, state_without = (run.call("Apply", asset, [*before, *own_too]).asset for own_too in ([own], []))
    for later in after:
        [instance] = instances(later)
        number = instance.get("Order Number")
        stays = set(left_behind(instance, state_without))
        ignored = [entry for entry in done.ignored if entry in undone and entry.order == number]
        reasons = [
            f"{entry.action} of {entry.attribute or 'the line'} {entry.item}: {entry.reason}" for entry in ignored
        ]
        lines = [entry.item for entry in ignored]
        left = [text for text in left_behind(instance, state) if text not in stays]
        if left:
            reasons += left
            lines += [root.get(KEY) or "" for root in line_items(instance)]
        concerned = _concerned(instance, roots) if broken else []
        if concerned:
            reasons += sorted(map(str, broken))[:_NAMED]
            lines += [item.get(KEY) or "" for item, _ in concerned]
        if reasons:
            raise_once(
                run,
                instance,
                OVERTAKEN,
                f"the order {order.get('Order Number')} {what}; after it: {'; '.join(reasons)}",
                list(dict.fromkeys(lines)),
            )


def _concerned(
    order: PropertySet, by_root: dict[str | None, list[PropertySet]]
) -> list[tuple[PropertySet, str | None]]:
    """The lines of a later order that change something within one of these roots, each with its root's key."""
    found = []
    roots: dict[int, str | None] = {}
    for item, parent in walk_items(order):
        root = roots[id(item)] = item.get(KEY) if parent is None else roots[id(parent)]
        if root in by_root and action_code(item) != NO_ACTION:
            found.append((item, root))
    return found
