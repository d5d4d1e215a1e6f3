"""The schemas for editors: every shipped declaration fits, and a misspelt key doesn't, wherever it stands."""

from __future__ import annotations

import copy
import pathlib
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from hub.deployment.editor_schemas import KINDS_OF_DECLARATIONS, editor_schema
from integration_objects.nearest import nearest

ROOT = pathlib.Path(__file__).parents[3]
FIRST = ROOT / "hub" / "first_deployment"
PLACES = {
    "route": "hub/routes/*.yaml",
    "external-object": "schemas/*/*.yaml",
    "map": "maps/*.yaml",
    "system": "adapters/systems/*.yaml",
    "integration-object": "integration_objects/*.yaml",
    "feed": "hub/feeds/*.yaml",
    "customer-states": "hub/states/*.yaml",
    "user-type": "hub/access/*.yaml",
    "page": "hub/web/pages/*.yaml",
    "virtual-component": "adapters/virtual_components/*.yaml",
}
FILES = [
    (kind, file)
    for kind, place in PLACES.items()
    for folder in (ROOT, FIRST, *(ROOT / "docs" / "examples").glob("*"))
    for file in sorted(folder.glob(place))
]


class AsEditors(yaml.SafeLoader):
    """Reads YAML as editors do, by the words of YAML 1.2: `NO`, `on` and days are texts."""


AsEditors.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in found if not tag.endswith((":bool", ":timestamp"))]
    for sign, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
AsEditors.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false", re.IGNORECASE), list("tTfF"))


def read(text: str) -> Any:
    return yaml.load(text, Loader=AsEditors)  # noqa: S506  # derived from the safe one


