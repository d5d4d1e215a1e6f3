"""An application for any ASGI server, of the deployment in the working folder."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette

from hub.data_manager.open_hub import OpenHub
from hub.deployment.deployment import open_deployment
from hub.deployment.proven import prove_once


def served(process: str, make: Callable[[OpenHub], Starlette]) -> Starlette:
    """Open the deployment of the working folder, and make its application; the hub is closed with the server.

    Args:
        process: the process's name.
        make: makes the application of an open hub.

    Raises:
        Misconfigured: the deployment is unsound.
    """
    open_hub = OpenHub(prove_once(open_deployment(pathlib.Path.cwd())), process=process)
    open_hub.prepare_database()
    made = make(open_hub)

    @contextlib.asynccontextmanager
    async def closing(_: Starlette) -> AsyncIterator[None]:
        yield
        open_hub.close()

    made.router.lifespan_context = closing
    return made
