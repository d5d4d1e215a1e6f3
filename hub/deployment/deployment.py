"""A deployment: all declarations read, proven against each other, and wired. Nothing else wires.

The shipped declarations come first, then those of the deployment's own folders, which have the same names as ours and
lie beside its `orderhub.toml`. One of its own takes the place of the shipped one of its name:

    integration_objects/*.yaml    extensions of shipped objects, and objects of its own
    schemas/<system>/*.xsd *.yaml
    maps/*.yaml                   shipped maps only where something names them
    adapters/virtual_components/*.yaml
    adapters/systems/*.yaml       always on; shipped systems only where the settings list them
    adapters/templates/*.j2
    hub/routes/*.yaml             always on; shipped routes only where the settings list them
    hub/feeds/*.yaml              always on; shipped feeds only where the settings list them
    hub/approvals/*.yaml          rules that hold an order for approval
    hub/decomposition/*.yaml      rules by which an order becomes work orders, asked before the shipped ones
    hub/states/*.yaml             the words in which customers read where an order is
    hub/access/*.yaml             types of users with their rights
    hub/web/pages/*.yaml          pages of the web application, and additions to the shipped ones
    hub/web/templates/*.j2        their templates
    hub/workflows/*.py, hub/services/*.py     WORKFLOWS and SERVICES replace or add by name

Spec: docs/architecture.md, "The tree"; docs/design/integration.md, "Routes".
"""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from adapters.files import FileUnreadable
from adapters.service_health import ServiceHealth
from adapters.transport import CHANNEL_URL, Asker, Setup, TransportKind
from hub.deployment.cache_folder import CacheFolder
from hub.deployment.declared_files import (
    CUSTOMER_STATES,
    DECOMPOSITION,
    FEEDS,
    MAPS,
    PAGE_TEMPLATES,
    PAGES,
    ROUTES,
    SYSTEMS,
    USER_TYPES,
    VIRTUAL_COMPONENTS,
    DeclaredFiles,
    Kind,
    name_in,
    shipped_by_name,
)
from hub.deployment.definitions import load_definitions
from hub.deployment.door import component_of, feed_component, read_doors
from hub.deployment.own_python import own_python
from hub.deployment.settings import EVERY, Settings, place_of_setting, read_licence_file, read_settings
from hub.workflow_manager.origin import DUE_LINES, FEED_CHANGES
from integration_objects.declaration import DeclarationFault, Source
from integration_objects.definition import Definitions, IntegrationObject
from integration_objects.errors import HubError, Refused, UnknownName, located
from integration_objects.surroundings import Surroundings

if TYPE_CHECKING:
    from adapters.json_client import JsonClient
    from adapters.open_id import OpenIdProvider
    from adapters.system import System
    from adapters.virtual_components.declaration import KeptProfile, VirtualComponent
    from adapters.virtual_components.keeper import ProfileKeeper
    from hub.access.user_type import UserType
    from hub.configurator.port import Configurator
    from hub.deployment.external_objects import ExternalObjects
    from hub.deployment.feed import Feed
    from hub.deployment.pages.page import Page
    from hub.deployment.route import Route
    from hub.pricing.port import Pricing
    from hub.services import Service
    from hub.services.module_licensed import Licence
    from hub.workflow_manager.approval_rule import ApprovalRule
    from hub.workflow_manager.customer_state import CustomerStates
    from hub.workflow_manager.decomposition_rule import DecompositionRule
    from hub.workflow_manager.runtime import Runtime
    from hub.workflows import Workflows
    from maps.data_map import DataMap


#: the name, among the other systems, of the one that keeps the service profiles
PROFILES = "service profile"
#: another system keeps the service profiles, and the hub never sees them
EXTERNAL = "external"
#: the keepers that aren't virtual components
PROFILE_KEEPERS = ("hub", EXTERNAL)


class SampleUnknown(UnknownName, DeclarationFault):
    """A setting lists a route, a system or a feed that the hub doesn't ship."""

    what = "there is no shipped {kind} '{name}'"
    why = "shipped are {names}"


class KeeperUnknown(UnknownName, DeclarationFault):
    """The setting `service_profile` names a keeper that doesn't exist."""

    what = "nobody called '{name}' keeps the service profiles"
    why = "known are {names}"
    otherwise = "name one of them, or declare a virtual component in adapters/virtual_components/"


class OpenIdIncomplete(DeclarationFault):
    """One of the settings of OpenID Connect is there without the others."""

    what = "nobody could log in by OpenID Connect"
    why = "these settings are missing: {names}"
    mend = "add them, or take the other settings of OpenID Connect away"


