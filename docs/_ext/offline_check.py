"""Fails the build where a page would load something from a network: links may lead elsewhere,
nothing that is fetched may.
"""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOADED = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
}
NAVIGATION = {"canonical", "prev", "next", "index", "search", "license", "alternate", "genindex"}


class _Loads(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        address = given.get(LOADED.get(tag, ""), "")
        if tag == "link" and NAVIGATION & set(given.get("rel", "").split()):
            return
        if address.startswith(("http:", "https:", "//")):
            self.found.append(address)


def external_loads(page: str) -> list[str]:
    """Addresses on a network from which an HTML page loads scripts, styles, images, frames or
    media.
    """
    parser = _Loads()
    parser.feed(page)
    return parser.found


def _check(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        from sphinx.util import logging

        for page in sorted(Path(app.outdir).rglob("*.html")):
            for address in external_loads(page.read_text(encoding="utf-8")):
                logging.getLogger(__name__).warning(
                    "%s loads %s: ship it with the site", page.relative_to(app.outdir), address
                )


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the check, after the last page is written."""
    app.connect("build-finished", _check, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
