"""The swap network against the unrouted circuit, and its size against the count in its
docstring.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.backend.base import Ansatz, Layer
from qtwin.backend.compile import to_qiskit, two_qubit
from qtwin.backend.compile.swap_network import applies, good_order, meetings, network, to_line
from qtwin.encoding.pauli import PauliSum
from tests.oracles.circuits import ising, mixed, qaoa, sherrington, xy_pair


def _unrouted(amplitudes: np.ndarray, end: tuple[int, ...]) -> np.ndarray:
    """Amplitudes over places as amplitudes over qubits: place k holds qubit end[k]."""
    index = np.arange(len(amplitudes))
    place = sum((index >> qubit & 1) << k for k, qubit in enumerate(end))
    return amplitudes[place]


def _difference(ansatz: Ansatz, theta: np.ndarray, **how: bool) -> float:
    from qiskit.quantum_info import Statevector

    plan = network(ansatz)
    routed = Statevector(to_line(ansatz, plan, theta=theta, **how)).data
    return float(
        np.abs(_unrouted(routed, plan.end) - Statevector(to_qiskit(ansatz, theta)).data).max()
    )


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("n", [6, 7])
@pytest.mark.parametrize("rzz", [False, True])
def test_it_is_the_unrouted_circuit_up_to_the_permutation(n: int, p: int, rzz: bool) -> None:
    ansatz = qaoa(ising(*sherrington(n, seed=n)), p)
    assert _difference(ansatz, np.random.default_rng(p).normal(size=2 * p), rzz=rzz) < 1e-12


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 6),
    p=st.integers(1, 3),
    seed=st.integers(0, 10**6),
    density=st.floats(0.0, 1.0),
)
def test_missing_couplings_and_weighted_mixers_change_nothing(
    n: int, p: int, seed: int, density: float
) -> None:
    rng = np.random.default_rng(seed)
    h, j = sherrington(n, seed)
    cost = ising(h, j * np.triu(rng.random((n, n)) < density))
    mixer = PauliSum(
        x=np.eye(n, dtype=np.bool_), z=np.diag(rng.random(n) < 0.5), coefficients=rng.normal(size=n)
    )
    layers = tuple(Layer(generator=g, parameter=k) for k in range(p) for g in (cost, mixer))
    reference = rng.integers(-1, 2, size=n).astype(np.int8)
    ansatz = Ansatz(n_qubits=n, reference=reference, layers=layers, n_parameters=p)
    assert _difference(ansatz, rng.normal(size=p)) < 1e-12


@pytest.mark.parametrize("n", [3, 4, 7, 12, 20])
@pytest.mark.parametrize("p", [1, 2])
def test_all_pairs_meet_once_a_layer_at_the_depth_of_the_formula(n: int, p: int) -> None:
    ansatz = qaoa(ising(*sherrington(n, seed=1)), p)
    plan = network(ansatz)
    met = [frozenset(m.qubits) for m in meetings(plan)]
    assert len(met) == p * n * (n - 1) // 2
    assert all(met.count(pair) == p for pair in set(met))
    gates, depth = two_qubit(to_line(ansatz, plan))
    assert depth == p * (3 * n - 2)
    assert gates == p * (3 * n * (n - 1) // 2 - n + 1)


def test_a_path_in_line_needs_no_exchange() -> None:
    path = nx.to_numpy_array(nx.path_graph(8))
    gates, depth = two_qubit(to_line(ansatz := qaoa(ising(np.ones(8), path), 1), network(ansatz)))
    assert (gates, depth) == (14, 4)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_good_order_saves_rounds_and_keeps_the_circuit(seed: int) -> None:
    graph = nx.to_numpy_array(nx.random_regular_graph(3, 8, seed=seed))
    ansatz = qaoa(ising(np.arange(1.0, 9.0), graph), 2)
    order = good_order(ansatz)
    assert sorted(order) == list(range(8))
    plan, plain = network(ansatz, order), network(ansatz)
    assert len(plan.layers[0]) <= len(plain.layers[0])
    theta = np.random.default_rng(seed).normal(size=4)
    from qiskit.quantum_info import Statevector

    routed = _unrouted(Statevector(to_line(ansatz, plan, theta=theta)).data, plan.end)
    np.testing.assert_allclose(routed, Statevector(to_qiskit(ansatz, theta)).data, atol=1e-12)


def test_a_path_is_found_in_line_again() -> None:
    shuffled = np.random.default_rng(0).permutation(12)
    path = nx.to_numpy_array(
        nx.relabel_nodes(nx.path_graph(12), dict(enumerate(shuffled.tolist()))), nodelist=range(12)
    )
    ansatz = qaoa(ising(np.ones(12), path), 1)
    assert two_qubit(to_line(ansatz, network(ansatz, good_order(ansatz)))) == (22, 4)


def test_what_it_cannot_route_is_known() -> None:
    assert applies(qaoa(ising(*sherrington(5, seed=0)), 1))
    assert not applies(mixed(5, ising(*sherrington(5, seed=0)), 1))
    couple = Ansatz(
        n_qubits=4,
        reference=np.zeros(4, dtype=np.int8),
        layers=(Layer(generator=xy_pair(4, 0, 1), parameter=0),),
        n_parameters=1,
    )
    assert not applies(couple)
