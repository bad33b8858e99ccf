"""Writes the pages of the API reference: the public names of `qtwin.__all__`, one page a package,
and the modules named below.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import qtwin

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MODULES: dict[str, tuple[str, ...]] = {
    "Errors": ("qtwin.errors",),
    "Pharmacology": (
        "qtwin.pharmacology.drug",
        "qtwin.pharmacology.quantity",
        "qtwin.pharmacology.formulary",
        "qtwin.pharmacology.kinetics",
        "qtwin.pharmacology.receptor",
        "qtwin.pharmacology.exposures",
        "qtwin.pharmacology.facts",
        "qtwin.pharmacology.criterion",
        "qtwin.pharmacology.rule",
        "qtwin.pharmacology.rule_book",
        "qtwin.pharmacology.finding",
        "qtwin.pharmacology.eligibility",
    ),
    "Twin": (
        "qtwin.twin.twin",
        "qtwin.twin.assimilate",
        "qtwin.twin.dosing",
        "qtwin.twin.simulate",
        "qtwin.twin.trial",
        "qtwin.twin.trial_analysis",
        "qtwin.twin.cohort",
        "qtwin.twin.measurement",
        "qtwin.twin.forecast",
        "qtwin.twin.synthetic",
        "qtwin.twin.validation",
        "qtwin.twin.sbml",
        "qtwin.twin.disease.base",
    ),
    "Problem": (
        "qtwin.problem.constraint",
        "qtwin.problem.rules",
        "qtwin.problem.regimen",
        "qtwin.problem.feasible",
        "qtwin.problem.screen.screen",
        "qtwin.problem.near_optimal",
        "qtwin.problem.interaction_graph",
    ),
    "Encoding": (
        "qtwin.encoding.polynomial",
        "qtwin.encoding.model",
        "qtwin.encoding.surrogate",
        "qtwin.encoding.surrogate.cut_hdmr",
        "qtwin.encoding.surrogate.least_squares",
        "qtwin.encoding.surrogate.active",
        "qtwin.encoding.accuracy",
        "qtwin.encoding.spectrum",
        "qtwin.encoding.penalty",
        "qtwin.encoding.unbalanced",
        "qtwin.encoding.integers",
        "qtwin.encoding.quadratise",
        "qtwin.encoding.converters",
        "qtwin.encoding.generate",
        "qtwin.encoding.instance",
        "qtwin.encoding.instance.model",
        "qtwin.encoding.pauli",
        "qtwin.encoding.mixer",
    ),
    "Backend": (
        "qtwin.backend.base",
        "qtwin.backend.compile.compiled",
        "qtwin.backend.compile.swap_network",
        "qtwin.backend.compile.cost",
        "qtwin.backend.mitigation.mitigated",
        "qtwin.backend.statevector.backend",
        "qtwin.backend.statevector.subspace.states",
        "qtwin.backend.statevector.subspace.qaoa",
    ),
    "Solver": ("qtwin.solver.base",),
    "Benchmark": (
        "qtwin.benchmark.task",
        "qtwin.benchmark.sweep",
        "qtwin.benchmark.records",
        "qtwin.benchmark.metrics",
        "qtwin.benchmark.scaling",
        "qtwin.benchmark.noise",
        "qtwin.benchmark.transfer",
        "qtwin.benchmark.requirement",
        "qtwin.benchmark.fault_tolerance.surface_code",
        "qtwin.benchmark.fault_tolerance.estimate",
        "qtwin.benchmark.advantage.point",
        "qtwin.benchmark.advantage.verdict",
    ),
    "Experiment files": ("qtwin.spec",),
}
"""Contracts of what plugs in, and the values that travel between packages: title of a page, the
modules on it.
"""


def public_names() -> dict[str, list[str]]:
    """The names of `qtwin.__all__`, dunders left out, by the package that defines them, in the
    order of `__all__`.
    """
    pages: dict[str, list[str]] = {}
    for name in getattr(qtwin, "__all__", ()):
        if not name.startswith("__"):
            found = getattr(qtwin, name)
            home = (
                found.__name__
                if isinstance(found, ModuleType)
                else getattr(found, "__module__", "qtwin")
            )
            pages.setdefault(".".join(home.split(".")[:2]), []).append(name)
    return pages


def _title(text: str) -> list[str]:
    return [text, "=" * len(text), ""]


def _entry(name: str) -> list[str]:
    """How autodoc is asked for one public name, listed under `qtwin` whatever module defines it."""
    found: Any = getattr(qtwin, name)
    if isinstance(found, ModuleType):
        return [f".. automodule:: {found.__name__}", ""]
    kind = "class" if inspect.isclass(found) else "function" if callable(found) else "data"
    if inspect.isclass(found) and issubclass(found, BaseException):
        kind = "exception"
    return [f".. auto{kind}:: qtwin.{name}", ""]


def public_page(package: str, names: list[str]) -> str:
    """One package's public names: a table of one line each, then signatures and docstrings."""
    summary = (inspect.getdoc(importlib.import_module(package)) or "").split("\n\n")[0]
    table = [
        "",
        ".. currentmodule:: qtwin",
        "",
        ".. autosummary::",
        "   :nosignatures:",
        "",
        *(f"   {name}" for name in names),
    ]
    entries = [line for name in names for line in _entry(name)]
    return "\n".join([*_title(package), summary, *(table if names else []), "", *entries])


