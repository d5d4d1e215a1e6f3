"""A deployment: all declarations read, proven against each other, and wired. Nothing else wires.

The shipped declarations come first, then those of the deployment's own folders, which have the same names as ours and
lie beside its `orderhub.toml`:

    integration_objects/*.yaml    extensions of shipped objects, and objects of its own
    schemas/<system>/*.xsd *.yaml
    maps/*.yaml
    adapters/systems/*.yaml, adapters/templates/*.j2
    hub/routes/*.yaml             always on; shipped routes only where the settings name them
    hub/approvals/*.yaml          what holds an order for approval
    hub/workflows/*.py, hub/services/*.py     WORKFLOWS and SERVICES replace or add by name

Spec: docs/architecture.md, "The tree"; docs/design/integration.md, "Routes" (`orderhub check`).
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.resources
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from adapters.http_client import HttpClient
from adapters.system import System, read_systems
from hub.configurator.built_in import BuiltInConfigurator
from hub.configurator.external import ExternalConfigurator
from hub.configurator.port import Configurator
from hub.deployment.declared_expressions import (
    approval_findings,
    condition_findings,
    prove_conditions,
    route_findings,
)
from hub.deployment.definitions import FILE, load_definitions, own_folder
from hub.deployment.own_python import own_python
from hub.deployment.route import Route, read_routes
from hub.deployment.settings import Settings, read_licence_file, read_settings
from hub.pricing.external import ExternalPricing
from hub.pricing.list_pricing import ListPricing
from hub.pricing.port import Pricing
from hub.services import SERVICES, Service
from hub.services.module_licensed import Licence
from hub.workflow_manager.approval_rule import ApprovalRule, read_approval_rules
from hub.workflow_manager.runtime import Runtime
from hub.workflow_manager.workflow import Workflow
from hub.workflows import shipped_workflows
from integration_objects.declaration import DeclarationFault, Source, in_folder, read, shipped
from integration_objects.definition import Definitions, IntegrationObject
from integration_objects.errors import HubError, Misconfigured, Refused
from integration_objects.nearest import nearest
from integration_objects.surroundings import Surroundings
from maps.cases import Case, find_cases, shipped_cases
from maps.check import Finding, check_maps
from maps.data_map import DataMap, read_maps
from schemas.external_object import ExternalObject, read_external_objects

PACKAGES = ("integration_objects", "schemas", "maps", "adapters", "hub")
EVERY_ROUTE = "*"


class PackagesMixed(Misconfigured):
    """The hub's five packages don't come from one place."""


class FileMissing(Misconfigured):
    """A declaration names a file that isn't there."""


class MapUnknown(Refused):
    """A command names a map that the deployment doesn't have."""


