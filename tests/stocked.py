"""Deployments and databases that many tests begin with: each is made once a session, and copied.

Making one takes longer than most tests. A copy is as if it was made anew: clock and chance go on where the making
of the first one ended.
"""

from __future__ import annotations

import atexit
import copy
import functools
import pathlib
import sqlite3
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import create_engine, make_url, text

from adapters.database.connection.database import Database
from adapters.database.objects.layout import StoredObjects
from adapters.database.schema.upgrade import upgrade
from hub.data_manager.open_hub import OpenHub
from hub.deployment.deployment import Deployment
from hub.deployment.proof import load_deployment
from hub.deployment.settings import Settings
from integration_objects.definition import shipped_definitions
from integration_objects.surroundings import SeededSurroundings, Surroundings

#: the parts of a deployment that its declarations make, and that no test changes
_SHARED = (
    "definitions",
    "external_objects",
    "objects",
    "maps",
    "services",
    "workflows",
    "route_sources",
    "system_sources",
)
#: parts whose members some tests change: each deployment has members of its own
_COPIED = ("routes", "systems")
#: the folders of a deployment's own declarations
_FOLDERS = ("integration_objects", "schemas", "maps", "adapters", "hub")
_proven: dict[str, Deployment] = {}
_stored_objects: dict[str, StoredObjects] = {}


def has_own_declarations(folder: pathlib.Path) -> bool:
    """Whether a deployment declares anything itself: its tables may be others than the shipped ones."""
    return any((folder / name).exists() for name in _FOLDERS)


def new_open_hub(folder: pathlib.Path, settings: Settings, surroundings: Surroundings) -> OpenHub:
    """Open the proven deployment of a folder; without declarations of its own, it shares what was made of others."""
    if has_own_declarations(folder) or settings.licence is not None:
        return OpenHub(load_deployment(folder, settings), surroundings)
    key = repr(replace(settings, database_url=""))
    if key not in _proven:
        _proven[key] = load_deployment(folder, settings)
        _stored_objects[key] = StoredObjects(_proven[key].definitions)
    deployment = Deployment(folder, settings)
    proven = vars(_proven[key])
    vars(deployment).update({name: proven[name] for name in _SHARED if name in proven})
    for name in _COPIED:
        vars(deployment)[name] = {word: copy.copy(member) for word, member in getattr(_proven[key], name).items()}
    open_hub = OpenHub(deployment, surroundings)
    vars(open_hub)["stored_objects"] = _stored_objects[key]
    return open_hub


@functools.cache
def upgraded_sqlite() -> bytes:
    """An upgraded, empty SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "orderhub.db"
        database = Database(f"sqlite:///{path}")
        upgrade(database, shipped_definitions())
        database.close()
        return path.read_bytes()


@dataclass(frozen=True)
class Stock:
    """A database that samples were loaded into.

    Attributes:
        content: the bytes of the SQLite file, or the name of the PostgreSQL database.
        surroundings: clock and chance after the loading.
    """

    content: Any
    surroundings: tuple[Any, ...]

    @classmethod
    def of(cls, content: Any, surroundings: SeededSurroundings) -> Stock:
        """The stock of a database that was loaded with these surroundings."""
        return cls(content, (surroundings.random.getstate(), surroundings._last, surroundings._time))

    def set(self, surroundings: SeededSurroundings) -> None:
        """Set clock and chance to those after the loading."""
        state, surroundings._last, surroundings._time = self.surroundings
        surroundings.random.setstate(state)


_stocks: dict[Any, Stock] = {}


def restock_sqlite(
    path: pathlib.Path, surroundings: SeededSurroundings, samples: Any, load: Callable[[], None]
) -> None:
    """Fill a new SQLite file with *samples*: the first time by *load*, then by a copy."""
    if samples not in _stocks:
        load()
        _stocks[samples] = Stock.of(path.read_bytes(), surroundings)
        return
    stock = _stocks[samples]
    stock.set(surroundings)
    # The hub has the file open: the copy goes through SQLite, which tells the hub's connections.
    source, target = sqlite3.connect(":memory:"), sqlite3.connect(path)
    source.deserialize(stock.content)
    source.backup(target)
    source.close()
    target.close()


def restock_postgresql(url: str, samples: Any, make: Callable[[str], SeededSurroundings]) -> Stock:
    """Replace an empty PostgreSQL database by a copy of one that *make*, given its URL, has filled with *samples*."""
    place = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(place.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        key = (place.host, place.port, samples)
        if key not in _stocks:
            template = f"orderhub_stock_{uuid.uuid4().hex[:12]}"
            connection.execute(text(f"CREATE DATABASE {template} ENCODING 'UTF8' TEMPLATE template0"))
            atexit.register(_drop, place.set(database="postgres"), template)
            _stocks[key] = Stock.of(template, make(place.set(database=template).render_as_string(hide_password=False)))
        connection.execute(text(f'DROP DATABASE "{place.database}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{place.database}" TEMPLATE {_stocks[key].content}'))
    engine.dispose()
    return _stocks[key]


def _drop(place: Any, template: str) -> None:
    engine = create_engine(place, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {template} WITH (FORCE)"))
    engine.dispose()
