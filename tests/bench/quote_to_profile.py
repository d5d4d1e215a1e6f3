"""How long a large quote takes on its way to the service profile: `python -m tests.bench.quote_to_profile`.

A campus has a plan with lines, each with three features. Modify adds a quarter as many lines as there are, which gives
all of them a new price: a quote of 150 lines, then of 1,500, goes through Modify, Edit Quote Line Item, Verify,
Quote to Order, Submit, and provisioning's answer, whose Apply Completed brings the service profile up to date. The way
that the plan came there first is measured too: its quote is a fifth smaller, and all of it is added.

Measured are seconds of this process's processor, the best of several customers, beside seconds of the clock, on SQLite
and, where one is found, on PostgreSQL, whose server works beside. The growth is the exponent between both sizes: 1 is
linear, 2 is quadratic.

    python -m tests.bench.quote_to_profile [--profile STEP]     STEP: print where its time goes, too
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import gc
import logging
import os
import pathlib
import pstats
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import structlog
from sqlalchemy import make_url

from hub.command_line.call import paused_collector
from integration_objects.complex_object import line_items, walk_items
from integration_objects.names import KEY
from integration_objects.property_set import PropertySet
from tests.bench.delta_and_apply import exponent, say
from tests.customer_care import CustomerCare, care_on, the
from tests.services.postgresql import a_postgresql
from tests.services.private_server import Missing

#: lines of the quote that Modify makes
SIZES = (150, 1_500)
#: customers of each size: the best of them counts
CUSTOMERS = {150: 5, 1_500: 2}
PLAN, LINE, FEATURES = "Campus Plan", "Local Line", ("Voice Mail", "Call Waiting", "Caller Id")
#: a line with its features, as items
ITEMS_A_LINE = 1 + len(FEATURES)
#: what is measured, in this order
STEPS = (
    "new products and services",
    "first quote to order",
    "first submit",
    "first answer, Apply Completed",
    "modify",
    "edit quote line item",
    "verify",
    "quote to order",
    "submit",
    "answer, Apply Completed",
    "apply-completed once more",
)
_PRODUCT = """<Message MessageType="Integration Object" IntObjectName="Product" IntObjectFormat="Hierarchical">
  <ListOfProduct><Product>
    <ProductId>Campus Plan</ProductId><Name>Campus Plan</Name><TrackAsAsset>Y</TrackAsAsset>
    <PriceType>Recurring</PriceType><CurrencyCode>USD</CurrencyCode>
    <ListOfProductStructure><ProductStructure>
      <ComponentProductId>Local Line</ComponentProductId><Least>1</Least><Default>1</Default>
    </ProductStructure></ListOfProductStructure>
    <ListOfBundleStructure>{features}</ListOfBundleStructure>
  </Product></ListOfProduct>
</Message>"""
_FEATURE = (
    "<BundleStructure><WithinProductId>Local Line</WithinProductId><ComponentProductId>{product}</ComponentProductId>"
    "<Default>1</Default></BundleStructure>"
)
_PRICES = """<Message MessageType="Integration Object" IntObjectName="Price List" IntObjectFormat="Hierarchical">
  <ListOfPriceList><PriceList>
    <PriceListId>{list}</PriceListId><Name>{list}</Name><CurrencyCode>USD</CurrencyCode>
    <ListOfPriceListItem>{items}</ListOfPriceListItem>
    <ListOfPriceRule><PriceRule>
      <Name>Many lines</Name><Kind>Volume</Kind><ProductId>Local Line</ProductId>
      <BundleProductId>Campus Plan</BundleProductId><FromQuantity>{many}</FromQuantity><Price>4.99</Price>
    </PriceRule></ListOfPriceRule>
  </PriceList></ListOfPriceList>
</Message>"""
_PRICE = (
    "<PriceListItem><Name>{product}</Name><ProductId>{product}</ProductId><PriceType>Recurring</PriceType>"
    "<UnitOfMeasure>Month</UnitOfMeasure><Price>{price}</Price></PriceListItem>"
)
_ACCOUNT = """<Message MessageType="Integration Object" IntObjectName="Account" IntObjectFormat="Hierarchical">
  <ListOfAccount><Account>
    <AccountId>{account}</AccountId><Name>{account}</Name><CurrencyCode>USD</CurrencyCode>
  </Account></ListOfAccount>
</Message>"""


class Watch:
    """Seconds of the processor and of the clock, by step; the best of each."""

    def __init__(self, profiled: str | None = None) -> None:
        self.worked: dict[str, float] = {}
        self.passed: dict[str, float] = {}
        self.profile = cProfile.Profile()
        self._profiled = profiled

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what happens here."""
        gc.collect()
        if name == self._profiled:
            self.profile.enable()
        worked, passed = time.process_time(), time.perf_counter()
        yield
        found = ((self.worked, time.process_time() - worked), (self.passed, time.perf_counter() - passed))
        self.profile.disable()
        for seconds, one in found:
            seconds[name] = min(one, seconds.get(name, one))


