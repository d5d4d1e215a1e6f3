"""Figures of the house: `python -m tests.house_figures` prints them, each counted anew from the syntax trees.

flat files            modules that lie directly in a folder
circles               groups of modules that import each other
floors                the longest chain of rooms (files and folders) that import each other inside a folder
error lines           lines inside calls that construct an error, outside of error classes
walks by hand         the idioms that ask `ComplexObject` nothing
database questions    places that ask which database it is, by folder
comments              lines with a comment, in a hundred
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import Counter

from tests.test_house import DATABASE, FOLDERS, HOUSE, error_classes, imported, modules, reachable

WALKS = (
    re.compile(r"for \w+, _ in walk_items\("),
    re.compile(r"instances\([^()]*(?:\([^()]*\))?[^()]*\)\[0\]"),
    re.compile(r"\{id\("),
)


def flat_files(folder: str) -> int:
    """How many modules lie directly in *folder*."""
    return len(list((HOUSE / folder).glob("*.py")))


def floors_inside(place: str) -> int:
    """The longest chain of rooms below *place* that import each other."""
    rooms: dict[str, set[str]] = {}
    for module, names in imported().items():
        if module.startswith(place + "."):
            room = module.removeprefix(place + ".").split(".")[0]
            others = {name.removeprefix(place + ".").split(".")[0] for name in names if name.startswith(place + ".")}
            rooms.setdefault(room, set()).update(others - {room})
    depths: dict[str, int] = {}

    def depth(room: str, above: frozenset[str]) -> int:
        if room not in depths:
            depths[room] = 1 + max((depth(other, above | {room}) for other in rooms[room] - above), default=0)
        return depths[room]

    return max(depth(room, frozenset()) for room in rooms)


def error_lines() -> tuple[int, int]:
    """The lines of all calls that construct an error, and the number of these calls."""
    lines = places = 0
    for tree in modules().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name in error_classes() or name in ("fault", "_fault", "unknown"):
                    places += 1
                    lines += (node.end_lineno or node.lineno) - node.lineno + 1
    return lines, places


def sources() -> dict[str, str]:
    """The text of every module of the house, by path."""
    return {path: (HOUSE / path).read_text(encoding="utf-8") for path in modules()}


def comments_in_a_hundred() -> float:
    """Lines with a comment in a hundred lines."""
    lines = comments = 0
    for text in sources().values():
        lines += text.count("\n")
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        comments += sum(1 for token in tokens if token.type == tokenize.COMMENT and "noqa" not in token.string)
    return 100 * comments / lines


def report() -> str:
    """All figures, a line each."""
    texts = sources()
    asking = Counter(
        path.rsplit("/", 1)[0]
        for path, text in texts.items()
        for _ in DATABASE.findall(text)
        if "migrations" not in path
    )
    inside = [name for name in imported() if name in reachable(name)]
    figures: dict[str, object] = {
        f"flat files in {folder}/": flat_files(folder) for folder in ("hub", "hub/workflows", "adapters/database")
    }
    figures["modules in circles"] = len(inside)
    figures |= {f"floors in {place}": floors_inside(place) for place in ("hub", "hub.workflows", "adapters.database")}
    figures["error names that stand twice"] = sum(1 for found in error_classes().values() if len(found) > 1)
    figures["error lines, places"] = error_lines()
    figures["walks by hand"] = sum(len(pattern.findall(text)) for text in texts.values() for pattern in WALKS)
    figures["database questions"] = dict(asking)
    figures["comments in a hundred lines"] = round(comments_in_a_hundred(), 1)
    figures |= {
        f"lines in {folder}/": sum(t.count("\n") for p, t in texts.items() if p.startswith(folder + "/"))
        for folder in FOLDERS
    }
    figures["lines"] = sum(text.count("\n") for text in texts.values())
    return "\n".join(f"{name:<32}{figure}" for name, figure in figures.items())


if __name__ == "__main__":
    sys.stdout.write(report() + "\n")
