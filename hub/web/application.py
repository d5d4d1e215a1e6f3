"""The ASGI application of the web: declared pages, their data, their actions, and the sign-in.

    GET  /accounts/{account}             a page; with .json behind it, the same data for scripts
    GET  /accounts/{account}/do/ACTION   the form of an action
    POST /accounts/{account}/do/ACTION   runs the action's workflow, once for a form
    GET  /sign-in, POST /sign-in, POST /sign-out, GET /password, POST /password
    GET  /sign-in/open-id, GET /sign-in/open-id/back    where a provider of OpenID Connect is set
    GET  /static/FILE

The database's work is done in threads, and only so many at a time as there are connections.

Spec: docs/web.md, docs/web_pages.md, docs/security.md.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeVar

import anyio
from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from adapters.database.messages.records import WorkedForm
from hub.access.audit import DENIED
from hub.access.user import ActionObject, User
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.deployment.pages.page import Action, Page
from hub.http_door.reading import check_size
from hub.web.acting import ANSWER, CHECK, FORM_ID, ROW, VERSION, OpenAction, Sent, act
from hub.web.addresses import DO, JSON, address_of, from_step
from hub.web.answering import error_answer, wants_json
from hub.web.console.page import ConsolePage
from hub.web.console.pages import PAGES as CONSOLE
from hub.web.console.serving import act_on, form_view, page_view
from hub.web.faults import (
    FormFaulty,
    NotAmongYours,
    NothingThere,
    OtherSite,
    PageForbidden,
    PageMethodUnknown,
)
from hub.web.forms import csrf_of, read_form
from hub.web.headers import Place, SecurityHeaders
from hub.web.markup import Frame, MenuEntry, PageMarkup
from hub.web.open_id_sign_in import BACK, START, OpenIdSignIn
from hub.web.showing import ShownPage, has_right
from hub.web.sign_in import SignIn, SignInNeeded
from hub.web.static_files import static_files
from hub.web.views import DoneView, FormView, as_json, form_json
from hub.web.visitors import Visitor, Visitors
from integration_objects.errors import HubError, Refused, Retryable

#: pages that are computed at one time: each has a connection of the database
MOST_AT_ONCE = 8
#: characters of an answer in a form, the JSON of a configuration included
MOSTANSWER = 100_000

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]


class WebApplication:
    """The web application of one open hub."""

    def __init__(self, open_hub: OpenHub) -> None:
        """Read the pages, and compile their templates.

        Raises:
            DeclarationFault, PageTemplateFaulty: a page or a template is wrong.
        """
        self._open_hub = open_hub
        self._pages: Mapping[str, Page] = open_hub.deployment.pages
        self._markup = PageMarkup(open_hub.deployment)
        self._place = Place(open_hub.deployment.settings.web_url)
        self._visitors = Visitors(open_hub)
        self._limiter: anyio.CapacityLimiter | None = None
        open_id = open_hub.open_id
        self._sign_in = SignIn(
            self._visitors, self._markup, self._place, self._in_thread, self._frame, open_id is not None
        )
        self._open_id = None
        if open_id is not None:
            web_url = open_hub.deployment.settings.web_url
            self._open_id = OpenIdSignIn(open_id, self._sign_in, self._place, web_url, self._in_thread)

    def application(self) -> Starlette:
        """Make the ASGI application."""
        routes: list[Route | Mount] = [
            Route("/", self._answered(self._first_page), methods=["GET"]),
            Route("/static/{name}", self._static, methods=["GET"]),
            Route("/sign-in", self._answered(self._sign_in.show), methods=["GET"]),
            Route("/sign-in", self._answered(self._sign_in.sign_in), methods=["POST"]),
            Route("/sign-out", self._answered(self._sign_in.sign_out), methods=["POST"]),
            Route("/password", self._answered(self._sign_in.show_password), methods=["GET"]),
            Route("/password", self._answered(self._sign_in.change_password), methods=["POST"]),
        ]
        if self._open_id is not None:
            routes.append(Route(START, self._answered(self._open_id.start), methods=["GET"]))
            routes.append(Route(BACK, self._answered(self._open_id.back), methods=["GET"]))
        # Addresses with fewer parameters first: /accounts/new before /accounts/{account}.
        for page in sorted(self._pages.values(), key=lambda page: (len(page.path_parameters), page.address)):
            show, form = functools.partial(self._show, page), functools.partial(self._do, page)
            for ending in (JSON, ""):
                do = f"{page.address}/{DO}/{{action}}{ending}"
                routes.append(Route(do, self._answered(form), methods=["GET", "POST"]))
                routes.append(Route(f"{page.address}{ending}", self._answered(show), methods=["GET"]))
        for console_page in CONSOLE:
            see, act_there = functools.partial(self._look, console_page), functools.partial(self._operate, console_page)
            for ending in (JSON, ""):
                do = f"{console_page.address}/{DO}/{{action}}{ending}"
                routes.append(Route(do, self._answered(act_there), methods=["GET", "POST"]))
                routes.append(Route(f"{console_page.address}{ending}", self._answered(see), methods=["GET"]))
        application = Starlette(
            routes=routes,
            middleware=[Middleware(SecurityHeaders, place=self._place)],
            exception_handlers={HTTPException: self._no_such_address},
        )
        # Such a redirect would repeat the Host that a request claims.
        application.router.redirect_slashes = False
        return application

    def _answered(self, handle: Handler) -> Handler:
        """Wrap a handler: each of its errors becomes a page, or a problem."""

        async def answer(request: Request) -> Response:
            if not self._place.has_host(request.headers.get("host")):
                # Before anything else: a page whose name was made to lead here must not read a word.
                return PlainTextResponse("This isn't the name of this application (setting web_url).\n", 421)
            try:
                check_size(request.headers)
                return await handle(request)
            except SignInNeeded as needed:
                return self._sign_in.needed(request, needed)
            except Exception as error:
                await self._audit_denied(request, error)
                return self._failed(request, error)

        return answer

    async def _audit_denied(self, request: Request, error: Exception) -> None:
        """Write to the audit what a person tried and may not do, or may not see."""
        visitor: Visitor | None = getattr(request.state, "visitor", None)
        if visitor is None or not isinstance(error, (PageForbidden, NothingThere, NotAmongYours, OtherSite)):
            return
        right = error.objects.get("right") or request.state.right
        about = ActionObject("page", request.url.path)

        def write() -> None:
            # The answer is the same without the row: a hub whose database is busy still refuses.
            with suppress(Retryable), self._open_hub.write() as transaction:
                visitor.audit(transaction, right, about, type(error).__name__, outcome=DENIED)

        await self._in_thread(write)

    def _failed(self, request: Request, error: Exception) -> Response:
        def write(status: int, shown: HubError, number: str) -> str:
            problem = {"status": status, "id": number, "what": shown.what, "why": shown.why, "mend": shown.mend}
            problem["back"] = getattr(request.state, "back", "") or f"{request.scope.get('root_path', '')}/"
            frame = getattr(request.state, "frame", None) or Frame(request.scope.get("root_path", ""))
            return self._markup.plain("problem.html.j2", frame, title=shown.what, problem=problem)

        return error_answer(request, error, self._open_hub.surroundings.new_id(), write)

    async def _no_such_address(self, request: Request, error: Exception) -> Response:
        if not self._place.has_host(request.headers.get("host")):
            return PlainTextResponse("This isn't the name of this application (setting web_url).\n", 421)
        if isinstance(error, HTTPException) and error.status_code == 405:
            return self._failed(request, PageMethodUnknown(method=request.method))
        return self._failed(request, NothingThere())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._limiter is None:
            # Made within the event loop that uses it.
            self._limiter = anyio.CapacityLimiter(MOST_AT_ONCE)
        return await to_thread.run_sync(work, limiter=self._limiter)

    async def _static(self, request: Request) -> Response:
        file = static_files().get(request.path_params["name"])
        if file is None:
            return PlainTextResponse("There is no such file.\n", 404)
        kept = "public, max-age=31536000, immutable" if request.query_params.get("v") == file.digest else "no-cache"
        return Response(file.content, headers={"Cache-Control": kept, "Content-Type": file.content_type})

    async def _first_page(self, request: Request) -> Response:
        visitor = await self._sign_in.visitor(request)
        frame = self._frame(request, visitor)
        if not frame.menu:
            request.state.frame = frame
            raise NothingThere(
                why="there is no page yet for your type of user",
                mend="ask an administrator whether you have the right type",
            )
        return RedirectResponse(frame.menu[0].address, 303)

    def _frame(self, request: Request, visitor: Visitor | None, page: Page | ConsolePage | None = None) -> Frame:
        root = request.scope.get("root_path", "")
        if visitor is None:
            return Frame(root)
        user = visitor.user
        every: list[Page | ConsolePage] = [*self._pages.values(), *CONSOLE]
        listed = [each for each in every if has_right(user, each.right) and _in_menu(each, user)]
        listed.sort(key=lambda each: (each.menu_order, each.menu))
        menu = tuple(MenuEntry(each.menu, f"{root}{each.address}", each is page) for each in listed)
        return Frame(root, menu, {"name": user.name, "type": user.user_type.name}, csrf_of(visitor.token))

    async def _opened(self, request: Request, page: Page) -> tuple[Visitor, dict[str, str]]:
        """Return the person, and the values of the page's parameters."""
        visitor = await self._sign_in.visitor(request)
        request.state.visitor, request.state.right = visitor, page.right
        request.state.frame = self._frame(request, visitor, page)
        path, query = request.path_params, request.query_params
        parameters = {name: from_step(path[name]) for name in page.path_parameters}
        return visitor, parameters | {name: query[name].strip() for name in page.asks if query.get(name, "").strip()}

    async def _show(self, page: Page, request: Request) -> Response:
        visitor, parameters = await self._opened(request, page)
        tab, done, whole = (request.query_params.get(name, "") for name in ("tab", "done", "whole"))

        def compute() -> Response:
            with self._open_hub.read() as transaction:
                shown = ShownPage(transaction, page, self._pages, visitor.user, parameters)
                view = shown.view(tab, _done(transaction, visitor, done), whole == "Y" or wants_json(request))
            if wants_json(request):
                return JSONResponse(as_json(view))
            return HTMLResponse(self._markup.page(view, page.template, request.state.frame))

        return await self._in_thread(compute)

    async def _looked_at(self, request: Request, page: ConsolePage) -> tuple[Visitor, dict[str, str]]:
        """Return the person, and the values of a console page's address."""
        visitor = await self._sign_in.visitor(request)
        request.state.visitor, request.state.right = visitor, page.right
        request.state.frame = self._frame(request, visitor, page)
        steps = {name: from_step(text) for name, text in request.path_params.items() if name != "action"}
        query = request.query_params
        return visitor, steps | {name: query[name].strip() for name in page.asks if query.get(name, "").strip()}

    async def _look(self, page: ConsolePage, request: Request) -> Response:
        visitor, parameters = await self._looked_at(request, page)
        done = request.query_params.get("done", "")

        def compute() -> Response:
            view = page_view(self._open_hub, page, visitor, parameters, done)
            if wants_json(request):
                return JSONResponse(as_json(view))
            return HTMLResponse(self._markup.page(view, "", request.state.frame))

        return await self._in_thread(compute)

    async def _operate(self, page: ConsolePage, request: Request) -> Response:
        visitor, parameters = await self._looked_at(request, page)
        action = next((each for each in page.actions if each.name == request.path_params["action"]), None)
        if action is None:
            raise NothingThere
        root = request.scope.get("root_path", "")
        request.state.back = root + page.address_with(parameters)
        if request.method == "GET":
            form = await self._in_thread(lambda: form_view(self._open_hub, page, action, visitor, parameters))
            return self._form_answer(request, form, 200)
        sent = _sent(await read_form(request, self._place, csrf_of(visitor.token)))

        def run() -> Response:
            try:
                location = act_on(self._open_hub, page, action, visitor, parameters, sent.form_id, sent.answers)
            except Refused as refused:
                if wants_json(request) or getattr(refused, "status", 422) != 422:
                    raise
                form = form_view(self._open_hub, page, action, visitor, parameters, sent.answers, refused)
                return self._form_answer(request, form, 422)
            if wants_json(request):
                return JSONResponse({"done": True, "address": root + location})
            return RedirectResponse(root + location, 303)

        return await self._in_thread(run)

    async def _do(self, page: Page, request: Request) -> Response:
        visitor, parameters = await self._opened(request, page)
        action = page.actions.get(request.path_params["action"])
        if action is None or action.leads_to is not None:
            raise NothingThere
        root = request.scope.get("root_path", "")
        request.state.back = root + address_of(page, parameters)
        if request.method == "GET":
            row = request.query_params.get("row")
            form = await self._in_thread(lambda: self._form(page, action, visitor, parameters, Sent(row, {})))
            return self._form_answer(request, form, 200)
        fields = await read_form(request, self._place, csrf_of(visitor.token))
        sent = _sent(fields)
        if action.configures and fields.get(CHECK):
            # Nothing is done: the form comes again, with what it says now.
            form = await self._in_thread(lambda: self._form(page, action, visitor, parameters, sent, None, True))
            return self._form_answer(request, form, 200)

        def run() -> Response:
            try:
                location = act(self._open_hub, page, action, visitor, parameters, sent)
            except Refused as refused:
                if wants_json(request) or getattr(refused, "status", 422) != 422 or isinstance(refused, NotAmongYours):
                    raise
                # Refused by the workflow: the person gets the form again, with all answers and the reason.
                return self._form_answer(request, self._form(page, action, visitor, parameters, sent, refused), 422)
            if wants_json(request):
                return JSONResponse({"done": True, "address": root + location})
            return RedirectResponse(root + location, 303)

        try:
            return await self._in_thread(run)
        except NotAmongYours as error:
            if wants_json(request):
                raise
            fault = error
            await self._audit_denied(request, fault)
            form = await self._in_thread(lambda: self._form(page, action, visitor, parameters, sent, fault))
            return self._form_answer(request, form, 422)

    def _form(
        self,
        page: Page,
        action: Action,
        visitor: Visitor,
        parameters: Mapping[str, str],
        sent: Sent,
        fault: HubError | None = None,
        is_checked: bool = False,
    ) -> FormView:
        with self._open_hub.read() as transaction:
            shown = ShownPage(transaction, page, self._pages, visitor.user, parameters)
            opened = OpenAction(shown, action, sent.row)
            form_id = self._open_hub.surroundings.new_id()
            return opened.form(form_id, sent if fault is not None or is_checked else None, fault)

    def _form_answer(self, request: Request, form: FormView, status: int) -> Response:
        if wants_json(request):
            return JSONResponse({**form_json(form), "csrf": request.state.frame.csrf}, status)
        return HTMLResponse(self._markup.form(form, request.state.frame), status)


