"""A result claims no more than was shown: gaps, statuses, and penalties that do not vanish."""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.problem.constraint import AtMostOne
from qtwin.solver.base import Instance, Result
from qtwin.solver.exact.search import Ending, Search, warm_start_of
from tests.oracles.instances import constrained, random_polynomial


def _result(energy: float, bound: float | None, bits: np.ndarray | None) -> Result:
    return Result(solver="any", status="feasible", bits=bits, energy=energy, bound=bound)


def test_the_gap_is_relative_to_the_energy() -> None:
    one = np.ones(1, dtype=np.uint8)
    assert _result(-4.0, -5.0, one).gap == 0.25
    assert _result(2.0, 2.0, one).gap == 0.0
    assert _result(0.0, -1e-12, one).gap == 1.0, "by 1e-12 where the energy is zero"
    assert _result(-4.0, None, one).gap is None
    assert _result(float("nan"), -5.0, None).gap is None


@pytest.mark.parametrize(
    ("ending", "bound", "status", "proven"),
    [
        ("complete", -2.0, "optimal", True),
        ("complete", -2.5, "feasible", False),
        ("time limit", -2.5, "time limit", False),
        ("time limit", -2.0, "optimal", True),
        ("time limit", None, "time limit", False),
        ("interrupted", -2.5, "interrupted", False),
    ],
)
def test_the_status_follows_from_what_was_shown(
    ending: Ending, bound: float | None, status: str, proven: bool
) -> None:
    search = Search(
        "any", Instance(encoding=plain(BinaryPolynomial.of(2, {(0,): -2.0, (1,): 1.0}))), seed=4
    )
    assert search.see([False, True])
    assert search.see([True, False])
    assert search.see([True, True])
    result = search.result(
        ending, bound=bound, tolerance=1e-9, wall_s={"search": 1.0}, info={"nodes": 3}
    )
    assert (result.status, result.proven, result.bound, result.energy, result.seed) == (
        status,
        proven,
        bound,
        -2.0,
        4,
    )
    assert [(p.evaluations, p.best_energy) for p in result.trace] == [(1, 1.0), (2, -2.0)]
    assert result.evaluations == 3
    assert result.info["nodes"] == 3


def test_a_bound_never_lies_above_the_energy_that_was_found() -> None:
    search = Search("any", Instance(encoding=plain(BinaryPolynomial.of(1, {(0,): -2.0}))), seed=0)
    search.see([True])
    assert (
        search.result("complete", bound=-2.0 + 1e-13, tolerance=1e-9, wall_s={}, info={}).bound
        == -2.0
    )


def test_only_feasible_bits_count() -> None:
    search = Search("any", Instance(encoding=constrained(0)), seed=0)
    assert not search.see(np.ones(6, dtype=np.uint8))
    assert search.bits is None
    assert search.result("time limit", bound=-1.0, tolerance=0.0, wall_s={}, info={}).bits is None


def test_penalties_that_do_not_vanish_leave_no_claim_on_the_energy() -> None:
    """An approximate penalty charges every choice: a bound on the objective is then none on the
    encoded energy.
    """
    objective = BinaryPolynomial.of(2, {(0,): -1.0, (1,): -3.0})
    rule = AtMostOne(name="one", members=(0, 1))
    encoding = BinaryModel(
        polynomial=objective + BinaryPolynomial.of(2, {(): 0.5, (0, 1): 4.0}),
        objective=objective,
        variables=("a", "b"),
        n_decision=2,
        constraints=(rule,),
    )
    search = Search("any", Instance(encoding=encoding), seed=0)
    search.see([False, True])
    result = search.result("complete", bound=-3.0, tolerance=1e-9, wall_s={}, info={})
    assert (result.energy, result.bound, result.proven, result.status) == (
        -2.5,
        None,
        False,
        "feasible",
    )
    assert (result.info["objective"], result.info["objective_bound"]) == (-3.0, -3.0)


def test_a_warm_start_of_decisions_gets_its_best_slack() -> None:
    encoding = constrained(1)
    n = encoding.polynomial.n_variables
    choice = np.array([0, 1, 0, 0, 0, 0], dtype=np.uint8)
    whole = warm_start_of(Instance(encoding=encoding, warm_start=choice))
    assert whole is not None
    assert whole.shape == (n,)
    assert encoding.polynomial.evaluate(whole[None, :])[0] == pytest.approx(
        encoding.objective.evaluate(whole[None, :])[0], abs=1e-9
    )
    again = warm_start_of(Instance(encoding=encoding, warm_start=whole))
    assert np.array_equal(again, whole)
    assert warm_start_of(Instance(encoding=plain(random_polynomial(2, 1, 0)))) is None
