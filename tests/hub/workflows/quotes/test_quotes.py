"""Quotes: edited, verified, repriced, renumbered, ungrouped, cancelled; and what is refused."""

from __future__ import annotations

import pytest

from hub.demo.scenarios import SPOKANE, initial_order
from integration_objects.complex_object import attributes, instances, line_items, walk_items
from integration_objects.names import KEY
from tests.customer_care import actions, lines, said, the
from tests.road import sample

PACKAGE, LINE = "Local Breakthrough Package", "Local Line"
FORWARDING = f"{PACKAGE}/{LINE}/Call Forwarding"
NUMBER = {"request": "set", "item": FORWARDING, "attributes": {"Forwarding Number": "206-1"}}


def package(care, *more):
    """A package on 1-B's active quote."""
    return the(care("new-products-and-services", account="1-B", product=PACKAGE, requests=[NUMBER, *more]))


def installed(care):
    """A package in 1-B's profile; its root."""
    care.install(care.place(package(care).get("Quote Number")))
    return care.profile_root("1-B")


def add_voice_mail(root):
    return {
        "request": "add",
        "product": "Voice Mail",
        "beneath": f"{root.get(KEY)}/{LINE}",
        "attributes": {"Password": "1234"},
    }


def set_number(root, number):
    return {
        "request": "set",
        "item": f"{root.get(KEY)}/{LINE}/Call Forwarding",
        "attributes": {"Forwarding Number": number},
    }


def number_on(quote):
    (forwarding,) = lines(quote, "Call Forwarding")
    (found,) = [one for one in attributes(forwarding) if one.get("Name") == "Forwarding Number"]
    return found.get("Text Value"), found.get("Action Code")


def change_stored(care, quote, change):
    """Change a stored quote behind the workflows' back."""
    with care.open_hub.write() as transaction:
        stored = transaction.store.query("OM Quote", {"Row Id": quote.get("Row Id")})
        change(instances(stored)[0])
        transaction.store.update(stored)


# Edit Quote Line Item


def test_an_added_service_item_is_edited_from_the_quote_itself(any_care):
    """Step 1: action code Add, on to step 5; all of it stays Add, under the same keys."""
    quote = package(any_care)
    (root,) = line_items(quote)
    edited = the(
        any_care("edit-quote-line-item", quote=quote.get("Quote Number"), line="3", requests=[add_voice_mail(root)])
    )
    assert set(actions(edited)) == {
        (one, "Add") for one in (PACKAGE, LINE, "Caller Id", "Call Forwarding", "Voice Mail")
    }
    before = {item.get(KEY): item.get("Row Id") for item, _ in walk_items(quote)}
    after = {item.get(KEY): item.get("Row Id") for item, _ in walk_items(edited)}
    assert before.items() <= after.items()
    assert number_on(edited) == ("206-1", "Add")
    assert said(any_care.quote(quote.get("Quote Number"))) == said(edited)


def test_a_changed_service_item_is_edited_from_the_requested_state_and_the_quote(any_care):
    """Steps 2 to 10: what the quote said before is still there, as changes of the requested state."""
    root = installed(any_care)
    quote = the(any_care("modify", account="1-B", root=root.get(KEY), requests=[set_number(root, "206-2")]))
    edited = the(
        any_care(
            "edit-quote-line-item",
            quote=quote.get("Quote Number"),
            line=root.get(KEY),
            requests=[add_voice_mail(root)],
        )
    )
    assert actions(edited) == {
        (PACKAGE, "-"): 1,
        (LINE, "-"): 1,
        ("Caller Id", "-"): 1,
        ("Call Forwarding", "Update"): 1,
        ("Voice Mail", "Add"): 1,
    }
    assert number_on(edited) == ("206-2", "Update")
    assert said(any_care.quote(quote.get("Quote Number"))) == said(edited)


def test_an_edit_can_take_back_a_change(care):
    root = installed(care)
    quote = the(care("modify", account="1-B", root=root.get(KEY), requests=[set_number(root, "206-2")]))
    edited = the(
        care(
            "edit-quote-line-item",
            quote=quote.get("Quote Number"),
            line=root.get(KEY),
            requests=[set_number(root, "206-1")],
        )
    )
    assert {action for _, action in actions(edited)} == {"-"}


