"""An agreement that doesn't hold is told wherever an order is made under it, and refused to nobody."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import first_instance
from tests.customer_care import the
from tests.road import sample

CARD = {"request": "set", "item": "Calling Card", "fields": {"Agreement Id": "AG-1"}}


def told(outcome):
    return [note.text for note in outcome.notes if note.kind == "agreement"]


def with_agreement(care, **fields):
    texts = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
    care.road.load(
        '<Message IntObjectName="Agreement"><ListOfAgreement><Agreement><AgreementId>AG-1</AgreementId>'
        f"{texts}</Agreement></ListOfAgreement></Message>"
    )


@pytest.mark.parametrize(
    ("fields", "due", "text"),
    [
        ({"Status": "Expired"}, None, "the agreement 'AG-1' is Expired"),
        ({"Status": "Active"}, "2027-12-31", None),
        (
            {"Status": "Active"},
            "2028-01-01",
            "the agreement 'AG-1' ended on 2027-12-31, and the service is wanted on 2028-01-01",
        ),
        (
            {"EffectiveStartDate": "2027-01-01"},
            "2026-12-31",
            "the agreement 'AG-1' begins on 2027-01-01, and the service is wanted on 2026-12-31",
        ),
    ],
)
def test_an_agreement_that_does_not_hold_is_told_by_all_who_order(care, fields, due, text):
    care.road.load(sample("agreements.xml"))
    with_agreement(care, **fields)
    expected = [] if text is None else [text]
    wish = [CARD] if due is None else [{**CARD, "fields": {**CARD["fields"], "Due Date": due}}]
    quote = the(care("new-products-and-services", account="2-AW", product="Calling Card", quantity="2", requests=wish))
    number = quote.get("Quote Number")
    assert told(care("verify", quote=number)) == expected
    placed = care("quote-to-order", quote=number)
    assert told(placed) == expected
    order = first_instance(placed.objects[0])
    assert told(care("submit", order=order.get("Order Number"))) == expected


def test_a_service_that_keeps_its_agreement_is_not_told(care):
    care.road.load(sample("agreements.xml"))
    quote = the(care("new-products-and-services", account="2-AW", product="Calling Card", requests=[CARD]))
    care.install(care.place(quote.get("Quote Number")))
    with_agreement(care, Status="Terminated")
    root = care.profile_root("2-AW").get("Integration Id")
    comment = {"request": "set", "item": root, "fields": {"Pricing Comment": "ask Ann"}}
    quote = the(care("modify", account="2-AW", root=root, requests=[comment]))
    assert told(care("verify", quote=quote.get("Quote Number"))) == []
