"""The test cases of data maps: pairs of files, an input and the expected output.

    maps/cases/<the map's file, without .yaml>/<case>.in.xml       after the map's `from`
                                               <case>.out.xml      after the map's `to`

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

from integration_objects.definition import Definitions, IntegrationObject
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet
from maps.data_map import DataMap
from schemas.check import Limits, parse
from schemas.external_object import ExternalObject
from schemas.from_xml import external_from_xml
from schemas.hub_xml import hub_from_xml, hub_to_xml
from schemas.to_xml import external_to_xml

_IN, _OUT = ".in.xml", ".out.xml"


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        map: the map's name.
        name: "mainframe_order_to_om_order/bundle".
        given: the input's bytes.
        expected: the output's bytes; None where the file is missing.
    """

    map: str
    name: str
    given: bytes
    expected: bytes | None


@dataclass(frozen=True)
class CaseResult:
    """The result of a case; `difference` is "" for a passed case."""

    case: Case
    difference: str

    @property
    def is_passed(self) -> bool:
        """Whether the output was as expected."""
        return not self.difference


def shipped_cases(maps: Mapping[str, DataMap]) -> list[Case]:
    """The cases that the hub ships, sorted by name."""
    return find_cases(importlib.resources.files("maps") / "cases", maps)


def find_cases(folder: Traversable, maps: Mapping[str, DataMap]) -> list[Case]:
    """The cases in a folder, sorted by name; none where there is no such folder.

    Args:
        folder: ``maps/cases`` of the hub or of a deployment (a path serves).
        maps: whose cases are wanted; a case belongs to the map whose file is called like the case's folder.
    """
    names = {pathlib.PurePosixPath(one.where.split(":")[0]).stem: name for name, one in maps.items()}
    found = [case for stem, name in names.items() for case in _cases_of(folder / stem, stem, name)]
    return sorted(found, key=lambda case: case.name)


def _cases_of(folder: Traversable, stem: str, name: str) -> Iterator[Case]:
    if not folder.is_dir():
        return
    files = {entry.name: entry for entry in folder.iterdir() if entry.is_file()}
    for file, entry in files.items():
        if file.endswith(_IN):
            case = file.removesuffix(_IN)
            out = files.get(case + _OUT)
            expected = None if out is None else out.read_bytes()
            yield Case(name, f"{stem}/{case}", entry.read_bytes(), expected)


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
    return [CaseResult(case, _difference(case, maps[case.map], definitions, externals)) for case in cases]


def _difference(
    case: Case, data_map: DataMap, definitions: Definitions, externals: Mapping[str, ExternalObject]
) -> str:
    if case.expected is None:
        return f"{case.name}{_OUT} is missing: write what must come out of {case.name}{_IN}"
    try:
        given = read_tree(case.given, data_map.source, definitions, externals)
        made = write_tree(data_map.apply(given), data_map.target, definitions)
        found = read_tree(made, data_map.target, definitions, externals)
        expected = read_tree(case.expected, data_map.target, definitions, externals)
    except HubError as error:
        return str(error)
    if found == expected:
        return ""
    lines = difflib.unified_diff(
        str(expected).splitlines(), str(found).splitlines(), case.name + _OUT, "found", n=2, lineterm=""
    )
    # Properties in another order are no difference, but the text of both trees may show nothing else.
    return "\n".join(lines) or "the trees differ"


def read_tree(
    body: bytes, obj: IntegrationObject, definitions: Definitions, externals: Mapping[str, ExternalObject]
) -> PropertySet:
    """Read a map's input or output: the hub's own XML, or an external object's after its schema.

    Raises:
        Refused: the body is no such object.
    """
    if not obj.external:
        return hub_from_xml(body, definitions, Limits(), lines=True)
    element = parse(body, Limits())
    external = externals[obj.name]
    external.schema.validate(element)
    return external_from_xml(element, external)


def write_tree(tree: PropertySet, obj: IntegrationObject, definitions: Definitions) -> bytes:
    """Write what a map has made, as XML."""
    return external_to_xml(tree, obj) if obj.external else hub_to_xml(tree, definitions)
