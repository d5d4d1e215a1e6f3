"""Verify: everything that has to be mended on a quote before its order can be placed and submitted.

It stands beside Submit, because it tells of all that Quote to Order and Submit refuse.

Source: "Edit Quotes Line Items Process", "Verify"; spec: docs/workflows/verify.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.fulfilment.billing import prove_billable
from hub.workflows.fulfilment.work_orders import prove_work_orders
from hub.workflows.quotes.quote_arguments import MODULE, QUOTE_NUMBER
from hub.workflows.quotes.quote_lines import quote_in_progress
from hub.workflows.quotes.quote_to_order import exploded_quote, order_header, order_of, prove_changes
from hub.workflows.quotes.quotes import QuotedItem, quoted_items
from hub.workflows.quotes.validity import validity_notes
from hub.workflows.state.agreements import agreement_notes
from hub.workflows.state.belongings import belonging_notes
from hub.workflows.state.change_of_state import PRICE, broken_rules, document_totals, price, wanted_on
from hub.workflows.state.due_dates import due_date_notes
from hub.workflows.state.id_holders import held_id_notes
from hub.workflows.state.missing_ids import missing_id_notes
from hub.workflows.state.order_rules import left_behind, statuses_refused
from hub.workflows.state.quantities import quantities_refused
from hub.workflows.state.service_item import with_roots
from hub.workflows.state.service_profile import requested_state
from hub.workflows.state.suspended import beneath_suspended
from integration_objects.complex_object import first_instance, message
from integration_objects.errors import OperatorNeeded, Refused
from integration_objects.names import KEY, QUOTE
from integration_objects.property_set import PropertySet

#: the kind of the notes about an order that would be refused, and has no kind of its own
REFUSED = "refused"


def verify(run: Run, quote: str) -> Outcome:
    """Report everything for which the quote's order would be refused, and what is worth a second look.

    Raises:
        QuoteUnknown, QuoteNotInProgress: there is no such quote, or it was placed or cancelled.
    """
    header = quote_in_progress(run, quote, "verified")
    notes: list[Note] = []
    for item in quoted_items(run, header, notes):
        notes += [*item.notes, *_out_of_date(header, item)]
        notes += broken_rules(run, item.after, header.get("Account Id") or "", item.before)
        notes += _outdated_prices(run, header, item)
    notes += [*belonging_notes(run, header), *missing_id_notes(run, header), *held_id_notes(run, header)]
    notes += [*due_date_notes(run, header), *agreement_notes(run, header), *validity_notes(run, header)]
    notes += _refused(run, header)
    notes = notes or [Note("verified", f"nothing on the quote {quote} has to be mended")]
    return Outcome(objects=(message(QUOTE, [header]),), notes=(*notes, *document_totals(header)))


def _refused(run: Run, header: PropertySet) -> Iterator[Note]:
    """Report the other refusals of Quote to Order and Submit: quantities, and an order that can't be made or sent."""
    # Copies, in which the order's keys take the place of the quote's.
    quote = header.copy()
    state = requested_state(run, header.get("Account Id") or "")
    wrong = list(quantities_refused(quote, state, f"quote {header.get('Quote Number')}"))
    for item, refused in wrong:
        yield Note(REFUSED, f"{refused.what}: {refused.why}", item.get(KEY), item.get("Product Id"))
    try:
        prove_changes(quote)
        # Numbers are given out for orders that are placed: the quote's own stands for the order's here.
        order_as_made = order_header(run, header.get("Quote Number"), None)
        # Quantities at fault would be refused once more.
        if not wrong:
            order = order_of(run, exploded_quote(run, quote), order_as_made)
            prove_billable(run, order)
            prove_work_orders(run, order)
    except (Refused, OperatorNeeded) as error:
        yield Note(REFUSED, f"{error.what}: {error.why}")


def _outdated_prices(run: Run, header: PropertySet, item: QuotedItem) -> Iterator[Note]:
    """Report the prices of a service item that the price list doesn't give any more, because of other orders.

    An external pricing isn't asked: the account would stay locked until its answer, and Verify is no reason for that.
    """
    if run.pricing.is_external:
        return
    root = item.root
    try:
        priced = price(run, header.copy_node(), item.after, wanted_on(run, root))
    except Refused as error:
        yield Note(PRICE, f"{error.what}: {error.why}", root.get(KEY), root.get("Product Id"))
        return
    for note in priced.notes:
        if note.kind == PRICE:
            yield replace(note, text=f"{note.text}; reprice prices the quote anew")


def _out_of_date(header: PropertySet, item: QuotedItem) -> Iterator[Note]:
    """Report changes of status that can't be made any more, and services that the quote would leave behind."""
    if item.before is None:
        return
    for refused in statuses_refused(item.lines, item.before):
        line = refused.objects["item"]
        yield Note("ignored", f"{refused.what}: {refused.why}", line.get(KEY), line.get("Product Id"))
    quoted = first_instance(with_roots(header, item.lines, QUOTE))
    for beneath in beneath_suspended(quoted, item.before, item.after, f"quote {header.get('Quote Number')}"):
        yield Note("suspended", f"{beneath.what}: {beneath.why}", beneath.objects["name"])
    for text in left_behind(quoted, item.before):
        yield Note("left behind", text, item.root.get(KEY), item.root.get("Product Id"))


WORKFLOWS = (
    named_workflow(
        "Verify",
        verify,
        "name all that has to be mended on a quote before its order is placed and submitted",
        QUOTE_NUMBER,
        module=MODULE,
        asks_only=True,
    ),
)
