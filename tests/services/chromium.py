"""A browser for the tests of pages: the machine's Chromium, driven by Playwright; Debian's is installed if needed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tests.services.debian import install
from tests.services.private_server import Missing, program

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextlib.contextmanager
def a_chromium() -> Iterator[Any]:
    """A started browser.

    Raises:
        Missing: there is none, and none may be installed.
    """
    path = _found()
    if path is None:
        install("chromium")
        path = _found()
    if path is None:
        raise Missing("chromium isn't on the PATH")
    # Imported here: most runs of a few tests need no browser.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Root has no sandbox of its own in a container; the pages are our own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


def _found() -> str | None:
    return next((path for name in _NAMES if (path := program(name)) is not None), None)
