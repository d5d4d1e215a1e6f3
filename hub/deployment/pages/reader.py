"""Reads the declarations of pages, and proves them against objects, workflows, rights, and one another.

    pages = read_pages(sources, definitions, workflows, template_names)

Spec: docs/web_pages.md has every key.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from hub.access.user_type import ACCOUNTS
from hub.deployment.pages.action_reader import ActionReader
from hub.deployment.pages.draft import Draft, drafts_of
from hub.deployment.pages.page import THIS, Owner, Page, Part, Target
from hub.deployment.pages.part_reader import PartReader, fields_of_object, read_example
from hub.deployment.pages.value_reader import Known, names_within, read_value, right_at
from hub.workflow_manager.workflow import Workflow
from integration_objects.declaration import DeclarationFault, Node, Source
from integration_objects.definition import Definitions
from integration_objects.nearest import nearest

OWNER_KEYS = ("object", "where", "field")
#: addresses that the application itself answers
TAKEN = ("/sign-in", "/sign-out", "/static", "/password")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ADDRESS = re.compile(r"(/([a-z0-9][a-z0-9_-]*|\{[a-z][a-z0-9_-]*\}))+")
_PARAMETER = re.compile(r"[a-z][a-z0-9_-]*")
#: a parameter that the application itself reads: the chosen tab, the form that was done, the row of an action
RESERVED = ("tab", "done", "row", "do", "whole", *THIS)
#: the parameters that parts of every page may name: what a page doesn't have has no value there
EVERYWHERE = (*THIS, "account", "order", "quote", "line", "product")


def read_pages(
    sources: Iterable[Source],
    definitions: Definitions,
    workflows: Mapping[str, Workflow],
    templates: Collection[str],
) -> dict[str, Page]:
    """Read pages, and prove them.

    Args:
        sources: the declarations; additions may come before the pages that they add to.
        definitions: the internal integration objects.
        workflows: the workflows by name.
        templates: the names of the templates that there are.

    Raises:
        DeclarationFault: with file, line and column.
    """
    pages: dict[str, Page] = {}
    places: dict[str, str] = {}
    drafts, everywhere = drafts_of(sources)
    aside: dict[str, Part] = {}
    for draft in everywhere.values():
        aside |= PartReader(draft.parts, definitions, workflows, Known(EVERYWHERE)).parts()
    for draft in drafts.values():
        page = _PageReader(draft, definitions, workflows, templates).page()
        page = replace(page, aside={name: part for name, part in aside.items() if name not in page.parts})
        # Two addresses that differ in the names of their parameters only are one.
        address = re.sub(r"\{[^}]*\}", "{}", page.address)
        if address in places:
            raise draft.keys["address"].fault(
                f"two pages have the address '{page.address}'",
                f"the first is in {places[address]}",
                mend="give each page an address of its own",
            )
        places[address] = draft.keys["address"].where
        pages[page.name] = page
    for page in pages.values():
        for target in _targets(page):
            _prove_target(target, pages)
    return pages


class _PageReader:
    """Reads one page."""

    def __init__(
        self,
        draft: Draft,
        definitions: Definitions,
        workflows: Mapping[str, Workflow],
        templates: Collection[str],
    ) -> None:
        self._draft = draft
        self._keys = draft.keys
        self._definitions = definitions
        self._workflows = workflows
        self._templates = templates

    def page(self) -> Page:
        keys = self._keys
        name = keys["page"].matching(_NAME, "a page's name", "small letters, digits and _", "my_services")
        address = keys["address"].matching(_ADDRESS, "an address", "steps and {parameters}", "/accounts/{account}")
        if address.startswith(TAKEN):
            raise keys["address"].fault(
                f"the address '{address}' is the application's own", mend="choose another beginning"
            )
        path = [step[1:-1] for step in address.split("/") if step.startswith("{")]
        asks = {parameter: label.text() for parameter, label in self._asked()}
        known = Known([*path, *asks], parts={})
        reader = PartReader(self._draft.parts, self._definitions, self._workflows, known)
        parts = reader.parts()
        actions = ActionReader(
            self._draft.actions, parts, reader.fields, self._definitions, self._workflows, known.parameters
        ).actions()
        self._prove_title(parts, [*path, *asks])
        return Page(
            name,
            keys["title"].text(),
            address,
            right_at(keys["right"]),
            self._owner([*path, *asks]),
            asks,
            parts,
            actions,
            keys.text("menu", ""),
            keys["menu order"].whole() if "menu order" in keys else 100,
            self._menu_for(),
            self._own(asks),
            self._template(),
            keys.text("help", ""),
            self._draft.node.where,
        )

    def _asked(self) -> list[tuple[str, Node]]:
        asked = []
        for key, label in self._keys.entries("asks"):
            name = key.matching(_PARAMETER, "a parameter's name", "small letters, digits, - and _", "text")
            if name in RESERVED:
                raise key.fault(f"the parameter '{name}' is the application's own", mend="choose another name")
            asked.append((name, label))
        return asked

    def _owner(self, parameters: Collection[str]) -> Owner | None:
        if "owner" not in self._keys:
            return None
        node, known = self._keys["owner"], Known(parameters)
        if node.kind == "scalar":
            return Owner(read_value(node, known))
        keys = node.mapping(required=("object", "where"), optional=OWNER_KEYS)
        fields = fields_of_object(keys["object"], self._definitions)
        example = read_example(keys, fields, known)
        account = keys.text("field", "Account Id")
        if account not in fields:
            raise keys.get("field", node).fault(
                f"'{keys['object'].text()}' has no field '{account}'", mend="name the field with the account"
            )
        return Owner(None, keys["object"].text(), example, account)

    def _menu_for(self) -> tuple[str, ...]:
        if "menu for" not in self._keys:
            return ()
        return tuple(node.choice(*ACCOUNTS) for node in self._keys["menu for"].sequence())

    def _own(self, asks: Collection[str]) -> str:
        if "own account" not in self._keys:
            return ""
        node = self._keys["own account"]
        if node.text() not in asks:
            raise node.unknown("parameter of `asks`", asks)
        return node.text()

    def _template(self) -> str:
        if "template" not in self._keys:
            return ""
        node = self._keys["template"]
        if node.text() not in self._templates:
            raise node.unknown("template", self._templates, otherwise="put it into hub/web/templates/")
        return node.text()

    def _prove_title(self, parts: Mapping[str, Part], parameters: Collection[str]) -> None:
        node = self._keys["title"]
        for name, field in names_within(node.text()):
            if field is None and name not in parameters:
                raise node.fault(f"the title names no parameter '{name}'", mend="name a parameter of the page")
            if field is not None and name not in parts:
                raise node.fault(f"the title names no part '{name}'", mend="name a part of the page")


def _targets(page: Page) -> Iterable[Target]:
    for part in (*page.parts.values(), *page.aside.values()):
        yield from (field.link for field in part.fields.values() if field.link is not None)
    for action in page.actions.values():
        yield from action.next.values()
        if action.leads_to is not None:
            yield action.leads_to


def _prove_target(target: Target, pages: Mapping[str, Page]) -> None:
    """Refuse a link or a transition to a page that isn't there, or that needs a parameter that it doesn't get.

    Raises:
        DeclarationFault: at the place of the link.
    """
    page = pages.get(target.page)
    if page is None:
        raise DeclarationFault(
            f"there is no page '{target.page}'",
            where=target.where,
            why=f"known are {', '.join(sorted(pages))}",
            mend=nearest(target.page, pages) or "name a known one, or add the page",
        )
    for parameter in page.path_parameters:
        if parameter not in target.parameters:
            raise DeclarationFault(
                f"the page '{page.name}' needs the parameter '{parameter}'",
                where=target.where,
                why=f"its address is {page.address}",
                mend=f"write {{page: {page.name}, {parameter}: ...}}",
            )
