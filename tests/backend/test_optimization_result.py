"""An answer as Qiskit's own result: bits, energies, probabilities and status arrive, and the whole
of ours comes along.
"""

from __future__ import annotations

import numpy as np
import pytest
from qiskit_optimization.algorithms import OptimizationResultStatus

from qtwin.backend.exchange import to_optimization_result, to_quadratic_program
from qtwin.encoding.model import plain
from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result
from qtwin.solver.classical.cp_sat import CpSat
from qtwin.solver.classical.random_sampling import RandomSampling
from tests.oracles.instances import constrained, random_polynomial


def test_one_answer() -> None:
    encoding = plain(random_polynomial(6, 2, 1))
    result = CpSat().solve(Instance(encoding=encoding), seed=2)
    made = to_optimization_result(result, encoding)
    assert result.bits is not None
    assert made.x.tolist() == result.bits.tolist()
    assert made.fval == result.energy == pytest.approx(encoding.polynomial.values().min())
    assert made.status == OptimizationResultStatus.SUCCESS
    assert made.variables_dict == dict(zip(encoding.variables, result.bits.tolist(), strict=True))
    again = to_quadratic_program(encoding)
    assert again.objective.evaluate(made.x) == pytest.approx(made.fval)
    assert [v.name for v in again.variables] == made.variable_names
    assert made.raw_results is result
    assert made.raw_results.bound == result.bound


def test_samples_carry_their_probabilities() -> None:
    encoding = constrained(2)
    result = RandomSampling(shots=400).solve(Instance(encoding=encoding), seed=0)
    made = to_optimization_result(result, encoding)
    assert result.samples is not None
    assert sum(s.probability for s in made.samples) == pytest.approx(1.0)
    assert [s.fval for s in made.samples] == pytest.approx(
        encoding.polynomial.evaluate(result.samples.bits).tolist()
    )
    fits = [s.status == OptimizationResultStatus.SUCCESS for s in made.samples]
    assert fits == encoding.is_feasible(result.samples.bits).tolist()
    assert not all(fits)


def test_no_answer_and_what_does_not_fit() -> None:
    encoding = plain(random_polynomial(3, 2, 0))
    for status, wanted in (
        ("infeasible", OptimizationResultStatus.INFEASIBLE),
        ("time limit", OptimizationResultStatus.FAILURE),
    ):
        nothing = Result(solver="any", status=status, bits=None, energy=float("nan"))  # type: ignore[arg-type]
        made = to_optimization_result(nothing, encoding)
        assert (made.x, made.fval, made.status) == (None, None, wanted)
    with pytest.raises(InputError, match="answer of 3 variables, got 2"):
        to_optimization_result(
            Result(solver="any", status="feasible", bits=np.zeros(2, dtype=np.uint8), energy=0.0),
            encoding,
        )
