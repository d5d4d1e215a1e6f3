"""The proof of a deployment: `orderhub check` prints all that it finds, and `orderhub run` starts on no error.

    check_deployment(folder)      all findings
    load_deployment(folder)       the deployment, or its first error
    prove(deployment)             likewise

The stages go along the imports: objects, external objects, maps, systems, routes. Each stage gives all its findings.

Spec: docs/design/integration.md, "Routes" (`orderhub check`); docs/architecture.md, "Ideas that everything follows".
"""

from __future__ import annotations

import importlib
import pathlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from adapters.database.connection.database import Database
from adapters.database.connection.engines import known_url, may_exist
from adapters.database.schema.taken_back import refuse_fields_taken_back
from adapters.transport import HTTP
from adapters.transports.http import HttpTransport
from hub.deployment.declared_expressions import (
    approval_findings,
    condition_findings,
    decomposition_findings,
    route_findings,
)
from hub.deployment.deployment import Deployment
from hub.deployment.folder_layout import folder_findings
from hub.deployment.loops import loop_findings
from hub.deployment.settings import Settings, place_of_setting, read_settings
from hub.deployment.system_findings import system_findings
from hub.deployment.worker_limit import worker_findings
from integration_objects.declaration import DeclarationFault
from integration_objects.errors import HubError, Misconfigured, Retryable, located
from integration_objects.nearest import nearest
from maps.check import Finding, check_maps

PACKAGES = ("integration_objects", "schemas", "maps", "adapters", "hub")


class PackagesMixed(Misconfigured):
    """The hub's five packages don't come from one place."""


class DeploymentUnsound(DeclarationFault):
    """The proof of the deployment finds an error; `orderhub check` lists all of them."""


def load_deployment(folder: pathlib.Path, settings: Settings | None = None) -> Deployment:
    """Read and prove a deployment.

    Raises:
        Misconfigured: the first fault, with file, line and column.
    """
    return prove(Deployment(folder, settings or read_settings(folder)))


def prove(deployment: Deployment) -> Deployment:
    """Read and prove everything; return the same deployment.

    Raises:
        Misconfigured: the first fault, with file, line and column.
    """
    return _pass(deployment, _STAGES)


def read_used(deployment: Deployment) -> Deployment:
    """Read the parts that a running hub uses, and prove no more than that; return the same deployment.

    Raises:
        Misconfigured: the first fault, with file, line and column.
    """
    return _pass(deployment, _USED)


def _pass(deployment: Deployment, stages: Iterable[_Stage]) -> Deployment:
    for stage in stages:
        for finding in stage(deployment):
            if finding.severity == "error":
                raise DeploymentUnsound(finding.text, where=finding.where, mend=finding.mend)
    return deployment


def check_deployment(
    folder: pathlib.Path, settings: Settings | None = None, *, with_database: bool = False
) -> list[Finding]:
    """List everything that is wrong or doubtful in a deployment; nothing for a good one.

    Args:
        with_database: whether the database is compared with the declarations, if they have no error.
    """
    try:
        deployment = Deployment(folder, settings or read_settings(folder))
        found = findings(deployment)
        # The definitions can't be loaded while one of them has an error.
        if with_database and not any(finding.severity == "error" for finding in found):
            found += database_findings(deployment)
        return found
    except HubError as error:
        return [finding_of(error)]


def findings(deployment: Deployment) -> list[Finding]:
    """List everything that is wrong or doubtful, stage by stage."""
    found: list[Finding] = []
    for stage in _STAGES:
        try:
            found += stage(deployment)
        except HubError as error:
            found.append(finding_of(error))
    # A part that can't be read fails each stage that needs it.
    return list(dict.fromkeys(found))


def database_findings(deployment: Deployment) -> list[Finding]:
    """List the faults between the declarations and the database, if there is one already."""
    settings, folder = deployment.settings, deployment.folder
    if not may_exist(settings.database_url, folder):
        return []
    database = Database(settings.database_url, folder=folder, unsafe=settings.unsafe_database)
    try:
        refuse_fields_taken_back(database, deployment.definitions)
    except Retryable as error:
        # A database that is away proves nothing against the declarations.
        text = "the database could not be asked whether it fits the declarations"
        return [Finding(database.shown_url, text, error.mend or "check again when it is there", "warning")]
    except HubError as error:
        return [finding_of(error)]
    finally:
        database.close()
    return []


def finding_of(error: HubError) -> Finding:
    """Turn a fault into a finding."""
    return Finding(error.where, f"{error.what}: {error.why}" if error.why else error.what, error.mend, "error")


def map_findings(deployment: Deployment, names: Sequence[str] = ()) -> list[Finding]:
    """List all findings on the maps that the deployment uses, or on those called *names*."""
    if not names:
        return _maps(deployment)
    sources = deployment.map_sources(names)
    wanted = {data_map.where.split(":")[0] for data_map in deployment.maps_named(names).values()}
    found = check_maps(sources, deployment.objects, deployment.files.reader("maps"))
    return [finding for finding in found if finding.where.split(":")[0] in wanted]


def check_packages(_: Deployment | None = None) -> list[Finding]:
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
    return []


def _layout(deployment: Deployment) -> list[Finding]:
    return folder_findings(deployment.folder)


def _conditions(deployment: Deployment) -> list[Finding]:
    return condition_findings(deployment.definitions)