class MapUnknown(UnknownName, Refused):
    """A command names a map that neither the hub nor the deployment has."""

    kind = "map"
    where = "argument MAP"


class Deployment:
    """All declarations, by name; each part is read when it is first asked for.

    So a command reads only the parts that it needs, and loads only their code: a part's reader is imported where the
    part is read. `hub.deployment.proof` reads and proves all before a hub starts.
    """

    def __init__(self, folder: pathlib.Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self.files = DeclaredFiles(folder)

    @cached_property
    def definitions(self) -> Definitions:
        """The internal integration objects."""
        return load_definitions(self.folder)

    @cached_property
    def external_objects(self) -> ExternalObjects:
        """The external integration objects; the schema of each is compiled when the object is first asked for."""
        from hub.deployment.external_objects import ExternalObjects

        # A folder without settings is no deployment's: nothing is written there.
        files = self.files
        cache = None if files.own is None else CacheFolder(files.own)
        return ExternalObjects(
            files.external_object_sources(),
            files.reader("schemas"),
            cache,
            place_of=lambda place: files.shown("schemas", place),
            seconds=Surroundings().monotonic,
        )

    @cached_property
    def objects(self) -> Mapping[str, IntegrationObject]:
        """Every integration object, internal and external."""
        from hub.deployment.external_objects import AllObjects

        return AllObjects(self.definitions, self.external_objects)

    @cached_property
    def maps(self) -> Mapping[str, DataMap]:
        """The data maps that the deployment uses: its own, and the shipped ones that something names."""
        return self._read_maps(self.map_sources())

    def map_sources(self, named: Iterable[str] = ()) -> list[Source]:
        """List the declarations of the maps that the deployment uses, and of the maps called *named*."""
        return self.files.map_sources([*self.route_sources, *self.system_sources], named)

    def map_names(self) -> list[str]:
        """List the names of all maps, used or not."""
        own = (name_in(source, MAPS.key) for source in self.files.own_sources(MAPS.package))
        return sorted({*shipped_by_name(MAPS), *filter(None, own)})

    def maps_named(self, names: Iterable[str]) -> dict[str, DataMap]:
        """Return the maps of these names, whether or not the deployment uses them.

        Raises:
            MapUnknown: one of the names is no map's.
        """
        names = list(names)
        known = self.map_names()
        for name in names:
            if name not in known:
                raise MapUnknown(name, known)
        # All maps are read together, since one may use another; a second reading is spared where the first has the
        # names.
        unused = [name for name in names if name not in self.maps]
        maps = self._read_maps(self.map_sources(unused)) if unused else self.maps
        return {name: maps[name] for name in names}

    def _read_maps(self, sources: list[Source]) -> dict[str, DataMap]:
        if not sources:
            return {}
        from maps.data_map import read_maps

        return read_maps(sources, self.objects, self.files.reader("maps"), self.settings.time_zone)

    @cached_property
    def systems(self) -> Mapping[str, System]:
        """The systems that the hub sends to."""
        if not self.system_sources:
            return {}
        from adapters.system import read_systems

        return read_systems(
            self.system_sources,
            self.definitions,
            self.maps,
            self.external_objects,
            read_template=self.files.text_reader("adapters", "templates"),
            zone_name=self.settings.time_zone,
            map_names=self.map_names(),
        )

    @cached_property
    def services(self) -> Mapping[str, Service]:
        """The business service methods, the deployment's own in place of ours."""
        from hub.services import SERVICES, Service

        return {**SERVICES, **own_python(self.files.own, "services", "SERVICES", Service)}

    @cached_property
    def workflows(self) -> Workflows:
        """The workflows, the deployment's own in place of ours."""
        from hub.workflow_manager.workflow import Workflow
        from hub.workflows import Workflows

        return Workflows(own_python(self.files.own, "workflows", "WORKFLOWS", Workflow))

    @cached_property
    def routes(self) -> Mapping[str, Route]:
        """The routes that are switched on, and those of the feeds that have messages."""
        from hub.deployment.route import read_routes

        routes = read_routes(
            self.route_sources, self.external_objects, self.maps, self.workflows, map_names=self.map_names()
        )
        if not self._feed_doors:
            return routes
        from hub.deployment.feed_routes import feed_routes

        return {**routes, **feed_routes(self.feeds.values(), self.external_objects, routes)}

    @cached_property
    def feeds(self) -> Mapping[str, Feed]:
        """The feeds that are switched on."""
        if not self.feed_sources:
            return {}
        from hub.deployment.feed_declaration import read_feeds

        return read_feeds(self.feed_sources, self.definitions, self.external_objects, self.settings.time_zone)

    @cached_property
    def _feed_doors(self) -> Mapping[str, tuple[TransportKind, str]]:
        """The doors of the feeds that have messages, by the feed's name; no layout is read."""
        if not self.feed_sources:
            return {}
        from hub.deployment.feed_routes import feed_doors

        return feed_doors(self.feed_sources)

    @cached_property
    def worked_routes(self) -> Mapping[str, Route]:
        """The routes that are switched on, and the routes of the messages that the hub sends to itself."""
        from hub.deployment.due_lines_route import DUE_LINES_WORKFLOW, due_lines_route

        worked = {**self.routes, DUE_LINES: due_lines_route(self.workflows[DUE_LINES_WORKFLOW])}
        if self._feed_doors:
            from hub.deployment.feed_routes import changes_route

            worked[FEED_CHANGES] = changes_route()
        return worked

    @cached_property
    def approval_rules(self) -> Mapping[str, ApprovalRule]:
        """The rules that hold an order for approval when it is submitted; the hub ships none."""
        from hub.workflow_manager.approval_rule import read_approval_rules

        return read_approval_rules(self.files.own_sources("hub", "approvals"), self.definitions)

    @cached_property
    def decomposition_rules(self) -> Sequence[DecompositionRule]:
        """The rules by which orders become work orders: the deployment's own, then the shipped ones."""
        from hub.workflow_manager.decomposition_rule import read_decomposition_rules

        own = self.files.own_sources(DECOMPOSITION.package, DECOMPOSITION.folder)
        replaced = {name_in(source, DECOMPOSITION.key) for source in own}
        shipped = [source for name, source in shipped_by_name(DECOMPOSITION).items() if name not in replaced]
        return read_decomposition_rules([*own, *shipped], self.definitions)

    @cached_property
    def customer_states(self) -> CustomerStates:
        """The words for customers of where orders and their lines are: the deployment's own, else the shipped ones."""
        from hub.workflows.state.customer_states import read_customer_states

        return read_customer_states(self.files.sources(CUSTOMER_STATES, shipped_by_name(CUSTOMER_STATES)))

    @cached_property
    def user_types(self) -> Mapping[str, UserType]:
        """The types of users with their rights, the deployment's own in place of ours."""
        from hub.access.user_type import read_user_types

        return read_user_types(self.files.sources(USER_TYPES, shipped_by_name(USER_TYPES)))

    @cached_property
    def open_id_provider(self) -> OpenIdProvider | None:
        """The provider of OpenID Connect; None where the settings name none. Nothing is connected yet.

        Raises:
            OpenIdIncomplete: a setting is missing.
            UrlWrong: the provider's address can't be used.
        """
        names = ("open_id_issuer", "open_id_client", "open_id_secret")
        issuer, client, secret = (getattr(self.settings, name) for name in names)
        missing = [name for name in names if getattr(self.settings, name) is None]
        if len(missing) == len(names):
            return None
        if issuer is None or client is None or secret is None:
            there = next(name for name in names if name not in missing)
            raise OpenIdIncomplete(names=", ".join(missing), where=place_of_setting(self.folder, there))
        from adapters.open_id import OpenIdProvider

        with located(place_of_setting(self.folder, "open_id_issuer")):
            return OpenIdProvider(issuer, client, secret, Surroundings().monotonic)

    @cached_property
    def pages(self) -> Mapping[str, Page]:
        """The pages of the web application, the deployment's own in place of ours, and with its additions."""
        from hub.deployment.pages.reader import read_pages

        # The files that no page names declare additions to pages, or are faulty: the reader tells.
        return read_pages(
            self.files.sources(PAGES, shipped_by_name(PAGES)),
            self.definitions,
            self.workflows,
            self.files.names("hub", PAGE_TEMPLATES, "*.j2"),
        )

    @cached_property
    def health(self) -> Mapping[str, ServiceHealth]:
        """The health of the other systems that this process asks: the configurator, the pricing, the mainframe."""
        return {name: ServiceHealth() for name in ("configurator", "pricing", PROFILES)}

    @cached_property
    def pricing(self) -> Pricing:
        """The pricing: the system at the setting `pricing_url`, or the hub's own price lists.

        Raises:
            UrlWrong: the setting is no address.
        """
        url = self.settings.pricing_url
        if url is None:
            from hub.pricing.list_pricing import ListPricing

            return ListPricing()
        from hub.pricing.external import ExternalPricing

        return ExternalPricing(self._client("pricing", url))

    @cached_property
    def configurator(self) -> Configurator:
        """The configurator: the system at the setting `configurator_url`, or the hub's own.

        Raises:
            UrlWrong: the setting is no address.
        """
        url = self.settings.configurator_url
        if url is None:
            from hub.configurator.built_in import BuiltInConfigurator

            return BuiltInConfigurator(self.definitions)
        from hub.configurator.external import ExternalConfigurator

        return ExternalConfigurator(self._client("configurator", url), self.definitions)

    def _client(self, service: str, url: str) -> JsonClient:
        name, health = f"the {service}", self.health[service]
        with located(place_of_setting(self.folder, f"{service}_url")):
            if url.startswith(CHANNEL_URL):
                from adapters.queue_client import QueueClient, channel_in

                return QueueClient(channel_in(url, name), name, lambda: self.asker, health=health)
            from adapters.http_client import HttpClient

            return HttpClient(url, name, health=health)

    @cached_property
    def virtual_components(self) -> Mapping[str, VirtualComponent]:
        """The virtual business components by name."""
        from adapters.virtual_components.declaration import read_virtual_components

        names = shipped_by_name(VIRTUAL_COMPONENTS)
        return read_virtual_components(self.files.sources(VIRTUAL_COMPONENTS, names), self.definitions)

    @cached_property
    def profile_keeper(self) -> ProfileKeeper | None:
        """The other system that keeps the service profiles; None where the hub keeps them, or never sees them.

        Raises:
            KeeperUnknown: the setting names no virtual component that keeps profiles.
        """
        name = self.settings.service_profile
        if name in PROFILE_KEEPERS:
            return None
        from adapters.virtual_components.declaration import KeptProfile

        kept = self.virtual_components.get(name)
        if not isinstance(kept, KeptProfile):
            keepers = [each.name for each in self.virtual_components.values() if isinstance(each, KeptProfile)]
            where = place_of_setting(self.folder, "service_profile")
            raise KeeperUnknown(name, (*PROFILE_KEEPERS, *keepers), where=where)
        return keeper_of(self, kept)

    @property
    def asked_channels(self) -> list[str]:
        """The channels by which the settings have other systems asked."""
        urls = (self.settings.pricing_url, self.settings.configurator_url)
        channels = [url.removeprefix(CHANNEL_URL) for url in urls if url is not None and url.startswith(CHANNEL_URL)]
        return channels if self.profile_keeper is None else [*channels, self.profile_keeper.kept.channel]

    @cached_property
    def asker(self) -> Asker:
        """The carrier of questions over channels; nothing is connected before the first one."""
        from adapters.asking import open_asker

        # With the real clock: a question waits in the time of the other system.
        return open_asker(Setup(self.folder, vars(self.settings), Surroundings()))

    def setup(self, surroundings: Surroundings) -> Setup:
        """Return the parts of this deployment that a transport is opened with."""
        return Setup(self.folder, vars(self.settings), surroundings, lambda: self.asker)

    def close(self) -> None:
        """End the connections that questions have opened."""
        if "asker" in vars(self):
            self.asker.close()

    @cached_property
    def licence(self) -> Licence | None:
        """The content of the licence file; None where the settings name none."""
        try:
            return read_licence_file(self.folder, self.settings.licence)
        except FileUnreadable as error:
            raise error.at(place_of_setting(self.folder, "licence"))  # noqa: B904  # the same error, with its setting

    @cached_property
    def route_names(self) -> tuple[str, ...]:
        """The names of the routes that are worked; no map or schema is read."""
        declared = (name_in(source, ROUTES.key) for source in self.route_sources)
        own = (FEED_CHANGES,) if self._feed_doors else ()
        return (*(name for name in declared if name), *self._feed_doors, DUE_LINES, *own)

    @property
    def components(self) -> list[str]:
        """The components that can be paused: the routes, and the feeds that have messages."""
        return [feed_component(name) if name in self._feed_doors else component_of(name) for name in self.route_names]

    @property
    def doors(self) -> Mapping[str, tuple[TransportKind, str]]:
        """The kind of transport and the channel of each route that is switched on; no map or schema is read.

        Without the routes whose door can't be read: `door_faults` has the reasons.
        """
        return self._doors[0]

    @property
    def door_faults(self) -> list[HubError]:
        """The faults of the declarations of doors: an operator sees the other doors all the same."""
        return self._doors[1]

    @cached_property
    def _doors(self) -> tuple[Mapping[str, tuple[TransportKind, str]], list[HubError]]:
        try:
            doors, faults = read_doors(self.route_sources)
            doors |= self._feed_doors
        except HubError as fault:
            return {}, [fault]
        return doors, [*faults]

    @cached_property
    def route_sources(self) -> list[Source]:
        """The shipped routes that the settings list, then all of the deployment's own."""
        return self._listed(ROUTES, self.settings.routes, "routes")

    @cached_property
    def feed_sources(self) -> list[Source]:
        """The shipped feeds that the settings list, then all of the deployment's own."""
        return self._listed(FEEDS, self.settings.feeds, "feeds")

    @cached_property
    def system_sources(self) -> list[Source]:
        """The shipped systems that the settings list, then all of the deployment's own."""
        return self._listed(SYSTEMS, self.settings.listed_systems, "systems")

    def shipped_takers(self, name: str, for_system: str) -> list[str]:
        """List the shipped systems that are off and would take the object *name* for the fulfilment system."""
        return [
            system
            for system, source in shipped_by_name(SYSTEMS).items()
            if system not in self.systems and (name_in(source, "takes"), name_in(source, "for")) == (name, for_system)
        ]

    def _listed(self, kind: Kind, names: Iterable[str], setting: str) -> list[Source]:
        by_name = shipped_by_name(kind)
        names = list(by_name) if EVERY in names else list(names)
        for name in names:
            if name not in by_name:
                raise self._sample_unknown(kind, name, by_name, setting)
        return self.files.sources(kind, names)

    def _sample_unknown(self, kind: Kind, name: str, shipped: Iterable[str], setting: str) -> SampleUnknown:
        where = place_of_setting(self.folder, setting)
        own = self.files.own_sources(kind.package, kind.folder)
        if name in {name_in(source, kind.key) for source in own}:
            mend = f"take it out: the deployment's own {setting} are always on"
            return SampleUnknown(name, shipped, kind=kind.key, where=where, mend=mend)
        return SampleUnknown(name, shipped, kind=kind.key, where=where, otherwise="take it out")

    @cached_property
    def version(self) -> str:
        """The digest of all maps' versions: it tells the reader of a recording whether the maps are still the same."""
        versions = sorted(data_map.version for data_map in self.maps.values())
        return hashlib.sha256("".join(versions).encode()).hexdigest()[:16]

    def runtime(self, surroundings: Surroundings) -> Runtime:
        """Make the runtime that all runs of this deployment share."""
        from hub.workflow_manager.runtime import Runtime
        from hub.workflows.state.service_id import with_service_ids

        return Runtime(
            self.definitions,
            self.services,
            lambda: list(self.systems.values()),
            lambda: self.maps,
            lambda: self.external_objects,
            surroundings,
            self.configurator,
            self.pricing,
            # A command that sends nothing reads no maps, and its run depends on none.
            lambda: self.version if "maps" in vars(self) else "",
            lambda: self.decomposition_rules,
            lambda: self.customer_states,
            approval_rules=self.approval_rules,
            workflows=self.workflows,
            licence=self.licence,
            user=self.settings.user,
            licence_file=str(self.settings.licence or ""),
            keeps_profiles=self.settings.service_profile != EXTERNAL,
            profile_keeper=self.profile_keeper,
            read_virtual_components=lambda: self.virtual_components,
            zone_name=self.settings.time_zone,
            shipped_takers=self.shipped_takers,
            complete=with_service_ids,
        )


def open_deployment(folder: pathlib.Path) -> Deployment:
    """Return the deployment in *folder*; only its settings are read so far."""
    return Deployment(folder, read_settings(folder))


def keeper_of(deployment: Deployment, kept: KeptProfile) -> ProfileKeeper:
    """Make the keeper of a deployment's service profiles of its declaration."""
    from adapters.virtual_components.client import GatewayClient
    from adapters.virtual_components.keeper import ProfileKeeper

    # One health for all runs of the process: a mainframe that is away isn't asked by each message in turn.
    called, health = f"the keeper of the service profiles, '{kept.name}',", deployment.health[PROFILES]
    client = GatewayClient(kept.channel, called, lambda: deployment.asker, kept.timeout_s, health)
    return ProfileKeeper(kept, client)
