"""The numbers and service points that a quote or an order asks for, against the services that hold them.

    prove_ids_free    refuses an order that asks for an id of another service, when it is submitted or received
    prove_cancelled   refuses to cancel an order that has set an id free, if another service has got it
    held_by_others    finds the services that have a number which provisioning has brought
    loaded_id_notes   tells the same of a service profile that is loaded
    held_id_notes     tells the same of a quote or an order that isn't submitted yet: it holds nothing itself; and of
                      other such orders that ask for the same

The rule is in `held_ids`. Services of all accounts count, found by their ids: a few queries for all lines together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.held_ids import NUMBER, Conflict, Service, conflicts, ids_of, left_by
from hub.workflows.state.order_lookup import SUBMITTED, UNSUBMITTED, revision_of
from hub.workflows.state.rebase import leave_alone
from hub.workflows.state.service_id import KIND as KIND_OF_ID
from hub.workflows.state.service_id import OF_SERVICE_POINT, Header
from hub.workflows.state.service_profile import INACTIVE, in_turn
from hub.workflows.state.statuses import NEVER_COMES
from integration_objects.complex_object import action_code, is_tracked, items_of
from integration_objects.errors import Refused
from integration_objects.names import ASSET, KEY, LINE_ITEM, NO_ACTION, ORDER, SERVICE_POINT
from integration_objects.property_set import PropertySet

KIND = "service id"
_IDS = ("Service Id", "Service Point Id")
#: Conflicts that a refusal names.
_NAMED = 10
#: Ends of a note: of an id that is held, and of one that another order asks for.
_NOT_SUBMITTED = "an order that asks for it can't be submitted"
_SUBMITTED_FIRST = "the order that is submitted first gets it"
#: Holder of the services of the document itself.
_ITSELF = ""


class ServiceIdHeld(Refused):
    """An order asks for a number or a service point that another service has."""

    what = "the order {number} asks for {ids} of {holders}"
    where = "order {number}, line {lines}"
    why = "{reasons}"
    mend = "{instead}"


class ServiceIdGivenAway(Refused):
    """An order is to be cancelled that has set an id free which another service has got."""

    what = "the order {number} can't be cancelled: {holders} got {ids}, which it has set free"
    where = "order {number}"
    why = "{reasons}"
    mend = "cancel the other order first, or give the other service another id"


def prove_ids_free(run: Run, order: PropertySet, former: PropertySet | None, instead: str) -> None:
    """Refuse an order that asks for a number or a service point that another service holds.

    Other transactions that ask for the same wait until this one has ended.

    Args:
        run: the run; the order's account is locked.
        order: an instance of OM Order.
        former: the revision that the order replaces: what it has set free, and the order takes back, must be free
            still; None for a first one.
        instead: the refusal's mend.

    Raises:
        ServiceIdHeld: names the lines, the ids, and who has them.
    """
    found = _conflicts(run, order, former, is_submitted=True)
    if found:
        raise ServiceIdHeld(
            number=order.get("Order Number") or order.get("Source Order Number"),
            **_ids_and_holders(found),
            lines=", ".join(dict.fromkeys(_line(order, conflict.wanted) for conflict in found[:_NAMED])),
            reasons=_reasons(order, found),
            instead=instead,
        )


def prove_cancelled(run: Run, order: PropertySet) -> None:
    """Refuse to cancel a submitted order if another service has got an id that the order has set free.

    Raises:
        ServiceIdGivenAway: names the services.
    """
    found = _conflicts(run, PropertySet("Order", properties=dict(order.properties)), order, is_submitted=True)
    if found:
        raise ServiceIdGivenAway(
            number=order.get("Order Number"), reasons=_reasons(order, found), **_ids_and_holders(found)
        )


def held_by_others(run: Run, order: PropertySet, lines: Iterable[PropertySet]) -> dict[str, str]:
    """Find the lines whose numbers other services have: a sentence about each, by the line's key.

    Args:
        run: the run.
        order: an instance of OM Order.
        lines: lines of it whose numbers provisioning has brought: nobody has proven them.
    """
    account_id = order.get("Account Id") or ""
    brought = [line for line in lines if is_tracked(line) and action_code(line) in ("Add", "Update")]
    own = {line.get(KEY) or "": _service(line, account_id, _ITSELF) for line in brought}
    return {conflict.wanted.key: _sentence(order, conflict) for conflict in _held_twice(run, own)}


def loaded_id_notes(run: Run, asset: PropertySet) -> list[Note]:
    """Report the numbers and service points of a service profile, stored just now, that other services hold, too.

    Args:
        run: the run.
        asset: an instance of OM Asset as it was loaded; it may carry a part of the items and of their fields.
    """
    keys = {item.get(KEY) or "" for item in items_of(asset) if any(item.get(name) for name in _IDS)}
    return [
        Note(KIND, _sentence(asset, conflict), conflict.wanted.key, conflict.wanted.product_id)
        for conflict in _held_twice(run, _services(run, keys, None))
    ]


def _held_twice(run: Run, own: Mapping[str, Service]) -> list[Conflict]:
    """Find the ids of services, by key, that other services hold, too."""
    products: dict[str, Header] = {}
    own = {service.key: service for service in _joined(run, own.values(), products)}
    held = {one for service in own.values() for one in ids_of(service, products)}
    if not held:
        return []
    run.effects.lock_names(" ".join(one) for one in held)
    others = _services(run, _keys_holding(run, held) - own.keys(), None)
    return list(conflicts({}, own, _joined(run, others.values(), products), products))


def held_id_notes(run: Run, document: PropertySet) -> list[Note]:
    """Report the numbers and service points of a quote or an order that other services hold, or other orders ask for.

    Args:
        run: the run.
        document: an instance of OM Quote or OM Order that replaces no other.
    """
    return [
        Note(
            KIND,
            f"{_sentence(document, conflict)}; {_SUBMITTED_FIRST if conflict.other.is_planned else _NOT_SUBMITTED}",
            conflict.wanted.key,
            conflict.wanted.product_id,
        )
        for conflict in _conflicts(run, document, None, is_submitted=False)
    ]


def _ids_and_holders(found: Sequence[Conflict]) -> dict[str, str]:
    """Write the ids and their holders for an error's what: one id is written out, several are counted."""
    ids = {conflict.wanted.written(conflict.held) for conflict in found}
    if len(ids) == 1:
        return {"ids": f"the {ids.pop()}", "holders": "another service"}
    kinds = sorted({"numbers" if conflict.held[0] == NUMBER else "service points" for conflict in found})
    return {"ids": f"{len(ids)} {' and '.join(kinds)}", "holders": "other services"}


