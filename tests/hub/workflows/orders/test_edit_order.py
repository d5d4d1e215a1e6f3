"""An order's line items edited: against the state without the order, exploded when written, and what is refused."""

from __future__ import annotations

import json

import pytest

from hub.workflows.orders.edit_order import OrderDisconnects, OrderNotEditable
from hub.workflows.orders.finished_lines import FinishedLine
from hub.workflows.state.document_lines import OrderLineUnknown
from hub.workflows.state.milestones import PastPointOfNoReturn
from hub.workflows.state.service_item import DisconnectRequested, ServiceItemDisconnected
from integration_objects.complex_object import action_code, attributes, instances, line_items, walk_items
from integration_objects.secrets import SecretNames
from tests.road import mainframe_line, mainframe_order, provisioning_status, sample, work_order_lines

PACKAGE, LINE = "Local Breakthrough Package", "Local Line"


#: an agreement with the customer
AGREEMENT = """<Message IntObjectName="Agreement"><ListOfAgreement><Agreement><AgreementId>AG-1</AgreementId>
<AccountId>1-B</AccountId></Agreement></ListOfAgreement></Message>"""


@pytest.fixture
def shop(road):
    """A road with the catalogue and its price list, and an agreement with the customer."""
    road.load(sample("catalogue.xml"))
    road.load(sample("price_list.xml"))
    road.load(AGREEMENT)
    return road


def the(outcome):
    [instance] = instances(outcome.objects[0])
    return instance


def shown(order):
    return [(item.get("Product Id"), action_code(item), item.get("Status")) for item, _ in walk_items(order)]


def edit(road, order, line=None, *requests):
    more = {} if line is None else {"line": line}
    return road.ask("edit-order-line-item", order=order, requests=json.dumps(requests), **more)


def new_package(road, voice_mail=True):
    """An order for a package, made on a new order of the account; not submitted."""
    number = the(road.ask("new-order", account="1-B")).get("Order Number")
    line = f"P/{LINE}"
    requests = [
        {"request": "add", "product": PACKAGE, "name": "P"},
        {"request": "set", "item": line, "fields": {"Service Id": "5095550123"}},
        {"request": "set", "item": f"{line}/Call Forwarding", "attributes": {"Forwarding Number": "5095550199"}},
    ]
    if voice_mail:
        requests.append(
            {"request": "add", "product": "Voice Mail", "beneath": line, "attributes": {"Password": "1234"}}
        )
    return number, the(edit(road, number, None, *requests))


def begun_package(road):
    """A submitted order for a package whose line is there, so that the package has begun."""
    number, order = new_package(road)
    road.ask("submit", order=number)
    keys = {item.get("Product Id"): item.get("Integration Id") for item, _ in walk_items(order)}
    road.work(provisioning_status(f"{number}-1", [(keys[LINE], "COMPLETED")]), "provisioning_status")
    return number, order


def installed_package(road):
    """The package in the service profile; its root's key."""
    number, order = new_package(road)
    road.ask("submit", order=number)
    road.complete()
    return line_items(order)[0].get("Integration Id")


def test_an_order_is_made_without_a_quote(shop):
    _, order = new_package(shop)
    assert shown(order) == [
        (PACKAGE, "Add", "Pending"),
        (LINE, "Add", "Pending"),
        ("Caller Id", "Add", "Pending"),
        ("Call Forwarding", "Add", "Pending"),
        ("Voice Mail", "Add", "Pending"),
    ]
    assert [item.get("Line Number") for item, _ in walk_items(order)] == ["1", "2", "3", "4", "5"]
    assert {item.get("Billing Account Id") for item, _ in walk_items(order)} == {"1-B"}
    assert line_items(order)[0].get("Adjusted Price") == "19.95"
    installed_keys = [item.get("Integration Id") for item, _ in walk_items(order)]
    assert len(set(installed_keys)) == 5


