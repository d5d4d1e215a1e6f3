"""New products and services, Modify, Disconnect, Suspend, Resume, Profile: what they do, and what they refuse."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import instances, line_items, walk_items
from integration_objects.names import KEY
from tests.customer_care import actions, lines, said, the
from tests.road import sample, work_order_lines

PACKAGE, LINE = "Local Breakthrough Package", "Local Line"
NUMBER = {"request": "set", "item": f"{PACKAGE}/{LINE}/Call Forwarding", "attributes": {"Forwarding Number": "206-1"}}


def package(care, account="1-B", **more):
    """A package on the account's active quote."""
    return the(care("new-products-and-services", account=account, product=PACKAGE, requests=[NUMBER], **more))


def installed(care, account="1-B"):
    """A package in the account's profile; its root."""
    care.install(care.place(package(care, account).get("Quote Number")))
    return care.profile_root(account)


def ordered(care, account="1-B"):
    """An order for a package that isn't done yet; the order's root."""
    (root,) = line_items(care.place(package(care, account).get("Quote Number")))
    return root


def set_number(root, number):
    return {
        "request": "set",
        "item": f"{root.get(KEY)}/{LINE}/Call Forwarding",
        "attributes": {"Forwarding Number": number},
    }


# The active quote


def test_without_a_product_the_active_quote_is_made_and_kept(any_care):
    first = the(any_care("new-products-and-services", account="1-B"))
    assert {name: first.get(name) for name in ("Quote Number", "Status", "Account Id", "Currency Code")} == {
        "Quote Number": first.get("Quote Number"),
        "Status": "In Progress",
        "Account Id": "1-B",
        "Currency Code": "USD",
    }
    assert the(any_care("new-products-and-services", account="1-B")).get("Row Id") == first.get("Row Id")


def test_the_active_quote_is_kept_only_for_the_same_account_and_in_progress(any_care):
    first = the(any_care("new-products-and-services", account="1-B"))
    other = the(any_care("new-products-and-services", account="1-A"))
    assert other.get("Row Id") != first.get("Row Id")
    again = the(any_care("new-products-and-services", account="1-B"))
    assert again.get("Row Id") not in (first.get("Row Id"), other.get("Row Id"))
    any_care("cancel-quote", quote=again.get("Quote Number"))
    assert the(any_care("new-products-and-services", account="1-B")).get("Row Id") != again.get("Row Id")


def test_each_session_has_its_own_active_quote(care):
    quotes = [the(care("new-quote", account="1-B", session=one)).get("Row Id") for one in ("anna", "bert")]
    for session, expected in zip(("anna", "bert", "anna"), (*quotes, quotes[0]), strict=True):
        assert the(care("new-products-and-services", account="1-B", session=session)).get("Row Id") == expected


def test_accounts_that_the_quote_lacks_are_filled(care):
    quote = the(care("new-quote", account="1-B"))
    with care.open_hub.write() as transaction:
        stored = transaction.store.query("OM Quote", {"Row Id": quote.get("Row Id")})
        instances(stored)[0].properties.update({"Service Account Id": None, "Billing Account Id": "1-A"})
        transaction.store.update(stored)
    care("new-products-and-services", account="1-B")
    stored = care.quote(quote.get("Quote Number"))
    assert (stored.get("Service Account Id"), stored.get("Billing Account Id")) == ("1-B", "1-A")


# New products


def test_a_product_comes_with_its_defaults_prices_and_accounts(any_care):
    quote = package(any_care)
    assert actions(quote) == {
        (PACKAGE, "Add"): 1,
        (LINE, "Add"): 1,
        ("Caller Id", "Add"): 1,
        ("Call Forwarding", "Add"): 1,
    }
    assert [item.get("Adjusted Price") for item, _ in walk_items(quote)] == ["19.95", "0.00", "0.00", "0.00"]
    assert [item.get("Line Number") for item, _ in walk_items(quote)] == ["1", "2", "3", "4"]
    for item, _ in walk_items(quote):
        assert (item.get("Service Account Id"), item.get("Billing Account Id")) == ("1-B", "1-B")
        assert (item.get("Track As Asset"), item.get("Extended Quantity"), item.get("Status")) == (
            "Y",
            "1",
            "In Progress",
        )
    assert quote.get("Price List Id") == "Standard"
    assert said(any_care.quote(quote.get("Quote Number"))) == said(quote)


