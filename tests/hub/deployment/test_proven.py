"""`orderhub run` refuses what `orderhub check` refuses, and proves the same declarations once."""

from __future__ import annotations

import pytest

from hub.deployment import proven
from hub.deployment.cache_folder import CACHE
from hub.deployment.deployment import Deployment
from hub.deployment.proof import DeploymentUnsound
from hub.deployment.proven import digest_of, prove_once
from hub.deployment.settings import read_settings

XSD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="Grid" type="xs:string"/></xs:schema>'


@pytest.fixture
def deployment(tmp_path):
    """A deployment with a schema that nothing uses; opened anew by each call."""
    (tmp_path / "schemas" / "grid").mkdir(parents=True)
    (tmp_path / "schemas/grid/grid.yaml").write_text("external object: Grid\nschema: grid/grid.xsd\nroot: Grid\n")
    (tmp_path / "schemas/grid/grid.xsd").write_text(XSD)

    def opened(toml='routes = ["mainframe_order"]\n'):
        (tmp_path / "orderhub.toml").write_text(toml)
        return Deployment(tmp_path, read_settings(tmp_path))

    return opened


def test_the_second_start_compiles_only_the_schemas_that_are_used(deployment):
    used = {"Mainframe Order", "Mainframe Answer"}
    assert prove_once(deployment()).external_objects.compiled == {*used, "Grid"}
    again = prove_once(deployment())
    assert again.external_objects.compiled == used
    assert list(again.routes) == ["mainframe_order"]


def test_a_change_of_a_declaration_or_a_setting_is_proven_again(deployment, tmp_path, monkeypatch):
    proofs = []
    monkeypatch.setattr(proven, "prove", lambda one: proofs.append(one))
    for change in (
        lambda: None,
        lambda: (tmp_path / "schemas/grid/grid.xsd").write_text(XSD.replace("Grid", "Grit")),
        lambda: (tmp_path / "schemas/grid/more.csv").touch(),
    ):
        change()
        prove_once(deployment())
        prove_once(deployment())
    prove_once(deployment('routes = ["mainframe_order"]\nsystems = ["*"]\n'))
    assert len(proofs) == 4


def test_a_deployment_that_is_refused_is_refused_at_every_start(deployment, tmp_path):
    prove_once(deployment())
    (tmp_path / "schemas/grid/grid.yaml").write_text("external object: Grid\nschema: grid/gird.xsd\nroot: Grid\n")
    for _ in range(2):
        with pytest.raises(DeploymentUnsound, match="is not there"):
            prove_once(deployment())


def test_a_file_that_comes_into_a_misspelled_folder_is_told_at_the_next_start(deployment, tmp_path):
    (tmp_path / "map").mkdir()
    prove_once(deployment())
    (tmp_path / "map" / "order.yaml").touch()
    with pytest.raises(DeploymentUnsound, match="nothing reads the folder 'map'"):
        prove_once(deployment())


def test_the_servers_addresses_are_no_part_of_the_digest(deployment):
    settings = 'database_url = "sqlite:///other.db"\nroutes = ["mainframe_order"]\n'
    assert digest_of(deployment(settings)) == digest_of(deployment())


def test_the_cache_may_be_deleted_or_be_impossible(deployment, tmp_path):
    (tmp_path / ".orderhub").write_text("no folder")
    prove_once(deployment())
    (tmp_path / ".orderhub").unlink()
    prove_once(deployment())
    (tmp_path / CACHE / "proven").unlink()
    prove_once(deployment())
    assert (tmp_path / CACHE / "proven").read_text() == digest_of(deployment())


def test_warnings_stop_no_start(deployment, tmp_path):
    (tmp_path / "hub/routes").mkdir(parents=True)
    (tmp_path / "hub/routes/mine.yaml").write_text(
        "route: mine\nfrom: {channel: mine}\nobject: Mainframe Order\nmap: Mainframe Order to OM Order\n"
        'workflow: Receive Order\nkey: "[ORDER/CUST-NO] + x"\n'
    )
    assert "mine" in prove_once(deployment()).routes


UNFILLED = {
    "integration_objects/order.yaml": "extends: OM Order\n"
    "components: {Order: {fields: {Region: {length: 9, required: yes}}}}\n",
}
INCOMPLETE = {
    "schemas/kind/kind.yaml": "external object: Kind\nschema: kind/kind.xsd\nroot: Kind\n",
    "schemas/kind/kind.xsd": '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="Kind">'
    '<xs:complexType><xs:attribute name="kind" use="required"><xs:simpleType><xs:restriction base="xs:string">'
    '<xs:enumeration value="A"/><xs:enumeration value="B"/></xs:restriction></xs:simpleType></xs:attribute>'
    "</xs:complexType></xs:element></xs:schema>",
    "maps/kind.yaml": "map: Kind\nfrom: Kind\nto: OM Order\nmake: Order\nlookups: {kind: {A: one}}\n"
    "fields: {Account Id: \"lookup('kind', [@kind])\"}\n",
}


@pytest.mark.parametrize(
    ("files", "finding"),
    [
        (UNFILLED, "nothing fills the required field 'Region' of 'Order'"),
        (INCOMPLETE, "look-up table 'kind' has no 'B', which '@kind' may be"),
    ],
    ids=["an unfilled required field", "an incomplete enumeration"],
)
def test_run_refuses_what_check_refuses(command, tmp_path, files, finding):
    (tmp_path / "orderhub.toml").write_text('routes = ["mainframe_order"]\n')
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert finding in command("check", expect=1).out
    assert finding in command("run", "--once", expect=2).err
    assert not (tmp_path / "orderhub.db").exists()


def test_check_and_run_tell_of_a_required_field_that_is_taken_back(command, tmp_path):
    (tmp_path / "orderhub.toml").write_text("routes = []\n")
    file = tmp_path / "integration_objects" / "order.yaml"
    file.parent.mkdir()
    declared = (
        "extends: OM Order\ncomponents: {Order: {children: [{component: Site, table: x_site, keys: [[Role]], "
        "fields: {Role: {length: 9, required: yes}, Street: {length: 9, required: yes}}}]}}\n"
    )
    file.write_text(declared)
    command("db", "upgrade")
    file.write_text(declared.replace("Street: {length: 9, required: yes}", "Street: {length: 9}"))
    assert "the column 'x_site.street' wants a value" in command("check", expect=1).out
    assert "reason: FieldTakenBack" in command("run", "--once", expect=2).err
    file.write_text(declared)
    command("check")