def test_what_an_order_adds_is_edited_further_without_the_profile(shop):
    number, order = new_package(shop)
    keys = {item.get("Product Id"): item.get("Integration Id") for item, _ in walk_items(order)}
    edited = the(edit(shop, number, keys[LINE], {"request": "remove", "item": keys["Voice Mail"]}))
    assert [product for product, _, _ in shown(edited)] == [PACKAGE, LINE, "Caller Id", "Call Forwarding"]
    assert {item.get("Product Id"): item.get("Integration Id") for item, _ in walk_items(edited)} == {
        product: key for product, key in keys.items() if product != "Voice Mail"
    }
    rows = [item.get("Row Id") for item, _ in walk_items(edited)]
    assert rows == [item.get("Row Id") for item, _ in walk_items(order)][:4]
    assert [stored.get("Row Id") for stored, _ in walk_items(shop.stored("OM Order")[0])] == rows


def test_new_lines_get_numbers_that_no_other_line_has(shop):
    number, order = new_package(shop, voice_mail=False)
    line = f"{line_items(order)[0].get('Integration Id')}/{LINE}"
    mail = {"request": "add", "product": "Voice Mail", "beneath": line, "attributes": {"Password": "1234"}}
    edited = the(edit(shop, number, "2", mail))
    assert [item.get("Line Number") for item, _ in walk_items(edited)] == ["1", "2", "3", "4", "5"]
    card = the(edit(shop, number, None, {"request": "add", "product": "Calling Card"}))
    key = line_items(card)[1].get("Integration Id")
    more = the(edit(shop, number, "6", {"request": "set", "item": key, "fields": {"Quantity": "3"}}))
    assert [item.get("Line Number") for item in line_items(more)] == ["1", "6", "7", "8"]


def test_a_change_is_the_delta_to_the_state_without_this_very_order(shop):
    """Edited twice, the second edit starts from the first, and the lines still say what the order changes in all."""
    root = installed_package(shop)
    add = {"request": "add", "product": "Call Waiting", "beneath": f"{root}/{LINE}"}
    number = modified(shop, root, add)
    [order] = shop.stored("OM Order", Order_Number=number)
    forwarding = next(item for item, _ in walk_items(order) if item.get("Product Id") == "Call Forwarding")
    change = {"request": "set", "item": forwarding.get("Integration Id"), "attributes": {"Rings": "9"}}
    edited = the(edit(shop, number, root, change))
    assert shown(edited) == [
        (PACKAGE, "-", "-"),
        (LINE, "-", "-"),
        ("Caller Id", "-", "-"),
        ("Call Forwarding", "Update", "Pending"),
        ("Voice Mail", "-", "-"),
        ("Call Waiting", "Add", "Pending"),
    ]
    back = {"request": "set", "item": forwarding.get("Integration Id"), "attributes": {"Rings": "4"}}
    edited = the(edit(shop, number, root, back))
    assert ("Call Forwarding", "-", "-") in shown(edited)
    shop.ask("submit", order=number)
    [work_order] = shop.work_orders()
    shop.complete(work_order, time="2026-02-03T10:00:00Z")
    assert shop.profile()[f"{PACKAGE} / {LINE} / Call Waiting"] == "Active"


def modified(road, root, *requests):
    """An order that changes an installed product, by a quote; its number."""
    quote = the(road.ask("modify", account="1-B", root=root, requests=json.dumps(requests))).get("Quote Number")
    return the(road.ask("quote-to-order", quote=quote)).get("Order Number")


def test_orders_that_come_before_are_part_of_the_state_and_those_after_are_told(shop):
    root = installed_package(shop)
    first = modified(shop, root, {"request": "add", "product": "Call Waiting", "beneath": f"{root}/{LINE}"})
    [order] = shop.stored("OM Order", Order_Number=first)
    waiting = next(item for item, _ in walk_items(order) if item.get("Product Id") == "Call Waiting")
    second = modified(
        shop, root, {"request": "set", "item": waiting.get("Integration Id"), "fields": {"Pricing Comment": "a gift"}}
    )
    outcome = edit(shop, second, root, {"request": "set", "item": root, "fields": {"Agreement Id": "AG-1"}})
    assert [note for note in outcome.notes if note.kind == "ignored"] == []
    assert ("Call Waiting", "Update", "Pending") in shown(the(outcome))
    # Without what the first order adds, the second has nothing to change.
    outcome = edit(shop, first, root, {"request": "remove", "item": waiting.get("Integration Id")})
    assert [str(note) for note in outcome.notes if note.kind == "ignored"] == [
        f"ignored: {waiting.get('Integration Id')}: order '{second}', item '{waiting.get('Integration Id')}': "
        "Update ignored, met absent: the item isn't there"
    ]


