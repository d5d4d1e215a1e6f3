"""The accounts, agreements and service points that quotes and orders name: they exist, and are the customer's."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from hub.workflows.state.belongings import Named, Stored, belongs
from integration_objects.complex_object import line_items
from integration_objects.errors import Refused
from tests.customer_care import the
from tests.road import sample

ACCOUNTS = {
    "2-AW": {"Parent Account Id": None},
    "2-AW-NY": {"Parent Account Id": "2-AW"},
    "2-AW-NY-5": {"Parent Account Id": "2-AW-NY"},
    "2-AW-CA": {"Parent Account Id": "2-AW"},
    "2-LB": {"Parent Account Id": None},
    # the account above these two isn't loaded yet
    "3-A": {"Parent Account Id": "3"},
    "3-B": {"Parent Account Id": "3"},
}
AGREEMENTS = {"AG-1": {"Account Id": "2-AW"}, "AG-NY": {"Account Id": "2-AW-NY"}, "AG-LB": {"Account Id": "2-LB"}}


@pytest.mark.parametrize(
    ("field", "value", "customer", "service_account", "is_right"),
    [
        ("Billing Account Id", "2-AW", "2-AW-NY", None, True),
        ("Billing Account Id", "2-AW-CA", "2-AW-NY-5", None, True),
        ("Billing Account Id", "2-LB", "2-AW", None, False),
        ("Service Account Id", "2-AW-NY-5", "2-AW", None, True),
        ("Service Account Id", "2-LB", "2-AW-NY", None, False),
        ("Service Account Id", "NOBODY", "2-AW", None, False),
        ("Service Account Id", "3-A", "3-B", None, True),
        ("Service Account Id", "3-A", "2-LB", None, False),
        ("Service Account Id", "2-LB", None, None, True),
        ("Agreement Id", "AG-1", "2-AW", None, True),
        ("Agreement Id", "AG-1", "2-AW-NY-5", None, True),
        ("Agreement Id", "AG-NY", "2-AW-NY-5", None, True),
        ("Agreement Id", "AG-NY", "2-AW", None, False),
        ("Agreement Id", "AG-NY", "2-AW", "2-AW-CA", False),
        ("Agreement Id", "AG-NY", "2-AW", "2-AW-NY-5", True),
        ("Agreement Id", "AG-LB", "2-AW", "2-AW-NY", False),
        ("Agreement Id", "AG-9", "2-AW", None, False),
        ("Agreement Id", "AG-9", None, None, False),
        ("Service Point Id", "SP-1", "2-AW", None, True),
        ("Service Point Id", "SP-9", "2-AW", None, False),
    ],
)
def test_what_belongs_to_a_customer(field, value, customer, service_account, is_right):
    stored = Stored(ACCOUNTS, AGREEMENTS, {"SP-1": {}})
    assert belongs(Named(field, value, service_account), customer, stored) is is_right


def test_arguments_name_nothing_of_others(any_care):
    any_care.road.load(sample("agreements.xml"))
    for workflow in ("new-quote", "new-order"):
        refuses_arguments(any_care, workflow)


def refuses_arguments(care, workflow):
    assert care.refused(workflow, account="2-AW-NY", billing_account="2-LB") == (
        "the account '2-LB' isn't one of the customer '2-AW-NY'\n"
        "  where: argument 'billing-account'\n"
        "  why:   the account at the top of its hierarchy is '2-LB'; at the top of the customer's is '2-AW'\n"
        "  mend:  name an account of the customer's hierarchy, or put the account into it (orderhub load: Parent "
        "Account Id)"
    )
    assert care.refused(workflow, account="2-LB", agreement="AG-1") == (
        "the agreement 'AG-1' isn't one of the customer '2-LB'\n"
        "  where: argument 'agreement'\n"
        "  why:   it is with the account '2-AW', which is neither the customer nor the service account, nor above one "
        "of them\n"
        "  mend:  name an agreement of the customer, of the service account, or of an account above one of them"
    )
    assert care.refused(workflow, account="2-LB", agreement="AG-9") == (
        "the agreement 'AG-9' is unknown\n"
        "  where: argument 'agreement'\n"
        "  why:   no agreement of this Agreement Id is stored\n"
        "  mend:  mend the Agreement Id, or load the agreement (orderhub load)"
    )
    # The customer's own agreement is proposed.
    assert "did you mean 'AG-1'?" in care.refused(workflow, account="2-AW-NY", agreement="AG-11")
    made = the(care(workflow, account="2-AW-NY", billing_account="2-AW-BILL", agreement="AG-1"))
    assert (made.get("Billing Account Id"), made.get("Agreement Id")) == ("2-AW-BILL", "AG-1")


def test_later_arguments_name_nothing_of_others(care):
    care.road.load(sample("agreements.xml"))
    quote = the(care("new-products-and-services", account="2-LB", product="Local Line")).get("Quote Number")
    order = the(care("new-order", account="2-LB")).get("Order Number")
    for document in ({"quote": quote}, {"order": order}):
        for argument, value in (("service_account", "2-EN"), ("billing_account", "2-AW-BILL"), ("agreement", "AG-1")):
            assert "isn't one of the customer '2-LB'" in care.refused(
                "designate-accounts", **document, **{argument: value}
            )
    assert "argument 'service-account'" in care.refused(
        "move",
        account="2-LB",
        old_address="PR-HOME",
        new_address="PR-WA",
        move_out="2027-01-01",
        move_in="2027-01-01",
        service_account="2-EN",
    )


def line_with(**fields):
    """A request for a line with these fields."""
    named = {name.replace("_", " "): value for name, value in fields.items()}
    return {"request": "add", "product": "Local Line", "fields": {"Service Id": "509-555-0140", **named}}


WRONG = [
    ({"Service_Point_Id": "NO-SUCH-POINT"}, "the service point 'NO-SUCH-POINT' is unknown"),
    ({"Agreement_Id": "NO-AGREEMENT"}, "the agreement 'NO-AGREEMENT' is unknown"),
    ({"Agreement_Id": "AG-1"}, "the agreement 'AG-1' isn't one of the customer '2-EN'"),
    ({"Billing_Account_Id": "2-LB"}, "the account '2-LB' isn't one of the customer '2-EN'"),
    ({"Billing_Account_Id": "2-XX"}, "the account '2-XX' is unknown"),
    ({"Service_Account_Id": "2-AW-NY"}, "the account '2-AW-NY' isn't one of the customer '2-EN'"),
]


def test_a_quotes_line_names_nothing_of_others(any_care):
    care = any_care
    care.road.load(sample("agreements.xml"))
    quote = the(care("new-quote", account="2-EN")).get("Quote Number")
    for fields, what in WRONG:
        refused = care.refused("new-products-and-services", account="2-EN", requests=[line_with(**fields)])
        (field,) = fields
        assert refused.splitlines()[:2] == [
            what,
            f"  where: quote {quote}, line 1 (Local Line 509-555-0140), {field.replace('_', ' ')}",
        ]
        assert "did you mean" not in refused


def test_an_orders_line_names_nothing_of_others(care):
    care.road.load(sample("agreements.xml"))
    for fields, what in WRONG:
        order = the(care("new-order", account="2-EN")).get("Order Number")
        refused = care.refused("edit-order-line-item", order=order, requests=[line_with(**fields)])
        assert refused.startswith(f"{what}\n  where: order {order}, line 1 (Local Line 509-555-0140), ")


def test_a_mistyped_point_at_the_customers_address_is_proposed(care):
    refused = care.refused(
        "new-products-and-services", account="2-LB", requests=[line_with(Service_Point_Id="SP-HOME-LIEN")]
    )
    assert refused.endswith("  mend:  did you mean 'SP-HOME-LINE'?")


def test_a_point_serves_the_product_that_it_is_stored_for(care):
    gas = line_with(Service_Point_Id="SP-WINTER-GAS")
    assert care.refused("new-products-and-services", account="2-EN", requests=[gas]) == (
        "the service point 'SP-WINTER-GAS' can't serve Local Line\n"
        "  where: quote Q-0000001, line 1 (Local Line 509-555-0140), Service Point Id\n"
        "  why:   it serves Gas\n"
        "  mend:  name a service point for Local Line, or mend the one that is stored (orderhub load: Product Id)"
    )
    # A point that says nothing fits; a product that doesn't fit any more is told by verify.
    quote = the(
        care("new-products-and-services", account="2-LB", requests=[line_with(Service_Point_Id="SP-HOME-LINE")])
    )
    care.road.load(
        '<Message IntObjectName="Service Point"><ListOfServicePoint><ServicePoint>'
        "<ServicePointId>SP-HOME-LINE</ServicePointId><ProductId>Gas</ProductId></ServicePoint></ListOfServicePoint>"
        "</Message>"
    )
    notes = care("verify", quote=quote.get("Quote Number")).notes
    assert [note.text for note in notes if note.kind == "wrong id"] == [
        "the service point 'SP-HOME-LINE' can't serve Local Line: it serves Gas"
    ]


#: a service that was loaded with another customer's billing account and agreement
LOADED = """<Message IntObjectName="OM Asset"><ListOfOMAsset><Asset><AccountId>2-LB</AccountId><ListOfLineItem>
<LineItem><IntegrationId>L-1</IntegrationId><ProductId>Local Line</ProductId><Quantity>1</Quantity>
<ServiceId>509-555-0140</ServiceId><BillingAccountId>2-EN</BillingAccountId><AgreementId>AG-1</AgreementId>
<CurrencyCode>USD</CurrencyCode></LineItem></ListOfLineItem></Asset></ListOfOMAsset></Message>"""


def test_a_profile_is_loaded_after_what_it_names(any_care):
    with pytest.raises(Refused) as caught:
        any_care.road.load(LOADED)
    assert (caught.value.what, caught.value.mend) == (
        "'Agreement Id' names the agreement 'AG-1', which isn't there",
        "load the agreement first, or mend 'Agreement Id'",
    )
    any_care.road.load(sample("agreements.xml"))
    any_care.road.load(LOADED)
    with pytest.raises(Refused) as caught:
        any_care.road.load(LOADED.replace("<BillingAcc", "<ServicePointId>SP-9</ServicePointId><BillingAcc"))
    assert caught.value.what == "'Service Point Id' names the service point 'SP-9', which isn't there"


def test_what_a_service_has_already_may_stay(any_care):
    care = any_care
    care.road.load(sample("agreements.xml"))
    care.road.load(LOADED)
    number = {"request": "set", "item": "L-1", "fields": {"Service Id": "509-555-0141"}}
    quote = the(care("modify", account="2-LB", root="L-1", requests=[number]))
    care.install(care.place(quote.get("Quote Number")))
    service = care.profile_root("2-LB")
    assert [service.get(name) for name in ("Service Id", "Billing Account Id", "Agreement Id")] == [
        "509-555-0141",
        "2-EN",
        "AG-1",
    ]
    # It is no reason for another wrong one.
    for fields in ({"Billing Account Id": "2-AW"}, {"Agreement Id": "AG-2"}, {"Service Point Id": "SP-9"}):
        change = {"request": "set", "item": "L-1", "fields": fields}
        assert "line 1 (Local Line 509-555-0141)" in care.refused(
            "modify", account="2-LB", root="L-1", requests=[change]
        )
    own = {"request": "set", "item": "L-1", "fields": {"Billing Account Id": "2-LB"}}
    care.install(care.place(the(care("modify", account="2-LB", root="L-1", requests=[own])).get("Quote Number")))
    assert care.profile_root("2-LB").get("Billing Account Id") == "2-LB"
    care.install(care.place(the(care("disconnect", account="2-LB", root="L-1")).get("Quote Number")))


def test_a_supplement_keeps_what_the_revision_before_has(care):
    """The agreement was another's when the first revision was made, before the hub looked at it."""
    care.road.load(AGREEMENT_OF.format("2-EN"))
    quote = the(care("new-products-and-services", account="2-EN", requests=[line_with(Agreement_Id="AG-5")]))
    number = care.place(quote.get("Quote Number")).get("Order Number")
    care("submit", order=number)
    care.road.load(AGREEMENT_OF.format("2-LB"))
    root = line_items(the(care("revise", order=number)))[0].get("Integration Id")
    change = {"request": "set", "item": root, "fields": {"Service Id": "509-555-0141"}}
    care("edit-order-line-item", order=number, line=root, requests=[change])
    care("submit", order=number)
    assert line_items(care.look("OM Order", number))[0].get("Agreement Id") == "AG-5"


