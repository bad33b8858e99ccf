"""Scaling to whole numbers: what it says about rounding holds at every assignment."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.exact.search import Scaled, Stretched, step
from tests.oracles.instances import random_polynomial


@pytest.mark.parametrize(
    ("coefficients", "wanted"),
    [
        ((6.0, -9.0, 15.0), 3.0),
        ((0.75, 2.5), 0.25),
        ((1e-3,), 1e-3),
        ((7.0, 0.5, -3.0), 0.5),
        ((0.1, 0.3), None),
        ((), None),
    ],
)
def test_the_step_is_the_greatest_common_one(
    coefficients: tuple[float, ...], wanted: float | None
) -> None:
    assert (
        step(BinaryPolynomial.of(5, {(i,): c for i, c in enumerate(coefficients)} | {(): math.pi}))
        == wanted
    )


@given(seed=st.integers(0, 10_000), degree=st.integers(1, 3), exponent=st.integers(-12, 12))
@settings(max_examples=40, deadline=None)
def test_whole_and_float_energies_differ_by_no_more_than_is_said(
    seed: int, degree: int, exponent: int
) -> None:
    polynomial = random_polynomial(6, degree, seed, scale=10.0**exponent)
    scaled = Scaled(polynomial)
    whole = BinaryPolynomial(
        n_variables=6, terms={t: float(r) for t, r in scaled.integers.items() if r}
    ).values()
    floats = polynomial.values()
    rounding = 1e-13 * sum(abs(c) for c in polynomial.terms.values())
    assert (
        np.abs(floats - polynomial.constant - whole * scaled.unit).max() <= scaled.error + rounding
    )
    assert all(scaled.bound(float(w)) <= f + rounding for w, f in zip(whole, floats, strict=True))
    assert sum(abs(r) for r in scaled.integers.values()) < 2**51
    assert floats.min() - scaled.bound(float(whole.min())) < scaled.tolerance


@given(
    coefficients=st.lists(st.integers(-10_000, 10_000).filter(bool), min_size=1, max_size=6),
    shift=st.integers(-30, 30),
)
def test_whole_numbers_of_any_unit_are_kept_exactly(coefficients: list[int], shift: int) -> None:
    polynomial = BinaryPolynomial.of(
        6, {(i,): math.ldexp(c, shift) for i, c in enumerate(coefficients)}
    )
    scaled, stretched = Scaled(polynomial), Stretched(polynomial)
    assert scaled.exact
    assert scaled.unit == math.ldexp(math.gcd(*coefficients), shift)
    assert stretched.whole
    assert all(c / stretched.unit == int(c / stretched.unit) for c in polynomial.terms.values())
    lowest = sum(min(c, 0) for c in coefficients) * 2.0**shift
    in_units = lowest / stretched.unit
    # a bound that is a little off is still the lowest energy exactly
    for error in (-1e-7, 0.0, 1e-7):
        assert stretched.bound(in_units + error) == lowest
    assert stretched.bound(in_units - 0.5) == lowest, "no energy lies between two steps"


def test_other_floats_lose_the_allowance() -> None:
    polynomial = random_polynomial(5, 2, 0)
    stretched = Stretched(polynomial)
    assert not stretched.whole
    largest = max(abs(c) for t, c in polynomial.terms.items() if t)
    assert 2**12 <= largest / stretched.unit <= 2**13
    assert stretched.bound(0.0) == pytest.approx(
        polynomial.constant - stretched.allowance, abs=1e-15
    )
    assert 0.0 < stretched.allowance <= 1e-8 * sum(abs(c) for c in polynomial.terms.values())
