"""Quote to Order, once; and new orders."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.data_manager.open_hub import OpenHub
from hub.data_manager.workflow_run import run_workflow
from hub.deployment.deployment import Deployment
from hub.deployment.settings import read_settings
from hub.workflow_manager.named_workflow import request
from hub.workflows.quotes.quote_to_order import OrderPlaced
from integration_objects.complex_object import attributes, instances, line_items, walk_items
from integration_objects.names import KEY
from tests.customer_care import actions, care_on, lines, said, the

PACKAGE, LINE = "Local Breakthrough Package", "Local Line"
FORWARDING = f"{PACKAGE}/{LINE}/Call Forwarding"
NUMBER = {"request": "set", "item": FORWARDING, "attributes": {"Forwarding Number": "206-1"}}


def package(care, **more):
    """A package on 1-B's active quote."""
    return the(care("new-products-and-services", account="1-B", product=PACKAGE, requests=[NUMBER], **more))


def placed(outcome):
    """The order and the quote of a conversion."""
    return [instances(tree)[0] for tree in outcome.objects]


def test_a_product_whose_rules_are_broken_is_not_ordered(care):
    """What a product still lacks is told when it is put on the quote; it is ordered once it has it."""
    quote = the(care("new-products-and-services", account="1-B", product=PACKAGE))
    number = quote.get("Quote Number")
    forwarding = lines(quote, "Call Forwarding")[0].get(KEY)
    assert care.refused("quote-to-order", quote=number) == (
        f"the quote {number} asks for products that break a rule\n"
        f"  where: quote {number}\n"
        f"  why:   Call Forwarding line 4 ({forwarding[-6:]}) needs a value for 'Forwarding Number'\n"
        "  mend:  configure them further (edit-quote-line-item); verify names every rule that is broken"
    )
    missing = {"request": "set", "item": forwarding, "attributes": {"Forwarding Number": "206-1"}}
    care("edit-quote-line-item", quote=number, line=forwarding, requests=[missing])
    assert actions(care.place(number)) == actions(quote)


def test_a_quote_becomes_an_order(any_care):
    """Order type Sales Order, status New, lines Pending; the quote is Order Placed, and its lines' keys follow."""
    quote = package(any_care)
    order, converted = placed(any_care("quote-to-order", quote=quote.get("Quote Number"), due_date="2026-12-01"))
    header = {name: order.get(name) for name in ("Order Type", "Status", "Revision", "Active Flag", "Due Date")}
    assert header == {
        "Order Type": "Sales Order",
        "Status": "New",
        "Revision": "1",
        "Active Flag": "Y",
        "Due Date": "2026-12-01",
    }
    for name in ("Account Id", "Service Account Id", "Billing Account Id", "Currency Code", "Price List Id"):
        assert order.get(name) == quote.get(name) is not None
    assert order.get("Quote Id") == quote.get("Row Id")
    assert actions(order) == actions(quote)
    for line, asked, before in zip(walk_items(order), walk_items(converted), walk_items(quote), strict=True):
        assert line[0].get(KEY) == line[0].get("Row Id") == asked[0].get(KEY) != before[0].get(KEY)
        assert (line[0].get("Status"), line[0].get("Order Item Processed Flag")) == ("Pending", "N")
        assert line[0].get("Adjusted Price") == before[0].get("Adjusted Price")
    (number,) = [
        one for one in attributes(lines(order, "Call Forwarding")[0]) if one.get("Name") == "Forwarding Number"
    ]
    assert (number.get("Text Value"), number.get("Action Code")) == ("206-1", "Add")
    assert said(any_care.order(order.get("Order Number"))) == said(order)
    stored = any_care.quote(quote.get("Quote Number"))
    assert (stored.get("Status"), said(stored)) == ("Order Placed", said(converted))


