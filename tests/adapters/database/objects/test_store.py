"""The EAI database adapter: each operation, on both databases, with its errors word for word."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError

from adapters.database.connection.driver_faults import ConstraintRace
from adapters.database.objects.faults import (
    AlreadyThere,
    BelongsElsewhere,
    ComponentUnknown,
    DuplicateInMessage,
    FieldInvalid,
    FieldMissing,
    FieldNotDeclared,
    FieldNotStored,
    KeyNotWhole,
    NotStored,
    ObjectNotDeclared,
    OperationRefused,
    OperationUnknown,
    ProfileAccountUnknown,
    ReferenceUnknown,
    RowNotFound,
    RowsAmbiguous,
    StillReferenced,
    VersionConflict,
)
from adapters.database.objects.matcher import Matcher
from adapters.database.objects.store import ObjectStore, StoredObjects
from adapters.database.schema.tables import tables_of
from adapters.database.schema.upgrade import upgrade
from integration_objects.complex_object import ComplexObject, instances, is_empty, line_items, message
from integration_objects.declaration import Source, shipped
from integration_objects.definition import read_definitions, shipped_definitions
from integration_objects.expression import compile_expression, field_reader
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import SeededSurroundings
from tests import trees
from tests.trees import attribute, item

DEFINITIONS = shipped_definitions()
METADATA = tables_of(DEFINITIONS)
#: What a field of an order or its line has that none was given for.
DEFAULTS = {
    ("Order", "Revision"): "1",
    ("Order", "Active Flag"): "Y",
    ("Line Item", "Action Code"): "-",
    ("Line Item", "Track As Asset"): "Y",
    ("Line Item", "Order Item Processed Flag"): "N",
    ("Line Item", "Past Point Of No Return"): "N",
}
OBJECTS = StoredObjects(DEFINITIONS)


@pytest.fixture
def store(any_database):
    """A store in a transaction, with the accounts A and B and the products Bundle and Line."""
    with any_database.write() as connection:
        made = ObjectStore(connection, OBJECTS, SeededSurroundings())
        for account in ("A", "B"):
            made.insert(message("Account", [PropertySet("Account", properties={"Account Id": account})]))
        for product in ("Bundle", "Line"):
            made.insert(message("Product", [PropertySet("Product", properties={"Product Id": product})]))
        made.connection = connection
        yield made


def order(*items, **named):
    """An order that carries no list of line items where it has none."""
    usual = {"Order_Number": "1", "Revision": "1", "Account_Id": "A"}
    return message("OM Order", [trees.node("Order", *items, **{**usual, **named})])


def asset(*items, account="A"):
    return message("OM Asset", [trees.node("Asset", *items, account_id=account)])


def shape(tree):
    """The items of each instance as key(children...), so that a tree is told by one line."""

    def told(one):
        below = " ".join(told(child) for child in line_items(one))
        return one.get("Integration Id") + (f"({below})" if below else "")

    return [" ".join(told(one) for one in line_items(instance)) for instance in instances(tree)]


def read(store, name="OM Order", **example):
    return store.query(name, trees.fields(example) or {"Order Number": "1"})


def items_of(tree):
    return ComplexObject.of(tree).keyed


def operations(done):
    return [(one.operation, one.rows["inserted"], one.rows["updated"], one.rows["deleted"]) for one in done]


# Reading back


def carried(node, other):
    """The part of *other*, read back, that *node*, written, carries."""
    kept = other.copy()
    stack = [(node, kept)]
    while stack:
        written, found = stack.pop()
        for name in list(found.properties):
            if written.get(name) is None and name != "Row Id":
                assert found.properties[name] == DEFAULTS.get((found.type, name)), name
                found.properties[name] = None
            if name not in written.properties:
                del found.properties[name]
        stack.extend(zip(written.children, found.children, strict=True))
    return kept


def test_what_was_inserted_is_read_back(store):
    written = order(
        item(
            "1",
            attribute("Colour", Text_Value="red"),
            attribute("Size", Number_Value="-12.5000000"),
            item("2", item("3", Quantity="999999999999999.1234567")),
            item("4"),
            Product_Id="Bundle",
            Due_Date="2026-02-28",
            Product_Name="",
            Status=None,
        ),
        item("0", attribute("Since", Date_Value="2026-01-31T12:00:00")),
        Status="New",
    )
    done = store.insert(written)
    found = read(store)
    assert carried(instances(written)[0], instances(found)[0]) == instances(written)[0]
    assert done[0].key == {"Order Number": "1", "Revision": "1"}
    assert done[0].row_id == instances(found)[0].get("Row Id")
    assert operations(done) == [("inserted", 9, 0, 0)]


TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff", min_codepoint=32), max_size=30
).filter(lambda text: not any(0x7F <= ord(character) <= 0x9F for character in text))
NUMBER = st.decimals(-(10**15) + 1, 10**15 - 1, allow_nan=False, places=7).map(lambda number: format(number, "f"))
ITEM = st.fixed_dictionaries(
    {},
    optional={
        "Product Name": st.none() | TEXT,
        "Quantity": st.none() | NUMBER,
        "Due Date": st.none() | st.dates().filter(lambda day: 1900 <= day.year <= 2199).map(str),
        "Track As Asset": st.sampled_from([None, "Y", "N"]),
    },
)


@given(fields=st.lists(ITEM, max_size=8), parents=st.lists(st.integers(0, 7), min_size=8, max_size=8))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_tree_is_read_back_as_it_was_written(store, fields, parents):
    """A round trip through the tables keeps every carried field, the order of siblings, and the nesting."""
    nodes = [
        PropertySet("Line Item", properties={**one, "Integration Id": str(number)}) for number, one in enumerate(fields)
    ]
    tree = order(*[node for number, node in enumerate(nodes) if parents[number] >= number])
    for number, node in enumerate(nodes):
        if parents[number] < number:
            holder = nodes[parents[number]].child("ListOf Line Item")
            if holder is None:
                holder = PropertySet("ListOf Line Item")
                nodes[parents[number]].children.append(holder)
            holder.children.append(node)
    savepoint = store.connection.begin_nested()
    store.insert(tree)
    found = instances(read(store))[0]
    assert carried(instances(tree)[0], found) == instances(tree)[0]
    assert store.upsert(message("OM Order", [found]))[0].operation == "unchanged"
    assert store.synchronize(tree)[0].operation == "unchanged"
    savepoint.rollback()


def test_an_instance_read_carries_every_field_that_has_a_column(store):
    store.insert(order(item("1")))
    found = instances(read(store))[0]
    stored = [one.name for one in DEFINITIONS["OM Order"].root.fields.values() if one.column]
    assert list(found.properties) == stored
    assert found.get("Status") is None


def test_what_is_not_given_is_stored_with_its_default(store):
    """Absent or null, in a block of lines that carry different fields, and in an update: SQL never finds a null."""
    store.insert(
        order(
            item("1", Track_As_Asset=None),
            item("2", Order_Item_Processed_Flag="Y", Action_Code="Add"),
            item("3", Past_Point_Of_No_Return="Y"),
            Active_Flag=None,
            Revision=None,
        )
    )
    store.update(order(item("3", Past_Point_Of_No_Return=None)))
    columns = "asset_integ_id, action_cd, track_as_asset, processed_flg, past_no_return_flg"
    lines = store.connection.execute(text(f"SELECT {columns} FROM s_order_item ORDER BY 1"))
    assert [tuple(line) for line in lines] == [
        ("1", "-", "Y", "N", "N"),
        ("2", "Add", "Y", "Y", "N"),
        ("3", "-", "Y", "N", "N"),
    ]
    (header,) = store.connection.execute(text("SELECT rev_num, active_flg FROM s_order")).all()
    assert (int(header.rev_num), header.active_flg) == (1, "Y")
    assert instances(store.query("OM Order", {"Active Flag": "Y"}))
    flags = text("SELECT crt_ast_rec_flg, serv_inst_flg FROM s_prod_int WHERE product_id = 'Line'")
    assert tuple(store.connection.execute(flags).one()) == ("Y", "N")
    # Nor does another program that writes the table.
    with pytest.raises(IntegrityError, match=r"(?i)not.null"):
        store.connection.execute(text("UPDATE s_order_item SET processed_flg = NULL"))


def test_numbers_and_dates_are_stored_in_one_writing(store):
    store.insert(
        order(
            item("1", Quantity="+007.50", Due_Date="2026-01-31T12:00:00+02:00", List_Price="-0"),
            Revision="1.0",
        )
    )
    found = instances(read(store))[0]
    one = line_items(found)[0]
    assert (one.get("Quantity"), one.get("List Price")) == ("7.50", "0")
    assert one.get("Due Date") == "2026-01-31T10:00:00Z"
    assert found.get("Revision") == "1"


def test_a_chain_of_many_levels_is_stored_and_read(store):
    """Nothing recurses: a tree may be deeper than Python's stack."""
    below = ()
    for number in range(1500, 0, -1):
        below = (item(str(number), *below),)
    store.insert(order(*below))
    assert len(items_of(read(store))) == 1500
    assert store.delete(order())[0].rows["deleted"] == 1501