def _in_menu(page: Page | ConsolePage, user: User) -> bool:
    """Whether a page is in the menu of a person of this type."""
    return bool(page.menu) and (
        isinstance(page, ConsolePage) or not page.menu_for or user.user_type.accounts in page.menu_for
    )


def _sent(fields: Mapping[str, str]) -> Sent:
    """Read the fields of a sent form.

    Raises:
        FormFaulty: it has no id, or an answer is too long.
    """
    form_id = fields.get(FORM_ID, "")
    if not 8 <= len(form_id) <= 64 or not form_id.isalnum():
        raise FormFaulty(why="it has no id, by which a form that is sent twice is known")
    answers = {name.removeprefix(ANSWER): text.strip() for name, text in fields.items() if name.startswith(ANSWER)}
    if any(len(text) > MOSTANSWER for text in answers.values()):
        raise FormFaulty(why=f"an answer has more than {MOSTANSWER} characters")
    return Sent(fields.get(ROW) or None, answers, form_id, fields.get(VERSION, ""))


def _done(transaction: Transaction, visitor: Visitor, form_id: str) -> DoneView | None:
    """Return what a worked form of this person has brought about."""
    form: WorkedForm | None = transaction.messages.forms.find(form_id[:64]) if form_id.isalnum() else None
    if form is None or form.person != visitor.user.name:
        return None
    return DoneView(form.label, form.notes)
