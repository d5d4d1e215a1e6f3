import pathlib

import pytest

from integration_objects import definition
from integration_objects.declaration import DeclarationFault, Source, shipped
from integration_objects.definition import (
    HIDDEN_COLUMNS,
    ActionAlias,
    IntegrationObject,
    read_definitions,
    shipped_definitions,
)

SHIPPED = [
    "Account",
    "Address",
    "Agreement",
    "Callback Request",
    "Contact",
    "Contact Rule",
    "Fulfilment Status",
    "Help Topic",
    "Inventory Request",
    "MCD Summary",
    "Meter",
    "Meter Location",
    "OM Asset",
    "OM Billing Event",
    "OM Order",
    "OM Quote",
    "OM Reply",
    "OM Work Order",
    "OM Work Order Status",
    "OM Workflow Request",
    "Opportunity",
    "Order Activity",
    "Order Approval",
    "Price List",
    "Product",
    "Service Point",
    "Service Profile History",
    "Trouble Ticket",
    "User",
]
STARRED = {
    "Product Id",
    "Service Id",
    "Service Point Id",
    "Service Account Id",
    "Billing Account Id",
    "Agreement Id",
    "Adjusted Price",
    "Pricing Comment",
}


PRICES = {"Free Quantity", "Discount Percent", "Discount Amount", "Agreed Price", "Discount Reason", "Discounted By"}


def line_item(name: str):
    return shipped_definitions()[name].root.children["Line Item"]


def extended(*texts: str) -> dict[str, IntegrationObject]:
    sources = [Source(f"own/{number}.yaml", text) for number, text in enumerate(texts)]
    return read_definitions(shipped("integration_objects"), sources)


def fault_of(text: str, *more: Source) -> str:
    with pytest.raises(DeclarationFault) as caught:
        read_definitions([*shipped("integration_objects"), *more], [Source("own/x.yaml", text)] if text else [])
    return str(caught.value)


def test_the_shipped_objects_are_there():
    assert sorted(shipped_definitions()) == SHIPPED


def test_line_items_of_quotes_orders_and_assets_have_the_same_fields():
    assert list(line_item("OM Order").fields) == list(line_item("OM Quote").fields)
    assert list(line_item("OM Order").fields) == list(line_item("OM Asset").fields)


def test_delta_compares_the_starred_fields_of_the_flow_table():
    for name in ("OM Order", "OM Quote", "OM Asset"):
        # The table has no address: a service without a service point couldn't be found at the premises it moved to.
        # Nor free units and discounts: an item would get another amount, or another discount, without a line.
        assert set(line_item(name).compared) == {*STARRED, "Service Address Id", *PRICES}
        assert line_item(name).children["Attribute"].compared == ("Text Value", "Number Value", "Date Value")


def test_columns_are_the_flow_tables():
    """Asset, quote and order column of each row, with the names that docs/design/data-model.md decides."""
    rows = {
        "Action Code": (None, "action_cd", "action_cd"),
        "Adjusted Price": ("purch_adj_unit_pri", "adj_unit_pri", "adj_unit_pri"),
        "Agreement Id": ("cur_agree_id", "agree_id", "agree_id"),
        "Billing Account Id": ("bill_accnt_id", "inv_accnt_id", "bill_accnt_id"),
        "Currency Code": ("asset_val_curcy_cd", "curcy_cd", "amt_curcy_cd"),
        "Due Date": (None, "req_dlvrd_dt", "req_ship_dt"),
        "Completed Date": (None, None, "completed_dt"),
        "Effective Start Date": ("start_dt", None, None),
        "Effective End Date": ("end_dt", None, None),
        "Exchange Date": ("asset_val_exch_dt", "amt_dt", "amt_dt"),
        "Integration Id": ("integration_id", "asset_integ_id", "asset_integ_id"),
        "Line Number": (None, "ln_num", "ln_num"),
        "Original Order Id": ("orig_order_id", None, None),
        "Pricing Comment": ("comments", "pricing_comment", "pricing_comment"),
        "Product Id": ("prod_id", "prod_id", "prod_id"),
        "Quantity": ("qty", "qty_req", "qty_req"),
        "Service Account Id": ("serv_accnt_id", "serv_accnt_id", "serv_accnt_id"),
        "Service Id": ("serial_num", "service_num", "service_num"),
        "Service Point Id": ("service_point_id", "asset_id", "asset_id"),
        "Status": ("status_cd", "stat_cd", "status_cd"),
        "Parent Item Id": (None, None, None),
    }
    items = [line_item(name) for name in ("OM Asset", "OM Quote", "OM Order")]
    assert {name: tuple(item.fields[name].column for item in items) for name in rows} == rows
    assert [item.parent_column for item in items] == ["par_asset_id", "par_sq_item_id", "par_order_item_id"]


