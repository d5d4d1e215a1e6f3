"""How alike two names are: words, abbreviations, synonyms, and spelling.

    likeness(words("CUST-NO"), words("Account Id"))       0.85: a customer is an account, a number is an id
    likeness(words("PostalZone"), words("Quantity"))      0.0

Spec: docs/data_maps.md, "A first draft".
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Sequence

from integration_objects.component import words_in

#: The words that names of fields often cut short.
_ABBREVIATIONS = {
    "acct": "account",
    "acc": "account",
    "actn": "action",
    "addr": "address",
    "amt": "amount",
    "bill": "billing",
    "cd": "code",
    "curr": "currency",
    "cur": "currency",
    "cust": "customer",
    "desc": "description",
    "dt": "date",
    "invc": "invoice",
    "msg": "message",
    "no": "number",
    "nr": "number",
    "num": "number",
    "nbr": "number",
    "ord": "order",
    "pos": "position",
    "prod": "product",
    "qty": "quantity",
    "ref": "reference",
    "rev": "revision",
    "seq": "sequence",
    "src": "source",
    "stat": "status",
    "svc": "service",
    "tel": "telephone",
    "val": "value",
}
#: Words that stand for the same thing in orders; each line is one thing.
_SYNONYMS = (
    "account customer client buyer consumer subscriber",
    "number id identifier identification reference key",
    "quantity piece count unit",
    "measure code",
    "price amount charge cost rate",
    "item line position row instance entry",
    "date day time moment when",
    "due wanted requested required promised delivery",
    "product item article offering material sku goods",
    "action operation activity verb",
    "attribute feature characteristic property option",
    "name title label",
    "text description note remark comment value",
    "status state outcome result",
    "revision version",
    "billing payer invoice invoicing",
    "telephone phone mobile",
    "parent upper above up",
    "error fault problem",
    "order purchase",
    "city town",
    "zip postal postcode",
)
_MOMENTS = frozenset(
    ["date", "day", "time", "moment", "when", "due", "wanted", "requested", "expected", "start", "end"]
)
#: Words that many fields have in their names: they tell less than others.
#: The seller is the hub's side: its numbers are the hub's own.
_COMMON = frozenset(
    ("number", "id", "identifier", "identification", "code", "name", "value", "text", "type", "date", "reference")
) | {"the", "of", "additional", "document", "seller"}
_SHORTEST_BEGINNING = 3
_ALIKE_SPELLING = 0.8


@functools.cache
def words(name: str) -> tuple[str, ...]:
    """Split a name into plain words.

    >>> words("@partnerReference"), words("CUST-NO"), words("Line Items")
    (('partner', 'reference'), ('customer', 'number'), ('line', 'item'))
    """
    local = name.rpartition("}")[2]
    found = [word.casefold() for word in words_in(local)]
    return tuple(_ABBREVIATIONS.get(word, _singular(word)) for word in found)


def _singular(word: str) -> str:
    # "address" and "status" end in s, too.
    return word[:-1] if len(word) > _SHORTEST_BEGINNING and word.endswith("s") and word[-2] not in "su" else word


_THINGS = tuple(frozenset(words(line)) for line in _SYNONYMS)


@functools.cache
def likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """Compare two names by their words: 0 for nothing in common, 1 for the same words."""
    total = sum(map(_weight, one)) + sum(map(_weight, other))
    if not total:
        return 0.0
    shared = sum(_weight(word) * _best(word, other) for word in one)
    return (shared + sum(_weight(word) * _best(word, one) for word in other)) / total


def is_moment(name: Sequence[str]) -> bool:
    """Tell whether a name is one of a day or a time."""
    return not _MOMENTS.isdisjoint(name)


def is_common(name: Sequence[str]) -> bool:
    """Tell whether a name consists of words that many fields have, and tells nothing without its component's name."""
    return _COMMON.issuperset(name)


def _weight(word: str) -> float:
    return 0.5 if word in _COMMON else 1.0


def _best(word: str, others: Sequence[str]) -> float:
    return max([_word_likeness(word, other) for other in others], default=0.0)


@functools.cache
def _word_likeness(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if any(one in thing and other in thing for thing in _THINGS):
        return 0.85
    if min(len(one), len(other)) >= _SHORTEST_BEGINNING and (one.startswith(other) or other.startswith(one)):
        return 0.8
    ratio = difflib.SequenceMatcher(None, one, other).ratio()
    return ratio * 0.9 if ratio >= _ALIKE_SPELLING else 0.0