def test_a_product_that_still_lacks_something_is_put_on_the_quote_and_told(care):
    outcome = care("new-products-and-services", account="1-B", product=PACKAGE)
    (root,) = line_items(the(outcome))
    (line,) = line_items(root)
    assert [str(note) for note in outcome.notes] == [
        f"broken rule: Call Forwarding {line_items(line)[1].get(KEY)}: needs a value for 'Forwarding Number'",
        f"total: {PACKAGE}, monthly: 19.95 USD",
        "total: quote Q-0000001, monthly: 19.95 USD",
    ]


def test_a_refused_configuration_leaves_nothing(care):
    text = care.refused(
        "new-products-and-services",
        account="1-B",
        product=PACKAGE,
        requests=[{"request": "add", "product": LINE, "beneath": PACKAGE}],
    )
    assert text.startswith(
        "the configuration breaks 3 rules of its products\n  where: account '1-B'\n"
        f"  why:   {PACKAGE} has 2 Local Line, and may have at most 1; "
    )
    assert text.count("needs a value for 'Forwarding Number'") == 2
    assert text.endswith("\n  mend:  mend the requests; nothing was changed")


def test_a_quantity_below_nothing_is_refused(care):
    for requests in (None, [NUMBER]):
        text = care.refused(
            "new-products-and-services", account="1-B", product=PACKAGE, quantity="-1", requests=requests
        )
        assert "'-1'" in text


def test_an_unknown_product_is_refused(care):
    assert "'Local Brakethrough Package'" in care.refused(
        "new-products-and-services", account="1-B", product="Local Brakethrough Package"
    )


def test_without_a_price_list_of_its_currency_nothing_is_quoted(care):
    quote = the(care("new-quote", account="1-B", currency="EUR"))
    assert care.refused("new-products-and-services", account="1-B", product=PACKAGE, requests=[NUMBER]) == (
        "there is no price list in EUR to price by\n"
        f"  where: quote {quote.get('Quote Number')}, Price List Id\n"
        "  why:   none is stored\n"
        "  mend:  load a price list (orderhub load), or make the quote with price-list="
    )


def test_of_several_price_lists_a_person_chooses(care):
    text = sample("price_list.xml").decode().replace(">Standard<", ">Winter<")
    care.road.load(text.replace("<Price>19.95<", "<Price>18.00<"))
    number = the(care("new-quote", account="1-B")).get("Quote Number")
    assert care.refused("new-products-and-services", account="1-B", product=PACKAGE, requests=[NUMBER]) == (
        "there are 2 price lists in USD to price by\n"
        f"  where: quote {number}, Price List Id\n"
        "  why:   Standard, Winter hold now\n"
        "  mend:  make the quote with price-list="
    )
    care("new-quote", account="1-B", price_list="Winter")
    assert line_items(package(care))[0].get("Adjusted Price") == "18.00"


# Modify


def test_modify_starts_from_the_profile(any_care):
    root = installed(any_care)
    add = {
        "request": "add",
        "product": "Voice Mail",
        "beneath": f"{root.get(KEY)}/{LINE}",
        "attributes": {"Password": "1"},
    }
    outcome = any_care("modify", account="1-B", root=root.get(KEY), requests=[set_number(root, "206-2"), add])
    quote = the(outcome)
    assert actions(quote) == {
        (PACKAGE, "-"): 1,
        (LINE, "-"): 1,
        ("Caller Id", "-"): 1,
        ("Call Forwarding", "Update"): 1,
        ("Voice Mail", "Add"): 1,
    }
    assert [item.get("Adjusted Price") for item in lines(quote, "Voice Mail")] == ["6.95"]
    assert {item.get("Status") for item, _ in walk_items(quote)} == {"In Progress"}
    assert said(any_care.quote(quote.get("Quote Number"))) == said(quote)


def test_modify_starts_from_the_open_orders_too(any_care):
    """Nothing of it is installed yet: the requested state is what the order will bring."""
    root = ordered(any_care)
    quote = the(any_care("modify", account="1-B", root=root.get(KEY), requests=[set_number(root, "206-2")]))
    assert actions(quote)[("Call Forwarding", "Update")] == 1
    assert sum(count for (_, action), count in actions(quote).items() if action != "-") == 1


