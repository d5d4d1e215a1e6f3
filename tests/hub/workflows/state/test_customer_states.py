"""Each status of an order and of a line has one of a customer's six words."""

from __future__ import annotations

import importlib.resources

import pytest

from hub.workflows.state.customer_states import STATES, read_customer_states
from integration_objects.declaration import DeclarationFault, Source

SHIPPED = (importlib.resources.files("hub") / "states" / "orders.yaml").read_text(encoding="utf-8")
STATES_AS_SHIPPED = read_customer_states([Source("orders.yaml", SHIPPED)])


def fault_of(old: str, new: str) -> str:
    assert old in SHIPPED
    with pytest.raises(DeclarationFault) as caught:
        read_customer_states([Source("orders.yaml", SHIPPED.replace(old, new))])
    return caught.value.what


def test_all_six_words_are_in_use():
    states = STATES_AS_SHIPPED
    assert {state.state for state in (*states.of_order.values(), *states.of_line.values())} == set(STATES)


def test_final_states_have_no_next_step_and_all_others_have_one():
    states = STATES_AS_SHIPPED
    for state in (*states.of_order.values(), *states.of_line.values()):
        assert (state.next_step is None) == (state.who_acts is None) == (state.state in ("done", "cancelled"))


def test_a_status_without_a_word_is_a_fault():
    assert fault_of("  Rejected: {", "  # Rejected: {") == "the key 'Rejected' is missing"
    assert fault_of("  Cancelled: {state: cancelled}\nline", "line") == "the key 'Cancelled' is missing"


def test_a_status_that_no_order_has_and_a_seventh_word_are_faults():
    assert "'Lost'" in fault_of("  New: {", "  Lost: {state: done}\n  New: {")
    assert fault_of("state: checking", "state: thinking") == "'thinking' is not allowed here"


def test_a_next_step_needs_somebody_who_acts():
    assert "without somebody who acts" in fault_of(", who acts: approver", "")


def test_the_systems_with_open_work_act_and_else_the_hub():
    state = STATES_AS_SHIPPED.of_order["Open"]
    assert (state.acting({"B", "A"}), state.acting(())) == ("A, B", "hub")
    assert STATES_AS_SHIPPED.of_order["Complete"].acting({"A"}) is None


def test_two_declarations_of_one_name_are_a_fault():
    with pytest.raises(DeclarationFault) as caught:
        read_customer_states([Source("a.yaml", SHIPPED), Source("b.yaml", SHIPPED)])
    assert caught.value.what == "the customer states 'Orders' is declared twice"
