"""The one tree of the hub.

    PropertySet
      type        the kind of node: "Message", "ListOf OM Order", "Line Item", ... ; "" at the root
      value       the node's own text; "" for all nodes of internal objects
      properties  name -> text or None, in the order in which they were set
      children    property sets, in order
      origin      the line, or the record, of the source that the node came from, or None; not compared

The integration object's definition, not the tree, tells whether a text is a number, a date or a flag.
Nothing here recurses: a tree may be 50,000 levels deep.

Source: "q. Create Empty Complex Object Method" (the printed notation).
"""

from __future__ import annotations

from collections.abc import Iterator

_NEW = object.__new__


class RecordNumber(int):
    """The number of a record as the origin of a node, where the source has records in place of lines."""


def origin_text(origin: int) -> str:
    """Write an origin for people.

    >>> origin_text(5), origin_text(RecordNumber(2))
    ('line 5', 'record 2')
    """
    return f"{'record' if isinstance(origin, RecordNumber) else 'line'} {origin}"


class PropertySet:
    """A node of the tree: type, value, ordered properties (text or None), ordered children.

    >>> colour = PropertySet("Attribute", properties={"Name": "Colour", "Text Value": None})
    >>> print(PropertySet("ListOf Attribute", children=[colour]))
    PropertySet@/ p#0 c#1 type="ListOf Attribute" value=""
    {
      c[0] PropertySet@/Attribute[1] p#2 c#0 type="Attribute" value=""
      {
        p["Name"] = "Colour";
        p["Text Value"] = null;
      }
    }
    """

    __slots__ = ("children", "origin", "properties", "type", "value")

    def __init__(
        self,
        type: str = "",
        value: str = "",
        properties: dict[str, str | None] | None = None,
        children: list[PropertySet] | None = None,
        origin: int | None = None,
    ) -> None:
        self.type = type
        self.value = value
        self.properties: dict[str, str | None] = {} if properties is None else properties
        self.children: list[PropertySet] = [] if children is None else children
        self.origin = origin

    def get(self, name: str) -> str | None:
        """Return the property's text; None where it is null or not carried."""
        return self.properties.get(name)

    def child(self, type: str) -> PropertySet | None:
        """Return the first child of this type, or None."""
        for node in self.children:
            if node.type == type:
                return node
        return None

    def walk(self) -> Iterator[PropertySet]:
        """Yield this node and all nodes beneath it, parents before children, in order."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            # Reversed, because a stack gives its last entry first.
            stack.extend(reversed(node.children))

    def copy(self) -> PropertySet:
        """Copy the node with all nodes beneath it, origins included."""
        result = self.copy_node()
        stack = [(self, result)]
        while stack:
            source, target = stack.pop()
            for node in source.children:
                twin = node.copy_node()
                target.children.append(twin)
                if node.children:
                    stack.append((node, twin))
        return result

    def copy_node(self) -> PropertySet:
        """Copy this node alone, without its children."""
        # Methods copy millions of nodes: setting the slots takes two thirds of what the constructor does.
        twin: PropertySet = _NEW(PropertySet)
        twin.type = self.type
        twin.value = self.value
        twin.properties = self.properties.copy()
        twin.children = []
        twin.origin = self.origin
        return twin

    def __eq__(self, other: object) -> bool:
        """Compare type, value, properties (in any order) and children (in this order)."""
        if not isinstance(other, PropertySet):
            return NotImplemented
        # Without the origin: a tree that a map has made equals the same tree, read from a file.
        stack = [(self, other)]
        while stack:
            left, right = stack.pop()
            if left is right:
                continue
            if (
                left.type != right.type
                or left.value != right.value
                or left.properties != right.properties
                or len(left.children) != len(right.children)
            ):
                return False
            stack.extend(zip(left.children, right.children, strict=True))
        return True

    __hash__ = None  # type: ignore[assignment]  # a tree can be changed, so it is no key

    def __repr__(self) -> str:
        return f"<PropertySet {self.type!r} p#{len(self.properties)} c#{len(self.children)}>"

    def __str__(self) -> str:
        return "\n".join(_dump(self))


def _dump(root: PropertySet) -> Iterator[str]:
    """Yield the lines of the source's notation, with the node's path in place of a memory address."""
    # An entry is a node still to be opened, or the text of a line that closes one.
    stack: list[tuple[PropertySet, str, str, str] | str] = [(root, "/", "", "")]
    while stack:
        entry = stack.pop()
        if isinstance(entry, str):
            yield entry
            continue
        node, path, label, indent = entry
        yield (
            f"{indent}{label}PropertySet@{path} p#{len(node.properties)} c#{len(node.children)} "
            f"type={_quoted(node.type)} value={_quoted(node.value)}"
        )
        yield indent + "{"
        for name, text in node.properties.items():
            yield f"{indent}  p[{_quoted(name)}] = {'null' if text is None else _quoted(text)};"
        stack.append(indent + "}")
        seen: dict[str, int] = {}
        below: list[tuple[PropertySet, str, str, str] | str] = []
        for number, child in enumerate(node.children):
            seen[child.type] = seen.get(child.type, 0) + 1
            step = f"{path.rstrip('/')}/{child.type}[{seen[child.type]}]"
            below.append((child, step, f"c[{number}] ", indent + "  "))
        stack.extend(reversed(below))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
