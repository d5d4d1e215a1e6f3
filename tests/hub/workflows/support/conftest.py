"""Customer care with the samples of the back office."""

from __future__ import annotations

import pytest

from tests.customer_care import CustomerCare
from tests.road import sample

SAMPLES = ("contacts", "users", "contact_rules", "help_topics")


@pytest.fixture
def office(any_care: CustomerCare) -> CustomerCare:
    """Contact rules, help topics, contacts and users, on each database."""
    for name in SAMPLES:
        any_care.road.load(sample(f"{name}.xml"))
    return any_care


@pytest.fixture
def desk(care: CustomerCare) -> CustomerCare:
    """The same on SQLite."""
    for name in SAMPLES:
        care.road.load(sample(f"{name}.xml"))
    return care
