"""Polynomials against their definition; the Pauli diagonal is the polynomial."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.pauli import diagonal
from qtwin.encoding.polynomial import BinaryPolynomial, bits_to_index, index_to_bits
from qtwin.errors import InputError

N = 6
terms = st.dictionaries(
    st.lists(st.integers(0, N - 1), max_size=4, unique=True).map(lambda t: tuple(sorted(t))),
    st.floats(-5, 5),
    max_size=12,
)


def _by_definition(terms: dict[tuple[int, ...], float], x: tuple[int, ...]) -> float:
    return sum(c * np.prod([x[i] for i in t]) for t, c in terms.items())


@given(terms=terms)
@settings(max_examples=60)
def test_evaluation_and_the_zeta_transform_follow_the_definition(
    terms: dict[tuple[int, ...], float],
) -> None:
    polynomial = BinaryPolynomial.of(N, terms)
    points = list(itertools.product((0, 1), repeat=N))
    expected = [_by_definition(terms, x) for x in points]
    assert polynomial.evaluate(np.array(points)) == pytest.approx(expected, abs=1e-9)
    table = polynomial.values()
    assert table[bits_to_index(np.array(points)).astype(int)] == pytest.approx(expected, abs=1e-9)


@given(terms=terms)
@settings(max_examples=30)
def test_the_pauli_diagonal_is_the_polynomial(terms: dict[tuple[int, ...], float]) -> None:
    polynomial = BinaryPolynomial.of(N, terms)
    h = diagonal(polynomial)
    bits = index_to_bits(np.arange(2**N), N)
    signs = 1.0 - 2.0 * bits
    eigenvalues = sum(
        c * np.prod(np.where(z, signs, 1.0), axis=1)
        for z, c in zip(h.z, h.coefficients, strict=True)
    )
    assert eigenvalues == pytest.approx(polynomial.values(), abs=1e-9)


@given(a=terms, b=terms)
@settings(max_examples=30)
def test_sum_and_product_are_pointwise(
    a: dict[tuple[int, ...], float], b: dict[tuple[int, ...], float]
) -> None:
    p, q = BinaryPolynomial.of(N, a), BinaryPolynomial.of(N, b)
    assert (p + q).values() == pytest.approx((p + q * 1.0).values())
    assert (p + q).values() == pytest.approx(p.values() + q.values(), abs=1e-9)
    assert (p * q).values() == pytest.approx(p.values() * q.values(), abs=1e-7)


@given(indices=st.lists(st.integers(0, 2**40 - 1), min_size=1, max_size=5))
def test_indices_and_bits_are_inverse_and_little_endian(indices: list[int]) -> None:
    bits = index_to_bits(np.array(indices), 40)
    assert bits_to_index(bits).tolist() == indices
    assert bits[0, 0] == indices[0] % 2


def test_bad_terms_are_refused() -> None:
    with pytest.raises(InputError, match="outside"):
        BinaryPolynomial.of(2, {(2,): 1.0})
    with pytest.raises(InputError, match="finite"):
        BinaryPolynomial.of(2, {(0,): float("nan")})
    with pytest.raises(InputError, match=r"\(m, 3\)"):
        BinaryPolynomial.of(3, {}).evaluate(np.zeros((4, 2)))


def test_x_squared_is_x() -> None:
    assert BinaryPolynomial.of(2, [((0, 0, 1), 2.0), ((1, 0), 1.0)]).terms == {(0, 1): 3.0}
