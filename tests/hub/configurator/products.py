"""Products, instances and configurations for the configurator's tests."""

from __future__ import annotations

import functools
import importlib.resources
from collections import Counter

from hub.configurator.built_in import BuiltInConfigurator
from hub.configurator.catalogue_of import catalogue_of
from hub.configurator.requests import CopyItem, RemoveItem, SetItem
from integration_objects.complex_object import attribute_value, attributes, items_of, line_items
from integration_objects.definition import shipped_definitions
from integration_objects.names import KEY
from schemas.hub_xml import hub_from_xml
from tests.trees import attribute, counting, instance, item

DEFINITIONS = shipped_definitions()
BUILT_IN = BuiltInConfigurator(DEFINITIONS)


def products(text):
    """The catalogue of products written as the hub's XML: the text within ``ListOfProduct``."""
    xml = (
        '<Message MessageType="Integration Object" IntObjectName="Product" IntObjectFormat="Hierarchical">'
        f"<ListOfProduct>{text}</ListOfProduct></Message>"
    )
    return catalogue_of(hub_from_xml(xml.encode(), DEFINITIONS), DEFINITIONS)


def product(name, inner=""):
    """A product as XML."""
    return f"<Product><ProductId>{name}</ProductId>{inner}</Product>"


def structure(*lines):
    """A product's structure as XML: (component, least, most, default, level), of which the last may be left out."""
    return _rows("ProductStructure", ("ComponentProductId", "Least", "Most", "Default", "AssociationLevel"), lines)


def levels(*lines):
    """A product's association levels as XML: (name, least, most)."""
    return _rows("AssociationLevel", ("Name", "Least", "Most"), lines)


def declared(*lines):
    """A product's attributes as XML: (name, type, required, default, least, most)."""
    return _rows("ProductAttribute", ("Name", "Type", "Required", "DefaultValue", "LeastValue", "MostValue"), lines)


def rules(*lines):
    """A product's rules as XML: (name, kind, product, other product, expression, message)."""
    names = ("Name", "Kind", "ProductId", "OtherProductId", "Expression", "Message")
    return _rows("ProductRule", names, lines)


def _rows(component, names, lines):
    rows = "".join(
        f"<{component}>"
        + "".join(f"<{name}>{value}</{name}>" for name, value in zip(names, line, strict=False) if value is not None)
        + f"</{component}>"
        for line in lines
    )
    return f"<ListOf{component}>{rows}</ListOf{component}>"


@functools.cache
def sample():
    """The catalogue of the samples."""
    xml = (importlib.resources.files("hub") / "samples" / "catalogue.xml").read_bytes()
    return catalogue_of(hub_from_xml(xml, DEFINITIONS), DEFINITIONS)


def quote(*roots):
    """A quote with these root items."""
    return instance("Quote", roots, account_id="1-A")


def line(product_id, key, *below, **named):
    """A line item of a product; what is beneath it are line items and attributes."""
    return item(key, *below, product_id=product_id, **named)


def configured(state, requests, catalogue, new_id=None):
    """The instance that a batch comes to."""
    return BUILT_IN.configure(state, requests, catalogue, new_id or counting("K")).instance


def outline(node):
    """The tree as people draw it: nested lists of (product, key, attributes)."""
    return [
        (
            one.get("Product Id"),
            one.get(KEY),
            {attribute.get("Name"): attribute_value(attribute) for attribute in attributes(one)},
            outline(one),
        )
        for one in line_items(node)
    ]


def products_in(node):
    """How many items of each product there are."""
    return dict(Counter(one.get("Product Id") for one in items_of(node)))


def large_catalogue():
    """The samples' catalogue, and a bundle of any number of lines."""
    return {**sample(), **products(product("Large Business Enabler", structure(("Local Line", "5"))))}


def large_bundle(count):
    """A bundle of *count* lines with three features each."""
    lines = [
        line(
            "Local Line",
            f"L{n}",
            line("Voice Mail", f"V{n}", attribute("Password", "1")),
            line("Call Waiting", f"W{n}"),
            line(
                "Call Forwarding",
                f"F{n}",
                attribute("Forwarding Number", "509-555"),
                attribute("Rings", number_value="4"),
            ),
            service_id=str(n),
        )
        for n in range(count)
    ]
    return quote(line("Large Business Enabler", "B", *lines))


def large_batch(count):
    """Requests to it: each second line rings longer, one is copied five times, one goes."""
    rings = [SetItem(f"F{n}", attributes={"Rings": "6"}) for n in range(2, count, 2)]
    return [*rings, CopyItem("L1", 5), RemoveItem("L0")]