def test_a_further_modify_replaces_the_service_items_lines(any_care):
    """The quote holds the delta of the service item once, and what else is on it stays."""
    root = installed(any_care)
    package(any_care)
    any_care("modify", account="1-B", root=root.get(KEY), requests=[set_number(root, "206-2")])
    add = {
        "request": "add",
        "product": "Voice Mail",
        "beneath": f"{root.get(KEY)}/{LINE}",
        "attributes": {"Password": "1"},
    }
    outcome = any_care("modify", account="1-B", root=root.get(KEY), requests=[add])
    quote = any_care.quote(the(outcome).get("Quote Number"))
    assert [item.get("Product Id") for item in line_items(quote)] == [PACKAGE, PACKAGE]
    assert {action: count for (product, action), count in actions(quote).items() if product == "Call Forwarding"} == {
        "Add": 1,
        "-": 1,
    }
    assert [str(note) for note in outcome.notes] == [
        f"total: {PACKAGE}, monthly: 26.90 USD",
        f"replaced: {PACKAGE} {root.get(KEY)}: the quote's former changes of the service item were replaced; "
        "edit-quote-line-item goes on from them",
        "total: quote Q-0000002, monthly: 46.85 USD",
    ]
    assert [item.get("Line Number") for item, _ in walk_items(quote)] == [str(n + 1) for n in range(9)]


def test_a_grown_quantity_is_a_line_of_its_own_and_replaced_with_its_root(any_care):
    """Figure 11J on a quote: the existing card stays, what it has grown by is added beside it, once."""
    card = the(any_care("new-products-and-services", account="1-B", product="Calling Card"))
    any_care.install(any_care.place(card.get("Quote Number")))
    root = any_care.profile_root("1-B")
    for quantity in ("3", "5"):
        change = {"request": "set", "item": root.get(KEY), "fields": {"Quantity": quantity}}
        quote = the(any_care("modify", account="1-B", root=root.get(KEY), requests=[change]))
        found = [(item.get("Action Code"), item.get("Quantity")) for item in line_items(quote)]
        assert found == [("-", "1"), ("Add", str(int(quantity) - 1))]
    order = any_care.place(quote.get("Quote Number"))
    assert [(item.get("Action Code"), item.get("Quantity")) for item in line_items(order)] == [("-", "1")] + [
        ("Add", "1")
    ] * 4


def test_a_quantity_may_grow_again_on_the_same_quote(care):
    """What each growth adds belongs to the root: the next modify replaces all of it."""
    card = the(care("new-products-and-services", account="1-B", product="Calling Card"))
    care.install(care.place(card.get("Quote Number")))
    key = care.profile_root("1-B").get(KEY)

    def found(workflow, quantity, **named):
        change = {"request": "set", "item": key, "fields": {"Quantity": quantity}}
        quote = the(care(workflow, requests=[change], **named))
        return quote, [(item.get("Action Code"), item.get("Quantity")) for item in line_items(quote)]

    quote, _ = found("modify", "3", account="1-B", root=key)
    for quantity, more in (("2", ["1", "2"]), ("4", ["3", "2", "1"])):
        number = quote.get("Quote Number")
        quote, after = found("edit-quote-line-item", quantity, quote=number, line=key)
        assert sorted(after) == [("-", "1"), *sorted(("Add", one) for one in more)]
    assert len({item.get(KEY) for item in line_items(quote)}) == 4
    assert found("modify", "3", account="1-B", root=key)[1] == [("-", "1"), ("Add", "2")]


@pytest.mark.parametrize(
    ("request_", "product"),
    [({"request": "copy", "times": "2"}, PACKAGE), ({"request": "add", "product": "ISDN Line"}, "ISDN Line")],
)
def test_requests_on_a_service_item_add_none_beside_it(care, request_, product):
    """Nothing would link what they had added to the item, and the next change would leave it on the quote."""
    root = installed(care)
    key = root.get(KEY)
    asked = [{**request_, "item": key} if request_["request"] == "copy" else request_]
    number = the(care("modify", account="1-B", root=key, requests=[])).get("Quote Number")
    change = [set_number(root, "206-2")]
    order = care.place(the(care("modify", account="1-B", root=key, session="b", requests=change)).get("Quote Number"))

    def text(where, how):
        return (
            "the requests add a service item beside the one that is changed\n"
            f"  where: {where}\n"
            f"  why:   {product} would be a root of its own, which a further change of this one couldn't replace\n"
            f"  mend:  add it {how}, or have more of this one by a larger Quantity"
        )

    assert care.refused("modify", account="1-B", root=key, requests=asked) == text(
        f"account '1-B', line item '{key}'", "with new-products-and-services"
    )
    assert care.refused("edit-quote-line-item", quote=number, line=key, requests=asked) == text(
        f"quote {number}, line item '{key}'", "with new-products-and-services"
    )
    number = order.get("Order Number")
    assert care.refused("edit-order-line-item", order=number, line=key, requests=asked) == text(
        f"order {number}, line {key}", "with edit-order-line-item without line="
    )


