"""Both sides live at random, with crashes and harmed files, and come to rest equal: the short form of `make crash`."""

from __future__ import annotations

import pathlib

import pytest

from tests.hub.replication.simulation import Simulation


@pytest.mark.parametrize("seed", range(8))
def test_both_sides_come_to_rest_with_the_same_values(tmp_path: pathlib.Path, seed: int) -> None:
    Simulation(tmp_path, seed).run()
