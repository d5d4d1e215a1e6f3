"""A deployment's templates of pages: compiled in the closed template language, before a page needs them.

Spec: docs/web_pages.md, "Templates".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import Template, TemplateSyntaxError
from markupsafe import Markup

from adapters.rendering.columns import plain
from adapters.rendering.template_sandbox import MAX_SOURCE, Sandbox
from hub.deployment.declared_files import PAGE_TEMPLATES, DeclaredFiles
from hub.deployment.pages.page import Page
from hub.deployment.pages.value_text import shown
from integration_objects.errors import Misconfigured

#: the filters that such a template has beside those of the closed language
FILTERS: Mapping[str, Callable[..., Any]] = {"shown": shown}


class PageTemplateFaulty(Misconfigured):
    """A deployment's template of a page isn't understood."""

    what = "the template of a page is not understood"
    where = "{name}:{line}"
    why = "{fault}"
    mend = "write it as docs/web_pages.md says"


def own_templates(pages: Mapping[str, Page], files: DeclaredFiles) -> Iterator[tuple[str, Template]]:
    """Compile the deployment's own templates that pages name; yield each with its name.

    Raises:
        PageTemplateFaulty: one isn't understood.
    """
    for name in sorted({page.template for page in pages.values() if page.template}):
        if files.is_own("hub", PAGE_TEMPLATES, name):
            place = files.shown("hub", f"{PAGE_TEMPLATES}/{name}")
            yield name, _compiled(files.text_reader("hub", PAGE_TEMPLATES)(name), place)


def _compiled(source: str, place: str) -> Template:
    if len(source) > MAX_SOURCE:
        raise PageTemplateFaulty(name=place, line=1, fault=f"it has more than {MAX_SOURCE} characters")
    sandbox = Sandbox(escape=True, finalize=_written, filters=FILTERS)
    try:
        code = sandbox.compile(source, name=place, filename=place)
    except TemplateSyntaxError as error:
        raise PageTemplateFaulty(name=place, line=error.lineno, fault=error.message or "") from error
    except (RecursionError, SyntaxError, MemoryError) as error:
        raise PageTemplateFaulty(name=place, line=1, fault="it is nested too deeply") from error
    return Template.from_code(sandbox, code, sandbox.globals)


def _written(value: Any) -> Any:
    """Write a value of the template: parts that are drawn already stay as they are."""
    return value if isinstance(value, Markup) else plain(value)
