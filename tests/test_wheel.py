"""A wheel, installed into an empty environment, runs the demo away from the checkout."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import venv

import pytest

ROOT = pathlib.Path(__file__).parents[1]


def test_the_demo_runs_from_a_wheel_in_an_empty_environment(tmp_path):
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    wheels = [str(path) for path in tmp_path.glob("orderhub-*.whl")]
    installed = subprocess.run(
        [
            str(home / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *(wheels or ["."]),
        ],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if built.returncode or installed.returncode:
        if os.environ.get("CI") != "true":
            pytest.skip("the package registry can't be reached")
        pytest.fail(built.stderr + installed.stderr)
    away = tmp_path / "away"
    away.mkdir()
    played = subprocess.run(
        [str(home / "bin" / "orderhub"), "demo"], cwd=away, env=environment, check=False, capture_output=True, text=True
    )
    assert played.returncode == 0, played.stderr
    assert "both sides agree" in played.stdout
    assert (away / "orderhub-demo" / "orderhub.db").is_file()
    made = subprocess.run(
        [str(home / "bin" / "orderhub"), "init", "shop"],
        cwd=away,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    assert (away / "shop" / "hub" / "routes" / "kiosk_order.yaml").is_file()