def validator(kind: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(editor_schema(kind))


def test_every_schema_is_a_schema() -> None:
    for kind in KINDS_OF_DECLARATIONS:
        jsonschema.Draft7Validator.check_schema(editor_schema(kind))


@pytest.mark.parametrize("kind", PLACES)
def test_every_shipped_declaration_fits(kind: str) -> None:
    schema, files = validator(kind), [file for each, file in FILES if each == kind]
    assert files
    faults = {str(file): error.message for file in files for error in schema.iter_errors(read(file.read_text()))}
    assert faults == {}


@pytest.mark.parametrize("kind", PLACES)
def test_a_misspelt_key_is_found_wherever_it_stands(kind: str) -> None:
    """Each declared key of each shipped declaration, one after the other."""
    schema = validator(kind)
    known = keys_in(editor_schema(kind))
    tried = 0
    for each, file in FILES:
        declared = read(file.read_text())
        for path in paths_of_keys(declared) if each == kind else ():
            if path[-1] in known and not is_name(path):
                misspelt = with_misspelt_key(declared, path)
                assert not schema.is_valid(misspelt), (file.name, path)
                tried += 1
    assert tried > 10


#: Keys beneath these are names that the author chose.
NAMES = {
    "fields",
    "lookups",
    "components",
    "records",
    "checks",
    "redefines",
    "dates",
    "columns",
    "assert",
    "codes",
    "joined",
    "on delete",
    "shows",
    "actions",
    "where",
    "arguments",
    "asks",
    "link",
    "done",
    "words",
    "leads to",
    "refusals",
}


def is_name(path: list[Any]) -> bool:
    keys = [key for key in path if isinstance(key, str)]
    above = keys[-2] if len(keys) > 1 else ""
    # The table of a look-up has codes, a field's columns have tables, the children of a used component have names.
    by_name = above in NAMES or (above == "children" and isinstance(path[-2], str)) or above == "column"
    # Requests to the configurator stand within an action's arguments, as deep as they are.
    return by_name or "lookups" in keys[:-1] or "arguments" in keys[:-1]


def paths_of_keys(value: Any, above: tuple[Any, ...] = ()) -> Iterator[list[Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in pairs:
        if isinstance(value, dict):
            yield [*above, key]
        yield from paths_of_keys(below, (*above, key))


def with_misspelt_key(declared: Any, path: list[Any]) -> Any:
    changed = copy.deepcopy(declared)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[f"{path[-1]}x"] = holder.pop(path[-1])
    return changed


def keys_in(schema: Any) -> set[str]:
    """All keys that a schema names, wherever."""
    found: set[str] = set()
    for key, value in schema.items() if isinstance(schema, dict) else ():
        found |= set(value) if key == "properties" else set()
        found |= keys_in(value)
    for value in schema if isinstance(schema, list) else ():
        found |= keys_in(value)
    return found


def test_the_settings_of_the_first_deployment_fit_and_a_misspelt_one_does_not() -> None:
    settings = tomllib.loads((FIRST / "orderhub.toml").read_text())
    schema = validator("settings")
    assert schema.is_valid(settings)
    assert schema.is_valid(
        {"routes": ["*"], "workers": 2, "poll_s": 0.5, "unsafe_database": False, "secrets": "PIN,PUK"}
    )
    assert not schema.is_valid({"databse_url": "sqlite:///x.db"})
    assert not schema.is_valid({"workers": "two"})


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("route", "{route: a, from: {channel: b, folder: c}, object: hub, workflow: d}"),
        ("route", "{route: a, from: {channel: b}, object: hub, workflow: d, prices: nobody}"),
        ("route", "{route: a, from: {channel: b}, object: hub, workflow: d, limits: {depth: deep}}"),
        ("route", "{route: a, from: {channel: b}, object: hub}"),
        ("route", "{route: a, from: {folder: b}, object: c, workflow: d, batch: {ordr: e}}"),
        ("system", "{system: a, takes: b}"),
        ("system", "{system: a, takes: b, channel: c, folder: d}"),
        ("system", "{system: a, takes: b, channel: c, repeats: never}"),
        ("map", "{map: a, from: b, to: c, make: d, children: [{make: e, flat: {key: f}}]}"),
        ("map", "{map: a, from: b, to: c, make: d, children: [{use: e, fields: {}}]}"),
        ("external-object", "{external object: a, schema: b}"),
        ("external-object", "{external object: a, layout: {copybook: b, record format: odd}}"),
        ("external-object", "{external object: a, layout: {delimiter: ;}, records: {b: {columns: {c: {type: odd}}}}}"),
        ("integration-object", "{integration object: a, component: b, fields: {c: {type: odd}}}"),
        ("integration-object", "{extends: a, table: b}"),
        ("approval", "{approval rule: a}"),
        ("virtual-component", "{virtual component: a, answers: b, by: c, fields: {d: e}}"),
        ("virtual-component", "{virtual component: a, keeps: OM Asset, channel: b, items: {component: c}}"),
    ],
)
def test_a_form_that_the_reader_refuses_is_refused(kind: str, text: str) -> None:
    assert not validator(kind).is_valid(read(text))


def test_each_declaration_of_the_first_deployment_names_its_schema() -> None:
    for kind, place in PLACES.items():
        for file in FIRST.glob(place):
            first = file.read_text().splitlines()[0]
            named = re.fullmatch(r"# yaml-language-server: \$schema=((?:\.\./)+editor/.*)", first)
            assert named is not None, file
            assert (file.parent / named[1]).resolve() == FIRST / "editor" / f"{kind}.json"
    assert (FIRST / "orderhub.toml").read_text().startswith("#:schema editor/settings.json\n")


def test_the_command_prints_a_schema_or_the_kinds(command: Any) -> None:
    assert yaml.safe_load(command("schema-for", "route").out) == editor_schema("route")
    assert [line.split()[0] for line in command("schema-for").out.splitlines()[1:]] == list(KINDS_OF_DECLARATIONS)
    told = command("schema-for", "rout", expect=2).err
    assert told.startswith("there is no kind of declaration 'rout'\n")
    assert nearest("rout", ["route"]) in told
