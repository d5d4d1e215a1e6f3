"""What a workflow holds: what it may read, the services that it calls, and what it may write.

A workflow is a function of a run and a tree. Through the run it reads (`RecordedReads`), calls business service
methods by name, and writes (`Effects`); it knows no database and no queue. A rehearsal is a run without effects.

Source: "Application integration services", figure 4B (workflow manager).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.configurator import Configurator, ExternalConfigurator
from hub.pricing import ExternalPricing, Pricing
from hub.services import ObjectMemory
from hub.workflow_manager.effects import Effects
from hub.workflow_manager.origin import Origin
from hub.workflow_manager.recorded_ports import RecordedConfigurator, RecordedPricing
from hub.workflow_manager.recorded_reads import RecordedReads
from integration_objects.definition import Definitions
from integration_objects.errors import Misconfigured, UnknownName


class ServiceUnregistered(UnknownName, Misconfigured):
    """A workflow calls a business service method that nobody registered."""

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
        origin: the message that the run works for.
        effects: what the run may write.
        saved: the objects that the workflow has saved: Save Object, Get Object, Reset.
    """

    origin: Origin = field(kw_only=True)
    effects: Effects = field(kw_only=True)
    saved: ObjectMemory = field(default_factory=ObjectMemory, kw_only=True)

    @property
    def definitions(self) -> Definitions:
        """The deployment's integration objects."""
        return self.runtime.definitions

    @property
    def actor(self) -> str:
        """Who acts: the sender of the message that asked for the run, or the user of the command."""
        return self.runtime.user if self.origin.inbox_id is None else self.origin.sender

    def next_number(self, sequence: str) -> int:
        """The next number of a sequence ("Order Number"); there may be gaps where several processes work."""
        number = self.effects.next_number(sequence)
        self.record.append(["number", sequence, number])
        return number

    def call(self, service: str, *arguments: Any, **named: Any) -> Any:
        """Call a business service method by its name ("Apply"), so that a deployment can put its own there."""
        method = self.runtime.services.get(service)
        if method is None:
            raise ServiceUnregistered(service, self.runtime.services)
        for name in method.handed_in:
            if name not in named:
                named[name] = self._hand_in(name)
        return method(*arguments, **named)

    def _hand_in(self, name: str) -> Any:
        if name == "definitions":
            return self.definitions
        if name == "new_id":
            return self.new_id
        raise ArgumentNotHandedIn(name=name)

    @property
    def pricing(self) -> Pricing:
        """Who prices; what another system answers is recorded."""
        pricing = self.runtime.pricing
        if self.answers is not None and isinstance(pricing, ExternalPricing):
            pricing = pricing.through(self.answers.of)
        return RecordedPricing(pricing, self.record) if pricing.is_external else pricing

    @property
    def configurator(self) -> Configurator:
        """Who configures; what another system answers is recorded."""
        configurator = self.runtime.configurator
        if self.answers is not None and isinstance(configurator, ExternalConfigurator):
            configurator = configurator.through(self.answers.of)
        return RecordedConfigurator(configurator, self.record) if configurator.is_external else configurator
