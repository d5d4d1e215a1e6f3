"""The names that a deployment's own Python may import. Nothing else of the hub is promised to stay in its place.

A deployment's files lie beside its `orderhub.toml`:

    hub/workflows/*.py     WORKFLOWS = [named_workflow("Greet", greet, "say hello", Argument("account", "account"))]
    hub/services/*.py      SERVICES = [Service("Discount", discount, "give a discount")]

>>> def greet(run: Run, account: str) -> Outcome:
...     return Outcome(why=f"hello {account}")
>>> named_workflow("Greet", greet, "say hello", Argument("account", "account", required=True)).command
'greet'
"""

from hub.services import Service
from hub.workflow_manager.arguments import Argument
from hub.workflow_manager.named_workflow import named_workflow
from hub.workflow_manager.outcome import Note, Outcome
from hub.workflow_manager.run import Run
from hub.workflow_manager.workflow import Workflow
from integration_objects.complex_object import ComplexObject, empty, instances, message
from integration_objects.errors import Misconfigured, Refused, Retryable, UnknownName
from integration_objects.property_set import PropertySet

__all__ = [
    "Argument",
    "ComplexObject",
    "Misconfigured",
    "Note",
    "Outcome",
    "PropertySet",
    "Refused",
    "Retryable",
    "Run",
    "Service",
    "UnknownName",
    "Workflow",
    "empty",
    "instances",
    "message",
    "named_workflow",
]
