"""A service profile as rows of a mainframe: one row an item, one row an attribute; pure functions.

    rows_of(profile, kept)         the rows of a stored profile
    profile_of(rows, ...)          the profile that rows describe, as an OM Asset to be executed on the copy
    changes(before, after, kept)   the requests that turn one profile's rows into another's

The format has no null: the empty text stands for it.

Spec: docs/design/legacy.md, "Virtual business components".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adapters.virtual_components.declaration import ACCOUNT_ID, PARENT, KeptProfile, RowShape
from integration_objects.complex_object import attributes, instances, list_of, message, put_list, walk_items
from integration_objects.definition import Definitions
from integration_objects.names import ASSET, ATTRIBUTE, KEY, LINE_ITEM
from integration_objects.property_set import PropertySet
from schemas.flat_lines import assemble
from schemas.gateway.messages import Kind, Request, Row

#: the status of services that are history: a row that the mainframe has no more becomes one
INACTIVE = "Inactive"
_OPERATION = "Operation"
ItemKey = tuple[str, ...]


@dataclass
class ProfileRows:
    """The rows of one account, with the hub's field names: items by key, attributes by key and name."""

    items: dict[ItemKey, dict[str, str]] = field(default_factory=dict)
    attributes: dict[ItemKey, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """A request that changes a row of an account."""

    account_id: str
    request: Request
    shape: RowShape


def theirs(row: Mapping[str, str], shape: RowShape) -> Row:
    """Write a row with the other system's field names."""
    return {other: row.get(name, "") for name, other in shape.fields.items()}


def ours(row: Row, shape: RowShape) -> dict[str, str]:
    """Read a row into the hub's field names; further fields of the other system are left out."""
    return {name: row.get(other, "") for name, other in shape.fields.items()}


def rows_of(profile: PropertySet | None, kept: KeptProfile) -> ProfileRows:
    """Make the rows of a stored profile, an instance of OM Asset; none without one."""
    rows = ProfileRows()
    if profile is None:
        return rows
    account_id = profile.get(ACCOUNT_ID) or ""
    for item, parent in walk_items(profile):
        key = item.get(KEY) or ""
        above = {ACCOUNT_ID: account_id, PARENT: "" if parent is None else parent.get(KEY) or ""}
        rows.items[(key,)] = _row(item, kept.items, above)
        if kept.attributes is not None:
            for attribute in attributes(item):
                above = {ACCOUNT_ID: account_id, KEY: key}
                rows.attributes[key, attribute.get("Name") or ""] = _row(attribute, kept.attributes, above)
    return rows


def _row(node: PropertySet, shape: RowShape, above: Mapping[str, str]) -> dict[str, str]:
    return {name: above[name] if name in above else node.get(name) or "" for name in shape.fields}


def changes(before: PropertySet, after: PropertySet, kept: KeptProfile) -> list[Change]:
    """List the requests that turn the rows of one OM Asset message into those of another, account by account.

    An update carries all fields of the row, and says which of them are new: the others were perhaps changed by another
    program meanwhile, and stay. Items come before their attributes, parents before their children.
    """
    old = {profile.get(ACCOUNT_ID): profile for profile in instances(before)}
    found: list[Change] = []
    for profile in instances(after):
        account_id = profile.get(ACCOUNT_ID) or ""
        was, now = rows_of(old.get(account_id), kept), rows_of(profile, kept)
        for shape, rows_before, rows in (
            (kept.items, was.items, now.items),
            (kept.attributes, was.attributes, now.attributes),
        ):
            if shape is None:
                continue
            found += [
                Change(account_id, request, shape)
                for request in _requests(rows_before, rows, shape, kept.remote_source)
            ]
    return found


def _requests(
    before: Mapping[ItemKey, dict[str, str]],
    after: Mapping[ItemKey, dict[str, str]],
    shape: RowShape,
    source: str | None,
) -> Iterable[Request]:
    def request(kind: Kind, row: Mapping[str, str], changed: frozenset[str]) -> Request:
        return Request(kind, shape.component, shape.component_id, source, row=theirs(row, shape), changed=changed)

    for key, row in after.items():
        if key not in before:
            yield request("insert", row, frozenset(shape.fields.values()))
        elif before[key] != row:
            yield request(
                "update", row, frozenset(shape.fields[name] for name in row if row[name] != before[key].get(name))
            )
    # Children before their parents: the mainframe may refuse to delete a row that others name.
    for key in reversed([key for key in before if key not in after]):
        yield request("delete", before[key], frozenset())


def profile_of(
    account_id: str, rows: ProfileRows, copy: PropertySet | None, kept: KeptProfile, definitions: Definitions
) -> PropertySet | None:
    """Make the OM Asset message that brings the hub's copy of a profile up to date; None for nothing to do.

    An item that the mainframe has no more becomes Inactive, and an attribute that it has no more is deleted. Fields
    that the rows don't have stay as they are.

    Raises:
        ParentsBroken: rows name parents that aren't there.
    """
    present = rows_of(copy, kept)
    if _says_nothing_new(rows, present):
        return None
    attributes_of = _attributes_by_item(rows, present)
    nodes: list[PropertySet] = []
    for (key,), row in rows.items.items():
        values = {name: value or None for name, value in row.items() if name != ACCOUNT_ID}
        node = PropertySet(LINE_ITEM, properties=values)
        nodes.append(node)
        if kept.attributes is not None and key in attributes_of:
            put_list(node, ATTRIBUTE).extend(attributes_of[key])
    for key_of_item, row in present.items.items():
        if key_of_item not in rows.items:
            values = {KEY: row[KEY], PARENT: row[PARENT] or None, "Status": INACTIVE}
            nodes.append(PropertySet(LINE_ITEM, properties=values))
    profile = PropertySet("Asset", properties={ACCOUNT_ID: account_id, _OPERATION: "upsert"})
    holder = PropertySet(list_of(LINE_ITEM), children=nodes)
    profile.children.append(holder)
    assemble(holder, definitions[ASSET].root.children[LINE_ITEM])
    # `assemble` leaves flat lists without parents as they are.
    for item, _ in walk_items(profile):
        item.properties.pop(PARENT, None)
    return message(ASSET, [profile])


def _says_nothing_new(rows: ProfileRows, present: ProfileRows) -> bool:
    gone = [row for key, row in present.items.items() if key not in rows.items and row["Status"] != INACTIVE]
    if gone or any(present.items.get(key) != row for key, row in rows.items.items()):
        return False
    # The attributes of items that the mainframe has no more are history, as the items are.
    attributes_there = {key: row for key, row in present.attributes.items() if key[:1] in rows.items}
    return rows.attributes == attributes_there


def _attributes_by_item(rows: ProfileRows, present: ProfileRows) -> dict[str, list[PropertySet]]:
    """Make the attributes that the rows have, and deletions of those that they have no more, by the item's key."""
    found: dict[str, list[PropertySet]] = {}
    for (key, _), row in rows.attributes.items():
        values = {name: value or None for name, value in row.items() if name not in (ACCOUNT_ID, KEY)}
        found.setdefault(key, []).append(PropertySet(ATTRIBUTE, properties=values))
    for key, name in present.attributes:
        if (key, name) not in rows.attributes:
            node = PropertySet(ATTRIBUTE, properties={"Name": name, _OPERATION: "delete"})
            found.setdefault(key, []).append(node)
    return found
