"""A deployment adds pages, adds to shipped ones, replaces them, and has templates: in YAML, without Python."""

from __future__ import annotations

import pytest

from hub.deployment.proof import check_deployment
from tests.hub.web.people import text_of, web_in

PORTAL = """\
extends: customer_portal
shows:
  header:
    fields: {Currency Code: Pays in}
  team:
    heading: Sales
    object: Opportunity
    where: {Account Id: "{account}"}
    tab: Sales
    fields: {Name: Sale, Status: {label: Status, as: status}}
actions:
  new:
    label: Add
    next: {done: thanks}
"""
THANKS = """\
page: thanks
title: "Thank you, {header/Name}"
address: /thanks/{account}
right: see accounts
owner: "{account}"
template: thanks.html.j2
shows:
  header:
    object: Account
    where: {Account Id: "{account}"}
    as: details
    fields: {Name: Name}
"""
TEMPLATE = """\
<p>We add it to your quote, {{ page.parts[0].rows[0]["values"]["Name"] }}.</p>
{{ drawn["header"] }}
"""
ORDER = """\
page: order
title: Our own look at {order}
address: /our/orders/{order}
right: see orders
owner: {object: OM Order, where: {Order Number: "{order}"}}
menu: Ours
shows:
  header:
    object: OM Order
    where: {Order Number: "{order}", Active Flag: "Y"}
    as: details
    fields: {Status: How far}
"""
FILES = {
    "hub/web/pages/portal.yaml": PORTAL,
    "hub/web/pages/thanks.yaml": THANKS,
    "hub/web/pages/order.yaml": ORDER,
    "hub/web/templates/thanks.html.j2": TEMPLATE,
}


@pytest.fixture
def own(tmp_path):
    with web_in(tmp_path, FILES) as made:
        yield made


def test_the_deployment_is_sound(own):
    assert [finding for finding in check_deployment(own.road.folder) if finding.severity == "error"] == []


def test_a_field_and_a_tab_are_added_to_a_shipped_page(own):
    page = own.browser().json("/accounts/1-B?tab=Sales")
    assert page["parts"]["header"]["labels"]["Currency Code"] == "Pays in"
    assert page["parts"]["header"]["labels"]["Account Id"] == "Account"
    assert page["parts"]["team"]["heading"] == "Sales"
    assert [tab["label"] for tab in page["tabs"]][-1] == "Sales"


def test_a_transition_leads_to_a_page_of_the_deployment_with_its_template(own):
    browser = own.browser()
    assert "Add" in text_of(browser.get("/accounts/1-B").text)
    done = browser.fill("/accounts/1-B/do/new", product="Calling Card")
    assert done.headers["location"].startswith("/thanks/1-B?done=")
    text = text_of(browser.get(done.headers["location"]).text)
    assert "Thank you, Jane Doe" in text
    assert "We add it to your quote, Jane Doe." in text
    assert "Add: done." in text


def test_a_shipped_page_is_replaced_by_one_of_its_name(own):
    browser = own.browser()
    assert browser.get("/orders/O-0000001").status_code == 404
    page = browser.json("/our/orders/O-0000001")
    assert (page["title"], list(page["parts"])) == ("Our own look at O-0000001", ["header", "whom_to_call"])
    # Links of other pages follow the name.
    orders = browser.json("/accounts/1-B?tab=Orders")["parts"]["orders"]["rows"]
    assert orders[0]["links"]["number"] == "/our/orders/O-0000001"


def test_a_template_escapes_values_and_has_limits(tmp_path):
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}"
    with web_in(tmp_path, {**FILES, "hub/web/templates/thanks.html.j2": endless}) as web:
        answer = web.browser().get("/thanks/1-B")
        assert answer.status_code == 422
        assert "can&#39;t be filled with this page" in answer.text


def test_a_template_that_reaches_out_is_refused_before_it_is_used(tmp_path):
    reaching = '{{ page.__class__.__mro__ }}{% include "layout.html.j2" %}'
    files = {**FILES, "hub/web/templates/thanks.html.j2": reaching}
    with web_in(tmp_path) as web:
        from tests.hub.web.people import write_files

        write_files(tmp_path, files)
        (finding,) = [each for each in check_deployment(web.road.folder) if each.severity == "error"]
        assert finding.where.endswith("hub/web/templates/thanks.html.j2:1")


def test_a_rehearsed_action_of_the_whole_page_is_asked_with_the_fields_of_the_part_that_it_names(tmp_path):
    action = """\
extends: customer_portal
actions:
  branch:
    label: Branch
    right: change accounts
    of: header
    workflow: new-account
    rehearsed: yes
    asks: {city: {label: City}}
    arguments: {name: "[Name]", like: "{account}", city: "{city}"}
"""
    with web_in(tmp_path, {"hub/web/pages/branch.yaml": action}) as web:
        offered = {each["name"]: each for each in web.browser().json("/accounts/1-B")["actions"]}
        assert "refusal" not in offered["branch"]
        assert web.browser().get("/accounts/1-B/do/branch").status_code == 200
