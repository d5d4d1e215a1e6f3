"""Actions: the form of an action, and the workflow that a sent form runs, once, with its transition.

A form carries an id. The transaction that runs the workflow keeps the id with the address that followed, so that the
same form sent again leads to the same page and runs nothing. A form also carries the version that the person saw, if
the page says so: if somebody else has changed the thing since, nothing is run.

Spec: docs/web_pages.md, "Actions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.database.messages.records import WorkedForm
from hub.access.audit import Actor
from hub.access.user import ActionObject, User, visible_accounts
from hub.data_manager.open_hub import OpenHub, Transaction
from hub.data_manager.workflow_run import Asker, run_workflow
from hub.deployment.pages.action_reader import THIRD_PARTY
from hub.deployment.pages.page import Action, Asked, Page, Question, Target
from hub.web.addresses import action_address, address_of, with_query
from hub.web.arguments import arguments_for, asked_attributes, attribute_values
from hub.web.configuring import DRAFT, REQUESTS, Configuring
from hub.web.faults import (
    ActionNotPossible,
    ChangedMeanwhile,
    FormFaulty,
    NoSuchChoice,
    NotAmongYours,
    NothingThere,
    PageForbidden,
)
from hub.web.foreign_names import hide_foreign_names, without_foreign_names
from hub.web.reading import ACCOUNT_FIELD, ReadRow
from hub.web.showing import ROUTE, ShownPage, has_right, in_words, told_with
from hub.web.views import FormView, QuestionView
from hub.web.visitors import Visitor
from hub.workflow_manager.arguments import IDENTIFIERS, Argument, by_name
from hub.workflow_manager.named_workflow import accounts_of, request, workflow_named
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.outcome import Note, Outcome
from integration_objects.complex_object import components, first_instance, is_empty
from integration_objects.errors import HubError, Refused
from integration_objects.property_set import PropertySet

#: the hidden fields of a form
FORM_ID, ROW, VERSION = "form-id", "row", "version"
#: the button of a configurator's form that does nothing yet
CHECK = "check"
#: the beginning of the fields of a form that answer its questions
ANSWER = "answer-"
#: the kinds of notes that tell a person something new; prices are on the page that follows
_UNTOLD = frozenset(("price", "total", "rate"))
#: the type of a product's attribute -> the kind of its question
_KINDS: Mapping[str, Question] = {"number": "number", "date": "date"}
#: choices that a form offers at most
MOST_CHOICES = 500


class FormWorked(Exception):
    """Ends a run whose form was worked before. Only this module sees it."""

    def __init__(self, form: WorkedForm) -> None:
        super().__init__("the form was worked before")
        self.form = form


@dataclass(frozen=True)
class Sent:
    """The content of a sent form.

    Attributes:
        row: the key of the row that the action is for; None for an action of the whole page.
        answers: the answers by the names of the questions.
        form_id: the form's id.
        version: the version that the person saw; "" for none.
    """

    row: str | None
    answers: Mapping[str, str]
    form_id: str = ""
    version: str = ""


class OpenAction:
    """An action of a page for one person, in one transaction that reads."""

    def __init__(self, shown: ShownPage, action: Action, row_key: str | None) -> None:
        """Find the action's row, and judge whether the person may do it.

        Raises:
            PageForbidden: the person's type doesn't have the right.
            NothingThere: there is no such row, or it isn't the person's.
            ActionNotPossible: the action's condition doesn't hold.
        """
        self._shown, self._action, self._key = shown, action, row_key
        if not has_right(shown.user, action.right):
            raise PageForbidden(title=action.label, right=action.right)
        found = self._row()
        self.row: PropertySet | None = None if found is None else found.node
        header = None if found is None else found.header
        if not shown.may(action, self.row, header):
            if shown.holds(action, self.row):
                raise NothingThere
            raise ActionNotPossible(label=action.label, page=shown.page.name)
        refusal = shown.refusal(action, self.row)
        if refusal:
            raise ActionNotPossible(label=action.label, page=shown.page.name, why=refusal)

    def _row(self) -> ReadRow | None:
        if not self._action.part:
            return None
        part = self._shown.page.parts[self._action.part]
        read = self._shown.reading.part(part.name)
        for row in () if read is None else read.rows:
            if self._key and row.node.get(part.key) == self._key:
                return row
        raise NothingThere

    def _subject(self) -> PropertySet | None:
        """Return the row that ``[Field]`` means."""
        return self._shown.subject(self._action, self.row)

    def form(self, form_id: str, sent: Sent | None = None, fault: HubError | None = None) -> FormView:
        """Return the form; *sent* and *fault*: of a try that was refused."""
        shown, action = self._shown, self._action
        hidden = {FORM_ID: form_id}
        if self._key is not None:
            hidden[ROW] = self._key
        if action.unchanged:
            # Of a refused try: the version that the person has seen, and not the one that he hasn't.
            seen = sent.version if sent is not None else shown.reading.version(shown.page.parts[action.unchanged])
            hidden[VERSION] = seen or ""
        answers = {} if sent is None else sent.answers
        configuration = None
        if action.configures:
            configuring = Configuring(shown, arguments_for(action, shown.reading, self._subject(), answers), answers)
            configuration = configuring.view()
            hidden[f"{ANSWER}{DRAFT}"] = configuring.draft
        return FormView(
            title=f"{action.label}: {shown.title()}",
            label=action.label,
            address=action_address(shown.page, action.name, shown.parameters),
            back=address_of(shown.page, shown.parameters),
            about=self._about(),
            questions=tuple(each for asked in action.asks.values() for each in self._questions(asked, answers)),
            hidden=hidden,
            fault=None if fault is None else _fault(action, fault),
            help=action.help,
            configuration=configuration,
        )

    def pairs(self, answers: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return the arguments of the workflow; one whose values are all missing is left out."""
        pairs = arguments_for(self._action, self._shown.reading, self._subject(), answers)
        if self._action.configures:
            configuring = Configuring(self._shown, pairs, answers)
            pairs += [(REQUESTS, configuring.draft)] if configuring.requests else []
        return pairs

    def _about(self) -> tuple[tuple[str, str], ...]:
        if self.row is None:
            return ()
        fields = self._shown.page.parts[self._action.part].fields.values()
        return tuple(
            (field.label, text)
            for field in fields
            if (text := in_words(field, self.row.get(field.name)))
            and (not field.right or has_right(self._shown.user, field.right))
        )

    def _questions(self, asked: Asked, answers: Mapping[str, str]) -> Iterator[QuestionView]:
        """Yield the questions that the form shows for one of the declaration."""
        if asked.kind != "attributes":
            yield self._question(asked, answers.get(asked.name))
            return
        row = self._subject()
        present = attribute_values(row)
        for key, attribute in asked_attributes(asked, self._shown.reading, row).items():
            name = attribute.get("Name") or ""
            allowed = tuple(
                (text, text) for each in components(attribute, "Allowed Value") if (text := each.get("Value"))
            )
            kind = "choice" if allowed else _KINDS.get(attribute.get("Type") or "", "text")
            required = attribute.get("Required") == "Y"
            yield QuestionView(key, name, kind, answers.get(key, present.get(name, "")), required, allowed)

    def _question(self, asked: Asked, answer: str | None) -> QuestionView:
        proposed = "" if asked.value is None else self._shown.reading.value(asked.value, self._subject()) or ""
        if asked.kind == "date":
            # A browser shows a day, and nothing where a time stands behind it.
            proposed = proposed[:10]
        return QuestionView(
            asked.name,
            asked.label,
            asked.kind,
            proposed if answer is None else answer,
            asked.required,
            tuple(self._choices(asked)[:MOST_CHOICES]),
            asked.help,
        )

    def check_choices(self, answers: Mapping[str, str]) -> None:
        """Refuse answers that the form doesn't offer: they could be somebody else's.

        Raises:
            NoSuchChoice: an answer isn't one of the choices, nor what the form proposes.
        """
        for name, asked in self._action.asks.items():
            answer = answers.get(name)
            if asked.kind != "choice" or not answer:
                continue
            offered = self._question(asked, None).value
            if answer != offered and answer not in {value for value, _ in self._choices(asked)}:
                raise NoSuchChoice(answer=answer[:100], label=asked.label)

    def _choices(self, asked: Asked) -> Sequence[tuple[str, str]]:
        if asked.choices is None:
            return [(value, value) for value in asked.values]
        declared = asked.choices
        visible = visible_accounts(self._shown.user)
        found = [
            each
            for each in self._shown.reading.instances_like(declared.object, declared.example, self._subject())
            if visible.every or ACCOUNT_FIELD not in each.properties or each.get(ACCOUNT_FIELD) in visible
        ]
        pairs = [(value, each.get(declared.label) or value) for each in found if (value := each.get(declared.value))]
        return sorted(pairs, key=lambda pair: pair[1].casefold())


