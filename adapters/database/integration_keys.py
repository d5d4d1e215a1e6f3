"""Which of the hub's Integration Ids a sender's line reference means.

Spec: road.md, "Whose order, which line": a sender's reference is unique within its system and the account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, select

from adapters.database.hub_tables import HUB
from adapters.database.upsert import per_dialect
from integration_objects.surroundings import Surroundings

KEY = HUB.tables["s_integration_key"]
_PARTS = 500  # references in one statement
_C = KEY.c
_WANTED: BindParameter[str] = bindparam("wanted", expanding=True)
_OF_ACCOUNT: Select[Any] = select(_C.source_reference, _C.integration_id).where(
    _C.system == bindparam("of_system"), _C.account_id == bindparam("of_account")
)
_FIND = _OF_ACCOUNT.where(_C.source_reference.in_(_WANTED))
_REFERENCES = _OF_ACCOUNT.where(_C.integration_id.in_(_WANTED)).order_by(_C.created)
_KEEP = per_dialect(
    KEY,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["system", "account_id", "source_reference"],
        set_={"integration_id": insert.excluded.integration_id, "created": insert.excluded.created},
        where=_C.integration_id != insert.excluded.integration_id,
    ),
)


class IntegrationKeys:
    """The pairs of source reference and Integration Id, in the transaction of *connection*."""

    def __init__(self, connection: Connection, surroundings: Surroundings) -> None:
        self._connection = connection
        self._surroundings = surroundings

    def keep(self, system: str, account_id: str, pairs: Mapping[str, str]) -> None:
        """Keep *pairs*, source reference to Integration Id.

        A reference that was kept before leads to its new id from now on: a sender that deletes a service and
        adds another under the same reference means the new one. Whoever must not replace a pair looks first.
        """
        now = self._surroundings.now()
        rows = [
            {
                "system": system,
                "account_id": account_id,
                "source_reference": reference,
                "integration_id": integration_id,
                "created": now,
            }
            for reference, integration_id in pairs.items()
        ]
        if rows:
            self._connection.execute(_KEEP[self._connection.dialect.name], rows)

    def find(self, system: str, account_id: str, references: Iterable[str]) -> dict[str, str]:
        """The Integration Ids of those *references* that are known, by reference."""
        return dict(self._rows(_FIND, system, account_id, references))

    def references(self, system: str, account_id: str, integration_ids: Iterable[str]) -> dict[str, str]:
        """The sender's references of *integration_ids*, by id, if it has any; the latest of several."""
        return {
            integration_id: reference
            for reference, integration_id in self._rows(_REFERENCES, system, account_id, integration_ids)
        }

    def _rows(
        self, statement: Select[Any], system: str, account_id: str, wanted: Iterable[str]
    ) -> list[tuple[str, str]]:
        unique = list(dict.fromkeys(wanted))
        result: list[tuple[str, str]] = []
        for start in range(0, len(unique), _PARTS):
            values = {
                "of_system": system,
                "of_account": account_id,
                "wanted": unique[start : start + _PARTS],
            }
            result += [(row[0], row[1]) for row in self._connection.execute(statement, values)]
        return result
