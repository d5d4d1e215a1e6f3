"""Apply and Delta once more: slow, plain, written from docs/design/methods.md alone; generated forests are held
against it.

An item is a dict: key, parent (a key or None), fields, attributes (name -> fields), each with nothing of the tree.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from integration_objects.complex_object import attributes, instances, line_items
from integration_objects.property_set import PropertySet

COMPARED = (
    "Adjusted Price",
    "Agreement Id",
    "Billing Account Id",
    "Free Quantity",
    "Discount Percent",
    "Discount Amount",
    "Agreed Price",
    "Discount Reason",
    "Discounted By",
    "Pricing Comment",
    "Product Id",
    "Service Account Id",
    "Service Address Id",
    "Service Id",
    "Service Point Id",
)
NOT_COPIED = (
    "Row Id",
    "Line Number",
    "Parent Item Id",
    "Action Code",
    "Order Item Processed Flag",
    "Original Order Id",
    "Due Date",
    "Completed Date",
    "Effective Start Date",
    "Effective End Date",
    "Calculated Effective Start Date",
    "Calculated Effective End Date",
    "Asset Status",
    "Status",
)
VALUES = ("Text Value", "Number Value", "Date Value")
Item = dict[str, Any]


def items(tree: PropertySet | None) -> list[Item]:
    """The items of the tree's instances, parents first."""
    found: list[Item] = []

    def visit(node: PropertySet, parent: str | None) -> None:
        key = node.properties["Integration Id"]
        found.append(
            {
                "key": key,
                "parent": parent,
                "fields": dict(node.properties),
                "attributes": {a.properties["Name"]: dict(a.properties) for a in attributes(node)},
            }
        )
        for child in line_items(node):
            visit(child, key)

    for instance in instances(tree) if tree is not None else ():
        for root in line_items(instance):
            visit(root, None)
    return found


def code(fields: dict[str, str | None]) -> str:
    return "-" if fields.get("Action Code") in (None, "", "--", "-") else str(fields["Action Code"])


def apply(asset: PropertySet | None, orders: list[PropertySet]) -> tuple[Any, list[tuple[Any, ...]]]:
    """The plain forest that is left (None for an empty object), and (key, attribute, action, state) of what wasn't."""
    master: dict[str, Item] = {}
    place = 0
    for entry in items(asset):
        place += 1
        states = dict.fromkeys(entry["attributes"], "-")
        master[entry["key"]] = {**entry, "state": "-", "place": place, "states": states}
    ignored: list[tuple[Any, ...]] = []
    for order in orders:
        for one in instances(order):
            place = _apply_order(master, items(_alone(order, one)), place, ignored)
    left = [entry for entry in master.values() if entry["state"] != "Delete"]
    if not left:
        return None, ignored
    return _forest(left, None), ignored


def _alone(order: PropertySet, one: PropertySet) -> PropertySet:
    result = order.copy()
    result.children[0].children[0].children = [one]
    return result


def _apply_order(master: dict[str, Item], lines: list[Item], place: int, ignored: list[tuple[Any, ...]]) -> int:
    done: list[tuple[str, str, str]] = []
    for line in lines:
        key, action = line["key"], code(line["fields"])
        if action == "-":
            continue
        met = master[key]["state"] if key in master else "absent"
        alive = met not in ("absent", "Delete")
        if action == "Add" and not alive:
            place += 1
            entry = {"key": key, "parent": line["parent"], "state": "Add", "place": place, "states": {}}
            entry["fields"] = _fields({}, line["fields"], "Active")
            entry["attributes"] = {}
            for name, values in line["attributes"].items():
                if code(values) in ("Add", "-"):
                    entry["attributes"][name] = _values({"Name": name}, values)
                    entry["states"][name] = "Add"
                else:
                    ignored.append((key, name, code(values), "absent"))
            master[key] = entry
            done.append((key, action, met))
        elif action == "Update" and alive:
            entry = master[key]
            if entry["parent"] != line["parent"]:
                place += 1
                entry.update(parent=line["parent"], place=place)
            entry["fields"] = _fields(entry["fields"], line["fields"], entry["fields"].get("Status"))
            entry["state"] = "Update"
            for name, values in line["attributes"].items():
                _apply_attribute(entry, name, values, ignored)
            done.append((key, action, met))
        elif action == "Delete" and alive:
            master[key]["state"] = "Delete"
        else:
            ignored.append((key, None, action, met))
    again = True
    while again:
        again = False
        for entry in master.values():
            parent = entry["parent"]
            if entry["state"] == "Delete" or parent is None:
                continue
            if parent not in master or master[parent]["state"] == "Delete":
                entry["state"] = "Delete"
                again = True
    ignored.extend((key, None, action, met) for key, action, met in done if master[key]["state"] == "Delete")
    return place


