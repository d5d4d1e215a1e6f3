"""The source's figures 11B to 11S, a folder each, built from what the text says of them.

    call.txt       the method and its arguments; trees are files of the folder: object=object is object.xml
    expected.xml   the result
    ignored.txt    what Apply ignored, a line each; absent for nothing

The drawings themselves are not in the text: products and numbers are its own where it names them (GCI One Bundle,
calling card, (650) 213-7575, Feature Package, Call Forwarding, 200 Minutes Free), and made up where it doesn't.
"""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from hub.services import SERVICES, Applied
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from schemas.hub_xml import hub_from_xml, hub_to_xml
from tests.trees import counting

HERE = pathlib.Path(__file__).parent
FIGURES = sorted(path.name for path in HERE.iterdir() if (path / "call.txt").exists())
DEFINITIONS = shipped_definitions()


def tree(figure: str, name: str) -> PropertySet:
    return hub_from_xml((HERE / figure / f"{name}.xml").read_bytes(), DEFINITIONS)


def called(figure: str) -> Any:
    """The result of the figure's call."""
    command, *words = (HERE / figure / "call.txt").read_text(encoding="utf-8").split()
    service = next(one for one in SERVICES.values() if one.command == command)
    arguments: dict[str, Any] = {}
    for word in words:
        name, _, text = word.partition("=")
        given: Any = tree(figure, text) if (HERE / figure / f"{text}.xml").exists() else text
        arguments[name] = [given] if name == "orders" else given
    surroundings = {"definitions": DEFINITIONS, "new_id": counting()}
    return service.function(**arguments, **{n: v for n, v in surroundings.items() if n in service.arguments})


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_gives_what_the_source_says(figure: str) -> None:
    result = called(figure)
    ignored = HERE / figure / "ignored.txt"
    expected = ignored.read_text(encoding="utf-8").splitlines() if ignored.exists() else []
    if isinstance(result, Applied):
        assert [str(entry) for entry in result.ignored] == expected
        result = result.asset
    # As XML, which has the fields in the definition's order.
    wanted = tree(figure, "expected")
    assert hub_to_xml(result, DEFINITIONS).decode() == hub_to_xml(wanted, DEFINITIONS).decode()
    assert result == wanted


def test_every_figure_of_the_methods_is_there() -> None:
    assert [figure[2:] for figure in FIGURES] == list("BCDEGHIJKMNOQS")
