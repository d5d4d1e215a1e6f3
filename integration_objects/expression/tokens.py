"""The text of an expression, cut into tokens.

[Status] = In Progress      field, sign, word, end
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from integration_objects.expression.faults import ExpressionFault
from integration_objects.field_values import shown

Kind = Literal["field", "text", "word", "number", "key word", "sign", "end"]

# The quantifiers of texts don't go back (*+), so that a quote that is never closed costs no more than its length.
# The signs of two characters stand before those of one.
_TOKEN = re.compile(
    r"(?P<blank>[ \t\r\n]+)"
    r"|(?P<text>'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\")"
    # A point or a colon belongs to the word, so that 1.5 is one number, and the fault of 12:30 shows all of it.
    r"|(?P<letters>[\w.:]+)"
    r"|(?P<sign><>|!=|>=|<=|[=<>+\-*/^(),])"
)
_NUMBER = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_STARTS_WITH_DIGIT = re.compile(r"\.?\d")
_KEY_WORDS = frozenset(("AND", "OR", "NOT", "IS", "NULL", "LIKE", "TRUE", "FALSE"))
_QUOTE_IT = "put quotes around a text that begins with a digit"


@dataclass(slots=True)
class Token:
    """A token.

    Attributes:
        kind: the kind of token.
        value: the name in a field's brackets, a text without its quotes, joined words, a key word in capitals, a sign.
        column: the column of the token's first character, counted from 1.
    """

    kind: Kind
    value: str
    column: int

    def is_(self, kind: Kind, value: str) -> bool:
        """Tell whether the token is this sign or key word."""
        return self.kind == kind and self.value == value

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"{self.value!r}"


def tokens_of(text: str) -> list[Token]:
    """Cut *text* into tokens. Bare words beside each other are one token; the last token is the end.

    Raises:
        ExpressionFault: a bracket or a quote is not closed, or a sign is unknown.
    """
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        column = place + 1
        if text[place] == "[":
            end = _closing_bracket(text, place)
            tokens.append(Token("field", text[column:end], column))
            place = end + 1
            continue
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unreadable(text[place], column)
        piece = match[0]
        place = match.end()
        if match.lastgroup == "text":
            quote = piece[0]
            tokens.append(Token("text", piece[1:-1].replace(quote * 2, quote), column))
        elif match.lastgroup == "sign":
            tokens.append(Token("sign", piece, column))
        elif match.lastgroup == "letters":
            _take_letters(piece, column, tokens)
    tokens.append(Token("end", "", len(text) + 1))
    return tokens


def _take_letters(piece: str, column: int, tokens: list[Token]) -> None:
    """Take letters and digits without a gap: a key word, a number, a bare word, or more of the last bare word."""
    last = tokens[-1] if tokens else None
    upper = piece.upper()
    # The capital of a letter of another alphabet may be ASCII: the dotless i of 'ıs' doesn't make a key word.
    if upper in _KEY_WORDS and piece.isascii():
        tokens.append(Token("key word", upper, column))
    elif last is not None and last.kind == "word":
        last.value += " " + piece
    elif _NUMBER.fullmatch(piece):
        tokens.append(Token("number", piece, column))
    elif _STARTS_WITH_DIGIT.match(piece):
        raise ExpressionFault(f"expected a number (digits with a point), found {shown(piece)}", _QUOTE_IT, column)
    elif last is not None and last.kind == "number":
        raise ExpressionFault(f"expected an operator after a number, found {shown(piece)}", _QUOTE_IT, column)
    else:
        tokens.append(Token("word", piece, column))


def _closing_bracket(text: str, start: int) -> int:
    """Find the bracket that closes the one at *start*; a path within may have ``[n]`` and ``[B='x']``."""
    depth, quote = 0, ""
    for place in range(start, len(text)):
        sign = text[place]
        if quote:
            quote = "" if sign == quote else quote
        # In the outer brackets a quote is a sign of a field's name; in a path's condition it begins a text.
        elif depth > 1 and sign in "'\"":
            quote = sign
        elif sign == "[":
            depth += 1
        elif sign == "]":
            depth -= 1
            if depth == 0:
                return place
    raise ExpressionFault("the bracket '[' is never closed", "close it with ']'", start + 1)


def _unreadable(sign: str, column: int) -> ExpressionFault:
    if sign in "'\"":
        why, mend = f"the quote {sign} is never closed", "close it; double a quote that stands inside"
    elif sign == "]":
        why, mend = "the bracket ']' was never opened", "open it with '['"
    else:
        why = f"expected a value or an operator, found {shown(sign)}"
        mend = "put quotes around a text with such signs"
    return ExpressionFault(why, mend, column)
