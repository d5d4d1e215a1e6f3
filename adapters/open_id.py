"""A provider of OpenID Connect: its addresses, its keys, and the exchange of a code for an ID token.

Speaks      OpenID Connect Discovery 1.0; OAuth 2.0 code flow with PKCE; client_secret_basic
Supports    any thread; addresses and keys are kept for an hour
Settings    open_id_issuer, open_id_client, open_id_secret
Example     OpenIdProvider("https://id.example", "orderhub", "secret", monotonic).authorization_url({...})

Nothing is asked before somebody logs in. Redirections are not followed.

Spec: docs/users.md, "OpenID Connect".
"""

from __future__ import annotations

import base64
import ipaddress
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.http_client import HttpClient, UrlWrong
from adapters.service_health import ServiceHealth

_NAME = "the OpenID provider"
_DISCOVERY = "/.well-known/openid-configuration"
#: Seconds for which addresses and keys are kept.
_KEPT_S = 3600.0
#: Seconds between two looks for a key that isn't known: tokens with made-up keys must not make the hub ask for each.
_LEAST_KEPT_S = 60.0


@dataclass(frozen=True)
class _Addresses:
    authorization: str
    token: str
    keys: str


class OpenIdProvider:
    """A provider, and the hub's client at it.

    Args:
        issuer: the provider's address, without a slash at the end unless the provider itself has one.
        seconds: a clock that is never set back.

    Raises:
        UrlWrong: *issuer* is no https address; this machine may be asked by http.
    """

    def __init__(self, issuer: str, client: str, secret: str, seconds: Callable[[], float]) -> None:
        _prove_secure(issuer)
        self.issuer = issuer
        self.client = client
        self._secret = secret
        self._seconds = seconds
        # One health for all its addresses: they are one service.
        self._health = ServiceHealth()
        self._discovery = HttpClient(issuer.rstrip("/") + _DISCOVERY, _NAME, health=self._health)
        self._addresses: tuple[float, _Addresses] | None = None
        self._keys: tuple[float, Mapping[str, Any]] | None = None

    def authorization_url(self, parameters: Mapping[str, str]) -> str:
        """Return the address to which a browser is led for the log-in.

        Raises:
            ServiceAway, AnswerFaulty, QuestionRefused, ServiceMisplaced: as `HttpClient.post`.
        """
        parts = urllib.parse.urlsplit(self._places().authorization)
        query = urllib.parse.urlencode({"response_type": "code", "client_id": self.client, **parameters})
        return parts._replace(query=f"{parts.query}&{query}" if parts.query else query).geturl()

    def id_token(self, code: str, redirect_uri: str, verifier: str) -> str:
        """Exchange a code for an ID token; the token is not proven yet.

        Raises:
            QuestionRefused: the provider doesn't know the code, or somebody used it before.
            ServiceAway, AnswerFaulty, ServiceMisplaced: as `HttpClient.post`.
        """
        client = HttpClient(self._places().token, _NAME, health=self._health)
        named = ":".join(urllib.parse.quote(text, safe="") for text in (self.client, self._secret))
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"Authorization": f"Basic {base64.b64encode(named.encode()).decode()}"}
        answer = client.post_form(fields, headers)
        token = answer.get("id_token") if isinstance(answer, dict) else None
        if not isinstance(token, str):
            raise client.faulty("it has no id_token")
        return token

    def keys(self, *, anew: bool = False) -> Mapping[str, Any]:
        """Return the provider's keys, a JSON Web Key Set; *anew* where the known ones lack the key of a token."""
        kept_s = _LEAST_KEPT_S if anew else _KEPT_S
        if self._keys is None or self._seconds() - self._keys[0] >= kept_s:
            client = HttpClient(self._places().keys, _NAME, health=self._health)
            answer = client.get()
            if not isinstance(answer, dict) or not isinstance(answer.get("keys"), list):
                raise client.faulty("it is no key set")
            self._keys = (self._seconds(), answer)
        return self._keys[1]

    def _places(self) -> _Addresses:
        if self._addresses is None or self._seconds() - self._addresses[0] >= _KEPT_S:
            self._addresses = (self._seconds(), self._read_places())
        return self._addresses[1]

    def _read_places(self) -> _Addresses:
        answer = self._discovery.get()
        names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
        texts = [answer.get(name) if isinstance(answer, dict) else None for name in names]
        if not all(isinstance(text, str) for text in texts):
            raise self._discovery.faulty(f"expected {', '.join(names)}")
        issuer, *places = map(str, texts)
        # Otherwise one provider could speak for another one.
        if issuer != self.issuer:
            raise self._discovery.faulty(f"it is that of '{issuer}', and the setting has '{self.issuer}'")
        try:
            for place in places:
                _prove_secure(place)
        except UrlWrong as error:
            raise self._discovery.faulty(f"{error.what}: {error.why}") from error
        return _Addresses(*places)


def _prove_secure(url: str) -> None:
    """Refuse an address where others could read or answer: http is for this machine only."""
    HttpClient(url, _NAME)
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not _is_this_machine(parts.hostname or ""):
        raise UrlWrong(service=_NAME, why="expected https://", mend="give an address such as https://id.example")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
