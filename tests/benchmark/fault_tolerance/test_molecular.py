"""Costs of phase estimation: published rows, factorisations that add up, and laws they must
obey.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from qtwin.benchmark.fault_tolerance.molecular import (
    PUBLISHED,
    TOLERANCE,
    double_factorized,
    hypercontracted,
    required,
    steps_of,
)
from qtwin.benchmark.fault_tolerance.surface_code import read, rotation_bits, unread
from qtwin.chemistry.double_factorization import double_factorization
from qtwin.errors import InputError


def _integrals(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positive two-electron integrals of real orbitals: a sum of squares of symmetric matrices."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(2 * n, n, n))
    factors += factors.transpose(0, 2, 1)
    h1 = rng.normal(size=(n, n))
    return h1 + h1.T, 0.1 * np.einsum("lpq,lrs->pqrs", factors, factors)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_rows_are_reproduced(name: str) -> None:
    counts, toffolis, qubits, _ = PUBLISHED[name]
    assert counts.toffolis == pytest.approx(toffolis, rel=TOLERANCE)
    assert counts.logical_qubits == qubits


def test_femoco_by_double_factorisation_is_exact() -> None:
    """OpenFermion 1.8.1: 21,753 Toffolis a step."""
    counts = double_factorized(108, lambda_hartree=294.8, rank=360, eigenvectors=13_031)
    assert (counts.step_toffolis, counts.toffolis, counts.logical_qubits) == (
        21_753,
        10_073_183_463,
        3_725,
    )


def test_reading_costs_what_the_best_of_all_powers_costs() -> None:
    for length, width in ((361, 19), (13_085, 864), (50, 200), (1000, 1)):
        best = min(math.ceil(length / 2**k + width * (2**k - 1)) for k in range(12))
        assert read(length, width)[1] == best
        assert unread(length)[1] == min(math.ceil(length / 2**k + 2**k) for k in range(12))


def test_a_full_register_needs_no_fine_rotation() -> None:
    assert rotation_bits(0.25, 1e4) <= rotation_bits(0.7, 1e4) <= 12


@pytest.mark.parametrize("n", [2, 4])
def test_factors_add_up_to_the_integrals(n: int) -> None:
    h1, h2 = _integrals(n, 3)
    whole = double_factorization(h1, h2, threshold=0.0)
    np.testing.assert_allclose(whole.integrals_hartree(), h2, atol=1e-10)
    assert whole.rank <= n * (n + 1) // 2  # symmetric pairs
    coarse = double_factorization(h1, h2, threshold=0.5)
    assert coarse.eigenvectors < whole.eigenvectors
    assert coarse.largest_error_hartree > whole.largest_error_hartree
    assert coarse.lambda_hartree <= whole.lambda_hartree + 1e-12


def test_the_norm_of_one_orbital_is_known() -> None:
    """n = 1: T = h - g/2 + g and one factor sqrt(g): lambda = |h + g/2| + g/4."""
    found = double_factorization(np.array([[-2.0]]), np.full((1, 1, 1, 1), 0.6))
    assert found.lambda_hartree == pytest.approx(abs(-2.0 + 0.3) + 0.15)


def test_more_accuracy_costs_in_proportion() -> None:
    assert steps_of(2.0, 1e-4) == pytest.approx(10 * steps_of(2.0, 1e-3), rel=1e-3)
    assert steps_of(2.0, 1e-3) == math.ceil(1000 * math.pi)


def test_a_small_molecule_already_wants_an_error_corrected_machine() -> None:
    h1, h2 = _integrals(4, 1)
    found = required(h1, h2)
    assert found["toffolis"] == found["step_toffolis"] * steps_of(found["lambda_hartree"], 1e-3)
    assert found["logical_qubits"] > 8
    assert found["physical_qubits"] > 100 * found["logical_qubits"]
    assert required(h1, h2, error_hartree=1e-2)["wall_s"] < found["wall_s"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: steps_of(float("nan"), 1e-3),
        lambda: steps_of(1.0, 0.0),
        lambda: double_factorized(0, lambda_hartree=1.0, rank=1, eigenvectors=1),
        lambda: hypercontracted(4, lambda_hartree=1.0, rank=0),
        lambda: double_factorization(np.eye(2), np.zeros((2, 2, 2))),
        lambda: double_factorization(np.eye(1), np.full((1, 1, 1, 1), -1.0)),
        lambda: double_factorization(np.eye(1), np.full((1, 1, 1, 1), np.nan)),
        lambda: double_factorization(np.eye(1), np.ones((1, 1, 1, 1)), threshold=float("nan")),
    ],
)
def test_what_does_not_fit_is_refused(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError):
        make()
