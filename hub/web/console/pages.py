"""All pages of the console, by address."""

from __future__ import annotations

from hub.web.console import desk, jobs, messages, outbound, overview
from hub.web.console.page import ConsolePage

PAGES: tuple[ConsolePage, ...] = (*overview.PAGES, *messages.PAGES, *outbound.PAGES, *jobs.PAGES, *desk.PAGES)