def test_a_null_action_code_reads_as_no_action_and_a_null_track_as_asset_as_y():
    for name in ("OM Order", "OM Quote", "OM Asset"):
        assert line_item(name).fields["Action Code"].null_reads_as == "-"
        assert line_item(name).children["Attribute"].fields["Action Code"].null_reads_as == "-"
        assert line_item(name).fields["Track As Asset"].null_reads_as == "Y"
    assert shipped_definitions()["Product"].root.fields["Track As Asset"].null_reads_as == "Y"


def test_the_documents_columns_have_the_documents_defaults():
    """Source: tables 2, 7 and 8; a field with a default reads as it where a tree has none."""
    order, product = shipped_definitions()["OM Order"].root, shipped_definitions()["Product"].root
    columns = {"rev_num": "1", "active_flg": "Y", "processed_flg": "N", "serv_inst_flg": "N", "crt_ast_rec_flg": "Y"}
    fields = [*order.fields.values(), *line_item("OM Order").fields.values(), *product.fields.values()]
    assert {field.column: field.default for field in fields if field.column in columns} == columns
    assert {field.column: field.null_reads_as for field in fields if field.column in columns} == columns


@pytest.mark.parametrize(
    ("component", "declared", "what"),
    [
        ("Order", '{type: flag, default: "Q"}', "'Q' can't be a value of 'Gift'"),
        ("Order", '{type: flag, default: "N", required: yes}', "'Gift' has a default, and 'required' beside it"),
        ("Order", '{type: flag, default: "N", stored: no}', "'Gift' has a default, and 'stored' beside it"),
        ("Order", '{type: flag, default: "N", null reads as: "Y"}', "'Gift' has a default, and 'null reads as' beside"),
        ("Attribute", '{type: flag, default: "N"}', "'Gift' can't have a default"),
    ],
)
def test_a_default_that_no_column_can_have_is_refused(component, declared, what):
    text = fault_of(f"extends: OM Order\ncomponents:\n  {component}:\n    fields:\n      Gift: {declared}\n")
    assert text.startswith(what)
    assert "where: own/x.yaml:5:" in text


def test_an_asset_is_its_accounts_row():
    asset = shipped_definitions()["OM Asset"]
    assert asset.row_of == ("Account", "Account Id")
    assert (asset.root.table, line_item("OM Asset").owner_column) == ("", "account_id")


def test_line_items_hold_line_items():
    for name in ("OM Order", "OM Quote", "OM Asset", "OM Work Order"):
        assert line_item(name).children["Line Item"] is line_item(name)


def test_every_field_has_its_type_by_its_name():
    """Names that end in Date are dates, and the numbers are those of docs/design/data-model.md."""
    numbers = {"Quantity", "Extended Quantity", "Number Of Occurrences", "Revision", "Source Revision"}
    numbers |= {"List Price", "Adjusted Price", "Number Value", "Price", "Order Revision", "Modification Number"}
    numbers |= {"Credit Limit", "Sequence", "Free Quantity", "Discount Percent", "Discount Amount", "Agreed Price"}
    numbers |= {"From Quantity", "Every", "Percent", "Amount"}
    numbers |= {"Least", "Most", "Default", "Sequence"}
    numbers |= {"Lines Asked", "Lines Done", "Lines Failed", "Moves", "Changes", "Disconnects", "Order Revision"}
    numbers |= {"Callback Minutes", "Tries", "Answered Quantity"}
    numbers |= {"Batch Position", "Orders", "Accepted Orders", "Refused Orders"}
    for one in shipped_definitions().values():
        for component in one.components():
            for field in component.fields.values():
                if field.name.endswith("Date") or field.name in ("Date Value", "Status Time", "Event Time"):
                    assert field.type == "date", field
                else:
                    assert (field.type == "number") == (field.name in numbers), field


