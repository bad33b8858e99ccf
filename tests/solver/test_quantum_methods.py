"""Each quantum optimiser against what its theory says."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.backend.statevector.distribution import lowest_share as cvar
from qtwin.encoding.model import plain
from qtwin.encoding.pauli import diagonal
from qtwin.encoding.polynomial import BinaryPolynomial, from_spins, index_to_bits
from qtwin.errors import InputError
from qtwin.solver.base import Instance
from qtwin.solver.quantum.cvar_qaoa import CVaRQAOA
from qtwin.solver.quantum.falqon import FALQON
from qtwin.solver.quantum.filtering_vqe import FilteringVQE
from qtwin.solver.quantum.grover_adaptive_search import GroverAdaptiveSearch, success_probability
from qtwin.solver.quantum.hardware_efficient_vqe import HardwareEfficientVQE
from qtwin.solver.quantum.recursive_qaoa import RecursiveQAOA, substitute
from qtwin.solver.quantum.untied_qaoa import DCQAOA, MultiAngleQAOA, split, with_counterdiabatic
from qtwin.solver.variational.circuit import ansatz
from qtwin.solver.variational.training import exact_simulator, train
from tests.oracles.dense_backend import X, Z, matrix
from tests.oracles.instances import random_polynomial

SIMULATOR = exact_simulator()
seeds = st.integers(0, 10_000)


def _instance(polynomial: BinaryPolynomial) -> Instance:
    return Instance(encoding=plain(polynomial))


# CVaR-QAOA (Barkoutsos 2020)


@given(seed=seeds, size=st.integers(1, 12), alpha=st.floats(0.01, 1.0))
@settings(max_examples=40, deadline=None)
def test_cvar_is_the_mean_of_the_worst_case_reweighting(seed: int, size: int, alpha: float) -> None:
    """min w.E over 0 <= w <= p / alpha, sum w = 1, filled greedily, one state at a time."""
    rng = np.random.default_rng(seed)
    energies, p = rng.normal(size=size).round(1), rng.dirichlet(np.ones(size))
    left, total = alpha, 0.0
    for e, q in sorted(zip(energies, p, strict=True)):
        total += min(q, left) * e
        left -= min(q, left)
    assert cvar(energies, p, alpha)[0] == pytest.approx(
        (total + left * max(energies)) / alpha, abs=1e-9
    )


def test_cvar_of_everything_is_the_mean_and_of_almost_nothing_the_minimum() -> None:
    rng = np.random.default_rng(0)
    energies, p = rng.normal(size=16), rng.dirichlet(np.ones(16))
    assert cvar(energies, p, 1.0)[0] == pytest.approx(p @ energies)
    assert cvar(energies, p, 1e-9)[0] == pytest.approx(energies.min())
    # equal shares: the mean of the best quarter, counted by hand, and not divided by anything else
    assert cvar(np.array([4.0, 1.0, 3.0, 2.0]), np.full(4, 0.25), 0.5)[0] == pytest.approx(1.5)
    with pytest.raises(InputError, match="alpha"):
        CVaRQAOA(alpha=0.0)


def test_cvar_training_with_everything_is_qaoa_and_with_less_raises_the_tail() -> None:
    polynomial = random_polynomial(6, 2, 5)
    values = polynomial.values()
    plain_training = train(polynomial, 1, seed=0)
    whole = CVaRQAOA(layers=1, alpha=1.0, shots=10).solve(_instance(polynomial), seed=0)
    assert whole.info["cvar_exact"] <= plain_training.energy + 1e-9
    part = CVaRQAOA(layers=1, alpha=0.2, shots=10).solve(_instance(polynomial), seed=0)
    p = SIMULATOR.probabilities(ansatz(polynomial, 1), np.array(plain_training.theta))
    assert part.info["cvar_exact"] < cvar(values, p, 0.2)[0] - 1e-6, (
        "it trains on from QAOA's angles"
    )
    q = SIMULATOR.probabilities(ansatz(polynomial, 1), np.array(part.info["theta"]))
    assert part.info["cvar_exact"] == pytest.approx(cvar(values, q, 0.2)[0], abs=1e-9)


# Multi-angle QAOA (Herrman 2022)


@given(seed=seeds, degree=st.integers(1, 3))
@settings(max_examples=10, deadline=None)
def test_tied_multi_angles_are_qaoa(seed: int, degree: int) -> None:
    polynomial = random_polynomial(5, degree, seed)
    free, origin = split(polynomial, 2)
    theta = np.random.default_rng(seed).normal(size=4)
    tied = SIMULATOR.probabilities(ansatz(polynomial, 2), theta)
    assert SIMULATOR.probabilities(free, theta[origin]) == pytest.approx(tied, abs=1e-12)
    assert free.n_parameters == 2 * (len(diagonal(polynomial).coefficients) - 1 + 5)


def test_multi_angles_solve_a_star_at_one_layer_where_one_angle_does_not() -> None:
    """Herrman 2022, theorem 3: ma-QAOA of one layer is exact on stars; QAOA is not."""
    star = BinaryPolynomial.of(
        6,
        [((0,), -5.0), *(((k,), -1.0) for k in range(1, 6)), *(((0, k), 2.0) for k in range(1, 6))],
    )
    result = MultiAngleQAOA(layers=1, shots=50).solve(_instance(star), seed=0)
    assert result.info["expectation_exact"] == pytest.approx(-5.0, abs=1e-4)
    assert result.info["expectation_of_qaoa"] > -4.8


@pytest.mark.parametrize("seed", range(4))
def test_more_angles_are_never_worse(seed: int) -> None:
    polynomial = random_polynomial(5, 2, seed)
    for solver in (MultiAngleQAOA(layers=1, shots=10), DCQAOA(layers=1, shots=10)):
        info = solver.solve(_instance(polynomial), seed=seed).info
        assert info["expectation_exact"] <= info["expectation_of_qaoa"] + 1e-9


# Recursive QAOA (Bravyi 2020)


@given(seed=seeds, same=st.booleans(), alone=st.booleans())
@settings(max_examples=25, deadline=None)
def test_substitution_is_substitution(seed: int, same: bool, alone: bool) -> None:
    rng = np.random.default_rng(seed)
    polynomial = random_polynomial(5, 3, seed)
    i, j = (int(k) for k in rng.permutation(5)[:2])
    smaller = substitute(polynomial, i, None if alone else j, same)
    for rest in itertools.product((0, 1), repeat=4):
        full = [*rest[:i], 0, *rest[i:]]
        full[i] = (0 if same else 1) if alone else (full[j] if same else 1 - full[j])
        assert smaller.evaluate(np.array([rest]))[0] == pytest.approx(
            polynomial.evaluate(np.array([full]))[0]
        )


@pytest.mark.parametrize("seed", range(5))
def test_recursion_is_exact_on_trees(seed: int) -> None:
    """Couplings of equal size on a tree can all be satisfied at once, and one layer orders every
    bond rightly (Bravyi 2020).
    """
    tree = nx.random_labeled_tree(8, seed=seed)
    rng = np.random.default_rng(seed)
    bonds = [(tuple(sorted(e)), float(rng.choice([-1.0, 1.0]))) for e in tree.edges]
    polynomial = from_spins(8, bonds)
    result = RecursiveQAOA(leave=2).solve(_instance(polynomial), seed=0)
    assert result.energy == pytest.approx(-7.0)
    assert result.info["eliminated"] == 6


def test_recursion_solves_the_ring_where_qaoa_of_one_layer_reaches_three_quarters() -> None:
    """Bravyi 2020: recursion is exact on the ring of even length, QAOA of level p stays at (2p + 1)
    / (2p + 2) of the cut.
    """
    ring = from_spins(8, [((i, (i + 1) % 8), 1.0) for i in range(8)])
    assert (8 - train(ring, 1, seed=0).energy) / 2 == pytest.approx(6.0, abs=1e-6)
    assert RecursiveQAOA(leave=3).solve(_instance(ring), seed=0).energy == pytest.approx(-8.0)


# Counterdiabatic QAOA (Chandarana 2022)


@given(seed=seeds, degree=st.integers(1, 3), pool=st.sampled_from(["y", "yz"]))
@settings(max_examples=10, deadline=None)
def test_without_its_third_angle_the_counterdiabatic_circuit_is_qaoa(
    seed: int, degree: int, pool: str
) -> None:
    polynomial = random_polynomial(4, degree, seed)
    theta = np.random.default_rng(seed).normal(size=(2, 2))
    circuit = with_counterdiabatic(polynomial, 2, pool)
    padded = np.column_stack([theta, np.zeros(2)]).reshape(-1)
    assert SIMULATOR.probabilities(circuit, padded) == pytest.approx(
        SIMULATOR.probabilities(ansatz(polynomial, 2), theta.reshape(-1)), abs=1e-12
    )


@pytest.mark.parametrize("degree", [2, 3])
def test_counterdiabatic_strings_are_the_nested_commutator(degree: int) -> None:
    """Their sum is i [B, C] / 2 as a matrix, B = sum X and C the scaled cost."""
    polynomial = random_polynomial(4, degree, 2)
    circuit = with_counterdiabatic(polynomial, 1, "yz")
    b, c = matrix(circuit.layers[1].generator), matrix(circuit.layers[0].generator)
    total = sum(matrix(layer.generator) for layer in circuit.layers[2:])
    assert np.allclose(total, 1j * (b @ c - c @ b) / 2) or np.allclose(
        total, -1j * (b @ c - c @ b) / 2
    )


# FALQON (Magann 2022)


@pytest.mark.parametrize("seed", range(3))
def test_feedback_never_raises_the_energy_for_a_small_step(seed: int) -> None:
    polynomial = random_polynomial(5, 2, seed)
    result = FALQON(steps=300, dt=0.02, shots=10).solve(_instance(polynomial), seed=0)
    course = np.array(result.info["mean_energy_course"])
    assert (np.diff(course) <= 1e-9 * np.ptp(polynomial.values())).all()
    assert course[-1] < course[0] - 0.2 * np.ptp(polynomial.values())


def test_feedback_is_the_published_law() -> None:
    """Two steps by matrices: b_1 = 0, then b_2 = -<i [B, C]> in the state after the first (Magann
    2022, Eq. 5).
    """
    polynomial, dt = random_polynomial(3, 2, 4), 0.03
    circuit = ansatz(polynomial, 1)
    c, b = matrix(circuit.layers[0].generator), matrix(circuit.layers[1].generator)
    psi = np.exp(-1j * dt * np.diag(c)) * np.full(8, 8**-0.5)
    feedback = -np.real(psi.conj() @ (1j * (b @ c - c @ b)) @ psi)
    w, v = np.linalg.eigh(b)
    psi = v @ (
        np.exp(-1j * dt * feedback * w) * (v.conj().T @ (np.exp(-1j * dt * np.diag(c)) * psi))
    )
    result = FALQON(steps=2, dt=dt, shots=10).solve(_instance(polynomial), seed=0)
    assert result.info["expectation_exact"] == pytest.approx(
        float(polynomial.values() @ np.abs(psi) ** 2), abs=1e-12
    )
    assert result.info["largest_feedback"] == pytest.approx(abs(feedback), abs=1e-12)


def test_imaginary_time_alone_is_the_gibbs_filter() -> None:
    """k steps leave p(x) ~ exp(-2 k dt E(x)): nothing quantum in it, and the result says so."""
    polynomial = random_polynomial(4, 2, 6)
    steps, dt = 40, 0.05
    result = FALQON(steps=steps, dt=dt, imaginary_time="only", shots=10).solve(
        _instance(polynomial), seed=0
    )
    scaled = np.diag(matrix(ansatz(polynomial, 1).layers[0].generator)).real
    weight = np.exp(-2 * steps * dt * scaled)
    assert result.info["expectation_exact"] == pytest.approx(
        float(polynomial.values() @ weight / weight.sum()), abs=1e-9
    )
    assert result.info["is_quantum"] is False


# Grover adaptive search (Gilliam 2021)


@pytest.mark.parametrize(("marked", "rotations"), [(1, 0), (1, 1), (2, 1), (3, 2), (1, 6)])
def test_the_rotation_formula_is_the_circuit(marked: int, rotations: int) -> None:
    """Oracle and diffusion as 16 x 16 matrices, `rotations` times on the uniform state."""
    states = 16
    uniform = np.full(states, states**-0.5)
    oracle = np.diag([-1.0] * marked + [1.0] * (states - marked))
    diffusion = 2 * np.outer(uniform, uniform) - np.eye(states)
    psi = np.linalg.matrix_power(diffusion @ oracle, rotations) @ uniform
    assert success_probability(marked, states, rotations) == pytest.approx(
        float((psi[:marked] ** 2).sum()), abs=1e-12
    )


def test_grover_search_finds_the_minimum_as_often_as_guaranteed() -> None:
    """Durr, Hoyer 1996: above 7/8 at three times 22.5 sqrt(N) calls; 40 runs below 33 hits would be
    a miss at 5 sigma of 7/8.
    """
    polynomial = random_polynomial(7, 2, 1)
    hits = 0
    for seed in range(40):
        result = GroverAdaptiveSearch().solve(_instance(polynomial), seed=seed)
        hits += result.energy == pytest.approx(polynomial.values().min())
        assert result.evaluations <= 3 * np.ceil(22.5 * np.sqrt(128)) + np.sqrt(128) + 1
    assert hits >= 33


# Hardware-efficient and filtering VQE (Kandala 2017, Amaro 2022)


@pytest.mark.parametrize(
    "solver",
    [HardwareEfficientVQE(shots=200), FilteringVQE(shots=200, steps=300)],
    ids=["vqe", "f-vqe"],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_circuit_reaches_the_ground_state_of_a_small_noiseless_case(
    solver: object, seed: int
) -> None:
    polynomial = random_polynomial(4, 2, seed)
    values = polynomial.values()
    result = solver.solve(_instance(polynomial), seed=seed)  # type: ignore[attr-defined]
    mean = (
        float(result.samples.counts @ polynomial.evaluate(result.samples.bits))
        / result.samples.shots
    )
    assert mean <= values.min() + 0.02 * np.ptp(values)
    assert result.energy == pytest.approx(values.min())


def test_the_filter_step_is_imaginary_time() -> None:
    """The step's direction is that of the overlap with F|psi>: its derivative by finite
    differences.
    """
    from qtwin.solver.variational.circuit import brickwork, observable_of

    polynomial = random_polynomial(3, 2, 3)
    values = polynomial.values()
    damp = np.exp(-(values - values.min()) / values.std())
    circuit = brickwork(3, 1)
    theta = np.random.default_rng(0).normal(size=circuit.n_parameters)
    from tests.oracles.dense_backend import DenseBackend

    state = lambda t: DenseBackend().states(circuit, t)[-1]  # noqa: E731
    target = damp * state(theta)
    target = target / np.linalg.norm(target)
    step, numeric = 1e-5, []
    for k in range(theta.size):
        move = step * np.eye(theta.size)[k]
        distance = [np.linalg.norm(state(theta + s * move) - target) ** 2 / 2 for s in (1, -1)]
        numeric.append((distance[0] - distance[1]) / (2 * step))
    gradient = SIMULATOR.value_and_gradient(circuit, theta, observable_of(damp))[1]
    probability = SIMULATOR.probabilities(circuit, theta)
    assert -gradient / (2 * np.sqrt(damp**2 @ probability)) == pytest.approx(
        np.array(numeric), abs=1e-6
    )


def test_every_assignment_is_an_eigenvalue() -> None:
    """The observable of any 2^n values is the diagonal matrix of them."""
    from qtwin.solver.variational.circuit import observable_of

    values = np.random.default_rng(3).normal(size=8)
    assert np.allclose(np.diag(matrix(observable_of(values))), values)
    assert np.array_equal(index_to_bits(np.array([6]), 3)[0], [0, 1, 1])
    assert X.shape == Z.shape
