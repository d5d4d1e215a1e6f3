"""What is kept as JSON behaves as what has a table of its own, and is shown as one, on both databases."""

import contextlib
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from adapters.database.connection.database import Database
from adapters.database.objects.faults import (
    AlreadyThere,
    DuplicateInMessage,
    FieldInvalid,
    FieldMissing,
    JsonUnreadable,
    RowNotFound,
)
from adapters.database.objects.json_children import objects_in, texts_of
from adapters.database.objects.store import ObjectStore, StoredObjects
from adapters.database.schema.tables import tables_of
from adapters.database.schema.upgrade import upgrade
from integration_objects.complex_object import instances, message, put_list
from integration_objects.declaration import Source, shipped
from integration_objects.definition import read_definitions, shipped_definitions
from integration_objects.errors import HubError
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import SeededSurroundings
from tests.trees import item, node

#: The same object twice: once with tables, once with JSON, in the header's rows and in the items'.
TWIN = """
integration object: {name}
component: Survey
table: x_{short}
keys: [[Number]]
fields:
  Number: {{length: 30, required: yes}}
  Remark: {{length: 30}}
children:
  - component: Note
    table: x_{short}_note
    {header_json}
    keys: [[Name], [Code, Part]]
    fields:
      Name: {{length: 30, required: yes}}
      Code: {{length: 10}}
      Part: {{type: number}}
      Text: {{length: 5}}
      Size: {{type: number}}
      Since: {{type: date}}
      Done: {{type: flag}}
      Shown: {{stored: no}}
  - component: Item
    nested: yes
    table: x_{short}_item
    keys: [[Key]]
    fields: {{Key: {{length: 10, required: yes}}, Remark: {{length: 30}}}}
    children:
      - component: Note
        table: x_{short}_item_note
        {item_json}
        keys: [[Name], [Code, Part]]
        fields:
          Name: {{length: 30, required: yes}}
          Code: {{length: 10}}
          Part: {{type: number}}
          Text: {{length: 5}}
          Size: {{type: number}}
          Since: {{type: date}}
          Done: {{type: flag}}
          Shown: {{stored: no}}
"""
IN_TABLES, IN_JSON = "Survey In Tables", "Survey In JSON"


def twins():
    sources = [
        TWIN.format(name=IN_TABLES, short="t", header_json="help: ''", item_json="help: ''"),
        TWIN.format(name=IN_JSON, short="j", header_json="json column: notes", item_json="json column: notes"),
    ]
    return read_definitions(shipped("integration_objects"), [Source(f"{n}.yaml", one) for n, one in enumerate(sources)])


TWINS = twins()
TWIN_TABLES = tables_of(TWINS)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def twin_database(request, tmp_path):
    url = f"sqlite:///{tmp_path}/twins.db"
    if request.param == "PostgreSQL":
        url = request.getfixturevalue("make_postgresql")("twins")
    database = Database(url)
    upgrade(database, TWINS)
    yield database
    database.close()


@pytest.fixture
def twin_store(twin_database):
    with twin_database.write() as connection:
        store = ObjectStore(connection, StoredObjects(TWINS), SeededSurroundings())
        store.connection = connection
        yield store


SHOWN = "n.name, n.code, n.part, n.text, n.size, n.since, n.done"

OPERATION = st.sampled_from(["insert", "update", "upsert", "synchronize", "delete"])
NOTE = st.fixed_dictionaries(
    {"Name": st.sampled_from(["a", "b", "c", "d"])},
    optional={
        "Code": st.sampled_from([None, "", "k", "l"]),
        "Part": st.sampled_from([None, "1", "1.0"]),
        "Text": st.sampled_from([None, "", "x", 'a"\\b', "\u00e9\U0001f600", "toolong"]),
        "Size": st.sampled_from([None, "1", "1.0", "-0.50", "999999999999999.1234567", ""]),
        "Since": st.sampled_from([None, "2026-01-31T12:00:00+02:00"]),
        "Done": st.sampled_from([None, "Y", "N", "Z"]),
        "Shown": st.just("x"),
    },
)


