"""The place of a rule: in the source's definition, before any message, and in a message.

    Position     the component, and the position that ``..`` leads to
    Scope        the node, and the scope that ``..`` leads to; the scope at the top knows the circumstances

The two go hand in hand: a path is proven along positions, and walks along scopes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from integration_objects.definition import Component
from integration_objects.property_set import PropertySet
from maps.circumstances import NO_CIRCUMSTANCES, Circumstances
from maps.shape import Shape


@dataclass(eq=False)
class Position:
    """The place of a rule in the source's definition.

    Attributes:
        component: the source component of the node.
        above: the position that ``..`` leads to; None at the root.
        shape: the shape of the source.
        answered: the position at the root of the answered message; None for a map that reads none.
    """

    component: Component
    above: Position | None
    shape: Shape
    answered: Position | None = None

    def below(self, component: Component) -> Position:
        """Return the position at a child component of this one."""
        return Position(component, self, self.shape, self.answered)

    def beside(self, component: Component) -> Position:
        """Return the position at another component, beneath the same one."""
        return Position(component, self.above, self.shape, self.answered)


class Scope:
    """The place of a rule in a message: the node, and the scope that ``..`` leads to."""

    __slots__ = ("above", "node")

    #: The circumstances of a scope that no map has made, such as that of a route's key.
    circumstances: ClassVar[Circumstances] = NO_CIRCUMSTANCES

    def __init__(self, node: PropertySet, above: Scope | None) -> None:
        self.node = node
        self.above = above

    def beside(self, node: PropertySet) -> Scope:
        """Return the scope of another node, beneath the same one."""
        return Scope(node, self.above)

    def root(self) -> Scope:
        """Return the scope at the top, which knows the circumstances."""
        scope = self
        while scope.above is not None:
            scope = scope.above
        return scope


class RootScope(Scope):
    """The scope at the top of an application of a map."""

    __slots__ = ("circumstances",)

    circumstances: Circumstances  # type: ignore[misc]  # the slot of each root, in place of the class's default

    def __init__(self, node: PropertySet, circumstances: Circumstances) -> None:
        self.node = node
        self.above = None
        self.circumstances = circumstances

    def beside(self, node: PropertySet) -> Scope:
        """Return the scope of another node at the top."""
        return RootScope(node, self.circumstances)
