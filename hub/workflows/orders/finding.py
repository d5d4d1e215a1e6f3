"""Finding: customers, services, orders and quotes by what people call them; an account's orders and quotes.

    find      by telephone or service number, meter, account, order, quote or support number, name
    orders    the orders of an account, a line each
    quotes    the quotes of an account, a line each

Spec: docs/workflows.md, "The pages".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from hub.presentation.item_row import counted_actions
from hub.services.action_alias import ALIAS
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflows.quotes.quote_arguments import ACCOUNT as OF_ACCOUNT
from hub.workflows.quotes.quote_arguments import MODULE as QUOTES_MODULE
from hub.workflows.state.accounts import the_account
from hub.workflows.state.order_lookup import MODULE
from hub.workflows.state.service_address import FIELD as ADDRESS
from hub.workflows.state.service_id import installed
from hub.workflows.state.service_profile import INACTIVE, OPEN_HEADERS
from integration_objects.errors import Refused
from integration_objects.field_values import read_number
from integration_objects.names import (
    ACCOUNT,
    ACCOUNT_KEY,
    ASSET,
    CALLBACK,
    INVENTORY_REQUEST,
    KEY,
    LINE_ITEM,
    NO_ACTION,
    ORDER,
    QUOTE,
    SERVICE_POINT,
    TROUBLE_TICKET,
)
from integration_objects.names import ADDRESS as STORED_ADDRESS
from integration_objects.service_number import plain_number
from integration_objects.surroundings import made_at

Row = Mapping[str, str | None]
#: finds rows by a text: object, component, field, text, how many at most -> each row with its owner's key
Look = Callable[[str, str | None, str, str, int], Sequence[tuple[str, Row]]]
#: fields whose words people say in any order, and the fewest signs of a number that are looked for within numbers
_NAMES, _FEWEST_SIGNS = ("Name", "First Name", "Last Name", "Street"), 3
#: rows that an answer shows, and rows that each look-up reads at most
MOST_SHOWN, _MOST_READ = 50, 200
#: objects of support, with the fields of their numbers and their words for people
_SUPPORT = (
    (CALLBACK, "Callback Number", "callback"),
    (INVENTORY_REQUEST, "Request Number", "inventory request"),
    (TROUBLE_TICKET, "Ticket Number", "trouble ticket"),
)
#: columns of `find`: the kind of the find, the number that it is known by, whose it is, and where it is (Address Id)
_COLUMNS = ("found", "number", "account", "name", "product", "status", "on", "address", "key")
#: columns of `orders` and `quotes`: those of both, and the fields between them
_DOCUMENT_BEGIN, _DOCUMENT_END = ("number", "revision", "status"), ("created", "lines")
_ORDER_COLUMNS = {"type": "Order Type", "due": "Due Date"}
_QUOTE_COLUMNS = {"valid until": "Valid Until Date"}


class NothingNamed(Refused):
    """Something is to be found that isn't named."""

    what = "nothing can be found by '{text}'"
    where = "argument 'text'"
    why = "it has nothing but blanks and signs"
    mend = "give a number, a name, or the beginning of one"


def find(run: Run, text: str) -> Outcome:
    """Find accounts, contacts, services, meters, service points, orders, quotes and support by a number or a name.

    Accounts are found by the street of their address, too.

    Each is found by the beginning of its number or name, whatever the blanks and signs of a number. If nothing begins
    with the text, those are found that have it in their number, or its words in their names, in any order.

    Raises:
        NothingNamed: the text has nothing but blanks and signs.
    """
    text = text.strip()
    wanted = plain_number(text)
    if not wanted:
        raise NothingNamed(text=text)
    # No index serves the middle of a text: whole tables are read only where nothing begins with it.
    rows = _found(run, text, run.beginning) or _found(run, text, _within(run))
    # Those of exactly this number or name come first; the sort keeps the others in their turn.
    rows.sort(key=lambda row: wanted not in {plain_number(row[name] or "") for name in ("number", "account", "name")})
    names = run.by_key(ACCOUNT, sorted({account for row in rows if (account := row["account"])}))
    named = [{**row, "name": row["name"] or names.get(row["account"] or "", {}).get("Name")} for row in rows]
    return _listed(named, f"nothing has '{text}' in its number or name", "give more of it")


def _found(run: Run, text: str, look: Look) -> list[Row]:
    points = _points(run, text, look)
    return [
        *_accounts(_headers(look, ACCOUNT, text, "Account Id", "Name", "Phone Number")),
        *_known_elsewhere(run, [key for _, key in look(ACCOUNT, ACCOUNT_KEY, "Number", text, _MOST_READ)]),
        *_contacts(_headers(look, "Contact", text, "Last Name", "Phone Number")),
        *_accounts(_at_addresses(run, _headers(look, STORED_ADDRESS, text, "Street"))),
        *_services(run, text, points, look),
        *_ordered(run, text, look),
        *_documents(text, look),
        *_support(text, look),
        *points,
    ]


