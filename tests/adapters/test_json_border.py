"""JSON of other systems: pydantic's errors in the hub's words."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, StrictInt, ValidationError

from adapters.json_border import JsonFault, Text, first_fault


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: StrictInt
    kind: Literal["a", "b"] = "a"
    texts: dict[str, Text] = {}


class Document(BaseModel):
    lines: list[Line]


@pytest.mark.parametrize(
    ("line", "where", "why", "mend"),
    [
        ({}, "lines[0].number", "expected a value, found none", "give it"),
        ({"number": 1.5}, "lines[0].number", "expected a whole number, found a number", "give a whole number"),
        ({"number": 1, "more": 1}, "lines[0].more", "there is no part of this name", "leave it out"),
        ({"number": 1, "kind": "c"}, "lines[0].kind", "expected one of 'a' or 'b'", "give one of these"),
        ({"number": 1, "texts": []}, "lines[0].texts", "expected an object, found a list", "use { }"),
        ({"number": 1, "texts": {"x": None}}, "lines[0].texts.x", "expected a text, found nothing", "give a text"),
        (
            {"number": 1, "texts": {"x": "y" * 4_001}},
            "lines[0].texts.x",
            "expected at most 4000 characters, found 4001",
            "shorten it",
        ),
    ],
)
def test_a_fault_names_its_place_as_a_path_with_the_expected_and_the_found(
    line: dict[str, Any], where: str, why: str, mend: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Document.model_validate({"lines": [line]})
    assert first_fault(caught.value) == JsonFault(where, why, mend)


def test_calling_a_method_does_not_load_pydantic() -> None:
    code = "import hub.command_line.call, hub.services, sys; sys.exit('pydantic' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
