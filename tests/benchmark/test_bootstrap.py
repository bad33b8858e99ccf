"""A Bernoulli solver of known success probability: its time to solution is in the two-level interval about as often as stated."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qtwin.benchmark.bootstrap import Runs, interval, median_times
from qtwin.benchmark.metrics import time_for
from qtwin.benchmark.stages import STAGES, means, split
from qtwin.errors import InputError


def test_a_known_time_to_solution_is_covered() -> None:
    """40 instances whose p scatters around a known median: the truth is the median of the true times."""
    rng = np.random.default_rng(5)
    true_median = time_for(0.2, 1e-3)
    inside = 0
    for seed in range(40):
        p = 1.0 / (1.0 + np.exp(-(math.log(0.25) + 0.3 * rng.normal(size=40))))  # median 0.2
        runs = [Runs(run_s=1e-3, successes=int(rng.binomial(200, q)), trials=200) for q in p]
        low, high = interval(runs, seed=seed, draws=400)
        inside += low <= true_median <= high
    assert inside >= 34  # 95 % of 40 is 38; the binomial of 34 or fewer at 95 % has probability 0.003


def test_what_was_never_solved_is_infinite_and_stays_in() -> None:
    never = [Runs(run_s=1.0, successes=0, trials=20)] * 5
    assert interval(never, seed=0) == (math.inf, math.inf)
    half = [Runs(run_s=1.0, successes=20, trials=20)] * 3 + never[:2]
    low, high = interval(half, seed=0)
    assert low == 1.0
    assert math.isinf(high)


def test_certain_runs_take_one_run() -> None:
    runs = [Runs(run_s=0.5, successes=10, trials=10), Runs(run_s=0.5, successes=10, trials=10)]
    assert set(median_times(runs, np.random.default_rng(0), draws=50).tolist()) == {0.5}
    with pytest.raises(InputError):
        median_times([], np.random.default_rng(0), draws=5)


def test_every_second_is_in_one_stage_and_queues_in_none() -> None:
    wall = {"training": 3.0, "execution": 2.0, "reading out": 1.0, "compiling": 0.5, "search": 0.25, "queue": 99.0}
    found = split(wall, made_s={"model": 4.0, "encode": 1.5})
    assert tuple(found) == STAGES
    assert found == {"model": 4.0, "encode": 1.5, "train": 3.0, "transpile": 0.5, "execute": 2.25, "post-process": 1.0}
    assert means([found, split({})])["train"] == 1.5
    assert sum(means([]).values()) == 0.0
