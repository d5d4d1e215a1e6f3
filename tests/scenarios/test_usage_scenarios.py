"""Usage scenarios a to d, in the source's words and with its numbers.

Source: "Usage Scenarios", a to d; spec: workflows.md, "Usage scenarios".
"""

from __future__ import annotations

from typing import Any

from integration_objects.complex_object import KEY, attributes, line_items, walk_items
from integration_objects.property_set import PropertySet
from tests.customer_care import CustomerCare, actions, lines, said, the

BUNDLE, LINE, ISDN = "Small Business Enabler", "Local Line", "ISDN Line"
FEATURES = ("Voice Mail", "Call Waiting", "Caller Id")
SPOKANE = "AW-SPOKANE"


def number(last: int) -> dict[str, str]:
    """A telephone number in Spokane, as a line's field."""
    return {"Service Id": f"509-555-{last:04d}"}


def initial_quote(care: CustomerCare) -> PropertySet:
    """a. A bundle with ten lines for a new office in Spokane, on a quote."""
    care("new-account", name="American Widgets Inc, Spokane", like="2-AW-NY", account=SPOKANE)
    first = f"{BUNDLE}/{LINE}"
    requests: list[dict[str, Any]] = [
        {"request": "set", "item": first, "fields": number(101)},
        {"request": "set", "item": f"{first}/Voice Mail", "attributes": {"Password": "1234"}},
        {"request": "add", "product": "Caller Id", "beneath": first},
        {"request": "copy", "item": first, "times": "9", "fields": [number(102 + n) for n in range(9)]},
    ]
    return the(care("new-products-and-services", account=SPOKANE, product=BUNDLE, requests=requests))


def installed(care: CustomerCare) -> PropertySet:
    """All of scenario a was successfully installed: the bundle in the service profile."""
    care.install(care.place(initial_quote(care).get("Quote Number") or ""))
    return care.profile_root(SPOKANE)


def delta_quote(care: CustomerCare) -> tuple[PropertySet, PropertySet]:
    """b. Five lines more, and one replaced because of its number; the bundle and the quote."""
    bundle = installed(care)
    nuisance, copied = line_items(bundle)[3], line_items(bundle)[0]
    requests = [
        {
            "request": "copy",
            "item": copied.get(KEY),
            "times": "6",
            "fields": [number(201 + n) for n in range(6)],
        },
        {"request": "remove", "item": nuisance.get(KEY)},
    ]
    outcome = care("modify", account=SPOKANE, root=bundle.get(KEY), requests=requests)
    return bundle, the(outcome)


def order_with_isdn(care: CustomerCare) -> tuple[PropertySet, PropertySet]:
    """c. An ISDN line for the boss on the same quote, and the quote is ordered; the bundle and the order."""
    bundle, quote = delta_quote(care)
    add = [{"request": "add", "product": ISDN, "beneath": bundle.get(KEY), "fields": {"Service Point Id": "SP-509-1"}}]
    edited = the(care("edit-quote-line-item", quote=quote.get("Quote Number"), line=bundle.get(KEY), requests=add))
    return bundle, care.place(edited.get("Quote Number") or "")


def test_a_initial_quote_and_order(care: CustomerCare) -> None:
    """All items in the product hierarchy have an associated action code of Add."""
    quote = initial_quote(care)
    (office,) = care.road.stored("Account", Account_Id=SPOKANE)
    assert (office.get("Parent Account Id"), office.get("Account Type")) == ("2-AW", "Business")
    assert actions(quote) == {(BUNDLE, "Add"): 1, (LINE, "Add"): 10, **{(one, "Add"): 10 for one in FEATURES}}
    (root,) = line_items(quote)
    assert (root.get("Product Id"), root.get("Adjusted Price"), root.get("Unit Of Measure")) == (
        BUNDLE,
        "25.00",
        "Month",
    )
    for line in lines(quote, LINE):
        assert [feature.get("Product Id") for feature in line_items(line)] == list(FEATURES)
        assert line.get("Adjusted Price") == "5.99"
        (password,) = attributes(line_items(line)[0])
        assert (password.get("Name"), password.get("Text Value"), password.get("Action Code")) == (
            "Password",
            "1234",
            "Add",
        )
    assert [line.get("Service Id") for line in lines(quote, LINE)] == [f"509-555-{n:04d}" for n in range(101, 111)]
    assert {item.get("Currency Code") for item, _ in walk_items(quote)} == {"USD"}
    assert (quote.get("Service Account Id"), quote.get("Billing Account Id")) == (SPOKANE, SPOKANE)
    assert quote.get("Status") == "In Progress"
    assert said(care.quote(quote.get("Quote Number"))) == said(quote)


