"""Fulfilment: work orders out, provisioning's answers in, billing told, the service profile brought up to date.

Source: "Order synchronization", "Apply Completed Sales Order Line Item Process", "Submit Order Process";
spec: docs/design/road.md "Out and back", docs/design/workflows.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from hub.services.apply import ABSENT, Ignored
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.reply import order_reply
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment import fallout_entries as review
from hub.workflows.fulfilment.profile_history import write_history
from hub.workflows.orders.supplements import pass_on
from hub.workflows.state.milestones import MILESTONE, reach
from hub.workflows.state.order_lookup import in_force
from hub.workflows.state.rebase import leave_alone
from hub.workflows.state.service_id import service_ids
from hub.workflows.state.service_profile import (
    OPEN_HEADERS,
    changed_items,
    in_sequence,
    keys_above,
    make_no_action,
    no_profile,
    profile,
)
from hub.workflows.state.statuses import FAILED, StatusChangeRefused, check_change
from integration_objects.complex_object import (
    action_code,
    attributes,
    instances,
    is_empty,
    is_tracked,
    line_items,
    message,
    put_list,
    walk_items,
)
from integration_objects.errors import Refused, Waiting
from integration_objects.field_values import read_date, read_number
from integration_objects.names import ASSET, ATTRIBUTE, KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

WORK_ORDER = "OM Work Order"
STATUS = "OM Work Order Status"
BILLING_EVENT = "OM Billing Event"
#: how fallout entries of lines end that had to wait
_IN_PROFILE = "the lines are in the service profile now"
_NOT_TAKEN = "the service profile can't take the lines any more: see Ignored by Apply"
#: whose lines may still come, though their order isn't open
_MAY_COME = (review.LINES_FAILED, review.BELOW_FAILED, review.WAITING)


class WorkOrderUnknown(Refused):
    """A status names a work order that the hub never sent."""


class WorkOrderRevisionUnknown(Refused):
    """A status answers a revision of a work order that the hub never sent."""


class OneStatusAMessage(Refused):
    """A message carries no status, or several, or one that names neither order nor lines."""


class LineUnknown(Refused):
    """A status names a line that its work order doesn't ask anything of."""


class NotFullyExploded(Refused):
    """A completed line still stands for several services."""


# Out: decomposition


def complete_unassigned_lines(run: Run, order: PropertySet) -> list[PropertySet]:
    """Give every line its fulfilment system; complete the lines that no system provides. Changes *order*.

    The system is the product's, else the nearest ancestor's.

    Returns:
        The lines that became Complete now.
    """
    done = []
    for item, parent in walk_items(order):
        system = item.get("Fulfilment System") or (parent.get("Fulfilment System") if parent is not None else None)
        item.properties["Fulfilment System"] = system
        if system is None and item.get("Status") == "Open" and action_code(item) != NO_ACTION:
            item.properties["Status"] = "Complete"
            item.properties["Completed Date"] = run.now()
            done.append(item)
    return done


def send_work_orders(run: Run, order: PropertySet, again: bool = False) -> None:
    """Decompose an open order: one work order for each fulfilment system, stored and emitted.

    A revision replaces the whole work order of each system that had one, even where nothing is left for it to do.

    Args:
        run: the run.
        order: the order's instance; of a cancelled one no line is left to be asked for.
        again: whether work orders of this order may have been sent before.

    Source: "decompose orders into multiple work orders"; spec: docs/design/road.md "Out and back".
    """
    number = order.get("Order Number") or ""
    former: dict[str, PropertySet] = {}
    if again:
        former = {
            work_order.get("Fulfilment System") or "": work_order
            for work_order in instances(run.query(WORK_ORDER, {"Order Number": number}))
        }
    # A supplement made in the hub has no source of its own, and provisioning may know the order by its sender's number.
    source = next(iter(former.values()), order)
    needed = [item.get("Fulfilment System") or "" for item, _ in walk_items(order) if _is_asked(item)]
    told = service_ids(
        run,
        [item for item, _ in walk_items(order)],
        lambda item: item.get("Due Date") or order.get("Due Date") or run.now(),
    )
    for system in dict.fromkeys([*former, *needed]):
        before = former.get(system)
        if before is None:
            former[system] = PropertySet()  # counts on the numbers of this order's work orders
            work_order = _work_order(run, order, system, f"{number}-{len(former)}", 1, source, told)
            run.effects.insert(message(WORK_ORDER, [work_order]), fresh=True)
        elif before.get("Status") == "Open" or system in needed:
            revision = int(read_number(before.get("Revision") or "1")) + 1
            work_order = _work_order(run, order, system, before.get("Work Order Number") or "", revision, source, told)
            run.effects.synchronize(message(WORK_ORDER, [work_order]))
        else:
            continue  # nothing was left for it to do, and nothing is now
        run.effects.emit(WORK_ORDER, message(WORK_ORDER, [work_order]), for_system=system)


