"""Our simulator against matrices, finite differences and closed forms; tiles, threads and folded
angles included.
"""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from qtwin.backend.base import Ansatz, Layer
from qtwin.backend.statevector import StatevectorBackend
from qtwin.backend.statevector.layered import Layered
from qtwin.backend.statevector.layered import diagonal as eigenvalues
from qtwin.encoding.pauli import PauliSum, diagonal, transverse_field
from qtwin.encoding.polynomial import index_to_bits
from qtwin.errors import InputError
from tests.oracles.circuits import ising, mixed, qaoa, sherrington, strings, xy_pair
from tests.oracles.closed_form import ising_p1
from tests.oracles.dense_backend import DenseBackend
from tests.oracles.instances import random_polynomial

# 6, 7: one tile; 16 on two threads and 19 on one: low and high tiles
SIZES = [(6, 1), (7, 1), (13, 1), (16, 2), (17, 2), (19, 1), (19, 2)]


@pytest.mark.parametrize(("n", "threads"), SIZES)
@pytest.mark.parametrize(
    ("gamma", "beta"), [(0.31, 0.4), (-2.7, 1.2), (0.05, -2.9), (11.0, 0.785), (0.3, np.pi / 2)]
)
def test_one_layer_has_the_closed_form(n: int, threads: int, gamma: float, beta: float) -> None:
    h, j = sherrington(n, n)
    cost = ising(h, j)
    value = (
        StatevectorBackend(threads=threads)
        .expectation(qaoa(cost, 1), np.array([gamma, beta]), cost)
        .value
    )
    assert value == pytest.approx(
        ising_p1(h, j, gamma, beta), abs=1e-12 * (np.abs(h).sum() + np.abs(j).sum())
    )


@settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(
    n=st.integers(1, 7),
    p=st.integers(1, 4),
    degree=st.integers(1, 3),
    seed=st.integers(0, 10**6),
    reach=st.sampled_from([0.1, 1, 7]),
)
def test_value_and_gradient_are_those_of_the_matrices(
    n: int, p: int, degree: int, seed: int, reach: float
) -> None:
    cost = diagonal(random_polynomial(n, degree, seed))
    ansatz, theta = qaoa(cost, p), np.random.default_rng(seed).uniform(-reach, reach, 2 * p)
    value, gradient = StatevectorBackend(threads=1).value_and_gradient(ansatz, theta, cost)
    wanted, slopes = DenseBackend().value_and_gradient(ansatz, theta, cost)
    scale = np.abs(cost.coefficients).sum()
    assert value == pytest.approx(wanted, abs=1e-12 * scale)
    np.testing.assert_allclose(gradient, slopes, atol=1e-11 * scale * (scale + n))


@pytest.mark.parametrize("seed", range(6))
def test_gradient_of_any_circuit_and_observable(seed: int) -> None:
    ansatz, theta = (
        mixed(5, diagonal(random_polynomial(5, 3, seed)), seed),
        np.random.default_rng(seed).normal(size=4),
    )
    for observable in (strings(5, 8, seed), diagonal(random_polynomial(5, 2, seed + 1))):
        value, gradient = StatevectorBackend().value_and_gradient(ansatz, theta, observable)
        wanted, slopes = DenseBackend().value_and_gradient(ansatz, theta, observable)
        assert value == pytest.approx(wanted, abs=1e-11)
        np.testing.assert_allclose(gradient, slopes, atol=1e-10)


@pytest.mark.parametrize(("n", "threads"), [(8, 1), (16, 2), (19, 1)])
@pytest.mark.parametrize("p", [1, 2, 3])
def test_gradient_is_the_finite_difference(n: int, threads: int, p: int) -> None:
    h, j = sherrington(n, n + p)
    cost, backend = ising(h, j / n), StatevectorBackend(threads=threads)
    ansatz, rng = qaoa(cost, p), np.random.default_rng(p)
    theta = np.concatenate([rng.uniform(-0.6, 0.6, p), rng.uniform(-3, 3, p)])
    observable = ising(np.roll(h, 1), np.zeros_like(j))
    for wanted in (cost, observable):
        value, gradient = backend.value_and_gradient(ansatz, theta, wanted)
        assert backend.expectation(ansatz, theta, wanted).value == pytest.approx(value, abs=1e-11)
        direction, step = rng.normal(size=2 * p), 1e-5
        up, down = (
            backend.expectation(ansatz, theta + s * step * direction, wanted).value for s in (1, -1)
        )
        assert gradient @ direction == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("n", "threads"), [(9, 1), (16, 2), (19, 2)])
def test_tiles_agree_with_the_string_by_string_path_and_keep_the_norm(n: int, threads: int) -> None:
    cost = ising(*sherrington(n, 3))
    ansatz, theta = qaoa(cost, 3), np.array([0.3, -0.2, 0.5, 0.4, 2.0, -0.9])
    tiled = StatevectorBackend(threads=threads).probabilities(ansatz, theta)
    assert tiled.sum() == pytest.approx(1.0, abs=1e-13)
    layered = Layered(ansatz)
    layered.run(theta)
    np.testing.assert_allclose(tiled, layered.probabilities(), atol=1e-14, rtol=1e-8)


