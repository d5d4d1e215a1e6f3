"""`orderhub object from-schema` and `orderhub map draft`: what they print is a part of a deployment."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

ORDER = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:tide" targetNamespace="urn:tide">
  <xs:include schemaLocation="../common/parts.xsd"/>
  <xs:element name="PurchaseOrder"><xs:complexType><xs:sequence>
    <xs:element name="OrderNumber" type="Number"/>
    <xs:element name="CustomerNumber" type="Number"/>
    <xs:element ref="Note"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="Note" type="xs:string"/>
</xs:schema>"""
PARTS = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:tide" targetNamespace="urn:tide">
  <xs:simpleType name="Number">
    <xs:restriction base="xs:string"><xs:maxLength value="20"/></xs:restriction></xs:simpleType>
  <xs:element name="Cancellation" type="Number"/>
</xs:schema>"""


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A deployment with the schema of a partner, and nothing else."""
    (tmp_path / "orderhub.toml").write_text("")
    for path, text in (("tide/order.xsd", ORDER), ("common/parts.xsd", PARTS)):
        file = tmp_path / "schemas" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_a_partners_schema_becomes_an_object_and_a_map_that_the_check_takes(folder: pathlib.Path, command: Any) -> None:
    drafted = command("object", "from-schema", "schemas/tide/order.xsd")
    assert drafted.out == (
        'external object: Tide Purchase Order\nschema: tide/order.xsd\nroot: "{urn:tide}PurchaseOrder"\n'
    )
    assert drafted.err == "save this as a .yaml file in schemas/, beside tide/order.xsd; the name is yours to choose\n"
    (folder / "schemas" / "tide" / "order.yaml").write_text(drafted.out)
    drafted = command("map", "draft", "Tide Purchase Order", "OM Order")
    assert '  Source Order Number: "[OrderNumber]"  # guess, 100 %\n' in drafted.out
    assert drafted.err == (
        "save this as maps/tide_purchase_order_to_om_order.yaml, and correct each guess\n"
        "missing: 0; `orderhub map check` tells what the map still lacks\n"
    )
    (folder / "maps").mkdir()
    (folder / "maps" / "tide_purchase_order_to_om_order.yaml").write_text(drafted.out)
    assert command("map", "check", "Tide Purchase Order to OM Order").err == "the maps are sound\n"
    assert command("check").err == "the deployment is sound\n"


def test_a_root_may_stand_in_an_included_file(folder: pathlib.Path, command: Any) -> None:
    assert command("object", "from-schema", "schemas/tide/order.xsd", "--root", "Cancellation").out == (
        'external object: Tide Cancellation\nschema: tide/order.xsd\nroot: "{urn:tide}Cancellation"\n'
    )


def test_a_root_that_is_not_there_names_the_nearest(folder: pathlib.Path, command: Any) -> None:
    assert command("object", "from-schema", "schemas/tide/order.xsd", "--root", "PurchaseOrdr", expect=2).err == (
        "there is no global element 'PurchaseOrdr'\n"
        "  where: tide/order.xsd\n"
        "  why:   the schema's global elements are PurchaseOrder, Note\n"
        "  mend:  did you mean 'PurchaseOrder'?\n"
        "  reason: DraftedRootUnknown\n"
    )


def test_a_schema_with_several_roots_asks_for_one(folder: pathlib.Path, command: Any) -> None:
    file = folder / "schemas" / "tide" / "order.xsd"
    file.write_text(ORDER.replace("</xs:schema>", '<xs:element name="Return" type="Number"/></xs:schema>'))
    assert command("object", "from-schema", file, expect=2).err == (
        "the root of the messages isn't clear\n"
        "  where: tide/order.xsd\n"
        "  why:   the schema's global elements are PurchaseOrder, Return\n"
        "  mend:  name the root: --root NAME\n"
        "  reason: RootUnclear\n"
    )


def test_an_included_file_that_is_missing_is_named_with_its_line(folder: pathlib.Path, command: Any) -> None:
    (folder / "schemas" / "common" / "parts.xsd").unlink()
    assert command("object", "from-schema", "schemas/tide/order.xsd", expect=2).err == (
        "the schema file 'common/parts.xsd' is not there\n"
        "  where: tide/order.xsd:2\n"
        "  why:   schemas are read from the folder that holds them, and never fetched; "
        "the file 'schemas/common/parts.xsd' can't be read\n"
        "  mend:  put a copy of the file into that place, or let schemaLocation name the place where it is\n"
        "  reason: SchemaFileMissing\n"
    )


def test_a_file_that_is_no_schema_is_told(folder: pathlib.Path, command: Any) -> None:
    (folder / "notes.txt").write_text("hello")
    assert "the schema file 'notes.txt' can't be read" in command("object", "from-schema", "notes.txt", expect=2).err
    assert command("object", "from-schema", "none.xsd", expect=2).err.startswith("the file can't be read\n")


def test_a_map_between_unknown_objects_names_the_nearest(folder: pathlib.Path, command: Any) -> None:
    told = command("map", "draft", "OM Order", "OM Ordr", expect=2).err
    assert told.startswith("there is no integration object 'OM Ordr'\n  where: argument TARGET\n")
    assert told.endswith("  mend:  did you mean 'OM Order'?\n  reason: MappedObjectUnknown\n")


def test_a_json_schema_becomes_an_object(folder: pathlib.Path, command: Any) -> None:
    file = folder / "schemas" / "tide" / "order.json"
    file.write_text('{"type": "object", "properties": {"orderNumber": {"type": "string"}}}')
    drafted = command("object", "from-schema", file).out
    assert drafted == "external object: Tide Order\nlayout:\n  json schema: tide/order.json\n"
    (folder / "schemas" / "tide" / "order.yaml").write_text(drafted)
    assert 'Source Order Number: "[orderNumber]"' in command("map", "draft", "Tide Order", "OM Order").out
    assert command("object", "from-schema", file, "--root", "Order", expect=2).err == (
        "a JSON Schema has no root to name\n"
        "  where: tide/order.json\n"
        "  why:   it describes whole messages\n"
        "  mend:  leave --root out\n"
        "  reason: RootOfJson\n"
    )
    file.write_text('{"type": "objekt"}')
    assert command("object", "from-schema", file, expect=2).err.endswith("reason: JsonSchemaFaulty\n")
