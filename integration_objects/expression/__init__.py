"""The expression language: trim specifications, data maps, conditions, rules.

    [Status] = 'Complete' AND NOT [Quantity] * 2 > 10

    compile_expression(text, read, functions)      once: tokens, syntax tree, closures
      -> Expression                                evaluated a million times
           .evaluate(item)                         null, text, number (Decimal), truth value, date (DateText)
           .truth(item)                            a specification's verdict: TRUE or FALSE, nothing else

The caller hands in the meaning of ``[Name]``: `field_reader` reads a component's fields; the data maps have a reader
of their own. Logic is two-valued: arithmetic with null gives null, a comparison with null is FALSE.

The parser is written by hand: columns and mends in every error, bare words and the limits are promises that no
parser library gives.

Source: part IV, "Trim Method", specifications; spec: docs/design/methods.md, "Expression language", "Settled points".
"""

from __future__ import annotations

from integration_objects.expression.compiled import Expression, compile_expression
from integration_objects.expression.faults import ExpressionFault, NoResult
from integration_objects.expression.readers import field_reader, typed_reader
from integration_objects.expression.syntax import (
    MAX_LENGTH,
    Call,
    Constant,
    Evaluator,
    FieldName,
    Function,
    Node,
    Reader,
)
from integration_objects.expression.values import (
    ARITHMETIC,
    MAX_TEXT,
    DateText,
    Value,
    calculated,
    describe,
    ordered,
    text_of,
)

__all__ = [
    "ARITHMETIC",
    "MAX_LENGTH",
    "MAX_TEXT",
    "Call",
    "Constant",
    "DateText",
    "Evaluator",
    "Expression",
    "ExpressionFault",
    "FieldName",
    "Function",
    "NoResult",
    "Node",
    "Reader",
    "Value",
    "calculated",
    "compile_expression",
    "describe",
    "field_reader",
    "ordered",
    "text_of",
    "typed_reader",
]
