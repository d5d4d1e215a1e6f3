"""A hub with customers, services, orders and a user of each type, and browsers that are logged in.

The hub is made once a process, and copied.
"""

from __future__ import annotations

import functools
import pathlib
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from starlette.testclient import TestClient

from hub.access.audit import Actor
from hub.access.passwords import password_digest
from hub.access.people import NewUser
from hub.access.sessions import SessionLimits, Sessions
from hub.access.user_type import EVERY
from hub.data_manager.open_hub import OpenHub
from hub.web.application import WebApplication
from integration_objects.property_set import PropertySet
from tests.customer_care import SAMPLES, CustomerCare
from tests.road import Road

PASSWORD = "three small grey donkeys"  # noqa: S105  # of users who live as long as a test
#: the users' names by their types, and the accounts of those who don't see all
NAMES = {
    "customer care representative": "carla",
    "customer care representative manager": "martin",
    "sales representative": "sally",
    "channel partner": "petra",
    "customer": "jane",
    "third party": "theo",
    "back office": "bo",
    "operator": "olga",
    "administrator": "ada",
}
ACCOUNTS = {"channel partner": ["2-LB"], "customer": ["1-B"], "third party": ["1-B"]}
#: what the pages show beside products and accounts
_MORE = ("users.xml", *SAMPLES, "agreements.xml", "contacts.xml", "trouble_tickets.xml", "opportunities.xml")
_SUPPORT = ("contact_rules.xml", "help_topics.xml", "callback_requests.xml", "inventory_requests.xml")
PACKAGE = "Local Breakthrough Package"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


class Web:
    """The web application of a road, without a network."""

    def __init__(self, road: Road) -> None:
        self.road = road
        self.open_hub: OpenHub = road.open_hub
        self.care = CustomerCare(road)
        self.application = WebApplication(self.open_hub).application()

    def browser(self, name: str | None = "carla", host: str = "localhost") -> Browser:
        """A browser; of a user who is logged in, or of nobody."""
        client = TestClient(self.application, base_url=f"http://{host}", follow_redirects=False)
        if name is not None:
            client.cookies.set("orderhub", self.token(name))
        return Browser(client)

    def token(self, name: str) -> str:
        """The token of a new session; without the log-in, whose proof of the password takes its time."""
        access = self.open_hub.access
        with self.open_hub.write() as transaction:
            user = access.people(transaction.connection).user(name)
            sessions = Sessions(transaction.connection, self.open_hub.surroundings, SessionLimits(3600, 3600))
            return sessions.begin(user.id, "127.0.0.1")

    def audited(self) -> list[tuple[str, str, str | None]]:
        """Who did what to which account, the newest first."""
        with self.open_hub.read() as transaction:
            rows = self.open_hub.access.audit(transaction.connection).newest(50)
        return [(row.who, row.action, row.account_id) for row in rows if row.outcome == "done"]


class Browser:
    """A person's browser."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, address: str, **headers: str) -> Any:
        return self.client.get(address, headers=headers)

    def json(self, address: str) -> Any:
        path, sign, query = address.partition("?")
        answer = self.client.get(f"{path}.json{sign}{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def hidden(self, address: str) -> dict[str, str]:
        """The hidden fields of the last form of a page."""
        answer = self.client.get(address)
        assert answer.status_code == 200, answer.text
        return dict(_HIDDEN.findall(answer.text.rpartition("<form")[2]))

    def fill(self, address: str, **answers: str) -> Any:
        """Open an action's form, fill it in, and send it."""
        return self.send(address, self.hidden(address), **answers)

    def send(self, address: str, hidden: Mapping[str, str], **answers: str) -> Any:
        """Send a form with these hidden fields."""
        given = {f"answer-{name.replace('_', '-')}": text for name, text in answers.items()}
        return self.client.post(address.partition("?")[0], data={**hidden, **given})


def text_of(html: str) -> str:
    """The words of a page's content."""
    content = html.partition("<main")[2].partition(">")[2]
    return " ".join(re.sub("<[^>]*>", " ", content).split())


@functools.cache
def _stocked() -> bytes:
    """A SQLite file with the customers, one of whom has services and an order that is open, and the users."""
    with tempfile.TemporaryDirectory() as folder:
        road = Road(pathlib.Path(folder)).load_samples(more=(*_MORE, *_SUPPORT))
        care = CustomerCare(road)
        add_people(road.open_hub)
        care.install(_ordered(care, "1-B", "509-555-0140"))
        care.submit(_ordered(care, "2-LB", "509-555-0160"))
        care("request-callback", account="1-B", name="Jane Doe", phone="509-555-0140", topic="My line")
        care("open-ticket", account="1-B", summary="No dial tone")
        care("request-inventory", account="1-B", product="Local Line")
        road.close()
        return (pathlib.Path(folder) / "orderhub.db").read_bytes()


def _ordered(care: CustomerCare, account: str, number: str) -> PropertySet:
    """Place the order of a package with a telephone line."""
    line = f"{PACKAGE}/Local Line"
    requests = [
        {"request": "set", "item": line, "fields": {"Service Id": number}},
        {"request": "set", "item": f"{line}/Call Forwarding", "attributes": {"Forwarding Number": "206-1"}},
    ]
    quote = care.work("new-products-and-services", account=account, product=PACKAGE, requests=requests)
    return care.place(quote.get("Quote Number") or "")


@functools.cache
def _digest() -> str:
    return password_digest(PASSWORD)


def add_people(open_hub: OpenHub) -> None:
    """Add a user of each type."""
    with open_hub.write() as transaction:
        people = open_hub.access.people(transaction.connection)
        for type, name in NAMES.items():
            every = open_hub.deployment.user_types[type].accounts == EVERY
            accounts = [] if every else ACCOUNTS[type]
            new = NewUser(name, type, accounts=accounts, password=_digest(), must_change_password=False)
            people.add(new, Actor("test", "command line"))


def write_files(folder: pathlib.Path, files: Mapping[str, str]) -> None:
    """Write a deployment's own files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@contextmanager
def web_in(folder: pathlib.Path, files: Mapping[str, str] | None = None, **settings: Any) -> Iterator[Web]:
    """The application in a folder, with a deployment's own files."""
    write_files(folder, files or {})
    (folder / "orderhub.db").write_bytes(_stocked())
    road = Road(folder, real=True, **settings)
    yield Web(road)
    road.close()
