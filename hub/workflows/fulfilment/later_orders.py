"""Later orders that are marked for review, because an order before them isn't what they relied on any more.

    mark_later_orders       lines of an order failed, were cancelled, or were dropped by a supplement
    mark_orders_built_on    a supplement asks for something else
    mark_overtaken_orders   an order was submitted later, and comes before them by its due date

The states with and without the lines are compared. An order that does all that it asks for in both, and carries no
value that came from the lines, isn't marked: nobody has to look at it.

Source: "Apply Completed Sales Order Line Item Process"; spec: docs/design/workflows.md, two traps of the source.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.fallout_entries import BUILT_ON_FAILED, OVERTAKEN, raise_once
from hub.workflows.state.order_lookup import described
from hub.workflows.state.order_rules import changed_services, left_behind, rules_broken, statuses_refused
from hub.workflows.state.rebase import outdated_lines
from hub.workflows.state.service_profile import (
    in_sequence,
    keys_above,
    no_profile,
    orders_after,
    orders_around,
    orders_before,
    profile,
    requested_state,
    rows_of_making,
    still_to_come,
)
from hub.workflows.state.suspended import put_beneath_suspended
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    attributes,
    first_instance,
    is_empty,
    items_of,
    line_items,
    message,
)
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

#: broken rules that a reason names
_MOST_RULES = 10


@dataclass
class _Harm:
    """What an order can't do any more: reasons, and the keys of its lines that they are about."""

    reasons: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def mark_later_orders(
    run: Run, order: PropertySet, lines: Sequence[PropertySet], clause: str, replaced_by: PropertySet | None = None
) -> None:
    """Mark the open orders for review that rely on lines which will not come.

    An order relies on them if it comes later, and
    - without them a part of it would be left undone, or a rule of the products would be broken, or
    - it carries a value that a lost line was to bring, and that it leaves alone, or
    - it was made after their order, within a root of which a lost line adds, removes or reconfigures a component: it
      was priced with that.

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
    before, after = orders_around(run, replaced_by or order) if by_root else ([], [])
    # A supplement of the order itself repeats the lines that it still wants.
    after = [tree for tree in after if first_instance(tree).get("Order Number") != order.get("Order Number")]
    if not any(_changes_within(first_instance(tree), by_root) for tree in after):
        return
    as_it_was = message(ORDER, [_with_lines(order, lost)])
    as_it_is = message(ORDER, [still_to_come(replaced_by or order)])
    # A mark is worth no question to another system, which may be away while provisioning's answer is worked on.
    with_rules = not run.configurator.is_external
    harmed = _harm(run, order, (before, after), [as_it_was], [as_it_is], with_rules)
    reshaped = {root for root, items in by_root.items() if any(map(_reshapes, items))}
    made, *rows = rows_of_making(run, [order, *map(first_instance, after)])
    for number, tree in enumerate(after):
        later = first_instance(tree)
        concerned = _changes_within(later, by_root)
        if not concerned:
            continue
        was_priced_with_them = rows[number] > made and any(root in reshaped for _, root in concerned)
        if not (was_priced_with_them or later.get("Order Number") in harmed):
            sooner = [*before, as_it_is, *after[:number]]
            if not _misses_a_value(run, later, lost, [*before, as_it_was, *after[:number]], sooner):
                continue
        roots = dict.fromkeys(root for _, root in concerned)
        named = ", ".join(
            f"{described(item)} ({item.get(KEY)}, {action_code(item)})" for root in roots for item in by_root[root]
        )
        reason = (
            f"the order {order.get('Order Number')} {clause}; this order relies on lines of it that will not come: "
        )
        raise_once(run, later, BUILT_ON_FAILED, reason + named, [key for key, _ in concerned])


def _with_lines(order: PropertySet, lost: Collection[str | None]) -> PropertySet:
    """Copy an order with what is still to come of it as if the lost lines were still open."""
    copy = order.copy()
    for item in items_of(copy):
        if item.get(KEY) in lost:
            item.properties["Status"] = "Open"
    return still_to_come(copy)


def _reshapes(line: PropertySet) -> bool:
    """Tell whether a line adds, removes or reconfigures a component; another field of one is nobody else's concern."""
    return action_code(line) != "Update" or any(action_code(value) != NO_ACTION for value in attributes(line))


def _misses_a_value(
    run: Run,
    later: PropertySet,
    lost: Collection[str | None],
    former: Sequence[PropertySet],
    present: Sequence[PropertySet],
) -> bool:
    """Tell whether an open order carries values, or changes a status, that only the lost lines were to bring.

    *former* and *present* are the orders before it, with the lost lines and without them.
    """
    # An order that isn't open yet is proven, and gets the present values, when it is submitted.
    if later.get("Status") != "Open":
        return False
    account_id = later.get("Account Id") or ""
    asset = profile(run, account_id, keys_above([*former, message(ORDER, [later])]))
    state = run.call("Apply", asset, in_sequence(run, account_id, present)).asset
    if any(key in lost for key in _outdated(run, later, state)):
        return True
    refused = _keys_refused(later, state) & set(lost)
    if not refused:
        return False
    state = run.call("Apply", asset, in_sequence(run, account_id, former)).asset
    return bool(refused - _keys_refused(later, state))


