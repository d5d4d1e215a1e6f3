"""Pricing by another system: it is sent the lines, and answers with their prices.

    question   {"price list": "Standard", "currency": "USD", "on": "2026-10-01", "object": "OM Quote",
                "fields": {"Account Id": "1-A", ...},
                "items": [{"number": 1, "above": null, "fields": {"Product Id": "Local Line", ...},
                           "attributes": [{"Name": "Rings", "Text Value": "6"}]}, ...]}
    answer     {"prices": [{"number": 1, "rules": ["More than ten lines"],
                            "fields": {"List Price": "5.99", "Adjusted Price": "4.99", "Price Type": "Recurring",
                                       "Unit Of Measure": "Month", "Number Of Occurrences": null,
                                       "Price Description": null}}, ...]}

Items are in the tree's order, numbered from 1; ``above`` is the number of the item above. Fields are those of the
line item. Of the answer's fields, Adjusted Price and Price Type are needed, ``rules`` may be left out; an item that
the answer doesn't name has no price. What changed and the totals are worked out here, whoever priced.

Spec: docs/design/workflows.md, "Configurator and pricing" (an external one behind the same port).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from adapters.json_client import JsonClient
from hub.pricing.lines import Line
from hub.pricing.price_list import PRICE_TYPES, PriceList, pricing_moment
from hub.pricing.priced import Priced
from hub.pricing.settle import Bill, LinePrice
from integration_objects.complex_object import attributes, object_name
from integration_objects.errors import HubError
from integration_objects.field_values import check_characters, read_number, shown, write_number
from integration_objects.property_set import PropertySet

_NUMBERS = ("List Price", "Adjusted Price", "Number Of Occurrences")
#: The other fields of an answer, with the length of the line item's.
_TEXTS = {"Price Type": 30, "Unit Of Measure": 30, "Price Description": 4_000}
_MOST_RULE = 255


class ExternalPricing:
    """Prices by another system, which is asked once for each tree."""

    is_external = True

    def __init__(self, client: JsonClient) -> None:
        self._client = client

    def through(self, wrap: Callable[[JsonClient], JsonClient]) -> ExternalPricing:
        """The same pricing, whose questions go through what *wrap* makes of its client."""
        return ExternalPricing(wrap(self._client))

    def price(self, tree: PropertySet, prices: PriceList, on: str, *, may_lack: bool = False) -> Priced:
        """Have every line item of *tree* priced that isn't deleted; see `Pricing.price`.

        The price list gives its id and currency and says whether it holds; its prices are not read.

        Raises:
            HubError: what the client raises: no answer, a faulty one, a refusal.
        """
        prices.at(pricing_moment(on))
        bill = Bill(tree, prices)
        there = [line for line in bill.lines if line.is_there]
        if bill.instance is None or not there:
            return bill.settle({})
        question = {
            "price list": prices.price_list_id,
            "currency": prices.currency,
            "on": on,
            "object": object_name(bill.message),
            "fields": bill.instance.properties,
            "items": [_as_json(line) for line in there],
        }
        found = _Answer(self._client.faulty, len(there)).prices(self._client.post(question))
        if not may_lack:
            bill.refuse_unpriced(found, f"the external pricing with the price list '{prices.price_list_id}'", on, ())
        return bill.settle(found)


def _as_json(line: Line) -> dict[str, Any]:
    above = line.above
    while above is not None and not above.is_there:
        above = above.above
    return {
        "number": line.number,
        "above": None if above is None else above.number,
        "fields": line.item.properties,
        "attributes": [one.properties for one in attributes(line.item)],
    }


class _Answer:
    """Reads an answer, of which nothing is believed."""

    def __init__(self, faulty: Callable[[str, str], HubError], lines: int) -> None:
        self._faulty = faulty
        self._lines = lines

    def prices(self, answer: Any) -> dict[int, LinePrice]:
        if not isinstance(answer, dict) or not isinstance(answer.get("prices"), list):
            raise self._faulty("expected an object with the list 'prices'", "")
        found: dict[int, LinePrice] = {}
        for place, entry in enumerate(answer["prices"]):
            where = f"prices[{place}]"
            if not isinstance(entry, dict) or not isinstance(entry.get("fields"), dict):
                raise self._faulty("expected an object with 'number' and 'fields'", where)
            number = entry.get("number")
            if type(number) is not int or not 1 <= number <= self._lines:
                raise self._faulty(f"expected a number from 1 to {self._lines}", f"{where}.number")
            if number in found:
                raise self._faulty(f"the item {number} has a price already", f"{where}.number")
            found[number] = self._line_price(entry["fields"], entry.get("rules", []), where)
        return found

    def _line_price(self, fields: dict[str, Any], rules: Any, where: str) -> LinePrice:
        for name in fields:
            if name not in _NUMBERS and name not in _TEXTS:
                known = ", ".join((*_NUMBERS, *_TEXTS))
                raise self._faulty(f"the field {shown(name)} is none of {known}", f"{where}.fields")
        numbers = {name: self._number(fields.get(name), f"{where}.fields.{name}") for name in _NUMBERS}
        texts = {
            name: self._text(fields.get(name), length, f"{where}.fields.{name}") for name, length in _TEXTS.items()
        }
        adjusted = numbers["Adjusted Price"]
        if adjusted is None:
            raise self._faulty("a price is needed", f"{where}.fields.Adjusted Price")
        if texts["Price Type"] not in PRICE_TYPES:
            raise self._faulty(f"expected one of {', '.join(PRICE_TYPES)}", f"{where}.fields.Price Type")
        if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
            raise self._faulty("expected a list of names", f"{where}.rules")
        return LinePrice(
            list_price=_written(numbers["List Price"]),
            adjusted=adjusted,
            price_type=texts["Price Type"],
            unit_of_measure=texts["Unit Of Measure"],
            number_of_occurrences=_written(numbers["Number Of Occurrences"]),
            description=texts["Price Description"],
            rules=tuple(str(self._text(rule, _MOST_RULE, f"{where}.rules")) for rule in rules),
        )

    def _number(self, value: Any, where: str) -> Decimal | None:
        if value is None:
            return None
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise self._faulty("expected a number", where)
        try:
            return read_number(str(value))
        except ValueError as error:
            raise self._faulty(str(error), where) from error

    def _text(self, value: Any, length: int, where: str) -> str | None:
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self._faulty("expected a text", where)
        if len(value) > length:
            raise self._faulty(f"expected at most {length} characters, found {len(value)}", where)
        fault = check_characters(value)
        if fault is not None:
            raise self._faulty(fault, where)
        return value


def _written(number: Decimal | None) -> str | None:
    return None if number is None else write_number(number)
