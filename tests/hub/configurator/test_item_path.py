"""Paths of requests: any name can be a step of one, and the error for an unescaped slash shows the right path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.configurator.batch import ItemUnknown
from hub.configurator.item_path import Step, escaped, split_path
from hub.configurator.requests import AddItem, RemoveItem, SetItem
from integration_objects.complex_object import walk_items
from tests.hub.configurator.products import configured, line, product, products, quote, structure

_NAMES = st.text(st.sampled_from("/\\[]12 a") | st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)

FIBRE = "Fibre 100/40"
CATALOGUE = products(
    product(FIBRE)
    + product("24/7 [2]")
    + product("Pack", structure((FIBRE, None, "5", "1"), ("24/7 [2]", None, "1", "1")))
)


@given(_NAMES, st.lists(st.tuples(_NAMES, st.none() | st.integers(1, 30))))
def test_any_name_can_be_a_step(head: str, steps: list[tuple[str, int | None]]) -> None:
    expected = [Step(product, number) for product, number in steps]
    path = "/".join([escaped(head), *map(str, expected)])
    assert split_path(path) == (head, expected)


@given(st.text(st.sampled_from("/\\[]12 a"), max_size=12))
def test_no_text_fails(path: str) -> None:
    head, steps = split_path(path)
    assert len(head) + sum(1 + len(step.product) for step in steps) <= len(path)


def test_a_product_with_a_slash_is_addressed_in_an_added_and_in_a_present_item() -> None:
    asked = [AddItem("Pack", name="new"), SetItem(r"new/Fibre 100\/40", {"Service Id": "1"})]
    asked += [SetItem(r"K/24\/7 \[2]", {"Service Id": "2"}), RemoveItem(r"K/Fibre 100\/40[2]")]
    state = quote(line("Pack", "K", line(FIBRE, "F1"), line(FIBRE, "F2"), line("24/7 [2]", "S")))
    changed = configured(state, asked, CATALOGUE)
    found = [(item.get("Product Id"), item.get("Service Id")) for item, _ in walk_items(changed)]
    assert found == [("Pack", None), (FIBRE, None), ("24/7 [2]", "2"), ("Pack", None), (FIBRE, "1"), ("24/7 [2]", None)]


@pytest.mark.parametrize(
    ("reference", "mend"),
    [
        ("K/Fibre 100/40", r"did you mean 'K/Fibre 100\/40'?"),
        (r"K/24\/7 [2]", r"did you mean 'K/24\/7 \[2]'?"),
        (
            "Nothing",
            "name an item by its Integration Id, or by a path of Product Ids from it; "
            r"a slash within a name is written \/",
        ),
    ],
)
def test_an_error_shows_the_escape(reference: str, mend: str) -> None:
    state = quote(line("Pack", "K", line(FIBRE, "F1"), line("24/7 [2]", "S")))
    with pytest.raises(ItemUnknown) as caught:
        configured(state, [SetItem(reference, {"Service Id": "1"})], CATALOGUE)
    assert caught.value.mend == mend