# Query


def test_a_query_by_example_takes_null_and_lists(store):
    for number, status in (("1", "New"), ("2", "Open"), ("3", None)):
        store.insert(order(Order_Number=number, Status=status))

    def numbers(**example):
        return [one.get("Order Number") for one in instances(store.query("OM Order", trees.fields(example)))]

    assert numbers() == ["1", "2", "3"]
    assert numbers(Status=["Open", "New"]) == ["1", "2"]
    assert numbers(Status=None) == ["3"]
    assert numbers(Status=[]) == []
    assert numbers(Account_Id="A", Status="Open") == ["2"]
    assert numbers(Order_Number=[str(number) for number in range(1, 1300)]) == ["1", "2", "3"]
    assert is_empty(store.query("OM Order", {"Order Number": "9"}))


def test_a_query_for_a_number_compares_numbers(store):
    product = PropertySet("Product", properties={"Product Id": "Fee", "List Price": "1.50"})
    store.insert(message("Product", [product]))
    for price in ("1.5", "1.50", "+1.500"):
        assert [one["Product Id"] for one in store.keys("Product", {"List Price": price})] == ["Fee"]
    assert store.keys("Product", {"List Price": "15"}) == []


def test_a_query_by_expression_is_evaluated_on_what_the_example_finds(store):
    for number in ("1", "2", "10"):
        store.insert(order(item(number), Order_Number=number))
    where = compile_expression("[Order Number] LIKE '1*'", field_reader(DEFINITIONS["OM Order"].root))
    assert shape(store.query("OM Order", {"Account Id": "A"}, where)) == ["1", "10"]


