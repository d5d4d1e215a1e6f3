"""The flow of messages as a picture: how many came, and how long they took, over time.

    bars     messages that came in each step of time; those that haven't ended are a bar of their own
    line     the longest time from receipt to end

Spec: docs/web.md, "The operator's console".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

_NAMESPACE = "http://www.w3.org/2000/svg"
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 180, 48, 24, 16
_ENDED, _OPEN, _AGE, _INK = "#1a4fa3", "#d9822b", "#107c10", "#5f5f5f"


@dataclass(frozen=True)
class FlowStep:
    """A step of time.

    Attributes:
        label: the time of day, as 14:05.
        ended: messages that came in it and have ended.
        open: messages that came in it and haven't.
        longest: the longest that one of them took, in steps; 0 for those that took less than one.
    """

    label: str
    ended: int
    open: int
    longest: int


def flow_drawing(steps: Sequence[FlowStep], unit: str) -> str:
    """Draw the flow as SVG; *unit* is the step of time, as ``minute``."""
    most = max((step.ended + step.open for step in steps), default=0) or 1
    oldest = max((step.longest for step in steps), default=0)
    size = {"viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "width": str(_WIDTH), "height": str(_HEIGHT), "role": "img"}
    svg = etree.Element("svg", {"xmlns": _NAMESPACE, **size, "aria-label": flow_summary(steps, unit)})
    plot, step_width = _HEIGHT - _BOTTOM - _TOP, (_WIDTH - _LEFT) / max(len(steps), 1)
    for number, step in enumerate(steps):
        x, foot = _LEFT + number * step_width, float(_HEIGHT - _BOTTOM)
        for count, colour in ((step.ended, _ENDED), (step.open, _OPEN)):
            height = plot * count / most
            foot -= height
            if count:
                _bar(svg, x, foot, step_width, height, colour, f"{step.label}: {count}")
        if number % max(1, len(steps) // 6) == 0:
            _text(svg, x, _HEIGHT - 8, step.label)
    if oldest:
        points = " ".join(
            f"{_LEFT + (number + 0.5) * step_width:.1f},{_HEIGHT - _BOTTOM - plot * step.longest / oldest:.1f}"
            for number, step in enumerate(steps)
        )
        etree.SubElement(svg, "polyline", {"points": points, "fill": "none", "stroke": _AGE, "stroke-width": "2"})
        _text(svg, _WIDTH - 4, _TOP - 4, f"longest: {oldest} {unit}{'' if oldest == 1 else 's'}", "end")
    _text(svg, 2, _TOP - 4, f"{most} a {unit}")
    etree.SubElement(svg, "path", {"d": f"M{_LEFT} {_HEIGHT - _BOTTOM}H{_WIDTH}", "stroke": _INK, "stroke-width": "1"})
    drawing: str = etree.tostring(svg, encoding="unicode")
    return drawing


def flow_summary(steps: Sequence[FlowStep], unit: str) -> str:
    """Tell the flow in a sentence."""
    came, waiting = sum(step.ended + step.open for step in steps), sum(step.open for step in steps)
    oldest = max((step.longest for step in steps), default=0)
    took = f"less than a {unit}" if oldest == 0 else f"{oldest} {unit}{'' if oldest == 1 else 's'}"
    return f"{came} messages came, {waiting} of them haven't ended; the others took {took} at most."


def _bar(svg: etree._Element, x: float, y: float, width: float, height: float, colour: str, title: str) -> None:
    place = {"x": f"{x + 0.5:.1f}", "y": f"{y:.1f}", "width": f"{max(width - 1, 0.5):.1f}", "height": f"{height:.1f}"}
    bar = etree.SubElement(svg, "rect", {**place, "fill": colour})
    etree.SubElement(bar, "title").text = title


def _text(svg: etree._Element, x: float, y: float, text: str, anchor: str = "start") -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "font-size": "11", "font-family": "sans-serif", "fill": _INK}
    etree.SubElement(svg, "text", {**place, "text-anchor": anchor}).text = text
