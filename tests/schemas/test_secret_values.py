"""Message bodies as people may see them: XML, JSON, and bodies that can't be read."""

from __future__ import annotations

import pytest

from integration_objects.secrets import SecretNames
from schemas.check import Limits
from schemas.secret_values import BodyNotMasked, masked_body, secrets_in

NAMES = SecretNames(["Password"])


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<a><PASSWORD> 77 </PASSWORD><b>77</b></a>", "<a><PASSWORD>***</PASSWORD><b>77</b></a>"),
        ('<a xmlns="urn:x"><Pass-Word>77</Pass-Word></a>', '<a xmlns="urn:x"><Pass-Word>***</Pass-Word></a>'),
        ('<a password="77" rings="6"/>', '<a password="***" rings="6"/>'),
        (
            '<f type="text"><name>Password</name><action>add</action><value>77</value></f>',
            '<f type="text"><name>Password</name><action>add</action><value>***</value></f>',
        ),
        ("<Password>77</Password>", "<Password>***</Password>"),
        (
            '<a><v>[{"request": "set", "attributes": {"Password": "77"}}]</v></a>',
            '<a><v>[{"request": "set", "attributes": {"Password": "***"}}]</v></a>',
        ),
    ],
)
def test_a_secret_of_xml_is_masked_in_its_place_and_found(body, shown):
    assert masked_body(body.encode(), NAMES).decode() == shown
    assert secrets_in(body.encode(), NAMES, Limits()) == {"77"}


def test_a_body_without_a_secret_stays_as_it_is():
    body = b"<?xml version='1.0'?>\n<a><!-- told --><b>Password</b></a >"
    assert masked_body(body, NAMES) is body


def test_json_is_masked():
    assert masked_body(b'{"a": [{"password": 77}], "b": 77}', NAMES) == (
        b'{\n  "a": [\n    {\n      "password": "***"\n    }\n  ],\n  "b": 77\n}'
    )


def test_a_body_that_can_not_be_read_is_shown_only_without_a_secrets_name():
    assert masked_body(b"100300;25.00", NAMES) == b"100300;25.00"
    for body in (b"<a><PASSWORD>77</PASSWORD>", b"pass word;77", b"\xff\xfePassword=77"):
        with pytest.raises(BodyNotMasked):
            masked_body(body, NAMES)