def _is_asked(item: PropertySet) -> bool:
    return item.get("Status") == "Open" and action_code(item) != NO_ACTION


def _work_order(
    run: Run,
    order: PropertySet,
    system: str,
    number: str,
    revision: int,
    source: PropertySet,
    told: Mapping[int, str],
) -> PropertySet:
    """The lines that *system* is asked to provide, under their ancestors as `-`.

    *source* has the sender's number of the order, *told* are joined service ids.
    """
    work_order = PropertySet(
        "Work Order",
        properties={
            "Work Order Number": number,
            "Revision": str(revision),
            "Order Number": order.get("Order Number"),
            "Order Revision": order.get("Revision"),
            "Source System": source.get("Source System"),
            "Source Order Number": source.get("Source Order Number"),
            "Account Id": order.get("Account Id"),
            "Fulfilment System": system,
            "Due Date": order.get("Due Date"),
            "Currency Code": order.get("Currency Code"),
        },
    )
    component = run.definitions[WORK_ORDER].root.children[LINE_ITEM]
    carried = [name for name in component.fields if name not in ("Row Id", "Parent Item Id", "Status Time")]
    pairs = list(walk_items(order))
    kept: set[int] = set()
    for item, parent in reversed(pairs):
        if id(item) in kept or (_is_asked(item) and item.get("Fulfilment System") == system):
            kept.add(id(item))
            if parent is not None:
                kept.add(id(parent))
    twins: dict[int, PropertySet] = {}
    for item, parent in pairs:
        if id(item) not in kept:
            continue
        line = PropertySet(
            LINE_ITEM, properties={name: item.properties[name] for name in carried if name in item.properties}
        )
        if id(item) in told:
            line.properties["Service Id"] = told[id(item)]
        for attribute in attributes(item):
            put_list(line, ATTRIBUTE).append(attribute.copy_node())
            attributes(line)[-1].properties.pop("Row Id", None)
        if not (_is_asked(item) and item.get("Fulfilment System") == system):
            make_no_action(line)
            line.properties["Status"] = NO_ACTION
        twins[id(item)] = line
        put_list(work_order if parent is None else twins[id(parent)], LINE_ITEM).append(line)
    put_list(work_order, LINE_ITEM)
    work_order.properties["Status"] = "Open" if twins else "Cancelled"
    return work_order


# Back: order synchronization


def accounts_of_status(run: Run, tree: PropertySet) -> set[str]:
    """The account whose order a status answers; none where the order is unknown."""
    accounts = set()
    for status in instances(tree):
        for work_order in _answered(run, status):
            account = work_order.get("Account Id")
            if account:
                accounts.add(account)
    return accounts


def synchronize_order(run: Run, tree: PropertySet) -> Outcome:
    """Take in provisioning's answer: line statuses, processed flags, billing event, service profile.

    Lines that aren't named keep their status; a line that was last set by a later time keeps its status.

    Args:
        run: the run; the order's account is locked.
        tree: an OM Work Order Status message with one instance. Not changed.

    Raises:
        WorkOrderUnknown, WorkOrderRevisionUnknown, LineUnknown, StatusChangeRefused: refused, nothing is stored.
        Waiting: the sender's order isn't there yet.

    Source: "Order synchronization"; spec: docs/design/road.md "Out and back".
    """
    status = _one_status(tree)
    work_orders = _answered(run, status)
    if not work_orders:
        _unknown(run, status)
    run.effects.lock_accounts({work_order.get("Account Id") or "" for work_order in work_orders})
    active = _active_order(run, work_orders[0])
    order = in_force(run, active)
    if _is_superseded(status, work_orders):
        return Outcome("filtered", order_reply(order), why="the status answers a revision that has been replaced")

    changed = _take_statuses(run, status, work_orders, order)
    if not changed:
        return Outcome("filtered", order_reply(order), why="the status changes no line")
    for work_order in work_orders:
        _close_work_order(work_order)
        run.effects.update(message(WORK_ORDER, [work_order]))
    done = [item for item in changed if item.get("Status") == "Complete"]
    take_completed_lines(run, order, done)
    if active is not order:
        pass_on(run, active, changed)  # behind it: what was applied is so in the supplement, too
    failed = [item for item in changed if item.get("Status") in FAILED]
    if failed:
        review.mark_later_orders(run, order, failed, "failed in part")
    return Outcome("done", order_reply(order, [(item.get("Source Reference"), item.get(KEY)) for item in changed]))