def test_inactive_components_are_left_out(care):
    root = installed(care)
    add = {
        "request": "add",
        "product": "Voice Mail",
        "beneath": f"{root.get(KEY)}/{LINE}",
        "attributes": {"Password": "1"},
    }
    care.install(care.place(the(care("modify", account="1-B", root=root.get(KEY), requests=[add])).get("Quote Number")))
    gone = {"request": "remove", "item": f"{root.get(KEY)}/{LINE}/Voice Mail"}
    care.install(
        care.place(the(care("modify", account="1-B", root=root.get(KEY), requests=[gone])).get("Quote Number"))
    )
    quote = the(care("modify", account="1-B", root=root.get(KEY), requests=[set_number(root, "206-3")]))
    assert lines(quote, "Voice Mail") == []


def test_a_service_item_that_an_open_order_disconnects_is_empty(any_care):
    root = installed(any_care)
    order = any_care.place(the(any_care("disconnect", account="1-B", root=root.get(KEY))).get("Quote Number"))
    for workflow in ("modify", "disconnect", "suspend"):
        assert any_care.refused(workflow, account="1-B", root=root.get(KEY)) == (
            f"a request has already been made to disconnect the service item '{root.get(KEY)}'\n"
            f"  where: account '1-B', line item '{root.get(KEY)}'\n"
            f"  why:   the order {order.get('Order Number')} disconnects it, and is New\n"
            "  mend:  cancel or revise that order, or leave the service item alone"
        )


def test_what_is_no_service_item_is_refused(care):
    root = installed(care)
    (line,) = line_items(root)
    assert care.refused("disconnect", account="1-B", root=line.get(KEY)) == (
        f"the item '{line.get(KEY)}' is a component of a service item\n"
        f"  where: account '1-B', line item '{line.get(KEY)}'\n"
        f"  why:   it is part of the service item {PACKAGE} ({root.get(KEY)})\n"
        f"  mend:  name the service item, root={root.get(KEY)}, and the component in the requests"
    )
    # A change of a component is a change of its service item; only what ends as a whole is named itself.
    quote = the(care("modify", account="1-B", root=line.get(KEY)))
    assert [item.get(KEY) for item in line_items(quote)] == [root.get(KEY)]
    assert care.refused("modify", account="1-A", root=root.get(KEY)) == (
        f"the account '1-A' has no service item '{root.get(KEY)}'\n"
        f"  where: account '1-A', line item '{root.get(KEY)}'\n"
        "  why:   neither its service profile nor an open order has an item of this name; it has no service items\n"
        "  mend:  name the item by its service id, the end of its key (6 characters or more), or its product path"
    )
    care.install(care.place(the(care("disconnect", account="1-B", root=root.get(KEY))).get("Quote Number")))
    assert care.refused("modify", account="1-B", root=root.get(KEY)) == (
        f"the service item '{root.get(KEY)}' is disconnected\n"
        f"  where: account '1-B', line item '{root.get(KEY)}'\n"
        "  why:   its status is Inactive: it is history\n"
        "  mend:  order the product anew (new-products-and-services)"
    )


def test_a_quote_in_another_currency_is_refused(care):
    root = installed(care)
    text = sample("price_list.xml").decode().replace(">Standard<", ">Europe<").replace(">USD<", ">EUR<")
    care.road.load(text)
    number = the(care("new-quote", account="1-B", currency="EUR")).get("Quote Number")
    package(care)
    assert care.refused("modify", account="1-B", root=root.get(KEY)) == (
        f"the service item is priced in USD, and the quote {number} in another currency\n"
        f"  where: quote {number}, Currency Code\n"
        "  why:   it has lines in EUR\n"
        "  mend:  make a new quote (new-quote) for the service item"
    )


def test_an_empty_quote_takes_the_assets_currency(care):
    root = installed(care)
    number = the(care("new-quote", account="1-B", currency="EUR")).get("Quote Number")
    quote = the(care("modify", account="1-B", root=root.get(KEY), requests=[set_number(root, "206-2")]))
    assert (quote.get("Quote Number"), quote.get("Currency Code")) == (number, "USD")


# Disconnect, Suspend, Resume


def test_disconnect_deletes_the_requested_state(any_care):
    root = installed(any_care)
    quote = the(any_care("disconnect", account="1-B", root=root.get(KEY)))
    assert set(actions(quote)) == {(one, "Delete") for one in (PACKAGE, LINE, "Caller Id", "Call Forwarding")}
    any_care.install(any_care.place(quote.get("Quote Number")))
    assert {item.get("Status") for item in any_care.profile_root("1-B").walk() if item.type == "Line Item"} == {
        "Inactive"
    }


