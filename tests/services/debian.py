"""Debian's packages, installed where the tests may: by root, on Debian or its descendants, with the archive in reach.

The packages would start their servers for the whole machine; that is prevented.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import pathlib
import subprocess
from collections.abc import Iterator

from tests.services.private_server import Missing, program

_RELEASE = pathlib.Path("/etc/os-release")
#: Asked by packages before they start a server; 101 forbids it (Debian Policy, "invoke-rc.d").
_POLICY = pathlib.Path("/usr/sbin/policy-rc.d")
#: Seconds to fetch and install.
_INSTALL_S = 600
#: An archive that can't be reached is given up soon.
_APT = ["apt-get", "--quiet", "--yes", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=15"]


def install(package: str) -> None:
    """Install *package*.

    Raises:
        Missing: it may not be installed here, or can't be.
    """
    if why := _why_not(package):
        raise Missing(why)


@functools.cache
def _why_not(package: str) -> str | None:
    """Install *package* once a run; says why not, or None."""
    wanted = f"{package} isn't installed"
    if os.geteuid() != 0 or program("apt-get") is None or "debian" not in _release():
        return f"{wanted}, and only root on Debian may have the tests install it: apt-get install {package}"
    with _one_at_a_time(), _no_server_starts():
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for words in (["update"], ["install", "--no-install-recommends", package]):
            try:
                ran = subprocess.run(
                    [*_APT, *words], env=environment, check=False, capture_output=True, text=True, timeout=_INSTALL_S
                )
            except subprocess.TimeoutExpired:
                return f"{wanted}, and apt-get {words[0]} took longer than {_INSTALL_S} s"
        # an update that failed in part may have brought enough
        if ran.returncode != 0:
            said = (ran.stderr.strip().splitlines() or ["it doesn't say why"])[-1]
            return f"{wanted}, and apt-get can't install it: {said}"
    return None


def _release() -> str:
    return _RELEASE.read_text() if _RELEASE.exists() else ""


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait for other processes of this run: apt-get refuses a second one, and the policy file is one for all."""
    folder = os.open(_POLICY.parent, os.O_RDONLY)  # unlike the file, it is there before and after
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextlib.contextmanager
def _no_server_starts() -> Iterator[None]:
    """Forbid packages to start servers, unless the machine has a policy of its own."""
    try:
        with _POLICY.open("x") as file:
            file.write("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    except FileExistsError:
        yield
        return
    try:
        yield
    finally:
        _POLICY.unlink()
