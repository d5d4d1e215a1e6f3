"""What the object store refuses, each error named after its situation.

    of Refused
        ComponentUnknown, FieldUnknown, FieldNotStored     the tree holds what the definition doesn't
        FieldInvalid, FieldMissing                         a value is none of its field; a required one is missing
        KeyMissing, DuplicateInMessage                     a node can't be told from the others
        RowNotFound, RowsAmbiguous, AlreadyThere           none, several, or one too many with its key
        BelongsElsewhere                                   the row found is beneath another header
        ReferenceUnknown                                   a value that must be found elsewhere is not
            AccountUnknown, ProductUnknown
        StillReferenced                                    what was to be deleted is referred to
        AboveItself                                        a hierarchy would lead back to where it began
        VersionConflict, VersionMissing                    somebody changed the instance since it was read
        OperationUnknown, OperationRefused                 no operation at all, or not here

What is raised is raised before anything is written, but for AboveItself and the driver's ConstraintRace; the caller's
savepoint takes back the rest.
"""

from __future__ import annotations

from integration_objects.errors import Refused


class ComponentUnknown(Refused):
    """The tree holds a component that the definition doesn't have there."""


class FieldUnknown(Refused):
    """A field isn't in the component's definition."""


class FieldNotStored(Refused):
    """A field that no column keeps can't be looked for."""


class FieldInvalid(Refused):
    """A value is none of its field's type, is too long, or holds what no message can carry."""


class FieldMissing(Refused):
    """A required field has no value."""


class KeyMissing(Refused):
    """No key of the component is whole, so that its row can't be found."""


class DuplicateInMessage(Refused):
    """Two components of one owner have the same key."""


class RowNotFound(Refused):
    """What is to be updated or deleted isn't there."""


class RowsAmbiguous(Refused):
    """More than one row has the key."""


class AlreadyThere(Refused):
    """What is to be inserted is there already."""


class BelongsElsewhere(Refused):
    """The row that the key leads to is beneath another header or item."""


class ReferenceUnknown(Refused):
    """A value that must be found elsewhere isn't there."""


class AccountUnknown(ReferenceUnknown):
    """There is no such account."""


class ProductUnknown(ReferenceUnknown):
    """There is no such product."""


class StillReferenced(Refused):
    """What is to be deleted is still referred to."""


class AboveItself(Refused):
    """An instance's hierarchy leads back to it."""


class VersionConflict(Refused):
    """Somebody changed the instance since the version that the message carries."""


class VersionMissing(Refused):
    """The message must carry the version that it changes, and doesn't."""


class OperationUnknown(Refused):
    """The operation is none of the adapter's: never a default instead of it."""


class OperationRefused(Refused):
    """The operation isn't possible on this object or in this place."""


#: The error for a reference to an object, where it has one of its own.
UNKNOWN: dict[str, type[ReferenceUnknown]] = {"Account": AccountUnknown, "Product": ProductUnknown}
