"""Free units: charged quantities, and shares of parts in them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.services.free_units import charged_quantity, put_share, share_of
from tests.trees import item


@pytest.mark.parametrize(
    ("quantity", "extended", "free", "expected"),
    [
        ("3", "3", "1", "2"),
        ("3", "6", "2", "2"),
        ("3", None, "1", "2"),
        ("3", "3", None, "3"),
        (None, None, None, None),
    ],
)
def test_billing_charges_the_units_that_are_not_free(
    quantity: str | None, extended: str | None, free: str | None, expected: str | None
) -> None:
    line = item("P", quantity=quantity, extended_quantity=extended, free_quantity=free)
    assert charged_quantity(line, "Quantity") == expected


def test_shares_add_up_to_the_whole() -> None:
    for free in (Decimal(0), Decimal(1), Decimal(5), Decimal("2.5")):
        assert sum(share_of(free, position, 3) for position in range(3)) == free


def test_a_part_without_free_units_loses_the_rules_name_and_a_free_part_its_price() -> None:
    part = item("P", adjusted_price="29.00", free_quantity="1", pricing_comment="Price rule: tier; free")
    charged, free = part.copy(), part.copy()
    put_share(charged, Decimal(0), Decimal(1))
    put_share(free, Decimal(1), Decimal(1))
    names = ("Adjusted Price", "Free Quantity", "Pricing Comment")
    assert [charged.get(name) for name in names] == ["29.00", None, "Price rule: tier"]
    assert [free.get(name) for name in names] == ["0.00", None, "Price rule: tier; free"]
