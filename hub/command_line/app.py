"""The command line: `orderhub`.

Standard output carries the result and nothing else; messages go to standard error. `exit_codes` has the exit codes.

Spec: docs/design/integration.md, "Reached from outside"; docs/design/road.md, "Command line, completed".
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import signal
import sys
import traceback
from types import FrameType
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from hub.command_line.exit_codes import DONE, INTERRUPTED, REFUSED, CommandFailed, report_failure
from integration_objects.errors import HubError

#: each command with the module that has it, and its line in the help
COMMANDS: dict[str, tuple[str, str]] = {
    "call": ("call", "Run a business service method on files and print the result."),
    "workflow": ("workflow", "Run one workflow on stored objects, by identifiers; without a name, list the workflows."),
    "find": ("finding", "Find customers, services, meters, orders and quotes by a number or a name."),
    "orders": ("finding", "List the orders of an account, a line each."),
    "quotes": ("finding", "List the quotes of an account, a line each."),
    "send": (
        "send_and_receive",
        "Put messages in at a route's door; print each one's id in the message store, or its place.",
    ),
    "receive": (
        "send_and_receive",
        "Take messages from an embedded channel: replies, work orders, billing messages, dead letters.",
    ),
    "batch": ("batches", "Batches: files of many orders, each answered by one file."),
    "feed": ("feeds", "Feeds: records that the hub and a partner keep equal by numbered files."),
    "remote": ("remote", "Remote clients: a user's records in one file, which is changed offline and applied."),
    "demo": ("demo", "Run the main job on the embedded defaults, in ./orderhub-demo/, and show what happened."),
    "init": ("init", "Make a deployment that runs at once, in a new folder."),
    "schema-for": ("schema_for", "Print the JSON Schema of a kind of declaration, for editors; or list the kinds."),
    "check": ("proving", "Prove all routes, maps, objects, schemas and templates of the deployment together."),
    "run": ("running", "Run the hub: receive, process, dispatch."),
    "http": ("http", "Serve the HTTP door: partners post messages and look at their state; `orderhub run` works them."),
    "web": ("web", "Serve the web application: the care desk, the portals, the console."),
    "api": ("api", "Documents of the channels that the hub reads and writes."),
    "partner": ("partner", "Partners: their tokens, and their own check."),
    "user": ("users", "The people who log in: their types, accounts and passwords."),
    "audit": ("audit", "The audit: who did what, when, from where and why."),
    "load": (
        "objects",
        "Upsert accounts, products, price lists, opening profiles and customers' other objects, file by file.",
    ),
    "show": ("objects", "Print one stored integration object as XML."),
    "status": (
        "operation",
        "Show the components and the messages: the number in each state, waiting messages, fallout.",
    ),
    "pause": (
        "operation",
        "Pause a component: a route works no message; from a broker's queue it takes none in.",
    ),
    "resume": ("operation", "Let a paused or stopped component go on."),
    "map": ("declarations", "Data maps."),
    "layout": ("layouts", "Layouts: records of fixed width, COBOL copybooks, CSV, JSON."),
    "render": ("systems", "Make the message to a system from a file, and print its bytes; nothing is sent."),
    "system": ("systems", "The systems that the hub sends to."),
    "messages": ("messages", "The message store: the states and errors of every message."),
    "job": ("jobs", "Jobs: one action on many messages, previewed, at a rate, in stages that stop at new errors."),
    "object": ("objects", "One operation of the EAI database adapter on the hub's own XML."),
    "db": ("operation", "The hub's database."),
}


#: commands that run until they are stopped
LASTING = ("run", "http", "web")


class UnforeseenFailure(HubError):
    """A fault of the hub itself."""

    what = "the command failed in a way that nobody foresaw"
    where = "{frame.filename}:{frame.lineno}"
    why = "{kind}: {fault}"
    mend = "report it with this text; nothing that was not finished was stored"


class LazyGroup(TyperGroup):
    """A group that knows the names and help lines of its commands, and loads a command when it is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the called command by its name, and load it."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed if name is None else load_command(name), rest


def load_command(name: str) -> Any:
    """Import the module of the command *name*, and return the command."""
    module = importlib.import_module(f"hub.command_line.{COMMANDS[name][0]}")
    return get_group(module.app).commands[name]


app = LazyGroup(
    name="orderhub",
    help="A message-driven integration hub for complex orders.",
    commands={name: TyperCommand(name, help=help) for name, (_, help) in COMMANDS.items()},
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line as a process of its own."""
    arguments = sys.argv[1:]
    # Here and not in `run`: a process that runs commands beside its own work keeps its garbage collector as it is.
    _collect_seldom(lasting=bool(arguments) and arguments[0] in LASTING)
    atexit.register(_print_the_rest)
    run(arguments)


def run(arguments: list[str]) -> None:
    """Run the command of these words; no traceback reaches a user for anything that the hub foresaw.

    Raises:
        SystemExit: at the end, with the exit code.
    """
    name = arguments[0] if arguments else ""
    try:
        if name in LASTING:
            _end_at_signals()
        if name in COMMANDS:
            # Directly, since a group's own options would be parsed first, by pydantic, which takes longer to load than
            # a short command runs.
            command, words = load_command(name), 1
            if isinstance(command, TyperGroup) and arguments[1:2] and arguments[1] in command.commands:
                command, words = command.commands[arguments[1]], 2
            command(arguments[words:], prog_name=" ".join(["orderhub", *arguments[:words]]))
        else:
            app(arguments)
    except CommandFailed as failed:
        sys.exit(report_failure(failed, arguments))
    except HubError as error:
        sys.exit(report_failure(CommandFailed(error), arguments))
    except KeyboardInterrupt:  # while the command was loaded; later it ends in the same way by click
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of standard output has gone, as `head` does after its lines: nobody reads an error there.
        sys.exit(REFUSED)
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        failure = UnforeseenFailure(frame=frame, kind=type(error).__name__, fault=error)
        sys.exit(report_failure(CommandFailed(failure, REFUSED), arguments))


def _print_the_rest() -> None:
    """Flush standard output; be silent where its reader has gone, as `head` does after its lines."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it ends, and would print that failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _collect_seldom(*, lasting: bool) -> None:
    """Keep the garbage collector from walking through all loaded code again and again.

    Spec: docs/design/performance.md, rule 9.
    """
    # A command loads a hundred thousand objects that live as long as its process, and makes few circles. A process that
    # works messages for days makes more: an error and its frames refer to each other.
    gc.set_threshold(50_000 if lasting else 500_000, 50, 50)
    # At the end Python would collect the loaded code piece by piece, which takes longer than some commands' work; the
    # system frees the memory at once. Files and database connections are closed by then.
    atexit.register(gc.freeze)


def _end_at_signals() -> None:
    """Let a stop end the process with 0 while it starts; the workers replace the handlers when they listen."""

    def end(number: int, frame: FrameType | None) -> None:
        # At once: nothing is in work yet, and an exception could come up in the middle of an import.
        os._exit(DONE)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


if __name__ == "__main__":
    main()
