"""Feeds are declared, and proven against the objects and layouts that they name."""

from __future__ import annotations

import pathlib

import pytest

from hub.deployment.deployment import Deployment
from hub.deployment.feed import FeedUnknown, Limit, feed_named
from hub.deployment.feed_declaration import read_feeds
from hub.deployment.settings import Settings
from integration_objects.declaration import DeclarationFault, Source, shipped

SHIPPED = shipped("hub", folder="feeds")


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return Deployment(pathlib.Path("/nonexistent"), Settings(feeds=["*"]))


def test_the_shipped_feed_is_read(deployment: Deployment) -> None:
    feed = feed_named(deployment.feeds, "billing_accounts")
    assert feed.names[:3] == ("Name", "Status", "Credit Limit")
    assert feed.owners[:3] == ("partner", "hub", "counter")
    assert feed.joined["Address"].is_named_by_root
    assert not feed.joined["Contact"].is_named_by_root
    assert feed.limits["changes"] == Limit(per_cent=20)
    assert feed.file.answer.codes["kept"] == "KEPT"


def test_a_feed_does_nothing_unless_the_settings_list_it() -> None:
    assert Deployment(pathlib.Path("/nonexistent"), Settings()).feeds == {}


def test_an_unknown_feed_is_told(deployment: Deployment) -> None:
    with pytest.raises(FeedUnknown) as raised:
        feed_named(deployment.feeds, "billing_acounts")
    assert raised.value.mend == "did you mean 'billing_accounts'?"


#: A mistake in the shipped feed: the text, the text in its place, and the line that `orderhub check` prints for it.
MISTAKES = [
    ("object: Account", "object: Acount", "there is no integration object 'Acount'"),
    ("field: Account Id", "field: Account", "there is no key of one field 'Account'"),
    ("record: CUST-NO}", "record: CUST-NR}", "there is no field of ACCOUNT-RECORD 'CUST-NR'"),
    ("Address: {by: Address Id}", "Address: {by: Name}", "'Name' doesn't join Address to Account"),
    ("Address: {by: Address Id}", "Adress: {by: Address Id}", "there is no integration object 'Adress'"),
    ('{Primary Flag: "Y"}', '{Primary: "Y"}', "Contact has no stored field 'Primary'"),
    ("  Name: {", "  Nam: {", "Account has no stored field 'Nam'"),
    ("Address/Street", "Premises/Street", "'Premises' isn't joined"),
    ("STREET, owner: hub", "CITY, owner: hub", "the field of the record 'CITY' is declared twice"),
    ("CUST-NAME, owner: partner", "CUST-NAME, owner: billing", "'billing' is not allowed here"),
    ("PHONE, owner: newest", "PHONE, owner: counter", "'Phone Number' is no number"),
    ("chunk: 500", "kept: {days: 400}", "sources are kept for 365 days, and all rows for 400"),
    ("chunk: 500", "time zone: Europe/Berlim", "there is no time zone 'Europe/Berlim'"),
    ("version: CHANGED-AT\n", "", "nothing tells which change is the newest"),
    ("    version: CHANGED-AT\n", "", "messages need the key 'file/answer/version'"),
    (
        "to: {channel: billing.accounts.to}",
        "to: {channel: billing.accounts.from}",
        "the hub would read its own messages from 'billing.accounts.from'",
    ),
    (
        "to: {channel: billing.accounts.to}",
        "to: {folder: billing}",
        "the answers to messages that come by a channel have no way back",
    ),
    (
        "from: {channel: billing.accounts.from}",
        "from: {folder: billing.accounts}",
        "the folder 'billing.accounts' has the feed's files",
    ),
    ("to: {channel: billing.accounts.to}", "to: {queue: billing}", "there is no key 'queue'"),
    ("I: Inactive", "I: Active", "two codes stand for 'Active'"),
    ("I: Inactive", "C: Closed", "the value 'Closed' closes a record, and has a code"),
    ("layout: Billing Account File", "layout: Mainframe Order", "the object 'Mainframe Order' has no records"),
    ("layout: Billing Account File", "layout: Account File", "there is no external object 'Account File'"),
    ("header: FILE-HEADER", "header: FILE-HEAD", "there is no record of Billing Account File 'FILE-HEAD'"),
    ("number: FILE-HEADER/FILE-NO", "number: FILE-NO", "'FILE-NO' is not a field of a record"),
    ("number: FILE-HEADER/FILE-NO", "number: FILE-HEADER/FILE-NR", "the record FILE-HEADER has no field 'FILE-NR'"),
    ("number: FILE-HEADER/FILE-NO", "number: HEADER/FILE-NO", "there is no record 'HEADER'"),
    ("amounts: {of: CREDIT-LIMIT", "amounts: {of: PHONE", "PHONE is no number"),
    ("digits: 10", "digits: 0", "0 is not allowed here"),
    ("adds: 20 %", "adds: many", "'many' is not a limit"),
    ("missing: reported", "missing: ignored", "'ignored' is not allowed here"),
    ("0 2 * * 1-6", "0 25 * * 1-6", "'0 25 * * 1-6' is no time of a calendar"),
    ("smallest: 50 %", "smallest: 50", "the smallest size is no share"),
    ("{Status: Closed}", "{State: Closed}", "Account has no stored field 'State'"),
    ("{Status: Closed}", "kept", "'kept' is not allowed here"),
    ("chunk: 500", "waived: [{check: has, reason: r, until: 2026-12-31}]", "'has' is not allowed here"),
    ("chunk: 500", "waived: [{check: hash, reason: r, until: 2026-02-31}]", "there is no day 2026-02-31"),
    ("folder: billing.accounts", "folder: ../billing", "'../billing' is not a folder's name"),
]


@pytest.mark.parametrize(("text", "mistake", "what"), MISTAKES, ids=[what for _, _, what in MISTAKES])
def test_a_mistake_is_told_with_its_place_and_its_mend(
    deployment: Deployment, text: str, mistake: str, what: str
) -> None:
    assert text in SHIPPED[0].text
    source = Source("hub/feeds/x.yaml", SHIPPED[0].text.replace(text, mistake, 1))
    with pytest.raises(DeclarationFault) as raised:
        read_feeds([source], deployment.definitions, deployment.external_objects)
    assert raised.value.what == what
    assert raised.value.where.startswith("hub/feeds/x.yaml:")
    assert raised.value.mend


def test_two_feeds_have_two_folders(deployment: Deployment) -> None:
    second = Source("hub/feeds/second.yaml", SHIPPED[0].text.replace("feed: billing_accounts", "feed: second"))
    with pytest.raises(DeclarationFault) as raised:
        read_feeds([*SHIPPED, second], deployment.definitions, deployment.external_objects)
    assert raised.value.what == "two feeds have the folder 'billing.accounts'"