def test_components_that_are_not_tracked_are_left_out_of_a_disconnect(care):
    add = {"request": "add", "product": "Installation", "beneath": f"{PACKAGE}/{LINE}"}
    quote = the(care("new-products-and-services", account="1-B", product=PACKAGE, requests=[NUMBER, add]))
    (root,) = line_items(care.place(quote.get("Quote Number")))
    outcome = care("disconnect", account="1-B", root=root.get(KEY))
    assert lines(the(outcome), "Installation") == []
    assert [(note.kind, note.product, note.text) for note in outcome.notes] == [
        ("left out", "Installation", "it is not tracked as an asset")
    ]


def test_a_service_item_of_which_nothing_is_tracked_cannot_be_disconnected(care):
    quote = the(care("new-products-and-services", account="1-B", product="Installation"))
    (root,) = line_items(care.place(quote.get("Quote Number")))
    for workflow in ("disconnect", "suspend"):
        assert care.refused(workflow, account="1-B", root=root.get(KEY)) == (
            f"nothing of the service item '{root.get(KEY)}' can be disconnected\n"
            f"  where: account '1-B', line item '{root.get(KEY)}'\n"
            "  why:   none of its components is tracked as an asset\n"
            "  mend:  cancel the order that brings it, where it isn't complete; else there is nothing to do"
        )


def test_a_service_is_suspended_and_resumed(any_care):
    """An Update of what status the service is to have, under the names Suspend and Resume."""
    root = installed(any_care)
    for workflow, status, name in (("suspend", "Suspended", "Suspend"), ("resume", "Active", "Resume")):
        quote = the(any_care(workflow, account="1-B", root=root.get(KEY)))
        order = any_care.place(quote.get("Quote Number"))
        for instance in (any_care.quote(quote.get("Quote Number")), order):
            told = [
                (item.get("Action Code"), item.get("Action Alias"), item.get("Asset Status"))
                for item, _ in walk_items(instance)
            ]
            assert told == [("Update", name, status)] * 4
        any_care.install(order)
        found = {item.get("Status") for item in any_care.profile_root("1-B").walk() if item.type == "Line Item"}
        assert found == {status}


def test_a_suspended_service_is_not_suspended_again_nor_an_active_one_resumed(care):
    root = installed(care)
    assert care.refused("resume", account="1-B", root=root.get(KEY)) == (
        f"the service {PACKAGE} can't be resumed\n"
        f"  where: account '1-B', {PACKAGE}\n"
        "  why:   its status is Active, and can become Inactive or Suspended\n"
        "  mend:  nothing: it is active already"
    )
    order = care.place(the(care("suspend", account="1-B", root=root.get(KEY))).get("Quote Number"))
    assert care.refused("suspend", account="1-B", root=root.get(KEY)) == (
        f"the service {PACKAGE} can't be suspended\n"
        f"  where: account '1-B', {PACKAGE}\n"
        "  why:   its status is Suspended, and can become Active or Inactive\n"
        f"  mend:  nothing: the order {order.get('Order Number')} suspends it"
    )


def test_of_two_quotes_that_suspend_a_service_the_second_is_refused(care):
    root = installed(care)
    first, second = (
        the(care("suspend", account="1-B", root=root.get(KEY), session=session)).get("Quote Number")
        for session in ("a", "b")
    )
    care.place(first)
    key = root.get(KEY)
    why = "its status is Suspended, and can become Active or Inactive"
    assert care.refused("quote-to-order", quote=second) == (
        f"the service {PACKAGE} can't be suspended\n"
        f"  where: quote {second}, line 1 ({PACKAGE})\n"
        f"  why:   {why}\n"
        "  mend:  other orders came before it: edit the quote's lines (edit-quote-line-item), or modify anew"
    )
    told = [str(note) for note in care("verify", quote=second).notes]
    assert f"ignored: {PACKAGE} {key}: the service {PACKAGE} can't be suspended: {why}" in told


def test_a_suspended_service_stays_so_through_a_change(care):
    """A change of a suspended service says nothing of its status."""
    root = installed(care)
    care.install(care.place(the(care("suspend", account="1-B", root=root.get(KEY))).get("Quote Number")))
    quote = the(care("modify", account="1-B", root=root.get(KEY), requests=[set_number(root, "206-2")]))
    assert {item.get("Asset Status") for item, _ in walk_items(quote)} == {None}
    care.install(care.place(quote.get("Quote Number")))
    found = {item.get("Status") for item in care.profile_root("1-B").walk() if item.type == "Line Item"}
    assert found == {"Suspended"}


# Profile


