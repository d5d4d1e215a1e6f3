"""The command line, as people and scripts use it: results on standard output, exit codes, stable names."""

from __future__ import annotations

import importlib.resources
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

import pytest

from hub.command_line import app, exit_codes

SAMPLES = pathlib.Path(str(importlib.resources.files("hub"))) / "samples"
ROOT = SAMPLES.parents[1]


class Shell:
    """A deployment's folder, and the command in it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, expect: int = 0) -> str:
        ran = self.ran(*arguments)
        assert ran.returncode == expect, ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr
        return ran.stdout

    def ran(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, "-m", "hub.command_line.app", *arguments],
            cwd=self.folder,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A deployment with the samples loaded, and one order worked and one refused."""
    folder = tmp_path_factory.mktemp("deployment")
    (folder / "orderhub.toml").write_text(
        'routes = ["hub_object", "mainframe_order", "provisioning_status"]\nsystems = ["*"]\n'
    )
    made = Shell(folder)
    made("load", *(str(SAMPLES / name) for name in ("catalogue.xml", "accounts.xml", "profile.xml")))
    made(
        "send",
        "mainframe_order",
        str(SAMPLES / "order-1-new-service.xml"),
        str(SAMPLES / "order-3-unknown-product.xml"),
    )
    made("run", "--once")
    return made


def test_messages_list_has_the_contracts_names(shell):
    rows = json.loads(shell("messages", "list", "--json"))
    assert [row["state"] for row in rows] == ["rejected", "done"]
    assert {
        "id", "route", "state", "message_id", "correlation_id", "key", "received_at", "attempts", "reason"
    } <= rows[0].keys()  # fmt: skip
    assert [row["message_id"] for row in rows] == ["MF-0003", "MF-0001"]


def test_status_has_the_contracts_names_and_sums_up(shell):
    found = json.loads(shell("status", "--json"))
    messages = found["messages"]
    assert messages["received"] == sum(messages["states"].values()) == 2
    assert messages["duplicates"] == 0
    assert found.keys() == {
        "components", "messages", "doors", "unfinished", "planned", "away", "held_keys", "channels", "outbox",
        "set_aside", "left_alone", "unread", "fallout", "batches", "jobs", "feed_alarms", "alarms",
    }  # fmt: skip
    assert messages["oldest"] == {}
    assert [one["name"] for one in found["components"]] == [
        "route:hub_object",
        "route:mainframe_order",
        "route:provisioning_status",
        "route:orderhub.due-lines",
    ]


def test_a_message_is_shown_by_its_senders_id(shell):
    shown = json.loads(shell("messages", "show", "MF-0003", "--json"))
    assert shown["reason"] == "NotInLookup"
    assert {one["kind"] for one in shown["outbound"]} == {"dead letter", "reply"}
    assert "<MSG-ID>MF-0003</MSG-ID>" in shell("messages", "show", "MF-0003", "--body")


def test_an_object_is_shown_as_xml_and_comes_back_the_same(shell):
    """What `show` prints can be written again, once secrets have their values, and then nothing changes."""
    shell("workflow", "order-synchronization", "work-order=O-0000001-1", "status=Complete")
    xml = shell("show", "OM Asset", "1-B")
    assert "<ProductId>Local Breakthrough Package</ProductId>" in xml
    file = shell.folder / "profile.xml"
    file.write_text(xml.replace("***", "1234"))
    assert shell("object", "upsert", str(file)).startswith("unchanged\tOM Asset\tAccount Id 1-B")


def test_a_dry_run_says_what_it_would_do_and_does_nothing(shell):
    file = shell.folder / "account.xml"
    file.write_text(
        '<Message IntObjectName="Account"><ListOfAccount><Account><AccountId>9-Z</AccountId>'
        "</Account></ListOfAccount></Message>"
    )
    [done] = json.loads(shell("object", "insert", "--dry-run", "--json", str(file)))
    assert (done["operation"], done["object"], done["key"]) == ("inserted", "Account", {"Account Id": "9-Z"})
    assert 'IsEmpty="Y"' in shell("object", "query", "Account", "Account Id=9-Z")