def _reasons(document: PropertySet, found: Sequence[Conflict]) -> str:
    reasons = [_sentence(document, conflict) for conflict in found[:_NAMED]]
    if len(found) > _NAMED:
        reasons.append(f"and {len(found) - _NAMED} more")
    return "; ".join(reasons)


def _line(document: PropertySet, service: Service) -> str:
    """Name the line of a service as its sender or the person who made it does."""
    for item in items_of(document):
        if item.get(KEY) == service.key:
            return item.get("Source Reference") or item.get("Line Number") or service.key
    return service.key


def _sentence(document: PropertySet, conflict: Conflict) -> str:
    wanted, other = conflict.wanted, conflict.other
    line = f"line {_line(document, wanted)} ({wanted.product_id})"
    beginning = f"the {wanted.written(conflict.held)} of {line} is that of"
    if other.holder == _ITSELF:
        return f"{beginning} line {_line(document, other)} ({other.product_id}), too"
    return f"{beginning} {other.product_id} ({other.key}) of account {other.account_id}, {other.holder}"


def _conflicts(run: Run, document: PropertySet, former: PropertySet | None, *, is_submitted: bool) -> list[Conflict]:
    """Find the ids that a document takes, compared with the revision that it replaces, and that other services hold."""
    account_id = document.get("Account Id") or ""
    own = _changes(document)
    replaced = [] if former is None or former.get("Status") not in SUBMITTED else _changes(former)
    # Most updates leave numbers and points alone: nothing is read for them.
    if not any(_touches_id(line) for line in own) and not any(_touches_id(line) for line in replaced):
        return []
    number = (former or document).get("Order Number") if document.type == "Order" else None
    changed = {line.get(KEY) or "" for line in (*own, *replaced)}
    # An added service is nowhere else: only the others are looked for.
    there = {line.get(KEY) or "" for line in (*own, *replaced) if action_code(line) != "Add"}
    present = _services(run, there, number)
    products: dict[str, Header] = {}
    before, after = (
        {one.key: one for one in _joined(run, _left_by(lines, present, account_id).values(), products)}
        for lines in (replaced, own)
    )
    taken = {
        held
        for key, service in after.items()
        for held in ids_of(service, products) - (ids_of(before[key], products) if key in before else frozenset())
    }
    if not taken:
        return []
    if is_submitted:
        run.effects.lock_names(" ".join(held) for held in taken)
    keys = _keys_holding(run, taken) - changed
    services = _services(run, keys, number)
    others = list(services.values())
    if not is_submitted:
        # Behind those that hold an id, which are told first.
        others += _planned_services(run, keys, number, services)
    return list(conflicts(before, after, _joined(run, others, products), products))


def _changes(document: PropertySet) -> list[PropertySet]:
    return _lines_to_come([item.copy_node() for item in items_of(document)])


def _touches_id(line: PropertySet) -> bool:
    """Tell whether a line may take an id or set one free; an Update carries only what it changes."""
    return action_code(line) == "Delete" or any(name in line.properties for name in _IDS)


def _left_by(lines: Iterable[PropertySet], services: Mapping[str, Service], account_id: str) -> dict[str, Service]:
    """Return a document's services as its lines leave them."""
    left = dict(services)
    for line in lines:
        key = line.get(KEY) or ""
        service = left_by(line, left.pop(key, None), account_id, _ITSELF)
        if service is not None:
            left[key] = service
    return left


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


