"""A first declaration of a layout, drafted from a copybook.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.layouts.copybook.entries import Entry, read_copybook
from schemas.layouts.options import Options
from schemas.layouts.placing import Placed, place


def draft(text: str, path: str) -> str:
    """Draft the declaration of a layout.

    Args:
        text: the copybook.
        path: the place that it will have in the schemas folder.

    Raises:
        CopybookFaulty: with file and line.
    """
    entries = read_copybook(text, path)
    # A draft is made before anybody said which code pages there are.
    records = [place(entry, Options(double_byte_code_page="utf-16-be"), path) for entry in entries]
    lines = [
        f"external object: {_title(path)}",
        "layout:",
        f"  copybook: {path}",
        "  code page: cp037            # the sender's; cp273, cp500, cp1047, cp1140, latin-1, ...",
        "  record format: fixed        # or variable, blocked, lines",
    ]
    if any(
        part.entry.picture and part.entry.picture.kind == "double byte" for record in records for part in record.walk()
    ):
        lines.append("  double byte code page: utf-16-be")
    lines += [
        "  blanks: null                # in a number; null, zero or refused",
        "  low values: refused",
        "  high values: refused",
        *_redefines(entries),
    ]
    if len(records) > 1:
        field = _common_field(records)
        lines.append(f"  type field: {field or 'NAME-THE-FIELD-THAT-TELLS-RECORDS-APART'}")
        lines.append("records:")
        for number, entry in enumerate(entries, 1):
            lines.append(f"  {entry.name}: {{type: {_value(entry, field, number)}, occurs: 0..}}")
    return "\n".join(lines) + "\n"


def _title(path: str) -> str:
    """Name the object after its system, which the folder is named after, and its file: "Acme Orders"."""
    folder, _, file = path.rpartition("/")
    names = [
        each.replace("-", " ").replace("_", " ").split() for each in (folder.rpartition("/")[2], file.partition(".")[0])
    ]
    return " ".join(dict.fromkeys(word for name in names for word in name)).title()


def _redefines(entries: Sequence[Entry]) -> list[str]:
    """Write a rule for each area: the first view, with the others in a comment."""
    views: dict[str, list[str]] = {}
    for entry in entries:
        for each in entry.walk():
            if each.redefines:
                views.setdefault(each.redefines, []).append(each.name)
    if not views:
        return []
    lines = ["  redefines:                  # NAME: VIEW, or NAME: {by: FIELD, A: VIEW-A, else: VIEW-B}"]
    return lines + [f"    {name}: {name}  # or {', '.join(others)}" for name, others in views.items()]


def _common_field(records: Sequence[Placed]) -> str:
    """Find a field of the same name, place and length in all records."""
    common: set[tuple[str, int, int]] | None = None
    for record in records:
        own = {
            (member.name, member.offset, member.length)
            for member in record.members
            if isinstance(member, Placed) and member.form and member.entry.name != "FILLER"
        }
        common = own if common is None else common & own
    found = sorted(common or (), key=lambda each: each[1])
    return found[0][0] if found else ""


def _value(entry: Entry, field: str, number: int) -> str:
    """Give the value of a condition name on the type field, which often names the type, or a question mark."""
    for child in entry.children:
        if child.name == field and child.conditions and child.conditions[0].values:
            first = child.conditions[0].values[0]
            return f'"{first if isinstance(first, str) else first[0]}"'
    return f'"?{number}"'
