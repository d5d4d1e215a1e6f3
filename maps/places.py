"""The places of values in the source of a map, for its errors and traces: a path and a line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from integration_objects.property_set import PropertySet, origin_text
from maps.circumstances import Circumstances
from maps.path import ANSWERED
from maps.shape import Shape, path_of, places


@dataclass(frozen=True, eq=False)
class Places:
    """The trees that a map reads.

    Attributes:
        tree: the source.
        shape: the source's shape.
        answered_shape: the shape of the answered message.
        circumstances: have the answered message, and know the lines of the source's fields.
        indexed: whether all paths are written at once: a trace asks for each node, an error for one.
    """

    tree: PropertySet
    shape: Shape
    answered_shape: Shape
    circumstances: Circumstances
    indexed: bool = False

    @cached_property
    def _paths(self) -> dict[int, str]:
        found = {}
        if self.circumstances.answered is not None:
            answered = places(self.circumstances.answered, self.answered_shape)
            found = {id(node): ANSWERED + path for node, path in answered}
        return found | {id(node): path for node, path in places(self.tree, self.shape)}

    def _path(self, node: PropertySet) -> str | None:
        if self.indexed:
            return self._paths.get(id(node))
        answered, path = self.circumstances.answered, path_of(node, self.tree, self.shape)
        if path is None and answered is not None:
            path = path_of(node, answered, self.answered_shape)
            return None if path is None else ANSWERED + path
        return path

    def find(self, node: PropertySet, field: str = "") -> tuple[str, int | None]:
        """Return the path of a node, or of a field of it, and the line."""
        step = f"/{field}" if field else ""
        path, line_of = self._path(node) or f"/{node.type}", self.circumstances.line_of
        # The lines of the answered message's fields are known to nobody.
        is_known = field and line_of is not None and not path.startswith(ANSWERED)
        line = line_of(path, field) if is_known and line_of is not None else None
        # An attribute stands in its element's line; so does, as far as is known, a field.
        return path + step, node.origin if line is None else line

    def text(self, node: PropertySet, field: str = "") -> str:
        """Write the place for an error: ``line 22, /ORDER[1]/LINE[2]/QTY``."""
        path, line = self.find(node, field)
        return path if line is None else f"{origin_text(line)}, {path}"