def test_receive_peeks_and_takes(shell):
    assert "<STATE>REJ</STATE>" in shell("receive", "--peek", "mainframe.answers")
    taken = json.loads(shell("receive", "--json", "mainframe.answers"))
    assert [one["kind"] for one in taken] == ["reply", "reply"]
    assert shell("receive", "mainframe.answers") == ""
    assert len(shell("receive", "--into", "letters", "mainframe_order.dead-letter").splitlines()) == 1
    assert len(list((shell.folder / "letters").iterdir())) == 1


def test_maps_are_checked_run_and_tested(shell):
    assert shell("map", "check") == ""
    made = shell("map", "run", "Mainframe Order to OM Order", str(SAMPLES / "order-2-change.xml"))
    assert "<SourceOrderNumber>450002</SourceOrderNumber>" in made
    traced = shell("map", "run", "--trace", "Mainframe Order to OM Order", str(SAMPLES / "order-2-change.xml"))
    assert "Source Order Number = " in traced
    assert "FAILED" not in shell("map", "test")


def test_a_paused_route_waits_for_its_resumption(shell):
    shell("pause", "route:hub_object")
    message = (SAMPLES / "accounts.xml").read_text()
    file = shell.folder / "again.xml"
    file.write_text(message)
    shell("send", "hub_object", str(file), "--id", "PAUSED-1")
    shell("run", "--once", expect=1)
    assert json.loads(shell("messages", "list", "--json"))[0]["state"] == "received"
    shell("resume", "route:hub_object")
    shell("run", "--once")
    assert json.loads(shell("messages", "list", "--json"))[0]["state"] == "done"


def test_a_parked_message_is_given_up_or_replayed(shell):
    early = shell.folder / "early.xml"
    early.write_text(
        '<workOrderStatus xmlns="urn:orderhub:provisioning:status:1"><sourceSystem>X</sourceSystem>'
        "<sourceOrderNumber>1</sourceOrderNumber><time>2026-01-01T00:00:00Z</time>"
        "<line><integrationId>A</integrationId><status>COMPLETED</status></line></workOrderStatus>"
    )
    shell("send", "provisioning_status", str(early), "--id", "EARLY")
    shell("run", "--once", expect=1)
    assert json.loads(shell("messages", "show", "EARLY", "--json"))["waits_for"] == "order X/1"
    shell("messages", "replay", "EARLY")
    shell("run", "--once", expect=1)
    shell("messages", "give-up", "EARLY")
    assert json.loads(shell("messages", "show", "EARLY", "--json"))["state"] == "dead"
    shell("run", "--once")


FAILURES = [
    (["send", "nowhere", str(SAMPLES / "accounts.xml")], 2, "RouteUnknown", "there is no route 'nowhere'"),
    (["send", "hub_object", "missing.xml"], 2, "FileUnreadable", "the file can't be read"),
    (["show", "OM Ordr", "1"], 2, "StoredObjectUnknown", "there is no stored integration object 'OM Ordr'"),
    (["object", "query", "Account", "Colour=red"], 2, "FieldNotDeclared", "Colour"),
    (["map", "run", "No Map", "x.xml"], 2, "MapUnknown", "there is no map 'No Map'"),
    (["receive", "nowhere"], 2, "ChannelUnknown", "there is no channel 'nowhere'"),
    (["workflow", "new-qoute"], 2, "WorkflowUnknown", "there is no workflow 'new-qoute'"),
    (["workflow", "new-quote"], 2, "ArgumentMissing", "needs the argument 'account'"),
    (["messages", "list", "--state", "lost"], 2, "MessageStateUnknown", "lost"),
    (["show", "OM Order", "O-9999999"], 1, "InstanceUnknown", "there is no OM Order with the Order Number 'O-9999999'"),
    (["messages", "show", "nobody"], 1, "MessageUnknown", "there is no message 'nobody'"),
    (["messages", "give-up", "MF-0001"], 1, "MessageNotThere", "stays as it is"),
    (["object", "upsert", str(SAMPLES / "order-1-new-service.xml")], 1, "NotAMessage", "no message"),
    (["load", str(SAMPLES / "order-4-hub-xml.xml")], 1, "ObjectNotTaken", "isn't taken here"),
    (["workflow", "new-quote", "account=1-Z"], 1, "AccountUnknown", "the account '1-Z' is unknown"),
]


