"""Orders that a deployment's rules hold for approval: who may decide, and what comes of it."""

from __future__ import annotations

import pytest

from hub.deployment.proof import load_deployment
from hub.deployment.settings import read_settings
from hub.workflow_manager.named_workflow import request
from hub.workflows.orders.approvals import HeldForApproval, MayNotApprove, NotHeld
from integration_objects.complex_object import instances
from integration_objects.declaration import DeclarationFault
from integration_objects.errors import Misconfigured
from schemas.hub_xml import hub_to_xml
from tests.road import Road, mainframe_line, mainframe_order

NUMBER = "O-0000001"
LARGE = """
approval rule: Large orders
help: orders that add more than 30 a month
hold order when: "[Total Recurring] > 30"
approvers: {roles: [Order Manager]}
"""
ISDN = """
approval rule: ISDN lines
hold line when: "[Product Id] = 'ISDN Line' AND [Action Code] = 'Add'"
approvers: {users: [network]}
"""
USERS = (
    '<Message IntObjectName="User"><ListOfUser>'
    "<User><UserId>mary</UserId><Role>Order Manager</Role></User>"
    "<User><UserId>paul</UserId><Role>Sales Agent</Role></User>"
    "<User><UserId>gone</UserId><Role>Order Manager</Role><ActiveFlag>N</ActiveFlag></User>"
    "</ListOfUser></Message>"
)


@pytest.fixture
def held(tmp_path):
    """A road whose deployment has both rules, and an ISDN line for 39 a month, which both hold."""
    folder = tmp_path / "hub" / "approvals"
    folder.mkdir(parents=True)
    (folder / "large.yaml").write_text(LARGE)
    (folder / "isdn.yaml").write_text(ISDN)
    (tmp_path / "orderhub.toml").write_text("")
    road = Road(tmp_path).load_samples()
    road.load(USERS)
    price = "<PRICE>39.00</PRICE><PRICE-TYPE>R</PRICE-TYPE>"
    shown = road.work(mainframe_order("1", mainframe_line(1, "A", "ISDNL001", ref="I", more=price)))
    assert shown["state"] == "done", shown["error"]
    yield road
    road.close()


def revisions(road):
    found = road.stored("OM Order", Order_Number=NUMBER)
    return [(one.get("Revision"), one.get("Status"), one.get("Active Flag")) for one in found]


def approvals(road):
    return {
        one.get("Rule"): (one.get("State"), one.get("Decided By"), one.get("Comment"))
        for one in road.stored("Order Approval")
    }


def test_a_held_order_waits_and_nobody_is_asked_to_work_on_it(held):
    assert revisions(held) == [("1", "Pending", "Y")]
    assert approvals(held) == {"Large orders": ("Held", None, None), "ISDN lines": ("Held", None, None)}
    assert held.work_orders() == []
    # What is held counts: whoever orders more builds on it.
    assert {row["product"] for row in held.ask("projected-state", account="1-B").rows} == {"ISDN Line"}


def test_a_small_order_is_not_held(held):
    price = "<PRICE>12.00</PRICE><PRICE-TYPE>R</PRICE-TYPE>"
    held.work(mainframe_order("2", mainframe_line(1, "A", "LCLLN001", ref="L", more=price)))
    [order] = held.stored("OM Order", Order_Number="O-0000002")
    assert order.get("Status") == "Open"


def test_a_held_order_is_not_submitted_again(held):
    with pytest.raises(HeldForApproval) as refused:
        held.ask("submit", order=NUMBER)
    assert str(refused.value) == (
        "the order O-0000001 can't be submitted: it waits for an approval\n"
        "  where: order O-0000001\n"
        "  why:   the rule 'ISDN lines' holds it; it may be approved by network; the rule 'Large orders' holds it; "
        "it may be approved by users with the role Order Manager\n"
        "  mend:  have it approved or refused (`orderhub workflow approve`, `refuse`), or cancel it"
    )


def test_it_opens_with_the_last_approval(held):
    first = held.ask("approve", order=NUMBER, by="mary", comment="a good customer")
    assert [str(note) for note in first.notes] == [
        "held: the rule 'ISDN lines' holds the order",
        f"total: order {NUMBER}, recurring: 39.00 USD",
    ]
    assert revisions(held) == [("1", "Pending", "Y")]
    held.ask("approve", order=NUMBER, by="network")
    assert revisions(held) == [("1", "Open", "Y")]
    assert approvals(held) == {
        "Large orders": ("Approved", "mary", "a good customer"),
        "ISDN lines": ("Approved", "network", None),
    }
    assert len(held.work_orders()) == 1
    with pytest.raises(NotHeld) as refused:
        held.ask("approve", order=NUMBER, by="mary")
    assert str(refused.value) == (
        "the order O-0000001 doesn't wait for an approval\n"
        "  where: order O-0000001\n"
        "  why:   its status is Open, and no rule holds it\n"
        "  mend:  leave it; or cancel or revise it, if it isn't to go on as it is"
    )


