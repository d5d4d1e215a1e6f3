"""The pages of routes, systems and settings name every key, filter and setting, and their examples are sound."""

from __future__ import annotations

import json
import pathlib
import re

import pytest

from adapters import system
from adapters.rendering.render import Layout, Template
from adapters.transport import declared_kinds
from hub.deployment import route
from hub.deployment.proof import check_deployment
from hub.deployment.settings import PREFIX, TABLE
from schemas.check import Limits
from tests.hub.deployment.kite import FILES, write

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
ROUTES, SYSTEMS, SETTINGS = ((DOCS / f"{name}.md").read_text("utf-8") for name in ("routes", "systems", "settings"))


def blocks(text: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)


KEYS = {
    heading: blocks(body)
    for heading, body in re.findall(r"^### `([^`]+)`\n(.*?)(?=^### |\Z)", ROUTES, flags=re.MULTILINE | re.DOTALL)
}


def test_the_page_of_routes_has_every_key_with_an_example_and_no_other() -> None:
    assert set(KEYS) == {*route.REQUIRED, *route.OPTIONAL}
    assert all(len(examples) == 1 and examples[0].startswith(f"{key}:") for key, examples in KEYS.items())
    assert all(f"`{limit}`" in ROUTES for limit in Limits.CAPS)


@pytest.mark.parametrize("key", KEYS)
def test_the_example_of_a_key_is_sound_in_a_route(tmp_path: pathlib.Path, key: str) -> None:
    lines = {line.partition(":")[0]: line for line in FILES["hub/routes/kite_order.yaml"].splitlines()}
    lines[key] = KEYS[key][0].strip()
    if key == "batch":
        # A batch comes by a folder, and this one is answered by its numbers only.
        lines["from"] = "from: {folder: kite.files}"
        del lines["reply"]
    write(tmp_path, {**FILES, "hub/routes/kite_order.yaml": "\n".join(lines.values()) + "\n"})
    assert check_deployment(tmp_path) == []


def test_the_whole_route_of_the_page_is_sound(tmp_path: pathlib.Path) -> None:
    write(tmp_path, {**FILES, "hub/routes/kite_order.yaml": blocks(ROUTES)[0]})
    assert check_deployment(tmp_path) == []


def test_the_page_of_systems_has_every_key_and_no_other() -> None:
    keys = re.findall(r"^\| `([^`]+)` \| ", SYSTEMS.split("## Keys")[1].split("## ")[0], flags=re.MULTILINE)
    assert set(keys) == {*system.REQUIRED, *system.OPTIONAL, *declared_kinds()}
    assert len(keys) == len(set(keys))


def test_the_systems_of_the_page_are_sound_together(tmp_path: pathlib.Path) -> None:
    others = {name: text for name, text in FILES.items() if not name.startswith("adapters/systems/")}
    shown = {f"adapters/systems/s{number}.yaml": text for number, text in enumerate(blocks(SYSTEMS))}
    write(tmp_path, {**others, **shown})
    assert len(shown) == 4
    assert check_deployment(tmp_path) == []


def test_the_page_of_systems_has_every_filter_and_no_other() -> None:
    table = SYSTEMS.split("## Filters of templates")[1].split("## ")[0]
    cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`(\w+)", cell)}
    layouts = (Layout("fixed width", width=1), Layout("csv"), Layout("json"), Layout("xml"))
    assert named == {name for layout in layouts for name in Template("x", "", layout).filters}


def test_the_page_of_settings_has_every_setting_as_the_code_has_it() -> None:
    rows = [line for line in SETTINGS.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{name}` | {_default(setting.default)} | {_sentence(setting.help)} |" for name, setting in TABLE.items()
    ]
    assert f"`{PREFIX}DATABASE_URL`" in SETTINGS


def test_the_help_of_a_setting_begins_with_a_word_that_may_be_capitalised() -> None:
    first = {name: setting.help.split()[0] for name, setting in TABLE.items()}
    assert [name for name, word in first.items() if not word.isalpha() or word in ("yes", "no", "true", "false")] == []


def _default(value: object) -> str:
    return "none" if value is None else f"`{json.dumps(value)}`"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
