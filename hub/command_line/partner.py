"""`orderhub partner`: what an operator does for a partner that sends by HTTP or in files.

Spec: docs/design/legacy.md, "Batches"; docs/http.md.
"""

from __future__ import annotations

from typing import Annotated

import typer

from hub.command_line.exit_codes import CommandMisused
from hub.command_line.text_command import TextCommand
from hub.deployment.door import NAME
from hub.presentation.printing import complain, out
from integration_objects.surroundings import new_token, token_digest

app = typer.Typer()
partner_app = typer.Typer(no_args_is_help=True, help="Partners: their tokens.")
app.add_typer(partner_app, name="partner")


class PartnerNameUnfit(CommandMisused):
    """A text can't be the name of a sender."""

    what = "'{name}' can't be the name of a sender"
    where = "argument NAME"
    why = "a name has letters and digits, with _ - . between"
    mend = "give a name such as kite, which routes list in `senders`"


@partner_app.command("token", cls=TextCommand)
def token(name: Annotated[str, typer.Argument(help="The sender's name, as routes list it in `senders`.")]) -> None:
    """Make a token for a sender: print it once, with the line for the setting http_tokens."""
    if not NAME.fullmatch(name):
        raise PartnerNameUnfit(name=name)
    secret = new_token()
    out(f"{secret}\t{name}={token_digest(secret)}")
    complain(f"give the first text to {name}, and put the second one into the setting http_tokens; neither is kept")
