"""The faults of an expression: it is not understood, or it has no value for an item."""

from __future__ import annotations

from integration_objects.errors import Refused

#: Characters of an expression that an error shows.
_SHOWN = 200


class ExpressionFault(Refused):
    """An expression is not understood; or, where *running*, it can't be evaluated for this item.

    Attributes:
        expression: the expression's text; "" until the compiler, which knows the text, has set it.
        column: the column of the token at fault, counted from 1; 0 for none.
    """

    def __init__(self, why: str, mend: str, column: int = 0, *, expression: str = "", running: bool = False) -> None:
        super().__init__("", where=f"column {column}" if column else "", why=why, mend=mend)
        self.column = column
        self.expression = ""
        self._state = "can't be evaluated" if running else "is not understood"
        self.within(expression)

    def within(self, expression: str) -> ExpressionFault:
        """Set the expression's text, where the fault has none yet; return the same fault."""
        self.expression = self.expression or expression
        cut = "..." if len(self.expression) > _SHOWN else ""
        self.what = f"expression {self.expression[:_SHOWN]!r}{cut} {self._state}"
        self.args = (self.what,)
        return self


class NoResult(ValueError):
    """An operation or a function has no result for its values; the evaluation adds the column.

    Attributes:
        mend: the action that the expression's author, or the sender of the data, can take.
    """

    def __init__(self, why: str, mend: str) -> None:
        super().__init__(why)
        self.mend = mend
