"""The external objects that ship with the hub, for tests that need them without a deployment."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Mapping

from hub.deployment.declared_files import DeclaredFiles
from hub.deployment.external_objects import ExternalObjects
from schemas.external_component import ExternalObject
from schemas.external_object import XmlObject


@functools.cache
def shipped_external_objects() -> Mapping[str, ExternalObject]:
    """All shipped external objects by name."""
    # There is no deployment in this folder, so that nothing takes the place of a shipped object.
    files = DeclaredFiles(pathlib.Path(__file__).parent)
    return ExternalObjects(files.external_object_sources(), files.reader("schemas"))


def shipped_xml_objects() -> dict[str, XmlObject]:
    """The shipped external objects whose messages are XML, by name."""
    return {name: obj for name, obj in shipped_external_objects().items() if isinstance(obj, XmlObject)}
