"""The peer that the hub is measured against: what somebody would write by hand for this one kind of order.

It does the same durable work, and nothing else: take the order, check it against the mainframe's schema, map it, and
in one transaction an order store the inbox row, the order and the work order, with their lines and attributes. Then
the work order and the reply leave, each published with a confirm, and the order is acknowledged. With SQLite the queues
are tables, and taking, storing and sending are one transaction.

There are two of it, so that what the storage saves is not taken for what the hub saves: `script` stores a row for each
attribute, in tables that are as the hub's would be without JSON; `script_json` stores them as the hub does, as JSON of
their items.

It knows no revision, no change of what is there, no key of another message, no retry, no outbox and no recording; its
products and accounts are read once.

    python -m tests.bench.script PEER DATABASE-URL [BROKER-URL]
"""

from __future__ import annotations

import csv
import datetime
import gc
import hashlib
import json
import pathlib
import signal
import sys
import time
import uuid
import warnings
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pika
from lxml import etree
from sqlalchemy import JSON, Connection, Engine, MetaData, create_engine, event, select
from sqlalchemy.exc import SAWarning

#: the peers: with tables for attributes, and with JSON
SCRIPT, SCRIPT_JSON = "script", "script_json"
SCRIPTS = (SCRIPT, SCRIPT_JSON)
ROOT = pathlib.Path(__file__).resolve().parents[2]
QUEUE, WORK_ORDERS, ANSWERS = "bench.script.orders", "bench.script.work_orders", "bench.script.answers"
#: what `script` stores attributes in, made when the bench prepares its databases
ATTRIBUTES, WORK_ATTRIBUTES = "bench_order_item_xa", "bench_work_order_item_xa"
#: SQLite's queues: what waits for the script, and what it has sent
IN_TABLE, OUT_TABLE = "bench_in", "bench_out"
_PREFETCH = 25
_IDLE_S = 0.05
_ACTION = {"A": ("Add", "add"), "C": ("Update", "change"), "D": ("Delete", "remove"), "N": ("-", "none")}
_PRICE_TYPE = {"O": "One-Time", "R": "Recurring", "U": "Usage"}
_NAMESPACE = "urn:orderhub:provisioning:work-order:1"


@dataclass
class Mapped:
    """An order as it is stored and sent: rows by table, and the two messages."""

    message_id: str
    rows: dict[str, list[dict[str, Any]]]
    work_order: bytes
    answer: bytes


