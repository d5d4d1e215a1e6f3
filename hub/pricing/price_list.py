"""A price list, read from its property set and proven: prices, rules, and their periods.

A start is the first moment of a period. An end that is a date is the last day of the period; an end that is a date-time
is the first moment after the period. If several prices for one product hold at one moment, the one that started last
counts.

Source: "Terms for Complex Order Processing System", Price Configurator; spec: docs/design/workflows.md, "Pricing".
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter
from typing import Literal, NoReturn, TypeVar, cast, get_args

from hub.services.objects import only_instance
from integration_objects.complex_object import components, object_name
from integration_objects.errors import Refused
from integration_objects.field_values import WHOLE_DIGITS, read_date, read_number
from integration_objects.property_set import PropertySet, origin_text

PRICE_LIST = "Price List"
ITEM, RULE = "Price List Item", "Price Rule"
PRICE_TYPES = ("One-Time", "Recurring", "Usage")
Kind = Literal["Volume", "Every Nth Free", "Percentage", "Amount"]
_FIELDS_OF: Mapping[str, tuple[str, ...]] = {
    "Volume": ("From Quantity", "Price"),
    "Every Nth Free": ("Every",),
    "Percentage": ("Percent",),
    "Amount": ("Amount",),
}
#: The numbers that a figure may be. With "Every" 1 nothing would cost anything.
_FIGURES: Mapping[str, tuple[str, Callable[[Decimal], bool]]] = {
    "From Quantity": ("a number above 0", lambda figure: figure > 0),
    "Every": ("a whole number of 2 or more", lambda figure: figure >= 2 and figure == figure.to_integral_value()),
    "Price": ("a number of 0 or more", lambda figure: figure >= 0),
    "Percent": ("a number above 0 and up to 100", lambda figure: 0 < figure <= 100),
    "Amount": ("a number above 0", lambda figure: figure > 0),
}
_DATE_LENGTH = len("2026-01-31")
#: Rounded up, a number below it still has no more digits than a stored one may have.
_LARGEST = Decimal(10) ** WHOLE_DIGITS - 1


class PriceListFaulty(Refused):
    """A price list contradicts itself, or a rule lacks the figures of its kind."""

    what = "the {label} can't be used"
    why = "{fault}"
    mend = "mend the price list and load it again"


class PriceListNotEffective(Refused):
    """A price list doesn't hold on the day of the prices."""

    what = "the price list '{name}' doesn't hold on {day}"
    where = "price list '{name}', Effective Start Date and Effective End Date"
    why = "{limit}"
    mend = "take another price list or another date, or mend the list's dates"


class PricingDateWrong(Refused):
    """The date of the prices is no date."""

    what = "the date of the prices can't be read"
    where = "argument 'on'"
    why = "{fault}"
    mend = "give a date or a date-time"


@dataclass(frozen=True)
class Period:
    """The time during which a list, a price or a rule holds: from *start* on, and before *end*; None for no limit."""

    start: datetime.datetime | None = None
    end: datetime.datetime | None = None

    def holds(self, moment: datetime.datetime) -> bool:
        """Tell whether *moment* is in the period."""
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)

    def limit_at(self, moment: datetime.datetime) -> str:
        """Say which limit *moment*, outside of the period, is beyond: in days, where the limit is a whole day."""
        if self.start is not None and moment < self.start:
            return (
                f"its first day is {self.start:%Y-%m-%d}"
                if _is_day(self.start)
                else f"it starts at {_shown(self.start)}"
            )
        if self.end is None:
            return ""
        if _is_day(self.end):
            return f"its last day was {self.end - datetime.timedelta(days=1):%Y-%m-%d}"
        return f"it ended at {_shown(self.end)}"

    @property
    def started(self) -> tuple[bool, datetime.datetime]:
        """The key to sort periods by their start: no start comes before all others."""
        return self.start is not None, self.start or datetime.datetime.min.replace(tzinfo=datetime.UTC)


@dataclass(frozen=True)
class ListedPrice:
    """The price of a product.

    Attributes:
        name: tells the prices of a product apart.
        bundle: the product beneath which the price holds; None for everywhere.
        price: for one unit.
        fields: the price fields of a line item, with the list's own texts: List Price, Price Type, ...
    """

    name: str
    product: str
    bundle: str | None
    price: Decimal
    fields: Mapping[str, str | None]
    period: Period

    @property
    def price_type(self) -> str | None:
        """One-Time, Recurring or Usage."""
        return self.fields["Price Type"]


@dataclass(frozen=True)
class PriceRule:
    """A rule that changes the price of a product's items.

    Attributes:
        name: as customers read it.
        bundle: the product beneath which it holds; None for everywhere, each item within its root item.
        from_quantity: Volume: the least number of like items.
        figure: the kind's number: the Price, the Every, the Percent or the Amount.
    """

    name: str
    kind: Kind
    product: str
    bundle: str | None
    from_quantity: Decimal
    figure: Decimal
    period: Period


