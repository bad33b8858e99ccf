"""The surrogate recovers what is quadratic and owns up to what is not."""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.encoding.surrogate import fidelity, fit_quadratic
from qtwin.errors import InputError

N = 8
BITS = index_to_bits(np.arange(2**N), N)


def _truth(cubic: float) -> BinaryPolynomial:
    rng = np.random.default_rng(4)
    terms = {(i,): rng.normal() for i in range(N)} | {(i, j): rng.normal() for i in range(N) for j in range(i)}
    return BinaryPolynomial.of(N, terms | {(0, 1, 2): cubic, (3, 4, 5): -cubic})


def test_a_quadratic_utility_is_recovered_from_a_sample() -> None:
    utility = _truth(0.0).evaluate(BITS)
    trained = np.zeros(len(BITS), dtype=bool)
    trained[np.random.default_rng(0).choice(len(BITS), 120, replace=False)] = True
    fitted = fit_quadratic(BITS[trained], utility[trained], ridge=1e-12)
    fit = fidelity(fitted, BITS, utility, trained)
    assert fit.r2 == pytest.approx(1.0, abs=1e-6)
    assert fit.rank_correlation == pytest.approx(1.0, abs=1e-6)
    assert (fit.regret, fit.top_overlap) == (0.0, 1.0)
    assert fit.max_error < 1e-3


def test_third_order_utility_lowers_the_fidelity_and_the_report_says_so() -> None:
    trained = np.random.default_rng(2).random(len(BITS)) < 0.5
    scores = []
    for cubic in (0.0, 2.0, 20.0):
        utility = _truth(cubic).evaluate(BITS)
        scores.append(fidelity(fit_quadratic(BITS[trained], utility[trained]), BITS, utility, trained))
    assert scores[0].r2 > scores[1].r2 > scores[2].r2
    assert scores[0].max_error < scores[1].max_error < scores[2].max_error


def test_pairs_that_never_occur_together_get_no_coefficient() -> None:
    seen = BITS[(BITS[:, 0] & BITS[:, 1]) == 0]
    fitted = fit_quadratic(seen, _truth(0.0).evaluate(seen))
    assert (0, 1) not in fitted.terms


def test_unusable_utilities_are_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        fit_quadratic(BITS[:3], np.array([0.0, np.nan, 1.0]))
    with pytest.raises(InputError, match="held-out"):
        fidelity(_truth(0.0), BITS, np.zeros(len(BITS)), np.ones(len(BITS), dtype=bool))
