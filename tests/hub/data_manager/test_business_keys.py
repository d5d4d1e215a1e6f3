"""Messages are found by the orders, accounts and services that they are about."""

from __future__ import annotations

import json

from hub.data_manager.business_keys import MOST_KEYS, keys_of_accepted
from integration_objects.complex_object import message
from integration_objects.property_set import PropertySet
from tests.road import mainframe_line, mainframe_order, sample


def _found(command, *options):
    return [row["id"] for row in json.loads(command("messages", "list", "--json", *options).out)]


def test_an_accepted_order_is_found_by_its_numbers_its_account_and_its_services(road, command):
    id = road.send(sample("order-1-new-service.xml"))
    road.run()
    (order,) = road.stored("OM Order")
    line = road.stored("OM Order")[0].children[0].children[0]
    assert _found(command, "--order", order.get("Order Number")) == [id]
    assert _found(command, "--order", order.get("Source Order Number")) == [id]
    assert _found(command, "--account", order.get("Account Id")) == [id]
    assert _found(command, "--integration-id", line.get("Integration Id")) == [id]
    assert _found(command, "--order", "O-9999999") == []


def test_a_refused_order_is_found_though_it_left_no_order(road, command):
    lines = mainframe_line(1, "A", "LCLLN001", ref="L1", more="<PHONE>509 555-0199</PHONE>")
    shown = road.work(mainframe_order("1", lines, customer="100999"))
    assert (shown["state"], road.stored("OM Order")) == ("rejected", [])
    with road.open_hub.read() as transaction:
        keys = transaction.messages.message_keys.of(shown["seq"])
    assert {("order", "1"), ("account", "100999"), ("service id", "5095550199")} <= set(keys)
    for key in keys:
        assert _found(command, f"--{key.kind.replace(' ', '-')}", key.value) == [shown["id"]]
    assert _found(command, "--reason", shown["reason"], "--state", "rejected,invalid") == [shown["id"]]


def test_one_search_goes_by_one_key(road, command):
    printed = command("messages", "list", "--order", "1", "--account", "2", expect=2)
    assert printed.err.startswith("one search goes by one business key\n  where: options --order, --account\n")


def test_a_message_of_many_accounts_is_not_kept_by_each():
    accounts = [PropertySet("Account", properties={"Account Id": f"1-{number}"}) for number in range(MOST_KEYS + 1)]
    keys = keys_of_accepted(message("Account", accounts), None, {"O-1": "1-X"})
    assert len(keys) == MOST_KEYS
    assert [tuple(key) for key in keys[:3]] == [("order", "O-1"), ("account", "1-X"), ("account", "1-0")]
