"""A component of an external object: a component with the facts that only the wire needs.

`schemas.external_object` makes such components from an XSD.

Spec: docs/design/integration.md, "Integration object definitions: one source for everything".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from integration_objects.component import Component


@dataclass(eq=False)
class ExternalComponent(Component):
    """A component with the facts that only the wire needs.

    Attributes:
        ranks: the place of each field and child among its siblings, by name. The members of one repeated group share a
            rank, and the tree's order decides.
        collapsed: names of the fields whose surrounding blanks mean nothing; "" for the component's value.
        nillable: names of the fields that may be null with ``xsi:nil``.
        empty: the values that an empty element has by the schema, by the field's name; "" for the component's value.
        defaults: the values that absent attributes have by the schema, by the field's name; for each type that
            ``xsi:type`` may name, and under "" for the declared type.
    """

    ranks: dict[str, int] = field(default_factory=dict)
    collapsed: set[str] = field(default_factory=set)
    nillable: set[str] = field(default_factory=set)
    empty: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, dict[str, str]] = field(default_factory=dict)
