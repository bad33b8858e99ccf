"""What the pages promise exists: links lead somewhere, commands and options are real, and the
tutorial runs.
"""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest
import typer

import qtwin
from qtwin.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        ROOT / "experiments/README.md",
        ROOT / "benchmarks/README.md",
    ]
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CONSOLE = re.compile(r"^\$ (?:.*&& )?(qtwin .*?)(?:\s+#.*)?$", re.MULTILINE)
TABLE = re.compile(r"`(qtwin [^`]+)`")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_to_files(page: Path) -> None:
    targets = [
        t.split("#")[0]
        for t in LINK.findall(page.read_text(encoding="utf-8"))
        if not t.startswith(("http:", "https:", "#"))
    ]
    assert [t for t in targets if t and not (page.parent / t).exists()] == []


def _commands(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return sorted(
        {
            *CONSOLE.findall(text),
            *(c.strip() for row in TABLE.findall(text) for c in row.split(", ")),
        }
    )


@pytest.mark.parametrize(("page", "command"), [(_name(p), c) for p in PAGES for c in _commands(p)])
def test_commands_and_options_exist(page: str, command: str) -> None:
    found = typer.main.get_command(app)
    words = shlex.split(command.replace("[", " ").replace("]", " "))[1:]
    while words and hasattr(found, "commands") and not words[0].startswith("-"):
        assert words[0] in found.commands, f"{page}: {command}"
        found = found.commands[words.pop(0)]
    known = {o for p in found.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
    assert [w for w in words if w.startswith("-") and w not in known] == [], f"{page}: {command}"


def test_spec_keys_of_the_page_are_those_of_the_schema() -> None:
    from qtwin.spec import Spec

    rows = re.findall(
        r"^\| (`\[.*?) \|",
        (ROOT / "experiments/README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    for row in rows:
        section, *keys = re.findall(r"`([^`]+)`", row)
        path = section.strip("[]").split(".")
        model = Spec.model_fields[path[0]].annotation
        model = model if hasattr(model, "model_fields") else model.__args__[0]
        for part in path[1:]:
            assert part in model.model_fields, row
            inner = model.model_fields[part].annotation
            sections = [a for a in (inner, *get_args(inner)) if hasattr(a, "model_fields")]
            model = sections[0] if sections else model
        assert [k for k in keys if k not in model.model_fields] == [], row


def test_every_make_target_of_the_pages_exists() -> None:
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        used = re.findall(r"^\$ make ([a-z]+)", text, re.MULTILINE) + re.findall(
            r"`make ([a-z]+)", text
        )
        assert set(used) <= targets, page


def test_the_readme_names_every_extra() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    named = re.findall(
        r"^\| (`[^|]+) \|",
        (ROOT / "README.md").read_text(encoding="utf-8").split("## Extras")[-1],
        re.MULTILINE,
    )
    assert {e for row in named for e in re.findall(r"`([a-z]+)`", row)} == set(extras)


def _children(page: Path) -> set[Path]:
    """The pages that the table-of-contents blocks of a page name."""
    children: set[Path] = set()
    for block in re.findall(
        r"^```\{toctree\}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        for line in block.splitlines():
            target = found[1] if (found := re.search(r"<(.+)>$", line)) else line.strip()
            if target and not target.startswith(":"):
                children |= {
                    p for ending in (".md", ".ipynb") for p in page.parent.glob(target + ending)
                }
    return children


def test_every_page_is_reached_from_the_index() -> None:
    reached: set[Path] = set()
    waiting = {ROOT / "docs/index.md"}
    while waiting:
        page = waiting.pop()
        reached.add(page)
        if page.suffix == ".md":
            waiting |= _children(page) - reached
    pages = {
        p
        for ending in ("md", "ipynb")
        for p in (ROOT / "docs").rglob(f"*.{ending}")
        if "_ext" not in p.parts
    }
    assert {p for p in pages if ".ipynb_checkpoints" not in p.parts} == reached


def test_what_a_page_loads_is_told_from_where_it_links() -> None:
    spec = importlib.util.spec_from_file_location(
        "offline_check", ROOT / "docs/_ext/offline_check.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kept = (
        '<a href="https://a.org">a</a><link rel="canonical" href="https://b.org"><script '
        'src="../c.js"></script>'
    )
    loaded = (
        '<script src="//d.org/d.js"></script><link rel="stylesheet" '
        'href="https://e.org/e.css"><img src="http://f.org/f.png">'
    )
    assert module.external_loads(kept) == []
    assert module.external_loads(kept + loaded) == [
        "//d.org/d.js",
        "https://e.org/e.css",
        "http://f.org/f.png",
    ]


NAMES = [name for name in qtwin.__all__ if not name.startswith("__")]


@pytest.fixture
def quiet_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an example builds is not written into the user's audit log."""
    monkeypatch.setenv("QTWIN_AUDIT_LOG", str(tmp_path / "audit.jsonl"))


@pytest.mark.slow
@pytest.mark.usefixtures("quiet_audit")
@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_every_public_name_runs(name: str) -> None:
    text = inspect.getdoc(getattr(qtwin, name)) or ""
    example = doctest.DocTestParser().get_doctest(text, {}, f"qtwin.{name}", None, 0)
    assert example.examples, "every public name has an example"
    told: list[str] = []
    doctest.DocTestRunner(verbose=False).run(example, out=told.append)
    assert not told, "".join(told)


@pytest.mark.slow
@pytest.mark.usefixtures("quiet_audit")
@pytest.mark.parametrize("page", ["docs/how_to/use_from_python.md"])
def test_the_code_of_a_page_runs_from_top_to_bottom(page: str) -> None:
    blocks = re.findall(
        r"^```python\n(.*?)^```",
        (ROOT / page).read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("notebook", sorted((ROOT / "docs/notebooks").glob("*.ipynb")), ids=_name)
def test_a_notebook_is_kept_without_outputs(notebook: Path) -> None:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = [c for c in cells if c["cell_type"] == "code"]
    assert code
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in code)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation, built as `make docs` does."""
    for module in ("sphinx", "myst_nb", "pydata_sphinx_theme", "mathjax"):
        pytest.importorskip(
            module, reason="the documentation's packages are not installed: make docs"
        )
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-E",
        "-d",
        str(folder / "doctrees"),
    ]
    done = subprocess.run(
        [*command, str(ROOT / "docs"), str(folder / "html")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_site_is_searched_and_shows_formulas_without_a_network(site: Path) -> None:
    index = json.loads(
        re.sub(
            r"^Search\.setIndex\(|\)$",
            "",
            (site / "searchindex.js").read_text(encoding="utf-8").strip(),
        )
    )
    wanted = {"jupyt", "gpu", "sparsepauliop", "qubo", "dimod"}
    assert wanted <= set(index["terms"]) | set(index["titleterms"]), (
        "stems of Jupyter, GPU, SparsePauliOp, QUBO and dimod"
    )
    page = (site / "theory/uncertainty.html").read_text(encoding="utf-8")
    script = re.search(r'src="(\.\./_static/mathjax/[^"?]+)', page)
    assert script is not None
    assert (site / "theory" / script[1]).is_file()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_public_name_has_an_entry(site: Path) -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in (site / "api/public").glob("*.html"))
    names = [n for n in getattr(qtwin, "__all__", ()) if not n.startswith("__")]
    assert [
        n for n in names if f'id="qtwin.{n}"' not in text and f'id="module-qtwin.{n}"' not in text
    ] == []
    assert "alias of" not in text


RUNNABLE = (
    "docs/tutorial.md",
    "docs/how_to/run_a_sweep.md",
    "docs/how_to/read_the_map.md",
    "docs/how_to/reproduce_a_figure.md",
)
"""Pages whose commands need nothing but what ships; commands on the reader's own data (DATA) are
left out.
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", RUNNABLE)
def test_the_commands_of_a_page_run(page: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    commands = [
        c for c in CONSOLE.findall((ROOT / page).read_text(encoding="utf-8")) if "DATA" not in c
    ]
    assert commands
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "qtwin", *shlex.split(command)[1:]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert list((tmp_path / "out").rglob("report.html"))
