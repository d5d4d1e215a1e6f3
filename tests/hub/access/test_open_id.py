"""The log-in by OpenID Connect, with a provider on this machine that tells the truth, or lies."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey

from adapters.asked_service import AnswerFaulty, ServiceAway
from adapters.database.connection.database import Database
from adapters.http_client import ServiceMisplaced, UrlWrong
from adapters.open_id import OpenIdProvider
from hub.access.access import LogInRefused
from hub.access.open_id import OpenIdLogIn, open_id_of
from tests.hub.access.open_id_provider import CLIENT, OTHER_RSA, RSA, SECRET, Provider, open_id_provider, sign_with
from tests.hub.access.world import HOME, World

BACK = "https://hub.example/sign-in/back"


@pytest.fixture(scope="module")
def served() -> Iterator[Provider]:
    with open_id_provider() as made:
        yield made


@pytest.fixture
def provider(served: Provider) -> Provider:
    fresh = Provider()
    fresh.url = served.url
    vars(served).clear()
    vars(served).update(vars(fresh))
    return served


class Here:
    """The hub's side: a deployment's access, its log-in by the provider, and one user there."""

    def __init__(self, database: Database, provider: Provider) -> None:
        self.world = World(database)
        self.provider = provider
        self.elapsed_s = 0.0
        self.client = OpenIdProvider(provider.url, CLIENT, SECRET, lambda: self.elapsed_s)
        self.log_in = OpenIdLogIn(self.client, self.world.access, self.world.clock)
        self.world.add(password=None, open_id=open_id_of(provider.url, "sub-ann"))
        self.set_clock()

    def set_clock(self) -> None:
        self.provider.now = self.world.clock.seconds()

    def go(self, subject: str = "sub-ann", **changed: Any) -> Any:
        """Log somebody in, the whole way; *changed* are other arguments of `finish`."""
        question = self.log_in.begin(BACK)
        state, code = self.provider.log_in(question.url, subject)
        parts = {"redirect_uri": BACK, "ticket": question.ticket, "state": state, "code": code, "address": HOME}
        return self.log_in.finish(**{**parts, **changed})

    def refused(self, subject: str = "sub-ann", **changed: Any) -> None:
        with pytest.raises(LogInRefused):
            self.go(subject, **changed)


@pytest.fixture
def here(database: Database, provider: Provider) -> Here:
    return Here(database, provider)


def test_a_person_whom_the_provider_proves_logs_in_as_the_user_with_this_subject(here: Here) -> None:
    logged_in = here.go()
    assert here.world.session(logged_in.token).user.name == "ann"
    assert here.world.rows()[-1] == ("ann", HOME, "log in", "done")
    planted = here.go().token
    assert here.go(token_before=planted).token != planted
    assert here.world.access.session_of(planted) is None


def test_addresses_and_keys_are_asked_for_once_an_hour(here: Here, provider: Provider) -> None:
    here.go()
    here.go()
    assert provider.asked == ["/.well-known/openid-configuration", "/token", "/keys", "/token"]
    here.elapsed_s = 3600
    here.go()
    assert provider.asked[4:] == ["/.well-known/openid-configuration", "/token", "/keys"]


@pytest.mark.parametrize("subject", ["sub-bob", "", "SUB-ANN", "sub-ann ", "\x00", "x" * 10_000], ids=range(6))
def test_a_subject_that_no_user_has_is_nobody(here: Here, subject: str) -> None:
    here.refused(subject)
    assert here.world.rows()[-1] == ("", HOME, "log in", "denied")


def test_a_disabled_user_does_not_log_in(here: Here) -> None:
    here.world.change("disable", "ann")
    here.refused()
    assert here.world.rows()[-1] == ("ann", HOME, "log in", "denied")


@pytest.mark.parametrize("ticket", ["", "made-up", "\ud800", "x" * 100_000], ids=range(4))
def test_an_answer_for_another_browser_does_not_count(here: Here, ticket: str) -> None:
    """A page of another site leads a browser to the answer for the attacker's own log-in."""
    here.refused(ticket=ticket)
    here.refused(state="x")
    here.refused(state="\ud800")
    assert "/token" not in here.provider.asked


@pytest.mark.parametrize("code", ["", "made-up", "\x00", "x" * 10_000], ids=range(4))
def test_a_code_that_the_provider_did_not_give_does_not_count(here: Here, code: str) -> None:
    here.refused(code=code)


