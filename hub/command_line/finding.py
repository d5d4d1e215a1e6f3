"""`orderhub find`, `orders`, `quotes`: short commands for the workflows of these names.

    orderhub find 509-555-0140
    orderhub orders 2-LB

Spec: docs/workflows/find.md, docs/workflows/orders.md, docs/workflows/quotes.md.
"""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from hub.command_line.options import Json
from hub.command_line.text_command import TextCommand
from hub.command_line.workflow import run_and_print
from hub.deployment.deployment import open_deployment

app = typer.Typer()

_Account = Annotated[
    str, typer.Argument(help="The customer: its Account Id, phone number, name, or number in another system.")
]


@app.command(cls=TextCommand)
def find(
    text: Annotated[str, typer.Argument(help="A number, a name, or the beginning of one.")], as_json: Json = False
) -> None:
    """Find customers, services, meters, orders and quotes by a number or a name."""
    _run("find", ("text", text), as_json)


@app.command(cls=TextCommand)
def orders(account: _Account, as_json: Json = False) -> None:
    """List the orders of an account, a line each."""
    _run("orders", ("account", account), as_json)


@app.command(cls=TextCommand)
def quotes(account: _Account, as_json: Json = False) -> None:
    """List the quotes of an account, a line each."""
    _run("quotes", ("account", account), as_json)


def _run(name: str, argument: tuple[str, str], as_json: bool) -> None:
    run_and_print(open_deployment(pathlib.Path.cwd()), name, ["=".join(argument)], as_json)
