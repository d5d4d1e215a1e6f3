"""How long Delta and Apply take, and how that grows: `python -m tests.bench.delta_and_apply`, apart from the tests.

Measured in CPU seconds, the best of three: forests of bundles with nine items each and three attributes an item, every
fifth item with another price; bare lines; then one chain of 50,000 levels. Each size has 100,000 items in all (one
object of 100,000, 100 of 1,000, or 2,500 of 40), so that small objects come from memory as large ones do, as they
would in a hub's work, and not from the processor's cache. A result is dropped while the clock stands: freeing it is no
part of the method, and a result of 1,000 items is freed within the cache, one of 100,000 from memory. As in `orderhub
call`, the garbage collector pauses; once more it doesn't, for the record.

Beside it stands what generic tree diffs do with the same two states, as far as they are installed (the extra
`bench`): DeepDiff on items by key, where it need not search for what belongs together, and xmldiff on the
hub's own XML.
"""

from __future__ import annotations

import gc
import importlib.util
import math
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from hub.command_line.call import paused_collector
from hub.services.apply import apply
from hub.services.delta import delta
from integration_objects.complex_object import attributes, instances, message, put_list, walk_items
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import SeededSurroundings
from schemas.hub_xml import hub_to_xml

SIZES = (40, 1_000, 10_000, 100_000)
#: The growth is that between the first and the last of these: a single order's fixed costs are no growth.
GROWN = SIZES[1:]
LEVELS = 50_000
#: Generic diffs get fewer items: they would take minutes, or hours, for as many.
DEEPDIFF_SIZES = (40, 1_000, 10_000)
XMLDIFF_SIZES = (20, 40, 100)
NAMES = ("Colour", "Size", "Limit")


def state(items: int, changed: bool, deep: bool = False, names: Sequence[str] = NAMES) -> PropertySet:
    """An asset with as many items."""
    header = PropertySet("Asset", properties={"Account Id": "1-A"})
    nodes: list[PropertySet] = []
    for number in range(items):
        values = [
            PropertySet("Attribute", properties={"Name": name, "Text Value": f"{name}{number}", "Action Code": "-"})
            for name in names
        ]
        node = PropertySet("Line Item", properties=_fields(number, "6.99" if changed and number % 5 == 0 else "5.99"))
        if values:
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


def best(works: Sequence[Callable[[], object]], times: int = 3) -> float:
    """CPU seconds of all *works* together, without freeing what they return; the best of *times*."""
    found = []
    for _ in range(times):
        gc.collect()
        spent = 0.0
        for work in works:
            start = time.process_time()
            result = work()
            spent += time.process_time() - start
            del result
        found.append(spent)
    return min(found)


def measure(items: int, deep: bool = False, names: Sequence[str] = NAMES) -> tuple[float, float]:
    """Delta's and Apply's seconds for one object."""
    definitions, new_id = shipped_definitions(), SeededSurroundings().new_id
    times = max(1, SIZES[-1] // items)
    pairs = [(state(items, False, deep, names), state(items, True, deep, names)) for _ in range(times)]
    orders = [delta(old, new, definitions, new_id, "OM Order") for old, new in pairs]
    deltas = [partial(delta, old, new, definitions, new_id, "OM Order") for old, new in pairs]
    applies = [partial(apply, old, [order], definitions) for (old, _), order in zip(pairs, orders, strict=True)]
    return best(deltas) / times, best(applies) / times


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """How the time grows between the first and the last size: 1 is linear."""
    return math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1] / sizes[0])


def ours(names: Sequence[str], what: str) -> list[float]:
    """Print a line for each size and the exponents of growth; returns Delta's seconds."""
    found = [measure(items, names=names) for items in SIZES]
    for items, (first, second) in zip(SIZES, found, strict=True):
        say(f"{items:>7} items {what}: Delta {first:.4f} s, Apply {second:.4f} s")
    deltas, applies = zip(*found, strict=True)
    growth = [exponent(GROWN, seconds[-len(GROWN) :]) for seconds in (deltas, applies)]
    say(f"growth exponent: Delta {growth[0]:.2f}, Apply {growth[1]:.2f}")
    return list(deltas)


def generic(name: str, sizes: Sequence[int], prepare: Callable[[PropertySet], object], library: str) -> None:
    """Print what a generic diff of *library* takes, and how that grows; a line saying so where it isn't installed."""
    if importlib.util.find_spec(library) is None:
        say(f"{name}: skipped, {library} is not installed")
        return
    diff = _DIFFS[name]()
    found = []
    for items in sizes:
        old, new = prepare(state(items, False)), prepare(state(items, True))
        found.append(best([partial(diff, old, new)], 1))
        mine = best([_one_delta(items)])
        say(f"{items:>7} items: {name} {found[-1]:.4f} s, {found[-1] / mine:.0f} times our Delta")
    say(f"growth exponent: {name} {exponent(sizes, found):.2f}")


def _one_delta(items: int) -> Callable[[], object]:
    definitions, new_id = shipped_definitions(), SeededSurroundings().new_id
    old, new = state(items, False), state(items, True)
    return partial(delta, old, new, definitions, new_id, "OM Order")


def by_key(tree: PropertySet) -> dict[str | None, object]:
    """The items by key, with parent, fields and attributes by name: nothing is left to be searched for."""
    return {
        item.get("Integration Id"): {
            "parent": None if parent is None else parent.get("Integration Id"),
            "fields": item.properties,
            "attributes": {one.get("Name"): one.properties for one in attributes(item)},
        }
        for instance in instances(tree)
        for item, parent in walk_items(instance)
    }


def _deepdiff() -> Callable[[object, object], object]:
    from deepdiff import DeepDiff

    return DeepDiff


def _xmldiff() -> Callable[[object, object], object]:
    from xmldiff.main import diff_texts

    return diff_texts


_DIFFS = {"DeepDiff by key": _deepdiff, "xmldiff": _xmldiff}


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print the figures."""
    with paused_collector():
        ours(NAMES, "with 3 attributes")
        ours((), "bare")
        first, second = measure(LEVELS, deep=True)
        say(f"{LEVELS:>7} levels: Delta {first:.4f} s, Apply {second:.4f} s")
        definitions = shipped_definitions()
        generic("DeepDiff by key", DEEPDIFF_SIZES, by_key, "deepdiff")
        generic("xmldiff", XMLDIFF_SIZES, lambda tree: hub_to_xml(tree, definitions), "xmldiff")
    say("with the collector as the interpreter starts it:")
    ours(NAMES, "with 3 attributes")


if __name__ == "__main__":
    main()
