"""The people of the demonstration: one user of each type, with the customers' data that the care desk looks at.

The passwords are made anew at each start, and printed. Only the demo's own deployment gets such users: they know each
other's passwords.

Spec: docs/web.md, "A first look".
"""

from __future__ import annotations

import pathlib

from adapters.database.access.users import Users
from hub.access.audit import Actor
from hub.access.passwords import password_digest
from hub.access.people import NewUser
from hub.access.user_type import EVERY
from hub.data_manager.open_hub import OpenHub
from hub.demo.stage import Demonstration, is_demo
from integration_objects.errors import Refused
from integration_objects.names import CONTACT_RULE
from integration_objects.surroundings import new_token

#: the samples that the main job doesn't need
_SAMPLES = (
    *("users.xml", "premises.xml", "customers.xml", "price_list.xml", "agreements.xml", "contacts.xml"),
    *("opportunities.xml", "service_points.xml", "meters.xml", "meter_locations.xml", "trouble_tickets.xml"),
)
#: the samples of the back office, which people change: they are loaded once
_SUPPORT = ("contact_rules.xml", "help_topics.xml", "callback_requests.xml", "inventory_requests.xml")
#: the names of the users by their types; those of other types are called as their type is
_NAMES = {
    "customer care representative": "carla",
    "customer care representative manager": "martin",
    "sales representative": "sally",
    "channel partner": "petra",
    "customer": "jane",
    "third party": "theo",
    "back office": "bo",
    "operator": "olga",
    "administrator": "ada",
}
#: the accounts of those who don't see all
_ACCOUNTS = {"customer": ("1-B",), "channel partner": ("1-C",), "third party": ("1-B",)}
#: signs of a password that people type off the screen
_SIGNS = 14


class NoDemo(Refused):
    """Users whose passwords are printed are wanted in a deployment that isn't the demonstration's."""

    what = "this isn't the demo's deployment"
    where = "{folder}"
    why = "users whose passwords are printed belong into the demo alone"
    mend = "run `orderhub demo`, then `orderhub web --demo` in the same folder; elsewhere use `orderhub user add`"


def refuse_other_than_demo(folder: pathlib.Path) -> None:
    """Refuse a folder that isn't the one of a demonstration.

    Raises:
        NoDemo: it isn't.
    """
    if not is_demo(folder):
        raise NoDemo(folder=folder)


def people_of_demo(open_hub: OpenHub) -> list[tuple[str, str, str, str]]:
    """Make the users that aren't there, give each a new password, and return them: name, password, type, accounts.

    Raises:
        NoDemo: this isn't the demo's deployment.
    """
    refuse_other_than_demo(open_hub.deployment.folder)
    stage = Demonstration(open_hub)
    with open_hub.read() as transaction:
        has_support = bool(transaction.store.keys(CONTACT_RULE))
    for name in (*_SAMPLES, *(() if has_support else _SUPPORT)):
        stage.load(name)
    return [_person(open_hub, name) for name in open_hub.deployment.user_types]


def _person(open_hub: OpenHub, type: str) -> tuple[str, str, str, str]:
    name, password = _NAMES.get(type, type.replace(" ", "-")), new_token()[:_SIGNS]
    user_type = open_hub.deployment.user_types[type]
    accounts = () if user_type.accounts == EVERY else _ACCOUNTS.get(type, ())
    by = Actor("demo", "command line")
    with open_hub.write() as transaction:
        people = open_hub.access.people(transaction.connection)
        known = {user.name: user.id for user in people.every()}
        if name in known:
            # Not by `People.set_password`, after which the user must first choose another one.
            Users(transaction.connection).set_password(known[name], password_digest(password), must_change=False)
        else:
            new = NewUser(name, type, accounts=accounts, password=password_digest(password), must_change_password=False)
            people.add(new, by, "a first look")
    return name, password, type, ", ".join(accounts) or user_type.accounts