def _one_status(tree: PropertySet) -> PropertySet:
    statuses = instances(tree)
    if len(statuses) != 1 or not line_items(statuses[0]):
        raise OneStatusAMessage(
            "the message must carry one status with at least one line",
            why=f"it carries {len(statuses)}" + (" without lines" if len(statuses) == 1 else ""),
            mend="send each work order's status in a message of its own, with the lines that changed",
        )
    status = statuses[0]
    if status.get("Work Order Number") is None and (
        status.get("Source System") is None or status.get("Source Order Number") is None
    ):
        raise OneStatusAMessage(
            "the status doesn't say which order it is about",
            why="it has neither a Work Order Number nor a Source System with a Source Order Number",
            mend="send the number of the work order that it answers",
        )
    return status


def _answered(run: Run, status: PropertySet) -> list[PropertySet]:
    """The work orders that a status answers: one by the hub's number, else all of the sender's order."""
    number = status.get("Work Order Number")
    if number is not None:
        example = {"Work Order Number": number}
    else:
        example = {
            "Source System": status.get("Source System") or "",
            "Source Order Number": status.get("Source Order Number") or "",
        }
    return list(instances(run.query(WORK_ORDER, example)))


def _unknown(run: Run, status: PropertySet) -> None:
    number = status.get("Work Order Number")
    if number is not None:
        raise WorkOrderUnknown(
            f"the work order '{number}' is unknown",
            where="Work Order Status, Work Order Number",
            why="the hub never sent a work order of this number",
            mend="answer with the number of the work order, as it was sent",
        )
    system, source_number = status.get("Source System"), status.get("Source Order Number")
    if run.headers(ORDER, {"Source System": system, "Source Order Number": source_number}):
        raise WorkOrderUnknown(
            f"the order {system}/{source_number} has no work order",
            where="Work Order Status, Source Order Number",
            why="no system was asked to do anything for it",
            mend="answer the work orders that were sent, and no others",
        )
    raise Waiting(
        f"the status came before its order {system}/{source_number}",
        waits_for=f"order {system}/{source_number}",
        why="no order of this number has been taken in yet",
        mend="nothing, where the order is on its way; else send it",
    )


def _active_order(run: Run, work_order: PropertySet) -> PropertySet:
    found = instances(run.query(ORDER, {"Order Number": work_order.get("Order Number"), "Active Flag": "Y"}))
    return found[0]


def _is_superseded(status: PropertySet, work_orders: Sequence[PropertySet]) -> bool:
    text = status.get("Revision")
    if text is None:
        return False
    revision = read_number(text)
    named = {line.get(KEY) for line in line_items(status)}
    concerned = [one for one in work_orders if any(line.get(KEY) in named for line, _ in walk_items(one))]
    newest = max(read_number(one.get("Revision") or "1") for one in concerned or work_orders)
    if revision > newest:
        raise WorkOrderRevisionUnknown(
            f"the status answers revision {revision} of the work order {work_orders[0].get('Work Order Number')}",
            where="Work Order Status, Revision",
            why=f"the newest revision that was sent is {newest}",
            mend="answer with the revision of the work order, as it was sent",
        )
    return revision < newest