class PageAsker(Asker):
    """A person who asks for a workflow at a page."""

    def __init__(
        self,
        visitor: Visitor,
        page: Page,
        action: Action,
        sent: Sent,
        end: Callable[[Outcome], str],
        about: ActionObject,
    ) -> None:
        self._visitor, self._page, self._action, self._sent = visitor, page, action, sent
        self._end, self._about = end, about
        self.version_now: Callable[[Transaction], str | None] | None = None
        self.location = ""

    def origin(self, run_id: str) -> Origin:
        """Return the origin of the run: its sender is the person, who has an active quote of his own."""
        name = self._visitor.user.name
        return Origin(ROUTE, name, run_id, person=name)

    def before(self, transaction: Transaction) -> None:
        """End the run of a form that was worked, or of a thing that somebody has changed."""
        worked = transaction.messages.forms.find(self._sent.form_id)
        if worked is not None:
            raise FormWorked(worked)
        if self.version_now is not None:
            now = self.version_now(transaction)
            if (now or "") != self._sent.version:
                raise ChangedMeanwhile(page=self._page.title, seen=self._sent.version or "none", now=now or "gone")

    def _within(self, transaction: Transaction) -> User:
        return self._visitor.access.user_within(transaction.connection, self._visitor.user)

    def after(self, transaction: Transaction, run_id: str, outcome: Outcome) -> None:
        """Keep the form with the page that follows, and the audit."""
        self.location = with_done(self._end(outcome), self._sent.form_id)
        notes = told(outcome.notes, outcome.why)
        notes = tuple(without_foreign_names(transaction.store, self._within(transaction), notes))
        form = WorkedForm(self._visitor.user.name, self._action.label, self.location, notes)
        transaction.messages.forms.keep(self._sent.form_id, form)
        why = f"{self._page.name}/{self._action.name}, run {run_id}"
        # The last statement: others that append to the audit wait for the end of this transaction.
        self._visitor.audit(transaction, self._action.right, self._about, why)


