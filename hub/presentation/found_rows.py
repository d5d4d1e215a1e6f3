"""The rows that a workflow finds, as text: a table, blocks, or the rows that say something new.

fallout-list       a block for each entry, with the commands that end it
order-activity     a table of the columns that have values, with short keys and without fractions of seconds
projected-state    the values that an order sets, and the number of the others
any other          a table
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from hub.presentation.addresses import NO_ADDRESSES, Addresses, rows_with_addresses
from hub.presentation.printing import table, whole_seconds
from integration_objects.short_keys import short_keys, with_short_keys

Row = Mapping[str, str | None]

#: the workflows that deal with an entry -> their arguments, where these aren't the entry alone
_ARGUMENTS = {
    "fallout-close": "entry={entry} resolution=TEXT",
    "apply-completed": "order={order}",
    "revise": "order={order}",
    "cancel-order": "order={order}",
    "edit-order-line-item": "order={order} line=LINE requests=@REQUESTS.json",
    "order-synchronization": "work-order=WORK-ORDER status=STATUS",
}
_WIDTH = len("  account:  ")


def rows_text(workflow: str, rows: Sequence[Row], whole: bool = False, addresses: Addresses = NO_ADDRESSES) -> str:
    """Write the rows that the workflow of this command has found.

    Args:
        workflow: the command's name, as ``fallout-list``.
        rows: the rows; all have the same names.
        whole: whether rows that say nothing new are written, too.
        addresses: the addresses that the rows name, by Address Id.
    """
    return _TEXTS.get(workflow, _table)(rows_with_addresses(rows, addresses), whole)


def _table(rows: Sequence[Row], whole: bool) -> str:
    return table(list(rows[0]), [list(row.values()) for row in rows])


def _events(rows: Sequence[Row], whole: bool) -> str:
    details = with_short_keys([row["detail"] or "" for row in rows])
    shown = [
        {**row, "time": whole_seconds(row["time"] or ""), "detail": detail}
        for row, detail in zip(rows, details, strict=True)
    ]
    heads = [head for head in rows[0] if any(row[head] for row in shown)]
    return table(heads, [[row[head] for head in heads] for row in shown])


def _values_set(rows: Sequence[Row], whole: bool) -> str:
    """Write the values that orders set on items that are there, the items that orders add, and how many others."""
    if whole:
        return _table(rows, whole)
    short = short_keys({row["item"] or "" for row in rows})
    rows = [{**row, "item": short[row["item"] or ""]} for row in rows]
    # An item has a product from its first order on: whoever sets the product adds the item, with all of its values.
    added = {(row["item"], row["order"]): row["product"] for row in rows if row["field"] == "Product Id"}
    set_by_orders = [row for row in rows if row["order"] is not None]
    changed = [row for row in set_by_orders if (row["item"], row["order"]) not in added]
    parts = [_table(changed, whole)] if changed else []
    counts = Counter((order, product) for (_, order), product in added.items() if order is not None)
    for order in dict.fromkeys(order for order, _ in counts):
        products = [f"{number} {product}" for (by, product), number in counts.items() if by == order]
        parts.append(f"the order {order} adds {', '.join(products)}")
    if len(set_by_orders) < len(rows):
        left_out = len(rows) - len(set_by_orders)
        parts.append(f"{left_out} values are as in the present service profile (--all shows them)")
    return "\n".join(parts)


def _blocks(rows: Sequence[Row], whole: bool) -> str:
    return "\n\n".join("\n".join(_block(row)) for row in rows)


def _block(row: Row) -> Iterator[str]:
    yield f"{row['cause']}: entry {row['entry']}"
    status = f" ({row['status']})" if row["status"] else ""
    for label, text in (
        ("since", whole_seconds(row["since"] or "")),
        ("account", row["account"]),
        ("order", row["order"] and f"{row['order']}{status}"),
    ):
        if text:
            yield f"  {label + ':':<{_WIDTH - 2}}{text}"
    lines, reason = with_short_keys([row["lines"] or "", row["reason"] or ""])
    yield from _listed("lines", lines.split("; "))
    yield from _listed("reason", reason.split("; "))
    yield from _listed("ended", (row["resolution"] or "").split("; "))
    yield from _listed("next", [_command(name, row) for name in (row["can be done"] or "").split(", ") if name])


def _listed(label: str, texts: Sequence[str]) -> Iterator[str]:
    """Yield a line for each text, the label before the first."""
    for place, text in enumerate(texts):
        if text:
            yield f"  {f'{label}:' if place == 0 else '':<{_WIDTH - 2}}{text}"


def _command(name: str, row: Row) -> str:
    return f"orderhub workflow {name} {_ARGUMENTS.get(name, 'entry={entry}').format_map(row)}"


_TEXTS: Mapping[str, Callable[[Sequence[Row], bool], str]] = {
    "fallout-list": _blocks,
    "order-activity": _events,
    "projected-state": _values_set,
}
