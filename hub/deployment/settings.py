"""The settings of a deployment: one table, each with its default and a line of help.

They come from `orderhub.toml` in the working folder, and from the environment (`ORDERHUB_DATABASE_URL`, ...),
which wins. `orderhub init` writes a file with all of them.

Spec: docs/design/integration.md, "Reached from outside".
"""

from __future__ import annotations

import os
import pathlib
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hub.deployment.definitions import FILE
from integration_objects.errors import Misconfigured
from integration_objects.nearest import nearest

__all__ = ["FILE", "PREFIX", "Settings", "SettingsFaulty", "read_settings"]

PREFIX = "ORDERHUB_"
#: environment variables with the prefix that are no settings: they name what the tests run against
_NO_SETTINGS = frozenset({"ORDERHUB_TEST_BROKER_URL", "ORDERHUB_TEST_DATABASE_URL"})


class SettingsFaulty(Misconfigured):
    """A setting is unknown, or has a value that it can't have."""


class Settings(BaseSettings):
    """All settings. Shapes and units stand in each one's help."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    database_url: str = Field(
        "sqlite:///orderhub.db",
        description="where the hub keeps its state: sqlite:///FILE (relative to this folder) or postgresql://...",
    )
    broker_url: str | None = Field(
        None, description="amqp:// or amqps:// address of RabbitMQ; without one, channels are embedded queues"
    )
    routes: Annotated[list[str], NoDecode] = Field(
        ["hub_object"],
        description="the shipped routes to switch on; the deployment's own in hub/routes/ are always on",
    )
    user: str = Field("hub", description="who stands in the tables as creator and changer of what the hub writes")
    group: int = Field(25, ge=1, le=500, description="most messages in one database transaction")
    poll_s: float = Field(0.5, gt=0, le=60, description="seconds between two looks for work when there was none")
    workers: int = Field(1, ge=1, le=64, description="worker processes of `orderhub run`; SQLite serves two at most")
    folder_settle_s: float = Field(
        2.0, ge=0, le=3600, description="seconds that a file must not have changed before it is taken"
    )
    licence: pathlib.Path | None = Field(
        None, description="the licence file, relative to this folder; without one, every module is licensed"
    )
    pricing_url: str | None = Field(
        None,
        description="where another system prices, http:// or https://; without one, the hub prices by its price lists",
    )
    configurator_url: str | None = Field(
        None, description="http:// or https:// address of a configurator; without one, the hub configures by itself"
    )
    service_profile: Literal["hub", "external"] = Field(
        "hub",
        description="who keeps the service profiles; `external`: another system does, and completed lines are not "
        "applied to them here",
    )
    unsafe_database: bool = Field(
        False,
        description="yes starts the hub on a PostgreSQL that may lose what it has acknowledged (fsync off)",
    )

    @field_validator("routes", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value


def read_settings(folder: pathlib.Path, environment: bool = True, **given: Any) -> Settings:
    """The settings of the deployment in *folder*.

    Args:
        folder: where `orderhub.toml` may lie.
        environment: whether the environment counts; the demo ignores it.
        given: settings that win over both.

    Raises:
        SettingsFaulty: names the setting, where it stands and what it can be.
    """
    path = folder / FILE
    if not environment:
        return Settings.model_construct(
            **{**{name: field.get_default() for name, field in Settings.model_fields.items()}, **given}
        )
    _check_environment()
    if os.path.lexists(path) and not path.is_file():
        raise SettingsFaulty(
            f"{FILE} can't be read",
            where=str(path),
            why="it is no file" if path.exists() else "it is a link to nothing",
            mend=f"make {FILE} a file of settings, or remove it",
        )

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
            # What is handed in wins over the environment, the environment over the file.
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, path)

    try:
        return InFolder(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        unknown = first["type"] == "extra_forbidden"
        raise SettingsFaulty(
            f"there is no setting '{name}'" if unknown else f"the setting '{name}' can't be {first['input']!r}",
            where=_where(path, name),
            why=f"settings are {', '.join(Settings.model_fields)}" if unknown else first["msg"],
            mend=(nearest(name, Settings.model_fields) if unknown else "") or "mend or remove it",
        ) from error
    except (ValueError, OSError) as error:
        raise SettingsFaulty(
            f"{FILE} can't be read",
            where=str(path),
            why=str(error),
            mend="mend the file; TOML wants name = value",
        ) from error


def _check_environment() -> None:
    for variable in os.environ:
        if variable.startswith(PREFIX) and variable not in _NO_SETTINGS:
            name = variable.removeprefix(PREFIX).lower()
            if name not in Settings.model_fields:
                raise SettingsFaulty(
                    f"there is no setting '{name}'",
                    where=f"environment, {variable}",
                    why=f"settings are {', '.join(Settings.model_fields)}",
                    mend=nearest(name, Settings.model_fields) or "unset the variable",
                )


def _where(path: pathlib.Path, name: str) -> str:
    variable = PREFIX + name.upper()
    return f"environment, {variable}" if variable in os.environ else str(path)
