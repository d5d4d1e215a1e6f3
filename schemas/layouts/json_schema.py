"""A JSON Schema: its files, and the check of a message with one precise reason.

References lead to places of the same file or to files of the schemas folder, never to the network. Patterns are judged
by RE2, which takes time linear in the text. Numbers are exact decimals.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import copy
import decimal
import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

import jsonschema
import referencing
import referencing.exceptions
import referencing.jsonschema
from jsonschema.exceptions import best_match

from integration_objects.declaration import Node
from integration_objects.errors import HubError, Invalid, Misconfigured
from integration_objects.field_values import plain_date, read_date, shown, write_number
from schemas.layouts.json_text import Path, place_of, places, pointer, read_json, write_json
from schemas.limits import SCHEMA_FILES

#: The address of the schemas folder, for references between files.
_ADDRESS = "file:///schemas/"
#: Faults of a message that are compared to name the likeliest.
_COMPARED = 100
#: Digits for the test of multiples: the largest number and the smallest step of `json_text`.
_DIGITS = 2_000


class JsonSchemaFaulty(Misconfigured):
    """A JSON Schema can't be used."""

    what = "{fault}"
    where = "{place}"
    why = "{reason}"
    mend = "{cure}"


class JsonInvalid(Invalid):
    """A message breaks its JSON Schema."""

    what = "the value at {path} breaks the schema"
    where = "{place}"
    why = "{reason}"
    mend = "correct the message, or the schema {schema} where the message is right"


def _is_integer(checker: Any, value: Any) -> bool:
    if isinstance(value, Decimal):
        return value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, str) and not _search(pattern)(value):
        yield jsonschema.ValidationError("")


def _search(pattern: str) -> Callable[[str], bool]:
    import re2

    options = re2.Options()
    options.log_errors = False
    search = re2.compile(pattern, options).search
    return lambda text: search(text) is not None


def _multiple(validator: Any, step: Any, value: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, Decimal):
        with decimal.localcontext(prec=_DIGITS):
            if value % Decimal(step):
                yield jsonschema.ValidationError("")


