"""`orderhub user` and `orderhub audit`, as an administrator types them."""

from __future__ import annotations

import io
import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import text

from adapters.database.connection.database import Database
from adapters.database.schema.upgrade import upgrade
from hub.access.access import Credentials
from hub.data_manager.open_hub import OpenHub
from hub.deployment.deployment import open_deployment
from integration_objects.definition import shipped_definitions
from tests.stocked import upgraded_sqlite

SAMPLES = pathlib.Path(__file__).parents[3] / "hub" / "samples"
TYPED = "violin anchor 9 pebble"


@pytest.fixture(autouse=True)
def deployment(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "orderhub.toml").write_text('user = "root"\n')
    (tmp_path / "orderhub.db").write_bytes(upgraded_sqlite())
    return tmp_path


@pytest.fixture
def loaded(command: Any) -> None:
    for name in ("premises", "customers"):
        command("load", SAMPLES / f"{name}.xml")


def logs_in(folder: pathlib.Path, name: str, password: str) -> bool:
    open_hub = OpenHub(open_deployment(folder))
    try:
        return open_hub.access.log_in(Credentials(name, password), "192.0.2.7").user.name == name
    finally:
        open_hub.close()


def test_a_password_is_made_printed_once_and_logs_in(command: Any, deployment: pathlib.Path) -> None:
    printed = command("user", "add", "Ann", "--type", "operator")
    name, password = printed.out.rstrip("\n").split("\t")
    assert name == "ann"
    assert printed.err == "ann must change the password at the next log-in; it isn't shown again\n"
    assert logs_in(deployment, "ann", password)
    for words in (("user", "list"), ("user", "list", "--json"), ("audit", "list"), ("audit", "list", "--json")):
        assert password not in "".join(command(*words))
    assert password.encode() not in b"".join(path.read_bytes() for path in deployment.iterdir() if path.is_file())


def test_a_typed_password_comes_from_standard_input_and_is_never_printed(
    command: Any, deployment: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(TYPED + "\n"))
    printed = command("user", "add", "ann", "--type", "operator", "--ask")
    assert printed.out == ""
    assert TYPED not in printed.err
    assert logs_in(deployment, "ann", TYPED)


@pytest.mark.parametrize(
    ("line", "reason"), [("", "PasswordMissing"), ("\n", "PasswordMissing"), ("password1234\n", "PasswordUnfit")]
)
def test_a_typed_password_that_can_not_be_one_ends_with_2_and_adds_nobody(
    command: Any, monkeypatch: pytest.MonkeyPatch, line: str, reason: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(line))
    printed = command("user", "add", "ann", "--type", "operator", "--ask", expect=2)
    assert printed.err.endswith(f"reason: {reason}\n")
    assert line.strip() not in printed.err or not line.strip()
    assert command("user", "list").out.splitlines()[1:] == []


@pytest.mark.usefixtures("loaded")
def test_a_customer_with_accounts_is_listed_granted_and_revoked(command: Any) -> None:
    command("user", "add", "ann", "--type", "customer", "--account", "2-AW", "--members", "--organization", "AW")
    command("user", "add", "op", "--type", "operator", "--without", "see message bodies")
    assert command("user", "grant", "ann", "2-LB", "2-AW", "--why", "moved in").out == "2-LB\n"
    assert command("user", "list").out == (
        "user  type      state         organization  accounts                 without\n"
        "ann   customer  new password  AW            2-AW, 2-LB with members\n"
        "op    operator  new password                                         see message bodies\n"
    )
    assert command("user", "revoke", "ann", "2-LB", "2-EN").out == "2-LB\n"
    (ann, _) = json.loads(command("user", "list", "--json").out)
    assert (ann["accounts"], ann["with_members"], ann["codes"]) == (["2-AW"], True, False)
    rows = json.loads(command("audit", "list", "--account", "2-LB", "--json").out)
    assert [(row["who"], row["address"], row["action"], row["why"]) for row in rows] == [
        ("root", "command line", "manage users: take account", ""),
        ("root", "command line", "manage users: give account", "moved in"),
    ]


