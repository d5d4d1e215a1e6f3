"""The exit codes of all commands, and the words for a command that fails.

docs/exit_codes.md has the table for people and scripts.

Spec: docs/design/integration.md, "Reached from outside".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hub.presentation.printing import complain, print_json
from integration_objects.errors import HubError, Refused, Verdict

DONE = 0
#: A rule, an object or a message refused the work; or `run --once` left messages that are not in a final state.
REFUSED = 1
#: The command's arguments, a setting or a declaration is wrong.
MISUSED = 2
#: The database, the broker or a disk failed: the same command can succeed later.
WORLD_FAILED = 3
#: Ctrl-C ended the command, as click has it: 128 and the number of the signal.
INTERRUPTED = 130

_CODE_OF: Mapping[Verdict, int] = {"refuse": REFUSED, "wait": REFUSED, "stop": MISUSED, "retry": WORLD_FAILED}
#: The reasons of refusals that are always about a command's arguments, which name files, routes and kinds of objects.
#: Not their classes: to import these would load the whole hub for every command, also for `--help`.
_ABOUT_ARGUMENTS = ("FileUnreadable", "RouteUnknown", "StoredObjectUnknown")


class CommandFailed(Exception):
    """A command failed with *error*; it ends with *code*, and its JSON has the members of *more*, too.

    *text* is shown to people in place of the error's own.
    """

    def __init__(self, error: HubError, code: int | None = None, text: str | None = None, **more: Any) -> None:
        super().__init__(str(error))
        self.error = error
        self.text = str(error) if text is None else text
        known = MISUSED if error.reason in _ABOUT_ARGUMENTS else _CODE_OF[error.verdict]
        self.code = known if code is None else code
        self.more = more


class CommandMisused(HubError):
    """The base of the errors that a command's arguments make: exit code 2."""


@contextmanager
def misused() -> Iterator[None]:
    """Take each refusal that is raised within for a fault of the command's arguments: exit code 2."""
    try:
        yield
    except Refused as error:
        raise CommandFailed(error, MISUSED) from error


def report_failure(failed: CommandFailed, arguments: Sequence[str]) -> int:
    """Print a command's failure, and return its exit code.

    Standard error gets the error's words and its stable reason. If *arguments*, the words of the command line, ask for
    JSON, standard output gets the error as JSON, too.
    """
    error = failed.error
    complain(f"{failed.text}\n  reason: {error.reason}")
    if "--json" in arguments:
        print_json({**error.as_dict(), **failed.more})
    return failed.code
