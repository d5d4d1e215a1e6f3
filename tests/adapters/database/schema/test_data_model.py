"""The page of the data model: it is what the definitions say, here and in a deployment."""

from __future__ import annotations

import pathlib
import re

from adapters.database.schema.data_model import data_model_page
from adapters.database.schema.json_views import views_of
from adapters.database.schema.tables import tables_of
from integration_objects.declaration import Source, shipped
from integration_objects.definition import read_definitions, shipped_definitions

PAGE = pathlib.Path(__file__).parents[4] / "docs" / "data_model.md"


def test_the_page_in_the_documentation_is_up_to_date():
    """Where this fails: `orderhub object model > docs/data_model.md`, in a checkout."""
    assert PAGE.read_text(encoding="utf-8") == data_model_page(shipped_definitions())


def test_every_table_and_every_foreign_key_is_drawn():
    drawing = data_model_page(shipped_definitions()).partition("```mermaid\n")[2].partition("```")[0]
    stored = {one.table for item in shipped_definitions().values() for one in item.components() if one.table}
    metadata = tables_of(shipped_definitions())
    views = views_of(metadata)
    assert set(re.findall(r"^    (\w+) \{$", drawing, re.MULTILINE)) == stored - set(views)
    hung = set(re.findall(r"^    (\w+) \|\|\.\.o\{ (\w+) : (\w+)$", drawing, re.MULTILINE))
    assert hung == {(view.owner.name, name, view.json_column) for name, view in views.items()}
    keys = {
        (key.column.table.name, name, key.parent.name)
        for name in stored - set(views)
        for key in metadata.tables[name].foreign_keys
    }
    drawn = set(re.findall(r"^    (\w+) [|o]{2}--o\{ (\w+) : (\w+)$", drawing, re.MULTILINE))
    assert drawn == keys
    assert "    s_account |o..o{ s_account : parent_account_id\n" in drawing


def test_every_field_of_a_stored_object_has_a_row():
    page = data_model_page(shipped_definitions())
    for one in shipped_definitions()["Trouble Ticket"].root.fields.values():
        assert f"| {one.name} |" in page
    assert (
        "| Severity | `severity` | text of 30 | One of Low, Medium, High, Critical. |\n"
        "| Summary | `summary` | text of 255 |  |\n"
    ) in page


def test_every_object_has_a_section_and_a_message_has_all_of_its_fields():
    page = data_model_page(shipped_definitions())
    for name, definition in shipped_definitions().items():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert section, name
        if not any(component.table for component in definition.components()):
            for component in definition.components():
                assert f"\n**{component.name}**" in section
                assert all(f"| {field} |" in section for field in component.fields)


def test_a_deployments_extension_is_drawn_with_the_rest():
    text = """
extends: Meter
components:
  Meter:
    children:
      - component: Reading
        table: x_reading
        keys: [[Read Date]]
        fields: {Read Date: {type: date, required: yes}, Value: {type: number}}
"""
    page = data_model_page(read_definitions(shipped("integration_objects"), [Source("own/meter.yaml", text)]))
    assert "    s_meter ||--o{ x_reading : meter_id\n" in page
    assert (
        "**Reading** in `x_reading`, found by Read Date\n\n"
        "| field | column | type | |\n| --- | --- | --- | --- |\n"
        "| Read Date | `read_date` | date | Required. |\n"
        "| Value | `value` | number |  |\n"
    ) in page
