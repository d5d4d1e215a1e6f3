"""The HTTP door for any ASGI server: `uvicorn --factory hub.http_door.asgi:application`, in the deployment's folder."""

from __future__ import annotations

from starlette.applications import Starlette

from hub.http_door.application import HttpDoor
from hub.http_door.served import served


def application() -> Starlette:
    """Open the deployment of the working folder, and make the application of its door.

    Raises:
        Misconfigured: the deployment is unsound, or nothing could come in by HTTP.
    """
    return served("http", lambda open_hub: HttpDoor(open_hub).application())
