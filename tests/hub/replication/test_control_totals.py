"""Totals are added up record by record."""

from __future__ import annotations

import hashlib
from decimal import Decimal

from hub.replication.control_totals import ControlTotals, digits_of


def test_the_totals_of_a_file() -> None:
    totals = ControlTotals(hash_digits=3)
    totals.add(b"one", "A-0998", Decimal("10.50"))
    totals.add(b"two", "A-0004", Decimal("-2.25"))
    totals.add(b"three", None, Decimal(0))
    assert (totals.count, totals.debits, totals.credits) == (3, Decimal("2.25"), Decimal("10.50"))
    assert totals.digest == hashlib.blake2b(b"one\ntwo\nthree\n", digest_size=16).hexdigest()


def test_high_digits_of_a_hash_total_are_dropped() -> None:
    totals = ControlTotals(hash_digits=3)
    totals.add(b"", "998")
    totals.add(b"", "4")
    assert totals.hash_sum == 1002
    assert totals.hash_total == 2
    whole = ControlTotals()
    whole.add(b"", "998")
    whole.add(b"", "4")
    assert whole.hash_total == 1002


def test_only_decimal_digits_count() -> None:
    assert digits_of("1-٣-2") == 12  # an Arabic three
