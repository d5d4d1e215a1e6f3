"""`orderhub object`, `load` and `show`: file by file, as JSON, and for trying."""

from __future__ import annotations

import json

import pytest

from hub.presentation.tree_json import tree_json
from tests.activities import activities
from tests.road import sample


@pytest.fixture
def files(tmp_path):
    """One good account, one that isn't understood, another good one."""
    for name, key in (("a", "9-A"), ("b", None), ("c", "9-C")):
        field = f"<AccountId>{key}</AccountId>" if key else "<Colour>red</Colour>"
        (tmp_path / f"{name}.xml").write_text(
            f'<Message IntObjectName="Account"><ListOfAccount><Account>{field}</Account></ListOfAccount></Message>'
        )
    return "a.xml", "b.xml", "c.xml"


@pytest.mark.parametrize("operation", [["object", "upsert"], ["object", "upsert", "--json"], ["load"]])
def test_what_was_done_before_a_bad_file_is_printed_and_stays(road, command, files, operation):
    printed = command(*operation, *files, expect=1)
    assert "9-A" in printed.out
    assert "9-C" not in printed.out
    assert printed.err.startswith("done: 1 of 3 files; nothing was done from b.xml on\n")
    assert "  where: b.xml" in printed.err
    assert road.stored("Account", Account_Id="9-A")
    assert not road.stored("Account", Account_Id="9-C")
    if "--json" in operation:
        refusal = json.loads(printed.out)
        assert (refusal["reason"], [row["row_id"] for row in refusal["rows"]]) == ("ElementUnknown", ["9-A"])


def test_a_dry_run_of_load_says_what_it_would_do_and_does_nothing(road, command, files):
    assert "9-A" in command("load", "--dry-run", "a.xml").out
    assert not road.stored("Account", Account_Id="9-A")


def test_an_order_that_is_changed_by_hand_has_the_activity(road, command, tmp_path):
    road.work(sample("order-1-new-service.xml"))
    [order] = road.stored("OM Order")
    (tmp_path / "order.xml").write_text(
        f'<Message IntObjectName="OM Order"><ListOfOMOrder><Order><RowId>{order.get("Row Id")}</RowId>'
        "<Status>Failed</Status></Order></ListOfOMOrder></Message>"
    )
    command("object", "update", "--dry-run", "order.xml")
    command("object", "update", "order.xml")
    [changed] = [row for row in activities(road) if row.get("Event") == "Failed"]
    assert (changed.get("Old Status"), changed.get("New Status"), changed.get("Message Id")) == ("Open", "Failed", None)


def test_objects_are_shown_as_the_methods_json(road, command):
    expected = json.loads(tree_json(_account(road), road.open_hub.deployment.definitions))
    assert expected["instances"][0]["fields"]["Account Id"] == "1-B"
    assert json.loads(command("show", "--json", "Account", "1-B").out) == expected
    queried = json.loads(command("object", "query", "--json", "Account", "Account Id=1-B").out)
    assert queried["instances"][0]["fields"].items() >= expected["instances"][0]["fields"].items()
    nothing = command("object", "query", "--json", "Account", "Account Id=nobody").out
    assert json.loads(nothing) == {"name": "Account", "empty": True, "instances": []}
    command("show", "--json", "--text", "Account", "1-B", expect=2)


def _account(road):
    with road.open_hub.read() as transaction:
        return transaction.store.query("Account", {"Account Id": "1-B"})


def test_findings_are_json_with_stable_names(command, tmp_path):
    assert json.loads(command("map", "check", "--json").out) == []
    (tmp_path / "orderhub.toml").write_text("routes = []\n")
    (tmp_path / "hub" / "routes").mkdir(parents=True)
    (tmp_path / "hub" / "routes" / "mine.yaml").write_text("route: mine\n")
    [finding] = json.loads(command("check", "--json", expect=1).out)
    assert finding.keys() == {"where", "text", "mend", "severity"}
    assert finding["where"].endswith("mine.yaml:1:1")


def test_a_dry_run_of_an_upgrade_prints_the_statements_and_does_nothing(command):
    planned = command("db", "upgrade", "--dry-run")
    assert planned.err == "the database would be upgraded\n"
    assert "CREATE TABLE hub_inbox" in planned.out
    assert command("db", "upgrade", "--dry-run").err == planned.err
    as_json = json.loads(command("db", "upgrade", "--dry-run", "--json").out)
    assert as_json["state"] == "to be upgraded"
    # Sorted: the indexes of one table are made in any order.
    printed = "".join(f"{statement};\n" for statement in as_json["statements"])
    assert sorted(printed.splitlines()) == sorted(planned.out.splitlines())
    assert json.loads(command("db", "upgrade", "--json").out) == {"state": "ready"}
    assert json.loads(command("db", "upgrade", "--dry-run", "--json").out) == {"state": "ready", "statements": []}
    ready = command("db", "upgrade", "--dry-run")
    assert (ready.out, ready.err) == ("", "the database is ready: nothing would be done\n")


def test_the_data_model_is_printed_with_the_deployments_extensions(command, tmp_path):
    (tmp_path / "orderhub.toml").write_text("routes = []\n")
    (tmp_path / "integration_objects").mkdir()
    extension = "extends: Meter\ncomponents: {Meter: {fields: {Owner: {length: 30, references: Account.Account Id}}}}\n"
    (tmp_path / "integration_objects" / "meter.yaml").write_text(extension)
    printed = command("object", "model").out
    assert "    s_account |o--o{ s_meter : x_owner\n" in printed
    assert printed.startswith("# The data model\n")


def test_a_text_for_people_tells_street_and_city_of_an_address(road, command):
    for name in ("premises.xml", "customers.xml"):
        road.load(sample(name))
    assert "  Address Id: 8 Cedar Lane, Spokane (PR-HOME)\n" in command("show", "Account", "2-LB", "--text").out
    queried = command("object", "query", "Account", "Account Id=2-EN", "--text").out
    assert "  Address Id: 3 Pine Road, Tahoe City (PR-WINTER)\n" in queried
    # What is read to be loaded again has the id alone.
    assert "<AddressId>PR-HOME</AddressId>" in command("show", "Account", "2-LB").out
