"""How Sphinx builds the documentation (`make docs`).

What a page loads is copied into the site: no page needs a network.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

DOCS = Path(__file__).parent
# of a synthetic patient
os.environ.setdefault("QTWIN_AUDIT_LOG", str(Path(tempfile.gettempdir(), "qtwin-docs-audit.jsonl")))
sys.path[:0] = [str(DOCS / "_ext"), str(DOCS.parent)]

import qtwin  # noqa: E402

project = "qtwin"
author = "The qtwin contributors"
copyright = (
    "The qtwin contributors, Apache-2.0. Research software, not a medical device; not for "
    "diagnosis or prescribing"
)
version = release = qtwin.__version__
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx_design",
    "sphinx_copybutton",
    "api_pages",
    "offline_charts",
    "offline_check",
]
exclude_patterns = ["_*", "**/.ipynb_checkpoints"]
nitpicky = True
# errors have two entries: as public names, and on the page of all errors
suppress_warnings = ["ref.python"]
# annotations name types that have no entry here
nitpick_ignore_regex = [("py:(class|data|exc|obj)", ".*")]

# Pages in Markdown, notebooks
myst_enable_extensions = [
    "amsmath",
    "attrs_block",
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
]
myst_heading_anchors = 4
myst_links_external_new_tab = False
nb_execution_mode = "force"  # a cache would not see that qtwin changed
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_ipywidgets_js = {}  # would come from a server elsewhere

# The API reference
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True}
autosummary_generate = False
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
napoleon_use_rtype = False
napoleon_preprocess_types = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
default_role = "code"
toc_object_entries_show_parents = "hide"

# Formulas: MathJax from the package that ships it
_mathjax = Path(find_spec("mathjax").submodule_search_locations[0], "static/mathjax/es5")
# one file: browsers refuse fonts of another folder to a page opened from the disk
mathjax_path = "mathjax/tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}
html_static_path = ["_static"]

# Pages in HTML
html_theme = "pydata_sphinx_theme"
html_title = "qtwin"
html_css_files = ["qtwin.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "show_nav_level": 1,
    "navigation_depth": 3,
    "header_links_before_dropdown": 7,
    "search_as_you_type": True,
    "search_bar_text": "Search",
    "secondary_sidebar_items": ["page-toc"],
    "article_header_start": ["breadcrumbs"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "navbar_persistent": ["search-button"],
}
# pages without a section
html_sidebars = dict.fromkeys(("index", "tutorial", "limitations", "glossary"), ())
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True


def _copy_mathjax(app: object, error: Exception | None) -> None:
    """Copies MathJax into the site."""
    if error is None and app.builder.format == "html":
        target = Path(app.outdir, "_static/mathjax")
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(_mathjax / "tex-svg.js", target)
        shutil.copytree(
            _mathjax / "input/tex/extensions", target / "input/tex/extensions", dirs_exist_ok=True
        )


def setup(app: object) -> None:
    """What no extension does."""
    app.connect("build-finished", _copy_mathjax)