def faulty(fields):
    return fields.get("Text") == "toolong" or fields.get("Size") == "" or fields.get("Done") == "Z"


#: Most notes are good ones: a fault ends all that is beneath it.
GOOD_NOTE = NOTE.filter(lambda fields: not faulty(fields))
NOTES = st.none() | st.lists(st.one_of(GOOD_NOTE, GOOD_NOTE, GOOD_NOTE, GOOD_NOTE, NOTE), max_size=4)
PLACES = st.lists(
    st.tuples(st.sampled_from(["1", "2", "3"]), NOTES, st.none() | st.sampled_from(["r", "s"]), st.booleans()),
    max_size=3,
    unique_by=lambda place: place[0],
)
STEP = st.tuples(
    OPERATION | st.just("execute"), NOTES, PLACES, st.lists(st.none() | OPERATION, min_size=20, max_size=20)
)


def note_list(notes, own):
    nodes = [PropertySet("Note", properties=dict(fields)) for fields in notes]
    for note in nodes:
        own(note)
    return PropertySet("ListOf Note", children=nodes)


def tree_of(name, step):
    """The message of one step; under execute some nodes say an operation of their own."""
    operation, notes, places, operations = step
    left = iter(operations)

    def own(node):
        wanted = next(left, None)
        if operation == "execute" and wanted is not None:
            node.properties["Operation"] = wanted

    header = PropertySet("Survey", properties={"Number": "1"})
    if operation == "execute":
        header.properties["Operation"] = operations[-1] or "upsert"
    if notes is not None:
        header.children.append(note_list(notes, own))
    items, above = [], None
    for key, beneath, remark, nested in places:
        item = PropertySet("Item", properties={"Key": key})
        own(item)
        if remark is not None:
            item.properties["Remark"] = remark
        if beneath is not None:
            item.children.append(note_list(beneath, own))
        if nested and above is not None:
            above.children.append(PropertySet("ListOf Item", children=[item]))
            continue
        items.append(item)
        above = item
    if places:
        header.children.append(PropertySet("ListOf Item", children=items))
    return message(name, [header])


def outcome(store, name, step):
    """What a step does, and what is there after it: nothing that tells tables from JSON."""
    savepoint = store.connection.begin_nested()
    try:
        done = getattr(store, step[0])(tree_of(name, step))
    except HubError as error:
        savepoint.rollback()
        told = re.sub(r"x_[tj](_item)?(_note)?\b", "TABLE", str(error))
        done = (type(error).__name__, re.sub(r"row \S+", "row ID", told))
    else:
        savepoint.commit()
        done = [(one.operation, one.key, dict(one.rows)) for one in done]
    found = store.query(name, {}, versions=True)
    return done, instances(found)


@given(st.lists(STEP, min_size=1, max_size=6))
@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
def test_json_and_tables_behave_alike(twin_store, steps):
    """Whatever is done: the same rows counted, the same tree and version read, the same error in the same words."""
    savepoint = twin_store.connection.begin_nested()
    for step in steps:
        assert outcome(twin_store, IN_JSON, step) == outcome(twin_store, IN_TABLES, step)
        assert shown(twin_store, "x_j") == shown(twin_store, "x_t")
    savepoint.rollback()


def shown(store, table):
    """All notes as SQL sees them, without what is made up for each: identifiers, times, places with gaps."""
    of_item = f"SELECT {SHOWN}, i.key FROM {table}_item_note AS n JOIN {table}_item AS i ON n.item_id = i.row_id"
    roots = f" JOIN {table}_item AS r ON n.root_id = r.row_id ORDER BY i.key, n.position"
    of_header = f"SELECT {SHOWN} FROM {table}_note AS n JOIN {table} AS s ON n.survey_id = s.row_id ORDER BY n.position"
    return [store.connection.execute(text(statement)).all() for statement in (of_item + roots, of_header)]


# The text


