"""Customer care with the samples' catalogue, price list and customers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.activities import prove_activities
from tests.customer_care import CustomerCare, care_on


@pytest.fixture
def care(tmp_path) -> Iterator[CustomerCare]:
    """On SQLite. Whatever a test does with orders, their activities tell it."""
    with care_on(tmp_path) as made:
        yield made
        prove_activities(made.road)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def any_care(request, tmp_path) -> Iterator[CustomerCare]:
    """On each database, for what depends on how things are stored."""
    url = request.getfixturevalue("database_url") if request.param == "PostgreSQL" else None
    with care_on(tmp_path, url) as made:
        yield made
        prove_activities(made.road)
