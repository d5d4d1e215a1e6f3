"""An order from XML in to XML out, as its sender, provisioning, billing and the customer see it."""

from __future__ import annotations

from schemas.check import parse
from tests.road import VOICE_MAIL, Road, mainframe_line, mainframe_order, provisioning_status, sample, work_order_lines


def test_a_new_order_becomes_a_service_profile(road):
    """The whole road: order, work order, status, profile, billing, answer."""
    shown = road.work(sample("order-1-new-service.xml"))
    assert shown["state"] == "done"
    assert road.profile() == {}  # no system provides the package itself: it begins with its first line

    [work_order] = road.work_orders()
    assert [(one.get("product"), one.get("action")) for one in work_order_lines(work_order)] == [
        ("Local Breakthrough Package", "none"),
        ("Local Line", "add"),
        ("Caller Id", "add"),
        ("Call Forwarding", "add"),
        ("Voice Mail", "add"),
        ("Installation", "add"),
    ]
    assert road.complete(work_order)["state"] == "done"
    assert road.profile() == {
        "Local Breakthrough Package": "Active",
        "Local Breakthrough Package / Local Line": "Active",
        "Local Breakthrough Package / Local Line / Caller Id": "Active",
        "Local Breakthrough Package / Local Line / Call Forwarding": "Active",
        "Local Breakthrough Package / Local Line / Voice Mail": "Active",
    }
    [stored] = road.stored("OM Order", Order_Number="O-0000001")
    assert stored.get("Status") == "Complete"
    assert stored.get("Source Order Number") == "450001"


def test_billing_is_told_of_completed_lines_in_both_its_formats(road):
    """One event for all that begins, with the one-time fee that Trim drops later."""
    road.work(sample("order-1-new-service.xml"))
    road.complete()
    messages = [parse(row.message.body) for row in road.left("billing.events")]
    namespace = {"b": messages[0].nsmap[messages[0].prefix]}
    products = [
        [charge.findtext("b:ProductId", namespaces=namespace) for charge in message.findall("b:Charge", namespace)]
        for message in messages
    ]
    assert products == [
        ["Local Breakthrough Package", "Local Line", "Caller Id", "Call Forwarding", "Voice Mail", "Installation"],
    ]
    [records] = [row.message.body.decode("iso-8859-1").splitlines() for row in road.left("billing.records")]
    assert [record[0] for record in records] == ["H", "D", "D", "D", "D", "D", "D", "T"]
    assert records[-1].rstrip() == "T000000006+0000000000000000000539000000"  # six details, 33.95 and 19.95


def test_the_sender_gets_both_numbers_and_both_keys_of_each_line(road):
    road.work(sample("order-1-new-service.xml"))
    [row] = road.left("mainframe.answers")
    answer = parse(row.message.body)
    assert answer.findtext("STATE") == "OK"
    assert answer.findtext("ORD-NO") == "450001"
    assert answer.findtext("HUB-ORD-NO") == "O-0000001"
    assert answer.findtext("LINE/LINE-REF") == "PKG-77"
    [order] = road.stored("OM Order", Order_Number="O-0000001")
    assert answer.findtext("LINE/HUB-REF") == order.children[0].children[0].get("Integration Id")
    assert row.message.correlation_id is None or row.message.kind == "reply"


def test_a_change_names_services_by_the_senders_own_references(road):
    """Update and Delete find the services; ancestors that the sender left out are there as `-`."""
    road.work(sample("order-1-new-service.xml"))
    road.complete()
    assert road.work(sample("order-2-change.xml"))["state"] == "done"
    [work_order] = road.work_orders()
    assert [(one.get("product"), one.get("action")) for one in work_order_lines(work_order)] == [
        ("Local Breakthrough Package", "none"),
        ("Local Line", "none"),
        ("Call Forwarding", "change"),
        ("Voice Mail", "remove"),
    ]
    road.complete(work_order)
    profile = road.profile()
    assert profile["Local Breakthrough Package / Local Line / Voice Mail"] == "Inactive"
    assert profile["Local Breakthrough Package / Local Line / Call Forwarding"] == "Active"
    [asset] = road.stored("OM Asset", Account_Id="1-B")
    numbers = [
        node.get("Text Value")
        for node in asset.walk()
        if node.type == "Attribute" and node.get("Name") == "Forwarding Number"
    ]
    assert numbers == ["5095550177"]


