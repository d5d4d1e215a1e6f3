"""The messages of a feed as its user types them: the example of docs/replication.md, and billing at the HTTP door."""

from __future__ import annotations

import pathlib
import re
import shlex
from typing import Any

import pytest

from hub.demo.billing_stand_in import BillingStandIn, main
from hub.replication.opened_feed import OpenFeed
from integration_objects.surroundings import token_digest
from tests.hub.http_door.served_door import served
from tests.hub.replication.two_sides import FEED
from tests.road import Road, sample

ROOT = pathlib.Path(__file__).parents[3]
LOOP = "for answer in answers/*; do orderhub send billing_accounts $answer --correlation-id $(basename $answer); done"
STAND_IN = "python -m hub.demo.billing_stand_in "


def example() -> list[str]:
    """The commands of the example, in their order."""
    page = (ROOT / "docs" / "replication.md").read_text(encoding="utf-8")
    section = page.partition("### An example\n")[2].partition("\n## ")[0]
    return re.findall("^    (.+)$", section, re.MULTILINE)


def typed(line: str, command: Any, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a line of the example as a shell would; return what it prints."""
    if line == LOOP:
        answers = sorted(pathlib.Path("answers").iterdir())
        return "".join(command("send", FEED, each, "--correlation-id", each.name).out for each in answers)
    line, _, target = line.partition(" > ")
    if line.startswith(STAND_IN):
        capsys.readouterr()
        main(shlex.split(line.removeprefix(STAND_IN)))
        printed = capsys.readouterr().out
    else:
        program, *words = shlex.split(line)
        assert program == "orderhub"
        printed = command(*words).out
    if target:
        pathlib.Path(target).write_text(printed, encoding="utf-8")
    return str(printed)


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_the_example_of_the_documentation_ends_as_it_says(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: pathlib.Path,
    command: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = "sqlite:///orderhub.db"
    if kind == "PostgreSQL":
        url = request.getfixturevalue("postgresql_database")._url.render_as_string(hide_password=False)
    (tmp_path / "orderhub.toml").write_text(f'database_url = "{url}"\nfeeds = ["{FEED}"]\n', encoding="utf-8")
    # Billing's files aren't UTF-8, and the example reads the messages as JSON.
    accounts = sample("accounts.xml").decode().replace("Harbour Hotels, Tacoma", "Hôtels du Port, Tacoma")
    (tmp_path / "accounts.xml").write_text(accounts, encoding="utf-8")
    printed: dict[str, str] = {}
    for line in example():
        printed[line] = typed(line, command, capsys)
    assert printed["orderhub feed export billing_accounts"] == "nothing to send: the partner has all values\n"
    why = printed["orderhub feed why billing_accounts 1-B Name"]
    assert "  message: B-00000001\n" in why
    assert "  because: only the partner had changed it: its value was taken\n" in why
    assert example()[-1].endswith(" exchange")
    assert printed[example()[-1]] == "files read: 0\nfile written: None\n", "as the page says"
    shown = typed(f"{STAND_IN}billing.db folders/billing.accounts show", command, capsys)
    assert "1-B  Jane D. Doe  A" in shown
    assert "1-C  Hôtels du Port, Tacoma  A" in shown


def test_billing_sends_its_messages_to_the_http_door_and_fetches_the_answers(tmp_path: pathlib.Path) -> None:
    declared = (ROOT / "hub" / "feeds" / f"{FEED}.yaml").read_text(encoding="utf-8")
    for shipped, own in (
        (f"feed: {FEED}", "feed: web_accounts"),
        ("{from: {channel: billing.accounts.from}", "{senders: [billing], from: {http: billing}"),
    ):
        assert shipped in declared
        declared = declared.replace(shipped, own)
    (tmp_path / "hub" / "feeds").mkdir(parents=True)
    (tmp_path / "hub" / "feeds" / "web_accounts.yaml").write_text(declared, encoding="utf-8")
    tokens = [(name, token_digest(name)) for name in ("billing", "stranger")]
    road = Road(tmp_path, real=True, routes=[], http_tokens=tokens)
    billing = BillingStandIn(tmp_path / "billing.db", tmp_path / "folders" / "billing.accounts")
    billing.add("1", {"CUST-NAME": "Jane Doe", "CUST-STAT": "A"})
    ((number, body),) = billing.tell()
    text = {"Content_Type": "text/plain"}
    with served(road) as door:
        assert door.post("/messages/billing", body, number, "stranger", **text).status == 404
        receipt = door.post("/messages/billing", body, number, "billing", **text)
        assert receipt.status == 202
        assert door.post("/messages/billing", body, number, "billing", **text).json == receipt.json, "twice is once"
        road.run()
        answer = door.ask("GET", f"/answers/billing/{number}", None, "billing")
        assert (answer.status, answer.body[:1], b"ACCEPTED" in answer.body) == (200, b"A", True)
        assert billing.hear(answer.body) is None
        assert billing.write() is None, "the hub has it"
        # The hub's own change leaves by the channel, and its answer comes by the door.
        road.load(sample("accounts.xml"))
        road.run()
        with road.open_hub.write() as transaction:
            leaving = transaction.messages.outbox.take("billing.accounts.to", 100)
        assert len(leaving) == 4, "none for the account that came from billing"
        for each in leaving:
            heard = billing.hear(each.message.body)
            assert heard is not None
            named = {**text, "Correlation_Id": each.message.message_id}
            posted = door.post("/messages/billing", heard, f"answer-{each.message.message_id}", "billing", **named)
            assert posted.status == 202, posted.json
        road.run()
    feed = road.open_hub.deployment.feeds["web_accounts"]
    with road.open_hub.read() as transaction:
        records = OpenFeed(road.open_hub, feed).agreed(transaction)
        assert [(each.key, each.sent_batch) for each in records.in_key_order()] == [
            (key, None) for key in ("1", "1-A", "1-B", "1-C", "1-C-BILL")
        ]
    billing.close()
    road.close()
