"""A service profile that stays in a mainframe: new service, modify and disconnect, with the requests on the wire.

The mainframe is the stand-in, a process with a database of its own. It dies twice: in the middle of a change, and
before it is asked. Each step prints the command that a person would type, and all requests that the mainframe has got.

Spec: docs/design/legacy.md, "Profiles in a mainframe".
"""

from __future__ import annotations

import pathlib
import shlex
from contextlib import ExitStack

from adapters.service_health import FIRST_PAUSE_S
from adapters.virtual_components.keeper import ProfileKeeper
from adapters.virtual_components.profile_rows import rows_of
from adapters.virtual_components.stand_in import StandInMainframe
from adapters.virtual_components.stand_in_process import stand_in_command, stand_in_process
from hub.demo.mainframe_wire import Wire
from hub.demo.scenario_demo import PrintedStage, print_command
from hub.demo.scenarios import CELL_PHONE, FORWARDING, HOME, LINE, OFFICE_NUMBER, PACKAGE, WAITING, Request, numbers
from hub.demo.stage import Demonstration, demonstration, heading, paragraph, shipped_text
from hub.presentation.printing import out, table
from integration_objects.complex_object import first_instance, items_of
from integration_objects.errors import HubError
from integration_objects.names import ASSET, KEY
from integration_objects.property_set import PropertySet

#: The name by which `--scenario` calls the demonstration.
MAINFRAME_PROFILE = "mainframe-profile"
_KEEPER = "Mainframe Services"
_FILE = "mainframe.db"
#: the number that a clerk at the mainframe gives to the line
NEW_NUMBER = "509-555-0124"
#: the fields that are shown of the rows of each component
_SHOWN = {
    "SERVICE": ("SVC-ID", "PROD-CD", "STAT", "SVC-NO", "START-DT", "END-DT"),
    "FEATURE": ("SVC-ID", "FEAT-NAME", "TXT-VAL", "NUM-VAL"),
}


#: the seconds after which the demonstration takes the mainframe for dead; the shipped declaration has 5
_TIME_LIMIT_S = 1
_DECLARATION = "adapters/virtual_components/mainframe_services.yaml"
_QUICK = ("time limit: 5", f"time limit: {_TIME_LIMIT_S}")


def play_mainframe(folder: pathlib.Path) -> bool:
    """Play the life of a profile in *folder*, made anew; return whether hub and mainframe are equal at its end."""
    declared = {_DECLARATION: shipped_text("adapters.virtual_components", "mainframe_services.yaml").replace(*_QUICK)}
    with demonstration(folder, declared, service_profile=_KEEPER) as hub, ExitStack() as started:
        keeper = hub.open_hub.runtime.profile_keeper
        if keeper is None:
            raise LookupError(_KEEPER)
        play = _Play(hub, keeper, folder, started)
        play.new_service()
        play.modify()
        play.death_in_a_change()
        play.disconnect()
        return play.end()


