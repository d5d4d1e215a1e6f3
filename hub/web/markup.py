"""Pages as HTML: the shipped templates, and a deployment's own in the closed template language.

A page with a `template` gets its content from it; the frame around it stays. A deployment's template is text of others,
and so it is filled in the sandbox of `adapters.rendering`, within limits of time and size, from plain values.

Spec: docs/web_pages.md, "Templates".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from adapters.rendering.columns import ColumnFault
from adapters.rendering.template_sandbox import Budget, OutOfTime, spend, stop_spending
from hub.deployment.deployment import Deployment
from hub.deployment.pages.own_template import own_templates
from hub.deployment.pages.page import Page
from hub.deployment.pages.value_text import shown
from hub.presentation.marked_text import marked_html
from hub.web.addresses import address_of
from hub.web.static_files import static_address
from hub.web.views import FormView, PageView, RowView
from integration_objects.errors import Refused
from integration_objects.surroundings import Surroundings

#: seconds that a deployment's template may take, and characters of its result
MAX_SECONDS, MAX_OUTPUT = 2.0, 4 * 1024 * 1024


class PageTemplateFailed(Refused):
    """A deployment's template can't be filled with the data of this page."""

    what = "the template '{name}' can't be filled with this page"
    where = "hub/web/templates/{name}"
    why = "{fault}"
    mend = "tell who looks after the hub's pages"


@dataclass(frozen=True)
class MenuEntry:
    """An entry of the menu."""

    label: str
    address: str
    is_chosen: bool


@dataclass(frozen=True)
class Frame:
    """What stands around the content of each page.

    Attributes:
        root: the path beneath which the application is mounted.
        menu: the pages that the person may see.
        person: the person's name and type; None before the sign-in.
        csrf: the token of the forms.
    """

    root: str = ""
    menu: tuple[MenuEntry, ...] = ()
    person: Mapping[str, str] | None = None
    csrf: str = ""


class PageMarkup:
    """Writes pages as HTML."""

    def __init__(self, deployment: Deployment) -> None:
        """Compile the templates of the deployment's pages.

        Raises:
            PageTemplateFaulty: one isn't understood.
        """
        self._shipped = Environment(
            loader=PackageLoader("hub.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._shipped.filters |= {"shown": shown, "groups": groups, "sentence": sentence}
        self._shipped.filters["marked"] = marked_by(deployment.pages)
        self._monotonic = Surroundings().monotonic
        self._own = dict(own_templates(deployment.pages, deployment.files))

    def page(self, view: PageView, template: str, frame: Frame) -> str:
        """Write a page; *template* is the name of its own template, "" for none."""
        content = None if not template else Markup(self._content(view, template))  # noqa: S704  # escaped as it was filled
        return self._framed("page.html.j2", frame, title=view.title, page=view, content=content)

    def form(self, view: FormView, frame: Frame) -> str:
        """Write the form of an action."""
        return self._framed("form.html.j2", frame, title=view.title, form=view)

    def plain(self, template: str, frame: Frame, **values: Any) -> str:
        """Write one of the application's own pages: the sign-in, an error."""
        return self._framed(template, frame, **values)

    def _framed(self, template: str, frame: Frame, **values: Any) -> str:
        around = {name: getattr(frame, name) for name in ("root", "menu", "person", "csrf")}
        return self._shipped.get_template(template).render(
            **around, static=lambda name: f"{frame.root}{static_address(name)}", **values
        )

    def _content(self, view: PageView, template: str) -> str:
        looks = self._shipped.get_template("parts.html.j2").module
        drawn = {part.name: looks.part(part) for part in view.all_parts}  # type: ignore[attr-defined]  # a macro
        own = self._own.get(template)
        if own is None:
            return self._shipped.get_template(template).render(page=view, drawn=drawn, looks=looks)
        budget = Budget(self._monotonic, self._monotonic() + MAX_SECONDS)
        token = spend(budget)
        pieces: list[str] = []
        try:
            size = 0
            for piece in own.generate(page=asdict(view), drawn=drawn):
                budget.ask()
                size += len(piece)
                if size > MAX_OUTPUT:
                    raise PageTemplateFailed(name=template, fault=f"more than {MAX_OUTPUT} characters")
                pieces.append(piece)
        except OutOfTime as error:
            raise PageTemplateFailed(name=template, fault=f"it takes more than {MAX_SECONDS:g} s") from error
        except (TemplateError, ColumnFault, ValueError, TypeError, ArithmeticError, LookupError) as error:
            raise PageTemplateFailed(name=template, fault=str(error)) from error
        finally:
            stop_spending(token)
        return "".join(pieces)


def marked_by(pages: Mapping[str, Page]) -> Callable[[str], Markup]:
    """Make the filter that writes a marked text as HTML; its topics are on the page of help topics."""

    def topic_address(topic: str) -> str:
        page = pages.get("help_topic")
        return "#" if page is None else address_of(page, {"topic": topic})

    def marked(text: str) -> Markup:
        return Markup(marked_html(text, topic_address))  # noqa: S704  # escaped, and of few elements

    return marked


def groups(rows: Iterable[RowView]) -> Iterator[tuple[str, list[RowView]]]:
    """Put the rows of a tree into their groups, in the order of the groups' names."""
    by_group = sorted(rows, key=lambda row: row.group)
    for group, within in groupby(by_group, key=lambda row: row.group):
        yield group, list(within)


def sentence(text: str) -> str:
    """Write an error's words as a sentence.

    >>> sentence("the quote is gone")
    'The quote is gone.'
    """
    begun = text[:1].upper() + text[1:]
    return begun if begun.endswith((".", "?", "!")) else f"{begun}."
