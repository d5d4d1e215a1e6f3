"""The proof of a deployment's folder: declarations that lie where nobody reads them.

    error     no `orderhub.toml` beside folders of declarations; a misspelled folder; a file called .yml; a declaration
              in a folder that isn't read
    warning   no `orderhub.toml` at all; cases of a map or a system that isn't there

Spec: docs/architecture.md, "The tree".
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

from hub.deployment.definitions import FILE
from integration_objects.nearest import nearest
from maps.check import Finding

#: The folders of a deployment with their own folders; None where any names are read (a folder for each system).
_FOLDERS: dict[str, tuple[str, ...] | None] = {
    "integration_objects": (),
    "schemas": None,
    "maps": (),
    "adapters": ("systems", "templates", "virtual_components"),
    "hub": ("routes", "feeds", "approvals", "decomposition", "states", "access", "web", "workflows", "services"),
}
#: Folders whose declarations are read, as patterns from the deployment's folder.
_READ = (
    *("integration_objects", "schemas/*", "maps", "adapters/systems", "adapters/virtual_components"),
    *("hub/routes", "hub/feeds", "hub/approvals", "hub/decomposition", "hub/states", "hub/access", "hub/web/pages"),
)
_DECLARED = (".yaml", ".yml", ".xsd", ".j2", ".py")


def folder_findings(folder: pathlib.Path) -> list[Finding]:
    """List the faults in the layout of a deployment's folder, by path."""
    if not (folder / FILE).is_file():
        return _without_settings(folder)
    found = [*_misspelled(folder), *_unread(folder)]
    found += [*_cases_of_nothing(folder / "maps", "map"), *_cases_of_nothing(folder / "adapters" / "systems", "system")]
    return sorted(found, key=lambda finding: finding.where)


def _without_settings(folder: pathlib.Path) -> list[Finding]:
    # The folders of a checkout of the hub have the same names: they are Python packages, and no deployment's.
    beside = [name for name in _FOLDERS if _declares(folder / name) and not (folder / name / "__init__.py").exists()]
    if beside:
        text = f"there is no {FILE}, and so nothing in {', '.join(beside)} is read"
        like = [path.name for path in folder.iterdir() if path.is_file() and nearest(FILE, [path.name])]
        mend = f"rename {like[0]} to {FILE}" if like else f"add an {FILE}; it may be empty"
        return [Finding(str(folder / FILE), text, mend, "error")]
    return [Finding(str(folder / FILE), f"there is no {FILE}: the defaults hold", f"add an {FILE}", "warning")]


def _misspelled(folder: pathlib.Path) -> Iterator[Finding]:
    for place in _folders_in(folder):
        # Other folders hold messages or anything else.
        mend = nearest(place.name, _FOLDERS)
        if place.name not in _FOLDERS and mend and _declares(place):
            yield Finding(str(place), f"nothing reads the folder '{place.name}'", mend, "error")
    for name, known in _FOLDERS.items():
        for place in _folders_in(folder / name) if known else ():
            if place.name not in (known or ()):
                mend = nearest(place.name, known or ()) or f"folders that are read: {', '.join(known or ())}"
                yield Finding(str(place), f"nothing reads the folder '{name}/{place.name}'", mend, "error")


def _unread(folder: pathlib.Path) -> Iterator[Finding]:
    """List YAML files that nobody reads: by their ending, or by their folder."""
    for name in _FOLDERS:
        for path in sorted((folder / name).rglob("*")):
            ending = "".join(path.suffixes[-2:]).lower()
            if not path.is_file() or path.name.startswith("."):
                continue
            if ending.endswith(".yml") or ending == ".yaml.txt" or (path.suffix != ".yaml" and ending == ".yaml"):
                mend = f"name it {path.name[: path.name.lower().rindex('.y')]}.yaml"
                yield Finding(str(path), f"nothing reads '{path.name}': declarations end in .yaml", mend, "error")
            elif (
                path.suffix == ".yaml"
                and _known_folder(path.relative_to(folder))
                and not any(path.parent == place for place in _read_folders(folder))
            ):
                mend = f"move it into {_right_folder(path.relative_to(folder))}"
                yield Finding(str(path), f"nothing reads '{path.name}' in this folder", mend, "error")


def _known_folder(path: pathlib.PurePath) -> bool:
    """Tell whether the file's folder has a known name; `_misspelled` reports any other folder."""
    known = _FOLDERS[path.parts[0]]
    return not known or len(path.parts) == 2 or path.parts[1] in known


def _read_folders(folder: pathlib.Path) -> list[pathlib.Path]:
    return [place for pattern in _READ for place in folder.glob(pattern)]


def _right_folder(path: pathlib.PurePath) -> str:
    named = {"adapters": "adapters/systems", "hub": "hub/routes", "schemas": "schemas/<system>"}
    return named.get(path.parts[0], path.parts[0])


def _cases_of_nothing(declared: pathlib.Path, kind: str) -> Iterator[Finding]:
    """List folders of cases that belong to no file of their kind."""
    for place in _folders_in(declared / "cases"):
        if not (declared / f"{place.name}.yaml").exists():
            files = [path.stem for path in declared.glob("*.yaml")]
            mend = nearest(place.name, files) or f"name the folder as the {kind}'s file is named"
            yield Finding(str(place), f"there is no {kind} file {place.name}.yaml for these cases", mend, "warning")


def _folders_in(place: pathlib.Path) -> list[pathlib.Path]:
    if not place.is_dir():
        return []
    return sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith((".", "__")))


def _declares(place: pathlib.Path) -> bool:
    return any(path.suffix in _DECLARED for path in place.rglob("*") if path.is_file())