def test_a_code_counts_once_and_for_its_own_address_only(here: Here) -> None:
    question = here.log_in.begin(BACK)
    state, code = here.provider.log_in(question.url, "sub-ann")
    here.log_in.finish(BACK, question.ticket, state, code, HOME)
    with pytest.raises(LogInRefused):
        here.log_in.finish(BACK, question.ticket, state, code, HOME)
    here.refused(redirect_uri="https://evil.example/")


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another issuer": lambda claims: claims.update(iss="https://evil.example"),
    "no issuer": lambda claims: claims.pop("iss"),
    "another client": lambda claims: claims.update(aud="other"),
    "no client": lambda claims: claims.pop("aud"),
    "made for another client": lambda claims: claims.update(aud=[CLIENT, "other"], azp="other"),
    "made for one of several": lambda claims: claims.update(aud=[CLIENT, "other"]),
    "another nonce": lambda claims: claims.update(nonce="x"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "a nonce that is a number": lambda claims: claims.update(nonce=7),
    "expired": lambda claims: claims.update(exp=claims["iat"] - 120),
    "without an end": lambda claims: claims.pop("exp"),
    "an end that is a text": lambda claims: claims.update(exp="2099"),
    "made in the future": lambda claims: claims.update(iat=claims["iat"] + 600),
    "no subject": lambda claims: claims.pop("sub"),
    "a subject that is a list": lambda claims: claims.update(sub=["sub-ann"]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_token_of_another_time_client_provider_or_log_in_does_not_count(
    here: Here, change: Callable[[dict[str, Any]], Any]
) -> None:
    here.provider.change = change
    here.refused()


def test_a_token_for_several_clients_that_was_made_for_us_counts(here: Here) -> None:
    here.provider.change = lambda claims: claims.update(aud=["other", CLIENT], azp=CLIENT)
    assert here.go().user.name == "ann"


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def unsigned(claims: dict[str, Any]) -> str:
    return f"{encoded(json.dumps({'alg': 'none'}).encode())}.{encoded(json.dumps(claims).encode())}."


def by_the_public_key(claims: dict[str, Any]) -> str:
    """Sign with the provider's public key as if it were a secret that both sides know."""
    signed = f"{encoded(json.dumps({'alg': 'HS256', 'kid': 'rsa'}).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{signed}.{encoded(hmac.digest(RSA.as_pem(private=False), signed.encode(), 'sha256'))}"


def changed_behind_the_signature(claims: dict[str, Any]) -> str:
    head, _, signature = sign_with(RSA)({**claims, "sub": "sub-bob"}).split(".")
    return f"{head}.{encoded(json.dumps(claims).encode())}.{signature}"


SIGNED: dict[str, Callable[[dict[str, Any]], str]] = {
    "by nobody": unsigned,
    "by the public key": by_the_public_key,
    "by another key": sign_with(OTHER_RSA),
    "by a key that is not known": sign_with(OTHER_RSA, kid="other"),
    "before it was changed": changed_behind_the_signature,
    "by another way": sign_with(RSA, "RS384"),
    "not at all": lambda claims: "no token",
    "empty": lambda claims: "",
    "endless": lambda claims: "x" * 100_000,
}


@pytest.mark.parametrize("sign", SIGNED.values(), ids=SIGNED)
def test_a_token_that_the_provider_did_not_sign_does_not_count(
    here: Here, sign: Callable[[dict[str, Any]], str]
) -> None:
    here.provider.sign = sign
    here.refused()
    here.provider.sign = sign_with(RSA)
    assert here.go().user.name == "ann"


def test_keys_that_the_provider_has_changed_are_read_anew_but_not_for_every_made_up_key(here: Here) -> None:
    here.go()
    new = ECKey.generate_key("P-256", {"kid": "new", "use": "sig"}, auto_kid=False)
    here.provider.keys, here.provider.sign = [RSA, new], sign_with(new, "ES256", "new")
    here.refused()  # the known keys are too young to be read anew
    here.elapsed_s = 60
    assert here.go().user.name == "ann"
    here.provider.sign = sign_with(OTHER_RSA, kid="made-up")
    asked = here.provider.asked.count("/keys")
    for _ in range(5):
        here.refused()
    assert here.provider.asked.count("/keys") == asked


@pytest.mark.parametrize(
    ("discovery", "why"),
    [
        ({"issuer": "https://evil.example"}, "it is that of 'https://evil.example'"),
        ({"token_endpoint": None}, "expected issuer, authorization_endpoint, token_endpoint, jwks_uri"),
        ({"token_endpoint": "http://evil.example/token"}, "expected https://"),
        ({"jwks_uri": "file:///etc/passwd"}, "expected http:// or https:// and a host"),
    ],
    ids=range(4),
)
def test_a_provider_that_leads_elsewhere_is_not_used(here: Here, discovery: dict[str, Any], why: str) -> None:
    here.provider.discovery = discovery
    with pytest.raises(AnswerFaulty) as faulty:
        here.log_in.begin(BACK)
    assert why in faulty.value.why


def test_a_provider_that_is_away_is_told_as_such(here: Here) -> None:
    here.provider.status = 503
    with pytest.raises(ServiceAway):
        here.go()


def test_a_secret_that_the_provider_does_not_take_is_a_setting_to_mend_and_not_shown(
    database: Database, provider: Provider
) -> None:
    here = Here(database, provider)
    client = OpenIdProvider(provider.url, CLIENT, "wrong-secret", lambda: 0.0)
    here.log_in = OpenIdLogIn(client, here.world.access, here.world.clock)
    with pytest.raises(ServiceMisplaced) as misplaced:
        here.go()
    assert "wrong-secret" not in str(misplaced.value)


@pytest.mark.parametrize("issuer", ["http://id.example", "ftp://id.example", "id.example", "https://", "https://a:b@x"])
def test_a_provider_is_asked_by_https_only(issuer: str) -> None:
    with pytest.raises(UrlWrong):
        OpenIdProvider(issuer, CLIENT, SECRET, lambda: 0.0)


def test_no_ticket_stands_in_a_shown_question(here: Here) -> None:
    question = here.log_in.begin(BACK)
    assert question.ticket not in repr(question) + question.url
