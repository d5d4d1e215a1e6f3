"""The test cases of data maps: pairs of files, an input and the expected output.

    maps/cases/<the map's file, without .yaml>/<case>.in.xml          after the map's `from`
                                               <case>.out.xml         after the map's `to`
                                               <case>.answered.xml    after the map's `answers`; may be left out
                                               <case>.now.txt         the time of `now()`; may be left out

A file of records ends with ``.bin`` in place of ``.xml``, and CSV and JSON with ``.csv`` and ``.json``.

A new case is a new pair of files. The result of a map is written, validated and read again before it is compared, so
that a case also proves that the result can leave.

Spec: docs/design/integration.md, "Data maps".
"""

from __future__ import annotations

import difflib
import importlib.resources
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Protocol

from integration_objects.definition import Definitions, IntegrationObject
from integration_objects.errors import HubError, Refused
from integration_objects.field_values import as_date
from integration_objects.property_set import PropertySet
from maps.circumstances import LineOf, at
from maps.data_map import DataMap
from schemas.check import Limits
from schemas.external_component import ExternalObject
from schemas.hub_xml import hub_from_xml, hub_to_xml

_IN, _OUT, _ANSWERED, NOW = ".in", ".out", ".answered", ".now.txt"
#: The ends of files with XML, records, CSV and JSON.
_FORMS = (".xml", ".bin", ".csv", ".json")
#: The time of `now()` where a case says no other. A clock that goes on would let no case pass twice.
CASE_TIME = "2026-01-31T12:00:00Z"


class AnswersNothing(Refused):
    """An answered message was given for a map that reads none."""

    what = "data map '{map}' reads no answered message"
    why = "its head has no `answers`"
    mend = "leave the message out, or add `answers:` with the message's object to the map"


class Declared(Protocol):
    """A map or a system, which has cases."""

    @property
    def where(self) -> str:
        """The place of its declaration."""


@dataclass(frozen=True)
class Case:
    """One case of a map, or of a system.

    Attributes:
        of: the map's or the system's name.
        name: "mainframe_order_to_om_order/bundle".
        given: the input's bytes.
        expected: the output's bytes; None where the file is missing.
        answered: the bytes of the answered message; None where there is none.
        now: the time of `now()`.
    """

    of: str
    name: str
    given: bytes
    expected: bytes | None
    answered: bytes | None = None
    now: str = CASE_TIME


@dataclass(frozen=True)
class CaseResult:
    """The result of a case; `difference` is "" for a passed case."""

    case: Case
    difference: str

    @property
    def is_passed(self) -> bool:
        """Tell whether the output was as expected."""
        return not self.difference


def shipped_cases(maps: Mapping[str, DataMap]) -> list[Case]:
    """Return the cases that the hub ships, sorted by name."""
    return find_cases(importlib.resources.files("maps") / "cases", maps)


def find_cases(folder: Traversable, declared: Mapping[str, Declared]) -> list[Case]:
    """Return the cases in a folder, sorted by name; none where there is no such folder.

    Args:
        folder: ``maps/cases`` of the hub or of a deployment (a path serves), or ``adapters/systems/cases``.
        declared: the maps or systems of the wanted cases, by name. A case belongs to the one whose file is called like
            the case's folder.
    """
    stems = {pathlib.PurePosixPath(one.where.split(":")[0]).stem: name for name, one in declared.items()}
    found = [case for stem, name in stems.items() for case in _cases_of(folder / stem, stem, name)]
    return sorted(found, key=lambda case: case.name)


def _cases_of(folder: Traversable, stem: str, of: str) -> Iterator[Case]:
    if not folder.is_dir():
        return
    files = {entry.name: entry for entry in folder.iterdir() if entry.is_file()}
    for file, given in [(file, _IN + form) for file in files for form in _FORMS]:
        if not file.endswith(given):
            continue
        case = file.removesuffix(given)
        expected, answered = (_content(files, f"{case}{end}.") for end in (_OUT, _ANSWERED))
        now = _content(files, case + NOW)
        # A wrong byte becomes a sign that no time has, so that the case fails by its own name.
        time = CASE_TIME if now is None else now.decode("utf-8", "replace").strip()
        yield Case(of, f"{stem}/{case}", files[file].read_bytes(), expected, answered, time)


