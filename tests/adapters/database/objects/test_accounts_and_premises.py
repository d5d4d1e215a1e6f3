"""Accounts, premises, and what else customers have, in both databases: round trips, references, values, circles."""

from __future__ import annotations

import contextlib
import threading

import pytest
from sqlalchemy import event

from adapters.database.objects.faults import (
    AboveItself,
    FieldInvalid,
    FieldMissing,
    ReferenceUnknown,
    StillReferenced,
)
from adapters.database.objects.store import ObjectStore, StoredObjects
from adapters.database.schema.tables import tables_of
from integration_objects.complex_object import instances, message
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from integration_objects.surroundings import SeededSurroundings

DEFINITIONS = shipped_definitions()
METADATA = tables_of(DEFINITIONS)
OBJECTS = StoredObjects(DEFINITIONS)

#: One instance of each object, those first that others refer to: every field that is stored, and its children.
EXAMPLES = {
    "Address": {
        "Address Id": "A-1",
        "Street": "1 Main Street",
        "Street 2": "Floor 2",
        "City": "Spokane",
        "State": "WA",
        "Postal Code": "99201",
        "Country": "US",
        "Description": "Ring twice",
    },
    "Account": {
        "Account Id": "1",
        "Name": "American Widgets Inc",
        "Account Class": "Customer",
        "Parent Account Id": None,
        "Currency Code": "USD",
        "Status": "Active",
        "Account Type": "Business",
        "Address Id": "A-1",
        "Phone Number": "+1 509 555 0100",
        "Email Address": "office@widgets.example",
        "Credit Status": "Approved",
        "Credit Limit": "2500.00",
    },
    "Product": {"Product Id": "Electricity"},
    "User": {
        "User Id": "kim",
        "First Name": "Kim",
        "Last Name": "Lee",
        "Role": "Order Approver",
        "Email Address": "kim@hub.example",
        "Active Flag": "Y",
    },
    "Contact": {
        "Contact Id": "C-1",
        "Account Id": "1",
        "First Name": "Ann",
        "Last Name": "Howe",
        "Job Title": "Buyer",
        "Phone Number": "5095550100",
        "Email Address": "ann@widgets.example",
        "Address Id": "A-1",
        "Primary Flag": "Y",
    },
    "Agreement": {
        "Agreement Id": "G-1",
        "Name": "Frame agreement",
        "Agreement Type": "Frame",
        "Status": "Active",
        "Account Id": "1",
        "Effective Start Date": "2026-01-01",
        "Effective End Date": "2026-12-31",
        "Currency Code": "USD",
        "Description": "Ten per cent",
    },
    "Opportunity": {
        "Opportunity Id": "O-1",
        "Name": "Spokane",
        "Account Id": "1",
        "Status": "Open",
        "Sales Stage": "Proposal",
        "Close Date": "2026-03-31",
        "Currency Code": "USD",
        "Description": "Ten lines",
    },
    "Service Point": {
        "Service Point Id": "SP-1",
        "Address Id": "A-1",
        "Product Id": "Electricity",
        "Service Id": "E-77",
        "Description": "Cellar",
    },
    "Meter": {"Meter Id": "M-1", "Serial Number": "SN-1", "Meter Type": "Three Phase", "Status": "Installed"},
    "Meter Location": {
        "Meter Id": "M-1",
        "Service Point Id": "SP-1",
        "From Date": "2026-01-01T08:00:00Z",
        "To Date": "2026-06-01",
    },
    "Trouble Ticket": {
        "Ticket Number": "T-1",
        "Account Id": "1",
        "Contact Id": "C-1",
        "Integration Id": "I-1",
        "Service Id": "5095550100",
        "Status": "In Progress",
        "Severity": "High",
        "Summary": "No power",
        "Description": "Since noon",
        "Opened Date": "2026-02-01T12:00:00Z",
        "Closed Date": None,
        "Owner User Id": "kim",
        "Order Number": "O-0000001",
        "Product Id": "Electricity",
        "Resolution": None,
    },
    "Service Profile History": {
        "Row Id": "H-1",
        "Account Id": "1",
        "Integration Id": "I-1",
        "Product Id": "Electricity",
        "Action Code": "Add",
        "Order Number": "O-0000001",
        "Order Revision": "1",
        "Changed Date": "2026-02-01T12:00:00Z",
        "Old Values": None,
        "New Values": '{"Status": "Active"}',
    },
}
REVENUE_ITEM = {
    "Row Id": "R-1",
    "Sequence": "1",
    "Product Id": "Electricity",
    "Quantity": "12",
    "Price": "5.99",
    "Date": "2026-04-01",
    "Price Type": "Recurring",
    "Currency Code": "USD",
    "Quote Id": "Q-1",
}


