"""The HTTP door for any ASGI server: `uvicorn --factory hub.http_door.asgi:application`, in the deployment's folder."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette

from hub.data_manager.open_hub import OpenHub
from hub.deployment.deployment import open_deployment
from hub.deployment.proven import prove_once
from hub.http_door.application import HttpDoor


def application() -> Starlette:
    """Open the deployment of the working folder, and make the application of its door.

    Raises:
        Misconfigured: the deployment is unsound, or nothing could come in by HTTP.
    """
    open_hub = OpenHub(prove_once(open_deployment(pathlib.Path.cwd())), process="http")
    open_hub.prepare_database()
    made = HttpDoor(open_hub).application()

    @contextlib.asynccontextmanager
    async def closing(_: Starlette) -> AsyncIterator[None]:
        yield
        open_hub.close()

    made.router.lifespan_context = closing
    return made
