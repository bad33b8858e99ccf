"""What roof duality fixes is right in the optima themselves, looked at one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.errors import InputError
from qtwin.solver.exact.roof_duality import roof_duality


def _sparse(seed: int, n: int, density: float, *, whole: bool) -> BinaryPolynomial:
    rng = np.random.default_rng(seed)
    terms = [
        t
        for k in (0, 1, 2)
        for t in itertools.combinations(range(n), k)
        if k < 2 or rng.random() < density
    ]
    draw = (lambda: float(rng.integers(-3, 4))) if whole else (lambda: float(rng.normal()))
    return BinaryPolynomial.of(n, [(t, draw()) for t in terms])


@given(
    seed=st.integers(0, 100_000), n=st.integers(0, 9), density=st.floats(0, 1), whole=st.booleans()
)
@settings(max_examples=150, deadline=None)
def test_against_all_optima(seed: int, n: int, density: float, whole: bool) -> None:
    polynomial = _sparse(seed, n, density, whole=whole)
    found = roof_duality(polynomial)
    values = polynomial.values()
    rounding = 1e-12 * (1.0 + sum(abs(c) for c in polynomial.terms.values()))
    optima = index_to_bits(np.flatnonzero(values <= values.min() + rounding), n)
    assert found.bound <= values.min() + rounding
    assert any(all(row[i] == v for i, v in found.fixed.items()) for row in optima), (
        "weak: together in some optimum"
    )
    assert all(row[i] == found.fixed[i] for row in optima for i in found.strong), (
        "strong: in every optimum"
    )
    rest = found.reduced(polynomial)
    assert rest.values().min() == pytest.approx(values.min(), abs=rounding)
    lifted = found.lifted(
        index_to_bits(np.array([int(np.argmin(rest.values()))]), rest.n_variables)
    )
    assert polynomial.evaluate(lifted)[0] == pytest.approx(values.min(), abs=rounding)


@given(seed=st.integers(0, 100_000), n=st.integers(2, 8))
@settings(max_examples=25, deadline=None)
def test_fixing_never_raises_any_energy(seed: int, n: int) -> None:
    """Autarky: whatever the other variables are, the fixed values are at least as good as any
    others.
    """
    polynomial = _sparse(seed, n, 0.5, whole=False)
    found = roof_duality(polynomial)
    bits = index_to_bits(np.arange(2**n), n)
    moved = bits.copy()
    for i, v in found.fixed.items():
        moved[:, i] = v
    assert (polynomial.evaluate(moved) <= polynomial.evaluate(bits) + 1e-12).all()


@given(seed=st.integers(0, 100_000), n=st.integers(1, 10))
@settings(max_examples=25, deadline=None)
def test_submodular_quadratics_are_solved_and_their_bound_is_the_minimum(seed: int, n: int) -> None:
    """Without positive products the quadratic is a cut in a network: the flow finds it all (Hammer,
    Hansen, Simeone 1984).
    """
    rng = np.random.default_rng(seed)
    terms = {(i,): float(rng.normal()) for i in range(n)}
    terms |= {p: -float(abs(rng.normal())) for p in itertools.combinations(range(n), 2)}
    found = roof_duality(BinaryPolynomial.of(n, terms))
    assert len(found.fixed) == n
    assert found.bound == pytest.approx(BinaryPolynomial.of(n, terms).values().min(), abs=1e-12)


def test_a_frustrated_triangle_is_half_open() -> None:
    """xy + yz + zx - x - y - z is -1 with one or two of them: every value is optimal somewhere, and
    the roof half too low.
    """
    triangle = BinaryPolynomial.of(
        3, {(0,): -1.0, (1,): -1.0, (2,): -1.0, (0, 1): 1.0, (1, 2): 1.0, (0, 2): 1.0}
    )
    found = roof_duality(triangle)
    assert found.fixed == {}
    assert (triangle.values().min(), found.bound) == (-1.0, -1.5)


def test_coefficients_of_any_size_are_exact() -> None:
    tiny = 2.0**-60
    polynomial = BinaryPolynomial.of(2, {(0,): 1.0 + 2.0**-52, (1,): -tiny, (0, 1): -1.0})
    found = roof_duality(polynomial)
    assert found.fixed == {0: 0, 1: 1}
    assert found.strong == {0, 1}
    assert found.bound == -tiny


def test_higher_degrees_are_refused() -> None:
    with pytest.raises(InputError, match="degree 3"):
        roof_duality(BinaryPolynomial.of(3, {(0, 1, 2): 1.0}))
