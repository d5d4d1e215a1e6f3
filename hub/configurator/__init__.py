"""The configurator: the rules that trees of products obey, and the changes that turn one tree into another.

What comes in: an instance (header > line items > attributes), a batch of requests, the catalogue. What goes out: the
new instance, or every rule that it would break; nothing is stored. Who calls it: workflows, through their run.

A configuration session of the source is a quote or order that is edited: each edit is one batch of requests on the
stored state, and a refused batch leaves the state as it was.

The external configurator and the JSON form of requests stand in modules of their own (`external`, `requests_json`):
they need pydantic, which commands that read no JSON don't load.
"""

from hub.configurator.built_in import BuiltInConfigurator
from hub.configurator.catalogue import Catalogue, ProductDefinition
from hub.configurator.catalogue_of import ProductFaulty, catalogue_of
from hub.configurator.port import (
    BrokenRule,
    ConfigurationRefused,
    Configurator,
    Configured,
    Obsolete,
    ProductNotInCatalogue,
    Relinked,
)
from hub.configurator.requests import (
    AddItem,
    CopyItem,
    MoveItem,
    RemoveItem,
    Request,
    SetItem,
)

__all__ = [
    "AddItem",
    "BrokenRule",
    "BuiltInConfigurator",
    "Catalogue",
    "ConfigurationRefused",
    "Configurator",
    "Configured",
    "CopyItem",
    "MoveItem",
    "Obsolete",
    "ProductDefinition",
    "ProductFaulty",
    "ProductNotInCatalogue",
    "Relinked",
    "RemoveItem",
    "Request",
    "SetItem",
    "catalogue_of",
]
