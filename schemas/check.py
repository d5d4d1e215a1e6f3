"""A message is checked: limits and well-formedness first, then lxml's verdict, then xmlschema's explanation.

    parse(body, limits)        limits and well-formedness; see `schemas.foreign_xml`
    Schema(files, main)        an XSD, compiled once
      .validate(element)       raises AgainstSchema, with line, path, value and expectation of every finding

Spec: docs/design/guarantees.md, "XML in"; docs/design/performance.md, rule 2.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from lxml import etree

from integration_objects.errors import Invalid
from schemas.foreign_xml import (
    ForbiddenXml,
    NotWellFormed,
    OutOfMemory,
    at_depth,
    local_name,
    parse,
    parser_options,
    path_of,
    place_of,
)
from schemas.limits import SCHEMA_FILES, LimitBeyondCap, LimitExceeded, Limits
from schemas.schema_files import ADDRESS, SchemaFaulty, SchemaFile, SchemaFileMissing, collect

__all__ = [
    "SCHEMA_FILES",
    "AgainstSchema",
    "ForbiddenXml",
    "LimitBeyondCap",
    "LimitExceeded",
    "Limits",
    "NotWellFormed",
    "OutOfMemory",
    "Schema",
    "SchemaFinding",
    "local_name",
    "parse",
    "path_of",
    "place_of",
]


class AgainstSchema(Invalid):
    """The message is XML, but doesn't fit its schema."""

    what = "the message doesn't fit the schema '{schema}'"
    mend = "send a message that fits the schema"


#: Findings that one refused message lists.
MOST_FINDINGS = 20
#: Elements of the largest message that xmlschema explains: it takes some 40 microseconds for each.
_EXPLAINED_ELEMENTS = 20_000
#: Depth of the deepest message that xmlschema explains: it recurses.
_EXPLAINED_DEPTH = 100
#: Explanations a second of one schema, so that a flood of bad messages costs little.
_EXPLAINED_A_SECOND = 5


@dataclass(frozen=True)
class SchemaFinding:
    """One fault that a schema finds in a message.

    Attributes:
        where: line and path.
        text: the fault, with value and expectation.
    """

    where: str
    text: str


class Schema:
    """A compiled XSD: lxml judges, xmlschema explains.

    Args:
        files: the schema's files by path; includes and imports are resolved among them and nowhere else.
        main: the path of the first one.
        seconds: a monotonic clock. With a clock, the schema explains a few messages a second at most.

    Raises:
        SchemaFileMissing, SchemaFaulty, NestedQuantifier: with file and line.
    """

    def __init__(self, files: Mapping[str, bytes], main: str, seconds: Callable[[], float] | None = None) -> None:
        self.files = collect(files.__getitem__, main, lambda body: parse(body, SCHEMA_FILES))
        self.main = main
        self._seconds = seconds
        self._explained = (-1.0, 0)
        self._verdict = _compiled(self.files, main)

    def validate(self, element: etree._Element) -> None:
        """Validate the document whose root is *element*.

        Raises:
            AgainstSchema: where and why have the first finding, ``objects["findings"]`` has all.
        """
        # lxml judges every message; xmlschema, fifty times slower, only explains the few that fail.
        if self._verdict.validate(element):
            return
        findings = self._findings(element)
        why = findings[0].text
        if len(findings) > 1:
            others = "; ".join(f"{finding.where}: {finding.text}" for finding in findings[1:])
            why = f"{why}; further: {others}"
        raise AgainstSchema(schema=self.main, where=findings[0].where, why=why, findings=tuple(findings))

    @functools.cached_property
    def model(self) -> Any:
        """The model that xmlschema makes of the schema (an ``xmlschema.XMLSchema10``)."""
        # Imported here, since importing xmlschema takes as long as all other work of a short command.
        from schemas.schema_model import read_model

        return read_model({path: file.body for path, file in self.files.items()}, self.main)

    def _findings(self, element: etree._Element) -> list[SchemaFinding]:
        # The log is copied at once: it belongs to the compiled schema, and the next message empties it.
        own = [
            SchemaFinding(f"line {entry.line}, {_numbered(entry.path)}", entry.message)
            for entry in itertools.islice(self._verdict.error_log, MOST_FINDINGS)
        ]
        if not self._may_explain(element):
            return own
        try:
            explained = list(itertools.islice(self._explain(element), MOST_FINDINGS))
        # A deep stack of the caller can be enough, although the document is below the limit: libxml2's own words do,
        # too.
        except RecursionError:
            return own
        # xmlschema may find nothing in a message that libxml2 refuses: the verdict stands, in libxml2's words.
        return explained or own

    def _may_explain(self, element: etree._Element) -> bool:
        if at_depth(_EXPLAINED_DEPTH + 1)(element):
            return False
        # Stops at the limit: counting all elements of a large message would take as long as reading it.
        if next(itertools.islice(element.iter(), _EXPLAINED_ELEMENTS, None), None) is not None:
            return False
        if self._seconds is None:
            return True
        second = self._seconds() // 1
        since, count = self._explained
        self._explained = (second, count + 1 if since == second else 1)
        return self._explained[1] <= _EXPLAINED_A_SECOND

    def _explain(self, element: etree._Element) -> Iterator[SchemaFinding]:
        for error in self.model.iter_errors(element):
            node = error.elem if isinstance(error.elem, etree._Element) else element
            yield SchemaFinding(place_of(node), _reason(error.reason, node))


def _reason(reason: str | None, node: etree._Element) -> str:
    text = (reason or "against the schema").strip().rstrip(".")
    value = node.text
    if value and len(node) == 0 and value not in text:
        return f"{text}; found '{value[:100]}'"
    return text


def _numbered(path: str | None) -> str:
    """Rewrite libxml2's path as the hub prints paths: each step with its number, without namespaces."""
    steps = [step.rpartition(":")[2] for step in (path or "").split("/") if step]
    return "/" + "/".join(step if step.endswith("]") else f"{step}[1]" for step in steps)


class _Files(etree.Resolver):  # type: ignore[misc]  # lxml has no types
    """Gives libxml2 the files of one schema, and no other file."""

    def __init__(self, files: Mapping[str, SchemaFile]) -> None:
        self.files = files

    def resolve(self, system_url: str, public_id: str, context: object) -> object:
        path = unquote(system_url.removeprefix(ADDRESS))
        file = self.files.get(path)
        # Without this, libxml2 would look on the disk or the network for the file.
        if file is None:
            raise SchemaFileMissing(
                path=path, where=path, why="it is none of the schema's files", mend="name it in an include or an import"
            )
        return self.resolve_string(file.body, context, base_url=ADDRESS + path)


def _compiled(files: Mapping[str, SchemaFile], main: str) -> etree.XMLSchema:
    parser = etree.XMLParser(**parser_options(SCHEMA_FILES))
    parser.resolvers.add(_Files(files))
    document = etree.fromstring(files[main].body, parser, base_url=ADDRESS + main)
    try:
        return etree.XMLSchema(document)
    except etree.XMLSchemaParseError as error:
        first = next(iter(error.error_log), None)
        path = (first.filename or main).removeprefix(ADDRESS) if first is not None else main
        place = f"{path}:{first.line}" if first is not None else main
        why = first.message if first is not None else str(error)
        raise SchemaFaulty(f"the schema '{main}' can't be compiled", where=place, why=why) from error
