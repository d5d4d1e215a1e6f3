"""`orderhub partner`: what an operator does for a partner that sends by HTTP or in files.

Spec: docs/design/legacy.md, "Batches"; docs/http.md.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Annotated

import typer

from adapters.database.schema.hub_tables import ACCEPTED_STATES
from adapters.files import digest_of, opened, read_message
from adapters.transport import CHANNEL, HTTP, Delivery, Envelope, check_envelope
from hub.command_line.batches import proven_file
from hub.command_line.exit_codes import DONE, REFUSED, WORLD_FAILED, CommandMisused
from hub.command_line.opened_hub import opened_hub
from hub.command_line.options import Json
from hub.command_line.text_command import TextCommand
from hub.data_manager.batch_check import judge_file, judge_orders
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.partner_check import RETRYING, Judgement, judge, refused_judgement
from hub.deployment.door import NAME
from hub.deployment.route import Route, route_named
from hub.presentation.printing import complain, out, print_json
from integration_objects.errors import Refused
from integration_objects.surroundings import new_token, token_digest

app = typer.Typer()
partner_app = typer.Typer(no_args_is_help=True, help="Partners: their tokens, and their own check.")
app.add_typer(partner_app, name="partner")


#: characters of a message's source: with the kind of transport before them, a destination has 255
_MOST_SOURCE = 200


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


@partner_app.command("check", cls=TextCommand)
def check(
    route: Annotated[str, typer.Argument(help="The route that would take the messages.")],
    files: Annotated[list[pathlib.Path], typer.Argument(help="One message or one batch each, in their order.")],
    sender: Annotated[
        str | None, typer.Option(help="The sender; without one, the first of the route's `senders`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge messages as the real run would, in their order, and keep nothing; print a verdict for each."""
    with opened_hub() as open_hub:
        taken = route_named(open_hub.deployment.routes, route)
        judged = _messages(open_hub, taken, files, sender) if taken.batch is None else _batches(open_hub, taken, files)
        states = _told(judged, as_json)
    raise typer.Exit(_code(states))


def _messages(
    open_hub: OpenHub, route: Route, files: Sequence[pathlib.Path], sender: str | None
) -> Iterator[tuple[str, Judgement]]:
    """Judge files that are one message each."""
    judgements = judge(open_hub, route, [_delivery(route, file, sender) for file in files])
    yield from zip(map(str, files), judgements, strict=True)


def _batches(open_hub: OpenHub, route: Route, files: Sequence[pathlib.Path]) -> Iterator[tuple[str, Judgement]]:
    """Judge files of many orders: each order, or the file alone where it would not be taken."""
    for file in files:
        with opened(file) as content:
            try:
                proven, size = proven_file(route, file, content)
                batch_id = judge_file(open_hub, route, proven, digest_of(file), size)
            except Refused as error:
                yield str(file), refused_judgement(error)
                continue
            content.seek(0)
            for order, judgement in judge_orders(open_hub, route, proven, batch_id, content):
                yield f"{file}, order {order.position}", judgement


def _told(judged: Iterable[tuple[str, Judgement]], as_json: bool) -> set[str]:
    """Print each verdict when it is there; return the states that there were."""
    states = set()
    shown = []
    for name, judgement in judged:
        states.add(judgement.state)
        if as_json:
            shown.append({"name": name, **judgement.as_dict()})
        else:
            _print(name, judgement)
    if as_json:
        print_json(shown)
    return states


def _delivery(route: Route, file: pathlib.Path, sender: str | None) -> Delivery:
    """Read a file as the route's transport would deliver it."""
    body, oversize = read_message(file, route.limits.body)
    envelope = check_envelope(Envelope(None, body, content_type=route.content_type, oversize=oversize))
    of_transport = "local" if route.transport.name in (CHANNEL.name, HTTP) else route.place
    # A name that every transport could have given the message: it is a part of the place of its answer.
    source = f"{route.place}/{file.name}"[:_MOST_SOURCE]
    return Delivery(envelope, route.place, sender or next(iter(route.senders), of_transport), source)


def _print(name: str, judgement: Judgement) -> None:
    error = judgement.error or {}
    verdict = "accepted" if judgement.is_accepted else judgement.state
    known = ", known already" if judgement.is_repeat else ""
    out(f"{name}: {verdict}{known}")
    for part in ("what", "where", "why", "mend", "reason"):
        if error.get(part):
            out(f"  {part + ':':<7} {error[part]}")


def _code(states: Set[str]) -> int:
    """Return the exit code: the world's fault before a refusal, because the same check can end otherwise later."""
    if RETRYING in states:
        return WORLD_FAILED
    return DONE if states <= set(ACCEPTED_STATES) else REFUSED