AGREEMENT_OF = """<Message IntObjectName="Agreement"><ListOfAgreement><Agreement><AgreementId>AG-5</AgreementId>
<AccountId>{}</AccountId></Agreement></ListOfAgreement></Message>"""


def test_what_has_changed_hands_is_told_by_verify_and_refused_when_it_is_placed_or_submitted(care):
    care.road.load(AGREEMENT_OF.format("2-EN"))
    numbers = []
    for _ in range(2):
        care("new-quote", account="2-EN")
        quote = the(care("new-products-and-services", account="2-EN", requests=[line_with(Agreement_Id="AG-5")]))
        numbers.append(quote.get("Quote Number"))
    placed = care.place(numbers[0]).get("Order Number")
    assert not [note for note in care("verify", quote=numbers[1]).notes if note.kind == "wrong id"]
    care.road.load(AGREEMENT_OF.format("2-LB"))
    (note,) = [note for note in care("verify", quote=numbers[1]).notes if note.kind == "wrong id"]
    assert (note.product, note.text) == (
        "Local Line",
        "the agreement 'AG-5' isn't one of the customer '2-EN': it is with the account '2-LB', which is neither the "
        "customer nor the service account, nor above one of them",
    )
    for workflow, document in (("quote-to-order", {"quote": numbers[1]}), ("submit", {"order": placed})):
        assert care.refused(workflow, **document).startswith("the agreement 'AG-5' isn't one of the customer '2-EN'")