class Script:
    """Everything that is read once, and the work on one order."""

    def __init__(self, engine: Engine, peer: str) -> None:
        metadata = MetaData()
        with warnings.catch_warnings():
            # SQLAlchemy says that it leaves out indexes on expressions; the script needs none.
            warnings.simplefilter("ignore", SAWarning)
            metadata.reflect(engine)
        self.tables = metadata.tables
        self._keeps_json = peer == SCRIPT_JSON
        for name in ("s_order_item", "s_work_order_item"):
            # SQLite calls it text.
            self.tables[name].c.attributes.type = JSON()
        self._inserts = {name: table.insert().inline() for name, table in self.tables.items()}
        self._schema = etree.XMLSchema(etree.parse(ROOT / "schemas/mainframe/order.xsd"))
        with (ROOT / "maps/lookups/mainframe_product.csv").open(encoding="utf-8") as file:
            self._codes = {row["code"]: row["value"] for row in csv.DictReader(file)}
        with engine.connect() as connection:
            products = self.tables["s_prod_int"]
            self._products = {row.product_id: row for row in connection.execute(select(products))}
            keys = self.tables["s_account_key"]
            self._accounts = {row.number: row.account_id for row in connection.execute(select(keys))}

    def store(self, connection: Connection, mapped: Mapped) -> None:
        """Write all rows of the order."""
        for name, rows in mapped.rows.items():
            connection.execute(self._inserts[name], rows)

    def map(self, body: bytes) -> Mapped:
        """Check and map one order."""
        root = etree.fromstring(body)
        self._schema.assertValid(root)
        order = root.find("ORDER")
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        stamp = {"created": now, "created_by": "hub", "last_upd": now, "last_upd_by": "hub"}
        account = self._accounts[order.findtext("CUST-NO")]
        number, message_id = order.findtext("ORD-NO"), order.findtext("MSG-ID")
        due = _date(order.findtext("DUE-DATE"))
        order_id, work_order_id = uuid.uuid4().hex, uuid.uuid4().hex
        header = {
            "row_id": order_id,
            "order_number": f"O-{number}",
            "source_system": "MAINFRAME",
            "source_order_number": number,
            "source_revision": order.findtext("REV-NO", "1"),
            "rev_num": "1",
            "active_flg": "Y",
            "order_type": "Sales Order",
            "status": "Open",
            "account_id": account,
            "serv_accnt_id": account,
            "bill_accnt_id": account,
            "currency_code": order.findtext("CURR", "USD"),
            "due_date": due,
            "modification_num": 1,
            **stamp,
        }
        work_header = {
            "row_id": work_order_id,
            "work_order_number": f"O-{number}-1",
            "rev_num": "1",
            "order_number": f"O-{number}",
            "order_revision": "1",
            "source_system": "MAINFRAME",
            "source_order_number": number,
            "account_id": account,
            "fulfilment_system": "Provisioning",
            "task": "Provide",
            "due_date": due,
            "status": "Open",
            "currency_code": header["currency_code"],
            "modification_num": 1,
            **stamp,
        }
        work_xml = etree.Element(f"{{{_NAMESPACE}}}workOrder", nsmap={None: _NAMESPACE})
        _add(work_xml, "number", f"O-{number}-1")
        _add(work_xml, "revision", "1")
        _add(work_xml, "orderNumber", f"O-{number}")
        _add(work_xml, "orderRevision", "1")
        _add(work_xml, "fulfilmentSystem", "Provisioning")
        _add(work_xml, "dueDate", due)
        _add(work_xml, "account", account)
        answer = etree.Element("ANSWER")
        for name, value in (
            ("MSG-ID", message_id),
            ("STATE", "OK"),
            ("ORD-NO", number),
            ("REV-NO", header["source_revision"]),
            ("HUB-ORD-NO", f"O-{number}"),
        ):
            etree.SubElement(answer, name).text = value

        items: list[dict[str, Any]] = []
        work_items: list[dict[str, Any]] = []
        attributes: list[dict[str, Any]] = []
        work_attributes: list[dict[str, Any]] = []
        seen: dict[str, tuple[dict[str, Any], dict[str, Any], Any]] = {}
        for position, line in enumerate(order.iterfind("LINE")):
            fields = {child.tag: child.text for child in line if child.tag != "FEATURE"}
            product = self._products[self._codes[fields["PROD-CD"]]]
            action, their_action = _ACTION[fields["ACTN"]]
            above = seen.get(fields.get("PARENT-LINE-NO", ""))
            key = uuid.uuid4().hex
            line_due = _date(fields.get("DUE-DATE")) or due
            shared = {
                "source_reference": fields.get("SVC-REF") or f"{number}-{fields['LINE-NO']}",
                "ln_num": fields["LINE-NO"],
                "prod_id": product.product_id,
                "prod_name": product.name,
                "action_cd": action,
                "status_cd": "Open",
                "qty_req": fields.get("QTY"),
                "service_num": fields.get("PHONE"),
                "serv_accnt_id": account,
                "bill_accnt_id": account,
                "req_ship_dt": line_due,
                "position": position,
                **stamp,
            }
            item_id, work_item_id = f"{order_id}.{position}", f"{work_order_id}.{position}"
            item = {
                "row_id": item_id,
                "order_id": order_id,
                "par_order_item_id": above[0]["row_id"] if above else None,
                "root_id": above[0]["root_id"] if above else item_id,
                "asset_integ_id": key,
                "track_as_asset": product.crt_ast_rec_flg or "Y",
                "price_type": _PRICE_TYPE.get(fields.get("PRICE-TYPE", "")) or product.price_type_cd,
                "unit_of_measure": fields.get("UOM"),
                "number_of_occurrences": fields.get("OCCURS"),
                "adj_unit_pri": fields.get("PRICE"),
                "amt_curcy_cd": header["currency_code"],
                "amt_dt": now[:10] if fields.get("PRICE") else None,
                "processed_flg": "N",
                "fulfilment_system": product.fulfilment_system or (above[0]["fulfilment_system"] if above else None),
                **shared,
            }
            work_item = {
                "row_id": work_item_id,
                "work_order_id": work_order_id,
                "par_work_order_item_id": above[1]["row_id"] if above else None,
                "root_id": above[1]["root_id"] if above else work_item_id,
                "integration_id": key,
                **shared,
            }
            items.append(item)
            work_items.append(work_item)
            element = etree.SubElement(above[2] if above else work_xml, f"{{{_NAMESPACE}}}line")
            for name, value in (
                ("integrationId", key),
                ("sourceReference", shared["source_reference"]),
                ("action", their_action),
                ("product", product.product_id),
                ("productName", product.name),
                ("quantity", shared["qty_req"]),
                ("serviceNumber", shared["service_num"]),
                ("serviceAccount", account),
                ("dueDate", line_due),
            ):
                if value:
                    _add(element, name, value)
            kept: list[dict[str, Any]] = []
            if self._keeps_json:
                item["attributes"] = work_item["attributes"] = kept
            for place, feature in enumerate(line.iterfind("FEATURE")):
                code = feature.findtext("ACTN") or fields["ACTN"]
                value = {
                    "name": feature.findtext("NAME"),
                    "text_value": feature.findtext("VAL"),
                    "action_cd": _ACTION[code][0],
                    "position": place,
                    **stamp,
                }
                if self._keeps_json:
                    kept.append({name: value[name] for name in ("name", "action_cd", "text_value")})
                else:
                    row_id = f"{item_id}.{place}"
                    attributes.append({"row_id": row_id, "order_item_id": item_id, "root_id": item["root_id"], **value})
                    work_attributes.append(
                        {
                            "row_id": f"{work_item_id}.{place}",
                            "work_order_item_id": work_item_id,
                            "root_id": work_item["root_id"],
                            **value,
                        }
                    )
                characteristic = etree.SubElement(element, f"{{{_NAMESPACE}}}characteristic", type="text")
                _add(characteristic, "name", value["name"])
                _add(characteristic, "value", value["text_value"])
                _add(characteristic, "action", _ACTION[code][1])
            told = etree.SubElement(answer, "LINE")
            etree.SubElement(told, "LINE-REF").text = shared["source_reference"]
            etree.SubElement(told, "HUB-REF").text = key
            seen[fields["LINE-NO"]] = (item, work_item, element)

        inbox = {
            "id": uuid.uuid4().hex,
            "route": "bench_script",
            "sender": "mainframe",
            "identity": message_id,
            "digest": hashlib.sha256(body).hexdigest(),
            "state": "done",
            "due_at": now,
            "received_at": now,
            "final_at": now,
            "message_id": message_id,
            "content_type": "application/xml",
            "source": QUEUE,
            "size": len(body),
            "headers": "{}",
            "body": body,
        }
        rows = {
            "hub_inbox": [inbox],
            "s_order": [header],
            "s_order_item": items,
            "s_work_order": [work_header],
            "s_work_order_item": work_items,
        }
        if not self._keeps_json:
            rows |= {ATTRIBUTES: attributes, WORK_ATTRIBUTES: work_attributes}
        return Mapped(
            message_id,
            rows,
            etree.tostring(work_xml, xml_declaration=True, encoding="UTF-8"),
            etree.tostring(answer, xml_declaration=True, encoding="UTF-8"),
        )


