"""The answers of other systems, asked for before the accounts are locked; a run takes these answers and asks nothing.

    rehearsal    the workflow runs without effects; it stops at a question, the question is asked outside of any
                 transaction, and the workflow begins again, until every question has its answer
    run          the accounts are locked; the same questions get the kept answers

A question carries the whole state that it is about. If another change came between the rehearsal and the run, the run
asks another question, which has no answer: the run is rolled back and rehearsed again.

Spec: docs/design/road.md, "Locks".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from adapters.json_client import JsonClient
from integration_objects.errors import HubError, Refused, Retryable


class StateMoved(Retryable):
    """Another change came between the question to another system and the lock."""

    what = "another change came between the question to another system and the lock"
    why = "the state that it was asked about is no longer the present one"
    mend = "nothing, it is tried again; where a command says so, repeat it"


class OpenQuestion(Exception):
    """Ends a rehearsal at a question without an answer. Only the rehearsal sees it.

    Attributes:
        ask: asks the question and keeps the answer.
    """

    def __init__(self, ask: Callable[[], None]) -> None:
        super().__init__("a question is to be asked")
        self.ask = ask


@dataclass
class Answers:
    """The answers that a rehearsal collected, with the time and the identifiers that its questions carry.

    Attributes:
        now: the rehearsal's time, which is the run's time, too.
        rehearsing: whether a question without an answer may still be asked.
        bring_up_to_date: reads the service profiles of accounts from the system that keeps them; None where the hub
            keeps them.
    """

    now: str
    rehearsing: bool = True
    bring_up_to_date: Callable[[Collection[str]], None] | None = None
    _fresh: set[str] = field(default_factory=set)
    _ids: list[str] = field(default_factory=list)
    _ids_given: int = 0
    _answers: dict[str, Any] = field(default_factory=dict)

    def through(self, client: JsonClient) -> JsonClient:
        """Return a client that gives the kept answers of *client*."""
        return _KeptAnswers(self, client)

    def begin_again(self) -> None:
        """Begin another attempt, or the run: it gets the same identifiers in the same order."""
        self._ids_given = 0

    def new_id(self, make: Callable[[], str]) -> str:
        """Return the next of the kept identifiers; after the last, make and keep another."""
        # Questions carry identifiers of new lines: with other identifiers the run would ask other questions.
        if self._ids_given == len(self._ids):
            self._ids.append(make())
        self._ids_given += 1
        return self._ids[self._ids_given - 1]

    def need_profiles(self, account_ids: Collection[str]) -> None:
        """Have the copies of service profiles brought up to date, before the rehearsal reads them.

        A run reads the copies as they are then: the rehearsal has asked for all that it reads.

        Raises:
            OpenQuestion: the rehearsal must have some of them read first.
        """
        bring, missing = self.bring_up_to_date, sorted(set(account_ids) - self._fresh)
        if not (missing and self.rehearsing) or bring is None:
            return

        def ask() -> None:
            bring(missing)
            self._fresh.update(missing)

        raise OpenQuestion(ask)

    def answer(self, client: JsonClient, document: Any) -> Any:
        """Return the kept answer to a question, or raise the kept refusal.

        Raises:
            OpenQuestion: the rehearsal must ask it first.
            StateMoved: the rehearsal is over, and didn't ask it.
            Refused: the other system refuses the question.
        """
        # With the client: the configurator and the pricing may be asked the same document.
        key = json.dumps([id(client), document], sort_keys=True)
        if key not in self._answers:
            if self.rehearsing:
                raise OpenQuestion(lambda: self._ask(key, client, document))
            raise StateMoved()
        answer = self._answers[key]
        if isinstance(answer, Refused):
            raise answer
        return json.loads(answer)

    def _ask(self, key: str, client: JsonClient, document: Any) -> None:
        try:
            # As text: a run that changes an answer must not change it for the next attempt.
            self._answers[key] = json.dumps(client.post(document))
        # Kept like an answer: the run must meet the refusal at the same place, with its own reply and ending.
        except Refused as refusal:
            self._answers[key] = refusal


@dataclass(frozen=True)
class _KeptAnswers:
    """A client that asks nothing, and gives the kept answers of another."""

    answers: Answers
    client: JsonClient

    def post(self, document: Any) -> Any:
        return self.answers.answer(self.client, document)

    def faulty(self, why: str, where: str = "") -> HubError:
        return self.client.faulty(why, where)
