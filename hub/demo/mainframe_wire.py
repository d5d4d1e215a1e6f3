"""The requests that went to the stand-in mainframe and their replies, as it has kept them, told in short.

the mainframe is asked                 reply
query SERVICE: [CUST-ID] = '2-LB'      2 rows
update SERVICE A1: SVC-NO=509-555-0177  done
update FEATURE A1 Rings: TXT-VAL=6     none
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from lxml import etree

from adapters.virtual_components.stand_in import COMPONENTS, StandInMainframe
from hub.demo.stage import WIDTH
from hub.presentation.printing import out, table
from integration_objects.short_keys import with_short_keys
from schemas.check import parse
from schemas.gateway.messages import Kind, Request, Status
from schemas.gateway.xml import read_reply, read_request


class Wire:
    """What the mainframe was asked since somebody looked last."""

    def __init__(self, mainframe: StandInMainframe) -> None:
        self._mainframe = mainframe
        self._seen = 0

    def show(self, in_full: Kind | None = None) -> None:
        """Print the new requests and replies, a line each.

        Args:
            in_full: the kind of which the first request and its reply are printed as XML, too.
        """
        exchanges = self._new()
        shown = [exchange for exchange in exchanges if exchange.request.kind == in_full][:1]
        for message in (text for exchange in shown for text in (exchange.asked, exchange.answered) if text is not None):
            out("\n" + _indented(message))
        asked = with_short_keys([_told(exchange.request) for exchange in exchanges])
        rows = [
            (textwrap.shorten(text, WIDTH), _outcome(exchange)) for text, exchange in zip(asked, exchanges, strict=True)
        ]
        out("\n" + table(("the mainframe is asked", "reply"), rows))

    def _new(self) -> list[_Exchange]:
        exchanges = [_Exchange(*each) for each in self._mainframe.exchanges()]
        seen, self._seen = self._seen, len(exchanges)
        return exchanges[seen:]


@dataclass(frozen=True)
class _Exchange:
    """A request and its reply as they are on the wire; None for a reply that has not come."""

    asked: bytes
    answered: bytes | None

    @property
    def request(self) -> Request:
        return read_request(self.asked)


def _told(request: Request) -> str:
    if request.row is None:
        return f"{request.kind} {request.component}: {request.query.search_string}"
    named = [field for field in COMPONENTS[request.component] if field in request.row]
    values = {
        field: value
        for field, value in request.row.items()
        if value and field not in named and (request.kind == "insert" or field in request.changed)
    }
    text = f"{request.kind} {request.component} {' '.join(request.row[field] for field in named)}"
    return f"{text}: {', '.join(f'{field}={value}' for field, value in values.items())}"


def _outcome(exchange: _Exchange) -> str:
    if exchange.answered is None:
        return "none"
    reply = read_reply(exchange.answered, exchange.request.kind)
    if isinstance(reply, Status):
        return f"status {reply.code}: {reply.text}"
    return f"{len(reply.rows)} rows" if reply.kind == "query" else "done"


def _indented(body: bytes) -> str:
    """Return a document with a line for each element."""
    root = parse(body)
    etree.indent(root)
    return str(etree.tostring(root, encoding="unicode"))
