"""Whatever is edited and killed: no change of a remote client is lost, and no older value is shown."""

from __future__ import annotations

import pathlib

from tests.hub.replication.remote_client import stocked
from tests.hub.replication.remote_history import History
from tests.road import Road


def test_no_change_is_lost_and_no_older_value_is_shown(tmp_path: pathlib.Path) -> None:
    road = stocked(Road(tmp_path))
    for seed in range(5):
        History(road, tmp_path, seed).play(15)
    road.close()


def test_the_same_on_postgresql(tmp_path: pathlib.Path, postgresql_database: object) -> None:
    url = postgresql_database._url.render_as_string(hide_password=False)  # type: ignore[attr-defined]
    road = stocked(Road(tmp_path, database_url=url))
    for seed in range(100, 103):
        History(road, tmp_path, seed).play(15)
    road.close()