def test_several_of_a_tracked_product_are_exploded_when_they_are_written(shop):
    number = the(shop.ask("new-order", account="1-B")).get("Order Number")
    order = the(edit(shop, number, None, {"request": "add", "product": "Calling Card", "quantity": "3"}))
    assert shown(order) == [("Calling Card", "Add", "Pending")] * 3
    assert [item.get("Quantity") for item in line_items(order)] == ["1", "1", "1"]
    for field in ("Integration Id", "Row Id", "Line Number"):
        assert len({item.get(field) for item in line_items(order)}) == 3
    shop.ask("submit", order=number)
    shop.complete()
    [asset] = shop.stored("OM Asset", Account_Id="1-B")
    assert len(line_items(asset)) == 3


def test_a_product_that_an_open_order_disconnects_is_not_edited(shop):
    root = installed_package(shop)
    quote = the(shop.ask("disconnect", account="1-B", root=root, session="bert")).get("Quote Number")
    change = modified(shop, root, {"request": "add", "product": "Call Waiting", "beneath": f"{root}/{LINE}"})
    gone = the(shop.ask("quote-to-order", quote=quote, due_date="2026-03-01")).get("Order Number")
    with pytest.raises(DisconnectRequested) as refused:
        edit(shop, change, root)
    assert str(refused.value) == (
        f"a request has already been made to disconnect the service item '{root}'\n"
        f"  where: account '1-B', line item '{root}'\n"
        f"  why:   the order {gone} disconnects it, and is New\n"
        "  mend:  cancel or revise that order, or leave the service item alone; edit-order-line-item with the request "
        "to remove it takes it off the order"
    )
    with pytest.raises(OrderDisconnects) as refused:
        edit(shop, gone, root)
    assert str(refused.value) == (
        f"the service item {PACKAGE} is disconnected by the order {gone} itself\n"
        f"  where: order {gone}, line {root}\n"
        "  why:   nothing of it is left that could be configured\n"
        f"  mend:  for a customer who keeps it: `orderhub workflow keep-service order={gone} line={root}`; to postpone "
        "its end, request no more than another Due Date"
    )


def test_a_submitted_order_is_revised_first(shop):
    number, order = new_package(shop)
    shop.ask("submit", order=number)
    with pytest.raises(OrderNotEditable) as refused:
        edit(shop, number, "1")
    assert str(refused.value) == (
        f"the order {number} can't be edited\n"
        f"  where: order {number}\n"
        "  why:   its status is Open; only an order that is New or Pending can be edited\n"
        "  mend:  revise it (`orderhub workflow revise`), and edit the supplement"
    )
    shop.ask("revise", order=number)
    with pytest.raises(OrderLineUnknown, match=f"the order {number} has no line '99'"):
        edit(shop, number, "99")
    [forwarding] = [item for item, _ in walk_items(order) if item.get("Product Id") == "Call Forwarding"]
    change = {"request": "set", "item": forwarding.get("Integration Id"), "attributes": {"Rings": "2"}}
    edited = the(edit(shop, number, "1", change))
    [rings] = [one for item, _ in walk_items(edited) for one in attributes(item) if one.get("Name") == "Rings"]
    assert (rings.get("Number Value"), action_code(rings)) == ("2", "Add")


def test_a_line_past_its_point_of_no_return_stays_as_it_is(shop):
    number, order = new_package(shop)
    shop.ask("submit", order=number)
    keys = {item.get("Product Id"): item.get("Integration Id") for item, _ in walk_items(order)}
    body = provisioning_status(f"{number}-1", [(keys[LINE], "INPROGRESS")], milestone="Technician Dispatched")
    assert shop.work(body, "provisioning_status")["state"] == "done"
    shop.ask("revise", order=number)
    with pytest.raises(Exception, match="the line Local Line 5095550123 can't be changed any more") as refused:
        edit(shop, number, "1", {"request": "set", "item": keys[LINE], "attributes": {"Listed": "off"}})
    assert refused.value.reason == "PastPointOfNoReturn"
    edit(shop, number, "1", {"request": "remove", "item": keys["Voice Mail"]})
    shop.ask("submit", order=number)
    [_, revised] = shop.work_orders()
    assert [(line.get("product"), line.get("action")) for line in work_order_lines(revised)] == [
        (PACKAGE, "none"),
        (LINE, "add"),
        ("Caller Id", "add"),
        ("Call Forwarding", "add"),
    ]


