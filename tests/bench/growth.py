"""How long configuring, checking, pricing and writing large trees take, and how that grows with their size:

    python -m tests.bench.growth

Measured in CPU seconds, the best of three. That the results are right, and that the steps grow with the size and not
with its square, is what the tests say; how long a step takes is said here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hub.pricing.list_pricing import ListPricing
from integration_objects.definition import shipped_definitions
from schemas.check import Limits
from schemas.hub_xml import hub_from_xml, hub_to_xml
from tests.bench.delta_and_apply import best, exponent, say, state
from tests.hub.configurator.products import BUILT_IN, large_batch, large_bundle, large_catalogue
from tests.hub.pricing.lists import ON, large_prices, large_quote
from tests.trees import counting

#: of lines in a bundle, three features each: the smallest is an order, the largest what the doors let in
BUNDLES = (10, 375, 1_500)
PRICED = (40, 1_500, 15_000)
LEVELS = (5_000, 50_000)


def grow(what: str, sizes: tuple[int, ...], prepare: Callable[[int], Callable[[], object]]) -> None:
    """Print a line for each size, and the exponent of growth between the last two."""
    found = []
    for size in sizes:
        found.append(best([prepare(size)]))
        say(f"{what}, {size:>6}: {found[-1] * 1000:9.2f} ms")
    say(f"growth exponent: {exponent(sizes[-2:], found[-2:]):.2f}")


def main() -> None:
    """Print the figures."""
    catalogue, prices = large_catalogue(), large_prices()
    grow(
        "configure a bundle of lines",
        BUNDLES,
        lambda size: partial(BUILT_IN.configure, large_bundle(size), large_batch(size), catalogue, counting()),
    )
    grow("check it", BUNDLES, lambda size: partial(BUILT_IN.check, large_bundle(size), catalogue, large_bundle(size)))
    grow("price like items", PRICED, lambda size: partial(ListPricing().price, large_quote(size), prices, ON))
    definitions = shipped_definitions()

    def through(levels: int) -> Callable[[], object]:
        tree = state(levels, changed=False, deep=True, names=())
        return lambda: hub_from_xml(hub_to_xml(tree, definitions), definitions, Limits.files())

    grow("write and read a chain of levels", LEVELS, through)


if __name__ == "__main__":
    main()