def _nothing_asked(key: str | None, asked: Collection[str | None]) -> LineUnknown:
    """The error of an answer about a line that is none of the work order's."""
    if not asked:
        return LineUnknown(
            "the work order asks nothing any more",
            where="Work Order Status, Work Order Number",
            why="it was withdrawn, or a later revision asks nothing of this system",
            mend="answer the work order that asks for the lines now, if there is one; else there is nothing to do",
        )
    return LineUnknown(
        f"the work order asks nothing of the line '{key}'",
        where=f"Work Order Status, line {key}",
        why="its lines are " + ", ".join(str(known) for known in asked),
        mend="answer with the Integration Ids of the work order's lines that have an action",
    )


def _take_statuses(
    run: Run, status: PropertySet, work_orders: Iterable[PropertySet], order: PropertySet
) -> list[PropertySet]:
    """Set the lines' statuses and milestones on the order and its work orders, in place.

    Returns:
        The order lines that changed.
    """
    asked = {
        line.get(KEY): line
        for work_order in work_orders
        for line, _ in walk_items(work_order)
        if action_code(line) != NO_ACTION
    }
    lines = {item.get(KEY): item for item, _ in walk_items(order)}
    time = status.get("Status Time") or run.now()
    changed = []
    reached: list[tuple[PropertySet, str]] = []
    for answer in line_items(status):
        key = answer.get(KEY)
        line, item = asked.get(key), lines.get(key)
        if line is None or item is None:
            raise _nothing_asked(key, asked)
        new = answer.get("Status") or ""
        last = line.get("Status Time")
        late = last is not None and read_date(time) < read_date(last)
        milestone = answer.get("Milestone")
        if milestone is not None:
            reached.append((item, milestone))  # a line that got there has been there, however late we hear of it
        if not late and milestone not in (None, item.get(MILESTONE)):
            item.properties[MILESTONE] = milestone
            line.properties["Status Time"] = time
            changed.append(item)
        if late or new == item.get("Status"):
            continue
        if new == "Open":
            raise StatusChangeRefused(
                f"the order line {key} of the order {order.get('Order Number')} can't become Open",
                where=f"Work Order Status, line {key}",
                why=f"it is {item.get('Status')}, and only its fallout entry opens a line again",
                mend="answer the work order that follows when the line is tried again",
            )
        try:
            check_change("order line", f"{key} of the order {order.get('Order Number')}", item.get("Status"), new)
        except StatusChangeRefused as refused:
            raise refused.at(f"Work Order Status, line {key}") from None
        for node in (line, item):
            node.properties["Status"] = new
            if new == "Complete":
                node.properties["Completed Date"] = answer.get("Completed Date") or time
            if answer.get("Service Id") is not None:
                node.properties["Service Id"] = answer.get("Service Id")
        line.properties["Status Time"] = time
        item.properties["Status Reason"] = answer.get("Reason")
        changed.append(item)
    changed += reach(run, reached)
    return list({id(item): item for item in changed}.values())


def _close_work_order(work_order: PropertySet) -> None:
    asked = [line.get("Status") for line, _ in walk_items(work_order) if action_code(line) != NO_ACTION]
    if "Open" not in asked:
        work_order.properties["Status"] = "Failed" if FAILED & set(asked) else "Complete"


# The completed lines


def take_completed_lines(run: Run, order: PropertySet, done: Sequence[PropertySet]) -> None:
    """Tell billing what was completed, set the processed flags, close the order, bring the profile up to date.

    Where another system keeps the service profiles (setting `service_profile`), they are left to it.

    Args:
        run: the run.
        order: the stored order's instance, with its new statuses. Changed in place, and written.
        done: its lines that became Complete with this message.
    """
    tree = message(ORDER, [order])
    if done:
        run.effects.emit(BILLING_EVENT, _billing_event(run, tree, done))
    flag_processed(run, order)
    _close_order(run, order)
    if run.runtime.keeps_profiles:
        apply_completed(run, order, {item.get(KEY) for item in done})
    run.effects.update(message(ORDER, [order]))
    if done:
        _apply_waiting(run, order)


def _apply_waiting(run: Run, order: PropertySet) -> None:
    """Apply what of other orders was complete before the services that it changes were in the profile."""
    for number in _orders_with(run, order, [review.WAITING]):
        [active] = instances(run.query(ORDER, {"Order Number": number, "Active Flag": "Y"}))
        other = in_force(run, active)
        apply_completed(run, other)
        run.effects.update(message(ORDER, [other]))


