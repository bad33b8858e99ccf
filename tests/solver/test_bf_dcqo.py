"""Bias-field counterdiabatic optimisation against exact counterdiabatic driving, matrices and the
plain annealing.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.model import plain
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.base import Instance
from qtwin.solver.quantum.bf_dcqo import BFDCQO, biased_circuit, progress
from qtwin.solver.variational import pauli_strings as pauli
from qtwin.solver.variational.circuit import scaled_cost
from qtwin.solver.variational.training import exact_simulator
from tests.oracles.circuits import strings
from tests.oracles.dense_backend import DenseBackend, X, Z, matrix
from tests.oracles.instances import random_polynomial

SIMULATOR = exact_simulator()


def _matrix(a: pauli.Strings, n: int) -> np.ndarray:
    total = np.zeros((2**n, 2**n), dtype=complex)
    for (x, z), c in a.items():
        word = PauliSum(
            x=np.array([[bool(x >> i & 1) for i in range(n)]]),
            z=np.array([[bool(z >> i & 1) for i in range(n)]]),
            coefficients=np.ones(1),
        )
        total += c * matrix(word)
    return total


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_commutators_and_norms_are_those_of_matrices(seed: int) -> None:
    a, b = strings(3, 5, seed), strings(3, 4, seed + 1)
    ma, mb = matrix(a), matrix(b)
    found = pauli.commutator(pauli.of(a), pauli.of(b))
    assert np.allclose(_matrix(found, 3), ma @ mb - mb @ ma)
    assert pauli.norm_squared(found) == pytest.approx(np.linalg.norm(ma @ mb - mb @ ma) ** 2 / 8)
    assert np.allclose(_matrix(pauli.combined(pauli.of(a), 2.0, pauli.of(b), -1.0), 3), 2 * ma - mb)


@pytest.mark.parametrize("field", [1.0, -0.6])
@pytest.mark.parametrize("bias", [0.0, 0.5])
def test_one_spin_is_driven_exactly(field: float, bias: float) -> None:
    """First order is all of the adiabatic gauge potential of one spin: in many steps the ground
    state is followed to the end.
    """
    cost = PauliSum(
        x=np.zeros((1, 1), dtype=bool),
        z=np.ones((1, 1), dtype=bool),
        coefficients=np.array([field]),
    )
    made = biased_circuit(cost, np.array([bias]), 400)
    p = SIMULATOR.probabilities(made.ansatz, made.full(np.zeros(0)))
    assert p[1 if field > 0 else 0] == pytest.approx(1.0, abs=1e-4)


def test_the_start_is_the_ground_state_of_the_biased_field() -> None:
    bias = np.array([0.3, -0.8])
    cost = scaled_cost(random_polynomial(2, 2, 0))
    state = DenseBackend().states(biased_circuit(cost, bias, 1).ansatz, np.ones(1))[1]
    one = [-X - b * Z for b in bias]
    h = np.kron(np.eye(2), one[0]) + np.kron(one[1], np.eye(2))
    assert np.real(state.conj() @ h @ state) == pytest.approx(-np.sqrt(1 + bias**2).sum())


def test_the_strings_are_the_first_order_term() -> None:
    """A = i a [H, dH/ds] with the a that makes the action least (Claeys 2019): by matrices at the
    middle of the only step.
    """
    cost = scaled_cost(random_polynomial(3, 3, 1))
    bias = np.array([0.2, -0.4, 0.0])
    start = -sum(matrix(_one(3, i, "X")) + bias[i] * matrix(_one(3, i, "Z")) for i in range(3))
    c, s = matrix(cost), progress(0.5)
    h, slope = (1 - s) * start + s * c, c - start
    first = h @ slope - slope @ h
    second = h @ first - first @ h
    gauge = 1j * -(np.linalg.norm(first) ** 2 / np.linalg.norm(second) ** 2) * first
    layers = biased_circuit(cost, bias, 1).ansatz.layers[1:]
    assert np.allclose(sum(matrix(layer.generator) for layer in layers), gauge)


def _one(n: int, i: int, letter: str) -> PauliSum:
    row = np.eye(n, dtype=bool)[[i]]
    none = np.zeros_like(row)
    return PauliSum(
        x=row if letter == "X" else none, z=none if letter == "X" else row, coefficients=np.ones(1)
    )


def test_without_the_counterdiabatic_term_it_is_the_trotterised_annealing() -> None:
    polynomial, steps, time = random_polynomial(3, 2, 2), 4, 2.5
    cost, field = matrix(scaled_cost(polynomial)), sum(matrix(_one(3, i, "X")) for i in range(3))
    w, v = np.linalg.eigh(field)
    psi = np.full(8, 8**-0.5, dtype=complex)
    for k in range(steps):
        s, dt = progress((k + 0.5) / steps), time / steps
        psi = v @ (
            np.exp(1j * (1 - s) * dt * w) * (v.T @ (np.exp(-1j * s * dt * np.diag(cost)) * psi))
        )
    made = biased_circuit(
        scaled_cost(polynomial), np.zeros(3), steps, annealing_time=time, counterdiabatic=False
    )
    assert SIMULATOR.probabilities(made.ansatz, made.full(np.zeros(0))) == pytest.approx(
        np.abs(psi) ** 2, abs=1e-12
    )


def test_slow_annealing_ends_in_the_ground_state() -> None:
    polynomial = BinaryPolynomial.of(
        3, {(0,): -1.0, (1,): 0.8, (2,): 0.9, (0, 1): -0.5, (1, 2): 0.4}
    )
    made = biased_circuit(
        scaled_cost(polynomial), np.zeros(3), 400, annealing_time=60.0, counterdiabatic=False
    )
    p = SIMULATOR.probabilities(made.ansatz, made.full(np.zeros(0)))
    assert p[int(np.argmin(polynomial.values()))] > 0.97


def test_bias_is_the_mean_of_the_best_shots_and_the_classical_twin_is_named() -> None:
    polynomial = random_polynomial(6, 2, 1)
    instance = Instance(encoding=plain(polynomial))
    result = BFDCQO(shots=1000, rounds=4).solve(instance, seed=0)
    assert result.shots == 1000
    assert result.samples.shots == 1000
    assert result.info["mean_energy_by_round"][-1] < result.info["mean_energy_by_round"][0]
    assert all(-1.0 <= b <= 1.0 for b in result.info["bias"])
    twin = BFDCQO(shots=1000, rounds=4, counterdiabatic=False).solve(instance, seed=0)
    assert (result.info["is_quantum"], twin.info["is_quantum"]) == (True, False)
    one = BFDCQO(shots=7, rounds=1, best_share=1.0).solve(instance, seed=0)
    mean = (1.0 - 2.0 * one.samples.bits.astype(float)).T @ one.samples.counts / 7
    assert one.info["bias"] == pytest.approx(mean)


def test_odd_options_are_refused() -> None:
    for options in (
        {"best_share": 1.5},
        {"annealing_time": -1.0},
        {"shots": 2, "rounds": 3},
        {"steps": 0},
    ):
        with pytest.raises(InputError):
            BFDCQO(**options)
