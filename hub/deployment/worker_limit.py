"""The number of worker processes that a deployment's database can serve.

Spec: docs/design/guarantees.md, "SQLite" (two processes at most).
"""

from __future__ import annotations

from adapters.database.connection.dialect import Dialect, dialect_of_url
from hub.deployment.deployment import Deployment
from hub.deployment.settings import place_of_setting
from integration_objects.errors import Misconfigured
from maps.check import Finding

#: SQLite takes one writer at a time: further processes would only wait for each other.
MOST_ON_SQLITE = 2
MOST = 64


class TooManyWorkers(Misconfigured):
    """More worker processes than the database can serve."""

    where = "orderhub run"
    why = "at most {most} can work on {place}"

    def __init__(self, what: str, deployment: Deployment) -> None:
        place, mend = "one machine", "start hubs on more machines"
        if _dialect(deployment).writers_take_turns:
            place = "SQLite, which takes one writer at a time"
            mend = "use PostgreSQL (setting database_url) for more"
        super().__init__(what, mend=mend, most=most_workers(deployment), place=place)


def check_workers(deployment: Deployment, number: int) -> None:
    """Refuse a number of workers that the database can't serve.

    Raises:
        TooManyWorkers: SQLite takes one writer at a time; more than two processes only wait for each other.
    """
    if number > most_workers(deployment):
        raise TooManyWorkers(f"{number} worker processes are too many", deployment)


def worker_findings(deployment: Deployment) -> list[Finding]:
    """Warn of a setting `workers` that the database can't serve; the option of `orderhub run` may give another one."""
    try:
        check_workers(deployment, deployment.settings.workers)
    except TooManyWorkers as error:
        where = place_of_setting(deployment.folder, "workers")
        return [Finding(where, f"{error.what}: {error.why}", error.mend, "warning")]
    return []


def most_workers(deployment: Deployment) -> int:
    """Return the most worker processes that the database can serve."""
    return MOST_ON_SQLITE if _dialect(deployment).writers_take_turns else MOST


def _dialect(deployment: Deployment) -> Dialect:
    return dialect_of_url(deployment.settings.database_url)