def flag_processed(run: Run, order: PropertySet) -> None:
    """Set the Order Item Processed Flag of each root, in place."""
    flagged = instances(run.call("Update Order Status", message(ORDER, [order])))[0]
    for root, twin in zip(line_items(order), line_items(flagged), strict=True):
        root.properties["Order Item Processed Flag"] = twin.get("Order Item Processed Flag")


def _billing_event(run: Run, tree: PropertySet, done: Sequence[PropertySet]) -> PropertySet:
    """The event Lines Completed. It is made before Trim, which drops just the one-time fees that billing wants."""
    order = instances(tree)[0]
    dated = run.call("Set Effectivity Dates", tree, completed=run.now())
    calculated = {item.get(KEY): item for item, _ in walk_items(instances(dated)[0])}
    event = PropertySet(
        "Billing Event",
        properties={
            "Event Id": run.new_id(),
            "Event Type": "Lines Completed",
            "Event Time": run.now(),
            "Order Number": order.get("Order Number"),
            "Order Revision": order.get("Revision"),
            "Account Id": order.get("Account Id"),
            "Billing Account Id": order.get("Billing Account Id"),
            "Currency Code": order.get("Currency Code"),
        },
    )
    fields = run.definitions[BILLING_EVENT].root.children[LINE_ITEM].fields
    told = service_ids(run, done, lambda item: item.get("Completed Date") or run.now())
    for item in done:
        line = PropertySet(
            LINE_ITEM, properties={name: item.properties[name] for name in fields if name in item.properties}
        )
        dates = calculated[item.get(KEY)]
        if id(item) in told:
            line.properties["Service Id"] = told[id(item)]
        line.properties["Price"] = item.get("Adjusted Price")
        line.properties["Effective Start Date"] = dates.get("Calculated Effective Start Date")
        line.properties["Effective End Date"] = dates.get("Calculated Effective End Date")
        put_list(event, LINE_ITEM).append(line)
    return message(BILLING_EVENT, [event])


def _close_order(run: Run, order: PropertySet) -> None:
    """Complete or Failed, once all roots are processed; a failure leaves a fallout entry that says which lines."""
    if order.get("Status") != "Open" or not _is_processed(order):
        return
    failed = [item for item, _ in walk_items(order) if item.get("Status") in FAILED]
    new = "Failed" if failed else "Complete"
    check_change("order", order.get("Order Number") or "", order.get("Status"), new)
    order.properties["Status"] = new
    if not failed:
        order.properties["Completed Date"] = run.now()
        return
    said = "; ".join(
        f"{item.get(KEY)} {item.get('Status')}: {item.get('Status Reason') or 'no reason given'}" for item in failed
    )
    review.raise_once(run, order, review.LINES_FAILED, said, [item.get(KEY) or "" for item in failed])
    hidden = _completed_below_failed(order)
    if hidden:
        review.raise_once(
            run,
            order,
            review.BELOW_FAILED,
            "these lines were provisioned, but a line above them failed, so they are not in the service profile",
            [item.get(KEY) or "" for item in hidden],
        )


def _is_processed(order: PropertySet) -> bool:
    return all(root.get("Order Item Processed Flag") == "Y" for root in line_items(order))


def has_news(order: PropertySet) -> bool:
    """Whether an order that was opened just now has completed lines to apply, or nothing to be done at all."""
    statuses = [(item.get("Status"), item.get("Applied Date")) for item, _ in walk_items(order)]
    return ("Complete", None) in statuses or not any(status == "Open" for status, _ in statuses)


def _completed_below_failed(order: PropertySet) -> list[PropertySet]:
    below: set[int] = set()
    found = []
    for item, parent in walk_items(order):
        if parent is not None and (id(parent) in below or parent.get("Status") in FAILED):
            below.add(id(item))
            if (
                item.get("Status") == "Complete"
                and item.get("Applied Date") is None
                and action_code(item) != NO_ACTION
                and is_tracked(item)
            ):
                found.append(item)
    return found