def test_the_profile_is_that_of_the_quotes_accounts(care):
    root = installed(care)
    quote = the(care("new-quote", account="1-B"))
    for view in (None, "service", "billing"):
        (shown,) = care("profile", quote=quote.get("Quote Number"), view=view).objects
        assert [item.get(KEY) for item in line_items(instances(shown)[0])] == [root.get(KEY)]


def test_a_quotes_billing_account_shows_what_is_billed_to_it(care):
    installed(care)
    quote = the(care("new-quote", account="1-B"))
    with care.open_hub.write() as transaction:
        stored = transaction.store.query("OM Quote", {"Row Id": quote.get("Row Id")})
        instances(stored)[0].properties["Billing Account Id"] = "1-A"
        transaction.store.update(stored)
    outcome = care("profile", quote=quote.get("Quote Number"), view="billing")
    assert (outcome.objects, [str(note) for note in outcome.notes]) == (
        (),
        ["nothing: no service has the account '1-A' as its Billing Account"],
    )
    assert len(care("profile", quote=quote.get("Quote Number"), view="service").objects) == 1


SHARED = """<Message IntObjectName="OM Asset"><ListOfOMAsset>
<Asset><AccountId>2-AW-CA</AccountId><ListOfLineItem><LineItem><IntegrationId>CA</IntegrationId>
<ProductId>Local Line</ProductId><BillingAccountId>2-AW-BILL</BillingAccountId></LineItem></ListOfLineItem></Asset>
<Asset><AccountId>2-AW-NY</AccountId><ListOfLineItem><LineItem><IntegrationId>NY</IntegrationId>
<ProductId>Small Business Enabler</ProductId><ListOfLineItem><LineItem><IntegrationId>NY1</IntegrationId>
<ProductId>Local Line</ProductId><ServiceAccountId>2-AW-CA</ServiceAccountId>
<BillingAccountId>2-AW-BILL</BillingAccountId></LineItem><LineItem><IntegrationId>NY2</IntegrationId>
<ProductId>Local Line</ProductId></LineItem></ListOfLineItem></LineItem><LineItem><IntegrationId>GONE</IntegrationId>
<ProductId>Local Line</ProductId><Status>Inactive</Status><BillingAccountId>2-AW-BILL</BillingAccountId></LineItem>
</ListOfLineItem></Asset></ListOfOMAsset></Message>"""


def test_a_shared_account_shows_the_services_of_all_accounts_that_have_them(any_care):
    """Items of two accounts are billed to a third; an item of one is provided at the other."""
    any_care.road.load(SHARED)

    def shown(account, view):
        quote = the(any_care("new-quote", account=account))
        trees = any_care("profile", quote=quote.get("Quote Number"), view=view).objects
        profiles = [instances(tree)[0] for tree in trees]
        return {profile.get("Account Id"): [item.get(KEY) for item, _ in walk_items(profile)] for profile in profiles}

    assert shown("2-AW-BILL", "billing") == {"2-AW-CA": ["CA"], "2-AW-NY": ["NY", "NY1"]}
    assert shown("2-AW-BILL", "service") == {}
    assert shown("2-AW-CA", "service") == {"2-AW-CA": ["CA"], "2-AW-NY": ["NY", "NY1"]}
    assert list(shown("2-AW-NY", "service")) == ["2-AW-NY"]


def test_without_accounts_there_is_no_profile(care):
    quote = the(care("new-quote", account="1-B"))
    number = quote.get("Quote Number")
    with care.open_hub.write() as transaction:
        stored = transaction.store.query("OM Quote", {"Row Id": quote.get("Row Id")})
        instances(stored)[0].properties.update({"Billing Account Id": None, "Service Account Id": None})
        transaction.store.update(stored)
    outcome = care("profile", quote=number)
    assert (outcome.objects, outcome.why) == (
        (),
        f"the quote {number} names no account whose products and services could be shown",
    )


def test_a_profile_is_asked_for_by_an_account_or_by_a_quote(care):
    installed(care)
    number = the(care("new-quote", account="1-B")).get("Quote Number")
    assert the(care("profile", account="1-B")) == the(care("profile", quote=number))
    assert the(care("profile", account="1-B", view="billing")).get("Account Id") == "1-B"
    assert care("profile", account="1-A").objects == ()
    for given, arguments in (("neither", {}), ("both", {"account": "1-B", "quote": number})):
        assert care.refused("profile", **arguments) == (
            "it isn't clear whose service profile is asked for\n"
            "  where: arguments 'account' and 'quote'\n"
            f"  why:   expected one of account= and quote=, found {given}\n"
            "  mend:  name the account, or a quote whose accounts count"
        )
    assert care.refused("profile", account="NOBODY").startswith("the account 'NOBODY' is unknown")


