"""The log-in by OpenID Connect: a provider proves who somebody is, and the hub knows what the person may do.

    begin      the provider's address for a browser, and a ticket that the browser keeps
    finish     the log-in, from the ticket and from what the provider gave the browser

The ticket is a token; state, nonce and the verifier of PKCE are digests of it. So nothing is stored before somebody is
logged in, and an answer of the provider counts in the browser that asked for it only.

Source: OpenID Connect Core 1.0, 3.1; RFC 7636; OWASP ASVS 5.0, 10.2, 10.5 (clients).
Spec: docs/users.md, "OpenID Connect".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from adapters.asked_service import QuestionRefused
from hub.access.access import Access, LoggedIn, LogInRefused
from integration_objects.surroundings import new_token, token_digest

if TYPE_CHECKING:
    from adapters.open_id import OpenIdProvider
    from integration_objects.surroundings import Surroundings

#: Signatures by a key that the provider alone has. Not HS256, whose key would be one that both sides know.
_ALGORITHMS = ["RS256", "PS256", "ES256"]
#: Seconds by which the provider's clock may differ.
_LEEWAY_S = 60
#: Characters of what a browser may bring.
_MOST_TOKEN, _MOST_CODE = 20_000, 4_000


@dataclass(frozen=True)
class OpenIdQuestion:
    """The address to which the browser is led, and the ticket that it keeps."""

    url: str
    ticket: str = field(repr=False)


def open_id_of(issuer: str, subject: str) -> str:
    """Return a provider and a subject there, as a user has them; an address has no blanks.

    >>> open_id_of("https://id.example", "ann")
    'https://id.example ann'
    """
    return f"{issuer} {subject}"


class OpenIdLogIn:
    """The log-in by one provider."""

    def __init__(self, provider: OpenIdProvider, access: Access, surroundings: Surroundings) -> None:
        self._provider = provider
        self._access = access
        self._surroundings = surroundings

    def begin(self, redirect_uri: str) -> OpenIdQuestion:
        """Begin a log-in.

        Args:
            redirect_uri: the hub's own address to which the provider leads the browser back.

        Raises:
            ServiceAway, AnswerFaulty, QuestionRefused, ServiceMisplaced: the provider can't be used now.
        """
        ticket = new_token()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(_part(ticket, "verifier").encode()).digest())
        parameters = {
            "scope": "openid",
            "redirect_uri": redirect_uri,
            "state": _part(ticket, "state"),
            "nonce": _part(ticket, "nonce"),
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return OpenIdQuestion(self._provider.authorization_url(parameters), ticket)

    def finish(
        self, redirect_uri: str, ticket: str, state: str, code: str, address: str, token_before: str | None = None
    ) -> LoggedIn:
        """Log in the person whom the provider has proven, and begin a session.

        Args:
            ticket: the browser's; the caller takes it from the browser at once, whatever comes of it.
            state, code: the provider's, from the address to which it led the browser back.
            address, token_before: as for `Access.log_in`.

        Raises:
            LogInRefused: the answer isn't for this browser, or doesn't prove a user.
            ServiceAway, AnswerFaulty, ServiceMisplaced: the provider can't be used now.
        """
        if not ticket or not hmac.compare_digest(_part(ticket, "state").encode(), state.encode(errors="replace")):
            # Not audited: a page of another site could write as many rows as it likes.
            raise LogInRefused
        subject = self._subject(redirect_uri, ticket, code)
        if subject is None:
            self._access.deny_log_in(address)
            raise LogInRefused
        return self._access.log_in_proven(open_id_of(self._provider.issuer, subject), address, token_before)

    def _subject(self, redirect_uri: str, ticket: str, code: str) -> str | None:
        """Return the subject that the provider proves for a code; None for a code or a token that isn't right."""
        if not 0 < len(code) <= _MOST_CODE or not code.isprintable():
            return None
        try:
            token = self._provider.id_token(code, redirect_uri, _part(ticket, "verifier"))
        except QuestionRefused:
            return None
        claims = self._claims(token) if len(token) <= _MOST_TOKEN else None
        if claims is None or not self._is_for_us(claims, _part(ticket, "nonce")):
            return None
        subject = claims.get("sub")
        return subject if isinstance(subject, str) and 0 < len(subject) <= 255 and subject.isprintable() else None

    def _claims(self, token: str) -> Mapping[str, Any] | None:
        """Return the claims of a token that the provider has signed; None for any other token."""
        for anew in (False, True):
            try:
                keys = KeySet.import_key_set(dict(self._provider.keys(anew=anew)))  # type: ignore[arg-type]  # as JSON
                return jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
            except (JoseError, ValueError, TypeError, KeyError):
                # Once more with the provider's present keys: it may have changed them.
                continue
        return None

    def _is_for_us(self, claims: Mapping[str, Any], nonce: str) -> bool:
        """Whether claims are of this provider, for this client, of now, and for this log-in."""
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        client, now = self._provider.client, self._surroundings.seconds()
        expires, made = claims.get("exp"), claims.get("iat")
        return (
            claims.get("iss") == self._provider.issuer
            and client in audiences
            # A token for several clients tells for which of them it was made.
            and claims.get("azp", client if len(audiences) == 1 else None) == client
            and isinstance(expires, int | float)
            and now < expires + _LEEWAY_S
            and isinstance(made, int | float)
            and made < now + _LEEWAY_S
            and hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode())
        )


def _part(ticket: str, name: str) -> str:
    """Return a digest of a ticket, from which nobody learns the ticket or another part of it."""
    return token_digest(f"{name} {ticket[:100]}".encode(errors="replace").decode())
