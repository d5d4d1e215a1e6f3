"""An order against the rules of its products: what it leaves of the service items that it changes.

    statuses_refused  what it asks to suspend that rests already, or to resume that doesn't
    touched           the service items that an order changes, as they are before it and as it leaves them
    state_in_turn     what is requested before it
    touched_in_turn   the same of an order or quote made in the hub, proven on what comes before it
    rules_broken      the configurator's rules that don't hold for them
    prove_rules       all of them hold

An order is refused for what is wrong with the whole service item, as a batch of requests is: the next change must mend
what a later rule made unlawful. What an older definition left behind breaks nothing.

Spec: docs/design/road.md, "Receive order" (the deployment's checks); docs/design/workflows.md, "Configurator and
pricing".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from hub.configurator import BrokenRule, ConfigurationRefused
from hub.services.differences import same_value
from hub.services.explode import QuantityNotWhole
from hub.workflow_manager.run import Run
from hub.workflows.state.order_lines import OrderDoesNotApply, prove_on_state
from hub.workflows.state.order_lookup import described
from hub.workflows.state.service_profile import (
    INACTIVE,
    no_profile,
    orders_before,
    requested_state,
    still_to_come,
)
from hub.workflows.state.statuses import StatusChangeRefused, check_change
from integration_objects.complex_object import (
    action_code,
    instances,
    is_empty,
    is_tracked,
    line_items,
    put_list,
    walk_items,
)
from integration_objects.field_values import read_number
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION
from integration_objects.property_set import PropertySet

#: lines that a refusal names
_NAMED = 10


@dataclass(frozen=True)
class Touched:
    """The service items that an order changes, each an OM Asset instance with only those roots.

    Attributes:
        before: as they are requested so far.
        after: as the order leaves them; without those that it deletes.
    """

    before: PropertySet
    after: PropertySet

    def products(self) -> set[str]:
        """The products of all items that are there after the order."""
        return {item.get("Product Id") or "" for item, _ in walk_items(self.after)} - {""}


def touched(order: PropertySet, state: PropertySet, applied: PropertySet) -> Touched:
    """The service items that an order changes; an item that it moves changes both.

    Args:
        order: the order, with the keys of its lines.
        state: OM Asset message: what is requested so far.
        applied: the same with the order applied.
    """
    changed = {item.get(KEY) for item, _ in walk_items(order) if action_code(item) != NO_ACTION}
    roots = _roots_with(state, changed) | _roots_with(applied, changed)
    return Touched(_only(state, roots), _only(applied, roots))


def state_in_turn(run: Run, place: PropertySet) -> PropertySet:
    """What is requested before an order made in the hub: an OM Asset message.

    Args:
        run: the run; the order's account is locked.
        place: the header of the order, or of the one that a quote becomes: account, due date and row id say what comes
            before it.
    """
    account_id = place.get("Account Id") or ""
    state = requested_state(run, account_id, orders=orders_before(run, place))
    return no_profile(account_id) if is_empty(state) else state


def touched_in_turn(run: Run, order: PropertySet, name: str, state: PropertySet, mend: str) -> Touched:
    """The service items that an order made in the hub changes, once it is proven on what is requested before it.

    Orders that are due later don't count: Quote to Order must promise nothing that Submit refuses.

    Args:
        run: the run; the order's account is locked.
        order: the order, or the quote that becomes one. Not changed.
        name: the integration object that *order* is an instance of.
        state: what is requested before it, as `state_in_turn` gives it.
        mend: what whoever placed it can do where it doesn't apply.

    Raises:
        OrderDoesNotApply: something of it would be ignored, or stays beneath what it takes away or suspends.
        QuantityNotWhole: it orders a fraction of a tracked service.
        StatusChangeRefused: it suspends what is suspended before it, or resumes what isn't.
    """
    kind = order.type.lower()
    where = f"{kind} {order.get(f'{order.type} Number')}"
    coming = still_to_come(order)
    for refused in statuses_refused(line_items(coming), state, mend):
        raise refused.at(f"{where}, line item '{refused.objects['key']}'")
    prove_quantities(coming, state, where)
    applied = prove_on_state(run, coming, state, mend, name)
    left = left_behind(coming, state)
    if left:
        raise OrderDoesNotApply(
            f"the {kind} leaves behind {len(left)} of what stands beneath the services that it takes away or suspends",
            where=where,
            why="; ".join(left),
            mend=mend,
        )
    return touched(order, state, applied)


def left_behind(order: PropertySet, state: PropertySet) -> list[str]:
    """The services that were put beneath a service item since a quote or an order was made to end or suspend it.

    Its lines say nothing of them, so that nobody would be asked to take them away, or to let them rest.

    Args:
        order: the quote or the order, with what is still to come of it.
        state: OM Asset message: what is requested before it.

    Returns:
        A sentence for each.
    """
    own = {item.get(KEY): item for item, _ in walk_items(order)}
    found = []
    for instance in instances(state):
        for item, parent in walk_items(instance):
            above = None if parent is None else own.get(parent.get(KEY))
            if above is None or item.get(KEY) in own or not is_tracked(item) or item.get("Status") == INACTIVE:
                continue
            ends = action_code(above) == "Delete"
            rests = action_code(above) == "Update" and above.get("Asset Status") not in (
                None,
                item.get("Status") or "Active",
            )
            if ends or rests:
                what = "takes away" if ends else f"makes {above.get('Asset Status')}"
                found.append(
                    f"{described(item)} ({item.get(KEY)}) stands beneath {described(above)}, which the "
                    f"{order.type.lower()} {what}, and it has no line of it"
                )
    return found


def prove_quantities(order: PropertySet, state: PropertySet, where: str) -> None:
    """Refuse a part of a service: what is tracked as an asset is there once, or several times, and no fraction of it.

    A fraction that the profile has already (it was loaded so) may stay.

    Args:
        order: the quote or the order, with what is still to come of it.
        state: OM Asset message: what is requested before it.
        where: for errors, which one it is.

    Raises:
        QuantityNotWhole: it orders a fraction of a tracked service.
    """
    stored: Mapping[str | None, str | None] | None = None
    for item, _ in walk_items(order):
        text = item.get("Quantity")
        if text is None or action_code(item) not in ("Add", "Update") or not is_tracked(item):
            continue
        quantity = read_number(text)
        if quantity == quantity.to_integral_value():
            continue
        if stored is None:
            stored = {one.get(KEY): one.get("Quantity") for here in instances(state) for one, _ in walk_items(here)}
        if not same_value("number", stored.get(item.get(KEY)), text):
            raise QuantityNotWhole(
                "a part of a service can't be ordered",
                where=f"{where}, line item '{item.get('Source Reference') or item.get(KEY)}'",
                why=f"its quantity is {text}, and a service that is tracked as an asset is there whole",
                mend="give it a whole quantity, or set Track As Asset to N where the product is measured",
            )


def statuses_refused(roots: Iterable[PropertySet], state: PropertySet, mend: str) -> Iterator[StatusChangeRefused]:
    """The changes of a service's status that its table doesn't have, each an error that wasn't raised.

    Args:
        roots: root items of a quote or an order.
        state: OM Asset message: what is requested before it.
        mend: what whoever placed it can do.
    """
    statuses: dict[str | None, str | None] = {}
    for root in roots:
        for item in root.walk():
            status = item.get("Asset Status") if item.type == LINE_ITEM and action_code(item) == "Update" else None
            if status is None:
                continue
            if not statuses:
                statuses = {one.get(KEY): one.get("Status") for here in instances(state) for one, _ in walk_items(here)}
            key = item.get(KEY) or ""
            if key in statuses:
                try:
                    check_change("asset", key, statuses[key] or "Active", status, mend)
                except StatusChangeRefused as refused:
                    refused.objects["key"] = key
                    yield refused


def rules_broken(run: Run, service_items: Touched, is_configured: bool = True) -> list[BrokenRule]:
    """Every rule of their products that the service items break after an order.

    Products without structure, attributes and rules are not looked at any further; another system's configurator may
    know rules that aren't here, and is always asked.

    Args:
        run: the run.
        service_items: what the order touches.
        is_configured: whether the configurator made the order's lines; of others, what is added and doesn't belong to
            the definitions is a broken rule too.
    """
    products = service_items.products()
    if not products or not (run.configurator.is_external or run.have_rules(sorted(products))):
        return []
    before = None if is_configured else service_items.before
    return run.configurator.check(service_items.after, run.catalogue(products), before)


def prove_rules(
    run: Run,
    order: PropertySet,
    service_items: Touched,
    is_configured: bool = False,
    mend: str = "send an order after which the services obey these rules; nothing was stored",
) -> None:
    """Refuse an order that leaves a service item which its products' rules don't allow.

    Args:
        run: the run.
        order: the order.
        service_items: what it touches.
        is_configured: as `rules_broken` takes it.
        mend: what whoever placed it can do.

    Raises:
        ConfigurationRefused: names every broken rule, and the lines of a sender's order by its references.
    """
    broken = rules_broken(run, service_items, is_configured)
    if not broken:
        return
    references = {} if is_configured else references_of(order)
    lines = list(dict.fromkeys(references.get(one.item or "") or one.item or "" for one in broken))
    named = ", ".join(line for line in lines[:_NAMED] if line) + (", ..." if len(lines) > _NAMED else "")
    number = order.get("Source Order Number") or order.get("Order Number")
    raise ConfigurationRefused(
        [replace(one, text=by_reference(one.text, references)) for one in broken],
        where=", ".join(part for part in (number and f"order {number}", named and f"line {named}") if part),
        mend=mend,
    )


def references_of(order: PropertySet) -> Mapping[str, str]:
    """The sender's references of an order's lines, by the keys that the hub gave them."""
    return {
        item.get(KEY) or "": item.get("Source Reference") or ""
        for item, _ in walk_items(order)
        if item.get("Source Reference")
    }


def by_reference(text: str, references: Mapping[str, str]) -> str:
    """A sentence in which lines are called as their sender calls them: a new key says nothing to anybody."""
    keys = "|".join(re.escape(key) for key in references)
    return re.sub(f"'({keys})'", lambda found: f"'{references[found[1]]}'", text) if keys else text


def _roots_with(state: PropertySet, keys: set[str | None]) -> set[str | None]:
    """The keys of the root items that hold, or are, an item with one of these keys."""
    found: set[str | None] = set()
    root: str | None = None
    for instance in instances(state):
        for item, parent in walk_items(instance):
            root = item.get(KEY) if parent is None else root
            if item.get(KEY) in keys:
                found.add(root)
    return found


def _only(state: PropertySet, roots: Iterable[str | None]) -> PropertySet:
    """The instance with those of its root items whose keys are among *roots*, which are shared."""
    found = instances(state)
    header = found[0].copy_node() if found else PropertySet("Asset")
    header.children = []
    put_list(header, LINE_ITEM).extend(
        root for instance in found for root in line_items(instance) if root.get(KEY) in roots
    )
    return header
