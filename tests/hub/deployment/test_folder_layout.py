"""`orderhub check` tells of declarations that lie where nobody reads them."""

from __future__ import annotations

import pytest

from hub.deployment.folder_layout import folder_findings


@pytest.fixture
def findings(tmp_path):
    """Make files in a deployment's folder; returns the findings, without the folder."""

    def check(*names, toml=True):
        if toml:
            (tmp_path / "orderhub.toml").touch()
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return [str(finding).replace(f"{tmp_path}/", "") for finding in folder_findings(tmp_path)]

    return check


def test_a_good_layout_has_no_findings(findings):
    assert (
        findings(
            "integration_objects/order.yaml",
            "schemas/kite/order.yaml",
            "schemas/kite/common/types.xsd",
            "maps/a_to_b.yaml",
            "maps/lookups/codes.csv",
            "maps/cases/a_to_b/one.in.xml",
            "adapters/systems/billing.yaml",
            "adapters/templates/rows.j2",
            "hub/routes/kite.yaml",
            "hub/approvals/large.yaml",
            "hub/workflows/own.py",
            "hub/services/__pycache__/own.pyc",
            "kite/inbox/order.xml",
            "notes/readme.yaml",
        )
        == []
    )


@pytest.mark.parametrize(
    ("file", "finding"),
    [
        (
            "hub/routes/kite.yml",
            "hub/routes/kite.yml: error: nothing reads 'kite.yml': declarations end in .yaml (name it kite.yaml)",
        ),
        (
            "maps/kite.YAML",
            "maps/kite.YAML: error: nothing reads 'kite.YAML': declarations end in .yaml (name it kite.yaml)",
        ),
        (
            "schemas/kite/order.yml",
            "schemas/kite/order.yml: error: nothing reads 'order.yml': declarations end in .yaml (name it order.yaml)",
        ),
        (
            "adapters/systems/b.yaml.txt",
            "adapters/systems/b.yaml.txt: error: nothing reads 'b.yaml.txt': "
            "declarations end in .yaml (name it b.yaml)",
        ),
        ("hub/route/kite.yaml", "hub/route: error: nothing reads the folder 'hub/route' (did you mean 'routes'?)"),
        (
            "adapters/template/x.j2",
            "adapters/template: error: nothing reads the folder 'adapters/template' (did you mean 'templates'?)",
        ),
        (
            "hub/zzz/x.yaml",
            "hub/zzz: error: nothing reads the folder 'hub/zzz' (folders that are read: routes, feeds, approvals, "
            "decomposition, states, access, web, workflows, services)",
        ),
        ("map/kite.yaml", "map: error: nothing reads the folder 'map' (did you mean 'maps'?)"),
        ("Schema/kite/x.xsd", "Schema: error: nothing reads the folder 'Schema' (did you mean 'schemas'?)"),
        (
            "schemas/order.yaml",
            "schemas/order.yaml: error: nothing reads 'order.yaml' in this folder (move it into schemas/<system>)",
        ),
        (
            "hub/order.yaml",
            "hub/order.yaml: error: nothing reads 'order.yaml' in this folder (move it into hub/routes)",
        ),
        (
            "maps/kite/order.yaml",
            "maps/kite/order.yaml: error: nothing reads 'order.yaml' in this folder (move it into maps)",
        ),
        (
            "maps/cases/a_to_c/x.in.xml",
            "maps/cases/a_to_c: warning: there is no map file a_to_c.yaml for these cases "
            "(name the folder as the map's file is named)",
        ),
    ],
)
def test_a_file_that_nobody_reads_is_told(findings, file, finding):
    assert finding in findings(file)


def test_a_folder_without_settings_is_told_and_is_an_error_beside_declarations(findings):
    assert findings("kite/inbox/a.xml", toml=False) == [
        "orderhub.toml: warning: there is no orderhub.toml: the defaults hold (add an orderhub.toml)"
    ]
    assert findings("maps/a.yaml", "hub/routes/b.yaml", toml=False) == [
        "orderhub.toml: error: there is no orderhub.toml, and so nothing in maps, hub is read "
        "(add an orderhub.toml; it may be empty)"
    ]
