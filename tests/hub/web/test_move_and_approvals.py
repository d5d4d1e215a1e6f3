"""The Move view, and the approvals that wait for a person."""

from __future__ import annotations

from tests.hub.web.people import text_of, web_in
from tests.hub.web.test_lines import modified_quote
from tests.road import sample
from tests.scenarios.test_typed import PROFILE

RULE = """
approval rule: All orders
help: somebody looks at every order
hold order when: "[Order Type] IS NOT NULL"
approvers: {users: [martin]}
"""


def test_a_move_makes_a_quote_and_shows_both_halves_side_by_side(web):
    for name in ("meters", "meter_locations"):
        web.care.road.load(sample(f"{name}.xml"))
    web.care.road.load(PROFILE)
    browser = web.browser()
    page = browser.json("/accounts/2-EN/move?text=PR-TOWN")
    assert {row["fields"]["Product Id"] for row in page["parts"]["services"]["rows"]} == {"Home Energy", "Electricity"}
    answers = {
        "old_address": "PR-WINTER",
        "new_address": "PR-WINTER",
        "move_out": "2026-03-31",
        "move_in": "2026-04-05",
    }
    refused = browser.fill("/accounts/2-EN/move/do/transfer", **answers)
    assert (refused.status_code, "both are the same address" in text_of(refused.text)) == (422, True)
    done = browser.fill("/accounts/2-EN/move/do/transfer", **{**answers, "new_address": "PR-TOWN"})
    assert done.status_code == 303, text_of(done.text)
    parts = browser.json(done.headers["location"])["parts"]
    points = {}
    for half, day in (("out", "2026-03-31"), ("in", "2026-04-05")):
        fields = [row["fields"] for row in parts[half]["rows"]]
        assert {row["Product Id"] for row in fields} == {"Home Energy", "Electricity"}, half
        assert {row["Due Date"][:10] for row in fields} == {day}
        points[half] = {row["Service Point Id"] for row in fields} - {None}
    assert points["out"] == {"SP-WINTER-EL"}
    assert len(points["in"]) == 1
    assert points["in"] != points["out"]
    assert 'class="halves"' in browser.get(done.headers["location"]).text


def test_an_order_that_a_rule_holds_waits_for_who_may_decide(tmp_path):
    with web_in(tmp_path, {"hub/approvals/all.yaml": RULE}) as web:
        martin = web.browser("martin")
        assert martin.json("/approvals")["parts"]["waiting"]["rows"] == []
        quote = modified_quote(web)
        for action in ("approve", "refuse"):
            order = martin.fill(f"/quotes/{quote}/do/sales_order").headers["location"].partition("?")[0]
            assert martin.fill(f"{order}/do/submit").status_code == 303
            (row,) = martin.json("/approvals")["parts"]["waiting"]["rows"]
            fields = row["fields"]
            assert (fields["rule"], fields["reason"]) == ("All orders", "somebody looks at every order")
            assert (fields["changes"], fields["totals"]) == ("2 Update, 2 unchanged", "monthly: 19.95 USD")
            assert web.browser("carla").get("/approvals").status_code == 403
            address = next(each["address"] for each in row["actions"] if each["name"] == action)
            assert martin.fill(address, comment="seen").status_code == 303
            assert martin.json("/approvals")["parts"]["waiting"]["rows"] == []
            status = martin.json(order)["parts"]["header"]["rows"][0]["fields"]["Status"]
            assert status == {"approve": "Open", "refuse": "Cancelled"}[action]
            kept = martin.json(f"{order}?tab=Approvals")["parts"]["approvals"]["rows"][0]["fields"]
            assert (kept["Decided By"], kept["Comment"]) == ("martin", "seen")
            if action == "approve":
                martin.fill(f"{order}/do/cancel")
                quote = modified_quote(web)