def test_a_text_is_exact():
    """Digits, the empty text, quotes and signs outside of ASCII come back as they went; null is left out."""
    stored = StoredObjects(shipped_definitions()).of("OM Order").components[0].in_json[0]
    columns = {"name": ['a"\\\n\u2028', "\U0001f600", "c"], "number_value": ["-0.5000000", None, "1"]}
    made = texts_of({**columns, "text_value": ["", None, "null"]}, [2, 0, 1])
    assert made == [
        '[{"name":"a\\"\\\\\\n\u2028","number_value":"-0.5000000","text_value":""},{"name":"\U0001f600"}]',
        None,
        '[{"name":"c","number_value":"1","text_value":"null"}]',
    ]
    assert objects_in(stored, [made[0], made[2]]) == [
        [{"name": 'a"\\\n\u2028', "number_value": "-0.5000000", "text_value": ""}, {"name": "\U0001f600"}],
        [{"name": "c", "number_value": "1", "text_value": "null"}],
    ]


def test_a_number_that_somebody_else_wrote_keeps_its_digits():
    stored = StoredObjects(shipped_definitions()).of("OM Order").components[0].in_json[0]
    assert objects_in(stored, ['[{"number_value":9007199254740993.0001}]']) == [
        [{"number_value": "9007199254740993.0001"}]
    ]


@pytest.mark.parametrize("text", ["{}", "[1]", '"x"', "[],[]"])
def test_what_the_hub_does_not_write_is_told_with_its_place(text):
    stored = StoredObjects(shipped_definitions()).of("OM Order").components[0].in_json[0]
    with pytest.raises(JsonUnreadable) as caught:
        objects_in(stored, ["[]", text])
    why = "no JSON: Extra data: line 1 column 3 (char 2)" if text == "[],[]" else repr(text)
    assert str(caught.value) == (
        "the rows of 'Attribute' can't be read\n"
        "  where: s_order_item.attributes\n"
        f"  why:   expected a list of objects, found {why}\n"
        "  mend:  mend the column by hand: only the hub may write it"
    )


# Orders


def attributes_of(store, **example):
    tree = store.query("OM Order", example or {"Order Number": "1"})
    return [
        [{name: value for name, value in one.properties.items() if value is not None} for one in holder.children]
        for item in instances(tree)[0].child("ListOf Line Item").children
        for holder in item.children
    ]


def order(*lists):
    """An order with a line item for each list of attributes, which may be empty."""
    items = [item(str(number)) for number in range(len(lists))]
    for line, attributes in zip(items, lists, strict=True):
        put_list(line, "Attribute").extend(PropertySet("Attribute", properties=fields) for fields in attributes)
    return message("OM Order", [node("Order", *items, order_number="1", revision="1")])


@pytest.fixture
def store(any_database):
    definitions = shipped_definitions()
    with any_database.write() as connection:
        store = ObjectStore(connection, StoredObjects(definitions), SeededSurroundings(), "anna")
        store.connection = connection
        yield store


def test_a_view_shows_the_attributes_as_the_table_did(store):
    store.insert(order([{"Name": "b", "Number Value": "5.990"}, {"Name": "a", "Text Value": "", "Action Code": "Add"}]))
    [item] = store.connection.execute(text("SELECT * FROM s_order_item")).mappings()
    rows = [
        dict(row)
        for row in store.connection.execute(text("SELECT * FROM s_order_item_xa ORDER BY position")).mappings()
    ]
    shared = {name: item[name] for name in ("root_id", "created", "created_by", "last_upd", "last_upd_by")}
    assert [{**row, "number_value": row["number_value"] and str(row["number_value"])} for row in rows] == [
        {
            "row_id": f"{item['row_id']}:{place}",
            "order_item_id": item["row_id"],
            "action_cd": None,
            "text_value": None,
            "number_value": None,
            "date_value": None,
            "position": place,
            **shared,
            **own,
        }
        for place, own in enumerate(
            [{"name": "b", "number_value": "5.990"}, {"name": "a", "text_value": "", "action_cd": "Add"}]
        )
    ]


