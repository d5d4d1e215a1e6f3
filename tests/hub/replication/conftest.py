"""The hub and its partner, for the tests of both sides."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests.hub.replication.two_sides import TwoSides


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def sides(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[TwoSides]:
    two = TwoSides.on(request, tmp_path)
    yield two
    two.close()


@pytest.fixture
def sqlite(tmp_path: pathlib.Path) -> Iterator[TwoSides]:
    two = TwoSides(tmp_path)
    yield two
    two.close()
