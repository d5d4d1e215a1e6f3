"""The test cases of systems: an object, and the message that leaves.

    adapters/systems/cases/<the system's file, without .yaml>/<case>.in.xml       an object that the system takes
                                                              <case>.out.<any>    the message's bytes
                                                              <case>.now.txt      the time of `now()`; may be left out

A new case is a new pair of files. The message is compared byte by byte, since a column or a line's end is a part of it.

Spec: docs/design/integration.md, "Routes" (`orderhub check`); docs/design/guarantees.md, "Out".
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.system import System
from integration_objects.complex_object import object_name
from integration_objects.definition import Definitions
from integration_objects.errors import HubError, Refused
from integration_objects.property_set import PropertySet
from maps.cases import CASE_TIME, NOW, Case, CaseResult, is_time
from maps.circumstances import Circumstances, at
from maps.data_map import DataMap
from schemas.check import Limits
from schemas.external_component import ExternalObject
from schemas.hub_xml import hub_from_xml

_IN, _OUT = ".in.xml", ".out."


class NotTakenBySystem(Refused):
    """A file has another object than the system takes."""

    what = "system '{system}' doesn't take this object"
    why = "it takes '{takes}', the file has {found}"
    mend = "name another system, or another file"


@dataclass(frozen=True)
class Known:
    """The declarations that a system's message is made with."""

    definitions: Definitions
    maps: Mapping[str, DataMap]
    external_objects: Mapping[str, ExternalObject]


def read_taken(body: bytes, system: System, definitions: Definitions) -> PropertySet:
    """Read an object that the system takes, in the hub's own XML.

    Raises:
        Refused: the body is no such object.
    """
    tree = hub_from_xml(body, definitions, Limits(), lines=True)
    name = object_name(tree)
    if name != system.takes:
        raise NotTakenBySystem(system=system.name, takes=system.takes, found=f"'{name}'" if name else "no object")
    return tree


def render_file(body: bytes, system: System, known: Known, circumstances: Circumstances) -> bytes:
    """Make the message to the system from an object in the hub's own XML.

    Raises:
        Refused: the body is no such object, or the message can't be made.
    """
    tree = read_taken(body, system, known.definitions)
    return system.render(tree, known.maps, known.external_objects, circumstances)


def run_system_cases(systems: Mapping[str, System], cases: Sequence[Case], known: Known) -> list[CaseResult]:
    """Run cases, in their order."""
    return [CaseResult(case, _difference(case, systems[case.of], known)) for case in cases]


def _difference(case: Case, system: System, known: Known) -> str:
    if case.expected is None:
        return f"{case.name}{_OUT}* is missing: write what must leave for {case.name}{_IN}"
    if not is_time(case.now):
        return f"{case.name}{NOW} has no time such as {CASE_TIME}"
    try:
        found = render_file(case.given, system, known, at(case.now))
    except HubError as error:
        return str(error)
    if found == case.expected:
        return ""
    # In the system's encoding: otherwise a difference in one letter would be shown as broken signs.
    encoding = "utf-8" if system.layout is None else system.layout.encoding
    expected_lines, found_lines = (_lines(body, encoding) for body in (case.expected, found))
    return "\n".join(
        difflib.unified_diff(expected_lines, found_lines, f"{case.name}{_OUT}*", "found", n=2, lineterm="")
    )


def _lines(body: bytes, encoding: str) -> list[str]:
    """Write lines as Python texts, so that a difference in blanks and line ends can be seen."""
    return [repr(line)[1:-1] for line in body.decode(encoding, "replace").splitlines(keepends=True)]
