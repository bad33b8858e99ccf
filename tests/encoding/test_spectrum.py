"""The interaction spectrum: transforms against their definitions, and shares of functions whose
order is known.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.encoding.spectrum import all_values, moebius, polynomial_of, spectrum, walsh_hadamard
from qtwin.errors import InputError

values_of_five = arrays(np.float64, 32, elements=st.floats(-10, 10))


@given(values=values_of_five)
def test_the_moebius_transform_inverts_the_evaluation(values: np.ndarray) -> None:
    assert polynomial_of(values).values() == pytest.approx(values, abs=1e-9)


@given(values=values_of_five)
def test_the_walsh_transform_is_the_sum_over_signs_and_keeps_the_energy(values: np.ndarray) -> None:
    bits = index_to_bits(np.arange(32), 5).astype(int)
    expected = [np.mean(values * (-1.0) ** (bits @ mask)) for mask in bits]
    found = walsh_hadamard(values)
    assert found == pytest.approx(expected, abs=1e-9)
    assert np.sum(found**2) == pytest.approx(np.mean(values**2), abs=1e-9)  # Parseval


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_product_of_signs_is_all_of_its_own_order(order: int) -> None:
    bits = index_to_bits(np.arange(64), 6)
    values = (-1.0) ** bits[:, :order].sum(axis=1)
    found = spectrum(values)
    assert found.share[order] == pytest.approx(1.0)
    assert found.variance == pytest.approx(1.0)


def test_a_quadratic_is_explained_by_pairs_and_a_cubic_term_is_seen() -> None:
    rng = np.random.default_rng(1)
    pairs = BinaryPolynomial.of(7, [((i, j), rng.normal()) for i in range(7) for j in range(i)])
    assert spectrum(pairs.values()).explained[2] == pytest.approx(1.0)
    assert spectrum(pairs.values()).largest[3] == pytest.approx(0.0, abs=1e-12)
    cubic = pairs + BinaryPolynomial.of(7, {(0, 1, 2): 5.0})
    found = spectrum(cubic.values())
    assert found.explained[2] < 0.99 < found.explained[3]
    assert found.largest[3] == pytest.approx(5.0)


@given(values=values_of_five)
def test_the_variance_by_order_adds_to_the_variance(values: np.ndarray) -> None:
    assert spectrum(values).variance == pytest.approx(np.var(values), abs=1e-9)


def test_all_values_asks_for_every_choice_once_in_order() -> None:
    weights = 2.0 ** np.arange(13)
    seen: list[int] = []
    found = all_values(
        13, lambda bits: bits @ weights, progress=lambda done, whole: seen.append(done)
    )
    assert found == pytest.approx(np.arange(2**13))
    assert seen[-1] == 2**13
    with pytest.raises(InputError, match="21 options"):
        all_values(21, lambda bits: bits @ np.ones(21))


def test_what_is_no_table_of_values_is_refused() -> None:
    for values in (np.zeros(6), np.zeros((2, 2))):
        with pytest.raises(InputError, match="power of two"):
            moebius(values)
    with pytest.raises(InputError, match="not finite"):
        spectrum(np.array([0.0, np.nan]))
