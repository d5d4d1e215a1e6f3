"""A field that had a value always, and may be null now, is told as its own fault, by both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from adapters.database.connection.database import Database
from adapters.database.schema.taken_back import FieldTakenBack, refuse_fields_taken_back
from adapters.database.schema.upgrade import upgrade
from integration_objects.declaration import Source, shipped
from integration_objects.definition import read_definitions

REQUIRED, DEFAULT = "Street: {length: 9, required: yes}", "Street: {length: 9, default: none}"
MAY_BE_NULL, NOT_DECLARED = "Street: {length: 9}", "City: {length: 9}"


def declared(field):
    """The definitions with a table of the deployment's own, which has this field."""
    text = f"""
extends: OM Order
components:
  Order:
    children:
      - component: Site
        table: x_site
        keys: [[Role]]
        fields: {{Role: {{length: 9, required: yes}}, {field[: field.index(":")]}: {field[field.index(":") + 2 :]}}}
"""
    return read_definitions(shipped("integration_objects"), [Source("objects/site.yaml", text)])


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def empty_database(request, tmp_path):
    is_sqlite = request.param == "SQLite"
    database = Database(f"sqlite:///{tmp_path}/site.db" if is_sqlite else request.getfixturevalue("database_url"))
    yield database
    database.close()


@pytest.fixture
def database(empty_database):
    """A database with the table, upgraded while the field was required."""
    upgrade(empty_database, declared(REQUIRED))
    return empty_database


@pytest.mark.parametrize(("field", "now"), [(MAY_BE_NULL, "declared without"), (NOT_DECLARED, "not declared")])
def test_a_required_field_that_is_taken_back_is_told_with_its_mend(database, field, now):
    definitions = declared(field)
    upgrade(database, definitions)
    with pytest.raises(FieldTakenBack) as refused:
        refuse_fields_taken_back(database, definitions)
    assert refused.value.what == (
        "the column 'x_site.street' wants a value, and no field of the declarations always has one"
    )
    assert refused.value.why.endswith(f"now it is {now}")
    # The mend is right: the field is declared again, or the statement is run.
    refuse_fields_taken_back(database, declared(REQUIRED))
    if database.dialect.is_shared:
        with database.write() as connection:
            connection.execute(text(refused.value.mend.rpartition(": ")[2]))
        refuse_fields_taken_back(database, definitions)
    else:
        assert refused.value.mend.endswith("give the component another table name and load its rows again")


def test_a_database_that_fits_is_no_fault(database):
    refuse_fields_taken_back(database, declared(REQUIRED))
    refuse_fields_taken_back(database, read_definitions(shipped("integration_objects")))


def test_a_default_that_is_taken_back_is_told_only_where_a_null_could_come(empty_database):
    """The column's default serves rows without the field; a field that may be null would break the constraint."""
    upgrade(empty_database, declared(DEFAULT))
    refuse_fields_taken_back(empty_database, declared(DEFAULT))
    refuse_fields_taken_back(empty_database, declared(NOT_DECLARED))
    with pytest.raises(FieldTakenBack) as refused:
        refuse_fields_taken_back(empty_database, declared(MAY_BE_NULL))
    assert refused.value.why.endswith("now it is declared without")


def test_a_default_of_an_extended_table_is_looked_at_too(empty_database):
    """Such a column is NOT NULL in a shipped table, where no other column of an extension can be."""
    text = "extends: OM Order\ncomponents: {Order: {fields: {Channel: {length: 9%s}}}}\n"
    with_default, without = (
        read_definitions(shipped("integration_objects"), [Source("objects/channel.yaml", text % default)])
        for default in (", default: shop", "")
    )
    upgrade(empty_database, with_default)
    refuse_fields_taken_back(empty_database, with_default)
    with pytest.raises(FieldTakenBack, match=r"'s_order.x_channel' wants a value"):
        refuse_fields_taken_back(empty_database, without)