@dataclass(frozen=True)
class PriceList:
    """A proven price list, made by `price_list_of`, with its items and rules in their order."""

    price_list_id: str
    name: str | None
    currency: str
    period: Period
    items: tuple[ListedPrice, ...] = field(repr=False)
    rules: tuple[PriceRule, ...] = field(repr=False)

    def at(self, moment: datetime.datetime) -> EffectivePrices:
        """Select the prices and rules that hold at *moment*, by product.

        Raises:
            PriceListNotEffective: the list itself doesn't hold.
        """
        if not self.period.holds(moment):
            raise PriceListNotEffective(
                name=self.price_list_id, day=f"{moment:%Y-%m-%d}", limit=self.period.limit_at(moment)
            )
        return EffectivePrices(
            [item for item in self.items if item.period.holds(moment)],
            [rule for rule in self.rules if rule.period.holds(moment)],
        )


class EffectivePrices:
    """The prices and rules of one moment, by product and by bundle (None for everywhere).

    Attributes:
        prices: the price that started last.
        tiers: the volume tiers, the highest From Quantity first.
        every: the Every-Nth-Free rule that started last.
        discounts: Percentage rules by name, then Amount rules by name: the order in which they apply.
    """

    def __init__(self, items: Iterable[ListedPrice], rules: Iterable[PriceRule]) -> None:
        self.prices: dict[str, dict[str | None, ListedPrice]] = {}
        self.tiers: dict[str, dict[str | None, list[PriceRule]]] = {}
        self.every: dict[str, dict[str | None, PriceRule]] = {}
        self.discounts: dict[str, list[PriceRule]] = {}
        started = attrgetter("period.started")
        # In the order of their starts, so that a later one takes the place of an earlier one.
        for item in sorted(items, key=started):
            self.prices.setdefault(item.product, {})[item.bundle] = item
        for rule in sorted(rules, key=started):
            if rule.kind == "Volume":
                # A later tier takes the place of one that starts at the same quantity.
                tiers = self.tiers.setdefault(rule.product, {}).setdefault(rule.bundle, [])
                tiers[:] = [tier for tier in tiers if tier.from_quantity != rule.from_quantity] + [rule]
            elif rule.kind == "Every Nth Free":
                self.every.setdefault(rule.product, {})[rule.bundle] = rule
            else:
                self.discounts.setdefault(rule.product, []).append(rule)
        for by_bundle in self.tiers.values():
            for tiers in by_bundle.values():
                tiers.sort(key=attrgetter("from_quantity"), reverse=True)
        for discounts in self.discounts.values():
            discounts.sort(key=lambda rule: (rule.kind != "Percentage", rule.name))


def _is_day(moment: datetime.datetime) -> bool:
    return moment.time() == datetime.time()