def test_a_suspended_line_stays_suspended_when_it_is_edited(care):
    root = installed(care)
    quote = the(care("suspend", account="1-B", root=root.get(KEY)))
    edited = the(
        care(
            "edit-quote-line-item",
            quote=quote.get("Quote Number"),
            line=root.get(KEY),
            requests=[set_number(root, "206-2")],
        )
    )
    assert {item.get("Action Alias") for item, _ in walk_items(edited)} == {"Suspend"}


def test_a_lines_due_date_survives_an_edit(care):
    quote = package(care)
    change_stored(care, quote, lambda stored: line_items(stored)[0].properties.update({"Due Date": "2026-12-24"}))
    (root,) = line_items(quote)
    edited = the(
        care("edit-quote-line-item", quote=quote.get("Quote Number"), line="1", requests=[add_voice_mail(root)])
    )
    assert line_items(edited)[0].get("Due Date") == "2026-12-24"


def test_a_due_date_is_taken_off_by_an_edit(care):
    quote = package(care)
    root, number = line_items(quote)[0], quote.get("Quote Number")
    for due in ("2027-01-31", None):
        wish = [{"request": "set", "item": root.get(KEY), "fields": {"Due Date": due}}]
        edited = the(care("edit-quote-line-item", quote=number, line=root.get(KEY), requests=wish))
        stored = line_items(care.quote(number))[0]
        assert (line_items(edited)[0].get("Due Date"), stored.get("Due Date")) == (due, due)


def test_a_due_date_can_be_set_on_a_line_that_the_quote_has(care):
    quote = package(care)
    (root,) = line_items(quote)
    for due in ("2026-12-24", "2027-01-31"):
        wish = [{"request": "set", "item": root.get(KEY), "fields": {"Due Date": due}}]
        edited = the(care("edit-quote-line-item", quote=quote.get("Quote Number"), line="1", requests=wish))
        assert line_items(edited)[0].get("Due Date") == due


def beside_a_disconnected_item(care, requests=(NUMBER,)):
    """A quote that changes an item, which an order then disconnects, and adds a package; item, quote and order."""
    root = installed(care)
    care("modify", account="1-B", root=root.get(KEY), requests=[set_number(root, "206-2")])
    quote = the(care("new-products-and-services", account="1-B", product=PACKAGE, requests=list(requests)))
    order = care.place(the(care("disconnect", account="1-B", root=root.get(KEY), session="b")).get("Quote Number"))
    return root, quote, order


def test_an_item_that_an_open_order_disconnects_cannot_be_edited(care):
    root, quote, order = beside_a_disconnected_item(care)
    assert care.refused("edit-quote-line-item", quote=quote.get("Quote Number"), line=root.get(KEY)) == (
        f"a request has already been made to disconnect the service item '{root.get(KEY)}'\n"
        f"  where: account '1-B', line item '{root.get(KEY)}'\n"
        f"  why:   the order {order.get('Order Number')} disconnects it, and is New\n"
        "  mend:  cancel or revise that order, or leave the service item alone; edit-quote-line-item with the request "
        "to remove it takes it off the quote"
    )


def findings(care, number):
    """What `verify` finds on a quote, without its totals."""
    return [note for note in care("verify", quote=number).notes if note.kind != "total"]


def test_verify_and_reprice_name_an_item_that_an_open_order_disconnects_and_go_on(care):
    root, quote, order = beside_a_disconnected_item(care, requests=())
    key, number = root.get(KEY), quote.get("Quote Number")
    gone = (
        f"gone: {PACKAGE} {key}: a request has already been made to disconnect the service item '{key}': "
        f"the order {order.get('Order Number')} disconnects it, and is New "
        "(cancel or revise that order, or leave the service item alone; edit-quote-line-item with the request to "
        "remove it takes it off the quote)"
    )
    first, *more = findings(care, number)
    assert (str(first), [(note.kind, note.product) for note in more]) == (gone, [("broken rule", "Call Forwarding")])
    first, *more = care("reprice", quote=number).notes
    assert (str(first), {note.kind for note in more}) == (gone, {"total"})


