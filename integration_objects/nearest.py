"""The known name that a mistyped one probably means."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a question for an error's mend that proposes the nearest known name; "" where no known name is near.

    >>> nearest("Quantiy", ["Quantity", "Status"])
    "did you mean 'Quantity'?"
    >>> nearest("Xyz", ["Quantity", "Status"])
    ''
    """
    by_fold: dict[str, str] = {}
    for candidate in known:
        by_fold.setdefault(_folded(candidate), candidate)
    matches = difflib.get_close_matches(_folded(name), list(by_fold), n=1, cutoff=0.6)
    return f"did you mean '{by_fold[matches[0]]}'?" if matches else ""


def _folded(name: str) -> str:
    # The tree writes "Order Number", a column order_number, a setting order-number: people mix them up.
    return name.casefold().replace(" ", "").replace("_", "").replace("-", "")
