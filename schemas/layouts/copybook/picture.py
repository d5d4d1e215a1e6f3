"""A PICTURE string: what a field may hold, and how many characters it takes.

    9(5)V99     number, 5 digits before the point and 2 behind it
    S9(7)       number with a sign
    99PPP       number, its last digit counts thousands
    X(20)       text;  A(20) letters;  N(5) national;  G(5) double-byte
    Z,ZZ9.99-   edited number: `edited` reads and writes it
    XX/XX       edited text

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "text", "national", "double byte", "edited number", "edited text"]

#: The digits that one number may have: the largest that compilers take with extended arithmetic.
MOST_DIGITS = 31
#: The characters of one field; copybooks have no larger ones, and a picture could claim any number.
MOST_CHARACTERS = 1_000_000

_REPEAT = re.compile(r"(CR|DB|[SVPXANGBZ90*$+\-,./])(?:\(([0-9]+)\))?")
_NUMBER = re.compile(r"S?(?:V?P*9+|9+V?9*|V9+|9+P+V?)")
_EDITED = frozenset("Z*$+-,.B0/") | {"CR", "DB"}


@dataclass(frozen=True)
class Picture:
    """The meaning of a picture string.

    Attributes:
        text: the string as it is written, in upper case.
        kind: what the field holds.
        size: the characters that it takes with usage DISPLAY, without a separate sign.
        digits: the digits of a number that are stored.
        scale: the digits behind the point; negative where the last stored digits count tens, hundreds, ...
        signed: whether the number may be negative.
        symbols: the symbols, each repeat written out; for edited fields only.
    """

    text: str
    kind: Kind
    size: int
    digits: int = 0
    scale: int = 0
    signed: bool = False
    symbols: tuple[str, ...] = ()


def read_picture(text: str, decimal_point: str = ".") -> Picture:
    """Read a picture string.

    Args:
        text: the string, in upper case.
        decimal_point: "," where the program says DECIMAL-POINT IS COMMA.

    Raises:
        ValueError: the string is no picture; its text says why.
    """
    symbols: list[str] = []
    at = 0
    for match in _REPEAT.finditer(text):
        if match.start() != at:
            break
        times = int(match[2]) if match[2] else 1
        if not times:
            raise ValueError(f"'{match[0]}' repeats a symbol 0 times")
        if len(symbols) + times > MOST_CHARACTERS:
            raise ValueError(f"it stands for more than {MOST_CHARACTERS:,} characters")
        symbols += [match[1]] * times
        at = match.end()
    if at != len(text) or not symbols:
        raise ValueError(f"'{text[at : at + 10]}' is no symbol of a picture" if text else "it is empty")
    if decimal_point == ",":
        symbols = [{",": ".", ".": ","}.get(symbol, symbol) for symbol in symbols]
    return _meaning(text, symbols)


def _meaning(text: str, symbols: list[str]) -> Picture:
    kinds = set(symbols)
    if kinds <= set("S9VP"):
        return _number(text, symbols)
    if kinds <= {"X", "A", "9"}:
        return Picture(text, "text", len(symbols))
    if kinds == {"N"}:
        return Picture(text, "national", len(symbols))
    if kinds <= {"G", "B"} and "G" in kinds:
        return Picture(text, "double byte", len(symbols))
    if kinds <= set("XA9B0/") and kinds & set("XA"):
        return Picture(text, "edited text", len(symbols), symbols=tuple(symbols))
    if kinds <= _EDITED | set("9VP"):
        return _edited(text, symbols)
    raise ValueError(f"the symbols {', '.join(sorted(kinds))} don't go together")


def _number(text: str, symbols: list[str]) -> Picture:
    plain = "".join(symbols)
    digits = plain.count("9")
    if not _NUMBER.fullmatch(plain):
        raise ValueError("a number is S, then 9s with one V, or with Ps at one end")
    before, point, behind = plain.lstrip("S").partition("V")
    if before.startswith("P") or behind.startswith("P"):
        # The point is assumed before the first P on the left: PP99 and VPP99 are 0.0099.
        scale = digits + plain.count("P")
    elif before.endswith("P"):
        scale = -plain.count("P")
    else:
        scale = len(behind) if point else 0
    return _checked(Picture(text, "number", digits, digits, scale, plain.startswith("S")))


def _edited(text: str, symbols: list[str]) -> Picture:
    if "P" in symbols:
        raise ValueError("a P in an edited number is not supported")
    points = [at for at, symbol in enumerate(symbols) if symbol in (".", "V")]
    if len(points) > 1:
        raise ValueError("it has two decimal points")
    holders = floating(symbols)
    places = [at for at, symbol in enumerate(symbols) if symbol in "9Z*" or at in holders[1:]]
    if not places:
        raise ValueError("it has no place for a digit")
    scale = sum(at > points[0] for at in places) if points else 0
    signed = bool({"+", "-", "CR", "DB"} & set(symbols))
    size = sum(len(symbol) for symbol in symbols if symbol != "V")
    return _checked(Picture(text, "edited number", size, len(places), scale, signed, tuple(symbols)))


def floating(symbols: Sequence[str]) -> list[int]:
    """Give the places of the floating string: two or more of one of ``$ + -``; the first place holds no digit."""
    for sign in "$+-":
        places = [at for at, symbol in enumerate(symbols) if symbol == sign]
        if len(places) > 1:
            return places
    return []


def _checked(picture: Picture) -> Picture:
    if picture.digits > MOST_DIGITS:
        raise ValueError(f"it has {picture.digits} digits, and a number has at most {MOST_DIGITS}")
    return picture
