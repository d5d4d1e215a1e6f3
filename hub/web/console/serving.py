"""The console's answers: a page for who has its right, and an action, done once for a form, with its audit.

Each view of a page that shows a body is written to the audit in the transaction that reads the body: no body leaves
without its row.

Spec: docs/web.md, "The operator's console".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.database.messages.records import WorkedForm
from hub.access.user import ActionObject, allowed
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.web.acting import FORM_ID, with_done
from hub.web.console.page import ConsoleAction, ConsolePage, Looking
from hub.web.faults import ActionNotPossible, AnswerUnfit, FormFaulty, NothingThere, PageForbidden
from hub.web.views import DoneView, FormView, PageView, QuestionView
from hub.web.visitors import Visitor
from integration_objects.errors import HubError
from integration_objects.field_values import check_characters


def page_view(
    open_hub: OpenHub, page: ConsolePage, visitor: Visitor, parameters: Mapping[str, str], form_id: str = ""
) -> PageView:
    """Return a page's data for one person; *form_id*: of the form whose report the page shows.

    Raises:
        PageForbidden: the person doesn't have the page's right.
        NothingThere: the thing of the address isn't there.
    """
    _check(page, visitor, parameters)
    if not page.audited:
        with open_hub.read() as transaction:
            looking = Looking(transaction, visitor.user, parameters)
            return page.view(looking, _done(transaction, visitor, form_id))
    with open_hub.write() as transaction:
        view = page.view(Looking(transaction, visitor.user, parameters))
        # The last statement: others that append to the audit wait for the end of this transaction.
        visitor.audit(transaction, page.right, ActionObject(page.audited, _key(page, parameters)))
    return view


def form_view(
    open_hub: OpenHub,
    page: ConsolePage,
    action: ConsoleAction,
    visitor: Visitor,
    parameters: Mapping[str, str],
    answers: Mapping[str, str] | None = None,
    fault: HubError | None = None,
) -> FormView:
    """Return the form of an action; *answers* and *fault*: of a try that was refused.

    Raises:
        PageForbidden, NothingThere, ActionNotPossible: as `act_on`.
    """
    _check(page, visitor, parameters, action)
    with open_hub.read() as transaction:
        looking = Looking(transaction, visitor.user, parameters)
        title = _possible(page, action, looking)
        questions = action.ask(looking)
    return FormView(
        title=f"{action.label}: {title}",
        label=action.label,
        address=page.action_address(action.name, parameters),
        back=page.address_with(parameters),
        about=(),
        questions=tuple(_answered(question, answers) for question in questions),
        hidden={FORM_ID: open_hub.surroundings.new_id()},
        fault=None if fault is None else fault.as_dict(),
        help=action.help,
    )


def act_on(
    open_hub: OpenHub,
    page: ConsolePage,
    action: ConsoleAction,
    visitor: Visitor,
    parameters: Mapping[str, str],
    form_id: str,
    answers: Mapping[str, str],
) -> str:
    """Do an action, once for a form; return the address that follows.

    Raises:
        PageForbidden: the person doesn't have the rights.
        NothingThere: the thing of the address isn't there.
        ActionNotPossible: the action can't be done with it now.
        AnswerUnfit: an answer is missing, or can't be stored.
        Refused: it is refused; nothing is written.
    """
    _check(page, visitor, parameters, action)
    with open_hub.read() as transaction:
        worked = transaction.messages.forms.find(form_id)
        if worked is not None:
            return _followed(worked, visitor, action)
        looking = Looking(transaction, visitor.user, parameters)
        _possible(page, action, looking)
        _check_answers(action.ask(looking), answers)
    with open_hub.write() as transaction:
        # Looked for again: the same form may have been sent twice at one moment.
        worked = transaction.messages.forms.find(form_id)
        if worked is not None:
            return _followed(worked, visitor, action)
        done = action.do(Looking(transaction, visitor.user, parameters), answers)
        location = with_done(done.location, form_id)
        transaction.messages.forms.keep(form_id, WorkedForm(visitor.user.name, action.label, location, done.notes))
        transaction.messages.pending_writes.write()
        # The last statement: others that append to the audit wait for the end of this transaction.
        visitor.audit(transaction, action.rights[0], done.about, answers.get("reason", ""))
    if done.afterwards is not None:
        done.afterwards(open_hub)
    return location


def _check(
    page: ConsolePage, visitor: Visitor, parameters: Mapping[str, str], action: ConsoleAction | None = None
) -> None:
    """Refuse people without the rights, before anything is read."""
    for right in (page.right, *(() if action is None else action.rights)):
        if not allowed(visitor.user, right, ActionObject(page.name)):
            title = page.menu or page.name.replace("_", " ") if action is None else action.label
            raise PageForbidden(title=title, right=right)
    # PostgreSQL stores no U+0000, and XML carries no other control characters: nothing can have such a name.
    if any(check_characters(value) is not None for value in parameters.values()):
        raise NothingThere


def _possible(page: ConsolePage, action: ConsoleAction, looking: Looking) -> str:
    """Refuse an action that the page doesn't offer now; return the page's title."""
    shown = page.show(looking)
    if shown.actions is not None and action.name not in shown.actions:
        raise ActionNotPossible(label=action.label, page=page.name)
    return shown.title


def _check_answers(questions: Sequence[QuestionView], answers: Mapping[str, str]) -> None:
    """Refuse what a browser doesn't send: a form without an answer that it asks for, and characters of control."""
    for question in questions:
        answer = answers.get(question.name, "")
        if question.required and not answer:
            raise AnswerUnfit(label=question.label, why="the form asks for it, and it is empty")
        fault = check_characters(answer)
        if fault is not None:
            raise AnswerUnfit(label=question.label, why=fault)


def _followed(form: WorkedForm, visitor: Visitor, action: ConsoleAction) -> str:
    if form.person != visitor.user.name:
        raise NothingThere
    if form.label != action.label:
        raise FormFaulty(why="its id is that of another form, which was worked")
    return form.location


def _done(transaction: Transaction, visitor: Visitor, form_id: str) -> DoneView | None:
    form: WorkedForm | None = transaction.messages.forms.find(form_id[:64]) if form_id.isalnum() else None
    if form is None or form.person != visitor.user.name:
        return None
    return DoneView(form.label, form.notes)


def _key(page: ConsolePage, parameters: Mapping[str, str]) -> str | None:
    """Return the value of the last step of the address that is a parameter: the thing that is looked at."""
    names = [name for name in parameters if f"{{{name}}}" in page.address]
    return parameters[names[-1]] if names else None


def _answered(question: QuestionView, answers: Mapping[str, str] | None) -> QuestionView:
    if answers is None:
        return question
    values = {**vars(question), "value": answers.get(question.name, "")}
    return QuestionView(**values)