def test_a_disabled_user_is_enabled_again_and_gets_a_new_password_and_codes(
    command: Any, deployment: pathlib.Path
) -> None:
    command("user", "add", "ann", "--type", "operator")
    command("user", "disable", "ann", "--why", "left")
    assert "disabled" in command("user", "list").out
    command("user", "enable", "ann")
    password = command("user", "password", "ann").out.rstrip("\n").split("\t")[1]
    assert logs_in(deployment, "ann", password)
    secret, address = command("user", "totp", "ann").out.rstrip("\n").split("\t")
    assert address == f"otpauth://totp/orderhub:ann?secret={secret}&issuer=orderhub"
    assert secret not in command("audit", "list").out + command("user", "list", "--json").out
    assert command("user", "totp", "ann", "--off").out == ""
    assert logs_in(deployment, "ann", password)


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("add", "ann smith", "--type", "operator"), 2, "UserNameUnfit"),
        (("add", "ann", "--type", "operater"), 2, "UserTypeUnknown"),
        (("add", "ann", "--type", "operator", "--without", "fly"), 2, "WithheldRightUnknown"),
        (("add", "ann", "--type", "operator", "--account", "2-LB"), 2, "AccountsUnneeded"),
        (("add", "ann", "--type", "customer", "--account", "2-LB"), 2, "AccountNotStored"),
        (("add", "taken", "--type", "operator"), 2, "UserExists"),
        (("disable", "nobody"), 1, "UserUnknown"),
        (("enable", "nobody"), 1, "UserUnknown"),
        (("password", "nobody"), 1, "UserUnknown"),
        (("totp", "nobody"), 1, "UserUnknown"),
        (("grant", "nobody", "2-LB"), 1, "UserUnknown"),
        (("revoke", "nobody", "2-LB"), 1, "UserUnknown"),
        (("grant", "taken", "2-LB"), 1, "AccountsUnneeded"),
    ],
)
def test_a_refused_command_ends_with_its_code_and_reason(
    command: Any, words: tuple[str, ...], code: int, reason: str
) -> None:
    command("user", "add", "taken", "--type", "operator")
    printed = command("user", *words, expect=code)
    assert printed.err.endswith(f"reason: {reason}\n")
    assert printed.out == ""


def test_a_user_with_a_subject_at_the_provider_gets_no_password(command: Any, deployment: pathlib.Path) -> None:
    words = ("user", "add", "ann", "--type", "operator", "--open-id", "7f3c2a")
    assert command(*words, expect=2).err.endswith("reason: ProviderMissing\n")
    settings = 'open_id_issuer = "https://id.example"\nopen_id_client = "hub"\nopen_id_secret = "x"\n'
    (deployment / "orderhub.toml").write_text(settings)
    printed = command(*words)
    assert (printed.out, printed.err) == ("", "ann logs in by OpenID Connect\n")
    again = command("user", "add", "bob", "--type", "operator", "--open-id", "7f3c2a", expect=2)
    assert again.err.endswith("reason: SubjectTaken\n")
    assert command("user", "add", "bob", "--type", "operator", "--open-id", "x\n", expect=2).err.endswith(
        "SubjectUnfit\n"
    )


def test_the_audit_is_verified_and_a_removed_row_ends_with_1(command: Any, deployment: pathlib.Path) -> None:
    assert command("audit", "verify").err == "rows: 0; the chain is whole\n"
    for name in ("ann", "bob", "cid"):
        command("user", "add", name, "--type", "operator")
    last = command("audit", "verify").out.strip()
    assert last.startswith("3:")
    command("user", "disable", "cid")
    assert command("audit", "verify", "--known", last).err == "rows: 4; the chain is whole\n"
    assert command("audit", "verify", "--known", "x", expect=2).err.endswith("reason: KnownRowMalformed\n")
    database = Database(f"sqlite:///{deployment / 'orderhub.db'}")
    with database.write() as connection:
        connection.execute(text("DELETE FROM hub_audit WHERE number = 2"))
    database.close()
    printed = command("audit", "verify", expect=1)
    assert printed.out.startswith("row 2: the row is missing\n")
    shown = json.loads(command("audit", "verify", "--json", expect=1).out)
    assert (shown["rows"], shown["faults"][0]) == (3, {"number": 2, "text": "the row is missing"})


#: A process of its own that adds rows to the audit.
APPENDING = """
import sys
from adapters.database.connection.database import Database, repeated
from hub.access import ActionObject
from hub.access.audit import Actor, Audit
from integration_objects.surroundings import Surroundings

database = Database(sys.argv[1])

def append():
    with database.write() as connection:
        Audit(connection, Surroundings()).append(Actor(sys.argv[2], "here"), "replay", ActionObject("message"))

for _ in range(40):
    repeated(append)
"""


def test_two_processes_append_to_one_chain_on_postgresql(
    database_url: str, command: Any, deployment: pathlib.Path
) -> None:
    database = Database(database_url)
    upgrade(database, shipped_definitions())
    database.close()
    started = [subprocess.Popen([sys.executable, "-c", APPENDING, database_url, name]) for name in ("one", "two")]
    assert [process.wait(120) for process in started] == [0, 0]
    (deployment / "orderhub.toml").write_text(f'database_url = "{database_url}"\n')
    command("user", "add", "ann", "--type", "operator")
    assert command("audit", "verify").err == "rows: 81; the chain is whole\n"
    rows = json.loads(command("audit", "list", "--limit", "1000", "--json").out)
    assert {row["who"] for row in rows} == {"one", "two", "hub"}
