"""`orderhub check` proves the expressions that definitions and routes declare."""

from __future__ import annotations

import pathlib

import pytest

from hub.deployment.deployment import open_deployment
from hub.deployment.proof import DeploymentUnsound, check_deployment, prove
from hub.deployment.settings import read_settings


@pytest.fixture
def declare(tmp_path: pathlib.Path):
    """Write a deployment's extension of the line items; returns what the check finds, without the folder."""

    def write(settings: str) -> list[str]:
        (tmp_path / "orderhub.toml").write_text("routes = []\n")
        (tmp_path / "integration_objects").mkdir(exist_ok=True)
        file = tmp_path / "integration_objects" / "line.yaml"
        file.write_text(f"extends: Line Item\ncomponents:\n  Line Item:\n{settings}")
        found = check_deployment(tmp_path, read_settings(tmp_path, environment=False, routes=[]))
        return [str(one).replace(str(file), "line.yaml") for one in found]

    return write


def test_conditions_that_hold_with_the_definition_are_no_findings(declare):
    assert (
        declare(
            "    action aliases:\n"
            "      - {code: Update, alias: Stop, condition: \"[Old Status] = 'Active' AND [Status] = 'Suspended'\"}\n"
            "      - {code: Delete, alias: Disconnect}\n"
            '    trigger condition: "[Old Due Date] IS NOT NULL"\n'
        )
        == []
    )


@pytest.mark.parametrize(
    ("settings", "finding"),
    [
        (
            "    action aliases:\n"
            "      - code: Update\n"
            "        alias: Suspend\n"
            "        condition: \"[Old Statuss] = 'Active'\"\n",
            "line.yaml:7:20: error: the condition of 'Suspend': expression \"[Old Statuss] = 'Active'\" is not "
            "understood, column 1: component 'Line Item' has no field 'Statuss' (did you mean 'Status'?)",
        ),
        (
            '    trigger condition: "[Due] IS NULL"\n',
            "line.yaml:4:24: error: the trigger condition: expression '[Due] IS NULL' is not understood, column 1: "
            "component 'Line Item' has no field 'Due' (did you mean 'Due Date'?)",
        ),
        (
            "    trigger field: Quantity\n    trigger value: many\n",
            "line.yaml:5:20: error: the trigger value doesn't fit 'Quantity': "
            "expected a number (digits with a sign and a point), found 'many' (set a value of the field's type)",
        ),
        (
            '    trigger condition: "[Status] = Complete"\n',
            "line.yaml:4:24: warning: the trigger condition, column 12: 'Complete' stands without quotes "
            "(write 'Complete')",
        ),
        (
            '    trigger condition: "[Status] <> NULL"\n',
            "line.yaml:4:24: warning: the trigger condition, column 10: a comparison with NULL is always FALSE "
            "(write IS NULL)",
        ),
    ],
)
def test_every_finding_names_its_place_once_for_all_objects_that_share_the_component(declare, settings, finding):
    assert declare(settings) == [finding]


def test_a_hub_with_a_broken_condition_does_not_start(declare, tmp_path):
    declare('    trigger condition: "[Due] IS NULL"\n')
    with pytest.raises(DeploymentUnsound) as refused:
        prove(open_deployment(tmp_path))
    assert str(refused.value) == (
        "the trigger condition: expression '[Due] IS NULL' is not understood, column 1: "
        "component 'Line Item' has no field 'Due'\n"
        f"  where: {tmp_path}/integration_objects/line.yaml:4:24\n"
        "  mend:  did you mean 'Due Date'?"
    )


def test_the_habits_of_a_routes_key_are_warned_of(declare, tmp_path):
    (tmp_path / "hub" / "routes").mkdir(parents=True)
    (tmp_path / "hub" / "routes" / "mine.yaml").write_text(
        "route: mine\nfrom: {channel: mine}\nobject: Mainframe Order\nmap: Mainframe Order to OM Order\n"
        'workflow: Receive Order\nidentity: {field: "[ORDER/MSG-ID]"}\nkey: "[ORDER/CUST-NO] + x"\n'
    )
    [finding] = declare("    triggers: [Due Date]\n")
    assert finding.endswith("warning: route 'mine', column 19: 'x' stands without quotes (write 'x')")