def test_parameters_may_be_shared_and_unordered() -> None:
    cost, mixer = diagonal(random_polynomial(6, 2, 4)), transverse_field(6)
    layers = tuple(
        Layer(generator=g, parameter=k) for g, k in ((cost, 1), (mixer, 2), (cost, 1), (mixer, 0))
    )
    ansatz = Ansatz(
        n_qubits=6, reference=np.full(6, -1, dtype=np.int8), layers=layers, n_parameters=4
    )
    theta = np.array([0.3, -0.2, 0.9, 5.0])
    got, wanted = (
        b.value_and_gradient(ansatz, theta, cost) for b in (StatevectorBackend(), DenseBackend())
    )
    assert got[0] == pytest.approx(wanted[0], abs=1e-12)
    np.testing.assert_allclose(got[1], wanted[1], atol=1e-11)
    assert got[1][3] == 0.0


def test_triangle_free_cubic_graph_reaches_the_known_cut() -> None:
    """Wang, Hadfield, Jiang, Rieffel 2018, Phys.

    Rev. A 97, 022304, eq. 15: 1/2 + 1 / (3 sqrt 3) at tan gamma = 1 / sqrt 2.
    """
    graph = nx.heawood_graph()
    j = nx.to_numpy_array(graph) / 2
    cost = ising(np.zeros(14), j)
    angles = np.array([np.arctan(1 / np.sqrt(2)), -np.pi / 8])
    zz = StatevectorBackend().expectation(qaoa(cost, 1), angles, cost).value
    cut = 0.5 - zz / graph.number_of_edges()
    assert cut == pytest.approx(0.692450, abs=5e-7)
    assert cut == pytest.approx(0.5 + 1 / (3 * np.sqrt(3)), abs=1e-12)


def test_xy_mixers_keep_the_hamming_weight() -> None:
    n, weight = 8, 3
    cost = diagonal(random_polynomial(n, 2, 8))
    ring = [Layer(generator=xy_pair(n, i, (i + 1) % n), parameter=1 + i % 2) for i in range(n)]
    reference = np.array([1] * weight + [0] * (n - weight), dtype=np.int8)
    layers = tuple(
        itertools.chain(*([Layer(generator=cost, parameter=0), *ring] for _ in range(3)))
    )
    ansatz = Ansatz(n_qubits=n, reference=reference, layers=layers, n_parameters=3)
    backend, theta = StatevectorBackend(), np.array([0.7, 1.1, -0.6])
    p = backend.probabilities(ansatz, theta)
    weights = index_to_bits(np.arange(2**n), n).sum(axis=1)
    assert p[weights != weight].sum() < 1e-12
    assert p[weights == weight].sum() == pytest.approx(1.0, abs=1e-12)
    assert (p[weights == weight] > 1e-6).sum() > 40, "the mixer moves"
    assert (backend.sample(ansatz, theta, shots=500, seed=1).bits.sum(axis=1) == weight).all()


def test_whole_xy_ring_in_one_layer_is_refused_with_the_pair() -> None:
    pairs = [xy_pair(4, 0, 1), xy_pair(4, 1, 2)]
    ring = PauliSum(
        x=np.vstack([q.x for q in pairs]),
        z=np.vstack([q.z for q in pairs]),
        coefficients=np.full(4, 0.5),
    )
    ansatz = Ansatz(
        n_qubits=4,
        reference=np.zeros(4, dtype=np.int8),
        layers=(Layer(generator=ring, parameter=0),),
        n_parameters=1,
    )
    with pytest.raises(InputError, match="X0 X1 and Y1 Y2, which do not commute"):
        StatevectorBackend().probabilities(ansatz, np.ones(1))


@pytest.mark.parametrize(("n", "degree"), [(1, 1), (5, 5), (13, 3)])
def test_the_transform_is_the_polynomial(n: int, degree: int) -> None:
    polynomial = random_polynomial(n, degree, n)
    np.testing.assert_allclose(eigenvalues(diagonal(polynomial)), polynomial.values(), atol=1e-10)


def test_too_many_qubits_are_refused_with_the_bytes() -> None:
    cost = ising(*sherrington(20, 1))
    with pytest.raises(InputError, match=f"needs {4 * 8 * 2**20} bytes, 1000000 bytes"):
        StatevectorBackend(memory_bytes=10**6).sample(qaoa(cost, 1), np.ones(2), shots=1, seed=0)
    wide = ising(np.ones(60), np.zeros((60, 60)))
    with pytest.raises(InputError, match="60"):
        StatevectorBackend().sample(qaoa(wide, 1), np.ones(2), shots=1, seed=0)


def test_results_do_not_depend_on_what_ran_before() -> None:
    first, second = (ising(*sherrington(8, s)) for s in (1, 2))
    a, b, theta = qaoa(first, 2), qaoa(second, 2), np.array([0.1, 0.2, 0.3, 0.4])
    backend, fresh = StatevectorBackend(), StatevectorBackend()
    wanted = fresh.expectation(b, theta, first).value
    backend.value_and_gradient(a, theta, first)
    backend.value_and_gradient(b, theta, second)
    assert backend.expectation(b, theta, first).value == wanted


def test_a_general_observable_first_leaves_the_tiles_to_the_next() -> None:
    cost = ising(*sherrington(9, 1))
    ansatz, theta = qaoa(cost, 2), np.array([0.1, 0.2, 0.3, 0.4])
    backend, fresh = StatevectorBackend(), StatevectorBackend()
    backend.value_and_gradient(ansatz, theta, transverse_field(9))
    got, wanted = (b.value_and_gradient(ansatz, theta, cost) for b in (backend, fresh))
    assert got[0] == wanted[0]
    np.testing.assert_array_equal(got[1], wanted[1])
