"""The model that xmlschema makes of an XSD, read from bytes in memory and from nowhere else.

Spec: docs/design/guarantees.md, "XML in"; docs/design/integration.md, "Integration object definitions".
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.error import URLError
from urllib.parse import unquote
from urllib.request import OpenerDirector

import xmlschema
from lxml import etree
from xmlschema.validators import XsdFacet, XsdPatternFacets

from schemas.matcher import Test
from schemas.pattern import compiled
from schemas.schema_files import ADDRESS, SchemaFaulty


class _Pattern:
    """A pattern as xmlschema asks for it."""

    def __init__(self, fits: Test) -> None:
        self._fits = fits

    def match(self, text: str) -> bool | None:
        # xmlschema expects a match object or None, and asks only which of the two came.
        return self._fits(text) or None


class _Files(OpenerDirector):
    """Opens the files of one schema only: xmlschema has no other way to the outside."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__()
        self._files = files

    def open(self, fullurl: Any, data: Any = None, timeout: Any = None) -> Any:
        path = unquote(str(fullurl).removeprefix(ADDRESS))
        if path not in self._files:
            raise URLError(f"'{path}' is none of the schema's files")
        return io.BytesIO(self._files[path])


def read_model(files: Mapping[str, bytes], main: str) -> Any:
    """Build xmlschema's model of the schema *main*.

    Args:
        files: the schema's files by path, as `schemas.schema_files.collect` found them.
        main: the path of the main file.

    Returns:
        An ``xmlschema.XMLSchema10``.

    Raises:
        SchemaFaulty: xmlschema can't build the model; its warnings are errors here.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", xmlschema.XMLSchemaImportWarning)
        warnings.simplefilter("error", xmlschema.XMLSchemaIncludeWarning)
        try:
            # Without its fallback, xmlschema takes no well-known schema from its own package.
            schema = xmlschema.XMLSchema10(
                ADDRESS + main, allow="all", opener=_Files(files), use_fallback=False, use_cache=False
            )
        except (xmlschema.XMLSchemaException, Warning) as error:
            raise SchemaFaulty(f"the schema '{main}' can't be read", where=main, why=str(error)) from error
    # xmlschema tries patterns with Python's re, which takes exponential time for some of them.
    for facet in schema.maps.iter_components(XsdFacet):
        if isinstance(facet, XsdPatternFacets):
            facet.patterns = [_Pattern(compiled(pattern)) for pattern in facet.regexps]  # type: ignore[misc]
    return schema


def findings(model: Any, element: etree._Element, last: int | None) -> Iterator[tuple[etree._Element, str | None]]:
    """Yield the nodes of a document that don't fit *model*, with the reasons, up to the line *last*; None for all."""

    def stop_behind(node: etree._Element, _: Any) -> bool:
        if last is not None and node.sourceline > last:
            raise xmlschema.XMLSchemaStopValidation
        return False

    for error in model.iter_errors(element, validation_hook=stop_behind):
        yield error.elem if isinstance(error.elem, etree._Element) else element, error.reason
