"""What a layout says about its bytes, beside the fields' own clauses.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from schemas.layouts.values.dated import DateRule
from schemas.layouts.values.form import Meaning


@dataclass(frozen=True)
class Chosen:
    """The rule that chooses one of the views of an area that is redefined.

    Attributes:
        by: the name of the field whose value chooses; "" for one view always.
        views: the name of the view for each value; under "" the view for all other values.
    """

    by: str = ""
    views: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    """What a layout says about its bytes.

    Attributes:
        code_page: the name of the single-byte code page.
        double_byte_code_page: Python's name of the encoding of G fields; "" for none.
        byte_order: the order of the bytes of COMP-5, and of INDEX. COMP is always big end first.
        floating_point: the format of COMP-1 and COMP-2.
        blanks, low_values, high_values: the meanings of bytes that are no number.
        decimal_point: "," where the program says DECIMAL-POINT IS COMMA.
        redefines: the views of areas that are redefined, by the name of the entry that is redefined. An area without
            a rule is read as that entry.
        dates: the forms of fields that hold dates, by the field's name.
        conditions: the names of fields that hold only the values of their condition names.
    """

    code_page: str = "cp037"
    double_byte_code_page: str = ""
    byte_order: Literal["big", "little"] = "big"
    floating_point: Literal["ibm", "ieee"] = "ibm"
    blanks: Meaning = "refused"
    low_values: Meaning = "refused"
    high_values: Meaning = "refused"
    decimal_point: Literal[".", ","] = "."
    redefines: Mapping[str, Chosen] = field(default_factory=dict)
    dates: Mapping[str, DateRule] = field(default_factory=dict)
    conditions: frozenset[str] = frozenset()
