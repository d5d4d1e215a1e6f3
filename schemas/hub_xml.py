"""The hub's own XML, both ways: property sets of internal integration objects as ``Message`` documents.

    <Message MessageId="123" MessageType="Integration Object" IntObjectName="OM Quote"
             IntObjectFormat="Hierarchical">
      <ListOfOMQuote>
        <Quote>
          <QuoteNumber>Q-1</QuoteNumber>                         a field: the definition's name without spaces
          <ListOfLineItem>
            <LineItem>
              <IntegrationId>A1</IntegrationId>                  absent: not carried; xsi:nil: null; empty: ''
              <ListOfLineItem> ...                               lines nest, or are flat with ParentItemId

Reading a written tree gives an equal tree. No function recurses. Chains of more than 100 lines are written flat, since
parsers stop at 256 levels of elements.

Source: "q. Create Empty Complex Object Method"; spec: docs/design/integration.md, "Property sets and the hub's own
XML"; docs/design/methods.md, "Settled points".
"""

from __future__ import annotations

from integration_objects.complex_object import is_empty, object_name
from integration_objects.component import Definitions
from integration_objects.property_set import PropertySet
from schemas.check import Limits, parse
from schemas.hub_elements import (
    ElementMisplaced,
    ElementUnknown,
    Envelope,
    NotAMessage,
    NotWritable,
    ValueRefused,
)
from schemas.hub_reader import Watch, hub_from_element
from schemas.hub_writer import HubWriter

__all__ = [
    "ElementMisplaced",
    "ElementUnknown",
    "Envelope",
    "NotAMessage",
    "NotWritable",
    "ValueRefused",
    "hub_from_element",
    "hub_from_xml",
    "hub_to_xml",
]


def hub_from_xml(
    body: bytes,
    definitions: Definitions,
    limits: Limits = Limits(),  # noqa: B008  # frozen
    lines: bool = True,
    watch: Watch | None = None,
) -> PropertySet:
    """Read a message of the hub's own.

    Args:
        body: the document; its root is ``Message`` or ``SiebelMessage``.
        definitions: the integration objects, by name.
        limits: the limits of the route or command that the document came by.
        lines: whether each node keeps its line of the document, which errors name.
        watch: is called with each component as soon as it has its fields; it may refuse the message.

    Returns:
        The message's tree, or an empty complex object. Flat lines are assembled, without their ``Parent Item Id``.

    Raises:
        Invalid: over a limit, not well-formed, no message, an unknown element, a value that the field refuses, flat
            lines with broken parents.
    """
    return hub_from_element(parse(body, limits), definitions, lines, watch)


def hub_to_xml(tree: PropertySet, definitions: Definitions, envelope: Envelope = "Message") -> bytes:
    """Write a message as the hub's own XML, in UTF-8.

    Args:
        tree: a message's tree, or an empty complex object. Not changed.
        definitions: the integration objects, by name.
        envelope: the root element; older systems expect ``SiebelMessage``.

    Raises:
        NotWritable: a property or child without a place in the definition, a character that XML can't carry, or
            lines that are too deep to nest and lack keys for the flat form.
    """
    writer = HubWriter(envelope)
    # An empty object of no kind has no definition to be written by.
    if is_empty(tree):
        writer.empty(object_name(tree))
    else:
        writer.message(tree, definitions)
    return writer.document()
