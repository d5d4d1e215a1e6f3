"""The accounts, agreements and service points that a quote or an order names are there, and are the customer's.

    a service or billing account    has the same account at the top of its hierarchy as the customer
    an agreement                    is with the customer, with the account at which the service is provided, or with an
                                    account above one of them
    a service point                 is stored, and serves the line's product, where it says which product it serves; its
                                    definition puts it at an address

A value that the service item has already may stay: it never blocks a change of something else.

Source: "Data Model and Tables", tables 1, 3 and 8; spec: docs/design/data-model.md, "Belongings".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.services.update_order_status import COMPLETE_STATUSES
from hub.workflow_manager.outcome import Note
from hub.workflow_manager.run import Run
from hub.workflows.state.accounts import Accounts, AccountUnknown, path_up, read_hierarchy
from hub.workflows.state.lines import ACCOUNTS
from hub.workflows.state.order_lookup import described, in_force
from hub.workflows.state.service_profile import requested_state
from integration_objects.complex_object import ComplexObject, action_code, items_of
from integration_objects.errors import Refused
from integration_objects.names import ACCOUNT, AGREEMENT, KEY, NO_ACTION, SERVICE_POINT
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

Header = Mapping[str, str | None]

_AGREEMENT_ID, _SERVICE_POINT_ID = "Agreement Id", "Service Point Id"
#: the fields that are proven, and the objects that they name
_OBJECTS = {**dict.fromkeys(ACCOUNTS, ACCOUNT), _AGREEMENT_ID: AGREEMENT, _SERVICE_POINT_ID: SERVICE_POINT}
#: statuses of an order's lines that nothing changes any more
_FINISHED = (*COMPLETE_STATUSES, NO_ACTION)


class AccountOfAnother(Refused):
    """A service or billing account is another customer's."""

    what = "the account '{account_id}' isn't one of the customer '{customer}'"
    where = "{place}"
    why = "the account at the top of its hierarchy is '{top}'; at the top of the customer's is '{customers_top}'"
    mend = "name an account of the customer's hierarchy, or put the account into it (orderhub load: Parent Account Id)"


class AgreementUnknown(Refused):
    """There is no agreement of this Agreement Id."""

    what = "the agreement '{agreement}' is unknown"
    where = "{place}"
    why = "no agreement of this Agreement Id is stored"
    mend = "mend the Agreement Id, or load the agreement (orderhub load)"


class AgreementOfAnother(Refused):
    """An agreement is with another customer, or with an office at which the service isn't provided."""

    what = "the agreement '{agreement}' isn't one of the customer '{customer}'"
    where = "{place}"
    why = (
        "it is with the account '{owner}', which is neither the customer nor the service account, nor above one of them"
    )
    mend = "name an agreement of the customer, of the service account, or of an account above one of them"


class ServicePointUnknown(Refused):
    """There is no service point of this Service Point Id."""

    what = "the service point '{point}' is unknown"
    where = "{place}"
    why = "no service point of this Service Point Id is stored"
    mend = "mend the Service Point Id, or load the service point (orderhub load)"


class ServicePointOfAnotherKind(Refused):
    """A service point can't serve the product of its line: gas doesn't come out of a telephone jack."""

    what = "the service point '{point}' can't serve {product}"
    where = "{place}"
    why = "it serves {serves}"
    mend = "name a service point for {product}, or mend the one that is stored (orderhub load: Product Id)"


@dataclass(frozen=True)
class Named:
    """A field of a header, a line or a workflow's arguments that names an account, an agreement or a service point.

    Attributes:
        field, value: the field's name, and the id in it.
        service_account: the account at which the service is provided.
        node: the header or line; None for an argument.
        argument: the argument's name; "" for a header or line.
    """

    field: str
    value: str
    service_account: str | None = None
    node: PropertySet | None = None
    argument: str = ""


@dataclass(frozen=True)
class Stored:
    """The stored headers that decide, by their ids.

    Attributes:
        accounts: the accounts that are named, and all accounts above them and above the customer.
        agreements, service_points: those that are named.
    """

    accounts: Accounts
    agreements: Mapping[str, Header]
    service_points: Mapping[str, Header]


