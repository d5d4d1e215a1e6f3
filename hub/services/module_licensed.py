"""Module Licensed: tell whether this computer may run a module.

    modules: [Orders, Quotes]        # licence.yaml, named in the settings; no file: every module is licensed
    hosts: ["hub-*.example.com"]     # any of these patterns; left out: every host
    expires: 2027-12-31              # the last day; left out: never

Source: "m. Module Licensed Method"; spec: docs/design/methods.md, "The small ones".
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from integration_objects.declaration import Source, read
from integration_objects.field_values import read_date


@dataclass(frozen=True)
class Licence:
    """The terms of a licence file.

    Attributes:
        modules: names of the licensed modules.
        hosts: patterns of host names with ``*`` and ``?``; none for every host.
        expires: the last day, ISO; None for never.
    """

    modules: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    expires: str | None = None


def read_licence(source: Source) -> Licence:
    """Read a licence file.

    Raises:
        DeclarationFault: it isn't YAML of the form above, or the last day is no date.
    """
    parts = read(source).mapping(required=["modules"], optional=["hosts", "expires"])
    expires = parts["expires"].text() if "expires" in parts else None
    if expires is not None:
        try:
            read_date(expires)
        except ValueError as fault:
            raise parts["expires"].fault(
                "the licence's last day is no date", str(fault), mend="write it as 2027-12-31"
            ) from fault
    hosts = tuple(parts["hosts"].texts()) if "hosts" in parts else ()
    return Licence(tuple(parts["modules"].texts()), hosts, expires)


def module_licensed(module: str, licence: Licence | None = None, host: str = "", today: str = "") -> bool:
    """Tell whether *module* is licensed for this computer.

    Args:
        licence: the licence file; None where the settings name none: every module is licensed.
        host: this computer's name; case makes no difference.
        today: ISO date or date-time; only the day counts.
    """
    if licence is None:
        return True
    on_time = licence.expires is None or today[:10] <= licence.expires[:10]
    on_host = not licence.hosts or any(fnmatchcase(host.lower(), pattern.lower()) for pattern in licence.hosts)
    return module in licence.modules and on_time and on_host
