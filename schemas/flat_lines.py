"""The flat form of nested lines: a list in which each line names its parent.

    nested                                   flat
      A1                                       A1
        A2                                     A2   Parent Item Id: A1
          A3                                   A3   Parent Item Id: A2

A line names its parent by the parent's Row Id, or by its Integration Id if it has no Row Id.

Source: "b. Delta Method" and its kin read such rows; spec: docs/design/integration.md, "Property sets and the hub's own
XML", docs/design/methods.md, "Settled points", Objects.
"""

from __future__ import annotations

from integration_objects.complex_object import list_of
from integration_objects.component import Component
from integration_objects.errors import Invalid, Refused
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet, origin_text

PARENT = "Parent Item Id"
#: Levels of lines that are written nested. A level takes two of the 256 levels of elements that parsers read.
MAX_NESTED_LEVELS = 100

_ROW_ID = "Row Id"


class ParentsBroken(Invalid):
    """Flat lines name parents that are missing, are there twice, or are their own descendants."""


class LinesTooDeep(Refused):
    """Lines are too deep to be written nested, and lack identities for the flat form."""

    what = "'{component}' is nested deeper than {most}, and can't be written flat"
    why = "the identity '{identity}' of a parent names {number} lines"
    mend = "give each line an Integration Id of its own"


def can_be_flat(component: Component) -> bool:
    """Tell whether the component may be written flat: it holds its own kind, and has the field that names a parent."""
    return component.name in component.children and PARENT in component.fields


def is_deep(siblings: PropertySet, component: Component) -> bool:
    """Tell whether the components of the list are nested too deep to be written nested."""
    if not can_be_flat(component):
        return False
    # Level by level without recursion: a stack of Python is shorter than a tree may be deep.
    level = [siblings]
    for _ in range(MAX_NESTED_LEVELS):
        level = [
            below
            for parent in level
            for node in parent.children
            for below in node.children
            if below.type == siblings.type and below.children
        ]
        if not level:
            return False
    return True


def flat_rows(siblings: PropertySet, component: Component) -> list[tuple[PropertySet, str | None]]:
    """List the nested lines, parents before children, each with the identity of its parent.

    Raises:
        LinesTooDeep: a parent has neither Row Id nor Integration Id, or shares it with another line.
    """
    rows: list[tuple[PropertySet, PropertySet | None]] = []
    # Parents before children, as people read them; `assemble` takes any order.
    stack: list[tuple[PropertySet, PropertySet | None]] = [(node, None) for node in reversed(siblings.children)]
    while stack:
        row = stack.pop()
        rows.append(row)
        below = row[0].child(siblings.type)
        if below is not None:
            stack.extend((node, row[0]) for node in reversed(below.children))
    owners: dict[str, int] = {}
    for node, _ in rows:
        identity = node.get(_ROW_ID) or node.get(KEY)
        if identity:
            owners[identity] = owners.get(identity, 0) + 1
    result: list[tuple[PropertySet, str | None]] = []
    for node, parent in rows:
        identity = None if parent is None else parent.get(_ROW_ID) or parent.get(KEY) or ""
        if identity is not None and owners.get(identity) != 1:
            raise LinesTooDeep(
                component=component.name,
                most=MAX_NESTED_LEVELS,
                identity=identity,
                number=owners.get(identity, 0),
                where=line_of(node),
            )
        result.append((node, identity))
    return result


def assemble(siblings: PropertySet, component: Component) -> None:
    """Put flat components beneath the parents that they name. Changes *siblings*.

    Raises:
        ParentsBroken: a parent is missing, ambiguous, or part of a circle.
    """
    flat = siblings.children
    if not any(node.properties.get(PARENT) for node in flat):
        return
    for row in flat:
        for nested in row.children:
            if nested.type == list_of(component.name) and nested.children:
                raise ParentsBroken(
                    f"{called(row)} is flat, and holds lines",
                    where=line_of(row),
                    why="lines are nested, or name their parents in ParentItemId, not both",
                    mend="take the ParentItemId away, or the lines within lines",
                )
    by_row, by_key = _parents(flat)
    parents: list[PropertySet | None] = []
    for node in flat:
        wanted = node.properties.pop(PARENT, None)
        parent = by_row.get(wanted, by_key.get(wanted)) if wanted else None
        if wanted and parent is None:
            raise ParentsBroken(
                f"the parent '{wanted}' of {called(node)} isn't in the list",
                where=line_of(node),
                why="ParentItemId is the parent's RowId, or its IntegrationId where it has no RowId",
                mend="name the RowId or IntegrationId of a line in the list",
            )
        parents.append(parent)
    # Before the lines are moved: a circle would be beneath no root, and be lost without a word.
    _refuse_circles(flat, parents)
    siblings.children = [node for node, parent in zip(flat, parents, strict=True) if parent is None]
    lists: dict[int, PropertySet] = {}
    for node, parent in zip(flat, parents, strict=True):
        if parent is None:
            continue
        below = lists.get(id(parent))
        if below is None:
            below = parent.child(siblings.type)
            if below is None:
                below = PropertySet(siblings.type, origin=parent.origin)
                parent.children.append(below)
            lists[id(parent)] = below
        below.children.append(node)


def _parents(flat: list[PropertySet]) -> tuple[dict[str | None, PropertySet], dict[str | None, PropertySet]]:
    """Index the lines by the identity that children name: Row Id, or Integration Id if there is no Row Id."""
    by_row: dict[str | None, PropertySet] = {}
    by_key: dict[str | None, PropertySet] = {}
    named = {node.properties.get(PARENT) for node in flat}
    for node in flat:
        row_id, key = node.properties.get(_ROW_ID), node.properties.get(KEY)
        index, identity, label = (by_row, row_id, "RowId") if row_id else (by_key, key, "IntegrationId")
        if not identity:
            continue
        # Two lines with one identity do no harm as long as no line names it.
        if identity in index and identity in named:
            raise ParentsBroken(
                f"two lines have the {label} '{identity}', which a line names as its parent",
                where=line_of(node),
                why=f"the first is {called(index[identity])}",
                mend=f"give each line a {label} of its own",
            )
        index[identity] = node
    return by_row, by_key


def _refuse_circles(flat: list[PropertySet], parents: list[PropertySet | None]) -> None:
    above = {id(node): parent for node, parent in zip(flat, parents, strict=True)}
    settled: set[int] = set()
    for start in flat:
        path: list[PropertySet] = []
        on_path: set[int] = set()
        node: PropertySet | None = start
        while node is not None and id(node) not in settled:
            if id(node) in on_path:
                circle = path[next(i for i, line in enumerate(path) if line is node) :]
                names = " > ".join(called(line) for line in [*circle[:10], node])
                raise ParentsBroken(
                    "the parents of the lines form a circle",
                    where=line_of(node),
                    why=names,
                    mend="let one of them name a line outside the circle, or no parent",
                )
            path.append(node)
            on_path.add(id(node))
            node = above[id(node)]
        # Each line is followed upwards once: the check takes linear time, however deep the tree is.
        settled |= on_path


def called(node: PropertySet) -> str:
    """Name the line for an error."""
    key = node.get(KEY) or node.get(_ROW_ID)
    return f"line '{key}'" if key else "a line without a key"


def line_of(node: PropertySet) -> str:
    """Write the node's line of the source for an error; "" where it isn't known."""
    return "" if node.origin is None else origin_text(node.origin)