def test_the_lines_of_a_disconnected_item_are_taken_off_the_quote(care):
    root, quote, _ = beside_a_disconnected_item(care)
    number = quote.get("Quote Number")
    outcome = care(
        "edit-quote-line-item", quote=number, line="1", requests=[{"request": "remove", "item": root.get(KEY)}]
    )
    (left,) = line_items(the(outcome))
    assert (left.get("Product Id"), left.get("Action Code"), left.get(KEY) == root.get(KEY)) == (PACKAGE, "Add", False)
    assert [note.kind for note in outcome.notes] == ["gone"]
    care.place(number)


def test_a_disconnected_item_is_not_edited_but_modified_anew(care):
    root = installed(care)
    quote = the(care("disconnect", account="1-B", root=root.get(KEY)))
    number = quote.get("Quote Number")
    assert care.refused("edit-quote-line-item", quote=number, line=root.get(KEY)) == (
        f"the service item '{root.get(KEY)}' can't be edited on the quote {number}\n"
        f"  where: quote {number}, line item '{root.get(KEY)}'\n"
        "  why:   the quote disconnects it\n"
        "  mend:  modify the service item instead: that replaces the quote's lines of it"
    )
    anew = the(care("modify", account="1-B", root=root.get(KEY), requests=[set_number(root, "206-2")]))
    assert (anew.get("Quote Number"), actions(anew)[("Call Forwarding", "Update")]) == (number, 1)


def test_a_line_that_is_not_there_is_refused(care):
    number = package(care).get("Quote Number")
    for workflow in ("edit-quote-line-item", "ungroup"):
        refused = care.refused(workflow, quote=number, line="9")
        assert refused.startswith(
            f"the quote {number} has no line '9'\n"
            f"  where: quote {number}, argument 'line'\n"
            "  why:   its lines are Local Breakthrough Package line 1 ("
        )
        assert "  mend:  name the item by its line number, its service id, " in refused


@pytest.mark.parametrize("workflow", ["edit-quote-line-item", "ungroup", "verify", "reprice", "renumber"])
def test_a_quote_that_was_placed_or_cancelled_is_not_changed(care, workflow):
    more = {"line": "1"} if workflow in ("edit-quote-line-item", "ungroup") else {}
    placed, cancelled = package(care).get("Quote Number"), None
    care.place(placed)
    cancelled = package(care).get("Quote Number")
    care("cancel-quote", quote=cancelled)
    done = "verified" if workflow == "verify" else "changed"
    order = "go on with its order (`orderhub orders 1-B` lists it); "
    for number, status, mend in ((placed, "Order Placed", order), (cancelled, "Cancelled", "")):
        assert care.refused(workflow, quote=number, **more) == (
            f"the quote {number} can't be {done}\n"
            "  where: argument 'quote'\n"
            f"  why:   its status is {status}, and only a quote that is In Progress can be {done}\n"
            f"  mend:  {mend}make a new quote for further changes"
        )


# Verify


def test_verify_names_every_broken_rule(care):
    """Nothing is refused and nothing changes: the report is what was asked for."""
    quote = the(care("new-products-and-services", account="1-B", product=PACKAGE))
    care("new-products-and-services", account="1-B", product="Small Business Enabler")
    rows = care.rows()
    found = findings(care, quote.get("Quote Number"))
    assert [note.product for note in found] == ["Call Forwarding", "Small Business Enabler", "Voice Mail"]
    assert {note.kind for note in found} == {"broken rule"}
    kept = {name: those for name, those in care.rows().items() if name != "hub_workflow_run"}
    assert kept == {name: those for name, those in rows.items() if name != "hub_workflow_run"}


