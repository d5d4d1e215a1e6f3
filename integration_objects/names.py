"""Names of objects, components and fields that code mentions, each written once.

The definitions in integration_objects/*.yaml decide what these objects are; a deployment may extend them.
"""

from __future__ import annotations

ACCOUNT = "Account"
#: a number by which another system knows an account
ACCOUNT_KEY = "Account Key"
ADDRESS = "Address"
AGREEMENT = "Agreement"
ASSET = "OM Asset"
BILLING_EVENT = "OM Billing Event"
ORDER = "OM Order"
ORDER_ACTIVITY = "Order Activity"
APPROVAL = "Order Approval"
QUOTE = "OM Quote"
CALLBACK = "Callback Request"
CONTACT_RULE = "Contact Rule"
HELP_TOPIC = "Help Topic"
INVENTORY_REQUEST = "Inventory Request"
TROUBLE_TICKET = "Trouble Ticket"
PRODUCT = "Product"
SERVICE_POINT = "Service Point"
WORK_ORDER = "OM Work Order"
WORK_ORDER_STATUS = "OM Work Order Status"

LINE_ITEM = "Line Item"
ATTRIBUTE = "Attribute"

#: the field that names a line item, the same on quote, order and asset
KEY = "Integration Id"

#: The place in a line's Built On where the old values of changed attributes stand, by the attribute's name.
OLD_ATTRIBUTES = "Attributes"

#: the field of an attribute that holds its value, by the attribute's type
VALUE_FIELDS = {"text": "Text Value", "number": "Number Value", "date": "Date Value"}

NO_ACTION = "-"
ACTION_CODES = ("Add", "Update", "Delete", NO_ACTION)
