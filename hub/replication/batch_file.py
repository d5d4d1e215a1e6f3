"""The file of a batch that came from the partner: where it lies, and when it is moved on.

    inbox/      the partner has put it there; its batch is made before the file is moved
    working/    its batch is open
    done/, rejected/

A process may die between two of these steps, and the partner may take a file away or replace it at any time.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

import io
from typing import BinaryIO

from adapters.database.replication.batches import FeedBatch
from adapters.transport import BodyGone
from hub.replication.opened_feed import OpenFeed
from integration_objects.errors import Refused, Waiting


class FeedFileGone(Refused):
    """A file was taken away after it came, before its first record was taken."""

    what = "the file isn't there any more"
    where = "{batch.name}"
    why = "it was taken away after it came: it is in neither `inbox/` nor `working/`"
    mend = "send the file once more"


class FeedFileInInbox(Waiting):
    """A file is known, and wasn't moved out of the inbox so far."""

    what = "the file {batch.name} is still in the inbox"
    where = "feed {batch.feed}, batch {batch.id}"
    why = "another import is taking it at this moment, or it has changed, or can't be read"
    mend = "run the command again; if it stays so, see to it that the hub may read and move the file"


def source_of(open_feed: OpenFeed, batch: FeedBatch) -> str:
    """Return the place of a batch's file, as the folders name it."""
    return f"{open_feed.feed.folder}/{batch.name}"


def settle_files(open_feed: OpenFeed) -> None:
    """Move the files of final batches, and repeats, out of the folder of files in work."""
    folders, folder = open_feed.folders, open_feed.feed.folder
    for name in folders.in_work(folder):
        with open_feed.open_hub.read() as transaction:
            batch = open_feed.batches(transaction).of_name(open_feed.feed.name, name)
        if batch is None or not batch.is_open:
            folders.settle(f"{folder}/{name}", rejected=batch is not None and batch.state != "done")


def opened_file(open_feed: OpenFeed, batch: FeedBatch) -> BinaryIO:
    """Open the file of a batch.

    Raises:
        FeedFileGone: the file is lost.
        FeedFileInInbox: the file is on its way from the inbox.
    """
    source, folders = source_of(open_feed, batch), open_feed.folders
    try:
        return folders.taken(source)
    except BodyGone:
        if _is_in_inbox(open_feed, batch):
            raise FeedFileInInbox(batch=batch, waits_for="") from None
    try:
        # Another import may have moved it between the two looks.
        return folders.taken(source)
    except BodyGone as error:
        raise FeedFileGone(batch=batch) from error


def _is_in_inbox(open_feed: OpenFeed, batch: FeedBatch) -> bool:
    try:
        open_feed.folders.waiting(source_of(open_feed, batch)).close()
    except BodyGone:
        return False
    return True


def is_lost(open_feed: OpenFeed, batch: FeedBatch) -> bool:
    """Tell whether the file of a batch is gone, or a cut one has taken its place."""
    try:
        with opened_file(open_feed, batch) as file:
            return file.seek(0, io.SEEK_END) != batch.size
    except FeedFileGone:
        return True
    except FeedFileInInbox:
        return False
