"""The house's own rules: who imports whom, who touches the outside, who reads a clock, who parses XML."""

from __future__ import annotations

import ast
import functools
import pathlib
from collections.abc import Iterator

import pytest

HOUSE = pathlib.Path(__file__).resolve().parent.parent
#: Lower folders never know the upper ones.
FOLDERS = ("integration_objects", "schemas", "maps", "adapters", "hub")
#: Inside hub/: what stands further right may know what stands further left.
FLOORS = ("services", "workflows", "data_manager", "worker", "cli")
#: The outside: sockets, brokers, databases, message files.
OUTSIDE = frozenset(
    (
        "socket",
        "ssl",
        "pika",
        "sqlalchemy",
        "alembic",
        "psycopg",
        "sqlite3",
        "shutil",
        "http",
        "requests",
        "asyncio",
        "select",
        "ftplib",
        "smtplib",
        "subprocess",
        "urllib.request.urlopen",
    )
)
#: Calls that open a file; allowed where declarations and files of the command line are read, for the reason given.
OPENERS = frozenset(("read_bytes", "read_text", "write_bytes", "write_text"))
MAY_OPEN = {
    "integration_objects/declaration.py": "declarations",
    "maps/cases.py": "example pairs of maps",
    "hub/deployment/deployment.py": "declarations and schemas of a deployment",
    "hub/command_line/app.py": "files that a user names",
    "hub/demo/stage.py": "the demonstration's own folder",
    "hub/deployment/settings.py": "orderhub.toml",
}
CLOCKS = frozenset(("time", "random", "uuid", "secrets"))
NOW = frozenset(("now", "utcnow", "today", "fromtimestamp"))
PARSERS = frozenset(
    (
        "parse",
        "fromstring",
        "fromstringlist",
        "XML",
        "HTML",
        "XMLParser",
        "XMLPullParser",
        "HTMLParser",
        "iterparse",
        "ETCompatXMLParser",
        "parseid",
        "XMLID",
    )
)
#: The only calls to lxml's parsers: the one function, and the schema files that it has read before.
MAY_PARSE = {"schemas/foreign_xml.py", "schemas/check.py"}


@functools.cache
def modules() -> dict[str, ast.Module]:
    return {
        path.relative_to(HOUSE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for folder in FOLDERS
        for path in sorted((HOUSE / folder).rglob("*.py"))
    }


def imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every imported name with its line: ``a.b`` for modules, ``a.b.c`` for what is taken from them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out"
            yield node.module or "", node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def faults(folder: str) -> Iterator[tuple[str, str, int]]:
    for path, tree in modules().items():
        if path.startswith(folder):
            for name, line in imports(tree):
                yield path, name, line


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_between_the_folders_run_one_way(folder: str) -> None:
    upper = FOLDERS[FOLDERS.index(folder) + 1 :]
    wrong = {f"{path}:{line} {name}" for path, name, line in faults(folder + "/") if name.split(".")[0] in upper}
    assert wrong == set()


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_inside_the_hub_run_one_way(floor: str) -> None:
    upper = tuple(f"hub.{name}" for name in FLOORS[FLOORS.index(floor) + 1 :])
    wrong = {
        f"{path}:{line} {name}"
        for path, name, line in [*faults(f"hub/{floor}/"), *faults(f"hub/{floor}.py")]
        if name in upper or name.startswith(tuple(f"{each}." for each in upper))
    }
    assert wrong == set()


def test_only_the_adapters_touch_the_outside() -> None:
    wrong = {
        f"{path}:{line} {name}"
        for folder in FOLDERS
        if folder != "adapters"
        for path, name, line in faults(folder + "/")
        if name in OUTSIDE or name.split(".")[0] in OUTSIDE
    }
    assert wrong == set()


def test_files_are_opened_by_the_adapters_and_where_declarations_are_read() -> None:
    wrong = set()
    for path, tree in modules().items():
        if path.startswith("adapters/") or path in MAY_OPEN:
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if isinstance(called, ast.Name) and called.id == "open":
                wrong.add(f"{path}:{node.lineno} open")
            elif isinstance(called, ast.Attribute) and called.attr in OPENERS:
                wrong.add(f"{path}:{node.lineno} {called.attr}")
    assert wrong == set()


def test_only_the_surroundings_read_clocks_and_roll_dice() -> None:
    wrong = set()
    for path, tree in modules().items():
        if path == "integration_objects/surroundings.py":
            continue
        wrong |= {f"{path}:{line} {name}" for name, line in imports(tree) if name.split(".")[0] in CLOCKS}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in NOW:
                owner = ast.unparse(node.func.value)
                if owner.split(".")[-1] in ("datetime", "date"):
                    wrong.add(f"{path}:{node.lineno} {owner}.{node.func.attr}")
            if isinstance(node, ast.Attribute) and node.attr == "urandom":
                wrong.add(f"{path}:{node.lineno} urandom")
    assert wrong == set()


def test_only_one_function_of_the_house_parses_foreign_xml() -> None:
    wrong = set()
    for path, tree in modules().items():
        wrong |= {
            f"{path}:{line} {name}"
            for name, line in imports(tree)
            if name.startswith(("xml.", "defusedxml", "lxml.html", "lxml.objectify"))
            or (name.startswith("xmlschema") and path not in ("schemas/schema_model.py",))
        }
        if path in MAY_PARSE:
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute) or node.attr not in PARSERS:
                continue
            if ast.unparse(node.value) in ("etree", "lxml.etree", "ElementTree", "ET"):
                wrong.add(f"{path}:{node.lineno} etree.{node.attr}")
        wrong |= {f"{path}:{line} {name}" for name, line in imports(tree) if name.startswith("lxml.etree.")}
    assert wrong == set()


def test_every_parser_is_made_with_the_one_set_of_options() -> None:
    made = 0
    for path in sorted(MAY_PARSE):
        for node in ast.walk(modules()[path]):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("etree.XMLParser", "etree.XMLPull")):
                made += 1
                assert [ast.unparse(word.value).split("(")[0] for word in node.keywords] == ["parser_options"], path
    assert made == 3


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_folder_opens_with_what_comes_in_what_goes_out_and_who_calls_it(folder: str) -> None:
    text = ast.get_docstring(modules()[f"{folder}/__init__.py"]) or ""
    for opening in ("What comes in:", "What goes out:", "Who calls it:"):
        assert opening in text
