"""The console in a real browser: nothing serious for axe, narrow screens, and an operator who repairs an order."""

from __future__ import annotations

import pytest

from tests.hub.web.conftest import served_web as served_web
from tests.hub.web.test_browser import serious_faults
from tests.road import mainframe_line, mainframe_order


@pytest.fixture(scope="module")
def refused(served_web):
    """A message that was refused because of its customer's number."""
    road = served_web.web.road
    id = road.send(mainframe_order("77001", mainframe_line(1, "A", "LCLLN001", ref="L1"), customer="100999"))
    road.run()
    return id


def addresses(refused):
    return (
        "/console",
        "/console/messages?state=rejected",
        f"/console/messages/{refused}",
        f"/console/messages/{refused}/content?why=77001",
        f"/console/messages/{refused}/do/resubmit",
        "/console/outbound",
        "/console/jobs",
        "/console/feeds",
        "/console/declarations",
        "/console/components/route:hub_object",
    )


@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_serious_and_no_page_scrolls_sideways(served_web, refused, width):
    page = served_web.page("olga", width=width)
    for address in addresses(refused):
        page.goto(address)
        assert serious_faults(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    assert page.faults == []


def test_an_operator_finds_out_why_an_order_is_stuck_and_repairs_it(served_web, refused):
    page = served_web.page("olga")
    page.goto("/console/messages")
    page.get_by_label("Order", exact=True).fill("77001")
    page.get_by_role("button", name="Search").click()
    page.locator("#messages tbody a").first.click()
    assert "AccountUnknown" in page.locator("#error").inner_text()
    page.get_by_role("link", name="Resubmit").click()
    page.get_by_label("Text to replace").fill("100999")
    page.get_by_label("Text in its place").fill("100300")
    page.get_by_label("Reason").fill("the customer's number was wrong")
    page.get_by_role("button", name="Resubmit").click()
    page.wait_for_url("**/console/jobs/*")
    served_web.web.road.run()
    page.get_by_role("link", name="Look again").click()
    assert "succeeded" in page.locator("#progress").inner_text()
    assert "the customer's number was wrong" in page.locator("#job").inner_text()
    assert page.faults == []
