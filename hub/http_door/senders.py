"""Who posts: a sender shows a token, or a trusted proxy names the subject of its client certificate.

Spec: docs/design/legacy.md, "Batches" (per-sender credentials); docs/http.md.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from starlette.datastructures import Headers

from hub.deployment.settings import Settings
from hub.http_door.problems import RequestRefused
from integration_objects.errors import Misconfigured
from integration_objects.surroundings import token_digest

#: characters of a subject: those of the inbox's column
_MOST_SUBJECT = 255


class SenderUnknown(RequestRefused):
    """A request shows no credentials, or wrong ones. The answer doesn't tell which."""

    status = 401
    what = "the sender is not known"
    where = "header Authorization"
    why = "expected `Authorization: Bearer TOKEN` with a token that the hub knows"
    mend = "show your token; ask the hub's operator for a new one if it is lost"


class NobodyMaySend(Misconfigured):
    """No setting says who may use the HTTP door."""

    what = "nobody could use the HTTP door"
    where = "settings http_tokens, http_subject_header"
    why = "both are empty"
    mend = "run `orderhub partner token NAME`, and put the printed line into the setting http_tokens"


class Senders:
    """The senders that a deployment's settings know."""

    def __init__(self, settings: Settings) -> None:
        """Read who may send.

        Raises:
            NobodyMaySend: neither tokens nor certificates are set up.
        """
        self._digests: Sequence[tuple[str, str]] = settings.http_tokens
        self._subject_header = settings.http_subject_header
        if not self._digests and self._subject_header is None:
            raise NobodyMaySend

    def sender_of(self, headers: Headers) -> str:
        """Return the sender of a request.

        Raises:
            SenderUnknown: the request shows no credentials, or wrong ones.
        """
        shown = headers.getlist("authorization")
        # A wrong token is never made good by a certificate: the sender meant the token.
        if shown:
            return self._of_token(shown)
        subjects = [] if self._subject_header is None else headers.getlist(self._subject_header)
        # Two headers: one of them may be the sender's own.
        if len(subjects) != 1 or not 0 < len(subjects[0]) <= _MOST_SUBJECT or not subjects[0].isprintable():
            raise SenderUnknown
        return subjects[0]

    def _of_token(self, shown: Sequence[str]) -> str:
        scheme, _, token = shown[0].partition(" ")
        if len(shown) != 1 or scheme.lower() != "bearer":
            raise SenderUnknown
        digest = token_digest(token.strip())
        # Every entry is compared, and each in constant time: the time of the answer tells nothing.
        found = [name for name, known in self._digests if hmac.compare_digest(known, digest)]
        if not found:
            raise SenderUnknown
        return found[0]