def designation(
    run: Run, customer: str | None, service_account: str | None, billing_account: str | None, agreement: str | None
) -> dict[str, str]:
    """Return the fields of a header that these arguments name, without those that aren't given.

    Args:
        run: the run.
        customer: the header's account; None for an order that names none yet: then each must be there, and no more.
        service_account, billing_account, agreement: the arguments.

    Raises:
        AccountUnknown, AccountOfAnother, AgreementUnknown, AgreementOfAnother: see there.
    """
    arguments = {
        "Service Account Id": ("service-account", service_account),
        "Billing Account Id": ("billing-account", billing_account),
        "Agreement Id": ("agreement", agreement),
    }
    named = [
        Named(field, value, service_account, argument=argument)
        for field, (argument, value) in arguments.items()
        if value is not None
    ]
    for one in _strange(run, customer, named):
        raise _refusal(run, customer, one, f"argument '{one.argument}'")
    return {one.field: one.value for one in named}


def prove_account(run: Run, customer: str, account_id: str, argument: str) -> None:
    """Refuse an account that an argument names, unless it is of the customer's hierarchy.

    Raises:
        AccountUnknown, AccountOfAnother: see there.
    """
    for one in _strange(run, customer, [Named(ACCOUNTS[0], account_id)]):
        raise _refusal(run, customer, one, f"argument '{argument}'")


def prove_belongings(run: Run, document: PropertySet, with_header: bool = False) -> None:
    """Refuse a quote or an order whose lines name something that isn't there, or isn't the customer's.

    Args:
        run: the run.
        document: a quote or an order, with accounts on its lines.
        with_header: whether the header is proven, too, because its sender wrote it.

    Raises:
        AccountUnknown, AccountOfAnother, AgreementUnknown, AgreementOfAnother, ServicePointUnknown,
            ServicePointOfAnotherKind: the first of them.
    """
    for one in _strange_in(run, document, with_header):
        raise _refusal(run, document.get("Account Id"), one, _place(document, one))


def belonging_notes(run: Run, document: PropertySet) -> list[Note]:
    """Report each line that names something that isn't there, or isn't the customer's."""
    notes = []
    for one in _strange_in(run, document):
        error = _refusal(run, document.get("Account Id"), one, _place(document, one))
        assert one.node is not None  # noqa: S101  # it is a line
        notes.append(Note("wrong id", f"{error.what}: {error.why}", one.node.get(KEY), one.node.get("Product Id")))
    return notes


def _strange_in(run: Run, document: PropertySet, with_header: bool = False) -> list[Named]:
    strange = _strange(run, document.get("Account Id"), list(_named_in(document, with_header)))
    if not strange:
        return []
    # Read only now: few documents get here, and a profile may have thousands of items.
    kept = list(_before(run, document))
    return [one for one in strange if not any(_is_there(one, before) for before in kept)]


def _named_in(document: PropertySet, with_header: bool) -> Iterator[Named]:
    """Yield what a document names, but for its customer: on lines that are still to come, and on its header."""
    customer = document.get("Account Id")
    service_account = document.get("Service Account Id") or customer
    lines = (item for item in items_of(document) if action_code(item) in ("Add", "Update"))
    nodes = [document] if with_header else []
    for node in (*nodes, *(item for item in lines if item.get("Status") not in _FINISHED)):
        for field in _OBJECTS:
            value = node.get(field)
            if value is not None and not (value == customer and field in ACCOUNTS):
                yield Named(field, value, node.get("Service Account Id") or service_account, node)


def _before(run: Run, document: PropertySet) -> Iterator[ComplexObject]:
    """Yield the service items as they are requested without a document, and as a revision has them that it replaces."""
    but_not = frozenset({document.get("Row Id") or ""})
    yield ComplexObject.of(requested_state(run, document.get("Account Id") or "", but_not=but_not))
    if document.type == "Order" and (former := in_force(run, document)) is not document:
        yield ComplexObject(former)


def _is_there(named: Named, before: ComplexObject) -> bool:
    item = None if named.node is None else before.by_key(named.node.get(KEY))
    return item is not None and item.get(named.field) == named.value


def _place(document: PropertySet, named: Named) -> str:
    is_sent = document.get("Source Order Number") is not None
    number = document.get("Source Order Number" if is_sent else f"{document.type} Number")
    place, line = f"{document.type.lower()} {number}", named.node
    if line is not None and line is not document:
        # A sender knows its own names of the lines, and not the hub's numbers.
        place += f", line {line.get('Source Reference' if is_sent else 'Line Number')} ({described(line)})"
    return f"{place}, {named.field}"


