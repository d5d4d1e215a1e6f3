"""The ASGI application of the HTTP door.

    POST /messages/CHANNEL       a message: 202 with its id once it is stored; 200 with the answer where the route waits
    GET  /messages/CHANNEL/ID    the state of a message, with its answer
    GET  /answers/CHANNEL/ID     the answer alone, byte by byte
    POST /check/CHANNEL          a message, or a file of many orders, that is judged, and not kept
    GET  /openapi.json           the OpenAPI document of the sender's channels

CHANNEL is the name in a route's `from: {http: CHANNEL}`; of a file of many orders, in `from: {folder: CHANNEL}`. ID is
the id in the receipt, or the sender's own `Idempotency-Key`.

Spec: docs/design/legacy.md, "Batches" (HTTP door); docs/design/integration.md, "Doors"; docs/http.md.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing, contextmanager

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Path

from adapters.database.messages.filing import Filed, MessageIdReused
from adapters.http_server import MOST_CONNECTIONS
from adapters.transport import HTTP
from hub.data_manager.data_manager import DataManager
from hub.data_manager.open_hub import OpenHub
from hub.data_manager.partner_check import judge
from hub.deployment.openapi import openapi, takes_file_checks
from hub.deployment.route import Route
from hub.http_door.file_check import MOST_FILE, judge_posted_file
from hub.http_door.group_filing import GroupFiling
from hub.http_door.places import Places
from hub.http_door.problems import DoorAway, DoorFailed, RequestRefused, problem, stored_problem
from hub.http_door.reading import BODY_S, check_size, read_delivery, read_file
from hub.http_door.senders import Senders
from hub.http_door.state import Answer, AnswerNotThere, MessageState, state_of
from integration_objects.errors import HubError, Misconfigured, Retryable
from integration_objects.log import Log

log = Log()

#: requests that wait for an answer at one time; further ones get their receipt at once
MOST_WAITING = 32
#: messages that are judged at one time
MOST_CHECKS = 2
#: seconds between two looks for an answer: the first, and the longest
_LOOK_S, _LONGEST_LOOK_S = 0.02, 0.5


class DoorUnknown(RequestRefused):
    """No route of the deployment reads this channel by HTTP, or the route doesn't take this sender's messages."""

    status = 404
    what = "there is no channel '{channel}' for you"
    where = "{path}"
    why = "no route takes messages of '{sender}' there"
    mend = "correct the address, or ask the hub's operator to add you to the route's `senders`"


class UrlUnknown(RequestRefused):
    """The door has no such address, or doesn't know the method there."""

    status = 404
    what = "the door has no {method} of this address"
    where = "the address of the request"
    why = (
        "there are POST /messages/CHANNEL, /check/CHANNEL, GET /messages/CHANNEL/ID, /answers/CHANNEL/ID, /openapi.json"
    )
    mend = "correct the address or the method"


class DoorBusy(RequestRefused):
    """Too many messages are being judged. Each holds locks while it is judged, as in the real run."""

    status = 503
    what = "the hub can't judge the message now"
    where = "/check"
    why = "{most} messages or files are judged at one time, and one of a sender; others are being judged already"
    mend = "ask again later"


class SenderBusy(RequestRefused):
    """A sender has too many requests under way: more would leave no place to the others."""

    status = 429
    what = "you have too many requests under way"
    where = "this sender's connections"
    why = "{most} of them aren't answered yet"
    mend = "wait for their answers, then send the request again"


class NoHttpRoute(Misconfigured):
    """No route of the deployment is reached by HTTP."""

    what = "the HTTP door leads nowhere"
    where = "hub/routes/"
    why = "no route has `from: {{http: NAME}}`"
    mend = "let a route read an HTTP channel: `from: {{http: orders}}`"


