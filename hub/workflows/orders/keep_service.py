"""Keep Service: an order doesn't take a service away any more that it was to take away.

It says what is to be, and so does the request `remove` of Edit Order Line Item: neither does the opposite when it is
asked for twice.

Source: "f. Supplemental Order Process"; spec: docs/workflows/keep-service.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.configurator.requests import Request
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.orders import finished_lines
from hub.workflows.orders.edit_order import edit_root, editable_order, take_off
from hub.workflows.state.change_of_state import ChangedState
from hub.workflows.state.document_lines import line_and_root
from hub.workflows.state.order_lookup import MODULE, ORDER_NUMBER, described
from hub.workflows.state.service_profile import make_no_action, profile
from integration_objects.complex_object import ComplexObject, action_code, items_from
from integration_objects.errors import Refused
from integration_objects.names import KEY, NO_ACTION
from integration_objects.property_set import PropertySet


class NothingToKeep(Refused):
    """A line of an order doesn't take its service away."""

    what = "the order {number} doesn't disconnect {item}"
    where = "order {number}, line {line}"
    why = "the action of its line is {action}, and only a line with Delete takes a service away"
    mend = "nothing has to be done to keep it"


class KeptBeneathEnding(Refused):
    """A service is to be kept beneath another one that the order takes away."""

    what = "{item} can't be kept"
    where = "order {number}, line {line}"
    why = "it stands beneath {above}, which the order disconnects, too"
    mend = "keep that one first: line={above_line}"


class KeptBeneathSuspended(Refused):
    """A service is to be kept that runs beneath a service which was suspended in the meantime."""

    what = "{item} can't be kept as it is"
    where = "order {number}, line {line}"
    why = "{above} was suspended since, without {item}: it would run, and be billed, beneath a service that rests"
    mend = "resume {above} first (orderhub workflow resume), or leave {item} to end"


def keep_service(run: Run, order: str, line: str) -> Outcome:
    """Take the Delete of a service off an order, with those of all services beneath it.

    Lines that are complete, or past their point of no return, stay.

    Raises:
        OrderUnknown, OrderLineUnknown, ItemNameUnclear: there is no such order or line, or several lines.
        OrderNotEditable, HeldForApproval: the order can't be edited as it is.
        NothingToKeep: the line takes nothing away.
        KeptBeneathEnding: the service above it ends with the order, too.
        KeptBeneathSuspended: the service above it was suspended without it.
        FinishedLine, PastPointOfNoReturn: the service is taken away already, or can't be kept any more.
        DisconnectRequested, ServiceItemDisconnected, NotARoot, ServiceItemUnknown: without the order the service item
            isn't there any more.
    """
    stored = editable_order(run, order)
    item, root = line_and_root(run, stored, line)
    if action_code(item) != "Delete":
        raise NothingToKeep(number=order, item=described(item), line=item.get("Line Number"), action=action_code(item))
    above = ComplexObject(stored).parent_of(item)
    if above is not None and action_code(above) == "Delete":
        raise KeptBeneathEnding(
            number=order,
            item=described(item),
            line=item.get("Line Number"),
            above=described(above),
            above_line=above.get("Line Number"),
        )
    if finished_lines.is_finished(item):
        raise finished_lines.refusal(item, stored, "")
    _refuse_running_beneath_suspended(run, stored, item)
    for kept in items_from([item]):
        if action_code(kept) == "Delete" and not finished_lines.is_finished(kept):
            make_no_action(kept)
            kept.properties.pop("Due Date", None)
    text, product = "the order doesn't disconnect it any more", item.get("Product Id")
    if all(action_code(left) == NO_ACTION or finished_lines.is_finished(left) for left in items_from([root])):
        # No key: the service has no line any more by which its name could be found.
        return take_off(run, stored, root, [Note("kept", text, None, product)])
    outcome = edit_root(run, stored, root, (), _as_it_is)
    return Outcome(objects=outcome.objects, notes=(Note("kept", text, item.get(KEY), product), *outcome.notes))


def _refuse_running_beneath_suspended(run: Run, order: PropertySet, line: PropertySet) -> None:
    view = ComplexObject.of(profile(run, order.get("Account Id") or ""))
    service = view.by_key(line.get(KEY))
    above = None if service is None else view.parent_of(service)
    if service is None or above is None or service.get("Status") != "Active" or above.get("Status") != "Suspended":
        return
    raise KeptBeneathSuspended(
        number=order.get("Order Number"),
        line=line.get("Line Number"),
        item=described(line),
        above=described(above),
    )


def _as_it_is(state: PropertySet, account_id: str, requests: Sequence[Request]) -> ChangedState:
    return ChangedState(state)


WORKFLOWS = (
    named_workflow(
        "Keep Service",
        keep_service,
        "keep a service that an order was to disconnect",
        ORDER_NUMBER,
        Argument("line", required=True, help="The line that takes the service away, by one of its names."),
        module=MODULE,
    ),
)
