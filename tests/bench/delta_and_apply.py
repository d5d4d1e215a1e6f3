"""How long Delta and Apply take, and how that grows: `python -m tests.bench.delta_and_apply`, apart from the tests.

Measured in CPU seconds, the best of three: forests of bundles with nine items each and three attributes an item,
every fifth item with another price; then one chain of 50,000 levels.
"""

from __future__ import annotations

import gc
import math
import sys
import time
from collections.abc import Callable

from hub.services.apply import apply
from hub.services.delta import delta
from integration_objects.complex_object import message, put_list
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import SeededSurroundings

SIZES = (1_000, 10_000, 100_000)
LEVELS = 50_000


def state(items: int, changed: bool, deep: bool = False) -> PropertySet:
    """An asset with as many items."""
    header = PropertySet("Asset", properties={"Account Id": "1-A"})
    nodes: list[PropertySet] = []
    for number in range(items):
        values = [
            PropertySet("Attribute", properties={"Name": name, "Text Value": f"{name}{number}", "Action Code": "-"})
            for name in ("Colour", "Size", "Limit")
        ]
        node = PropertySet("Line Item", properties=_fields(number, "6.99" if changed and number % 5 == 0 else "5.99"))
        put_list(node, "Attribute").extend(values)
        above = number - 1 if deep else number - number % 10
        put_list(nodes[above] if 0 <= above < number else header, "Line Item").append(node)
        nodes.append(node)
    return message("OM Asset", [header])


def _fields(number: int, price: str) -> dict[str, str | None]:
    return {
        "Integration Id": f"K{number}",
        "Product Id": "Local Line",
        "Action Code": "-",
        "Status": "Active",
        "Quantity": "1",
        "Track As Asset": "Y",
        "Service Id": str(number),
        "Service Account Id": "1-S",
        "Billing Account Id": "1-B",
        "Adjusted Price": price,
    }


def best(work: Callable[[], object]) -> float:
    """CPU seconds, the best of three."""
    found = []
    for _ in range(3):
        gc.collect()
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def measure(items: int, deep: bool = False) -> tuple[float, float]:
    """Delta's and Apply's seconds."""
    definitions, new_id = shipped_definitions(), SeededSurroundings().new_id
    old, new = state(items, False, deep), state(items, True, deep)
    change = delta(old, new, definitions, new_id, "OM Order")
    return (
        best(lambda: delta(old, new, definitions, new_id, "OM Order")),
        best(lambda: apply(old, [change], definitions)),
    )


def main() -> None:
    """Print a line for each size, and the exponents of growth."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    found = [measure(items) for items in SIZES]
    for items, (first, second) in zip(SIZES, found, strict=True):
        sys.stdout.write(f"{items:>7} items: Delta {first:.4f} s, Apply {second:.4f} s\n")
    span = math.log(SIZES[-1] / SIZES[0])
    exponents = [math.log(found[-1][i] / found[0][i]) / span for i in (0, 1)]
    sys.stdout.write(f"growth exponent: Delta {exponents[0]:.2f}, Apply {exponents[1]:.2f}\n")
    first, second = measure(LEVELS, deep=True)
    sys.stdout.write(f"{LEVELS:>7} levels: Delta {first:.4f} s, Apply {second:.4f} s\n")


if __name__ == "__main__":
    main()
