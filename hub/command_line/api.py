"""`orderhub api`: documents of what the hub speaks, made of the routes and systems.

Spec: docs/design/legacy.md, "The HTTP door"; docs/http.md, "Documents".
"""

from __future__ import annotations

import pathlib

import typer

from hub.command_line.text_command import TextCommand
from hub.deployment.asyncapi import asyncapi
from hub.deployment.deployment import open_deployment
from hub.deployment.openapi import openapi
from hub.presentation.printing import print_json

app = typer.Typer()
api_app = typer.Typer(no_args_is_help=True, help="Documents of the channels that the hub reads and writes.")
app.add_typer(api_app, name="api")


@api_app.command("openapi", cls=TextCommand)
def print_openapi() -> None:
    """Print the OpenAPI 3.1 document of the HTTP door."""
    print_json(openapi(open_deployment(pathlib.Path.cwd()).routes.values()))


@api_app.command("asyncapi", cls=TextCommand)
def print_asyncapi() -> None:
    """Print the AsyncAPI 3.0 document of all channels."""
    print_json(asyncapi(open_deployment(pathlib.Path.cwd())))