def test_no_field_takes_a_hidden_column():
    for one in shipped_definitions().values():
        for component in one.components():
            for field in component.fields.values():
                assert field.name == "Row Id" or field.column not in HIDDEN_COLUMNS


def test_a_deployment_adds_fields_to_an_object():
    objects = extended(
        "extends: OM Order\n"
        "components:\n"
        "  Order:\n"
        "    fields:\n"
        "      Sales Region: {length: 30}\n"
        "      Campaign: {length: 10, column: x_camp}\n"
    )
    fields = objects["OM Order"].root.fields
    assert (fields["Sales Region"].column, fields["Campaign"].column) == ("x_sales_region", "x_camp")
    assert "Campaign" not in shipped_definitions()["OM Order"].root.fields


def test_a_deployment_adds_fields_to_the_line_items_of_all_objects_or_of_one():
    objects = extended(
        "extends: Line Item\n"
        "components:\n"
        "  Line Item: {fields: {Meter Type: {length: 30}}, compared: [Meter Type], cleared: [Meter Type]}\n"
        "  Attribute: {fields: {Unit: {length: 10}}}\n",
        "extends: OM Order\ncomponents: {Line Item: {fields: {Crew: {length: 30}}, not applied: [Crew]}}\n",
    )
    for name in ("OM Order", "OM Quote", "OM Asset"):
        item = objects[name].root.children["Line Item"]
        assert item.fields["Meter Type"].column == "x_meter_type"
        assert item.compared[-1] == "Meter Type"
        assert item.cleared[-1] == "Meter Type"
        assert item.children["Attribute"].fields["Unit"].column == "x_unit"
        assert ("Crew" in item.fields) == (name == "OM Order")


def test_a_deployment_adds_components_with_tables_of_their_own():
    objects = extended(
        "extends: OM Order\n"
        "components:\n"
        "  Order:\n"
        "    children:\n"
        "      - component: Contact\n"
        "        table: x_order_contact\n"
        "        keys: [[Role]]\n"
        "        fields: {Role: {length: 30}, Name: {length: 255}}\n"
    )
    contact = objects["OM Order"].root.children["Contact"]
    assert (contact.table, contact.owner_column, contact.fields["Role"].column) == (
        "x_order_contact",
        "order_id",
        "role",
    )
    assert list(objects["OM Order"].root.children) == ["Line Item", "Contact"]


def test_a_deployment_declares_an_object_of_its_own():
    objects = extended(
        "integration object: Site Survey\ncomponent: Survey\ntable: x_survey\n"
        "fields: {Number: {length: 30}, Account Id: {references: Account.Account Id}}\nkeys: [[Number]]\n"
    )
    assert objects["Site Survey"].root.fields["Number"].column == "number"


def test_attributes_are_kept_as_json_of_their_items():
    for name, table in (
        ("OM Asset", "s_asset_xa"),
        ("OM Quote", "s_quote_item_xa"),
        ("OM Order", "s_order_item_xa"),
        ("OM Work Order", "s_work_order_item_xa"),
    ):
        attribute = line_item(name).children["Attribute"]
        assert (attribute.table, attribute.json_column) == (table, "attributes")


def test_a_deployment_chooses_how_its_components_are_stored():
    """A table, or a JSON column of the row above, which has the prefix only where the table is the hub's."""
    objects = extended(
        "extends: OM Order\n"
        "components:\n"
        "  Order:\n"
        "    children:\n"
        "      - {component: Contact, table: x_order_contact, fields: {Role: {}}}\n"
        "      - {component: Note, table: x_order_note, json column: x_notes, fields: {Title: {}}}\n",
        "integration object: Visit\ncomponent: Visit\ntable: x_visit\nfields: {Number: {}}\nkeys: [[Number]]\n"
        "children: [{component: Tool, table: x_visit_tool, json column: tools, fields: {Name: {}}}]\n",
    )
    order, visit = objects["OM Order"].root.children, objects["Visit"].root.children
    assert [order[name].json_column for name in ("Contact", "Note")] == [None, "x_notes"]
    assert (visit["Tool"].json_column, visit["Tool"].owner_column) == ("tools", "visit_id")


