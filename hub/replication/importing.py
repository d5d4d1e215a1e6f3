"""Import a feed's files: each is received, checked, staged, judged, merged and answered, in the order of the numbers.

An import that was killed goes on at the checkpoint of its batch, by the same call.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from adapters.database.replication.batches import FeedBatch
from hub.replication.answers import publish_answers
from hub.replication.batch_file import settle_files
from hub.replication.intake import Received, check, next_turn, receive, stage
from hub.replication.judging import judge
from hub.replication.merge import merge, take_answer, take_refusal
from hub.replication.opened_feed import OpenFeed

T = TypeVar("T")
#: Is told what is done, how far, and of how much.
Tell = Callable[[str, int, int], None]


def import_files(open_feed: OpenFeed, tell: Tell) -> Iterator[Received]:
    """Import all files of the inbox whose turn it is; yield each that is brought to an end, is held, or repeats one.

    Raises:
        FeedPaused: a person has paused the feed; what was done is kept.
        FeedFileInInbox: another import is taking the next file; likewise.
        Retryable: the database or the disk failed; likewise.
    """
    settle_files(open_feed)
    publish_answers(open_feed)
    for received in receive(open_feed):
        if received.repeats is not None or (received.batch is not None and not received.batch.is_open):
            yield received
    publish_answers(open_feed)
    while (batch := next_turn(open_feed)) is not None:
        batch = work(open_feed, batch, tell)
        publish_answers(open_feed)
        yield Received(batch.name or "", batch)
        if batch.is_open:
            break
    settle_files(open_feed)


def work(open_feed: OpenFeed, batch: FeedBatch, tell: Tell) -> FeedBatch:
    """Work on a batch from where it stands, until it is final or held."""
    size, name = batch.size or 0, batch.name
    if batch.state == "waiting":
        batch = _follow(check(open_feed, batch), tell, f"checking {name}", size)
    if batch.state == "staging" and batch.error is not None:
        return take_refusal(open_feed, batch)
    if batch.state == "staging":
        batch = _follow(stage(open_feed, batch), tell, f"staging {name}", size)
    if batch.state == "judging":
        batch = _follow(judge(open_feed, batch), tell, f"judging {name}", batch.records)
    if batch.state == "merging":
        merging = take_answer if batch.kind == "answer" else merge
        batch = _follow(merging(open_feed, batch), tell, f"merging {name}", batch.records)
    return batch


def _follow(steps: Generator[int, None, T], tell: Tell, text: str, size: int) -> T:
    while True:
        try:
            tell(text, next(steps), size)
        except StopIteration as end:
            result: T = end.value
            return result