def test_keys_of_what_is_there_stay_and_lines_without_action_are_dashes(any_care):
    order, _ = placed(any_care("quote-to-order", quote=package(any_care).get("Quote Number")))
    any_care.install(order)
    root = any_care.profile_root("1-B")
    change = {
        "request": "set",
        "item": f"{root.get(KEY)}/{LINE}/Call Forwarding",
        "attributes": {"Forwarding Number": "206-2"},
    }
    quote = the(any_care("modify", account="1-B", root=root.get(KEY), requests=[change]))
    second, _ = placed(any_care("quote-to-order", quote=quote.get("Quote Number")))
    assert [item.get(KEY) for item, _ in walk_items(second)] == [item.get(KEY) for item, _ in walk_items(order)]
    assert [(item.get("Action Code"), item.get("Status")) for item, _ in walk_items(second)] == [
        ("-", "-"),
        ("-", "-"),
        ("-", "-"),
        ("Update", "Pending"),
    ]


def test_tracked_lines_above_one_are_exploded(any_care):
    """Each service has a key of its own; what isn't tracked keeps its quantity."""
    quote = the(
        any_care(
            "new-products-and-services",
            account="1-B",
            product=PACKAGE,
            quantity="2",
            requests=[NUMBER],
        )
    )
    any_care("new-products-and-services", account="1-B", product="Installation", quantity="3")
    order, converted = placed(any_care("quote-to-order", quote=quote.get("Quote Number")))
    for instance in (order, converted):
        assert [(root.get("Product Id"), root.get("Quantity")) for root in line_items(instance)] == [
            (PACKAGE, "1"),
            (PACKAGE, "1"),
            ("Installation", "3"),
        ]
    assert [item.get(KEY) for item, _ in walk_items(order)] == [item.get(KEY) for item, _ in walk_items(converted)]
    assert len({item.get(KEY) for item, _ in walk_items(order)}) == 9


def test_only_once(any_care):
    number = package(any_care).get("Quote Number")
    any_care("quote-to-order", quote=number)
    assert any_care.refused("quote-to-order", quote=number) == (
        f"an order was placed for the quote {number} already\n"
        f"  where: quote {number}, Status\n"
        "  why:   its status is Order Placed, and its changes are executed once only\n"
        "  mend:  make a new quote for further changes"
    )


def test_a_cancelled_or_empty_quote_is_not_ordered(care):
    number = the(care("new-quote", account="1-B")).get("Quote Number")
    assert care.refused("quote-to-order", quote=number) == (
        f"the quote {number} asks for no change\n"
        f"  where: quote {number}\n"
        "  why:   none of its lines adds, updates or deletes anything\n"
        "  mend:  put products or changes on it first, or cancel it"
    )
    care("cancel-quote", quote=number)
    assert care.refused("quote-to-order", quote=number) == (
        f"the quote {number} can't be placed\n"
        f"  where: quote {number}, Status\n"
        "  why:   its status is Cancelled, which is final\n"
        "  mend:  make a new quote for further changes"
    )


def test_what_another_order_has_changed_meanwhile_is_refused(care):
    """Two quotes delete the same service; the second order can't do it again."""
    order, _ = placed(care("quote-to-order", quote=package(care).get("Quote Number")))
    care.install(order)
    root = care.profile_root("1-B")
    first, second = (
        the(care("disconnect", account="1-B", root=root.get(KEY), session=session)).get("Quote Number")
        for session in ("anna", "bert")
    )
    care("quote-to-order", quote=first)
    text = care.refused("quote-to-order", quote=second)
    assert text.startswith(
        "4 of the quote's changes can't be made on the present and ordered services of the customer\n"
    )
    assert text.endswith(
        "  mend:  other orders came before it: edit the quote's lines (edit-quote-line-item), or modify anew"
    )


def caller_ids(care, root, *sessions):
    """Quotes that each add a Caller Id beneath the same line, by their numbers."""
    request = {"request": "add", "product": "Caller Id", "beneath": root}
    return [
        the(care("modify", account="1-B", root=root, session=session, requests=[request])).get("Quote Number")
        for session in sessions
    ]


