"""A Bernoulli solver of known success probability: its time to solution is in the two-level
interval about as often as stated.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta

from qtwin.benchmark.metrics import Runs, interval, median_times, reads_interval, time_for
from qtwin.benchmark.records import STAGES, means, split
from qtwin.errors import InputError


def test_a_known_time_to_solution_is_covered() -> None:
    """40 instances whose p scatters around a known median: the truth is the median of the true
    times.
    """
    rng = np.random.default_rng(5)
    true_median = time_for(0.2, 1e-3)
    inside = 0
    for seed in range(40):
        p = 1.0 / (1.0 + np.exp(-(math.log(0.25) + 0.3 * rng.normal(size=40))))  # median 0.2
        runs = [Runs(run_s=1e-3, successes=int(rng.binomial(200, q)), trials=200) for q in p]
        low, high = interval(runs, seed=seed, draws=400)
        inside += low <= true_median <= high
    # 95 % of 40 is 38; the binomial of 34 or fewer at 95 % has probability 0.003
    assert inside >= 34


def test_what_was_never_solved_is_infinite_at_the_upper_end() -> None:
    """The lower end is what the misses rule out: p below the 97.5 % quantile of Beta(0.6, 20.6)."""
    one = interval([Runs(run_s=1.0, successes=0, trials=20)], seed=0)
    assert one.low == pytest.approx(time_for(float(beta.ppf(0.975, 0.6, 20.6)), 1.0), rel=0.1)
    assert math.isinf(one.high)
    never = [Runs(run_s=1.0, successes=0, trials=20)] * 5
    half = [Runs(run_s=1.0, successes=20, trials=20)] * 3 + never[:2]
    low, high = interval(half, seed=0)
    assert low == 1.0
    assert math.isinf(high)


def test_two_of_two_are_no_certainty() -> None:
    """Beta(2.6, 0.6) leaves 2.5 % below p = 0.35, at which eleven runs are needed."""
    low, high = interval([Runs(run_s=1.0, successes=2, trials=2)], seed=0)
    assert low == 1.0
    assert high == pytest.approx(time_for(float(beta.ppf(0.025, 2.6, 0.6)), 1.0), rel=0.1)


def test_certain_runs_take_one_run() -> None:
    runs = [
        Runs(run_s=0.5, successes=10, trials=10, certain=True),
        Runs(run_s=0.5, successes=1, trials=1, certain=True),
    ]
    for times in median_times(runs, np.random.default_rng(0), draws=50):
        assert set(times.tolist()) == {0.5}
    with pytest.raises(InputError):
        median_times([], np.random.default_rng(0), draws=5)


def test_run_times_are_drawn_again() -> None:
    """Ten certain runs of 1 or 3 s: the mean time is 2 s, its standard error 1 / 3 s."""
    runs = [Runs(run_s=2.0, successes=10, trials=10, certain=True, times_s=(1.0, 3.0) * 5)]
    low, high = interval(runs, seed=0)
    assert low == pytest.approx(2.0 - 1.96 / 3.0, abs=0.15)
    assert high == pytest.approx(2.0 + 1.96 / 3.0, abs=0.15)


@pytest.mark.slow
def test_times_to_solution_are_covered_by_ten_runs() -> None:
    """95 % on average over success rates, with run times that scatter by a third; no rate below 88
    %.
    """
    rng = np.random.default_rng(11)
    rates = np.linspace(0.05, 0.95, 19)
    covered = []
    for p in rates:
        truth, inside = time_for(float(p), 1.0), 0
        for seed in range(1000):
            times = rng.gamma(9.0, 1.0 / 9.0, size=10)
            runs = Runs(
                run_s=float(times.mean()),
                successes=int(rng.binomial(10, p)),
                trials=10,
                times_s=tuple(times),
            )
            low, high = interval([runs], seed=seed, draws=1000)
            inside += low <= truth <= high
        covered.append(inside / 1000)
    assert 0.94 <= np.mean(covered) <= 0.965  # the standard error of the mean is 0.2 %
    assert min(covered) >= 0.88


@pytest.mark.slow
def test_medians_over_instances_and_growth_are_covered() -> None:
    """Planted rates that scatter over instances: 94 to 96 % on average, none below 88 %, but for
    the noise of 200 repetitions.

    That is 1.5 % of a cell, and 0.3 % of the mean of 48 cells or less.
    """
    from benchmarks.interval_coverage import growths, times

    for rows in (times(), growths()):
        found = [covered for kind, _, covered in rows if kind != "growth told"]
        assert 0.935 <= np.mean(found) <= 0.965
        assert min(found) >= 0.86


def test_reads_of_one_run_are_drawn_together() -> None:
    """Ten runs of 1,000 reads, half of which always hit and half never: their scatter is that of
    ten coins, not of 10,000.
    """
    scattered = reads_interval([[(1000, 1000)] * 5 + [(0, 1000)] * 5], seed=0)
    even = reads_interval([[(500, 1000)] * 10], seed=0)
    assert scattered.low < 0.6 * even.low
    assert scattered.high > 1.8 * even.high
    assert math.isinf(reads_interval([[(0, 100)] * 10], seed=0).high)


def test_every_second_is_in_one_stage_and_queues_in_none() -> None:
    wall = {
        "training": 3.0,
        "execution": 2.0,
        "reading out": 1.0,
        "compiling": 0.5,
        "search": 0.25,
        "queue": 99.0,
    }
    found = split(wall, made_s={"model": 4.0, "encode": 1.5})
    assert tuple(found) == STAGES
    assert found == {
        "model": 4.0,
        "encode": 1.5,
        "train": 3.0,
        "transpile": 0.5,
        "execute": 2.25,
        "post-process": 1.0,
    }
    assert means([found, split({})])["train"] == 1.5
    assert sum(means([]).values()) == 0.0