def dispatched(shop):
    """A submitted package, its line past its point of no return, to be revised; number and keys."""
    number, order = new_package(shop)
    shop.ask("submit", order=number)
    keys = {item.get("Product Id"): item.get("Integration Id") for item, _ in walk_items(order)}
    body = provisioning_status(f"{number}-1", [(keys[LINE], "INPROGRESS")], milestone="Technician Dispatched")
    assert shop.work(body, "provisioning_status")["state"] == "done"
    shop.ask("revise", order=number)
    return number, keys


@pytest.mark.parametrize(
    "fields",
    [
        {"Service Id": "5095550222"},
        {"Pricing Comment": "free"},
        {"Due Date": "2027-01-01"},
        {"Agreement Id": "AG-1"},
        {"Service Id": None},
    ],
)
def test_no_request_on_a_line_past_its_point_of_no_return_is_swallowed(shop, fields):
    """Whatever it asks for: what is done must be what was told."""
    number, keys = dispatched(shop)
    with pytest.raises(PastPointOfNoReturn) as refused:
        edit(shop, number, "1", {"request": "set", "item": keys[LINE], "fields": fields})
    assert str(refused.value) == (
        "the line Local Line 5095550123 can't be changed any more\n"
        f"  where: order {number}, line {keys[LINE]}\n"
        "  why:   the work on it has passed its point of no return (its last milestone: Technician Dispatched)\n"
        "  mend:  leave the line as it is, and change its service with another order, which follows the open one"
    )


def test_a_request_for_what_a_finished_line_is_already_changes_nothing(shop):
    number, keys = dispatched(shop)
    again = {"request": "set", "item": keys[LINE], "fields": {"Service Id": "5095550123"}}
    assert [status for _, _, status in shown(the(edit(shop, number, "1", again)))] == ["Pending"] * 5


def test_no_request_on_a_complete_line_is_swallowed(shop):
    number, order = begun_package(shop)
    root = line_items(order)[0].get("Integration Id")
    shop.ask("revise", order=number)
    with pytest.raises(FinishedLine) as refused:
        edit(shop, number, "2", {"request": "set", "item": root, "fields": {"Pricing Comment": "free"}})
    assert str(refused.value) == (
        f"the line {PACKAGE} can't be edited: it is finished\n"
        f"  where: order {number}, line {root}\n"
        "  why:   it is Complete, and the requests change it\n"
        "  mend:  leave the line as it is, and change its service with another order"
    )


def failed_line(shop):
    """A supplement of a package of which the line failed, and what is beneath the line is still asked for."""
    number, order = new_package(shop)
    shop.ask("submit", order=number)
    keys = {item.get("Product Id"): item.get("Integration Id") for item, _ in walk_items(order)}
    assert (
        shop.work(provisioning_status(f"{number}-1", [(keys[LINE], "FAILED")]), "provisioning_status")["state"]
        == "done"
    )
    shop.ask("revise", order=number)
    return number, keys


def said_of(attribute):
    return [attribute.get(name) for name in ("Name", "Action Code", "Text Value", "Number Value", "Date Value")]