def test_two_quotes_that_together_break_a_rule_are_not_both_ordered(care):
    """Each obeyed the rules when it was made; the second is proven upon what the first has ordered."""
    order = care.place(the(care("new-products-and-services", account="1-B", product=LINE)).get("Quote Number"))
    care.install(order)
    root = care.profile_root("1-B").get(KEY)
    first, second = caller_ids(care, root, "anna", "bert")
    care.place(first)
    assert care.refused("quote-to-order", quote=second) == (
        f"the quote {second} asks for products that break a rule\n"
        f"  where: quote {second}\n"
        f"  why:   Local Line line 1 ({root[-6:]}) has 2 Caller Id, and may have at most 1\n"
        "  mend:  configure them further (edit-quote-line-item); verify names every rule that is broken"
    )
    assert care.quote(second).get("Status") == "In Progress"


def test_rules_that_another_service_item_breaks_concern_no_quote(care):
    """A rule that came later is broken by a card that the customer has; a line beside it is ordered all the same."""
    care.install(
        care.place(the(care("new-products-and-services", account="1-B", product="Calling Card")).get("Quote Number"))
    )
    care.road.load(
        '<Message IntObjectName="Product"><ListOfProduct><Product><ProductId>Calling Card</ProductId>'
        "<ListOfProductAttribute><ProductAttribute><Name>Pin</Name><Required>Y</Required></ProductAttribute>"
        "</ListOfProductAttribute></Product></ListOfProduct></Message>"
    )
    order = care.place(the(care("new-products-and-services", account="1-B", product=LINE)).get("Quote Number"))
    care.submit(order)
    assert care.order(order.get("Order Number")).get("Status") == "Open"


def test_submit_proves_the_rules_on_what_was_ordered_before(care):
    """The first order is moved before the second, which was proven without it."""
    care.install(care.place(the(care("new-products-and-services", account="1-B", product=LINE)).get("Quote Number")))
    root = care.profile_root("1-B").get(KEY)
    first, second = caller_ids(care, root, "anna", "bert")
    care.work("quote-to-order", quote=first, due_date="2027-06-01")
    early = care.work("quote-to-order", quote=second, due_date="2027-01-01")
    number = care.road.stored("OM Order", Due_Date="2027-06-01")[0].get("Order Number")
    care.submit(early)
    assert care.refused("submit", order=number) == (
        "the configuration breaks a rule of its products\n"
        f"  where: order {number}, line 1\n"
        f"  why:   Local Line line 1 ({root[-6:]}) has 2 Caller Id, and may have at most 1\n"
        "  mend:  edit the order (edit-order-line-item) so that the services obey these rules after it, or cancel it"
    )


def test_an_order_put_before_others_marks_those_of_which_it_leaves_something_undone(care):
    """The line is disconnected in January, which is told in time to whoever follows the order for June."""
    care.install(care.place(the(care("new-products-and-services", account="1-B", product=LINE)).get("Quote Number")))
    root = care.profile_root("1-B").get(KEY)
    (change,) = caller_ids(care, root, "anna")
    gone = the(care("disconnect", account="1-B", root=root, session="bert")).get("Quote Number")
    later = care.work("quote-to-order", quote=change, due_date="2027-06-01")
    care.submit(later)
    assert list(care("fallout-list").rows) == []
    early = care.work("quote-to-order", quote=gone, due_date="2027-01-01")
    care.submit(early)
    [mark] = care("fallout-list").rows
    card = lines(care.order(later.get("Order Number")), "Caller Id")[0].get(KEY)
    assert (mark["cause"], mark["order"], mark["lines"], mark["can be done"]) == (
        "Overtaken By Due Date",
        later.get("Order Number"),
        f"Caller Id ({card}) Open",
        "revise, cancel-order, fallout-close",
    )
    assert mark["reason"] == (
        f"the order {early.get('Order Number')} was submitted later, and comes before this order by its due date; "
        f"after it: Add of Caller Id ({card}): its parent '{root}' is deleted"
    )


