"""The page on adding a solver works: its own code, in a package of its own, is found, listed,
checked and solves.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from qtwin.encoding.model import plain
from qtwin.errors import InputError
from qtwin.solver import registry
from qtwin.solver.base import Instance
from tests.oracles.brute_force import allowed, energy_of, lowest_feasible
from tests.oracles.instances import INSTANCES, random_polynomial

PAGE = Path(__file__).resolve().parents[2] / "docs/how_to/add_a_solver.md"


def _blocks(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the page's package; nothing is fetched for it."""
    (code,), (declared,) = _blocks("python"), _blocks("toml")
    ((_, place),) = tomllib.loads(declared)["project"]["entry-points"]["qtwin.solvers"].items()
    package, _, file = place.partition(":")[0].partition(".")
    project, target = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("site")
    (project / "pyproject.toml").write_text(declared, encoding="utf-8")
    (project / package).mkdir()
    (project / package / "__init__.py").touch()
    (project / package / f"{file}.py").write_text(code, encoding="utf-8")
    options = (
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--disable-pip-version-check",
    )
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(project)],
        capture_output=True,
        text=True,
        check=True,
    )
    return target


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(site))
    for module in ("my_package", "my_package.descent"):
        monkeypatch.delitem(sys.modules, module, raising=False)


@pytest.mark.usefixtures("installed")
def test_it_keeps_the_contract_on_every_instance() -> None:
    for encoding in INSTANCES.values():
        result = registry.load("descent", {"starts": 60}).solve(Instance(encoding=encoding), seed=5)
        assert result.bits is not None
        bits = tuple(int(b) for b in result.bits)
        assert allowed(encoding, bits)
        assert result.energy == pytest.approx(energy_of(encoding, bits), rel=1e-9, abs=1e-12)
        assert result.energy >= lowest_feasible(encoding) - 1e-9 * abs(result.energy)
        assert (result.proven, result.bound, result.solver) == (False, None, "descent")
        again = registry.load("descent", {"starts": 60}).solve(Instance(encoding=encoding), seed=5)
        assert again.energy == result.energy
    small = plain(random_polynomial(12, 2, 0))
    best = registry.load("descent", {}).solve(Instance(encoding=small), seed=0)
    assert best.energy == pytest.approx(small.polynomial.values().min())


@pytest.mark.usefixtures("installed")
def test_its_options_are_checked_like_any_others() -> None:
    assert registry.cards()["descent"].summary == "multistart one-flip descent"
    with pytest.raises(InputError, match="unknown option of solver 'descent'") as caught:
        registry.load("descent", {"start": 3})
    assert "did you mean 'starts'" in caught.value.hint
    with pytest.raises(InputError, match="expected a whole number"):
        registry.load("descent", {"starts": 1.5})
    with pytest.raises(InputError, match="at least 1"):
        registry.load("descent", {"starts": 0})


def test_the_command_line_lists_it(site: Path) -> None:
    path = os.pathsep.join(
        [str(site), *([os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else [])]
    )
    done = subprocess.run(
        [sys.executable, "-m", "qtwin", "solvers", "--json"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["descent"]["limits"] == "degree 2"
    assert rows["descent"]["ready"] == "yes"


def test_without_the_package_the_name_is_unknown() -> None:
    with pytest.raises(InputError, match="unknown solver 'descent'"):
        registry.load("descent", {})


def test_the_line_for_the_table_names_the_class_of_the_page() -> None:
    (line,) = _blocks("text")
    assert re.fullmatch(r'"descent": "qtwin\.solver\.classical\.descent:Descent",', line.strip())
    assert "class Descent(Solver):" in _blocks("python")[0]
