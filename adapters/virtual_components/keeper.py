"""The keeper of the service profiles: reads the rows of an account, and makes the messages that change them.

Spec: docs/design/legacy.md, "Virtual business components".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.transport import VIRTUAL
from adapters.virtual_components.client import GatewayClient
from adapters.virtual_components.declaration import ACCOUNT_ID, KeptProfile, RowShape
from adapters.virtual_components.profile_rows import ItemKey, ProfileRows, changes, ours
from adapters.virtual_components.transport import KEY_FIELDS, TIME_LIMIT, place_of
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet
from schemas.gateway.messages import Query, Request, Status
from schemas.gateway.search import equals, search_text
from schemas.gateway.xml import request_type, write_request


@dataclass(frozen=True)
class ProfileChange:
    """A message that changes a row of a profile.

    Attributes:
        destination, type, body, headers: as the outbox has them.
    """

    destination: str
    type: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class ProfileKeeper:
    """Another system that keeps the service profiles.

    Attributes:
        kept: its declaration.
    """

    kept: KeptProfile
    client: GatewayClient

    def changes(self, before: PropertySet, after: PropertySet) -> list[ProfileChange]:
        """Make the messages that bring the change from one OM Asset message to another to the other system."""
        return [
            ProfileChange(
                self.destination(change.account_id),
                request_type(change.request.kind),
                write_request(change.request),
                {KEY_FIELDS: json.dumps(change.shape.key_fields()), TIME_LIMIT: str(self.kept.timeout_s)},
            )
            for change in changes(before, after, self.kept)
        ]

    def destination(self, account_id: str) -> str:
        """Return the destination in the outbox of the changes of an account."""
        return VIRTUAL.destination(place_of(self.kept.channel, account_id))

    def read(self, account_id: str) -> ProfileRows:
        """Ask for the rows of an account.

        Raises:
            ServiceAway, ServiceNotAsked: the other system doesn't answer.
            AnswerFaulty: its answer can't be used: another account's rows, too many, a row without a key or a key
                twice, a feature of a service that isn't there.
        """
        rows = ProfileRows(self._rows(account_id, self.kept.items, (KEY,)))
        if self.kept.attributes is not None:
            rows.attributes = self._rows(account_id, self.kept.attributes, (KEY, "Name"))
        for key, name in rows.attributes:
            if (key,) not in rows.items:
                raise self.client.faulty(f"the attribute '{name}' is of the item '{key}', which isn't in the answer")
        return rows

    def _rows(self, account_id: str, shape: RowShape, keys: tuple[str, ...]) -> dict[ItemKey, dict[str, str]]:
        account_field = shape.fields[ACCOUNT_ID]
        search = equals(account_field, account_id)
        # One row more than allowed tells an answer that was cut.
        most = self.kept.most_rows
        query = Query(most + 1, search_text(search), ((account_field, account_id),), search)
        request = Request("query", shape.component, shape.component_id, self.kept.remote_source, query)
        reply = self.client.send(request)
        if isinstance(reply, Status):
            raise self.client.faulty(f"it is the status {reply.code}: {reply.text}")
        if len(reply.rows) > most:
            raise self.client.faulty(f"expected at most {most:,} rows of {shape.component}, and there are more")
        rows: dict[ItemKey, dict[str, str]] = {}
        for number, row in enumerate(reply.rows, 1):
            values = ours(row, shape)
            key = tuple(values[name] for name in keys)
            where = f"row {number} of {shape.component}"
            if values[ACCOUNT_ID] != account_id:
                raise self.client.faulty(f"expected rows of the account '{account_id}' only", where)
            if not all(key) or key in rows:
                raise self.client.faulty("its key is missing, or was there before", where)
            rows[key] = values
        return rows
