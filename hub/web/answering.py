"""Errors as answers: a page in plain words with a number, or a problem document for scripts.

Both have the same status and the same words. The hub's own troubles stand in the log, under the number.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hub.access.user import AccessDenied
from hub.http_door.problems import AGAIN_S, problem, status_of
from hub.web.addresses import JSON
from hub.web.faults import PageAway, PageFailed
from integration_objects.errors import HubError, Retryable
from integration_objects.log import Log

log = Log()


def wants_json(request: Request) -> bool:
    """Tell whether a script asks, and no browser."""
    return request.url.path.endswith(JSON)


def for_people(error: Exception, number: str) -> HubError:
    """Return the error that a person may see; the log gets the others, under the number."""
    if isinstance(error, HubError) and error.verdict == "refuse":
        return error
    if isinstance(error, HubError):
        log.error("a page failed", number=number, **error.as_dict())
        return PageAway() if isinstance(error, Retryable) else PageFailed()
    log.error("unexpected fault", number=number, traceback="".join(traceback.format_exception(error)))
    return PageFailed()


def status_for(error: HubError) -> int:
    """Return the status of the answer that tells of an error."""
    return 403 if isinstance(error, AccessDenied) else status_of(error)


def error_answer(
    request: Request, error: Exception, number: str, write: Callable[[int, HubError, str], str]
) -> Response:
    """Answer with an error.

    Args:
        number: the number of the error.
        write: writes the page, from the status, the error and the number.
    """
    shown = for_people(error, number)
    status = status_for(shown)
    if wants_json(request):
        response: Response = problem(shown, status, id=number)
        # Sessions are no bearer tokens: a browser would ask for a password of its own.
        if "WWW-Authenticate" in response.headers:
            del response.headers["WWW-Authenticate"]
        return response
    headers = {"Retry-After": str(AGAIN_S)} if status in (429, 503) else {}
    return HTMLResponse(write(status, shown, number), status, headers)
