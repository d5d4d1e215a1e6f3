"""What a data map may refuse about a message.

All of them name the map with its version, the component and field, the place in the message, and the reason.

    MapFailed             a map can't make its result from this message
        FieldUnfilled     a required field got null
        ValueUnfit        a value doesn't fit the field that it is for
        NotInLookup       a code isn't in its look-up table
        ExpressionFailed  an expression couldn't be evaluated
        AssertionFailed   an assertion of the map isn't so
        KeyMissing        a flat row has no key
        KeyTwice          two flat rows have one key
        ParentMissing     a flat row's parent isn't there
        OwnAncestor       a flat row is its own ancestor
        TooMany           several nodes where the target takes one
        NothingMade       no node where the target needs one
        WrongSource       the message carries another object than the map reads
"""

from __future__ import annotations

from integration_objects.errors import Refused


class MapFailed(Refused):
    """A data map can't make its result from this message."""


class FieldUnfilled(MapFailed):
    """A required field of the target got null."""


class ValueUnfit(MapFailed):
    """A value doesn't fit the target's field."""


class NotInLookup(MapFailed):
    """A code isn't in its look-up table, and there is no default."""


class ExpressionFailed(MapFailed):
    """An expression couldn't be evaluated on this message."""


class AssertionFailed(MapFailed):
    """An assertion of the map isn't so."""


class KeyMissing(MapFailed):
    """A row of a flat list has no key."""


class KeyTwice(MapFailed):
    """Two rows of a flat list have one key."""


class ParentMissing(MapFailed):
    """A row of a flat list names a parent that isn't in the list."""


class OwnAncestor(MapFailed):
    """A row of a flat list is its own ancestor."""


class TooMany(MapFailed):
    """Several source nodes, where the target takes one component."""


class NothingMade(MapFailed):
    """No source node was left, where the target needs one component."""


class WrongSource(MapFailed):
    """The message carries another object than the map reads."""
