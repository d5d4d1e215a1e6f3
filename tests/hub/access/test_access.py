"""The log-in, sessions and throttling, as somebody meets them who has, has not, or has stolen what they need."""

from __future__ import annotations

import pyotp
import pytest
from argon2 import PasswordHasher

from adapters.database.connection.database import Database
from adapters.database.connection.driver_faults import DatabaseBusy
from hub.access import ActionObject, allowed
from hub.access.access import Credentials, LogInRefused, PasswordWrong
from hub.access.passwords import PasswordUnfit, password_digest
from hub.access.throttle import FORGOTTEN_S, FREE_OF_ADDRESS, FREE_OF_NAME, LogInThrottled
from tests.hub.access.world import AWAY, DIGEST, HOME, OTHER, PASSWORD, World


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_a_name_and_its_password_begin_a_session_of_the_user(world: World) -> None:
    world.add()
    session = world.session(world.log_in(" Ann "))
    assert (session.user.name, session.address) == ("ann", HOME)
    assert world.rows()[1:] == [("ann", HOME, "log in", "done")]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", OTHER),
        ("ann", ""),
        ("ann", PASSWORD.upper()),
        ("ann", PASSWORD + " "),
        ("ann", PASSWORD + "\x00"),
        ("ann", "\ud800" * 12),
        ("ann", "x" * 1_000_000),
        ("bob", PASSWORD),
        ("", PASSWORD),
        ("ann'; DROP TABLE hub_user; --", PASSWORD),
        ("ann\x00", PASSWORD),
        ("\ud800", PASSWORD),
        ("x" * 100_000, PASSWORD),
        ("ａｎｎ", PASSWORD),
    ],
    ids=range(14),
)
def test_a_wrong_name_and_a_wrong_password_fail_alike(world: World, name: str, password: str) -> None:
    world.add()
    with pytest.raises(LogInRefused) as refused:
        world.log_in(name, password)
    assert str(refused.value) == (
        "the log-in failed\n"
        "  where: the log-in\n"
        "  why:   the name, the password or the code is wrong, or the user is disabled\n"
        "  mend:  try again; an administrator can give you a new password"
    )


def test_a_name_that_nobody_has_is_written_nowhere_because_it_may_be_a_password(world: World) -> None:
    with pytest.raises(LogInRefused):
        world.log_in(PASSWORD, "ann")
    assert world.rows() == [("", HOME, "log in", "denied")]
    assert PASSWORD not in world.everything_stored()


def test_no_password_and_no_token_stand_in_the_database_or_in_a_shown_object(world: World) -> None:
    world.add()
    credentials = Credentials("ann", PASSWORD, "123456")
    logged_in = world.access.log_in(credentials, HOME)
    for secret in (PASSWORD, logged_in.token, "123456"):
        assert secret not in world.everything_stored() + repr(credentials) + repr(logged_in)


def test_a_disabled_user_does_not_log_in_and_open_sessions_end(world: World) -> None:
    world.add()
    token = world.log_in()
    world.change("disable", "ann")
    assert world.access.session_of(token) is None
    with pytest.raises(LogInRefused):
        world.log_in()
    world.change("enable", "ann")
    assert world.access.session_of(token) is None
    assert world.session(world.log_in()).user.name == "ann"


def test_a_user_without_a_password_does_not_log_in_by_one(world: World) -> None:
    world.add(password=None)
    with pytest.raises(LogInRefused):
        world.log_in(password="")


def test_a_session_ends_without_use_and_at_its_longest_however_busy(world: World) -> None:
    world.add()
    idle, busy = world.log_in(), world.log_in()
    for _ in range(42):  # every 1,000 seconds, from about 0 to 42,000
        assert world.access.session_of(busy) is not None
        world.clock.sleep(1000)
    assert world.access.session_of(idle) is None
    world.clock.sleep(1500)
    assert world.access.session_of(busy) is None
    world.log_in()
    assert world.everything_stored().count(HOME) == 4, "three log-ins in the audit, and one session"


def test_a_stolen_token_is_worth_nothing_after_the_log_out_and_the_digest_never_is(world: World) -> None:
    world.add()
    token = world.log_in()
    assert world.access.session_of(world.session(token).digest) is None
    world.access.log_out(token, HOME)
    assert world.access.session_of(token) is None
    assert world.rows()[-1] == ("ann", HOME, "log out", "done")
    world.access.log_out(token, HOME)
    assert len(world.rows()) == 3, "a second log-out is nobody's"