def test_an_order_put_before_others_marks_those_with_which_it_breaks_rules(care):
    care.install(care.place(the(care("new-products-and-services", account="1-B", product=LINE)).get("Quote Number")))
    root = care.profile_root("1-B").get(KEY)
    first, second = caller_ids(care, root, "anna", "bert")
    later = care.work("quote-to-order", quote=first, due_date="2027-06-01")
    care.submit(later)
    early = care.work("quote-to-order", quote=second, due_date="2027-01-01")
    care.submit(early)
    [mark] = care("fallout-list").rows
    assert (mark["cause"], mark["order"]) == ("Overtaken By Due Date", later.get("Order Number"))
    assert mark["reason"] == (
        f"the order {early.get('Order Number')} was submitted later, and comes before this order by its due date; "
        f"after it: Local Line '{root}' has 2 Caller Id, and may have at most 1"
    )


def test_a_quote_that_is_due_before_what_it_builds_on_stays_in_progress(care):
    """What Submit would refuse isn't ordered: a later due date orders it."""
    quote = the(care("new-products-and-services", account="1-B", product=LINE)).get("Quote Number")
    care.submit(order := care.work("quote-to-order", quote=quote, due_date="2027-06-01"))
    root = line_items(order)[0].get(KEY)
    (number,) = caller_ids(care, root, "anna")
    card = lines(care.quote(number), "Caller Id")[0].get(KEY)
    assert care.refused("quote-to-order", quote=number, due_date="2027-01-01") == (
        "1 of the quote's changes can't be made on the present and ordered services of the customer\n"
        f"  where: quote {number}\n"
        f"  why:   Caller Id line 2 ({card[-6:]}) (Add): its parent '{root}' isn't there\n"
        "  mend:  an order due 2027-01-01 can't build on orders that are due later: give a later due-date=; "
        "or edit the quote's lines (edit-quote-line-item), or modify anew"
    )
    assert care.quote(number).get("Status") == "In Progress"
    care.submit(care.work("quote-to-order", quote=number, due_date="2027-06-02"))


def test_two_at_once_place_one_order(database_url, tmp_path):
    """The account is locked: the second finds the quote placed."""
    with care_on(tmp_path, database_url) as care:
        number = package(care).get("Quote Number")
        gate = threading.Barrier(2)

        def place(turn):
            settings = read_settings(tmp_path, environment=False, database_url=database_url)
            open_hub = OpenHub(Deployment(tmp_path, settings), process=f"p{turn}")
            workflow = open_hub.deployment.workflows["Quote To Order"]
            gate.wait()
            try:
                run_workflow(open_hub, workflow, request("quote-to-order", [("quote", number)]))
            except OrderPlaced:
                return "refused"
            finally:
                open_hub.close()
            return "placed"

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(place, range(2))) == ["placed", "refused"]
        assert len(care.road.stored("OM Order")) == 1


def test_a_new_order_is_empty_with_accounts_and_currency(any_care):
    order = the(any_care("new-order", account="1-B", due_date="2026-12-01"))
    stored = any_care.order(order.get("Order Number"))
    fields = (
        "Account Id",
        "Service Account Id",
        "Billing Account Id",
        "Currency Code",
        "Status",
        "Order Type",
        "Due Date",
    )
    assert [stored.get(name) for name in fields] == ["1-B", "1-B", "1-B", "USD", "New", "Sales Order", "2026-12-01"]
    assert line_items(stored) == []


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"account": "1-Z"}, "the account '1-Z' is unknown"),
        ({"account": "1-B", "price_list": "Summer"}, "there is no price list 'Summer'"),
    ],
)
@pytest.mark.parametrize("workflow", ["new-order", "new-quote"])
def test_an_unknown_account_or_price_list_is_refused(care, workflow, arguments, what):
    assert care.refused(workflow, **arguments).startswith(f"{what}\n  where: ")
