"""The clauses of COBOL that a layout reads and writes, each with an example that proves it.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from integration_objects.property_set import PropertySet
from schemas.layouts.copybook.entries import read_copybook
from schemas.layouts.options import Chosen, Options
from schemas.layouts.placing import place
from schemas.layouts.record import RecordCodec

_Values = Mapping[str, str | None]


@dataclass(frozen=True)
class Example:
    """A clause with a record that shows it.

    Attributes:
        clause: its name.
        copybook: the entries, in free form; the record's name is R.
        bytes: the record in hex.
        values: what is read, by path; a repeated path has the number of the occurrence behind it, ``T[2]``.
        options: what the layout says about the bytes.
    """

    clause: str
    copybook: str
    bytes: str
    values: _Values
    options: Options = field(default=Options())

    def is_proven(self) -> bool:
        """Tell whether the bytes are read as the values, and written again as the same bytes."""
        [record] = read_copybook(self.copybook, "example", "free", self.options.decimal_point)
        codec = RecordCodec(place(record, self.options, "example"), self.options)
        raw = bytes.fromhex(self.bytes)
        tree = codec.decode(raw)
        return dict(_paths(tree)) == dict(self.values) and codec.encode(tree) == raw


def _paths(node: PropertySet, above: str = "") -> list[tuple[str, str | None]]:
    """List the values of a record by path."""
    found: list[tuple[str, str | None]] = [(above + name, value) for name, value in node.properties.items()]
    counts: dict[str, int] = {}
    for child in node.children:
        counts[child.type] = counts.get(child.type, 0) + 1
        path = f"{above}{child.type}[{counts[child.type]}]"
        if child.value:
            found.append((path, child.value))
        found += _paths(child, path + "/")
    return found


def _one(clause: str, entry: str, raw: str, value: str | None, **options: object) -> Example:
    """Make the example of one field, F."""
    values = {} if value is None else {"F": value}
    return Example(clause, f"01 R.\n 05 F {entry}.", raw, values, Options(**options))  # type: ignore[arg-type]


EXAMPLES: tuple[Example, ...] = (
    _one("PIC X", "PIC X(4)", "C1C24040", "AB"),
    _one("PIC A", "PIC A(2)", "C1C2", "AB"),
    _one("PIC X with 9", "PIC X(2)9", "C1C2F7", "AB7"),
    _one("PIC N, national", "PIC N(2)", "00E40020", "\u00e4"),
    _one("PIC G, double-byte", "PIC G(2) DISPLAY-1", "30423044", "\u3042\u3044", double_byte_code_page="utf-16-be"),
    _one("JUSTIFIED RIGHT", "PIC X(4) JUSTIFIED RIGHT", "4040C1C2", "AB"),
    _one("PIC 9, zoned", "PIC 9(3)", "F0F4F2", "42"),
    _one("V, assumed decimal point", "PIC 9(3)V99", "F0F0F5F9F9", "5.99"),
    _one("P behind the digits", "PIC 99PPP", "F1F2", "12000"),
    _one("P before the digits", "PIC VPP99", "F1F2", "0.0012"),
    _one("S, sign in the last zone", "PIC S9(3)", "F0F4D2", "-42"),
    _one("S in ASCII", "PIC S9(3)", "30344B", "-42", code_page="latin-1"),
    _one("SIGN LEADING", "PIC S9(3) SIGN LEADING", "D0F4F2", "-42"),
    _one("SIGN TRAILING SEPARATE", "PIC S9(3) SIGN TRAILING SEPARATE", "F0F4F260", "-42"),
    _one("SIGN LEADING SEPARATE", "PIC S9(3) SIGN IS LEADING SEPARATE CHARACTER", "4EF0F4F2", "42"),
    _one("BLANK WHEN ZERO", "PIC 9(3) BLANK WHEN ZERO", "404040", "0"),
    _one("COMP-3, PACKED-DECIMAL", "PIC S9(5)V99 COMP-3", "0001250D", "-12.50"),
    _one("COMP-3 without S", "PIC 9(3) PACKED-DECIMAL", "042F", "42"),
    _one("COMP-6", "PIC 9(4) COMP-6", "0042", "42"),
    _one("COMP, BINARY, COMP-4", "PIC S9(4) COMP", "FFD6", "-42"),
    _one("COMP of 8 bytes", "PIC 9(18) BINARY", "000000000000002A", "42"),
    _one("COMP-5, little end first", "PIC 9(4) COMP-5", "FFFF", "65535"),
    _one("COMP-5 with byte order", "PIC S9(4) COMP-5", "2A00", "42", byte_order="little"),
    _one("COMP-1, IBM", "COMP-1", "41180000", "1.5"),
    _one("COMP-2, IBM", "COMP-2", "C118000000000000", "-1.5"),
    _one("COMP-1, IEEE 754", "COMP-1", "3FC00000", "1.5", floating_point="ieee"),
    _one("COMP-2, IEEE 754", "COMP-2", "3FF8000000000000", "1.5", floating_point="ieee"),
    _one("INDEX", "USAGE INDEX", "0000002A", "42"),
    _one("POINTER", "USAGE POINTER", "0000AB00", "0000AB00"),
    _one("edited: Z and comma", "PIC ZZ,ZZ9", "404040F1F2F3", "123"),
    _one("edited: point and trailing minus", "PIC ZZ9.99-", "4040F14BF5F060", "-1.50"),
    _one("edited: floating sign", "PIC ---9", "4060F1F2", "-12"),
    _one("edited: floating currency sign", "PIC $$$9.99", "40405BF14BF5F0", "1.50"),
    _one("edited: asterisks", "PIC ***9", "5C5CF1F2", "12"),
    _one("edited: CR and DB", "PIC 99CR", "F1F2C3D9", "-12"),
    _one("edited: B, 0 and /", "PIC 99/99/99", "F0F161F3F161F2F6", "13126"),
    _one("edited text", "PIC XX/XX", "C1C261C3C4", "ABCD"),
    _one("DECIMAL-POINT IS COMMA", "PIC ZZ9,99", "4040F16BF5F0", "1.50", decimal_point=","),
    _one("blanks that mean null", "PIC 9(3)", "404040", None, blanks="null"),
    Example(
        "FILLER, kept byte for byte",
        "01 R.\n 05 A PIC X.\n 05 FILLER PIC X(2).\n 05 B PIC X.",
        "C100FFC2",
        {"A": "A", "FILLER bytes": "00FF", "B": "B"},
    ),
    Example("groups", "01 R.\n 05 G.\n  10 A PIC X.\n  10 B PIC 9.", "C1F1", {"G[1]/A": "A", "G[1]/B": "1"}),
    Example("OCCURS", "01 R.\n 05 T PIC X OCCURS 3 TIMES.", "C1C240", {"T[1]": "A", "T[2]": "B"}),
    Example(
        "OCCURS DEPENDING ON",
        "01 R.\n 05 N PIC 9.\n 05 T OCCURS 0 TO 5 TIMES DEPENDING ON N.\n  10 A PIC X.\n 05 B PIC X.",
        "F2C1C2E9",
        {"N": "2", "T[1]/A": "A", "T[2]/A": "B", "B": "Z"},
    ),
    Example(
        "OCCURS DEPENDING ON, nested",
        "01 R.\n 05 T OCCURS 2.\n  10 N PIC 9.\n  10 U PIC X OCCURS 0 TO 3 DEPENDING ON N INDEXED BY I.",
        "F1C1F2C2C3",
        {"T[1]/N": "1", "T[1]/U[1]": "A", "T[2]/N": "2", "T[2]/U[1]": "B", "T[2]/U[2]": "C"},
    ),
    Example(
        "REDEFINES, one view chosen",
        "01 R.\n 05 A PIC X(3).\n 05 B REDEFINES A PIC S9(5) COMP-3.",
        "00042C",
        {"B": "42"},
        Options(redefines={"A": Chosen("", {"": "B"})}),
    ),
    Example(
        "REDEFINES, chosen by a field; shorter and longer",
        "01 R.\n 05 K PIC X.\n 05 A PIC X(2).\n 05 B REDEFINES A PIC 9.\n 05 C REDEFINES A PIC X(4).\n 05 Z PIC X.",
        "F2F7404040E9",
        {"K": "2", "B": "7", "Z": "Z"},
        Options(redefines={"A": Chosen("K", {"1": "A", "2": "B", "": "C"})}),
    ),
    Example(
        "SYNCHRONIZED, slack bytes",
        "01 R.\n 05 A PIC X.\n 05 N PIC 9(4) COMP SYNC.\n 05 B PIC X.",
        "C100002AC2",
        {"A": "A", "N": "42", "B": "B"},
    ),
    Example(
        "SYNCHRONIZED in a table",
        "01 R.\n 05 T OCCURS 2.\n  10 N PIC 9(4) COMP SYNC.\n  10 A PIC X.",
        "0001C1000002C200",
        {"T[1]/N": "1", "T[1]/A": "A", "T[2]/N": "2", "T[2]/A": "B"},
    ),
    Example(
        "level 66 and 88: shown, they add no field; 'conditions' in the layout makes 88 a check",
        "01 R.\n 05 A PIC X.\n  88 IS-OPEN VALUE 'O' 'P' THRU 'R'.\n 05 B PIC X.\n 66 AB RENAMES A THRU B.",
        "D6C2",
        {"A": "O", "B": "B"},
    ),
    Example("level 77", "77 F PIC 9(2).", "F4F2", {"F": "42"}),
    Example(
        "VALUE, GLOBAL, EXTERNAL: they say nothing about places",
        "01 R GLOBAL.\n 05 A PIC X VALUE 'A'.",
        "C1",
        {"A": "A"},
    ),
)
