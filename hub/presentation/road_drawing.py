"""The road of messages as a picture: what came in on the left, what left because of it on the right, in order of time.

Spec: docs/web.md, "The operator's console".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

_NAMESPACE = "http://www.w3.org/2000/svg"
_BOX, _HIGH, _GAP, _BETWEEN, _MARGIN = 270, 46, 10, 120, 10
#: states with the colours of their boxes: the ground and the edge
_COLOURS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("done", "filtered", "sent"), ("#dff6dd", "#107c10")),
    **dict.fromkeys(("rejected", "invalid", "dead", "given up"), ("#fde7e9", "#a4262c")),
    **dict.fromkeys(("parked", "retrying", "set aside"), ("#fff4ce", "#8a6100")),
}
_OTHER = ("#e8f0fe", "#1a4fa3")
#: messages that are drawn; a longer road is a list only
MOST = 40
_LETTERS = 36


@dataclass(frozen=True)
class RoadBox:
    """A message of the road.

    Attributes:
        id: by which others name it.
        heading: the route or the destination.
        text: its kind and its time.
        is_in: whether it came in.
        because_of, answers: the messages that it left because of, or answers; None for none.
    """

    id: str
    heading: str
    text: str
    state: str
    is_in: bool
    because_of: str | None = None
    answers: str | None = None


def road_drawing(boxes: Sequence[RoadBox], chosen: str) -> str:
    """Draw a road as SVG; the box of the *chosen* message has a thick edge."""
    drawn = boxes[:MOST]
    places = {box.id: (_MARGIN if box.is_in else _MARGIN + _BOX + _BETWEEN, _row(n)) for n, box in enumerate(drawn)}
    width, height = 2 * _MARGIN + 2 * _BOX + _BETWEEN, _row(len(drawn)) + _MARGIN
    size = {"viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height), "role": "img"}
    svg = etree.Element("svg", {"xmlns": _NAMESPACE, **size, "aria-label": road_summary(boxes)})
    for box in drawn:
        for other, is_dashed in ((box.because_of, False), (box.answers, True)):
            if other in places:
                _line(svg, places[other], places[box.id], is_dashed=is_dashed)
    for box in drawn:
        _box(svg, box, *places[box.id], is_chosen=box.id == chosen)
    drawing: str = etree.tostring(svg, encoding="unicode")
    return drawing


def road_summary(boxes: Sequence[RoadBox]) -> str:
    """Tell a road in a sentence."""
    came = sum(box.is_in for box in boxes)
    rest = f"; the first {MOST} are drawn" if len(boxes) > MOST else ""
    return f"{came} messages came in and {len(boxes) - came} left about the same orders{rest}."


def _row(number: int) -> int:
    return _MARGIN + number * (_HIGH + _GAP)


def _line(svg: etree._Element, start: tuple[int, int], end: tuple[int, int], *, is_dashed: bool) -> None:
    (x1, y1), (x2, y2) = start, end
    left = x1 + _BOX if x1 < x2 else x1
    right = x2 if x1 < x2 else x2 + _BOX
    path = {"d": f"M{left} {y1 + _HIGH // 2}L{right} {y2 + _HIGH // 2}", "stroke": "#5f5f5f", "fill": "none"}
    etree.SubElement(svg, "path", path | ({"stroke-dasharray": "4 3"} if is_dashed else {}))


def _box(svg: etree._Element, box: RoadBox, x: int, y: int, *, is_chosen: bool) -> None:
    ground, edge = _COLOURS.get(box.state, _OTHER)
    place = {"x": str(x), "y": str(y), "width": str(_BOX), "height": str(_HIGH), "rx": "4"}
    etree.SubElement(svg, "rect", {**place, "fill": ground, "stroke": edge, "stroke-width": "3" if is_chosen else "1"})
    for line, text in enumerate((f"{box.heading}: {box.state}", box.text)):
        font = {"font-size": "12", "font-family": "sans-serif", "fill": "#1b1b1b"}
        at = {"x": str(x + 8), "y": str(y + 18 + 17 * line)}
        etree.SubElement(svg, "text", at | font).text = text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
