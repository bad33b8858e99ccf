"""What the pages promise exists: links lead somewhere, commands and options are real, and the tutorial runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import typer

from qtwin.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "experiments/README.md", ROOT / "benchmarks/README.md"])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CONSOLE = re.compile(r"^\$ (?:.*&& )?(qtwin .*?)(?:\s+#.*)?$", re.MULTILINE)
TABLE = re.compile(r"`(qtwin [^`]+)`")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_to_files(page: Path) -> None:
    targets = [
        t.split("#")[0] for t in LINK.findall(page.read_text(encoding="utf-8")) if not t.startswith(("http:", "https:", "#"))
    ]
    assert [t for t in targets if t and not (page.parent / t).exists()] == []


def _commands(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return sorted({*CONSOLE.findall(text), *(c.strip() for row in TABLE.findall(text) for c in row.split(", "))})


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

    rows = re.findall(r"^\| (`\[.*?) \|", (ROOT / "experiments/README.md").read_text(encoding="utf-8"), re.MULTILINE)
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
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        used = re.findall(r"^\$ make ([a-z]+)", text, re.MULTILINE) + re.findall(r"`make ([a-z]+)", text)
        assert set(used) <= targets, page


RUNNABLE = ("docs/tutorial.md", "docs/how_to/run_a_sweep.md", "docs/how_to/read_the_map.md", "docs/how_to/rerun_a_figure.md")
"""Pages whose commands need nothing but what ships; commands on the reader's own data (DATA) are left out."""


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", RUNNABLE)
def test_the_commands_of_a_page_run(page: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    commands = [c for c in CONSOLE.findall((ROOT / page).read_text(encoding="utf-8")) if "DATA" not in c]
    assert commands
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "qtwin", *shlex.split(command)[1:]], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert list((tmp_path / "out").rglob("report.html"))
