"""Names whose values are secret; trees, JSON, texts and errors without these values.

    SecretNames               the names
      name in names           whether the values under a name are secret
      shown, masked...        values, trees and JSON as people may see them
      values_in...            the secret values of trees and JSON
    mask, without_secrets     texts and errors without given values
    refuse_masks              a masked value that is sent back is no value

A secret stands in one of two forms, in each format:

    {"Password": "1234"}                            under its name
    {"Name": "Password", "Text Value": "1234"}      beside its name

Spec: docs/production.md, "Secrets and customers' data".
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any, TypeVar

from integration_objects.complex_object import all_items, attributes, object_name
from integration_objects.errors import HubError, Refused
from integration_objects.names import ATTRIBUTE, KEY, PRODUCT
from integration_objects.property_set import PropertySet

MASK = "***"
#: characters of a secret's beginning that are taken for the secret
#: Shorter ones would mask words of the errors that only begin alike.
_BEGINNING = 8
#: Characters of secrets that are masked between quotes only, as errors write values: a digit or two stand in dates,
#: places and counts, too, and an error without these says nothing.
_SHORT = 2
_BLANKS = re.compile(r"[\s_.-]+")
#: fields beside a name that never are its value, folded
_NO_VALUES = frozenset(("action", "actioncode", "operation", "rowid", "type"))
#: fields of the hub's own attributes that are always values, folded, also where the value is a secret's name
_VALUES = frozenset(("textvalue", "numbervalue", "datevalue", "value"))

T = TypeVar("T")


class MaskSentBack(Refused):
    """An attribute's new value is the mask that a display has in the place of a secret."""

    what = "the value *** of the attribute '{name}' is no value"
    where = "{place}"
    why = "displays show *** in the place of a secret, and nobody knows the secret by it"
    mend = "give the attribute its value, or leave it out: an attribute that isn't sent stays as it is"


