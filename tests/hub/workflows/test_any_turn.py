"""A law: whatever the turn in which orders are made, submitted and answered, each field is as the last of them asks.

Last is, of two orders, the one that was made when the other was done already; of those that were open together, the one
that comes later by due date (none comes last), then by when it was made.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from hub.workflows.fulfilment.fallout_entries import BUILT_ON_FAILED, IGNORED, WAITING
from hub.workflows.state.order_lines import OrderDoesNotApply
from hub.workflows.state.statuses import StatusChangeRefused
from integration_objects.complex_object import action_code, line_items
from integration_objects.errors import Refused
from integration_objects.field_values import read_date
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet
from tests.customer_care import the

FIELDS = ("Service Id", "Pricing Comment")
DUE_DATES = (None, None, "2027-01-01", "2027-03-01", "2027-06-01")


@dataclass
class Asked:
    """An order: what it asks for, where it comes, and when things happened to it."""

    number: str
    fields: dict[str, str]
    place: tuple[bool, str, str]
    made: int
    status: str = "New"
    done: int = 0
    root: str = ""

    def is_after(self, other: Asked) -> bool:
        if other.done < self.made:
            return True
        return self.done >= other.made and self.place > other.place


class Office:
    """Sessions that change one line of an account, in an order that chance gives."""

    account = "1-B"

    def __init__(self, care, seed):
        self.care, self.steps = care, 0
        self.chance = random.Random(seed)  # noqa: S311  # repeatable on purpose
        quote = the(care("new-products-and-services", account=self.account, product="Local Line"))
        care.install(care.place(quote.get("Quote Number")))
        self.root = care.profile_root(self.account).get(KEY)
        self.quotes: list[tuple[str, dict[str, str]]] = []
        self.orders: list[Asked] = []

    def step(self, what):
        self.steps += 1
        if what == "quote":
            self.quote()
        elif what == "place" and self.quotes:
            self.place(*self.quotes.pop(self.chance.randrange(len(self.quotes))))
        elif what == "submit":
            self.choose("New", self.submit)
        elif what in ("Complete", "Failed"):
            self.choose("Open", lambda order: self.answer(order, what))

    def choose(self, status, do):
        found = [order for order in self.orders if order.status == status]
        if found:
            do(self.chance.choice(found))

    def quote(self):
        fields = {name: f"{name} {self.steps}" for name in self.chance.sample(FIELDS, self.chance.randint(1, 2))}
        request = {"request": "set", "item": self.root, "fields": fields}
        session = f"session {self.steps}"
        made = the(self.care("modify", account=self.account, root=self.root, session=session, requests=[request]))
        self.quotes.append((made.get("Quote Number"), fields))

    def place(self, quote, fields):
        due = self.chance.choice(DUE_DATES)
        order = self.care.work("quote-to-order", quote=quote, due_date=due)
        place = (due is None, due or "", order.get("Row Id"))
        self.orders.append(Asked(order.get("Order Number"), fields, place, self.steps))

    def submit(self, order):
        self.care("submit", order=order.number)
        order.status = "Open"

    def answer(self, order, status):
        self.care("order-synchronization", work_order=f"{order.number}-1", status=status)
        order.status, order.done = status, self.steps

    def end(self):
        """Submit and answer all that is left, in any turn."""
        for order in self.chance.sample(self.orders, len(self.orders)):
            if order.status == "New":
                self.submit(order)
        for order in self.chance.sample(self.orders, len(self.orders)):
            self.steps += 1
            if order.status == "Open":
                self.answer(order, "Complete")


def let_an_office_work(care, seed, steps=18):
    office = Office(care, seed)
    for _ in range(steps):
        office.step(office.chance.choice(("quote", "quote", "place", "submit", "Complete", "Complete", "Failed")))
    office.end()
    prove_fields(office.orders, FIELDS, care.profile_root("1-B"), {})
    prove_marks(care, office.orders)


def prove_fields(orders, fields, service, begun_with):
    """Prove the law for the fields of a service; *begun_with* are the values that it has without the orders."""
    done = [order for order in orders if order.status == "Complete"]
    for name in fields:
        asking = [order for order in done if name in order.fields]
        last = [one for one in asking if all(one.is_after(other) for other in asking if other is not one)]
        if last or not asking:  # three orders may each come after another one: then nobody can say
            assert service.get(name) == (last[0].fields[name] if last else begun_with.get(name)), name


def prove_marks(care, orders):
    """Prove that no order is marked for review which sets all fields itself that the lost order would have set."""
    known = {order.number: order for order in orders}
    for entry in care.road.fallout():
        if entry["cause"] == BUILT_ON_FAILED:
            lost, marked = known.get(entry["reason"].split()[2]), known.get(entry["order_number"])
            # A status is asked for in another way: to resume a service relies on the order that suspends it.
            if lost is not None and marked is not None and "Status" not in lost.fields:
                assert not set(lost.fields) <= set(marked.fields), entry


@pytest.mark.parametrize("seed", range(10))
def test_each_field_is_as_the_last_order_asks(care, seed):
    let_an_office_work(care, seed)


class OfficeOfDays(Office):
    """Sessions that change a service that no system provides: orders are done when their days come."""

    days = (None, "2026-02-10", "2026-04-10", "2026-06-10", "2026-09-10")

    def __init__(self, care, seed):
        self.care, self.steps = care, 0
        self.chance = random.Random(seed)  # noqa: S311  # repeatable on purpose
        secret = {"request": "set", "item": "Voice Mail", "attributes": {"Password": "1234"}}
        quote = the(care("new-products-and-services", account=self.account, product="Voice Mail", requests=[secret]))
        care.submit(care.place(quote.get("Quote Number")))
        self.root = care.profile_root(self.account).get(KEY)
        self.quotes, self.orders = [], []

    def step(self, what):
        super().step(what)
        if what == "day":
            self.wait(40)
        elif what == "cancel":
            self.choose("Open", self.cancel)

    def place(self, quote, fields, days=None):
        order = self.care.work("quote-to-order", quote=quote, due_date=self.chance.choice(days or self.days))
        due = order.get("Due Date")
        place = (due is None, due or "", order.get("Row Id"))
        self.orders.append(Asked(order.get("Order Number"), fields, place, self.steps))

    def submit(self, order):
        super().submit(order)
        self.look()

    def wait(self, days):
        self.care.road.surroundings.sleep(days * 86_400.0)
        assert self.care.road.run()
        self.look()

    def cancel(self, order):
        self.care("cancel-order", order=order.number)
        order.status = "Cancelled"

    def look(self):
        """Note which orders are done by now, and that none is done before its day."""
        now = self.care.road.surroundings.now()
        for order in self.orders:
            (stored,) = self.care.road.stored("OM Order", Order_Number=order.number)
            if order.status == "Open":
                is_due = stored.get("Due Date") is None or stored.get("Due Date") <= now
                assert stored.get("Status") == ("Complete" if is_due else "Open"), order
                order.status, order.done = stored.get("Status"), self.steps

    def end(self):
        for order in self.chance.sample(self.orders, len(self.orders)):
            if order.status == "New":
                self.submit(order)
        self.steps += 1
        self.wait(400)


def let_an_office_of_days_work(care, seed, steps=16):
    office = OfficeOfDays(care, seed)
    for _ in range(steps):
        office.step(office.chance.choice(("quote", "quote", "place", "submit", "submit", "day", "cancel")))
    office.end()
    assert {order.status for order in office.orders} <= {"Complete", "Cancelled"}
    prove_fields(office.orders, FIELDS, care.profile_root("1-B"), {})
    prove_marks(care, office.orders)


@pytest.mark.parametrize("seed", range(6))
def test_each_field_is_as_the_last_order_asks_whose_day_has_come(care, seed):
    let_an_office_of_days_work(care, seed)


class OfficeOfMoves(OfficeOfDays):
    """Sessions that also suspend and resume the service, move it between two addresses, and call moves off.

    A service that moves is another one from then on, with the values that it is to have when the move is asked for.

    Attributes:
        root: the service that sessions change: at the last address that a move was asked for.
        begun_with: of each service, the values that it begins with.
    """

    account = "2-EN"
    addresses = ("PR-WINTER", "PR-HOME")
    fields = (*FIELDS, "Status")
    steps_of_sessions = (
        *("quote", "suspend", "resume", "place", "place", "place", "submit", "submit"),
        *("quote", "suspend", "resume", "place", "place", "place", "submit", "day", "cancel"),
    )
    days = (None, "2026-02-10", "2026-06-10", "2026-11-20", "2027-01-10")

    def __init__(self, care, seed):
        super().__init__(care, seed)
        self.begun_with = {self.root: {"Status": "Active"}}
        #: of each move that stands, its day, the key of the service that it ends, the line that begins, and its order
        self.moves: list[tuple[str, str, PropertySet, str]] = []
        self.moves_called_off = 0

    def step(self, what):
        super().step(what)
        if what in ("suspend", "resume"):
            self.change_status(what)
        elif what == "move":
            self.move()
        elif what == "call off" and self.moves:
            self.call_off()

    def change_status(self, what):
        session = f"session {self.steps}"
        try:
            made = the(self.care(what, account=self.account, root=self.root, session=session))
        except StatusChangeRefused:  # it is to be so already
            return
        self.quotes.append((made.get("Quote Number"), {"Status": "Suspended" if what == "suspend" else "Active"}))

    def place(self, quote, fields, days=None):
        try:
            super().place(quote, fields, days)
        except StatusChangeRefused:  # another order came before it
            return
        except OrderDoesNotApply:  # it would come before the move that it builds on
            self.place(quote, fields, days=(None,))
            return
        self.orders[-1].root = self.root

    def submit(self, order):
        try:
            super().submit(order)
        except StatusChangeRefused:  # the order before it was cancelled: the error says to cancel this one, too
            self.cancel(order)

    def move(self):
        """Ask for a move, by an order of its own, which is submitted: it is the last to come to its service."""
        old, new = (self.addresses[(len(self.moves) + turn) % 2] for turn in (0, 1))
        day = "2026-12-20" if self.moves else "2026-11-01"
        if len(self.moves) == 2:
            return
        quote = the(
            self.care("move", account=self.account, old_address=old, new_address=new, move_out=day, move_in=day)
        )
        order = self.care.work("quote-to-order", quote=quote.get("Quote Number"))
        self.care.submit(order)
        (coming,) = [line for line in line_items(order) if action_code(line) == "Add"]
        self.moves.append((day, self.root, coming, order.get("Order Number")))
        self.root = coming.get(KEY) or ""
        self.begun_with[self.root] = {name: coming.get(name) for name in FIELDS} | {
            "Status": coming.get("Asset Status") or "Active"
        }
        self.quotes = []  # they are about a service that goes

    def call_off(self):
        """Cancel the last move, whose day is still to come, and what was ordered for the service that it brings."""
        _, former, _, number = self.moves.pop()
        self.care("cancel-order", order=number)
        for order in self.orders:
            if order.root == self.root and order.status in ("New", "Open"):
                self.cancel(order)
        self.root, self.quotes = former, []
        self.moves_called_off += 1

    def services(self):
        """The services of the profile by their keys."""
        (asset,) = self.care.road.stored("OM Asset", Account_Id=self.account)
        return {item.get(KEY): item for item in line_items(asset)}

    def look(self):
        super().look()
        now = read_date(self.care.road.surroundings.now())
        services = self.services()
        running = [key for key, item in services.items() if item.get("Status") != "Inactive"]
        gone = [key for day, key, *_ in self.moves if read_date(day) <= now]
        assert [key for key in gone if key in running] == []
        assert len(running) == 1, running


def let_an_office_of_moves_work(care, seed, steps=28):
    office = OfficeOfMoves(care, seed)
    moves = office.chance.sample(range(5, steps - 6), office.chance.randint(0, 3))
    called_off = office.chance.sample(range(8, steps), office.chance.randint(0, 2))
    for number in range(steps):
        what = "move" if number in moves else "call off" if number in called_off else None
        office.step(what or office.chance.choice(OfficeOfMoves.steps_of_sessions))
    office.end()
    service = office.services()[office.root]
    own = [order for order in office.orders if order.root == office.root]
    prove_fields(own, office.fields, service, office.begun_with[office.root])
    prove_marks(care, office.orders)
    assert service.get("Service Address Id") == office.addresses[len(office.moves) % 2]
    # What was done already for a service that never comes waits for it, or is ignored.
    of_moves = {WAITING, IGNORED} if office.moves_called_off else set()
    assert {entry["cause"] for entry in care.road.fallout()} <= {BUILT_ON_FAILED} | of_moves


@pytest.mark.parametrize("seed", range(6))
def test_a_service_that_is_suspended_resumed_and_moved_is_as_the_last_order_asks(care, seed):
    let_an_office_of_moves_work(care, seed)


@pytest.mark.parametrize("any_care", ["PostgreSQL"], indirect=True)
@pytest.mark.parametrize("work", [let_an_office_work, let_an_office_of_days_work, let_an_office_of_moves_work])
def test_the_law_holds_on_postgresql(any_care, work):
    """Shorter: what differs is how things are stored, and not the law."""
    work(any_care, seed=2, steps=14)


@pytest.mark.parametrize("seed", range(4))
def test_no_turn_of_workflows_ends_in_anything_but_a_result_or_a_refusal_that_can_be_followed(care, seed):
    office = Office(care, seed)
    mail = {"request": "add", "product": "Voice Mail", "beneath": office.root, "attributes": {"Password": "1234"}}
    refusals = []
    for _ in range(30):
        what = office.chance.choice(("modify", "suspend", "resume", "disconnect", "verify", "reprice", "revise", ""))
        orders = [one.get("Order Number") for one in care.road.stored("OM Order", Active_Flag="Y")]
        number, due = office.chance.choice(orders), office.chance.choice(DUE_DATES)
        office.steps += 1
        try:
            if what == "modify":
                requests = [office.chance.choice((mail, {"request": "remove", "item": f"{office.root}/Voice Mail"}))]
                care("modify", account="1-B", root=office.root, session=f"{office.steps}", requests=requests)
            elif what in ("suspend", "resume", "disconnect"):
                made = the(care(what, account="1-B", root=office.root, session=f"{office.steps}"))
                care(
                    "submit",
                    order=care.work("quote-to-order", quote=made.get("Quote Number"), due_date=due).get("Order Number"),
                )
            elif what in ("verify", "reprice"):
                care(what, quote=office.chance.choice(care.road.stored("OM Quote")).get("Quote Number"))
            elif what == "revise":
                care("revise", order=number)
                care(office.chance.choice(("submit", "cancel-order")), order=number)
            else:
                status = office.chance.choice(("Complete", "Failed"))
                care("order-synchronization", work_order=f"{number}-1", status=status)
        except Refused as refused:
            refusals.append(refused)
    assert refusals
    assert [refused for refused in refusals if not (refused.where and refused.mend)] == []
