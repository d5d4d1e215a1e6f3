"""An order against the rules of its products.

    statuses_refused  its changes of a status that the table doesn't have: Suspended twice, or Active twice
    changed_services  the service items that an order changes, before it and after it
    state_in_turn     the state that is requested before it
    prove_in_turn     refuses an order or quote made in the hub that doesn't apply to that state
    rules_broken      the configurator's rules that the changed service items break
    prove_rules       refuses an order that breaks one

Each service item that an order changes is proven whole, as the configurator proves a batch of requests: a change must
also mend faults that a later rule has brought. Items that an older definition left behind break no rule.

Spec: docs/design/road.md, "Receive order" (the deployment's checks); docs/design/workflows.md, "Configurator and
pricing".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hub.configurator.port import BrokenRule, ConfigurationRefused
from hub.workflow_manager.run import Run
from hub.workflows.state.item_names import ItemNames
from hub.workflows.state.lines import products_of
from hub.workflows.state.order_lines import OrderDoesNotApply, prove_on_state
from hub.workflows.state.order_lookup import described, place_of
from hub.workflows.state.quantities import prove_quantities
from hub.workflows.state.service_profile import INACTIVE, no_profile, orders_before, requested_state, still_to_come
from hub.workflows.state.statuses import StatusChangeRefused, check_change
from integration_objects.complex_object import (
    ComplexObject,
    action_code,
    is_empty,
    is_tracked,
    items_from,
    items_of,
    line_items,
    put_list,
)
from integration_objects.names import KEY, LINE_ITEM, NO_ACTION
from integration_objects.property_set import PropertySet

#: lines that a refusal names
_NAMED = 10


@dataclass(frozen=True)
class ChangedServices:
    """The service items that an order changes, each state an OM Asset instance with only those roots.

    Attributes:
        before: the items as they are requested so far.
        after: the items as the order leaves them, without those that it deletes.
    """

    before: PropertySet
    after: PropertySet


def changed_services(order: PropertySet, state: PropertySet, applied: PropertySet) -> ChangedServices:
    """Find the service items that an order changes; a component that it moves changes two.

    *state* is the state that is requested so far, *applied* the same with the order applied: OM Asset messages.
    """
    changed = {item.get(KEY): item for item in items_of(order) if action_code(item) != NO_ACTION}
    before, after, own = ComplexObject.of(state), ComplexObject.of(applied), ComplexObject(order)
    # From both states: a component that the order moves has one root before the order, and another one after it.
    roots = {view.root_of(item).get(KEY) for view in (before, after) for item in view.items if item.get(KEY) in changed}
    # From the order, too: a line that is finished took its item away, and the item is in neither state.
    roots |= {own.root_of(line).get(KEY) for line in changed.values()}
    return ChangedServices(_with_roots(before.header, roots), _with_roots(after.header, roots))


def _with_roots(header: PropertySet, keys: set[str | None]) -> PropertySet:
    """Copy the header with those of its root items whose keys are among *keys*; the items are shared."""
    result = PropertySet("Asset", properties=dict(header.properties))
    put_list(result, LINE_ITEM).extend(root for root in line_items(header) if root.get(KEY) in keys)
    return result


def state_in_turn(run: Run, place: PropertySet) -> PropertySet:
    """Return the state that is requested before an order made in the hub: an OM Asset message.

    The header *place*, of the order or of the order that a quote becomes, says by account, due date and row id which
    orders come before it. The account is locked.
    """
    account_id = place.get("Account Id") or ""
    state = requested_state(run, account_id, orders=orders_before(run, place))
    return no_profile(account_id) if is_empty(state) else state


def prove_in_turn(run: Run, order: PropertySet, name: str, state: PropertySet, mend: str) -> ChangedServices:
    """Prove that an order made in the hub applies to the state before it; return the service items that it changes.

    Orders that are due later don't count: Quote to Order must promise nothing that Submit refuses.

    Args:
        run: the run.
        order: the order, or the quote that becomes one, of a locked account. Not changed.
        name: the integration object that *order* is an instance of.
        state: the state that is requested before it, as `state_in_turn` gives it.
        mend: the mend of an order that doesn't apply.

    Raises:
        OrderDoesNotApply: Apply would ignore a line, or a service stays beneath one that it takes away or suspends.
        QuantityNotWhole, QuantityZero: it orders a fraction of a tracked service, or none of it.
        StatusChangeRefused: it suspends a service that is suspended before it, or resumes one that isn't.
    """
    kind = order.type.lower()
    where = f"{kind} {order.get(f'{order.type} Number')}"
    coming = still_to_come(order)
    for refused in statuses_refused(line_items(coming), state, mend):
        raise refused.at(f"{where}, {place_of(refused.objects['item'])}")
    prove_quantities(coming, state, where)
    applied = prove_on_state(run, coming, state, mend, name)
    left = left_behind(coming, state)
    if left:
        raise OrderDoesNotApply(
            f"the {kind} takes away or suspends services, and leaves behind {len(left)} that stand beneath them",
            where=where,
            why="; ".join(left),
            mend=mend,
        )
    return changed_services(order, state, applied)


def left_behind(order: PropertySet, state: PropertySet) -> list[str]:
    """Find services that were put beneath a service item after a quote or an order was made to end or suspend it.

    The order, with its lines that are still to come, has no line for them, so that nobody would be asked to take them
    away or to suspend them. The result has a sentence for each.
    """
    own, requested = ComplexObject(order).keyed, ComplexObject.of(state)
    sentences = []
    for item in requested.items:
        parent = requested.parent_of(item)
        above = None if parent is None else own.get(parent.get(KEY) or "")
        if above is None or item.get(KEY) in own or not is_tracked(item) or item.get("Status") == INACTIVE:
            continue
        asked = above.get("Asset Status")
        if action_code(above) == "Delete":
            change = "takes away"
        elif action_code(above) == "Update" and asked not in (None, item.get("Status") or "Active"):
            change = f"makes {asked}"
        else:
            continue
        sentences.append(
            f"{described(item)} ({item.get(KEY)}) stands beneath {described(above)}, which the "
            f"{order.type.lower()} {change}, and it has no line of it"
        )
    return sentences


def statuses_refused(roots: Sequence[PropertySet], state: PropertySet, mend: str = "") -> Iterator[StatusChangeRefused]:
    """Yield an error for each change of a service's status that the table doesn't have; nothing is raised.

    *roots* are root items of a quote or an order, *state* is the state that is requested before it.
    """
    requested = ComplexObject.of(state)
    for item in items_from(roots):
        status = item.get("Asset Status")
        if status is None or action_code(item) != "Update":
            continue
        service = requested.by_key(item.get(KEY))
        if service is not None:
            try:
                check_change("asset", described(service), service.get("Status") or "Active", status, mend)
            except StatusChangeRefused as refused:
                refused.objects["item"] = item
                yield refused


def rules_broken(run: Run, services: ChangedServices, is_configured: bool = True) -> list[BrokenRule]:
    """Find every rule of their products that the service items break after an order.

    Products without structure, attributes and rules aren't checked. An external configurator is always asked, because
    it may know other rules.

    Args:
        run: the run.
        services: the service items that the order changes.
        is_configured: whether the configurator made the order's lines. Of other orders, an added item or attribute that
            doesn't belong to the definitions is a broken rule too.
    """
    products = products_of(services.after)
    # The question for rules is one small query; the catalogue with all structures is a large one.
    if not products or not (run.configurator.is_external or run.have_rules(sorted(products))):
        return []
    # The configurator has refused foreign items itself while it made the lines: only a sender's lines are looked at.
    before = None if is_configured else services.before
    return run.configurator.check(services.after, run.catalogue(products), before)


def prove_rules(
    run: Run,
    order: PropertySet,
    services: ChangedServices,
    is_configured: bool = False,
    mend: str = "send an order after which the services obey these rules; nothing was stored",
) -> None:
    """Refuse an order after which a service item breaks its products' rules.

    Raises:
        ConfigurationRefused: names every broken rule, and the lines of a sender's order by its references.
    """
    broken = rules_broken(run, services, is_configured)
    if not broken:
        return
    # A sender knows its references; a person knows the names that the hub shows.
    names = ItemNames(run, order)
    numbers = {item.get(KEY) or "": item.get("Line Number") or "" for item in items_of(order)}
    references = numbers if is_configured else references_of(order)
    lines = list(dict.fromkeys(references.get(rule.item or "") or rule.item or "" for rule in broken))
    named = ", ".join(line for line in lines[:_NAMED] if line) + (", ..." if len(lines) > _NAMED else "")
    number = order.get("Source Order Number") or order.get("Order Number")
    raise ConfigurationRefused(
        [
            replace(rule, text=names.in_sentence(rule.text) if is_configured else by_reference(rule.text, references))
            for rule in broken
        ],
        where=", ".join(part for part in (number and f"order {number}", named and f"line {named}") if part),
        mend=mend,
    )


def references_of(order: PropertySet) -> Mapping[str, str]:
    """Return the sender's references of an order's lines, by the keys that the hub gave them."""
    return {
        item.get(KEY) or "": reference for item in items_of(order) if (reference := item.get("Source Reference") or "")
    }


def by_reference(text: str, references: Mapping[str, str]) -> str:
    """Replace the hub's keys in a sentence by the sender's references, which the sender knows."""
    # Only in quotes, since a short key may stand within a word. Escaped, since a loaded key may have any characters.
    # Without keys the pattern would be an empty pair of quotes, and would match.
    keys = "|".join(re.escape(key) for key in references)
    return re.sub(f"'({keys})'", lambda match: f"'{references[match[1]]}'", text) if keys else text