@pytest.mark.parametrize(
    ("example", "fault", "message"),
    [
        (
            {"Order Nmber": "1"},
            FieldNotDeclared,
            "'Order' has no field 'Order Nmber'\n  where: OM Order\n  mend:  did you mean 'Order Number'?",
        ),
        (
            {"Modification Number": "1"},
            FieldNotStored,
            "'Modification Number' isn't stored, so it can't be looked for",
        ),
        (
            {"Due Date": "tomorrow"},
            FieldInvalid,
            "'Due Date' can't have this value\n  where: OM Order\n"
            "  why:   expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found 'tomorrow'\n"
            "  mend:  correct 'Due Date', or leave it out",
        ),
    ],
)
def test_a_query_for_what_cannot_be_is_refused(store, example, fault, message):
    with pytest.raises(fault) as caught:
        store.query("OM Order", example)
    assert str(caught.value).startswith(message)


def test_an_object_that_is_not_stored_or_not_declared_is_refused(store):
    with pytest.raises(NotStored):
        store.query("OM Reply")
    with pytest.raises(ObjectNotDeclared):
        store.query("OM Ordr")


def test_a_number_of_another_system_leads_to_its_account(store):
    keys = [PropertySet("Account Key", properties={"System": "M", "Number": "7"})]
    account = PropertySet(
        "Account", properties={"Account Id": "A"}, children=[PropertySet("ListOf Account Key", children=keys)]
    )
    store.upsert(message("Account", [account]))
    assert store.owner_of("Account", "Account Key", {"System": "M", "Number": "7"}) == "A"
    assert store.owner_of("Account", "Account Key", {"System": "M", "Number": "8"}) is None
    assert store.owner_of("Account", None, {"Account Id": "B"}) == "B"
    with pytest.raises(RowsAmbiguous):
        store.owner_of("Account", None, {"Name": None})
    other = account.copy()
    other.properties["Account Id"] = "B"
    with pytest.raises(BelongsElsewhere) as caught:
        store.upsert(message("Account", [other]))
    assert str(caught.value) == (
        "the row of 'Account Key' belongs to another owner\n"
        "  where: /Account[1]/Account Key[1], table s_account_key\n"
        "  why:   System 'M', Number '7' is in account_id A, not in B\n"
        "  mend:  give it a key of its own, or the key of a row that belongs there"
    )


# Insert


def test_what_is_there_is_not_inserted_again(store):
    store.insert(order(Source_System="M", Source_Order_Number="7", Source_Revision="1"))
    row = instances(read(store))[0].get("Row Id")
    with pytest.raises(AlreadyThere) as caught:
        store.insert(order())
    assert str(caught.value) == (
        "'Order' is there already\n"
        "  where: /Order[1], table s_order\n"
        f"  why:   row {row} has Order Number '1', Revision '1'\n"
        "  mend:  update or upsert it, or give it another key"
    )
    with pytest.raises(AlreadyThere):
        store.insert(order(Order_Number="2", Source_System="M", Source_Order_Number="7", Source_Revision="1"))


def test_a_senders_order_without_a_revision_is_its_first(store):
    """The second guard of G2 holds where Source Revision is null: it reads as 1, and is stored so."""
    store.insert(order(Source_System="M", Source_Order_Number="7"))
    assert instances(read(store))[0].get("Source Revision") == "1"
    with pytest.raises(AlreadyThere):
        store.insert(order(Order_Number="2", Source_System="M", Source_Order_Number="7"))
    store.insert(order(Order_Number="3"))
    assert instances(read(store, Order_Number="3"))[0].get("Source Revision") is None


def test_two_items_of_one_key_are_refused_with_both_places(store):
    first, second = item("1"), item("1")
    second.origin = 22
    with pytest.raises(DuplicateInMessage) as caught:
        store.insert(order(first, item("2", second)))
    assert str(caught.value) == (
        "two 'Line Item' have the same key: Integration Id '1'\n"
        "  where: /Order[1]/Line Item[2]/Line Item[1], line 22, table s_order_item\n"
        "  why:   the first is /Order[1]/Line Item[1]\n"
        "  mend:  leave one of them out, or give it another key"
    )


