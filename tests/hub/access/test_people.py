"""Users are added, given accounts and opened to third parties; each step is audited, and nothing reaches further."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from adapters.database.connection.database import Database
from adapters.database.objects.faults import FieldInvalid
from hub.access import ActionObject, User, allowed, visible_accounts
from hub.access.audit import Actor
from hub.access.people import (
    AccountNotStored,
    AccountsUnneeded,
    NewUser,
    OrganizationUnfit,
    ThirdPartyUnknown,
    UserExists,
    UserNameUnfit,
    UserTypeUnknown,
    UserUnknown,
    WithheldRightUnknown,
)
from integration_objects.errors import HubError
from tests.hub.access.world import World

LEE = Actor("lee", "192.0.2.7")


@pytest.fixture
def world(database: Database) -> World:
    made = World(database)
    made.store_accounts("1-TOP", "1-MIDDLE", "1-BOTTOM")
    made.store_accounts("1-OTHER")
    return made


def read(world: World, name: str) -> User:
    with world.database.read() as connection:
        return world.access.people(connection).user(name)


def seen(world: World, name: str, accounts: Iterable[str | None]) -> set[str | None]:
    """The accounts that a user may see."""
    with world.database.read() as connection:
        visible = visible_accounts(world.access.people(connection).user(name))
        return {account for account in accounts if account in visible}


def as_lee(world: World, method: str, *arguments: Any) -> Any:
    with world.database.write() as connection:
        return getattr(world.access.people(connection), method)(*arguments, LEE)


def test_a_user_is_read_as_added(world: World) -> None:
    added = world.add(
        "Ann.Smith@Kite.example",
        "customer",
        organization="Kite",
        accounts=["1-TOP", "1-TOP"],
        withheld=["see prices"],
        must_change_password=True,
    )
    assert added == read(world, " ANN.smith@kite.EXAMPLE ")
    assert (added.name, added.organization, added.accounts) == ("ann.smith@kite.example", "Kite", {"1-TOP"})
    assert added.must_change_password
    assert "see prices" not in added.rights
    assert [row[2] for row in world.rows()] == ["manage users: add customer", "manage users: give account"]


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"name": ""}, UserNameUnfit),
        ({"name": "ann smith"}, UserNameUnfit),
        ({"name": "../ann"}, UserNameUnfit),
        ({"name": "<b>ann</b>"}, UserNameUnfit),
        ({"name": "ann\x00"}, UserNameUnfit),
        ({"name": "ann\u202e"}, UserNameUnfit),
        ({"name": "аnn"}, UserNameUnfit),  # a Cyrillic a
        ({"name": "x" * 65}, UserNameUnfit),
        ({"organization": "x" * 256}, OrganizationUnfit),
        ({"organization": "Kite\x00"}, OrganizationUnfit),
        ({"organization": "Kite\udcff"}, OrganizationUnfit),
        ({"name": "ann\n"}, None),
        ({"name": "TAKEN"}, UserExists),
        ({"user_type": "custmer"}, UserTypeUnknown),
        ({"withheld": ["see price"]}, WithheldRightUnknown),
        ({"accounts": ["1-NONE", "1-TOP"]}, AccountNotStored),
        ({"accounts": ["\x00"]}, FieldInvalid),
        ({"user_type": "operator", "accounts": ["1-TOP"]}, AccountsUnneeded),
    ],
    ids=range(18),
)
def test_a_user_who_can_not_be_is_refused_and_leaves_no_trace(
    world: World, parts: dict[str, Any], error: type[HubError] | None
) -> None:
    world.add("taken", "customer")
    before = world.everything_stored()
    user = {"name": "ann", "user_type": "customer", **parts}
    if error is None:
        assert world.add(**user).name == "ann"
        return
    with pytest.raises(error):
        world.add(**user)
    assert world.everything_stored() == before


def test_the_accounts_beneath_are_the_users_with_members_only(world: World) -> None:
    world.add("one", "customer", accounts=["1-TOP"])
    world.add("all", "customer", accounts=["1-TOP"], with_members=True)
    asked = ("1-TOP", "1-MIDDLE", "1-BOTTOM", "1-OTHER", "1-NEW", None, "")
    assert seen(world, "one", asked) == {"1-TOP"}
    assert seen(world, "all", asked) == {"1-TOP", "1-MIDDLE", "1-BOTTOM"}
    world.store_accounts("1-TOP", "1-MIDDLE", "1-BOTTOM", "1-NEW")
    assert "1-NEW" in seen(world, "all", asked)


def test_who_is_asked_for_many_accounts_answers_as_for_one(world: World) -> None:
    """Beyond some accounts all are read at once."""
    beneath = [f"1-M{number}" for number in range(60)]
    world.store_accounts("1-TOP", *beneath)
    world.add("all", "customer", accounts=["1-TOP"], with_members=True)
    asked = [account for pair in zip(beneath, (f"9-{number}" for number in range(60)), strict=True) for account in pair]
    assert seen(world, "all", asked) == set(beneath)


def test_a_sessions_user_sees_the_given_accounts_until_those_beneath_can_be_looked_up(world: World) -> None:
    world.add("ann", "customer", accounts=["1-TOP"], with_members=True)
    user = world.session(world.log_in()).user
    assert "1-TOP" in visible_accounts(user)
    assert "1-MIDDLE" not in visible_accounts(user)


def test_a_third_party_sees_exactly_the_accounts_that_were_opened_while_they_are(world: World) -> None:
    world.add("kite", "third party", with_members=True)
    assert visible_accounts(read(world, "kite")).ids == frozenset()
    as_lee(world, "open_account", "1-TOP", "Kite")
    kite = read(world, "kite")
    assert visible_accounts(kite).ids == {"1-TOP"}, "not those beneath"
    assert allowed(kite, "see orders", ActionObject("order", "1", "1-TOP"))
    assert not allowed(kite, "see orders", ActionObject("order", "1", "1-MIDDLE"))
    assert not allowed(kite, "see prices", ActionObject("order", "1", "1-TOP"))
    with world.database.read() as connection:
        (holder,) = world.access.people(connection).holders("1-TOP")
    assert (holder.name, holder.given_by) == ("kite", "lee")
    as_lee(world, "close_account", "1-TOP", "kite")
    assert visible_accounts(read(world, "kite")).ids == frozenset()
    assert [row[:3] for row in world.rows()[-2:]] == [
        ("lee", "192.0.2.7", "open accounts"),
        ("lee", "192.0.2.7", "close account"),
    ]


def test_an_account_is_opened_to_third_parties_only_and_a_refusal_does_not_tell_who_there_is(world: World) -> None:
    world.add("operator", "operator")
    world.add("customer", "customer")
    world.add("gone", "third party")
    world.change("disable", "gone")
    texts = set()
    for name in ("operator", "customer", "gone", "nobody", "\x00"):
        with pytest.raises(ThirdPartyUnknown) as refused:
            as_lee(world, "open_account", "1-TOP", name)
        texts.add((refused.value.why, refused.value.mend))
    assert len(texts) == 1


def test_accounts_are_given_and_taken_once(world: World) -> None:
    world.add("ann", "customer", accounts=["1-TOP"])
    assert world.change("give", "ann", ["1-TOP", "1-OTHER"]) == ["1-OTHER"]
    assert world.change("take", "ann", ["1-OTHER", "1-NONE", "\x00", "\ud800"]) == ["1-OTHER"]
    assert read(world, "ann").accounts == {"1-TOP"}
    assert [row[2] for row in world.rows()[-2:]] == ["manage users: give account", "manage users: take account"]


def test_a_user_whose_type_is_no_longer_declared_may_do_nothing(world: World) -> None:
    world.add("ann", "operator")
    other = World(world.database)
    other.access._types = {}
    user = read(other, "ann")
    assert (user.rights, visible_accounts(user).every) == (frozenset(), False)


@pytest.mark.parametrize("method", ["disable", "enable"])
@pytest.mark.parametrize("name", ["nobody", "", "\x00", "\ud800", "'; --"], ids=range(5))
def test_a_name_that_nobody_has_is_refused(world: World, method: str, name: str) -> None:
    with pytest.raises(UserUnknown):
        world.change(method, name)


def test_all_users_are_listed_with_their_accounts(world: World) -> None:
    world.add("zoe", "customer", accounts=["1-TOP"])
    world.add("ann", "operator")
    with world.database.read() as connection:
        users = world.access.people(connection).every()
    assert [(user.name, set(user.accounts)) for user in users] == [("ann", set()), ("zoe", {"1-TOP"})]


def test_two_people_add_one_name_at_once_and_one_of_them_is_refused(postgresql_database: Database) -> None:
    world = World(postgresql_database)
    with postgresql_database.write() as connection:
        first = world.access.people(connection)
        first.add(NewUser("ann", "operator"), LEE)
    with pytest.raises(UserExists):
        world.add("ann")