def test_verify_says_what_can_no_longer_be_done(care):
    root = installed(care)
    care("modify", account="1-B", root=root.get(KEY), requests=[add_voice_mail(root)])
    order = care.place(
        the(care("modify", account="1-B", root=root.get(KEY), requests=[add_voice_mail(root)])).get("Quote Number")
    )
    voice_mail = lines(order, "Voice Mail")[0].get(KEY)
    remove = {"request": "remove", "item": voice_mail}
    quotes = [
        the(care("modify", account="1-B", root=root.get(KEY), requests=[remove], session=session)).get("Quote Number")
        for session in ("anna", "bert")
    ]
    care.place(quotes[0])
    assert [(note.kind, note.item) for note in findings(care, quotes[1])] == [("ignored", voice_mail)]


# Reprice


def test_reprice_says_what_changed(any_care):
    quote = package(any_care)
    assert [str(note) for note in any_care("reprice", quote=quote.get("Quote Number")).notes] == [
        f"total: {PACKAGE}, monthly: 19.95 USD",
        f"total: quote {quote.get('Quote Number')}, monthly: 19.95 USD",
    ]
    text = sample("price_list.xml").decode()
    any_care.road.load(text.replace("<Price>19.95<", "<Price>21.00<"))
    outcome = any_care("reprice", quote=quote.get("Quote Number"))
    (root,) = line_items(the(outcome))
    assert [str(note) for note in outcome.notes] == [
        f"price: {PACKAGE} {root.get(KEY)}: 19.95 -> 21.00 USD",
        f"total: {PACKAGE}, monthly: 21.00 USD",
        f"total: quote {quote.get('Quote Number')}, monthly: 21.00 USD",
    ]
    assert line_items(any_care.quote(quote.get("Quote Number")))[0].get("Adjusted Price") == "21.00"


def test_repricing_an_existing_service_is_an_update(care):
    root = installed(care)
    quote = the(care("modify", account="1-B", root=root.get(KEY)))
    assert {action for _, action in actions(quote)} == {"-"}
    care.road.load(sample("price_list.xml").decode().replace("<Price>19.95<", "<Price>21.00<"))
    repriced = the(care("reprice", quote=quote.get("Quote Number")))
    assert actions(repriced)[(PACKAGE, "Update")] == 1
    assert sum(actions(repriced).values()) == 4


def test_a_product_without_a_price_is_refused(care):
    """The product is still on the list when it is quoted, and no more when it is priced anew."""
    quote = package(care)
    with care.open_hub.write() as transaction:
        prices = transaction.store.query("Price List", {"Price List Id": "Standard"})
        (listing,) = [node for node in instances(prices)[0].children if node.type == "ListOf Price List Item"]
        listing.children = [one for one in listing.children if one.get("Product Id") != PACKAGE]
        transaction.store.synchronize(prices)
    assert f"'{PACKAGE}'" in care.refused("reprice", quote=quote.get("Quote Number"))


# Renumber, Ungroup


def test_renumber_numbers_the_lines_in_the_trees_order(any_care):
    quote = package(any_care)

    def spoil(stored):
        for item, _ in walk_items(stored):
            item.properties["Line Number"] = f"{int(item.get('Line Number')) * 10}"

    change_stored(any_care, quote, spoil)
    any_care("renumber", quote=quote.get("Quote Number"))
    stored = any_care.quote(quote.get("Quote Number"))
    assert [item.get("Line Number") for item, _ in walk_items(stored)] == ["1", "2", "3", "4"]


def test_ungroup_makes_a_line_for_each_of_the_quantity(any_care):
    """The selected line's root is exploded, with all beneath it; other roots keep their quantity."""
    any_care("new-products-and-services", account="1-B", product="Calling Card", quantity="2")
    quote = the(any_care("new-products-and-services", account="1-B", product=PACKAGE, quantity="3", requests=[NUMBER]))
    number = quote.get("Quote Number")
    (line,) = lines(quote, LINE)
    ungrouped = the(any_care("ungroup", quote=number, line=line.get(KEY)))
    assert [(root.get("Product Id"), root.get("Quantity")) for root in line_items(ungrouped)] == [
        ("Calling Card", "2"),
        *[(PACKAGE, "1")] * 3,
    ]
    assert len({item.get(KEY) for item, _ in walk_items(ungrouped)}) == 13
    assert [item.get("Line Number") for item, _ in walk_items(ungrouped)] == [str(n + 1) for n in range(13)]
    assert said(any_care.quote(number)) == said(ungrouped)
    (note,) = any_care("ungroup", quote=number, line="2").notes
    assert note.text == "line 2 stands for one service, and is left as it is"


