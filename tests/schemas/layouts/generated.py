"""Random copybooks with random records, and the bytes that they must have: the oracle of the layouts' tests.

The bytes are made here by the plainest means, field by field, from what a COBOL manual says of each usage. Nothing of
`schemas.layouts` takes part.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

#: The characters of texts; cp037 has them all.
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,-_/()#&"


@dataclass
class Field:
    """A field with one random value.

    Attributes:
        name: in the copybook.
        clauses: behind the name.
        make: returns a random value as a layout gives it, and its bytes.
    """

    name: str
    clauses: str
    make: Callable[[random.Random], tuple[str | None, bytes]]


@dataclass
class Group:
    """A group; with *times*, a table of a fixed number of occurrences, or one that *counter* counts."""

    name: str
    members: list[Field | Group]
    times: int = 1
    counter: str = ""


@dataclass
class Record:
    """A record's expected tree and bytes."""

    tree: dict[str, Any] = field(default_factory=dict)
    data: bytes = b""


def copybook(group: Group) -> str:
    """Write the copybook of a record, in fixed form."""
    lines: list[str] = [f"       01  {group.name}."]
    for member in group.members:
        lines += _entries(member, 5)
    return "\n".join(lines) + "\n"


def _entries(member: Field | Group, level: int) -> Iterator[str]:
    indent = " " * (7 + level)
    if isinstance(member, Field):
        yield f"{indent}{level:02} {member.name}"
        yield f"{indent}   {member.clauses}."
        return
    occurs = ""
    if member.counter:
        occurs = f" OCCURS 0 TO {member.times} TIMES\n{indent}   DEPENDING ON {member.counter}"
    elif member.times > 1:
        occurs = f" OCCURS {member.times} TIMES"
    yield f"{indent}{level:02} {member.name}{occurs}."
    for inner in member.members:
        yield from _entries(inner, level + 5)


def record(group: Group, chance: random.Random) -> Record:
    """Make a random record."""
    made = Record()
    counts: dict[str, int] = {}
    for member in group.members:
        _fill(member, made, chance, counts)
    return made


def _fill(member: Field | Group, made: Record, chance: random.Random, counts: dict[str, int]) -> None:
    if isinstance(member, Field):
        value, data = member.make(chance)
        if member.name.startswith("COUNT"):
            counts[member.name] = int(value or 0)
        made.data += data
        if value is not None:
            made.tree[member.name] = value
        return
    often = counts[member.counter] if member.counter else member.times
    occurrences = []
    for _ in range(often):
        inner = Record()
        for each in member.members:
            _fill(each, inner, chance, dict(counts))
        made.data += inner.data
        occurrences.append(inner.tree)
    if not member.counter:
        while occurrences and not occurrences[-1]:
            occurrences.pop()
    if occurrences:
        made.tree[member.name] = occurrences


def random_record(chance: random.Random) -> Group:
    """Make a random record description of 3 to 15 members."""
    numbers = iter(range(1_000))
    members: list[Field | Group] = [_random_field(chance, next(numbers)) for _ in range(chance.randint(2, 8))]
    for _ in range(chance.randint(0, 3)):
        times = chance.choice((1, 1, 2, 3))
        group = Group(f"GROUP-{next(numbers)}", [], times)
        group.members = [_random_field(chance, next(numbers)) for _ in range(chance.randint(1, 4))]
        if chance.random() < 0.4:
            inner = Group(f"INNER-{next(numbers)}", [_random_field(chance, next(numbers))], chance.choice((1, 2)))
            group.members.append(inner)
        if chance.random() < 0.4:
            most = chance.randint(1, 9)
            counter = f"COUNT-{next(numbers)}"
            members.append(Field(counter, "PIC 9", _count(most)))
            group.times, group.counter = most, counter
        members.append(group)
    return Group("RANDOM-RECORD", members)


def _count(most: int) -> Callable[[random.Random], tuple[str, bytes]]:
    def make(chance: random.Random) -> tuple[str, bytes]:
        number = chance.randint(0, most)
        return str(number), ebcdic(str(number))

    return make


def ebcdic(text: str) -> bytes:
    """Write text in cp037."""
    return text.encode("cp037")


def _random_field(chance: random.Random, number: int) -> Field:
    kind = chance.choice(
        (_text, _right, _zoned, _signed, _separate, _packed, _unsigned_packed, _binary, _printed, _scaled)
    )
    clauses, make = kind(chance)
    return Field(f"FIELD-{number}", clauses, make)


_Made = tuple[str, Callable[[random.Random], tuple[str | None, bytes]]]


def _text(chance: random.Random) -> _Made:
    length = chance.randint(1, 12)

    def make(chance: random.Random) -> tuple[str | None, bytes]:
        value = "".join(chance.choice(LETTERS) for _ in range(chance.randint(0, length))).rstrip()
        return value or None, ebcdic(value + " " * (length - len(value)))

    return f"PIC X({length})", make


def _right(chance: random.Random) -> _Made:
    length = chance.randint(2, 9)

    def make(chance: random.Random) -> tuple[str | None, bytes]:
        value = "".join(chance.choice(LETTERS) for _ in range(chance.randint(0, length))).lstrip()
        return value or None, ebcdic(" " * (length - len(value)) + value)

    return f"PIC X({length}) JUSTIFIED RIGHT", make


