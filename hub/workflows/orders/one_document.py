"""The document that a workflow changes, where its arguments name either a quote or an order."""

from __future__ import annotations

from integration_objects.errors import Refused


class DocumentUnclear(Refused):
    """Neither a quote nor an order is named, or both are."""

    what = "one quote or one order must be named"
    where = "arguments 'quote' and 'order'"
    why = "expected one of the two, found {found}"
    mend = "give quote= or order="


def prove_one_document(quote: str | None, order: str | None) -> None:
    """Refuse arguments that name no document, or two.

    Raises:
        DocumentUnclear: neither *quote* nor *order* is given, or both are.
    """
    if (quote is None) is (order is None):
        raise DocumentUnclear(found="neither" if quote is None else "both")
