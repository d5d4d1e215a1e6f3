"""The secrets of a message, and errors without them.

A deployment names its secrets once, for all dialects: the setting `secrets` has names of attributes and elements. A
message carries a secret in one of two forms:

    <PASSWORD>1234</PASSWORD>                            an element or an XML attribute of such a name
    <FEATURE><NAME>Password</NAME><VAL>1234</VAL></FEATURE>   the values that stand beside such a name

Spec: docs/production.md, "Secrets and customers' data".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import takewhile
from typing import Any

from integration_objects.errors import HubError
from schemas.check import Limits, parse

MASK = "***"
#: characters of a secret's beginning that are taken for the secret
#: Shorter ones would mask words of the errors that only begin alike.
_BEGINNING = 8
_BLANKS = re.compile(r"[\s_.-]+")


def secrets_in(body: bytes, names: Collection[str], limits: Limits) -> frozenset[str]:
    """Return the values of a message that no error may show; none of a body that can't be read.

    >>> sorted(secrets_in(b"<a pin='77'><f><n>Pass Word</n><v>12 34</v></f></a>", ["PIN", "password"], Limits()))
    ['12 34', '77']
    """
    wanted = {_folded(name) for name in names}
    try:
        root = parse(body, limits)
    except HubError:
        return frozenset()
    found: set[str] = set()
    for element in root.iter():
        parts = list(_parts(element))
        beside_name = any(_folded(text) in wanted for _, text in parts)
        found.update(text for name, text in parts if beside_name or _folded(name) in wanted)
    # The name itself stands beside its value, and is no secret.
    return frozenset(text for text in found if _folded(text) not in wanted)


def mask(text: str, secrets: Collection[str]) -> str:
    """Return *text* with the mask in the place of each secret that stands in it as a whole word.

    Errors cut long values off: of a long secret, the beginning is masked, too.

    >>> mask("'1234' is too short, 51234 isn't; 'a long sec'... is too long", ["1234", "a long secret"])
    "'***' is too short, 51234 isn't; '***'... is too long"
    """
    # As errors quote them, too. The longest first: one secret may be the beginning of another.
    forms = {form for secret in secrets for form in (secret, repr(secret)[1:-1])}
    for form in sorted((form for form in forms if form[:_BEGINNING] in text), key=len, reverse=True):
        if len(form) <= _BEGINNING:
            text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", MASK, text)
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


def _parts(element: Any) -> Iterator[tuple[str, str]]:
    """Give the names and texts that stand side by side in an element: of its XML attributes and its simple children."""
    for name, text in element.attrib.items():
        if text.strip():
            yield _local(name), text.strip()
    for child in element:
        if isinstance(child.tag, str) and len(child) == 0 and (child.text or "").strip():
            yield _local(child.tag), child.text.strip()


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _folded(name: str) -> str:
    return _BLANKS.sub("", name).casefold()
