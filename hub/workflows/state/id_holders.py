"""The numbers and service points that a quote or an order asks for, against the services that hold them.

    prove_ids_free   refuses an order that asks for an id of another service, when it is submitted or received
    held_id_notes    tells the same of a quote or an order that isn't submitted yet: it holds nothing itself

The rule is in `held_ids`. Services of all accounts count, found by their ids: a few queries for all lines together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.held_ids import NUMBER, Conflict, Service, conflicts, ids_of, left_by
from hub.workflows.state.order_lookup import SUBMITTED, UNSUBMITTED, revision_of
from hub.workflows.state.rebase import leave_alone
from hub.workflows.state.service_id import Header
from hub.workflows.state.service_profile import INACTIVE, in_turn
from hub.workflows.state.statuses import NEVER_COMES
from integration_objects.complex_object import action_code, is_tracked, items_of
from integration_objects.errors import Refused
from integration_objects.names import ASSET, KEY, LINE_ITEM, NO_ACTION, ORDER
from integration_objects.property_set import PropertySet

KIND = "service id"
#: Conflicts that a refusal names.
_NAMED = 10
#: Holder of the services of the document itself.
_ITSELF = ""


class ServiceIdHeld(Refused):
    """An order asks for a number or a service point that another service has."""

    what = "the order {number} asks for {ids} of another service"
    where = "order {number}, line {lines}"
    why = "{reasons}"
    mend = "{instead}"


def prove_ids_free(run: Run, order: PropertySet, instead: str) -> None:
    """Refuse an order that asks for a number or a service point that another service holds.

    Other transactions that ask for the same wait until this one has ended.

    Args:
        run: the run; the order's account is locked.
        order: an instance of OM Order.
        instead: the refusal's mend.

    Raises:
        ServiceIdHeld: names the lines, the ids, and who has them.
    """
    found = _conflicts(run, order, locks=True)
    if not found:
        return
    lines = {item.get(KEY): _line_name(item) for item in items_of(order)}
    reasons = [_sentence(conflict, lines) for conflict in found[:_NAMED]]
    if len(found) > _NAMED:
        reasons.append(f"and {len(found) - _NAMED} more")
    ids = {conflict.wanted.written(conflict.held) for conflict in found}
    raise ServiceIdHeld(
        number=order.get("Order Number") or order.get("Source Order Number"),
        ids=f"the {ids.pop()}" if len(ids) == 1 else f"{len(ids)} numbers and service points",
        lines=", ".join(dict.fromkeys(lines[conflict.wanted.key] for conflict in found[:_NAMED])),
        reasons="; ".join(reasons),
        instead=instead,
    )


def held_id_notes(run: Run, document: PropertySet) -> list[Note]:
    """Report the numbers and service points of a quote or an order that other services hold.

    Args:
        run: the run.
        document: an instance of OM Quote or OM Order.
    """
    lines = {item.get(KEY): _line_name(item) for item in items_of(document)}
    return [
        Note(
            KIND,
            f"{_sentence(conflict, lines)}; an order that asks for it can't be submitted",
            conflict.wanted.key,
            conflict.wanted.product_id,
        )
        for conflict in _conflicts(run, document, locks=False)
    ]


def _line_name(item: PropertySet) -> str:
    return item.get("Source Reference") or item.get("Line Number") or item.get(KEY) or ""


def _sentence(conflict: Conflict, lines: dict[str | None, str]) -> str:
    wanted, other = conflict.wanted, conflict.other
    beginning = f"the {wanted.written(conflict.held)} of line {lines.get(wanted.key)} ({wanted.product_id})"
    if other.holder == _ITSELF:
        return f"{beginning} is that of line {lines.get(other.key)} ({other.product_id}), too"
    return f"{beginning} is that of {other.product_id} ({other.key}) of account {other.account_id}, {other.holder}"


def _conflicts(run: Run, document: PropertySet, *, locks: bool) -> list[Conflict]:
    """Find the ids that a document takes and that other services hold."""
    own = _lines_to_come([item.copy_node() for item in items_of(document)])
    account_id = document.get("Account Id") or ""
    products: dict[str, Header] = dict(run.products(_products_of(own)))
    wanted = {held for line in own if action_code(line) in ("Add", "Update") for held in ids_of(_bare(line), products)}
    # Most updates leave numbers and points alone: nothing is read for them.
    if not wanted:
        return []
    if locks:
        run.effects.lock_names(" ".join(held) for held in wanted)
    own_keys = {line.get(KEY) or "": None for line in own}
    holding = _services(run, {*_keys_holding(run, wanted), *own_keys}, document.get("Order Number"))
    before = {key: service for key, service in holding.items() if key in own_keys}
    after = dict(before)
    for line in own:
        key = line.get(KEY) or ""
        service = left_by(line, after.pop(key, None), account_id, _ITSELF)
        if service is not None:
            after[key] = service
    others = [service for key, service in holding.items() if key not in own_keys]
    products |= run.products(sorted({service.product_id or "" for service in (*others, *before.values())} - {""}))
    return list(conflicts(before, after, others, products))


def _lines_to_come(lines: Sequence[PropertySet]) -> list[PropertySet]:
    """Return the lines that ask for a tracked service's change that isn't in its asset yet. Changes *lines*."""
    leave_alone(lines)
    return [
        line
        for line in lines
        if action_code(line) != NO_ACTION
        and is_tracked(line)
        and line.get("Applied Date") is None
        and line.get("Status") not in NEVER_COMES
    ]


def _bare(line: PropertySet) -> Service:
    """Return the ids that a line carries, as a service's."""
    return Service(
        line.get(KEY) or "", "", "", line.get("Product Id"), line.get("Service Id"), line.get("Service Point Id")
    )


