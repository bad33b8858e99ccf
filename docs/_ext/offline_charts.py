"""Interactive charts of notebooks from one script in the site: Vega, Vega-Lite and the embedding
code, shipped by vl-convert.

A notebook that shows an Altair chart emits an inline `drawChart` call; the pages with such a call
load the script once.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

SCRIPT = "vega/bundle.js"
DRAW = """
const charts = [];
const draw = ([id, spec]) => {
  const theme = document.documentElement.dataset.theme === "dark" ? "dark" : undefined;
  const actions = { export: true, source: true, compiled: false, editor: false };
  vegaEmbed("#" + id, spec, { theme, actions, config: { background: "transparent" } });
};
window.drawChart = (id, spec) => { charts.push([id, spec]); draw([id, spec]); };
new MutationObserver(() => charts.forEach(draw)).observe(document.documentElement, {
  attributeFilter: ["data-theme"],
});
"""
"""Draws a chart into an element and again where the reader switches between light and dark."""


def _set_profile(app: Sphinx) -> None:
    """Kernels of the notebooks start with a profile that names the renderer."""
    source, profile = (
        Path(__file__).parent / "kernel",
        Path(app.doctreedir, "ipython/profile_default"),
    )
    (profile / "startup").mkdir(parents=True, exist_ok=True)
    shutil.copy2(source / "charts.py", profile / "startup")
    shutil.copy2(source / "ipython_kernel_config.py", profile)
    os.environ["IPYTHONDIR"] = str(profile.parent.resolve())


def _add_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if "drawChart(" in context.get("body", ""):
        app.add_js_file(SCRIPT, type="module")


def _write_bundle(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        import vl_convert

        target = Path(app.outdir, "_static", SCRIPT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(vl_convert.javascript_bundle(DRAW), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the three steps."""
    app.connect("builder-inited", _set_profile)
    app.connect("html-page-context", _add_script)
    app.connect("build-finished", _write_bundle)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