def run_on_broker(script: Script, engine: Engine, broker_url: str, stop: Stop) -> None:
    """Consume, store, publish twice with confirms, acknowledge; one order at a time."""
    link = pika.BlockingConnection(pika.URLParameters(broker_url))
    consuming, publishing = link.channel(), link.channel()
    publishing.confirm_delivery()
    consuming.basic_qos(prefetch_count=_PREFETCH)
    for method, _, body in consuming.consume(QUEUE, inactivity_timeout=_IDLE_S):
        if stop.asked:
            break
        if method is None:
            continue
        mapped = script.map(body)
        with engine.begin() as connection:
            script.store(connection, mapped)
        for queue, message in ((WORK_ORDERS, mapped.work_order), (ANSWERS, mapped.answer)):
            properties = pika.BasicProperties(
                delivery_mode=pika.DeliveryMode.Persistent,
                content_type="application/xml",
                correlation_id=mapped.message_id,
                message_id=uuid.uuid4().hex,
            )
            publishing.basic_publish("", queue, message, properties, mandatory=True)
        consuming.basic_ack(method.delivery_tag)
    link.close()


def run_on_tables(script: Script, engine: Engine, stop: Stop) -> None:
    """Take, store and send in one transaction an order; the queues are tables."""
    waiting, sent = script.tables[IN_TABLE], script.tables[OUT_TABLE]
    first = select(waiting).order_by(waiting.c.seq).limit(1)
    while not stop.asked:
        with engine.begin() as connection:
            row = connection.execute(first).one_or_none()
            if row is not None:
                mapped = script.map(row.body)
                script.store(connection, mapped)
                connection.execute(
                    sent.insert(),
                    [
                        {"queue": WORK_ORDERS, "message_id": mapped.message_id, "body": mapped.work_order},
                        {"queue": ANSWERS, "message_id": mapped.message_id, "body": mapped.answer},
                    ],
                )
                connection.execute(waiting.delete().where(waiting.c.seq == row.seq))
        if row is None:
            time.sleep(_IDLE_S)


def open_database(url: str) -> Engine:
    """The database; SQLite as safe from a power cut as the hub has it."""
    if not url.startswith("sqlite"):
        return create_engine(url.replace("postgresql://", "postgresql+psycopg://"), json_serializer=_compact)
    engine = create_engine(url, connect_args={"timeout": 30}, json_serializer=_compact)

    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=DELETE", "synchronous=EXTRA", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


class Stop:
    """Whether somebody asked the script to end."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def _add(parent: Any, name: str, text: str | None) -> None:
    etree.SubElement(parent, f"{{{_NAMESPACE}}}{name}").text = text


def _compact(kept: list[dict[str, Any]]) -> str:
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _date(text: str | None) -> str | None:
    return None if not text else f"{text[:4]}-{text[4:6]}-{text[6:]}"


def main() -> None:
    """Run until somebody ends it."""
    stop = Stop()
    peer, database_url, *broker_url = sys.argv[1:]
    engine = open_database(database_url)
    script = Script(engine, peer)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    if broker_url:
        run_on_broker(script, engine, broker_url[0], stop)
    else:
        run_on_tables(script, engine, stop)


if __name__ == "__main__":
    main()