def _service(item: PropertySet, account_id: str, holder: str) -> Service:
    number, point = item.get("Service Id"), item.get("Service Point Id")
    return Service(item.get(KEY) or "", account_id, holder, item.get("Product Id"), number, point)


def _joined(run: Run, services: Iterable[Service], products: dict[str, Header]) -> list[Service]:
    """Give services whose points are their own meters the numbers of these points; adds to *products* by Product Id."""
    services = list(services)
    products |= run.products(sorted({service.product_id or "" for service in services} - {""}))

    def has_number_of_point(service: Service) -> bool:
        kind = products.get(service.product_id or "", {}).get(KIND_OF_ID)
        return service.point is not None and kind == OF_SERVICE_POINT

    ids = sorted({service.point or "" for service in services if has_number_of_point(service)})
    points = run.by_key(SERVICE_POINT, ids) if ids else {}
    return [
        replace(service, number=points.get(service.point or "", {}).get("Service Id"))
        if has_number_of_point(service)
        else service
        for service in services
    ]


def _keys_holding(run: Run, wanted: Iterable[tuple[str, str]]) -> set[str]:
    """Return the keys of the services that have one of these ids, in their assets or on the line of an order."""
    values: dict[str, set[str]] = {"Service Id": set(), "Service Point Id": set()}
    for kind, value in wanted:
        values["Service Id" if kind == NUMBER else "Service Point Id"].add(value)
    # A point that is its own meter has a number.
    points = run.items(SERVICE_POINT, None, "Service Id", values["Service Id"]) if values["Service Id"] else []
    values["Service Point Id"] |= {fields["Service Point Id"] or "" for _, fields in points}
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
    services: dict[str, Service] = {}
    if not keys:
        return services
    for account_id, fields in run.items(ASSET, LINE_ITEM, KEY, keys):
        asset = PropertySet(LINE_ITEM, properties=fields)
        status = asset.get("Status") or "Active"
        if status != INACTIVE and is_tracked(asset):
            service = _service(asset, account_id, f"which is {status}")
            services[service.key] = service
    lines = _order_lines(run, keys)
    stuck = {row for row, group in lines.items() if any(map(_is_nowhere, group))}
    # In the order in which they will come: the last one that gives a service a number has the say.
    for order in in_turn(run, _in_force(run, sorted(lines), but_not, stuck)):
        holder = f"which the order {order.get('Order Number')} asks for"
        for line in _lines_to_come(lines[order.get("Row Id") or ""]):
            key = line.get(KEY) or ""
            service_left = left_by(line, services.pop(key, None), order.get("Account Id") or "", holder)
            if service_left is not None:
                services[key] = service_left
    return services


def _planned_services(
    run: Run, keys: set[str], but_not: str | None, services: Mapping[str, Service]
) -> Iterator[Service]:
    """Yield the services of these keys as orders ask for them that aren't submitted; *services* as `_services`."""
    lines = _order_lines(run, keys)

    def counts(header: dict[str, str | None]) -> bool:
        is_active = header["Active Flag"] != "N" and header["Order Number"] != but_not
        return is_active and header["Status"] in UNSUBMITTED

    for header in run.headers(ORDER, {"Row Id": sorted(lines)}, counts):
        holder = f"which the order {header['Order Number']} asks for, that isn't submitted yet"
        for line in _lines_to_come(lines[header["Row Id"] or ""]):
            service = services.get(line.get(KEY) or "")
            planned = left_by(line, service, header["Account Id"] or "", holder)
            if planned is not None and planned != service:
                yield replace(planned, is_planned=True)


def _order_lines(run: Run, keys: set[str]) -> dict[str, list[PropertySet]]:
    """Return all lines of these keys, by the row ids of their orders."""
    lines: dict[str, list[PropertySet]] = {}
    for owner, fields in run.items(ORDER, LINE_ITEM, KEY, keys):
        lines.setdefault(owner, []).append(PropertySet(LINE_ITEM, properties=fields))
    return lines


def _is_nowhere(line: PropertySet) -> bool:
    """Tell whether a line is complete, and its service isn't in the profile: it stands beneath one that failed."""
    is_complete = line.get("Status") == "Complete" and line.get("Applied Date") is None
    return is_complete and action_code(line) in ("Add", "Update") and is_tracked(line)


def _in_force(
    run: Run, row_ids: Sequence[str], but_not: str | None, stuck: Collection[str | None]
) -> list[PropertySet]:
    """Return the headers of those revisions that provisioning works on, without those of the order *but_not*.

    The row ids *stuck* are of orders with services that run and are in no profile: these orders count, too, while a
    fallout entry about them is open.
    """
    if not row_ids:
        return []
    # Where another system keeps the service profiles, a completed line is the only word about its service.
    statuses = ("Open",) if run.runtime.keeps_profiles else SUBMITTED

    def counts(header: dict[str, str | None]) -> bool:
        if header["Order Number"] == but_not or header["Status"] not in SUBMITTED:
            return False
        return header["Status"] in statuses or (
            header["Row Id"] in stuck and bool(run.fallout_of(header["Order Number"]))
        )

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
