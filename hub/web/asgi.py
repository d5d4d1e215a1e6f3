"""The web application for any ASGI server: `uvicorn --factory hub.web.asgi:application`, in the deployment's folder."""

from __future__ import annotations

from starlette.applications import Starlette

from hub.http_door.served import served
from hub.web.application import WebApplication


def application() -> Starlette:
    """Open the deployment of the working folder, and make its web application.

    Raises:
        Misconfigured: the deployment is unsound.
    """
    return served("web", lambda open_hub: WebApplication(open_hub).application())
