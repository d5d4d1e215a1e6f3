"""The sign-in, the sign-out, and the change of one's own password.

The session's cookie is `__Host-orderhub`: for this host alone, by HTTPS alone, out of reach of scripts. An application
without a public address (setting `web_url`) serves this machine by HTTP alone, where browsers differ in whether they
keep such a cookie: there it is called `orderhub`, without Secure.

Before the sign-in a visitor has a cookie of his own, from which the token of the sign-in's form is made: a page of
another site can't sign somebody in.

Spec: docs/security.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.access.access import Credentials
from hub.http_door.problems import RequestRefused, problem
from hub.web.addresses import is_own_path, with_query
from hub.web.answering import wants_json
from hub.web.faults import FormFaulty
from hub.web.forms import csrf_of, read_form
from hub.web.headers import Place
from hub.web.markup import Frame, PageMarkup
from hub.web.visitors import Visitor, Visitors
from integration_objects.errors import HubError, Refused
from integration_objects.surroundings import new_token

#: seconds that the cookie of a visitor before the sign-in is kept
_VISIT_S = 3600
#: characters of a token that a cookie may have
_MOST_TOKEN = 128


class SignInNeeded(RequestRefused):
    """A page is asked for by somebody who isn't signed in."""

    status = 401
    what = "you aren't signed in"
    where = "the session's cookie"
    why = "there is no session, or it has ended"
    mend = "sign in"


class PasswordsDiffer(RequestRefused):
    """The new password was typed in two ways."""

    status = 422
    what = "the new password was typed in two ways"
    where = "the form"
    why = "the two fields differ"
    mend = "type it again, twice the same"


