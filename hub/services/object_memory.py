"""Save Object, Get Object, Reset: objects by key, private to one workflow run.

Source: "j. Save Object Method", "k. Get Object Method", "l. Reset Method"; spec: docs/design/methods.md, "The small
ones".
"""

from __future__ import annotations

from integration_objects.errors import Misconfigured
from integration_objects.property_set import PropertySet


class ObjectNotSaved(Misconfigured):
    """A workflow gets an object that it hasn't saved."""


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
        """Save a copy of *object* under *key*, in place of what was there.

        Source: "j. Save Object Method".
        """
        self._saved[key] = object.copy()

    def get(self, key: str) -> PropertySet:
        """Return a copy of the object that was saved under *key*.

        Raises:
            ObjectNotSaved: nothing was saved under this key since the last reset.

        Source: "k. Get Object Method".
        """
        try:
            return self._saved[key].copy()
        except KeyError:
            saved = ", ".join(f"'{name}'" for name in sorted(self._saved))
            raise ObjectNotSaved(
                f"Get Object doesn't find the object '{key}'",
                where="the workflow run's saved objects",
                why=f"saved are {saved}" if saved else "nothing is saved",
                mend="save the object before, under the same key",
            ) from None

    def reset(self) -> None:
        """Forget all saved objects.

        Source: "l. Reset Method".
        """
        self._saved.clear()
