"""Save Object, Get Object, Reset: objects by key, private to one workflow run.

Source: "j. Save Object Method", "k. Get Object Method", "l. Reset Method"; spec: docs/design/methods.md, "The small
ones".
"""

from __future__ import annotations

from integration_objects.errors import Misconfigured, UnknownName
from integration_objects.property_set import PropertySet


class ObjectNotSaved(UnknownName, Misconfigured):
    """A workflow gets an object that it hasn't saved since the last reset."""

    kind = "saved object"
    where = "the workflow run's saved objects"
    otherwise = "save the object before, under the same key"


class ObjectMemory:
    """A map of objects by key; every run has its own.

    >>> memory = ObjectMemory()
    >>> memory.save("delta", PropertySet("Message"))
    >>> memory.get("delta")
    <PropertySet 'Message' p#0 c#0>
    """

    def __init__(self) -> None:
        self._saved: dict[str, PropertySet] = {}

    def save(self, key: str, object: PropertySet) -> None:
        """Save a copy of *object* under *key*, in place of the one that was there."""
        self._saved[key] = object.copy()

    def get(self, key: str) -> PropertySet:
        """Return a copy of the object that was saved under *key*.

        Raises:
            ObjectNotSaved: nothing was saved under this key since the last reset.
        """
        if key not in self._saved:
            raise ObjectNotSaved(key, self._saved)
        return self._saved[key].copy()

    def reset(self) -> None:
        """Forget all saved objects."""
        self._saved.clear()
