"""Usage scenarios a to d, in the source's words and with its numbers, and on until the services are there and billed.

What is asked for is told in `hub.demo.scenarios`; what must come of it, here.

Source: "Usage Scenarios", a to d; spec: docs/design/workflows.md, "Usage scenarios".
"""

from __future__ import annotations

import pytest

from hub.demo.scenarios import (
    BUNDLE,
    FEATURES,
    ISDN,
    LINE,
    MAIL,
    SPOKANE,
    boss_order,
    boss_order_installed,
    boss_quote,
    delta_order,
    delta_quote,
    initial_order,
    initial_quote,
    order_with_isdn,
    order_with_isdn_installed,
)
from integration_objects.complex_object import attributes, line_items, walk_items
from integration_objects.names import KEY
from tests.customer_care import CustomerCare, actions, lines, said
from tests.road import provisioning_status, work_order_lines
from tests.scenarios.what_is_there import charges, done, open_lines, processed, services


def of_features(number: int, *word: str | None) -> dict[tuple[str | None, ...], int]:
    """So many of each feature."""
    return {(feature, *word): number for feature in FEATURES}


def test_a_all_items_in_the_product_hierarchy_have_the_action_code_add(care: CustomerCare) -> None:
    """The bundle with ten local telephone lines beneath it, each with voice-mail, call waiting and caller id."""
    quote = initial_quote(care)
    (office,) = care.road.stored("Account", Account_Id=SPOKANE)
    assert (office.get("Parent Account Id"), office.get("Account Type")) == ("2-AW", "Business")
    assert actions(quote) == {(BUNDLE, "Add"): 1, (LINE, "Add"): 10, **of_features(10, "Add")}
    (root,) = line_items(quote)
    priced = (root.get("Product Id"), root.get("Adjusted Price"), root.get("Unit Of Measure"))
    assert priced == (BUNDLE, "25.00", "Month")
    for line in lines(quote, LINE):
        assert [feature.get("Product Id") for feature in line_items(line)] == list(FEATURES)
        assert line.get("Adjusted Price") == "5.99"
        (password,) = attributes(line_items(line)[0])
        fields = [password.get(name) for name in ("Name", "Text Value", "Action Code")]
        assert fields == ["Password", "***", "Add"]
    assert [line.get("Service Id") for line in lines(quote, LINE)] == [f"509-555-{n:04d}" for n in range(101, 111)]
    assert {item.get("Currency Code") for item, _ in walk_items(quote)} == {"USD"}
    assert (quote.get("Service Account Id"), quote.get("Billing Account Id")) == (SPOKANE, SPOKANE)
    assert quote.get("Status") == "In Progress"
    assert said(care.quote(quote.get("Quote Number"))) == said(quote)


def test_a_played_on_all_services_are_successfully_installed_and_billed(care: CustomerCare) -> None:
    """Each of the ten local telephone lines is in an Active state, for $5.99; the bundle for $25."""
    order = initial_order(care)
    assert care.answers == ["done"]
    assert services(care, SPOKANE) == {
        (BUNDLE, "Active", "25.00"): 1,
        (LINE, "Active", "5.99"): 10,
        **of_features(10, "Active", "0.00"),
    }
    assert done(care.order(order.get("Order Number")))
    # No system provides the bundle: it begins with the first line beneath it.
    (charged,) = charges(care, order)
    assert charged == {("Start", BUNDLE, "25.00"): 1, ("Start", LINE, "5.99"): 10} | {
        ("Start", feature, "0.00"): 10 for feature in FEATURES
    }
    assert care.road.fallout() == []


def test_b_six_lines_are_added_nine_have_a_new_price_and_one_is_deleted(care: CustomerCare) -> None:
    """The child records of the lines that stay have an empty action code, those of the six new lines Add."""
    quote = delta_quote(care)
    installed = line_items(care.profile_root(SPOKANE))
    assert actions(quote) == {
        (BUNDLE, "-"): 1,
        (LINE, "Add"): 6,
        (LINE, "Update"): 9,
        (LINE, "Delete"): 1,
        **of_features(6, "Add"),
        **of_features(1, "Delete"),
        **of_features(9, "-"),
    }
    for action in ("Add", "Update"):
        assert {line.get("Adjusted Price") for line in lines(quote, LINE, action)} == {"4.99"}
    (gone,) = lines(quote, LINE, "Delete")
    assert (gone.get(KEY), gone.get("Service Id")) == (installed[3].get(KEY), "509-555-0104")
    new = sorted(line.get("Service Id") or "" for line in lines(quote, LINE, "Add"))
    assert new == [f"509-555-{n:04d}" for n in range(201, 207)]
    assert quote.get("Status") == "In Progress"
    assert said(care.quote(quote.get("Quote Number"))) == said(quote)
    # The quote is saved, and nothing is ordered: the customer has what he had.
    assert [line.get("Adjusted Price") for line in installed] == ["5.99"] * 10
    assert len(care.road.stored("OM Order", Account_Id=SPOKANE)) == 1