def _within(run: Run) -> Look:
    """Make a look-up of rows that have a number anywhere in a field, or all words of a text in their names."""

    def look(name: str, component: str | None, field: str, text: str, most: int) -> list[tuple[str, Row]]:
        if field not in _NAMES:
            fits = len(plain_number(text)) >= _FEWEST_SIGNS
            return list(run.containing(name, component, field, text, most)) if fits else []
        words = text.casefold().split()
        rows = [row for word in words for row in run.containing(name, component, field, word, most)]
        return [(key, row) for key, row in rows if all(word in _whole_name(row).casefold() for word in words)]

    return look


def _whole_name(row: Row) -> str:
    return " ".join(part for field in _NAMES if (part := row.get(field)))


def orders(run: Run, account: str) -> Outcome:
    """List the orders of an account, in their active revisions, newest first.

    Raises:
        AccountUnknown: there is no such account.
    """
    the_account(run, account)
    headers = run.headers(ORDER, {"Account Id": account, "Active Flag": "Y"})
    rows = _document_rows(run, ORDER, headers, _ORDER_COLUMNS)
    return _listed(rows, f"the account {account} has no order", f"`orderhub object query '{ORDER}'` has all")


def quotes(run: Run, account: str) -> Outcome:
    """List the quotes of an account, in their newest revisions, newest first.

    Raises:
        AccountUnknown: there is no such account.
    """
    the_account(run, account)
    headers = _newest(run.headers(QUOTE, {"Account Id": account}))
    rows = _document_rows(run, QUOTE, headers, _QUOTE_COLUMNS)
    return _listed(rows, f"the account {account} has no quote", f"`orderhub object query '{QUOTE}'` has all")


def _listed(rows: Sequence[Row], nothing: str, how: str) -> Outcome:
    """Show the first rows, and say how many more there are."""
    more = len(rows) - MOST_SHOWN
    notes = (Note("more", f"and {more} more; {how}"),) if more > 0 else ()
    return Outcome(rows=tuple(rows[:MOST_SHOWN]), notes=notes, why="" if rows else nothing)


def _row(found: str, **columns: str | None) -> Row:
    return {name: found if name == "found" else columns.get(name) for name in _COLUMNS}


def _fields(found: Iterable[tuple[str, Row]]) -> list[Row]:
    """Return the fields of headers, each header once."""
    return list(dict(found).values())


def _headers(look: Look, name: str, text: str, *fields: str) -> list[Row]:
    """Return the headers that are found by one of the fields."""
    return _fields(pair for field in fields for pair in look(name, None, field, text, _MOST_READ))


def _accounts(accounts: Iterable[Row]) -> Iterator[Row]:
    for account in accounts:
        number, key, name = account["Phone Number"], account["Account Id"], account["Name"]
        place = account["Address Id"]
        yield _row("account", number=number, account=key, name=name, status=account["Status"], address=place)


def _at_addresses(run: Run, addresses: Iterable[Row]) -> list[Row]:
    """Return the accounts at addresses."""
    ids = sorted({address["Address Id"] or "" for address in addresses})
    return list(run.headers(ACCOUNT, {"Address Id": ids})) if ids else []


def _known_elsewhere(run: Run, keys: Iterable[Row]) -> Iterator[Row]:
    """Find accounts by the numbers that other systems know them by; such a row is *on* the system."""
    found = [(key, run.account_of(key["System"], key["Number"]) or "") for key in keys]
    accounts = run.by_key(ACCOUNT, sorted({account for _, account in found}))
    for key, account in found:
        header = accounts[account]
        name, status, place = header["Name"], header["Status"], header["Address Id"]
        yield _row(
            "account", number=key["Number"], account=account, name=name, status=status, on=key["System"], address=place
        )


def _contacts(contacts: Iterable[Row]) -> Iterator[Row]:
    for contact in contacts:
        number, account = contact["Phone Number"], contact["Account Id"]
        yield _row("contact", number=number, account=account, name=_whole_name(contact), address=contact["Address Id"])


def _points(run: Run, text: str, look: Look) -> list[Row]:
    """Return the service points and meters that the text names; a meter's row is *on* the point where it is now."""
    points = _fields([*run.by_key(SERVICE_POINT, [text]).items()])
    points += [point for point in _headers(look, SERVICE_POINT, text, "Service Id") if point not in points]
    meters = _fields([*run.by_key("Meter", [text]).items()])
    meters += [meter for meter in _headers(look, "Meter", text, "Serial Number") if meter not in meters]
    locations: dict[str | None, list[Row]] = {}
    for location in run.headers("Meter Location", {"Meter Id": [meter["Meter Id"] or "" for meter in meters]}):
        locations.setdefault(location["Meter Id"], []).append(location)
    return [
        *(
            _row(
                "service point",
                number=point["Service Id"],
                product=point["Product Id"],
                on=point["Service Point Id"],
                address=point["Address Id"],
            )
            for point in points
        ),
        *(
            _row(
                "meter",
                number=meter["Serial Number"] or meter["Meter Id"],
                status=meter["Status"],
                on=(installed(locations.get(meter["Meter Id"], ()), run.now()) or {}).get("Service Point Id"),
            )
            for meter in meters
        ),
    ]


