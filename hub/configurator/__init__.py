"""The configurator: which trees of products there may be, and how one becomes another.

What comes in: an instance (header > line items > attributes), a batch of requests, the catalogue. What goes out: the
new instance, or every rule that it would break; nothing is stored. Who calls it: workflows, through their run.
"""

from hub.configurator.built_in import BuiltInConfigurator
from hub.configurator.catalogue import Catalogue, ProductDefinition
from hub.configurator.catalogue_of import ProductFaulty, catalogue_of
from hub.configurator.external import ExternalConfigurator
from hub.configurator.port import (
    BrokenRule,
    ConfigurationRefused,
    Configurator,
    Configured,
    Obsolete,
    ProductUnknown,
    Relinked,
)
from hub.configurator.requests import (
    AddItem,
    CopyItem,
    MoveItem,
    RemoveItem,
    Request,
    SetItem,
    requests_from_json,
    requests_to_json,
)
from hub.configurator.session import ConfigurationSession

__all__ = [
    "AddItem",
    "BrokenRule",
    "BuiltInConfigurator",
    "Catalogue",
    "ConfigurationRefused",
    "ConfigurationSession",
    "Configurator",
    "Configured",
    "CopyItem",
    "ExternalConfigurator",
    "MoveItem",
    "Obsolete",
    "ProductDefinition",
    "ProductFaulty",
    "ProductUnknown",
    "Relinked",
    "RemoveItem",
    "Request",
    "SetItem",
    "catalogue_of",
    "requests_from_json",
    "requests_to_json",
]