@pytest.mark.parametrize("workflow", ["approve", "refuse"])
def test_of_an_order_that_is_done_with_nothing_is_decided(held, workflow):
    held.ask("cancel-order", order=NUMBER)
    with pytest.raises(NotHeld) as refused:
        held.ask(workflow, order=NUMBER, by="mary")
    assert str(refused.value) == (
        "the order O-0000001 doesn't wait for an approval\n"
        "  where: order O-0000001\n"
        "  why:   its status is Cancelled, and no rule holds it\n"
        "  mend:  leave it: nothing is left to be decided"
    )


def test_an_order_that_is_not_submitted_may_be_held_then(held):
    [order] = instances(held.ask("new-order", account="1-B").objects[0])
    with pytest.raises(NotHeld) as refused:
        held.ask("approve", order=order.get("Order Number"), by="mary")
    assert refused.value.mend == "submit it; a rule may hold it then"


def test_a_held_order_is_not_revised(held):
    """It is no supplement that could be edited and submitted."""
    with pytest.raises(HeldForApproval) as refused:
        held.ask("revise", order=NUMBER)
    assert str(refused.value) == (
        "the order O-0000001 can't be revised: it waits for an approval\n"
        "  where: order O-0000001\n"
        "  why:   the rule 'ISDN lines' holds it; it may be approved by network; the rule 'Large orders' holds it; "
        "it may be approved by users with the role Order Manager\n"
        "  mend:  have it approved or refused (`orderhub workflow approve`, `refuse`), or cancel it"
    )


@pytest.mark.parametrize("by", ["paul", "gone", "nobody"])
@pytest.mark.parametrize("workflow", ["approve", "refuse"])
def test_who_has_no_right_decides_nothing(held, workflow, by):
    with pytest.raises(MayNotApprove) as refused:
        held.ask(workflow, order=NUMBER, by=by)
    assert str(refused.value) == (
        f"{by} may not decide on the order O-0000001\n"
        "  where: order O-0000001\n"
        "  why:   the rule 'ISDN lines' holds it; it may be approved by network; the rule 'Large orders' holds it; "
        "it may be approved by users with the role Order Manager\n"
        "  mend:  have one of these decide"
    )
    assert {state for state, _, _ in approvals(held).values()} == {"Held"}
    with pytest.raises(MayNotApprove):
        held.ask("approve", order=NUMBER, by="mary", rule="ISDN lines")
    with pytest.raises(NotHeld, match="doesn't wait for an approval under the rule 'Old'"):
        held.ask("approve", order=NUMBER, by="mary", rule="Old")


def test_the_user_of_a_command_is_not_an_approver_by_being_one(held):
    with pytest.raises(MayNotApprove, match="hub may not decide"):
        held.ask("approve", order=NUMBER)


def test_a_refused_order_is_cancelled(held):
    held.ask("refuse", order=NUMBER, by="mary", comment="no credit")
    assert revisions(held) == [("1", "Cancelled", "Y")]
    assert approvals(held) == {
        "Large orders": ("Refused", "mary", "no credit"),
        "ISDN lines": ("Withdrawn", "mary", None),
    }
    assert held.work_orders() == []
    assert held.ask("projected-state", account="1-B").rows == ()


def test_a_held_supplement_that_is_refused_gives_the_active_flag_back(held):
    for by in ("mary", "network"):
        held.ask("approve", order=NUMBER, by=by)
    held.work_orders()
    held.ask("revise", order=NUMBER)
    held.ask("submit", order=NUMBER)
    assert revisions(held) == [("1", "Open", "N"), ("2", "Pending", "Y")]
    held.ask("refuse", order=NUMBER, by="network")
    assert revisions(held) == [("1", "Open", "Y"), ("2", "Cancelled", "N")]


