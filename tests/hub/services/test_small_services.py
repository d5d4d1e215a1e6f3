"""The methods of one table row each."""

from __future__ import annotations

import pathlib

import pytest

from hub.services import SERVICES, ObjectMemory
from hub.services.create_empty import create_empty
from hub.services.items import ActionCodeUnknown, ItemKeyTwice
from hub.services.merge import merge
from hub.services.module_licensed import Licence, module_licensed, read_licence
from hub.services.object_memory import ObjectNotSaved
from hub.services.objects import ManyInstances, ObjectUndeclared
from hub.services.set_action import set_action
from hub.services.set_effectivity_dates import CompletedDateWrong, set_effectivity_dates
from hub.services.set_field import FieldValueWrong, ItemFieldUnknown, set_field
from hub.services.set_product_instance import ManyRoots, set_product_instance
from hub.services.update_order_status import update_order_status
from integration_objects.complex_object import empty, instances, is_empty, line_items
from integration_objects.declaration import DeclarationFault, Source
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from tests.trees import asset, attribute, item, only, order, outline, quote, together

D = shipped_definitions()


def test_effectivity_dates_are_each_items_own_or_the_given_one() -> None:
    tree = order(
        item("A", item("B", action="Delete", completed_date="2026-01-02"), action="Add"),
        item("C", action="Update"),
        item("E"),
    )
    names = ("Completed Date", "Calculated Effective Start Date", "Calculated Effective End Date")
    assert outline(set_effectivity_dates(tree, "2026-03-01T10:00:00Z"), *names) == (
        "A 2026-03-01T10:00:00Z 2026-03-01T10:00:00Z None\n"
        "  B 2026-01-02 None 2026-01-02\n"
        "C 2026-03-01T10:00:00Z None None\n"
        "E 2026-03-01T10:00:00Z None None"
    )
    assert outline(set_effectivity_dates(tree), *names) == (
        "A None None None\n  B 2026-01-02 None 2026-01-02\nC None None None\nE None None None"
    )


def test_a_completed_date_that_is_none_is_refused() -> None:
    with pytest.raises(CompletedDateWrong) as refused:
        set_effectivity_dates(order(item("A")), "yesterday")
    assert str(refused.value) == (
        "the date of completion is no date\n"
        "  where: argument 'completed'\n"
        "  why:   expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found 'yesterday'\n"
        "  mend:  give an ISO date or date-time, or none"
    )


@pytest.mark.parametrize(("action", "written"), [("Add", "Add"), ("-", "-"), ("--", "-"), ("", "-"), (None, "-")])
def test_set_action_sets_every_item_and_attribute(action: str | None, written: str) -> None:
    tree = quote(item("A", attribute("Size", "L", action="Delete"), item("B", action="Update")))
    assert outline(set_action(tree, action), "Action Code") == f"A {written} [Size=L/{written}]\n  B {written}"


def test_set_action_refuses_an_unknown_code() -> None:
    with pytest.raises(ActionCodeUnknown) as refused:
        set_action(quote(item("A")), "Change")
    assert str(refused.value) == (
        "'Change' is no action code\n"
        "  where: argument 'action'\n"
        "  why:   expected one of Add, Update, Delete, -, found 'Change'\n"
        "  mend:  give one of these"
    )


def test_set_field_sets_every_item_also_to_null() -> None:
    tree = order(item("A", item("B", service_id="1")))
    assert outline(set_field(tree, "Service Id", "2", D), "Service Id") == "A 2\n  B 2"
    assert only(set_field(tree, "Service Id", None, D), "A").properties["Service Id"] is None


