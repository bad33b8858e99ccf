"""Single precision, CVaR and shots of the state vector simulator; memory and time promises in the
slow part.
"""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from qtwin.backend import registry
from qtwin.backend.statevector import StatevectorBackend
from qtwin.backend.statevector.distribution import draw
from qtwin.backend.statevector.layered import diagonal as eigenvalues
from qtwin.encoding.pauli import diagonal, transverse_field
from qtwin.encoding.polynomial import bits_to_index
from qtwin.errors import InputError
from tests.oracles.circuits import ising, mixed, qaoa, sherrington
from tests.oracles.closed_form import ising_p1
from tests.oracles.instances import random_polynomial
from tests.thinned import thinned


def _instance(n: int, p: int):
    h, j = sherrington(n, n)
    cost, s = ising(h / n**0.5, j / n**0.5), (np.arange(p) + 0.5) / p
    return qaoa(cost, p), np.concatenate([0.6 * s, -0.6 * (1 - s)]), cost


@pytest.mark.parametrize(
    ("n", "threads"), thinned([(8, 1), (9, 1), (13, 1), (16, 2), (19, 1), (19, 2)], keep=4)
)
def test_single_precision_errs_by_a_few_units_of_its_last_place(n: int, threads: int) -> None:
    ansatz, theta, cost = _instance(n, 8)
    single, double = (
        StatevectorBackend(threads=threads, precision=p) for p in ("single", "double")
    )
    value, gradient = single.value_and_gradient(ansatz, theta, cost)
    wanted, slopes = double.value_and_gradient(ansatz, theta, cost)
    assert value == pytest.approx(wanted, rel=3e-7)
    largest = np.abs(eigenvalues(cost)).max()  # <l|sum X|s> has |l| of this size and n terms
    np.testing.assert_allclose(gradient, slopes, atol=np.finfo(np.float32).eps * n * largest)
    p = single.probabilities(ansatz, theta)
    assert p.sum() == pytest.approx(1.0, abs=5e-7)
    np.testing.assert_allclose(p, double.probabilities(ansatz, theta), atol=2e-6 * p.max())


def test_single_precision_folds_large_angles_too() -> None:
    ansatz, _, cost = _instance(9, 3)
    theta = np.array([5.0, -0.4, 9.0, 1.2, -2.9, np.pi / 2])
    value, wanted = (
        StatevectorBackend(precision=p).expectation(ansatz, theta, cost).value
        for p in ("single", "double")
    )
    assert value == pytest.approx(wanted, abs=1e-5)


def test_circuits_that_are_no_qaoa_stay_in_double_precision() -> None:
    cost = diagonal(random_polynomial(5, 2, 1))
    ansatz, theta = mixed(5, cost, 2), np.array([0.3, 0.1, -0.7, 0.2])
    single, double = (
        StatevectorBackend(precision=p).expectation(ansatz, theta, cost).value
        for p in ("single", "double")
    )
    assert single == double


def test_an_unknown_precision_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="precision 'singel'") as caught:
        StatevectorBackend(precision="singel")
    assert "did you mean 'single'" in caught.value.hint


def test_single_precision_is_had_by_name() -> None:
    ansatz, theta, cost = _instance(9, 2)
    named = registry.load("statevector:single").expectation(ansatz, theta, cost).value
    assert named == StatevectorBackend(precision="single").expectation(ansatz, theta, cost).value


