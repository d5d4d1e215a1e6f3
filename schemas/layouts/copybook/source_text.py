"""The text of a copybook as tokens with line numbers: columns, comments and continuations are resolved here.

    columns 1-6     sequence numbers, ignored
    column 7        blank; * or / comment; D debugging line, a comment; - continuation
    columns 8-72    text
    columns 73-80   identification, ignored

In free form a line is text from its first column. ``*>`` begins a comment in both forms.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from integration_objects.errors import Misconfigured

Form = Literal["fixed", "free"]

#: The columns of the text in fixed form, counted from 0.
_FIRST, _END = 7, 72
# A level number within the sequence area shows free form: sequence numbers fill it, or stand alone in it.
_FREE = re.compile(r" {0,5}[0-9]{1,2}\s+[A-Za-z]")
# Words that only steer a compiler's listing.
_LISTING = re.compile(r"\s*(?:EJECT|SKIP[123]|TITLE\s.*)\s*\.?\s*", re.IGNORECASE)
_LITERAL = re.compile(r"""(?:[XNGZ]|NX)?(["'])""", re.IGNORECASE)
_SEPARATORS = ".,;"


class CopybookFaulty(Misconfigured):
    """A copybook can't be read, or says something that has no meaning in a record; *where* is file:line."""


@dataclass(frozen=True)
class Token:
    """A word of a copybook.

    Attributes:
        text: the word in upper case; a literal without its quotes, as it is written.
        kind: "word", "literal", or "period" for the end of an entry.
        line: the line in the file, counted from 1.
    """

    text: str
    kind: Literal["word", "literal", "period"]
    line: int


def read_copybook_text(content: bytes, file: str) -> str:
    """Decode the bytes of a copybook.

    Raises:
        CopybookFaulty: it is not UTF-8.
    """
    try:
        # Editors on Windows put a mark before UTF-8.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CopybookFaulty(
            "the copybook is not UTF-8",
            where=f"{file}:{line}",
            why=f"the byte {content[error.start]:02X} begins no character",
            mend="save it as UTF-8",
        ) from error


def guess_form(text: str) -> Form:
    """Tell the form of a copybook: free where a level number stands in the first six columns."""
    return "free" if any(_FREE.match(line.expandtabs()) for line in text.splitlines()) else "fixed"


def tokens(text: str, file: str, form: Form | None = None) -> list[Token]:
    """Read the tokens of a copybook.

    Args:
        text: the copybook.
        file: its name, for errors.
        form: its form; None for the one that `guess_form` finds.

    Raises:
        CopybookFaulty: a literal that doesn't end, a continuation of nothing, an unknown sign in column 7.
    """
    found: list[Token] = []
    for pieces in _logical_lines(text, file, form or guess_form(text)):
        found.extend(_tokens_of(pieces, file))
    return found


#: One line of text after continuations: the pieces with the lines that they came from.
_Pieces = list[tuple[int, str]]


def _logical_lines(text: str, file: str, form: Form) -> list[_Pieces]:
    lines: list[_Pieces] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.expandtabs()
        indicator = " "
        if form == "fixed":
            indicator, line = line[6:7] or " ", line[_FIRST:_END]
        if indicator in "*/Dd" or not line.strip() or line.lstrip().startswith("*>") or _LISTING.fullmatch(line):
            continue
        if indicator == "-":
            _continue(lines, number, line, file)
        elif indicator == " ":
            lines.append([(number, line)])
        else:
            raise CopybookFaulty(
                f"the sign '{indicator}' in column 7 has no meaning",
                where=f"{file}:{number}",
                why="column 7 holds a blank, or one of * / D -",
                mend="shift the text to column 8, or declare 'form: free'",
            )
    return lines


def _continue(lines: list[_Pieces], number: int, line: str, file: str) -> None:
    """Append a continuation line to the line before it."""
    if not lines:
        raise CopybookFaulty(
            "the continuation line has no line before it",
            where=f"{file}:{number}",
            why="column 7 holds a -",
            mend="take the - away, or add the line that is continued",
        )
    before = lines[-1]
    quote = _open_quote("".join(piece for _, piece in before))
    if quote is None:
        before[-1] = (before[-1][0], before[-1][1].rstrip())
        before.append((number, line.lstrip()))
        return
    # An open literal goes on to column 72, and behind the quote of the next line.
    before[-1] = (before[-1][0], before[-1][1].ljust(_END - _FIRST))
    rest = line.lstrip()
    if not rest.startswith(quote):
        raise CopybookFaulty(
            "the literal isn't continued",
            where=f"{file}:{number}",
            why=f"a continued literal begins with {quote} on the next line",
            mend=f"write {quote} before the rest of the literal",
        )
    before.append((number, rest[1:]))


def _open_quote(text: str) -> str | None:
    """Give the quote of the literal that *text* leaves open; None where it leaves none open."""
    quote = None
    for sign in text:
        if quote is None:
            quote = sign if sign in "\"'" else None
        elif sign == quote:
            quote = None
    return quote


def _tokens_of(pieces: _Pieces, file: str) -> list[Token]:
    text = "".join(piece for _, piece in pieces)
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace() or (text[at] in ",;" and (at + 1 == len(text) or text[at + 1].isspace())):
            at += 1
            continue
        line = _line_at(pieces, at)
        if text.startswith("*>", at):
            break
        literal = _LITERAL.match(text, at)
        if literal:
            value, at = _literal(text, literal.end(), literal[1], f"{file}:{line}")
            found.append(Token(value, "literal", line))
            continue
        end = at
        while end < len(text) and not text[end].isspace():
            end += 1
        word = text[at:end]
        bare = word.rstrip(_SEPARATORS)
        if bare:
            found.append(Token(bare.upper(), "word", line))
        if "." in word[len(bare) :]:
            found.append(Token(".", "period", line))
        at = end
    return found


def _line_at(pieces: _Pieces, at: int) -> int:
    for number, piece in pieces:
        if at < len(piece):
            return number
        at -= len(piece)
    return pieces[-1][0]


def _literal(text: str, start: int, quote: str, where: str) -> tuple[str, int]:
    """Read a literal from behind its first quote; return its value, and the place behind its last quote."""
    value = ""
    at = start
    while True:
        end = text.find(quote, at)
        if end < 0:
            raise CopybookFaulty(
                "the literal doesn't end",
                where=where,
                why=f"there is no second {quote}",
                mend="close the literal, or continue it with a - in column 7 of the next line",
            )
        value += text[at:end]
        # Two quotes in a row stand for one quote within the literal.
        if text[end + 1 : end + 2] != quote:
            return value, end + 1
        value += quote
        at = end + 2