def test_a_log_out_everywhere_ends_all_sessions_of_this_user_only(world: World) -> None:
    world.add()
    world.add("bob")
    tokens, others = [world.log_in(), world.log_in()], world.log_in("bob")
    world.access.log_out_everywhere(world.session(tokens[0]).user, HOME)
    assert [world.access.session_of(token) for token in tokens] == [None, None]
    assert world.session(others).user.name == "bob"


def test_a_fixed_session_is_not_taken_over_by_the_log_in(world: World) -> None:
    """An attacker who plants his own token, valid or made up, has nothing after the victim's log-in."""
    world.add()
    world.add("mallory")
    for planted in (world.log_in("mallory"), "made-up"):
        logged_in = world.access.log_in(Credentials("ann", PASSWORD), HOME, planted)
        assert logged_in.token != planted
        assert world.access.session_of(planted) is None


@pytest.mark.parametrize("token", [None, "", "x", "\x00", "\ud800", "ａ" * 43, "x" * 100_000], ids=range(7))
def test_a_cookie_that_is_no_token_is_nobodys_session(world: World, token: str | None) -> None:
    world.add()
    world.log_in()
    assert world.access.session_of(token) is None


def test_rights_and_accounts_are_those_of_now_in_an_open_session(world: World) -> None:
    world.store_accounts("1-A", "1-B")
    world.add("kite", "third party", accounts=["1-A"])
    token = world.log_in("kite")
    assert world.session(token).user.accounts == {"1-A"}
    world.change("take", "kite", ["1-A"])
    assert world.session(token).user.accounts == frozenset()


def test_failed_log_ins_of_a_name_make_it_wait_longer_and_longer_and_a_success_forgets_them(world: World) -> None:
    world.add()
    world.fail(FREE_OF_NAME)
    waits = []
    for _ in range(9):
        with pytest.raises(LogInThrottled) as throttled:
            world.log_in()  # the right password doesn't help while the name waits
        wait_s = throttled.value.objects["wait_s"]
        waits.append(wait_s)
        world.clock.sleep(wait_s)
        world.fail(1)
    assert waits == sorted(waits)
    assert waits[0] <= 5
    assert 290 <= waits[-1] <= 300
    world.clock.sleep(300)
    world.log_in()
    world.fail(FREE_OF_NAME)


def test_a_name_that_nobody_has_is_throttled_as_a_known_one_is(world: World) -> None:
    world.fail(FREE_OF_NAME, name="nobody")
    with pytest.raises(LogInThrottled):
        world.log_in("nobody")


def test_an_address_waits_whatever_the_names_and_others_do_not(world: World) -> None:
    world.add()
    for number in range(FREE_OF_ADDRESS):
        world.fail(1, name=f"name{number}")
    with pytest.raises(LogInThrottled):
        world.log_in()
    assert world.session(world.log_in(address=AWAY)).user.name == "ann"


def test_a_success_does_not_clear_the_failures_of_its_address(world: World) -> None:
    """Somebody with a log-in of his own can't guess others' for ever."""
    world.add()
    for number in range(FREE_OF_ADDRESS):
        world.fail(1, name=f"name{number}")
        if number % 10 == 0:
            world.log_in()
    with pytest.raises(LogInThrottled):
        world.log_in()


def test_failures_are_forgotten_after_an_hour_and_by_a_new_password(world: World) -> None:
    world.add()
    world.fail(FREE_OF_NAME)
    world.change("set_password", "ann", DIGEST)
    world.log_in()
    world.fail(FREE_OF_NAME)
    world.clock.sleep(FORGOTTEN_S)
    world.log_in()


def test_a_code_is_asked_for_and_taken_once(world: World) -> None:
    world.add()
    secret = pyotp.random_base32()
    world.change("set_totp", "ann", secret)
    code = pyotp.TOTP(secret).at(int(world.clock.seconds()))
    for wrong in ("", "000000" if code != "000000" else "111111", code + "0", "x" * 6, "１２３４５６"):
        with pytest.raises(LogInRefused):
            world.log_in(code=wrong)
        world.change("set_password", "ann", DIGEST)  # which forgets the failure
    assert world.session(world.log_in(code=f"{code[:3]} {code[3:]}")).user.has_totp
    with pytest.raises(LogInRefused):
        world.log_in(code=code)
    world.clock.sleep(60)
    with pytest.raises(LogInRefused):
        world.log_in(password=OTHER, code=pyotp.TOTP(secret).at(int(world.clock.seconds())))
    assert secret not in repr(world.rows())


