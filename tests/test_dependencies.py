"""What the package imports is what it declares."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BROUGHT_BY_THE_USER = {
    "pyblock2": "GPL-3, and bound to one version of MKL: the solver's hint says how to install it"
}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared(*extras: str) -> set[str]:
    groups = [
        PROJECT["dependencies"],
        *(PROJECT["optional-dependencies"][extra] for extra in extras),
    ]
    return {
        _canonical(found[0])
        for group in groups
        for line in group
        if (found := re.match(r"[\w.-]+", line))
    }


def _imports() -> dict[str, set[str]]:
    """Modules from outside, by their first name, with the files that import them."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "qtwin").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            else:
                continue
            for name in names:
                found.setdefault(name.split(".")[0], set()).add(str(path.relative_to(ROOT)))
    return {
        name: files
        for name, files in found.items()
        if name not in sys.stdlib_module_names and name != "qtwin"
    }


def _undeclared(imports: dict[str, set[str]], declared: set[str]) -> dict[str, set[str]]:
    """Imports of which no distribution is declared; a module that nothing installed provides is
    held by its own name.
    """
    provides = metadata.packages_distributions()
    return {
        name: files
        for name, files in imports.items()
        if name not in BROUGHT_BY_THE_USER
        and not declared & {_canonical(d) for d in provides.get(name, [name])}
    }


def test_every_import_is_declared() -> None:
    extras = set(PROJECT["optional-dependencies"]) - {"docs", "test", "all"}
    assert _undeclared(_imports(), _declared(*extras)) == {}


def test_the_locks_hold_the_direct_dependencies_with_hashes() -> None:
    for lock, extras in (
        ("requirements.lock", ()),
        ("requirements-docs.lock", ("docs",)),
        ("requirements-test.lock", ("test",)),
    ):
        text = (ROOT / lock).read_text(encoding="utf-8")
        pinned = {_canonical(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}
        assert _declared(*extras) - {"qtwin"} <= pinned, lock
        entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
        assert [e.splitlines()[0] for e in entries if "--hash=sha256:" not in e] == [], lock


def test_the_version_is_the_same_everywhere() -> None:
    import qtwin

    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert qtwin.__version__ == PROJECT["version"]
    assert f"version: {PROJECT['version']}\n" in citation
    assert f"## [{PROJECT['version']}] - " in changes