def test_an_update_of_one_attribute_rewrites_its_items_json_and_no_other(store):
    store.insert(order([{"Name": "a", "Text Value": "1"}, {"Name": "b"}], [{"Name": "c"}]))
    first = store.connection.execute(text("SELECT row_id, last_upd FROM s_order_item ORDER BY row_id")).all()
    [done] = store.update(order([{"Name": "b", "Text Value": "2"}]))
    assert done.rows == {"inserted": 0, "updated": 2, "deleted": 0}
    then = store.connection.execute(text("SELECT row_id, last_upd FROM s_order_item ORDER BY row_id")).all()
    assert [was == now for was, now in zip(first, then, strict=True)] == [False, True]
    assert attributes_of(store) == [
        [{"Name": "a", "Text Value": "1"}, {"Name": "b", "Text Value": "2"}],
        [{"Name": "c"}],
    ]
    [order_row] = instances(store.query("OM Order", {}, versions=True))
    assert order_row.get("Modification Number") == "2"


def test_the_last_attribute_that_goes_leaves_null(store):
    store.insert(order([{"Name": "a"}]))
    store.synchronize(order([]))
    assert store.connection.scalar(text("SELECT count(*) FROM s_order_item WHERE attributes IS NULL")) == 1


@pytest.mark.parametrize(
    ("attribute", "fault", "said"),
    [
        (
            {"Name": "a", "Number Value": "1e3"},
            FieldInvalid,
            "'Number Value' can't have this value\n"
            "  where: /Order[1]/Line Item[1]/Attribute[2], table s_order_item_xa\n"
            "  why:   expected a number (digits with a sign and a point), found '1e3'\n"
            "  mend:  correct 'Number Value', or leave it out",
        ),
        (
            {"Name": "", "Text Value": "x"},
            FieldMissing,
            "the required field 'Name' has no value\n"
            "  where: /Order[1]/Line Item[1]/Attribute[2], table s_order_item_xa\n"
            "  why:   expected a value, found ''\n"
            "  mend:  give 'Name' a value",
        ),
    ],
)
def test_a_fault_is_told_with_the_attributes_place(store, attribute, fault, said):
    with pytest.raises(fault) as caught:
        store.insert(order([{"Name": "b"}, attribute]))
    assert str(caught.value) == said


def test_what_is_not_among_an_items_attributes_is_not_updated(store):
    store.insert(order([{"Name": "a"}]))
    with pytest.raises(RowNotFound) as caught:
        store.update(order([{"Name": "b"}]))
    assert str(caught.value) == (
        "there is no 'Attribute' to update\n"
        "  where: /Order[1]/Line Item[1]/Attribute[1], table s_order_item_xa\n"
        "  why:   no row with Name 'b' beneath /Order[1]/Line Item[1]\n"
        "  mend:  upsert it where it may be new, or mend the key"
    )


def test_columns_of_an_extension_that_is_no_more_stay_in_the_json(store):
    """Nothing is dropped, also where the row is changed."""
    store.insert(order([{"Name": "a", "Text Value": "1"}]))
    kept = '[{"name":"a","x_unit":"m","text_value":"1"}]'
    store.connection.execute(text("UPDATE s_order_item SET attributes = :kept"), {"kept": kept})
    assert store.update(order([{"Name": "a", "Text Value": "1"}]))[0].operation == "unchanged"
    store.update(order([{"Name": "a", "Text Value": "2"}]))
    found = store.connection.scalar(text("SELECT CAST(attributes AS text) FROM s_order_item"))
    assert found == '[{"name":"a","text_value":"2","x_unit":"m"}]'


# A deployment's own


def own_definitions(fields, keys):
    declared = (
        "integration object: Visit\ncomponent: Visit\ntable: x_visit\nkeys: [[Number]]\n"
        "fields: {Number: {length: 30, required: yes}}\n"
        f"children:\n  - component: Tool\n    table: x_visit_tool\n    json column: tools\n    keys: {keys}\n"
        f"    fields: {fields}\n"
    )
    return read_definitions(shipped("integration_objects"), [Source("visit.yaml", declared)])