def _products_of(lines: Iterable[PropertySet]) -> list[str]:
    return sorted({line.get("Product Id") or "" for line in lines} - {""})


def _keys_holding(run: Run, wanted: Iterable[tuple[str, str]]) -> set[str]:
    """Return the keys of the services that have one of these ids, in their assets or on the line of an order."""
    values: dict[str, set[str]] = {"Service Id": set(), "Service Point Id": set()}
    for kind, value in wanted:
        values["Service Id" if kind == NUMBER else "Service Point Id"].add(value)
    return {
        fields[KEY] or ""
        for name in (ASSET, ORDER)
        for field, ids in values.items()
        if ids
        for _, fields in run.items(name, LINE_ITEM, field, ids)
    } - {""}


def _services(run: Run, keys: set[str], but_not: str | None) -> dict[str, Service]:
    """Return the living services of these keys, as the orders that are submitted leave them.

    *but_not*: the number of an order that doesn't count.
    """
    services = {}
    for account_id, fields in run.items(ASSET, LINE_ITEM, KEY, keys):
        asset = PropertySet(LINE_ITEM, properties=fields)
        status = asset.get("Status") or "Active"
        if status != INACTIVE and is_tracked(asset):
            service = _bare(asset)
            services[service.key] = Service(
                service.key, account_id, f"which is {status}", service.product_id, service.number, service.point
            )
    lines: dict[str, list[PropertySet]] = {}
    for owner, fields in run.items(ORDER, LINE_ITEM, KEY, keys):
        lines.setdefault(owner, []).append(PropertySet(LINE_ITEM, properties=fields))
    # In the order in which they will come: the last one that gives a service a number has the say.
    for order in in_turn(run, _in_force(run, sorted(lines), but_not)):
        holder = f"which the order {order.get('Order Number')} asks for"
        for line in _lines_to_come(lines[order.get("Row Id") or ""]):
            key = line.get(KEY) or ""
            service_left = left_by(line, services.pop(key, None), order.get("Account Id") or "", holder)
            if service_left is not None:
                services[key] = service_left
    return services


def _in_force(run: Run, row_ids: Sequence[str], but_not: str | None) -> list[PropertySet]:
    """Return the headers of those revisions that provisioning works on, without those of the order *but_not*."""
    if not row_ids:
        return []
    # Where another system keeps the service profiles, a completed line is the only word about its service.
    statuses = ("Open",) if run.runtime.keeps_profiles else SUBMITTED

    def counts(header: dict[str, str | None]) -> bool:
        return header["Status"] in statuses and header["Order Number"] != but_not

    headers = run.headers(ORDER, {"Row Id": list(row_ids)}, counts)
    # A revision without the flag was replaced, or is about to be replaced by a supplement that isn't submitted yet.
    numbers = sorted({header["Order Number"] or "" for header in headers if header["Active Flag"] == "N"})
    revisions = [PropertySet("Order", properties=header) for header in run.headers(ORDER, {"Order Number": numbers})]
    supplemented = {
        other.get("Order Number")
        for other in revisions
        if other.get("Active Flag") != "N" and other.get("Status") in UNSUBMITTED
    }
    newest: dict[str | None, int] = {}
    for other in revisions:
        if other.get("Status") in SUBMITTED:
            newest[other.get("Order Number")] = max(revision_of(other), newest.get(other.get("Order Number"), 0))
    orders = [PropertySet("Order", properties=header) for header in headers]
    return [
        order
        for order in orders
        if order.get("Active Flag") != "N"
        or (order.get("Order Number") in supplemented and revision_of(order) == newest[order.get("Order Number")])
    ]
