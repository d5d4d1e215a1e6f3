"""Shipped declarations do nothing unless they are listed or named, and a deployment's own take their place."""

from __future__ import annotations

import pathlib

import pytest

from hub.deployment.channels import channels_of
from hub.deployment.deployment import Deployment, MapUnknown
from hub.deployment.proof import check_deployment, load_deployment, map_findings, prove
from hub.deployment.settings import read_settings

BILLING = """
system: Billing
takes: OM Billing Event
map: OM Billing Event to Billing Message
object: Billing Message
channel: ours.billing
"""


@pytest.fixture
def deployment(tmp_path: pathlib.Path):
    """Write files of a deployment; returns it, with nothing read but the settings."""

    def write(files: dict[str, str] | None = None, toml: str = "routes = []\n") -> Deployment:
        (tmp_path / "orderhub.toml").write_text(toml)
        for name, text in (files or {}).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text.lstrip())
        return Deployment(tmp_path, read_settings(tmp_path))

    return write


def test_nothing_shipped_is_read_that_nobody_lists(deployment):
    empty = prove(deployment())
    assert (dict(empty.routes), dict(empty.systems), dict(empty.maps)) == ({}, {}, {})
    assert channels_of(empty) == []
    assert empty.external_objects.compiled == frozenset()


@pytest.mark.parametrize(
    ("toml", "systems"),
    [
        ('routes = ["*"]', {"Billing", "Billing File", "Provisioning"}),
        ('routes = ["*"]\nsystems = []', set()),
        ('routes = ["hub_object"]', set()),
        ('routes = []\nsystems = ["Provisioning"]', {"Provisioning"}),
        ('routes = []\nsystems = ["*"]', {"Billing", "Billing File", "Provisioning"}),
        ('routes = []\nsystems = "Billing, Provisioning"', {"Billing", "Provisioning"}),
    ],
)
def test_the_settings_list_the_shipped_systems(deployment, toml, systems):
    assert set(deployment(toml=toml + "\n").systems) == systems


@pytest.mark.parametrize(
    ("toml", "for_system", "expected"),
    [
        ("", "Provisioning", ["Provisioning"]),
        ("", "Nobody", []),
        ('systems = ["Provisioning"]\n', "Provisioning", []),
    ],
)
def test_a_shipped_system_that_would_take_an_object_and_is_off_is_known(deployment, toml, for_system, expected):
    assert deployment(toml=toml).shipped_takers("OM Work Order", for_system) == expected


def test_a_listed_route_brings_the_maps_that_it_names_and_no_others(deployment):
    listed = deployment(toml='routes = ["mainframe_order"]\n')
    assert set(prove(listed).maps) == {"Mainframe Order to OM Order", "OM Reply to Mainframe Answer"}
    assert listed.external_objects.compiled == {"Mainframe Order", "Mainframe Answer"}


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        (
            'routes = ["mainfrane_order"]\n',
            "there is no shipped route 'mainfrane_order'\n  where: {toml}:1\n  why:   shipped are channel_order, "
            "hub_object, mainframe_batch, mainframe_folder, mainframe_order, mainframe_records, partner_order, "
            "provisioning_status, shop_order, workflow_request\n"
            "  mend:  did you mean 'mainframe_order'?",
        ),
        (
            'routes = []\nsystems = ["Billing Fil"]\n',
            "there is no shipped system 'Billing Fil'\n  where: {toml}:2\n"
            "  why:   shipped are Billing, Billing File, Provisioning\n  mend:  did you mean 'Billing File'?",
        ),
        (
            'routes = []\nsystems = ["Ours"]\n',
            "there is no shipped system 'Ours'\n  where: {toml}:2\n"
            "  why:   shipped are Billing, Billing File, Provisioning\n"
            "  mend:  take it out: the deployment's own systems are always on",
        ),
    ],
)
def test_a_list_with_an_unknown_name_is_refused_at_its_line(deployment, tmp_path, setting, fault):
    ours = BILLING.replace("system: Billing", "system: Ours")
    with pytest.raises(Exception, match="there is no shipped") as refused:
        prove(deployment({"adapters/systems/ours.yaml": ours}, setting))
    assert str(refused.value) == fault.format(toml=tmp_path / "orderhub.toml")


