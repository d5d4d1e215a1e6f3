"""What other systems answered before the lock: the run itself takes these answers, and asks nothing.

    rehearsal    the workflow runs without writing; where it would ask, it stops, the question is asked outside of any
                 transaction, and it begins again, until every question has its answer
    the run      the accounts are locked; the same questions get the kept answers

A question carries the whole state that it is about. Where another change came between, the run's question is another
one, for which there is no answer: the run is taken back, and rehearsed again.

Spec: docs/design/road.md, "Locks" (what is asked of the outside world is asked before the lock, and its version
checked after it).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from integration_objects.errors import HubError, Refused, Retryable


class StateMoved(Retryable):
    """Another change came between the question to another system and the lock."""


class Unanswered(Exception):
    """Ends a rehearsal at a question that is still to be asked. No error: nobody but the rehearsal sees it.

    Attributes:
        ask: asks it; the answer is kept.
    """

    def __init__(self, ask: Callable[[], None]) -> None:
        super().__init__("a question is to be asked")
        self.ask = ask


class Asks(Protocol):
    """Whoever carries a question to another system: `adapters.http_client.HttpClient` is one."""

    def post(self, document: Any) -> Any:
        """Send the question, return the answer, both as JSON has them."""

    def faulty(self, why: str, where: str = "") -> HubError:
        """The error for an answer that isn't what was agreed."""


@dataclass
class Answers:
    """The answers of one rehearsal, and what made its questions what they were.

    Attributes:
        now: the rehearsal's time; the run has the same.
        rehearsing: whether a question without an answer may still be asked.
    """

    now: str
    rehearsing: bool = True
    _ids: list[str] = field(default_factory=list)
    _taken: int = 0
    _known: dict[str, Any] = field(default_factory=dict)

    def of(self, client: Asks) -> Asks:
        """A client that takes the kept answers of *client*."""
        return _Kept(self, client)

    def begin_again(self) -> None:
        """Begin another attempt, or the run: it takes the same identifiers in the same order."""
        self._taken = 0

    def new_id(self, make: Callable[[], str]) -> str:
        """The identifier that the rehearsal made at this place; a new one where it made none."""
        if self._taken == len(self._ids):
            self._ids.append(make())
        self._taken += 1
        return self._ids[self._taken - 1]

    def answer(self, client: Asks, document: Any) -> Any:
        """The answer to a question; a refusal is an answer, too.

        Raises:
            Unanswered: the rehearsal has to ask it first.
            StateMoved: the rehearsal is over, and didn't ask it.
            Refused: the other system refuses the question.
        """
        key = json.dumps([id(client), document], sort_keys=True)
        if key not in self._known:
            if self.rehearsing:
                raise Unanswered(lambda: self._ask(key, client, document))
            raise StateMoved(
                "another change came between the question to another system and the lock",
                why="the state that it was asked about is no longer the present one",
                mend="nothing, it is tried again; where a command says so, repeat it",
            )
        found = self._known[key]
        if isinstance(found, Refused):
            raise found
        return json.loads(found)

    def _ask(self, key: str, client: Asks, document: Any) -> None:
        try:
            self._known[key] = json.dumps(client.post(document))
        except Refused as refusal:
            self._known[key] = refusal


@dataclass(frozen=True)
class _Kept:
    """A client whose answers are kept."""

    answers: Answers
    client: Asks

    def post(self, document: Any) -> Any:
        return self.answers.answer(self.client, document)

    def faulty(self, why: str, where: str = "") -> HubError:
        return self.client.faulty(why, where)
