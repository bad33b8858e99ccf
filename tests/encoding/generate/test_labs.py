"""Low-autocorrelation sequences: the polynomial is the definition, and the published optima are the
least energies.
"""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.encoding.generate import make
from qtwin.encoding.polynomial import index_to_bits


def _by_definition(bits: np.ndarray) -> np.ndarray:
    s = 1 - 2 * bits.astype(np.int64)
    n = s.shape[1]
    return sum(
        ((s[:, : n - k] * s[:, k:]).sum(axis=1) ** 2 for k in range(1, n)),
        start=np.zeros(len(s), np.int64),
    )


@pytest.mark.parametrize("n", [3, 4, 7, 10])
def test_the_polynomial_is_the_sum_of_squared_autocorrelations(n: int) -> None:
    made = make("labs", n, seed=0)
    bits = index_to_bits(np.arange(2**n), n)
    np.testing.assert_allclose(made.encoding.polynomial.values(), _by_definition(bits), atol=1e-9)


@pytest.mark.parametrize("n", range(3, 17))
def test_published_optima_are_least_energies(n: int) -> None:
    made = make("labs", n, seed=0)
    assert made.encoding.polynomial.values().min() == pytest.approx(made.optimum)
    assert made.encoding.polynomial.degree <= 4


def test_barker_sequences_have_their_merit_factor() -> None:
    """Barker 13: energy 6, merit factor n^2 / (2 E) = 14.08."""
    barker = np.array([[0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0]], dtype=np.uint8)
    made = make("labs", 13, seed=0)
    assert made.encoding.polynomial.evaluate(barker)[0] == 6.0 == made.optimum
    assert make("labs", 70, seed=0).optimum is None
