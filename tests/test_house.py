"""The house's own rules: who imports whom, who touches the outside, who reads a clock, who parses XML."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
import string
from collections.abc import Iterator

import pytest

HOUSE = pathlib.Path(__file__).resolve().parent.parent
#: Lower folders never know the upper ones.
FOLDERS = ("integration_objects", "schemas", "maps", "adapters", "hub")
#: The rooms of a folder, floor by floor: a room knows rooms of lower floors only, and none of its own floor.
FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "hub": (
        ("services", "presentation"),
        ("configurator", "pricing"),
        ("workflow_manager",),
        ("workflows", "extension"),
        ("access",),
        ("deployment",),
        ("data_manager",),
        ("replication",),
        ("demo", "http_door"),
        ("web",),
        ("command_line",),
    ),
    "hub.workflows": (("state",), ("quotes", "fulfilment", "support"), ("orders",), ("received",)),
    "adapters": (
        ("transport", "http_exchange", "http_headers", "service_health", "json_client", "rendering"),
        ("asked_service",),
        ("database", "rabbitmq", "files", "remote_file", "http_client", "http_server", "system", "json_border"),
        ("transports", "system_cases", "asking", "open_id"),
        ("queue_client",),
        ("virtual_components",),
    ),
    "adapters.database": (
        ("connection", "migrations"),
        ("schema",),
        ("objects", "messages"),
        ("replication", "access"),
    ),
}
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
        "urllib3",
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
    "hub/deployment/declared_files.py": "declarations and schemas of a deployment",
    "hub/deployment/cache_folder.py": "contents that the hub can make again",
    "hub/deployment/proven.py": "the digest of the proven declarations",
    "hub/deployment/first_deployment.py": "the shipped first deployment",
    "hub/demo/stage.py": "the demonstration's own folder",
    "hub/web/static_files.py": "the shipped stylesheet and scripts",
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
#: Questions which database it is.
DATABASE = re.compile(r"is_sqlite|is_postgresql|dialect\.name|per_dialect|\"sqlite\"|\"postgresql\"")
#: The only calls to lxml's parsers: the one function, and the schema files that it has read before.
MAY_PARSE = {"schemas/foreign_xml.py", "schemas/check.py"}
#: Expat finds where the orders of a large file stand; the one function reads each of them.
MAY_CUT = {"schemas/xml_batch.py"}


#: Programs that play another system. They run in a process of their own, and know nothing of the hub.
STAND_INS = {"hub/demo/billing_stand_in.py"}


@functools.cache
def modules() -> dict[str, ast.Module]:
    return {
        path.relative_to(HOUSE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for folder in FOLDERS
        for path in sorted((HOUSE / folder).rglob("*.py"))
        if path.relative_to(HOUSE).as_posix() not in STAND_INS
    }


@pytest.mark.parametrize("path", sorted(STAND_INS))
def test_a_stand_in_imports_nothing_of_the_hub(path: str) -> None:
    tree = ast.parse((HOUSE / path).read_text(encoding="utf-8"))
    assert {name for name, _ in imports(tree) if name.split(".")[0] in FOLDERS} == set()


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


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@functools.cache
def imported() -> dict[str, frozenset[str]]:
    """Each module of the house with the modules of the house that it imports, wherever in the file."""
    names = {module_name(path) for path in modules()}
    return {
        module_name(path): frozenset(name for name, _ in imports(tree) if name in names) - {module_name(path)}
        for path, tree in modules().items()
    }


def reachable(start: str) -> set[str]:
    """The modules that *start* imports, directly or through others."""
    found: set[str] = set()
    stack = [start]
    while stack:
        for name in imported()[stack.pop()] - found:
            found.add(name)
            stack.append(name)
    return found


def test_no_files_import_each_other_in_a_circle() -> None:
    reached = {name: reachable(name) for name in imported()}
    circles = {
        frozenset(other for other in reached[name] if name in reached[other])
        for name in reached
        if name in reached[name]
    }
    assert circles == set()


@pytest.mark.parametrize("place", FLOORS)
def test_rooms_know_rooms_of_lower_floors_only(place: str) -> None:
    floor = {room: number for number, rooms in enumerate(FLOORS[place]) for room in rooms}

    def room_of(module: str) -> str | None:
        return module.removeprefix(place + ".").split(".")[0] if module.startswith(place + ".") else None

    rooms = {room_of(module) for module in imported()} - {None}
    assert rooms == set(floor), "every room has a floor"
    wrong = {
        (module, name)
        for module, names in imported().items()
        for name in names
        if (here := room_of(module)) and (there := room_of(name)) and here != there and floor[here] <= floor[there]
    }
    assert wrong == set()


@functools.cache
def error_classes() -> dict[str, list[tuple[str, ast.ClassDef]]]:
    """The classes of errors by name, each with the files that define a class of this name."""
    classes: dict[str, list[tuple[str, ast.ClassDef]]] = {}
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append((path, node))
    errors = {"HubError"}
    while True:
        more = {
            name
            for name, found in classes.items()
            for _, node in found
            if name not in errors and any(ast.unparse(base).split(".")[-1] in errors for base in node.bases)
        }
        if not more:
            return {name: classes[name] for name in sorted(errors)}
        errors |= more


def test_the_name_of_an_error_stands_for_one_situation() -> None:
    twice = {name for name, found in error_classes().items() if len(found) > 1}
    assert twice == set()


@functools.cache
def templates_of(name: str) -> dict[str, str]:
    """The texts that an error class of this name owns, its bases' included: what, where, why, mend."""
    texts: dict[str, str] = {}
    for base in reversed(error_classes()[name][0][1].bases):
        if ast.unparse(base) in error_classes():
            texts |= templates_of(ast.unparse(base))
    for node in error_classes()[name][0][1].body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and target.id in PARTS:
            texts[target.id] = str(ast.literal_eval(node.value))
    return texts


