"""A result as dimod's sample set: dimod computes the same energies, and nothing is lost."""

from __future__ import annotations

import dimod
import numpy as np
import pytest

from qtwin.encoding.model import plain
from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result
from qtwin.solver.classical.cp_sat import CpSat
from qtwin.solver.classical.random_sampling import RandomSampling
from qtwin.solver.exchange import to_sampleset
from tests.oracles.instances import constrained, random_polynomial


def test_samples_keep_counts_energies_and_feasibility() -> None:
    encoding = constrained(3)
    result = RandomSampling(shots=500).solve(Instance(encoding=encoding), seed=0)
    made = to_sampleset(result, encoding)
    assert list(made.variables) == list(encoding.variables)
    assert made.vartype is dimod.BINARY
    assert made.record.num_occurrences.sum() == 500
    bqm = dimod.BinaryQuadraticModel("BINARY")
    for term, c in encoding.polynomial.terms.items():
        names = [encoding.variables[i] for i in term]
        if len(term) == 2:
            bqm.add_quadratic(*names, c)
        elif term:
            bqm.add_linear(names[0], c)
        else:
            bqm.offset += c
    assert bqm.energies(made) == pytest.approx(made.record.energy, abs=1e-9)
    assert made.record.is_feasible.tolist() == encoding.is_feasible(made.record.sample).tolist()
    feasible = made.filter(lambda d: d.is_feasible)
    assert feasible.first.energy == pytest.approx(result.energy)
    assert made.info["status"] == "feasible"


def test_one_answer_with_its_bound() -> None:
    encoding = plain(random_polynomial(6, 2, 1))
    result = CpSat().solve(Instance(encoding=encoding), seed=2)
    made = to_sampleset(result, encoding)
    assert len(made) == 1
    assert result.bits is not None
    assert [made.first.sample[name] for name in encoding.variables] == result.bits.tolist()
    assert made.first.energy == result.energy
    assert (made.info["bound"], made.info["proven"], made.info["solver"], made.info["seed"]) == (
        result.bound,
        True,
        "cp-sat",
        2,
    )
    assert dimod.SampleSet.from_serializable(made.to_serializable()) == made


def test_nothing_found_is_an_empty_set_and_another_encoding_is_refused() -> None:
    encoding = plain(random_polynomial(4, 2, 1))
    nothing = Result(solver="any", status="infeasible", bits=None, energy=float("nan"))
    assert len(to_sampleset(nothing, encoding)) == 0
    other = Result(solver="any", status="feasible", bits=np.zeros(3, dtype=np.uint8), energy=0.0)
    with pytest.raises(InputError, match="expected a result of 4 variables, got 3"):
        to_sampleset(other, encoding)
