"""A discount, or an agreed price, that a person gives a line of a quote or of an order that isn't submitted.

    discount           gives it, with the reason; the line is priced anew
    remove-discount    takes it off

The approval rules with `hold discount when` say which discounts hold an order at Submit, and who may approve them.

Spec: docs/design/workflows.md, "Pricing"; docs/orders.md, "Approval".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.workflow_manager.approval_rule import ApprovalRule
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.orders.edit_order import edit, is_priced_here
from hub.workflows.orders.one_document import prove_one_document
from hub.workflows.quotes.quote_lines import put_lines, quote_in_progress
from hub.workflows.quotes.quotes import quoted_item
from hub.workflows.state.change_of_state import ChangedState, document_totals, lines_of, wanted_on
from hub.workflows.state.change_of_state import price as price_state
from hub.workflows.state.document_lines import line_and_root
from hub.workflows.state.order_lookup import MODULE, order_in_hand
from integration_objects.complex_object import ComplexObject, message
from integration_objects.discount import AGREED, AMOUNT, BY, FIELDS, PERCENT, REASON, describe
from integration_objects.errors import Refused
from integration_objects.field_values import as_number
from integration_objects.names import KEY, QUOTE
from integration_objects.property_set import PropertySet

Values = Mapping[str, str | None]
_LIMITS = {PERCENT: "a percentage above 0 and up to 100", AMOUNT: "an amount above 0", AGREED: "a price of 0 or more"}


class DiscountUnclear(Refused):
    """A discount doesn't say how much it is."""

    what = "the discount is unclear"
    where = "arguments 'percent', 'amount' and 'price'"
    why = "expected {expected}, found {found}"
    mend = "give {expected}"


class DiscountsNotDeclared(Refused):
    """A discount is to be given where no approval rule says who may approve discounts."""

    what = "nobody may give discounts or agreed prices here"
    where = "hub/approvals"
    why = "no approval rule has `hold discount when`, and so nobody may approve them"
    mend = "declare one (docs/orders.md, Approval): it says which discounts are held, and who approves"


class LineNotDiscounted(Refused):
    """A line can't have a discount, or has none that could be taken off."""

    what = "the line '{line}' can't be discounted"
    where = "argument 'line'"
    why = "{reason}"
    mend = "name another line"


def discount(
    run: Run,
    line: str,
    reason: str,
    quote: str | None = None,
    order: str | None = None,
    percent: str | None = None,
    amount: str | None = None,
    price: str | None = None,
) -> Outcome:
    """Give a line a discount or an agreed price; it takes the place of the one that the line has.

    Args:
        run: the run.
        line: the line, by one of its names (`item_names`).
        reason: the reason, for approvers.
        quote: the number of a quote in progress.
        order: the number of an order that isn't submitted.
        percent: the percentage that is taken off.
        amount: the amount that is taken off the price of a unit.
        price: the agreed price of a unit.

    Raises:
        DocumentUnclear: not one document is named.
        DiscountUnclear: not one kind of discount, or a number that can't be one.
        DiscountsNotDeclared: no approval rule is for discounts.
        LineNotDiscounted: the line ends, or has its sender's price.
        Refused: as `edit-quote-line-item` and `edit-order-line-item`.
    """
    if not any(rule.discount_condition is not None for rule in run.runtime.approval_rules.values()):
        raise DiscountsNotDeclared()
    given = {PERCENT: percent, AMOUNT: amount, AGREED: price}
    _prove_number(given)
    return _change(run, line, quote, order, {**given, REASON: reason, BY: run.actor})


def remove_discount(run: Run, line: str, quote: str | None = None, order: str | None = None) -> Outcome:
    """Take the discount or the agreed price of a line off again.

    Raises:
        DocumentUnclear: not one document is named.
        LineNotDiscounted: the line has no discount, or ends.
        Refused: as `edit-quote-line-item` and `edit-order-line-item`.
    """
    return _change(run, line, quote, order, dict.fromkeys(FIELDS))