def test_what_is_beneath_a_failed_line_stays_on_the_order_and_is_shown(shop):
    number, _ = failed_line(shop)
    edited = the(edit(shop, number, "1"))
    assert shown(edited) == [
        (PACKAGE, "Add", "Pending"),
        (LINE, "Add", "Failed"),
        ("Caller Id", "Add", "Pending"),
        ("Call Forwarding", "Add", "Pending"),
        ("Voice Mail", "Add", "Pending"),
    ]
    [stored] = shop.stored("OM Order", Order_Number=number, Active_Flag="Y")
    names = ("Integration Id", "Row Id", "Line Number", "Status", "Action Code", "Order Item Processed Flag")
    said = [[[item.get(name) for name in names] for item, _ in walk_items(one)] for one in (edited, stored)]
    assert said[0] == said[1]
    # The answer shows no secrets.
    trees = (edited, SecretNames(["Password"]).masked(stored))
    values = [[list(map(said_of, attributes(item))) for item, _ in walk_items(one)] for one in trees]
    assert values[0] == values[1]
    # So the whole package counts among what is requested until all of it is done.
    assert line_items(stored)[0].get("Order Item Processed Flag") == "N"


@pytest.mark.parametrize(
    ("product", "request_", "what", "why"),
    [
        (LINE, {"request": "set", "fields": {"Service Id": "1"}}, "Local Line 5095550123", "is finished|Failed"),
        (LINE, {"request": "add", "product": "Call Waiting"}, "Local Line 5095550123", "is finished|Failed"),
        ("Voice Mail", {"request": "remove"}, "Voice Mail", "stands beneath a failed one|Pending"),
    ],
)
def test_a_request_on_a_line_that_failed_or_stands_beneath_one_is_told_so(shop, product, request_, what, why):
    number, keys = failed_line(shop)
    named = "beneath" if request_["request"] == "add" else "item"
    is_what, status = why.split("|")
    with pytest.raises(FinishedLine) as refused:
        edit(shop, number, "1", {**request_, named: keys[product]})
    assert str(refused.value) == (
        f"the line {what} can't be edited: it {is_what}\n"
        f"  where: order {number}, line {keys[product]}\n"
        f"  why:   it is {status}, and the requests ask for something of it\n"
        "  mend:  leave the line as it is; once all of the order is answered, "
        "try it again or amend it from its fallout entry"
    )


def test_a_change_that_failed_hinders_no_other_edit_and_is_refused_itself(shop):
    """The service is as it was before the order: that is no change that somebody asks for now."""
    root = installed_package(shop)
    [asset] = shop.stored("OM Asset", Account_Id="1-B")
    keys = {item.get("Product Id"): item.get("Integration Id") for item, _ in walk_items(asset)}
    change = [{"request": "set", "item": keys[one], "fields": {"Agreement Id": "AG-1"}} for one in (LINE, "Caller Id")]
    number = modified(shop, root, *change)
    shop.ask("submit", order=number)
    failed = provisioning_status(f"{number}-1", [(keys[LINE], "FAILED")], time="2026-02-03T10:00:00Z")
    assert shop.work(failed, "provisioning_status")["state"] == "done"
    shop.ask("revise", order=number)
    add = {"request": "add", "product": "Call Waiting", "beneath": keys[LINE]}
    assert shown(the(edit(shop, number, "1", add)))[1:] == [
        (LINE, "Update", "Failed"),
        ("Caller Id", "Update", "Pending"),
        ("Call Forwarding", "-", "-"),
        ("Voice Mail", "-", "-"),
        ("Call Waiting", "Add", "Pending"),
    ]
    with pytest.raises(FinishedLine, match="it is Failed, and the requests change it"):
        edit(shop, number, "1", change[0])


def built_on_a_cancelled_order(care):
    """A supplement that orders a card and changes a line whose order was cancelled; number and the line's key."""
    line = the(care("new-products-and-services", account="1-B", product="ISDN Line"))
    first = care.place(line.get("Quote Number"))
    care.submit(first)
    key = line_items(first)[0].get("Integration Id")
    change = [{"request": "set", "item": key, "fields": {"Service Id": "5095550111"}}]
    care("modify", account="1-B", root=key, requests=change)
    quote = the(care("new-products-and-services", account="1-B", product="Calling Card"))
    second = care.place(quote.get("Quote Number"))
    number = second.get("Order Number")
    care.submit(second)
    care("cancel-order", order=first.get("Order Number"))
    care("revise", order=number)
    return number, key