@pytest.mark.parametrize(
    ("fields", "fault", "message"),
    [
        (
            {"Product_Id": "Bundel"},
            ReferenceUnknown,
            "'Product Id' names the product 'Bundel', which isn't there\n"
            "  where: /Order[1]/Line Item[1], table s_order_item\n"
            "  why:   no row of s_prod_int has product_id 'Bundel'\n"
            "  mend:  load the product first, or mend 'Product Id'",
        ),
        (
            {"Service_Account_Id": "C"},
            ReferenceUnknown,
            "'Service Account Id' names the account 'C', which isn't there\n"
            "  where: /Order[1]/Line Item[1], table s_order_item\n"
            "  why:   no row of s_account has account_id 'C'\n"
            "  mend:  load the account first, or mend 'Service Account Id'",
        ),
        (
            {"Quantity": ""},
            FieldInvalid,
            "'Quantity' can't have this value\n"
            "  where: /Order[1]/Line Item[1], table s_order_item\n"
            "  why:   expected a number (digits with a sign and a point), found ''\n"
            "  mend:  correct 'Quantity', or leave it out",
        ),
        ({"Due_Date": ""}, FieldInvalid, "'Due Date' can't have this value"),
        ({"Quantity": "1e3"}, FieldInvalid, "'Quantity' can't have this value"),
        ({"Quantity": "1234567890123456"}, FieldInvalid, "'Quantity' can't have this value"),
        ({"Track_As_Asset": "yes"}, FieldInvalid, "'Track As Asset' can't have this value"),
        ({"Status": "x" * 31}, FieldInvalid, "'Status' can't have this value"),
        ({"Product_Name": "a\x00b"}, FieldInvalid, "'Product Name' can't have this value"),
        ({"Product_Name": "\ud800"}, FieldInvalid, "'Product Name' can't have this value"),
        ({"Quantitty": "1"}, FieldNotDeclared, "'Line Item' has no field 'Quantitty'"),
    ],
)
def test_a_value_that_is_none_is_refused_before_it_is_written(store, fields, fault, message):
    with pytest.raises(fault) as caught:
        store.insert(order(item("1", **fields)))
    assert str(caught.value).startswith(message)


def test_a_required_field_must_have_a_value(store):
    with pytest.raises(FieldMissing) as caught:
        store.insert(order(item("1", PropertySet("Attribute", properties={"Text Value": "x"}))))
    assert str(caught.value) == (
        "the required field 'Name' has no value\n"
        "  where: /Order[1]/Line Item[1]/Attribute[1], table s_order_item_xa\n"
        "  why:   expected a value, found none\n"
        "  mend:  give 'Name' a value"
    )


def test_a_component_that_the_object_does_not_have_is_refused(store):
    tree = order()
    instances(tree)[0].children.append(PropertySet("ListOf Line Itm", children=[PropertySet("Line Itm")]))
    with pytest.raises(ComponentUnknown) as caught:
        store.insert(tree)
    assert str(caught.value) == (
        "'Order' holds no 'Line Itm'\n  where: /Order[1], table s_order\n"
        "  why:   it holds Line Item\n  mend:  did you mean 'Line Item'?"
    )


def test_several_instances_go_with_one_message(store):
    trees = [instances(order(item("1"), Order_Number=number))[0] for number in ("1", "2")]
    assert operations(store.insert(message("OM Order", trees))) == [("inserted", 2, 0, 0)] * 2


def test_what_another_transaction_wrote_between_check_and_write_is_tried_again(store, monkeypatch):
    """The tables are the last guard; that they hold is the world's fault, for the check had found nothing."""
    store.insert(order())
    monkeypatch.setattr(Matcher, "_refuse_present", lambda *arguments: None)
    savepoint = store.connection.begin_nested()
    with pytest.raises(ConstraintRace) as caught:
        store.insert(order(item("1")))
    savepoint.rollback()
    assert caught.value.what == "another transaction wrote what 'OM Order' was checked against"
    assert caught.value.verdict == "retry"


# Update and upsert


def test_what_is_absent_is_left_and_what_is_null_or_empty_is_set(store):
    store.insert(order(item("1", Product_Name="a", Status="Open", Line_Number="1"), Status="New"))
    done = store.update(order(item("1", Product_Name="", Status=None)))
    assert operations(done) == [("updated", 0, 2, 0)]
    one = items_of(read(store))["1"]
    assert [one.get(name) for name in ("Product Name", "Status", "Line Number")] == ["", None, "1"]
    assert instances(read(store))[0].get("Status") == "New"


def test_update_and_upsert_delete_nothing(store):
    store.insert(order(item("1", attribute("x"), item("2"))))
    empty = item("1")
    empty.children = [PropertySet("ListOf Attribute"), PropertySet("ListOf Line Item")]
    assert operations(store.update(order(empty))) == [("unchanged", 0, 0, 0)]
    assert operations(store.upsert(order(empty))) == [("unchanged", 0, 0, 0)]
    assert shape(read(store)) == ["1(2)"]


