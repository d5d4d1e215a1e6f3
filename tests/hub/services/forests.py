"""Generated forests: several roots, moved subtrees, attributes of three types, values null, absent and empty."""

from __future__ import annotations

from hypothesis import strategies as st

from integration_objects.property_set import PropertySet
from tests.trees import asset, order

KEYS = [f"K{number}" for number in range(6)]
PRICES = (None, "5.99", "5.990", "6", "0")
QUANTITIES = (None, "0", "1", "1.0", "2", "3", "1.5")
DATES = (None, "2026-01-31", "2026-01-31T00:00:00Z", "2026-01-31T01:00:00+01:00", "2026-02-01")
TEXTS = (None, "", "a", "b")
#: Twice what does something, so that orders meet each other's work.
ACTIONS = (None, "", "--", "-", *("Add", "Update", "Delete") * 2)


def _maybe(name: str, texts: tuple[str | None, ...]) -> st.SearchStrategy[dict[str, str | None]]:
    """The field absent, or with one of the texts."""
    return st.one_of(st.just({}), st.sampled_from(texts).map(lambda text: {name: text}))


def _together(*parts: st.SearchStrategy[dict[str, str | None]]) -> st.SearchStrategy[dict[str, str | None]]:
    return st.tuples(*parts).map(lambda found: {name: text for part in found for name, text in part.items()})


def _attributes(actions: tuple[str | None, ...]) -> st.SearchStrategy[list[PropertySet]]:
    values = _together(
        _maybe("Text Value", TEXTS),
        _maybe("Number Value", PRICES),
        _maybe("Date Value", DATES),
        _maybe("Action Code", actions),
    )
    return st.dictionaries(st.sampled_from(["Colour", "Size", "Since"]), values, max_size=3).map(
        lambda found: [PropertySet("Attribute", properties={"Name": n, **v}) for n, v in found.items()]
    )


@st.composite
def roots(
    draw: st.DrawFn,
    actions: tuple[str | None, ...] = (None, "-"),
    quantities: tuple[str | None, ...] = (None, "1", "0", "1.0"),
    statuses: tuple[str | None, ...] = (None, "Active", "Suspended"),
    most: int = 6,
) -> list[PropertySet]:
    """Line items in a random forest, keys from a small set, so that two forests share some."""
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=most))
    carried = _together(
        _maybe("Product Id", ("P", "Q")),
        _maybe("Adjusted Price", PRICES),
        _maybe("Service Id", TEXTS),
        _maybe("Quantity", quantities),
        _maybe("Status", statuses),
        _maybe("Asset Status", (None, "Suspended")),
        _maybe("Track As Asset", (None, "Y", "N", "N")),
        _maybe("Due Date", ("2026-05-01",)),
        _maybe("Action Code", actions),
    )
    nodes: list[PropertySet] = []
    top: list[PropertySet] = []
    for number, key in enumerate(keys):
        node = PropertySet("Line Item", properties={"Integration Id": key, **draw(carried)})
        values = draw(_attributes(actions))
        if values:
            node.children.append(PropertySet("ListOf Attribute", children=values))
        above = draw(st.integers(-1, number - 1))
        if above < 0:
            top.append(node)
        else:
            parent = nodes[above]
            listing = parent.child("ListOf Line Item")
            if listing is None:
                listing = PropertySet("ListOf Line Item")
                parent.children.append(listing)
            listing.children.append(node)
        nodes.append(node)
    return top


def states(quantities: tuple[str | None, ...] = (None, "1", "0", "1.0")) -> st.SearchStrategy[PropertySet]:
    """Assets."""
    return roots(quantities=quantities).map(lambda found: asset(*found))


def orders(quantities: tuple[str | None, ...] = QUANTITIES) -> st.SearchStrategy[PropertySet]:
    """Orders with any action codes."""
    statuses = (None, "-", "Open", "Complete", "Active", "Inactive")
    return roots(ACTIONS, quantities, statuses).map(lambda found: order(*found))
