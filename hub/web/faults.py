"""The errors of the web application. Each is shown as a page in plain words, or as a problem document.

The status of an answer stands in the class, as for the HTTP door.
"""

from __future__ import annotations

from hub.http_door.problems import RequestRefused
from integration_objects.errors import HubError, Retryable


class NothingThere(RequestRefused):
    """There is no such page, or nothing that this person may see: the answer is the same for both."""

    status = 404
    what = "there is nothing at this address"
    where = "the page's address"
    why = "it isn't there, or it isn't yours to see"
    mend = "go back, or look for it by its number or name"


class PageForbidden(RequestRefused):
    """The person's type of user doesn't have the right for a page or an action."""

    status = 403
    what = "this isn't yours to do: {title}"
    where = "the page's address"
    why = "it needs the right '{right}', which you don't have"
    mend = "ask an administrator, if you need it for your work"


class ActionNotPossible(RequestRefused):
    """An action's condition isn't true for this row now."""

    status = 409
    what = "'{label}' isn't possible now"
    where = "the page '{page}'"
    why = "its condition no longer holds for this entry"
    mend = "go back, and look at the page as it is now"


class ChangedMeanwhile(RequestRefused):
    """Somebody has changed the thing after the person has looked at it."""

    status = 409
    what = "somebody else has changed this meanwhile"
    where = "the page '{page}'"
    why = "you saw version {seen}, and it is version {now} now; nothing of yours was stored"
    mend = "look at the page as it is now, and do again what is still right"


class NotAmongYours(RequestRefused):
    """A form names an account, a quote or an order that isn't the person's, or isn't there: the answer is the same."""

    status = 422
    what = "there is no {kind} '{name}' among yours"
    where = "the form"
    why = "it isn't there, or it isn't yours to see"
    mend = "look at its number again, or leave it out"


class NoSuchChoice(RequestRefused):
    """The answer to a question isn't one of those that the form offers."""

    status = 422
    what = "'{answer}' can't be chosen for '{label}'"
    where = "the form"
    why = "the form doesn't offer it"
    mend = "choose one of the answers that the form offers"


class FormFaulty(RequestRefused):
    """A form came without its token, its id, or in another form than the application's pages send."""

    status = 400
    what = "the form can't be taken"
    where = "the form"
    mend = "go back, load the page again, and send the form once more"


class OtherSite(RequestRefused):
    """A form came from a page of another site."""

    status = 403
    what = "the form didn't come from this application"
    where = "headers Origin, Sec-Fetch-Site"
    why = "another site may not act in your name"
    mend = "open the application itself, and do it there"


class TooMuchSent(RequestRefused):
    """A request's body, or its form, is larger than any page needs."""

    status = 413
    what = "the form is too large"
    where = "the form"
    why = "expected at most {most}"
    mend = "send less of it"


class PageMethodUnknown(RequestRefused):
    """An address is asked for with a method that it doesn't have."""

    status = 405
    what = "this address can't be used in this way"
    where = "the page's address"
    why = "it has no method {method}"
    mend = "open the page in the browser"


class PageFailed(HubError):
    """The application failed in a way that nobody foresaw. Only the log has the fault."""

    what = "something went wrong in the application"
    where = "the page's address"
    why = "this is a fault of the hub; nothing that wasn't finished was stored"
    mend = "try it again; if it stays so, tell an administrator the number of this error"


class PageAway(Retryable):
    """The hub's database doesn't answer."""

    what = "the hub can't be reached now"
    where = "the page's address"
    why = "its database, or a system that it asks, doesn't answer"
    mend = "try it again in a minute; nothing that wasn't finished was stored"


class AnswerUnfit(RequestRefused):
    """A question of a form of the console has no answer, or one that can't be stored."""

    status = 422
    what = "'{label}' can't be taken"
    where = "the form"
    mend = "mend this answer, and send the form again"


class FilterUnreadable(RequestRefused):
    """The filters of a list can't be read."""

    status = 422
    what = "these filters can't be looked for"
    where = "the page's address"
    mend = "mend the filter, or leave it out"


class JobAnswerUnreadable(RequestRefused):
    """A rate or the sizes of stages can't be read."""

    status = 422
    what = "'{text}' is no number of messages"
    where = "the form"
    why = "expected a whole number from 1"
    mend = "write, for example, 60 messages a minute, and stages of 10,100"