@contextlib.contextmanager
def noted(connection):
    """The statements that go through *connection* meanwhile."""
    texts = []

    def note(connection, cursor, statement, parameters, context, executemany):
        texts.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield texts
    finally:
        event.remove(connection, "before_cursor_execute", note)


@pytest.fixture
def store(any_database):
    """A store in a transaction."""
    with any_database.write() as connection:
        made = ObjectStore(connection, OBJECTS, SeededSurroundings())
        made.connection = connection
        yield made


@pytest.fixture
def filled(store):
    """A store with an instance of each object."""
    for name in EXAMPLES:
        store.insert(example(name))
    return store


def example(name: str, **fields: str | None) -> PropertySet:
    given = {**EXAMPLES[name], **{key.replace("_", " "): value for key, value in fields.items()}}
    node = PropertySet(DEFINITIONS[name].root.name, properties=given)
    if name == "Opportunity":
        items = [PropertySet("Revenue Item", properties=dict(REVENUE_ITEM))]
        node.children.append(PropertySet("ListOf Revenue Item", children=items))
    return message(name, [node])


def account(key: str, above: str | None) -> PropertySet:
    return PropertySet("Account", properties={"Account Id": key, "Parent Account Id": above})


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "Product"])
def test_each_object_is_read_back_as_it_was_written_and_has_every_stored_field(filled, name):
    root = DEFINITIONS[name].root
    assert list(EXAMPLES[name]) == [one.name for one in root.fields.values() if one.column is not None]
    key = root.keys[0][0]
    [found] = instances(filled.query(name, {key: EXAMPLES[name][key]}))
    [written] = instances(example(name))
    if name == "Account":
        found.children.clear()  # its keys at other systems: none
    assert found == written
    if name == "Opportunity":
        assert list(REVENUE_ITEM) == list(root.children["Revenue Item"].fields)
    if name != "Service Profile History":
        assert [done.operation for done in filled.upsert(example(name))] == ["unchanged"]


@pytest.mark.parametrize(
    ("name", "field", "target"),
    [
        ("Account", "Address Id", "Address"),
        ("Contact", "Account Id", "Account"),
        ("Contact", "Address Id", "Address"),
        ("Agreement", "Account Id", "Account"),
        ("Opportunity", "Account Id", "Account"),
        ("Service Point", "Address Id", "Address"),
        ("Service Point", "Product Id", "Product"),
        ("Meter Location", "Meter Id", "Meter"),
        ("Meter Location", "Service Point Id", "Service Point"),
        ("Trouble Ticket", "Account Id", "Account"),
        ("Trouble Ticket", "Contact Id", "Contact"),
        ("Trouble Ticket", "Owner User Id", "User"),
        ("Service Profile History", "Account Id", "Account"),
    ],
)
def test_what_an_object_names_must_be_there(filled, name, field, target):
    """The refusal names field and value, and the table that was asked; the database has a foreign key, too."""
    tree = example(name, **{field.replace(" ", "_"): "nowhere"})
    root = DEFINITIONS[name].root
    with pytest.raises(ReferenceUnknown) as caught:
        filled.upsert(tree)
    reference = DEFINITIONS[target].root
    column = reference.fields[reference.keys[0][0]].column
    assert str(caught.value) == (
        f"'{field}' names the {target.lower()} 'nowhere', which isn't there\n"
        f"  where: /{root.name}[1], table {root.table}\n"
        f"  why:   no row of {reference.table} has {column} 'nowhere'\n"
        f"  mend:  load the {target.lower()} first, or mend '{field}'"
    )
    keys = {one.parent.name: one.column.table.name for one in METADATA.tables[root.table].foreign_keys}
    assert keys[root.fields[field].column] == reference.table


