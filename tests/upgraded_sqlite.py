"""An upgraded, empty SQLite file, made once a session: the migrations take longer than most tests."""

from __future__ import annotations

import functools
import pathlib
import tempfile

from adapters.database.connection.database import Database
from adapters.database.schema.upgrade import upgrade
from integration_objects.definition import shipped_definitions


@functools.cache
def upgraded_sqlite() -> bytes:
    """The file's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "orderhub.db"
        database = Database(f"sqlite:///{path}")
        upgrade(database, shipped_definitions())
        database.close()
        return path.read_bytes()
