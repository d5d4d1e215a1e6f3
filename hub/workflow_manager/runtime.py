"""The runtime of a deployment: the declarations and ports that all of its runs share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from integration_objects.time_zone import UTC

# A runtime only holds its parts: the deployment loads the code of those that it has.
if TYPE_CHECKING:
    from adapters.system import System
    from adapters.virtual_components.declaration import VirtualComponent
    from adapters.virtual_components.keeper import ProfileKeeper
    from hub.configurator.port import Configurator
    from hub.pricing.port import Pricing
    from hub.services import Service
    from hub.services.module_licensed import Licence
    from hub.workflow_manager.approval_rule import ApprovalRule
    from hub.workflow_manager.customer_state import CustomerStates
    from hub.workflow_manager.decomposition_rule import DecompositionRule
    from hub.workflow_manager.workflow import Workflow
    from integration_objects.definition import Definitions
    from integration_objects.property_set import PropertySet
    from integration_objects.surroundings import Surroundings
    from maps.data_map import DataMap
    from schemas.external_component import ExternalObject


@dataclass(frozen=True)
class Runtime:
    """The declarations, the ports and the surroundings that all runs of a deployment share.

    Attributes:
        read_systems, read_maps, read_external_objects: read the systems, the data maps and the external objects when a
            run first asks for them.
        read_decomposition: reads the decomposition rules likewise.
        read_customer_states: reads the words for customers likewise.
        read_version: returns the version of all data maps, "" where this process has read none.
        configurator: the built-in configurator, or another system's.
        pricing: the built-in pricing, or another system's.
        approval_rules: the rules that hold an order when it is submitted, by name.
        next_number: gives numbers outside of the run's transaction, whose lock on a sequence would make the workers
            of a database take turns; None: the run's transaction gives them.
        workflows: the workflows that a request may name.
        licence: the content of the licence file; None without such a file: every module is licensed.
        licence_file: the path of the licence file, for errors.
        user: the changer of rows in the tables, and the actor if nobody else is named.
        shipped_takers: returns the names of the shipped systems that are off and would take an object for a fulfilment
            system.
        complete: adds the values that are joined in and not stored to an object that a workflow shows.
        keeps_profiles: whether completed lines are applied to the service profiles here, and not by another system.
        profile_keeper: the other system that keeps the profiles; the hub's tables then have copies. None: the hub does.
        read_virtual_components: returns the virtual components by name; their declarations are read when it is called.
        zone_name: the name of the deployment's time zone, whose days are meant by dates without a time.
    """

    definitions: Definitions
    services: Mapping[str, Service]
    read_systems: Callable[[], Sequence[System]]
    read_maps: Callable[[], Mapping[str, DataMap]]
    read_external_objects: Callable[[], Mapping[str, ExternalObject]]
    surroundings: Surroundings
    configurator: Configurator
    pricing: Pricing
    read_version: Callable[[], str]
    read_decomposition: Callable[[], Sequence[DecompositionRule]]
    read_customer_states: Callable[[], CustomerStates]
    approval_rules: Mapping[str, ApprovalRule] = field(default_factory=dict)
    next_number: Callable[[str], int] | None = None
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    licence: Licence | None = None
    licence_file: str = ""
    user: str = "hub"
    keeps_profiles: bool = True
    profile_keeper: ProfileKeeper | None = None
    read_virtual_components: Callable[[], Mapping[str, VirtualComponent]] = dict
    zone_name: str = UTC
    shipped_takers: Callable[[str, str], Sequence[str]] = lambda name, for_system: ()
    complete: Callable[[Any, PropertySet], PropertySet] = lambda run, tree: tree

    @cached_property
    def systems(self) -> Sequence[System]:
        """The systems that the hub sends to."""
        return self.read_systems()

    @cached_property
    def decomposition_rules(self) -> Sequence[DecompositionRule]:
        """The rules by which orders become work orders, in the order in which they are asked."""
        return self.read_decomposition()

    @cached_property
    def customer_states(self) -> CustomerStates:
        """The words for customers of where orders and their lines are."""
        return self.read_customer_states()

    @cached_property
    def maps(self) -> Mapping[str, DataMap]:
        """The data maps."""
        return self.read_maps()

    @cached_property
    def external_objects(self) -> Mapping[str, ExternalObject]:
        """The external integration objects."""
        return self.read_external_objects()
