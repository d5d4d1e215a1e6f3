"""A later order is marked for review only where it can't do what it asks for, or carries what never comes."""

from __future__ import annotations

from integration_objects.names import KEY
from tests.customer_care import the

HOME, LINE = "1-B", "Local Line"


def line(care):
    care.install(care.place(the(care("new-products-and-services", account=HOME, product=LINE)).get("Quote Number")))
    return care.profile_root(HOME).get(KEY)


def placed(care, root, due=None, workflow="modify", **fields):
    """An order that sets fields of the line, by a session of its own; its number."""
    more = (
        {}
        if workflow != "modify"
        else {
            "requests": [
                {
                    "request": "set",
                    "item": root,
                    "fields": {name.replace("_", " "): text for name, text in fields.items()},
                }
            ]
        }
    )
    placed.sessions += 1
    quote = the(care(workflow, account=HOME, root=root, session=f"{placed.sessions}", **more)).get("Quote Number")
    return care.work("quote-to-order", quote=quote, due_date=due).get("Order Number")


placed.sessions = 0


def marked(care):
    return [(entry["order_number"], entry["cause"], entry["lines"]) for entry in care.road.fallout()]


def test_an_order_with_a_value_of_its_own_relies_on_no_other_value(care):
    root = line(care)
    older = placed(care, root, Service_Id="206-1")
    newer = placed(care, root, "2027-01-01", Service_Id="206-2")
    own = placed(care, root, Service_Id="206-3")
    for number in (older, newer, own):
        care("submit", order=number)
    care("cancel-order", order=newer)
    assert marked(care) == []
    # It leaves the number alone: its work order has the number of the order before it, which is cancelled then.
    carrying = placed(care, root, Pricing_Comment="ask Ann")
    care("submit", order=carrying)
    care("cancel-order", order=own)
    assert marked(care) == [(carrying, "Built On Failed Lines", [root])]


def test_an_order_of_another_status_relies_on_the_order_that_brings_the_status(care):
    root = line(care)
    suspending = placed(care, root, workflow="suspend")
    care("submit", order=suspending)
    numbered = placed(care, root, Service_Id="206-1")
    resuming = placed(care, root, workflow="resume")
    for number in (numbered, resuming):
        care("submit", order=number)
    care("cancel-order", order=suspending)
    assert marked(care) == [(resuming, "Built On Failed Lines", [root])]


def test_an_order_relies_on_no_component_that_was_ordered_after_it(care):
    root = line(care)
    older, adding = placed(care, root, Service_Id="206-1"), {"request": "add", "product": "Caller Id", "beneath": root}
    quote = the(care("modify", account=HOME, root=root, session="newer", requests=[adding]))
    newer = care.work("quote-to-order", quote=quote.get("Quote Number"), due_date="2027-01-01").get("Order Number")
    since = placed(care, root, Pricing_Comment="ask Ann")
    for number in (older, newer, since):
        care("submit", order=number)
    care("cancel-order", order=newer)
    # Priced with the caller id, as part of the same service.
    assert marked(care) == [(since, "Built On Failed Lines", [root])]


def test_a_supplement_marks_no_order_that_sets_the_value_itself(care):
    root = line(care)
    revised = placed(care, root, Service_Id="206-1")
    care("submit", order=revised)
    own = placed(care, root, Service_Id="206-3")
    care("submit", order=own)
    care("revise", order=revised)
    request = {"request": "set", "item": root, "fields": {"Service Id": "206-2"}}
    care("edit-order-line-item", order=revised, line="1", requests=[request])
    care("submit", order=revised)
    assert marked(care) == []
