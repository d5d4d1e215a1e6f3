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
    """A step of a path: a product, and perhaps its number among the siblings of that product, counted from 1."""

    product: str
    number: int | None = None

    def __str__(self) -> str:
        return escaped(self.product) + ("" if self.number is None else f"[{self.number}]")


def split_path(path: str) -> tuple[str, list[Step]]:
    r"""Return the head of a path, which is a key or a name, and its steps.

    >>> split_path(r"bundle/Fibre 100\/40[2]")
    ('bundle', [Step(product='Fibre 100/40', number=2)])
    """
    head, *parts = _PARTS.findall("/" + path)
    return _plain(head), [_step(part) for part in parts]


def product_steps(path: str) -> list[Step]:
    r"""Return the steps of a path whose head is a product, too.

    >>> product_steps("Local Line[2]/Caller Id")
    [Step(product='Local Line', number=2), Step(product='Caller Id', number=None)]
    """
    return [_step(part) for part in _PARTS.findall("/" + path)]


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
    return Step(_plain(found[1]), None if found[2] is None else int(found[2]))


def _plain(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)
