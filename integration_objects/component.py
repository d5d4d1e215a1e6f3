"""The parts of an integration object: components with fields, keys and a place in the database.

    IntegrationObject          "OM Order"; its root component is the instance's header
      Component                "Order" > "Line Item" > "Attribute", "Line Item" (a component may hold itself)
        Field                  "Quantity": type, length, column, ...

`definition` reads them from YAML; other modules import them from there.

Source: "Application integration services", figure 4B; spec: docs/design/integration.md, docs/design/data-model.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

FieldType = Literal["text", "number", "date", "flag"]

#: capitals that stand together, a word with or without a capital, digits, a word of another script
_WORD = "[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\\W\\d_]+"


@dataclass(frozen=True)
class Field:
    """One field of a component.

    Attributes:
        name: the name of the property in the tree; the name of an external XML attribute begins with ``@``.
        type: text; number (decimal, 15 digits before and 7 after the point); date (ISO date or date-time);
            flag (Y, N).
        length: the largest number of characters of a text; None for no bound.
        required: an instance without a value for it is refused when it is stored, and a map must fill it.
        column: the table's column; None where the field isn't stored.
        default: the text that is stored where a value is null or absent; None for a column that may be null.
        null_reads_as: the text that a null or absent value in a tree stands for, the default among them; None for null
            itself.
        values: the allowed values; none for no restriction.
        references: the ``Object.Field`` that must have the value when the field is stored; None for none.
        hierarchy: whether the field names, by its key, the instance of the same object above this one. The instance
            above may come later; no instance may be above itself.
        tag: the XML name of an external field, ``{namespace}local``; "" for internal ones, whose element name
            is the field's name without spaces.
        help: a sentence for the documentation.
        where: file:line:column of the declaration.
    """

    name: str
    type: FieldType = "text"
    length: int | None = None
    required: bool = False
    column: str | None = None
    default: str | None = None
    null_reads_as: str | None = None
    values: tuple[str, ...] = ()
    references: str | None = None
    hierarchy: bool = False
    tag: str = ""
    help: str = ""
    where: str = ""


@dataclass(frozen=True)
class ActionAlias:
    """Another name that Delta shows for an action code.

    Attributes:
        code: the action code; Delta doesn't change it.
        alias: the text for the field Action Alias.
        condition: an expression that may read old values as ``[Old <field>]``; "" for always.
        where: file:line:column of the declaration.
        condition_where: file:line:column of the condition; "" where there is none.
    """

    code: str
    alias: str
    condition: str = ""
    where: str = ""
    condition_where: str = field(default="", compare=False)


# Equal by identity only: a component may hold itself, so that a comparison of all its parts would never end.
@dataclass(eq=False)
class Component:
    """One kind of node in an object's tree.

    Attributes:
        name: the node's type.
        fields: the fields by name, in the order of the declaration.
        children: the child components by name, in the order of the declaration; the component itself may be one.
        occurs: the least and the largest number of each child, by its name; None for no bound.
        keys: the user keys in the order in which they are tried; each a tuple of field names.
        table: the table; "" for none (then `row_of` may name the object whose row the component is). For a component
            that is kept as JSON, the view that shows it as a table.
        json_column: the column of the owner's row that keeps the component as JSON; None where *table* is a table.
        parent_column: the column with the row id of the parent component of the same table; None for none.
        owner_column: the column with the row's owner: the row id of the nearest component above that has
            another table (a line item's header, an attribute's line item); the key of the header, where the owner is
            `row_of`; None in a header.
        compared: the names of the fields that Delta compares.
        cleared: the names of the fields that Explode clears in copies.
        not_applied: the names of the fields that Apply doesn't copy.
        complete_statuses: the statuses that Update Order Status counts as processed, besides ``-`` and none.
        triggers: the names of the fields whose change makes Field Delta act; the compared fields, where empty.
        trigger_field: the field that Field Delta sets, by the rules of action codes.
        trigger_value: the value that Field Delta sets.
        trigger_condition: an expression that must be true for Field Delta to act; "" for none.
        trigger_where: file:line:column of each of these three settings that is declared, by its key.
        aliases: the texts for the field Action Alias; Delta writes the first whose condition is true.
        old_values: the names of the fields whose old value Delta writes into the field ``Old <field>``.
        text: the type of the node's own value (external components with simple content); None for no value.
        tag: the XML name of an external component, ``{namespace}local``.
        where: file:line:column of the declaration.
        stored_where: file:line:column of the place in the declaration that names the table or column.
    """

    name: str
    fields: dict[str, Field] = field(default_factory=dict)
    children: dict[str, Component] = field(default_factory=dict)
    occurs: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    keys: tuple[tuple[str, ...], ...] = ()
    table: str = ""
    parent_column: str | None = None
    owner_column: str | None = None
    json_column: str | None = None
    compared: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    not_applied: tuple[str, ...] = ()
    complete_statuses: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    trigger_field: str = "Action Code"
    trigger_value: str = "Update"
    trigger_condition: str = ""
    trigger_where: dict[str, str] = field(default_factory=dict)
    aliases: tuple[ActionAlias, ...] = ()
    old_values: tuple[str, ...] = ()
    text: FieldType | None = None
    tag: str = ""
    where: str = ""
    stored_where: str = ""


@dataclass(eq=False)
class IntegrationObject:
    """A named tree of components.

    Attributes:
        name: "OM Order", "Mainframe Order".
        root: the header's component.
        external: whether it is an external system's (direct children) or the hub's own (``ListOf`` nodes).
        row_of: the object and field whose row the header is, as ("Account", "Account Id") for OM Asset; else None.
        help: a sentence for the documentation.
        where: the declaration's file.
    """

    name: str
    root: Component
    external: bool = False
    row_of: tuple[str, str] | None = None
    help: str = ""
    where: str = ""

    def components(self) -> Iterator[Component]:
        """Yield every component once, the header first."""
        seen: set[int] = set()
        stack = [self.root]
        while stack:
            component = stack.pop()
            # A nested component is its own child.
            if id(component) in seen:
                continue
            seen.add(id(component))
            yield component
            stack.extend(reversed(component.children.values()))


Definitions = Mapping[str, IntegrationObject]


def element_name(name: str) -> str:
    """Return the XML name of an internal field or component: its name without spaces.

    >>> element_name("Effective Start Date")
    'EffectiveStartDate'
    """
    return name.replace(" ", "")


def words_in(name: str) -> list[str]:
    """Split a name, in whatever way it joins its words.

    >>> words_in("@partnerReference"), words_in("CUST-NO"), words_in("OMReply 2")
    (['partner', 'Reference'], ['CUST', 'NO'], ['OM', 'Reply', '2'])
    """
    # Compiled by the first call, and kept by `re`: most commands draft nothing.
    return re.findall(_WORD, name)


def snake_case(name: str) -> str:
    """Return the column of a field whose declaration names none.

    >>> snake_case("Track As Asset")
    'track_as_asset'
    """
    return name.lower().replace(" ", "_").replace("-", "_")
