"""Systems that get nothing: the proof knows every object that the shipped workflows send."""

from __future__ import annotations

import ast
import pathlib

import pytest

import hub.workflows
from hub.deployment.proof import DeploymentUnsound, check_deployment, load_deployment
from hub.deployment.system_findings import SENT
from hub.workflows.support.records import KINDS
from integration_objects import names

SYSTEM = "system: Surveys\ntakes: OM Reply\nchannel: surveys\n"
WORKFLOW = """\
from hub.extension import Outcome, PropertySet, Run, named_workflow


def survey(run: Run) -> Outcome:
    run.effects.emit("{object}", PropertySet("Survey"))
    return Outcome()


WORKFLOWS = [named_workflow("Survey", survey, "send a survey")]
"""


def deployment(folder: pathlib.Path, workflow: str | None) -> pathlib.Path:
    files = {"orderhub.toml": "", "adapters/systems/surveys.yaml": SYSTEM}
    if workflow is not None:
        files["hub/workflows/survey.py"] = WORKFLOW.replace("{object}", workflow)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_system_that_nothing_sends_to_stops_the_start(tmp_path: pathlib.Path) -> None:
    deployment(tmp_path, None)
    [found] = check_deployment(tmp_path)
    assert (found.severity, found.where) == ("error", f"{tmp_path}/adapters/systems/surveys.yaml:2:8")
    with pytest.raises(DeploymentUnsound, match="nothing sends an 'OM Reply' to systems"):
        load_deployment(tmp_path)


@pytest.mark.parametrize(("sent", "severities"), [("OM Reply", []), ("OM Order", ["warning"])])
def test_a_workflow_of_the_deployments_own_may_send_it(
    tmp_path: pathlib.Path, sent: str, severities: list[str]
) -> None:
    deployment(tmp_path, sent)
    assert [finding.severity for finding in check_deployment(tmp_path)] == severities
    load_deployment(tmp_path)


def test_every_object_that_a_shipped_workflow_sends_is_known() -> None:
    sent = set()
    for path in pathlib.Path(hub.workflows.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("effects.emit"):
                argument = node.args[0]
                if ast.unparse(argument) == "kind.object":
                    # The kinds of things with a history are a table.
                    sent |= set(KINDS)
                    continue
                assert isinstance(argument, ast.Name), f"{path}:{node.lineno} names its object by a constant"
                sent.add(getattr(names, argument.id))
    assert sent == set(SENT)