class HttpDoor:
    """The door of one open hub."""

    def __init__(self, open_hub: OpenHub, body_s: float = BODY_S) -> None:
        """Read the routes and the senders.

        Args:
            open_hub: the hub that files the messages.
            body_s: seconds for the body of a request.

        Raises:
            NoHttpRoute, NobodyMaySend: nothing could come in.
        """
        self._open_hub = open_hub
        self._body_s = body_s
        self._routes: Mapping[str, Route] = {
            route.place: route for route in open_hub.deployment.routes.values() if route.transport.name == HTTP
        }
        #: the routes of batches that name senders: who isn't named may not ask about their customers
        self._batch_routes: Mapping[str, Route] = {
            route.place: route for route in open_hub.deployment.routes.values() if takes_file_checks(route)
        }
        if not self._routes and not self._batch_routes:
            raise NoHttpRoute
        self._senders = Senders(open_hub.deployment.settings)
        self._filing = GroupFiling(DataManager(open_hub))
        self._requests = Places(MOST_CONNECTIONS)
        self._waiting = Places(MOST_WAITING)
        self._checks = Places(MOST_CHECKS)

    def application(self) -> Starlette:
        """Make the ASGI application."""
        paths = [
            Path("/messages/{channel}", self._answered(self._post), methods=["POST"]),
            Path("/messages/{channel}/{id:path}", self._answered(self._state), methods=["GET"]),
            Path("/answers/{channel}/{id:path}", self._answered(self._answer), methods=["GET"]),
            Path("/check/{channel}", self._answered(self._check), methods=["POST"]),
            Path("/openapi.json", self._answered(self._document), methods=["GET"]),
        ]
        return Starlette(routes=paths, exception_handlers={HTTPException: _no_such_path})

    def _answered(
        self, handle: Callable[[Request, str], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Wrap a handler: it gets the sender, and each of its errors becomes a problem."""

        @functools.wraps(handle)
        async def answer(request: Request) -> Response:
            try:
                check_size(request.headers)
                sender = self._senders.sender_of(request.headers)
                with self._requests.taken(sender) as has_place:
                    if not has_place:
                        raise SenderBusy(most=self._requests.most_of_sender)
                    response = await handle(request, sender)
            except HubError as error:
                response = problem(_for_strangers(error))
            except Exception as error:
                log.error("unexpected fault", traceback="".join(traceback.format_exception(error)))
                response = problem(DoorFailed())
            # A body that wasn't read to its end would be taken for the next request, or be awaited for long.
            if response.status_code >= 400 and request.method == "POST":
                response.headers["Connection"] = "close"
            return response

        return answer

    def _route(self, request: Request, sender: str, files_too: bool = False) -> Route:
        channel = request.path_params["channel"]
        route = self._routes.get(channel) or (self._batch_routes.get(channel) if files_too else None)
        # One answer for both: a stranger doesn't learn which channels there are.
        if route is None or not route.allows_sender(sender):
            raise DoorUnknown(channel=channel, path=request.url.path, sender=sender)
        return route

    async def _post(self, request: Request, sender: str) -> Response:
        route = self._route(request, sender)
        delivery = await read_delivery(request, route, sender, self._body_s)
        filed = await run_in_threadpool(self._filing.file, route, delivery)
        refusal = await self._refusal(route, sender, filed)
        if refusal is not None:
            return refusal
        state = await self._awaited(route, sender, filed.row_id)
        if state is not None and state.is_refused:
            return self._refused(route, state)
        if state is not None and state.answer is not None:
            return _whole(state.answer, {"Location": _path(request, route, filed.row_id)})
        # The same for each repeat: nothing in it depends on how far the message has come.
        path = _path(request, route, filed.row_id)
        receipt = {"id": filed.row_id, "message_id": delivery.envelope.message_id, "state": path}
        return JSONResponse(receipt, 202, {"Location": path})

    async def _refusal(self, route: Route, sender: str, filed: Filed) -> Response | None:
        """Answer a message that was refused when it was filed; None for one that is to be worked, or was."""
        if filed.state not in ("rejected", "invalid"):
            return None
        state = await self._look(route, sender, filed.row_id)
        # A repeat of a message that was refused by the work on it gets the first answer, the receipt.
        if filed.outcome == "repeat" and state.row.reason != MessageIdReused.__name__:
            return None
        return self._refused(route, state)

    def _refused(self, route: Route, state: MessageState) -> Response:
        more = {"id": state.row.id, "state": state.row.state, "channel": route.place}
        return stored_problem(state.error or {}, 422, **more)

    async def _awaited(self, route: Route, sender: str, row_id: str) -> MessageState | None:
        """Wait for the end of a message, as long as its route says; None where the sender gets a receipt."""
        if route.reply.wait_s is None:
            return None
        with self._waiting.taken(sender) as has_place:
            if not has_place:
                return None
            with anyio.move_on_after(route.reply.wait_s):
                pause_s = _LOOK_S
                while True:
                    state = await self._look(route, sender, row_id)
                    if state.row.is_final and (state.answer is not None or state.is_refused):
                        return state
                    await anyio.sleep(pause_s)
                    pause_s = min(2 * pause_s, _LONGEST_LOOK_S)
        return None

    async def _state(self, request: Request, sender: str) -> Response:
        route = self._route(request, sender)
        state = await self._look(route, sender, request.path_params["id"])
        answer = f"{request.scope.get('root_path', '')}/answers/{route.place}/{state.row.id}"
        return JSONResponse({**state.as_dict(), "channel": route.place, "answer_at": answer if state.answer else None})

    async def _answer(self, request: Request, sender: str) -> Response:
        route = self._route(request, sender)
        state = await self._look(route, sender, request.path_params["id"], "answers")
        if state.answer is None:
            raise AnswerNotThere(id=request.path_params["id"], channel=route.place, state=state.row.state)
        return _whole(state.answer)

    async def _check(self, request: Request, sender: str) -> Response:
        route = self._route(request, sender, files_too=True)
        # Read first: a slow sender must not take the place of others.
        if route.batch is not None:
            file = await read_file(request, route, MOST_FILE, self._body_s)
            with closing(file.content), self._place_of_check(sender):
                return JSONResponse(await run_in_threadpool(judge_posted_file, self._open_hub, route, file))
        delivery = await read_delivery(request, route, sender, self._body_s)
        with self._place_of_check(sender):
            [judgement] = await run_in_threadpool(judge, self._open_hub, route, [delivery])
        # Other errors tell of the hub's own database, systems and declarations.
        hidden = {} if judgement.concerns_sender else {"error": None}
        return JSONResponse({"channel": route.place, **judgement.as_dict(), **hidden})

    @contextmanager
    def _place_of_check(self, sender: str) -> Iterator[None]:
        with self._checks.taken(sender) as has_place:
            if not has_place:
                raise DoorBusy(most=MOST_CHECKS)
            yield

    async def _document(self, request: Request, sender: str) -> Response:
        routes = [*self._routes.values(), *self._batch_routes.values()]
        own = [route for route in routes if route.allows_sender(sender)]
        return JSONResponse(openapi(own))

    async def _look(self, route: Route, sender: str, name: str, door: str = "messages") -> MessageState:
        return await run_in_threadpool(state_of, self._open_hub, route, sender, name, door)


def _whole(answer: Answer, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer byte by byte; Starlette would add a charset of its own to the content type of a text."""
    return Response(answer.body, headers={**(headers or {}), "Content-Type": answer.content_type})


def _path(request: Request, route: Route, row_id: str) -> str:
    return f"{request.scope.get('root_path', '')}/messages/{route.place}/{row_id}"


def _for_strangers(error: HubError) -> HubError:
    """Return the error that a sender may see: not the hub's own troubles, which the log gets."""
    if error.verdict == "refuse":
        return error
    log.error("a request failed", **error.as_dict())
    return DoorAway() if isinstance(error, Retryable) else DoorFailed()


async def _no_such_path(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return problem(UrlUnknown(method=request.method), status)
