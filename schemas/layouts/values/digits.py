"""A decimal number as the digits that a field stores, and back.

stored digits 00500, scale 2    5.00
stored digits 12, scale -3      12000      (PIC 99PPP)
stored digits 12, scale 4       0.0012     (PIC VPP99)
"""

from __future__ import annotations


def from_stored(digits: str, scale: int, negative: bool = False) -> str:
    """Write the number that *digits* stand for; zero has no sign.

    >>> from_stored("00500", 2), from_stored("12", -3), from_stored("012", 4, negative=True)
    ('5.00', '12000', '-0.0012')
    """
    if scale > 0:
        whole, fraction = digits[:-scale].lstrip("0"), digits[-scale:]
        text = f"{whole}.{fraction}" if whole else f"0.{fraction.zfill(scale)}"
    else:
        text = digits.lstrip("0")
        text = text + "0" * -scale if text else "0"
    return "-" + text if negative and digits.strip("0") else text


def to_stored(value: str, digits: int, scale: int, signed: bool) -> tuple[str, bool]:
    """Give the digits that a field stores for *value*, and whether the value is below zero.

    Args:
        value: a decimal number.
        digits: the number of digits that the field stores.
        scale: the digits behind the point; below 0 for digits that aren't stored before it.
        signed: whether the field takes values below zero.

    Raises:
        ValueError: the value is no number, has more digits than the field, or is below zero in a field without a sign.

    >>> to_stored("5", 5, 2, signed=False), to_stored("-0.0012", 2, 4, signed=True)
    (('00500', False), ('12', True))
    """
    whole, _, fraction = value.partition(".")
    # Most values have no sign, and as many decimals as the field.
    if len(fraction) == scale:
        stored = whole + fraction
        if len(stored) <= digits and stored.isdecimal() and value.isascii():
            return stored.rjust(digits, "0"), False
    negative = whole[:1] == "-"
    if negative or whole[:1] == "+":
        whole = whole[1:]
    if not (whole + fraction).isdecimal() or not value.isascii():
        raise ValueError("it is no number: digits with a sign and a point are expected")
    if len(fraction) > scale:
        fraction = fraction.rstrip("0")
        if len(fraction) > max(scale, 0):
            raise ValueError(f"at most {max(scale, 0)} digits fit behind the point")
    if scale >= 0:
        stored = whole + fraction.ljust(scale, "0")
    else:
        if whole.strip("0") and not whole.endswith("0" * -scale):
            raise ValueError(f"only multiples of 1{'0' * -scale} fit")
        stored = whole[:scale]
    if len(stored) > digits:
        stored = stored.lstrip("0")
        if len(stored) > digits:
            raise ValueError(f"{_range(digits, scale, signed)} fits")
    if negative and not signed and stored.strip("0"):
        raise ValueError("the field has no sign, and takes nothing below zero")
    return stored.rjust(digits, "0"), negative and bool(stored.strip("0"))


def _range(digits: int, scale: int, signed: bool) -> str:
    largest = from_stored("9" * digits, scale)
    return f"{'-' + largest if signed else '0'} to {largest}"


def in_words(digits: int, scale: int, signed: bool) -> str:
    """Say the size of a number for people.

    >>> in_words(7, 2, True)
    '7 digits, 2 of them behind the point, signed'
    """
    words = f"{digits} digit{'s' * (digits != 1)}"
    if scale > digits:
        words += f" from the {scale - digits + 1}th place behind the point"
    elif scale > 0:
        words += f", {scale} of them behind the point"
    elif scale < 0:
        words += f", the last counts 1{'0' * -scale}s"
    return words + (", signed" if signed else "")