def test_an_update_wants_everything_to_be_there(store):
    with pytest.raises(RowNotFound) as caught:
        store.update(order())
    assert str(caught.value) == (
        "there is no 'Order' to update\n"
        "  where: /Order[1], table s_order\n"
        "  why:   no row with Order Number '1', Revision '1'\n"
        "  mend:  upsert it where it may be new, or mend the key"
    )
    store.insert(order(item("1")))
    with pytest.raises(RowNotFound) as caught:
        store.update(order(item("1"), item("2")))
    assert caught.value.why == "no row with Integration Id '2' beneath /Order[1]"


def test_the_user_key_is_the_first_that_is_whole(store):
    store.insert(order(Source_System="M", Source_Order_Number="7", Source_Revision="2"))
    row = instances(read(store))[0].get("Row Id")
    for fields in (
        {"Row Id": row},
        {"Order Number": "1", "Revision": "1"},
        {"Order Number": "1", "Source System": "M", "Source Order Number": "7", "Source Revision": "2"},
    ):
        tree = message("OM Order", [PropertySet("Order", properties={**fields, "Status": None})])
        assert store.update(tree)[0].row_id == row


def test_without_a_whole_key_the_error_says_what_each_lacked(store):
    tree = message("OM Order", [PropertySet("Order", properties={"Order Number": "1", "Source System": "M"})])
    with pytest.raises(KeyNotWhole) as caught:
        store.upsert(tree)
    assert str(caught.value) == (
        "no key of 'Order' is whole, so that its row can't be found\n"
        "  where: /Order[1], table s_order\n"
        "  why:   (Row Id) lacks Row Id; (Order Number, Revision) lacks Revision; "
        "(Source System, Source Order Number, Source Revision) lacks Source Order Number, Source Revision\n"
        "  mend:  give the fields of one key a value, or insert it"
    )


def test_more_than_one_row_with_a_key_says_which(database):
    """Only a key that was added to a shipped table can be there twice: its older rows promise nothing."""
    extension = "extends: Account\ncomponents:\n  Account:\n    fields:\n      Nick: {length: 20}\n"
    definitions = read_definitions(shipped("integration_objects"), [Source("x.yaml", extension)])
    definitions["Account"].root.keys += (("Nick",),)
    upgrade(database, definitions)
    with database.write() as connection:
        store = ObjectStore(connection, StoredObjects(definitions), SeededSurroundings())
        for key in ("A", "B"):
            store.insert(message("Account", [PropertySet("Account", properties={"Account Id": key})]))
        connection.execute(text("UPDATE s_account SET x_nick = 'n'"))
        with pytest.raises(RowsAmbiguous) as caught:
            store.update(message("Account", [PropertySet("Account", properties={"Nick": "n", "Name": "x"})]))
    assert str(caught.value) == (
        "more than one row of 'Account' has Nick 'n'\n"
        "  where: /Account[1], table s_account\n"
        "  why:   the rows are A, B\n"
        "  mend:  give the Row Id, or mend the rows"
    )


def test_an_upsert_inserts_and_updates(store):
    assert operations(store.upsert(order(item("1")))) == [("inserted", 2, 0, 0)]
    tree = order(item("1", attribute("x", Text_Value="y"), Status="Open"), item("2", item("3")))
    assert operations(store.upsert(tree)) == [("updated", 3, 2, 0)]
    assert shape(read(store)) == ["1 2(3)"]
    assert operations(store.upsert(tree)) == [("unchanged", 0, 0, 0)]


def test_new_items_stand_last_among_their_siblings(store):
    store.insert(order(item("1", item("a")), item("2")))
    store.upsert(order(item("0"), item("1", item("b"), item("c"))))
    assert shape(read(store)) == ["1(a b c) 2 0"]


def test_a_moved_item_keeps_its_row_and_takes_everything_beneath_it_along(store):
    store.insert(asset(item("1", item("2", item("3", attribute("x")))), item("4")))
    rows = {key: one.get("Row Id") for key, one in items_of(read(store, "OM Asset", Account_Id="A")).items()}
    store.upsert(asset(item("4", item("2"))))
    tree = read(store, "OM Asset", Account_Id="A")
    assert shape(tree) == ["1 4(2(3))"]
    assert {key: one.get("Row Id") for key, one in items_of(tree).items()} == rows
    table = METADATA.tables["s_asset"]
    moved = select(table.c.root_id).where(table.c.row_id == rows["3"])
    assert store.connection.scalars(moved).all() == [rows["4"]]
    assert store.connection.scalars(text("SELECT root_id FROM s_asset_xa")).all() == [rows["4"]]


def test_a_parent_and_its_child_change_places(store):
    store.insert(order(item("1", item("2", item("3")))))
    store.upsert(order(item("2", item("1"))))
    assert shape(read(store)) == ["2(3 1)"]


def test_a_row_of_another_order_is_not_touched(store):
    store.insert(order(item("1")))
    store.insert(order(Order_Number="2"))
    row = items_of(read(store))["1"].get("Row Id")
    with pytest.raises(BelongsElsewhere):
        store.upsert(order(item("1", Row_Id=row), Order_Number="2"))


