"""Order synchronization by its two ways in: provisioning's message on a route, and a person's word by name.

    OM Work Order Status message                                         `fulfilment.synchronize_order`
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
from hub.workflow_manager.workflow import Workflow
from hub.workflows.fulfilment.fulfilment import STATUS, WORK_ORDER, accounts_of_status, synchronize_order
from integration_objects.complex_object import (
    action_code,
    instances,
    message,
    object_name,
    put_list,
    walk_items,
)
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet


def set_status(
    run: Run,
    work_order: str,
    status: str,
    lines: Sequence[str] = (),
    completed: str | None = None,
    milestone: str | None = None,
    reason: str | None = None,
) -> Outcome:
    """Take a person's word for what became of a work order's lines, as if provisioning had answered so.

    Args:
        run: the run; the order's account is locked.
        work_order: the Work Order Number.
        status: what its lines have become: Complete, Failed, Rejected; or Open, for a milestone alone.
        lines: Integration Ids; none: all of which something is asked and that don't have an answer yet.
        completed: when they were completed; now, where not given.
        milestone: how far the work on them is.
        reason: why they failed.

    Raises:
        WorkOrderUnknown, LineUnknown, StatusChangeRefused: as `synchronize_order`.
    """
    outcome = synchronize_order(run, _status(run, work_order, status, lines, completed, milestone, reason))
    stored = run.query(ORDER, {"Order Number": _order_number(run, work_order), "Active Flag": "Y"})
    return replace(outcome, reply=None, objects=(stored,))


def _status(
    run: Run,
    work_order: str,
    status: str,
    lines: Sequence[str],
    completed: str | None,
    milestone: str | None,
    reason: str | None,
) -> PropertySet:
    told = {"Status": status, "Completed Date": completed, "Milestone": milestone, "Reason": reason}
    named = list(lines) or _unanswered(run, work_order)
    instance = PropertySet("Work Order Status", properties={"Work Order Number": work_order, "Status Time": run.now()})
    put_list(instance, LINE_ITEM).extend(
        PropertySet(LINE_ITEM, properties={KEY: key, **{name: text for name, text in told.items() if text is not None}})
        for key in named
    )
    return message(STATUS, [instance])


def _unanswered(run: Run, number: str) -> list[str]:
    """The lines of a work order of which something is asked still; all that it has where nothing is."""
    found = instances(run.query(WORK_ORDER, {"Work Order Number": number}))
    asked = [line for one in found for line, _ in walk_items(one) if action_code(line) != NO_ACTION]
    still = [line for line in asked if line.get("Status") == "Open"] or asked
    return [line.get(KEY) or "" for line in still] or [""]


def _order_number(run: Run, work_order: str) -> str | None:
    return run.headers(WORK_ORDER, {"Work Order Number": work_order})[0]["Order Number"]


_BY_NAME = named_workflow(
    "Order Synchronization",
    set_status,
    "take in what became of a work order's lines: statuses, billing events, the service profile",
    Argument("work-order", required=True, help="The Work Order Number."),
    Argument("status", required=True, help="Complete, Failed or Rejected; or Open, to tell a milestone alone."),
    Argument("lines", "list", help="Integration Ids, separated by commas; without them, all that have no answer yet."),
    Argument("completed", "date", help="When they were completed; without it, now."),
    Argument("milestone", help="How far the work on them is."),
    Argument("reason", help="Why they failed."),
    module="Orders",
    accounts=lambda run, values: accounts_of_status(
        run,
        message(STATUS, [PropertySet("Work Order Status", properties={"Work Order Number": values["work_order"]})]),
    ),
)


def _synchronize(run: Run, tree: PropertySet) -> Outcome:
    return synchronize_order(run, tree) if object_name(tree) == STATUS else _BY_NAME.function(run, tree)


def _accounts(run: Run, tree: PropertySet) -> set[str]:
    return accounts_of_status(run, tree) if object_name(tree) == STATUS else _BY_NAME.accounts(run, tree)


WORKFLOW: Workflow = replace(_BY_NAME, function=_synchronize, accounts=_accounts, takes=(STATUS, *_BY_NAME.takes))
