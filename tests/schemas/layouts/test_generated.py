"""Records of random copybooks: read as an independent oracle says, and written as the same bytes."""

from __future__ import annotations

import random
from typing import Any

import pytest

from integration_objects.property_set import PropertySet
from schemas.layouts.copybook.entries import read_copybook
from schemas.layouts.options import Options
from schemas.layouts.placing import place
from schemas.layouts.record import RecordCodec
from tests.schemas.layouts.generated import copybook, random_record, record


def as_dict(node: PropertySet) -> dict[str, Any]:
    found: dict[str, Any] = dict(node.properties)
    for child in node.children:
        found.setdefault(child.type, []).append(as_dict(child))
    return found


def without_single_lists(tree: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [without_single_lists(each) for each in value if each or len(value) > 1]
        if isinstance(value, list)
        else value
        for name, value in tree.items()
        if value != [{}]
    }


@pytest.mark.parametrize("seed", range(150))
def test_random_records_are_read_and_written_as_the_oracle_says(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # a test's chance
    group = random_record(chance)
    [entry] = read_copybook(copybook(group), "random.cpy")
    options = Options()
    codec = RecordCodec(place(entry, options, "random.cpy"), options)
    for _ in range(20):
        expected = record(group, chance)
        tree = codec.decode(expected.data)
        assert without_single_lists(as_dict(tree)) == without_single_lists(expected.tree)
        assert codec.encode(tree) == expected.data