def _external_objects(deployment: Deployment) -> list[Finding]:
    """Compile the deployment's own schemas. A shipped schema is compiled where something uses it."""
    found = [
        Finding(where, f"the hub has an integration object '{name}'", "give the external object another name", "error")
        for name, where in deployment.external_objects.places.items()
        if name in deployment.definitions
    ]
    own = str(deployment.files.own) if deployment.files.own is not None else None
    for name, where in deployment.external_objects.places.items():
        if own is not None and where.startswith(own):
            try:
                deployment.external_objects[name]
            except HubError as error:
                found.append(finding_of(error))
    return found


def _maps(deployment: Deployment) -> list[Finding]:
    return check_maps(deployment.map_sources(), deployment.objects, deployment.files.reader("maps"))


def _systems(deployment: Deployment) -> list[Finding]:
    for system in deployment.systems.values():
        if system.object is not None:
            # Compiled here, and not when the first message leaves.
            deployment.external_objects[system.object]
    return []


def _takers(deployment: Deployment) -> list[Finding]:
    return system_findings(deployment.systems.values(), deployment.files.own_workflows())


def _templates(deployment: Deployment) -> list[Finding]:
    return [
        Finding(fault.where, fault.text, fault.mend, "error" if fault.is_error else "warning")
        for system in deployment.systems.values()
        for fault in system.template_faults(deployment.maps)
    ]


def _routes(deployment: Deployment) -> list[Finding]:
    found = route_findings(deployment.routes.values())
    return found + loop_findings(deployment.routes, deployment.systems.values())


def _approvals(deployment: Deployment) -> list[Finding]:
    return approval_findings(deployment.approval_rules.values())


def _decomposition(deployment: Deployment) -> list[Finding]:
    return decomposition_findings(deployment.decomposition_rules)


def _pages(deployment: Deployment) -> list[Finding]:
    """Read the pages, and compile the deployment's own templates of them."""
    pages = deployment.pages
    # Imported here: jinja2 takes longer to load than a command without templates runs.
    if any(page.template for page in pages.values()):
        from hub.deployment.pages.own_template import own_templates

        list(own_templates(pages, deployment.files))
    return []


def _addresses(deployment: Deployment) -> list[Finding]:
    """Read the addresses of the servers; nothing is connected to."""
    folder, settings = deployment.folder, deployment.settings
    with located(place_of_setting(folder, "database_url")):
        known_url(settings.database_url, folder)
    if settings.broker_url is not None:
        # Imported here, because importing pika takes longer than the rest of a command without a broker.
        from adapters.rabbitmq.address import Address

        with located(place_of_setting(folder, "broker_url")):
            Address(settings.broker_url)
    return _http_addresses(deployment)


def _http_addresses(deployment: Deployment) -> list[Finding]:
    """Read the addresses that messages are posted to; list the systems that have none."""
    urls = deployment.settings.http_urls
    if urls:
        with located(place_of_setting(deployment.folder, "http_urls")):
            HttpTransport(dict(urls))
    known = [name for name, _ in urls]
    posted = [(each.places[HTTP], each.place) for each in deployment.systems.values() if each.transport.name == HTTP]
    messages = [feed.messages for feed in deployment.feeds.values() if feed.messages is not None]
    posted += [(each.to_where, each.to_place) for each in messages if each.to_transport.name == HTTP]
    return [
        Finding(
            where,
            f"nobody knows the address of '{place}'",
            nearest(place, known) or f"add {place}=https://... to the setting http_urls",
            "error",
        )
        for where, place in posted
        if place not in known
    ]


def _licence(deployment: Deployment) -> list[Finding]:
    """Read the licence file, and warn of modules that no workflow belongs to."""
    if deployment.licence is None:
        return []
    known = {workflow.module for workflow in deployment.workflows.values() if workflow.module}
    where = str(deployment.folder / (deployment.settings.licence or ""))
    return [
        Finding(
            f"{where}:1:1",
            f"no workflow belongs to the module '{module}'",
            nearest(module, known) or f"modules are {', '.join(sorted(known))}",
            "warning",
        )
        for module in deployment.licence.modules
        if module not in known
    ]


def _own_workflows(deployment: Deployment) -> list[Finding]:
    """Prove the integration objects that the deployment's own workflows take."""
    return [
        Finding(
            str(deployment.folder / "hub" / "workflows"),
            f"workflow '{workflow.name}' takes '{name}', and there is no such integration object",
            nearest(name, deployment.definitions) or "name an integration object",
            "error",
        )
        for workflow in deployment.workflows.own.values()
        for name in workflow.takes
        if name not in deployment.definitions
    ]


def _reads(part: Callable[[Deployment], Any]) -> Callable[[Deployment], list[Finding]]:
    """Make a stage that reads a part of the deployment: the reader of the part proves it."""

    def stage(deployment: Deployment) -> list[Finding]:
        part(deployment)
        return []

    return stage


_Stage = Callable[[Deployment], Iterable[Finding]]
# A part before the parts that use it, so that the first finding is the cause and not a consequence.
_USED: tuple[_Stage, ...] = (
    check_packages,
    _layout,
    _systems,
    _reads(lambda deployment: deployment.services),
    _own_workflows,
    _routes,
    _reads(lambda deployment: deployment.feeds),
    _approvals,
    _decomposition,
    _reads(lambda deployment: deployment.user_types),
    _reads(lambda deployment: deployment.open_id_provider),
    _reads(lambda deployment: deployment.customer_states),
    _pages,
    _reads(lambda deployment: deployment.configurator),
    _reads(lambda deployment: deployment.pricing),
    _reads(lambda deployment: deployment.virtual_components),
    _reads(lambda deployment: deployment.profile_keeper),
    _licence,
    _addresses,
)
_STAGES: tuple[_Stage, ...] = (
    _conditions,
    _external_objects,
    _maps,
    *_USED,
    _templates,
    _takers,
    worker_findings,
)