def module_page(title: str, modules: tuple[str, ...]) -> str:
    """Modules one below the other, each with its docstring and its members."""
    lines = _title(title)
    for name in modules:
        lines += [name, "-" * len(name), "", f".. automodule:: {name}", ""]
    return "\n".join(lines)


def pages() -> Iterator[tuple[str, str]]:
    """Path below `docs/api/` and text of every generated page."""
    for package, names in ({"qtwin": []} | public_names()).items():
        yield f"public/{package}.rst", public_page(package, names)
    for title, modules in MODULES.items():
        yield f"modules/{title.lower().replace(' ', '_')}.rst", module_page(title, modules)


def take_public_names() -> None:
    """Classes go by their public names while the documentation is built: autodoc says no more of
    another name than "alias of".
    """
    for name in qtwin.__all__:
        found = getattr(qtwin, name)
        if inspect.isclass(found) and found.__name__ != name:
            found.__name__ = found.__qualname__ = name


def write_pages(app: Sphinx) -> None:
    """Writes the pages that changed, and removes those of packages that are gone."""
    take_public_names()
    folder = Path(app.srcdir, "api")
    wanted = dict(pages())
    for path, text in wanted.items():
        file = folder / path
        file.parent.mkdir(exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    for file in [*folder.glob("public/*.rst"), *folder.glob("modules/*.rst")]:
        if file.relative_to(folder).as_posix() not in wanted:
            file.unlink()


_CODE = re.compile(r"(``.+?``|`.+?`)", re.DOTALL)
_MARKS = re.compile(r"(?<![\w*])\*\w(?:[^*\n]*\w)?\*(?![\w*])|[|*]")


def plain_marks(
    app: Sphinx, what: str, name: str, found: object, options: object, lines: list[str]
) -> None:
    """In docstrings `|x|` is a magnitude and `*4` an allele: neither is markup.

    Code, doctests and *emphasis* stay.
    """
    doctest = False
    for i, line in enumerate(lines):
        doctest = line.lstrip().startswith(">>>") or (doctest and bool(line.strip()))
        if not doctest:
            parts = _CODE.split(line)
            parts[::2] = [
                _MARKS.sub(lambda m: m[0] if len(m[0]) > 1 else "\\" + m[0], part)
                for part in parts[::2]
            ]
            lines[i] = "".join(parts)


_ARRAY = re.compile(
    r"~?(?:numpy\.)?ndarray\[tuple\[(?:int|~?typing\.Any|Any), \.\.\.\], "
    r"~?(?:numpy\.)?dtype\[([^\[\]]+)\]\]"
)


def short_arrays(
    app: Sphinx,
    what: str,
    name: str,
    found: object,
    options: object,
    signature: str | None,
    returned: str | None,
) -> tuple[str | None, str | None]:
    """`NDArray[float64]` where the annotation was evaluated to numpy's long form."""
    return tuple(
        _ARRAY.sub(r"~numpy.typing.NDArray[\1]", text) if text else text
        for text in (signature, returned)
    )  # type: ignore[return-value]


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the writer of the pages and the reader of docstrings, which goes before
    napoleon.
    """
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", plain_marks, priority=400)
    app.connect("autodoc-process-signature", short_arrays)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