class SecretNames:
    """Names of attributes, elements and fields whose values are secret; capitals, blanks and hyphens don't count.

    >>> names = SecretNames(["Password", "PIN"])
    >>> "pass-word" in names, "Rings" in names, names.shown("PIN", "77"), names.shown("PIN", None)
    (True, False, '***', None)
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._folded = frozenset(map(_fold, names))

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        # The history of service profiles names values by paths: Attribute/Password/Text Value.
        parts = name.split("/") if "/" in name else (name,)
        return any(_fold(part) in self._folded for part in parts)

    def shown(self, name: str, value: T) -> T | str:
        """Return the value of a field or attribute as people may see it: the mask for a secret that has a value."""
        return MASK if value and name in self else value

    def stand_in(self, text: str) -> bool:
        """Whether one of the names stands in a text of no known format, as a word of its own.

        >>> SecretNames(["PIN"]).stand_in("my pin;1234"), SecretNames(["PIN"]).stand_in("shipping;1234")
        (True, False)
        """
        # Between the letters of a name, the text may have the blanks and hyphens that don't count.
        words = (r"[\s_.-]*".join(map(re.escape, name)) for name in self._folded)
        return any(re.search(rf"(?<!\w){word}(?!\w)", text, re.IGNORECASE) for word in words)

    def places(self, fields: Sequence[tuple[str, Any]]) -> list[int]:
        """Return the positions of the secret values among fields that stand side by side.

        >>> SecretNames(["PIN"]).places([("Name", "Pin"), ("Action Code", "Add"), ("Text Value", "77")])
        [2]
        """
        is_beside = any(text in self and _fold(name) not in _VALUES for name, text in fields)
        return [
            position
            for position, (name, text) in enumerate(fields)
            if text and (name in self or (is_beside and self._is_value(_fold(name), text)))
        ]

    def _is_value(self, folded: str, text: Any) -> bool:
        """Whether a field beside a secret's name may be its value: it isn't the name itself."""
        return folded in _VALUES or (folded not in _NO_VALUES and text not in self)

    def masked_json(self, value: Any) -> Any:
        """Copy what JSON carries, with the mask in the place of each secret; JSON within texts included.

        >>> SecretNames(["PIN"]).masked_json({"requests": '[{"request": "set", "attributes": {"Pin": "77"}}]'})
        {'requests': '[{"request": "set", "attributes": {"Pin": "***"}}]'}
        """
        if isinstance(value, Mapping):
            fields = list(value.items())
            secret = set(self._json_places(fields))
            return {
                name: MASK if place in secret else self.masked_json(entry) for place, (name, entry) in enumerate(fields)
            }
        if isinstance(value, (list, tuple)):
            return [self.masked_json(entry) for entry in value]
        return self.masked_text(value) if isinstance(value, str) else value

    def masked_text(self, text: str) -> str:
        """Mask the secrets of a text that is JSON; return any other text as it is."""
        known = _json_in(text)
        if known is None or not self.values_in_json(known):
            return text
        return json.dumps(self.masked_json(known), ensure_ascii=False)

    def values_in_json(self, value: Any) -> set[str]:
        """Return the secret values of what JSON carries; JSON within texts included."""
        if isinstance(value, Mapping):
            fields = list(value.items())
            secret = set(self._json_places(fields))
            found = {text for place in secret for text in _texts(fields[place][1])}
            rest = [entry for place, (_, entry) in enumerate(fields) if place not in secret]
            return found.union(*map(self.values_in_json, rest))
        if isinstance(value, (list, tuple)):
            return set().union(*map(self.values_in_json, value))
        known = _json_in(value) if isinstance(value, str) else None
        return set() if known is None else self.values_in_json(known)

    def _json_places(self, fields: Sequence[tuple[str, Any]]) -> Iterator[int]:
        for place in self.places(fields):
            # An object or a list beside a name is no value, but may hold some.
            if fields[place][0] in self or not isinstance(fields[place][1], (Mapping, list, tuple)):
                yield place

    def masked(self, tree: PropertySet) -> PropertySet:
        """Return the tree as people may see it: itself if it holds no secret, else a copy with masks."""
        changes = {number: fields for number, fields in enumerate(map(self._masked_fields, tree.walk())) if fields}
        # A product's attributes are declared by name: their types and bounds are no secrets.
        if not changes or object_name(tree) == PRODUCT:
            return tree
        result = tree.copy()
        for number, node in enumerate(result.walk()):
            node.properties.update(changes.get(number, {}))
        return result

    def _masked_fields(self, node: PropertySet) -> dict[str, str]:
        """Return the fields of a node that people may not see as they are, with the text that stands for them."""
        fields = [(name, text) for name, text in node.properties.items() if text]
        if node.type == ATTRIBUTE:
            return {fields[place][0]: MASK for place in self.places(fields)}
        texts = {name: MASK if name in self else self.masked_text(text) for name, text in fields}
        return {name: text for name, text in texts.items() if text != node.properties[name]}

    def values_in(self, tree: PropertySet) -> set[str]:
        """Return the secret values of a tree."""
        texts = [node.properties[name] or "" for node in tree.walk() for name in self._masked_fields(node)]
        return set().union(*(self.values_in_json(text) or {text} for text in texts))


def refuse_masks(tree: PropertySet) -> None:
    """Refuse a message whose line items have the mask as the value of an attribute.

    Of any attribute: the mask is no value of those either, and a name may have become a secret since it was shown.

    Raises:
        MaskSentBack: the first one.
    """
    for item in all_items([tree]):
        for attribute in attributes(item):
            if MASK in attribute.properties.values():
                line = item.get("Source Reference") or item.get(KEY) or item.get("Product Id") or ""
                raise MaskSentBack(name=attribute.get("Name"), place=f"line {line}")


@lru_cache(10_000)
def _fold(name: str) -> str:
    return _BLANKS.sub("", name).casefold()


def _json_in(text: str) -> Any:
    """Return the list or object that a text writes in JSON; None for any other text."""
    if text[:1] not in ("[", "{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts and numbers within a value of JSON, as texts."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for entry in value:
            yield from _texts(entry)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield str(value)


def mask(text: str, secrets: Collection[str]) -> str:
    """Return *text* with the mask in the place of each secret that stands in it as a whole word.

    Errors cut long values off: of a long secret, the beginning is masked, too. A secret of one or two characters is
    masked where it is quoted.

    >>> mask("'1234' is too short, 51234 isn't; 'a long sec'... is too long", ["1234", "a long secret"])
    "'***' is too short, 51234 isn't; '***'... is too long"
    >>> mask("line 1: '1' is too short", ["1"])
    "line 1: '***' is too short"
    """
    # As errors quote them, too. The longest first: one secret may be the beginning of another.
    forms = {form for secret in secrets for form in (secret, repr(secret)[1:-1])}
    for form in sorted((form for form in forms if form[:_BEGINNING] in text), key=len, reverse=True):
        if len(form) <= _BEGINNING:
            before, behind = (r"(?<=['\"])", r"(?=['\"])") if len(form) <= _SHORT else (r"(?<!\w)", r"(?!\w)")
            text = re.sub(f"{before}{re.escape(form)}{behind}", MASK, text)
        else:
            text = _without_beginnings(text, form)
    return text


def _without_beginnings(text: str, secret: str) -> str:
    head, *rest = text.split(secret[:_BEGINNING])
    tail = secret[_BEGINNING:]
    return head + "".join(MASK + part[_alike(part, tail) :] for part in rest)


def _alike(text: str, other: str) -> int:
    """Return the number of characters that both texts begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, other, strict=False)))


def without_secrets(error: HubError, secrets: Collection[str]) -> HubError:
    """Take the secrets out of an error's texts; return the same error."""
    if secrets:
        error.what, error.where, error.why, error.mend = (
            mask(text, secrets) for text in (error.what, error.where, error.why, error.mend)
        )
    return error
