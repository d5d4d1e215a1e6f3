"""Declarations of layouts: YAML files in the schemas folder. A key of `layout` tells the kind.

    copybook       records of fixed width
    delimiter      CSV
    json schema    JSON, a message by itself
    json lines     JSON, a record in each line

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integration_objects.declaration import Parts, Source, read
from schemas.external_component import ExternalObject
from schemas.layouts.csv_declaration import read_csv_layout
from schemas.layouts.fixed_declaration import read_fixed_layout
from schemas.layouts.layout import Layout
from schemas.layouts.record_object import RecordObject


def read_layout(source: Source, read_file: Callable[[str], bytes]) -> Layout[Any]:
    """Read the declaration of a layout of records with the files that it names, and prove it.

    Args:
        source: the declaration.
        read_file: gives a file's bytes by its path in the schemas folder; KeyError, OSError for a missing one.

    Raises:
        DeclarationFault, CopybookFaulty: with file and line.
    """
    return _layout(_parts(source), read_file)


def read_layout_object(source: Source, read_file: Callable[[str], bytes]) -> ExternalObject:
    """Read the declaration of a layout as the external object that it describes.

    Raises:
        DeclarationFault, CopybookFaulty, JsonSchemaFaulty: with file and line.
    """
    parts = _parts(source)
    if "json schema" in parts["layout"].mapping():
        # Imported here: the library takes longer to load than a short command runs.
        from schemas.layouts.json_object import read_json_object

        return read_json_object(parts, read_file)
    layout = _layout(parts, read_file)
    return RecordObject(layout.name, layout.definition(), layout.where, layout)


def _parts(source: Source) -> Parts:
    return read(source).mapping(required=["external object", "layout"], optional=["records", "help"])


def _layout(parts: Parts, read_file: Callable[[str], bytes]) -> Layout[Any]:
    kind = parts["layout"].mapping()
    if "delimiter" in kind:
        return read_csv_layout(parts)
    if "copybook" in kind:
        return read_fixed_layout(parts, read_file)
    if "json lines" in kind:
        # Imported here, as above.
        from schemas.layouts.json_lines import read_json_lines

        return read_json_lines(parts, read_file)
    raise parts["layout"].fault(
        "nothing tells the kind of the layout",
        "'copybook' stands for records of fixed width, 'delimiter' for CSV, 'json schema' for JSON, 'json lines' for a "
        "file of JSON",
        mend="add one of these keys",
    )