def test_a_deployment_switches_references_off():
    objects = extended("extends: OM Order\nreferences: no")
    assert objects["OM Order"].root.children["Line Item"].fields["Product Id"].references is None
    assert objects["OM Quote"].root.children["Line Item"].fields["Product Id"].references == "Product.Product Id"


def test_the_names_of_what_a_service_rests_by_are_stored_with_the_lines():
    for name, column in (("OM Quote", "action_alias"), ("OM Order", "action_alias"), ("OM Asset", None)):
        item = line_item(name)
        assert [(one.code, one.alias) for one in item.aliases] == [("Update", "Suspend"), ("Update", "Resume")]
        assert item.fields["Action Alias"].column == column
        assert "Action Alias" in item.not_applied


def test_own_aliases_stand_behind_the_shipped_ones_and_old_values_are_neither_stored_nor_applied():
    item = extended(
        "extends: OM Quote\n"
        "components:\n"
        "  Line Item:\n"
        "    action aliases:\n"
        "      - {code: Update, alias: Suspend, condition: \"[Status] = 'Suspended'\"}\n"
        "    old values: [Service Id, Quantity]\n"
    )["OM Quote"].root.children["Line Item"]
    assert item.aliases[-1] == ActionAlias("Update", "Suspend", "[Status] = 'Suspended'", "own/0.yaml:5:9")
    for name, type in (("Old Service Id", "text"), ("Old Quantity", "number")):
        assert (item.fields[name].type, item.fields[name].column) == (type, None)
        assert name in item.not_applied
    assert "Old Quantity" not in line_item("OM Quote").fields