def sent_order(number, line, header=""):
    return f"""<Message MessageId="M-{number}" IntObjectName="OM Order"><ListOfOMOrder><Order>
<SourceSystem>CHANNEL</SourceSystem><SourceOrderNumber>C-1</SourceOrderNumber><AccountId>1-C</AccountId>
<CurrencyCode>USD</CurrencyCode>{header}<ListOfLineItem><LineItem><SourceReference>C-1/1</SourceReference>
<ProductId>Calling Card</ProductId><ActionCode>Add</ActionCode><Quantity>1</Quantity><PriceType>Usage</PriceType>
{line}</LineItem></ListOfLineItem></Order></ListOfOMOrder></Message>"""


def test_a_received_order_is_refused_and_its_sender_is_not_told_whose_it_is(care):
    care.road.load(sample("agreements.xml"))
    line = "line C-1/1 (Calling Card), "
    sent = [
        ("Billing Account Id", "1-A", "AccountOfAnother", line),
        ("Agreement Id", "AG-1", "AgreementOfAnother", line),
        ("Service Point Id", "SP-9", "ServicePointUnknown", line),
        ("Service Account Id", "1-A", "AccountOfAnother", ""),
        ("Agreement Id", "AG-1", "AgreementOfAnother", ""),
        ("Agreement Id", "AG-9", "AgreementUnknown", ""),
    ]
    for number, (field, value, reason, place) in enumerate(sent):
        element = f"<{field.replace(' ', '')}>{value}</{field.replace(' ', '')}>"
        order = sent_order(number, element) if place else sent_order(number, "", element)
        shown = care.road.work(order, "hub_object")
        error = shown["error"]
        assert (shown["state"], error["reason"]) == ("rejected", reason)
        assert error["where"].endswith(f"order C-1, {place}{field}")
        assert error["why"] == "it isn't this customer's" or not reason.endswith("OfAnother")
        assert "2-AW" not in str(error)
        assert "did you mean" not in str(error)
    assert not care.road.stored("OM Order")


def test_a_received_order_names_its_customers_own(care):
    shown = care.road.work(sent_order(1, "<BillingAccountId>1-C-BILL</BillingAccountId>"), "hub_object")
    assert shown["state"] == "done"
    (order,) = care.road.stored("OM Order")
    assert line_items(order)[0].get("Billing Account Id") == "1-C-BILL"


def test_a_large_order_asks_as_often_as_a_small_one(care):
    """A query for each kind of object, not for each line."""
    care.road.load(sample("agreements.xml"))

    def queries(count):
        found = []

        def note(connection, cursor, statement, *rest):
            if any(f"FROM {table}" in statement for table in ("s_agreement", "s_service_point ", "s_account ")):
                found.append(statement)

        engine = care.open_hub.database._engine
        requests = [
            line_with(Agreement_Id="AG-1", Billing_Account_Id="2-AW-BILL", Service_Account_Id=f"2-AW-{office}")
            for office in ("NY", "CA") * (count // 2)
        ]
        care("new-quote", account="2-AW")
        event.listen(engine, "before_cursor_execute", note)
        try:
            care("new-products-and-services", account="2-AW", requests=requests)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(found)

    assert queries(40) == queries(2) > 0
