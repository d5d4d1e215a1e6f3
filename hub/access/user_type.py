"""User types: the rights of each kind of user, and the accounts that its users see.

Declared in hub/access/*.yaml; each is proven when it is loaded:

    user type: third party
    help: A provider that a customer lets see his services.
    accounts: granted          every, own or granted
    rights: [see accounts, see services, see orders]

A deployment's own type of the same name takes the place of the shipped one.

Source: User Profiles. Spec: docs/users.md, "User types".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.access.rights import RIGHTS
from integration_objects.declaration import Node, Source, read

REQUIRED, OPTIONAL = ("user type", "accounts", "rights"), ("help",)
#: The accounts that the users of a type see: all, those that an administrator gave, those that customers opened.
EVERY, OWN, GRANTED = "every", "own", "granted"
ACCOUNTS = (EVERY, OWN, GRANTED)


@dataclass(frozen=True)
class UserType:
    """A kind of user.

    Attributes:
        accounts: one of `ACCOUNTS`.
        rights: names of `RIGHTS`.
        where: the place of the declaration.
    """

    name: str
    accounts: str
    rights: frozenset[str]
    help: str = ""
    where: str = ""


def read_user_types(sources: Iterable[Source]) -> Mapping[str, UserType]:
    """Read user types, by name.

    Raises:
        DeclarationFault: a type is wrong; the error names file, line and column.
    """
    types: dict[str, UserType] = {}
    for source in sources:
        node = read(source)
        name, user_type = _user_type(node)
        if user_type.name in types:
            raise name.twice("user type", types[user_type.name].where)
        types[user_type.name] = user_type
    return types


def _user_type(node: Node) -> tuple[Node, UserType]:
    parts = node.mapping(required=REQUIRED, optional=OPTIONAL)
    rights: dict[str, Node] = {}
    for each in parts["rights"].sequence():
        if each.text() not in RIGHTS:
            raise each.unknown("right", RIGHTS, otherwise="name a right of docs/users.md")
        if each.text() in rights:
            raise each.twice("right", rights[each.text()].where)
        rights[each.text()] = each
    accounts = parts["accounts"].choice(*ACCOUNTS)
    name = parts["user type"]
    return name, UserType(name.text(), accounts, frozenset(rights), parts.text("help", ""), name.where)