def test_an_integration_id_names_one_service_item_in_all_accounts(store):
    """Tables 1, 3 and 8: "unique across all accounts and all time"; an order line may name it, being another row."""
    store.insert(asset(item("CARD-1")))
    store.insert(order(item("CARD-1")))
    with pytest.raises(BelongsElsewhere) as caught:
        store.upsert(asset(item("CARD-1"), account="B"))
    assert str(caught.value) == (
        "the row of 'Line Item' belongs to another owner\n"
        "  where: /Asset[1]/Line Item[1], table s_asset\n"
        "  why:   Integration Id 'CARD-1' is in account_id A, not in B\n"
        "  mend:  give it a key of its own, or the key of a row that belongs there"
    )
    with pytest.raises(AlreadyThere):
        store.insert(asset(item("CARD-1"), account="B"))
    store.upsert(asset(item("CARD-1", Service_Id="1")))
    assert items_of(read(store, "OM Asset", Account_Id="A"))["CARD-1"].get("Service Id") == "1"


def test_a_row_id_finds_the_item_whose_key_changes(store):
    store.insert(order(item("1")))
    row = items_of(read(store))["1"].get("Row Id")
    store.update(order(item("9", Row_Id=row)))
    assert {key: one.get("Row Id") for key, one in items_of(read(store)).items()} == {"9": row}


def test_one_change_among_many_children_costs_one_change(store, monkeypatch):
    """Only the named row is read and written, however many its header has."""
    store.insert(order(*[item(str(number), attribute("x")) for number in range(2000)]))
    loaded = []
    rows = Matcher._rows

    def counted(self, *arguments, **named):
        found = rows(self, *arguments, **named)
        loaded.extend(row for several in found.values() for row in several)
        return found

    monkeypatch.setattr(Matcher, "_rows", counted)
    assert operations(store.upsert(order(item("1000", Status="Open")))) == [("updated", 0, 2, 0)]
    assert len(loaded) == 2
    assert operations(store.upsert(order(item("new")))) == [("updated", 1, 1, 0)]
    table = METADATA.tables["s_order_item"]
    plan = (
        f"SELECT * FROM {table.name} WHERE order_id = 'x' AND asset_integ_id IN ('1', '2')",
        f"SELECT max(position) FROM {table.name} WHERE order_id = 'x'",
    )
    for statement in plan if store.connection.dialect.name == "sqlite" else ():
        told = store.connection.execute(text("EXPLAIN QUERY PLAN " + statement)).all()
        assert "SCAN" not in told[0][3]


def test_who_made_a_row_and_who_changed_it_is_kept(any_database):
    metadata = METADATA.tables["s_order"]
    with any_database.write() as connection:
        surroundings = SeededSurroundings()
        ObjectStore(connection, OBJECTS, surroundings, "anna").insert(order(Account_Id=None))
        ObjectStore(connection, OBJECTS, surroundings, "ben").update(order(Account_Id=None, Status="Open"))
        row = connection.execute(select(metadata)).mappings().one()
    assert (row["created_by"], row["last_upd_by"], row["modification_num"]) == ("anna", "ben", 2)
    assert row["created"] < row["last_upd"]


# Versions


def versioned(version, **fields):
    return order(Modification_Number=version, **fields)


def test_a_version_is_read_when_asked_for_and_rises_with_each_change(store):
    store.insert(order(item("1")))
    assert "Modification Number" not in instances(read(store))[0].properties

    def version():
        return instances(store.query("OM Order", {}, versions=True))[0].get("Modification Number")

    assert version() == "1"
    store.update(order(item("1")))
    assert version() == "1"
    store.update(order(item("1", Status="Open")))
    assert version() == "2"


def test_a_version_that_does_not_match_is_a_conflict(store):
    store.insert(order())
    store.update(versioned("1", Status="Open"))
    with pytest.raises(VersionConflict) as caught:
        store.update(versioned("1", Status="New"))
    assert str(caught.value) == (
        "'Order' was changed by somebody else\n"
        "  where: /Order[1], table s_order\n"
        "  why:   the message changes version 1, and it is at version 2 now\n"
        "  mend:  read it again, and make the change on the state that is stored now"
    )
    store.delete(order())
    with pytest.raises(VersionConflict) as caught:
        store.upsert(versioned("2"))
    assert caught.value.why == "the message changes version 2, and it isn't there any more"


def test_a_profiles_version_is_its_accounts(store):
    store.insert(asset(item("1")))
    account = store.query("Account", {"Account Id": "A"}, versions=True)
    profile = store.query("OM Asset", {"Account Id": "A"}, versions=True)
    assert [instances(tree)[0].get("Modification Number") for tree in (account, profile)] == ["2", "2"]


# Synchronize


def test_synchronize_deletes_what_a_carried_list_no_longer_has(store):
    store.insert(order(item("1", attribute("x"), attribute("y"), item("2", item("3"))), item("4")))
    kept = item("1")
    kept.children = [PropertySet("ListOf Attribute", children=[attribute("y")])]
    assert operations(store.synchronize(order(kept))) == [("updated", 0, 1, 2)]
    assert shape(read(store)) == ["1(2(3))"]
    kept.children = [PropertySet("ListOf Line Item")]
    assert operations(store.synchronize(order(kept))) == [("updated", 0, 1, 2)]
    assert shape(read(store)) == ["1"]
    assert [one.get("Name") for one in items_of(read(store))["1"].children[0].children] == ["y"]


