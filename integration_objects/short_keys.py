"""The short form of a key: its shortest ending that no other key of the same tree has.

Keys of 26 characters begin with the time at which they were made, so that neighbours differ in their endings only.
The short form is made for people to read and to type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

#: The fewest characters of a short key: fewer would be mistaken for a line number or a word.
FEWEST = 6
#: A key that the hub has made: 26 digits and capitals; Explode's copies have a number behind it.
_MADE_HERE = re.compile(r"\b[0-9][0-9A-HJKMNP-TV-Z]{25}(?:\.[0-9]+)?\b")


def short_keys(keys: Iterable[str]) -> dict[str, str]:
    """Return the short form of each key: the shortest ending of 6 characters or more that only this key has.

    A key whose every ending is the ending of another key has no short form but itself.

    >>> short_keys(["06H25V0HP00082SYSZTGWM5WAB", "06H25V0HP00082SYSZTGXM5WAB", "2-LB"])
    {'06H25V0HP00082SYSZTGWM5WAB': 'WM5WAB', '06H25V0HP00082SYSZTGXM5WAB': 'XM5WAB', '2-LB': '2-LB'}
    """
    # In the order of the reversed texts, the key with the longest common ending is a neighbour.
    backwards = sorted({key[::-1] for key in keys})
    common = [0, *(_common(first, second) for first, second in pairwise(backwards)), 0]
    return {
        key[::-1]: key[: max(FEWEST, common[place] + 1, common[place + 1] + 1)][::-1]
        for place, key in enumerate(backwards)
    }


def with_short_keys(texts: Sequence[str], keys: Iterable[str] | None = None) -> list[str]:
    """Return texts with the short forms of the hub's own keys that stand in them.

    Args:
        texts: sentences for people.
        keys: the keys that are shortened; None: all that stand in the texts.

    >>> with_short_keys(["line 06H25V0HP00082SYSZTGWM5WAB failed", "it was 2-LB's"])
    ['line WM5WAB failed', "it was 2-LB's"]
    """
    found = keys if keys is not None else {key for text in texts for key in keys_in(text)}
    short = short_keys(found)
    return [_MADE_HERE.sub(lambda match: short.get(match[0], match[0]), text) for text in texts]


def keys_in(text: str, before: str = "", behind: str = "") -> list[str]:
    """Return the hub's own keys that stand in a text, between these two texts.

    >>> keys_in("Local Line (06H25V0HP00082SYSZTGWM5WAB), entry 06H25V0HP00082SYSZTGXM5WAB", "(", ")")
    ['06H25V0HP00082SYSZTGWM5WAB']
    """
    return [key for key in _MADE_HERE.findall(text) if f"{before}{key}{behind}" in text]


def _common(first: str, second: str) -> int:
    """Count the characters that both texts begin with."""
    shorter = min(len(first), len(second))
    return next((place for place in range(shorter) if first[place] != second[place]), shorter)
