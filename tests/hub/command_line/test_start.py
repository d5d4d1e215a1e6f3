"""The start of commands: a command loads what it needs, and `run` loads everything before the first message.

By the modules that are loaded, never by a clock.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from tests.hub.command_line.test_app import ROOT, SAMPLES, Shell

#: modules that take longer to load than a command takes that only looks at something
HEAVY = (
    *("structlog", "rich.console"),
    "sqlalchemy.dialects.postgresql",
    *("alembic", "jinja2", "xmlschema", "elementpath", "re2", "pika", "pydantic", "urllib3", "http.client"),
    *("hub.workflows", "hub.services", "hub.workflow_manager.run", "hub.configurator.built_in", "adapters.system"),
    *(
        "hub.data_manager.data_manager",
        "hub.deployment.route",
        "hub.deployment.proof",
        "maps.data_map",
        "schemas.from_xml",
    ),
)
#: the code of objects; commands that look at messages need none of it
OBJECTS = ("lxml.etree", "adapters.database.objects.store", "schemas.hub_xml")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A deployment with an account, and two orders of which one is worked and answered."""
    folder = tmp_path_factory.mktemp("deployment")
    (folder / "orderhub.toml").write_text('routes = ["hub_object", "mainframe_order"]\nsystems = ["*"]\n')
    made = Shell(folder)
    made("load", str(SAMPLES / "catalogue.xml"), str(SAMPLES / "accounts.xml"), str(SAMPLES / "profile.xml"))
    made("send", "mainframe_order", str(SAMPLES / "order-1-new-service.xml"))
    made("run", "--once")
    made("send", "mainframe_order", str(SAMPLES / "order-3-unknown-product.xml"))
    return made


def ran(shell: Shell, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line within a program that comes before and behind it."""
    code = f"import sys, atexit\n{program}\nfrom hub.command_line.app import main\nmain()\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=shell.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (("status",), HEAVY + OBJECTS),
        (("messages", "list"), HEAVY + OBJECTS),
        (("messages", "show", "MF-0001"), HEAVY + OBJECTS),
        (("show", "Account", "1-A"), (*HEAVY, "adapters.database.messages.inbox", "adapters.database.messages.outbox")),
    ],
)
def test_a_command_that_only_looks_loads_no_work(shell: Shell, arguments: tuple[str, ...], heavy: tuple[str, ...]):
    program = f"atexit.register(lambda: sys.stderr.write(','.join(name for name in {heavy!r} if name in sys.modules)))"
    found = ran(shell, program, *arguments)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout


def test_a_workflow_loads_neither_the_readers_of_other_systems_answers_nor_the_workers(shell: Shell):
    heavy = (
        "structlog",
        "pydantic",
        "alembic",
        "sqlalchemy.dialects.postgresql",
        "xmlschema",
        "pika",
        "urllib3",
        "hub.data_manager.worker",
        "hub.deployment.proof",
        # A quote leaves to no system: none is read, and no map.
        *("lxml.etree", "schemas.check", "schemas.hub_xml", "maps.data_map", "adapters.system", "jinja2"),
        # A workflow's module is loaded when the workflow is asked for.
        *("hub.workflows.orders.receive_order", "hub.workflows.orders.fallout", "hub.workflows.quotes.move"),
    )
    program = f"atexit.register(lambda: sys.stderr.write(','.join(name for name in {heavy!r} if name in sys.modules)))"
    found = ran(shell, program, "workflow", "new-quote", "account=1-A", "--dry-run")
    assert (found.returncode, found.stderr.splitlines()[-1]) == (0, "a dry run: nothing was written")


def test_the_hub_loads_nothing_while_it_works(shell: Shell):
    """The first message would wait for it, with its accounts locked."""
    program = """
from hub.data_manager.worker import Worker
step, close, before = Worker.step, Worker.close, set()
def first(worker, *arguments):
    before.update(() if before else sys.modules)
    return step(worker, *arguments)
def last(worker):
    close(worker)
    own = ("hub.", "adapters.", "maps.", "schemas.", "integration_objects.")
    print(sorted(name for name in {*sys.modules} - before if name.startswith(own)), flush=True)
Worker.step, Worker.close = first, last
"""
    found = ran(shell, program, "run", "--once")
    assert (found.returncode, found.stdout) == (0, "[]\n")
    assert '"rejected"' in shell("messages", "show", "MF-0003", "--json")


BROKEN = {
    "integration_objects/broken.yaml": "object: [",
    "hub/routes/broken.yaml": "route: mine\nfrom: {pigeon: mine}\nobject: hub\nworkflow: Receive Order\n",
    "maps/broken.yaml": "map: of nothing\nfrom: Nothing\n",
    "hub/workflows/broken.py": "WORKFLOWS = 5\n",
}


@pytest.fixture
def broken(shell: Shell):
    """The deployment while somebody edits its declarations."""
    for name, text in BROKEN.items():
        (shell.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (shell.folder / name).write_text(text)
    yield shell
    for name in BROKEN:
        (shell.folder / name).unlink()


def test_an_operator_sees_and_takes_messages_while_declarations_are_broken(broken: Shell):
    status = broken("status")
    assert "route:mainframe_order" in status
    declaration = pathlib.Path("hub/routes/broken.yaml")
    assert f"{broken.folder / declaration}:2" in status
    assert "declaration not read" in status
    assert "MF-0001" in broken("messages", "list")
    assert "done" in broken("messages", "show", "MF-0001")
    assert "state" in broken("messages", "outbound")
    assert "<" in broken("receive", "mainframe.answers")
    nothing = broken.ran("receive", "no.such.channel")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert nothing.stderr.startswith("nothing is there; whether anything leaves on 'no.such.channel' isn't known: ")


@pytest.mark.parametrize(
    "arguments", [("show", "Account", "1-A"), ("workflow", "new-quote", "account=1-A"), ("run", "--once")]
)
def test_work_is_refused_while_declarations_are_broken(broken: Shell, arguments: tuple[str, ...]):
    refused = broken.ran(*arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "this is not YAML" in refused.stderr or "broken.py" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_sample_that_is_not_shipped_is_told_by_status(broken: Shell):
    settings = broken.folder / "orderhub.toml"
    text = settings.read_text()
    settings.write_text(text.replace("hub_object", "hub_objects"))
    try:
        assert "there is no shipped route 'hub_objects'" in broken("status")
    finally:
        settings.write_text(text)
