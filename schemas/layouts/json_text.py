"""JSON as text: read strictly, written exactly.

A key that stands twice, NaN, a lone surrogate and a control character are faults with line and column. Numbers are
exact decimals. The places of values are looked for only when an error needs one.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn

from integration_objects.errors import Invalid
from integration_objects.field_values import check_characters, shown, write_number
from schemas.limits import Limits, exceeded

#: Characters of a number, and its largest exponent: no system that reads floats can tell longer ones apart.
_LONGEST_NUMBER, _LARGEST_EXPONENT = 1_000, 400
_TOKEN = re.compile(r'[ \t\n\r]*(?:([{}\[\],:])|("[^"\\]*(?:\\.[^"\\]*)*")|([^\s{}\[\],:"]+))', re.DOTALL)

#: The keys and indexes that lead to a value.
Path = tuple[str | int, ...]


class JsonFaulty(Invalid):
    """A message is no JSON, or has something that JSON texts of the hub must not have."""

    what = "the message can't be read as JSON"
    where = "{place}"
    why = "{reason}"
    mend = "{cure}"


class _Fault(ValueError):
    """A fault that the parser's hooks find, without its place."""

    def __init__(self, reason: str, cure: str, token: str = "") -> None:
        super().__init__(reason)
        self.reason, self.cure, self.token = reason, cure, token


def read_json(body: bytes, limits: Limits, number: type[Decimal] | type[int] = Decimal) -> Any:
    """Read a JSON text.

    Args:
        body: its bytes.
        limits: of bytes, depth, values, texts and names.
        number: the type of numbers without a point; those with one are decimals.

    Raises:
        JsonFaulty: with line and column.
        LimitExceeded: a limit is exceeded.
    """
    if len(body) > limits.body:
        raise exceeded(limits, "body", len(body))
    text = json_characters(body)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_once,
            parse_float=_number,
            parse_int=_number if number is Decimal else lambda digits: int(_number(digits)),
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise JsonFaulty(
            place=f"line {error.lineno}, column {error.colno}",
            reason=f"it isn't JSON there: {error.msg}",
            cure="send JSON, as RFC 8259 describes it",
        ) from error
    except RecursionError as error:
        raise exceeded(limits, "depth", "more") from error
    except _Fault as fault:
        raise _placed(fault, text) from fault
    _measure(value, limits, text)
    return value


def json_characters(body: bytes) -> str:
    """Decode a JSON text.

    Raises:
        JsonFaulty: it isn't UTF-8.
    """
    try:
        return body.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise JsonFaulty(
            place=f"line {line}, byte {error.start + 1}",
            reason=f"the byte {body[error.start]:02X} is no UTF-8 ({error.reason})",
            cure="save the message as UTF-8",
        ) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Fault(f"the key {shown(key)} stands twice in one object", "send each key once")
            seen.add(key)
    return found


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if len(text) > _LONGEST_NUMBER or (number and abs(number.adjusted()) > _LARGEST_EXPONENT):
        raise _Fault(f"the number {shown(text)} is too long or too large", "send numbers as decimals", text)
    return number


def _constant(text: str) -> NoReturn:
    raise _Fault(f"{text} is no number", "send null, or leave the key out", text)


def _placed(fault: _Fault, text: str) -> JsonFaulty:
    seen: set[Path] = set()
    place = ""
    for path, start, token in places(text):
        # Without a token, the fault is a key that stands twice.
        if token == fault.token if fault.token else path in seen:
            place = place_of(text, start)
            break
        seen.add(path)
    return JsonFaulty(place=place, reason=fault.reason, cure=fault.cure)


def _measure(value: Any, limits: Limits, text: str) -> None:
    """Prove the limits, and that each text can stand in a tree."""
    waiting, count = [(value, 1)], 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if count > limits.elements:
            raise exceeded(limits, "elements", "more")
        if isinstance(value, str):
            if len(value) > limits.text:
                raise exceeded(limits, "text", len(value))
            if not value.isprintable() and (reason := check_characters(value)) is not None:
                raise _wrong_characters(value, reason, text)
        elif isinstance(value, dict | list):
            if depth > limits.depth:
                raise exceeded(limits, "depth", "more")
            if isinstance(value, dict):
                for key in value:
                    if len(key) > limits.name:
                        raise exceeded(limits, "name", len(key))
                    if not key.isprintable() and (reason := check_characters(key)) is not None:
                        raise _wrong_characters(key, reason, text)
                waiting += [(inner, depth + 1) for inner in value.values()]
            else:
                waiting += [(inner, depth + 1) for inner in value]


def _wrong_characters(value: str, reason: str, text: str) -> JsonFaulty:
    at = next((start for path, start, token in places(text) if value in (_text_of(token), *path[-1:])), 0)
    return JsonFaulty(place=place_of(text, at), reason=reason, cure="send texts without this character")


def _text_of(token: str) -> str | None:
    return json.loads(token) if token.startswith('"') else None


# Places


def places(text: str) -> Iterator[tuple[Path, int, str]]:
    """Yield each value of a JSON text: its path, the place of its first character, its first sign."""
    path: list[str | int] = []
    in_object: list[bool] = []
    is_key = False
    for match in _TOKEN.finditer(text):
        start, sign = match.start(match.lastindex or 0), match[match.lastindex or 0]
        if sign in ("}", "]"):
            if not in_object:
                return
            in_object.pop()
            path.pop()
            is_key = False
        elif sign == ",":
            if not in_object:
                return
            is_key = in_object[-1]
            if not is_key:
                path[-1] = int(path[-1]) + 1
        elif is_key and sign.startswith('"'):
            path[-1] = json.loads(sign, strict=False)
            is_key = False
        elif sign != ":":
            yield tuple(path), start, sign
            if sign in ("{", "["):
                is_key = sign == "{"
                in_object.append(is_key)
                path.append("" if is_key else 0)


def place_of(text: str, at: int) -> str:
    """Name the place of a character."""
    return f"line {line_at(text, at)}, column {at - text.rfind(chr(10), 0, at)}"


def line_at(text: str, at: int) -> int:
    """Return the line of a character."""
    return text.count("\n", 0, at) + 1


def pointer(path: Path) -> str:
    """Write a path as a JSON pointer.

    >>> pointer(("lines", 0, "qty"))
    '/lines/0/qty'
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


# Writing


def write_json(value: Any) -> str:
    """Write a value in one line; decimals are written exactly, without exponents."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{write_json(key)}:{write_json(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write_json, value)) + "]"
    if isinstance(value, Decimal):
        return write_number(value)
    return json.dumps(value, ensure_ascii=False)
