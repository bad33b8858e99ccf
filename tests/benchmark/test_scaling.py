"""Known growth is recovered within its interval, and nothing is claimed that the data do not
carry.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import linregress
from scipy.stats import t as student

from qtwin.benchmark.metrics import Runs
from qtwin.benchmark.profile import order_changes, performance_profile, primal_gap, primal_integral
from qtwin.benchmark.scaling import Form, better, crossover, fit
from qtwin.errors import InputError

SIZES = range(8, 25, 2)


def _cells(
    base: float,
    scale_s: float,
    seed: int,
    *,
    sizes: range = SIZES,
    trials: int = 400,
    spread: float = 0.3,
) -> dict[int, list[Runs]]:
    """A planted solver: a run takes 1 ms, and its success probability makes the median time scale_s
    base^n.
    """
    rng = np.random.default_rng(seed)
    cells = {}
    for n in sizes:
        runs = []
        for _ in range(15):
            tts = scale_s * base**n * math.exp(spread * rng.normal())
            p = 1.0 - 0.01 ** min(1e-3 / tts, 1.0)
            runs.append(Runs(run_s=1e-3, successes=int(rng.binomial(trials, p)), trials=trials))
        cells[n] = runs
    return cells


@pytest.mark.parametrize("form", ["exponential", "power law"])
def test_the_interval_is_students_and_the_draws_spread_as_it_does(form: Form) -> None:
    """Against SciPy's regression; the draws' quantiles at the middle and far out against the same
    formula.
    """
    cells = _cells(1.2, 2e-3, 5, sizes=range(8, 19, 2))
    found = fit(cells, form=form, seed=3)
    x = np.array(found.sizes, dtype=float) if form == "exponential" else np.log2(found.sizes)
    line = linregress(x, np.log2(found.tts_s))
    t = student.ppf(0.975, len(x) - 2)
    assert found.slope_interval == pytest.approx(
        (line.slope - t * line.stderr, line.slope + t * line.stderr)
    )
    for n in (12.0, 40.0):
        away = (n if form == "exponential" else math.log2(n)) - x.mean()
        half = t * math.hypot(line.stderr * away, line.stderr * math.sqrt(float(np.var(x))))
        at, (low, high) = found.at(n)
        assert math.log2(high / low) == pytest.approx(2.0 * half, rel=0.15)
        assert low < at < high


@pytest.mark.parametrize("base", [1.1, 1.25, 1.4])
def test_planted_exponential_growth_is_in_its_interval(base: float) -> None:
    inside = 0
    for seed in range(12):
        found = fit(_cells(base, 2e-3, seed, trials=4000), form="exponential", seed=seed)
        inside += found.base_interval.low <= base <= found.base_interval.high
    assert inside >= 9  # 95 % intervals


def test_the_right_law_is_preferred() -> None:
    exponential = _cells(1.4, 2e-3, 1, sizes=range(6, 31, 2), trials=40_000)
    powers = {
        n: [Runs(run_s=1e-9 * n**6.0, successes=2, trials=2, certain=True)] * 5
        for n in range(6, 31, 2)
    }
    for cells, form in ((exponential, "exponential"), (powers, "power law")):
        fits = [fit(cells, form=f, seed=0) for f in ("exponential", "power law")]
        assert better(fits)[0].form == form
    power = fit(powers, form="power law", seed=0)
    assert power.base == pytest.approx(6.0, abs=1e-9)
    assert power.at(60)[0] == pytest.approx(1e-9 * 60.0**6, rel=1e-6)


def test_a_planted_crossover_is_found_and_flagged_when_far() -> None:
    """2e-3 x 1.2^n against 1e-3 x 1.3^n cross at ln 2 / ln(1.3 / 1.2) = 8.66; 1 against 1e-3 at ln
    1000 / ... = 86.3.
    """
    rising = fit(_cells(1.3, 1e-3, 1, trials=20_000), form="exponential", seed=0)
    near = crossover(fit(_cells(1.2, 2e-3, 2, trials=20_000), form="exponential", seed=0), rising)
    assert near.interval is not None
    assert near.interval.low <= 8.66 <= near.interval.high
    assert not near.extrapolated
    slow = {n: [Runs(run_s=1.0 * 1.2**n, successes=2, trials=2, certain=True)] * 5 for n in SIZES}
    far = crossover(fit(slow, form="exponential", seed=0), rising)
    assert far.extrapolated
    assert "not to be relied on" in far.words


def test_equal_growth_has_no_crossover() -> None:
    one = fit(_cells(1.25, 1e-3, 1), form="exponential", seed=0)
    steeper = fit(_cells(1.35, 1e-3, 2, trials=4000), form="exponential", seed=0)
    assert crossover(steeper, one).size is None
    assert "not determined" in crossover(steeper, one).words


def test_unsolved_sizes_are_censored_and_said() -> None:
    cells = _cells(1.2, 1e-3, 3)
    cells[26] = [Runs(run_s=1.0, successes=0, trials=50)] * 10
    found = fit(cells, form="exponential", seed=0)
    assert found.censored == (26,)
    with pytest.raises(InputError, match=r"at least 4 sizes.*got [23]"):
        fit({n: cells[n] for n in (8, 10, 12, 26)}, form="exponential", seed=0)


def test_sizes_of_fewer_than_ten_repetitions_carry_no_fit() -> None:
    few = {
        n: [Runs(run_s=1.3**n, successes=1, trials=1, certain=True)] * (9 if n > 8 else 10)
        for n in SIZES
    }
    with pytest.raises(
        InputError,
        match=r"sizes with a time, got 1.*8 more have a time and fewer than 10 repetitions",
    ):
        fit(few, form="exponential", seed=0)


def test_the_primal_integral_of_a_step() -> None:
    """Nothing for 2 s, half the optimum until 5 s, the optimum to 10 s: 2 + 3 / 2."""
    trace = [(2.0, -5.0), (5.0, -10.0)]
    assert primal_integral(trace, -10.0, until_s=10.0) == pytest.approx(3.5)
    assert primal_integral([], -10.0, until_s=4.0) == 4.0
    assert primal_gap(3.0, -1.0) == 1.0
    assert primal_gap(0.0, 0.0) == 0.0
    with pytest.raises(InputError):
        primal_integral([(2.0, 0.0), (1.0, 0.0)], 0.0, until_s=3.0)


def test_performance_profiles_by_hand() -> None:
    times = {"a": [1.0, 2.0, math.inf], "b": [2.0, 1.0, 4.0]}
    shares = performance_profile(times, [1.0, 2.0, 10.0])
    assert shares["a"].tolist() == [1 / 3, 2 / 3, 2 / 3]
    assert shares["b"].tolist() == [2 / 3, 1.0, 1.0]
    with pytest.raises(InputError):
        performance_profile({"a": [1.0], "b": [1.0, 2.0]}, [1.0])


def test_the_order_of_a_profile_may_hang_on_who_takes_part() -> None:
    """Gould and Scott's effect: c is best where b is good, so that b looks worse than a; without c,
    b is first.
    """
    times = {
        "a": [1.0, 1.0, 9.0, 9.0, 9.0],
        "b": [9.0, 9.0, 2.0, 2.0, 2.0],
        "c": [99.0, 99.0, 1.0, 1.0, 1.0],
    }
    assert order_changes(times, 1.5) == ["c"]
    assert order_changes({"a": [1.0], "b": [2.0]}, 1.5) == []


def test_no_growth_is_told_from_noise() -> None:
    """Times that do not grow, or fall: the exponent's interval holds 0, and larger problems are not
    called faster.
    """
    rng = np.random.default_rng(4)
    for base in (1.0, 0.9):
        flat = {
            n: [
                Runs(
                    run_s=base**n * math.exp(0.3 * rng.normal()),
                    successes=10,
                    trials=10,
                    certain=True,
                )
                for _ in range(10)
            ]
            for n in SIZES
        }
        for form in ("exponential", "power law"):
            with pytest.raises(InputError, match="does not lie above 0"):
                fit(flat, form=form, seed=0)