def _strange(run: Run, customer: str | None, named: Sequence[Named]) -> list[Named]:
    """Return what doesn't exist, or doesn't belong to the customer; one query for each kind of object."""
    if not named:
        return []
    stored = _read(run, customer, named)
    return [one for one in named if not belongs(one, customer, stored)]


def _read(run: Run, customer: str | None, named: Iterable[Named]) -> Stored:
    wanted: dict[str, set[str]] = {ACCOUNT: set(), AGREEMENT: set(), SERVICE_POINT: set()}
    for one in named:
        wanted[_OBJECTS[one.field]].add(one.value)
        if one.field == _AGREEMENT_ID and one.service_account is not None:
            wanted[ACCOUNT].add(one.service_account)
    if customer is not None and (wanted[ACCOUNT] or wanted[AGREEMENT]):
        wanted[ACCOUNT].add(customer)
    agreements, points = (
        run.by_key(name, sorted(wanted[name])) if wanted[name] else {} for name in (AGREEMENT, SERVICE_POINT)
    )
    return Stored(read_hierarchy(run, wanted[ACCOUNT]), agreements, points)


def belongs(named: Named, customer: str | None, stored: Stored) -> bool:
    """Tell whether an account, an agreement or a service point is there, and is the customer's; without one, there."""
    if named.field == _SERVICE_POINT_ID:
        point = stored.service_points.get(named.value)
        return point is not None and _serves(point, named)
    if named.field == _AGREEMENT_ID:
        agreement = stored.agreements.get(named.value)
        owners = {account for start in (customer, named.service_account) for account in path_up(stored.accounts, start)}
        return agreement is not None and (customer is None or agreement.get("Account Id") in owners)
    if named.value not in stored.accounts:
        return False
    return customer is None or path_up(stored.accounts, named.value)[-1] == path_up(stored.accounts, customer)[-1]


def _serves(point: Header, named: Named) -> bool:
    """Tell whether a service point can serve a line's product; whatever isn't told fits."""
    serves, product = point.get("Product Id"), None if named.node is None else named.node.get("Product Id")
    return serves is None or product is None or serves == product


def _refusal(run: Run, customer: str | None, named: Named, place: str) -> Refused:
    """Make the error for a value that doesn't belong; its mend proposes the nearest of the customer's own ids."""
    stored = _read(run, customer, [named])
    mend = nearest(named.value, _ids_of_customer(run, customer, named)) or None
    value = named.value
    # A sender isn't told whose it is.
    why = None if run.origin.inbox_id is None else "it isn't this customer's"
    if named.field == _SERVICE_POINT_ID:
        if value not in stored.service_points:
            return ServicePointUnknown(point=value, place=place, mend=mend)
        product = None if named.node is None else named.node.get("Product Id")
        serves = stored.service_points[value].get("Product Id")
        return ServicePointOfAnotherKind(point=value, product=product, serves=serves, place=place, mend=mend)
    if named.field == _AGREEMENT_ID:
        if value not in stored.agreements:
            return AgreementUnknown(agreement=value, place=place, mend=mend)
        owner = stored.agreements[value].get("Account Id")
        return AgreementOfAnother(agreement=value, customer=customer, place=place, owner=owner, why=why, mend=mend)
    if value not in stored.accounts:
        return AccountUnknown(account_id=value, place=place, mend=mend)
    top, own = (path_up(stored.accounts, account)[-1] for account in (value, customer))
    return AccountOfAnother(
        account_id=value, customer=customer, place=place, top=top, customers_top=own, why=why, mend=mend
    )


def _ids_of_customer(run: Run, customer: str | None, named: Named) -> list[str]:
    """Return the ids that could have been meant: the customer's, and those of the accounts above its services."""
    accounts = read_hierarchy(run, [account for account in (customer, named.service_account) if account is not None])
    path, service_path = path_up(accounts, customer), path_up(accounts, named.service_account)
    # Another customer's service account is a fault of its own, and leads to no ids.
    if path[-1:] == service_path[-1:]:
        path = sorted({*path, *service_path})
    name, example = _OBJECTS[named.field], {"Account Id": path}
    if name == ACCOUNT:
        example = {"Parent Account Id": path}
    elif name == SERVICE_POINT:
        example = {"Address Id": [text for account in path if (text := accounts.get(account, {}).get("Address Id"))]}
    found = [
        header[f"{name} Id"] or ""
        for header in run.headers(name, example)
        if name != SERVICE_POINT or _serves(header, named)
    ]
    return [*path, *found] if name == ACCOUNT else found
