"""An external object: the messages of another system, whatever describes them, and the parts of their shape.

`schemas.external_object` makes such objects from XSDs, `schemas.layouts.record_object` from layouts.

Spec: docs/design/integration.md, "Integration object definitions: one source for everything".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from integration_objects.component import Component
from integration_objects.definition import IntegrationObject
from integration_objects.errors import Misconfigured
from integration_objects.property_set import PropertySet
from schemas.batch_format import BatchFormat, JoinedWriter
from schemas.limits import Limits


class NoBatches(Misconfigured):
    """A route asks for batches in a form that can't hold them."""

    what = "a file of '{name}' can't hold many orders"
    mend = "name an object in XML or in records"


#: Finds the line of a field: its arguments are the path of a component and the field's name.
LineOf = Callable[[str, str], int | None]
Wildcards = Literal["", "kept", "refused"]
#: The keys of the declaration of an object of XML: those that it needs, and others.
XML_KEYS = ("external object", "schema", "root")
XML_OPTIONS = ("wildcards", "help")
#: The component that keeps an element which a wildcard admits: its value is the element as XML.
ANY = "xs:any"
ANY_TAG = "{http://www.w3.org/2001/XMLSchema}any"


@dataclass(eq=False)
class ExternalComponent(Component):
    """A component with the facts that only the wire needs.

    Attributes:
        mixed: whether the schema allows text between the elements; a message that has any is refused.
        wildcards: the treatment of elements and attributes that the schema admits without declaring them; "" leaves
            them out.
        ranks: the place of each field and child among its siblings, by name. The members of one repeated group share a
            rank, and the tree's order decides.
        collapsed: names of the fields whose surrounding blanks mean nothing; "" for the component's value.
        nillable: names of the fields that may be null with ``xsi:nil``.
        empty: the values that an empty element has by the schema, by the field's name; "" for the component's value.
        defaults: the values that absent attributes have by the schema, by the field's name; for each type that
            ``xsi:type`` may name, and under "" for the declared type.
    """

    mixed: bool = False
    wildcards: Wildcards = ""
    ranks: dict[str, int] = field(default_factory=dict)
    collapsed: set[str] = field(default_factory=set)
    nillable: set[str] = field(default_factory=set)
    empty: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadMessage:
    """A message that was read.

    Attributes:
        tree: the root's node.
        line_of: finds the line of a field; None for records, whose nodes know the numbers of their records.
    """

    tree: PropertySet
    line_of: LineOf | None


@dataclass(frozen=True)
class ExternalObject(ABC):
    """The messages of another system: their shape, and how their bytes are read, written and checked.

    Attributes:
        name: "Mainframe Order".
        definition: the components and fields, for maps.
        where: the declaration's place.
    """

    name: str
    definition: IntegrationObject
    where: str

    @property
    @abstractmethod
    def content_type(self) -> str:
        """The media type of the messages that the hub writes."""

    @property
    @abstractmethod
    def described_by(self) -> str:
        """The file that describes the messages: an XSD or a copybook in the schemas folder, or the declaration."""

    @abstractmethod
    def read(self, body: bytes, limits: Limits, *, own: bool = False) -> ReadMessage:
        """Read a message, and check it against its description; *own*: the hub wrote it.

        Raises:
            Invalid: the body isn't as it is described, or is over a limit.
        """

    @abstractmethod
    def glance(self, body: bytes, limits: Limits, names: frozenset[str] | None) -> PropertySet:
        """Read a message for the components called *names* (None: all), without checking it; the tree may have more.

        Raises:
            Invalid: the body can't be read.
        """

    @abstractmethod
    def write(self, tree: PropertySet) -> bytes:
        """Write a message.

        Raises:
            Refused: the tree has something that the description has no place for.
        """

    @abstractmethod
    def prove(self, body: bytes, limits: Limits, *, own: bool = False) -> None:
        """Check a message as its receiver would; *own*: the hub wrote it.

        Raises:
            Invalid: the body isn't as it is described, or is over a limit.
        """

    def batch(self, order: str) -> BatchFormat:
        """Return how files of many messages are read, in which the component *order* beneath the root is a message's.

        Raises:
            NoBatches: files of this form can't hold many messages.
        """
        raise NoBatches(name=self.name)

    def joined_writer(self) -> JoinedWriter:
        """Return the function that writes one message of many trees, part by part.

        Raises:
            NoBatches: files of this form can't hold many messages.
        """
        raise NoBatches(name=self.name)

    @abstractmethod
    def texts(self, body: bytes, limits: Limits) -> frozenset[str]:
        """Collect the texts of a message, for errors that must not quote them.

        Raises:
            Invalid: the body can't be read.
        """
