"""The declarations of external systems, and the shipped ones at work."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from decimal import Decimal

import pytest

from adapters.system import OutboundFaulty, System, read_systems
from integration_objects.complex_object import message
from integration_objects.declaration import DeclarationFault, Source, shipped
from integration_objects.definition import shipped_definitions
from integration_objects.property_set import PropertySet
from maps.data_map import DataMap, read_maps
from schemas.check import Limits, parse
from schemas.external_component import ExternalObject
from schemas.hub_xml import hub_from_xml
from schemas.layouts.record import FieldUnwritable
from tests.shipped_objects import shipped_external_objects


def _file(package: str) -> object:
    return lambda path: importlib.resources.files(package).joinpath(path).read_bytes()


@pytest.fixture(scope="module")
def external_objects() -> Mapping[str, ExternalObject]:
    return shipped_external_objects()


@pytest.fixture(scope="module")
def maps(external_objects: Mapping[str, ExternalObject]) -> dict[str, DataMap]:
    objects = {**shipped_definitions(), **{name: obj.definition for name, obj in external_objects.items()}}
    return read_maps(shipped("maps"), objects, _file("maps"))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def systems(maps: dict[str, DataMap], external_objects: Mapping[str, ExternalObject]) -> dict[str, System]:
    return read_systems(shipped("adapters", folder="systems"), shipped_definitions(), maps, external_objects)


def _event() -> PropertySet:
    def line(key: str, price: str | None, **more: str) -> PropertySet:
        properties = {
            "Integration Id": key,
            "Line Number": "1",
            "Product Id": "GCI One Bundle",
            "Product Name": "GCI One Bundle",
            "Action Code": "Add",
            "Price Type": "Recurring",
            "Price": price,
            "Quantity": "2",
            "Effective Start Date": "2026-01-31T10:00:00Z",
            "Billing Account Id": "1-B",
        }
        return PropertySet("Line Item", properties={**properties, **more})

    header = PropertySet(
        "Billing Event",
        properties={
            "Event Id": "E-1",
            "Event Type": "Lines Completed",
            "Event Time": "2026-01-31T12:30:00.868380+01:00",
            "Order Number": "O-7",
            "Order Revision": "1",
            "Account Id": "1-A",
            "Billing Account Id": "1-B",
            "Currency Code": "USD",
        },
    )
    header.children.append(PropertySet("ListOf Line Item", children=[line("A1", "19.95"), line("A2", "-0.05")]))
    return message("OM Billing Event", [header])


def test_the_shipped_systems_are_these(systems: dict[str, System]) -> None:
    assert {
        name: (system.takes, system.for_system, system.destination, system.content_type, system.repeats)
        for name, system in systems.items()
    } == {
        "Billing": ("OM Billing Event", "Billing", "billing.events", "application/xml", "recognised by message id"),
        "Billing File": (
            "OM Billing Event",
            "Billing File",
            "billing.records",
            "text/plain; charset=iso-8859-1",
            "recognised by key",
        ),
        "Provisioning": (
            "OM Work Order",
            "Provisioning",
            "provisioning.work_orders",
            "application/xml",
            "recognised by key",
        ),
    }


def test_billing_records_are_a_header_details_and_a_trailer_with_count_and_total(
    systems: dict[str, System], maps: dict[str, DataMap], external_objects: Mapping[str, ExternalObject]
) -> None:
    records = systems["Billing File"].render(_event(), maps, external_objects).decode("iso-8859-1").splitlines()
    assert [(record[0], len(record)) for record in records] == [("H", 500), ("D", 500), ("D", 500), ("T", 500)]
    assert records[0].split() == ["HE-1", "Lines", "Completed", "20260131113000O-7", "0000011-A", "1-B", "USD"]
    assert records[1][1:7] == "000001"
    assert records[1][207:252] == "00000020000000" + "+0000000000000199500000"[:23] + "20260131"
    assert int(records[3][1:10]) == 2
    assert Decimal(records[3][10:39]).scaleb(-7) == Decimal("19.90")


def test_a_billing_value_that_has_no_place_is_refused(
    systems: dict[str, System], maps: dict[str, DataMap], external_objects: Mapping[str, ExternalObject]
) -> None:
    tree = _event()
    tree.children[0].children[0].children[0].properties["Order Number"] = "О-7"  # a cyrillic O
    with pytest.raises(FieldUnwritable) as caught:
        systems["Billing File"].render(tree, maps, external_objects)
    assert str(caught.value) == (
        "the value 'О-7' doesn't fit into the field HEADER/ORDER-NO\n"
        "  where: record 1, HEADER/ORDER-NO\n"
        "  why:   the code page iso-8859-1 has no 'О' (U+041E); the field is text, 64 characters\n"
        "  mend:  correct the map, or the value that it reads"
    )


def test_the_billing_message_is_against_its_schema_before_it_leaves(
    systems: dict[str, System], maps: dict[str, DataMap], external_objects: Mapping[str, ExternalObject]
) -> None:
    body = systems["Billing"].render(_event(), maps, external_objects)
    external_objects["Billing Message"].schema.validate(parse(body, Limits()))
    assert b"E-1" in body


def test_a_work_order_becomes_provisionings_own_xml(
    systems: dict[str, System], maps: dict[str, DataMap], external_objects: Mapping[str, ExternalObject]
) -> None:
    line = PropertySet(
        "Line Item",
        properties={
            "Integration Id": "A1",
            "Product Id": "P",
            "Product Name": "P",
            "Action Code": "Add",
            "Quantity": "1",
        },
    )
    header = PropertySet(
        "Work Order",
        properties={
            "Work Order Number": "O-7-1",
            "Revision": "1",
            "Order Number": "O-7",
            "Account Id": "1-A",
            "Fulfilment System": "Provisioning",
            "Due Date": "2026-02-01",
        },
        children=[PropertySet("ListOf Line Item", children=[line])],
    )
    body = systems["Provisioning"].render(message("OM Work Order", [header]), maps, external_objects)
    external_objects["Provisioning Work Order"].schema.validate(parse(body, Limits()))
    assert b"O-7-1" in body


def _one(text: str, maps: dict[str, DataMap], external: Mapping[str, ExternalObject], template: str = "") -> System:
    found = read_systems([Source("systems/x.yaml", text)], shipped_definitions(), maps, external, lambda name: template)
    return next(iter(found.values()))


def test_a_system_without_map_and_format_gets_the_hubs_own_xml(
    maps: dict[str, DataMap], external_objects: Mapping[str, ExternalObject]
) -> None:
    text = "system: X\ntakes: OM Billing Event\nfolder: x\nenvelope: SiebelMessage\n"
    body = _one(text, maps, external_objects).render(_event(), maps, external_objects)
    assert hub_from_xml(body, shipped_definitions(), Limits()) is not None
    assert b"<SiebelMessage" in body


def test_xml_by_a_template_is_validated_too(
    maps: dict[str, DataMap], external_objects: Mapping[str, ExternalObject]
) -> None:
    text = "system: X\ntakes: OM Billing Event\nobject: Billing Message\ntemplate: x.j2\nformat: xml\nchannel: x\n"
    system = _one(text, maps, external_objects, "<Nothing/>")
    with pytest.raises(OutboundFaulty) as caught:
        system.render(_event(), maps, external_objects)
    assert caught.value.what.startswith("the message that template 'x.j2' made for system 'X' can't be sent: ")
    assert caught.value.reason == "OutboundFaulty"
    system = _one(text.replace("object: Billing Message\n", ""), maps, external_objects, "<a>")
    with pytest.raises(OutboundFaulty):
        system.render(_event(), maps, external_objects)


@pytest.mark.parametrize(
    ("declared", "zone_name", "written"),
    [
        ("", "UTC", "2026-01-31 2026-02-01"),
        ("", "Europe/Berlin", "2026-02-01 2026-02-01"),
        ("time zone: America/New_York\n", "Europe/Berlin", "2026-01-31 2026-02-01"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "fixed width"])
def test_days_are_those_of_the_systems_zone_or_of_the_deployments(
    declared: str,
    zone_name: str,
    written: str,
    form: str,
    maps: dict[str, DataMap],
    external_objects: Mapping[str, ExternalObject],
) -> None:
    tree = _event()
    header = tree.children[0].children[0].children[0]
    header.properties["Event Time"] = "2026-01-31T23:30:00Z"
    text = f"system: X\ntakes: OM Billing Event\ntemplate: x.j2\nformat: {form}\nchannel: x\n{declared}"
    text += "record: {width: 21}\n" if form == "fixed width" else ""
    blank = '{{ " "|left(1) }}' if form == "fixed width" else " "
    template = '{{ header["Event Time"]|date("YYYY-MM-DD") }}' + blank
    template += '{{ header["Event Time"]|date("YYYY-MM-DD", "Asia/Tokyo") }}\n'
    source = Source("systems/x.yaml", text)
    given = ([source], shipped_definitions(), maps, external_objects, lambda name: template)
    system = read_systems(*given, zone_name=zone_name)["X"]
    assert system.render(tree, maps, external_objects).decode() == written + "\n"


HEAD = "system: X\ntakes: OM Billing Event\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD, "a system has one transport\n  where: systems/x.yaml:1:1\n  why:   there is none\n"),
        (HEAD + "channel: x\nfolder: x\n", "a system has one transport\n"),
        (HEAD + "channel: ../x\n", "'../x' can't be the channel's name\n  where: systems/x.yaml:3:10\n"),
        (
            "system: X\ntakes: OM Biling Event\nchannel: x\n",
            "there is no integration object 'OM Biling Event'\n  where: systems/x.yaml:2:8\n"
            "  mend:  did you mean 'OM Billing Event'?",
        ),
        (HEAD + "channel: x\nmap: Nothing\n", "there is no map 'Nothing'\n"),
        (
            HEAD + "channel: x\nmap: OM Work Order to Provisioning Work Order\nobject: Provisioning Work Order\n",
            "map 'OM Work Order to Provisioning Work Order' doesn't fit\n  where: systems/x.yaml:4:6\n"
            "  why:   it reads 'OM Work Order', the system takes 'OM Billing Event'",
        ),
        (HEAD + "channel: x\nobject: Billing Message\n", "a tree of 'OM Billing Event' can't be written as"),
        (
            HEAD + "channel: x\nmap: OM Billing Event to Billing Message\n",
            "map 'OM Billing Event to Billing Message' makes an external object\n",
        ),
        (HEAD + "channel: x\nformat: csv\n", "'format' says nothing here\n"),
        (HEAD + "channel: x\ntemplate: x.j2\n", "the key 'format' is missing\n"),
        (HEAD + "channel: x\ntemplate: x.j2\nformat: fixed width\n", "the key 'record' is missing\n"),
        (HEAD + "channel: x\ntemplate: ../x\nformat: csv\n", "'../x' is no template's file name\n"),
        (HEAD + "channel: x\ntemplate: x.j2\nformat: json\nencoding: cp037\n", "json goes out as utf-8\n"),
        (
            HEAD + "channel: x\ntemplate: x.j2\nformat: csv\ntime zone: Europe/Berln\n",
            "there is no time zone 'Europe/Berln'\n  where: systems/x.yaml:6:12\n"
            "  mend:  did you mean 'Europe/Berlin'?",
        ),
        (HEAD + "channel: x\ntime zone: UTC\n", "'time zone' says nothing here\n"),
        (HEAD + "channel: x\nrepeats: sometimes\n", "'sometimes' is not allowed here\n"),
    ],
)
def test_a_declaration_that_does_not_fit_together_is_refused_with_its_place(
    text: str, said: str, maps: dict[str, DataMap], external_objects: Mapping[str, ExternalObject]
) -> None:
    with pytest.raises(DeclarationFault) as caught:
        _one(text, maps, external_objects)
    assert str(caught.value).startswith(said)


def test_a_system_is_declared_once(maps: dict[str, DataMap], external_objects: Mapping[str, ExternalObject]) -> None:
    source = Source("systems/x.yaml", HEAD + "channel: x\n")
    with pytest.raises(DeclarationFault) as caught:
        read_systems([source, source], shipped_definitions(), maps, external_objects)
    assert str(caught.value) == (
        "the system 'X' is declared twice\n"
        "  where: systems/x.yaml:1:9\n"
        "  why:   first at systems/x.yaml:1:1\n"
        "  mend:  give one of the two another name, or take it away"
    )
