"""The accounts and the agreement of quotes and orders: named when they are made, or later."""

from __future__ import annotations

from integration_objects.complex_object import items_of, line_items
from tests.customer_care import the
from tests.road import sample

NAMED = ("Service Account Id", "Billing Account Id", "Agreement Id")
PAYER = {"service_account": "2-AW-NY", "billing_account": "2-AW-BILL", "agreement": "AG-1"}
LINE = {"product": "Local Line", "requests": [{"request": "set", "item": "Local Line", "fields": {"Service Id": "1"}}]}
#: an order that an adapter put in without an account
NO_ACCOUNT = """<Message IntObjectName="OM Order"><ListOfOMOrder><Order><OrderNumber>X-2</OrderNumber>
<Revision>1</Revision><ActiveFlag>Y</ActiveFlag><Status>New</Status><CurrencyCode>USD</CurrencyCode>
<ListOfLineItem><LineItem>
<IntegrationId>X-2-1</IntegrationId><ProductId>Local Line</ProductId><ActionCode>Add</ActionCode>
<Status>Pending</Status>
<Quantity>1</Quantity><ServiceId>509-555-0177</ServiceId><LineNumber>1</LineNumber></LineItem>
</ListOfLineItem></Order></ListOfOMOrder></Message>"""


def named(node):
    return tuple(node.get(field) for field in NAMED)


def agreed(care):
    care.road.load(sample("agreements.xml"))
    return care


def test_a_quotes_accounts_reach_the_service(any_care):
    """From the header to the lines, the order and the asset."""
    care = agreed(any_care)
    quote = the(care("new-quote", account="2-AW", **PAYER))
    assert named(quote) == ("2-AW-NY", "2-AW-BILL", "AG-1")
    quote = the(care("new-products-and-services", account="2-AW", **LINE))
    assert [named(item) for item in items_of(quote)] == [("2-AW-NY", "2-AW-BILL", "AG-1")] * len(list(items_of(quote)))
    order = care.place(quote.get("Quote Number"))
    assert named(order) == ("2-AW-NY", "2-AW-BILL", "AG-1")
    care.install(order)
    assert named(care.profile_root("2-AW")) == ("2-AW-NY", "2-AW-BILL", "AG-1")


def test_an_order_has_the_accounts_that_it_is_given(care):
    order = the(agreed(care)("new-order", account="2-AW", **PAYER))
    assert named(order) == named(care.order(order.get("Order Number"))) == ("2-AW-NY", "2-AW-BILL", "AG-1")
    assert named(the(care("new-order", account="2-AW"))) == ("2-AW", "2-AW", None)


def test_an_account_that_is_not_there_is_refused(care):
    for workflow in ("new-quote", "new-order"):
        assert care.refused(workflow, account="2-AW", billing_account="2-AW-BIL") == (
            "the account '2-AW-BIL' is unknown\n"
            "  where: argument 'billing-account'\n"
            "  why:   no account of this Account Id is stored\n"
            "  mend:  did you mean '2-AW-BILL'?"
        )


def test_added_lines_follow_the_header_where_they_have_followed_it_so_far(any_care):
    care = agreed(any_care)
    own = {"request": "add", "product": "Local Line", "fields": {"Billing Account Id": "2-AW-CA"}}
    quote = the(care("new-products-and-services", account="2-AW", requests=[own, {**own, "fields": {}}]))
    number = quote.get("Quote Number")
    quote = the(care("designate-accounts", quote=number, billing_account="2-AW-BILL"))
    assert [item.get("Billing Account Id") for item in line_items(quote)] == ["2-AW-CA", "2-AW-BILL"]
    assert [item.get("Billing Account Id") for item in line_items(care.quote(number))] == ["2-AW-CA", "2-AW-BILL"]
    order = care.place(number)
    care("designate-accounts", order=order.get("Order Number"), agreement="AG-1")
    assert {item.get("Agreement Id") for item in items_of(care.order(order.get("Order Number")))} == {"AG-1"}


def test_an_order_without_an_account_gets_it(any_care):
    care = agreed(any_care)
    care.road.insert(NO_ACCOUNT)
    assert care.refused("submit", order="X-2") == (
        "the order X-2 names no account\n"
        "  where: Order, Account Id\n"
        "  mend:  say which account the order is for (designate-accounts order=X-2 account=)"
    )
    care("designate-accounts", order="X-2", account="2-AW", billing_account="2-AW-BILL")
    care.install(care.order("X-2"))
    root = care.profile_root("2-AW")
    assert (root.get("Service Id"), *named(root)[:2]) == ("509-555-0177", "2-AW", "2-AW-BILL")


def test_what_can_not_be_designated_is_refused(care):
    agreed(care)
    quote = the(care("new-products-and-services", account="2-AW", **LINE)).get("Quote Number")
    order = care.place(quote)
    number = order.get("Order Number")
    assert care.refused("designate-accounts") == (
        "one quote or one order must be named\n"
        "  where: arguments 'quote' and 'order'\n"
        "  why:   expected one of the two, found neither\n"
        "  mend:  give quote= or order="
    )
    assert "found both" in care.refused("designate-accounts", quote=quote, order=number)
    assert "can't be changed" in care.refused("designate-accounts", quote=quote, **PAYER)
    assert care.refused("designate-accounts", order=number, account="2-LB") == (
        f"the order {number} belongs to the account '2-AW' already\n"
        "  where: argument 'account'\n"
        "  why:   its lines were made for that account's services\n"
        "  mend:  leave account= out, or make a quote or an order for the other account"
    )
    care.submit(order)
    assert care.refused("designate-accounts", order=number, **PAYER).startswith(f"the order {number} can't be edited")
