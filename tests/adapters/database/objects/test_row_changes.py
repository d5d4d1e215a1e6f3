"""The store tells the changes of followed objects: which rows are new or differ, with their fields before and after."""

from __future__ import annotations

import pytest

from adapters.database.connection.database import Database
from adapters.database.objects.store import ObjectStore, StoredObjects
from integration_objects.complex_object import components, instances, message, put_list
from integration_objects.definition import shipped_definitions
from integration_objects.names import ORDER, ORDER_ACTIVITY
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import SeededSurroundings
from tests.stocked import upgraded_sqlite
from tests.trees import attribute, item, node

OBJECTS = StoredObjects(shipped_definitions())


@pytest.fixture
def connection(tmp_path):
    (tmp_path / "orderhub.db").write_bytes(upgraded_sqlite())
    database = Database(f"sqlite:///{tmp_path / 'orderhub.db'}")
    with database.write() as connection:
        yield connection
    database.close()


def order(status, *lines):
    made = node("Order", order_number="O-1", revision="1", status=status)
    put_list(made, "Line Item").extend(lines)
    return message(ORDER, [made])


def test_rows_that_are_new_or_differ_are_told_with_their_fields(connection):
    store = ObjectStore(connection, OBJECTS, SeededSurroundings(1), followed={ORDER})
    line, other = item("1", attribute("Rings", "3"), status="Open"), item("2", status="Open")
    (made,) = store.insert(order("Open", line, other))
    assert made.changes.header.is_new
    assert [(row.is_new, row.before("Status"), row.after("Status")) for row in made.changes.beneath()] == [
        (True, None, "Open"),
        (True, None, "Open"),
    ]
    changed = item("1", attribute("Rings", "4"), status="Complete")
    (updated,) = store.update(order("Open", changed, item("2", status="Open")))
    assert updated.changes.header.differing() == set()
    (row,) = updated.changes.beneath()
    assert (row.component, row.is_new, row.before("Status"), row.after("Status")) == (
        "Line Item",
        False,
        "Open",
        "Complete",
    )
    assert row.differing() == {"Status", "Attribute"}
    # A field that the message doesn't carry is as it was.
    assert row.after("Action Code") == "-"
    assert updated.as_dict().keys() == {"operation", "object", "key", "row_id", "rows"}


def test_changes_of_other_objects_are_not_kept(connection):
    store = ObjectStore(connection, OBJECTS, SeededSurroundings(1))
    (made,) = store.insert(order("Open", item("1", status="Open")))
    assert made.changes is None


def test_headers_without_keys_go_in_one_block_with_what_they_keep_as_json(connection):
    store = ObjectStore(connection, OBJECTS, SeededSurroundings(1))

    def activity(event, *keys):
        fields = {"Order Number": "O-1", "Event": event, "Event Time": "2026-01-01T00:00:00Z"}
        made = PropertySet("Activity", properties=fields)
        if keys:
            lines = [PropertySet("Activity Line", properties={"Integration Id": key}) for key in keys]
            put_list(made, "Activity Line").extend(lines)
        return made

    store.insert(message(ORDER_ACTIVITY, [activity("Made", "1", "2"), activity("Submitted"), activity("Billed", "2")]))
    stored = instances(store.query(ORDER_ACTIVITY, {"Order Number": "O-1"}))
    assert [
        (one.get("Event"), [line.get("Integration Id") for line in components(one, "Activity Line")]) for one in stored
    ] == [("Made", ["1", "2"]), ("Submitted", []), ("Billed", ["2"])]
