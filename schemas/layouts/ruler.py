"""The bytes of a record with a ruler, or the characters of a line, for people who look for the place of a fault.

offset   1        5         10        15
hex      C1 F1 40 40 ...
text     A  1  .  .
         ^^^^^
"""

from __future__ import annotations

from schemas.layouts.values.code_pages import CodePage

#: Bytes in one line, and bytes shown before the marked ones.
_LINE, _BEFORE = 16, 16
#: Characters shown before the first marked one, and from it on.
_CHARACTERS = 40


def ruler(data: bytes, start: int, length: int, page: CodePage) -> list[str]:
    """Draw the bytes around a field.

    Args:
        data: the record.
        start: the offset of the field's first byte.
        length: the field's bytes.
        page: the code page of the characters.
    """
    first = max(0, start - _BEFORE) // _LINE * _LINE
    lines: list[str] = []
    for at in range(first, min(len(data), start + length), _LINE):
        row = data[at : at + _LINE]
        text = "".join(sign if sign.isprintable() and sign != "\ufffd" else "." for sign in page.decode(row))
        marks = "".join("^^ " if start <= at + place < start + length else "   " for place in range(len(row))).rstrip()
        lines.append(f"{at + 1:>8}  {row.hex(' ').upper():<{3 * _LINE}} {text}")
        if marks:
            lines.append(f"{'':>8}  {marks}")
    return lines


def marked(text: str, start: int, length: int) -> list[str]:
    """Draw the characters around a cell.

    Args:
        text: the line.
        start: the place of the cell's first character.
        length: the cell's characters.
    """
    first = max(0, start - _CHARACTERS)
    shown = text[first : start + _CHARACTERS]
    line = "".join(sign if sign.isprintable() else "." for sign in shown)
    return [
        f"{first + 1:>8}  {line}",
        f"{'':>8}  {' ' * (start - first)}{'^' * min(length, len(line) - start + first)}",
    ]
