"""Apply a user's file: its edits are compared three ways with the hub's records, and taken or returned.

The base is the last download, and the hub is the owner of every field: where both sides changed a field, the hub's
value stays, and the user's value is returned. All edits of a file and the answer to it are one transaction.

Spec: docs/design/legacy.md, "Remote clients".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from adapters.database.connection.database import repeated
from adapters.database.replication.remote_files import KeptFile, RemoteFiles, ReturnedChange
from adapters.remote_file import RemoteFile, read_remote_file
from hub.data_manager.open_hub import OpenHub
from hub.replication.remote_edits import FileEdits, RecordChangedMeanwhile
from hub.replication.remote_extract import answer_file, lock_user
from hub.replication.remote_flat_edits import FlatEdits
from hub.replication.remote_quotes import QuoteEdits
from hub.replication.remote_records import REMOTE_OBJECTS, remote_tables
from integration_objects.errors import Refused
from integration_objects.names import QUOTE


class RemoteFileUnknown(Refused):
    """A file wasn't made for this user by this hub, or the downloaded values in it were changed."""

    what = "the file isn't one that this hub made for user '{user_id}'"
    where = "{place}"
    why = "{fault}"
    mend = "apply a copy of the file as the hub wrote it, with changes in the tables without 'base_' only"


class RemoteFileSuperseded(Refused):
    """A later file of the user is the one to go on with."""

    what = "file {number} of user '{user_id}' is older than what the user has seen since"
    where = "{place}"
    why = "{fault}"
    mend = "make its changes in the newest file, or extract a new one; this file was left as it is"


@dataclass(frozen=True)
class Applied:
    """The result of an application.

    Attributes:
        taken: the records that were made or changed.
        returned: the changes that came back with this file.
        answer: the file that answers it.
        is_repeated: whether the file had been applied before, and nothing was done.
    """

    taken: Sequence[str]
    returned: Sequence[ReturnedChange]
    answer: KeptFile
    is_repeated: bool = False


def apply_file(open_hub: OpenHub, content: bytes, place: str) -> Applied:
    """Take the edits of a file; the same file again has the same answer.

    Raises:
        RemoteFileFaulty: the bytes are no file of a remote client's.
        RemoteFileUnknown, RemoteFileSuperseded: the file can't be applied.
    """
    file = read_remote_file(content, remote_tables(open_hub.stored_objects).values(), place)
    return repeated(partial(_apply, open_hub, file, place), (RecordChangedMeanwhile,))


def _apply(open_hub: OpenHub, file: RemoteFile, place: str) -> Applied:
    with open_hub.write() as transaction:
        files = lock_user(transaction, file.user_id, place)
        kept = files.by_id(file.id)
        if kept is None or kept.number != file.number:
            raise RemoteFileUnknown(
                user_id=file.user_id, place=place, fault="the hub keeps no file of this id and number"
            )
        if kept.base_digest != file.base_digest():
            raise RemoteFileUnknown(user_id=file.user_id, place=place, fault="the downloaded values were changed")
        digest = file.content_digest()
        if (before := _answered_before(files, kept, digest, place)) is not None:
            return Applied((), (), before, is_repeated=True)
        edits = FileEdits(transaction, files, file, place)
        for remote in REMOTE_OBJECTS:
            (QuoteEdits(edits) if remote.name == QUOTE else FlatEdits(edits, remote)).take()
        edits.end_returned()
        answer = answer_file(transaction, files, file.user_id, place)
        files.mark_taken(kept, digest, answer.number)
        return Applied(edits.taken, edits.returned, answer)


def _answered_before(files: RemoteFiles, kept: KeptFile, digest: str, place: str) -> KeptFile | None:
    """Return the answer to the same edits from before; None for new edits."""
    newest = files.newest()
    assert newest is not None  # noqa: S101  # *kept* is one
    fault = None
    if files.last_taken() > kept.number:
        fault = f"file {files.last_taken()} was applied since"
    elif kept.taken_digest == digest:
        body = files.answer(newest.number) if newest.number == kept.answered_by else None
        if body is not None:
            return replace(newest, body=body)
        fault = f"its changes are taken, and file {newest.number} was made since its answer"
    if fault is not None:
        raise RemoteFileSuperseded(number=kept.number, user_id=kept.user_id, place=place, fault=fault)
    return None