def _apply_attribute(entry: Item, name: str, values: dict[str, str | None], ignored: list[tuple[Any, ...]]) -> None:
    action = code(values)
    met = entry["states"].get(name, "absent")
    alive = met not in ("absent", "Delete")
    if action == "-":
        return
    if action == "Add" and not alive:
        entry["attributes"].pop(name, None)
        entry["attributes"][name] = _values({"Name": name}, values)
        entry["states"][name] = "Add"
    elif action == "Update" and alive:
        old = entry["attributes"][name]
        if any(not same(v, old.get(v), values.get(v)) for v in VALUES):
            entry["attributes"][name] = _values(old, values)
            entry["states"][name] = "Update"
    elif action == "Delete" and alive:
        entry["states"][name] = "Delete"
    else:
        ignored.append((entry["key"], name, action, met))


def _fields(own: dict[str, str | None], line: dict[str, str | None], status: str | None) -> dict[str, str | None]:
    result = {**own, **{name: text for name, text in line.items() if name not in NOT_COPIED}}
    if line.get("Status") in ("Active", "Inactive", "Suspended"):
        status = line["Status"]
    elif line.get("Asset Status") is not None:
        status = line["Asset Status"]
    result["Status"] = status
    return result


def _values(own: dict[str, str | None], values: dict[str, str | None]) -> dict[str, str | None]:
    return {**own, **{v: values.get(v) for v in VALUES}}


def _forest(left: list[Item], parent: str | None) -> list[Any]:
    beneath = sorted((e for e in left if e["parent"] == parent), key=lambda e: e["place"])
    return [
        (
            _carried(e["fields"]),
            [_carried(a) for name, a in e["attributes"].items() if e["states"][name] != "Delete"],
            _forest(left, e["key"]),
        )
        for e in beneath
    ]


def _carried(fields: dict[str, str | None]) -> dict[str, str]:
    """What isn't null, but for the action code."""
    return {name: text for name, text in fields.items() if text is not None and name != "Action Code"}


def same(field: str, one: str | None, two: str | None) -> bool:
    if one is None or two is None:
        return one is two
    if field in ("Adjusted Price", "Number Value", "Quantity"):
        return Decimal(one) == Decimal(two)
    if field == "Date Value":
        return _moment(one) == _moment(two)
    return one == two


def _moment(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def delta(old: PropertySet | None, new: PropertySet | None, split: bool) -> list[Any]:
    """The plain delta: (key or None for a new one, action, quantity, attributes with actions, children)."""
    olds, news = items(old), items(new)

    def level(parent: str | None) -> list[Any]:
        result = []
        for entry in [e for e in news if e["parent"] == parent]:
            was = next((o for o in olds if o["key"] == entry["key"]), None)
            result += _compared(entry, was, split, level, news)
        for gone in [o for o in olds if o["parent"] == parent and o["key"] not in {e["key"] for e in news}]:
            values = [(name, "Delete") for name in gone["attributes"]]
            quantity = gone["fields"].get("Quantity")
            result.append((gone["key"], "Delete", quantity, values, level(gone["key"])))
        return result

    return level(None)


def _compared(entry: Item, was: Item | None, split: bool, level: Any, news: list[Item]) -> list[Any]:
    quantity = entry["fields"].get("Quantity")
    if was is None:
        values = [(name, "Add") for name in entry["attributes"]]
        return [(entry["key"], "Add", quantity, values, level(entry["key"]))]
    values = []
    for name, now in entry["attributes"].items():
        before = was["attributes"].get(name)
        if before is None:
            values.append((name, "Add"))
        else:
            equal = all(same(v, before.get(v), now.get(v)) for v in VALUES)
            values.append((name, "-" if equal else "Update"))
    values += [(name, "Delete") for name in was["attributes"] if name not in entry["attributes"]]
    had, has = (Decimal(e["fields"].get("Quantity") or "1") for e in (was, entry))
    whole = had % 1 == 0 and has % 1 == 0
    grown = split and whole and 1 <= had < has and entry["fields"].get("Track As Asset") != "N"
    changed = (
        any(action != "-" for _, action in values)
        or entry["parent"] != was["parent"]
        or any(not same(f, was["fields"].get(f), entry["fields"].get(f)) for f in COMPARED)
        or (had != has and not grown)
    )
    kept = (was["fields"].get("Quantity") or "1") if grown else quantity
    result = [(entry["key"], "Update" if changed else "-", kept, values, level(entry["key"]))]
    if grown:
        result.append(_copy(entry, format(has - had, "f"), news))
    return result


def _copy(entry: Item, quantity: str | None, news: list[Item]) -> Any:
    children = [_copy(e, e["fields"].get("Quantity"), news) for e in news if e["parent"] == entry["key"]]
    return (None, "Add", quantity, [(name, "Add") for name in entry["attributes"]], children)
