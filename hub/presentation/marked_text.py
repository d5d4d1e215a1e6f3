"""Marked text, as HTML: the texts of the help centre, which people write with a few marks.

    a blank line            a new paragraph
    # Words                 a heading
    - words, 1. words       a list
    **words**               important words
    [words](topic:moving)   a link to a help topic; [words](https://...) one to a page of the web

Everything is escaped first, and only these marks become elements: no text brings HTML, a script or another address.

Spec: docs/support.md, "Help centre".
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence

_HEADING = re.compile(r"#{1,3}\s+(.+)")
_BULLET, _NUMBERED = re.compile(r"[-*]\s+(.+)"), re.compile(r"\d{1,3}[.)]\s+(.+)")
# Neither holds a part of the other: elements never cross.
_IMPORTANT = re.compile(r"\*\*([^*\[\]]+)\*\*")
# After the escape: an address has no quotes, blanks or angle brackets any more.
_LINK = re.compile(r"\[((?:[^\[\]<]|<strong>[^<]*</strong>)+)\]\((topic:[a-z0-9-]+|https?://[^\s()\"'<>]+)\)")


def marked_html(text: str, topic_address: Callable[[str], str], level: int = 3) -> str:
    """Write a marked text as HTML.

    Args:
        text: the text.
        topic_address: gives the address of a help topic's page.
        level: the level of its headings.

    >>> marked_html("Dial **9**, & see [more](topic:voice-mail).", lambda topic: f"/help/{topic}")
    '<p>Dial <strong>9</strong>, &amp; see <a href="/help/voice-mail">more</a>.</p>'
    """
    return "\n".join(_block(block, topic_address, level) for block in _blocks(text))


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield paragraphs, headings and lists, each as its lines."""
    block: list[str] = []
    for line in [*(each.strip() for each in text.splitlines()), ""]:
        is_heading = _HEADING.fullmatch(line) is not None
        begins = not line or is_heading or (bool(block) and _kind(block[0]) != _kind(line) and _kind(line) != "p")
        if begins and block:
            yield block
            block = []
        if is_heading:
            yield [line]
        elif line:
            block.append(line)


def _kind(line: str) -> str:
    if _BULLET.fullmatch(line):
        return "ul"
    return "ol" if _NUMBERED.fullmatch(line) else "p"


def _block(lines: Sequence[str], topic_address: Callable[[str], str], level: int) -> str:
    heading = _HEADING.fullmatch(lines[0])
    if heading is not None:
        return f"<h{level}>{_inline(heading[1], topic_address)}</h{level}>"
    kind = _kind(lines[0])
    if kind == "p":
        return "<p>" + "<br>\n".join(_inline(line, topic_address) for line in lines) + "</p>"
    return f"<{kind}>" + "".join(f"<li>{_inline(item, topic_address)}</li>" for item in _items(lines)) + f"</{kind}>"


def _items(lines: Sequence[str]) -> Iterator[str]:
    """Yield the items of a list; a line without a mark goes on with the item before it."""
    item = ""
    for line in lines:
        mark = _BULLET.fullmatch(line) or _NUMBERED.fullmatch(line)
        if mark is None:
            item += f" {line}"
            continue
        if item:
            yield item
        item = mark[1]
    yield item


def _inline(text: str, topic_address: Callable[[str], str]) -> str:
    escaped = _IMPORTANT.sub(r"<strong>\1</strong>", html.escape(text))

    def link(match: re.Match[str]) -> str:
        words, target = match[1], match[2]
        if target.startswith("topic:"):
            return f'<a href="{html.escape(topic_address(target.removeprefix("topic:")))}">{words}</a>'
        # Another site learns nothing of the page that led to it.
        return f'<a href="{target}" rel="noopener noreferrer">{words}</a>'

    return _LINK.sub(link, escaped)
