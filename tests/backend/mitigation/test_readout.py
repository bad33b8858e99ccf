"""Readout mitigation against the matrix it inverts, written out entry by entry."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.backend.base import Samples
from qtwin.backend.mitigation import Readout, quasi_probabilities
from qtwin.backend.mitigation import extrapolation as room
from qtwin.backend.mitigation.extrapolation import weights
from qtwin.errors import InputError


def assignment(readout: Readout) -> tuple[np.ndarray, np.ndarray]:
    """All strings, and P(read | true) as a product over the qubits."""
    n = len(readout.zero_as_one)
    strings = np.array(list(product((0, 1), repeat=n)), dtype=np.uint8)
    p = [
        np.array([[1 - a, b], [a, 1 - b]])
        for a, b in zip(readout.zero_as_one, readout.one_as_zero, strict=True)
    ]
    return strings, np.array(
        [[np.prod([p[i][s[i], t[i]] for i in range(n)]) for t in strings] for s in strings]
    )


def _readout(n: int, seed: int) -> Readout:
    rng = np.random.default_rng(seed)
    return Readout(zero_as_one=rng.uniform(0.001, 0.15, n), one_as_zero=rng.uniform(0.001, 0.15, n))


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 5), seed=st.integers(0, 10**6))
def test_a_distribution_that_was_read_wrongly_comes_back(n: int, seed: int) -> None:
    readout = _readout(n, seed)
    strings, matrix = assignment(readout)
    true = np.random.default_rng(seed + 1).dirichlet(np.ones(2**n))
    counts = np.rint(matrix @ true * 1e12).astype(np.int64)
    samples = Samples(bits=strings, counts=counts)
    np.testing.assert_allclose(quasi_probabilities(samples, readout), true, atol=1e-9)
    values = np.arange(2.0**n)
    assert samples.counts / samples.shots @ weights(samples, readout, values) == pytest.approx(
        true @ values, abs=1e-8
    )


def test_on_a_subset_the_columns_are_normalised() -> None:
    """Equation 6 of Nation et al. 2021, by hand."""
    readout = _readout(4, 5)
    strings, matrix = assignment(readout)
    seen = np.array([0, 3, 5, 10])
    reduced = matrix[np.ix_(seen, seen)]
    reduced = reduced / reduced.sum(axis=0)
    counts = np.array([500, 300, 150, 50])
    found = quasi_probabilities(Samples(bits=strings[seen], counts=counts), readout)
    np.testing.assert_allclose(found, np.linalg.solve(reduced, counts / 1000), atol=1e-12)
    assert found.sum() == pytest.approx(1.0)


def test_the_iterative_solution_is_the_direct_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    bits = np.unique(rng.integers(0, 2, size=(900, 12), dtype=np.uint8), axis=0)
    samples = Samples(bits=bits, counts=rng.integers(1, 30, size=len(bits)))
    readout = _readout(12, 6)
    values = rng.normal(size=len(bits))
    direct = quasi_probabilities(samples, readout), weights(samples, readout, values)
    monkeypatch.setattr(room, "_DENSE", 10)
    np.testing.assert_allclose(quasi_probabilities(samples, readout), direct[0], atol=1e-9)
    np.testing.assert_allclose(weights(samples, readout, values), direct[1], atol=1e-6)


def test_rates_are_counted_from_both_preparations() -> None:
    zeros = Samples(bits=np.array([[0, 0], [1, 0]], dtype=np.uint8), counts=np.array([900, 100]))
    ones = Samples(bits=np.array([[0, 1], [1, 1]], dtype=np.uint8), counts=np.array([200, 800]))
    readout = Readout.of(zeros, ones)
    np.testing.assert_allclose(readout.zero_as_one, [0.1, 0.0], atol=1e-3)
    np.testing.assert_allclose(readout.one_as_zero, [0.2, 0.0], atol=1e-3)


def test_a_qubit_that_says_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="qubit 1 is read wrongly"):
        Readout(zero_as_one=np.array([0.1, 0.5]), one_as_zero=np.array([0.1, 0.5]))
