"""The text of a path, cut into steps: a name, and in brackets a condition or a number.

A    A[2]    A[B@c='x']    A[B='x' AND C<>'y'][1]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from integration_objects.field_values import as_number

#: A comparison within brackets: a path from the child, a sign, and a text in quotes or a number.
#: The repeats within quotes give nothing back (`*+`), so that a quote that nobody closes fails at once.
_TEST = re.compile(
    r"\s*(?P<path>[^\s=<>!'\"\[\]]+(?: [^\s=<>!'\"\[\]]+)*)\s*(?P<sign>=|<>|!=)\s*"
    r"(?P<text>'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\"|[+-]?[0-9]+(?:\.[0-9]+)?)\s*"
)
_AND = re.compile(r"AND\b", re.IGNORECASE)
#: Counted from 1. Nine digits are beyond the children of any node.
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_FORMS = "write A/B, A[2]/B, A@b, A[B='x'] or ..FIELD; '..' only in front"


class PathUnknown(Exception):
    """A path without a place in the definition, or with several matches where one value is needed."""

    def __init__(self, why: str, mend: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.mend = mend


@dataclass(frozen=True)
class PathTest:
    """A comparison within brackets.

    Attributes:
        path: from the child.
        value: the text or the number that the child's value is compared with.
        is_equal: whether the two must be equal; else they must differ.
    """

    path: str
    value: str | Decimal
    is_equal: bool

    def holds(self, text: str | None) -> bool:
        """Tell whether a value passes; null never does, as in every comparison of the expressions."""
        if text is None:
            return False
        found = as_number(text.strip()) if isinstance(self.value, Decimal) else text
        return (found == self.value) is self.is_equal


@dataclass(frozen=True)
class Step:
    """A step of a path: a child component, those of a condition, one of a number."""

    name: str
    number: int | None
    tests: tuple[PathTest, ...]

    @property
    def is_plain(self) -> bool:
        """Tell whether the step is a name alone, without brackets."""
        return self.number is None and not self.tests


def split_path(text: str) -> list[str]:
    """Cut a path at its slashes; those within brackets belong to conditions."""
    parts: list[str] = []
    start = 0
    for place, sign, depth in _outside_quotes(text):
        if sign == "/" and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def step_of(part: str, text: str) -> Step:
    """Read one step of the path *text*.

    Raises:
        PathUnknown: it is no step.
    """
    name, brackets = part, list[str]()
    begin = part.find("[")
    if begin >= 0:
        name, brackets = part[:begin], _brackets(part[begin:], text)
    if not name or "]" in name or name.startswith(".."):
        raise PathUnknown(f"'{part}' is no step of a path in '{text}'", _FORMS)
    number = int(brackets.pop()) if brackets and _NUMBER.fullmatch(brackets[-1]) else None
    if len(brackets) > 1:
        raise PathUnknown(f"'{part}' has too many brackets in '{text}'", "write one condition, and a number behind it")
    return Step(name, number, _tests(brackets[0], text) if brackets else ())


def _brackets(text: str, path: str) -> list[str]:
    """Return the texts within the brackets that follow each other in *text*."""
    found, start, end = [], 0, -1
    for place, sign, depth in _outside_quotes(text):
        if sign == "[" and depth == 1:
            if place != end + 1:
                break
            start = place + 1
        elif sign == "]" and depth == 0:
            found.append(text[start:place])
            end = place
    if end != len(text) - 1:
        raise PathUnknown(f"'{text}' is no step of a path in '{path}'", _FORMS)
    return found


def _outside_quotes(text: str) -> list[tuple[int, str, int]]:
    """List the signs outside of quotes with their places, and the depth of brackets after each."""
    found, depth, quote = [], 0, ""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
            continue
        # Outside of brackets a quote is a sign of a field's name.
        if depth and sign in "'\"":
            quote = sign
            continue
        depth += (sign == "[") - (sign == "]")
        found.append((place, sign, depth))
    return found


def _tests(condition: str, text: str) -> tuple[PathTest, ...]:
    tests: list[PathTest] = []
    place = 0
    while True:
        found = _TEST.match(condition, place)
        if found is None:
            if any(sign == "[" for _, sign, _ in _outside_quotes(condition)):
                raise PathUnknown(
                    f"a condition holds no other condition: '{condition}' in '{text}'",
                    "its paths have no brackets and give one value each, A[B/@c='x']; where B repeats, loop over A/B",
                )
            raise PathUnknown(
                f"'{condition}' is no condition in '{text}'",
                "compare a path with a text: A[B='x'], A[B@c='x' AND D<>'y']; a number is written A[2]",
            )
        literal = found["text"]
        value: str | Decimal
        if literal[0] in "'\"":
            value = literal[1:-1].replace(literal[0] * 2, literal[0])
        else:
            value = Decimal(literal)
        tests.append(PathTest(found["path"], value, found["sign"] == "="))
        place = found.end()
        if place == len(condition):
            return tuple(tests)
        more = _AND.match(condition, place)
        if more is None:
            raise PathUnknown(
                f"'{condition}' is no condition in '{text}'", "join comparisons by AND; for OR make a rule for each"
            )
        place = more.end()
