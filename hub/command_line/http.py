"""`orderhub http`: the HTTP door, served by the embedded server until it is told to stop.

Spec: docs/design/integration.md, "Doors"; docs/http.md.
"""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from adapters.http_server import HttpServer
from hub.command_line.opened_hub import opened_hub
from hub.deployment.deployment import open_deployment
from hub.deployment.proven import prove_once
from hub.http_door.application import HttpDoor
from hub.presentation.printing import complain
from integration_objects.log import load_log

app = typer.Typer()


@app.command()
def http(
    host: Annotated[str, typer.Option(help="The address to listen on, behind a proxy with TLS.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8080,
) -> None:
    """Serve the HTTP door: partners post messages and look at their state; `orderhub run` works them."""
    deployment = prove_once(open_deployment(pathlib.Path.cwd()))
    with opened_hub(deployment) as open_hub:
        load_log()
        server = HttpServer(HttpDoor(open_hub).application(), host, port)
        complain(f"the HTTP door listens on {server.url}")
        server.run()