def test_a_system_takes_the_place_of_the_shipped_one_of_its_name(deployment):
    systems = prove(deployment({"adapters/systems/x.yaml": BILLING}, 'routes = ["*"]\n')).systems
    assert {name: system.place for name, system in systems.items()} == {
        "Billing": "ours.billing",
        "Billing File": "billing.records",
        "Provisioning": "provisioning.work_orders",
    }


def test_a_route_takes_the_place_of_the_shipped_one_of_its_name(deployment):
    ours = "route: hub_object\nfrom: {channel: ours.objects}\nobject: hub\nworkflow: Hub Object\n"
    routes = prove(deployment({"hub/routes/mine.yaml": ours}, 'routes = ["*"]\n')).routes
    assert routes["hub_object"].place == "ours.objects"
    assert len(routes) == 10


def test_a_map_takes_the_place_of_the_shipped_one_of_its_name(deployment):
    ours = """
map: OM Reply to Mainframe Answer
from: OM Reply
to: Mainframe Answer
make: ANSWER
fields:
  MSG-ID: "[Message Id]"
  STATE: "'OK'"
"""
    maps = deployment({"maps/mine.yaml": ours}, 'routes = ["mainframe_order"]\n').maps
    assert maps["OM Reply to Mainframe Answer"].where.endswith("maps/mine.yaml:1:1")


def test_an_external_object_a_template_and_a_file_take_the_place_of_the_shipped_ones(deployment):
    files = {
        "schemas/billing/ours.yaml": "external object: Billing Message\nschema: billing/ours.xsd\nroot: Ours\n",
        "schemas/billing/ours.xsd": '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        '<xs:element name="Ours" type="xs:string"/></xs:schema>',
        "adapters/templates/billing_records.j2": "ours",
        "maps/lookups/x.csv": "code,value\nA,B\n",
    }
    ours = deployment(files)
    assert ours.external_objects["Billing Message"].definition.root.name == "Ours"
    assert ours.files.text_reader("adapters", "templates")("billing_records.j2") == "ours"
    assert ours.files.reader("maps")("lookups/x.csv") == b"code,value\nA,B\n"


def test_two_of_the_deployments_own_with_one_name_are_refused(deployment):
    twice = {"adapters/systems/a.yaml": BILLING, "adapters/systems/b.yaml": BILLING}
    with pytest.raises(Exception, match="the system 'Billing' is declared twice"):
        prove(deployment(twice))


def test_a_required_field_on_the_orders_header_does_not_fail_shipped_maps_that_nothing_uses(deployment, tmp_path):
    field = "extends: OM Order\ncomponents: {Order: {fields: {Region: {length: 9, required: yes}}}}\n"
    deployment({"integration_objects/order.yaml": field})
    assert check_deployment(tmp_path) == []
    used = deployment(toml='routes = ["mainframe_order"]\n')
    assert [finding.text for finding in check_deployment(tmp_path)] == [
        "nothing fills the required field 'Region' of 'Order' in data map 'Mainframe Order to OM Order'"
    ]
    with pytest.raises(Exception, match="nothing fills the required field 'Region'"):
        prove(used)


def test_a_shipped_map_that_nothing_uses_can_still_be_named(deployment):
    empty = deployment()
    assert list(empty.maps_named(["Mainframe Order to OM Order"])) == ["Mainframe Order to OM Order"]
    assert map_findings(empty, ["Mainframe Order to OM Order"]) == []
    with pytest.raises(MapUnknown, match="there is no map 'Mainframe Oder to OM Order'") as refused:
        empty.maps_named(["Mainframe Oder to OM Order"])
    assert refused.value.mend == "did you mean 'Mainframe Order to OM Order'?"


def test_a_schema_set_that_no_listed_route_uses_is_compiled_for_the_proof_only(deployment, tmp_path):
    files = {
        "schemas/grid/grid.yaml": "external object: Grid\nschema: grid/grid.xsd\nroot: Grid\n",
        "schemas/grid/grid.xsd": '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        '<xs:element name="Grid" type="xs:string"/></xs:schema>',
    }
    ours = deployment(files, 'routes = ["mainframe_order"]\n')
    _ = ours.routes, ours.systems
    assert ours.external_objects.compiled == {"Mainframe Order", "Mainframe Answer"}
    assert load_deployment(tmp_path).external_objects.compiled == {"Mainframe Order", "Mainframe Answer", "Grid"}
