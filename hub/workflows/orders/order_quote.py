"""Order Quote: the order of a quote is placed and submitted in one step, as a customer orders.

Source: "Quote to Order Process", "j. Submit Order Process", "Customer Self Service".
Spec: docs/workflows/order-quote.md.
"""

from __future__ import annotations

from dataclasses import replace

from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Outcome
from hub.workflow_manager.run import Run
from hub.workflows.orders.submit import outcome_with_holds, submit
from hub.workflows.quotes.quote_arguments import DUE_DATE, MODULE, QUOTE_NUMBER
from hub.workflows.quotes.quote_to_order import quote_to_order
from integration_objects.complex_object import first_instance


def order_quote(run: Run, quote: str, due_date: str | None = None) -> Outcome:
    """Place the order of a quote, and submit it; if it can't be submitted, it isn't placed either.

    Raises:
        QuoteUnknown: there is no such quote.
        Refused: as `quote_to_order` and `submit`.
    """
    placed = quote_to_order(run, quote, due_date)
    order = first_instance(placed.objects[0])
    submit(run, order, is_stored=True)
    outcome = outcome_with_holds(run, order)
    told = {str(note) for note in placed.notes}
    return replace(outcome, notes=(*placed.notes, *(note for note in outcome.notes if str(note) not in told)))


WORKFLOWS = (
    named_workflow(
        "Order Quote",
        order_quote,
        "place the order of a quote, and submit it, in one step",
        QUOTE_NUMBER,
        DUE_DATE,
        module=MODULE,
    ),
)