@pytest.mark.parametrize(
    ("name", "field", "value", "why"),
    [
        ("Account", "Account Class", "Household", "expected one of Customer, Billing, Service, found 'Household'"),
        ("Account", "Credit Limit", "much", "expected a number (digits with a sign and a point), found 'much'"),
        ("Account", "Phone Number", "1" * 41, "expected at most 40 characters, found 41"),
        ("Contact", "Primary Flag", "yes", "expected Y or N, found 'yes'"),
        ("User", "Active Flag", "1", "expected Y or N, found '1'"),
        ("Agreement", "Effective End Date", "2026-02-30", "there is no such day or time: '2026-02-30'"),
        ("Agreement", "Status", "Gone", "expected one of Draft, Active, Expired, Terminated, found 'Gone'"),
        ("Opportunity", "Status", "Maybe", "expected one of Open, Won, Lost, found 'Maybe'"),
        ("Opportunity", "Close Date", "soon", "expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found 'soon'"),
        ("Meter", "Status", "Lost", "expected one of In Stock, Installed, In Repair, Retired, found 'Lost'"),
        ("Meter Location", "To Date", "", "expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found ''"),
        ("Trouble Ticket", "Severity", "Bad", "expected one of Low, Medium, High, Critical, found 'Bad'"),
        (
            "Trouble Ticket",
            "Status",
            "Done",
            "expected one of Open, In Progress, Pending, Resolved, Closed, found 'Done'",
        ),
        ("Service Point", "Service Id", "\x00", "character U+0000 at position 1 is not allowed in text"),
        ("Address", "Postal Code", "9" * 31, "expected at most 30 characters, found 31"),
    ],
)
def test_a_value_that_is_none_of_its_field_is_refused(filled, name, field, value, why):
    with pytest.raises(FieldInvalid) as caught:
        filled.upsert(example(name, **{field.replace(" ", "_"): value}))
    assert caught.value.why == why


@pytest.mark.parametrize("name", ["Service Point", "Meter Location", "Contact", "Agreement", "Trouble Ticket"])
def test_a_required_field_has_a_value(filled, name):
    required = [one.name for one in DEFINITIONS[name].root.fields.values() if one.required]
    field = next(one for one in required if one not in DEFINITIONS[name].root.keys[0])
    with pytest.raises(FieldMissing, match=f"^the required field '{field}' has no value"):
        filled.upsert(example(name, **{field.replace(" ", "_"): None}))


def test_a_revenue_items_values_are_proven_too(filled):
    tree = example("Opportunity")
    instances(tree)[0].children[0].children[0].properties["Price Type"] = "Weekly"
    with pytest.raises(FieldInvalid) as caught:
        filled.upsert(tree)
    assert caught.value.why == "expected one of One-Time, Recurring, Usage, found 'Weekly'"


def test_the_revenue_of_an_opportunity_is_replaced(filled):
    """What Update Opportunity needs: the list that is carried is what there is afterwards."""
    tree = example("Opportunity")
    instances(tree)[0].children[0].children = [
        PropertySet("Revenue Item", properties={"Sequence": str(number), "Price": "1.00"}) for number in (2, 3)
    ]
    [done] = filled.synchronize(tree)
    assert (done.rows["inserted"], done.rows["deleted"]) == (2, 1)
    [found] = instances(filled.query("Opportunity", {"Opportunity Id": "O-1"}))
    assert [one.get("Sequence") for one in found.children[0].children] == ["2", "3"]


def test_what_others_refer_to_is_not_deleted(filled):
    savepoint = filled.connection.begin_nested()
    with pytest.raises(StillReferenced):
        filled.delete(message("Meter", [PropertySet("Meter", properties={"Meter Id": "M-1"})]))
    savepoint.rollback()
    filled.delete(message("Meter Location", [PropertySet("Meter Location", properties=EXAMPLES["Meter Location"])]))
    filled.delete(message("Meter", [PropertySet("Meter", properties={"Meter Id": "M-1"})]))


# The hierarchy of accounts


