"""The files of a schema as the validators need them: a namespace in several files, and no patterns for libxml2.

Both validators read a namespace from the first file that is imported for it, and skip the others. So a file is added
that includes them all, and each import of the namespace names that file.

Spec: docs/design/integration.md, "Integration object definitions".
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from urllib.parse import quote

from lxml import etree

from schemas.schema_files import ADDRESS, XSD, SchemaFile, patterns_in, resolve

#: The beginning of the added files' names; no file of a schemas folder is called so.
_ADDED = ":joined-"


def joined(files: Mapping[str, SchemaFile], main: str) -> tuple[dict[str, SchemaFile], str]:
    """Add a file for each namespace that lies in several files.

    Args:
        files: the schema's files by path. Not changed.
        main: the path of the first file.

    Returns:
        The files, and the path of the first one: an added file where others have the first one's namespace.
    """
    places = {namespace: paths for namespace, paths in _places(files, main).items() if len(paths) > 1}
    added = {namespace: f"{_ADDED}{number}.xsd" for number, namespace in enumerate(places)}
    if not added:
        # Most schemas import one file for each namespace.
        return dict(files), main
    result = {path: _redirected(file, added) for path, file in files.items()}
    for namespace, path in added.items():
        # Copies of one file lie in several folders of some schema sets: one of them is enough.
        different = {files[each].body: each for each in reversed(places[namespace])}
        result[path] = _including(path, namespace, list(reversed(different.values())))
    return result, added.get(files[main].root.get("targetNamespace", ""), main)


def without_patterns(file: SchemaFile) -> bytes:
    """Write a schema file without its pattern facets, which libxml2 judges wrongly."""
    if not patterns_in(file.root):
        return file.body
    root = copy.deepcopy(file.root)
    for pattern in patterns_in(root):
        pattern.getparent().remove(pattern)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)  # type: ignore[no-any-return]


def _places(files: Mapping[str, SchemaFile], main: str) -> dict[str, list[str]]:
    """List the files that are imported for each namespace, *main* among them for its own."""
    places = {files[main].root.get("targetNamespace", ""): [main]}
    for file in files.values():
        for node in file.root.iter(XSD + "import"):
            if not node.get("schemaLocation"):
                continue
            path = resolve(file.path, node.get("schemaLocation"))
            paths = places.setdefault(node.get("namespace", ""), [])
            if path not in paths:
                paths.append(path)
    return places


def _redirected(file: SchemaFile, added: Mapping[str, str]) -> SchemaFile:
    """Let the imports of a file name the added files."""
    if not any(node.get("namespace", "") in added for node in file.root.iter(XSD + "import")):
        return file
    root = copy.deepcopy(file.root)
    for node in root.iter(XSD + "import"):
        path = added.get(node.get("namespace", ""))
        if path is not None:
            node.set("schemaLocation", ADDRESS + quote(path))
    return SchemaFile(file.path, etree.tostring(root, encoding="UTF-8", xml_declaration=True), root)


def _including(path: str, namespace: str, paths: list[str]) -> SchemaFile:
    """Make the file that includes *paths*."""
    root = etree.Element(XSD + "schema", nsmap={"xs": XSD[1:-1]})
    if namespace:
        root.set("targetNamespace", namespace)
    for included in paths:
        etree.SubElement(root, XSD + "include", schemaLocation=ADDRESS + quote(included))
    return SchemaFile(path, etree.tostring(root, encoding="UTF-8", xml_declaration=True), root)
