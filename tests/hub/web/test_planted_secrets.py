"""Fifty secrets in attributes, bodies, passwords and tokens: no page of any user, no audit and no log shows one."""

from __future__ import annotations

import html
import re

from hub.access.audit import Actor
from hub.access.totp import new_secret
from tests.hub.web.people import NAMES, PASSWORD

#: no name of the setting `secrets`: the product marks it
CODE = "Mailbox Code"
PRODUCT = f"""
<Message MessageType="Integration Object" IntObjectName="Product"><ListOfProduct><Product>
  <ProductId>Call Waiting</ProductId><FulfilmentSystem>Provisioning</FulfilmentSystem>
  <ListOfProductAttribute>
    <ProductAttribute><Name>{CODE}</Name><Type>text</Type><Secret>Y</Secret></ProductAttribute>
  </ListOfProductAttribute>
</Product></ListOfProduct></Message>"""
#: secrets of lines of a quote and an order, of messages in three states of understanding, of users
LINES = [f"line-code-{number}x7" for number in range(10)]
READ = [f"read-pass-{number}q3" for number in range(8)]
REFUSED = [f"refused-pin-{number}w5" for number in range(8)]
BROKEN = [f"broken-puk-{number}z9" for number in range(6)]
#: pages that each user's crawl reads at most, in each of two forms
MOST_PAGES = 24
#: pages without a link that leads to them
_ROOTS = (
    *("/", "/help", "/accounts?text=1", "/accounts/1-B", "/orders/O-0000001", "/orders/O-0000003"),
    *("/quotes/Q-0000003", "/console/messages", "/console/outbound", "/accounts?account=1-B&text=1", "/password"),
)
_LINK = re.compile(r'href="(/[^"#]*)')


def plant(web) -> tuple[list[str], list[str]]:
    """Bring the secrets into the hub; return them, the log-ins' included, and the addresses of messages' contents."""
    road, care = web.road, web.care
    road.load(PRODUCT)
    for value in LINES:
        requests = [{"request": "set", "item": "Call Waiting", "attributes": {CODE: value}}]
        quote = care.work("new-products-and-services", account="1-B", product="Call Waiting", requests=requests)
    number = quote.get("Quote Number") or ""
    care.submit(care.place(number))
    bodies = [account(f"S-{value}", f"<Password>{value}</Password>") for value in READ]
    bodies += [
        account("", f"<Attribute><Name>PIN</Name><TextValue>{value}</TextValue></Attribute>") for value in REFUSED
    ]
    bodies += [f"<ORDERS><PUK>{value}</PUK>" for value in BROKEN]
    sent = [road.send(body, "hub_object") for body in bodies]
    road.run()
    codes = totp_secrets(web)
    tokens = [web.token(name) for name in NAMES.values()]
    with web.open_hub.read() as transaction:
        left = [row["id"] for row in transaction.messages.outbox.listing(limit=5)]
    addresses = [f"/console/messages/{id}/content" for id in sent] + [f"/console/outbound/{id}/content" for id in left]
    return [*LINES, *READ, *REFUSED, *BROKEN, PASSWORD, *tokens, *codes], addresses


def account(key: str, more: str) -> str:
    """A message with an account."""
    return (
        '<Message MessageType="Integration Object" IntObjectName="Account"><ListOfAccount><Account>'
        f"<AccountId>{key[:10]}</AccountId><Name>Planted</Name>{more}</Account></ListOfAccount></Message>"
    )


def totp_secrets(web) -> list[str]:
    """Give each user codes, and return their secrets. It ends all sessions."""
    secrets = []
    with web.open_hub.write() as transaction:
        people = web.open_hub.access.people(transaction.connection)
        for name in NAMES.values():
            secret = new_secret()
            people.set_totp(name, secret, Actor("test", "command line"))
            secrets.append(secret)
    return secrets


def crawl(browser, roots) -> dict[str, str]:
    """Read the pages that lead from page to page, as HTML and as JSON."""
    waiting, seen, texts = [*_ROOTS, *roots], set(), {}
    while waiting and len(seen) < MOST_PAGES + len(roots):
        address = waiting.pop(0)
        if address in seen or address.startswith("/static"):
            continue
        seen.add(address)
        answer = browser.get(address)
        texts[address] = f"{answer.headers}{html.unescape(answer.text)}"
        waiting += [html.unescape(link) for link in _LINK.findall(answer.text)]
        path, mark, query = address.partition("?")
        if path != "/":
            texts[f"{path}.json{mark}{query}"] = browser.get(f"{path}.json{mark}{query}").text
    return texts


def test_no_user_sees_a_secret(web, capfd):
    planted, contents = plant(web)
    assert len(set(planted)) >= 50
    shown: dict[str, str] = {}
    read = {}
    for name in NAMES.values():
        # The contents are the operator's; one is enough to see that the others don't get them.
        texts = crawl(web.browser(name), contents if name == "olga" else contents[:1])
        read[name] = len(texts)
        shown |= {f"{name} {address}": text for address, text in texts.items()}
    with web.open_hub.read() as transaction:
        shown["audit"] = repr(web.open_hub.access.audit(transaction.connection).newest(10_000))
    printed = capfd.readouterr()
    shown["log"] = printed.out + printed.err
    told = [(place, secret) for place, text in shown.items() for secret in planted if secret in text]
    assert told == []
    # The crawl did come to the places where the secrets stand.
    assert any("***" in text for place, text in shown.items() if place.startswith("olga /console/messages/"))
    assert min(read.values()) > 10
