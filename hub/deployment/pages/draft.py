"""The declarations of one page before they are read: a page with the additions of a deployment.

    page: customer_portal          a page
    extends: customer_portal       additions: what they name takes the place of what the page has under that name
    every page: support            parts that stand at the end of every page

An addition may have any key of a page. Its parts, fields, actions and transitions are added to those of the page, or
take their places.

Spec: docs/web_pages.md, "Changing a shipped page".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from integration_objects.declaration import Node, Parts, Source, read

#: the keys of a page
REQUIRED = ("page", "title", "address", "right")
OPTIONAL = ("owner", "asks", "shows", "actions", "menu", "menu order", "menu for", "own account", "template", "help")
#: the keys of an addition to a page
EXTENDS = "extends"
#: the keys of parts that every page has
EVERY_PAGE, EVERY_REQUIRED = "every page", ("every page", "shows")
#: the keys of a part and of an action whose values are mappings, each entry of which can be added or replaced
_PART_ENTRIES, _ACTION_ENTRIES = ("fields",), ("arguments", "asks", "next")


@dataclass
class Section:
    """A part or an action: its keys; and the entries of those keys that hold mappings, by key and name."""

    node: Node
    keys: Parts
    entries: dict[str, dict[str, Node]] = field(default_factory=dict)


@dataclass
class Draft:
    """A page's keys with their nodes, its parts and its actions.

    Attributes:
        node: the whole declaration, for faults.
    """

    node: Node
    keys: Parts
    parts: dict[str, Section] = field(default_factory=dict)
    actions: dict[str, Section] = field(default_factory=dict)


def drafts_of(sources: Iterable[Source]) -> tuple[dict[str, Draft], dict[str, Draft]]:
    """Read declarations of pages and of additions to them.

    Returns:
        The pages by name, and the declarations of parts that every page has; of two of a name, the last one.

    Raises:
        DeclarationFault: one is wrong in its form, there are two pages of a name, or an addition to no page.
    """
    drafts: dict[str, Draft] = {}
    everywhere: dict[str, Draft] = {}
    additions: list[tuple[Node, Draft]] = []
    for source in sources:
        node = read(source)
        keys = node.mapping()
        if EXTENDS in keys:
            keys = node.mapping(required=(EXTENDS,), optional=(*REQUIRED[1:], *OPTIONAL))
            additions.append((keys.pop(EXTENDS), _draft(node, keys)))
            continue
        if EVERY_PAGE in keys:
            # The deployment's files come last: one of a shipped name takes its place.
            keys = node.mapping(required=EVERY_REQUIRED, optional=())
            everywhere[keys[EVERY_PAGE].text()] = _draft(node, keys)
            continue
        keys = node.mapping(required=REQUIRED, optional=OPTIONAL)
        name = keys["page"]
        if name.text() in drafts:
            raise name.twice("page", drafts[name.text()].keys["page"].where)
        drafts[name.text()] = _draft(node, keys)
    for name, addition in additions:
        if name.text() not in drafts:
            raise name.unknown("page", drafts)
        _add(drafts[name.text()], addition)
    return drafts, everywhere


def _draft(node: Node, keys: Parts) -> Draft:
    draft = Draft(node, keys)
    for key, sections, with_entries in (
        ("shows", draft.parts, _PART_ENTRIES),
        ("actions", draft.actions, _ACTION_ENTRIES),
    ):
        for name, value in keys.entries(key):
            section = Section(value, value.mapping())
            section.entries = {
                entry: {each.text(): below for each, below in section.keys.entries(entry)} for entry in with_entries
            }
            sections[name.text()] = section
    return draft


def _add(draft: Draft, addition: Draft) -> None:
    draft.keys.update(addition.keys)
    for mine, added in ((draft.parts, addition.parts), (draft.actions, addition.actions)):
        for name, section in added.items():
            if name not in mine:
                mine[name] = section
                continue
            mine[name].keys.update(section.keys)
            for key, entries in section.entries.items():
                mine[name].entries[key] = {**mine[name].entries.get(key, {}), **entries}


def entries_of(section: Section, key: str) -> Mapping[str, Node]:
    """Return the entries of a key that holds a mapping, additions included."""
    return section.entries.get(key, {})
