"""The lines of an order that Apply ignored, told to people: which line, and which order came before it.

Spec: docs/design/workflows.md ("What Apply ignored is shown to whoever asked").
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from hub.services.action_alias import ALIAS
from hub.services.apply import ABSENT, Ignored
from hub.workflow_manager.run import Run
from hub.workflows.state.item_names import ItemNames
from hub.workflows.state.service_profile import INACTIVE, open_orders
from integration_objects.complex_object import ComplexObject, action_code, all_items, items_of
from integration_objects.names import ASSET, KEY
from integration_objects.property_set import PropertySet


def told(run: Run, order: PropertySet, ignored: Sequence[Ignored]) -> str:
    """Tell each ignored line or attribute of an order or a quote, with the reason.

    A sender's line is called by its reference, because a sender knows none of the hub's names.
    """
    names, lines = ItemNames(run, order), ComplexObject(order).keyed
    ends = _ends(run, order, {entry.item for entry in ignored if entry.state == ABSENT})

    def name_of(key: str) -> str:
        line = lines.get(key)
        reference = None if line is None else line.get("Source Reference")
        return f"line {reference or key}" if line is None or reference is not None else names.listed([line])

    sentences = []
    for entry in ignored:
        part = f"attribute {entry.attribute} of " if entry.attribute else ""
        line = None if entry.attribute else lines.get(entry.item)
        action = entry.action if line is None else line.get(ALIAS) or entry.action
        end = f", {ends[entry.item]}" if entry.item in ends else ""
        sentences.append(f"{part}{name_of(entry.item)} ({action}): {entry.reason}{end}")
    return "; ".join(sentences)


def _ends(run: Run, order: PropertySet, keys: Collection[str]) -> Mapping[str, str]:
    """Tell how services ended that an order still means, by their keys."""
    if not keys:
        return {}
    account_id = order.get("Account Id") or ""
    profile = run.query(ASSET, {"Account Id": account_id})
    ended = {item.get(KEY) for item in all_items([profile]) if item.get("Status") == INACTIVE}
    ends = {key: "because it was disconnected" for key in keys if key in ended}
    for tree in open_orders(run, account_id, frozenset({order.get("Row Id") or ""})):
        header = ComplexObject.of(tree).header
        deleted = {item.get(KEY) for item in items_of(header) if action_code(item) == "Delete"}
        text = f"because the order {header.get('Order Number')} takes it away"
        ends |= {key: text for key in keys if key in deleted}
    return ends