#: The parts of an error, each a template of the class or an argument of the constructor.
PARTS = ("what", "where", "why", "mend")


def test_every_error_has_what_why_and_mend_and_all_values_of_its_templates() -> None:
    wrong = set()
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            name = node.func.id
            if name not in error_classes() or any(word.arg is None for word in node.keywords):
                continue
            classes = error_classes()[name][0][1]
            if any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in classes.body):
                continue  # its own constructor has the words
            if is_unknown_name(name):
                continue
            given = {word.arg for word in node.keywords} | ({"what"} if node.args else set())
            texts = templates_of(name)
            missing = {part for part in ("what", "mend") if part not in given and not texts.get(part)}
            fields = {
                field.split(".")[0].split("[")[0]
                for part, text in texts.items()
                if part not in given
                for _, field, _, _ in string.Formatter().parse(text)
                if field
            }
            if missing or fields - given:
                wrong.add(f"{path}:{node.lineno} {name} lacks {sorted(missing | (fields - given))}")
    assert wrong == set()


@functools.cache
def is_unknown_name(name: str) -> bool:
    """Whether an error class derives from UnknownName, whose constructor makes the texts."""
    bases = [ast.unparse(base) for base in error_classes()[name][0][1].bases]
    return "UnknownName" in bases or any(is_unknown_name(base) for base in bases if base in error_classes())


CITED = re.compile(r"\b(?:docs/[\w/-]+\.md|[A-Z]{3,}\.md|README\.md|[\w-]+\.md)")


def test_every_page_that_the_code_cites_is_in_the_repository() -> None:
    missing = set()
    for path in sorted(HOUSE.glob("**/*.py")):
        if path.relative_to(HOUSE).parts[0] not in (*FOLDERS, "tests"):
            continue
        for page in CITED.findall(path.read_text(encoding="utf-8")):
            if not (HOUSE / page).exists() and not (HOUSE / "docs" / page).exists():
                missing.add(page)
    assert missing == set()


def python_of_deployments() -> Iterator[tuple[str, str]]:
    """Python that a deployment would have: in the pages, and in the tests' texts."""
    for page in [HOUSE / "README.md", *sorted((HOUSE / "docs").rglob("*.md"))]:
        for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            yield page.name, block
    for path in sorted((HOUSE / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if re.search(r"^(WORKFLOWS|SERVICES) = \[", text, re.MULTILINE) and path.name != "test_house.py":
                yield path.name, text


def test_a_deployments_python_needs_nothing_but_the_extension_module() -> None:
    seen = 0
    for place, text in python_of_deployments():
        for name, line in imports(ast.parse(text)):
            if name.split(".")[0] in FOLDERS:
                seen += 1
                assert name.startswith("hub.extension"), f"{place}:{line} {name}"
    assert seen > 3


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
            if (name.startswith("xml.") and path not in MAY_CUT)
            or name.startswith(("defusedxml", "lxml.html", "lxml.objectify"))
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


def test_only_the_folder_of_connections_asks_which_database_it_is() -> None:
    """Elsewhere the `Dialect` is asked what it can do; a migration knows the databases of its time."""
    places = {path for path in modules() if DATABASE.search((HOUSE / path).read_text(encoding="utf-8"))}
    homes = ("adapters/database/connection/", "adapters/database/migrations/")
    assert {path for path in places if not path.startswith(homes)} == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_folder_opens_with_what_comes_in_what_goes_out_and_who_calls_it(folder: str) -> None:
    text = ast.get_docstring(modules()[f"{folder}/__init__.py"]) or ""
    for opening in ("What comes in:", "What goes out:", "Who calls it:"):
        assert opening in text


PAGES = sorted({HOUSE / "CONTRIBUTING.md", *(HOUSE / "docs").rglob("*.md")})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(HOUSE).as_posix())
def test_every_link_of_a_page_leads_to_a_file(page: pathlib.Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
