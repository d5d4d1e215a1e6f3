"""The settings of a deployment: one table, each with its default and a line of help.

They come from `orderhub.toml` in the working folder, and from the environment (`ORDERHUB_DATABASE_URL`, ...),
which wins. The licence file is read here, too, because a setting names it.

Spec: docs/design/integration.md, "Reached from outside"; docs/design/methods.md, "The small ones", Module Licensed.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from adapters.files import read_file
from hub.deployment import setting_values as kinds
from hub.deployment.definitions import FILE
from integration_objects.declaration import DeclarationFault, Source
from integration_objects.errors import Misconfigured, UnknownName

if TYPE_CHECKING:
    from hub.services.module_licensed import Licence

PREFIX = "ORDERHUB_"
#: in a list of shipped declarations: all of them
EVERY = "*"
#: environment variables with the prefix that are no settings: they name the servers that the tests run against
_NO_SETTINGS = frozenset({"ORDERHUB_TEST_BROKER_URL", "ORDERHUB_TEST_DATABASE_URL"})


class SettingsFaulty(Misconfigured):
    """A setting has a value that it can't have."""

    what = "the setting '{name}' can't be {value!r}"
    why = "{fault}"
    mend = "give such a value, or take the setting away: its default is {default}"


class SettingUnknown(UnknownName, SettingsFaulty):
    """There is no setting with this name."""

    kind = "setting"
    why = "settings are {settings}"
    otherwise = "take it away"

    def __init__(self, name: str, **parts: Any) -> None:
        super().__init__(name, TABLE, settings=", ".join(TABLE), **parts)


class SettingsUnreadable(SettingsFaulty):
    """The file of the settings can't be read."""

    what = "orderhub.toml can't be read"
    where = "{path}"
    mend = "write name = value; a text stands in quotes, and each name once"


class LicenceUnreadable(DeclarationFault):
    """The licence file isn't text."""

    what = "the licence file isn't text"
    why = "{fault}"
    mend = "write it in UTF-8"


@dataclass(frozen=True)
class Setting:
    """A line of the table of settings.

    Attributes:
        kind: reads a value, or raises `SettingUnfit`.
        help: the meaning, with shape and unit.
        default: the value where neither the file nor the environment has the setting.
    """

    kind: Callable[[object], Any]
    help: str
    default: Any


