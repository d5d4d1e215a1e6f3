"""Declarations of layouts: YAML files in the schemas folder. A key of `layout` tells the kind.

    copybook     records of fixed width
    delimiter    CSV

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integration_objects.declaration import Source, read
from schemas.layouts.csv_declaration import read_csv_layout
from schemas.layouts.fixed_declaration import read_fixed_layout
from schemas.layouts.layout import Layout
from schemas.layouts.record_object import RecordObject


def read_layout(source: Source, read_file: Callable[[str], bytes]) -> Layout[Any]:
    """Read the declaration of a layout with the files that it names, and prove it.

    Args:
        source: the declaration.
        read_file: gives a file's bytes by its path in the schemas folder; KeyError, OSError for a missing one.

    Raises:
        DeclarationFault, CopybookFaulty: with file and line.
    """
    parts = read(source).mapping(required=["external object", "layout"], optional=["records", "help"])
    kind = parts["layout"].mapping()
    if "delimiter" in kind:
        return read_csv_layout(parts)
    if "copybook" in kind:
        return read_fixed_layout(parts, read_file)
    raise parts["layout"].fault(
        "nothing tells the kind of the layout",
        "'copybook' stands for records of fixed width, 'delimiter' for CSV",
        mend="add one of these keys",
    )


def read_record_object(source: Source, read_file: Callable[[str], bytes]) -> RecordObject:
    """Read the declaration of a layout as the external object that it describes; for its errors see `read_layout`."""
    layout = read_layout(source, read_file)
    return RecordObject(layout.name, layout.definition(), layout.where, layout)