def _keys_refused(order: PropertySet, state: PropertySet) -> set[str | None]:
    """Return the keys of the services whose changes of a status can't be made in a state."""
    return {error.objects["item"].get(KEY) for error in statuses_refused(line_items(order), state)}


def _outdated(run: Run, order: PropertySet, state: PropertySet) -> list[str]:
    """Return the keys of an open order's lines that carry values which their services don't have in the state."""
    # Read once more: an open order, as Apply takes it, carries no field that it leaves alone.
    stored = first_instance(run.query(ORDER, {"Row Id": order.get("Row Id")}))
    component = run.definitions[ORDER].root.children[LINE_ITEM]
    return [line.get(KEY) or "" for line in outdated_lines(component, stored, state)]


def mark_orders_built_on(run: Run, supplement: PropertySet, lines: Sequence[PropertySet]) -> None:
    """Mark the open orders for review that carry values from before a supplement, and would bring them back.

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
        concerned = []
        if any(item.get(KEY) in changed and action_code(item) == "Update" for item in items_of(later)):
            state = requested_state(run, later.get("Account Id") or "", orders=orders_before(run, later))
            concerned = [key for key in _outdated(run, later, state) if key in changed]
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

    They were proven before *order* was there.

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
    harmed = _harm(run, order, (before, after), [], [message(ORDER, [still_to_come(order)])])
    for tree in after:
        later = first_instance(tree)
        harm = harmed.get(later.get("Order Number"))
        if harm is not None:
            reason = f"the order {order.get('Order Number')} {clause}; after it: {'; '.join(harm.reasons)}"
            raise_once(run, later, OVERTAKEN, reason, list(dict.fromkeys(harm.lines)))


def _harm(
    run: Run,
    order: PropertySet,
    around: tuple[Sequence[PropertySet], Sequence[PropertySet]],
    former: Sequence[PropertySet],
    present: Sequence[PropertySet],
    with_rules: bool = True,
) -> dict[str | None, _Harm]:
    """Find what becomes of later orders, by Order Number, if an order is another one than it was.

    An order is harmed if Apply would now ignore one of its lines, it would leave services behind, it would put a
    service beneath a suspended one, or it would break a rule of the products.

    Args:
        run: the run.
        order: the order, whose lines say which service items are looked at.
        around: the open orders before it, and those after it.
        former: the order as it was, as Apply takes it; empty where it wasn't there.
        present: likewise, as it is.
        with_rules: whether the products' rules are looked at.
    """
    before, after = around
    account_id = order.get("Account Id") or ""
    # One profile for all of the runs of Apply, which change none of their arguments.
    asset = profile(run, account_id, keys_above([*before, *former, *present, *after]))
    if is_empty(asset):
        asset = no_profile(account_id)
    # Twice: the difference is what the order has done to the others.
    end_before = run.call("Apply", asset, [*before, *former, *after])
    end = run.call("Apply", asset, [*before, *present, *after])
    # Faults that were there before were reported then.
    newly_ignored = set(end.ignored) - set(end_before.ignored)
    service_items = changed_services(order, end_before.asset, end.asset)
    broken = set(rules_broken(run, service_items)) if with_rules else set()
    if broken:
        broken -= set(rules_broken(run, changed_services(order, end_before.asset, end_before.asset)))
    roots = {root.get(KEY) for root in line_items(service_items.after)}
    resting_before, resting = _beneath_suspended(asset, end_before.asset), _beneath_suspended(asset, end.asset)
    state_before = run.call("Apply", asset, [*before, *former]).asset
    state = run.call("Apply", asset, [*before, *present]).asset
    harmed = {}
    for tree in after:
        later, harm = first_instance(tree), _Harm()
        lines = ComplexObject(later).keyed
        for entry in end.ignored:
            if entry in newly_ignored and entry.order == later.get("Order Number"):
                line = f"{described(lines[entry.item])} ({entry.item})" if entry.item in lines else entry.item
                part = f"{entry.attribute} of {line}" if entry.attribute else line
                harm.reasons.append(f"{entry.action} of {part}: {entry.reason}")
                harm.lines.append(entry.item)
        left_anyway = set(left_behind(later, state_before))
        left = [text for text in left_behind(later, state) if text not in left_anyway]
        if left:
            harm.reasons += left
            harm.lines += [root.get(KEY) or "" for root in line_items(later)]
        beneath = [
            item.get(KEY) or ""
            for item in items_of(later)
            if action_code(item) != NO_ACTION and item.get(KEY) in resting and item.get(KEY) not in resting_before
        ]
        harm.reasons += [resting[key] for key in beneath]
        harm.lines += beneath
        concerned = _changes_within(later, roots) if broken else []
        if concerned:
            harm.reasons += sorted(rule.sentence for rule in broken)[:_MOST_RULES]
            harm.lines += [key for key, _ in concerned]
        if harm.reasons:
            harmed[later.get("Order Number")] = harm
    return harmed


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
