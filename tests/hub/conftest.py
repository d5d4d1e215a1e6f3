"""Fixtures of the hub's tests: a road with the samples' products, and the command line."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tests.road import Road


@pytest.fixture
def road(tmp_path: pathlib.Path) -> Iterator[Road]:
    """A road with the samples' products and accounts."""
    made = Road(tmp_path).load_samples()
    yield made
    made.close()


@pytest.fixture
def command(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """`orderhub` with these arguments in this very process and the test's folder: what it wrote, out and err."""
    monkeypatch.chdir(tmp_path)
    # What this test's command leaves to the first event must not set up the log of a later test.
    monkeypatch.setattr("integration_objects.log._configure", None)
    configure = structlog.configure
    # A logger that is kept would write to this test's standard error in the tests after it.
    monkeypatch.setattr(
        structlog, "configure", lambda **parts: configure(**{**parts, "cache_logger_on_first_use": False})
    )

    def run(*arguments: object, expect: int = 0) -> Any:
        from hub.command_line import app

        words = [str(argument) for argument in arguments]
        monkeypatch.setattr("sys.argv", ["orderhub", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app.run(words)
        printed = capsys.readouterr()
        assert (ended.value.code or 0) == expect, printed.out + printed.err
        return printed

    yield run
    structlog.reset_defaults()
