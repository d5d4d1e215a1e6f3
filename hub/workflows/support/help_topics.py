"""Help topics: texts of the help centre, found by words, by page and by product; edited with revisions.

A topic is found by the words of its title, its further words and its text, in capitals or not. Each change keeps the
text as it was: the revisions have them all, the present one last.

Source: claims 6 and 8 ("help center information"). Spec: docs/support.md, "Help centre".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.state.statuses import check_change
from hub.workflows.support.contact_context import products_above
from hub.workflows.support.records import BY, MODULE, said
from integration_objects.complex_object import components, instances, list_of, message, put_list
from integration_objects.errors import Refused
from integration_objects.names import HELP_TOPIC
from integration_objects.nearest import nearest
from integration_objects.property_set import PropertySet

REVISION = "Help Revision"
SEARCHED = "Searched Text"
NOUN = "help topic"
STATUSES = ("Draft", "Published", "Withdrawn")
EVERYBODY, STAFF = "Everybody", "Staff"
#: rows that an answer has, topics that are read for one, and characters of a row's excerpt
MOST_SHOWN, _MOST_READ, _EXCERPT = 50, 1_000, 160
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SPACES = re.compile(r"\s+")
#: the marks of a text that an excerpt leaves out
_MARKS = re.compile(r"^#{1,3}\s+|\*\*|\[(?=[^\]]*\]\()|(?<=[^\s])\]\([^)\s]*\)", re.MULTILINE)

Row = Mapping[str, str | None]


class TopicUnknown(Refused):
    """There is no help topic of this id."""

    what = "there is no help topic '{topic}'"
    where = "Help Topic, Topic Id"
    why = "no topic of this id is stored"
    mend = "`orderhub workflow help-topics` lists the topics"


class TopicIdUnfit(Refused):
    """A new topic would have an id that is no address of a page."""

    what = "a new help topic can't have the id '{topic}'"
    where = "{place}"
    why = "an id has small letters, digits and hyphens between them"
    mend = "name it as in change-address"


class TopicChangedMeanwhile(Refused):
    """A topic was changed by somebody else since the editor read it."""

    what = "the help topic '{topic}' was changed meanwhile"
    where = "help topic {topic}, revision {present}"
    why = "this change was made from revision {revision}; {who} wrote revision {present}"
    mend = "read the topic anew, and change it again"


class TopicIncomplete(Refused):
    """A new topic lacks its title or its text."""

    what = "the help topic '{topic}' is new, and has no {missing}"
    where = "argument '{missing}'"
    why = "a topic has a title and a text"
    mend = "give {missing}="


class TopicStatusUnknown(Refused):
    """A topic would have a status or an audience that isn't one."""

    what = "a help topic can't have the {field} '{value}'"
    where = "argument '{field}'"
    why = "expected {known}"
    mend = "give one of them"


def help_topics(
    run: Run,
    text: str | None = None,
    page: str | None = None,
    product: str | None = None,
    audience: str | None = None,
    status: str = "Published",
) -> Outcome:
    """Find help topics by words, page and product; those that have the words in their titles come first.

    Args:
        run: the run.
        text: words; a topic must have all of them.
        page: topics of this page come first, then those of no page; topics of other pages are left out.
        product: topics of this product, and of the products whose structures have it, likewise.
        audience: Everybody, or Staff for the topics that customers don't see; None for both.
        status: their status.

    Raises:
        TopicStatusUnknown: there is no such status or audience.
    """
    _prove("status", status, STATUSES)
    if audience is not None:
        _prove("audience", audience, (EVERYBODY, STAFF))
    words = sorted((text or "").casefold().split(), key=len, reverse=True)
    if words:
        # The longest word is in the fewest topics: the database looks for this one, the others are looked for here.
        found = [row for _, row in run.containing(HELP_TOPIC, None, SEARCHED, words[0], _MOST_READ)]
    else:
        found = run.headers(HELP_TOPIC, {"Status": status})
    products = {} if product is None else products_above(run, product)
    ranked = []
    for topic in found:
        if topic["Status"] != status or audience not in (None, topic["Audience"]):
            continue
        if not all(word in (topic[SEARCHED] or "") for word in words):
            continue
        distance = _distance(topic, page, products, is_asked=product is not None)
        if distance is not None:
            in_title = all(word in (topic["Title"] or "").casefold() for word in words)
            ranked.append(((distance, not in_title, topic["Title"] or ""), topic))
    ranked.sort(key=lambda pair: pair[0])
    rows = tuple(_row(topic, words) for _, topic in ranked[:MOST_SHOWN])
    more = len(ranked) - MOST_SHOWN
    notes = (Note("more", f"and {more} more; give more words"),) if more > 0 else ()
    return Outcome(rows=rows, notes=notes, why="" if rows else "no help topic is found")