def test_b_played_on_fifteen_lines_are_active_and_the_deleted_one_is_inactive(care: CustomerCare) -> None:
    order = delta_order(care)
    assert care.answers == ["done", "done"]
    assert services(care, SPOKANE) == {
        (BUNDLE, "Active", "25.00"): 1,
        (LINE, "Active", "4.99"): 15,
        **of_features(15, "Active", "0.00"),
        (LINE, "Inactive", "5.99"): 1,
        **of_features(1, "Inactive", "0.00"),
    }
    root = care.profile_root(SPOKANE)
    (gone,) = [line for line in line_items(root) if line.get("Status") == "Inactive"]
    assert gone.get("Service Id") == "509-555-0104"
    assert {item.get("Status") for item, _ in walk_items(gone)} == {"Inactive"}
    assert done(care.order(order.get("Order Number")))
    assert charges(care, order) == [
        {
            ("Start", LINE, "4.99"): 6,
            ("Change", LINE, "4.99"): 9,
            ("Stop", LINE, "5.99"): 1,
            **{("Start", feature, "0.00"): 6 for feature in FEATURES},
            **{("Stop", feature, "0.00"): 1 for feature in FEATURES},
        }
    ]


def test_c_the_quote_is_updated_with_the_additional_isdn_line_and_ordered(care: CustomerCare) -> None:
    """The bundle is in exactly the same state as after the quote was configured, with the ISDN line beside it."""
    order = order_with_isdn(care)
    assert actions(order) == {
        (BUNDLE, "-"): 1,
        (LINE, "Add"): 6,
        (LINE, "Update"): 9,
        (LINE, "Delete"): 1,
        (ISDN, "Add"): 1,
        **of_features(6, "Add"),
        **of_features(1, "Delete"),
        **of_features(9, "-"),
    }
    (isdn,) = lines(order, ISDN)
    fields = [isdn.get(name) for name in ("Status", "Service Point Id", "Adjusted Price")]
    assert fields == ["Pending", "SP-509-1", "29.00"]
    assert isdn.get(KEY) == isdn.get("Row Id")
    assert (order.get("Status"), order.get("Order Type")) == ("New", "Sales Order")
    assert said(care.order(order.get("Order Number"))) == said(order)
    (quote,) = care.road.stored("OM Quote", Row_Id=order.get("Quote Id"))
    assert quote.get("Status") == "Order Placed"


def test_c_played_on_the_boss_has_his_isdn_line(care: CustomerCare) -> None:
    order = order_with_isdn_installed(care)
    assert care.answers == ["done", "done"]
    assert services(care, SPOKANE) == {
        (BUNDLE, "Active", "25.00"): 1,
        (LINE, "Active", "4.99"): 15,
        (ISDN, "Active", "29.00"): 1,
        **of_features(15, "Active", "0.00"),
        (LINE, "Inactive", "5.99"): 1,
        **of_features(1, "Inactive", "0.00"),
    }
    (isdn,) = [item for item in line_items(care.profile_root(SPOKANE)) if item.get("Product Id") == ISDN]
    assert isdn.get("Service Point Id") == "SP-509-1"
    assert done(care.order(order.get("Order Number")))
    (told,) = charges(care, order)
    assert (told["Start", ISDN, "29.00"], told["Change", LINE, "4.99"], told["Stop", LINE, "5.99"]) == (1, 9, 1)
    assert sum(told.values()) == 1 + 9 + 6 * 4 + 4


def test_c_played_on_by_an_answer_to_half_of_the_work_order(care: CustomerCare) -> None:
    """What is complete is in the profile and billed; the order is processed once provisioning has answered for all."""
    order = order_with_isdn(care)
    care.submit(order)
    (work_order,) = care.road.work_orders()
    wanted = [line for line in work_order_lines(work_order) if line.get("action") != "none"]
    number, keys = work_order.get("number") or "", [(line.get("integrationId") or "", "COMPLETED") for line in wanted]
    assert len(keys) == 9 + 6 * 4 + 4 + 1
    isdn = [key for line, key in zip(wanted, keys, strict=True) if line.get("product") == ISDN]
    assert care.road.work(provisioning_status(number, isdn), "provisioning_status")["state"] == "done"
    stored = care.order(order.get("Order Number"))
    assert (stored.get("Status"), processed(stored), open_lines(stored)) == ("Open", ["N"], len(keys) - 1)
    assert services(care, SPOKANE)[ISDN, "Active", "29.00"] == 1
    assert services(care, SPOKANE)[LINE, "Active", "5.99"] == 10
    assert charges(care, order) == [{("Start", ISDN, "29.00"): 1}]
    rest = [key for key in keys if key not in isdn]
    assert care.road.work(provisioning_status(number, rest), "provisioning_status")["state"] == "done"
    assert done(care.order(order.get("Order Number")))
    assert services(care, SPOKANE)[LINE, "Active", "4.99"] == 15
    assert sum(charges(care, order)[1].values()) == len(rest)


