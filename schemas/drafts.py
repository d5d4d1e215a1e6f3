"""A first declaration of an external object, drafted from an XSD or a JSON Schema.

Spec: docs/design/integration.md, "Integration object definitions".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence

from integration_objects.component import words_in
from integration_objects.declaration import Source
from integration_objects.errors import Refused, UnknownName
from schemas.check import local_name, read_files
from schemas.external_object import read_external_objects
from schemas.layouts.declaration import read_layout_object
from schemas.schema_files import XSD, SchemaFile

#: Names that an error lists.
_LISTED = 12


class DraftedRootUnknown(UnknownName, Refused):
    """A command names a root that the schema doesn't declare."""

    kind = "global element"
    where = "{path}"


class RootUnclear(Refused):
    """A schema has several elements that may be the root of a message, or none."""

    what = "the root of the messages isn't clear"
    where = "{path}"
    why = "the schema's global elements are {names}"
    mend = "name the root: --root NAME"


class RootOfJson(Refused):
    """A command names a root in a JSON Schema, which has none."""

    what = "a JSON Schema has no root to name"
    where = "{path}"
    why = "it describes whole messages"
    mend = "leave --root out"


def draft_object(read_file: Callable[[str], bytes], path: str, root: str | None) -> str:
    """Draft the declaration of an external object, and prove it.

    Args:
        read_file: gives a schema file's bytes by its path in the schemas folder; KeyError, OSError for a missing one.
        path: the main schema file's path in the schemas folder.
        root: the messages' element in an XSD: a local name, or ``{namespace}name``; None for the only global element
            that no other refers to.

    Raises:
        DraftedRootUnknown, RootUnclear: the schema has no such element, or no single one.
        RootOfJson: a JSON Schema has no root.
        JsonSchemaFaulty, SchemaFileMissing, SchemaFaulty, PatternUnreadable, PatternTooLarge: with file and line.
    """
    if path.endswith(".json"):
        return _draft_json(read_file, path, root)
    files = read_files(read_file, path)
    name = _root(files[path], files.values(), root)
    text = f"external object: {_title(path, local_name(name))}\nschema: {_scalar(path)}\nroot: {_scalar(name)}\n"
    read_external_objects([Source("the draft", text)], read_file)
    return text


def _draft_json(read_file: Callable[[str], bytes], path: str, root: str | None) -> str:
    if root is not None:
        raise RootOfJson(path=path)
    title = _title(path, path.rpartition("/")[2].partition(".")[0])
    text = f"external object: {title}\nlayout:\n  json schema: {_scalar(path)}\n"
    read_layout_object(Source("the draft", text), read_file)
    return text


def _title(path: str, name: str) -> str:
    # Often a folder is named for its system: kiosk/order.xsd.
    folder = path.rpartition("/")[0].partition("/")[0]
    return " ".join(dict.fromkeys(word.capitalize() for word in words_in(f"{folder} {name}")))


def _root(main: SchemaFile, files: Iterable[SchemaFile], root: str | None) -> str:
    own = _global_elements(main)
    if root is None:
        referred = {_local(node.get("ref", "")) for file in files for node in file.root.iter(XSD + "element")}
        free = [name for name in own if local_name(name) not in referred]
        if len(free) != 1:
            raise RootUnclear(path=main.path, names=_listed(free or own))
        return free[0]
    # Files that are included may declare the root, too.
    known = dict.fromkeys([*own, *(name for file in files for name in _global_elements(file))])
    found = [name for name in known if root in (name, local_name(name))]
    if not found:
        why = f"the schema's global elements are {_listed(own)}"
        raise DraftedRootUnknown(root, [local_name(name) for name in known], path=main.path, why=why)
    return found[0]


def _listed(names: Sequence[str]) -> str:
    """List names for an error; a schema such as UBL's declares thousands."""
    shown = ", ".join(local_name(name) for name in names[:_LISTED]) or "none"
    return shown if len(names) <= _LISTED else f"{shown} and {len(names) - _LISTED} more"


def _global_elements(file: SchemaFile) -> list[str]:
    namespace = file.root.get("targetNamespace")
    prefix = f"{{{namespace}}}" if namespace else ""
    return [prefix + node.get("name", "") for node in file.root.findall(XSD + "element")]


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _scalar(text: str) -> str:
    """Write a text in YAML, in quotes where it needs them."""
    return text if re.fullmatch("[A-Za-z][A-Za-z0-9_./-]*", text) else json.dumps(text, ensure_ascii=False)