def visit(*tools, number="1"):
    nodes = [PropertySet("Tool", properties=one) for one in tools]
    lists = [PropertySet("ListOf Tool", children=nodes)]
    return message("Visit", [PropertySet("Visit", properties={"Number": number}, children=lists)])


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def visits(request, tmp_path):
    """What makes a store with an object whose header keeps its tools as JSON."""
    url = f"sqlite:///{tmp_path}/visits.db"
    if request.param == "PostgreSQL":
        url = request.getfixturevalue("make_postgresql")("visits")
    with contextlib.ExitStack() as stack:
        database = Database(url)
        stack.callback(database.close)

        def opened(definitions):
            upgrade(database, definitions)
            connection = stack.enter_context(database.write())
            return ObjectStore(connection, StoredObjects(definitions), SeededSurroundings())

        yield opened


def tools_of(store, number="1"):
    tree = store.query("Visit", {"Number": number})
    return [dict(one.properties) for one in instances(tree)[0].child("ListOf Tool").children]


def test_a_row_id_of_its_own_is_kept_and_finds_the_row_within_its_owner(visits):
    store = visits(own_definitions("{Row Id: {length: 64, column: row_id}, Name: {length: 9}}", "[[Row Id], [Name]]"))
    store.insert(visit({"Name": "saw"}, {"Row Id": "T-2", "Name": "axe"}))
    first, second = tools_of(store)
    assert first["Row Id"]
    assert second == {"Row Id": "T-2", "Name": "axe"}
    store.update(visit({"Row Id": "T-2", "Name": "pick"}))
    assert tools_of(store) == [first, {"Row Id": "T-2", "Name": "pick"}]
    with pytest.raises(AlreadyThere) as caught:
        store.update(visit({"Row Id": "T-2", "Name": "saw"}))
    assert str(caught.value) == (
        "'Tool' is there already\n"
        "  where: /Visit[1]/Tool[1], table x_visit_tool\n"
        f"  why:   row {first['Row Id']} has Name 'saw'\n"
        "  mend:  update or upsert it, or give it another key"
    )


def test_a_header_is_found_by_what_it_keeps_as_json(visits):
    store = visits(own_definitions("{Name: {length: 9}, Weight: {type: number}}", "[[Name]]"))
    store.insert(visit({"Name": "saw", "Weight": "1.50"}, {"Name": "axe"}))
    store.insert(visit({"Name": "pick"}, number="2"))
    found = [store.owner_of("Visit", "Tool", {"Name": name}) for name in ("saw", "axe", "pick", "hoe")]
    assert found[0] == found[1] is not None
    assert found[2] not in (None, found[0])
    assert found[3] is None
    assert store.owner_of("Visit", "Tool", {"Weight": "1.5"}) == found[0]
    assert store.delete(visit(number="2"))[0].rows == {"inserted": 0, "updated": 0, "deleted": 2}


def test_a_reference_is_looked_up_as_that_of_a_tables_row(visits):
    store = visits(own_definitions("{Name: {length: 9}, Account: {references: Account.Account Id}}", "[[Name]]"))
    with pytest.raises(HubError) as caught:
        store.insert(visit({"Name": "saw", "Account": "A"}))
    assert str(caught.value) == (
        "'Account' names the account 'A', which isn't there\n"
        "  where: /Visit[1]/Tool[1], table x_visit_tool\n"
        "  why:   no row of s_account has account_id 'A'\n"
        "  mend:  load the account first, or mend 'Account'"
    )
    store.insert(message("Account", [PropertySet("Account", properties={"Account Id": "A"})]))
    store.insert(visit({"Name": "saw", "Account": "A"}))
    assert tools_of(store) == [{"Name": "saw", "Account": "A"}]


def test_a_second_list_of_one_item_continues_its_first(store):
    tree = order([{"Name": "a"}, {"Name": "b"}])
    item = instances(tree)[0].children[0].children[0]
    second = PropertySet("ListOf Attribute", children=[PropertySet("Attribute", properties={"Name": "c"})])
    item.children.append(second)
    store.insert(tree)
    assert attributes_of(store) == [[{"Name": "a"}, {"Name": "b"}, {"Name": "c"}]]
    second.children.append(PropertySet("Attribute", properties={"Name": "a"}))
    with pytest.raises(DuplicateInMessage) as caught:
        store.upsert(tree)
    assert caught.value.why == "the first is /Order[1]/Line Item[1]/Attribute[1]"
