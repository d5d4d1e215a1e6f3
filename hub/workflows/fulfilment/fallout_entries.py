"""Fallout entries as workflows raise and resolve them, and the later orders that a failure concerns.

    Lines Failed              an order is done, and some of its lines failed
    Removal Held By Failed Lines    a bundle is to end, and stays, because a line beneath it failed to end
    Completed Below Failed    lines were completed beneath a failed one: the service profile has none of them
    Ignored by Apply          completed lines that the service profile couldn't take
    Waits For Another Order   completed lines of services, or beneath them, that the service profile doesn't have yet
    Built On Failed Lines     an open order was configured and priced on lines that will not come
    Completed After Withdrawal    lines were provisioned that the order had asked for, and doesn't ask for any more
    Completed As Replaced     lines were provisioned as a replaced revision asked; the present one asks otherwise
    Ended Before Its Start    a service was taken away on a day before its first day
    Number Of Another Service    provisioning brought a number that another service has
    Overtaken By Due Date     an order that was submitted later, and is due earlier, leaves something of it undone

Source: "Apply Completed Sales Order Line Item Process"; spec: docs/design/workflows.md, two traps of the source.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

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
from hub.workflows.state.suspended import put_beneath_suspended
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    first_instance,
    is_empty,
    items_of,
    line_items,
    message,
)
from integration_objects.names import KEY, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

LINES_FAILED = "Lines Failed"
REMOVAL_HELD = "Removal Held By Failed Lines"
BELOW_FAILED = "Completed Below Failed"
IGNORED = "Ignored by Apply"
WAITING = "Waits For Another Order"
BUILT_ON_FAILED = "Built On Failed Lines"
OVERTAKEN = "Overtaken By Due Date"
AFTER_WITHDRAWAL = "Completed After Withdrawal"
AS_REPLACED = "Completed As Replaced"
ENDED_EARLY = "Ended Before Its Start"
NUMBER_HELD = "Number Of Another Service"
#: what became of lines beneath a failed line, by action: in the network, and in the service profile
_BELOW_A_FAILED_LINE = {
    "Add": "provisioned, and not in the service profile",
    "Update": "changed, and in the service profile as before",
    "Delete": "taken away, and still in the service profile",
}
#: broken rules that a reason names
_MOST_RULES = 10


def raise_once(run: Run, order: PropertySet, cause: str, reason: str, lines: Sequence[str]) -> None:
    """Raise a fallout entry, unless the same one is open: the same cause on the same lines of the same order."""
    # Each answer of provisioning applies the order again. A lasting fault must not raise a new entry each time.
    for entry in run.fallout_of(order.get("Order Number")):
        if entry["cause"] == cause and sorted(entry["lines"]) == sorted(lines):
            return
    run.effects.raise_fallout(order, cause, reason, lines)


def below_failed_reason(lines: Sequence[PropertySet]) -> str:
    """Say what became of completed lines beneath a failed line: the service profile has none of their changes."""
    parts = []
    for action, clause in _BELOW_A_FAILED_LINE.items():
        named = [f"{described(line)} ({line.get(KEY)})" for line in lines if action_code(line) == action]
        if named:
            parts.append(f"{clause}: {', '.join(named)}")
    return f"a line above these lines failed; {'; '.join(parts)}"


def why_failed(line: PropertySet) -> str:
    """Say of a failed line, in a clause, that it failed and why."""
    return f"{described(line)} ({line.get(KEY)}) {line.get('Status')}: {line.get('Status Reason') or 'no reason given'}"


def resolve(run: Run, order: PropertySet, cause: str, how: str, lines: Iterable[str] | None = None) -> None:
    """Resolve the order's open entries of a cause.

    Args:
        run: the run.
        order: the order, in any revision.
        cause: the entries' cause.
        how: the resolution, a sentence.
        lines: resolve only entries all of whose lines are among these; None for all entries.
    """
    among = None if lines is None else set(lines)
    for entry in run.fallout_of(order.get("Order Number")):
        if entry["cause"] == cause and (among is None or among.issuperset(entry["lines"])):
            run.effects.resolve_fallout(entry["row_id"], how)


def resolve_failed(run: Run, order: PropertySet, how: str) -> None:
    """Resolve the order's open entries about lines that failed, and about bundles that these lines hold."""
    for cause in (LINES_FAILED, REMOVAL_HELD):
        resolve(run, order, cause, how)


def mark_later_orders(
    run: Run, order: PropertySet, lines: Sequence[PropertySet], clause: str, replaced_by: PropertySet | None = None
) -> None:
    """Mark the open orders for review that rely on lines which will not come.

    An order relies on them if it comes later and changes something within the same root: it was configured as a part
    of that product, and priced with it.

    Args:
        run: the run; the order's account is locked.
        order: the order whose lines they are.
        lines: the lines that will not come.
        clause: a clause about the order, as "failed in part".
        replaced_by: the revision that now stands in the order's place among the open ones.
    """
    lost = {line.get(KEY) for line in lines if action_code(line) != NO_ACTION}
    view = ComplexObject(order)
    by_root: dict[str | None, list[PropertySet]] = {}
    for item in view.items:
        if item.get(KEY) in lost:
            by_root.setdefault(view.root_of(item).get(KEY), []).append(item)
    if not by_root:
        return
    for tree in orders_after(run, replaced_by or order):
        later = first_instance(tree)
        if later.get("Order Number") == order.get("Order Number"):
            continue  # a supplement of the order itself repeats the lines that it still wants
        concerned = _changes_within(later, by_root)
        if concerned:
            roots = dict.fromkeys(root for _, root in concerned)
            named = ", ".join(
                f"{described(item)} ({item.get(KEY)}, {action_code(item)})" for root in roots for item in by_root[root]
            )
            reason = (
                f"the order {order.get('Order Number')} {clause}; this order relies on lines of it that will not come: "
            )
            raise_once(run, later, BUILT_ON_FAILED, reason + named, [key for key, _ in concerned])


