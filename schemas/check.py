"""A message is checked: limits and well-formedness first, then lxml's verdict, the patterns, xmlschema's explanation.

    parse(body, limits)        limits and well-formedness; see `schemas.foreign_xml`
    read_schema(read, main)    an XSD, compiled once
      .validate(element)       raises AgainstSchema, with line, path, value and expectation of every finding

Spec: docs/design/guarantees.md, "XML in"; docs/design/performance.md, rule 2.
"""

from __future__ import annotations

import functools
import itertools
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from lxml import etree

from integration_objects.errors import Invalid
from integration_objects.field_values import shown
from integration_objects.nearest import nearest
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
from schemas.joined_files import joined, without_patterns
from schemas.limits import SCHEMA_FILES, LimitBeyondCap, LimitExceeded, Limits
from schemas.schema_files import (
    ADDRESS,
    SchemaFaulty,
    SchemaFile,
    SchemaFileMissing,
    collect,
    patterns_in,
    prove_patterns,
)
from schemas.value_rules import Rules, rules_of

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
    "read_files",
    "read_schema",
]


class AgainstSchema(Invalid):
    """The message is XML, but doesn't fit its schema."""

    what = "the message doesn't fit the schema '{schema}'"
    mend = "send a message that fits the schema"


#: Findings that one refused message lists.
MOST_FINDINGS = 20
#: Elements that xmlschema explains in one second for one schema, and so those of the largest message: each takes some
#: 40 microseconds. A flood of bad messages costs no more.
_EXPLAINED_ELEMENTS = 20_000
#: Depth of the deepest message that xmlschema explains: it recurses.
_EXPLAINED_DEPTH = 100


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
    """An XSD: lxml judges, the hub judges what lxml can't, xmlschema explains.

    Args:
        files: the schema's files by path, as `schemas.schema_files.collect` found them.
        main: the path of the first one.
        seconds: a monotonic clock. With a clock, the schema explains a bounded number of elements a second.
        rules: the rules of values, if they are known; without them, they are found in the model.
    """

    def __init__(
        self,
        files: Mapping[str, SchemaFile],
        main: str,
        seconds: Callable[[], float] | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.main = main
        self._files, self._first = joined(files, main)
        self._seconds = seconds
        self._explained = (-1.0, 0)
        if rules is not None:
            self.rules = rules

    def prove(self) -> Schema:
        """Compile the schema, and prove its patterns; return the same schema.

        Raises:
            SchemaFaulty, PatternUnreadable, PatternTooLarge: with file and line.
        """
        prove_patterns(self._files.values())
        _ = self._verdict
        return self

    def validate(self, element: etree._Element) -> None:
        """Validate the document whose root is *element*; drop meaningless blanks around its dates.

        Raises:
            AgainstSchema: where and why have the first finding, ``objects["findings"]`` has all.
        """
        # lxml judges every message; xmlschema, fifty times slower, only explains the few that fail.
        fits = self._judged(element)
        if fits and self.rules.is_empty:
            return
        if fits:
            faults = itertools.islice(self.rules.faults(element), MOST_FINDINGS)
            findings = [SchemaFinding(place_of(node), fault) for node, fault in faults]
        elif fits is None:
            findings = self._judged_by_model(element)
        else:
            findings = self._findings(element)
        if not findings:
            return
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

        return read_model({path: file.body for path, file in self._files.items()}, self._first)

    @functools.cached_property
    def rules(self) -> Rules:
        """The rules of values with patterns."""
        if not any(patterns_in(file.root) for file in self._files.values()):
            return Rules()
        return rules_of(self.model, dates=False)

    @functools.cached_property
    def _dates(self) -> Rules:
        return rules_of(self.model, dates=True)

    @functools.cached_property
    def _verdict(self) -> etree.XMLSchema:
        return _compiled(self._files, self._first)

    def _judged(self, element: etree._Element) -> bool | None:
        """Return libxml2's verdict without regard to patterns; None where libxml2 gives up."""
        try:
            if self._verdict.validate(element):
                return True
            # libxml2 refuses blanks around dates, which mean nothing: a pretty-printer makes such messages.
            return self._dates.respell(element) and bool(self._verdict.validate(element))
        except etree.LxmlError:
            return None

    def _judged_by_model(self, element: etree._Element) -> list[SchemaFinding]:
        try:
            return list(itertools.islice(self._explain(element), MOST_FINDINGS))
        except RecursionError:
            return [SchemaFinding(place_of(element), "the message is nested too deep to be judged")]

    def _findings(self, element: etree._Element) -> list[SchemaFinding]:
        # The log is copied at once: it belongs to the compiled schema, and the next message empties it.
        log = list(itertools.islice(self._verdict.error_log, MOST_FINDINGS))
        own = [SchemaFinding(f"line {entry.line}, {_numbered(entry.path)}", entry.message) for entry in log]
        if not self._may_explain(element):
            return own
        # A full log ends the explanation, too: findings behind its last line would cost time, and nobody is shown them.
        last = max(entry.line for entry in log) if len(log) == MOST_FINDINGS else None
        try:
            explained = list(itertools.islice(self._explain(element, last), MOST_FINDINGS))
        # A document below the limit may still be too deep, because the caller's stack is deep. Then libxml2's own words
        # are shown.
        except RecursionError:
            return own
        # xmlschema may find nothing in a message that libxml2 refuses: the verdict stands, in libxml2's words.
        return explained or own

    def _may_explain(self, element: etree._Element) -> bool:
        if at_depth(_EXPLAINED_DEPTH + 1)(element):
            return False
        # Stops at the limit: counting all elements of a large message would take as long as reading it.
        count = sum(1 for _ in itertools.islice(element.iter(), _EXPLAINED_ELEMENTS + 1))
        second = 0.0 if self._seconds is None else self._seconds() // 1
        since, explained = self._explained
        if self._seconds is None or since != second:
            explained = 0
        if explained + count > _EXPLAINED_ELEMENTS:
            return False
        self._explained = (second, explained + count)
        return True

    def _explain(self, element: etree._Element, last: int | None = None) -> Iterator[SchemaFinding]:
        """Yield the findings of xmlschema, up to the line *last*."""
        from schemas.schema_model import findings

        for node, reason in findings(self.model, element, last):
            yield SchemaFinding(place_of(node), _reason(reason, node))


def read_schema(
    read: Callable[[str], bytes], main: str, seconds: Callable[[], float] | None = None, asked_at: str = ""
) -> Schema:
    """Read a schema with all files that it refers to, and prove it.

    Args:
        read: gives a file's bytes by its path; KeyError or OSError for a missing file.
        main: the path of the first file.
        seconds: a monotonic clock, for `Schema`.
        asked_at: the place that names *main*, for the error if the file is missing.

    Raises:
        SchemaFileMissing, SchemaFaulty, PatternUnreadable, PatternTooLarge: with file and line.
    """
    return Schema(read_files(read, main, asked_at), main, seconds).prove()


def read_files(read: Callable[[str], bytes], main: str, asked_at: str = "") -> dict[str, SchemaFile]:
    """Read the files of a schema; see `read_schema`."""
    return collect(read, main, lambda body: parse(body, SCHEMA_FILES), asked_at)


#: Words of Python that xmlschema passes on, and what they mean.
_OF_PYTHON = {
    "invalid literal for int()": "a whole number is expected",
    "could not convert string to float": "a number is expected",
}


def _reason(reason: str | None, node: etree._Element) -> str:
    text = (reason or "against the schema").strip().rstrip(".")
    # Python refuses to convert longer digits, and its words, which xmlschema passes on, advise a programmer.
    if "set_int_max_str_digits" in text:
        text = f"a number of at most {sys.get_int_max_str_digits():,} digits is expected"
    value = node.text
    for words, expected in _OF_PYTHON.items():
        if text.startswith(words):
            return f"{expected}; found {shown(value or '')}"
    if value and len(node) == 0 and value not in text:
        return f"{text}; found {shown(value)}"
    return text


def _numbered(path: str | None) -> str:
    """Rewrite libxml2's path as the hub prints paths: each step with its number, without namespaces."""
    # libxml2 numbers a step only where it has siblings of its name.
    steps = [step.rpartition(":")[2] for step in (path or "").split("/") if step]
    return "/" + "/".join(step if step.endswith("]") else f"{step}[1]" for step in steps)


class _Files(etree.Resolver):  # type: ignore[misc]  # lxml has no types
    """Gives libxml2 the files of one schema, and no other file."""

    def __init__(self, bodies: Mapping[str, bytes]) -> None:
        self.bodies = bodies

    def resolve(self, system_url: str, public_id: str, context: object) -> object:
        path = unquote(system_url.removeprefix(ADDRESS))
        body = self.bodies.get(path)
        # Without this, libxml2 would look on the disk or the network for the file.
        if body is None:
            raise SchemaFileMissing(
                path=path, where=path, why="it is none of the schema's files", mend="name it in an include or an import"
            )
        return self.resolve_string(body, context, base_url=ADDRESS + path)


def _compiled(files: Mapping[str, SchemaFile], main: str) -> etree.XMLSchema:
    try:
        return _compiled_bodies({path: without_patterns(file) for path, file in files.items()}, main)
    except etree.XMLSchemaParseError as error:
        raise _faulty(_with_lines(files, main) or error, main, files) from error


def _with_lines(files: Mapping[str, SchemaFile], main: str) -> etree.XMLSchemaParseError | None:
    """Compile the files as they are for the right lines of an error: a file without patterns is written anew."""
    try:
        _compiled_bodies({path: file.body for path, file in files.items()}, main)
    except etree.XMLSchemaParseError as error:
        return error
    return None


def _compiled_bodies(bodies: Mapping[str, bytes], main: str) -> etree.XMLSchema:
    parser = etree.XMLParser(**parser_options(SCHEMA_FILES))
    parser.resolvers.add(_Files(bodies))
    return etree.XMLSchema(etree.fromstring(bodies[main], parser, base_url=ADDRESS + main))


def _faulty(error: etree.XMLSchemaParseError, main: str, files: Mapping[str, SchemaFile]) -> SchemaFaulty:
    first = next(iter(error.error_log), None)
    path = unquote((first.filename or main).removeprefix(ADDRESS)) if first is not None else main
    place = f"{path}:{first.line}" if first is not None else main
    why = (first.message if first is not None else str(error)).replace(ADDRESS, "")
    return SchemaFaulty(f"the schema '{main}' can't be compiled", where=place, why=why, mend=_mend(why, files))


def _mend(why: str, files: Mapping[str, SchemaFile]) -> str:
    """Propose the declared name that is nearest to a name which doesn't resolve."""
    unknown = re.search(r"QName value '(?:\{[^}]*\})?([^']*)' does not resolve", why)
    declared = [node.get("name", "") for file in files.values() for node in file.root]
    return (nearest(unknown[1], declared) if unknown else "") or SchemaFaulty.mend
