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
the answer doesn't name has no price. The hub itself works out the changes and the totals.

Spec: docs/design/workflows.md, "Configurator and pricing" (an external one behind the same port).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, StrictInt

from adapters.json_border import carried, kind_of_json, read_answer
from adapters.json_client import JsonClient
from hub.presentation.tree_json import numbered_item
from hub.pricing.currency import rounded
from hub.pricing.discount import discounted
from hub.pricing.lines import Line
from hub.pricing.port import Priced
from hub.pricing.price_list import PriceList, pricing_moment
from hub.pricing.settle import Bill, LinePrice
from integration_objects.complex_object import object_name
from integration_objects.discount import describe
from integration_objects.field_values import read_number, write_number
from integration_objects.property_set import PropertySet


def _number(value: Any) -> Decimal:
    # Decimals arrive as texts (`http_client`), with all digits. Python counts true and false among the integers.
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError(f"expected a number, found {kind_of_json(value)}")
    return read_number(str(value))


Value = TypeVar("Value")
Optional = Annotated[Value | None, BeforeValidator(lambda value: None if value == "" else value)]
Number = Annotated[Decimal, PlainValidator(_number)]
Written = Annotated[str, PlainValidator(lambda value: write_number(_number(value)))]
ShortText = Annotated[str, Field(max_length=30), AfterValidator(carried)]
LongText = Annotated[str, Field(max_length=4_000), AfterValidator(carried)]
RuleName = Annotated[str, Field(max_length=255), AfterValidator(carried)]


class AnsweredFields(BaseModel):
    """The price fields of a line item, with their lengths."""

    model_config = ConfigDict(extra="forbid")

    adjusted_price: Number = Field(alias="Adjusted Price")
    list_price: Written | None = Field(None, alias="List Price")
    price_type: Literal["One-Time", "Recurring", "Usage"] = Field(alias="Price Type")
    unit_of_measure: Optional[ShortText] = Field(None, alias="Unit Of Measure")
    number_of_occurrences: Written | None = Field(None, alias="Number Of Occurrences")
    price_description: Optional[LongText] = Field(None, alias="Price Description")


class AnsweredPrice(BaseModel):
    """The price of one line item."""

    number: StrictInt
    fields: AnsweredFields
    rules: list[RuleName] = []


class Answer(BaseModel):
    """The prices of a tree."""

    prices: list[AnsweredPrice]


class ExternalPricing:
    """Prices by another system, which is asked once for each tree."""

    is_external = True

    def __init__(self, client: JsonClient) -> None:
        self._client = client

    def through(self, wrap: Callable[[JsonClient], JsonClient]) -> ExternalPricing:
        """Make the same pricing with the client that *wrap* makes of its client."""
        return ExternalPricing(wrap(self._client))

    def price(self, tree: PropertySet, prices: PriceList, on: str, *, may_lack: bool = False) -> Priced:
        """Have every line item of *tree* priced that isn't deleted; see `Pricing.price`.

        The price list gives its id and currency, and must hold at *on*; its prices are not read.

        Raises:
            HubError: the client's: no answer, a faulty answer, a refusal.
        """
        prices.at(pricing_moment(on))
        bill = Bill(tree, prices)
        lines = [line for line in bill.lines if line.is_there]
        if bill.instance is None or not lines:
            return bill.settle({})
        question = {
            "price list": prices.price_list_id,
            "currency": prices.currency,
            "on": on,
            "object": object_name(bill.message),
            "fields": bill.instance.properties,
            "items": [_as_json(line) for line in lines],
        }
        line_prices = self._prices(
            read_answer(Answer, self._client.post(question), self._client), lines, prices.currency
        )
        if not may_lack:
            source = f"the external pricing with the price list '{prices.price_list_id}'"
            bill.refuse_unpriced(line_prices, source, on, ())
        return bill.settle(line_prices)

    def _prices(self, answer: Answer, lines: list[Line], currency: str) -> dict[int, LinePrice]:
        """Return the answer's prices by the lines' numbers; a number must be one of the lines', and stand once."""
        line_prices: dict[int, LinePrice] = {}
        for position, price in enumerate(answer.prices):
            where = f"prices[{position}].number"
            if not 1 <= price.number <= len(lines):
                raise self._client.faulty(f"expected a number from 1 to {len(lines)}", where)
            if price.number in line_prices:
                raise self._client.faulty(f"the item {price.number} has a price already", where)
            fields = price.fields.model_dump(by_alias=True, exclude={"adjusted_price"})
            item, adjusted, rules = lines[price.number - 1].item, price.fields.adjusted_price, tuple(price.rules)
            # The other system's price is the price before a person's discount, as a price list's is.
            changed = discounted(item, adjusted)
            if changed != adjusted:
                adjusted, rules = rounded(changed, currency, price.fields.price_type), (*rules, describe(item))
            line_prices[price.number] = LinePrice(adjusted, fields, rules)
        return line_prices


def _as_json(line: Line) -> dict[str, Any]:
    above = line.above
    # An Inactive item isn't sent: its children stand beneath the next item above it that is.
    while above is not None and not above.is_there:
        above = above.above
    return numbered_item(line.item, line.number, None if above is None else above.number)
