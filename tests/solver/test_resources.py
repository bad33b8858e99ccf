"""Counts of gates against counting by hand."""

from __future__ import annotations

from functools import partial
from math import comb

import numpy as np
import pytest

from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver import registry
from qtwin.solver.base import Instance
from qtwin.solver.variational import resources
from qtwin.solver.variational.circuit import ansatz
from tests.oracles.instances import random_polynomial


def _counted(polynomial: BinaryPolynomial, layers: int) -> dict:
    return resources.of_circuit(ansatz(polynomial, layers), shots=10, evaluations=3)["two_qubit"][
        "all-to-all"
    ]


@pytest.mark.parametrize("layers", [1, 3])
def test_a_pair_is_two_gates_and_a_product_of_d_spins_a_ladder_of_two_times_d_less_one(
    layers: int,
) -> None:
    assert _counted(random_polynomial(6, 2, 0), layers)["gates"] == layers * 2 * comb(6, 2)
    cubic = random_polynomial(5, 3, 0)
    assert _counted(cubic, layers)["gates"] == layers * (2 * comb(5, 2) + 4 * comb(5, 3))
    assert _counted(BinaryPolynomial.of(3, {(0,): 1.0, (2,): -1.0}), layers) == {
        "gates": 0,
        "depth": 0,
        "method": "counted",
    }


def test_disjoint_pairs_go_in_parallel() -> None:
    pairs = BinaryPolynomial.of(6, {(0, 1): 1.0, (2, 3): 1.0, (4, 5): 1.0})
    assert (_counted(pairs, 1)["gates"], _counted(pairs, 1)["depth"]) == (6, 2)


def test_deep_circuits_are_extrapolated_exactly_in_gates() -> None:
    polynomial = random_polynomial(5, 2, 1)
    build = partial(ansatz, polynomial)
    told = resources.of_depth(build, 7, shots=1, evaluations=1)["two_qubit"]
    direct = resources.of_circuit(build(7), shots=1, evaluations=1)["two_qubit"]
    assert {k: v["gates"] for k, v in told.items()} == {k: v["gates"] for k, v in direct.items()}
    assert told["all-to-all"]["depth"] == direct["all-to-all"]["depth"]


def test_formulas_of_what_is_simulated() -> None:
    assert [resources.controlled_phase(c) for c in range(5)] == [0, 2, 8, 14, 20]
    polynomial = BinaryPolynomial.of(4, {(0, 1): 1.0, (2,): 2.0, (3,): -1.0})
    result = registry.load("grover-mixer-qaoa", {"layers": 3, "shots": 50}).solve(
        Instance(encoding=plain(polynomial)), seed=0
    )
    told = result.info["resources"]
    assert told["two_qubit"]["all-to-all"]["gates"] == 3 * (2 + resources.controlled_phase(3))
    search = registry.load("grover-adaptive-search", {}).solve(
        Instance(encoding=plain(polynomial)), seed=0
    )
    dictionary = 8 * (8 + 2 + 2) + 8 * 7
    assert search.info["resources"]["two_qubit"]["all-to-all"]["gates"] == search.evaluations * (
        2 * dictionary + 14
    )
    assert search.info["resources"]["n_qubits"] == 12


def test_a_dense_circuit_is_counted_on_a_lattice() -> None:
    polynomial = random_polynomial(20, 2, 5)
    _counted(BinaryPolynomial.of(3, {(0, 1): 1.0}), 1)  # loads what it needs
    told = resources.of_circuit(ansatz(polynomial, 4), shots=1, evaluations=1)
    assert told["n_qubits"] == 20
    assert np.isfinite(told["two_qubit"]["heavy-hex"]["depth"])