def test_a_user_changes_the_own_password_and_keeps_the_present_session_only(world: World) -> None:
    user = world.add(must_change_password=True, password=DIGEST)
    present, other = world.log_in(), world.log_in()
    assert not any(allowed(world.session(present).user, right, _object()) for right in user.user_type.rights)
    world.access.change_password(world.session(present), PASSWORD, OTHER, HOME)
    assert allowed(world.session(present).user, "see messages", _object())
    assert world.access.session_of(other) is None
    with pytest.raises(LogInRefused):
        world.log_in()
    world.log_in(password=OTHER)
    assert ("ann", HOME, "change own password", "done") in world.rows()


def test_a_stolen_session_does_not_change_the_password_and_guesses_are_throttled(world: World) -> None:
    world.add()
    session = world.session(world.log_in())
    for _ in range(FREE_OF_NAME):
        with pytest.raises(PasswordWrong):
            world.access.change_password(session, "guessed", OTHER, AWAY)
    with pytest.raises(LogInThrottled):
        world.access.change_password(session, PASSWORD, OTHER, AWAY)
    assert world.rows()[-1] == ("ann", AWAY, "change own password", "denied")


@pytest.mark.parametrize("new", ["short", "password1234", "Ann ann ann ann 7", PASSWORD[:3] * 5])
def test_a_new_password_that_others_guess_is_refused_and_the_old_one_stays(world: World, new: str) -> None:
    world.add()
    session = world.session(world.log_in())
    with pytest.raises(PasswordUnfit) as refused:
        world.access.change_password(session, PASSWORD, new, HOME)
    assert new not in str(refused.value)
    for _ in range(FREE_OF_NAME):  # none of which counts as a failed log-in
        with pytest.raises(PasswordUnfit):
            world.access.change_password(session, PASSWORD, new, HOME)
    world.log_in()


def test_a_password_that_an_administrator_has_replaced_meanwhile_is_not_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add()
    session = world.session(world.log_in())
    replaced = password_digest("wagon pebble 7 lantern")

    def check(*_: object) -> None:
        world.change("set_password", "ann", replaced)

    monkeypatch.setattr("hub.access.access.check_password", check)
    with pytest.raises(PasswordWrong):
        world.access.change_password(session, PASSWORD, OTHER, HOME)
    assert replaced in world.everything_stored()


def test_a_page_is_shown_while_the_database_is_being_written_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add()
    token = world.log_in()
    world.clock.sleep(100)

    def write() -> None:
        raise DatabaseBusy("the database is being written to", database="x", cause="y")

    monkeypatch.setattr(world.database, "write", write)
    assert world.session(token).user.name == "ann"


def test_an_outdated_digest_is_renewed_by_the_log_in(world: World) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    world.add(password=old, must_change_password=True)
    session = world.session(world.log_in())
    assert session.user.must_change_password
    assert old not in world.everything_stored()
    world.log_in()


def test_the_page_noted_a_session_once_a_minute(world: World) -> None:
    world.add()
    token = world.log_in()
    before = world.session(token).seen_at
    assert world.session(token).seen_at == before
    world.clock.sleep(60)
    world.session(token)
    assert world.session(token).seen_at > before


def test_the_same_on_postgresql(postgresql_database: Database) -> None:
    world = World(postgresql_database)
    world.store_accounts("1-A", "1-B")
    world.add("ann", "customer", accounts=["1-A"], with_members=True)
    token = world.log_in()
    with postgresql_database.read() as connection:
        user = world.access.user_within(connection, world.session(token).user)
        assert [account in user.members for account in ("1-B", "1-C")] == [True, False]
    world.fail(FREE_OF_NAME)
    with pytest.raises(LogInThrottled):
        world.log_in()
    world.access.log_out_everywhere(world.session(token).user, HOME)
    assert world.access.session_of(token) is None


def _object() -> ActionObject:
    return ActionObject("message", "1")
