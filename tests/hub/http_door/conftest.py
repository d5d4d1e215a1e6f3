"""The HTTP door of a hub with products and accounts, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest

from adapters.database.connection.database import Database
from adapters.database.schema.upgrade import upgrade
from integration_objects.definition import shipped_definitions
from tests.hub.http_door.served_door import road_with_doors, served_road


@pytest.fixture
def door(tmp_path):
    with served_road(road_with_doors(tmp_path)) as made:
        yield made


@pytest.fixture
def postgresql_door(tmp_path, database_url):
    database = Database(database_url)
    upgrade(database, shipped_definitions())
    database.close()
    with served_road(road_with_doors(tmp_path, database_url=database_url)) as made:
        yield made
