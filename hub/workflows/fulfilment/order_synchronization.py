"""Order synchronization by its two ways in: a message of provisioning on a route, and a person's request by name.

    OM Work Order Status message                                         `answers.synchronize_order`
    orderhub workflow order-synchronization work-order=O-1-1 status=Complete     the same, on a status made of this

Source: "Order synchronization"; "it is advantageous to allow updates to sales orders and status for demonstration and
testing purposes" (part III, Sales Order); spec: docs/design/workflows.md, docs/design/road.md "Out and back".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.answers import accounts_of_status, synchronize_order
from hub.workflows.state.document_lines import keys_of_lines
from hub.workflows.state.order_lookup import MODULE
from integration_objects.complex_object import action_code, all_items, instances, message, object_name, put_list
from integration_objects.errors import Refused
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER, WORK_ORDER, WORK_ORDER_STATUS
from integration_objects.property_set import PropertySet


class OneServiceOneId(Refused):
    """A request gives one service id to several lines."""

    what = "the service id {service_id} can't be the id of several services"
    where = "argument 'service-id'"
    why = "the lines are {lines}"
    mend = "name the one line that it belongs to: lines="


class NoLineNamed(Refused):
    """A list of lines has no line in it, as an empty variable of a script gives it."""

    what = "no line is named"
    where = "argument 'lines'"
    why = "the list is empty"
    mend = "name lines by their numbers, service ids or keys, or leave lines= out for all that have no answer yet"


def set_status(
    run: Run,
    work_order: str,
    status: str,
    lines: Sequence[str] | None = None,
    completed: str | None = None,
    milestone: str | None = None,
    reason: str | None = None,
    service_id: str | None = None,
    expected: str | None = None,
) -> Outcome:
    """Take a person's statement about a work order's lines, as if provisioning had answered so.

    Args:
        run: the run; the order's account is locked.
        work_order: the Work Order Number.
        status: the lines' new status: Complete, Failed, Rejected; or Open, for a milestone alone.
        lines: names of lines (`item_names`); None: all lines that are still open.
        completed: the date of completion; now, if not given.
        milestone: the milestone that the work on the lines has reached.
        reason: the reason of a failure.
        service_id: the number that the customer knows the service by, of one line.
        expected: the day on which lines that are still open are expected to be complete.

    Raises:
        NoLineNamed: *lines* is empty.
        ItemNameUnclear: several of the work order's lines have one name.
        OneServiceOneId: one service id is given to several lines.
        WorkOrderUnknown, LineNotAsked, WorkOrderAsksNothing, StatusChangeRefused: as `synchronize_order`.
        CompletedInFuture, CompletedBeforeOrder, EndedBeforeStart: likewise.
    """
    answer = {"Status": status, "Completed Date": completed, "Milestone": milestone, "Reason": reason}
    answer |= {"Service Id": service_id, "Expected Date": expected}
    if lines is not None and not lines:
        # Not all lines: a script whose variable is empty would complete the whole order.
        raise NoLineNamed()
    keys = _open_lines(run, work_order) if lines is None else _named_lines(run, work_order, lines)
    if service_id is not None and len(keys) > 1:
        raise OneServiceOneId(service_id=service_id, lines=", ".join(keys))
    fields = {name: text for name, text in answer.items() if text is not None}
    instance = _status_of(work_order)
    # With the present time: an answer that is older than a line's last status would not change the line.
    instance.properties["Status Time"] = run.now()
    put_list(instance, LINE_ITEM).extend(PropertySet(LINE_ITEM, properties={KEY: key, **fields}) for key in keys)
    outcome = synchronize_order(run, message(WORK_ORDER_STATUS, [instance]))
    number = run.headers(WORK_ORDER, {"Work Order Number": work_order})[0]["Order Number"]
    # A person is shown the order. The reply is for a system that has sent a message.
    return replace(outcome, reply=None, objects=(run.query(ORDER, {"Order Number": number, "Active Flag": "Y"}),))


def _status_of(work_order: str) -> PropertySet:
    return PropertySet("Work Order Status", properties={"Work Order Number": work_order})


def _open_lines(run: Run, number: str) -> list[str]:
    """Return the keys of the lines that are still open; of all lines that ask for something, if none is open."""
    work_orders = run.query(WORK_ORDER, {"Work Order Number": number})
    asked = [line for line in all_items([work_orders]) if _is_asked(line)]
    still_open = [line for line in asked if line.get("Status") == "Open"] or asked
    # A status needs a line; the empty key is refused with an error that names the work order's lines.
    return [line.get(KEY) or "" for line in still_open] or [""]


def _named_lines(run: Run, number: str, lines: Sequence[str]) -> list[str]:
    """Return the keys of the work order's lines that the names mean; an unknown name stays, and is refused as a key."""
    work_orders = instances(run.query(WORK_ORDER, {"Work Order Number": number}))
    return keys_of_lines(run, work_orders[0], lines, _is_asked) if work_orders else list(lines)


def _is_asked(line: PropertySet) -> bool:
    return action_code(line) != NO_ACTION


_BY_NAME = named_workflow(
    "Order Synchronization",
    set_status,
    "take in the answer to a work order's lines: statuses, billing events, the service profile",
    Argument("work-order", required=True, help="The Work Order Number."),
    Argument("status", required=True, help="Complete, Failed or Rejected; or Open, for a milestone alone."),
    Argument(
        "lines", "list", help="Their numbers, service ids or keys, with commas; without it, all without an answer."
    ),
    Argument("completed", "date", help="When they were completed; without it, now."),
    Argument("milestone", help="How far the work on them is."),
    Argument("expected", "date", help="When lines that are still open are expected to be complete."),
    Argument("reason", help="Why they failed."),
    Argument("service-id", help="The service id of the one line that `lines` names, as provisioning has given it."),
    module=MODULE,
    accounts=lambda run, values: accounts_of_status(
        run, message(WORK_ORDER_STATUS, [_status_of(values["work_order"])])
    ),
)


def _synchronize(run: Run, tree: PropertySet) -> Outcome:
    is_status = object_name(tree) == WORK_ORDER_STATUS
    return synchronize_order(run, tree) if is_status else _BY_NAME.function(run, tree)


def _accounts(run: Run, tree: PropertySet) -> set[str]:
    is_status = object_name(tree) == WORK_ORDER_STATUS
    return accounts_of_status(run, tree) if is_status else _BY_NAME.accounts(run, tree)


WORKFLOWS = (replace(_BY_NAME, function=_synchronize, accounts=_accounts, takes=(WORK_ORDER_STATUS, *_BY_NAME.takes)),)