def test_d_only_the_two_isdn_lines_have_an_action_and_the_second_is_free(care: CustomerCare) -> None:
    """The configurator shows the expected state after the open order; the status of its ISDN line is Pending."""
    quote, order = boss_quote(care)
    assert [line.get("Status") for line in lines(order, ISDN)] == ["Pending"]
    assert quote.get("Row Id") != order.get("Quote Id")
    assert actions(quote) == {
        (BUNDLE, "-"): 1,
        (LINE, "-"): 15,
        (ISDN, "-"): 1,
        (ISDN, "Add"): 2,
        **of_features(15, "-"),
    }
    assert [line.get("Adjusted Price") for line in lines(quote, ISDN)] == ["29.00", "29.00", "0.00"]


def test_d_the_boss_submits_while_another_order_is_still_pending(care: CustomerCare) -> None:
    order, before = boss_order(care)
    assert (order.get("Status"), care.order(before.get("Order Number")).get("Status")) == ("Open", "New")
    added = lines(order, ISDN, "Add")
    assert [line.get("Status") for line in added] == ["Open", "Open"]
    assert {line.get(KEY) for line in added} & {line.get(KEY) for line in lines(before, ISDN)} == set()
    (work_order,) = care.road.work_orders()
    assert [line.get("product") for line in work_order_lines(work_order) if line.get("action") != "none"] == [
        ISDN,
        ISDN,
    ]


def three_isdn_lines(care: CustomerCare) -> None:
    """With both orders complete, the customer has what the boss saw."""
    assert services(care, SPOKANE) == {
        (BUNDLE, "Active", "25.00"): 1,
        (LINE, "Active", "4.99"): 15,
        (ISDN, "Active", "29.00"): 2,
        (ISDN, "Active", "0.00"): 1,
        **of_features(15, "Active", "0.00"),
        (LINE, "Inactive", "5.99"): 1,
        **of_features(1, "Inactive", "0.00"),
    }
    assert care.road.fallout() == []


def test_d_played_on_both_orders_are_installed_and_billed(care: CustomerCare) -> None:
    order, before = boss_order_installed(care)
    assert care.answers == ["done", "done", "done"]
    three_isdn_lines(care)
    assert done(care.order(order.get("Order Number")))
    assert done(care.order(before.get("Order Number")))
    assert charges(care, order) == [{("Start", ISDN, "29.00"): 1, ("Start", ISDN, "0.00"): 1}]
    (told,) = charges(care, before)
    assert (told["Start", ISDN, "29.00"], sum(told.values())) == (1, 38)


@pytest.mark.parametrize("first", ["the first order", "the boss's order"])
def test_d_played_on_whichever_order_provisioning_answers_first(care: CustomerCare, first: str) -> None:
    order, before = boss_order(care)
    care.submit(before)
    answers = {work_order.get("number") or "": work_order for work_order in care.road.work_orders()}
    numbers = [f"{one.get('Order Number')}-1" for one in (before, order)]
    for number in numbers if first == "the first order" else reversed(numbers):
        assert care.road.complete(answers[number])["state"] == "done"
    three_isdn_lines(care)
    assert done(care.order(order.get("Order Number")))
    assert done(care.order(before.get("Order Number")))


def test_d_played_on_when_provisioning_says_everything_twice(care: CustomerCare) -> None:
    """An answer that comes again changes nothing, and nothing is billed twice."""
    order, before = boss_order(care)
    care.submit(before)
    work_orders = care.road.work_orders()
    for work_order in work_orders:
        care.road.complete(work_order)
    told = [charges(care, one) for one in (order, before)]
    for work_order in work_orders:
        assert care.road.complete(work_order, time="2026-02-03T10:00:00Z")["state"] == "filtered"
    three_isdn_lines(care)
    assert [charges(care, one) for one in (order, before)] == told


def test_the_voice_mail_of_every_line_has_its_password(care: CustomerCare) -> None:
    """What the first line was configured with came to all its copies, through quote, order and profile."""
    delta_order(care)
    mails = lines(care.look("OM Asset", SPOKANE), MAIL)
    assert [[one.get("Text Value") for one in attributes(mail)] for mail in mails] == [["1234"]] * 16