def help_topic(run: Run, topic: str, revision: int | None = None) -> Outcome:
    """Show a help topic, or the text that it had in a revision.

    Raises:
        TopicUnknown: there is no such topic, or no such revision of it.
    """
    stored = the_topic(run, topic)
    if revision is not None:
        texts = {entry.get("Revision"): entry for entry in components(stored, REVISION)}
        former = texts.get(str(revision))
        if former is None:
            known = ", ".join(text or "" for text in texts)
            raise TopicUnknown(topic=topic, why=f"it has no revision {revision}; its revisions are {known}")
        stored.properties |= {name: former.get(name) for name in ("Title", "Text", "Revision", "Status")}
    shown = stored.copy()
    shown.properties.pop(SEARCHED, None)
    return Outcome(objects=(message(HELP_TOPIC, [shown]),))


def edit_help_topic(
    run: Run,
    topic: str,
    title: str | None = None,
    text: str | None = None,
    words: str | None = None,
    page: str | None = None,
    product: str | None = None,
    audience: str | None = None,
    status: str | None = None,
    reason: str | None = None,
    revision: int | None = None,
    by: str | None = None,
) -> Outcome:
    """Write a new help topic, or change one; what isn't given stays, and an empty text takes a page or product away.

    Args:
        run: the run.
        topic: its id.
        title, text, words, page, product, audience, status: the new values.
        reason: why it is changed.
        revision: the revision that the editor has read; None: whatever is stored.
        by: who changes it.

    Raises:
        TopicIdUnfit, TopicIncomplete: a new topic can't be kept so.
        TopicChangedMeanwhile: it was changed since *revision*.
        TopicStatusUnknown, StatusChangeRefused: it can't get the status or the audience.
        NothingSaid: the title or the text is blank.
    """
    run.effects.lock_names([f"{NOUN} {topic}"])
    stored = next(iter(instances(run.query(HELP_TOPIC, {"Topic Id": topic}))), None)
    given = {
        "Title": None if title is None else said("title", title),
        "Text": None if text is None else said("text", text),
        "Words": words,
        "Page": page,
        "Product Id": product,
        "Audience": audience,
        "Status": status,
    }
    if audience is not None:
        _prove("audience", audience, (EVERYBODY, STAFF))
    if status is not None:
        _prove("status", status, STATUSES)
    if stored is None:
        prove_id(topic, "argument 'topic'")
    if stored is not None and revision is not None and stored.get("Revision") != str(revision):
        present, who = stored.get("Revision"), stored.get("Changed By")
        raise TopicChangedMeanwhile(topic=topic, revision=revision, present=present, who=who)
    values = {name: value or None for name, value in given.items() if value is not None}
    node = PropertySet(HELP_TOPIC, properties={"Topic Id": topic, **values})
    complete_topic(run, node, stored, by or run.actor, reason)
    run.effects.upsert(message(HELP_TOPIC, [node]))
    return help_topic(run, topic)


def prove_id(topic: str, place: str) -> None:
    """Refuse the id of a new topic that is no address of a page; *place* is the error's.

    Raises:
        TopicIdUnfit: see there.
    """
    if not _ID.fullmatch(topic):
        raise TopicIdUnfit(topic=topic, place=place)


def complete_topic(
    run: Run, topic: PropertySet, stored: PropertySet | None, who: str, reason: str | None = None
) -> None:
    """Give a topic that will be written its revision, its searched text and its change. Changes *topic*.

    Args:
        run: the run.
        topic: the new values; what it doesn't carry stays.
        stored: the topic as it is stored; None for a new one.
        who: who changes it.
        reason: why.

    Raises:
        TopicIncomplete: a new topic lacks its title or its text.
        StatusChangeRefused: it can't get its status.
    """
    number = topic.get("Topic Id") or ""
    for field in ("Title", "Text"):
        if stored is None and topic.get(field) is None:
            raise TopicIncomplete(topic=number, missing=field.lower())
    values = {**({} if stored is None else stored.properties), **topic.properties}
    old, new = (None if stored is None else stored.get("Status")), values.get("Status") or "Published"
    if old is not None and new != old:
        check_change(NOUN, number, old, new, "choose a status that follows", f"{NOUN} {number}, Status")
    history = [] if stored is None else components(stored, REVISION)
    revision = str(1 + max((int(entry.get("Revision") or 0) for entry in history), default=0))
    change = {"Revision": revision, "Changed By": who, "Changed Date": run.now()}
    topic.properties |= {**change, "Status": new, SEARCHED: _searched(values)}
    # What a message carries of the history isn't the hub's own word.
    topic.children = [child for child in topic.children if child.type != list_of(REVISION)]
    put_list(topic, REVISION).append(
        PropertySet(
            REVISION,
            properties={
                "Title": values.get("Title"),
                "Text": values.get("Text"),
                "Status": new,
                "Reason": reason,
                **change,
            },
        )
    )