@pytest.mark.parametrize(("arguments", "code", "reason", "what"), FAILURES)
def test_a_failing_command_says_how_to_mend_it_with_its_reason_and_exit_code(
    shell, command, monkeypatch, arguments, code, reason, what
):
    """In this process, which has loaded everything: each start of a command takes a second."""
    monkeypatch.chdir(shell.folder)
    ran = command(*arguments, expect=code)
    assert ran.out == ""
    assert what in ran.err
    for part in ("where", "mend"):
        assert f"  {part + ':':<7}" in ran.err
    assert ran.err.endswith(f"  reason: {reason}\n")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["show", "OM Order", "O-9"], 1, "InstanceUnknown"),
        (["workflow", "new-quote", "account=1-Z"], 1, "AccountUnknown"),
    ],
)
def test_a_refusal_of_a_command_that_prints_json_is_json_too(shell, arguments, code, reason):
    refusal = json.loads(shell(*arguments, "--json", expect=code))
    assert list(refusal) == ["reason", "what", "where", "why", "mend"]
    assert refusal["reason"] == reason


def test_a_database_that_is_away_ends_a_command_with_3(tmp_path):
    """A script may run such a command again: nothing of the command or of the deployment is wrong."""
    (tmp_path / "orderhub.toml").write_text('database_url = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"\n')
    away = json.loads(Shell(tmp_path)("messages", "list", "--json", expect=3))
    assert away["what"].startswith("the database")


def test_the_page_of_exit_codes_has_all_of_them():
    page = (ROOT / "docs" / "exit_codes.md").read_text(encoding="utf-8")
    for code in (exit_codes.DONE, exit_codes.REFUSED, exit_codes.MISUSED, exit_codes.WORLD_FAILED):
        assert f"| {code} |" in page


def test_a_broken_declaration_keeps_the_hub_from_starting_and_says_where(tmp_path):
    (tmp_path / "orderhub.toml").write_text("routes = []\n")
    (tmp_path / "hub" / "routes").mkdir(parents=True)
    (tmp_path / "hub" / "routes" / "mine.yaml").write_text(
        "route: mine\nfrom: {channel: x}\nobject: hub\nworkflow: Recieve Order\n"
    )
    shell = Shell(tmp_path)
    found = shell("check", expect=1)
    assert "mine.yaml:4:11: error: there is no workflow 'Recieve Order'" in found
    assert "did you mean 'Receive Order'?" in found
    assert "mine.yaml:4:11" in shell.ran("run", "--once").stderr


@pytest.mark.parametrize("name", app.COMMANDS)
def test_the_help_lists_each_command_with_the_commands_own_words(name):
    """The list is kept apart from the commands, because the help loads none of them."""
    command = app.load_command(name)
    assert app.COMMANDS[name][1] == " ".join(command.help.split("\n\n")[0].split())


def test_the_command_line_itself_loads_nothing_of_the_hub_s_work() -> None:
    """Otherwise each command, and a person's `--help`, waits a second for the database's and the workflows' code."""
    script = "import sys, hub.command_line.app; print([name for name in ('sqlalchemy', 'lxml') if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_hub_that_is_stopped_while_it_starts_ends_with_0(
    tmp_path: pathlib.Path, stop: signal.Signals, workers: str
) -> None:
    """It has nothing in work yet: it waits for a database that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (tmp_path / "orderhub.toml").write_text(
            f'database_url = "postgresql://127.0.0.1:{silent.getsockname()[1]}/x"\nroutes = []\n'
        )
        with subprocess.Popen(
            [sys.executable, "-m", "hub.command_line.app", "run", "--workers", workers],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
        ) as hub:
            silent.settimeout(60)
            connection, _ = silent.accept()
            hub.send_signal(stop)
            assert hub.wait(30) == 0
            assert hub.stderr is not None
            assert hub.stderr.read() == b""
        connection.close()
