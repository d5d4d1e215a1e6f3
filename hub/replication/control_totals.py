"""Control totals of a file of records: count, hash total, amounts by sign, and a digest, added up record by record.

The writer of a file puts the totals into its header or trailer. The reader adds them up again and compares, before the
first record is applied. So a record that was lost, came twice or was changed on the way is found.

Spec: docs/design/legacy.md, "Two-way replication".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass
class ControlTotals:
    """The totals of the records so far; `add` changes them.

    Attributes:
        hash_digits: the digits of the hash total; higher ones are dropped. None where the file has no hash total.
        count: the number of records.
        hash_sum: the sum of the numbers, all digits of it.
        debits: the sum of the amounts below zero, without their sign.
        credits: the sum of the other amounts.
    """

    hash_digits: int | None = None
    count: int = 0
    hash_sum: int = 0
    debits: Decimal = Decimal(0)
    credits: Decimal = Decimal(0)
    _digest: hashlib.blake2b = field(default_factory=lambda: hashlib.blake2b(digest_size=16), repr=False, compare=False)

    def add(self, content: bytes, hashed: str | None = None, amount: Decimal | None = None) -> None:
        """Add a record.

        Args:
            content: the record's bytes, for the digest.
            hashed: the value of the field that the hash total is of.
            amount: the value of the field that the amounts are of.
        """
        self.count += 1
        self._digest.update(content + b"\n")
        if hashed is not None:
            self.hash_sum += digits_of(hashed)
        if amount is not None and amount < 0:
            self.debits -= amount
        elif amount is not None:
            self.credits += amount

    @property
    def hash_total(self) -> int:
        """Return the hash total: the sum's lowest digits."""
        return self.hash_sum if self.hash_digits is None else self.hash_sum % 10**self.hash_digits

    @property
    def digest(self) -> str:
        """Return BLAKE2b with 16 bytes, in hexadecimal digits, of all records, each with a line feed behind it."""
        return self._digest.hexdigest()


def digits_of(text: str) -> int:
    """Return the number that the decimal digits of a text make; other characters don't count.

    >>> digits_of("ACC-0042"), digits_of("none")
    (42, 0)
    """
    return int("".join(character for character in text if "0" <= character <= "9") or "0")