def apply_completed(run: Run, order: PropertySet, just_done: Collection[str | None] = ()) -> None:
    """Apply an order's completed lines to the service profile. Running it twice changes nothing the second time.

    Args:
        run: the run; the order's account is locked.
        order: an instance of OM Order. The lines that are applied get their Applied Date, in place.
        just_done: the keys of the lines that became complete with this message; others may have waited beneath a
            line that failed, or for another order, which completes later. These wait on.

    Raises:
        NotFullyExploded: a completed line stands for several services.

    Source: "Apply Completed Sales Order Line Item Process", steps 1 to 9.
    """
    account_id = order.get("Account Id") or ""
    waiting = order.copy()
    for item, _ in walk_items(waiting):
        if item.get("Applied Date") is not None:
            make_no_action(item)
    trimmed = run.call("Trim", message(ORDER, [waiting]))
    if is_empty(trimmed):
        return
    actions = {
        item.get(KEY): action_code(item)
        for item, _ in walk_items(instances(trimmed)[0])
        if action_code(item) != NO_ACTION
    }
    if not actions:
        return
    if not run.call("Fully Exploded", trimmed):
        raise NotFullyExploded(
            f"the order {order.get('Order Number')} has a completed line that stands for several services",
            why="an asset is one service; a line with a quantity above 1 must be exploded before",
            mend="explode the line (Ungroup) and complete the order's lines again",
        )
    dated = run.call("Set Effectivity Dates", trimmed, completed=run.now())
    change = run.call("Logical Delete", dated)
    for instance in instances(change):
        leave_alone(line_items(instance))
    _, *later = in_sequence(run, account_id, [change])
    later = [run.call("Logical Delete", tree) for tree in later]
    # What a later order has taken away already is there for this one to change, and for that one to take away again.
    kept = keys_above([change]) | {item.get(KEY) for item in changed_items(later)}
    before = profile(run, account_id, kept)
    had = {} if is_empty(before) else _attribute_names(before)
    applied = run.call("Apply", no_profile(account_id) if is_empty(before) else before, [change, *later])
    not_done = [entry for entry in applied.ignored if entry.order == order.get("Order Number")]
    too_early = _too_early(run, order, change, not_done)
    for cause, ignored in (
        (review.WAITING, [entry for entry in not_done if entry.item in too_early]),
        (review.IGNORED, [entry for entry in not_done if entry.item not in too_early]),
    ):
        if ignored:
            told = "; ".join(f"{entry.item} ({entry.action}): {entry.reason}" for entry in ignored)
            review.raise_once(run, order, cause, told, sorted({entry.item for entry in ignored}))
    dates = {item.get(KEY): item for item, _ in walk_items(instances(dated)[0])}
    if not is_empty(applied.asset):
        _date_asset(instances(applied.asset)[0], dates, order)
        for tree in later:
            again = {item.get(KEY): item for item in changed_items([tree])}
            _date_asset(instances(applied.asset)[0], again, instances(tree)[0])
        _keep_asset_fields(run, instances(applied.asset)[0])
        write_history(run, before, applied.asset, actions, order)
        _store_profile(run, applied.asset, had)
    for item, _ in walk_items(order):
        if item.get(KEY) in actions and item.get(KEY) not in too_early:
            item.properties["Applied Date"] = run.now()
            calculated = dates[item.get(KEY)]
            for name in (
                "Completed Date",
                "Calculated Effective Start Date",
                "Calculated Effective End Date",
            ):
                item.properties[name] = calculated.get(name)
    waited = [key or "" for key in actions if key not in just_done and key not in too_early]
    if waited:
        lost = {entry.item for entry in not_done if entry.attribute is None}
        how = _IN_PROFILE if lost.isdisjoint(waited) else _NOT_TAKEN
        review.resolve(run, order, review.BELOW_FAILED, how, waited)
        done = [item.get(KEY) or "" for item, _ in walk_items(order) if item.get("Applied Date") is not None]
        review.resolve(run, order, review.WAITING, how, done)


def _too_early(run: Run, order: PropertySet, change: PropertySet, ignored: Iterable[Ignored]) -> set[str]:
    """The ignored lines that miss what another order can still bring: the service that they change, or their parent."""
    absent = {entry.item for entry in ignored if entry.attribute is None and entry.state == ABSENT}
    if not absent:
        return set()
    missing: dict[str, str | None] = {}  # what each of them misses, by their keys
    for item, parent in walk_items(instances(change)[0]):
        key, above = item.get(KEY) or "", None if parent is None else parent.get(KEY)
        if key in absent:
            missing[key] = missing.get(above or "", above) if action_code(item) == "Add" else key
    # What is stored and wasn't met is Inactive: it was there, and doesn't come again.
    stored = _keys_of(instances(run.query(ASSET, {"Account Id": order.get("Account Id")})))
    to_come = _keys_to_come(run, order) - stored
    return {key for key, wanted in missing.items() if wanted in to_come}


