"""The licence file that the settings name. Spec: docs/design/methods.md, "The small ones", Module Licensed."""

from __future__ import annotations

import pathlib

from adapters.files import read_file
from hub.services.module_licensed import Licence, read_licence
from integration_objects.declaration import DeclarationFault, Source


def licence_of(folder: pathlib.Path, path: pathlib.Path | None) -> Licence | None:
    """What the licence file says; None where the settings name none.

    Args:
        folder: the deployment's.
        path: the setting `licence`, relative to *folder*.

    Raises:
        FileUnreadable: there is no such file: a licence that is lost licenses nothing.
        DeclarationFault: it isn't what a licence file is.
    """
    if path is None:
        return None
    file = folder / path
    try:
        text = read_file(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DeclarationFault(
            "the licence file isn't text", where=str(file), why=str(error), mend="write it in UTF-8"
        ) from error
    return read_licence(Source(str(file), text))