def test_an_attribute_that_is_deleted_is_gone_from_the_profile_and_can_come_again(road):
    """The profile is upserted, and an upsert deletes nothing: the attributes that go are deleted by name."""
    road.work(sample("order-1-new-service.xml"))
    road.complete()

    def attributes() -> dict[str | None, str | None]:
        [asset] = road.stored("OM Asset", Account_Id="1-B")
        return {node.get("Name"): node.get("Text Value") for node in asset.walk() if node.type == "Attribute"}

    assert attributes() == {"Forwarding Number": "5095550199", "Rings": "6", "Password": "1234"}
    for number, action, left in (("2", "D", {}), ("3", "A", {"Rings": "9"})):
        value = "<VAL>9</VAL>" if action == "A" else ""
        rings = f"<FEATURE><NAME>Rings</NAME>{value}<ACTN>{action}</ACTN></FEATURE>"
        line = mainframe_line(1, "C", "CALFW001", ref="FWD-77", quantity=None, more=rings)
        assert road.work(mainframe_order(number, line))["state"] == "done"
        road.complete()
        assert attributes() == {"Forwarding Number": "5095550199", "Password": "1234", **left}


def test_a_delete_takes_what_stands_beneath_it_along(road):
    road.work(sample("order-1-new-service.xml"))
    road.complete()
    road.work(mainframe_order("2", mainframe_line(1, "D", "LBPKG001", ref="PKG-77", quantity=None)))
    [work_order] = road.work_orders()
    assert {(one.get("product"), one.get("action")) for one in work_order_lines(work_order)} == {
        ("Local Breakthrough Package", "none"),  # no system provides it: it ends with its last line
        ("Local Line", "remove"),
        ("Caller Id", "remove"),
        ("Call Forwarding", "remove"),
        ("Voice Mail", "remove"),
    }
    road.complete(work_order)
    assert set(road.profile().values()) == {"Inactive"}


def test_three_of_a_tracked_product_become_three_services(road):
    shown = road.work(sample("order-4-hub-xml.xml"), "hub_object", "CH-0001")
    assert shown["state"] == "done"
    [work_order] = road.work_orders()
    assert [(one.get("product"), one.get("quantity")) for one in work_order_lines(work_order)] == [
        ("Calling Card", "1")
    ] * 3
    road.complete(work_order)
    [asset] = road.stored("OM Asset", Account_Id="1-A")
    assert [item.get("Status") for item in asset.children[0].children] == ["Active"] * 3


def test_lines_complete_one_by_one(road):
    """A feature that is complete before its line waits for it; the order is complete with the last."""
    road.work(
        mainframe_order(
            "7", mainframe_line(1, "A", "LCLLN001", ref="L"), mainframe_line(2, "A", "CALID001", parent=1, ref="C")
        )
    )
    [work_order] = road.work_orders()
    number = work_order.get("number")
    line, feature = [one.get("integrationId") for one in work_order_lines(work_order)]
    assert road.work(provisioning_status(number, [(feature, "COMPLETED")]), "provisioning_status")["state"] == "done"
    assert road.profile() == {}
    [stored] = road.stored("OM Order", Order_Number="O-0000001")
    assert stored.get("Status") == "Open"
    road.work(provisioning_status(number, [(line, "COMPLETED")], time="2026-02-02T10:00:00Z"), "provisioning_status")
    assert road.profile() == {"Local Line": "Active", "Local Line / Caller Id": "Active"}
    [stored] = road.stored("OM Order", Order_Number="O-0000001")
    assert stored.get("Status") == "Complete"


def test_a_failed_line_leaves_a_fallout_entry_and_the_rest_stands(road):
    road.work(
        mainframe_order(
            "8", mainframe_line(1, "A", "LCLLN001", ref="L"), mainframe_line(2, "A", "CALID001", parent=1, ref="C")
        )
    )
    [work_order] = road.work_orders()
    line, feature = [one.get("integrationId") for one in work_order_lines(work_order)]
    number = work_order.get("number")
    road.work(provisioning_status(number, [(feature, "FAILED")], reason="no such feature here"), "provisioning_status")
    road.work(provisioning_status(number, [(line, "COMPLETED")], time="2026-02-02T10:00:00Z"), "provisioning_status")
    assert road.profile() == {"Local Line": "Active"}
    [stored] = road.stored("OM Order", Order_Number="O-0000001")
    assert stored.get("Status") == "Failed"
    with road.open_hub.read() as transaction:
        [entry] = transaction.messages.fallout.listing()
    assert (entry["cause"], entry["lines"]) == ("Lines Failed", [feature])


def test_a_failed_parent_above_a_completed_child_is_never_closed_silently(road):
    road.work(
        mainframe_order(
            "9", mainframe_line(1, "A", "LCLLN001", ref="L"), mainframe_line(2, "A", "CALID001", parent=1, ref="C")
        )
    )
    [work_order] = road.work_orders()
    line, feature = [one.get("integrationId") for one in work_order_lines(work_order)]
    road.work(
        provisioning_status(work_order.get("number"), [(line, "FAILED"), (feature, "COMPLETED")], reason="no port"),
        "provisioning_status",
    )
    assert road.profile() == {}
    with road.open_hub.read() as transaction:
        causes = {entry["cause"]: entry["lines"] for entry in transaction.messages.fallout.listing()}
    assert causes == {"Lines Failed": [line], "Completed Below Failed": [feature]}


