"""JSON Schemas of the declarations, by which editors complete and check what people write.

    editor_schema("route")     the schema of hub/routes/*.yaml

The keys and the choices are those that the readers of the declarations use. An editor sees the form only: whether a
name is one of something is proven by `orderhub check`.

Spec: docs/editors.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from adapters.rendering.render import ENCODINGS, ENDS
from adapters.system import CONTENT_TYPES, ENVELOPES, RECORD_KEYS, REPEATS
from adapters.system import OPTIONAL as SYSTEM_OPTIONAL
from adapters.system import REQUIRED as SYSTEM_REQUIRED
from adapters.transport import declared_kinds
from adapters.virtual_components import declaration as virtual
from hub.access import user_type as access
from hub.access.rights import RIGHTS
from hub.deployment import feed_declaration as feeds
from hub.deployment.pages import action_reader, part_reader
from hub.deployment.pages import draft as pages
from hub.deployment.pages import reader as page_reader
from hub.deployment.pages.page import ACCESS_COLUMNS, OUTCOMES
from hub.deployment.route import IDENTITIES, PRICED_BY
from hub.deployment.route import OPTIONAL as ROUTE_OPTIONAL
from hub.deployment.route import REQUIRED as ROUTE_REQUIRED
from hub.deployment.route_batch import FAULTY_ORDERS
from hub.deployment.route_batch import OPTIONAL as BATCH_OPTIONAL
from hub.deployment.route_batch import REQUIRED as BATCH_REQUIRED
from hub.deployment.route_reply import REPLY_KEYS
from hub.deployment.settings import TABLE, Settings
from hub.workflow_manager import decomposition_rule as decomposition
from hub.workflow_manager.approval_rule import APPROVERS, CONDITIONS
from hub.workflow_manager.approval_rule import REQUIRED as APPROVAL_REQUIRED
from hub.workflows.state import customer_states as customer
from integration_objects.component import FieldType
from integration_objects.definition import (
    ALIAS_KEYS,
    COMPONENT_KEYS,
    EXTENDED_KEYS,
    EXTENSION_KEYS,
    FIELD_KEYS,
    FIELD_LIST_KEYS,
    OBJECT_KEYS,
    STORED_KEYS,
)
from integration_objects.names import ACTION_CODES, ASSET
from maps.map_document import CHILD_KEYS, FLAT_KEYS, HEAD_KEYS, HEAD_OPTIONS, RULE_KEYS, USE_KEYS
from schemas.external_component import XML_KEYS, XML_OPTIONS
from schemas.external_object import WILDCARDS
from schemas.layouts.csv_declaration import COLUMN_KEYS, CSV_KEYS, FORMULAS, QUOTINGS, TYPE_KEYS
from schemas.layouts.fixed_declaration import DATE_KEYS, FIXED_KEYS, FORMATS, FORMS, MEANINGS
from schemas.layouts.record_declaration import RECORD_KEYS as RECORD_TYPE_KEYS
from schemas.limits import Limits

JsonSchema = dict[str, Any]

#: Editors read `77` as a number and `yes` as a truth value; the hub reads both as they are written.
TEXT: JsonSchema = {"type": ["string", "number", "boolean"]}
WHOLE: JsonSchema = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[+-]?[0-9]+$"}]}
FLAG: JsonSchema = {"enum": [True, False, "yes", "no"]}
_DIALECT = "http://json-schema.org/draft-07/schema#"


def editor_schema(kind: str) -> JsonSchema:
    """Make the schema of one of `KINDS_OF_DECLARATIONS`."""
    help, make = KINDS_OF_DECLARATIONS[kind]
    return {"$schema": _DIALECT, "title": f"orderhub: {kind}", "description": help, **make()}


def _keys(required: Iterable[str], optional: Iterable[str] = (), /, **values: JsonSchema) -> JsonSchema:
    """Make the schema of a mapping with these keys.

    Args:
        required: keys that must be there.
        optional: keys that may be there.
        values: the schema of a key's value, with `_` for a blank in the key; TEXT for all others.
    """
    by_key = {name.replace("_", " "): schema for name, schema in values.items()}
    needed = list(required)
    properties = {key: by_key.get(key, TEXT) for key in (*needed, *optional)}
    return {"type": "object", "required": needed, "additionalProperties": False, "properties": properties}


def _list(items: JsonSchema) -> JsonSchema:
    return {"type": "array", "items": items}


def _by_name(values: JsonSchema) -> JsonSchema:
    return {"type": "object", "additionalProperties": values}


def _either(*schemas: JsonSchema) -> JsonSchema:
    return {"anyOf": list(schemas)}


def _one_of(choices: Iterable[str]) -> JsonSchema:
    allowed: list[str | None] = list(choices)
    # The hub reads a bare `null` as the word, editors as nothing.
    return {"enum": [*allowed, None] if "null" in allowed else allowed}


def _where_has(key: str, then: JsonSchema, otherwise: JsonSchema) -> JsonSchema:
    """Choose a schema by a key: editors explain a choice of this kind better than a list of alternatives."""
    return {"if": {"type": "object", "required": [key]}, "then": then, "else": otherwise}


#: One text, or a list of texts.
TEXTS = _either(TEXT, _list(TEXT))


def _integration_object() -> JsonSchema:
    field = _keys(
        (),
        FIELD_KEYS,
        type=_one_of(get_args(FieldType)),
        length=WHOLE,
        required=FLAG,
        stored=FLAG,
        hierarchy=FLAG,
        values=TEXTS,
        column=_either(TEXT, _by_name(TEXT)),
    )
    component = {
        "nested": FLAG,
        "keys": _list(_list(TEXT)),
        "fields": _by_name({"$ref": "#/definitions/field"}),
        "children": _list({"$ref": "#/definitions/child"}),
        **{key.replace(" ", "_"): _list(TEXT) for key in FIELD_LIST_KEYS},
        "complete_statuses": TEXTS,
        "action_aliases": _list(_keys(ALIAS_KEYS, ("condition",), code=_one_of(ACTION_CODES))),
    }
    child = _where_has(
        "use",
        _keys(("use",), (*STORED_KEYS, "children"), children=_by_name(_keys((), STORED_KEYS))),
        _keys(("component",), (*STORED_KEYS, *COMPONENT_KEYS), **component),
    )
    whole = _keys(("integration object", "component"), OBJECT_KEYS, **component, references=FLAG)
    extension = _keys(
        ("extends",), EXTENSION_KEYS, references=FLAG, components=_by_name(_keys((), EXTENDED_KEYS, **component))
    )
    shared = _where_has("shared component", _keys(("shared component",), COMPONENT_KEYS, **component), whole)
    return {**_where_has("extends", extension, shared), "definitions": {"field": field, "child": child}}


def _external_object() -> JsonSchema:
    record = _keys(
        (),
        (*RECORD_TYPE_KEYS, "columns"),
        records=_by_name({"$ref": "#/definitions/record"}),
        checks=_by_name(TEXT),
        columns=_by_name(_either(_one_of(TYPE_KEYS), *(_column(type) for type in TYPE_KEYS))),
    )
    csv = _keys(
        ("delimiter",),
        CSV_KEYS,
        header=FLAG,
        trimmed=FLAG,
        quoting=_one_of(QUOTINGS),
        formulas=_one_of(FORMULAS),
        first_year=WHOLE,
    )
    fixed = _keys(
        ("copybook",),
        FIXED_KEYS,
        form=_one_of(FORMS),
        record_format=_one_of(FORMATS),
        record_length=WHOLE,
        trimmed=FLAG,
        redefines=_by_name(_either(TEXT, _by_name(TEXT))),
        conditions=_list(TEXT),
        dates=_by_name(_either(TEXT, _keys(DATE_KEYS[:1], DATE_KEYS[1:], first_year=WHOLE))),
        **{key: _one_of(MEANINGS) for key in ("blanks", "low_values", "high_values")},
    )
    layout = _where_has("delimiter", csv, fixed)
    layout = _where_has("json lines", _keys(("json lines",), ("type field",)), layout)
    layout = _where_has("json schema", _keys(("json schema",)), layout)
    described = _keys(
        ("external object", "layout"),
        ("records", "help"),
        layout=layout,
        records=_by_name({"$ref": "#/definitions/record"}),
    )
    return {
        **_where_has("layout", described, _keys(XML_KEYS, XML_OPTIONS, wildcards=_one_of(WILDCARDS))),
        "definitions": {"record": record},
    }


def _column(type: str) -> JsonSchema:
    return _keys(
        ("type",),
        (*COLUMN_KEYS, *TYPE_KEYS[type]),
        type=_one_of([type]),
        required=FLAG,
        values=TEXTS,
        formulas=_one_of(FORMULAS),
        **dict.fromkeys(("length", "decimals", "first_year"), WHOLE),
    )


def _map() -> JsonSchema:
    rule = {
        "each": TEXTS,
        "assert": _by_name(TEXT),
        "fields": _by_name(_either(TEXT, _keys(("value",), ("default",)))),
        "children": _list({"$ref": "#/definitions/child"}),
    }
    made = [key for key in CHILD_KEYS if key not in ("make", "use")]
    child = _where_has(
        "use",
        _keys(("use",), USE_KEYS, **rule),
        _keys(("make",), made, **rule, recurse=TEXTS, flat=_keys(FLAT_KEYS)),
    )
    whole = _keys(HEAD_KEYS, (*HEAD_OPTIONS, *RULE_KEYS), **rule, lookups=_by_name(_by_name(TEXT)))
    return {**whole, "definitions": {"child": child}}


def _route() -> JsonSchema:
    return _keys(
        ROUTE_REQUIRED,
        ROUTE_OPTIONAL,
        **{"from": _door()},
        prices=_one_of(PRICED_BY),
        identity=_either(_one_of(IDENTITIES), _keys(("field",))),
        reply=_keys((), REPLY_KEYS, wait=WHOLE),
        reply_to=TEXTS,
        retry=_list(WHOLE),
        limits=_keys((), [each.name for each in dataclasses.fields(Limits)], **_all(Limits, WHOLE)),
        senders=TEXTS,
        content_types=_list(TEXT),
        batch=_keys(BATCH_REQUIRED, BATCH_OPTIONAL, faulty_orders=_one_of(FAULTY_ORDERS)),
        quote_values=FLAG,
    )


def _all(kind: type[Limits], schema: JsonSchema) -> dict[str, JsonSchema]:
    return {each.name: schema for each in dataclasses.fields(kind)}


def _system() -> JsonSchema:
    whole = _keys(
        SYSTEM_REQUIRED,
        (*SYSTEM_OPTIONAL, *declared_kinds()),
        format=_one_of(CONTENT_TYPES),
        encoding=_one_of(ENCODINGS),
        envelope=_one_of(ENVELOPES),
        repeats=_one_of(REPEATS),
        record=_keys((), RECORD_KEYS, width=WHOLE, end=_one_of(ENDS), types=TEXTS),
    )
    return {**whole, "oneOf": [{"required": [kind]} for kind in declared_kinds()]}


def _door() -> JsonSchema:
    return {**_keys((), declared_kinds()), "minProperties": 1, "maxProperties": 1}


def _feed() -> JsonSchema:
    # Editors read `1` as a number, and the hub reads a limit as it is written.
    answer = _keys(
        feeds.ANSWER_KEYS,
        feeds.ANSWER_OPTIONAL,
        outcome=_keys(("field", *feeds.ANSWERS)),
        verdict=_keys(feeds.VERDICT_KEYS),
        counts=_keys(feeds.ANSWERS),
    )
    file = _keys(
        feeds.FILE_REQUIRED,
        feeds.FILE_OPTIONAL,
        first_number=WHOLE,
        kind=_keys(("field", *feeds.KINDS)),
        operation=_keys(("field", *feeds.OPERATIONS)),
        answer=answer,
        control=_keys((), feeds.CHECKS, hash=_keys(feeds.HASH_KEYS, digits=WHOLE), amounts=_keys(feeds.AMOUNT_KEYS)),
    )
    return _keys(
        feeds.REQUIRED,
        feeds.OPTIONAL,
        key=_keys(feeds.KEY_KEYS),
        joined=_by_name(_keys(("by",), feeds.JOINED_KEYS, where=_by_name(TEXT))),
        fields=_by_name(
            _keys(feeds.FIELD_KEYS[:2], feeds.FIELD_KEYS, owner=_one_of(feeds.OWNERS), codes=_by_name(TEXT))
        ),
        file=file,
        missing=_one_of(feeds.MISSING),
        chunk=WHOLE,
        limits=_keys((), feeds.LIMITS),
        waived=_list(_keys(feeds.WAIVER_KEYS, check=_one_of(feeds.CHECKS))),
        kept=_keys((), feeds.KEPT_KEYS, **dict.fromkeys(feeds.KEPT_KEYS, WHOLE)),
        messages=_keys(feeds.MESSAGES_KEYS[:2], feeds.MESSAGES_KEYS, **{"from": _door(), "to": _door()}, senders=TEXTS),
        on_delete=_either(_one_of([feeds.REMOVED]), _by_name(TEXT)),
        expected=_keys(
            ("at",), feeds.EXPECTED_KEYS, **dict.fromkeys(("late_after", "early_before", "answer_within"), WHOLE)
        ),
    )


def _approval() -> JsonSchema:
    return _keys(
        APPROVAL_REQUIRED, (*CONDITIONS, "help"), approvers=_keys((), APPROVERS, **dict.fromkeys(APPROVERS, TEXTS))
    )


def _decomposition() -> JsonSchema:
    after = _keys((), decomposition.AFTER_KEYS, lines=_one_of(decomposition.LINES), products=TEXTS)
    task = _keys(
        decomposition.TASK_REQUIRED,
        decomposition.TASK_OPTIONAL,
        after=_list(after),
        needs=TEXTS,
        days_before_due=WHOLE,
        one_for=_one_of(decomposition.ONE_FOR),
    )
    actions = _one_of(decomposition.ACTIONS)
    return _keys(
        decomposition.REQUIRED,
        decomposition.OPTIONAL,
        products=TEXTS,
        actions=_either(actions, _list(actions)),
        tasks=_list(task),
    )


def _customer_states() -> JsonSchema:
    state = _keys(customer.STATE_REQUIRED, customer.STATE_OPTIONAL, state=_one_of(customer.STATES))
    parts = {"order": customer.situations_of_orders(), "line": customer.situations_of_lines()}
    tables = {part: _keys(situations, (), **dict.fromkeys(situations, state)) for part, situations in parts.items()}
    return _keys(customer.REQUIRED, customer.OPTIONAL, customer_states=_one_of([customer.NAME]), **tables)


def _user_type() -> JsonSchema:
    rights = {"type": "array", "uniqueItems": True, "items": _one_of(RIGHTS)}
    return _keys(access.REQUIRED, access.OPTIONAL, accounts=_one_of(access.ACCOUNTS), rights=rights)


def _page() -> JsonSchema:
    """Make the schema of a page, or of an addition to one, whose parts and actions need say nothing else."""
    target = _either(TEXT, {"type": "object", "required": ["page"], "additionalProperties": TEXT})
    values = _by_name(TEXT)
    field = _either(
        TEXT,
        _keys(
            (),
            part_reader.FIELD_KEYS,
            **{"as": _one_of(part_reader.FORMS), "right": _one_of(RIGHTS)},
            link=target,
            words=values,
        ),
    )
    part = _keys(
        (),
        part_reader.PART_KEYS,
        **{"as": _one_of(part_reader.LOOKS), "where": values},
        arguments=values,
        fields=_by_name(field),
        sort=_list(TEXT),
        right=_one_of(RIGHTS),
        most=WHOLE,
        public=FLAG,
        optional_arguments=FLAG,
        hide_empty=FLAG,
        may_refuse=FLAG,
        access=_one_of(ACCESS_COLUMNS),
    )
    choices = _keys((), action_reader.CHOICES_KEYS, where=values)
    asked = _keys(
        (),
        action_reader.ASKED_KEYS,
        kind=_one_of(action_reader.QUESTIONS),
        required=FLAG,
        values=TEXTS,
        choices=choices,
    )
    action = _keys(
        (),
        action_reader.ACTION_KEYS,
        right=_one_of(RIGHTS),
        roots_only=FLAG,
        leads_to=target,
        configures=FLAG,
        rehearsed=FLAG,
        refusals=values,
        access=_one_of(action_reader.CHANGES),
        arguments={"type": "object"},
        asks=_by_name(asked),
        next=_keys((), OUTCOMES, **dict.fromkeys(OUTCOMES, target)),
    )
    owner = _either(TEXT, _keys(("object", "where"), page_reader.OWNER_KEYS, where=values))
    parts = {
        "right": _one_of(RIGHTS),
        "owner": owner,
        "asks": _by_name(TEXT),
        "shows": _by_name(part),
        "actions": _by_name(action),
        "menu_order": WHOLE,
        "menu_for": _list(_one_of(access.ACCOUNTS)),
    }
    extension = _keys((pages.EXTENDS,), (*pages.REQUIRED[1:], *pages.OPTIONAL), **parts)
    every_page = _keys(pages.EVERY_REQUIRED, (), shows=_by_name(part))
    page = _keys(pages.REQUIRED, pages.OPTIONAL, **parts)
    return _where_has(pages.EXTENDS, extension, _where_has(pages.EVERY_PAGE, every_page, page))


def _virtual_component() -> JsonSchema:
    shape = _keys(virtual.SHAPE_REQUIRED, virtual.SHAPE_OPTIONAL, fields=_by_name(TEXT))
    answers = _keys(
        virtual.ANSWERS_REQUIRED,
        virtual.ANSWERS_OPTIONAL,
        answers=_one_of(virtual.ANSWERED_OBJECTS),
        rows=_one_of(virtual.ROWS),
        by=TEXTS,
        most_rows=WHOLE,
        fields=_by_name(TEXT),
    )
    keeps = _keys(
        virtual.KEEPS_REQUIRED,
        virtual.KEEPS_OPTIONAL,
        keeps=_one_of([ASSET]),
        items=shape,
        attributes=shape,
        **dict.fromkeys(("time_limit", "cache", "most_rows"), WHOLE),
    )
    return _where_has("answers", answers, keeps)


#: The form of a setting, by the type of its attribute; TOML has types of its own.
_SETTING: Mapping[str, JsonSchema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "list[str]": _either({"type": "string"}, _list({"type": "string"})),
    "list[tuple[str, str]]": _either({"type": "string"}, _list({"type": "string"})),
    "pathlib.Path": {"type": "string"},
}


def _settings() -> JsonSchema:
    types = {each.name: str(each.type).removesuffix(" | None") for each in dataclasses.fields(Settings)}
    properties = {name: {"description": setting.help, **_SETTING[types[name]]} for name, setting in TABLE.items()}
    return {"type": "object", "additionalProperties": False, "properties": properties}


#: Each kind of declaration: its place in a deployment, and the function that makes its schema.
KINDS_OF_DECLARATIONS: Mapping[str, tuple[str, Callable[[], JsonSchema]]] = {
    "settings": ("orderhub.toml", _settings),
    "route": ("hub/routes/*.yaml", _route),
    "external-object": ("schemas/<system>/*.yaml: objects of XSDs and of layouts", _external_object),
    "map": ("maps/*.yaml", _map),
    "system": ("adapters/systems/*.yaml", _system),
    "integration-object": ("integration_objects/*.yaml", _integration_object),
    "feed": ("hub/feeds/*.yaml", _feed),
    "approval": ("hub/approvals/*.yaml", _approval),
    "decomposition": ("hub/decomposition/*.yaml", _decomposition),
    "customer-states": ("hub/states/*.yaml", _customer_states),
    "user-type": ("hub/access/*.yaml", _user_type),
    "page": ("hub/web/pages/*.yaml", _page),
    "virtual-component": ("adapters/virtual_components/*.yaml", _virtual_component),
}
