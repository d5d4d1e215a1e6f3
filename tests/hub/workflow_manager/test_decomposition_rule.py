"""Decomposition rules as they are declared."""

from __future__ import annotations

import pytest

from hub.workflow_manager.decomposition_rule import read_decomposition_rules
from integration_objects.declaration import DeclarationFault, Source
from integration_objects.definition import shipped_definitions
from tests.trees import item

BROADBAND = """\
decomposition rule: Broadband
products: [DSL Line]
actions: [Add, Update]
when: "[Quantity] = 1"
tasks:
  - {task: Build, system: Network}
  - task: Configure
    system: Access Platform
    after: [{task: Build, milestone: Port Assigned}]
    needs: [Service Id]
"""


def rules(*texts: str):
    sources = [Source(f"hub/decomposition/{number}.yaml", text) for number, text in enumerate(texts)]
    return read_decomposition_rules(sources, shipped_definitions())


def test_a_rule_takes_lines_by_product_action_and_condition():
    [rule] = rules(BROADBAND)
    assert rule.takes(item("1", product_id="DSL Line", action="Add", quantity="1"))
    assert not rule.takes(item("1", product_id="ISDN Line", action="Add", quantity="1"))
    assert not rule.takes(item("1", product_id="DSL Line", action="Delete", quantity="1"))
    assert not rule.takes(item("1", product_id="DSL Line", action="Add", quantity="2"))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("actions: [Add", "actions: [Insert", "'Insert' is not allowed here"),
        ("[Quantity] = 1", "[Quantities] = 1", "expression '[Quantities] = 1' is not understood"),
        ("[Service Id]", "[Telephone]", "there is no field of a line 'Telephone'"),
        (
            "{task: Build, milestone",
            "{task: Built, milestone",
            "the task 'Configure' waits for an unknown task 'Built'",
        ),
        ("task: Configure", "task: Build", "the task 'Build' is declared twice"),
        (", milestone: Port Assigned", ", line: above", "there is no key 'line'"),
        ("{task: Build, milestone: Port Assigned}", "{products: [Modem]}", "a line can't wait for all of its own work"),
        ("needs:", "days before due: -1\n    needs:", "-1 is no number of days from 0 to 3660"),
        ("needs:", "one for: customer\n    needs:", "'customer' is not allowed here"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(old, new, what):
    assert old in BROADBAND
    with pytest.raises(DeclarationFault) as refused:
        rules(BROADBAND.replace(old, new))
    assert refused.value.what == what
    assert refused.value.where.startswith("hub/decomposition/0.yaml:")


def test_tasks_of_one_line_that_wait_for_each_other_are_refused_by_name():
    with pytest.raises(DeclarationFault) as refused:
        rules(BROADBAND.replace("system: Network}", "system: Network, after: [{task: Configure}]}"))
    assert str(refused.value) == (
        "the tasks of the rule 'Broadband' wait for each other: Build waits for Configure waits for Build\n"
        "  where: hub/decomposition/0.yaml:6:12\n"
        "  why:   none of them could ever start\n"
        "  mend:  take one of these waits away"
    )


def test_two_rules_of_one_name_are_refused():
    with pytest.raises(DeclarationFault, match="there are two decomposition rules 'Broadband'"):
        rules(BROADBAND, BROADBAND)