def _number(chance: random.Random, digits: int, scale: int, signed: bool) -> tuple[str, str, bool]:
    """Return a random number as a layout writes it, its stored digits, and whether it is below zero."""
    stored = chance.randint(0, 10 ** chance.randint(1, digits) - 1)
    negative = signed and stored > 0 and chance.random() < 0.5
    number = Decimal(stored).scaleb(-scale)
    return format(-number if negative else number, "f"), str(stored).zfill(digits), negative


def _size(chance: random.Random, most: int = 15) -> tuple[int, int, str]:
    """Return digits, scale and the picture without a sign."""
    digits = chance.randint(1, most)
    scale = chance.randint(0, min(digits, 6))
    whole = digits - scale
    picture = (f"9({whole})" if whole else "") + (f"V9({scale})" if scale else "")
    return digits, scale, picture


def _zoned(chance: random.Random) -> _Made:
    digits, scale, picture = _size(chance)

    def make(chance: random.Random) -> tuple[str | None, bytes]:
        value, stored, _ = _number(chance, digits, scale, False)
        return value, bytes(0xF0 + int(digit) for digit in stored)

    return f"PIC {picture}", make


def _signed(chance: random.Random) -> _Made:
    digits, scale, picture = _size(chance)
    leading = chance.random() < 0.3

    def make(chance: random.Random) -> tuple[str | None, bytes]:
        value, stored, negative = _number(chance, digits, scale, True)
        data = bytearray(0xF0 + int(digit) for digit in stored)
        at = 0 if leading else -1
        data[at] = (0xD0 if negative else 0xC0) + data[at] - 0xF0
        return value, bytes(data)

    return f"PIC S{picture}{' SIGN LEADING' * leading}", make


def _separate(chance: random.Random) -> _Made:
    digits, scale, picture = _size(chance)
    leading = chance.random() < 0.5

    def make(chance: random.Random) -> tuple[str | None, bytes]:
        value, stored, negative = _number(chance, digits, scale, True)
        sign = "-" if negative else "+"
        return value, ebcdic(sign + stored if leading else stored + sign)

    return f"PIC S{picture} SIGN {'LEADING' if leading else 'TRAILING'} SEPARATE", make


def _packed(chance: random.Random) -> _Made:
    digits, scale, picture = _size(chance)
    signed = chance.random() < 0.7

    def make(chance: random.Random) -> tuple[str | None, bytes]:
        value, stored, negative = _number(chance, digits, scale, signed)
        halves = [int(digit) for digit in stored] + [(13 if negative else 12) if signed else 15]
        if len(halves) % 2:
            halves.insert(0, 0)
        return value, bytes(16 * halves[at] + halves[at + 1] for at in range(0, len(halves), 2))

    return f"PIC {'S' * signed}{picture} COMP-3", make


def _unsigned_packed(chance: random.Random) -> _Made:
    digits, scale, picture = _size(chance)

    def make(chance: random.Random) -> tuple[str | None, bytes]:
        value, stored, _ = _number(chance, digits, scale, False)
        halves = [int(digit) for digit in stored]
        if len(halves) % 2:
            halves.insert(0, 0)
        return value, bytes(16 * halves[at] + halves[at + 1] for at in range(0, len(halves), 2))

    return f"PIC {picture} COMP-6", make


def _binary(chance: random.Random) -> _Made:
    digits, scale, picture = _size(chance, 18)
    signed = chance.random() < 0.5
    length = 2 if digits <= 4 else 4 if digits <= 9 else 8

    def make(chance: random.Random) -> tuple[str | None, bytes]:
        value, stored, negative = _number(chance, digits, scale, signed)
        number = -int(stored) if negative else int(stored)
        # Two's complement, by hand.
        return value, bytes((number % 256**length) // 256**at % 256 for at in reversed(range(length)))

    return f"PIC {'S' * signed}{picture} {chance.choice(('COMP', 'BINARY', 'COMP-4'))}", make


def _printed(chance: random.Random) -> _Made:
    digits = chance.randint(2, 8)

    def make(chance: random.Random) -> tuple[str | None, bytes]:
        stored = chance.randint(0, 10 ** chance.randint(1, digits) - 1)
        negative = stored > 0 and chance.random() < 0.5
        text = str(stored // 100) if digits > 2 else str(stored // 100 or "")
        shown = text.rjust(digits - 2) if digits > 2 else ""
        value = f"{'-' if negative else ''}{stored // 100}.{stored % 100:02}"
        return value, ebcdic(f"{shown}.{stored % 100:02}{'-' if negative else ' '}")

    return f"PIC {'Z' * (digits - 3)}{'9' * (digits > 2)}.99-", make


def _scaled(chance: random.Random) -> _Made:
    zeros = chance.randint(1, 4)

    def make(chance: random.Random) -> tuple[str | None, bytes]:
        stored = chance.randint(0, 999)
        return (f"{stored}{'0' * zeros}" if stored else "0"), ebcdic(f"{stored:03}")

    return f"PIC 999{'P' * zeros}", make
