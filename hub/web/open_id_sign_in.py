"""The sign-in by OpenID Connect: a browser is led to the provider, and comes back with a code.

Between the two the browser keeps the ticket of the sign-in in a cookie of its own, with the page that it wants. An
answer of the provider counts with this cookie only, and once.

Spec: docs/users.md, "OpenID Connect".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.access.open_id import OpenIdLogIn
from hub.web.addresses import is_own_path
from hub.web.headers import Place
from hub.web.sign_in import SignIn, address_of_browser
from integration_objects.errors import Refused

START = "/sign-in/open-id"
BACK = "/sign-in/open-id/back"
#: seconds that a person has at the provider
_TICKET_S = 600
#: characters of the wanted page that the cookie keeps
_MOST_TO = 1000


class OpenIdSignIn:
    """The two addresses of the sign-in by one provider.

    Args:
        web_url: the setting; None for an application that serves this machine only.
    """

    def __init__(
        self,
        open_id: OpenIdLogIn,
        sign_in: SignIn,
        place: Place,
        web_url: str | None,
        in_thread: Callable[[Callable[[], Any]], Awaitable[Any]],
    ) -> None:
        self._open_id, self._sign_in, self._place = open_id, sign_in, place
        self._web_url, self._in_thread = web_url, in_thread
        self._cookie = "__Host-orderhub-open-id" if place.is_secure else "orderhub-open-id"

    async def start(self, request: Request) -> Response:
        """Lead the browser to the provider."""
        back = self._back(request)
        question = await self._in_thread(lambda: self._open_id.begin(back))
        to = request.query_params.get("to", "")
        wanted = quote(to, safe="") if len(to) <= _MOST_TO and is_own_path(to) else ""
        response = RedirectResponse(question.url, 303)
        # Lax: the provider's page leads back here, and the cookie must come along.
        response.set_cookie(
            self._cookie,
            f"{question.ticket}.{wanted}",
            max_age=_TICKET_S,
            secure=self._place.is_secure,
            httponly=True,
            samesite="lax",
        )
        return response

    async def back(self, request: Request) -> Response:
        """Sign in the person whom the provider has proven."""
        ticket, _, wanted = request.cookies.get(self._cookie, "").partition(".")
        state, code = (request.query_params.get(name, "") for name in ("state", "code"))
        back, address = self._back(request), address_of_browser(request)
        old = self._sign_in.token_of(request)
        try:
            logged_in = await self._in_thread(
                lambda: self._open_id.finish(back, ticket, state, code, address, old or None)
            )
        except Refused as refused:
            response = self._sign_in.show_fault(request, refused)
        else:
            response = self._sign_in.enter(request, logged_in.token, unquote(wanted))
        response.delete_cookie(self._cookie, secure=self._place.is_secure, httponly=True, samesite="lax")
        return response

    def _back(self, request: Request) -> str:
        """Return the address to which the provider leads the browser back, as the provider knows it."""
        if self._web_url is not None:
            return self._web_url.rstrip("/") + BACK
        # The application has proven that this name is one of this machine.
        return f"http://{request.headers.get('host', '')}{request.scope.get('root_path', '')}{BACK}"