def test_a_profile_has_two_views(care):
    number = the(care("new-quote", account="1-B")).get("Quote Number")
    assert care.refused("profile", quote=number, view="servise") == (
        "there is no view 'servise'\n"
        "  where: argument 'view'\n"
        "  why:   expected service or billing\n"
        "  mend:  did you mean 'service'?"
    )


@pytest.mark.parametrize("workflow", ["profile", "reprice", "renumber", "verify", "quote-to-order", "cancel-quote"])
def test_an_unknown_quote_is_refused(care, workflow):
    assert care.refused(workflow, quote="Q-9") == (
        "the quote 'Q-9' is unknown\n"
        "  where: argument 'quote'\n"
        "  why:   no quote of this number is stored\n"
        "  mend:  mend the number: `orderhub quotes ACCOUNT` lists those of an account"
    )


# The day that a change is wanted on


def due_dates(instance):
    """The due dates of the lines with an action, and of those without."""
    return [
        {item.get("Due Date") for item, _ in walk_items(instance) if (item.get("Action Code") == "-") is unchanged}
        for unchanged in (False, True)
    ]


@pytest.mark.parametrize("workflow", ["disconnect", "suspend"])
def test_a_service_ends_or_rests_on_its_due_date(any_care, workflow):
    """From the quote's lines to the order's, and to provisioning."""
    root = installed(any_care)
    quote = the(any_care(workflow, account="1-B", root=root.get(KEY), due_date="2030-03-01"))
    assert due_dates(quote) == [{"2030-03-01"}, set()]
    order = any_care.place(quote.get("Quote Number"))
    assert due_dates(order) == [{"2030-03-01"}, set()]
    any_care.submit(order)
    (work_order,) = any_care.road.work_orders()
    assert {line.get("dueDate") for line in work_order_lines(work_order)} == {"2030-03-01"}


def test_a_service_is_resumed_on_its_due_date(care):
    root = installed(care)
    care.install(care.place(the(care("suspend", account="1-B", root=root.get(KEY))).get("Quote Number")))
    resumed = the(care("resume", account="1-B", root=root.get(KEY), due_date="2030-03-01"))
    assert due_dates(resumed) == [{"2030-03-01"}, set()]


def test_changes_are_wanted_on_the_due_date_where_no_request_says_another(care):
    root = installed(care)
    requests = [set_number(root, "206-2")]
    quote = the(care("modify", account="1-B", root=root.get(KEY), requests=requests, due_date="2030-03-01"))
    assert [line.get("Due Date") for line in lines(quote, "Call Forwarding", "Update")] == ["2030-03-01"]
    other_day = {"Service Id": "206-555-0150", "Due Date": "2030-04-01"}
    requests.append({"request": "set", "item": f"{root.get(KEY)}/{LINE}", "fields": other_day})
    quote = the(care("modify", account="1-B", root=root.get(KEY), requests=requests, due_date="2030-03-01"))
    (forwarding,), (line,) = lines(quote, "Call Forwarding", "Update"), lines(quote, LINE, "Update")
    assert (forwarding.get("Due Date"), line.get("Due Date")) == ("2030-04-01", "2030-04-01")


# A further request on the same quote


def of_request(instance):
    """The fields of a request that the lines carry."""
    names = ("Action Alias", "Asset Status", "Due Date", "Service Id", "Pricing Comment")
    return {name for item, _ in walk_items(instance) for name in names if item.get(name) is not None}


def replaced_by(care, workflow, root):
    """The stored quote and its order, after a further request without a due date."""
    requests = {"requests": [set_number(root, "206-2")]} if workflow == "modify" else {}
    number = the(care(workflow, account="1-B", root=root.get(KEY), **requests)).get("Quote Number")
    return care.quote(number), care.place(number)


@pytest.mark.parametrize(("workflow", "expected"), [("disconnect", {"Delete"}), ("modify", {"-", "Update"})])
def test_a_replaced_suspension_leaves_nothing_on_the_lines(care, workflow, expected):
    root = installed(care)
    suspended = the(care("suspend", account="1-B", root=root.get(KEY), due_date="2030-03-01"))
    assert of_request(care.quote(suspended.get("Quote Number"))) == {"Action Alias", "Asset Status", "Due Date"}
    quote, order = replaced_by(care, workflow, root)
    assert {action for _, action in actions(quote)} == expected
    assert (of_request(quote), of_request(order)) == (set(), set())
    care.submit(order)
    (work_order,) = care.road.work_orders()
    assert {line.get("dueDate") for line in work_order_lines(work_order)} == {None}


