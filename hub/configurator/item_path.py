r"""Paths of requests: from an item's key or name down by Product Ids, ``KEY/Local Line[2]/Fibre 100\/40``.

A backslash takes the next sign as it is: ``\/`` and ``\[`` stand for a slash and a bracket of a name, ``\\`` for a
backslash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = r"(?:[^\\/]|\\.)+"
#: A path is cut at the slashes that no backslash protects. A backslash at the very end protects nothing, and stays.
_PARTS = re.compile(r"/((?:[^\\/]|\\.)*\\?)", re.DOTALL)
_STEP = re.compile(rf"({_NAME}?)(?:\[([1-9][0-9]{{0,8}})\])?", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A step of a path: a product, and its number among the siblings of that product, counted from 1."""

    product: str
    number: int = 1

    def __str__(self) -> str:
        return escaped(self.product) + (f"[{self.number}]" if self.number > 1 else "")


def split_path(path: str) -> tuple[str, list[Step]]:
    r"""Return the head of a path, which is a key or a name, and its steps.

    >>> split_path(r"bundle/Fibre 100\/40[2]")
    ('bundle', [Step(product='Fibre 100/40', number=2)])
    """
    head, *parts = _PARTS.findall("/" + path)
    return _plain(head), [_step(part) for part in parts]


def escaped(name: str) -> str:
    r"""Write a name as it stands in a path.

    >>> print(escaped("Fibre 100/40"))
    Fibre 100\/40
    """
    return re.sub(r"([\\/[])", r"\\\1", name)


def _step(part: str) -> Step:
    found = _STEP.fullmatch(part)
    if found is None:
        return Step(_plain(part))
    return Step(_plain(found[1]), int(found[2] or 1))


def _plain(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)