class SignIn:
    """The pages around a session."""

    def __init__(
        self,
        visitors: Visitors,
        markup: PageMarkup,
        place: Place,
        in_thread: Callable[[Callable[[], Any]], Awaitable[Any]],
        frame: Callable[[Request, Visitor | None], Frame],
        has_open_id: bool = False,
    ) -> None:
        self._visitors, self._markup, self._place = visitors, markup, place
        self._in_thread, self._frame, self._has_open_id = in_thread, frame, has_open_id
        secure = place.is_secure
        self._session_cookie = "__Host-orderhub" if secure else "orderhub"
        self._visit_cookie = "__Host-orderhub-visit" if secure else "orderhub-visit"

    async def visitor(self, request: Request) -> Visitor:
        """Return the person behind a request.

        Raises:
            SignInNeeded: nobody is signed in, or the password must be changed first.
        """
        visitor = await self._found(request)
        if visitor is None:
            raise SignInNeeded
        if visitor.user.must_change_password:
            raise SignInNeeded("your password must be changed first", why="somebody else knows it", mend="change it")
        return visitor

    async def _found(self, request: Request) -> Visitor | None:
        token = request.cookies.get(self._session_cookie, "")
        if not token or len(token) > _MOST_TOKEN:
            return None
        address = address_of_browser(request)
        found: Visitor | None = await self._in_thread(lambda: self._visitors.find(token, address))
        return found

    def needed(self, request: Request, error: SignInNeeded) -> Response:
        """Answer somebody who isn't signed in: a browser is led to the sign-in, and from there back."""
        if wants_json(request):
            response = problem(error, 401)
            del response.headers["WWW-Authenticate"]
            return response
        root = request.scope.get("root_path", "")
        if error.mend == "change it":
            return RedirectResponse(f"{root}/password", 303)
        path = request.url.path.removeprefix(root) if request.method == "GET" else "/"
        to = path + (f"?{request.url.query}" if request.url.query else "") if path != "/" else ""
        return RedirectResponse(with_query(f"{root}/sign-in", {"to": to}), 303)

    async def show(self, request: Request) -> Response:
        """Show the sign-in."""
        return self._form(request, request.query_params.get("to", ""))

    async def sign_in(self, request: Request) -> Response:
        """Sign somebody in: a new session, whatever session there was."""
        visit = request.cookies.get(self._visit_cookie, "")
        if not visit:
            # The token of no cookie is known to everybody.
            raise FormFaulty(why="the browser sent no cookie of the sign-in with it")
        fields = await read_form(request, self._place, csrf_of(visit))
        to, name = fields.get("to", ""), fields.get("name", "")
        old, address = self.token_of(request), address_of_browser(request)
        try:
            credentials = Credentials(name, fields.get("password", ""), fields.get("code", ""))
            token = await self._in_thread(lambda: self._visitors.log_in(credentials, address, old or None))
        except Refused as refused:
            return self._form(request, to, name, refused)
        return self.enter(request, token, to)

    def enter(self, request: Request, token: str, to: str) -> Response:
        """Give the browser its new session, and lead it to the page that it wanted."""
        root = request.scope.get("root_path", "")
        response = RedirectResponse(root + (to if is_own_path(to) else "/"), 303)
        self._set(response, self._session_cookie, token)
        response.delete_cookie(self._visit_cookie, secure=self._place.is_secure, httponly=True, samesite="lax")
        return response

    def show_fault(self, request: Request, fault: HubError) -> Response:
        """Show the sign-in again, with the fault of a sign-in that failed."""
        return self._form(request, "", fault=fault)

    def token_of(self, request: Request) -> str:
        """Return the token of the session that the browser has; "" for none."""
        return request.cookies.get(self._session_cookie, "")[:_MOST_TOKEN]

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        token = request.cookies.get(self._session_cookie, "")[:_MOST_TOKEN]
        await read_form(request, self._place, csrf_of(token))
        address = address_of_browser(request)
        await self._in_thread(lambda: self._visitors.log_out(token, address))
        response = RedirectResponse(f"{request.scope.get('root_path', '')}/sign-in", 303)
        response.delete_cookie(self._session_cookie, secure=self._place.is_secure, httponly=True, samesite="lax")
        # What the browser still holds of the pages goes, too.
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    async def show_password(self, request: Request) -> Response:
        """Show the form for a new password."""
        return self._password_form(request, await self._signed_in(request))

    async def change_password(self, request: Request) -> Response:
        """Change one's own password; all other sessions of the person end."""
        visitor = await self._signed_in(request)
        fields = await read_form(request, self._place, csrf_of(visitor.token))
        try:
            if fields.get("new") != fields.get("again"):
                raise PasswordsDiffer
            await self._in_thread(
                lambda: self._visitors.change_password(visitor, fields.get("old", ""), fields.get("new", ""))
            )
        except Refused as refused:
            return self._password_form(request, visitor, refused)
        return RedirectResponse(f"{request.scope.get('root_path', '')}/", 303)

    async def _signed_in(self, request: Request) -> Visitor:
        visitor = await self._found(request)
        if visitor is None:
            raise SignInNeeded
        return visitor

    def _form(self, request: Request, to: str, name: str = "", fault: HubError | None = None) -> Response:
        visit = request.cookies.get(self._visit_cookie, "")
        if not visit or len(visit) > _MOST_TOKEN:
            visit = new_token()
        frame = Frame(request.scope.get("root_path", ""), csrf=csrf_of(visit))
        page = self._markup.plain(
            "sign_in.html.j2",
            frame,
            title="Sign in",
            to=to if is_own_path(to) else "",
            name=name[:64],
            has_open_id=self._has_open_id,
            fault=fault,
        )
        response = HTMLResponse(page, 200 if fault is None else getattr(fault, "status", 401))
        self._set(response, self._visit_cookie, visit, _VISIT_S)
        return response

    def _password_form(self, request: Request, visitor: Visitor, fault: HubError | None = None) -> Response:
        frame = self._frame(request, visitor)
        page = self._markup.plain(
            "password.html.j2",
            frame,
            title="Change your password",
            must=visitor.user.must_change_password,
            fault=None if fault is None else fault.as_dict(),
        )
        return HTMLResponse(page, 200 if fault is None else 422)

    def _set(self, response: Response, name: str, value: str, seconds: int | None = None) -> None:
        # Lax, not Strict: who follows a link in a mail is still signed in. Nothing changes by a GET.
        response.set_cookie(
            name, value, max_age=seconds, secure=self._place.is_secure, httponly=True, samesite="lax", path="/"
        )


def address_of_browser(request: Request) -> str:
    """Return the network address that a request came from; "" for none."""
    return "" if request.client is None else request.client.host
