"""Answers of other systems, read by pydantic models, with their faults in the hub's words.

`first_fault` turns pydantic's first error into the place as a path in the JSON (``items[0].number``), the expected and
the found value; `read_answer` makes the client's error of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from adapters.json_client import JsonClient
from integration_objects.field_values import check_characters

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class JsonFault:
    """A fault of a JSON document.

    Attributes:
        where: the path in the document.
        why: the expected and the found value.
        mend: the action that mends it.
    """

    where: str
    why: str
    mend: str


_OBJECT = ("expected an object, found {found}", "use { }")
_LIST = ("expected a list, found {found}", "use [ ]")
#: By pydantic's kind of error: why, as a template of its context and the found value's kind, and mend.
_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("expected a value, found none", "give it"),
    "extra_forbidden": ("there is no part of this name", "leave it out"),
    "string_type": ("expected a text, found {found}", "give a text"),
    "string_too_short": ("expected a text, found an empty one", "give a text"),
    "string_too_long": ("expected at most {max_length} characters, found {length}", "shorten it"),
    "int_type": ("expected a whole number, found {found}", "give a whole number"),
    "literal_error": ("expected one of {expected}", "give one of these"),
    "too_long": ("expected a list of at most {max_length} entries", "shorten it"),
    "value_error": ("{error}", "give such a value"),
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
}
_KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "a truth value",
    int: "a number",
    float: "a number",
    type(None): "nothing",
}


def kind_of_json(value: Any) -> str:
    """Name the kind of a JSON value: "an object", "a list", "a text", "a number", "a truth value", "nothing"."""
    return _KINDS.get(type(value), "something else")


def first_fault(error: ValidationError) -> JsonFault:
    """Put the first fault that pydantic found into the hub's words."""
    first = error.errors(include_url=False)[0]
    # pydantic's own words may have braces, and become a template like the others.
    why, mend = _WORDS.get(first["type"], (first["msg"].replace("{", "{{").replace("}", "}}"), "mend the value"))
    value = first["input"]
    length = len(value) if isinstance(value, str | list) else 0
    path = ""
    for step in first["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return JsonFault(path, why.format(found=kind_of_json(value), length=length, **first.get("ctx", {})), mend)


def read_answer(model: type[Model], answer: Any, client: JsonClient) -> Model:
    """Read the answer to a client's question into a model.

    Raises:
        HubError: the client's, for an answer that breaks the agreement.
    """
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        fault = first_fault(error)
        raise client.faulty(fault.why, fault.where) from error


def carried(text: str) -> str:
    """Return the text if XML can carry its characters; a ValueError tells the first that it can't."""
    fault = check_characters(text)
    if fault is not None:
        raise ValueError(fault)
    return text


#: A text that isn't empty, of characters that XML can carry.
Text = Annotated[str, Field(min_length=1, max_length=4_000), AfterValidator(carried)]
