"""Pauli-correlation encoding against matrices, its compression count and small cases that can be
listed.
"""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial, from_spins
from qtwin.errors import InputError
from qtwin.solver.base import Instance
from qtwin.solver.local.descent import one_flip_descent
from qtwin.solver.quantum import pauli_correlation_encoding as pce
from qtwin.solver.variational import pauli_strings as correlators
from qtwin.solver.variational.training import exact_simulator
from tests.oracles.dense_backend import DenseBackend, matrix
from tests.oracles.instances import random_polynomial


@pytest.mark.parametrize(
    ("variables", "k", "q"),
    [(3, 1, 1), (9, 2, 3), (10, 2, 4), (45, 2, 6), (135, 2, 10), (252, 3, 9)],
)
def test_qubits_are_as_few_as_the_count_of_correlators_allows(
    variables: int, k: int, q: int
) -> None:
    assert correlators.qubits_for(variables, k) == q
    assert 3 * comb(q, k) >= variables > 3 * comb(q - 1, k)
    words = correlators.correlators(variables, k)
    assert len(set(words)) == variables
    assert all(len(s) == k for _, s in words)


def test_correlators_are_expectations_of_their_strings_in_three_settings() -> None:
    plain_circuit, measured = correlators.settings(2, 3)
    theta = np.random.default_rng(0).normal(size=plain_circuit.n_parameters)
    words = correlators.correlators(9, 2)
    found = correlators.exact(
        dict.fromkeys(correlators.BASES, exact_simulator()), measured, theta, words
    )
    psi = DenseBackend().states(plain_circuit, theta)[-1]
    for k, value in enumerate(found):
        string = correlators.weighted(words, np.eye(9)[k], 3)
        assert value == pytest.approx(float(np.real(psi.conj() @ matrix(string) @ psi)), abs=1e-12)
    sampled = correlators.sampled(exact_simulator(), measured, theta, words, 40000, 1)
    assert sampled == pytest.approx(found, abs=0.03)  # 6 standard errors


def test_the_loss_has_the_gradient_it_says() -> None:
    loss = pce._Loss(random_polynomial(4, 3, 2), alpha=1.7, beta=0.5)
    point = np.random.default_rng(1).uniform(-0.6, 0.6, size=4)
    numeric = [(loss(point + e)[0] - loss(point - e)[0]) / 2e-6 for e in 1e-6 * np.eye(4)]
    assert loss(point)[1] == pytest.approx(np.array(numeric), abs=1e-7)


def test_a_steep_loss_is_the_energy_of_the_signs() -> None:
    """tanh becomes the sign: what is left is the energy without its constant, in units of all
    couplings, and beta.
    """
    polynomial = random_polynomial(4, 2, 3)
    point = np.array([0.4, -0.3, 0.2, -0.5])
    value = pce._Loss(polynomial, alpha=1e4, beta=0.25)(point)[0]
    spins = [(t, c) for t, c in _spins(polynomial).items() if t]
    energy = sum(c * np.prod(np.sign(point[list(t)])) for t, c in spins) / sum(
        abs(c) for _, c in spins
    )
    assert value == pytest.approx(energy + 0.25)


def _spins(polynomial: BinaryPolynomial) -> dict[tuple[int, ...], float]:
    """Ising coefficients by averaging over all assignments."""
    n = polynomial.n_variables
    values = polynomial.values()
    found = {}
    for mask in range(1 << n):
        signs = np.array([(-1) ** (i & mask).bit_count() for i in range(1 << n)])
        found[tuple(i for i in range(n) if mask >> i & 1)] = float(values @ signs) / (1 << n)
    return {t: c for t, c in found.items() if abs(c) > 1e-12}


@pytest.mark.parametrize("seed", [0, 1])
def test_small_cases_are_solved_on_a_third_of_the_qubits(seed: int) -> None:
    polynomial = random_polynomial(9, 2, seed)
    result = pce.PauliCorrelationEncoding(starts=8, shots=4800).solve(
        Instance(encoding=plain(polynomial)), seed=seed
    )
    assert (result.info["n_qubits"], result.info["variables_per_qubit"]) == (3, 3.0)
    assert result.energy == pytest.approx(polynomial.values().min())
    assert result.shots == 4800
    assert result.info["settings"] == 3


def test_shots_train_it_too_and_descent_has_a_random_twin() -> None:
    ring = from_spins(6, [((i, (i + 1) % 6), 1.0) for i in range(6)])
    options = {
        "starts": 2,
        "iterations": 10,
        "optimizer": "spsa",
        "objective_shots": 200,
        "polish": True,
        "shots": 600,
    }
    result = pce.PauliCorrelationEncoding(**options).solve(Instance(encoding=plain(ring)), seed=0)
    assert result.shots == 200 * result.evaluations + 600
    assert result.energy == pytest.approx(-6.0)
    assert 0.0 <= result.info["random_and_descent"]["share_at_least_as_good"] <= 1.0


def test_one_flip_descent_ends_where_no_flip_helps() -> None:
    polynomial = random_polynomial(7, 3, 4)
    start = np.random.default_rng(0).integers(2, size=(30, 7), dtype=np.uint8)
    found = one_flip_descent(polynomial, start)
    assert (polynomial.evaluate(found) <= polynomial.evaluate(start)).all()
    for row in found:
        assert (
            polynomial.evaluate(row ^ np.eye(7, dtype=np.uint8))
            >= polynomial.evaluate(row[None])[0] - 1e-9
        ).all()


def test_odd_options_are_refused() -> None:
    for options in (
        {"beta": -1.0},
        {"objective_shots": 1, "optimizer": "spsa"},
        {"shots": 5, "starts": 2},
        {"objective_shots": 9},
    ):
        with pytest.raises(InputError):
            pce.PauliCorrelationEncoding(**options)
