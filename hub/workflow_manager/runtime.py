"""The runtime of a deployment: the declarations and ports that all of its runs share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.system import System
from hub.configurator import Configurator
from hub.pricing import ListPricing, Pricing
from hub.services import Service
from hub.services.module_licensed import Licence
from hub.workflow_manager.approval_rule import ApprovalRule
from hub.workflow_manager.workflow import Workflow
from integration_objects.definition import Definitions
from integration_objects.surroundings import Surroundings
from maps.data_map import DataMap
from schemas.external_object import ExternalObject


@dataclass(frozen=True)
class Runtime:
    """What all runs of a deployment share: its declarations and its surroundings.

    Attributes:
        approval_rules: what holds an order when it is submitted, by name.
        configurator: who configures.
        next_number: gives numbers outside of the run's transaction, whose lock on a sequence would make the workers
            of a database take turns; None where the transaction gives them.
        workflows: by name, for requests that name one.
        licence: what the licence file says; None where there is none: every module is licensed.
        user: who stands in the tables as changer, and acts where nobody else is named.
        licence_file: where it stands, for errors.
        pricing: who prices.
        keeps_profiles: whether completed lines are applied to the service profiles here, and not by another system.
    """

    definitions: Definitions
    services: Mapping[str, Service]
    systems: Sequence[System]
    maps: Mapping[str, DataMap]
    external_objects: Mapping[str, ExternalObject]
    surroundings: Surroundings
    configurator: Configurator
    version: str = ""
    approval_rules: Mapping[str, ApprovalRule] = field(default_factory=dict)
    next_number: Callable[[str], int] | None = None
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    licence: Licence | None = None
    licence_file: str = ""
    user: str = "hub"
    pricing: Pricing = field(default_factory=ListPricing)
    keeps_profiles: bool = True
