"""UBL 2.3: schemas and documents that others wrote, read and written without a line of Python for them.

UBL_HOME names a folder with ``xsd-2.3`` and ``examples``; without it these tests are skipped, by name.
"""

from __future__ import annotations

import functools
import os
import pathlib

import pytest

from integration_objects.declaration import Source
from integration_objects.definition import shipped_definitions
from maps.check import check_maps
from maps.drafting.draft import draft
from schemas.check import AgainstSchema, parse
from schemas.external_object import XmlObject, read_external_objects
from schemas.from_xml import external_from_xml
from schemas.to_xml import external_to_xml

HOME = pathlib.Path(os.environ.get("UBL_HOME", "no-ubl"))
pytestmark = pytest.mark.skipif(not (HOME / "xsd-2.3").is_dir(), reason="UBL_HOME names no folder with UBL 2.3")

EXAMPLES = {
    "CENBII-Order-maximal.xml": "Order",
    "UBL-Order-2.1-Example.xml": "Order",
    "UBL-OrderChange-2.1-Example.xml": "OrderChange",
    "UBL-OrderResponse-2.1-Example.xml": "OrderResponse",
    "Mobile_Catalogue_UBL.xml": "Catalogue",
}


@functools.cache
def ubl(document: str) -> XmlObject:
    source = Source(
        "ubl.yaml",
        f"external object: {document}\nschema: maindoc/UBL-{document}-2.3.xsd\n"
        f'root: "{{urn:oasis:names:specification:ubl:schema:xsd:{document}-2}}{document}"\n',
    )
    return read_external_objects([source], lambda path: (HOME / "xsd-2.3" / path).read_bytes())[document]


@pytest.mark.parametrize("file", sorted(EXAMPLES))
def test_an_example_document_is_read_written_and_read_as_the_same_tree(file: str) -> None:
    obj = ubl(EXAMPLES[file])
    element = parse((HOME / "examples" / file).read_bytes())
    obj.schema.validate(element)
    tree = external_from_xml(element, obj)
    again = parse(external_to_xml(tree, obj))
    obj.schema.validate(again)
    assert external_from_xml(again, obj) == tree
    own = [(node.tag, (node.text or "").strip(), dict(node.attrib)) for node in element.iter()]
    # The hub says nothing of where a schema lies.
    assert [(node.tag, (node.text or "").strip(), dict(node.attrib)) for node in again.iter()] == [
        (tag, text, {name: value for name, value in attributes.items() if "schemaLocation" not in name})
        for tag, text, attributes in own
    ]


def test_the_order_is_a_graph_with_cycles_and_typed_fields() -> None:
    root = ubl("Order").definition.root
    assert root.fields["IssueDate"].type == "date"
    assert root.children["OrderLine"].children["LineItem"].children["Quantity"].text == "number"
    item = root.children["OrderLine"].children["LineItem"]
    assert item.children["SubLineItem"].children["SubLineItem"] is item.children["SubLineItem"]


def test_a_document_against_the_schema_is_explained() -> None:
    body = (HOME / "examples" / "UBL-Order-2.1-Example.xml").read_bytes()
    broken = parse(body.replace(b"<cbc:IssueDate>", b"<cbc:IssueDate>x", 1))
    with pytest.raises(AgainstSchema) as caught:
        ubl("Order").schema.validate(broken)
    assert caught.value.where.endswith("/Order[1]/IssueDate[1]")


def test_a_map_is_drafted_from_the_order_and_the_check_takes_it() -> None:
    objects = {**shipped_definitions(), "Order": ubl("Order").definition}
    drafted = draft(objects["Order"], objects["OM Order"])
    for line in (
        'Source Order Number: "[ID]"',
        "each: OrderLine/LineItem",
        "recurse: SubLineItem",
        'Quantity: "[Quantity]"',
        'Product Name: "[Item/Name]"',
        'Adjusted Price: "[Price/PriceAmount]"',
    ):
        assert f"{line}  # guess" in drafted.text
    assert [str(finding) for finding in check_maps([Source("x", drafted.text)], objects, {}.__getitem__)] == []
