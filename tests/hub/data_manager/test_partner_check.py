"""A partner's own check gives the verdicts of the real run, and leaves nothing behind."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from adapters.transport import Delivery, Envelope
from hub.data_manager.partner_check import judge
from tests.road import Road, mainframe_line, mainframe_order, sample

ROUTE = "mainframe_order"
NEW, UNKNOWN, CHANGE = (sample(f"order-{name}.xml") for name in ("1-new-service", "3-unknown-product", "2-change"))


def delivery(body, id=None, sender="local", **parts):
    return Delivery(Envelope(id, body, **parts), ROUTE, sender, "file")


def stored(road):
    """Every row of every table."""
    with road.open_hub.database.read() as connection:
        names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        return {name: connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in names}


def test_a_check_gives_the_verdicts_of_the_real_run_and_keeps_nothing(road):
    """Orders of one account, one after the other: accepted, refused by map, schema, rule and id, repeated, changed."""
    deliveries = [
        delivery(NEW, "M-1"),
        delivery(UNKNOWN, "M-2"),
        delivery(NEW, "M-1"),
        delivery(NEW + b" ", "M-1"),
        delivery(b"<ORDERS><ORDER/></ORDERS>", "M-4"),
        delivery(b"\x00", "M-5"),
        delivery(CHANGE, "M-6"),
        delivery(mainframe_order("7", mainframe_line(1, "A", "VMAIL"), customer="999").encode(), "M-7"),
        delivery(b"x" * 5_000_000, "M-8"),
    ]
    before = stored(road)
    judgements = judge(road.open_hub, road.open_hub.deployment.routes[ROUTE], deliveries)
    assert stored(road) == before
    assert [judgement.state for judgement in judgements][:7] == [
        "done",
        "rejected",
        "done",
        "rejected",
        "invalid",
        "invalid",
        "done",
    ]
    assert [judgement.is_repeat for judgement in judgements].count(True) == 1
    for judgement, real in zip(judgements, deliveries, strict=True):
        filed = road.manager.file(road.open_hub.deployment.routes[ROUTE], [real])[0]
        road.run()
        shown = road.shown(filed.row_id)
        assert (judgement.state, judgement.error) == (shown["state"], shown["error"])


def test_a_check_of_orders_that_ask_a_system_that_is_away_tells_that_they_would_wait(tmp_path, command):
    road = Road(tmp_path).load_samples()
    road.close()
    (tmp_path / "orderhub.toml").write_text('routes = ["*"]\nconfigurator_url = "http://127.0.0.1:9/"\n')
    (tmp_path / "o.xml").write_bytes(NEW)
    printed = command("partner", "check", ROUTE, "o.xml", "--json", expect=3)
    [judgement] = json.loads(printed.out)
    assert (judgement["state"], judgement["error"]["reason"]) == ("retrying", "ServiceAway")


def test_the_command_prints_a_verdict_for_each_file_and_ends_by_the_worst(road, command, tmp_path):
    for name, body in (("new.xml", NEW), ("unknown.xml", UNKNOWN), ("change.xml", CHANGE)):
        (tmp_path / name).write_bytes(body)
    assert (
        command("partner", "check", ROUTE, "new.xml", "change.xml").out == "new.xml: accepted\nchange.xml: accepted\n"
    )
    printed = command("partner", "check", ROUTE, "new.xml", "unknown.xml", "new.xml", expect=1)
    assert printed.err == ""
    lines = printed.out.splitlines()
    assert (lines[:2], lines[-2:]) == (
        ["new.xml: accepted", "unknown.xml: rejected"],
        ["  reason: NotInLookup", "new.xml: accepted, known already"],
    )
    assert command("partner", "check", "none", "new.xml", expect=2).err.endswith("reason: RouteUnknown\n")
    assert command("partner", "check", ROUTE, "gone.xml", expect=2).err.endswith("reason: FileUnreadable\n")


@pytest.mark.parametrize("sender", [None, "eagle"])
def test_a_file_is_judged_as_a_message_of_the_routes_sender(road, command, tmp_path, monkeypatch, sender):
    route = tmp_path / "hub" / "routes" / "closed.yaml"
    route.parent.mkdir(parents=True)
    route.write_text(
        "route: closed\nfrom: {folder: closed}\nobject: Mainframe Order\nmap: Mainframe Order to OM Order\n"
        "workflow: Receive Order\nsenders: [kite]\n"
    )
    (tmp_path / "new.xml").write_bytes(NEW)
    options = [] if sender is None else ["--sender", sender]
    printed = command("partner", "check", "closed", "new.xml", *options, expect=0 if sender is None else 1)
    assert ("SenderRefused" in printed.out) == (sender == "eagle")