class _Play:
    """The hub, and the mainframe while it runs."""

    def __init__(self, hub: Demonstration, keeper: ProfileKeeper, folder: pathlib.Path, started: ExitStack) -> None:
        self._hub = hub
        self._keeper = keeper
        self._folder = folder
        self._started = started
        self._stage = PrintedStage(hub)
        self._mainframe = StandInMainframe(folder / _FILE)
        self._wire = Wire(self._mainframe)

    def new_service(self) -> None:
        """A customer gets a package, whose rows the mainframe then has."""
        self._stage.load()
        heading("New service: the rows go to the mainframe")
        paragraph(
            f'The setting service_profile = "{_KEEPER}" leaves the service profiles to the mainframe. Before each '
            "workflow the hub asks it for the rows of the account; when provisioning has installed the services, their "
            "rows are inserted."
        )
        self._start()
        line = f"{PACKAGE}/{LINE}"
        requests = [
            {"request": "set", "item": line, "fields": numbers(123, 1)[0]},
            {
                "request": "set",
                "item": f"{line}/{FORWARDING}",
                "attributes": {"Forwarding Number": OFFICE_NUMBER, "Rings": "6"},
            },
        ]
        quote = self._stage.work("new-products-and-services", account=HOME, product=PACKAGE, requests=requests)
        self._order(quote)
        self._stage.provision()
        self._wire.show(in_full="query")
        self._show_rows()

    def modify(self) -> None:
        """A clerk changes a row at the mainframe, and the next workflow of the hub has it."""
        heading("Modify: a clerk's change at the mainframe is there at once")
        paragraph("A clerk at the mainframe gives the line another telephone number. The hub isn't told.")
        (row,) = [row for row in self._mainframe.rows("SERVICE") if row["PROD-CD"] == LINE]
        self._mainframe.put("SERVICE", {**row, "SVC-NO": NEW_NUMBER})
        out(f"\n(a clerk: SVC-NO of {row['SVC-ID']} = {NEW_NUMBER})")
        paragraph("The customer wants the calls forwarded to her cell phone.")
        self._order(self._forwarded_to(CELL_PHONE))
        self._stage.provision()
        self._wire.show(in_full="update")

    def death_in_a_change(self) -> None:
        """The mainframe dies after it has carried a change out, and before it replies."""
        heading("The mainframe dies in the middle of a change")
        paragraph(
            "The customer wants eight rings, and call waiting. The mainframe is killed right after it has carried out "
            "the first of the changes, before it replies. The hub can't know whether the change was carried out."
        )
        self._kill()
        self._start("--die-after", "1")
        self._order(self._with_waiting())
        self._stage.provision(at_once=True)
        self._wire.show()
        paragraph("Nothing is lost: the changes wait in the hub's outbox, and workflows on the account are refused.")
        self._refused("modify", account=HOME, root=self._root())
        paragraph("The mainframe is there again. The hub looks for a row before it inserts it: nothing is doubled.")
        self._start()
        print_command("run", "--once")
        self._hub.run()
        self._wire.show()
        self._show_changes()

    def disconnect(self) -> None:
        """The mainframe is killed before it is asked; later the service is disconnected."""
        heading("Disconnect: the mainframe is away, and comes back")
        root = self._root()
        self._kill()
        self._refused("disconnect", account=HOME, root=root)
        paragraph(f"After a failure the hub leaves the mainframe alone, at first for {FIRST_PAUSE_S:g} s.")
        self._start()
        self._hub.open_hub.surroundings.sleep(FIRST_PAUSE_S)
        self._order(self._stage.work("disconnect", account=HOME, root=root))
        self._stage.provision()
        self._wire.show()

    def end(self) -> bool:
        """Show both sides, and return whether they are equal."""
        heading("The end: what the hub and the mainframe have")
        self._stage.look(ASSET, HOME)
        self._show_rows()
        with self._hub.open_hub.read() as transaction:
            copy = first_instance(transaction.store.query(ASSET, {"Account Id": HOME}))
        ours, kept = rows_of(copy, self._keeper.kept), self._keeper.kept
        theirs = self._keeper.read(HOME)
        is_equal = (ours.items, ours.attributes) == (theirs.items, theirs.attributes)
        out(
            f"\nThe hub's copy and the rows of the mainframe are {'equal' if is_equal else 'NOT equal'}: "
            f"{len(ours.items)} of {kept.items.component}, {len(ours.attributes)} attributes."
        )
        return is_equal

    def _start(self, *more: str) -> None:
        """Start the mainframe; print the command that a person types."""
        url = self._hub.open_hub.deployment.settings.database_url
        words = (_FILE, "--channel", self._keeper.kept.channel, "--database", url, *more)
        out(f"\n$ python {' '.join(map(shlex.quote, stand_in_command(*words)))} &")
        self._started.enter_context(stand_in_process(*words, folder=self._folder))

    def _kill(self) -> None:
        out("\n$ kill -9 %1")
        self._started.close()

    def _order(self, quote: PropertySet) -> None:
        """Order and submit a quote."""
        order = self._stage.work("quote-to-order", quote=quote.get("Quote Number") or "")
        self._stage.work("submit", order=order.get("Order Number") or "")

    def _forwarded_to(self, number: str) -> PropertySet:
        change = {"request": "set", "item": self._key(FORWARDING), "attributes": {"Forwarding Number": number}}
        return self._stage.work("modify", account=HOME, root=self._root(), requests=[change])

    def _with_waiting(self) -> PropertySet:
        changes: list[Request] = [
            {"request": "set", "item": self._key(FORWARDING), "attributes": {"Rings": "8"}},
            {"request": "add", "product": WAITING, "beneath": self._key(LINE)},
        ]
        return self._stage.work("modify", account=HOME, root=self._root(), requests=changes)

    def _refused(self, workflow: str, **arguments: str) -> None:
        """Run a workflow that can't run now; print its error as the command does."""
        try:
            self._stage.work(workflow, **arguments)
        except HubError as error:
            out(f"{error}\n  reason: {error.reason}")

    def _root(self) -> str:
        return self._key(PACKAGE)

    def _key(self, product: str) -> str:
        """Return the key of the only item of a product in the hub's copy."""
        with self._hub.open_hub.read() as transaction:
            copy = transaction.store.query(ASSET, {"Account Id": HOME})
        (key,) = [item.get(KEY) or "" for item in items_of(first_instance(copy)) if item.get("Product Id") == product]
        return key

    def _show_rows(self) -> None:
        out("\nThe rows of the mainframe:")
        for component, fields in _SHOWN.items():
            rows = self._mainframe.rows(component)
            out("\n" + table((component, *fields[1:]), [[row.get(field) for field in fields] for row in rows]))

    def _show_changes(self) -> None:
        out("\nAll changes that the mainframe has carried out:\n")
        out(table(("number", "change", "of", "key"), [(n, *row) for n, row in enumerate(self._mainframe.changes(), 1)]))
