"""The refusals of a data map.

Each of them names the map with its version, the component and field, the place in the message, and the reason.
`DataMap.apply` adds the place in the message, which only it can find.

    MapFailed             a map can't make its result from this message
        FieldUnfilled     a required field got null
        ValueUnfit        a value doesn't fit its field
        NotInLookup       a code isn't in its look-up table
        ExpressionFailed  an expression couldn't be evaluated
        AssertionFailed   an assertion of the map isn't true
        RowKeyMissing     a flat row has no key
        RowKeyTwice       two flat rows have one key
        ParentMissing     a flat row's parent isn't there
        OwnAncestor       a flat row is its own ancestor
        TooMany           several nodes where the target takes one
        NothingMade       no node where the target needs one
        WrongSource       the message carries another object than the map reads
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integration_objects.errors import Refused
from integration_objects.property_set import PropertySet

#: Writes the place of a node, or of a field of it, in the message.
PlaceOf = Callable[[PropertySet, str], str]


class MapFailed(Refused):
    """A data map can't make its result from this message.

    Attributes:
        node: the node of the source; None for the whole message.
        source_field: the field of the node that the failed rule reads; "" for the node's own text, or the whole node.
    """

    source_field = ""

    def __init__(self, what: str | None = None, *, node: PropertySet | None = None, **parts: Any) -> None:
        super().__init__(what, **parts)
        self.node = node

    def locate(self, place_of: PlaceOf, whole: PropertySet) -> None:
        """Add the place of the node, or of the *whole* message. Only the map's caller knows the whole tree."""
        self.where = f"{self.where}, {place_of(self.node or whole, self.source_field)}"


class FieldUnfilled(MapFailed):
    """A required field of the target got null."""

    what = "{map} cannot fill '{field}' of '{component}'"


class ValueUnfit(FieldUnfilled):
    """A value doesn't fit the target's field."""


class NotInLookup(FieldUnfilled):
    """A code isn't in its look-up table, and there is no default."""


class ExpressionFailed(FieldUnfilled):
    """An expression couldn't be evaluated on this message."""


class AssertionFailed(MapFailed):
    """An assertion of the map isn't true."""

    what = "{map} asserts of '{component}': {says}"
    why = "{expression} is FALSE{values}"
    mend = "correct the message"


class RowKeyMissing(MapFailed):
    """A row of a flat list has no key."""

    what = "{map} finds no key of '{component}'"
    why = "{expression} is {found}"
    mend = "give each row a key"


class RowKeyTwice(MapFailed):
    """Two rows of a flat list have one key."""

    what = "{map} finds the key {key} of '{component}' twice"
    why = "{expression} is {key}"
    mend = "give each row a key of its own"

    def locate(self, place_of: PlaceOf, whole: PropertySet) -> None:
        """Add the places of both rows."""
        super().locate(place_of, whole)
        # The class's template can't have the place of the first row: it is known only here.
        first = place_of(self.objects["first"], "")
        self.why += f" at {first} too"


class ParentMissing(MapFailed):
    """A row of a flat list names a parent that isn't in the list."""

    what = "{map} finds no parent of '{component}' {key}"
    why = "{expression} is {parent}, and {reason}"
    mend = "name a parent that is in the list, or none for a root"


class OwnAncestor(MapFailed):
    """A row of a flat list is its own ancestor."""

    what = "{map} finds '{component}' {key} above itself"
    why = "from row to parent it goes {circle}"
    mend = "let one of them name another parent, or none for a root"


class TooMany(MapFailed):
    """Several source nodes, where the target takes one component."""

    what = "{map} makes a second '{component}'"
    why = "the target takes one"
    mend = "let `where` leave one, or give `each` a number: A[1]"


class NothingMade(MapFailed):
    """No source node was left, where the target needs one component."""


class WrongSource(MapFailed):
    """The message carries another object than the map reads."""

    what = "{map} can't read this message"
    why = "expected '{expected}', found {found}"
    mend = "send the message to the route that reads its object"
