"""A table is made when it is asked for, with the columns that it has if all are made together."""

from __future__ import annotations

import pytest

from adapters.database.schema.hub_tables import HUB
from adapters.database.schema.json_views import views_of
from adapters.database.schema.tables import DeclaredTables, extension_tables, tables_of
from hub.deployment.definitions import load_definitions
from integration_objects.definition import shipped_definitions

EXTENSION = """
extends: Line Item
components:
  Attribute:
    fields:
      Unit: {length: 10}
"""


@pytest.fixture
def extended(tmp_path):
    (tmp_path / "orderhub.toml").write_text("")
    (tmp_path / "integration_objects").mkdir()
    (tmp_path / "integration_objects" / "line_item.yaml").write_text(EXTENSION)
    return load_definitions(tmp_path)


def test_a_table_is_made_alone():
    tables = DeclaredTables(shipped_definitions())
    assert tables["s_order"].name == "s_order"
    assert list(tables.metadata.tables) == ["s_order"]
    assert tables["s_order"] is tables["s_order"]


def test_each_table_and_view_has_the_same_columns_alone_as_together():
    together = tables_of(shipped_definitions())
    names = list(DeclaredTables(shipped_definitions()))
    assert {*names} == {*together.tables, *views_of(together)} - {*HUB.tables}
    for name in names:
        alone = DeclaredTables(shipped_definitions())[name]
        other = views_of(together)[name].table if name in views_of(together) else together.tables[name]
        assert [_described(column) for column in alone.columns] == [_described(column) for column in other.columns]


def test_only_the_tables_of_extensions_are_made_to_see_whether_they_are_there(extended):
    assert not extension_tables(shipped_definitions()).tables
    found = extension_tables(extended)
    views = {name: view for name, view in views_of(tables_of(extended)).items() if view.extension_columns}
    assert {*views_of(found)} == {*views}
    assert {*found.tables} == {view.owner.name for view in views_of(found).values()}
    assert 0 < len(found.tables) < 5
    for name, view in views_of(found).items():
        assert view.extension_columns == views[name].extension_columns


def _described(column):
    return column.name, repr(column.type), column.nullable, column.primary_key, repr(column.server_default)


def test_tables_of_extensions_have_all_constraints_and_indexes(extended):
    together = tables_of(extended)
    for name, table in extension_tables(extended).tables.items():
        assert {one.name for one in table.constraints} == {one.name for one in together.tables[name].constraints}
        assert {index.name for index in table.indexes} == {index.name for index in together.tables[name].indexes}