def test_a_quantity_that_is_not_whole_cannot_be_ungrouped(care):
    quote = the(care("new-products-and-services", account="1-B", product="Calling Card", quantity="1.5"))
    (root,) = line_items(quote)
    assert care.refused("ungroup", quote=quote.get("Quote Number"), line="1") == (
        "a quantity that must be exploded is no whole number\n"
        f"  where: method Explode, OM Quote '{quote.get('Quote Number')}', line item '{root.get(KEY)}'\n"
        "  why:   an added item becomes as many as its quantity says, found '1.5'\n"
        "  mend:  give a whole number, or set Track As Asset to N where the product is measured"
    )


# Cancel Quote


def test_a_quote_is_cancelled_once(any_care):
    number = package(any_care).get("Quote Number")
    assert the(any_care("cancel-quote", quote=number)).get("Status") == "Cancelled"
    assert any_care.quote(number).get("Status") == "Cancelled"
    assert len(list(walk_items(any_care.quote(number)))) == 4
    assert any_care.refused("cancel-quote", quote=number) == (
        f"the quote {number} can't be cancelled\n"
        f"  where: quote {number}, Status\n"
        "  why:   its status is Cancelled, which is final\n"
        "  mend:  make a new quote for further changes"
    )


def test_a_price_list_is_in_the_currency_of_its_quote_or_order(care):
    for workflow in ("new-quote", "new-order"):
        assert care.refused(workflow, account="1-B", currency="EUR", price_list="Standard") == (
            "the price list 'Standard' has no prices in EUR\n"
            "  where: argument 'price-list'\n"
            "  why:   it is in USD\n"
            "  mend:  take a price list in EUR; a quote or an order in USD can have this one"
        )


def test_a_price_list_that_changed_its_currency_prices_no_more(care):
    number = the(care("new-products-and-services", account="1-B", product="Calling Card")).get("Quote Number")
    care.road.load(sample("price_list.xml").decode().replace(">USD<", ">EUR<"))
    assert care.refused("reprice", quote=number).startswith(
        f"the price list 'Standard' has no prices in USD\n  where: quote {number}\n"
    )


def test_an_order_that_no_price_list_suits_is_named(care):
    order = the(care("new-order", account="1-B", currency="EUR")).get("Order Number")
    card = {"request": "add", "product": "Calling Card"}
    assert care.refused("edit-order-line-item", order=order, requests=[card]) == (
        "there is no price list in EUR to price by\n"
        f"  where: order {order}, Price List Id\n"
        "  why:   none is stored\n"
        "  mend:  load a price list (orderhub load), or make the order with price-list="
    )


def test_verify_tells_prices_that_other_orders_have_made_wrong(care):
    """Eleven lines cost 4.99 each; with one less beside it, the ten that are left cost 5.99 again."""
    initial_order(care)
    root = care.profile_root(SPOKANE)
    (first, *_) = lines(root, LINE)
    more, less = (
        the(care("modify", account=SPOKANE, root=root.get(KEY), session=kind, requests=[request]))
        for kind, request in (
            ("more", {"request": "copy", "item": first.get(KEY), "times": "1"}),
            ("less", {"request": "remove", "item": first.get(KEY)}),
        )
    )
    number = less.get("Quote Number")
    fine = f"verified: nothing on the quote {number} has to be mended"
    total = f"total: quote {number}, monthly: 78.91 USD"
    assert list(map(str, care("verify", quote=number).notes)) == [fine, total]
    care.place(more.get("Quote Number"))
    told = findings(care, number)
    assert {(note.kind, note.product, note.text.partition(" (")[0]) for note in told} == {
        ("price", LINE, "4.99 -> 5.99 USD; reprice prices the quote anew")
    }
    assert len(told) == 10
    care("reprice", quote=number)
    assert list(map(str, findings(care, number))) == [fine]
