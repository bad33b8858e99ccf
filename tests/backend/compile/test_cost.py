"""Counted costs against circuits that Qiskit compiles, and against closed forms."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from qtwin.backend.base import Ansatz, Layer
from qtwin.backend.compile import LATTICES, circuit_cost, to_qiskit, two_qubit
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError
from tests.oracles.circuits import ising, mixed, qaoa, sherrington


@pytest.mark.parametrize("n", [4, 7, 20])
def test_a_dense_cost_is_the_round_robin_or_the_swap_network(n: int) -> None:
    ansatz = qaoa(ising(*sherrington(n, seed=2)), 2)
    free = circuit_cost(ansatz, "all-to-all")
    assert free.two_qubit_gates == 2 * n * (n - 1)
    # an edge colouring of n - 1 or n colours, 2 CX each, twice
    assert 4 * (n - 1) <= free.two_qubit_depth <= 4 * n
    for lattice in ("heavy-hex", "square"):
        cost = circuit_cost(ansatz, lattice)
        assert cost.two_qubit_depth == 2 * (3 * n - 2)
        assert cost.two_qubit_gates == 2 * (3 * n * (n - 1) // 2 - n + 1)


def test_a_three_regular_graph_needs_at_most_four_colours() -> None:
    graph = nx.to_numpy_array(nx.random_regular_graph(3, 14, seed=3))
    cost = circuit_cost(qaoa(ising(np.zeros(14), graph), 1), "all-to-all")
    assert cost.two_qubit_gates == 42
    assert 6 <= cost.two_qubit_depth <= 8


def test_a_string_of_weight_four_is_a_ladder_of_six() -> None:
    z = np.ones((1, 4), dtype=np.bool_)
    word = PauliSum(x=np.zeros_like(z), z=z, coefficients=np.ones(1))
    ansatz = Ansatz(
        n_qubits=4,
        reference=np.zeros(4, dtype=np.int8),
        layers=(Layer(generator=word, parameter=0),),
        n_parameters=1,
    )
    cost = circuit_cost(ansatz, "all-to-all")
    assert (cost.two_qubit_gates, cost.two_qubit_depth) == (6, 6)


def test_counting_is_never_better_than_what_the_circuit_needs() -> None:
    ansatz = mixed(5, ising(*sherrington(5, seed=4)), 9)
    from qiskit import transpile

    plain = two_qubit(
        transpile(to_qiskit(ansatz), basis_gates=["cx", "rz", "sx"], optimization_level=0)
    )
    cost = circuit_cost(ansatz, "all-to-all")
    assert cost.two_qubit_gates <= plain[0]
    for lattice in LATTICES:
        assert circuit_cost(ansatz, lattice).two_qubit_gates > 0


def test_an_unknown_lattice_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match="'heavyhex'") as caught:
        circuit_cost(qaoa(ising(*sherrington(3, seed=0)), 1), "heavyhex")
    assert "heavy-hex" in caught.value.hint