def test_an_order_after_an_order_builds_on_what_is_still_open(road):
    """A feature for a line that is ordered, but not there yet."""
    road.work(mainframe_order("10", mainframe_line(1, "A", "LCLLN001", ref="L")))
    shown = road.work(
        mainframe_order(
            "11",
            mainframe_line(1, "N", "LCLLN001", ref="L"),
            mainframe_line(2, "A", "VOICM001", parent=1, ref="V", more=VOICE_MAIL),
        )
    )
    assert shown["state"] == "done"
    first, second = road.work_orders()
    road.complete(first)
    road.complete(second)
    assert road.profile() == {"Local Line": "Active", "Local Line / Voice Mail": "Active"}


def test_the_next_revision_supplements_the_order(road):
    """Source revision 2 replaces revision 1: same order number, same keys, a work order of revision 2."""
    road.work(
        mainframe_order(
            "12",
            mainframe_line(1, "A", "LCLLN001", ref="L"),
            mainframe_line(2, "A", "VOICM001", parent=1, ref="V", more=VOICE_MAIL),
        )
    )
    [first] = road.work_orders()
    shown = road.work(
        mainframe_order(
            "12",
            mainframe_line(1, "A", "LCLLN001", ref="L"),
            mainframe_line(2, "A", "CALID001", parent=1, ref="C"),
            revision=2,
        )
    )
    assert shown["state"] == "done"
    [second] = road.work_orders()
    assert (second.get("number"), second.get("revision")) == (first.get("number"), "2")
    assert [one.get("product") for one in work_order_lines(second)] == ["Local Line", "Caller Id"]
    assert work_order_lines(second)[0].get("integrationId") == work_order_lines(first)[0].get("integrationId")
    revisions = {
        one.get("Revision"): one.get("Active Flag") for one in road.stored("OM Order", Order_Number="O-0000001")
    }
    assert revisions == {"1": "N", "2": "Y"}
    road.complete(second, revision=2)
    assert road.profile() == {"Local Line": "Active", "Local Line / Caller Id": "Active"}


def test_a_revision_that_comes_too_early_waits_for_the_one_before(road):
    late = road.send(mainframe_order("13", mainframe_line(1, "A", "ISDNL001", ref="I"), revision=2))
    road.run()
    shown = road.shown(late)
    assert (shown["state"], shown["waits_for"]) == ("parked", "order MAINFRAME/13 revision 1")
    road.work(mainframe_order("13", mainframe_line(1, "A", "LCLLN001", ref="L"), revision=1))
    assert road.shown(late)["state"] == "done"
    assert [
        one.get("Source Revision") for one in road.stored("OM Order", Order_Number="O-0000001", Active_Flag="Y")
    ] == ["2"]


def test_an_old_revision_is_answered_as_superseded(road):
    road.work(mainframe_order("14", mainframe_line(1, "A", "LCLLN001", ref="L")))
    road.work(mainframe_order("14", mainframe_line(1, "A", "LCLLN001", ref="L"), revision=2))
    shown = road.work(mainframe_order("14", mainframe_line(1, "A", "LCLLN001", ref="L"), message="MF-late"))
    assert shown["state"] == "filtered"
    assert parse(road.left("mainframe.answers")[-1].message.body).findtext("STATE") == "SUP"


def test_a_file_in_the_folder_is_done_with_its_answer_beside_it(road):
    inbox = road.folder / "folders" / "mainframe" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "night.xml").write_bytes(sample("order-5-file.xml"))
    (inbox / "bad.xml").write_bytes(b"<ORDERS/>")
    assert road.run()
    done, rejected = road.folder / "folders" / "mainframe" / "done", road.folder / "folders" / "mainframe" / "rejected"
    assert parse((done / "night.xml.reply.xml").read_bytes()).findtext("STATE") == "OK"
    assert parse((rejected / "bad.xml.reply.xml").read_bytes()).findtext("STATE") == "INV"
    assert (done / "night.xml").exists()
    assert (rejected / "bad.xml").exists()
    assert not list(inbox.iterdir())
    assert road.counts() == {"done": 1, "invalid": 1, "received": 1}  # the day of the order is planned


def test_a_profile_that_another_system_keeps_is_left_to_it(tmp_path):
    """Order synchronization: all but Apply Completed, where the deployment says so."""
    road = Road(tmp_path, service_profile="external").load_samples()
    road.work(sample("order-1-new-service.xml"))
    road.complete()
    assert road.profile() == {}
    [stored] = road.stored("OM Order", Order_Number="O-0000001")
    assert stored.get("Status") == "Complete"
    assert len(road.left("billing.events")) == 1
    road.close()