def customer(care: CustomerCare, watch: Watch, account: str, size: int) -> None:
    """One customer's way to a profile, and to the next."""
    care.road.load(_ACCOUNT.format(account=account))
    lines = size // ITEMS_A_LINE
    before = lines * 4 // 5
    price_list = f"For {size}"
    first = f"{PLAN}/{LINE}"
    numbers = [{"Service Id": f"{account} {place}"} for place in range(lines)]
    requests: list[dict[str, Any]] = [
        {"request": "set", "item": first, "fields": numbers[0]},
        {"request": "set", "item": f"{first}/Voice Mail", "attributes": {"Password": "1234"}},
        {"request": "copy", "item": first, "times": str(before - 1), "fields": numbers[1:before]},
    ]
    care("new-quote", account=account, price_list=price_list)
    with watch.step("new products and services"):
        quote = the(care("new-products-and-services", account=account, product=PLAN, requests=requests))
    with watch.step("first quote to order"):
        order = care.place(quote.get("Quote Number") or "")
    with watch.step("first submit"):
        care.submit(order)
    _answer(care, watch, "first answer, Apply Completed")
    root = care.profile_root(account)
    copied = line_items(root)[0].get(KEY)
    requests = [{"request": "copy", "item": copied, "times": str(lines - before), "fields": numbers[before:]}]
    care("new-quote", account=account, price_list=price_list)
    with watch.step("modify"):
        quote = the(care("modify", account=account, root=root.get(KEY), requests=requests))
    number = quote.get("Quote Number") or ""
    mail = line_items(line_items(root)[1])[0].get(KEY)
    requests = [{"request": "set", "item": mail, "attributes": {"Password": "4321"}}]
    with watch.step("edit quote line item"):
        quote = the(care("edit-quote-line-item", quote=number, line=root.get(KEY), requests=requests))
    with watch.step("verify"):
        care("verify", quote=number)
    found = sum(1 for _ in walk_items(quote))
    assert found == lines * ITEMS_A_LINE + 1, found
    with watch.step("quote to order"):
        order = care.place(number)
    with watch.step("submit"):
        care.submit(order)
    _answer(care, watch, "answer, Apply Completed")
    _prove(care, account, order, lines)
    with watch.step("apply-completed once more"):
        care("apply-completed", order=order.get("Order Number"))
    _prove(care, account, order, lines)


def _answer(care: CustomerCare, watch: Watch, step: str) -> None:
    (work_order,) = care.road.work_orders()
    with watch.step(step):
        assert care.road.complete(work_order)["state"] == "done"


def _prove(care: CustomerCare, account: str, order: PropertySet, lines: int) -> None:
    """What was measured was done: the profile has all lines at their new price, the order is Complete."""
    root = care.profile_root(account)
    assert [line.get("Adjusted Price") for line in line_items(root)] == ["4.99"] * lines
    assert {item.get("Status") for item, _ in walk_items(root)} == {"Active"}
    assert care.order(order.get("Order Number")).get("Status") == "Complete"


def measure(name: str, database_url: str | None, profiled: str | None) -> None:
    """Print a table of a database's figures."""
    watches = {size: Watch(profiled) for size in SIZES}
    with (
        tempfile.TemporaryDirectory() as folder,
        care_on(pathlib.Path(folder), database_url) as care,
        paused_collector(),
    ):
        load_plan(care)
        customer(care, Watch(), "WARM", SIZES[0])
        for size in SIZES:
            for number in range(CUSTOMERS[size]):
                customer(care, watches[size], f"C-{size}-{number}", size)
    small, large = (watches[size] for size in SIZES)
    heads = [f"{size:,} lines: CPU s" for size in SIZES] + [f"{SIZES[-1]:,} lines: clock s", "growth"]
    say(f"\n{name:<32}" + "".join(f"{head:>22}" for head in heads))
    for step in STEPS:
        growth = exponent(SIZES, (small.worked[step], large.worked[step]))
        figures = [small.worked[step], large.worked[step], large.passed[step], growth]
        say(f"{step:<32}" + "".join(f"{one:>22.3f}" for one in figures[:3]) + f"{growth:>22.2f}")
    if profiled is not None:
        pstats.Stats(large.profile, stream=sys.stdout).sort_stats("cumulative").print_stats(60)


def load_plan(care: CustomerCare) -> None:
    """Load the plan, and a price list for each size: its quote is the first that has many lines."""
    care.road.load(_PRODUCT.format(features="".join(_FEATURE.format(product=feature) for feature in FEATURES)))
    for size in SIZES:
        care.road.load(_prices(size))


def _prices(size: int) -> str:
    before = size // ITEMS_A_LINE * 4 // 5
    costs = {PLAN: "25.00", LINE: "5.99", **dict.fromkeys(FEATURES, "0.00")}
    items = "".join(_PRICE.format(product=product, price=price) for product, price in costs.items())
    return _PRICES.format(list=f"For {size}", items=items, many=before + 1)


@contextlib.contextmanager
def a_database() -> Iterator[str]:
    """The URL of a database made for the measurement on a PostgreSQL; dropped after it."""
    with a_postgresql() as url, psycopg.connect(url, autocommit=True) as connection:
        name = f"orderhub_bench_{os.getpid()}"
        connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0".encode())
        try:
            yield make_url(url).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.quote_to_profile")
    parser.add_argument("--profile", metavar="STEP", choices=STEPS, help="where the time of a step goes, too")
    profiled = parser.parse_args().profile
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    measure("SQLite", None, profiled)
    try:
        with a_database() as url:
            measure("PostgreSQL", url, profiled)
    except Missing as missing:
        say(f"PostgreSQL: skipped, {missing}")


if __name__ == "__main__":
    main()
