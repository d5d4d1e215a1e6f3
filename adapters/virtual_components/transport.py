"""The changes of service profiles that another system keeps, as a transport: each is a request, delivered by its reply.

    speaks       the XML Gateway's format, by request and reply over a channel
    supports     publish; a change is safe as soon as the other system has confirmed it
    destination  virtual:ACCOUNT@CHANNEL: the changes of one account leave in their order, and hold up no other account
    settings     those of channels: broker_url, database_url

A change may be sent twice: a process may die between the reply and the mark in the outbox. Nothing is doubled. Before a
row is inserted, the hub looks whether it is there; an update has the values themselves, so that a second one changes
nothing; a row that is gone counts as deleted.

Spec: docs/design/legacy.md, "Virtual business components"; docs/design/guarantees.md, G3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Self
from urllib.parse import quote, unquote

from adapters.asked_service import ServiceAway
from adapters.asking import open_asker
from adapters.service_health import ServiceHealth
from adapters.transport import CONFIRMED, Asker, Delivery, Envelope, Setup, Transport, TransportAway, check_envelope
from adapters.virtual_components.client import GatewayClient
from integration_objects.errors import HubError, Refused
from schemas.gateway.messages import Query, Reply, Request, Row, Status
from schemas.gateway.search import SearchNode, equals, search_text
from schemas.gateway.xml import read_request

#: headers of a change: the fields that say which row it is, as JSON, and the seconds for each request
KEY_FIELDS = "key-fields"
TIME_LIMIT = "time-limit-s"
#: seconds for a request without a limit of its own
_TIMEOUT_S = 5.0


class ChangeRefused(Refused):
    """The system that keeps the service profiles refuses a change."""

    what = "the change of the service profile is refused by the system that keeps it"
    where = "{kind} of {component} {key}"
    why = "status {code}: {text}"
    mend = "mend the row there, then `orderhub messages resend`; or `messages give-up`: the profile is read from there"


def place_of(channel: str, account_id: str) -> str:
    """Return the place of the changes of an account.

    >>> place_of("mainframe.services", "1-B")
    '1-B@mainframe.services'
    """
    return f"{quote(account_id, safe='')}@{channel}"


class VirtualTransport(Transport):
    """Delivers changes of rows.

    Args:
        setup: the deployment, whose channels carry the requests.
    """

    is_pushed: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._healths: dict[str, ServiceHealth] = {}

    @classmethod
    def open(cls, setup: Setup) -> Self:
        """Make the transport of a deployment."""
        return cls(setup)

    def publish(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        """Deliver changes one after the other; return when the other system has confirmed each."""
        account_id, _, name = channel.partition("@")
        for place, envelope in enumerate(map(check_envelope, envelopes)):
            try:
                self._deliver(unquote(account_id), name, envelope)
            except ServiceAway as error:
                away = TransportAway(error.what, where=error.where, why=error.why, mend=error.mend)
                away.objects[CONFIRMED] = tuple(range(place))
                raise away from error
            except HubError as error:
                error.objects[CONFIRMED] = tuple(range(place))
                raise

    def receive(self, channel: str, limit: int, wait_s: float) -> list[Delivery]:
        """Find nothing: nobody sends changes to the hub this way."""
        self._setup.surroundings.sleep(wait_s)
        return []

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Do nothing: nothing comes in."""

    def close(self) -> None:
        """End the connections that the changes have opened."""
        if "_asker" in vars(self) and self._setup.asker is None:
            self._asker.close()

    @cached_property
    def _asker(self) -> Asker:
        return open_asker(self._setup) if self._setup.asker is None else self._setup.asker()

    def _deliver(self, account_id: str, channel: str, envelope: Envelope) -> None:
        request = read_request(envelope.body)
        key_fields: list[str] = json.loads(envelope.headers.get(KEY_FIELDS, "[]"))
        row = request.row or {}
        key = {field: row.get(field, "") for field in key_fields}
        timeout_s = float(envelope.headers.get(TIME_LIMIT, _TIMEOUT_S))
        # The requests of one account wait for those of no other: the system rests for all of them.
        health = self._healths.setdefault(channel, ServiceHealth())
        client = GatewayClient(channel, "the keeper of the service profiles", lambda: self._asker, timeout_s, health)
        if request.kind == "insert":
            self._insert(client, request, key, envelope.message_id)
            return
        status = client.send(request, envelope.message_id)
        if not _is_done(status) and not (request.kind == "delete" and not _stored(client, request, key)):
            raise _refused(request, key, status)

    def _insert(self, client: GatewayClient, request: Request, key: Mapping[str, str], message_id: str | None) -> None:
        row = request.row or {}
        stored = _stored(client, request, key)
        if stored:
            changed = frozenset(field for field, value in row.items() if stored[0].get(field, "") != value)
            if not changed:
                return
            request = Request(
                "update", request.component, request.component_id, request.remote_source, row=row, changed=changed
            )
        status = client.send(request, message_id)
        if not _is_done(status):
            raise _refused(request, key, status)


def _stored(client: GatewayClient, request: Request, key: Mapping[str, str]) -> Sequence[Row]:
    """Return the row with this key as it is stored now, in a list; none where it isn't there."""
    search: SearchNode | None = None
    for field, value in key.items():
        one = equals(field, value)
        search = one if search is None else SearchNode("Binary Operator", "AND", operands=(search, one))
    query = Query(2, None if search is None else search_text(search), tuple(key.items()), search)
    reply = client.send(Request("query", request.component, request.component_id, request.remote_source, query))
    if isinstance(reply, Status):
        raise client.faulty(f"it is the status {reply.code}: {reply.text}")
    if any(row.get(field, "") != value for row in reply.rows for field, value in key.items()):
        raise client.faulty(f"expected the row {_text(key)} only")
    return reply.rows


def _is_done(reply: Reply | Status) -> bool:
    return not isinstance(reply, Status) or reply.code == 0


def _refused(request: Request, key: Mapping[str, str], reply: Reply | Status) -> ChangeRefused:
    status = reply if isinstance(reply, Status) else Status(0)
    text = f"{status.field}: {status.text}" if status.field else status.text
    return ChangeRefused(kind=request.kind, component=request.component, key=_text(key), code=status.code, text=text)


def _text(key: Mapping[str, str]) -> str:
    return ", ".join(f"{field} '{value}'" for field, value in key.items())
