"""What the measurements work on: orders of 40 lines in the mainframe's XML, and the accounts that they are for.

An order has about 22 kB; each line has 12 fields and 3 attributes. All its products are provided by a fulfilment
system, by themselves or by the line above them, so that nothing is complete when it is submitted and the whole order
leaves as one work order. They have no structure, attributes or rules: what checking and pricing cost is measured by
`growth`.
"""

from __future__ import annotations

from tests.road import mainframe_line

LINES, ATTRIBUTES = 40, 3
#: customers that the measured orders are spread over
CUSTOMERS = 50
#: customers of the orders that only warm up: they add nothing to what the others have ordered
WARM_CUSTOMERS = 10
#: rows that an order leaves in each table, by the hub as by the scripts; attributes by the names of their views
ROWS = {
    "hub_inbox": 1,
    "s_order": 1,
    "s_order_item": LINES,
    "s_order_item_xa": LINES * ATTRIBUTES,
    "s_work_order": 1,
    "s_work_order_item": LINES,
    "s_work_order_item_xa": LINES * ATTRIBUTES,
}


def body(number: int, warm: bool = False) -> bytes:
    """The order of this number, from a customer of those that are measured, or of those that warm up."""
    customer = f"W{number % WARM_CUSTOMERS}" if warm else f"C{number % CUSTOMERS}"
    return (
        f"<ORDERS><ORDER><MSG-ID>{message_id(number)}</MSG-ID><ORD-NO>{number:08d}</ORD-NO><REV-NO>1</REV-NO>"
        f"<CUST-NO>{customer}</CUST-NO><ORD-DATE>20260105</ORD-DATE><DUE-DATE>20260112</DUE-DATE><CURR>USD</CURR>"
        + "".join(_line(number, line) for line in range(1, LINES + 1))
        + "</ORDER></ORDERS>"
    ).encode()


def message_id(number: int) -> str:
    """The order's message id."""
    return f"MF-{number:08d}-1"


def accounts() -> bytes:
    """The customers, in the hub's own XML."""
    numbers = [f"C{number}" for number in range(CUSTOMERS)] + [f"W{number}" for number in range(WARM_CUSTOMERS)]
    return (
        '<Message IntObjectName="Account"><ListOfAccount>'
        + "".join(
            f"<Account><AccountId>1-{number}</AccountId><ListOfAccountKey><AccountKey><System>MAINFRAME</System>"
            f"<Number>{number}</Number></AccountKey></ListOfAccountKey></Account>"
            for number in numbers
        )
        + "</ListOfAccount></Message>"
    ).encode()


def products() -> bytes:
    """The products that they order, by the names that the mainframe's look-up table has for them."""
    return (
        b'<Message IntObjectName="Product"><ListOfProduct>'
        b"<Product><ProductId>Second Local Line</ProductId><Name>Second Local Line</Name><TrackAsAsset>Y</TrackAsAsset>"
        b"<PriceType>Recurring</PriceType><FulfilmentSystem>Provisioning</FulfilmentSystem></Product>"
        b"<Product><ProductId>Long Distance</ProductId><Name>Long Distance</Name><TrackAsAsset>Y</TrackAsAsset>"
        b"<PriceType>Recurring</PriceType></Product>"
        b"<Product><ProductId>Directory Listing</ProductId><Name>Directory Listing</Name><TrackAsAsset>Y</TrackAsAsset>"
        b"<PriceType>Recurring</PriceType></Product>"
        b"</ListOfProduct></Message>"
    )


def _line(order: int, number: int) -> str:
    """A line: below the root stand lines with two features each."""
    place = number % 3
    parent = None if number == 1 else 1 if place == 2 else number - 1 if place == 0 else number - 2
    product = "LCLLN002" if number == 1 or place == 2 else "LDIST001" if place == 0 else "DIRLS001"
    # No other order may ask for a number that one of these has.
    phone = f"{order % 10_000_000:07d}{number:03d}"
    more = (
        f"<UOM>Month</UOM><OCCURS>12</OCCURS><PHONE>{phone}</PHONE><PRICE>{number}.99</PRICE>"
        "<PRICE-TYPE>R</PRICE-TYPE><DUE-DATE>20260112</DUE-DATE>"
        f"<FEATURE><NAME>Forwarding Number</NAME><VAL>509556{number:04d}</VAL></FEATURE>"
        "<FEATURE><NAME>Directory Listing</NAME><VAL>Smith &amp; Sons, Main Street</VAL></FEATURE>"
        f"<FEATURE><NAME>Rings Before Voice Mail</NAME><VAL>{number % 9}</VAL></FEATURE>"
    )
    return mainframe_line(number, "A", product, parent, f"SERVICE-{order:08d}-{number:03d}", more=more)
