"""Expected arrivals: files that are late, early, empty or unusually small raise alarms in plain sentences.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from adapters.database.replication.batches import FeedBatch
from hub.deployment.feed import Expected, Feed
from hub.replication.opened_feed import OpenFeed
from integration_objects.field_values import read_date

#: The kinds of alarms that an arrival clears.
LATE, EARLY, EMPTY, SMALL, LATE_ANSWER = "late", "early", "empty", "small", "late answer"
#: The kinds of files that are expected; the states of a batch that brought nothing.
_DATA, _NONE = ("delta", "full", "resubmission"), ("refused", "cancelled")
#: Batches that are looked at.
_LOOKED_AT = 50
#: Batches that tell what is usual.
_USUAL = 5


def look_for_arrivals(open_feed: OpenFeed) -> None:
    """Compare the files that came with the calendar, and raise or clear the feed's alarms."""
    feed, expected = open_feed.feed, open_feed.feed.expected
    if expected is None:
        return
    zone = ZoneInfo(open_feed.open_hub.deployment.settings.time_zone)
    now = read_date(open_feed.open_hub.surroundings.now()).astimezone(zone)
    with open_feed.open_hub.write() as transaction:
        batches, alarms = open_feed.batches(transaction), open_feed.alarms(transaction)
        listed = batches.listing(feed.name, _LOOKED_AT)
        data = [each for each in listed if each.direction == "in" and each.kind in _DATA and each.state not in _NONE]
        found = {(kind, about): sentence for kind, about, sentence in _alarms(feed, expected, data, now)}
        found |= {
            (LATE_ANSWER, str(each.number)): sentence
            for each in batches.open(feed.name, "out")
            if (sentence := _late_answer(expected, each, now))
        }
        for alarm in alarms.listing(1000):
            if alarm.kind in (LATE, EARLY, EMPTY, SMALL, LATE_ANSWER) and (alarm.kind, alarm.about) not in found:
                alarms.clear(alarm.kind, alarm.about)
        for (kind, about), sentence in found.items():
            alarms.sound(kind, about, sentence)


def _alarms(
    feed: Feed, expected: Expected, data: Sequence[FeedBatch], now: datetime.datetime
) -> Iterator[tuple[str, str, str]]:
    # Before the first file nobody knows since when the feed is in use.
    if not data:
        return
    last = data[0]
    early, late = datetime.timedelta(minutes=expected.early_before_m), datetime.timedelta(minutes=expected.late_after_m)
    came = read_date(last.received_at).astimezone(now.tzinfo)
    due, _ = _turns(expected, now)
    if came < due - early and now > due + late:
        yield LATE, _written(due), f"{feed.name}: no file since {_written(came)}; one was due at {_written(due)}."
    before, behind = _turns(expected, came)
    if before + late < came < behind - early:
        sentence = (
            f"{feed.name}: file {last.number} came at {_written(came)}; the next one was due at {_written(behind)}."
        )
        yield EARLY, str(last.number or last.name), sentence
    if last.state == "done" and not last.records:
        yield EMPTY, str(last.number), f"{feed.name}: file {last.number} has no record."
    usual = [each.size for each in data[1:] if each.size and each.state == "done" and each.kind == last.kind][:_USUAL]
    if last.state == "done" and usual and last.size is not None:
        average = sum(usual) / len(usual)
        if last.size * 100 < average * expected.smallest:
            sentence = f"{feed.name}: file {last.number} has {last.size} bytes, and {average:.0f} are usual."
            yield SMALL, str(last.number), sentence


def _late_answer(expected: Expected, batch: FeedBatch, now: datetime.datetime) -> str:
    if expected.answer_within_m is None or batch.state != "sent":
        return ""
    sent = read_date(batch.received_at).astimezone(now.tzinfo)
    if now - sent <= datetime.timedelta(minutes=expected.answer_within_m):
        return ""
    return f"{batch.feed}: file {batch.number}, sent at {_written(sent)}, isn't answered."


def _turns(expected: Expected, now: datetime.datetime) -> tuple[datetime.datetime, datetime.datetime]:
    """Return the last time at which a file was due, and the next one."""
    # Imported here: most commands of a feed look at no calendar.
    from croniter import croniter

    calendar = croniter(expected.at, now)
    following: datetime.datetime = calendar.get_next(datetime.datetime)
    return calendar.get_prev(datetime.datetime), following


def _written(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")
