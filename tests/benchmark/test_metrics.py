"""Intervals against Beta quantiles and their coverage; time to solution against a solver of known
success probability.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from qtwin.benchmark.metrics import (
    PRIOR,
    approximation_ratio,
    count_successes,
    no_interval,
    optimality_gap,
    posterior,
    shown,
    time_for,
    tts99,
    upper_limit,
)
from qtwin.errors import InputError


@given(trials=st.integers(1, 300), data=st.data(), level=st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_interval_is_that_of_the_beta_quantiles_and_mirrors(
    trials: int, data: st.DataObject, level: float
) -> None:
    k = data.draw(st.integers(0, trials))
    low, high = posterior(k, trials, level=level)
    tail = (1 - level) / 2
    assert low == pytest.approx(
        beta.ppf(tail, k + PRIOR, trials - k + PRIOR) if k else 0.0, abs=1e-10
    )
    assert high == pytest.approx(
        beta.ppf(1 - tail, k + PRIOR, trials - k + PRIOR) if k < trials else 1.0, abs=1e-10
    )
    assert posterior(trials - k, trials, level=level) == pytest.approx(
        (1 - high, 1 - low), abs=1e-10
    )
    assert low <= k / trials <= high


def test_fewer_than_ten_repetitions_give_no_interval() -> None:
    assert shown(9, 9) is None
    assert shown(3, 10) == posterior(3, 10)
    assert no_interval(1) == "1 repetition: no interval"
    assert no_interval(9) == "9 repetitions: no interval"


def test_a_bernoulli_solver_of_known_probability_recovers_its_time() -> None:
    p, run_s, trials = 0.07, 0.4, 20_000
    hits = int((np.random.default_rng(3).random(trials) < p).sum())
    truth = run_s * math.log(0.01) / math.log(1 - p)
    found = tts99(run_s, hits, trials)
    assert found.low_s < truth < found.high_s
    assert found.value_s == pytest.approx(truth, rel=0.1)
    # the chance that all of that many runs fail is one in a hundred
    assert (1 - p) ** (truth / run_s) == pytest.approx(0.01)


def test_no_success_is_infinite_with_a_bound_and_certain_success_is_one_run() -> None:
    none = tts99(1.0, 0, 50)
    assert none.value_s == none.high_s == math.inf
    assert none.low_s == pytest.approx(math.log(0.01) / math.log(1 - posterior(0, 50).high))
    assert time_for(0.995, 2.0) == 2.0
    assert tts99(2.0, 5000, 5000) == (2.0, 2.0, 2.0)


def test_gaps_ratios_and_counts() -> None:
    assert optimality_gap(-9.0, -10.0) == pytest.approx(0.1)
    assert optimality_gap(0.0, 0.0) == 0.0
    assert optimality_gap(1.0, 0.0) == math.inf
    assert [approximation_ratio(e, optimum=-3.0, worst=5.0) for e in (-3.0, 5.0, 1.0)] == [
        1.0,
        0.0,
        0.5,
    ]
    assert count_successes(np.array([1.0, 1.0 + 1e-12, 1.1]), np.array([3, 4, 9]), 1.0) == 7


def test_nonsense_is_refused() -> None:
    for bad in (
        lambda: posterior(3, 2),
        lambda: posterior(0, 0),
        lambda: posterior(1, 2, level=95.0),
    ):
        with pytest.raises(InputError):
            bad()
    with pytest.raises(InputError, match="between 0 and 1"):
        time_for(1.2, 1.0)
    with pytest.raises(InputError, match="worst > optimum"):
        approximation_ratio(0.0, optimum=1.0, worst=0.0)


def test_the_posterior_covers_what_it_states() -> None:
    """Exactly, by summing the binomial: 95 % on average over rates from 1 to 99 %, and never below
    88 % from ten runs on.
    """
    rates = np.linspace(0.01, 0.99, 197)
    for trials in (10, 20, 50):
        ends = np.array([posterior(k, trials) for k in range(trials + 1)])
        inside = (ends[:, :1] <= rates) & (rates <= ends[:, 1:])
        coverage = (binom.pmf(np.arange(trials + 1)[:, None], trials, rates) * inside).sum(axis=0)
        assert 0.94 <= coverage.mean() <= 0.96
        assert coverage.min() >= 0.88
    assert posterior(0, 5).low == 0.0
    assert posterior(5, 5).high == 1.0


def test_an_error_bar_grants_no_accuracy() -> None:
    assert upper_limit(-1.0, 0.0) == 1.0
    assert upper_limit(1.0, 0.3) == pytest.approx(1.0 + 1.959964 * 0.3)
    assert upper_limit(60.0, 30.0) > 60.0