def _as(kind: Callable[[object], Any], help: str) -> dict[str, Any]:
    """Give a field of `Settings` its kind and its help."""
    return {"kind": kind, "help": help}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings. The help of each gives its shape and unit."""

    database_url: str = field(
        default="sqlite:///orderhub.db",
        metadata=_as(
            kinds.text, "the database of the hub's state: sqlite:///FILE (relative to this folder) or postgresql://..."
        ),
    )
    broker_url: str | None = field(
        default=None,
        metadata=_as(
            kinds.optional(kinds.text),
            "address of RabbitMQ, amqp:// or amqps://; without one, channels are embedded queues",
        ),
    )
    routes: list[str] = field(
        default_factory=lambda: ["hub_object"],
        metadata=_as(
            kinds.names,
            "the shipped routes to switch on, * for all of them; the deployment's own in hub/routes/ are always on",
        ),
    )
    systems: list[str] | None = field(
        default=None,
        metadata=_as(
            kinds.optional(kinds.names),
            "the shipped systems to switch on, * for all of them; left out: all of them where `routes` has "
            "the *, else none; the deployment's own in adapters/systems/ are always on",
        ),
    )
    feeds: list[str] = field(
        default_factory=list,
        metadata=_as(
            kinds.names,
            "the shipped feeds to switch on, * for all of them; the deployment's own in hub/feeds/ are always on",
        ),
    )
    user: str = field(
        default="hub",
        metadata=_as(kinds.name, "the name that the tables show as creator and changer of the hub's rows"),
    )
    group: int = field(default=25, metadata=_as(kinds.whole(1, 500), "most messages in one database transaction"))
    poll_s: float = field(
        default=0.5, metadata=_as(kinds.seconds(0.001, 60), "seconds between two looks for work when there was none")
    )
    workers: int = field(
        default=1, metadata=_as(kinds.whole(1, 64), "worker processes of `orderhub run`; SQLite serves two at most")
    )
    folder_settle_s: float = field(
        default=2.0,
        metadata=_as(kinds.seconds(0, 3600), "seconds that a file must not have changed before it is taken"),
    )
    time_zone: str = field(
        default="UTC",
        metadata=_as(
            kinds.zone, "the zone of the days and times in maps and templates that name no zone, such as Europe/Berlin"
        ),
    )
    licence: pathlib.Path | None = field(
        default=None,
        metadata=_as(
            kinds.optional(kinds.path),
            "the licence file, relative to this folder; without one, every module is licensed",
        ),
    )
    pricing_url: str | None = field(
        default=None,
        metadata=_as(
            kinds.optional(kinds.text),
            "address of a pricing system, http://, https:// or channel:NAME; without one, the hub prices by its price "
            "lists",
        ),
    )
    configurator_url: str | None = field(
        default=None,
        metadata=_as(
            kinds.optional(kinds.text),
            "address of a configurator, http://, https:// or channel:NAME; without one, the hub configures by itself",
        ),
    )
    http_tokens: list[tuple[str, str]] = field(
        default_factory=list,
        metadata=_as(
            kinds.digests,
            "who may post to `orderhub http`: NAME=DIGEST, as `orderhub partner token NAME` prints it; a name may "
            "stand twice while its token is changed",
        ),
    )
    http_subject_header: str | None = field(
        default=None,
        metadata=_as(
            kinds.optional(kinds.header),
            "the header in which a trusted proxy gives `orderhub http` the subject of the sender's certificate; "
            "without one, such a header counts for nothing",
        ),
    )
    http_urls: list[tuple[str, str]] = field(
        default_factory=list,
        metadata=_as(kinds.named_texts, "where the messages to systems with `http: NAME` are posted: NAME=https://..."),
    )
    http_url_tokens: list[tuple[str, str]] = field(
        default_factory=list,
        metadata=_as(kinds.named_texts, "the bearer tokens that are shown at these addresses: NAME=TOKEN"),
    )
    session_idle_s: float = field(
        default=1800.0,
        metadata=_as(kinds.seconds(60, 86_400), "seconds without a page after which a person must log in again"),
    )
    session_s: float = field(
        default=43_200.0,
        metadata=_as(
            kinds.seconds(300, 604_800), "seconds after which a person must log in again, however busy the person is"
        ),
    )
    open_id_issuer: str | None = field(
        default=None,
        metadata=_as(
            kinds.optional(kinds.name),
            "the address of a provider of OpenID Connect, https://..., by which users may log in; it goes with the "
            "next two",
        ),
    )
    open_id_client: str | None = field(
        default=None, metadata=_as(kinds.optional(kinds.name), "the hub's client id at this provider")
    )
    open_id_secret: str | None = field(
        default=None, metadata=_as(kinds.optional(kinds.name), "the secret of this client")
    )
    web_url: str | None = field(
        default=None,
        metadata=_as(
            kinds.optional(kinds.web_address),
            "the address by which browsers reach `orderhub web`, such as https://hub.example; without one, it serves "
            "this machine alone",
        ),
    )
    service_profile: str = field(
        default="hub",
        metadata=_as(
            kinds.name,
            "the keeper of the service profiles; a virtual component: the system that it names, which is read and "
            "written in real time; `external`: another system keeps them, and completed lines are not applied to them "
            "here",
        ),
    )
    secrets: list[str] = field(
        default_factory=lambda: ["Password", "PIN", "PUK"],
        metadata=_as(
            kinds.names, "names of attributes and elements whose values nothing shows, beside those that products mark"
        ),
    )
    unsafe_database: bool = field(
        default=False,
        metadata=_as(
            kinds.flag, "whether the hub starts on a PostgreSQL that may lose what it has acknowledged (fsync off)"
        ),
    )

    @property
    def listed_systems(self) -> list[str]:
        """The shipped systems that are switched on; `*` for all of them."""
        # The samples belong together: the shipped routes answer the shipped systems.
        return [name for name in self.routes if name == EVERY] if self.systems is None else self.systems


#: the settings by name, in the order of the documentation
TABLE: Mapping[str, Setting] = {
    entry.name: Setting(**entry.metadata, default=getattr(Settings(), entry.name)) for entry in fields(Settings)
}


def read_settings(folder: pathlib.Path, environment: bool = True, **given: Any) -> Settings:
    """Read the settings of the deployment in *folder*.

    Args:
        folder: the folder that may have an `orderhub.toml`.
        environment: whether file and environment count; the demo ignores both.
        given: settings that win over both.

    Raises:
        SettingsFaulty: names the setting, its place and its possible values.
    """
    if not environment:
        return Settings(**given)
    _check_environment()
    variables = {name: os.environ[variable] for name in TABLE if (variable := PREFIX + name.upper()) in os.environ}
    written = {**_file_of(folder / FILE), **variables, **given}
    return Settings(**{name: _value(folder, name, value) for name, value in written.items()})


def _file_of(path: pathlib.Path) -> dict[str, Any]:
    """Read the file of the settings; nothing where there is none."""
    if not os.path.lexists(path):
        return {}
    if not path.is_file():
        raise SettingsUnreadable(
            path=path,
            fault="it is no file" if path.exists() else "it is a link to nothing",
            mend=f"make {FILE} a file of settings, or remove it",
        )
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        # Python 3.14 gives line and column as attributes; before, they stand in the text.
        fault, _, place = str(error).partition(" (at line ")
        where = ":".join([str(path), *re.findall("[0-9]+", place)])
        raise SettingsUnreadable(path=path, fault=fault, where=where) from error
    except (ValueError, OSError) as error:
        raise SettingsUnreadable(path=path, fault=error) from error


def _value(folder: pathlib.Path, name: str, written: object) -> Any:
    """Read the value of a setting."""
    if name not in TABLE:
        raise SettingUnknown(name, where=place_of_setting(folder, name))
    setting = TABLE[name]
    try:
        return setting.kind(written)
    except kinds.SettingUnfit as unfit:
        # The address of a server may hold a password, in whatever form it was written; so may a token be written.
        what = f"the setting '{name}' can't be read" if "url" in name or "token" in name else None
        raise SettingsFaulty(
            what,
            name=name,
            value=unfit.found,
            fault=unfit.why,
            default=json.dumps(setting.default),
            where=place_of_setting(folder, name),
        ) from unfit


def place_of_setting(folder: pathlib.Path, name: str) -> str:
    """Return the place that gives a setting its value: the variable of the environment, or the line of the file."""
    variable = PREFIX + name.upper()
    if variable in os.environ:
        return f"environment, {variable}"
    path = folder / FILE
    # TOML's parser keeps no lines. A setting stands at the start of a line, and has no dots.
    pattern = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*=""")
    lines = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
    numbers = [number for number, line in enumerate(lines, 1) if pattern.match(line)]
    return f"{path}:{numbers[0]}" if numbers else f"{path}, {name}"


def _check_environment() -> None:
    """Refuse variables of the environment that have the prefix and name no setting."""
    for variable in os.environ:
        if variable.startswith(PREFIX) and variable not in _NO_SETTINGS:
            name = variable.removeprefix(PREFIX).lower()
            if name not in TABLE:
                raise SettingUnknown(name, where=f"environment, {variable}", otherwise="unset the variable")


def read_licence_file(folder: pathlib.Path, path: pathlib.Path | None) -> Licence | None:
    """Read the licence file that the setting `licence` names; None if the setting names none.

    Args:
        folder: the deployment's folder.
        path: the setting, relative to *folder*.

    Raises:
        FileUnreadable: there is no such file. A lost licence licenses nothing.
        DeclarationFault: the file isn't a licence file.
    """
    if path is None:
        return None
    file = folder / path
    try:
        text = read_file(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise LicenceUnreadable(where=str(file), fault=error) from error
    # Imported here: with it, all business service methods are loaded.
    from hub.services.module_licensed import read_licence

    return read_licence(Source(str(file), text))