def _unique(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    # The library's own test takes quadratic time.
    if wanted and isinstance(value, list):
        written = [write_json(_sorted(item)) for item in value]
        if len(set(written)) < len(written):
            yield jsonschema.ValidationError("")


def _sorted(value: Any) -> Any:
    """Return a value in a form that equal values share."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    if isinstance(value, Decimal):
        # Not normalize: it rounds.
        whole, point, decimals = write_number(value).partition(".")
        return Decimal((whole + point + decimals.rstrip("0")).rstrip("."))
    return value


_CHECKER = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
_VALIDATOR: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    {"pattern": _pattern, "multipleOf": _multiple, "uniqueItems": _unique},
    type_checker=_CHECKER,
)
_FORMATS = jsonschema.FormatChecker(formats=())


@_FORMATS.checks("date", ValueError)
def _date(value: object) -> bool:
    return not isinstance(value, str) or (len(value) == len("2026-01-31") and read_date(value) is not None)


@_FORMATS.checks("date-time", ValueError)
def _date_time(value: object) -> bool:
    return not isinstance(value, str) or ("T" in value and read_date(plain_date(value)) is not None)


class JsonSchema:
    """A JSON Schema with the files that it refers to.

    Args:
        path: its path in the schemas folder.
        read_file: gives a file's bytes by its path; KeyError, OSError for a missing one.
        node: the place of the declaration that names it.

    Raises:
        DeclarationFault, JsonSchemaFaulty: with file, and line or pointer.
    """

    def __init__(self, path: str, read_file: Callable[[str], bytes], node: Node) -> None:
        self.path = path
        self._read_file = read_file
        self._read: dict[str, Any] = {}
        try:
            contents = self._contents(path)
        except (KeyError, OSError) as error:
            raise node.fault(
                f"there is no JSON Schema '{path}'", str(error), mend="put the file into the schemas folder"
            ) from error
        registry: referencing.Registry[Any] = referencing.Registry(retrieve=self._retrieve)  # type: ignore[call-arg]
        address = _ADDRESS + quote(path)
        resource = referencing.jsonschema.DRAFT202012.create_resource(contents)
        self.contents = contents
        self.registry = registry.with_resource(address, resource)
        self.resolver = self.registry.resolver(address).in_subresource(resource)
        self._address = address
        self._validator = self._validator_of(address)

    def _validator_of(self, address: str) -> Any:
        return _VALIDATOR({"$ref": address}, registry=self.registry, format_checker=_FORMATS)

    @property
    def definitions(self) -> list[str]:
        """The names of the schemas in `$defs`."""
        found = self.contents.get("$defs", {}) if isinstance(self.contents, dict) else {}
        return list(found)

    def definition(self, name: str) -> JsonSchema:
        """Return the schema of this name in `$defs`, as one of its own."""
        part = copy.copy(self)
        place = "#/$defs/" + quote(name.replace("~", "~0").replace("/", "~1"))
        part.contents = {"$ref": place}
        part._validator = self._validator_of(self._address + place)
        return part

    def _retrieve(self, address: str) -> referencing.Resource[Any]:
        if not address.startswith(_ADDRESS):
            raise referencing.exceptions.NoSuchResource(address)
        path = unquote(address.removeprefix(_ADDRESS))
        try:
            return referencing.jsonschema.DRAFT202012.create_resource(self._contents(path))
        except (KeyError, OSError) as error:
            raise referencing.exceptions.NoSuchResource(path) from error

    def _contents(self, path: str) -> Any:
        """Return the contents of a file; the same object each time, so that equal parts can be told by identity."""
        if path not in self._read:
            self._read[path] = self._proven(path)
        return self._read[path]

    def _proven(self, path: str) -> Any:
        body = self._read_file(path)
        try:
            contents = read_json(body, SCHEMA_FILES, int)
        except HubError as error:
            raise JsonSchemaFaulty(
                fault="this is no JSON Schema", place=f"{path}, {error.where}", reason=error.why, cure=error.mend
            ) from error
        draft = contents.get("$schema", "") if isinstance(contents, dict) else ""
        if draft not in ("", jsonschema.Draft202012Validator.META_SCHEMA["$schema"]):
            raise JsonSchemaFaulty(
                fault=f"the draft {shown(str(draft))} isn't read",
                place=f"{path}:1",
                reason="schemas of the draft 2020-12 are read",
                cure="write 'https://json-schema.org/draft/2020-12/schema' there, if the schema keeps to it",
            )
        wrong = best_match(jsonschema.Draft202012Validator(_META).iter_errors(contents))
        if wrong is not None:
            raise self.fault(path, tuple(wrong.absolute_path), "this is no JSON Schema", reason_of(wrong))
        self._prepare(contents, path)
        return contents

    def _prepare(self, contents: Any, path: str) -> None:
        """Prove the patterns of a file, and take away the names of its draft."""
        import re2

        waiting: list[tuple[Any, Path]] = [(contents, ())]
        while waiting:
            value, place = waiting.pop()
            if isinstance(value, dict):
                # The library would judge a schema that names its draft by that draft's own rules, and not by these.
                if isinstance(value.get("$schema"), str):
                    del value["$schema"]
                pattern = value.get("pattern")
                if isinstance(pattern, str) and place[-1:] != ("properties",):
                    try:
                        _search(pattern)
                    except re2.error as error:
                        reason = f"RE2, which takes linear time, can't read it: {error}"
                        raise self.fault(
                            path, (*place, "pattern"), f"the pattern {shown(pattern)} isn't read", reason
                        ) from error
                waiting += [(inner, (*place, key)) for key, inner in value.items()]
            elif isinstance(value, list):
                waiting += [(inner, (*place, at)) for at, inner in enumerate(value)]

    def fault(self, file: str, path: Path, what: str, why: str, mend: str = "correct the schema") -> JsonSchemaFaulty:
        """Make the error for a place of a schema file."""
        return JsonSchemaFaulty(fault=what, place=f"{file}, {pointer(path) or '/'}", reason=why, cure=mend)

    def validate(self, value: Any, text: str) -> None:
        """Check a message.

        Args:
            value: as `read_json` reads it.
            text: its characters, for the place of a fault.

        Raises:
            JsonInvalid: the likeliest fault, with line, column and JSON pointer.
        """
        try:
            error = best_match(itertools.islice(self._validator.iter_errors(value), _COMPARED))
        except referencing.exceptions.Unresolvable as unresolvable:
            raise JsonSchemaFaulty(
                fault=f"the reference {shown(unresolvable.ref)} leads nowhere",
                place=self.path,
                reason="references lead to places of the same file, or to files in the schemas folder",
                cure="correct the reference, or put the file into the schemas folder",
            ) from unresolvable
        except RecursionError:
            raise JsonInvalid(
                path="/", place="", reason="its values stand too deep within each other", schema=self.path
            ) from None
        if error is None:
            return
        path: Path = tuple(error.absolute_path)
        start = next((start for found, start, _ in places(text) if found == path), 0)
        raise JsonInvalid(
            path=pointer(path) or "/", place=place_of(text, start), reason=reason_of(error), schema=self.path
        )


_META = jsonschema.Draft202012Validator.META_SCHEMA


def reason_of(error: jsonschema.ValidationError) -> str:
    """Say what a schema expects, and what was found, without whole objects."""
    keyword, found = str(error.validator), error.instance
    wanted: Any = error.validator_value
    what = shown(found) if isinstance(found, str) else _KINDS.get(type(found), "") or _text(found)
    if keyword == "required" and isinstance(found, dict):
        missing = next(key for key in wanted if key not in found)
        return f"the key '{missing}' is missing"
    if keyword in ("additionalProperties", "unevaluatedProperties") and isinstance(found, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        unknown = next((key for key in found if key not in known), "")
        return f"the key {shown(unknown)} is unknown"
    if keyword == "type":
        return f"expected {wanted if isinstance(wanted, str) else ' or '.join(wanted)}, found {what}"
    if keyword == "format":
        return f"expected a {wanted} (2026-01-31{'T12:00:00Z' * (wanted == 'date-time')}), found {what}"
    expected = _EXPECTED.get(keyword, f"the schema says {keyword}: {{}}").format(_text(wanted))
    return f"{expected}, found {what}"


_KINDS = {dict: "an object", list: "a list", type(None): "null"}
_EXPECTED = {
    "enum": "expected one of {}",
    "const": "expected {}",
    "minLength": "expected {} characters or more",
    "maxLength": "expected at most {} characters",
    "pattern": "expected a text of the pattern {}",
    "minimum": "expected {} or more",
    "maximum": "expected at most {}",
    "exclusiveMinimum": "expected more than {}",
    "exclusiveMaximum": "expected less than {}",
    "multipleOf": "expected a multiple of {}",
    "minItems": "expected {} items or more",
    "maxItems": "expected at most {} items",
    "uniqueItems": "expected items that differ",
}


def _text(value: Any) -> str:
    text = write_json(value)
    return text if len(text) <= 80 else text[:80] + "..."
