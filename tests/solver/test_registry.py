"""Solvers are found by name, and what a spec asks of them is checked before anything runs."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from typing import Any

import pytest

from qtwin.errors import InputError, MissingVendorError
from qtwin.solver import TABLE, registry
from qtwin.solver.classical.cp_sat import CpSat
from qtwin.solver.classical.enumeration import Enumeration
from qtwin.solver.classical.random_sampling import RandomSampling
from qtwin.solver.classical.simulated_annealing import SimulatedAnnealing


def test_a_name_close_to_a_known_one_is_suggested() -> None:
    with pytest.raises(InputError, match="unknown solver 'simulated-anealing'") as caught:
        registry.load("simulated-anealing", {})
    assert "did you mean 'simulated-annealing'" in caught.value.hint


def test_an_option_close_to_a_known_one_is_suggested() -> None:
    with pytest.raises(InputError, match="'shot'") as caught:
        registry.load("random", {"shot": 10})
    assert "did you mean 'shots'" in caught.value.hint
    with pytest.raises(InputError, match="unknown option"):
        registry.load("enumeration", {"shots": 10})


@pytest.mark.parametrize(
    ("solver", "option", "value", "wanted"),
    [
        ("random", "shots", 1.5, "a whole number"),
        ("random", "shots", True, "a whole number"),
        ("random", "shots", "4096", "a whole number"),
        ("random", "descent", 1, "true or false"),
        ("cp-sat", "time_limit_s", "long", "a number"),
        ("cp-sat", "time_limit_s", False, "a number"),
        ("simulated-annealing", "beta_range", [0.1, "cold"], "a list, each item a number"),
        ("gurobi", "form", "cubic", "one of 'auto', 'quadratic', 'linear'"),
        ("qaoa", "backend", 3, "text"),
        ("qaoa", "theta", [0.1, "b"], "a list, each item a number"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(
    solver: str, option: str, value: Any, wanted: str
) -> None:
    if solver == "gurobi":
        pytest.importorskip("gurobipy")
    with pytest.raises(InputError) as caught:
        registry.load(solver, {option: value})
    assert f"as option {option!r} of solver {solver!r}, got {value!r}" in caught.value.message
    assert wanted in caught.value.message


def test_values_of_the_right_type_arrive() -> None:
    limited = registry.load("cp-sat", {"time_limit_s": 5})
    assert isinstance(limited, CpSat)
    assert limited.time_limit_s == 5.0
    annealer = registry.load("simulated-annealing", {"beta_range": [1, 2.5]})
    assert isinstance(annealer, SimulatedAnnealing)
    assert annealer.beta_range == (1.0, 2.5)
    drawn = registry.load("random", {"shots": 7, "descent": True})
    assert isinstance(drawn, RandomSampling)
    assert (drawn.shots, drawn.descent) == (7, True)


@pytest.mark.parametrize(
    ("solver", "option", "value"),
    [
        ("random", "shots", 0),
        ("cp-sat", "time_limit_s", 0),
        ("simulated-annealing", "reads", -1),
        ("qaoa", "layers", 0),
    ],
)
def test_a_value_out_of_range_is_refused(solver: str, option: str, value: int) -> None:
    with pytest.raises(InputError, match=option):
        registry.load(solver, {option: value})


def test_a_missing_vendor_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingVendorError, match="ortools") as caught:
        registry.load("cp-sat", {})
    assert "pip install ortools" in caught.value.hint


def test_entry_points_join_the_table_and_never_shadow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        metadata.EntryPoint(
            name="theirs",
            value="qtwin.solver.classical.enumeration:Enumeration",
            group=registry.GROUP,
        ),
        metadata.EntryPoint(name="random", value="somewhere:Else", group=registry.GROUP),
        metadata.EntryPoint(
            name="broken", value="qtwin.solver.base:SolverInfo", group=registry.GROUP
        ),
    ]
    monkeypatch.setattr(
        metadata, "entry_points", lambda group: points if group == registry.GROUP else []
    )
    assert isinstance(registry.load("theirs", {}), Enumeration)
    assert isinstance(registry.load("random", {}), RandomSampling)
    with pytest.raises(InputError, match="no Solver"):
        registry.load("broken", {})


def test_listing_the_cards_imports_no_vendor() -> None:
    code = "import sys; from qtwin.solver import registry; registry.cards(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {
        "ortools",
        "highspy",
        "pyscipopt",
        "gurobipy",
        "dwave",
        "dimod",
        "qiskit",
        "pennylane",
        "numba",
        "scipy",
        "jax",
    }
    assert set(registry.cards()) >= set(TABLE)
