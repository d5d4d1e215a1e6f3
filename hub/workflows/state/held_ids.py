"""One number, one service: what a service holds, and which two services can't hold the same.

    number           the Service Id of a service that has its own: two services of one product exclude each other, and
                     two services of products that are Service Instances
    service point    the point of a service that has its id from there: two services of one Service Id Kind exclude
                     each other. Services with numbers of their own may share a jack. A point that is its own meter
                     has a number (a telephone line's), which its service holds, too.

A service holds the ids of its asset, unless an order that is submitted and still to come gives it others: a Delete or
a change of the number sets the former number free, so that an order behind it may take it.

Source: "Asset -> Quote -> Order Data Flow" ("each service item must have a unique identifier (e.g. telephone
number)"), note on S_ASSET_U1, figure 7A; spec: docs/orders.md, "Numbers and service points".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from hub.workflows.state.service_id import KIND, OF_METER, OF_SERVICE_POINT, Header
from integration_objects.complex_object import action_code
from integration_objects.property_set import PropertySet
from integration_objects.service_number import plain_number

#: The kind of an id that is a number; the other kinds are the values of Service Id Kind.
NUMBER = "number"
#: The kind of an id, and its value as it is compared.
HeldId = tuple[str, str]


@dataclass(frozen=True)
class Service:
    """A service, as an asset has it or as the last line about it leaves it.

    Attributes:
        key: its Integration Id.
        account_id: its account.
        holder: a sentence's end that says who it is: "account 1-B, which is Active".
        product_id: its product.
        number: its Service Id, as it was written: its own, or that of the point which is its own meter.
        point: its Service Point Id.
        is_planned: whether an order asks for it so that isn't submitted: it holds nothing yet.
    """

    key: str
    account_id: str
    holder: str
    product_id: str | None
    number: str | None
    point: str | None
    is_planned: bool = False

    def written(self, held: HeldId) -> str:
        """Name one of its ids as people wrote it."""
        kind, value = held
        return f"number {self.number}" if kind == NUMBER else f"service point {value}"


@dataclass(frozen=True)
class Conflict:
    """An id that a document asks for, and that another service holds.

    Attributes:
        wanted: the service of the document.
        held: the id.
        other: the service that holds it; of the same document, if it has the same `holder`.
    """

    wanted: Service
    held: HeldId
    other: Service


def ids_of(service: Service, products: Mapping[str, Header]) -> frozenset[HeldId]:
    """Return the ids that a service holds; *products* are the headers by Product Id."""
    kind = products.get(service.product_id or "", {}).get(KIND)
    number = plain_number(service.number or "")
    ids = {(NUMBER, number)} if number else set()
    if service.point is None or kind not in (OF_SERVICE_POINT, OF_METER):
        return frozenset(ids)
    # A meter changes over time: the point alone tells its service.
    return frozenset({(kind, service.point), *(ids if kind == OF_SERVICE_POINT else ())})


def left_by(line: PropertySet, service: Service | None, account_id: str, holder: str) -> Service | None:
    """Return a service as a line leaves it; None where there is none any more.

    Args:
        line: the line, an Update without the fields that it leaves alone.
        service: the service before it; None for none.
        account_id: the account of the line's document.
        holder: the sentence's end about a service that the line changes.
    """
    action = action_code(line)
    if action == "Delete":
        return None
    if action == "Add":
        service = Service(line.get("Integration Id") or "", account_id, holder, None, None, None)
    elif action != "Update" or service is None:
        return service
    changed = replace(
        service,
        product_id=line.properties.get("Product Id", service.product_id),
        number=line.properties.get("Service Id", service.number),
        point=line.properties.get("Service Point Id", service.point),
    )
    return service if changed == service else replace(changed, account_id=account_id, holder=holder)


def conflicts(
    before: Mapping[str, Service],
    after: Mapping[str, Service],
    others: Iterable[Service],
    products: Mapping[str, Header],
) -> Iterator[Conflict]:
    """Find the ids that a document takes and that another service holds; two of its own services are told once.

    Args:
        before: the document's services by key, as they are without it.
        after: the same as the document leaves them.
        others: all other services that may hold such ids.
        products: the headers of the products of all of them, by Product Id.
    """
    holders: dict[HeldId, list[Service]] = {}
    for other in others:
        for held in ids_of(other, products):
            holders.setdefault(held, []).append(other)
    # A line that keeps what its service has takes nothing, whoever else has it.
    taken = {
        key: ids_of(service, products) - (ids_of(before[key], products) if key in before else frozenset())
        for key, service in after.items()
    }
    for key, service in after.items():
        for held in ids_of(service, products) - taken[key]:
            holders.setdefault(held, []).append(service)
    for key, service in after.items():
        # A service is named once, though it may have both the point and the point's number.
        named = set()
        for held in sorted(taken[key]):
            same = holders.setdefault(held, [])
            for other in same:
                if other.key not in named and _exclude(held, service, other, products):
                    yield Conflict(service, held, other)
                    named.add(other.key)
                    break
            same.append(service)


def _exclude(held: HeldId, left: Service, right: Service, products: Mapping[str, Header]) -> bool:
    if held[0] != NUMBER or left.product_id == right.product_id:
        return True
    return all(products.get(service.product_id or "", {}).get("Service Instance") == "Y" for service in (left, right))
