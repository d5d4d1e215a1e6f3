"""The patterns of a schema, judged by a linear engine.

libxml2 judges some patterns wrongly, and Python's `re` takes exponential time for others. RE2 does neither. A pattern
of XML Schema becomes an expression of RE2: its classes become ranges of characters, its large counts smaller ones.

    compiled(pattern)         the test for a pattern
    expression_of(pattern)    RE2's expression for a pattern, as text; `schemas.matcher` makes the test for it

Source: XML Schema Part 2, appendix F; spec: docs/design/guarantees.md, "XML in".
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from elementpath.regex import UnicodeSubset
from elementpath.regex.unicode_subsets import unicode_subset

from integration_objects.errors import Misconfigured
from schemas.matcher import LENGTH, Test, matcher

#: The largest count that RE2 takes, also of counts one within another, and the largest one that is written out for
#: RE2. RE2's time grows with it: 65,536 characters take 3 s for the worst pattern.
_MOST_COUNTED, _MOST_WRITTEN_OUT = 1_000, 4_096
#: Characters of an expression: large counts are written out.
_MOST_CHARACTERS = 1_000_000
#: The last character of Unicode.
_LAST = 0x10FFFF
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
# The characters that begin a name, and those of a name, by the fifth edition of XML 1.0.
_INITIAL = (
    ":A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd"
)
_NAME = "-.0-9\u00b7\u0300-\u036f\u203f-\u2040" + _INITIAL


class PatternUnreadable(Misconfigured):
    """A pattern breaks the grammar of XML Schema."""

    what = "the pattern '{pattern}' can't be read"
    why = "character {at}: {fault}"
    mend = "write the pattern as XML Schema, part 2, appendix F describes it"


class PatternTooLarge(Misconfigured):
    """A pattern counts so far that its automaton would be too large or too slow."""

    what = "the pattern '{pattern}' is too large"
    why = "its counts, multiplied where they stand one within another, are more than 4,096"
    mend = "use smaller counts, or maxLength beside an unbounded pattern"


def compiled(pattern: str) -> Test:
    """Return the test whether a whole text fits *pattern*; it takes time linear in the text.

    Raises:
        PatternUnreadable, PatternTooLarge: without a place.

    >>> fits = compiled("([0-9]{3})?[0-9]{4}")
    >>> fits("1234"), fits("123456"), fits("1234567")
    (True, False, True)
    """
    try:
        return matcher(expression_of(pattern))
    except ValueError as error:
        raise PatternTooLarge(pattern=pattern) from error


@dataclass
class _Open:
    """An open group: its parts, the place of its last atom, and the counts within.

    Attributes:
        parts: pieces of the expression.
        atom: the index of the last atom in *parts*; None where a quantifier can't stand.
        weight: the product of the last atom's counts.
        heaviest: the largest product in the group.
        counted: the last atom that was repeated, with its least and most repetitions.
    """

    parts: list[str] = field(default_factory=list)
    atom: int | None = None
    weight: int = 1
    heaviest: int = 1
    counted: tuple[str, int, int | None] = "", 0, 0

    def add(self, text: str, weight: int = 1) -> None:
        """Add an atom."""
        self.atom, self.weight = len(self.parts), weight
        self.heaviest = max(self.heaviest, weight)
        self.parts.append(text)


@functools.lru_cache(maxsize=4096)
def expression_of(pattern: str) -> str:
    """Translate *pattern* into an expression of RE2 for the same texts.

    Raises:
        PatternUnreadable: the pattern breaks the grammar.
        PatternTooLarge: its counts, written out, are too long.
    """
    groups = [_Open()]
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        group = groups[-1]
        if sign == "(":
            groups.append(_Open())
            at += 1
        elif sign == ")":
            if len(groups) == 1:
                raise _unreadable(pattern, at, "no group is open here")
            closed = groups.pop()
            groups[-1].add(f"(?:{''.join(closed.parts)})", closed.heaviest)
            at += 1
        elif sign == "|":
            group.parts.append("|")
            group.atom = None
            at += 1
        elif sign in "?*+{":
            if group.atom is None:
                raise _unreadable(pattern, at, "there is nothing to repeat")
            least, most, at = _quantifier(pattern, at)
            _repeat(pattern, group, least, most)
        elif sign == "[":
            subset, at = _class(pattern, at)
            group.add(_ranges(subset))
        elif sign == "\\":
            subset, at = _escape(pattern, at)
            group.add(_ranges(subset))
        elif sign == ".":
            # XML Schema's point excludes both line ends; RE2's excludes \n alone.
            group.add(r"[^\n\r]")
            at += 1
        elif sign in "]}":
            raise _unreadable(pattern, at, f"'{sign}' closes nothing")
        else:
            group.add(_character(ord(sign)))
            at += 1
    if len(groups) > 1:
        raise _unreadable(pattern, len(pattern) - 1, "a group stays open")
    whole = groups[0]
    atom, least, most = whole.counted
    if len(whole.parts) == 1 and atom.startswith("[") and max(least, most or 0) > _MOST_COUNTED:
        return f"{LENGTH}{least} {'' if most is None else most}\n{atom}*"
    if whole.heaviest > _MOST_WRITTEN_OUT:
        raise PatternTooLarge(pattern=pattern)
    return "".join(whole.parts)


def _unreadable(pattern: str, at: int, fault: str) -> PatternUnreadable:
    return PatternUnreadable(pattern=pattern, at=at + 1, fault=fault)


def _repeat(pattern: str, group: _Open, least: int, most: int | None) -> None:
    """Repeat the last atom of *group*."""
    at = group.atom or 0
    atom = group.parts[at]
    largest = least if most is None else most
    chunk = max(1, _MOST_COUNTED // group.weight)
    if largest <= chunk:
        text = f"(?:{atom}{{{least},{'' if most is None else most}}})"
    # Each copy of the atom is at least as long as the text that counts it.
    elif len(atom) * (largest // chunk + 1) * 2 > _MOST_CHARACTERS:
        raise PatternTooLarge(pattern=pattern)
    else:
        tail = f"(?:{atom})*" if most is None else _up_to(atom, most - least, chunk)
        text = f"(?:{_exactly(atom, least, chunk)}{tail})"
    group.parts[at] = text
    group.counted = atom, least, most
    group.heaviest = max(group.heaviest, group.weight * max(1, largest))
    group.atom = None


def _exactly(atom: str, count: int, chunk: int) -> str:
    whole, rest = divmod(count, chunk)
    return f"(?:{atom}{{{chunk}}})" * whole + (f"(?:{atom}{{{rest}}})" if rest else "")


def _up_to(atom: str, count: int, chunk: int) -> str:
    """Repeat an atom up to *count* times, with few ways to match the same text: many ways would cost RE2 memory."""
    whole, rest = divmod(count, chunk)
    text = f"(?:{atom}{{0,{rest}}})"
    for _ in range(whole):
        text = f"(?:{atom}{{0,{chunk - 1}}}|{atom}{{{chunk}}}{text})"
    return text


def _quantifier(pattern: str, at: int) -> tuple[int, int | None, int]:
    """Read the quantifier at *at*: the least and most repetitions, and the place behind it."""
    sign = pattern[at]
    if sign != "{":
        return (1 if sign == "+" else 0), (1 if sign == "?" else None), at + 1
    end = pattern.find("}", at)
    least, comma, most = pattern[at + 1 : max(end, at)].partition(",")
    numbers = [text for text in (least, most) if text]
    if end < 0 or not least or not all(text.isascii() and text.isdigit() and len(text) < 10 for text in numbers):
        raise _unreadable(pattern, at, "expected a count as {2}, {2,} or {2,5}")
    upper = int(least) if not comma else int(most) if most else None
    if upper is not None and upper < int(least):
        raise _unreadable(pattern, at, "the largest count is smaller than the least")
    return int(least), upper, end + 1


def _class(pattern: str, start: int) -> tuple[UnicodeSubset, int]:
    """Read the class that begins at *start*: its characters, and the place behind it."""
    # Classes subtract classes, one within another: [a-z-[aeiou-[i]]]. They are read from the outside, and subtracted
    # from the inside.
    levels: list[UnicodeSubset] = []
    at = start
    while True:
        characters, at, is_last = _class_items(pattern, at + 1)
        levels.append(characters)
        if is_last:
            break
    found = levels.pop()
    while levels:
        if pattern[at : at + 1] != "]":
            raise _unreadable(pattern, at, "the class ends behind the class that it subtracts")
        at += 1
        found = levels.pop() - found
    return found, at


def _class_items(pattern: str, at: int) -> tuple[UnicodeSubset, int, bool]:
    """Read a class up to its end (True), or up to the class that it subtracts (False)."""
    negative = pattern[at : at + 1] == "^"
    at += negative
    found, first = UnicodeSubset(), at
    while True:
        sign = pattern[at : at + 1]
        if not sign:
            raise _unreadable(pattern, len(pattern) - 1, "a class stays open")
        if at > first and (sign == "]" or pattern[at : at + 2] == "-["):
            characters = _complement(found) if negative else found
            return (characters, at + 1, True) if sign == "]" else (characters, at + 1, False)
        if sign in "[]":
            raise _unreadable(pattern, at, f"write '\\{sign}' for the character")
        start = at
        item, at = _escape(pattern, at) if sign == "\\" else (_only(ord(sign)), at + 1)
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in ("[", "]", ""):
            last, at = _escape(pattern, at + 1) if pattern[at + 1] == "\\" else (_only(ord(pattern[at + 1])), at + 2)
            bounds = [*item][:2] + [*last][:2]
            if len(bounds) != 2 or bounds[0] > bounds[1]:
                raise _unreadable(pattern, start, "a range goes from one character to a later one")
            item = UnicodeSubset([(bounds[0], bounds[1] + 1)])
        found |= item


def _escape(pattern: str, at: int) -> tuple[UnicodeSubset, int]:
    """Read the escape at *at*: its characters, and the place behind it."""
    sign = pattern[at + 1 : at + 2]
    if sign and sign in "pP":
        end = pattern.find("}", at)
        if pattern[at + 2 : at + 3] != "{" or end < 0:
            raise _unreadable(pattern, at, "expected a category or block as \\p{Lu} or \\p{IsGreek}")
        return _multiple(pattern, at, sign, pattern[at + 3 : end]), end + 1
    if sign and sign in "sSdDiIcCwW":
        return _multiple(pattern, at, sign, ""), at + 2
    if not sign or (sign.isalnum() and sign not in _ESCAPED):
        raise _unreadable(pattern, at, f"there is no escape '\\{sign}'")
    return _only(ord(_ESCAPED.get(sign, sign))), at + 2


def _multiple(pattern: str, at: int, sign: str, name: str) -> UnicodeSubset:
    kind = sign.lower()
    try:
        if kind == "p":
            found = unicode_subset(name)
        elif kind == "w":
            found = unicode_subset("L") | unicode_subset("M") | unicode_subset("N") | unicode_subset("S")
        elif kind == "d":
            found = unicode_subset("Nd")
        else:
            found = UnicodeSubset({"s": " \t\n\r", "i": _INITIAL, "c": _NAME}[kind])
    # elementpath has an error of its own for an unknown name.
    except Exception as error:
        raise _unreadable(pattern, at, f"there is no category or block '{name}'") from error
    return found if sign == kind else _complement(found)


def _only(code: int) -> UnicodeSubset:
    return UnicodeSubset([code])


def _complement(subset: UnicodeSubset) -> UnicodeSubset:
    return UnicodeSubset(subset.complement()) if subset else UnicodeSubset([(0, _LAST + 1)])


def _ranges(subset: UnicodeSubset) -> str:
    """Write a set of characters as a class of RE2."""
    ranges: list[str] = []
    for entry in subset.codepoints:
        first, last = (entry, entry) if isinstance(entry, int) else (entry[0], entry[1] - 1)
        # UTF-8 has no surrogates, and XML neither.
        for low, high in ((first, min(last, 0xD7FF)), (max(first, 0xE000), last)):
            if low <= high:
                ranges.append(_character(low) if low == high else f"{_character(low)}-{_character(high)}")
    return f"[{''.join(ranges)}]" if ranges else r"[^\x{0}-\x{10FFFF}]"


def _character(code: int) -> str:
    character = chr(code)
    return character if character.isascii() and character.isalnum() else f"\\x{{{code:X}}}"