def test_synchronize_leaves_an_absent_list_and_empties_an_empty_one(store):
    store.insert(order(item("1", attribute("x"))))
    assert operations(store.synchronize(order())) == [("unchanged", 0, 0, 0)]
    tree = order()
    instances(tree)[0].children = [PropertySet("ListOf Line Item")]
    assert operations(store.synchronize(tree)) == [("updated", 0, 1, 2)]
    assert shape(read(store)) == [""]


def test_synchronize_keeps_the_row_of_an_item_that_moved_out_of_a_deleted_one(store):
    store.insert(order(item("1", item("2", item("3"))), item("4")))
    store.synchronize(order(item("4", item("2"))))
    assert shape(read(store)) == ["4(2(3))"]


def test_synchronize_makes_the_order_of_siblings_the_trees(store):
    store.insert(order(item("1"), item("2"), item("3")))
    store.synchronize(order(item("3"), item("new"), item("1"), item("2")))
    assert shape(read(store)) == ["3 new 1 2"]


# Delete


def test_delete_takes_the_whole_instance(store):
    store.insert(order(item("1", attribute("x"), item("2"))))
    assert operations(store.delete(order())) == [("deleted", 0, 0, 4)]
    assert is_empty(read(store))
    with pytest.raises(RowNotFound):
        store.delete(order())


def test_what_is_referred_to_is_not_deleted(store):
    store.insert(order())
    savepoint = store.connection.begin_nested()
    with pytest.raises(StillReferenced) as caught:
        store.delete(message("Account", [PropertySet("Account", properties={"Account Id": "A"})]))
    savepoint.rollback()
    assert str(caught.value) == (
        "'Account' can't be deleted\n"
        "  where: /Account[1], table s_account\n"
        "  why:   rows of other objects refer to it\n"
        "  mend:  delete those first, or set a status that ends it"
    )


# Execute


def with_operation(node, operation):
    node.properties["Operation"] = operation
    return node


def test_execute_does_to_each_component_what_it_says(store):
    store.insert(order(item("1", attribute("x")), item("2", item("3")), item("4")))
    tree = order(
        with_operation(item("1", with_operation(attribute("x"), "delete"), attribute("y"), Status="Open"), "upsert"),
        with_operation(item("2"), "delete"),
        with_operation(item("5", item("6")), "insert"),
    )
    with_operation(instances(tree)[0], "update")
    assert operations(store.execute(tree)) == [("updated", 3, 2, 3)]
    assert shape(read(store)) == ["1 4 5(6)"]


@pytest.mark.parametrize("operation", ["synchronise", "Upsert", "", None])
def test_an_unknown_operation_is_never_a_default(store, operation):
    store.insert(order(item("1")))
    tree = order()
    if operation is not None:
        with_operation(instances(tree)[0], operation)
    with pytest.raises(OperationUnknown) as caught:
        store.execute(tree)
    assert caught.value.why == "expected one of delete, insert, synchronize, update, upsert"
    assert shape(read(store)) == ["1"]


def test_nothing_can_be_done_beneath_what_is_deleted(store):
    store.insert(order(item("1", item("2"))))
    tree = order(with_operation(item("1", with_operation(item("2"), "update")), "delete"))
    with_operation(instances(tree)[0], "update")
    with pytest.raises(OperationRefused):
        store.execute(tree)


# Profiles


def test_a_profile_is_its_accounts_items(store):
    assert shape(store.query("OM Asset", {"Account Id": "A"})) == [""]
    assert operations(store.insert(asset(item("1", item("2"), Status="Active")))) == [("inserted", 2, 1, 0)]
    assert operations(store.upsert(asset(item("1", Status="Suspended"), item("3")))) == [("updated", 1, 2, 0)]
    assert shape(store.query("OM Asset", {"Account Id": "A"})) == ["1(2) 3"]
    assert shape(store.query("OM Asset", {"Account Id": "B"})) == [""]
    assert operations(store.delete(asset(item("1")))) == [("deleted", 0, 1, 2)]
    assert shape(store.query("OM Asset", {"Account Id": "A"})) == ["3"]
    with pytest.raises(AlreadyThere):
        store.insert(asset(item("3")))


def test_a_profile_cannot_be_synchronized(store):
    store.insert(asset(item("1")))
    with pytest.raises(OperationRefused) as caught:
        store.synchronize(asset())
    assert str(caught.value) == (
        "'OM Asset' can't be synchronized\n"
        "  where: /Asset[1], table s_account\n"
        "  why:   an instance is all that an account has; a part of it would delete the rest\n"
        "  mend:  upsert the items that changed, and delete by name the items that ended"
    )


def test_deleting_a_profile_names_its_items(store):
    with pytest.raises(OperationRefused):
        store.delete(asset())


