"""The telecommunications company of the source's usage scenarios, on SQLite and PostgreSQL."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests.customer_care import CustomerCare, care_on


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def care(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[CustomerCare]:
    """A representative of the company, with its catalogue, its price list and its customers."""
    url = request.getfixturevalue("database_url") if request.param == "PostgreSQL" else None
    with care_on(tmp_path, url, as_shipped=True) as made:
        yield made