@pytest.mark.parametrize("workflow", ["modify", "suspend", "disconnect"])
def test_a_replaced_disconnect_leaves_no_due_date(care, workflow):
    root = installed(care)
    care("disconnect", account="1-B", root=root.get(KEY), due_date="2030-03-01")
    for document in replaced_by(care, workflow, root):
        assert {item.get("Due Date") for item, _ in walk_items(document)} == {None}


def test_a_persons_due_date_survives_edits_until_the_change_is_replaced(care):
    root = installed(care)
    changed = the(care("modify", account="1-B", root=root.get(KEY), requests=[set_number(root, "206-2")]))
    wish = {"request": "set", "item": f"{root.get(KEY)}/{LINE}/Call Forwarding", "fields": {"Due Date": "2030-03-01"}}
    for request in (wish, set_number(root, "206-3")):
        care("edit-quote-line-item", quote=changed.get("Quote Number"), line=root.get(KEY), requests=[request])
    (forwarding,) = lines(care.quote(changed.get("Quote Number")), "Call Forwarding", "Update")
    assert forwarding.get("Due Date") == "2030-03-01"
    quote, _ = replaced_by(care, "modify", root)
    assert of_request(quote) == set()


def test_a_replaced_change_leaves_no_value_on_the_lines(care):
    root = installed(care)
    fields = {"Service Id": "206-555-0150", "Pricing Comment": "as agreed", "Due Date": "2030-03-01"}
    requests = [{"request": "set", "item": f"{root.get(KEY)}/{LINE}", "fields": fields}]
    changed = the(care("modify", account="1-B", root=root.get(KEY), requests=requests))
    assert of_request(care.quote(changed.get("Quote Number"))) == {"Service Id", "Pricing Comment", "Due Date"}
    quote, order = replaced_by(care, "disconnect", root)
    assert (of_request(quote), of_request(order)) == (set(), set())


def test_a_due_date_is_a_date(care):
    assert "argument 'due-date'" in care.refused("disconnect", account="1-B", root="X", due_date="soon")


# The day that is priced for

_DATED = """<Message MessageType="Integration Object" IntObjectName="Price List" IntObjectFormat="Hierarchical">
<ListOfPriceList><PriceList><PriceListId>Dated</PriceListId><Name>Dated</Name><CurrencyCode>USD</CurrencyCode>
<ListOfPriceListItem>
<PriceListItem><Name>until</Name><ProductId>ISDN Line</ProductId><PriceType>Recurring</PriceType>
<UnitOfMeasure>Month</UnitOfMeasure><Price>10.00</Price><EffectiveEndDate>2026-06-30</EffectiveEndDate></PriceListItem>
<PriceListItem><Name>from</Name><ProductId>ISDN Line</ProductId><PriceType>Recurring</PriceType>
<UnitOfMeasure>Month</UnitOfMeasure><Price>20.00</Price><EffectiveStartDate>2026-07-01</EffectiveStartDate></PriceListItem>
</ListOfPriceListItem></PriceList></ListOfPriceList></Message>"""


def test_each_service_item_costs_what_it_costs_on_the_day_that_it_is_wanted_on(care):
    """Now and then on one quote; a price anew changes nothing, and neither does a change for a later day."""
    care.road.load(_DATED)
    care("new-quote", account="1-B", price_list="Dated")
    isdn = {"request": "add", "product": "ISDN Line"}
    later = {**isdn, "fields": {"Due Date": "2026-07-15"}}
    quote = the(care("new-products-and-services", account="1-B", requests=[later, isdn]))
    assert [(root.get("Due Date"), root.get("Adjusted Price")) for root in line_items(quote)] == [
        ("2026-07-15", "20.00"),
        (None, "10.00"),
    ]
    number = quote.get("Quote Number")
    care("reprice", quote=number)
    assert [root.get("Adjusted Price") for root in line_items(care.quote(number))] == ["20.00", "10.00"]
    care.install(care.place(number))
    (asset,) = care.road.stored("OM Asset", Account_Id="1-B")
    (root,) = [root for root in line_items(asset) if root.get("Adjusted Price") == "10.00"]
    wish = {"request": "set", "item": root.get(KEY), "fields": {"Due Date": "2026-08-01"}}
    care("new-quote", account="1-B", price_list="Dated")
    changed = the(care("modify", account="1-B", root=root.get(KEY), requests=[wish]))
    assert line_items(changed)[0].get("Adjusted Price") == "20.00"
