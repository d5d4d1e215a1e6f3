"""`orderhub render` and `system test`, and the proof of templates: a message is seen before anything is sent."""

from __future__ import annotations

import importlib.resources
import pathlib
import subprocess
import sys

import pytest

from hub.deployment.proof import check_deployment

SYSTEM = """\
system: CRM
takes: OM Billing Event
template: crm.j2
format: csv
encoding: iso-8859-1
record: {end: crlf}
channel: crm.events
"""
TEMPLATE = '{% for line in lines %}\n{{ header["Order Number"] }},{{ line["Product Id"] }},é\n{% endfor %}\n'
MADE = b"O-100042,Local Line,\xe9\r\nO-100042,Installation,\xe9\r\n"


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A deployment with one system of its own, and an object that the system takes."""
    cases = importlib.resources.files("maps") / "cases" / "om_billing_event_to_billing_message"
    written = {
        "orderhub.toml": b"routes = []\n",
        "adapters/systems/crm.yaml": SYSTEM.encode(),
        "adapters/templates/crm.j2": TEMPLATE.encode(),
        "event.xml": (cases / "lines_completed.in.xml").read_bytes(),
    }
    for name, content in written.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_message_is_made_byte_by_byte_and_not_sent(folder):
    ran = subprocess.run(
        [sys.executable, "-m", "hub.command_line.app", "render", "CRM", "event.xml"],
        cwd=folder,
        env={"PYTHONPATH": str(pathlib.Path(__file__).parents[3])},
        check=True,
        capture_output=True,
    )
    assert (ran.stdout, ran.stderr) == (MADE, b"")
    assert not (folder / "orderhub.db").exists()


def test_an_unknown_system_and_another_object_are_told(folder, command):
    unknown = command("render", "CMR", "event.xml", expect=2)
    assert unknown.err == (
        "there is no system 'CMR'\n"
        "  where: argument SYSTEM\n"
        "  why:   there are CRM\n"
        "  mend:  did you mean 'CRM'?\n"
        "  reason: SystemUnknown\n"
    )
    event = folder / "event.xml"
    event.write_text(
        '<Message IntObjectName="Account"><ListOfAccount><Account><AccountId>A</AccountId></Account></ListOfAccount>'
        "</Message>"
    )
    assert command("render", "CRM", "event.xml", expect=1).err == (
        "system 'CRM' doesn't take this object\n"
        "  where: event.xml\n"
        "  why:   it takes 'OM Billing Event', the file has 'Account'\n"
        "  mend:  name another system, or another file\n"
        "  reason: NotTakenBySystem\n"
    )


def test_cases_lie_beside_the_systems(folder, command):
    cases = folder / "adapters/systems/cases/crm"
    cases.mkdir(parents=True)
    (folder / "event.xml").rename(cases / "done.in.xml")
    assert command("system", "test", expect=1).out == (
        "FAILED  crm/done\ncrm/done.out.* is missing: write what must leave for crm/done.in.xml\n"
    )
    (cases / "done.out.csv").write_bytes(MADE)
    passed = command("system", "test", "CRM")
    assert (passed.out, passed.err) == ("passed  crm/done\n", "1 passed, 0 failed\n")
    (cases / "done.out.csv").write_bytes(MADE.replace(b"\r\nO", b"\nO"))
    assert command("system", "test", expect=1).out == (
        "FAILED  crm/done\n"
        "--- crm/done.out.*\n"
        "+++ found\n"
        "@@ -1,2 +1,2 @@\n"
        "-O-100042,Local Line,é\\n\n"
        "+O-100042,Local Line,é\\r\\n\n"
        " O-100042,Installation,é\\r\\n\n"
    )
    (cases / "done.now.txt").write_text("soon")
    assert "crm/done.now.txt has no time such as 2026-01-31T12:00:00Z" in command("system", "test", expect=1).out
    command("system", "test", "CMR", expect=2)


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        (
            'header["Order Number"]',
            'header["Order Nmber"]',
            "{templates}/crm.j2:2: error: 'Billing Event' has no field 'Order Nmber' (did you mean 'Order Number'?)",
        ),
        (
            'header["Order Number"]',
            "header.__class__",
            "{templates}/crm.j2:2: error: 'Billing Event' has no field '__class__'",
        ),
    ],
)
def test_templates_are_proven_by_check(folder, old, new, finding):
    template = folder / "adapters/templates/crm.j2"
    assert check_deployment(folder) == []
    template.write_text(TEMPLATE.replace(old, new), "utf-8")
    (found,) = check_deployment(folder)
    assert str(found).startswith(finding.format(templates="adapters/templates"))


def test_cases_of_no_system_are_told(folder):
    (folder / "adapters/systems/cases/crn").mkdir(parents=True)
    (found,) = check_deployment(folder)
    assert (found.text, found.severity) == ("there is no system file crn.yaml for these cases", "warning")
