"""The configuration of a service item is asked for by its quote, its order or its account: exactly one of them."""

from __future__ import annotations

import pytest

from hub.workflows.orders.configuration import ConfigurationUnclear, configuration


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ({}, "none"),
        ({"quote": "Q-0000001", "account": "1-A"}, "quote and account"),
        ({"quote": "Q-0000001", "order": "O-0000001", "account": "1-A"}, "quote and order and account"),
    ],
)
def test_one_thing_is_named(named, found):
    with pytest.raises(ConfigurationUnclear) as caught:
        # Refused before anything is read.
        configuration(None, "1", **named)
    assert str(caught.value).split("\n") == [
        "one quote, one order or one account must be named",
        "  where: arguments 'quote', 'order' and 'account'",
        f"  why:   expected one of the three, found {found}",
        "  mend:  give quote=, order= or account=",
    ]