class Deployment:
    """Everything that is declared, by name; each part is read and proven when it is first asked for.

    A command pays only for what it needs: `prove` reads all of it, before a hub starts.
    """

    def __init__(self, folder: pathlib.Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self._own = own_folder(folder)

    def prove(self) -> Deployment:
        """Read and prove everything; returns the same deployment.

        Raises:
            Misconfigured: the first fault, with file, line and column.
        """
        check_packages()
        prove_conditions(self.definitions)
        _ = self.systems, self.services, self.routes, self.approval_rules, self.configurator, self.pricing
        return self

    @cached_property
    def definitions(self) -> Definitions:
        """The internal integration objects."""
        return load_definitions(self.folder)

    @cached_property
    def external_objects(self) -> Mapping[str, ExternalObject]:
        """The external integration objects, with their schemas."""
        return load_external_objects(self._own)

    @cached_property
    def objects(self) -> Mapping[str, IntegrationObject]:
        """Every integration object, internal and external."""
        return {**self.definitions, **{name: one.definition for name, one in self.external_objects.items()}}

    @cached_property
    def maps(self) -> Mapping[str, DataMap]:
        """The data maps."""
        return read_maps(_sources("maps", self._own), self.objects, _reader("maps", self._own))

    @cached_property
    def systems(self) -> Mapping[str, System]:
        """The systems that the hub sends to."""
        return read_systems(
            _sources("adapters", self._own, "systems"),
            self.definitions,
            self.maps,
            self.external_objects,
            read_template=_text_reader("adapters", self._own, "templates"),
        )

    @cached_property
    def services(self) -> Mapping[str, Service]:
        """The business service methods, the deployment's own in place of ours."""
        return {**SERVICES, **own_python(self._own, "services", "SERVICES", Service)}

    @cached_property
    def workflows(self) -> Mapping[str, Workflow]:
        """The workflows, the deployment's own in place of ours."""
        return {**shipped_workflows(), **own_python(self._own, "workflows", "WORKFLOWS", Workflow)}

    @cached_property
    def routes(self) -> Mapping[str, Route]:
        """The routes that are switched on."""
        return read_routes(self._route_sources, self.external_objects, self.maps, self.workflows)

    @cached_property
    def approval_rules(self) -> Mapping[str, ApprovalRule]:
        """What holds an order for approval when it is submitted; all of it the deployment's own."""
        sources = [] if self._own is None else in_folder(self._own / "hub" / "approvals")
        return read_approval_rules(sources, self.definitions)

    @cached_property
    def pricing(self) -> Pricing:
        """Who prices: the system at the setting `pricing_url`, or the hub itself.

        Raises:
            UrlWrong: the setting is no address.
        """
        url = self.settings.pricing_url
        if url is None:
            return ListPricing()
        try:
            return ExternalPricing(HttpClient(url, "the pricing"))
        except HubError as error:
            raise error.at(f"{FILE}, pricing_url") from error

    @cached_property
    def configurator(self) -> Configurator:
        """Who configures: the system at the setting `configurator_url`, or the hub itself.

        Raises:
            UrlWrong: the setting is no address.
        """
        url = self.settings.configurator_url
        if url is None:
            return BuiltInConfigurator(self.definitions)
        try:
            return ExternalConfigurator(HttpClient(url, "the configurator"), self.definitions)
        except HubError as error:
            raise error.at(f"{FILE}, configurator_url") from error

    @cached_property
    def licence(self) -> Licence | None:
        """What the licence file says; None where the settings name none."""
        return read_licence_file(self.folder, self.settings.licence)

    @cached_property
    def route_names(self) -> tuple[str, ...]:
        """The names of the routes that are switched on, without what they need."""
        return tuple(read(source).mapping(required=("route",))["route"].text() for source in self._route_sources)

    @cached_property
    def _route_sources(self) -> list[Source]:
        return _route_sources(self._own, self.settings.routes)

    def runtime(self, surroundings: Surroundings) -> Runtime:
        """What the runs of this deployment share."""
        versions = sorted(data_map.version for data_map in self.maps.values())
        return Runtime(
            self.definitions,
            self.services,
            list(self.systems.values()),
            self.maps,
            self.external_objects,
            surroundings,
            self.configurator,
            hashlib.sha256("".join(versions).encode()).hexdigest()[:16],
            approval_rules=self.approval_rules,
            workflows=self.workflows,
            licence=self.licence,
            user=self.settings.user,
            licence_file=str(self.settings.licence or ""),
            pricing=self.pricing,
            keeps_profiles=self.settings.service_profile == "hub",
        )


def open_deployment(folder: pathlib.Path) -> Deployment:
    """The deployment in *folder*, of which nothing but the settings is read yet."""
    return Deployment(folder, read_settings(folder))


def load_deployment(folder: pathlib.Path, settings: Settings | None = None) -> Deployment:
    """Read and prove a deployment.

    Raises:
        Misconfigured: the first fault, with file, line and column.
    """
    return Deployment(folder, settings or read_settings(folder)).prove()


def check_deployment(folder: pathlib.Path, settings: Settings | None = None) -> list[Finding]:
    """Everything that is wrong or doubtful in a deployment; none for a good one."""
    try:
        found = condition_findings(load_definitions(folder)) + map_findings(folder)
        if not any(finding.severity == "error" for finding in found):
            deployment = load_deployment(folder, settings)
            found += route_findings(deployment.routes.values())
            found += approval_findings(deployment.approval_rules.values())
    except HubError as error:
        return [Finding(error.where, f"{error.what}: {error.why}" if error.why else error.what, error.mend, "error")]
    return found


def map_findings(folder: pathlib.Path, names: Sequence[str] = ()) -> list[Finding]:
    """All findings on the maps, or on those called *names*."""
    own = own_folder(folder)
    definitions = load_definitions(folder)
    external_objects = load_external_objects(own)
    objects = {**definitions, **{name: one.definition for name, one in external_objects.items()}}
    sources = _sources("maps", own)
    if names:
        by_name = {read(source).mapping()["map"].text(): source for source in sources}
        for name in names:
            if name not in by_name:
                raise _map_unknown(name, by_name)
        wanted = {by_name[name].name for name in names}
        return [
            finding
            for finding in check_maps(sources, objects, _reader("maps", own))
            if finding.where.split(":")[0] in wanted
        ]
    return check_maps(sources, objects, _reader("maps", own))


def map_named(deployment: Deployment, name: str) -> DataMap:
    """The deployment's map of this name.

    Raises:
        MapUnknown: there is none.
    """
    if name not in deployment.maps:
        raise _map_unknown(name, deployment.maps)
    return deployment.maps[name]


def _map_unknown(name: str, known: Iterable[str]) -> MapUnknown:
    return MapUnknown(
        f"there is no map '{name}'",
        why=f"there are {', '.join(sorted(known))}",
        mend=nearest(name, known) or "name one of them",
    )


def all_cases(deployment: Deployment, maps: Mapping[str, DataMap]) -> list[Case]:
    """The cases of *maps*, the shipped ones and the deployment's own."""
    own = own_folder(deployment.folder)
    cases = shipped_cases(maps)
    if own is not None:
        cases += find_cases(own / "maps" / "cases", maps)
    return cases


def check_packages() -> None:
    """Check that the hub's five packages come from one place: a folder `maps` elsewhere could shadow ours.

    Raises:
        PackagesMixed: one of them comes from another place.
    """
    places = {
        name: pathlib.Path(importlib.import_module(name).__file__ or name).resolve().parent.parent for name in PACKAGES
    }
    home = places["hub"]
    for name, place in places.items():
        if place != home:
            raise PackagesMixed(
                f"the package '{name}' isn't the hub's own",
                where=str(place / name),
                why=f"the hub is installed in {home}",
                mend=f"start the hub in another folder, or rename the folder '{name}' that is in the way",
            )


def load_external_objects(own: pathlib.Path | None) -> dict[str, ExternalObject]:
    """The external objects, shipped and the deployment's own."""
    sources: list[Source] = []
    names = {entry.name for entry in importlib.resources.files("schemas").iterdir() if entry.is_dir()}
    for name in sorted(names):
        sources += shipped("schemas", folder=name)
    if own is not None and (own / "schemas").is_dir():
        for place in sorted(entry for entry in (own / "schemas").iterdir() if entry.is_dir()):
            sources += in_folder(place)
    return read_external_objects(sources, _reader("schemas", own))


def _sources(package: str, own: pathlib.Path | None, folder: str = "") -> list[Source]:
    sources = shipped(package, folder=folder)
    if own is not None:
        sources += in_folder(own / package / folder)
    return sources


def _route_sources(own: pathlib.Path | None, names: Iterable[str]) -> list[Source]:
    """The shipped routes that the settings switch on, then all of the deployment's own."""
    by_name = {pathlib.PurePosixPath(source.name).stem: source for source in shipped("hub", folder="routes")}
    names = list(names)
    if EVERY_ROUTE in names:
        names = list(by_name)
    for name in names:
        if name not in by_name:
            raise DeclarationFault(
                f"there is no shipped route '{name}'",
                where=f"{FILE}, routes",
                why=f"shipped are {', '.join(by_name)}",
                mend=nearest(name, by_name) or "take it out; routes of the deployment's own are always on",
            )
    sources = [by_name[name] for name in names]
    if own is not None:
        sources += in_folder(own / "hub" / "routes")
    return sources


def _reader(package: str, own: pathlib.Path | None, folder: str = "") -> Callable[[str], bytes]:
    """What reads a file that a declaration names: the deployment's own, else the shipped one."""

    def read_file(name: str) -> bytes:
        path = pathlib.PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise FileMissing(
                f"the file '{name}' lies outside its folder",
                where=name,
                mend=f"name a file within {package}/{folder}",
            )
        if own is not None:
            candidate = own / package / folder / path
            if candidate.is_file():
                return candidate.read_bytes()
        place: Any = importlib.resources.files(package)
        for step in (*pathlib.PurePosixPath(folder).parts, *path.parts):
            place = place / step
        if not place.is_file():
            raise FileMissing(
                f"there is no file '{name}'",
                where=f"{package}/{folder}".rstrip("/"),
                mend="add it, or name another",
            )
        content: bytes = place.read_bytes()
        return content

    return read_file


def _text_reader(package: str, own: pathlib.Path | None, folder: str) -> Callable[[str], str]:
    read_file = _reader(package, own, folder)
    return lambda name: read_file(name).decode("utf-8")
