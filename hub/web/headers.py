"""The security headers of each answer, and the hosts by whose names the application is called.

The Content-Security-Policy allows this application's own files, and nothing inline: text of a customer that got into
a page as markup could still run nothing.

Spec: docs/security.md.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

Scope = dict[str, Any]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: browsers would then send the origin `null` with forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: for two years: what was once reached by HTTPS is never asked for by HTTP again
STRICT_TRANSPORT = "max-age=63072000"
#: the names of this machine, by which an application without a public address is called
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Place:
    """The address by which browsers reach the application: the setting `web_url`, or this machine itself.

    Attributes:
        is_secure: whether browsers come by HTTPS.
    """

    def __init__(self, url: str | None) -> None:
        parts = urlsplit(url or "")
        self.is_secure = parts.scheme == "https"
        self._host = parts.netloc.lower() or None

    def has_host(self, host: str | None) -> bool:
        """Tell whether a request's Host is one of the application's.

        Another name may be a page of the internet whose name was made to lead to this machine.
        """
        name = (host or "").lower()
        if self._host is not None:
            return name == self._host
        return _without_port(name) in LOOPBACK

    def is_own_origin(self, origin: str, host: str | None) -> bool:
        """Tell whether a request's Origin is the application itself."""
        parts = urlsplit(origin.lower())
        return parts.scheme in ("http", "https") and parts.netloc == (self._host or (host or "").lower())


def _without_port(host: str) -> str:
    end = host.rfind(":")
    return host[:end] if end > host.rfind("]") else host


class SecurityHeaders:
    """Middleware that adds the headers to each answer."""

    def __init__(self, app: Any, *, place: Place) -> None:
        self._app = app
        more = {"Strict-Transport-Security": STRICT_TRANSPORT} if place.is_secure else {}
        self._headers = [(name.lower().encode(), text.encode()) for name, text in {**HEADERS, **more}.items()]

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given: Collection[tuple[bytes, bytes]] = message["headers"]
                names = {name.lower() for name, _ in given}
                added = [pair for pair in self._headers if pair[0] not in names]
                # Pages hold customers' data: neither the browser nor a proxy keeps them.
                if b"cache-control" not in names:
                    added.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*given, *added]}
            await send(message)

        await self._app(scope, receive, send_with_headers)