@pytest.mark.parametrize("key", ["compared", "cleared", "not applied", "triggers", "old values"])
def test_a_listed_name_that_is_no_field_is_a_finding_with_its_place(key: str):
    text = f"extends: OM Order\ncomponents:\n  Line Item:\n    {key}: [Service Idd]\n"
    assert fault_of(text) == (
        f"'Line Item' has no field 'Service Idd', which stands under '{key}'\n"
        f"  where: own/x.yaml:4:{len(key) + 8}\n"
        "  mend:  did you mean 'Service Id'?"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "extends: OM Ordr\ncomponents: {}",
            "there is no integration object or shared component 'OM Ordr'\n"
            "  where: own/x.yaml:1:10\n"
            f"  why:   known are {', '.join(sorted([*SHIPPED, 'Line Item', 'Service Status', 'Support Event']))}\n"
            "  mend:  did you mean 'OM Order'?",
        ),
        (
            "extends: OM Order\ncomponents: {Lines: {}}",
            "'OM Order' has no component 'Lines'\n  where: own/x.yaml:2:14\n  mend:  did you mean 'Line Item'?",
        ),
        (
            "extends: OM Order\ncomponents: {Order: {fields: {Region: {column: region}}}}",
            "the column 'region' is a deployment's own, and is not named like one\n"
            "  where: own/x.yaml:2:48\n  why:   expected 'x_...'\n  mend:  call it 'x_region'",
        ),
        (
            "extends: OM Order\ncomponents: {Order: {children: [{component: A, table: contact}]}}",
            "the table 'contact' is a deployment's own, and is not named like one\n"
            "  where: own/x.yaml:2:55\n  why:   expected 'x_...'\n  mend:  call it 'x_contact'",
        ),
        (
            "extends: OM Reply\ncomponents: {Reply: {children: [{component: A, table: x_a}]}}",
            "'A' of 'OM Reply' is stored, but 'Reply' above it is not\n"
            "  where: own/x.yaml:2:33\n"
            "  why:   a row of 'x_a' would belong to nothing\n"
            "  mend:  take its table away, or extend an object that is stored",
        ),
        (
            "extends: OM Order\ncomponents: {Order: {fields: {OrderNumber: {}}}}",
            "'Order Number' and 'OrderNumber' of 'Order' have the same element name\n"
            "  where: own/x.yaml:2:31\n"
            "  why:   both are written <OrderNumber>\n"
            "  mend:  give one of them another name",
        ),
        (
            "extends: OM Order\ncomponents: {Order: {fields: {Status: {}}}}",
            "the field 'Status' is declared twice\n"
            "  where: own/x.yaml:2:31\n"
            "  why:   first at integration_objects/om_order.yaml:21:3\n"
            "  mend:  give one of the two another name, or take it away",
        ),
        (
            "extends: OM Order\ncomponents: {Order: {fields: {A: {references: Acount.Account Id}}}}",
            "there is no integration object 'Acount'\n"
            f"  where: own/x.yaml:2:31\n  why:   known are {', '.join(SHIPPED)}\n  mend:  did you mean 'Account'?",
        ),
        (
            "extends: OM Order\ncomponents: {Order: {fields: {A: {type: date, length: 3}}}}",
            "'A' can't have the length 3\n  where: own/x.yaml:2:55\n"
            "  why:   it is a date; only a text has a length, of 1 or more\n"
            "  mend:  take the length away, or give one of 1 or more to a text",
        ),
        (
            "extends: Line Item\ncomponents: {Line Item: {fields: {A: {column: {s_ordr_item: x_a}}}}}",
            "there is no table 's_ordr_item'\n  where: own/x.yaml:2:48\n  mend:  did you mean 's_order_item'?",
        ),
        (
            "extends: OM Order\ncomponents: {Order: {children: [{component: A, table: x_a, json column: a}]}}",
            "the column 'a' is a deployment's own, and is not named like one\n"
            "  where: own/x.yaml:2:73\n  why:   expected 'x_...'\n  mend:  call it 'x_a'",
        ),
        (
            "extends: OM Order\ncomponents: {Order: {children: [{component: A, json column: x_a}]}}",
            "a component without a table has no json column\n  where: own/x.yaml:2:61\n"
            "  mend:  name its table, or take the json column away",
        ),
        (
            "extends: OM Order\n"
            "components: {Order: {children: [{component: A, nested: yes, table: x_a, json column: x_b}]}}",
            "a nested component can't be kept as JSON\n"
            "  where: own/x.yaml:2:86\n"
            "  why:   its rows are found one by one, by their parent\n"
            "  mend:  give it a table",
        ),
        (
            "extends: OM Asset\ncomponents: {Asset: {children: [{component: A, table: x_a, json column: x_b}]}}",
            "'Asset' has no table that could have the column 'x_b'\n"
            "  where: own/x.yaml:2:73\n"
            "  why:   a component that is kept as JSON is kept in the row above it\n"
            "  mend:  take the json column away, so that it has a table of its own",
        ),
        (
            "extends: OM Order\ncomponents: {Attribute: {children: [{component: A, table: x_a}]}}",
            "'x_a' can't be stored beneath 'Attribute', which is kept as JSON\n"
            "  where: own/x.yaml:2:59\n"
            "  why:   'Attribute' has no rows of its own, only the column 'attributes' of the row above it\n"
            "  mend:  give 'Attribute' a table of its own, or take this table away",
        ),
        (
            "extends: OM Order\n"
            "components: {Order: {fields: {B: {}}, children: [{component: A, table: x_a, json column: x_b}]}}",
            "'B' and 'A' of 'Order' have the same column\n"
            "  where: own/x.yaml:2:90\n"
            "  why:   both are stored in s_order.x_b\n"
            "  mend:  give one of them another column",
        ),
        (
            "integration object: A\ncomponent: B\ntable: x_b\n"
            "children: [{component: C, table: x_c, json column: position}]",
            "the column 'position' is the hub's own\n  where: own/x.yaml:4:52\n  mend:  name another",
        ),
        (
            "integration object: OM Order\ncomponent: Order",
            "the hub ships an integration object 'OM Order'\n"
            "  where: own/x.yaml:1:21\n"
            "  mend:  write 'extends: OM Order' to add to it, or give this one another name",
        ),
        (
            "extend: OM Order",
            "this is no declaration of an integration object\n"
            "  where: own/x.yaml:1:1\n"
            "  why:   expected the key 'integration object' or 'extends'\n"
            "  mend:  did you mean 'extends'?",
        ),
    ],
)
def test_an_extension_that_cannot_be_is_refused_at_its_place(text: str, message: str):
    assert fault_of(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "integration object: A\ncomponent: B\nfields: {C: {}}\nkeys: [[D]]",
            "'B' has no field 'D', which stands under 'keys'\n  where: y.yaml:4:9\n"
            "  mend:  name a known one, or take it away",
        ),
        (
            "integration object: A\ncomponent: B\ntable: s_order\nfields: {C: {}}",
            "the table 's_order' is used twice\n"
            "  where: y.yaml:1:1\n"
            "  why:   it is the table of 'Order' in integration_objects/om_order.yaml:1:1\n"
            "  mend:  give each component a table of its own",
        ),
        (
            "integration object: A\ncomponent: B\ntable: b\nfields: {C: {column: d}, D: {}}",
            "'C' and 'D' of 'B' have the same column\n"
            "  where: y.yaml:4:26\n"
            "  why:   both are stored in b.d\n"
            "  mend:  give one of them another column",
        ),
        (
            "integration object: A\ncomponent: B\ntable: b\nfields: {C: {column: created}}",
            "the column 'created' is the hub's own\n  where: y.yaml:4:22\n  mend:  name another",
        ),
        (
            "integration object: A\ncomponent: B\nchildren: [{use: Line Itm, table: c}]",
            "there is no shared component 'Line Itm'\n  where: y.yaml:3:18\n"
            "  why:   known are Line Item, Service Status, Support Event\n  mend:  did you mean 'Line Item'?",
        ),
        (
            "integration object: A\ncomponent: B\nrow of: Account.Name",
            "'A' refers to 'Account.Name', which is no stored key of 'Account'\n"
            "  where: y.yaml:1:1\n"
            "  why:   only a key of one field that has a column can be looked up\n"
            "  mend:  name such a key of 'Account', or add one to its definition",
        ),
        (
            "integration object: A\ncomponent: B\ntable: b\nkeys: [[C, D]]\n"
            "fields: {C: {}, D: {}, Above: {hierarchy: yes}}",
            "'Above' can't name the 'B' above a 'B'\n"
            "  where: y.yaml:5:24\n"
            "  why:   a hierarchy needs a stored field of a header whose first key is one stored field\n"
            "  mend:  take `hierarchy` away, or give the header such a key",
        ),
        (
            "integration object: A\ncomponent: B\ntable: b\nkeys: [[C]]\n"
            "fields: {C: {length: 64}, Above: {hierarchy: yes, length: 30}}",
            "'Above' can't hold every 'C'\n"
            "  where: y.yaml:5:27\n"
            "  why:   'C' is a text of length 64, and 'Above' a text of length 30\n"
            "  mend:  declare it as 'C' is",
        ),
        (
            "integration object: A\ncomponent: B\nfields: {1: {}}",
            "'1' is not a name\n  where: y.yaml:3:10\n"
            "  why:   expected words of letters, digits, _ and -, with one blank between them\n"
            "  mend:  write it so, such as 'Order Number'",
        ),
    ],
)
def test_an_object_that_cannot_be_is_refused_at_its_place(text: str, message: str):
    assert fault_of("", Source("y.yaml", text)) == message


def test_the_documentation_describes_every_key_and_its_examples_are_read():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "integration_objects.md").read_text(encoding="utf-8")
    examples = [block.partition("```")[0] for block in page.split("```yaml\n")[1:]]
    objects = extended(*examples)
    assert objects["OM Quote"].root.children["Line Item"].fields["Meter Type"].column == "x_meter_type"
    assert objects["Site Survey"].root.children["Finding"].owner_column == "survey_id"
    for key in definition.COMPONENT_KEYS + definition.FIELD_KEYS + definition.STORED_KEYS:
        assert f"`{key}`" in page, key
    for name in shipped_definitions():
        assert name in page
