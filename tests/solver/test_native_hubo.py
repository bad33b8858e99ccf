"""Energies of any degree as multi-Z phases, beside their quadratisations."""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.encoding.model import plain
from qtwin.encoding.quadratise import METHODS, quadratise
from qtwin.solver import registry
from qtwin.solver.base import Instance
from qtwin.solver.variational.circuit import ansatz
from qtwin.solver.variational.training import exact_simulator
from tests.oracles.instances import random_polynomial


@pytest.mark.parametrize("method", METHODS)
def test_a_quadratic_energy_has_one_circuit_only(method: str) -> None:
    polynomial = random_polynomial(5, 2, 3)
    same = quadratise(polynomial, method).polynomial
    theta = np.random.default_rng(0).normal(size=4)
    simulator = exact_simulator()
    assert same.n_variables == 5
    assert simulator.probabilities(ansatz(same, 2), theta) == pytest.approx(
        simulator.probabilities(ansatz(polynomial, 2), theta)
    )


def test_cubic_terms_need_no_auxiliaries_and_both_forms_find_the_minimum() -> None:
    original = random_polynomial(5, 3, 1)
    lowest = original.values().min()
    whole = quadratise(original, "cover")
    assert whole.polynomial.n_variables > 5
    counts = {}
    for name, polynomial in (("native", original), ("quadratised", whole.polynomial)):
        solver = registry.load("qaoa", {"layers": 2, "shots": 2000})
        result = solver.solve(Instance(encoding=plain(polynomial)), seed=0)
        assert result.energy == pytest.approx(lowest)
        counts[name] = result.info["resources"]["n_qubits"]
    assert counts == {"native": 5, "quadratised": whole.polynomial.n_variables}


@pytest.mark.parametrize(
    "name",
    [
        "qaoa",
        "multi-angle-qaoa",
        "dc-qaoa",
        "bf-dcqo",
        "pauli-correlation-encoding",
        "recursive-qaoa",
    ],
)
def test_the_family_takes_cubic_energies_as_they_are(name: str) -> None:
    polynomial = random_polynomial(5, 3, 2)
    result = registry.load(name, {}).solve(Instance(encoding=plain(polynomial)), seed=0)
    assert result.energy <= np.quantile(polynomial.values(), 0.1)