def _shown(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def pricing_moment(on: str) -> datetime.datetime:
    """Read the moment that a workflow's date or date-time means; a date is its midnight.

    Raises:
        PricingDateWrong: it is none.
    """
    try:
        return read_date(on)
    except ValueError as fault:
        raise PricingDateWrong(fault=fault) from None


def price_list_of(tree: PropertySet) -> PriceList:
    """Read and prove the price list in a message, or in its one instance.

    Raises:
        PriceListFaulty: the first fault, with the list, the item or rule, and the line it came from.
        ManyInstances: the message carries several.
    """
    instance = tree
    if tree.child("Message") is not None or tree.type != PRICE_LIST:
        header = only_instance(tree, "price list")
        if header is None or header.type != PRICE_LIST:
            place = object_name(tree) or "an empty object"
            fault = f"expected a message with one {PRICE_LIST}"
            raise PriceListFaulty("there is no price list in the message", where=place, fault=fault, mend="give one")
        instance = header
    return _Reading(instance).price_list()


_Named = TypeVar("_Named", ListedPrice, PriceRule)


class _Reading:
    """Reads one price list, and gives the places of its faults."""

    def __init__(self, instance: PropertySet) -> None:
        self.instance = instance
        self.label = f"price list '{instance.get('Price List Id') or ''}'"

    def price_list(self) -> PriceList:
        top = self.instance
        items = [self._item(node) for node in components(top, ITEM)]
        rules = [self._rule(node) for node in components(top, RULE)]
        exclusive = [rule for rule in rules if rule.kind in ("Volume", "Every Nth Free")]
        same_price = attrgetter("product", "bundle", "period.start")
        same_case = attrgetter("kind", "product", "bundle", "from_quantity", "period.start")
        # Two with another start are no contradiction: the one that started last counts.
        self._check_twice(ITEM, items, same_price, "two prices for one product")
        self._check_twice(RULE, rules, attrgetter("name"), "two rules with one name")
        self._check_twice(RULE, exclusive, same_case, "two rules for one case")
        return PriceList(
            self._text(top, "Price List Id"),
            top.get("Name"),
            self._text(top, "Currency Code"),
            self._period(top),
            tuple(items),
            tuple(rules),
        )

    def _item(self, node: PropertySet) -> ListedPrice:
        price_type = self._text(node, "Price Type")
        if price_type not in PRICE_TYPES:
            self._fail(node, "Price Type", f"expected one of {', '.join(PRICE_TYPES)}, found '{price_type}'")
        occurrences = node.get("Number Of Occurrences")
        if occurrences is not None and self._number(node, "Number Of Occurrences") < 0:
            self._fail(node, "Number Of Occurrences", f"expected a number of 0 or more, found '{occurrences}'")
        fields = {
            "List Price": self._text(node, "Price"),
            "Price Type": price_type,
            "Unit Of Measure": node.get("Unit Of Measure") or None,
            "Number Of Occurrences": occurrences,
            "Price Description": node.get("Price Description") or None,
        }
        return ListedPrice(
            name=node.get("Name") or "",
            product=self._text(node, "Product Id"),
            bundle=node.get("Bundle Product Id") or None,
            price=self._number(node, "Price"),
            fields=fields,
            period=self._period(node),
        )

    def _rule(self, node: PropertySet) -> PriceRule:
        kind = self._text(node, "Kind")
        if kind not in get_args(Kind):
            self._fail(node, "Kind", f"expected one of {', '.join(get_args(Kind))}, found '{kind}'")
        for name in _FIGURES:
            if name not in _FIELDS_OF[kind] and node.get(name) is not None:
                self._fail(node, name, f"a rule of kind {kind} has {' and '.join(_FIELDS_OF[kind])}, and no {name}")
        figures = {name: self._number(node, name) for name in _FIELDS_OF[kind]}
        for name, figure in figures.items():
            expected, is_right = _FIGURES[name]
            if not is_right(figure):
                self._fail(node, name, f"expected {expected}, found '{node.get(name)}'")
        return PriceRule(
            name=self._text(node, "Name"),
            kind=cast(Kind, kind),
            product=self._text(node, "Product Id"),
            bundle=node.get("Bundle Product Id") or None,
            from_quantity=figures.get("From Quantity", Decimal(0)),
            figure=figures[_FIELDS_OF[kind][-1]],
            period=self._period(node),
        )

    def _period(self, node: PropertySet) -> Period:
        start, end = (self._date(node, name) for name in ("Effective Start Date", "Effective End Date"))
        # A list that ends on a day holds until the day's last moment: people write the last day, not the day after.
        if end is not None and len(node.get("Effective End Date") or "") == _DATE_LENGTH:
            end += datetime.timedelta(days=1)
        if start is not None and end is not None and end <= start:
            self._fail(node, "Effective End Date", f"it ends at {_shown(end)}, before it has started")
        return Period(start, end)

    def _check_twice(self, kind: str, parts: Sequence[_Named], key: Callable[[_Named], object], twice: str) -> None:
        seen: dict[object, _Named] = {}
        for part in parts:
            first = seen.setdefault(key(part), part)
            if first is not part:
                raise PriceListFaulty(
                    f"the {self.label} has {twice}",
                    where=f"{self.label}, {kind} '{part.name}'",
                    fault=f"{kind} '{first.name}' is for the same, from the same start on",
                    mend="take one of them out, or give it another start",
                )

    def _text(self, node: PropertySet, name: str) -> str:
        text = node.get(name)
        if not text:
            self._fail(node, name, "expected a value, found none")
        return text

    def _number(self, node: PropertySet, name: str) -> Decimal:
        try:
            number = read_number(self._text(node, name))
        except ValueError as fault:
            self._fail(node, name, str(fault))
        if abs(number) >= _LARGEST:
            self._fail(node, name, f"expected a number below {_LARGEST:,}, found '{node.get(name)}'")
        return number

    def _date(self, node: PropertySet, name: str) -> datetime.datetime | None:
        text = node.get(name)
        if text is None:
            return None
        try:
            return read_date(text)
        except ValueError as fault:
            self._fail(node, name, str(fault))

    def _fail(self, node: PropertySet, name: str, fault: str) -> NoReturn:
        parts = [self.label]
        if node is not self.instance:
            parts.append(f"{node.type} '{node.get('Name') or node.get('Product Id') or ''}'")
        parts.append(name)
        if node.origin is not None:
            parts.append(origin_text(node.origin))
        raise PriceListFaulty(label=self.label, where=", ".join(parts), fault=fault, node=node)