def _content(files: Mapping[str, Traversable], beginning: str) -> bytes | None:
    """Read the first file whose name begins so: the form is free, as an editor likes it."""
    name = min((name for name in files if name.startswith(beginning)), default=None)
    return None if name is None else files[name].read_bytes()


def run_cases(
    maps: Mapping[str, DataMap],
    cases: Sequence[Case],
    definitions: Definitions,
    externals: Mapping[str, ExternalObject],
) -> list[CaseResult]:
    """Run cases, in their order.

    Args:
        maps: by name.
        cases: as `find_cases` gives them.
        definitions: the internal integration objects.
        externals: the external ones, with their schemas.
    """
    return [CaseResult(case, _difference(case, maps[case.of], definitions, externals)) for case in cases]


def _difference(
    case: Case, data_map: DataMap, definitions: Definitions, externals: Mapping[str, ExternalObject]
) -> str:
    if case.expected is None:
        return f"{case.name}{_OUT}.xml is missing: write what must come out of {case.name}{_IN}.xml"
    if not is_time(case.now):
        return f"{case.name}{NOW} has no time such as {CASE_TIME}"
    try:
        given, lines = read_with_lines(case.given, data_map.source, definitions, externals)
        answered = read_answered(case.answered, data_map, definitions, externals)
        result = data_map.apply(given, circumstances=at(case.now, answered, lines))
        written = write_tree(result, data_map.target, definitions, externals)
        found = read_tree(written, data_map.target, definitions, externals)
        expected = read_tree(case.expected, data_map.target, definitions, externals)
    except HubError as error:
        return str(error)
    if found == expected:
        return ""
    differing = difflib.unified_diff(
        str(expected).splitlines(), str(found).splitlines(), f"{case.name}{_OUT}.xml", "found", n=2, lineterm=""
    )
    # Properties in another order are no difference, but the text of both trees may show nothing else.
    return "\n".join(differing) or "the trees differ"


def is_time(text: str) -> bool:
    """Tell whether a text is a time that `now()` can give."""
    return as_date(text) is not None


def read_tree(
    body: bytes, obj: IntegrationObject, definitions: Definitions, externals: Mapping[str, ExternalObject]
) -> PropertySet:
    """Read a map's input or output: the hub's own XML, or an external object's after its schema.

    Raises:
        Refused: the body is no such object.
    """
    return read_with_lines(body, obj, definitions, externals)[0]


def read_with_lines(
    body: bytes, obj: IntegrationObject, definitions: Definitions, externals: Mapping[str, ExternalObject]
) -> tuple[PropertySet, LineOf | None]:
    """Read a map's input like `read_tree`; return also the function that finds the lines of its fields.

    Raises:
        Refused: the body is no such object.
    """
    if not obj.external:
        return hub_from_xml(body, definitions, Limits(), lines=True), None
    message = externals[obj.name].read(body, Limits())
    return message.tree, message.line_of


def read_answered(
    body: bytes | None, data_map: DataMap, definitions: Definitions, externals: Mapping[str, ExternalObject]
) -> PropertySet | None:
    """Read the message that is answered; None where there is none.

    Raises:
        Refused: the body is no message that the map reads.
        AnswersNothing: the map reads no answered message.
    """
    if body is None:
        return None
    if data_map.answers is None:
        raise AnswersNothing(map=data_map.name, where=data_map.where)
    return read_tree(body, data_map.answers, definitions, externals)


def write_tree(
    tree: PropertySet, obj: IntegrationObject, definitions: Definitions, externals: Mapping[str, ExternalObject]
) -> bytes:
    """Write the result of a map: the hub's own XML, or an external object's message."""
    return externals[obj.name].write(tree) if obj.external else hub_to_xml(tree, definitions)
