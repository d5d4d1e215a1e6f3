"""`orderhub web`: the web application, served by the embedded server until it is told to stop.

Spec: docs/web.md.
"""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from adapters.http_server import HttpServer
from hub.command_line.opened_hub import opened_hub
from hub.demo.web_demo import people_of_demo, refuse_other_than_demo
from hub.deployment.deployment import open_deployment
from hub.deployment.proven import prove_once
from hub.presentation.printing import complain, out, table
from hub.web.application import WebApplication
from integration_objects.log import load_log

app = typer.Typer()

#: the folder that `orderhub demo` makes
_DEMO = "orderhub-demo"


@app.command()
def web(
    demo: Annotated[
        bool, typer.Option("--demo", help="In the demo's deployment: one user of each type, with printed passwords.")
    ] = False,
    host: Annotated[str, typer.Option(help="The address to listen on, behind a proxy with TLS.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
) -> None:
    """Serve the web application: the care desk, the portals, the console."""
    folder = pathlib.Path.cwd()
    if demo and not (folder / "orderhub.toml").exists() and (folder / _DEMO).is_dir():
        folder = folder / _DEMO
    if demo:
        # Before a database is made in a folder that is no demo's.
        refuse_other_than_demo(folder)
    deployment = prove_once(open_deployment(folder))
    with opened_hub(deployment) as open_hub:
        load_log()
        if demo:
            out(table(("user", "password", "type", "accounts"), people_of_demo(open_hub)))
        server = HttpServer(WebApplication(open_hub).application(), host, port, name="the web application")
        complain(f"open {server.url} in a browser; Ctrl-C ends it")
        server.run()
