"""The pages in a real browser: every page for accessibility and narrow screens, and what a person does at the desk."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

#: every page, and the forms
PAGES = {
    "identify_account": "/accounts?text=1-&account=1-B",
    "customer_portal": "/accounts/1-B",
    "quote": "/quotes/Q-0000001",
    "order": "/orders/O-0000001",
    "fallout": "/console/fallout",
    "move": "/accounts/1-B/move?text=Spokane",
    "moved": "/quotes/Q-0000001/move",
    "account_support": "/accounts/1-B/support",
    "my_services": "/my/services?account=1-B",
    "my_orders": "/my/orders?account=1-B",
    "my_order": "/my/orders/O-0000002",
    "my_quotes": "/my/quotes?account=1-B",
    "my_quote": "/my/quotes/Q-0000002",
    "my_support": "/my/support?account=2-LB",
    "catalogue": "/my/catalogue?account=1-B",
    "third_parties": "/my/third-parties?account=1-B",
    "a form": "/accounts/1-B/do/new",
    "an error": "/nothing",
    "the password": "/password",
}
#: pages of the back office
OFFICE = {
    "callbacks": "/callbacks",
    "callback": "/callbacks/CB-0000001",
    "tickets": "/tickets",
    "ticket": "/tickets/TT-0000001",
    "inventory_requests": "/inventory",
    "inventory_request": "/inventory/IR-0000001",
    "contacts": "/contacts",
    "help_centre": "/help",
    "help_topic": "/help/order-status",
    "an edited topic": "/help/order-status/do/edit?row=order-status",
}
#: each page with a user who sees it
LOOKED_AT = [*((name, address, "carla") for name, address in PAGES.items())]
LOOKED_AT += [("approvals", "/approvals", "martin")]
LOOKED_AT += [(name, address, "bo") for name, address in OFFICE.items()]
SERIOUS = ("serious", "critical")


def serious_faults(page):
    found = Axe().run(page).response["violations"]
    return [
        (each["id"], node["target"], node["failureSummary"])
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


def test_every_page_is_looked_at(served_web):
    assert set(served_web.web.open_hub.deployment.pages) <= {name for name, _, _ in LOOKED_AT}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(served_web, scheme):
    pages = {user: served_web.page(user, color_scheme=scheme) for user in ("carla", "bo", "martin")}
    for name, address, user in LOOKED_AT:
        page = pages[user]
        page.goto(address)
        assert serious_faults(page) == [], name
    signed_out = served_web.page(None, color_scheme=scheme)
    signed_out.goto("/sign-in")
    assert serious_faults(signed_out) == []


@pytest.mark.parametrize("width", [360, 768])
def test_no_page_scrolls_sideways_on_a_narrow_screen(served_web, width):
    pages = {user: served_web.page(user, width=width) for user in ("carla", "bo", "martin")}
    for name, address, user in LOOKED_AT:
        page = pages[user]
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        for tab in page.locator(".tabs a").all():
            page.goto(tab.get_attribute("href"))
            assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def test_the_care_desk_from_the_log_in_to_a_quote(served_web):
    """Log in, find the customer, look at the services, disconnect one, log out: without a fault in the browser."""
    from tests.hub.web.people import PASSWORD

    page = served_web.page(None)
    page.goto("/")
    page.get_by_label("User name").fill("carla")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Name, number or address").fill("5095550140")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Jane Doe").first.click()
    page.wait_for_url(re.compile("/accounts/1-B"))
    assert page.get_by_role("heading", level=1).inner_text() == "Jane Doe"
    row = page.get_by_role("row").filter(has_text="Local Breakthrough Package")
    row.get_by_role("link", name="Disconnect").click()
    page.get_by_label("Wanted on").fill("2030-01-31")
    page.get_by_role("button", name="Disconnect").click()
    page.wait_for_url(re.compile("/quotes/Q-"))
    assert "Disconnect: done." in page.get_by_role("status").inner_text()
    assert page.get_by_role("cell", name="Delete").count() > 0
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/sign-in"))
    assert page.faults == []


def test_a_callback_is_asked_for_and_made(served_web):
    """A customer asks to be called; the back office takes the request, calls, and tells the outcome."""
    jane, bo = served_web.page("jane"), served_web.page("bo")
    jane.goto("/accounts/1-B")
    jane.get_by_role("complementary").get_by_role("link", name="Service desk").click()
    jane.get_by_role("link", name="Ask to be called").click()
    jane.get_by_label("What is it about?").fill("A second line")
    jane.get_by_label("Telephone").fill("509-555-0140")
    jane.get_by_role("button", name="Ask to be called").click()
    jane.wait_for_url(re.compile("/callbacks/CB-"))
    number = jane.get_by_role("heading", level=1).inner_text().removeprefix("Callback ")
    bo.goto("/callbacks")
    bo.get_by_role("row").filter(has_text=number).get_by_role("link", name="Take").click()
    bo.get_by_role("button", name="Take").click()
    bo.wait_for_url(re.compile(f"/callbacks/{number}"))
    bo.get_by_role("link", name="Done").click()
    bo.get_by_label("What came of it?").fill("She orders it on Monday.")
    bo.get_by_role("button", name="Done").click()
    bo.wait_for_url(re.compile("done="))
    jane.reload()
    assert jane.get_by_text("She orders it on Monday.").count() == 2  # the outcome, and the history
    assert (jane.faults, bo.faults) == ([], [])


def test_the_same_without_javascript(served_web):
    page = served_web.page("martin", java_script_enabled=False)
    page.goto("/accounts?text=1-B")
    page.get_by_role("link", name="Jane Doe").first.click()
    page.get_by_role("link", name="New product or service").click()
    page.get_by_label("Product").select_option("Calling Card")
    page.get_by_role("button", name="New product or service").click()
    assert "/quotes/Q-" in page.url
    assert "Calling Card" in page.get_by_role("main").inner_text()


def test_by_keyboard_alone(served_web):
    """Skip to the content, search, follow a tab, with the place of the focus always to be seen."""
    page = served_web.page("sally")
    page.goto("/accounts")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "text"
    page.keyboard.type("Jane Doe")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("text=Jane"))
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "1-B":
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("account=1-B"))
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Contacts":
            break
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("tab=Contacts"))
    page.get_by_role("heading", name="Contacts").wait_for()
    assert page.faults == []


def test_a_refusal_takes_the_focus(served_web):
    """A reader of screens hears of it at once."""
    page = served_web.page()
    page.goto("/accounts/1-B")
    page.get_by_role("row").filter(has_text="Local Breakthrough Package").get_by_role("link", name="Modify").click()
    page.get_by_label("Quantity").fill("many")
    page.get_by_role("button", name="Modify").click()
    page.get_by_role("alert").wait_for()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    assert page.get_by_label("Quantity").input_value() == "many"


def test_nothing_of_a_page_stays_in_the_browsers_storage(served_web):
    """htmx would keep whole pages for the way back; it keeps the address alone."""
    page = served_web.page()
    page.goto("/accounts?text=1-B")
    page.get_by_role("link", name="Jane Doe").first.click()
    page.get_by_role("link", name="Quotes").click()
    page.wait_for_url(re.compile("tab=Quotes"))
    assert page.evaluate("Object.keys(localStorage)") == []
    assert page.evaluate("Object.keys(sessionStorage)") == ["htmx-current-path-for-history"]


def test_a_customer_orders_and_follows_the_order(served_web):
    """Choose in the catalogue, see the price, order; the order's page says where it is and what can still be done."""
    page = served_web.page("jane")
    page.goto("/")
    page.get_by_role("link", name="Catalogue").click()
    page.get_by_role("row").filter(has_text="Calling Card").get_by_role("link", name="Choose").click()
    page.get_by_role("button", name="Choose").click()
    page.wait_for_url(re.compile("/my/quotes/Q-"))
    assert "0.10" in page.get_by_role("row").filter(has_text="Calling Card").inner_text()
    page.get_by_role("link", name="Order", exact=True).click()
    page.get_by_label("Wanted on").fill("2030-01-31")
    page.get_by_role("button", name="Order").click()
    page.wait_for_url(re.compile("/my/orders/O-"))
    said = page.get_by_role("main").inner_text()
    assert all(words in said for words in ("in progress", "2030-01-31", "build your services", "Your services now"))
    page.get_by_role("link", name="Cancel the order").click()
    page.get_by_role("button", name="Cancel the order").click()
    page.get_by_text("Cancel the order isn’t possible now: it is over").wait_for()
    assert page.faults == []
