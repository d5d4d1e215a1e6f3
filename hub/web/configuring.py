"""The form of a configurator: a service item with its structure, and the requests that its answers make.

The form carries a draft: the requests so far, as JSON. *Check* adds the answers to the draft and shows the form again
with every broken rule, without writing anything; *Done* runs the action's workflow with all of them.

Answers are named by the number of the row that they are about: ``value-3``, ``number-3``, ``remove-3``, ``copy-3``,
``add-7``.

Spec: docs/web_pages.md, "A configurator".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hub.access.rights import SEE_PRICES
from hub.configurator.requests import MOST_TIMES
from hub.data_manager.workflow_run import ask_workflow
from hub.web.faults import FormFaulty
from hub.web.showing import ShownPage, has_right
from hub.web.views import ConfigurationView, ConfiguredRow
from hub.workflow_manager.named_workflow import request, workflow_named
from hub.workflow_manager.outcome import Outcome
from integration_objects.secrets import MASK

#: the workflow that shows the structure, the argument for requests, and the answer with the draft
WORKFLOW, REQUESTS, DRAFT = "configuration", "requests", "draft"
#: the arguments by which workflows name what is configured
NAMING = ("quote", "order", "account", "line", "root")
#: rows that have fields: so many as a form may send
MOST_ROWS = 600
#: components that one answer may add
MOST_ADDED = 100
#: the fields of a line that the form asks for
_ASKED_FIELDS = frozenset(("Quantity", "Service Id"))
Requests = list[dict[str, Any]]


class Configuring:
    """The configuration of one line, for one action."""

    def __init__(self, shown: ShownPage, arguments: Sequence[tuple[str, str]], answers: Mapping[str, str]) -> None:
        """Read the draft, and add the requests that the answers make.

        Raises:
            FormFaulty: the draft isn't one of this application's forms.
            Refused: the line can't be configured.
        """
        self._shown = shown
        # A service item of the customer is a `root` for `modify`, and a line of a quote is a `line`.
        self._arguments = [("line" if name == "root" else name, text) for name, text in arguments if name in NAMING]
        self.requests = _draft(answers.get(DRAFT, ""))
        if any(name != DRAFT for name in answers):
            self._add(list(_requests_of(self._asked().rows, answers, self._last_name())))

    def view(self) -> ConfigurationView:
        """Return the structure as the requests make it."""
        outcome = self._asked()
        with_prices = has_right(self._shown.user, SEE_PRICES)
        rows = [
            ConfiguredRow(
                number=number,
                kind=row["kind"] or "",
                level=int(row["level"] or 0),
                product=row["product"] or "",
                name=row["name"] or "",
                value=row["value"] or "",
                service_id=row["service id"] or "",
                has_number=row["type"] == "service" or bool(row["service id"]),
                price=(row["price"] or "") if with_prices else "",
                least=row["least"] or "",
                most=row["most"] or "",
                values=tuple((row["values"] or "").split("|")) if row["values"] else (),
                type=row["type"] or "",
                is_required=row["required"] == "Y",
                broken=row["broken"] or "",
                is_open=bool(row["item"]),
            )
            for number, row in enumerate(outcome.rows[:MOST_ROWS])
        ]
        told = tuple(note.text for note in outcome.notes) if with_prices else ()
        return ConfigurationView(tuple(rows), told, max(0, len(outcome.rows) - MOST_ROWS))

    @property
    def draft(self) -> str:
        """The requests as JSON; "" for none."""
        return json.dumps(self.requests, ensure_ascii=False) if self.requests else ""

    def _asked(self) -> Outcome:
        transaction, origin = self._shown.reading.transaction, self._shown.reading.run.origin
        workflow = workflow_named(transaction.open_hub.deployment.workflows, WORKFLOW)
        pairs = [*self._arguments, *([(REQUESTS, self.draft)] if self.requests else [])]
        return ask_workflow(transaction, workflow, request(workflow.command, pairs), origin)

    def _add(self, requests: Iterable[dict[str, Any]]) -> None:
        for each in requests:
            if each["request"] == "remove" and "attribute" not in each and self._taken_back(each["item"]):
                continue
            same = next((old for old in self.requests if _are_settings(old, each)), None)
            if same is None:
                self.requests.append(each)
                continue
            for part in ("fields", "attributes"):
                if part in each:
                    same[part] = {**same.get(part, {}), **each[part]}

    def _last_name(self) -> int:
        """Return the number in the name of the newest item that the draft adds."""
        numbers = [str(old.get("name", "")).rpartition(" ")[2] for old in self.requests]
        return max((int(number) for number in numbers if number.isdecimal() and len(number) < 10), default=0)

    def _taken_back(self, item: str) -> bool:
        """Take an item that the draft adds off again, with all that is asked for it; False for another item."""
        if not any(old["request"] == "add" and old.get("name") == item for old in self.requests):
            return False
        for place in ("name", "item", "beneath"):
            self.requests = [old for old in self.requests if not f"{old.get(place, '')}/".startswith(f"{item}/")]
        return True


def _draft(text: str) -> Requests:
    try:
        draft = json.loads(text or "[]")
    except (ValueError, RecursionError) as error:
        raise FormFaulty(why="its draft is no JSON") from error
    if not isinstance(draft, list) or not all(isinstance(each, dict) and "request" in each for each in draft):
        raise FormFaulty(why="its draft is no list of requests")
    for each in draft:
        parts = {name: each.get(name, {}) for name in ("fields", "attributes")}
        if not all(isinstance(part, dict) for part in parts.values()):
            raise FormFaulty(why="its draft has requests of another form")
        # The form asks for no others: accounts and agreements could be somebody else's.
        if not parts["fields"].keys() <= _ASKED_FIELDS:
            raise FormFaulty(why="its draft sets a field that the form doesn't ask for")
    return draft


def _are_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return old["request"] == new["request"] == "set" and old.get("item") == new.get("item")


def _requests_of(
    rows: Sequence[Mapping[str, str | None]], answers: Mapping[str, str], count: int
) -> Iterator[dict[str, Any]]:
    """Yield the requests for all answers that differ from the rows; *count*: of the items added before."""
    removed: set[str] = {row["item"] or "" for number, row in enumerate(rows) if f"remove-{number}" in answers}
    for number, row in enumerate(rows):
        item = row["item"] or ""
        if not item:
            continue
        if f"remove-{number}" in answers:
            named = {"attribute": row["name"]} if row["name"] else {}
            yield {"request": "remove", "item": item, **named}
        elif item in removed:
            continue
        elif row["kind"] == "item":
            yield from _item_requests(number, row, item, answers)
        elif row["kind"] == "attribute":
            value = answers.get(f"value-{number}")
            unsaid = value is None or value == (row["value"] or "") or (row["type"] == "secret" and value in ("", MASK))
            if not unsaid:
                yield {"request": "set", "item": item, "attributes": {row["name"]: value or None}}
        elif row["kind"] == "component":
            for _ in range(_whole(answers.get(f"add-{number}", ""), MOST_ADDED)):
                count += 1
                yield {"request": "add", "product": row["product"], "beneath": item, "name": f"new {count}"}


def _item_requests(
    number: int, row: Mapping[str, str | None], item: str, answers: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    given = {"Quantity": (f"value-{number}", row["value"]), "Service Id": (f"number-{number}", row["service id"])}
    fields = {
        name: answers[key] or None
        for name, (key, old) in given.items()
        if key in answers and answers[key] != (old or "")
    }
    if fields.get("Quantity", "") is None:
        del fields["Quantity"]
    if fields:
        yield {"request": "set", "item": item, "fields": fields}
    copies = answers.get(f"copy-{number}", "")
    if copies.isdecimal():
        yield {"request": "copy", "item": item, "times": str(_whole(copies, MOST_TIMES))}
    elif copies:
        yield {"request": "copy", "item": item, "fields": {"Service Id": copies}}


def _whole(text: str, most: int) -> int:
    """Read a number of copies or components.

    Raises:
        FormFaulty: it is none, or too large.
    """
    if not text:
        return 0
    if not text.isdecimal() or len(text) > 6 or int(text) > most:
        raise FormFaulty(why=f"expected a whole number up to {most}, found '{text[:20]}'")
    return int(text)