def test_an_order_whose_service_item_is_gone_says_how_its_lines_are_taken_off(care):
    number, key = built_on_a_cancelled_order(care)
    said = (
        f"the account '1-B' has no service item '{key}'\n"
        f"  where: account '1-B', line item '{key}'\n"
        "  why:   neither its service profile nor an open order has an item of this name; it has no service items\n"
        "  mend:  name the item by its service id, the end of its key (6 characters or more), or its product path; "
        "edit-order-line-item with the request to remove it takes it off the order"
    )
    assert care.refused("edit-order-line-item", order=number, line=key, requests=[]) == said
    change = [{"request": "set", "item": key, "fields": {"Service Id": "5095550222"}}]
    assert care.refused("edit-order-line-item", order=number, line=key, requests=change) == said


def test_the_lines_of_a_service_item_that_is_gone_are_taken_off_the_order(care):
    number, key = built_on_a_cancelled_order(care)
    outcome = care("edit-order-line-item", order=number, line=key, requests=[{"request": "remove", "item": key}])
    assert shown(the(outcome)) == [("Calling Card", "Add", "Pending")]
    (gone, total) = outcome.notes
    assert (gone.kind, gone.item, gone.product) == ("gone", key, "ISDN Line")
    assert total.text.startswith(f"order {number}, Calling Card, usage per Minute: ")
    [stored] = care.road.stored("OM Order", Order_Number=number, Active_Flag="Y")
    assert shown(stored) == [("Calling Card", "Add", "Pending")]
    assert care.work("submit", order=number).get("Status") == "Open"


def test_an_order_is_not_said_to_disconnect_what_another_one_does(shop):
    """It has brought the root itself, and the rest of it is still to come."""
    number, order = begun_package(shop)
    root = line_items(order)[0].get("Integration Id")
    gone = the(shop.ask("disconnect", account="1-B", root=root)).get("Quote Number")
    disconnecting = the_order(shop.ask("quote-to-order", quote=gone))
    shop.ask("submit", order=disconnecting)
    shop.ask("order-synchronization", work_order=f"{disconnecting}-1", status="Complete")
    shop.ask("revise", order=number)
    with pytest.raises(ServiceItemDisconnected, match="the request to remove it takes it off"):
        edit(shop, number, root)
    edited = the(edit(shop, number, root, {"request": "remove", "item": root}))
    assert shown(edited) == [(PACKAGE, "Add", "Complete"), (LINE, "Add", "Complete")]


def test_what_is_complete_of_a_service_item_that_is_gone_stays_on_the_order(shop):
    """Its root is on the order for its sake only; the rest is taken off."""
    root = installed_package(shop)
    [asset] = shop.stored("OM Asset", Account_Id="1-B")
    keys = {item.get("Product Id"): item.get("Integration Id") for item, _ in walk_items(asset)}
    change = [{"request": "set", "item": keys[one], "fields": {"Agreement Id": "AG-1"}} for one in (LINE, "Caller Id")]
    number = modified(shop, root, *change)
    shop.ask("submit", order=number)
    done = provisioning_status(f"{number}-1", [(keys["Caller Id"], "COMPLETED")], time="2026-02-03T10:00:00Z")
    assert shop.work(done, "provisioning_status")["state"] == "done"
    gone = the(shop.ask("disconnect", account="1-B", root=root, session="bert")).get("Quote Number")
    shop.ask("quote-to-order", quote=gone, due_date="2026-01-01")
    shop.ask("revise", order=number)
    edited = the(edit(shop, number, root, {"request": "remove", "item": root}))
    assert shown(edited) == [(PACKAGE, "-", "-"), (LINE, "-", "-"), ("Caller Id", "Update", "Complete")]


def test_a_new_price_that_a_finished_line_does_not_get_is_told_as_such(shop):
    number, order = begun_package(shop)
    root = line_items(order)[0].get("Integration Id")
    shop.ask("revise", order=number)
    shop.load(sample("price_list.xml").decode().replace("<Price>19.95<", "<Price>21.00<"))
    outcome = edit(shop, number, "2")
    assert [str(note) for note in outcome.notes] == [
        f"left out: {PACKAGE} {root}: the price 19.95 -> 21.00 USD: the line is finished and keeps its own, "
        "the totals count the new one",
        f"total: {PACKAGE}, monthly: 27.95 USD",
        f"total: order {number}, monthly: 26.90 USD",
    ]
    assert line_items(the(outcome))[0].get("Adjusted Price") == "19.95"


