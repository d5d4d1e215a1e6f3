"""The hub's own tables: named throughout, and the states held by the database itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, create_engine, insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from adapters.database.schema.hub_tables import HUB, hub_tables

MESSAGE: dict[str, Any] = {
    "id": "1",
    "route": "orders",
    "sender": "local",
    "identity": "m1",
    "digest": "d",
    "state": "received",
    "due_at": "2026",
    "received_at": "2026",
    "content_type": "application/xml",
    "source": "",
    "size": 0,
    "headers": "{}",
    "body": b"",
}


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    HUB.create_all(engine)
    yield engine
    engine.dispose()


def test_every_constraint_and_index_has_a_name_of_its_own() -> None:
    metadata = MetaData()
    hub_tables(metadata)
    names = [str(part.name) for table in metadata.tables.values() for part in (*table.constraints, *table.indexes)]
    assert "None" not in names
    assert len(names) == len(set(names))
    assert max(map(len, names)) < 64, "PostgreSQL cuts longer names"


def test_text_is_compared_by_code_point_on_postgresql() -> None:
    statement = str(CreateTable(HUB.tables["hub_inbox"]).compile(dialect=postgresql.dialect()))
    assert 'key VARCHAR(255) COLLATE "C"' in statement


@pytest.mark.parametrize(
    ("fault", "constraint"),
    [
        ({"state": "lost"}, "ck_hub_inbox_state"),
        ({"state": "done"}, "ck_hub_inbox_final_at"),
        ({"final_at": "2026"}, "ck_hub_inbox_final_at"),
        ({"waits_for": "order 7"}, "ck_hub_inbox_waits_for"),
        ({"identity": "x" * 138}, "ck_hub_inbox_identity_length"),
    ],
)
def test_a_row_that_would_lie_is_refused(engine: Engine, fault: dict[str, Any], constraint: str) -> None:
    with engine.begin() as connection:
        connection.execute(insert(HUB.tables["hub_inbox"]), {**MESSAGE, "id": "0", "identity": "x" * 137})
        with pytest.raises(IntegrityError, match=constraint):
            connection.execute(insert(HUB.tables["hub_inbox"]), {**MESSAGE, **fault})


def test_a_second_row_of_an_identity_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(HUB.tables["hub_inbox"]), MESSAGE)
        with pytest.raises(IntegrityError, match="UNIQUE"):
            connection.execute(insert(HUB.tables["hub_inbox"]), {**MESSAGE, "id": "2"})