def test_set_field_refuses_unknown_fields_and_wrong_values() -> None:
    tree = order(item("A"), item("B"))
    with pytest.raises(ItemFieldUnknown) as unknown:
        set_field(tree, "Servic Id", "2", D)
    assert str(unknown.value) == (
        "there is no field 'Servic Id'\n"
        "  where: OM Order, component 'Line Item'\n"
        "  why:   the definition has no such field\n"
        "  mend:  did you mean 'Service Id'?"
    )
    with pytest.raises(FieldValueWrong) as wrong:
        set_field(tree, "Due Date", "soon", D)
    assert str(wrong.value) == (
        "the field 'Due Date' can't be set to this value\n"
        "  where: OM Order, component 'Line Item'\n"
        "  why:   expected a date (2026-01-31 or 2026-01-31T12:00:00Z), found 'soon'\n"
        "  mend:  give a value of the field's type that every line item may have"
    )
    for field, value, why in (
        ("Integration Id", "X", "Integration Id is unique within an instance"),
        ("Quantity", "-1", "expected a number of 0 or more, found '-1'"),
        (
            "Parent Item Id",
            "A",
            "it names the line item above, and only the flat form has it; move the line items in the file",
        ),
    ):
        with pytest.raises(FieldValueWrong) as wrong:
            set_field(tree, field, value, D)
        assert (wrong.value.what, wrong.value.why, wrong.value.objects["tree"]) == (
            f"the field '{field}' can't be set to this value",
            why,
            tree,
        )
    with pytest.raises(ActionCodeUnknown):
        set_field(tree, "Action Code", "Change", D)


def test_merge_copies_the_sources_roots_behind_the_targets() -> None:
    result = merge(quote(item("A", item("B"))), asset(item("C", item("E", attribute("Size", "L")))), D)
    assert outline(result) == "A\n  B\nC\n  E [Size=L]"
    assert instances(result)[0].properties == {"Quote Number": "Q-1", "Account Id": "1-A"}


def test_merge_with_an_empty_object_gives_the_other_in_the_targets_type() -> None:
    assert outline(merge(quote(item("A")), empty("OM Quote"), D)) == "A"
    assert outline(merge(empty(), order(item("A")), D)) == "A"
    result = merge(empty("OM Quote"), order(item("A")), D)
    assert (outline(result), result.children[0].get("IntObjectName")) == ("A", "OM Quote")
    assert (instances(result)[0].type, instances(result)[0].properties) == ("Quote", {"Account Id": "1-A"})
    assert is_empty(merge(empty("OM Quote"), empty("OM Order"), D))


def test_merge_refuses_a_key_that_is_in_both_and_several_instances() -> None:
    with pytest.raises(ItemKeyTwice) as refused:
        merge(quote(item("A", item("B"))), order(item("C", item("B"))), D)
    assert str(refused.value) == (
        "a key is in both objects\n"
        "  where: OM Quote 'Q-1' and OM Order 'O-1', line item 'B'\n"
        "  why:   Integration Id is unique within an instance\n"
        "  mend:  drop the item from one of them, or apply one to the other"
    )
    with pytest.raises(ManyInstances):
        merge(together(order(item("A")), order(item("B"))), order(item("C")), D)


def test_the_processed_flag_is_y_where_a_root_and_all_beneath_it_are_finished() -> None:
    tree = order(
        *(
            item(f"A{n}", item(f"B{n}", status=status), status="Complete")
            for n, status in enumerate(
                ["Complete", "Failed", "Rejected", "Cancelled", "-", "", None, "Open", "Pending"]
            )
        )
    )
    flags = [root.get("Order Item Processed Flag") for root in line_items(instances(update_order_status(tree))[0])]
    assert flags == ["Y"] * 7 + ["N"] * 2


def test_the_finished_statuses_are_an_argument_or_the_definitions() -> None:
    tree = order(item("A", status="Done"), item("B", status="Complete"), item("C", status="-"))
    assert outline(update_order_status(tree, ["Done"]), "Order Item Processed Flag") == "A Y\nB N\nC Y"
    assert outline(update_order_status(tree, None, D), "Order Item Processed Flag") == "A N\nB Y\nC Y"


def test_an_empty_complex_object_is_of_no_kind_or_has_a_header() -> None:
    assert str(create_empty(None, D)) == 'PropertySet@/ p#1 c#0 type="" value=""\n{\n  p["Is Empty"] = "Y";\n}'
    result = create_empty("OM Quote", D)
    assert not is_empty(result)
    assert instances(result) == [PropertySet("Quote")]
    with pytest.raises(ObjectUndeclared) as refused:
        create_empty("Quote", D)
    assert str(refused.value) == (
        "there is no integration object 'Quote'\n"
        "  where: integration_objects/\n"
        f"  why:   known are {', '.join(sorted(D))}\n"
        "  mend:  did you mean 'OM Quote'?"
    )