def _prove_number(given: Values) -> None:
    texts = [(name, text) for name, text in given.items() if text is not None]
    if len(texts) != 1:
        raise DiscountUnclear(expected="one of percent=, amount= and price=", found=len(texts) or "none")
    ((name, text),) = texts
    number = as_number(text)
    if number is None or number < 0 or (name != AGREED and number == 0) or (name == PERCENT and number > 100):
        raise DiscountUnclear(expected=_LIMITS[name], found=f"'{text}'")


def _change(run: Run, line: str, quote: str | None, order: str | None, values: Values) -> Outcome:
    prove_one_document(quote, order)
    return _on_quote(run, quote, line, values) if quote is not None else _on_order(run, order or "", line, values)


def _on_quote(run: Run, number: str, line: str, values: Values) -> Outcome:
    header = quote_in_progress(run, number)
    item, root = line_and_root(run, header, line)
    quoted = quoted_item(run, header, root)
    changed = _with_values(run, quoted.after, item, line, values)
    priced = price_state(run, header, changed.state, wanted_on(run, root))
    put_lines(run, header, quoted.lines, lines_of(run, quoted.before, priced.state, QUOTE))
    notes = (*quoted.notes, *changed.notes, *priced.notes, *document_totals(header))
    return Outcome(objects=(message(QUOTE, [header]),), notes=notes)


def _on_order(run: Run, number: str, line: str, values: Values) -> Outcome:
    stored = order_in_hand(run, number)
    item, _ = line_and_root(run, stored, line)
    if not is_priced_here(run, stored):
        raise LineNotDiscounted(line=line, reason="the order has its sender's prices")

    def change(state: PropertySet, *_: object) -> ChangedState:
        return _with_values(run, state, item, line, values)

    return edit(run, number, line, (), change)


def _with_values(run: Run, state: PropertySet, item: PropertySet, line: str, values: Values) -> ChangedState:
    """Copy a state with the values of a discount on one item; report it, and the rules that will hold the order."""
    result = state.copy()
    found = ComplexObject.of(result).by_key(item.get(KEY))
    if found is None:
        raise LineNotDiscounted(line=line, reason="it takes a service away")
    taken_off = values.get(BY) is None
    if taken_off and not any(found.get(name) is not None for name in FIELDS):
        raise LineNotDiscounted(line=line, reason="it has no discount")
    former = describe(found)
    found.properties |= values
    text = f"taken off: {former}" if taken_off else describe(found)
    notes = [Note("discount", text, item.get(KEY), item.get("Product Id"))]
    held = PropertySet("Line Item", properties={**found.properties, "Action Code": "Add"})
    notes += [_held(rule) for rule in _rules(run) if not taken_off and _holds(rule, held)]
    return ChangedState(result, tuple(notes))


def _rules(run: Run) -> Sequence[ApprovalRule]:
    return list(run.runtime.approval_rules.values())


def _holds(rule: ApprovalRule, line: PropertySet) -> bool:
    return rule.discount_condition is not None and rule.discount_condition.truth(line)


def _held(rule: ApprovalRule) -> Note:
    return Note("to be approved", f"submit will hold the order under the rule '{rule.name}': by {rule.approvers}")


_DOCUMENT = (
    Argument("line", required=True, help="A line: its Line Number, service id, product path, or key."),
    Argument("quote", "quote", help="The Quote Number of a quote in progress."),
    Argument("order", "order", help="The Order Number of an order that isn't submitted."),
)

WORKFLOWS = (
    named_workflow(
        "Discount",
        discount,
        "give a line of a quote or order a discount or an agreed price, with approval",
        *_DOCUMENT,
        Argument("percent", "number", help="The percentage that is taken off the price."),
        Argument("amount", "number", help="The amount that is taken off the price of a unit."),
        Argument("price", "number", help="The agreed price of a unit."),
        Argument("reason", required=True, help="The reason, for approvers and for the Pricing Comment.", length=1000),
        module=MODULE,
    ),
    named_workflow(
        "Remove Discount",
        remove_discount,
        "take the discount or agreed price of a line off again",
        *_DOCUMENT,
        module=MODULE,
    ),
)
