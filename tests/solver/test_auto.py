"""What `auto` chooses and says, and that its answer is the right one on every path."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial, from_spins
from qtwin.errors import InputError, MissingVendorError
from qtwin.problem.constraint import Constraint, Exactly, NotBoth
from qtwin.solver import registry
from qtwin.solver.base import Instance, Result
from qtwin.solver.classical import auto
from qtwin.solver.classical.auto import Auto
from tests.oracles.brute_force import lowest_feasible
from tests.oracles.instances import random_polynomial
from tests.oracles.ruled import under


def _solve(encoding: object, **options: object) -> Result:
    result = Auto(**options).solve(Instance(encoding=encoding), seed=0)  # type: ignore[arg-type]
    json.dumps(result.info)
    assert result.solver == "auto"
    assert result.info["reason"]
    assert sum(result.wall_s.values()) > 0
    return result


def _ring(n: int) -> BinaryPolynomial:
    """Antiferromagnetic: a maximum cut of an odd ring leaves one edge, and roof duality fixes
    nothing.
    """
    edges = [(min(i, (i + 1) % n), max(i, (i + 1) % n)) for i in range(n)]
    return BinaryPolynomial.of(
        n, [((i,), -1.0) for e in edges for i in e] + [(e, 2.0) for e in edges]
    )


def test_few_choices_are_listed() -> None:
    encoding = under(
        random_polynomial(40, 2, 0), Exactly(name="two", count=2, members=tuple(range(40)))
    )
    result = _solve(encoding)
    assert result.info["chosen"] == "enumeration"
    assert "780 sets of exactly 2 of 40" in result.info["reason"]
    pairs = np.zeros((780, 40))
    for row, pair in zip(pairs, itertools.combinations(range(40), 2), strict=True):
        row[list(pair)] = 1
    assert result.energy == pytest.approx(encoding.polynomial.evaluate(pairs).min())
    assert result.proven


def test_large_sets_with_pairs_apart_are_left_to_others() -> None:
    n = 52
    rules = (
        Exactly(name="many", count=50, members=tuple(range(n))),
        NotBoth(name="apart", pair=(0, 1)),
    )
    encoding = under(random_polynomial(n, 2, 4), *rules)
    result = _solve(encoding)
    rows = np.ones((2 * (n - 2), n))
    for r, (i, j) in enumerate(itertools.product((0, 1), range(2, n))):
        rows[r, [i, j]] = 0
    assert result.energy == pytest.approx(encoding.polynomial.evaluate(rows).min())


def test_few_assignments_are_looked_at() -> None:
    encoding = plain(random_polynomial(16, 2, 1))
    result = _solve(encoding)
    assert result.info["chosen"] == "enumeration"
    assert "65,536 assignments" in result.info["reason"]
    assert (result.energy, result.proven) == (
        pytest.approx(encoding.polynomial.values().min()),
        True,
    )
    cubic = plain(random_polynomial(8, 3, 1))
    assert _solve(cubic).energy == pytest.approx(lowest_feasible(cubic))


def test_sparse_ones_are_proven_at_once() -> None:
    result = _solve(plain(_ring(61)))
    assert result.info["chosen"] in ("highs", "cp-sat")
    assert "sparse" in result.info["reason"]
    assert (result.energy, result.bound, result.proven, result.gap) == (-60.0, -60.0, True, 0.0)


@pytest.mark.parametrize("proof", ["highs", "cp-sat", "scip", "gurobi"])
def test_dense_ones_get_a_heuristic_and_then_a_bound(proof: str) -> None:
    encoding = plain(random_polynomial(42, 2, 0))
    try:
        registry.load(proof, {})
    except MissingVendorError as error:
        pytest.skip(error.message)
    result = _solve(encoding, proof=proof, time_limit_s=3.0)
    first, *_, second = result.info["steps"]
    assert first["solver"] in ("tabu", "simulated-annealing")
    assert second["solver"] == result.info["chosen"] == proof
    assert result.energy <= first["energy"] + 1e-9
    assert result.bound is not None
    assert result.bound == pytest.approx(max(second["bound"], result.info["roof_dual_bound"]))
    assert result.bound <= result.energy
    energies = [p.best_energy for p in result.trace]
    assert energies == sorted(energies, reverse=True)
    times = [p.time_s for p in result.trace]
    assert times == sorted(times)


@given(seed=st.integers(0, 10_000), n=st.integers(1, 14), density=st.floats(0, 1))
@settings(max_examples=20, deadline=None)
def test_fixing_first_changes_no_answer(seed: int, n: int, density: float) -> None:
    rng = np.random.default_rng(seed)
    terms = {
        t: float(rng.normal())
        for k in (0, 1, 2)
        for t in itertools.combinations(range(n), k)
        if k < 2 or rng.random() < density
    }
    encoding = plain(BinaryPolynomial.of(n, terms))
    result = _solve(encoding)
    optimum = encoding.polynomial.values().min()
    assert result.proven
    assert result.energy == pytest.approx(optimum, abs=1e-9)
    assert result.bound == pytest.approx(optimum, abs=1e-9)
    assert result.bits is not None
    assert encoding.polynomial.evaluate(result.bits[None, :])[0] == result.energy
    assert result.info["roof_dual_bound"] <= optimum + 1e-9
    assert 0 <= result.info["fixed_by_roof_duality"] <= n


def test_what_roof_duality_solves_needs_nobody_else() -> None:
    n = 300
    rng = np.random.default_rng(0)
    terms = {(i,): float(rng.normal()) for i in range(n)} | {
        (i, i + 1): -float(rng.random()) for i in range(n - 1)
    }
    result = _solve(plain(BinaryPolynomial.of(n, terms)))
    assert result.info["fixed_by_roof_duality"] == n
    assert result.proven
    assert result.energy == pytest.approx(_chain_minimum(terms, n))
    assert result.bound == pytest.approx(result.energy)


def _chain_minimum(terms: dict[tuple[int, ...], float], n: int) -> float:
    """By dynamic programming along the chain."""
    best = [0.0, terms[(0,)]]
    for i in range(1, n):
        pair = terms[(i - 1, i)]
        best = [min(best), terms[(i,)] + min(best[0], best[1] + pair)]
    return min(best)


def test_the_warm_start_and_the_target_are_passed_on() -> None:
    encoding = plain(random_polynomial(50, 2, 3))
    good = registry.load("simulated-annealing", {"reads": 50}).solve(
        Instance(encoding=encoding), seed=1
    )
    instance = Instance(encoding=encoding, warm_start=good.bits, target_energy=good.energy + 1e-6)
    result = Auto(time_limit_s=200.0).solve(instance, seed=0)
    assert result.energy <= good.energy + 1e-6
    assert "then an exact solver" not in result.info["reason"]


def test_without_the_optional_packages_the_core_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    load = registry.load

    def only_core(name: str, options: dict[str, object]) -> object:
        if name in ("highs", "scip", "gurobi"):
            raise MissingVendorError(f"solver {name!r} needs a package")
        return load(name, options)

    monkeypatch.setattr(auto.registry, "load", only_core)
    result = _solve(plain(_ring(41)))
    assert (result.info["chosen"], result.energy, result.proven) == ("cp-sat", -40.0, True)
    with pytest.raises(MissingVendorError, match="scip"):
        Auto(proof="scip").solve(Instance(encoding=plain(_ring(41))), seed=0)


def test_a_constraint_that_no_exact_solver_knows_leaves_the_heuristic() -> None:
    class Odd(Constraint):
        def holds(self, bits: np.ndarray) -> np.ndarray:
            return np.asarray(bits).sum(axis=1) % 2 == 1

    encoding = under(random_polynomial(45, 2, 0), Odd(name="odd"))
    result = _solve(encoding, time_limit_s=3.0)
    assert result.bits is not None
    assert result.bits.sum() % 2 == 1
    assert (result.proven, result.bound) == (False, None)
    refused = [s for s in result.info["steps"] if s["status"] == "refused"]
    assert any("no linear row" in s["why"] for s in refused)


@pytest.mark.parametrize(
    "options", [{"time_limit_s": 0.0}, {"heuristic_share": 0.0}, {"heuristic_share": 1.0}]
)
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(options)).split("_")[0]):
        Auto(**options)


def test_what_is_too_large_for_a_proof_has_heuristics_for_all_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A planted optimum: fields towards a hidden assignment outweigh the couplings, which cancel on
    it.
    """
    rng = np.random.default_rng(5)
    n, hidden = 60, rng.integers(0, 2, 60)
    spins = 1 - 2 * hidden
    pairs = {(i, j): 1.0 for i in range(n) for j in range(i + 1, n)}
    terms = {t: -float(spins[t[0]] * spins[t[1]]) for t in pairs}
    # the lowest energy is at the hidden spins alone
    fields = {i: -0.5 * float(spins[i]) for i in range(n)}
    energy = from_spins(n, [*terms.items(), *(((i,), h) for i, h in fields.items())])
    monkeypatch.setattr(auto, "_LINEAR", 100)
    monkeypatch.setattr(auto, "_fixing", lambda *_: None)
    result = _solve(plain(energy), time_limit_s=2.0)
    assert result.bits is not None
    assert result.bits.tolist() == hidden.tolist()
    assert result.energy == pytest.approx(-(len(pairs) + 0.5 * n))
    assert (result.proven, result.status) == (False, "time limit")
    assert "too many for a proof" in result.info["reason"]
    assert {"tabu", "simulated-annealing"} <= {s["solver"] for s in result.info["steps"]}
    assert max(s["begun_s"] + s["wall_s"] for s in result.info["steps"]) > 1.9
