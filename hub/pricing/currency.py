"""The rounding of prices: half up, to the currency's minor unit; rates of usage to all digits that are stored.

A rate (0.0335 for a kWh) is multiplied by the amount used before anybody pays it, so that a cent is too coarse for it.

Spec: docs/design/workflows.md, "Pricing" ("a stated rounding rule"); docs/design/data-model.md, "Rules" (money
is decimal).
"""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal

from integration_objects.field_values import FRACTION_DIGITS

#: Digits after the point of currencies that don't have two, by ISO 4217. A table, because the list changes once in
#: years, and the libraries that carry it bring megabytes of names along.
_MINOR_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_USUAL_DIGITS = 2
USAGE = "Usage"
#: For arithmetic before the rounding: ten levels of quantities with 22 digits each stay exact, and chains of 50,000
#: quantities neither overflow nor vanish.
EXACT = Context(prec=400, rounding=ROUND_HALF_UP, Emax=MAX_EMAX, Emin=MIN_EMIN)


def minor_digits(currency: str) -> int:
    """Return the digits after the point of amounts of *currency*; 2 for all that are no exceptions in ISO 4217.

    >>> minor_digits("USD"), minor_digits("JPY"), minor_digits("KWD")
    (2, 0, 3)
    """
    return _MINOR_DIGITS.get(currency, _USUAL_DIGITS)


def rounded(amount: Decimal, currency: str, price_type: str | None) -> Decimal:
    """Round a price or an amount as it is charged: half up, away from zero at the half.

    >>> rounded(Decimal("5.985"), "USD", "Recurring"), rounded(Decimal("0.03015"), "USD", "Usage")
    (Decimal('5.99'), Decimal('0.03015'))
    """
    if price_type == USAGE:
        return to_stored_digits(amount)
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), context=EXACT)


def to_stored_digits(number: Decimal) -> Decimal:
    """Round a number to the digits after the point that a stored number has."""
    # A number with fewer digits keeps its writing: quantize would add zeros to it.
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > FRACTION_DIGITS:
        return number.quantize(Decimal(1).scaleb(-FRACTION_DIGITS), context=EXACT)
    return number