def _services(run: Run, text: str, points: Sequence[Row], look: Look) -> Iterator[Row]:
    """Find the items of service profiles by their number, key or service point; those that ended come last."""
    numbers = {point: row["number"] for row in points if (point := row["on"]) is not None}
    found = {
        item[KEY]: (account, item)
        for account, item in (
            *look(ASSET, LINE_ITEM, "Service Id", text, _MOST_READ),
            *run.items(ASSET, LINE_ITEM, "Service Point Id", numbers),
            *run.items(ASSET, LINE_ITEM, KEY, [text]),
        )
    }
    for account, item in sorted(found.values(), key=lambda pair: pair[1]["Status"] == INACTIVE):
        point = item["Service Point Id"]
        number = item["Service Id"] or numbers.get(point or "")
        product, status = item["Product Id"], item["Status"]
        yield _row(
            "service",
            number=number,
            account=account,
            product=product,
            status=status,
            on=point,
            address=item[ADDRESS],
            key=item[KEY],
        )


def _ordered(run: Run, text: str, look: Look) -> Iterator[Row]:
    """Find the lines of orders that aren't done yet by their number."""
    found = look(ORDER, LINE_ITEM, "Service Id", text, _MOST_READ)
    rows = {"Row Id": sorted({order for order, _ in found}), "Active Flag": "Y", "Status": list(OPEN_HEADERS)}
    headers = {header["Row Id"]: header for header in run.headers(ORDER, rows)} if found else {}
    for row_id, line in found:
        order = headers.get(row_id)
        if order is not None and line["Action Code"] != NO_ACTION:
            yield _row(
                "order line",
                number=line["Service Id"],
                account=order["Account Id"],
                product=line["Product Id"],
                status=line["Status"],
                on=order["Order Number"],
                address=line[ADDRESS],
                key=line[KEY],
            )


def _documents(text: str, look: Look) -> Iterator[Row]:
    """Find orders and quotes by their numbers."""
    orders = [order for order in _headers(look, ORDER, text.upper(), "Order Number") if order["Active Flag"] == "Y"]
    quotes = _newest(_headers(look, QUOTE, text.upper(), "Quote Number"))
    for kind, documents in (("Order", orders), ("Quote", quotes)):
        for header in documents:
            number, account, status = header[f"{kind} Number"], header["Account Id"], header["Status"]
            yield _row(kind.lower(), number=number, account=account, status=status)


def _support(text: str, look: Look) -> Iterator[Row]:
    """Find callback requests, requests for inventory and trouble tickets by their numbers; *on* is their order."""
    for name, number, found in _SUPPORT:
        # The hub's own numbers are in capitals; a partner's tickets have numbers of their own.
        texts = dict.fromkeys((text, text.upper()))
        for record in _fields(pair for each in texts for pair in look(name, None, number, each, _MOST_READ)):
            yield _row(
                found,
                number=record[number],
                account=record["Account Id"],
                product=record["Product Id"],
                status=record["Status"],
                on=record["Order Number"],
            )


def _newest(quotes: Iterable[Row]) -> list[Row]:
    """Keep the newest revision of each quote."""
    revisions = sorted(quotes, key=lambda quote: read_number(quote["Revision"] or "1"))
    return list({quote["Quote Number"]: quote for quote in revisions}.values())


def _document_rows(run: Run, name: str, headers: Iterable[Row], columns: Mapping[str, str]) -> list[Row]:
    """Make a row for each order or quote, the newest first; *columns* are the columns between status and creation."""
    # Row ids are ordered by time.
    newest_first = sorted(headers, key=lambda header: header["Row Id"] or "", reverse=True)
    shown = [header["Row Id"] or "" for header in newest_first[:MOST_SHOWN]]
    counts = run.counts(name, LINE_ITEM, (ALIAS, "Action Code"), shown)
    number = f"{name.removeprefix('OM ')} Number"
    return [
        {
            "number": header[number],
            "revision": header["Revision"],
            "status": header["Status"],
            **{column: header[field] for column, field in columns.items()},
            "created": (made_at(header["Row Id"] or "") or "")[:10] or None,
            "lines": counted_actions(counts.get(header["Row Id"] or "", {})),
        }
        for header in newest_first
    ]


WORKFLOWS = (
    named_workflow(
        "Find",
        find,
        "find customers, services, meters, orders and quotes by a number or a name",
        Argument("text", required=True, help="The number or the name, or a part of it.", length=255),
        asks_only=True,
        columns=_COLUMNS,
    ),
    named_workflow(
        "Orders",
        orders,
        "list the orders of an account",
        OF_ACCOUNT,
        module=MODULE,
        asks_only=True,
        columns=(*_DOCUMENT_BEGIN, *_ORDER_COLUMNS, *_DOCUMENT_END),
    ),
    named_workflow(
        "Quotes",
        quotes,
        "list the quotes of an account",
        OF_ACCOUNT,
        module=QUOTES_MODULE,
        asks_only=True,
        columns=(*_DOCUMENT_BEGIN, *_QUOTE_COLUMNS, *_DOCUMENT_END),
    ),
)