def mark_orders_built_on(run: Run, supplement: PropertySet, lines: Sequence[PropertySet]) -> None:
    """Mark the open orders for review that update lines which a supplement has changed.

    These orders carry the values from before the supplement, and would bring them back.

    Args:
        run: the run; the order's account is locked.
        supplement: the supplement, submitted and stored.
        lines: its lines that ask for something else than the revision before.
    """
    changed = {item.get(KEY): item for item in lines}
    for tree in orders_after(run, supplement) if changed else ():
        later = first_instance(tree)
        if later.get("Status") != "Open":
            continue  # its Updates are rebased on the supplement when it is submitted
        concerned = [
            item.get(KEY) or ""
            for item in items_of(later)
            if item.get(KEY) in changed and action_code(item) == "Update"
        ]
        if concerned:
            named = ", ".join(f"{described(changed[key])} ({key})" for key in concerned)
            reason = (
                f"the order {supplement.get('Order Number')} was revised; this order relies on lines of it that ask "
                "for something else now: "
            )
            raise_once(run, later, BUILT_ON_FAILED, reason + named, concerned)


def mark_overtaken_orders(
    run: Run, order: PropertySet, clause: str = "was submitted later, and comes before this order by its due date"
) -> None:
    """Mark the open orders for review that an order takes something from by coming before them.

    An open order is marked when, because of *order*, Apply would now ignore one of its lines, it would leave services
    behind, it would put a service beneath a suspended one, or it would break a rule of the products. It was proven
    before *order* was there.

    Args:
        run: the run; the order's account is locked.
        order: the order, submitted and stored.
        clause: a clause about the order.
    """
    before, after = orders_around(run, order)
    # An order that isn't open yet is proven on this order when it is submitted.
    after = [later for later in after if first_instance(later).get("Status") == "Open"]
    if not after:
        return
    account_id = order.get("Account Id") or ""
    own = message(ORDER, [still_to_come(order)])
    # One profile for all of the runs of Apply, which change none of their arguments.
    asset = profile(run, account_id, keys_above([*before, own, *after]))
    if is_empty(asset):
        asset = no_profile(account_id)
    # Twice, with and without the order: the difference is what this order has done to the others.
    in_the_end_without = run.call("Apply", asset, [*before, *after])
    in_the_end = run.call("Apply", asset, [*before, own, *after])
    # Faults that are there without the order, too, were reported before.
    newly_ignored = set(in_the_end.ignored) - set(in_the_end_without.ignored)
    service_items = changed_services(order, in_the_end_without.asset, in_the_end.asset)
    broken = set(rules_broken(run, service_items))
    if broken:
        broken -= set(rules_broken(run, changed_services(order, in_the_end_without.asset, in_the_end_without.asset)))
    roots = {root.get(KEY) for root in line_items(service_items.after)}
    resting_without = _beneath_suspended(asset, in_the_end_without.asset)
    resting = _beneath_suspended(asset, in_the_end.asset)
    state = run.call("Apply", asset, [*before, own]).asset
    state_without = run.call("Apply", asset, before).asset
    for tree in after:
        later = first_instance(tree)
        ignored = [
            entry for entry in in_the_end.ignored if entry in newly_ignored and entry.order == later.get("Order Number")
        ]
        reasons = [
            f"{entry.action} of {entry.attribute or 'the line'} {entry.item}: {entry.reason}" for entry in ignored
        ]
        lines = [entry.item for entry in ignored]
        left_anyway = set(left_behind(later, state_without))
        left = [text for text in left_behind(later, state) if text not in left_anyway]
        if left:
            reasons += left
            lines += [root.get(KEY) or "" for root in line_items(later)]
        beneath = [
            item.get(KEY) or ""
            for item in items_of(later)
            if action_code(item) != NO_ACTION and item.get(KEY) in resting and item.get(KEY) not in resting_without
        ]
        reasons += [resting[key] for key in beneath]
        lines += beneath
        concerned = _changes_within(later, roots) if broken else []
        if concerned:
            reasons += sorted(map(str, broken))[:_MOST_RULES]
            lines += [key for key, _ in concerned]
        if reasons:
            reason = f"the order {order.get('Order Number')} {clause}; after it: {'; '.join(reasons)}"
            raise_once(run, later, OVERTAKEN, reason, list(dict.fromkeys(lines)))


def _beneath_suspended(before: PropertySet, after: PropertySet) -> dict[str | None, str]:
    """Describe the services that orders put beneath a suspended one, by key."""
    return {
        service.get(
            KEY
        ): f"{described(service)} ({service.get(KEY)}) stands beneath {described(above)}, which is suspended"
        for service, above in put_beneath_suspended(before, after)
    }


def _changes_within(order: PropertySet, roots: Collection[str | None]) -> list[tuple[str, str | None]]:
    """Return the keys of the lines that change something within one of these roots, each with its root's key."""
    view = ComplexObject(order)
    changes = [item for item in view.items if action_code(item) != NO_ACTION]
    keys = [(item.get(KEY) or "", view.root_of(item).get(KEY)) for item in changes]
    return [(key, root) for key, root in keys if root in roots]