def test_a_due_date_that_is_set_on_a_line_stays_and_can_be_set_anew_and_taken_away(shop):
    number, order = new_package(shop)
    mail = list(walk_items(order))[-1][0].get("Integration Id")
    for due in ("2027-01-01", "2027-02-02", None):
        edit(shop, number, "1", {"request": "set", "item": mail, "fields": {"Due Date": due}})
        edit(shop, number, "1")
        [stored] = shop.stored("OM Order", Order_Number=number)
        assert [item.get("Due Date") for item, _ in walk_items(stored)] == [None] * 4 + [due]


def test_what_a_quantity_grows_by_has_a_key_of_its_own_on_each_order(care):
    """Edited twice, and on a second order that stands open beside the first: all are different services."""
    card = the(care("new-products-and-services", account="1-B", product="Calling Card"))
    care.install(care.place(card.get("Quote Number")))
    key = care.profile_root("1-B").get("Integration Id")
    keys = [key]
    for due in ("2027-01-01", "2027-01-02"):
        comment = {"request": "set", "item": key, "fields": {"Pricing Comment": f"wanted by {due}"}}
        quote = care("modify", account="1-B", root=key, requests=[comment])
        number = the(quote).get("Quote Number")
        order = the_order(care("quote-to-order", quote=number, due_date=due))
        for quantity in ("2", "3"):
            more = {"request": "set", "item": key, "fields": {"Quantity": quantity}}
            care("edit-order-line-item", order=order, line=key, requests=[more])
        keys += [item.get("Integration Id") for item in line_items(care.order(order))][1:]
        care("submit", order=order)
    assert len(keys) == len(set(keys)) == 7
    assert len(line_items(the(care("projected-state", account="1-B")))) == 7


def the_order(outcome):
    """The number of the order that an outcome has beside its quote."""
    return next(one for tree in outcome.objects for one in instances(tree) if one.type == "Order").get("Order Number")


def test_what_a_supplement_adds_is_priced_though_its_original_had_nothing_to_price(shop):
    """An order that disconnects names no price list; a supplement of it keeps the service, and adds to it."""
    root = installed_package(shop)
    quote = the(shop.ask("disconnect", account="1-B", root=root)).get("Quote Number")
    number = the_order(shop.ask("quote-to-order", quote=quote))
    shop.ask("submit", order=number)
    [order] = shop.stored("OM Order", Order_Number=number)
    assert order.get("Price List Id") is None
    keys = {item.get("Product Id"): item.get("Integration Id") for item, _ in walk_items(order)}
    for product, status, hour in (("Caller Id", "COMPLETED", 10), (LINE, "REJECTED", 11)):
        answer = provisioning_status(f"{number}-1", [(keys[product], status)], time=f"2026-02-03T{hour}:00:00Z")
        assert shop.work(answer, "provisioning_status")["state"] == "done"
    shop.ask("revise", order=number)
    shop.ask("keep-service", order=number, line="1")
    edit(shop, number, "1", {"request": "add", "product": "Caller Id", "beneath": keys[LINE]})
    shop.ask("submit", order=number)
    [order] = shop.stored("OM Order", Order_Number=number, Active_Flag="Y")
    added = [
        item for item, _ in walk_items(order) if (item.get("Product Id"), action_code(item)) == ("Caller Id", "Add")
    ]
    prices = ("List Price", "Adjusted Price", "Currency Code")
    assert [[item.get(name) for name in prices] for item in added] == [["0.00", "0.00", "USD"]]
    assert order.get("Price List Id") is not None


def test_what_a_supplement_of_a_senders_order_adds_gets_no_price_of_the_hubs(shop):
    shop.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L")))
    [order] = shop.stored("OM Order", Order_Number="O-0000001")
    shop.ask("revise", order="O-0000001")
    line = line_items(order)[0].get("Integration Id")
    edited = the(edit(shop, "O-0000001", line, {"request": "add", "product": "Caller Id", "beneath": line}))
    assert edited.get("Price List Id") is None
    assert [item.get("List Price") for item, _ in walk_items(edited) if item.get("Product Id") == "Caller Id"] == [None]
