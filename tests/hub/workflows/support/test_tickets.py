"""Trouble tickets: opened, assigned, held, resolved, closed and reopened, with their histories."""

from __future__ import annotations

import pytest

from hub.workflows.support.tickets import SeverityUnknown, TicketIsOpen, TicketUserUnknown, TicketWithoutAccount
from tests.customer_care import care_on, the
from tests.hub.workflows.support.test_callbacks import history
from tests.road import sample


def test_a_ticket_goes_from_its_report_to_its_end_and_back(office):
    opened = the(office("open-ticket", account="2-LB", summary="No dial tone", service="5095550140", by="maria"))
    number = opened.get("Ticket Number") or ""
    assert (number, opened.get("Status"), opened.get("Severity")) == ("TT-0000001", "Open", "Medium")
    assert opened.get("Opened Date") is not None
    office("note-ticket", ticket=number, text="since yesterday")
    assigned = the(office("assign-ticket", ticket=number, to="sales", by="omar"))
    assert (assigned.get("Status"), assigned.get("Owner User Id")) == ("In Progress", "sales")
    office("hold-ticket", ticket=number, reason="waits for a pair")
    office("assign-ticket", ticket=number, to="approver", text="the pair is there")
    resolved = the(office("resolve-ticket", ticket=number, resolution="A pair was replaced."))
    assert (resolved.get("Status"), resolved.get("Resolution")) == ("Resolved", "A pair was replaced.")
    closed = the(office("close-ticket", ticket=number))
    assert closed.get("Closed Date") is not None
    again = the(office("reopen-ticket", ticket=number, reason="it is back"))
    assert (again.get("Status"), again.get("Closed Date")) == ("Open", None)
    assert [(event, old, new, text) for event, _, old, new, text in history(again)] == [
        ("Opened", None, "Open", None),
        ("Note", "Open", "Open", "since yesterday"),
        ("Assigned", "Open", "In Progress", "to sales"),
        ("Held", "In Progress", "Pending", "waits for a pair"),
        ("Assigned", "Pending", "In Progress", "to approver: the pair is there"),
        ("Resolved", "In Progress", "Resolved", "A pair was replaced."),
        ("Closed", "Resolved", "Closed", None),
        ("Reopened", "Closed", "Open", "it is back"),
    ]
    (row,) = office("tickets", account="2-LB").rows
    assert (row["number"], row["owner"], row["summary"]) == (number, "approver", "No dial tone")
    (row,) = office("find", text=number.lower()).rows
    assert (row["found"], row["number"], row["account"]) == ("trouble ticket", number, "2-LB")


def test_tickets_that_cannot_be_are_refused(desk):
    with pytest.raises(TicketWithoutAccount):
        desk("open-ticket", summary="X")
    with pytest.raises(SeverityUnknown):
        desk("open-ticket", summary="X", account="2-LB", severity="Urgent")
    assert "the argument 'summary' says nothing" in desk.refused("open-ticket", summary=" ", account="2-LB")
    number = the(desk("open-ticket", summary="X", account="2-LB")).get("Ticket Number")
    with pytest.raises(TicketIsOpen):
        desk("reopen-ticket", ticket=number, reason="X")
    desk.road.load(sample("users.xml").replace(b">Y</ActiveFlag>", b">N</ActiveFlag>"))
    for user, why in (("nobody", "no user of this User Id is stored"), ("sales", "this user has left (Active Flag N)")):
        with pytest.raises(TicketUserUnknown) as refused:
            desk("assign-ticket", ticket=number, to=user)
        assert refused.value.why == why
    told = desk.refused("close-ticket", ticket=number)
    assert f"the trouble ticket {number} can't be closed" in told
    assert "its status is Open, and can become In Progress or Pending or Resolved" in told
    desk("resolve-ticket", ticket=number, resolution="X")
    assert "can't become In Progress" in desk.refused("assign-ticket", ticket=number, to="approver")


def test_a_ticket_of_a_partner_keeps_its_number_and_its_changes_are_told(office):
    office.road.load(sample("trouble_tickets.xml"))
    change = sample("trouble_tickets.xml").replace(b"<Status>Open</Status>", b"<Status>In Progress</Status>")
    assert office.road.work(change, "hub_object")["state"] == "done"
    skipped = office.road.work(change.replace(b"In Progress", b"Closed"), "hub_object")
    assert (skipped["state"], skipped["reason"]) == ("rejected", "StatusChangeRefused")
    (ticket,) = office.road.stored("Trouble Ticket", Ticket_Number="TT-1")
    assert [(event, new) for event, _, _, new, _ in history(ticket)] == [
        ("Received", "Open"),
        ("Changed", "In Progress"),
    ]


def test_a_ticket_that_a_message_closes_and_opens_again_has_its_date(desk):
    desk.road.load(sample("trouble_tickets.xml"))
    dates = []
    for status in ("Resolved", "Closed", "Open"):
        change = sample("trouble_tickets.xml").replace(b"<Status>Open</Status>", f"<Status>{status}</Status>".encode())
        assert desk.road.work(change, "hub_object")["state"] == "done"
        (ticket,) = desk.road.stored("Trouble Ticket", Ticket_Number="TT-1")
        dates.append(ticket.get("Closed Date") is not None)
    assert dates == [False, True, False]


def test_a_system_that_takes_tickets_hears_of_each_change(tmp_path, monkeypatch):

    folder = tmp_path / "adapters" / "systems"
    folder.mkdir(parents=True)
    (folder / "field.yaml").write_text(
        "system: Field Service\ntakes: Trouble Ticket\nchannel: field.tickets\nrepeats: recognised by message id\n",
        encoding="utf-8",
    )
    with care_on(tmp_path, systems=["*"]) as care:
        the(care("open-ticket", summary="X", account="2-LB"))
        care("note-ticket", ticket="TT-0000001", text="dog")
        sent = [row.message.body.decode() for row in care.road.take("field.tickets")]
    assert ["<Text>dog</Text>" in body for body in sent] == [False, True]
    assert "<TicketNumber>TT-0000001</TicketNumber>" in sent[0]
