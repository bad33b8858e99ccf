"""What every solver in the table promises.

A new line in `qtwin.solver.TABLE` is tested without a change here.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError, MissingVendorError
from qtwin.solver import TABLE, registry
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.exchange import from_plain, to_plain
from tests.oracles.brute_force import allowed, energy_of, lowest_feasible
from tests.oracles.instances import INSTANCES, RULES

QUICK: dict[str, dict[str, Any]] = {
    "simulated-annealing": {"reads": 40, "sweeps": 100},
    "dwave-tabu": {"reads": 20, "updates": 1000},
    "random": {"shots": 400},
    "qaoa": {"layers": 2, "shots": 400, "max_evaluations": 80},
}
CASES = [(name, label) for name in TABLE for label in INSTANCES]


def _solver(name: str) -> Solver:
    try:
        return registry.load(name, QUICK.get(name, {}))
    except MissingVendorError as error:  # optional for users
        pytest.skip(error.message)


@cache
def _answer(name: str, label: str) -> Result:
    return _solver(name).solve(Instance(encoding=INSTANCES[label]), seed=11)


@pytest.mark.parametrize(("name", "label"), CASES)
def test_the_answer_is_what_it_says(name: str, label: str) -> None:
    encoding, result = INSTANCES[label], _answer(name, label)
    optimum = lowest_feasible(encoding)
    rounding = 1e-11 * sum(abs(c) for c in encoding.polynomial.terms.values())
    assert result.solver == name
    assert result.seed == 11
    assert result.bits is not None, (
        "so small an instance that even guessing finds something feasible"
    )
    bits = tuple(int(b) for b in result.bits)
    assert len(bits) == encoding.polynomial.n_variables
    assert allowed(encoding, bits)
    assert result.energy == pytest.approx(energy_of(encoding, bits), abs=rounding)
    assert result.energy >= optimum - rounding
    if result.bound is not None:
        assert result.bound <= optimum + rounding
        assert result.bound <= result.energy
    assert result.proven == (result.status == "optimal")
    if result.proven:
        assert result.energy == pytest.approx(optimum, abs=1e-9 * max(1.0, abs(optimum)) + rounding)


@pytest.mark.parametrize(("name", "label"), CASES)
def test_costs_samples_and_trace_are_told(name: str, label: str) -> None:
    encoding, result = INSTANCES[label], _answer(name, label)
    assert result.wall_s
    assert all(v >= 0 for v in result.wall_s.values())
    assert result.evaluations >= 1
    json.dumps(result.info)
    energies = [p.best_energy for p in result.trace]
    assert energies == sorted(energies, reverse=True)
    assert [p.evaluations for p in result.trace] == sorted(p.evaluations for p in result.trace)
    if result.samples is not None:
        assert result.samples.counts.min() > 0
        assert len(np.unique(result.samples.bits, axis=0)) == len(result.samples.counts)
        feasible = result.samples.bits[encoding.is_feasible(result.samples.bits)]
        assert result.energy == pytest.approx(
            float(encoding.polynomial.evaluate(feasible).min()), abs=0
        )
    kept = from_plain(to_plain(result))
    assert kept.energy == result.energy


@pytest.mark.parametrize("name", TABLE)
def test_equal_seeds_give_equal_answers(name: str) -> None:
    label = "regimen of 6"
    first, second = (
        _answer(name, label),
        _solver(name).solve(Instance(encoding=INSTANCES[label]), seed=11),
    )
    assert np.array_equal(first.bits, second.bits)
    assert (first.energy, first.bound, first.status) == (second.energy, second.bound, second.status)
    if first.samples is not None and second.samples is not None:
        assert np.array_equal(first.samples.bits, second.samples.bits)
        assert np.array_equal(first.samples.counts, second.samples.counts)


@pytest.mark.parametrize("name", TABLE)
def test_nothing_feasible_is_said_and_never_answered(name: str) -> None:
    encoding = INSTANCES["regimen of 6"]
    contradiction = replace(
        encoding, constraints=(*RULES, replace(RULES[2], name="cover by nobody", members=()))
    )
    result = _solver(name).solve(Instance(encoding=contradiction), seed=0)
    assert result.bits is None
    assert np.isnan(result.energy)
    assert result.status == "infeasible"
    assert not result.proven


@pytest.mark.parametrize("name", TABLE)
def test_a_warm_start_is_used_or_ignored(name: str) -> None:
    encoding = INSTANCES["regimen of 6"]
    choices = [x for x in itertools.product((0, 1), repeat=6) if allowed(encoding, x)]
    rows = np.array(choices, dtype=np.uint8)
    energies = encoding.objective.evaluate(
        np.pad(rows, ((0, 0), (0, encoding.polynomial.n_variables - 6)))
    )
    instance = Instance(encoding=encoding, warm_start=rows[int(np.argmin(energies))])
    result = _solver(name).solve(instance, seed=1)
    if registry.cards()[name].warm_start:
        assert result.energy == pytest.approx(
            float(energies.min()), abs=1e-9 * max(1.0, abs(float(energies.min())))
        )
    assert result.gap is None or result.gap >= 0.0


@pytest.mark.parametrize("name", TABLE)
def test_unknown_options_are_refused(name: str) -> None:
    _solver(name)
    with pytest.raises(InputError, match="unknown option of solver"):
        registry.load(name, {"no_such_option": 1})


@pytest.mark.parametrize("name", [name for name in TABLE if registry.card(name).kind == "quantum"])
def test_three_thousand_variables_are_refused_with_the_limit(name: str) -> None:
    """2^3000 is beyond floating point; the refusal still says how many were expected, or how many
    choices it would hold.
    """
    wide = plain(BinaryPolynomial.of(3000, [((i, i + 1), -1.0) for i in range(2999)]))
    with pytest.raises(InputError, match=r"expected .*\d.*, got .*\b3000"):
        _solver(name).solve(Instance(encoding=wide), seed=0, time_limit_s=1.0)


@pytest.mark.parametrize("name", TABLE)
def test_the_card_names_what_there_is(name: str) -> None:
    card = registry.cards()[name]
    assert isinstance(card, SolverInfo)
    assert card.name == name
    assert card.summary
    assert card.guarantee
    assert card.max_variables > 0
    assert all(
        p.default is not p.empty for p in registry.options_of(registry.find(name)).values()
    ), "every option has a default"
