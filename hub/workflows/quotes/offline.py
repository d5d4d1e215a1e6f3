"""Changes of a quote that only a remote client asks for; the other ones are asked for by the named workflows.

    change_header    fields of the header
    take_off         the lines of one service item: nothing of it is asked for any more
    delete_quote     the whole quote

Spec: docs/design/legacy.md, "Remote clients".
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.workflow_manager.run import Run
from hub.workflows.quotes.opportunities import the_opportunity
from hub.workflows.quotes.quote_lines import group_of, put_lines, quote_in_progress
from hub.workflows.state.accounts import the_account
from hub.workflows.state.lines import DESIGNATED
from integration_objects.complex_object import message
from integration_objects.errors import Refused
from integration_objects.field_values import check_value
from integration_objects.names import QUOTE

OPPORTUNITY = "Opportunity Id"


class HeaderValueWrong(Refused):
    """A field of a quote's header can't have a value, or can't be without one."""

    what = "the field '{field}' of the quote {number} can't have this value"
    where = "quote {number}, {field}"
    why = "{fault}"
    mend = "give a value that fits"


def change_header(run: Run, quote: str, changes: Mapping[str, str | None]) -> None:
    """Change fields of a quote's header that no other workflow gives: the opportunity, a description, own fields.

    Raises:
        QuoteUnknown, QuoteNotInProgress: there is no such quote, or it can't be changed.
        HeaderValueWrong: a value doesn't fit.
        OpportunityUnknown, OpportunityOfAnother: the opportunity isn't there, or is another customer's.
    """
    header = quote_in_progress(run, quote)
    fields = run.definitions[QUOTE].root.fields
    for field, value in changes.items():
        fault = None if value is None else check_value(fields[field], value)
        if value is None and field in DESIGNATED:
            fault = "expected a value, found none"
        if fault is not None:
            raise HeaderValueWrong(field=field, number=quote, fault=fault)
    opportunity = changes.get(OPPORTUNITY)
    if opportunity is not None:
        the_opportunity(run, opportunity, the_account(run, header.get("Account Id") or ""), f"quote {quote}")
    node = header.copy_node()
    node.properties |= changes
    run.effects.update(message(QUOTE, [node]))


def take_off(run: Run, quote: str, root: str) -> None:
    """Take the lines of a service item off a quote, whatever they ask for.

    Raises:
        QuoteUnknown, QuoteNotInProgress: there is no such quote, or it can't be changed.
    """
    header = quote_in_progress(run, quote)
    put_lines(run, header, group_of(header, root), [])


def delete_quote(run: Run, quote: str) -> None:
    """Delete a quote that nobody has ordered or cancelled.

    Raises:
        QuoteUnknown, QuoteNotInProgress: there is no such quote, or it can't be deleted.
    """
    run.effects.delete(message(QUOTE, [quote_in_progress(run, quote, "deleted")]))
