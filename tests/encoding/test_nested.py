"""The compiled evaluation against the table of all values, in any company and at values that are no
bits.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.nested import evaluate, tree
from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from tests.oracles.instances import random_polynomial

N = 6
terms = st.dictionaries(
    st.lists(st.integers(0, N - 1), max_size=N, unique=True).map(lambda t: tuple(sorted(t))),
    st.floats(-5, 5),
    max_size=14,
)


def _nested(polynomial: BinaryPolynomial, x: np.ndarray) -> np.ndarray:
    return evaluate(
        tree({t: c for t, c in polynomial.terms.items() if t}),
        polynomial.constant,
        np.asarray(x, dtype=np.float64),
    )


@given(terms=terms)
@settings(max_examples=60, deadline=None)
def test_it_follows_the_definition(terms: dict[tuple[int, ...], float]) -> None:
    polynomial = BinaryPolynomial.of(N, terms)
    bits = index_to_bits(np.arange(2**N), N)
    assert _nested(polynomial, bits) == pytest.approx(polynomial.values(), abs=1e-9)


@given(terms=terms, seed=st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_between_the_bits_it_is_the_multilinear_polynomial(
    terms: dict[tuple[int, ...], float], seed: int
) -> None:
    x = np.random.default_rng(seed).normal(size=(5, N))
    expected = [sum(c * np.prod(row[list(t)]) for t, c in terms.items()) for row in x]
    assert _nested(BinaryPolynomial.of(N, terms), x) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("rows", [0, 1, 255, 256, 257, 700])
def test_a_row_has_the_same_value_in_any_company(rows: int) -> None:
    polynomial = random_polynomial(9, 4, 3)
    bits = np.random.default_rng(rows).integers(0, 2, (rows, 9)).astype(np.uint8)
    together = _nested(polynomial, bits)
    assert np.array_equal(together, [_nested(polynomial, row[None, :])[0] for row in bits])


@pytest.mark.parametrize("degree", [3, 4, 5])
def test_many_assignments_take_the_compiled_way_and_few_do_not(degree: int) -> None:
    polynomial = random_polynomial(12, degree, 6)
    bits = index_to_bits(np.arange(2**12), 12)
    assert len(bits) * polynomial.n_terms > 1 << 18
    assert polynomial.evaluate(bits) == pytest.approx(polynomial.values(), abs=1e-9)
    assert polynomial.evaluate(bits[:50]) == pytest.approx(polynomial.values()[:50], abs=1e-9)
    assert "_tree" in polynomial.__dict__