def act(
    open_hub: OpenHub, page: Page, action: Action, visitor: Visitor, parameters: Mapping[str, str], sent: Sent
) -> str:
    """Run the workflow of an action, once for a form; return the address of the page that follows.

    Raises:
        PageForbidden, NothingThere, ActionNotPossible: the person can't do it.
        ChangedMeanwhile: somebody else has changed the thing.
        Refused: the workflow refuses; nothing is written.
    """
    pages, user = open_hub.deployment.pages, visitor.user
    with open_hub.read() as transaction:
        # Looked for first: after the work the row may be gone, or the condition no longer true.
        worked = transaction.messages.forms.find(sent.form_id)
        if worked is not None:
            return _followed(worked, user, action)
        shown = ShownPage(transaction, page, pages, user, parameters)
        opened = OpenAction(shown, action, sent.row)
        opened.check_choices(sent.answers)
        pairs = opened.pairs(sent.answers)
        if not action.access:
            workflow = workflow_named(open_hub.deployment.workflows, action.workflow)
            _check_named(transaction, shown, shown.user, by_name(workflow.arguments), pairs)
            ends = _ends(shown, action)
    if action.access:
        location = with_done(address_of(page, shown.parameters), sent.form_id)
        return _change_access(open_hub, action, visitor, shown.account or "", dict(pairs), sent, location)
    about = ActionObject(page.name, sent.row, shown.account)
    asker = PageAsker(visitor, page, action, sent, ends, about)
    if action.unchanged:
        part = page.parts[action.unchanged]
        asker.version_now = lambda within: ShownPage(within, page, pages, user, parameters).reading.version(part)
    try:
        run_workflow(open_hub, workflow, request(workflow.command, pairs), asker=asker)
    except FormWorked as worked_before:
        return _followed(worked_before.form, user, action)
    except Refused as refused:
        with open_hub.read() as transaction:
            within = open_hub.access.user_within(transaction.connection, user)
            hide_foreign_names(transaction.store, within, refused)
        raise
    return asker.location