def the_topic(run: Run, topic: str) -> PropertySet:
    """Return a stored help topic.

    Raises:
        TopicUnknown: there is none of this id.
    """
    for stored in instances(run.query(HELP_TOPIC, {"Topic Id": topic})):
        return stored
    known = [header["Topic Id"] or "" for header in run.headers(HELP_TOPIC, {"Status": "Published"})]
    raise TopicUnknown(topic=topic, mend=nearest(topic, known) or None)


def _searched(values: Row) -> str:
    """Return what a topic is found by: small letters, one blank between words."""
    parts = (values.get(field) for field in ("Title", "Words", "Text"))
    return _SPACES.sub(" ", " ".join(part for part in parts if part)).casefold()


def _distance(topic: Row, page: str | None, products: Mapping[str, int], is_asked: bool) -> tuple[int, int] | None:
    """Return how far a topic is from the page and the product; None if it belongs to others."""
    on_page, of_product = topic["Page"], topic["Product Id"]
    if page is not None and on_page not in (page, None):
        return None
    if is_asked and of_product is not None and of_product.casefold() not in products:
        return None
    nearness = 0 if not is_asked else 1_000 if of_product is None else products[of_product.casefold()]
    return (0 if page is None or on_page == page else 1, nearness)


def _row(topic: Row, words: Sequence[str]) -> Row:
    return {
        "topic": topic["Topic Id"],
        "title": topic["Title"],
        "page": topic["Page"],
        "product": topic["Product Id"],
        "audience": topic["Audience"],
        "revision": topic["Revision"],
        "text": _excerpt(topic["Text"] or "", words),
    }


def _excerpt(text: str, words: Iterable[str]) -> str:
    """Return the part of a text around the first of the words, on one line; its beginning if it has none."""
    line = _SPACES.sub(" ", _MARKS.sub("", text)).strip()
    folded = line.casefold()
    places = [place for word in words if (place := folded.find(word)) >= 0]
    # Small letters may be longer than capitals: the place is near, and needn't be exact.
    begin = max(0, min(min(places, default=0) - _EXCERPT // 4, len(line) - _EXCERPT))
    part = line[begin : begin + _EXCERPT]
    return ("..." if begin else "") + part + ("..." if begin + _EXCERPT < len(line) else "")


def _prove(field: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise TopicStatusUnknown(field=field, value=value, known=", ".join(known))


_TOPIC = Argument("topic", required=True, help="The Topic Id, as in change-address.", length=64)
WORKFLOWS = (
    named_workflow(
        "Help Topics",
        help_topics,
        "find help topics by words, page and product",
        Argument("text", help="Words that the topic has.", length=255),
        Argument("page", help="The page that it is shown on.", length=100),
        Argument("product", help="The Product Id that it is about.", length=100),
        Argument("audience", help="Everybody, or Staff: what customers don't see; without it, both.", length=30),
        Argument("status", help="Draft, Published or Withdrawn; without it, Published.", length=30),
        module=MODULE,
        asks_only=True,
        columns=("topic", "title", "page", "product", "audience", "revision", "text"),
    ),
    named_workflow(
        "Help Topic",
        help_topic,
        "show a help topic, or the text that it had before",
        _TOPIC,
        Argument("revision", "whole", help="The revision; without it, the present one."),
        module=MODULE,
        asks_only=True,
    ),
    named_workflow(
        "Edit Help Topic",
        edit_help_topic,
        "write or change a help topic; the texts before stay as revisions",
        _TOPIC,
        Argument("title", help="The title.", length=255),
        Argument("text", help="The text, with the marks of docs/support.md.", length=100_000),
        Argument("words", help="Further words by which it is found.", length=1000),
        Argument("page", help="The page that it is shown on.", length=100),
        Argument("product", help="The Product Id that it is about.", length=100),
        Argument("audience", help="Everybody or Staff.", length=30),
        Argument("status", help="Draft, Published or Withdrawn.", length=30),
        Argument("reason", help="Why it is changed.", length=255),
        Argument("revision", "whole", help="The revision that the editor has read; another one is refused."),
        BY,
        module=MODULE,
    ),
)
