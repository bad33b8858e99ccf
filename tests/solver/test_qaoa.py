"""QAOA against closed forms, known values and the adiabatic limit; training and measuring told
apart.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.backend import registry
from qtwin.backend.base import Ansatz, Backend
from qtwin.encoding.model import plain
from qtwin.encoding.pauli import diagonal
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.base import Instance
from qtwin.solver.quantum.qaoa import QAOA, ansatz, train
from qtwin.solver.variational.training import cost_scale, interpolate, ramp
from tests.oracles import qaoa_closed_form
from tests.oracles.dense_backend import DenseBackend
from tests.oracles.instances import constrained, random_polynomial

STATEVECTOR = registry.load("statevector")
angle = st.floats(-1.5, 1.5)


def _exact(
    circuit: Ansatz, theta: np.ndarray, polynomial: BinaryPolynomial, backend: Backend = STATEVECTOR
) -> float:
    return backend.expectation(circuit, np.asarray(theta), diagonal(polynomial)).value


def _max_cut(graph: nx.Graph) -> BinaryPolynomial:
    """Minus the number of cut edges: -(x_i + x_j - 2 x_i x_j)."""
    edges = [tuple(sorted(e)) for e in graph.edges]
    return BinaryPolynomial.of(
        graph.number_of_nodes(),
        [((v,), -1.0) for e in edges for v in e] + [(e, 2.0) for e in edges],
    )


@given(seed=st.integers(0, 10_000), gamma=angle, beta=angle)
@settings(max_examples=30, deadline=None)
def test_one_layer_is_the_closed_form_for_any_ising_energy_with_fields(
    seed: int, gamma: float, beta: float
) -> None:
    polynomial = random_polynomial(7, 2, seed)
    expected = qaoa_closed_form.energy(polynomial, gamma / cost_scale(polynomial), beta)
    assert _exact(ansatz(polynomial, 1), np.array([gamma, beta]), polynomial) == pytest.approx(
        expected, abs=1e-10
    )


@given(seed=st.integers(0, 10_000), degree=st.integers(1, 3))
@settings(max_examples=8, deadline=None)
def test_deeper_and_higher_order_circuits_are_matrix_products(seed: int, degree: int) -> None:
    polynomial = random_polynomial(5, degree, seed)
    theta = np.random.default_rng(seed).uniform(-1, 1, size=6)
    circuit = ansatz(polynomial, 3)
    assert _exact(circuit, theta, polynomial) == pytest.approx(
        _exact(circuit, theta, polynomial, DenseBackend()), abs=1e-10
    )


@pytest.mark.parametrize(
    "graph", [nx.petersen_graph(), nx.complete_bipartite_graph(3, 3), nx.pappus_graph()]
)
def test_one_layer_on_triangle_free_cubic_graphs_cuts_the_known_share(graph: nx.Graph) -> None:
    """1/2 + 1/(3 sqrt 3) = 0.692450 of the edges (Farhi 2014; Wang, Hadfield, Jiang, Rieffel 2018,
    PRA 97:022304).
    """
    trained = train(_max_cut(graph), 1, seed=0)
    assert trained.complete
    assert -trained.energy / graph.number_of_edges() == pytest.approx(
        0.5 + 1 / (3 * np.sqrt(3)), abs=1e-6
    )


@pytest.mark.parametrize(("layers", "share"), [(2, 0.7559), (3, 0.7924)])
def test_deeper_circuits_reach_the_published_fixed_angle_guarantees(
    layers: int, share: float
) -> None:
    """Wurtz, Lykov 2021, PRA 104:052419: the worst cubic graph; optimised angles on a graph of
    girth 6 do at least as well.
    """
    graph = nx.heawood_graph()
    assert -train(_max_cut(graph), layers, seed=0).energy / graph.number_of_edges() >= share - 1e-4


@given(seed=st.integers(0, 1000), degree=st.integers(2, 3))
@settings(max_examples=6, deadline=None)
def test_energy_never_rises_with_depth(seed: int, degree: int) -> None:
    polynomial = random_polynomial(8, degree, seed)
    trained = train(polynomial, 5, seed=seed)
    levels = trained.energy_by_layers
    assert len(levels) == 5
    assert list(levels) == sorted(levels, reverse=True)
    assert levels[0] < polynomial.values().mean()
    assert levels[-1] >= polynomial.values().min()
    assert _exact(ansatz(polynomial, 5), np.array(trained.theta), polynomial) == pytest.approx(
        trained.energy, abs=1e-9
    )


def test_a_slow_ramp_finds_the_minimum_of_a_gapped_energy() -> None:
    """The adiabatic limit: gamma rises from 0, beta falls to 0 from below.

    Turned the wrong way it finds the maximum.
    """
    n = 6
    fields = {(i,): 1.0 + 0.1 * i for i in range(n)} | {(0,): -2.0}
    chain = BinaryPolynomial.of(n, fields | {(i, i + 1): -1.9 for i in range(n - 1)})
    values = chain.values()
    assert np.diff(np.sort(values))[0] > 0.1
    energies = [_exact(ansatz(chain, p), ramp(p), chain) for p in (5, 20, 80, 320)]
    assert energies == sorted(energies, reverse=True)
    spread = values.max() - values.min()
    assert energies[-1] == pytest.approx(values.min(), abs=0.01 * spread)
    upward = ramp(320) * np.tile([1.0, -1.0], 320)
    assert _exact(ansatz(chain, 320), upward, chain) == pytest.approx(
        values.max(), abs=0.01 * spread
    )


@given(seed=st.integers(0, 1000), factor=st.floats(1e-6, 1e6), shift=st.floats(-10, 10))
@settings(max_examples=20, deadline=None)
def test_units_and_origin_of_the_energy_change_no_angle(
    seed: int, factor: float, shift: float
) -> None:
    polynomial = random_polynomial(5, 2, seed)
    moved = (polynomial + BinaryPolynomial.of(5, {(): shift})) * factor
    first, second = ansatz(polynomial, 1).layers[0].generator, ansatz(moved, 1).layers[0].generator
    assert np.array_equal(first.z, second.z)
    assert second.coefficients == pytest.approx(first.coefficients, rel=1e-9, abs=1e-12)
    assert cost_scale(moved) == pytest.approx(factor * cost_scale(polynomial), rel=1e-9)


def test_angles_are_interpolated_as_published() -> None:
    # Zhou et al. 2020, appendix B: [theta]_i = (i-1)/p theta_{i-1} + (p-i+1)/p theta_i
    assert interpolate([0.4, -0.6]).tolist() == [0.4, -0.6, 0.4, -0.6]
    assert interpolate([0.2, -0.8, 0.6, -0.4]) == pytest.approx([0.2, -0.8, 0.4, -0.6, 0.6, -0.4])


def test_more_starts_never_make_it_worse() -> None:
    polynomial = random_polynomial(7, 2, 12)
    energies = [train(polynomial, 3, seed=0, starts=s).energy for s in (1, 2)]
    assert energies[1] <= energies[0] + 1e-9


def test_a_training_cut_short_keeps_its_best_and_says_so() -> None:
    polynomial = random_polynomial(6, 2, 3)
    cut = train(polynomial, 4, seed=0, max_evaluations=60)
    assert not cut.complete
    assert cut.evaluations == 60
    assert len(cut.theta) == 8
    assert _exact(ansatz(polynomial, 4), np.array(cut.theta), polynomial) == pytest.approx(
        cut.energy, abs=1e-10
    )
    result = QAOA(layers=4, shots=100).solve(
        Instance(encoding=plain(polynomial)), seed=0, time_limit_s=1e-9
    )
    assert result.status == "time limit"
    assert result.bits is not None


def test_trained_once_measured_anywhere() -> None:
    encoding = constrained(4)
    once = train(encoding.polynomial, 2, seed=0)
    given_angles = [
        QAOA(layers=2, backend=b, shots=3000, theta=once.theta).solve(
            Instance(encoding=encoding), seed=5
        )
        for b in ("statevector", DenseBackend())
    ]
    trained = QAOA(layers=2, shots=3000).solve(Instance(encoding=encoding), seed=0)
    assert trained.info["theta"] == list(once.theta)
    assert trained.evaluations == once.evaluations
    assert trained.wall_s["training"] > 0
    for result in given_angles:
        assert (result.evaluations, result.shots, result.wall_s["training"]) == (0, 3000, 0.0)
        assert result.info["expectation_exact"] == pytest.approx(once.energy, abs=1e-9)
        assert result.info["expectation_exact_statevector"] == pytest.approx(once.energy, abs=1e-9)
        error = result.info["expectation_sampled_standard_error"]
        assert abs(result.info["expectation_sampled"] - once.energy) < 5 * error
    assert [r.backend for r in given_angles] == ["statevector", "dense"]


def test_what_cannot_run_is_refused_with_the_limit() -> None:
    wide = plain(BinaryPolynomial.of(27, {(i, i + 1): 1.0 for i in range(26)}))
    with pytest.raises(InputError, match=r"expected at most 26 qubits.*got 27.*2\.15e\+09 bytes"):
        QAOA().solve(Instance(encoding=wide), seed=0)
    with pytest.raises(InputError, match="at most 10"):
        QAOA(backend=DenseBackend()).solve(
            Instance(encoding=plain(random_polynomial(11, 1, 0))), seed=0
        )
    with pytest.raises(InputError, match="expected 4 finite angles, got 3"):
        QAOA(layers=2, theta=(0.1, 0.2, 0.3))
    with pytest.raises(InputError, match="unknown backend"):
        QAOA(backend="statevectr")