def _change_access(
    open_hub: OpenHub,
    action: Action,
    visitor: Visitor,
    account: str,
    arguments: Mapping[str, str],
    sent: Sent,
    location: str,
) -> str:
    """Open the page's account to a third party, or close it, once for a form; return the page that follows.

    Raises:
        ThirdPartyUnknown: there is no such third party.
    """
    name, user = arguments.get(THIRD_PARTY, ""), visitor.user
    with open_hub.write(user=user.name) as transaction:
        worked = transaction.messages.forms.find(sent.form_id)
        if worked is not None:
            return _followed(worked, user, action)
        transaction.messages.forms.keep(sent.form_id, WorkedForm(user.name, action.label, location, ()))
        people = open_hub.access.people(transaction.connection)
        change = people.open_account if action.access == "open account" else people.close_account
        # It writes to the audit: the last statement, as in `PageAsker.after`.
        change(account, name, Actor(user.name, visitor.address))
    return location


def _fault(action: Action, fault: HubError) -> dict[str, str]:
    """Return the words for a refusal: the declaration's, or the error's own."""
    told = action.refusals.get(type(fault).__name__)
    return fault.as_dict() if told is None else {"what": told_with(told, fault), "why": "", "mend": ""}


def with_done(address: str, form_id: str) -> str:
    """Put the id of a form behind an address: the page shows the form's report."""
    return address + ("&" if "?" in address else "?") + with_query("", {"done": form_id}).removeprefix("?")


def told(notes: Sequence[Note], why: str) -> tuple[str, ...]:
    """Return the sentences of a report that tell a person something, each once."""
    texts = [str(note) for note in notes if note.kind not in _UNTOLD]
    return tuple(dict.fromkeys([*texts, *filter(None, [why])]))


def _followed(form: WorkedForm, user: User, action: Action) -> str:
    if form.person != user.name:
        raise NothingThere
    if form.label != action.label:
        raise FormFaulty(why="its id is that of another form, which was worked")
    return form.location


def _ends(shown: ShownPage, action: Action) -> Callable[[Outcome], str]:
    """Make the function that finds the page after an outcome; what it needs of the page is read now."""
    here = address_of(shown.page, shown.parameters)
    known = {
        (state, name): shown.reading.value(value)
        for state, target in action.next.items()
        for name, value in target.parameters.items()
        if value.kind != "field"
    }

    def end(outcome: Outcome) -> str:
        target = action.next.get(outcome.state)
        return here if target is None else _address(target, outcome) or here

    def _address(target: Target, outcome: Outcome) -> str | None:
        tree = outcome.objects[0] if outcome.objects else None
        first = PropertySet() if tree is None or is_empty(tree) else first_instance(tree)
        values = {
            name: first.get(value.name) if value.kind == "field" else known[outcome.state, name]
            for name, value in target.parameters.items()
        }
        page = shown.pages[target.page]
        if not has_right(shown.user, page.right) or any(not values.get(name) for name in page.path_parameters):
            return None
        return address_of(page, values)

    return end


def _check_named(
    transaction: Transaction,
    shown: ShownPage,
    user: User,
    arguments: Mapping[str, Argument],
    pairs: Sequence[tuple[str, str]],
) -> None:
    """Refuse arguments that name an account, a quote or an order of somebody else, and those that name none.

    Raises:
        NotAmongYours: it isn't the person's, or it isn't there.
    """
    visible = visible_accounts(user)
    if visible.every:
        return
    for name, text in pairs:
        if name not in arguments or arguments[name].kind not in IDENTIFIERS:
            continue
        argument = arguments[name]
        # By Account Id alone: a name or a telephone number could be somebody else's, too.
        accounts = accounts_of(shown.reading.run, [argument], {argument.parameter: text})
        if not accounts or any(account not in visible for account in accounts):
            raise NotAmongYours(kind=argument.kind, name=text[:100])
