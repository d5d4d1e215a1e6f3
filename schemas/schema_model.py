"""The model that xmlschema makes of an XSD, read from bytes in memory and from nowhere else.

Spec: docs/design/guarantees.md, "XML in"; docs/design/integration.md, "Integration object definitions".
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import Any
from urllib.error import URLError
from urllib.parse import unquote
from urllib.request import OpenerDirector

import xmlschema

from schemas.schema_files import ADDRESS, SchemaFaulty


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
            return xmlschema.XMLSchema10(
                ADDRESS + main, allow="all", opener=_Files(files), use_fallback=False, use_cache=False
            )
        except (xmlschema.XMLSchemaException, Warning) as error:
            raise SchemaFaulty(f"the schema '{main}' can't be read", where=main, why=str(error)) from error
