"""A deployment with declarations of every kind, all of them right: the sender Kite, and three systems of its own."""

from __future__ import annotations

import pathlib

#: A schema of an element with an id and a text; the element's name is to be filled in.
TEXT_XSD = """\
<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="{root}">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="text" type="xs:string"/>
      </xs:sequence>
      <xs:attribute name="id" type="xs:string"/>
    </xs:complexType>
  </xs:element>
</xs:schema>
"""

FILES: dict[str, str] = {
    "orderhub.toml": """\
database_url = "sqlite:///orderhub.db"
routes = ["hub_object"]
systems = ["Billing File"]
user = "hub"
group = 25
poll_s = 0.5
workers = 1
folder_settle_s = 2
licence = "licence.yaml"
pricing_url = "https://prices.example/v1"
configurator_url = "https://configurator.example/v1"
service_profile = "hub"
unsafe_database = false
""",
    "licence.yaml": """\
modules: [Orders, Quotes]
hosts: ["hub-*"]
expires: 2030-12-31
""",
    "integration_objects/line_item.yaml": """\
extends: Line Item
components:
  Line Item:
    fields:
      Meter Type: {length: 30}
      Cabinet: {length: 20, column: x_cabinet}
    compared: [Meter Type]
    cleared: [Cabinet]
    action aliases:
      - {code: Update, alias: Rewire, condition: "[Meter Type] = 'Smart'"}
    trigger field: Status
    trigger value: Complete
    trigger condition: "[Old Due Date] IS NOT NULL"
  Attribute:
    fields: {Unit: {length: 10}}
""",
    "integration_objects/om_order.yaml": """\
extends: OM Order
components:
  Order:
    fields:
      Region: {length: 9, values: [North, South]}
    children:
      - component: Delivery Address
        table: x_order_address
        keys: [[Role]]
        fields:
          Role: {length: 30, required: yes}
          Street: {length: 100}
""",
    "integration_objects/site_survey.yaml": """\
integration object: Site Survey
help: The findings of a technician at a premises.
component: Survey
table: x_survey
keys: [[Survey Number]]
fields:
  Survey Number: {length: 30, required: yes}
  Account Id: {length: 64, references: Account.Account Id}
  Visit Date: {type: date}
  Score: {type: number}
  Urgent: {type: flag}
children:
  - component: Finding
    table: x_survey_finding
    owner column: survey_id
    keys: [[Topic]]
    fields:
      Topic: {length: 30}
      Remark: {length: 4000}
  - component: Photo
    table: x_survey_photo
    json column: photos
    keys: [[File]]
    fields: {File: {length: 100, required: yes}}
""",
    "schemas/kite/order.yaml": """\
external object: Kite Order
schema: kite/order.xsd
root: "{urn:kite}bestellung"
""",
    "schemas/kite/order.xsd": """\
<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:kite" targetNamespace="urn:kite"
           elementFormDefault="qualified">
  <xs:include schemaLocation="types.xsd"/>
  <xs:element name="bestellung">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="kunde" type="kundennummer"/>
        <xs:element name="datum" type="xs:date" minOccurs="0"/>
        <xs:element name="gebiet" type="xs:string" minOccurs="0"/>
        <xs:element name="zeile" type="zeile" maxOccurs="unbounded"/>
      </xs:sequence>
      <xs:attribute name="id" type="xs:string" use="required"/>
    </xs:complexType>
  </xs:element>
</xs:schema>
""",
    "schemas/kite/types.xsd": """\
<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:kite" targetNamespace="urn:kite"
           elementFormDefault="qualified">
  <xs:simpleType name="kundennummer">
    <xs:restriction base="xs:string"><xs:pattern value="[0-9]{1,10}"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="vorgang">
    <xs:restriction base="xs:string"><xs:enumeration value="neu"/><xs:enumeration value="weg"/></xs:restriction>
  </xs:simpleType>
  <xs:complexType name="zeile">
    <xs:sequence>
      <xs:element name="artikel" type="xs:string"/>
      <xs:element name="menge" type="xs:decimal" minOccurs="0"/>
      <xs:element name="notiz" type="xs:string" minOccurs="0"/>
      <xs:element name="zeile" type="zeile" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence>
    <xs:attribute name="nr" type="xs:string" use="required"/>
    <xs:attribute name="vorgang" type="vorgang" use="required"/>
  </xs:complexType>
</xs:schema>
""",
    "schemas/kite/bill.yaml": """\
external object: Kite Bill
schema: kite/bill.xsd
root: rechnung
""",
    "schemas/kite/bill.xsd": TEXT_XSD.format(root="rechnung"),
    "schemas/kite/answer.yaml": """\
external object: Kite Answer
schema: kite/answer.xsd
root: antwort
""",
    "schemas/kite/answer.xsd": TEXT_XSD.format(root="antwort"),
    "maps/kite_order_to_om_order.yaml": """\
map: Kite Order to OM Order
from: Kite Order
to: OM Order
lookups:
  action: {neu: Add, weg: Delete}
  product: {file: lookups/kite_product.csv}
make: Order
assert: {"[kunde] IS NOT NULL": an order needs a customer number}
fields:
  Source System: "'KITE'"
  Source Order Number: "[@id]"
  Account Id: "[kunde]"
  Currency Code: {value: "NULL", default: EUR}
  Region: "if([gebiet] = 'N', 'North', 'South')"
children:
  - make: Line Item
    each: zeile
    where: "[artikel] <> 'X'"
    recurse: zeile
    fields:
      Source Reference: "[@nr]"
      Product Id: "lookup('product', [artikel])"
      Action Code: "lookup('action', [@vorgang])"
      Quantity: "coalesce([menge], 1)"
      Due Date: "[../datum]"
  - use: Kite Address
""",
    "maps/kite_address.yaml": """\
map: Kite Address
from: Kite Order
to: OM Order/Delivery Address
make: Delivery Address
fields:
  Role: "'Site'"
  Street: "left([gebiet], 100)"
""",
    "maps/lookups/kite_product.csv": """\
code,value
L1,Local Line
C1,CallerID
""",
    "maps/om_billing_event_to_kite_bill.yaml": """\
map: OM Billing Event to Kite Bill
from: OM Billing Event
to: Kite Bill
make: rechnung
fields:
  "@id": "[Event Id]"
  text: "coalesce([Order Number], 'unknown')"
""",
    "maps/om_reply_to_kite_answer.yaml": """\
map: OM Reply to Kite Answer
from: OM Reply
to: Kite Answer
make: antwort
fields:
  "@id": "[Message Id]"
  text: "coalesce([State], 'unknown')"
""",
    "adapters/systems/desk.yaml": """\
system: Desk
help: The desk takes work orders as rows.
takes: OM Work Order
for: Desk
template: desk_rows.j2
format: csv
encoding: iso-8859-15
separator: ";"
record: {end: crlf}
channel: kite.desk
repeats: in doubt
""",
    "adapters/systems/ledger.yaml": """\
system: Ledger
takes: OM Billing Event
template: ledger.j2
format: fixed width
encoding: cp037
record: {width: 80, end: none, types: [H]}
folder: ledger
content type: text/plain
type: Ledger
""",
    "adapters/systems/archive.yaml": """\
system: Archive
takes: OM Billing Event
map: OM Billing Event to Kite Bill
object: Kite Bill
channel: kite.archive
repeats: recognised by key
""",
    "adapters/systems/mirror.yaml": """\
system: Mirror
takes: OM Billing Event
envelope: SiebelMessage
channel: kite.mirror
""",
    "adapters/templates/desk_rows.j2": """\
{% for line in lines %}{{ line["Integration Id"] }};{{ line["Action Code"] }}
{% endfor %}""",
    "adapters/templates/ledger.j2": '{{ "H"|left(1) }}{{ header["Event Id"]|left(79) }}',
    "hub/routes/kite_order.yaml": """\
route: kite_order
from: {channel: kite.orders}
object: Kite Order
map: Kite Order to OM Order
workflow: Receive Order
prices: hub
identity: {field: "[@id]"}
key: "[kunde]"
reply: {object: Kite Answer, map: OM Reply to Kite Answer, channel: kite.answers}
reply to: [kite.back.*]
retry: [1, 5, 30]
limits: {body: 1048576}
senders: [kite]
help: Orders of Kite.
""",
    "hub/routes/kite_objects.yaml": """\
route: kite_objects
from: {folder: kite}
object: hub
workflow: Hub Object
identity: body
""",
    "hub/approvals/large.yaml": """\
approval rule: Large orders
help: Orders that add more than 500 a month.
hold order when: "[Total Recurring] > 500"
hold line when: "[Product Id] = 'ISDN Line' AND [Action Code] = 'Add'"
approvers:
  roles: [Order Manager]
  users: [mary]
""",
    "hub/states/kite.yaml": """\
customer states: Orders
help: The words of Kite's shop.
order:
  New: {state: received, next step: send the order, who acts: the shop}
  Held: {state: checking, next step: look at the order, who acts: Mary}
  Pending: {state: needs you, next step: send your change, who acts: customer}
  Open: {state: in progress, next step: build the lines, who acts: "{systems}"}
  Fallout: {state: checking, next step: look at the order, who acts: Mary}
  Complete: {state: done}
  Failed: {state: needs you, next step: call us, who acts: customer}
  Cancelled: {state: cancelled}
line:
  Open: {state: in progress, next step: build the line, who acts: "{systems}"}
  Waiting: {state: in progress, next step: build the other lines, who acts: hub}
  Unprovided: {state: in progress, next step: wait for the day, who acts: hub}
  Complete: {state: done}
  Failed: {state: needs you, next step: call us, who acts: customer}
  Rejected: {state: needs you, next step: call us, who acts: customer}
  Cancelled: {state: cancelled}
""",
    "hub/access/installer.yaml": """\
user type: installer
help: Builds lines at premises.
accounts: granted
rights: [see accounts, see services]
""",
    "hub/web/pages/kite_account.yaml": """\
page: kite_account
title: "Kite {header/Name}"
address: /kite/{account}
right: see accounts
owner: "{account}"
asks: {tab-of: ""}
template: kite.html.j2
shows:
  header:
    object: Account
    where: {Account Id: "{account}"}
    as: details
    fields:
      Name: Name
      Account Id: {label: Account, link: {page: kite_account, account: "[Account Id]"}}
  items:
    workflow: profile
    arguments: {account: "{account}"}
    object: OM Asset
    component: Line Item
    key: Integration Id
    condition: "[Status] <> 'Inactive'"
    fields: {Product Id: Product}
actions:
  end:
    label: End
    right: quote
    on: items
    workflow: disconnect
    asks: {day: {label: Day, kind: date}}
    arguments: {account: "{account}", root: "[Integration Id]", due-date: "{day}"}
    next: {done: {page: kite_account, account: "{account}"}}
""",
    "hub/web/pages/portal.yaml": """\
extends: customer_portal
shows:
  header:
    fields: {Credit Limit: Credit limit}
actions:
  new:
    next: {done: kite_account}
""",
    "hub/web/templates/kite.html.j2": """\
<p class="help">{{ page.title }}</p>
{{ drawn["header"] }}
""",
    "hub/workflows/greet.py": """\
from hub.extension import Argument, Outcome, Run, named_workflow


def greet(run: Run, account: str) -> Outcome:
    return Outcome(why=f"hello {account}")


WORKFLOWS = [named_workflow("Greet", greet, "say hello", Argument("account", "account", required=True))]
""",
    "hub/services/discount.py": """\
from hub.extension import Service


def discount(price: str) -> str:
    return price


SERVICES = [Service("Discount", discount, "give a discount")]
""",
}


def write(folder: pathlib.Path, files: dict[str, str] | None = None) -> None:
    """Write the deployment's files into *folder*, or other ones."""
    for name, text in (FILES if files is None else files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
