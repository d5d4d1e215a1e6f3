"""Services that need a service id of their own: told on the quote, refused at Submit, left to senders."""

from __future__ import annotations

import pytest

from integration_objects.complex_object import instances, items_of
from integration_objects.names import KEY
from tests.customer_care import care_on, the
from tests.road import mainframe_line, mainframe_order

ACCOUNT, LINE = "2-LB", "Local Line"


@pytest.fixture
def shop(tmp_path):
    """Customer care with the catalogue as it is shipped: orders bring the numbers of Local Lines."""
    with care_on(tmp_path, as_shipped=True) as made:
        yield made


def quoted(shop, product, *requests):
    return the(shop("new-products-and-services", account=ACCOUNT, product=product, requests=list(requests)))


def told(outcome):
    return [(note.product, note.text) for note in outcome.notes if note.kind == "service id"]


def test_a_line_without_a_number_is_told_and_its_order_is_refused(shop):
    """Issue 12, point 4: a note on `verify`, and a refusal of `submit`."""
    quote = quoted(shop, LINE)
    number = quote.get("Quote Number")
    note = (LINE, "it has no service id, and its order can't be submitted without one")
    assert told(shop("verify", quote=number)) == [note]
    placed = shop("quote-to-order", quote=number)
    assert told(placed) == [note]
    (order,) = instances(placed.objects[0])
    name = order.get("Order Number")
    assert shop.refused("submit", order=name) == (
        f"the order {name} has services without a service id: 1\n"
        f"  where: order {name}, line 1\n"
        "  why:   Local Line: each service needs an id of its own before its order is submitted\n"
        "  mend:  give each line its Service Id, or its Service Point Id where the product's services have their ids "
        "from there (edit-order-line-item); where provisioning brings the ids, say so in the product "
        "(Service Id Brought By)"
    )
    (line,) = items_of(order)
    request = {"request": "set", "item": line.get(KEY), "fields": {"Service Id": "509-555-0140"}}
    shop("edit-order-line-item", order=name, line="1", requests=[request])
    shop.submit(order)


@pytest.mark.parametrize("fields", [{"Service Point Id": "SP-TOWN-EL"}, {"Service Id": "7"}])
def test_a_metered_service_needs_a_point_or_an_id(shop, fields):
    without = quoted(shop, "Electricity").get("Quote Number")
    assert len(told(shop("verify", quote=without))) == 1
    shop("cancel-quote", quote=without)
    quote = quoted(shop, "Electricity", {"request": "set", "item": "Electricity", "fields": fields})
    assert told(shop("verify", quote=quote.get("Quote Number"))) == []
    shop.submit(shop.place(quote.get("Quote Number")))


def test_a_jack_is_no_number(shop):
    """A telephone line's service point doesn't say what its number is."""
    quote = quoted(shop, LINE, {"request": "set", "item": LINE, "fields": {"Service Point Id": "SP-HOME-LINE"}})
    assert len(told(shop("verify", quote=quote.get("Quote Number")))) == 1


def test_ids_that_provisioning_brings_and_features_need_none(shop):
    """The shipped ISDN Line is such a product; a feature is no Service Instance."""
    fields = {"Service Id": "509-555-0140"}
    quote = quoted(
        shop,
        LINE,
        {"request": "set", "item": LINE, "fields": fields},
        {"request": "add", "product": "Caller Id", "beneath": LINE},
    )
    quote = quoted(shop, "ISDN Line")
    assert told(shop("verify", quote=quote.get("Quote Number"))) == []
    shop.submit(shop.place(quote.get("Quote Number")))


def test_a_number_can_be_changed_and_not_taken_away(shop):
    quote = quoted(shop, LINE, {"request": "set", "item": LINE, "fields": {"Service Id": "509-555-0140"}})
    shop.install(shop.place(quote.get("Quote Number")))
    root = shop.profile_root(ACCOUNT)

    def modified(fields):
        request = {"request": "set", "item": root.get(KEY), "fields": fields}
        return the(shop("modify", account=ACCOUNT, root=root.get(KEY), requests=[request])).get("Quote Number")

    assert len(told(shop("verify", quote=modified({"Service Id": None})))) == 1
    shop("cancel-quote", quote=modified({"Service Id": "509-555-0141"}))
    assert told(shop("verify", quote=modified({"Service Point Id": "SP-HOME-LINE"}))) == []


def test_a_senders_order_is_taken_and_so_are_its_lines_on_a_supplement(shop):
    line = mainframe_line(1, "A", "LCLLN001", ref="L-1")
    assert shop.road.work(mainframe_order("1", line))["state"] == "done"
    (order,) = shop.road.stored("OM Order")
    shop("revise", order=order.get("Order Number"))
    shop("submit", order=order.get("Order Number"))
