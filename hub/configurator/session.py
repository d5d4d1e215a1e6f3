"""A configuration session: an instance, batches of requests, and the instance that comes out.

Source: part III, "Configuration Session", "Request"; spec: docs/design/workflows.md, "Configurator".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.configurator.catalogue import Catalogue
from hub.configurator.port import Configurator, Configured
from hub.configurator.requests import Request
from integration_objects.property_set import PropertySet


class ConfigurationSession:
    """Takes requests singly or in batches; a refused batch leaves the state as it was.

    Args:
        configurator: the built-in one, or an external one.
        instance: what the session starts from; it is brought in line with changed structures. Not changed.
        catalogue: the products' definitions.
        new_id: makes an identifier.

    Attributes:
        state: what the last accepted batch came to.
    """

    def __init__(
        self,
        configurator: Configurator,
        instance: PropertySet,
        catalogue: Catalogue,
        new_id: Callable[[], str],
    ) -> None:
        self._configurator = configurator
        self._catalogue = catalogue
        self._new_id = new_id
        self.state: Configured = configurator.configure(instance, (), catalogue, new_id)

    def request(self, batch: Sequence[Request]) -> Configured:
        """Work a batch; all or nothing.

        Raises:
            ConfigurationRefused, Refused: as the port has it; the state is unchanged.
        """
        self.state = self._configurator.configure(self.state.instance, batch, self._catalogue, self._new_id)
        return self.state

    def end(self) -> PropertySet:
        """The final instance."""
        return self.state.instance
