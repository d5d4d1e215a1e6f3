"""Which of the hub's Integration Ids a sender's line reference means.

Spec: docs/design/road.md, "Whose order, which line": a sender's reference is unique within its system and the account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, Text, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

from adapters.database.connection.row_lookup import DIALECTS, is_one_of, listed, parts
from adapters.database.schema.hub_tables import HUB
from integration_objects.surroundings import Surroundings

KEY = HUB.tables["s_integration_key"]
_C = KEY.c
_OF_ACCOUNT: Select[Any] = select(_C.source_reference, _C.integration_id).where(
    _C.system == bindparam("of_system"), _C.account_id == bindparam("of_account")
)
_FIND = {name: _OF_ACCOUNT.where(is_one_of(name, _C.source_reference, "wanted")) for name in DIALECTS}
_REFERENCES = {
    name: _OF_ACCOUNT.where(is_one_of(name, _C.integration_id, "wanted")).order_by(_C.created) for name in DIALECTS
}
_COLUMNS = ("system", "account_id", "source_reference", "integration_id", "created")


def _keep(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["system", "account_id", "source_reference"],
        set_={"integration_id": insert.excluded.integration_id, "created": insert.excluded.created},
        where=_C.integration_id != insert.excluded.integration_id,
    )


#: On PostgreSQL all pairs go with one statement, which takes a small part of the time.
_PAIRS = func.unnest(bindparam("references", type_=ARRAY(Text())), bindparam("ids", type_=ARRAY(Text())))
_NEW = _PAIRS.table_valued("source_reference", "integration_id", name="new").render_derived()
_NEW_ROWS = select(
    bindparam("of_system", type_=Text()),
    bindparam("of_account", type_=Text()),
    _NEW.c.source_reference,
    _NEW.c.integration_id,
    bindparam("now", type_=Text()),
)
_KEEP_ALL = _keep(postgresql.insert(KEY).from_select(_COLUMNS, _NEW_ROWS))
_KEEP_EACH = str(
    _keep(sqlite.insert(KEY).values({name: bindparam(name) for name in _COLUMNS})).compile(dialect=sqlite.dialect())
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
        if not pairs:
            return
        now = self._surroundings.now()
        if self._connection.dialect.name == "postgresql":
            values: Any = {"of_system": system, "of_account": account_id, "now": now}
            values.update(references=list(pairs), ids=list(pairs.values()))
            self._connection.execute(_KEEP_ALL, values)
            return
        rows = [(system, account_id, reference, id, now) for reference, id in pairs.items()]
        # As the driver takes them: SQLAlchemy would make a dictionary of each pair, and a tuple of it again.
        self._connection.exec_driver_sql(_KEEP_EACH, rows if len(rows) > 1 else rows[0])

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
        self, statements: Mapping[str, Select[Any]], system: str, account_id: str, wanted: Iterable[str]
    ) -> list[tuple[str, str]]:
        dialect = self._connection.dialect.name
        result: list[tuple[str, str]] = []
        for part in parts(list(dict.fromkeys(wanted))):
            values = {"of_system": system, "of_account": account_id, "wanted": listed(dialect, part)}
            result += [(row[0], row[1]) for row in self._connection.execute(statements[dialect], values).all()]
        return result