LICENCE = Licence(("Orders",), ("hub-*.example.com",), "2027-12-31")


@pytest.mark.parametrize(
    ("module", "host", "today", "licensed"),
    [
        ("Orders", "hub-1.example.com", "2027-12-31T23:00:00Z", True),
        ("Orders", "HUB-1.example.com", "2026-01-01", True),
        ("Quotes", "hub-1.example.com", "2026-01-01", False),
        ("Orders", "desk.example.com", "2026-01-01", False),
        ("Orders", "hub-1.example.com", "2028-01-01", False),
    ],
)
def test_a_module_is_licensed_by_name_host_and_day(module: str, host: str, today: str, licensed: bool) -> None:
    assert module_licensed(module, LICENCE, host, today) is licensed


def test_without_a_licence_file_every_module_is_licensed() -> None:
    assert module_licensed("Anything")
    assert module_licensed("A", Licence(("A",)), "anywhere", "2199-01-01")


def test_a_licence_file_is_read_and_proven() -> None:
    text = 'modules: [Orders]\nhosts: ["hub-*.example.com"]\nexpires: 2027-12-31\n'
    assert read_licence(Source("licence.yaml", text)) == LICENCE
    with pytest.raises(DeclarationFault) as refused:
        read_licence(Source("licence.yaml", "modules: [Orders]\nexpires: never\n"))
    assert refused.value.where == "licence.yaml:2:10"


def test_saved_objects_are_copies_until_the_reset() -> None:
    memory, tree = ObjectMemory(), order(item("A"))
    memory.save("delta", tree)
    memory.get("delta").children.clear()
    tree.children[0].children.clear()
    assert memory.get("delta") == order(item("A"))
    with pytest.raises(ObjectNotSaved) as refused:
        memory.get("quote")
    assert str(refused.value) == (
        "there is no saved object 'quote'\n"
        "  where: the workflow run's saved objects\n"
        "  why:   known are delta\n"
        "  mend:  save the object before, under the same key"
    )
    memory.reset()
    with pytest.raises(ObjectNotSaved) as forgotten:
        memory.get("delta")
    assert forgotten.value.why == "known are none"


def test_a_product_instance_is_an_asset_with_one_root_and_no_actions() -> None:
    result = set_product_instance(quote(item("A", item("B", action="Add"), action="Update")), D)
    assert result.children[0].get("IntObjectName") == "OM Asset"
    assert instances(result)[0].properties == {"Account Id": "1-A"}
    assert outline(result, "Action Code") == "A -\n  B -"
    assert outline(set_product_instance(asset(item("A")), D), "Action Code") == "A -"
    assert is_empty(set_product_instance(empty(), D))
    with pytest.raises(ManyRoots) as refused:
        set_product_instance(asset(item("A"), item("B")), D)
    assert str(refused.value) == (
        "the product instance has 2 root items, and one is allowed\n"
        "  where: OM Asset '1-A'\n"
        "  why:   a product instance is one customizable product, found 2 root items\n"
        "  mend:  give one root with all beneath it"
    )


def test_every_method_of_the_registry_stands_in_the_documentation_with_its_command() -> None:
    page = pathlib.Path(__file__).parents[3] / "docs" / "business_service_methods.md"
    text = page.read_text(encoding="utf-8")
    for service in SERVICES.values():
        assert f"`{service.command}`" in text
        assert f"### {service.name}" in text
        assert service.help.endswith(".")
        for argument in service.arguments:
            assert f"`{argument}`" in text, (service.name, argument)


def test_the_commands_are_those_of_the_contract() -> None:
    assert [service.command for service in SERVICES.values()] == [
        "apply",
        "delta",
        "trim",
        "logical-delete",
        "explode",
        "fully-exploded",
        "field-delta",
        "set-effectivity-dates",
        "set-action",
        "set-field",
        "merge",
        "update-order-status",
        "create-empty",
        "module-licensed",
        "set-product-instance",
    ]
    assert SERVICES["Explode"].handed_in == ("definitions", "new_id")
