"""Errors as HTTP answers: problem details of RFC 9457, with the what, where, why, mend and reason of the error.

Spec: docs/design/legacy.md, "Batches" (HTTP door); docs/http.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.responses import JSONResponse

from hub.data_manager.message_work import ContentTypeRefused
from integration_objects.errors import HubError, Invalid, Refused, Retryable

MEDIA_TYPE = "application/problem+json"
#: seconds after which a sender may try again, where the world failed
AGAIN_S = 5


class RequestRefused(Invalid):
    """The base of the errors that end a request before a message is stored.

    Attributes:
        status: the status of the HTTP answer.
    """

    status: ClassVar[int] = 400


class DoorFailed(HubError):
    """The hub failed on a request in a way that nobody foresaw. Only the log has the fault."""

    what = "the hub failed on the request"
    why = "this is a fault of the hub"
    mend = "send the same request again later, under the same Idempotency-Key"


class DoorAway(Retryable):
    """The hub's database doesn't answer. Its address and its words are no business of the sender's."""

    what = "the hub can't store or read messages now"
    why = "its database doesn't answer"
    mend = "send the same request again later, under the same Idempotency-Key"


def problem(error: HubError, status: int | None = None, **more: Any) -> JSONResponse:
    """Answer with an error; *more* are further members of the document."""
    status = status_of(error) if status is None else status
    return stored_problem(error.as_dict(), status, **more)


def stored_problem(error: Mapping[str, str], status: int, **more: Any) -> JSONResponse:
    """Answer with an error as `HubError.as_dict` stores it."""
    document = {
        "type": f"urn:orderhub:reason:{error.get('reason', 'Refused')}",
        "title": error.get("what", "the message is refused"),
        "status": status,
        "detail": error.get("why", ""),
        **error,
        **more,
    }
    headers = {"Retry-After": str(AGAIN_S)} if status in (429, 503) else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(document, status, headers, MEDIA_TYPE)


def status_of(error: HubError) -> int:
    """Return the status of the HTTP answer that tells of an error."""
    if isinstance(error, RequestRefused):
        return error.status
    if isinstance(error, ContentTypeRefused):
        return 415
    if isinstance(error, Retryable):
        return 503
    return 422 if isinstance(error, Refused) else 500