@pytest.mark.parametrize("circuit", ["tiles", "general"])
def test_cvar_and_its_gradient(circuit: str) -> None:
    n = 8
    cost = diagonal(random_polynomial(n, 2, 3))
    ansatz = qaoa(cost, 2) if circuit == "tiles" else mixed(n, cost, 1)
    theta, backend = np.array([0.2, -0.3, 0.4, 0.1]), StatevectorBackend()
    mean, slopes = backend.cvar_and_gradient(ansatz, theta, cost, 1.0)
    wanted, gradient = backend.value_and_gradient(ansatz, theta, cost)
    assert mean == pytest.approx(wanted, abs=1e-12), "alpha = 1 is the mean"
    np.testing.assert_allclose(slopes, gradient, atol=1e-11)
    energies, p = random_polynomial(n, 2, 3).values(), backend.probabilities(ansatz, theta)
    assert backend.cvar_and_gradient(ansatz, theta, cost, 1e-9)[0] == pytest.approx(
        energies[p > 1e-12].min()
    )
    value, slopes = backend.cvar_and_gradient(ansatz, theta, cost, 0.3)
    order = np.argsort(energies)  # by hand: fill the share from below
    taken, left = 0.0, 0.3
    for k in order:
        share = min(left, p[k])
        taken, left = taken + share * energies[k], left - share
    assert value == pytest.approx(taken / 0.3, abs=1e-10)
    direction = np.array([0.4, -0.2, 0.9, 0.5])
    up, down = (
        backend.cvar_and_gradient(ansatz, theta + s * 1e-6 * direction, cost, 0.3)[0]
        for s in (1, -1)
    )
    assert slopes @ direction == pytest.approx((up - down) / 2e-6, rel=1e-4, abs=1e-5)
    with pytest.raises(InputError, match="alpha in"):
        backend.cvar_and_gradient(ansatz, theta, cost, 0.0)
    with pytest.raises(InputError, match="X or Y"):
        backend.cvar_and_gradient(ansatz, theta, transverse_field(n), 0.5)


@pytest.mark.parametrize(
    ("n", "threads", "precision"), [(8, 1, "double"), (16, 2, "double"), (19, 1, "single")]
)
def test_shots_from_tiles_follow_the_distribution(n: int, threads: int, precision: str) -> None:
    """States in 50 groups of equal probability mass: the counts are within five standard
    deviations.
    """
    ansatz, theta, _ = _instance(n, 2)
    backend, shots = StatevectorBackend(threads=threads, precision=precision), 50_000
    samples = backend.sample(ansatz, theta, shots=shots, seed=n)
    assert samples.shots == shots
    running = np.cumsum(backend.probabilities(ansatz, theta))
    group = np.minimum(running / running[-1] * 50, 49).astype(int)
    counts = np.bincount(
        group[bits_to_index(samples.bits).astype(np.int64)], weights=samples.counts, minlength=50
    )
    mass = np.bincount(group, weights=np.diff(running, prepend=0.0), minlength=50)
    assert (np.abs(counts - shots * mass) < 5 * np.sqrt(shots * mass + 1)).all()


def test_drawing_never_meets_impossible_states() -> None:
    rng = np.random.default_rng(1)
    re = np.zeros(5000)
    alive = rng.choice(5000, 40, replace=False)
    re[alive] = rng.random(40)
    places, counts = draw(re, np.zeros(5000), shots=3000, seed=2)
    assert set(places) <= set(alive)
    assert counts.sum() == 3000
    weights = re**2 / (re**2).sum()
    assert (np.abs(counts - 3000 * weights[places]) < 5 * np.sqrt(3000 * weights[places] + 1)).all()


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 21, 22, 23, 24])
def test_every_cut_has_the_closed_form(n: int) -> None:
    h, j = sherrington(n, n)
    cost = ising(h, j)
    for threads, precision in ((1, "double"), (2, "double"), (2, "single")):
        backend = StatevectorBackend(threads=threads, precision=precision)
        value = backend.expectation(qaoa(cost, 1), np.array([0.31, 1.2]), cost).value
        scale = np.abs(h).sum() + np.abs(j).sum()
        assert value == pytest.approx(
            ising_p1(h, j, 0.31, 1.2), abs=(1e-12 if precision == "double" else 1e-6) * scale
        )
        again, gradient = backend.value_and_gradient(qaoa(cost, 1), np.array([0.31, 1.2]), cost)
        assert again == pytest.approx(value, abs=(1e-12 if precision == "double" else 1e-6) * scale)
        step = 1e-6
        for k, slope in enumerate(gradient):
            up, down = (
                ising_p1(h, j, 0.31 + s * step * (k == 0), 1.2 + s * step * (k == 1))
                for s in (1, -1)
            )
            assert slope == pytest.approx((up - down) / (2 * step), abs=1e-6 * scale)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_26_qubits_fit_five_state_vectors() -> None:
    """Value and gradient at p = 8, then shots: resident memory of the whole process, in units of 16
    bytes x 2^26.
    """
    command = [
        sys.executable,
        "benchmarks/bench_qaoa_statevector.py",
        "--remember",
        "26",
        "--threads",
        "2",
    ]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=900)
    _, both, shots, *_ = json.loads(done.stdout)
    assert both < 5.0
    assert shots < 5.0
