"""Edits of bodies for a resubmission: texts that are replaced in each, or one whole new body.

    edit = Edit(replaced=(("<qty>0</qty>", "<qty>1</qty>"),))
    edit.of(body)

Spec: docs/jobs.md, "Edit and resubmit".
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integration_objects.errors import Refused


class EditChangesNothing(Refused):
    """An edit leaves a message as it is."""

    what = "the edit changes nothing in the message {message}"
    where = "message {message}"
    why = "none of the texts that are to be replaced stands in its body"
    mend = "choose the messages by the reason of their error, or mend the text, which is looked for in UTF-8"


class BodyNotWhole(Refused):
    """The body of a message can't be edited."""

    what = "the message {message} can't be edited"
    where = "message {message}"
    why = "it was over the limit of its route, and only its beginning is kept"
    mend = "ask its sender for it"


class EditEmpty(Refused):
    """A resubmission has no edit, or one that says nothing."""

    what = "the edit says nothing"
    where = "job resubmit"
    why = "expected texts to replace, none of them empty, or one whole body"
    mend = "give --replace OLD --by NEW, or --body FILE for a single message; `replay` works messages as they are"


@dataclass(frozen=True)
class Edit:
    """An edit of bodies.

    Attributes:
        replaced: pairs of a text and the text that stands in its place, done one after the other.
        body: the whole new body, for a single message; None for an edit by texts.
    """

    replaced: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def check(self) -> None:
        """Refuse an edit that says nothing.

        Raises:
            EditEmpty: there is nothing to replace.
        """
        if self.body is None and not (self.replaced and all(old for old, _ in self.replaced)):
            raise EditEmpty

    def of(self, message: str, body: bytes, size: int) -> bytes:
        """Return the edited body of a message.

        Args:
            message: the message's id, for errors.
            body: the bytes that are kept of it.
            size: its bytes when it came.

        Raises:
            BodyNotWhole: not all of its bytes are kept.
            EditChangesNothing: the body stays as it is.
        """
        if self.body is not None:
            edited = self.body
        elif size > len(body):
            raise BodyNotWhole(message=message)
        else:
            edited = body
            for old, new in self.replaced:
                edited = edited.replace(old.encode(), new.encode())
        if edited == body:
            raise EditChangesNothing(message=message)
        return edited

    def as_json(self) -> dict[str, Any]:
        """Return the edit as a job keeps it."""
        if self.body is not None:
            return {"body": base64.b64encode(self.body).decode()}
        return {"replace": [list(pair) for pair in self.replaced]}


def read_edit(written: Mapping[str, Any]) -> Edit:
    """Read an edit that `Edit.as_json` wrote."""
    if "body" in written:
        return Edit(body=base64.b64decode(written["body"]))
    return Edit(tuple((old, new) for old, new in written["replace"]))