def _keys_to_come(run: Run, order: PropertySet) -> set[str | None]:
    """The keys of the services that other orders add, and that aren't in the service profile yet.

    An order that isn't open can bring some, too, while its fallout entry can have failed lines tried again, or while
    its completed lines wait themselves.
    """
    account_id = order.get("Account Id")
    open_orders = run.query(ORDER, {"Account Id": account_id, "Active Flag": "Y", "Status": list(OPEN_HEADERS)})
    others = run.query(ORDER, {"Order Number": _orders_with(run, order, _MAY_COME), "Active Flag": "Y"})
    active = [one for one in (*instances(open_orders), *instances(others)) if _is_another(one, order)]
    revisions = [*active, *(in_force(run, one) for one in active)]
    return {
        item.get(KEY)
        for one in revisions
        for item, _ in walk_items(one)
        if action_code(item) == "Add" and item.get("Applied Date") is None and item.get("Status") != "Cancelled"
    }


def _is_another(one: PropertySet, order: PropertySet) -> bool:
    return one.get("Order Number") != order.get("Order Number")


def _orders_with(run: Run, order: PropertySet, causes: Collection[str]) -> list[str]:
    """The numbers of the other orders of an order's account that have open fallout entries with one of these causes."""
    entries = run.fallout_entries("Open", account_id=order.get("Account Id"))
    found = {str(entry["order_number"]) for entry in entries if entry["cause"] in causes}
    return sorted(found - {order.get("Order Number")})


def _keys_of(trees: Iterable[PropertySet]) -> set[str | None]:
    return {item.get(KEY) for instance in trees for item, _ in walk_items(instance)}


def _date_asset(asset: PropertySet, dates: dict[str | None, PropertySet], order: PropertySet) -> None:
    """Write each asset's start and end, and the order that brought it, from the applied lines."""
    for item, _ in walk_items(asset):
        line = dates.get(item.get(KEY))
        if line is None:
            continue
        if line.get("Calculated Effective Start Date") is not None:
            item.properties["Effective Start Date"] = line.get("Calculated Effective Start Date")
            item.properties["Original Order Id"] = order.get("Row Id")
        if line.get("Calculated Effective End Date") is not None:
            item.properties["Effective End Date"] = line.get("Calculated Effective End Date")


def _attribute_names(asset: PropertySet) -> dict[str | None, list[str | None]]:
    """The names of each item's attributes, by the item's key."""
    return {
        item.get(KEY): [one.get("Name") for one in attributes(item)]
        for instance in instances(asset)
        for item, _ in walk_items(instance)
        if attributes(item)
    }


def _store_profile(run: Run, asset: PropertySet, had: Mapping[str | None, Sequence[str | None]]) -> None:
    """Upsert a profile, and delete the attributes that its items had and have no more: an upsert deletes nothing."""
    [instance] = instances(asset)
    instance.properties["Operation"] = "upsert"
    for item, _ in walk_items(instance):
        left = {one.get("Name") for one in attributes(item)}
        gone = [name for name in had.get(item.get(KEY), ()) if name not in left]
        if gone:
            put_list(item, ATTRIBUTE).extend(
                PropertySet(ATTRIBUTE, properties={"Name": name, "Operation": "delete"}) for name in gone
            )
    run.effects.execute(asset)


def _keep_asset_fields(run: Run, asset: PropertySet) -> None:
    """Drop what an order's lines have and an asset's haven't: fields that a deployment gave to orders alone."""
    line = run.definitions[ASSET].root.children[LINE_ITEM]
    attribute = line.children[ATTRIBUTE]
    for item, _ in walk_items(asset):
        for node, component in [(item, line), *((one, attribute) for one in attributes(item))]:
            for name in [name for name in node.properties if name not in component.fields]:
                del node.properties[name]
