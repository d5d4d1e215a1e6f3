"""The secret values of message bodies, and bodies without them.

    <PASSWORD>1234</PASSWORD>                                 an element or an XML attribute of a secret's name
    <FEATURE><NAME>Password</NAME><VAL>1234</VAL></FEATURE>   the values that stand beside such a name
    <Value>[{"attributes": {"Password": "1234"}}]</Value>     JSON that holds such a name
    F;Password;1234                                           a field of a record, or those beside such a name

Spec: docs/production.md, "Secrets and customers' data".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from lxml import etree

from integration_objects.errors import HubError, Refused
from integration_objects.property_set import PropertySet
from integration_objects.secrets import MASK, SecretNames
from schemas.check import Limits, parse
from schemas.external_component import ExternalObject
from schemas.foreign_xml import local_name
from schemas.layouts.layout import KEPT
from schemas.layouts.record_object import RecordObject


class BodyNotMasked(Refused):
    """A message's body can't be shown without the secrets that it may hold."""

    what = "the message isn't shown: it may hold a secret"
    why = "it can't be read as XML, as JSON or by its layout, and it may have a secret's name in it"
    mend = "add --unmasked to print it as it is, secrets included"


class _Part(NamedTuple):
    """A text of an element: of one of its XML attributes, or of a child without children (then *attribute* is None)."""

    element: Any
    attribute: str | None
    text: str

    @property
    def name(self) -> str:
        return local_name(self.element.tag if self.attribute is None else self.attribute)

    def put(self, text: str) -> None:
        """Change the text in place."""
        if self.attribute is None:
            self.element.text = text
        else:
            self.element.set(self.attribute, text)


def secrets_in(body: bytes, names: SecretNames, limits: Limits, external: ExternalObject | None = None) -> set[str]:
    """Return the values of a message that nobody may see; none of a body that can't be read.

    Args:
        body: XML or JSON; or records, then *external* reads them.
        names: the names of secrets.
        limits: of the message.
        external: the object that describes the message; None where that isn't known.

    >>> names = SecretNames(["PIN", "password"])
    >>> sorted(secrets_in(b"<a pin='77'><f><n>Pass Word</n><v>12 34</v></f></a>", names, Limits()))
    ['12 34', '77']
    """
    if isinstance(external, RecordObject):
        try:
            tree = external.glance(body, limits, None)
        except HubError:
            return set()
        return {(node.properties[name] or "").strip() for node, name in _secret_fields(tree, names, external)}
    try:
        root = parse(body, limits)
    except HubError:
        return names.values_in_json(_json_of(body))
    found: set[str] = set()
    for parts, secret in _side_by_side(root, names):
        for place, part in enumerate(parts):
            found |= {part.text.strip()} if place in secret else names.values_in_json(part.text.strip())
    return found


def masked_body(body: bytes, names: SecretNames) -> bytes:
    """Return a message's body as people may see it: itself, if it holds no secret.

    >>> masked_body(b"<f action='add'><n>Pin</n><v>12 34</v></f>", SecretNames(["PIN"]))
    b'<f action="add"><n>Pin</n><v>***</v></f>'

    Raises:
        BodyNotMasked: the body can't be read, and holds a secret's name.
    """
    try:
        root = parse(body, Limits.files())
    except HubError:
        return _masked_text(body, names)
    is_changed = False
    for parts, secret in _side_by_side(root, names):
        for place, part in enumerate(parts):
            text = MASK if place in secret else names.masked_text(part.text.strip())
            if text != part.text.strip():
                part.put(text)
                is_changed = True
    return etree.tostring(root, encoding="utf-8") if is_changed else body


def is_read_by_layout(external: ExternalObject) -> bool:
    """Tell whether a message's bytes are records, which only their layout can read."""
    return isinstance(external, RecordObject)


def masked_records(body: bytes, names: SecretNames, external: ExternalObject) -> list[PropertySet]:
    """Return the topmost records of a message as people may see them.

    Raises:
        BodyNotMasked: the records can't be read.
    """
    try:
        tree = external.glance(body, Limits.files(), None)
    except HubError as error:
        raise BodyNotMasked from error
    for node, name in _secret_fields(tree, names, external):
        node.properties[name] = MASK
    return tree.children


def _secret_fields(tree: PropertySet, names: SecretNames, external: ExternalObject) -> list[tuple[PropertySet, str]]:
    """List the fields of records whose values are secret: each with its node."""
    type_field = external.layout.type_field if isinstance(external, RecordObject) else ""
    found: list[tuple[PropertySet, str]] = []
    for node in tree.walk():
        fields = [(name, text) for name, text in node.properties.items() if text and name != type_field]
        # The bytes that are kept beside a field are its value in another form.
        plain = [(name.removesuffix(KEPT), text) for name, text in fields]
        found += [(node, fields[place][0]) for place in names.places(plain)]
    return found


def _json_of(body: bytes) -> Any:
    """Read JSON; None for any other bytes."""
    try:
        return json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _masked_text(body: bytes, names: SecretNames) -> bytes:
    known = _json_of(body)
    if known is None:
        if names.stand_in(body.decode("utf-8", "replace")):
            raise BodyNotMasked from None
        return body
    if not names.values_in_json(known):
        return body
    return json.dumps(names.masked_json(known), ensure_ascii=False, indent=2).encode()


def _side_by_side(root: Any, names: SecretNames) -> Iterator[tuple[list[_Part], set[int]]]:
    """Yield the texts that stand side by side in each element, with the positions of the secrets among them."""
    for element in root.iter():
        parts = list(_parts(element))
        if element is root and len(root) == 0 and root.text:
            parts.append(_Part(root, None, root.text))
        if parts:
            yield parts, set(names.places([(part.name, part.text.strip()) for part in parts]))


def _parts(element: Any) -> Iterator[_Part]:
    for name, text in element.attrib.items():
        if text.strip():
            yield _Part(element, name, text)
    for child in element:
        if isinstance(child.tag, str) and len(child) == 0 and (child.text or "").strip():
            yield _Part(child, None, child.text)
