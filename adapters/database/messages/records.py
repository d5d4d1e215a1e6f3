"""Small tables beside the inbox and the outbox, each in the transaction of its caller.

    IntegrationKeys    the Integration Id that a sender's line reference means
    Sessions           the quote that a user's session works on
    WorkflowRuns       the workflows that commands ran
    WebForms           the forms of the web application that were worked

Source: "New Products and Services Process", step 1.
Spec: docs/design/road.md, "Whose order, which line", "The recording"; docs/design/workflows.md ("leaves a recording";
the active quote is per user session).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable, Select, Text, bindparam, select, true

from adapters.database.connection.dialect import Unfolded, dialect_of, once
from adapters.database.connection.statements import is_one_of, parts, upsert
from adapters.database.schema.hub_tables import HUB
from integration_objects.surroundings import Surroundings

KEY = HUB.tables["s_integration_key"]
_OF_ACCOUNT: Select[Any] = select(KEY.c.source_reference, KEY.c.integration_id).where(
    KEY.c.system == bindparam("of_system"), KEY.c.account_id == bindparam("of_account")
)
_FIND = _OF_ACCOUNT.where(is_one_of(KEY.c.source_reference, "wanted"))
_REFERENCES = _OF_ACCOUNT.where(is_one_of(KEY.c.integration_id, "wanted")).order_by(KEY.c.created)
SESSION = HUB.tables["hub_session"]
_ACTIVE = select(SESSION.c.quote_id).where(SESSION.c.name == bindparam("session"))
_SET_ACTIVE = upsert(
    SESSION,
    ["name"],
    lambda new: {"quote_id": new.quote_id, "since": new.since},
    where=lambda new: SESSION.c.quote_id != new.quote_id,
)
RUN = HUB.tables["hub_workflow_run"]
_LISTED_RUNS = select(RUN.c.id, RUN.c.workflow, RUN.c.run_by, RUN.c.finished, RUN.c.arguments).order_by(RUN.c.id.desc())

FORM = HUB.tables["hub_web_form"]
_FORM = select(FORM.c.person, FORM.c.label, FORM.c.location, FORM.c.notes).where(FORM.c.id == bindparam("form_id"))


class IntegrationKeys:
    """The pairs of source reference and Integration Id; a reference is unique within its system and the account."""

    def __init__(self, connection: Connection, surroundings: Surroundings) -> None:
        self._connection = connection
        self._surroundings = surroundings

    def keep(self, system: str, account_id: str, pairs: Mapping[str, str]) -> None:
        """Keep *pairs*, source reference to Integration Id, with one statement.

        A reference that was kept before leads to its new id from now on: a sender that deletes a service and
        adds another under the same reference means the new one. A caller that must not replace a pair looks first.
        """
        if not pairs:
            return
        statement, unfolded = once(self._connection, KEY, ("keep",), lambda: _keep(self._connection))
        values = {"of_system": system, "of_account": account_id, "now": self._surroundings.now()}
        self._connection.execute(statement, values | unfolded.bound(list(pairs.items())))

    def find(self, system: str, account_id: str, references: Iterable[str]) -> dict[str, str]:
        """Return the Integration Ids of those *references* that are known, by reference."""
        return dict(self._rows(_FIND, system, account_id, references))

    def references(self, system: str, account_id: str, integration_ids: Iterable[str]) -> dict[str, str]:
        """Return the sender's references of *integration_ids*, by id, if it has any; the latest of several."""
        return {
            integration_id: reference
            for reference, integration_id in self._rows(_REFERENCES, system, account_id, integration_ids)
        }

    def _rows(
        self, statement: Select[Any], system: str, account_id: str, wanted: Iterable[str]
    ) -> list[tuple[str, str]]:
        result: list[tuple[str, str]] = []
        for part in parts(list(dict.fromkeys(wanted))):
            values = {"of_system": system, "of_account": account_id, "wanted": part}
            result += [(row[0], row[1]) for row in self._connection.execute(statement, values).all()]
        return result


