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
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from adapters.files import read_file
from hub.deployment.definitions import FILE
from hub.services.module_licensed import Licence, read_licence
from integration_objects.declaration import DeclarationFault, Source
from integration_objects.errors import Misconfigured, UnknownName
from integration_objects.time_zone import ZoneUnknown, time_zone

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
        super().__init__(name, Settings.model_fields, settings=", ".join(Settings.model_fields), **parts)


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


class Settings(BaseSettings):
    """All settings. The help of each gives its shape and unit."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    database_url: str = Field(
        "sqlite:///orderhub.db",
        description="the database of the hub's state: sqlite:///FILE (relative to this folder) or postgresql://...",
    )
    broker_url: str | None = Field(
        None, description="address of RabbitMQ, amqp:// or amqps://; without one, channels are embedded queues"
    )
    routes: Annotated[list[str], NoDecode] = Field(
        ["hub_object"],
        description="the shipped routes to switch on, * for all of them; the deployment's own in hub/routes/ are "
        "always on",
    )
    systems: Annotated[list[str] | None, NoDecode] = Field(
        None,
        description="the shipped systems to switch on, * for all of them; left out: all of them where `routes` has "
        "the *, else none; the deployment's own in adapters/systems/ are always on",
    )
    user: str = Field(
        "hub",
        min_length=1,
        max_length=255,
        description="the name that the tables show as creator and changer of the hub's rows",
    )
    group: int = Field(25, ge=1, le=500, description="most messages in one database transaction")
    poll_s: float = Field(0.5, gt=0, le=60, description="seconds between two looks for work when there was none")
    workers: int = Field(1, ge=1, le=64, description="worker processes of `orderhub run`; SQLite serves two at most")
    folder_settle_s: float = Field(
        2.0, ge=0, le=3600, description="seconds that a file must not have changed before it is taken"
    )
    time_zone: str = Field(
        "UTC",
        description="the zone of the days and times in maps and templates that name no zone, such as Europe/Berlin",
    )
    licence: pathlib.Path | None = Field(
        None, description="the licence file, relative to this folder; without one, every module is licensed"
    )
    pricing_url: str | None = Field(
        None,
        description="address of a pricing system, http:// or https://; without one, the hub prices by its price lists",
    )
    configurator_url: str | None = Field(
        None, description="address of a configurator, http:// or https://; without one, the hub configures by itself"
    )
    service_profile: Literal["hub", "external"] = Field(
        "hub",
        description="the keeper of the service profiles; `external`: another system keeps them, and completed lines "
        "are not applied to them here",
    )
    secrets: Annotated[list[str], NoDecode] = Field(
        ["Password", "PIN", "PUK"],
        description="names of attributes and elements whose values no error, dead letter or log shows",
    )
    unsafe_database: bool = Field(
        False,
        description="whether the hub starts on a PostgreSQL that may lose what it has acknowledged (fsync off)",
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            return time_zone(value).key
        except ZoneUnknown as fault:
            raise PydanticCustomError("time_zone", "{why}", {"why": f"{fault}: {fault.mend}"}) from fault

    @property
    def listed_systems(self) -> list[str]:
        """The shipped systems that are switched on; `*` for all of them."""
        # The samples belong together: the shipped routes answer the shipped systems.
        return [name for name in self.routes if name == EVERY] if self.systems is None else self.systems

    @field_validator("routes", "systems", "secrets", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        # Marked NoDecode: pydantic-settings would read a variable's text as JSON, and people write a,b.
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value


def read_settings(folder: pathlib.Path, environment: bool = True, **given: Any) -> Settings:
    """Read the settings of the deployment in *folder*.

    Args:
        folder: the folder that may have an `orderhub.toml`.
        environment: whether file and environment count; the demo ignores both.
        given: settings that win over both.

    Raises:
        SettingsFaulty: names the setting, its place and its possible values.
    """
    path = folder / FILE
    if not environment:
        # `model_construct` reads neither file nor environment, and checks nothing.
        defaults = {name: field.get_default() for name, field in Settings.model_fields.items()}
        return Settings.model_construct(**{**defaults, **given})
    _check_environment()
    if os.path.lexists(path) and not path.is_file():
        raise SettingsUnreadable(
            path=path,
            fault="it is no file" if path.exists() else "it is a link to nothing",
            mend=f"make {FILE} a file of settings, or remove it",
        )

    # pydantic-settings asks a class for its sources, and only this call knows the folder.
    class InFolder(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            # The first source wins: the caller's settings, then the environment, then the file.
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, path)

    try:
        return InFolder(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        where = place_of_setting(folder, name)
        if first["type"] == "extra_forbidden":
            raise SettingUnknown(name, where=where) from error
        default = json.dumps(Settings.model_fields[name].get_default())
        fault = first["msg"][:1].lower() + first["msg"][1:]
        # The address of a server may hold a password, in whatever form it was written.
        what = f"the setting '{name}' can't be read" if "url" in name else None
        value = first["input"]
        raise SettingsFaulty(what, name=name, value=value, fault=fault, default=default, where=where) from error
    except tomllib.TOMLDecodeError as error:
        # Python 3.14 gives line and column as attributes; before, they stand in the text.
        fault, _, place = str(error).partition(" (at line ")
        where = ":".join([str(path), *re.findall("[0-9]+", place)])
        raise SettingsUnreadable(path=path, fault=fault, where=where) from error
    except (ValueError, OSError) as error:
        raise SettingsUnreadable(path=path, fault=error) from error


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
            if name not in Settings.model_fields:
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
    return read_licence(Source(str(file), text))
