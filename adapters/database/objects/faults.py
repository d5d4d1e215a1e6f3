"""The errors of the object store, each named after its situation.

All are refusals, except JsonUnreadable. They are raised before anything is written, except AboveItself and
StillReferenced: the caller's savepoint takes back their writes.
"""

from __future__ import annotations

from integration_objects.errors import Misconfigured, Refused, UnknownName


class ObjectNotDeclared(UnknownName, Refused):
    """No integration object has this name."""

    kind = "integration object"
    otherwise = "mend the name, or declare the object"


class NotStored(Refused):
    """The integration object has no tables: it only travels."""

    what = "the integration object '{object}' isn't stored"
    why = "its header has no table: it only travels"
    mend = "name an object that is stored"


class ComponentUnknown(UnknownName, Refused):
    """The tree or a question names a component that the definition doesn't have in this place."""

    kind = "component"
    what = "'{above}' holds no '{name}'"
    why = "it holds {names}"
    otherwise = "mend the component's name"


class FieldNotDeclared(UnknownName, Refused):
    """The component's definition has no such field."""

    kind = "field"
    what = "'{component}' has no field '{name}'"
    why = ""
    otherwise = "mend the field's name, or extend the object"


class FieldNotStored(Refused):
    """A question asks for a field that no column keeps."""

    what = "'{field}' isn't stored, so it can't be looked for"
    why = "the field has no column in {table}"
    mend = "look for one of {fields}"


class FieldInvalid(Refused):
    """A value is not of its field's type, is too long, or holds a character that no message can carry."""

    what = "'{field}' can't have this value"
    why = "{fault}"
    mend = "correct '{field}', or leave it out"


class FieldMissing(Refused):
    """A required field has no value."""

    what = "the required field '{field}' has no value"
    why = "expected a value, found {found}"
    mend = "give '{field}' a value"


class KeyNotWhole(Refused):
    """No key of the component has values for all of its fields, so that its row can't be found."""

    what = "no key of '{component}' is whole, so that its row can't be found"
    why = "{gaps}"
    mend = "give the fields of one key a value, or insert it"


class DuplicateInMessage(Refused):
    """Two components of one owner have the same key."""

    what = "two '{component}' have the same key: {key}"
    why = "the first is {first}"
    mend = "leave one of them out, or give it another key"


class RowNotFound(Refused):
    """The component that is to be updated or deleted isn't stored."""

    what = "there is no '{component}' to {operation}"
    why = "no row with {key}{beneath}"
    mend = "upsert it where it may be new, or mend the key"


class RowsAmbiguous(Refused):
    """More than one row has the key."""

    what = "more than one row of '{component}' has {key}"
    why = "the rows are {rows}"
    mend = "give the Row Id, or mend the rows"


class AlreadyThere(Refused):
    """The component that is to be inserted is stored already."""

    what = "'{component}' is there already"
    why = "row {row} has {key}"
    mend = "update or upsert it, or give it another key"


class BelongsElsewhere(Refused):
    """The row with the key is beneath another header or item."""

    what = "the row of '{component}' belongs to another owner"
    why = "{key} is in {column} {found}, not in {expected}"
    mend = "give it a key of its own, or the key of a row that belongs there"


class ReferenceUnknown(Refused):
    """A field names an instance of another object that isn't stored."""

    what = "'{field}' names the {object} '{value}', which isn't there"
    why = "no row of {table} has {column} '{value}'"
    mend = "load the {object} first, or mend '{field}'"


class ProfileAccountUnknown(ReferenceUnknown):
    """The account that a profile belongs to isn't stored."""

    what = "there is no {object} '{value}' that '{profile}' could belong to"
    why = "no row with {field} '{value}'"


class StillReferenced(Refused):
    """Rows of other objects refer to the instance that is to be deleted."""

    what = "'{component}' can't be deleted"
    why = "rows of other objects refer to it"
    mend = "delete those first, or set a status that ends it"


class AboveItself(Refused):
    """An instance's hierarchy leads back to the instance."""

    what = "the {component} '{key}' would be above itself"
    why = "'{field}' leads from {circle}"
    mend = "mend '{field}' of one of them"


class VersionConflict(Refused):
    """The instance has changed since the version that the message carries."""

    what = "'{component}' was changed by somebody else"
    why = "the message changes version {carried}, and {found}"
    mend = "read it again, and make the change on the state that is stored now"


class OperationUnknown(UnknownName, Refused):
    """The adapter has no such operation. It never takes another one instead."""

    kind = "operation"
    what = "'{component}' has no operation '{name}'"
    why = "expected one of {names}"
    otherwise = "name the operation"


class OperationRefused(Refused):
    """The operation isn't possible on this object or in this place."""


class JsonUnreadable(Misconfigured):
    """A JSON column holds a text that the hub doesn't write."""

    what = "the rows of '{component}' can't be read"
    where = "{table}.{column}"
    why = "expected a list of objects, found {found}"
    mend = "mend the column by hand: only the hub may write it"
