"""The telecommunications company of the source's usage scenarios, on SQLite and PostgreSQL."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.customer_care import CustomerCare, care_on
from tests.hub.conftest import command

__all__ = ["command"]


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def care(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[CustomerCare]:
    """A representative of the company, with its catalogue, its price list and its customers."""
    url = request.getfixturevalue("database_url") if request.param == "PostgreSQL" else None
    with care_on(tmp_path, url, as_shipped=True) as made:
        yield made


@pytest.fixture
def typed(care: CustomerCare, tmp_path: pathlib.Path, command: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`orderhub` with these words, in her deployment and with her clock: what it wrote to standard output."""
    settings = care.open_hub.deployment.settings
    (tmp_path / "orderhub.toml").write_text(
        f'database_url = "{settings.database_url}"\nroutes = ["*"]\nservice_profile = "{settings.service_profile}"\n'
    )
    monkeypatch.setattr("hub.data_manager.open_hub.Surroundings", lambda: care.road.surroundings)
    return lambda *words: command(*words).out
