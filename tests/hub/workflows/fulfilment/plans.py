"""Hands for tests of plans: decomposition rules, the systems Network and Access, their work orders and answers."""

from __future__ import annotations

import dataclasses

from hub.workflow_manager.decomposition_rule import read_decomposition_rules
from integration_objects.complex_object import items_of
from integration_objects.declaration import Source
from schemas.check import parse
from schemas.from_xml import external_from_xml
from tests.road import mainframe_line, mainframe_order, provisioning_status, work_order_lines

NUMBER = "O-0000001"
BUILT = """\
decomposition rule: ISDN
products: [ISDN Line]
tasks:
  - {task: Build, system: Network}
  - {task: Configure, system: Access, after: [{task: Build}]}
"""
LINES = (mainframe_line(1, "A", "ISDNL001", ref="I"), mainframe_line(2, "A", "LCLLN001", ref="L"))


class Plans:
    """A road with the systems Network and Access beside Provisioning, and hands for their work orders."""

    def __init__(self, road) -> None:
        self.road = road
        systems = road.open_hub.runtime.systems
        provisioning = next(one for one in systems if one.name == "Provisioning")
        for name in ("Network", "Access"):
            place = f"{name.lower()}.work_orders"
            systems.append(dataclasses.replace(provisioning, name=name, for_system=name, place=place))

    def declare(self, *texts: str) -> None:
        """Put rules before the shipped ones."""
        runtime = self.road.open_hub.runtime
        sources = [Source(f"hub/decomposition/{number}.yaml", text) for number, text in enumerate(texts)]
        own = read_decomposition_rules(sources, runtime.definitions)
        vars(runtime)["decomposition_rules"] = (*own, *runtime.decomposition_rules)

    def order(self, *lines: str, revision: int = 1) -> None:
        shown = self.road.work(mainframe_order("1", *(lines or LINES), revision=revision))
        assert shown["state"] == "done", shown["error"]

    def left(self) -> list[str]:
        """Take the work orders that left since the last look: number, revision, system, products with actions."""
        external = self.road.open_hub.deployment.external_objects["Provisioning Work Order"]
        told = []
        for system in ("provisioning", "network", "access"):
            for row in self.road.take(f"{system}.work_orders"):
                sent = external_from_xml(parse(row.message.body), external)
                lines = [f"{one.get('product')} {one.get('action')}" for one in work_order_lines(sent)]
                told.append(f"{sent.get('number')} {sent.get('revision')} {system}: {', '.join(lines)}")
        return sorted(told)

    def stored(self) -> dict[str, str]:
        """The work orders' statuses by number."""
        found = self.road.stored("OM Work Order", Order_Number=NUMBER)
        return {one.get("Work Order Number") or "": one.get("Status") or "" for one in found}

    def answer(self, count: int, code: str = "COMPLETED", day: int = 1, time: str | None = None, **parts) -> dict:
        """Answer a work order: all of its lines get a status, on a day of February 2026 or at a time."""
        number = f"{NUMBER}-{count}"
        [stored] = self.road.stored("OM Work Order", Work_Order_Number=number)
        keys = [one.get("Integration Id") for one in items_of(stored) if one.get("Action Code") != "-"]
        moment = time or f"2026-02-{day:02}T10:00:00Z"
        status = provisioning_status(number, [(key, code) for key in keys], moment, **parts)
        return self.road.work(status, "provisioning_status")

    def statuses(self) -> dict[str, str]:
        [order] = self.road.stored("OM Order", Order_Number=NUMBER, Active_Flag="Y")
        return {one.get("Product Id") or "": one.get("Status") or "" for one in items_of(order)}

    def order_status(self) -> str | None:
        [order] = self.road.stored("OM Order", Order_Number=NUMBER, Active_Flag="Y")
        return order.get("Status")

    def fallout(self) -> dict[str, str]:
        return {entry["cause"]: entry["reason"] for entry in self.road.fallout()}
