"""A run: the reads, the services and the effects that a workflow holds.

A workflow is a function of a run and a tree. Through the run it reads (`RecordedReads`), calls business service
methods by name, and writes (`Effects`); it knows no database and no queue. A rehearsal is a run without effects.

Source: "Application integration services", figure 4B (workflow manager).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub.configurator.port import Configurator
from hub.pricing.port import Pricing
from hub.services import ObjectMemory
from hub.workflow_manager.effects import Effects
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.recorded_ports import RecordedConfigurator, RecordedPricing
from hub.workflow_manager.recorded_reads import RecordedReads
from integration_objects.definition import Definitions
from integration_objects.errors import Misconfigured, UnknownName


class ServiceUnregistered(UnknownName, Misconfigured):
    """A workflow calls a business service method that isn't registered."""

    kind = "business service method"
    where = "a workflow's call"
    otherwise = "register it in the deployment's hub/services, or mend the name in the workflow"


class ArgumentNotHandedIn(Misconfigured):
    """A business service method takes an argument from the runtime that a run doesn't have."""

    what = "a business service method wants '{name}' handed in, which a run doesn't have"
    mend = "give it in the workflow's call"


@dataclass
class Run(RecordedReads):
    """One workflow run on one message, inside the caller's transaction.

    Attributes:
        effects: the writes that the run may make.
        saved: the objects that the workflow has saved under keys.
    """

    origin: Origin = field(kw_only=True)
    effects: Effects = field(kw_only=True)
    saved: ObjectMemory = field(default_factory=ObjectMemory, kw_only=True)

    def __post_init__(self) -> None:
        # The maps of outbound messages read the run's clock: its time is recorded, so that they can be made again.
        self.effects.clock = self.now
        self.effects.secret_names = self.secret_names

    @property
    def definitions(self) -> Definitions:
        """The deployment's integration objects."""
        return self.runtime.definitions

    @property
    def actor(self) -> str:
        """The sender of the message that asked for the run, or the user of the command."""
        return self.origin.actor(self.runtime.user)

    def finish(self) -> bytes:
        """Store the activities of orders that the run has brought about; return the run's recording."""
        self.effects.store_activities()
        return self.recording()

    def next_number(self, sequence: str) -> int:
        """Return the next number of a sequence ("Order Number"); several processes leave gaps."""
        return self.recorded(self.effects.next_number(sequence), "number", sequence)

    def call(self, service: str, *arguments: Any, **named: Any) -> Any:
        """Call a business service method by its name: "Apply"; a deployment may have its own under that name.

        "Save Object", "Get Object" and "Reset" keep objects under keys for the time of this run.

        Source: "Business Service Methods", j. to l. (the local map of a run).
        """
        # Looked up at each call: a deployment's own method of a shipped name takes its place.
        method = self.runtime.services.get(service)
        if method is None:
            memory: dict[str, Callable[..., Any]] = {
                "Save Object": self.saved.save,
                "Get Object": self.saved.get,
                "Reset": self.saved.reset,
            }
            if service not in memory:
                raise ServiceUnregistered(service, [*self.runtime.services, *memory])
            return memory[service](*arguments, **named)
        for name in method.handed_in:
            if name not in named:
                named[name] = self._hand_in(name)
        return method(*arguments, **named)

    def _hand_in(self, name: str) -> Any:
        """Return the argument that the runtime supplies under this name."""
        if name == "definitions":
            return self.definitions
        if name == "new_id":
            return self.new_id
        raise ArgumentNotHandedIn(name=name)

    @property
    def pricing(self) -> Pricing:
        """The pricing; answers of another system are recorded."""
        pricing = self.runtime.pricing
        if not pricing.is_external:
            return pricing
        # Imported here: pydantic, which reads the answers, takes longer to load than a workflow runs.
        from hub.pricing.external import ExternalPricing

        if self.answers is not None and isinstance(pricing, ExternalPricing):
            pricing = pricing.through(self.answers.through)
        return RecordedPricing(pricing, self.record)

    @property
    def configurator(self) -> Configurator:
        """The configurator; answers of another system are recorded."""
        configurator = self.runtime.configurator
        if not configurator.is_external:
            return configurator
        # Imported here for the reason above.
        from hub.configurator.external import ExternalConfigurator

        if self.answers is not None and isinstance(configurator, ExternalConfigurator):
            configurator = configurator.through(self.answers.through)
        return RecordedConfigurator(configurator, self.record)
