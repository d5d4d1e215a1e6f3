"""The source's usage scenarios a to c, clicked through from Identify Account to the profile.

One browser plays the sales agent; provisioning's answers come as in `tests/scenarios`. The numbers are the source's:
a line costs 5.99 and with fifteen lines 4.99, the bundle 25, an ISDN line 29.

Source: "Usage Scenarios".
"""

from __future__ import annotations

import re

from tests.hub.web.test_browser import serious_faults

BUNDLE, LINE, ISDN = "Small Business Enabler", "Local Line", "ISDN Line"
NEW_YORK = "2-AW-NY"


def field(page, product, label, number=0):
    """A field of a product's part of the configurator's form."""
    heading = page.locator("h2", has_text=re.compile(rf"^\s*{product}"))
    within = page.locator(".item").filter(has=heading).nth(number)
    return within.get_by_label(label, exact=True)


def add(page, product, count, number=0):
    """Say how many of a component are to be added."""
    page.get_by_label(re.compile(rf"^{product}: .*Add$")).nth(number).fill(str(count))


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def follow(page, name):
    page.get_by_role("link", name=name, exact=True).first.click()


def open_form(page, name):
    """Follow the link to an action's form, and wait for the form."""
    follow(page, name)
    page.get_by_role("button", name=name, exact=True).wait_for()


def customize(page, product):
    row = page.get_by_role("row").filter(has_text=product).first
    row.get_by_role("link", name="Customize").click()
    page.get_by_role("button", name="Check").wait_for()


def act(page, action):
    """Ask for an action without answers, and see that it is done."""
    open_form(page, action)
    press(page, action)
    page.get_by_role("status").filter(has_text=f"{action}: done.").wait_for()


def totals(page):
    return page.locator(".totals").inner_text().split()


def lines_with(page, change):
    return page.locator(f"tr[data-change='{change}']").count()


def whole(page):
    """Show every line, where some are folded."""
    link = page.get_by_role("link", name="Show every line")
    if link.count():
        link.click()
        page.wait_for_url(re.compile("whole=Y"))


def order_and_install(page, web):
    """Place the quote's order, submit it, and let provisioning answer."""
    open_form(page, "Sales order")
    press(page, "Sales order")
    page.wait_for_url(re.compile("/orders/O-"))
    act(page, "Submit")
    assert page.locator("#header .status", has_text="Open").count() == 1
    web.care.provision()
    page.reload()
    assert page.locator("#header .status", has_text="Complete").count() == 1


def test_a_b_and_c_the_bundle_of_a_new_office(served_web):
    """Ten lines for a new office; a month later five more, and one replaced; then an ISDN line for the boss."""
    page = served_web.page("martin")
    # a. The new service account has the details of the existing one.
    page.goto("/accounts")
    page.get_by_label("Name, number or address").fill(NEW_YORK)
    press(page, "Search")
    follow(page, NEW_YORK)
    page.wait_for_url(re.compile("account="))
    open_form(page, "New service account")
    page.get_by_label("Name").fill("American Widgets Inc, Spokane")
    page.get_by_label("Street").fill("1 Main Street")
    page.get_by_label("City").fill("Spokane")
    press(page, "New service account")
    page.get_by_role("status").filter(has_text="New service account: done.").wait_for()
    page.locator("#header").get_by_role("link").first.click()
    page.get_by_role("heading", level=1, name="American Widgets Inc, Spokane").wait_for()
    portal = page.url
    open_form(page, "New product or service")
    page.get_by_label("Product").select_option(BUNDLE)
    press(page, "New product or service")
    page.wait_for_url(re.compile("/quotes/Q-"))
    customize(page, BUNDLE)
    assert "Has 1 Local Line, and needs at least 5." in page.get_by_role("main").inner_text()
    assert serious_faults(page) == []
    field(page, LINE, "Number").fill("509-555-0101")
    field(page, LINE, re.compile("^Copies")).fill("509-555-0102..509-555-0110")
    add(page, "Caller Id", 1)
    page.get_by_label(re.compile("^Password")).fill("1234")
    press(page, "Check")
    page.get_by_text("monthly: 84.90 USD").wait_for()
    press(page, "Done")
    page.wait_for_url(re.compile("/quotes/Q-.*done="))
    assert totals(page) == ["Monthly", "84.90", "USD"]
    whole(page)
    assert (lines_with(page, "new"), lines_with(page, "changed")) == (41, 0)
    assert page.get_by_role("cell", name="5.99", exact=True).count() == 10
    order_and_install(page, served_web.web)
    page.goto(portal)
    assert page.get_by_role("row").filter(has_text=LINE).filter(has_text="Active").count() == 10
    # b. Five copies of the first line, one of the second, and the fourth is taken away.
    page.get_by_role("row").filter(has_text=BUNDLE).get_by_role("link", name="Customize").click()
    page.get_by_role("button", name="Check").wait_for()
    field(page, LINE, re.compile("^Copies"), 0).fill("509-555-0201..509-555-0205")
    field(page, LINE, re.compile("^Copies"), 1).fill("509-555-0206")
    field(page, LINE, re.compile("^Remove"), 3).check()
    press(page, "Done")
    page.wait_for_url(re.compile("/quotes/Q-.*done="))
    assert "In all: 24 Add, 9 Update, 4 Delete, 28 unchanged." in page.get_by_role("main").inner_text()
    assert totals(page) == ["Monthly", "99.85", "USD"]
    whole(page)
    assert [lines_with(page, change) for change in ("new", "changed", "gone", "unchanged")] == [24, 9, 4, 28]
    assert page.locator("tr[data-change=changed] del", has_text="5.99").count() == 9
    # c. An ISDN line on the same quote; the quote is ordered and submitted.
    customize(page, BUNDLE)
    add(page, ISDN, 1)
    press(page, "Check")
    page.locator(".item h2", has_text=ISDN).wait_for()
    press(page, "Done")
    page.wait_for_url(re.compile("/quotes/Q-.*done="))
    assert totals(page) == ["Monthly", "128.85", "USD"]
    row = page.get_by_role("row").filter(has_text=ISDN)
    row.get_by_role("link", name="Edit").click()
    page.get_by_role("button", name="Edit", exact=True).wait_for()
    page.get_by_label("Service point").fill("SP-509-1")
    press(page, "Edit")
    page.get_by_role("status").filter(has_text="Edit: done.").wait_for()
    order_and_install(page, served_web.web)
    page.goto(portal)
    active = page.get_by_role("row").filter(has=page.get_by_role("cell", name="Active", exact=True))
    assert (active.filter(has_text=LINE).count(), active.filter(has_text="4.99").count()) == (15, 15)
    assert active.filter(has_text=ISDN).filter(has_text="29.00").count() == 1
    # The portal shows what is there: the line that was taken away isn't.
    assert page.get_by_text("509-555-0104").count() == 0
    assert page.faults == []
