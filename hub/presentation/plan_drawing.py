"""The plan of an order for people: a table, and a drawing as SVG.

    table      a row for each work order: its lines, and the things that it still waits for
    drawing    a box for each work order, right of the work orders that it waits for; its state is a word and a colour

Spec: docs/decomposition.md, "The plan".
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

#: the words for a work order's state, with the colours of its box: the ground and the edge
STATES: Mapping[str, tuple[str, str]] = {
    "at once": ("#e8f0fe", "#1a4fa3"),
    "later": ("#f4f4f4", "#5f5f5f"),
    "waiting": ("#f4f4f4", "#5f5f5f"),
    "held by failed lines": ("#fde7e9", "#a4262c"),
    "at work": ("#fff4ce", "#8a6100"),
    "complete": ("#dff6dd", "#107c10"),
    "failed": ("#fde7e9", "#a4262c"),
    "cancelled": ("#ffffff", "#8a8a8a"),
}
#: lines and waits that are named before the others are counted
_NAMED = 3
_WIDTH, _LEADING, _GAP, _MARGIN = 300, 18, 70, 20
#: letters that have room in a line of a box
_MOST_LETTERS = 36
_NAMESPACE = "http://www.w3.org/2000/svg"


@dataclass(frozen=True)
class AwaitedStep:
    """A work order that another one waits for, and the milestone that is enough; None: complete."""

    number: str
    milestone: str | None = None
    is_over: bool = False

    def __str__(self) -> str:
        return f"{self.number} ({self.milestone})" if self.milestone else self.number


@dataclass(frozen=True)
class PlanStep:
    """A work order of a plan, as people see it.

    Attributes:
        state: one of `STATES`.
        lines: the names of its lines.
        after: the work orders that it waits for, or has waited for.
        further: the other things that it still waits for: data, failed lines, a day.
    """

    number: str
    system: str
    task: str
    state: str
    lines: Sequence[str]
    after: Sequence[AwaitedStep] = ()
    further: Sequence[str] = ()

    @property
    def waits(self) -> list[str]:
        """The things that it still waits for."""
        return [*(str(awaited) for awaited in self.after if not awaited.is_over), *self.further]


def shortened(names: Sequence[str]) -> str:
    """Name the first few of many things, and count the others.

    >>> shortened(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def plan_rows(steps: Sequence[PlanStep]) -> list[dict[str, str | None]]:
    """Make the rows of a plan's table."""
    return [
        {
            "work order": step.number,
            "task": step.task,
            "system": step.system,
            "state": step.state,
            "lines": shortened(step.lines) or None,
            "waits for": shortened(step.waits) or None,
        }
        for step in steps
    ]


def plan_svg(title: str, steps: Sequence[PlanStep]) -> str:
    """Draw a plan as an SVG document; work orders stand right of those that they wait for."""
    places = _places(steps)
    height = max((y + _height(step) for step, (_, y) in zip(steps, places.values(), strict=True)), default=0) + _MARGIN
    width = max((x + _WIDTH for x, _ in places.values()), default=_WIDTH) + _MARGIN
    root = etree.Element(
        f"{{{_NAMESPACE}}}svg",
        nsmap={None: _NAMESPACE},
        attrib={
            "width": str(width),
            "height": str(height),
            "viewBox": f"0 0 {width} {height}",
            "role": "img",
            "font-family": "sans-serif",
            "font-size": "13",
        },
    )
    _put(root, "title", title)
    _put(root, "desc", "; ".join(_told(step) for step in steps))
    marker = _put(root, "defs")
    marker = _put(marker, "marker", id="arrow", orient="auto", markerWidth="8", markerHeight="8", refX="8", refY="4")
    _put(marker, "path", d="M0,0 L8,4 L0,8 z", fill="#333333")
    _put(root, "text", title, x=str(_MARGIN), y=str(_MARGIN + 4)).set("font-weight", "bold")
    for step in steps:
        for awaited in step.after:
            if awaited.number in places:
                _draw_arrow(root, places[awaited.number], places[step.number], awaited)
    for step in steps:
        _draw_box(root, step, *places[step.number])
    return str(etree.tostring(root, encoding="unicode", pretty_print=True))


def _told(step: PlanStep) -> str:
    waits = f", waits for {', '.join(step.waits)}" if step.waits else ""
    return f"{step.number}: {step.task} by {step.system}, {step.state}{waits}"


def _places(steps: Sequence[PlanStep]) -> dict[str, tuple[int, int]]:
    """Return the upper left corner of each box: a column behind those that it waits for, one below the other."""
    columns: dict[str, int] = {}
    below: dict[int, int] = {}
    places = {}
    # A plan has each work order behind those that it waits for.
    for step in steps:
        column = max((columns[awaited.number] + 1 for awaited in step.after if awaited.number in columns), default=0)
        columns[step.number] = column
        y = below.get(column, _MARGIN * 2)
        below[column] = y + _height(step) + _MARGIN
        places[step.number] = (_MARGIN + column * (_WIDTH + _GAP), y)
    return places


def _texts(step: PlanStep) -> list[str]:
    texts = [f"{step.number}: {step.state}", f"{step.task}, {step.system}", shortened(step.lines)]
    if step.waits:
        texts.append(f"waits for {shortened(step.waits)}")
    return [line for text in texts for line in textwrap.wrap(text, _MOST_LETTERS)]


def _height(step: PlanStep) -> int:
    return _LEADING * len(_texts(step)) + _MARGIN // 2


def _draw_box(root: etree._Element, step: PlanStep, x: int, y: int) -> None:
    ground, edge = STATES[step.state]
    group = _put(root, "g")
    _put(group, "title", _told(step))
    box = _put(group, "rect", x=str(x), y=str(y), width=str(_WIDTH), height=str(_height(step)), rx="4")
    box.attrib.update({"fill": ground, "stroke": edge, "stroke-width": "2"})
    for number, text in enumerate(_texts(step), 1):
        line = _put(group, "text", text, x=str(x + 8), y=str(y + number * _LEADING), fill="#1b1b1b")
        if number == 1:
            line.set("font-weight", "bold")


def _draw_arrow(root: etree._Element, start: tuple[int, int], end: tuple[int, int], awaited: AwaitedStep) -> None:
    left, right = (start[0] + _WIDTH, start[1] + _LEADING), (end[0], end[1] + _LEADING)
    middle = right[0] - _GAP // 2
    way = f"M{left[0]},{left[1]} H{middle} V{right[1]} H{right[0]}"
    arrow = _put(root, "path", d=way, fill="none", stroke="#333333")
    arrow.set("marker-end", "url(#arrow)")
    if not awaited.is_over:
        # Dashes, so that nobody needs a colour to see what is still to come.
        arrow.set("stroke-dasharray", "5 3")


def _put(above: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    node = etree.SubElement(above, f"{{{_NAMESPACE}}}{name}", attrib=attributes)
    node.text = text
    return node
