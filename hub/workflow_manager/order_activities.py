"""The activities of orders: the events that a run brings about, collected while it writes, and stored when it ends.

Each event is read off the write that brings it about (`order_events`), and not told by each workflow: no status of an
order's line changes without an activity. So the activities of an order give the statuses of its lines; the tests hold
that.

Spec: docs/order_status.md, docs/decisions/0011-activities-are-read-off-the-writes.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from adapters.database.objects.store import InstanceResult
from hub.workflow_manager import order_events
from hub.workflow_manager.order_events import OrderEvent
from integration_objects.complex_object import instances, put_list
from integration_objects.definition import Definitions
from integration_objects.names import APPROVAL, BILLING_EVENT, LINE_ITEM, ORDER, WORK_ORDER
from integration_objects.property_set import PropertySet

#: the objects whose stored changes are events of orders
FOLLOWED = frozenset((ORDER, WORK_ORDER, APPROVAL))


@dataclass
class OrderActivities:
    """The activities of one run, in the order of the events.

    Attributes:
        actor: the person or system that the run works for.
        message_id: the row of the message that the run works for; None for a command.
        definitions: the deployment's integration objects.
        clock: gives the run's time.
        orders: the numbers of the orders that the run has changed so far, each with its account.
    """

    actor: str
    message_id: str | None
    definitions: Definitions
    clock: Callable[[], str]
    orders: dict[str, str | None] = field(default_factory=dict)
    _collected: list[OrderEvent] = field(default_factory=list)

    def add(self, events: Iterable[OrderEvent]) -> None:
        """Collect events; those of an order without a number are dropped."""
        for event in events:
            number = event.order.get("Order Number")
            if number is not None:
                self.orders[number] = event.order.get("Account Id") or self.orders.get(number)
                self._collected.append(event)

    def stored(self, results: Iterable[InstanceResult]) -> None:
        """Collect the events of instances that were stored or deleted."""
        for result in results:
            if result.changes is None or result.operation == "unchanged":
                continue
            if result.object == ORDER:
                compared = self.definitions[ORDER].root.children[LINE_ITEM].compared
                self.add(order_events.order_stored(result.operation, result.changes, frozenset(compared)))
            elif result.object == WORK_ORDER:
                self.add(order_events.work_order_stored(result.changes))
            else:
                self.add(order_events.approval_stored(result.changes.header))

    def sent(self, name: str, tree: PropertySet, system: str) -> None:
        """Collect the event that an object was sent to *system*."""
        if name == WORK_ORDER:
            self.add(order_events.work_order_sent(work_order, system) for work_order in instances(tree))
        elif name == BILLING_EVENT:
            self.add(map(order_events.billed, instances(tree)))

    def take(self) -> list[PropertySet]:
        """Return the collected activities as instances of Order Activity, and forget them."""
        collected, self._collected = self._collected, []
        return [self._activity(event) for event in collected]

    def _activity(self, event: OrderEvent) -> PropertySet:
        activity = PropertySet(
            "Activity",
            properties={
                "Order Number": event.order.get("Order Number"),
                "Order Revision": event.order.get("Revision"),
                "Account Id": event.order.get("Account Id"),
                "Event": event.name,
                "Event Time": self.clock(),
                "Actor": self.actor,
                "Message Id": self.message_id,
                "Old Status": event.old_status,
                "New Status": event.new_status,
                "Detail": event.detail,
            },
        )
        if event.lines:
            put_list(activity, order_events.LINE).extend(event.lines)
        return activity