def _keep(connection: Connection) -> tuple[Executable, Unfolded]:
    pairs = dialect_of(connection).unfold([KEY.c.source_reference, KEY.c.integration_id])
    account = [bindparam(name, type_=Text()) for name in ("of_system", "of_account")]
    # SQLite takes ON CONFLICT for the join's ON, where the SELECT has no WHERE.
    rows = select(*account, *pairs.values, bindparam("now", type_=Text())).select_from(pairs.source).where(true())
    columns = ["system", "account_id", "source_reference", "integration_id", "created"]
    new = dialect_of(connection).insert(KEY).from_select(columns, rows)
    statement = new.on_conflict_do_update(
        index_elements=columns[:3],
        set_={"integration_id": new.excluded.integration_id, "created": new.excluded.created},
        where=KEY.c.integration_id != new.excluded.integration_id,
    )
    return statement, pairs


class Sessions:
    """The active quotes of user sessions."""

    def __init__(self, connection: Connection, surroundings: Surroundings) -> None:
        self._connection = connection
        self._surroundings = surroundings

    def active_quote(self, session: str) -> str | None:
        """Return the Row Id of the session's active quote, if it has one; the quote may be gone since."""
        return self._connection.scalar(_ACTIVE, {"session": session})

    def set_active_quote(self, session: str, quote_id: str) -> None:
        """Make *quote_id* the session's active quote."""
        values = {"name": session, "quote_id": quote_id, "since": self._surroundings.now()}
        self._connection.execute(_SET_ACTIVE.on(self._connection), values)


class WorkflowRuns:
    """The runs of workflows that commands started.

    A message's recording belongs to its inbox row; a command has none, so its run has a row of its own.
    """

    def __init__(self, connection: Connection, surroundings: Surroundings, user: str = "hub") -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._user = user

    def keep(self, run_id: str, workflow: str, arguments: Mapping[str, str], recording: bytes) -> None:
        """Keep a finished run.

        Args:
            run_id: its identity, ordered by time.
            workflow: the workflow's name.
            arguments: the workflow's arguments, as text.
            recording: `Run.recording`.
        """
        values = {
            "id": run_id,
            "workflow": workflow,
            "run_by": self._user,
            "finished": self._surroundings.now(),
            "arguments": json.dumps(dict(arguments), ensure_ascii=False),
            "data": recording,
        }
        self._connection.execute(RUN.insert(), values)

    def listing(self, limit: int = 100) -> list[dict[str, Any]]:
        """Return the last runs, the newest first: ``id``, ``workflow``, ``run_by``, ``finished``, ``arguments``."""
        rows = self._connection.execute(_LISTED_RUNS.limit(limit)).mappings()
        return [{**row, "arguments": json.loads(row["arguments"])} for row in rows]

    def recording(self, run_id: str) -> bytes | None:
        """Return a run's recording; None if there is no such run."""
        return self._connection.scalar(select(RUN.c.data).where(RUN.c.id == run_id))


@dataclass(frozen=True)
class WorkedForm:
    """A form that was worked.

    Attributes:
        label: the action's label.
        location: the address of the page that followed.
        notes: the sentences of the workflow's report.
    """

    person: str
    label: str
    location: str
    notes: tuple[str, ...]


class WebForms:
    """The forms of the web application that were worked: a form that is sent twice is worked once."""

    def __init__(self, connection: Connection, surroundings: Surroundings) -> None:
        self._connection = connection
        self._surroundings = surroundings

    def find(self, form_id: str) -> WorkedForm | None:
        """Return a form that was worked; None for one that wasn't."""
        row = self._connection.execute(_FORM, {"form_id": form_id}).first()
        return None if row is None else WorkedForm(row[0], row[1], row[2], tuple(json.loads(row[3])))

    def keep(self, form_id: str, form: WorkedForm) -> None:
        """Keep a form in the transaction of its work: a second one of its id breaks the table's key."""
        values = {
            "id": form_id,
            "person": form.person,
            "at": self._surroundings.now(),
            "label": form.label,
            "location": form.location,
            "notes": json.dumps(form.notes, ensure_ascii=False),
        }
        self._connection.execute(FORM.insert(), values)
