"""Systems that are declared well, and get nothing or share what they get.

    error     the system takes an object that nothing sends
    warning   likewise, where a workflow of the deployment's own may send it
    warning   `for` on a system whose object goes to every system that takes it
    warning   two systems of one channel or folder

Spec: docs/design/integration.md, "Routes" (`orderhub check`); docs/systems.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from adapters.system import System
from integration_objects.names import BILLING_EVENT, CALLBACK, INVENTORY_REQUEST, TROUBLE_TICKET, WORK_ORDER
from maps.check import Finding

#: The objects that the shipped workflows send to systems.
SENT = (WORK_ORDER, BILLING_EVENT, CALLBACK, INVENTORY_REQUEST, TROUBLE_TICKET)


def system_findings(systems: Iterable[System], own_workflows: Sequence[str]) -> list[Finding]:
    """List the systems that get nothing, and those that share a channel.

    Args:
        systems: all systems of the deployment.
        own_workflows: the texts of the deployment's own workflows, which may send further objects.
    """
    places: dict[str, str] = {}
    found: list[Finding] = []
    for system in systems:
        found += _unsent(system, own_workflows)
        first = places.setdefault(system.destination, system.name)
        if first != system.name:
            kind = system.transport.name
            text = f"the systems '{first}' and '{system.name}' are sent to the same {kind} '{system.place}'"
            found.append(Finding(system.places[kind], text, f"give each system a {kind} of its own", "warning"))
    return found


def _unsent(system: System, own_workflows: Sequence[str]) -> Iterator[Finding]:
    if system.takes == BILLING_EVENT and "for" in system.places:
        text = f"'for' says nothing here: each {system.takes} goes to every system that takes it"
        yield Finding(system.places["for"], text, f"take it away; it chooses among takers of {WORK_ORDER}", "warning")
    # A workflow names the object that it sends. Python that makes the name from parts is only warned of.
    if system.takes in SENT or any(system.takes in text for text in own_workflows):
        return
    text = f"nothing sends an '{system.takes}' to systems: the system '{system.name}' would get no message"
    mend = f"take {', '.join(SENT[:-1])} or {SENT[-1]}; answers to senders leave by the `reply` of a route"
    yield Finding(system.places["takes"], text, mend, "warning" if own_workflows else "error")