def test_a_profile_wants_its_account(store):
    assert is_empty(store.query("OM Asset", {"Account Id": "C"}))
    with pytest.raises(ProfileAccountUnknown) as caught:
        store.upsert(asset(item("1"), account="C"))
    assert str(caught.value) == (
        "there is no account 'C' that 'OM Asset' could belong to\n"
        "  where: /Asset[1], table s_account\n"
        "  why:   no row with Account Id 'C'\n"
        "  mend:  load the account first, or mend 'Account Id'"
    )


def test_an_account_is_locked_by_the_transaction_that_works_on_it(postgresql_database):
    """A second transaction waits for the account; without that, its changes would be made on an old state."""
    with postgresql_database.write() as connection:
        store = ObjectStore(connection, OBJECTS, SeededSurroundings())
        store.insert(message("Account", [PropertySet("Account", properties={"Account Id": "A"})]))
    with postgresql_database.write() as connection:
        store = ObjectStore(connection, OBJECTS, SeededSurroundings())
        store.lock_accounts(["A", "B"])
        with contextlib.ExitStack() as stack:
            other = stack.enter_context(postgresql_database.write())
            taken = other.execute(text("SELECT 1 FROM s_account FOR UPDATE SKIP LOCKED")).all()
    assert taken == []


# How many statements


def statements(store, work):
    """The statements that *work* runs, by their first word and the table; a block of rows counts once."""
    seen = []

    def note(connection, cursor, statement, parameters, context, executemany):
        words = statement.split()
        verb = words[0]
        table = words[{"INSERT": 2, "UPDATE": 1, "SELECT": words.index("FROM") + 1 if "FROM" in words else 0}[verb]]
        seen.append(f"{verb} {table.strip('(')}")

    event.listen(store.connection, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(store.connection, "before_cursor_execute", note)
    return seen


def large(**fields):
    return order(
        *[item(str(line), attribute("x"), attribute("y"), Product_Id="Line", **fields) for line in range(40)],
    )


def test_a_new_order_costs_as_many_statements_with_one_line_as_with_forty(store):
    """What is beneath a new header can't be there, and isn't looked for."""
    found = statements(store, lambda: store.insert(large()))
    blocks = ["INSERT s_order_item"] if store.connection.dialect.name == "sqlite" else []
    assert found == ["SELECT s_order", "SELECT s_account", "INSERT s_order", "SELECT s_prod_int", *blocks]


def test_an_unchanged_tree_is_read_once_a_table_and_not_written(store):
    store.insert(large())
    found = statements(store, lambda: store.update(large()))
    assert [one.split()[0] for one in found] == ["SELECT"] * 2


def test_only_the_rows_that_changed_are_written(store):
    store.insert(large())
    changed = large()
    for line in line_items(instances(changed)[0])[:2]:
        line.properties["Status"] = "Open"
    found = statements(store, lambda: store.update(changed))
    assert [one for one in found if not one.startswith("SELECT")] == ["UPDATE s_order_item", "UPDATE s_order"]


def test_a_statement_is_made_once_for_all_orders(store):
    """However many lines there are: the text of a statement doesn't depend on them."""
    texts = set()

    def note(connection, cursor, statement, parameters, context, executemany):
        texts.add(statement)

    for lines in (2, 3, 20):
        tree = order(*[item(f"{lines}-{line}") for line in range(lines)], Order_Number=str(lines))
        store.insert(tree)
        if lines == 3:
            event.listen(store.connection, "before_cursor_execute", note)
        known = set(texts)
        store.update(tree)
        read(store, Order_Number=str(lines))
        assert lines != 20 or texts == known
    event.remove(store.connection, "before_cursor_execute", note)


def test_a_reference_that_this_transaction_deletes_is_not_known_any_more(store):
    store.insert(order(item("1", Product_Id="Line")))
    store.delete(order())
    store.delete(message("Product", [PropertySet("Product", properties={"Product Id": "Line"})]))
    with pytest.raises(ReferenceUnknown):
        store.insert(order(item("1", Product_Id="Line")))


def test_a_reference_that_a_savepoint_took_back_is_not_known_any_more(store):
    savepoint = store.connection.begin_nested()
    store.insert(message("Product", [PropertySet("Product", properties={"Product Id": "New"})]))
    store.insert(order(item("1", Product_Id="New")))
    savepoint.rollback()
    with pytest.raises(ReferenceUnknown):
        store.insert(order(item("1", Product_Id="New")))


def test_fields_that_differ_from_line_to_line_are_stored_as_each_line_has_them(store):
    """Lines of one message need not carry the same fields, neither new nor changed."""
    lines = [item("1", Status="Open"), item("2", Quantity="2"), item("3"), item("4", Quantity=None, Status="Open")]
    store.insert(order(*lines))
    store.update(order(item("3", Quantity="3"), item("1", Service_Id="s"), item("4", Status="Complete")))
    found = items_of(read(store))
    assert [(one.get("Status"), one.get("Quantity"), one.get("Service Id")) for one in found.values()] == [
        ("Open", None, "s"),
        (None, "2", None),
        (None, "3", None),
        ("Complete", None, None),
    ]
