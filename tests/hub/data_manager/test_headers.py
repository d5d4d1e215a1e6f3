"""The headers of messages that leave: the page has all of them, and a trace goes on."""

from __future__ import annotations

import pathlib
import re

from tests.road import sample

PAGE = (pathlib.Path(__file__).parents[3] / "docs" / "outbound_messages.md").read_text(encoding="utf-8")
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def left(road):
    """Work an order that is done, one that is refused, and its answers; return the messages that leave, by kind."""
    for name in ("order-1-new-service.xml", "order-3-unknown-product.xml"):
        road.work(sample(name), headers={"traceparent": f"00-{TRACE}-{PARENT}-01"}, reply_to="elsewhere")
    channels = ("provisioning.work_orders", "mainframe.answers", "mainframe_order.dead-letter")
    return [row.message for channel in channels for row in road.left(channel)]


def test_the_page_has_each_header_beside_the_kind_of_message_that_bears_it(road):
    rows = re.findall(r"^\| (`.*?`) \| (.*?) \|", PAGE.partition("## Headers")[2], re.MULTILINE)
    listed = {name: kind for names, kind in rows for name in re.findall("`(.*?)`", names)}
    borne = {(name, message.kind) for message in left(road) for name in message.headers}
    assert {name for name, _ in borne} == set(listed)
    assert all(listed[name] in ("all", kind) for name, kind in borne)


def test_all_messages_go_on_with_the_trace_of_the_message_that_caused_them(road):
    contexts = [message.headers["traceparent"].split("-") for message in left(road)]
    assert {(version, trace, flags) for version, trace, _, flags in contexts} == {("00", TRACE, "01")}
    steps = [step for _, _, step, _ in contexts]
    assert len(set(steps)) == len(steps)
    assert PARENT not in steps


def test_a_trace_context_that_is_none_begins_a_new_trace(road):
    """The messages of one order have one trace, whatever stands in the order's header."""
    traces = []
    for number, context in enumerate(("00-" + "0" * 32 + "-00f067aa0ba902b7-01", "yes", None)):
        headers = {} if context is None else {"traceparent": context}
        road.work(sample("order-3-unknown-product.xml").replace(b"MF-0003", f"T-{number}".encode()), headers=headers)
        (answer,) = road.take("mainframe.answers")
        (letter,) = road.take("mainframe_order.dead-letter")
        one, other = (row.message.headers["traceparent"].split("-")[1] for row in (answer, letter))
        assert one == other
        traces.append(one)
    assert len(set(traces)) == 3