def test_a_hierarchy_is_loaded_in_any_order_and_turned_over_by_one_message(store):
    store.upsert(message("Account", [account("below", "middle"), account("middle", "top"), account("top", None)]))
    store.upsert(message("Account", [account("top", "middle"), account("middle", "below"), account("below", None)]))
    found = instances(store.query("Account", {"Account Id": ["top", "middle", "below"]}))
    assert {one.get("Account Id"): one.get("Parent Account Id") for one in found} == {
        "top": "middle",
        "middle": "below",
        "below": None,
    }


def test_an_account_above_itself_is_refused_wherever_the_circle_closes(store):
    """A circle over what is stored already, and the stranger beneath it that closes nothing."""
    store.upsert(message("Account", [account("a", "b"), account("b", "c")]))
    with pytest.raises(AboveItself) as caught:
        store.upsert(message("Account", [account("x", "a"), account("c", "a")]))
    assert str(caught.value) == (
        "the account 'a' would be above itself\n"
        "  where: /Account[1], table s_account\n"
        "  why:   'Parent Account Id' leads from 'a' to 'b' to 'c' to 'a'\n"
        "  mend:  mend 'Parent Account Id' of one of them"
    )


def test_an_account_is_not_its_own_parent(store):
    with pytest.raises(AboveItself) as caught:
        store.insert(message("Account", [account("a", "a")]))
    assert caught.value.why == "'Parent Account Id' leads from 'a' to 'a'"


def test_a_long_circle_is_named_in_part(store):
    long = [account(f"{number:03}", f"{(number + 1) % 600:03}") for number in range(600)]
    with pytest.raises(AboveItself) as caught:
        store.upsert(message("Account", long))
    assert caught.value.why.endswith("to '008' to '009' to 590 more to '000'")


def test_only_a_change_of_what_is_above_is_followed_upwards(store):
    store.upsert(message("Account", [account("a", "b"), account("b", None)]))
    with noted(store.connection) as statements:
        store.upsert(message("Account", [account("a", "b")]))
    assert not [text for text in statements if "RECURSIVE" in text]


def test_two_halves_of_a_circle_cannot_be_written_at_once(postgresql_database):
    """The second waits for the first one's commit, and then sees its half."""

    def store_on(connection):
        return ObjectStore(connection, OBJECTS, SeededSurroundings())

    with postgresql_database.write() as connection:
        store_on(connection).insert(message("Account", [account("a", None), account("b", None)]))
    caught = []

    def second():
        try:
            with postgresql_database.write() as connection:
                store_on(connection).upsert(message("Account", [account("b", "a")]))
        except AboveItself as error:
            caught.append(error)

    with postgresql_database.write() as connection:
        store_on(connection).upsert(message("Account", [account("a", "b")]))
        other = threading.Thread(target=second)
        other.start()
        other.join(0.3)
        assert other.is_alive()
    other.join(10)
    assert [error.what for error in caught] == ["the account 'b' would be above itself"]


# Headers without a version, and without a key


def test_an_object_without_a_version_field_is_read_without_it(filled):
    """The hub's XML has no element for it, so that `object query`, which asks for versions, could not print it."""
    [found] = instances(filled.query("Service Profile History", {"Row Id": "H-1"}, versions=True))
    assert "Modification Number" not in found.properties
    [found] = instances(filled.query("Meter", {"Meter Id": "M-1"}, versions=True))
    assert found.get("Modification Number") == "1"


def test_headers_without_a_key_are_inserted_as_one_block(filled):
    """A change of many service items costs one statement, and finds out once that the account is there."""
    rows = []
    for number in range(20):
        [row] = instances(example("Service Profile History", Integration_Id=f"I-{number}"))
        del row.properties["Row Id"]
        rows.append(row)
    filled.query("Account", {"Account Id": "1"})
    with noted(filled.connection) as statements:
        done = filled.insert(message("Service Profile History", rows))
    assert len(statements) <= 2, statements
    assert [one.operation for one in done] == ["inserted"] * 20
    found = instances(filled.query("Service Profile History", {"Account Id": "1", "Order Number": "O-0000001"}))
    assert sorted(one.get("Integration Id") for one in found) == sorted(["I-1", *[f"I-{n}" for n in range(20)]])
    assert len({one.get("Row Id") for one in found}) == 21
