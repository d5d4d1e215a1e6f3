"""The things that work orders wait for, as work orders keep them and as they stand.

    [{"line": "1-A", "task": "Build", "milestone": "Port Assigned"}, {"line": "1-A", "needs": "Service Id"}]
    [{"all": "order", "task": "Build"}]

Each of an order's lines may have a work order that waits for all lines of the order. A list of lines in each of them
would grow with the square of the order's lines. So such a wait is kept in a few words, and the lines are those of the
order that name the task.

Spec: docs/decomposition.md; docs/design/legacy.md, "Decomposition".
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

from hub.workflows.state.task_progress import has_reached, is_task_complete, progress_of
from integration_objects.complex_object import ComplexObject, action_code, items_from
from integration_objects.names import KEY, NO_ACTION
from integration_objects.property_set import PropertySet

_ORDER, _SERVICE_ITEM = "order", "service item"


@dataclass(frozen=True)
class Wait:
    """A thing that a work order waits for.

    Attributes:
        line: the Integration Id of the line.
        task: the task on the line that must be complete, or must have reached *milestone*.
        needs: a field that the line must have; then *task* is None.
    """

    line: str
    task: str | None = None
    milestone: str | None = None
    needs: str | None = None

    def is_over(self, order: ComplexObject, joined_ids: Container[int] = ()) -> bool:
        """Tell whether the wait is over as an order's lines stand; nothing waits for a line that isn't asked for.

        *joined_ids* are identities of the lines that have a Service Id from the network.
        """
        item = order.by_key(self.line)
        if item is None or action_code(item) == NO_ACTION or item.get("Status") == "Cancelled":
            return True
        if self.needs is not None:
            return has_field(item, self.needs, joined_ids)
        task = self.task or ""
        if is_task_complete(item, task):
            return True
        return self.milestone is not None and has_reached(item, task, self.milestone)


@dataclass(frozen=True)
class WaitForAll:
    """The waits for a task on all lines of an order or of a service item that name it.

    Attributes:
        root: the Integration Id of the service item; None for the whole order.
        task: the task that must be complete on each of the lines, or must have reached *milestone*; None for all tasks.
        but: the task that doesn't count; None for none.
        products: only lines of these products; empty for all.
    """

    root: str | None = None
    task: str | None = None
    but: str | None = None
    products: tuple[str, ...] = ()
    milestone: str | None = None

    def waits(self, order: ComplexObject) -> Iterator[Wait]:
        """Yield a wait for each task on each line, as the order's lines stand."""
        root = None if self.root is None else order.by_key(self.root)
        lines: Iterable[PropertySet] = order.items
        if self.root is not None:
            lines = () if root is None else items_from([root])
        for line in lines:
            if self.products and line.get("Product Id") not in self.products:
                continue
            for name in progress_of(line):
                if self.task in (None, name) and name != self.but:
                    yield Wait(line.get(KEY) or "", name, self.milestone)


AnyWait = Wait | WaitForAll


def write_waits(waits: Iterable[AnyWait]) -> str | None:
    """Return waits as the text that a work order keeps; None for none.

    >>> write_waits([Wait("1-A", "Build", milestone="Port Assigned")])
    '[{"line": "1-A", "task": "Build", "milestone": "Port Assigned"}]'
    >>> write_waits([WaitForAll(task="Build")])
    '[{"all": "order", "task": "Build"}]'
    """
    rows = [_row(wait) for wait in waits]
    return json.dumps(rows, ensure_ascii=False) if rows else None


def _row(wait: AnyWait) -> Mapping[str, object]:
    kind = {"all": _ORDER if wait.root is None else _SERVICE_ITEM} if isinstance(wait, WaitForAll) else {}
    return {**kind, **{name: value for name, value in asdict(wait).items() if value}}


class OpenWaits:
    """The waits of the work orders of one order, as its lines stand. Texts that several work orders have are read once.

    Args:
        order: the order.
        joined_ids: identities of the lines that have a Service Id from the network.
    """

    def __init__(self, order: ComplexObject, joined_ids: Container[int] = ()) -> None:
        self._order = order
        self._joined_ids = joined_ids
        self._all: dict[str, list[Wait]] = {}
        self._open: dict[str, list[Wait]] = {}

    def all(self, text: str | None) -> list[Wait]:
        """Return the waits that a work order keeps, over or not, one for each task on a line."""
        if text is None:
            return []
        if text not in self._all:
            self._all[text] = list(self._read(text))
        return self._all[text]

    def open(self, text: str | None) -> list[Wait]:
        """Return the waits that a work order keeps and that aren't over."""
        if text is None:
            return []
        if text not in self._open:
            self._open[text] = [wait for wait in self.all(text) if not wait.is_over(self._order, self._joined_ids)]
        return self._open[text]

    def _read(self, text: str) -> Iterator[Wait]:
        for row in json.loads(text):
            if row.pop("all", None) is None:
                yield Wait(**row)
            else:
                yield from WaitForAll(**{**row, "products": tuple(row.get("products", ()))}).waits(self._order)


def has_field(item: PropertySet, name: str, joined_ids: Container[int]) -> bool:
    """Tell whether a line has a field, or a Service Id from the network."""
    return item.get(name) is not None or (name == "Service Id" and id(item) in joined_ids)