def test_b_delta_quote(care: CustomerCare) -> None:
    """Six lines and their features are added, nine have a new price, one is deleted, all other features stay."""
    bundle, quote = delta_quote(care)
    assert [line.get("Status") for line in line_items(bundle)] == ["Active"] * 10
    wanted = {(BUNDLE, "-"): 1, (LINE, "Add"): 6, (LINE, "Update"): 9, (LINE, "Delete"): 1}
    for feature in FEATURES:
        wanted |= {(feature, "Add"): 6, (feature, "Delete"): 1, (feature, "-"): 9}
    assert actions(quote) == wanted
    for action in ("Add", "Update"):
        assert {line.get("Adjusted Price") for line in lines(quote, LINE, action)} == {"4.99"}
    (gone,) = lines(quote, LINE, "Delete")
    assert (gone.get(KEY), gone.get("Service Id")) == (line_items(bundle)[3].get(KEY), "509-555-0104")
    assert sorted(line.get("Service Id") or "" for line in lines(quote, LINE, "Add")) == [
        f"509-555-{n:04d}" for n in range(201, 207)
    ]
    assert quote.get("Status") == "In Progress"


def test_c_update_delta_quote_and_order(care: CustomerCare) -> None:
    """The quote has the ISDN line beside all that it had, and is ordered."""
    _, order = order_with_isdn(care)
    wanted = {(BUNDLE, "-"): 1, (LINE, "Add"): 6, (LINE, "Update"): 9, (LINE, "Delete"): 1, (ISDN, "Add"): 1}
    for feature in FEATURES:
        wanted |= {(feature, "Add"): 6, (feature, "Delete"): 1, (feature, "-"): 9}
    assert actions(order) == wanted
    (isdn,) = lines(order, ISDN)
    assert (isdn.get("Status"), isdn.get("Service Point Id"), isdn.get("Adjusted Price")) == (
        "Pending",
        "SP-509-1",
        "29.00",
    )
    assert isdn.get(KEY) == isdn.get("Row Id")
    assert (order.get("Status"), order.get("Order Type")) == ("New", "Sales Order")
    assert said(care.order(order.get("Order Number"))) == said(order)
    (quote,) = care.road.stored("OM Quote", Row_Id=order.get("Quote Id"))
    assert quote.get("Status") == "Order Placed"


def test_d_new_delta_quote_with_open_order(care: CustomerCare) -> None:
    """Only the two ISDN lines have an action, Add; the second of them is free."""
    bundle, order = order_with_isdn(care)
    add = [
        {"request": "add", "product": ISDN, "beneath": bundle.get(KEY)},
        {"request": "add", "product": ISDN, "beneath": bundle.get(KEY)},
    ]
    quote = the(care("modify", account=SPOKANE, root=bundle.get(KEY), requests=add))
    assert quote.get("Row Id") != order.get("Quote Id")
    wanted = {(BUNDLE, "-"): 1, (LINE, "-"): 15, (ISDN, "-"): 1, (ISDN, "Add"): 2}
    wanted |= {(feature, "-"): 15 for feature in FEATURES}
    assert actions(quote) == wanted
    assert [line.get("Adjusted Price") for line in lines(quote, ISDN)] == ["29.00", "29.00", "0.00"]
    second = care.place(quote.get("Quote Number") or "")
    assert (second.get("Status"), second.get("Order Number")) != (order.get("Status"), order.get("Order Number"))
    keys = {item.get(KEY) for item in lines(order, ISDN)} & {item.get(KEY) for item in lines(second, ISDN, "Add")}
    assert keys == set()

    # With both orders complete, the profile is what the customer's boss saw.
    care.install(order)
    care.install(second)
    living = [item for item in line_items(care.profile_root(SPOKANE)) if item.get("Status") == "Active"]
    assert [item.get("Product Id") for item in living] == [LINE] * 15 + [ISDN] * 3
    assert [item.get("Adjusted Price") for item in living] == ["4.99"] * 15 + ["29.00", "29.00", "0.00"]
