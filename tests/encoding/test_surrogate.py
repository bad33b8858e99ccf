"""The surrogate recovers what is quadratic and owns up to what is not."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray

from qtwin.encoding.accuracy import accuracy, score
from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.encoding.surrogate import TABLE, Simulate, load
from qtwin.encoding.surrogate.least_squares import fit
from qtwin.errors import InputError

N = 8
BITS = index_to_bits(np.arange(2**N), N)


def _truth(cubic: float) -> BinaryPolynomial:
    rng = np.random.default_rng(4)
    terms = {(i,): rng.normal() for i in range(N)} | {
        (i, j): rng.normal() for i in range(N) for j in range(i)
    }
    return BinaryPolynomial.of(N, terms | {(0, 1, 2): cubic, (3, 4, 5): -cubic})


def test_a_quadratic_utility_is_recovered_from_a_sample() -> None:
    utility = _truth(0.0).evaluate(BITS)
    trained = np.zeros(len(BITS), dtype=bool)
    trained[np.random.default_rng(0).choice(len(BITS), 120, replace=False)] = True
    fitted = fit(BITS[trained], utility[trained], ridge=1e-12)
    found = accuracy(fitted, BITS, utility, trained)
    assert found.r2 == pytest.approx(1.0, abs=1e-6)
    assert found.rank_correlation == pytest.approx(1.0, abs=1e-6)
    assert (found.regret, found.top_overlap) == (0.0, 1.0)
    assert found.max_error < 1e-3


def test_third_order_utility_lowers_the_fidelity_and_the_report_says_so() -> None:
    trained = np.random.default_rng(2).random(len(BITS)) < 0.5
    scores = []
    for cubic in (0.0, 2.0, 20.0):
        utility = _truth(cubic).evaluate(BITS)
        scores.append(accuracy(fit(BITS[trained], utility[trained]), BITS, utility, trained))
    assert scores[0].r2 > scores[1].r2 > scores[2].r2
    assert scores[0].max_error < scores[1].max_error < scores[2].max_error


def test_pairs_that_never_occur_together_get_no_coefficient() -> None:
    seen = BITS[(BITS[:, 0] & BITS[:, 1]) == 0]
    fitted = fit(seen, _truth(0.0).evaluate(seen))
    assert (0, 1) not in fitted.terms


def test_unusable_utilities_are_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        fit(BITS[:3], np.array([0.0, np.nan, 1.0]))
    with pytest.raises(InputError, match="held-out"):
        accuracy(_truth(0.0), BITS, np.zeros(len(BITS)), np.ones(len(BITS), dtype=bool))


def _simulate(truth: BinaryPolynomial) -> tuple[Simulate, list[int]]:
    asked: list[int] = []

    def simulate(bits: NDArray[np.uint8]) -> NDArray[np.float64]:
        asked.append(len(bits))
        return truth.evaluate(bits)

    return simulate, asked


@pytest.mark.parametrize("name", TABLE)
def test_every_surrogate_keeps_its_promises(name: str) -> None:
    """The contract: a polynomial over the options, what it simulated is what it says, and a seed
    repeats.
    """
    truth = _truth(1.0)
    simulate, asked = _simulate(truth)
    fitted = load(name)(simulate, BITS, 150, np.random.default_rng(3))
    again = load(name)(_simulate(truth)[0], BITS, 150, np.random.default_rng(3))
    assert fitted.polynomial.n_variables == N
    assert fitted.polynomial.terms == again.polynomial.terms
    assert len(fitted.bits) == len(fitted.utility) == sum(asked)
    np.testing.assert_allclose(fitted.utility, truth.evaluate(fitted.bits))
    assert fitted.words


@pytest.mark.parametrize(
    ("name", "order"), [("additive", 1), ("cut second-order", 2), ("cut third-order", 3)]
)
def test_a_cut_expansion_has_the_exact_coefficients_up_to_its_order(name: str, order: int) -> None:
    truth = _truth(1.5)
    fitted = load(name)(_simulate(truth)[0], BITS, 0, np.random.default_rng(0))
    for term, coefficient in truth.terms.items():
        if len(term) <= order:
            assert fitted.polynomial.terms[term] == pytest.approx(coefficient)
    assert fitted.polynomial.degree == order
    assert len(fitted.bits) == sum(comb(N, k) for k in range(order + 1))


def test_on_a_third_order_choice_the_cubic_surrogates_win() -> None:
    truth = _truth(6.0)
    utility = truth.evaluate(BITS)
    scores = {}
    for name in ("cut second-order", "quadratic", "cut third-order", "cubic"):
        fitted = load(name)(_simulate(truth)[0], BITS, 170, np.random.default_rng(1))
        scores[name] = score(
            name,
            fitted,
            BITS,
            utility,
            lambda rows: truth.evaluate(rows)[:, None] + np.zeros((1, 3)),
        )
    assert scores["cut third-order"].accuracy.regret == pytest.approx(0.0, abs=1e-9)
    assert scores["cut third-order"].accuracy.r2 == pytest.approx(1.0)
    assert scores["cubic"].accuracy.r2 > scores["quadratic"].accuracy.r2
    assert scores["cut second-order"].accuracy.regret > 0.0
    assert scores["cut second-order"].regret_low == pytest.approx(
        scores["cut second-order"].accuracy.regret
    )


def test_active_refinement_finds_the_optimum_with_fewer_simulations_and_says_when_it_is_sure() -> (
    None
):
    truth = _truth(3.0)
    utility = truth.evaluate(BITS)
    fitted = load("active cubic")(_simulate(truth)[0], BITS, 200, np.random.default_rng(2))
    assert fitted.utility.max() == utility.max()
    if fitted.certified:
        assert utility[int(np.argmax(fitted.polynomial.evaluate(BITS)))] == utility.max()
    everything = load("active quadratic")(
        _simulate(truth)[0], BITS, len(BITS), np.random.default_rng(2)
    )
    assert everything.certified


def test_more_terms_than_regimens_give_the_same_ridge_solution_either_way() -> None:
    rows = np.random.default_rng(5).permutation(len(BITS))[:20]
    few = fit(BITS[rows], _truth(1.0).evaluate(BITS[rows]), order=3, ridge=1e-3)
    x = BITS[rows].astype(float)
    terms = [t for t in few.terms if t]
    columns = np.column_stack([x[:, list(t)].prod(axis=1) for t in terms])
    y = _truth(1.0).evaluate(BITS[rows])
    weight = np.exp((y - y.max()) / y.std())
    weight /= weight.mean()
    center, level = np.average(columns, axis=0, weights=weight), np.average(y, weights=weight)
    root = np.sqrt(weight)[:, None]
    a, b = (columns - center) * root, (y - level) * root[:, 0]
    expected = np.linalg.solve(a.T @ a + 1e-3 * len(y) * np.eye(len(terms)), a.T @ b)
    assert [few.terms[t] for t in terms] == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_an_unknown_surrogate_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="surrogate"):
        load("least square pairs")
