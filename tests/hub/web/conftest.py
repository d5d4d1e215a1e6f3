"""The web application of a hub with customers and users, and the same in a real browser."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.http_server import HttpServer
from tests.hub.web.people import Web, web_in


@pytest.fixture
def web(tmp_path):
    with web_in(tmp_path) as made:
        yield made


@dataclass
class ServedWeb:
    """The application on a port of this machine, and a browser before it."""

    web: Web
    url: str
    chromium: Any

    def page(self, name: str | None = "carla", width: int = 1280, **options: Any) -> Any:
        """A page of a new browser; of a user who is logged in, or of nobody."""
        context = self.chromium.new_context(viewport={"width": width, "height": 900}, base_url=self.url, **options)
        context.set_default_timeout(10_000)
        if name is not None:
            context.add_cookies([{"name": "orderhub", "value": self.web.token(name), "url": self.url}])
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
        return page


@pytest.fixture(scope="module")
def served_web(chromium, tmp_path_factory):
    """One server for the tests of a file: they change accounts of their own."""
    with web_in(tmp_path_factory.mktemp("web")) as made:
        server = HttpServer(made.application, "127.0.0.1", 0)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield ServedWeb(made, server.url, chromium)
        for context in list(chromium.contexts):
            context.close()
        server.stop()
        thread.join()
