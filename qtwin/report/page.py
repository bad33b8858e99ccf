"""The report: one self-contained HTML page, rendered from a result (schema qtwin.result/1) and from
nothing else.

The page makes no request: pictures are data URIs, style and script are inline and allowed by hash
alone (a content security policy), and every text from the result is escaped. It states what the
FDA's guidance on computational models (FDA-2021-D-0980, 2023) and ASME V&V 40 ask a report to
state: context of use, provenance, uncertainty, limits.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtwin.errors import InputError
from qtwin.report import figures, glance, number, recommendation, style
from qtwin.report.chart import Figure
from qtwin.report.decision_pictures import against, dose_label, labels
from qtwin.report.number import glue, plain_key, sentence
from qtwin.report.origin import ORIGIN, command_line, origin_text
from qtwin.report.race import ranked, solver_label

if TYPE_CHECKING:
    from jinja2 import Environment


SCHEMA = "qtwin.result/1"
_HEAVY = 200_000
_TEMPLATES = Path(__file__).parent / "templates"


def write(result: Mapping[str, Any], out_dir: Path) -> Path:
    """Draw the figures and write the page; what stood there before stays whole until everything new
    is ready.

    Args:
        result: A result of schema qtwin.result/1, as read from result.json; optional parts may be
            None or absent.
        out_dir: Folder that receives ``report.html``, ``figures/*.svg`` and ``figures/*.csv``.

    Returns:
        The path of the page.

    Raises:
        InputError: if `result` has another schema, or `out_dir` cannot be written to.
    """
    schema = result.get("schema")
    if schema != SCHEMA:
        raise InputError(
            f"the result has schema {schema!r}; the report page reads {SCHEMA!r}",
            hint="run the experiment again with this version, or render it with the version "
            "that wrote it",
        )
    pictures = figures.draw(result)
    page = render(result, pictures)
    target = Path(out_dir) / "report.html"
    try:
        write_pictures(target.parent, pictures.values())
        replace_file(target, page.encode())
    except OSError as error:
        raise InputError(
            f"cannot write the report to {target.parent}: {error.strerror}",
            hint="choose a folder with --out",
        ) from error
    return target


def render(result: Mapping[str, Any], pictures: Mapping[str, Figure]) -> str:
    """The page as text."""
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            r=result,
            pictures=pictures,
            headline=glance.headline(result),
            glance=glance.at_a_glance(result),
            solver_cards=glance.solver_cards(result),
            apart=glance.kept_apart(result),
            solvers=ranked(result),
            change=glance.change(result),
            command=command_line(),
            **inlined(pictures.values()),
        )
    )


def template_text(name: str) -> str:
    """A file that stands beside the templates."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def inlined(pictures: Iterable[Figure]) -> dict[str, Any]:
    """Style, script and charts as a template prints them, and the content security policy that
    allows just these.

    A page with charts carries Vega once, and reads expressions by Vega's interpreter, because the
    policy forbids ``eval``.
    """
    from markupsafe import Markup

    specs = {p.name: p.page_spec for p in pictures}
    css, script = template_text("page.css"), template_text("page.js")
    if specs:
        script = "\n".join((chart_script(), script, template_text("chart.js")))
    charts = json.dumps(
        {"dark": style.colour_pairs(), "specs": specs}, separators=(",", ":")
    ).replace("<", "\\u003c")
    allowed = f"img-src data:; style-src {_hash(css)}; script-src {_hash(script)}"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    return {
        "style": Markup(css),
        "script": Markup(script),
        "charts": Markup(charts) if specs else "",
        "policy": policy,
    }


_SNIPPET = "window.vegaEmbed = vegaEmbed;"


@lru_cache(maxsize=1)
def chart_script() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, kept on disk: bundling takes seconds and is the
    same for one version.
    """
    kept = _vega_file()
    try:
        return kept.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        pass
    import vl_convert

    made = str(vl_convert.javascript_bundle(_SNIPPET)).replace("</script", "<\\/script")
    # a folder that cannot be written costs the next process the seconds again
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        replace_file(kept, made.encode())
    return made


def _vega_file() -> Path:
    """Where the script is kept: with the compiled kernels, named by the version that bundles it and
    by what it was asked for.
    """
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or Path(__file__).parent / "__pycache__")
    asked = hashlib.sha256(_SNIPPET.encode()).hexdigest()[:8]
    return folder / f"vega-{version('vl-convert-python')}-{asked}.js"


def _still(picture: Figure) -> str:
    """The drawing for paper and for readers without script, as a data URI: SVG, or PNG where
    thousands of marks weigh more.
    """
    if len(picture.svg) < _HEAVY:
        return "data:image/svg+xml;base64," + base64.b64encode(picture.svg.encode()).decode()
    return "data:image/png;base64," + base64.b64encode(picture.png).decode()


def _csv_uri(picture: Figure) -> str:
    return "data:text/csv;charset=utf-8;base64," + base64.b64encode(picture.csv.encode()).decode()


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates with how numbers and words are printed; every text is escaped, absent parts are
    falsy.
    """
    from jinja2 import ChainableUndefined, Environment, FileSystemLoader
    from markupsafe import escape

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=ChainableUndefined,
        finalize=lambda value: glue(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number.number,
        "plain": number.plain,
        "qaly": number.qaly,
        "percent": number.percent,
        "whole": number.whole,
        "seconds": number.seconds,
        "interval": number.interval,
        "interval_qaly": lambda value: number.interval(value, number.qaly),
        "interval_percent": lambda value: number.interval(value, number.percent),
        "words": plain_key,
        "ignorance": recommendation.ignorance,
        "sentence": sentence,
        "dose": dose_label,
        "pretty_json": lambda value: escape(
            json.dumps(value, indent=2, ensure_ascii=False, default=str)
        ),
    }
    environment.globals |= {
        "position": number.position,
        "finite": number.finite,
        "still": _still,
        "csv_uri": _csv_uri,
        "label": solver_label,
        "doses": labels,
        "against": against,
    }
    return environment


def _hash(text: str) -> str:
    """The content-security-policy source that allows exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def write_pictures(folder: Path, pictures: Iterable[Figure]) -> None:
    """Every picture as ``figures/NAME.svg`` with its numbers as ``figures/NAME.csv``, and which
    command made them.
    """
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        replace_file(folder / "figures" / f"{picture.name}.svg", picture.svg.encode())
        replace_file(folder / "figures" / f"{picture.name}.csv", picture.csv.encode())
    origin = origin_text()
    if origin is not None:
        replace_file(folder / ORIGIN, origin)


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` beside `path` and move it there in one step."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o600)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
