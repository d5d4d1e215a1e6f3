"""Who may do what: every user type × right × owner, against the table that the declarations must give."""

from __future__ import annotations

import dataclasses
import pathlib

import pytest

from hub.access import (
    RIGHTS,
    AccessDenied,
    ActionObject,
    User,
    UserType,
    allowed,
    check_allowed,
    visible_accounts,
)
from hub.access.rights import CHANGE_OWN_PASSWORD
from hub.access.user_type import read_user_types
from hub.deployment.declared_files import USER_TYPES, shipped_by_name

TYPES = read_user_types(shipped_by_name(USER_TYPES).values())
#: The types in the order of the columns of the table below.
COLUMNS = (
    "customer care representative",
    "customer care representative manager",
    "sales representative",
    "channel partner",
    "customer",
    "third party",
    "back office",
    "operator",
    "administrator",
)
#: x: the users of the type have the right. Written by hand from the decisions, and not made of the declarations.
TABLE = """
see accounts         x x x x x x x x .
change accounts      x x . . . . . . .
open accounts        . x . . x . . . .
see services         x x x x x x x x .
see quotes           x x x x x . . x .
see orders           x x x x x x x x .
see prices           x x x x x . . x .
quote                x x x x x . . . .
discount             . x x . . . . . .
order                x x x x x . . . .
approve              . x . . . . . . .
complete lines       . x . . . . x . .
see fallout          . x . . . . x x .
resolve fallout      . x . . . . x x .
see support          x x x x x . x . .
ask support          x x x x x . x . .
answer support       . x . . . . x . .
see help             x x x x x x x x x
edit help            . . . . . . x . .
see messages         . . . . . . . x .
see message bodies   . . . . . . . x .
edit and resubmit    . . . . . . . x .
replay               . . . . . . . x .
give up              . . . . . . . x .
mass actions         . . . . . . . x .
see components       . . . . . . . x x
operate components   . . . . . . . x .
see feeds            . . . . . . . x .
operate feeds        . . . . . . . x .
see declarations     . . . . . . . x x
see users            . . . . . . . . x
manage users         . . . . . . . . x
see audit            . . . . . . . . x
"""
DECLARED = {
    (line[:21].strip(), user_type): sign == "x"
    for line in TABLE.strip().splitlines()
    for user_type, sign in zip(COLUMNS, line[21:].split(), strict=True)
}
#: The types whose users see some accounts only.
LIMITED = ("channel partner", "customer", "third party")
#: The owners of an object: an account of the user's, one beneath it, another one, none.
OWN, BENEATH, OTHERS, NONE = "1-OWN", "1-BENEATH", "1-OTHER", None


def user_of(user_type: str, **parts: object) -> User:
    of_type = TYPES[user_type]
    limited = {"accounts": frozenset([OWN])} if user_type in LIMITED else {}
    return dataclasses.replace(User("u1", "ann", of_type), **{**limited, **parts})


def test_the_table_has_every_right_and_every_shipped_type() -> None:
    assert {right for right, _ in DECLARED} == set(RIGHTS)
    assert {user_type for _, user_type in DECLARED} == set(TYPES)


@pytest.mark.parametrize("user_type", COLUMNS)
@pytest.mark.parametrize("owner", [OWN, BENEATH, OTHERS, NONE])
def test_each_right_of_each_type_reaches_the_objects_of_its_accounts_only(user_type: str, owner: str | None) -> None:
    """Limited types read the help centre, and nothing else of the hub; all others see every account, and none's."""
    reached = user_type not in LIMITED or owner == OWN
    of_hub = {"see help"} if owner is NONE else set()
    user = user_of(user_type)
    may = {right: allowed(user, right, ActionObject("order", "1", owner)) for right in RIGHTS}
    assert may == {right: DECLARED[right, user_type] and (reached or right in of_hub) for right in RIGHTS}


@pytest.mark.parametrize("user_type", LIMITED)
def test_the_accounts_beneath_count_where_the_user_has_them(user_type: str) -> None:
    user = user_of(user_type, with_members=True, members=frozenset([BENEATH]))
    for owner, reached in ((OWN, True), (BENEATH, True), (OTHERS, False), (NONE, False)):
        assert allowed(user, "see orders", ActionObject("order", "1", owner)) is reached


@pytest.mark.parametrize("user_type", COLUMNS)
@pytest.mark.parametrize("state", [{"disabled": True}, {"must_change_password": True}])
def test_a_disabled_user_and_one_whose_password_is_known_to_others_may_nothing(
    user_type: str, state: dict[str, bool]
) -> None:
    user = user_of(user_type, **state)
    assert not any(allowed(user, right, ActionObject("order", "1", OWN)) for right in RIGHTS)
    changes = allowed(user, CHANGE_OWN_PASSWORD, ActionObject("user", "u1"))
    assert changes is not user.disabled


@pytest.mark.parametrize("user_type", COLUMNS)
def test_every_user_changes_the_own_password_and_no_other(user_type: str) -> None:
    user = user_of(user_type)
    assert allowed(user, CHANGE_OWN_PASSWORD, ActionObject("user", "u1"))
    assert not allowed(user, CHANGE_OWN_PASSWORD, ActionObject("user", "u2"))
    assert not allowed(user, CHANGE_OWN_PASSWORD, ActionObject("user"))


@pytest.mark.parametrize("user_type", COLUMNS)
@pytest.mark.parametrize("action", ["", "fly", "See Orders", "see orders "])
def test_an_unknown_action_is_denied(user_type: str, action: str) -> None:
    assert not allowed(user_of(user_type), action, ActionObject("order", "1", OWN))


def test_a_withheld_right_is_denied_and_the_others_stay() -> None:
    user = user_of("sales representative", withheld=frozenset(["see prices"]))
    assert not allowed(user, "see prices", ActionObject("order", "1", OTHERS))
    assert allowed(user, "see orders", ActionObject("order", "1", OTHERS))


def test_a_limited_user_of_an_own_type_has_a_right_about_the_hub_on_the_hub_and_not_on_others_objects() -> None:
    author = UserType("author", "own", frozenset(["edit help", "see orders"]))
    user = User("u1", "ann", author, accounts=frozenset([OWN]))
    assert allowed(user, "edit help", ActionObject("help topic", "1"))
    assert not allowed(user, "edit help", ActionObject("help topic", "1", OTHERS))
    assert not allowed(user, "see orders", ActionObject("order", "1"))


def test_a_limited_user_without_accounts_sees_none_and_an_empty_account_is_nobodys() -> None:
    user = user_of("customer", accounts=frozenset())
    assert visible_accounts(user).ids == frozenset()
    assert not allowed(user, "see orders", ActionObject("order", "1", OWN))
    assert not allowed(user_of("customer", accounts=frozenset([""])), "see orders", ActionObject("order", "1", ""))


def test_a_denial_tells_the_action_and_not_whether_the_thing_is_there() -> None:
    with pytest.raises(AccessDenied) as denied:
        check_allowed(user_of("customer"), "see orders", ActionObject("order", "O-17", OTHERS))
    assert str(denied.value) == (
        "you may not do this: see orders\n"
        "  where: order\n"
        "  why:   your rights don't allow it here\n"
        "  mend:  ask an administrator, if you need it for your work"
    )


def test_the_page_has_every_right_with_its_sentence() -> None:
    page = (pathlib.Path(__file__).parents[3] / "docs" / "users.md").read_text("utf-8")
    for name, right in RIGHTS.items():
        assert f"| {name} | {right.sentence} |" in page
    for name, user_type in TYPES.items():
        assert f"| {name} | {user_type.accounts} |" in page
