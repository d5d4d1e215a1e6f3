"""Commands whose arguments need no conversion: texts and flags, handed over as they were typed.

Typer converts arguments by pydantic, which takes longer to load than a short command runs.
"""

from __future__ import annotations

from typing import Any, get_type_hints

from typer.core import TyperCommand

#: the types of arguments that are texts or flags
_AS_TYPED: tuple[Any, ...] = (str, str | None, bool, list[str], list[str] | None)


class TextCommand(TyperCommand):
    """A command that reads texts and flags itself; help, errors and everything else is left to Typer."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Set the parameters of *ctx*; return no further arguments."""
        values = None if set(ctx.help_option_names) & set(args) else self._as_typed(ctx, args)
        if values is None:
            return super().parse_args(ctx, args)
        ctx.params = values
        return []

    def _as_typed(self, ctx: Any, args: list[str]) -> dict[str, Any] | None:
        """Return the values of all parameters; None if Typer must read one of them, or tell an error."""
        read, rest, _ = self.make_parser(ctx).parse_args(list(args))
        given = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in read.items()
            if isinstance(value, str | bool | tuple | list) and value != ()
        }
        types = get_type_hints(self.callback)
        # Without the option of the help, which is no argument of the function.
        parameters = [parameter for parameter in self.params if parameter.name in types]
        if rest or any(types.get(name) not in _AS_TYPED for name in given):
            return None
        if any(parameter.required and parameter.name not in given for parameter in parameters):
            return None
        values = {str(parameter.name): parameter.get_default(ctx) for parameter in parameters}
        return values | given