def test_a_senders_next_revision_replaces_a_held_one(held):
    price = "<PRICE>12.00</PRICE><PRICE-TYPE>R</PRICE-TYPE>"
    shown = held.work(mainframe_order("1", mainframe_line(1, "A", "LCLLN001", ref="L", more=price), revision=2))
    assert shown["state"] == "done", shown["error"]
    assert revisions(held) == [("1", "Pending", "N"), ("2", "Open", "Y")]
    assert {state for state, _, _ in approvals(held).values()} == {"Withdrawn"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            LARGE.replace("[Total Recurring]", "[Total Recuring]"),
            "expression '[Total Recuring] > 30' is not understood\n"
            "  where: {file}:4:18\n"
            "  why:   column 1: component 'Order' has no field 'Total Recuring'\n"
            "  mend:  did you mean 'Total Recurring'?",
        ),
        (
            "approval rule: R\napprovers: {users: [a]}\n",
            "the approval rule holds nothing\n"
            "  where: {file}:1:1\n"
            "  why:   it has no condition on the order, on its lines or on discounts\n"
            "  mend:  add `hold order when:`, `hold line when:` or `hold discount when:`",
        ),
        (
            "approval rule: R\nhold order when: 'TRUE'\napprovers: {}\n",
            "nobody may approve\n"
            "  where: {file}:3:12\n"
            "  mend:  name at least one of `users` or `roles`, or the order could never be opened",
        ),
        (
            "approval rule: R\nhold order when: 'TRUE'\naprovers: {users: [a]}\n",
            "there is no key 'aprovers'\n"
            "  where: {file}:3:1\n"
            "  why:   known are approval rule, approvers, help, hold discount when, hold line when, hold order when\n"
            "  mend:  did you mean 'approvers'?",
        ),
    ],
)
def test_a_rule_is_proven_when_the_deployment_is_loaded(tmp_path, text, message):
    folder = tmp_path / "hub" / "approvals"
    folder.mkdir(parents=True)
    (folder / "rule.yaml").write_text(text)
    (tmp_path / "orderhub.toml").write_text("")
    with pytest.raises(Misconfigured) as refused:
        load_deployment(tmp_path, read_settings(tmp_path, environment=False))
    assert str(refused.value) == message.format(file=folder / "rule.yaml")


def test_two_rules_of_one_name_are_refused(tmp_path):
    folder = tmp_path / "hub" / "approvals"
    folder.mkdir(parents=True)
    for name in ("a.yaml", "b.yaml"):
        (folder / name).write_text(LARGE)
    (tmp_path / "orderhub.toml").write_text("")
    with pytest.raises(DeclarationFault, match="there are two approval rules 'Large orders'"):
        load_deployment(tmp_path, read_settings(tmp_path, environment=False))


def test_check_warns_of_what_is_seldom_meant_in_a_rule(tmp_path, command):
    folder = tmp_path / "hub" / "approvals"
    folder.mkdir(parents=True)
    (folder / "rule.yaml").write_text(LARGE.replace("[Total Recurring] > 30", "[Order Type] = Special"))
    (tmp_path / "orderhub.toml").write_text("")
    printed = command("check")
    assert "approval rule 'Large orders', column 16: 'Special' stands without quotes" in printed.out


def test_a_message_approves_in_the_name_of_its_sender(held):
    """The sender of the message is who decides, where it names nobody: here it has no right to."""
    definitions = held.open_hub.deployment.definitions
    body = hub_to_xml(request("approve", [("order", NUMBER)]), definitions)
    shown = held.work(body, "workflow_request")
    assert (shown["state"], shown["reason"]) == ("rejected", "MayNotApprove")
    assert shown["error"]["what"] == "local may not decide on the order O-0000001"
    body = hub_to_xml(request("approve", [("order", NUMBER), ("by", "network")]), definitions)
    assert held.work(body, "workflow_request")["state"] == "done"
    assert approvals(held)["ISDN lines"] == ("Approved", "network", None)


def test_the_sender_of_a_held_order_is_told(held):
    order = (
        '<Message IntObjectName="OM Order"><ListOfOMOrder><Order><AccountId>1-A</AccountId><ListOfLineItem><LineItem>'
        "<ProductId>ISDN Line</ProductId><ActionCode>Add</ActionCode></LineItem></ListOfLineItem></Order>"
        "</ListOfOMOrder></Message>"
    )
    assert held.work(order, "hub_object", "A1", reply_to="hub.answers")["state"] == "done"
    [row] = held.take("hub.answers")
    assert b"<State>done</State>" in row.message.body
    assert b"<Status>Pending</Status>" in row.message.body
