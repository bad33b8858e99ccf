"""How sure a choice is, on problems whose utility under each draw is known by construction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from qtwin.pharmacology.ignorance import Ignorance, Sampled
from qtwin.pharmacology.quantity import Quantity
from qtwin.problem.decision import (
    Certainty,
    certainty,
    discounted,
    learning,
    rival,
    split,
    swings,
    tally,
)
from qtwin.problem.regimen import RegimenProblem

Array = NDArray[np.float64]


def _number(value: float = 0.0, sd: float = 1.0) -> Quantity:
    z = 1.959963984540054
    return Quantity(
        value=value,
        unit="1",
        status="assumed",
        source="a test",
        scale="normal",
        ci=(value - z * sd, value + z * sd),
    )


@dataclass
class _Panel:
    """Stands where the pharmacology stands: draws alone."""

    ignorance: Ignorance

    @property
    def n_draws(self) -> int:
        return self.ignorance.n

    def span(self, horizon_years: float) -> None:
        """Nothing further is drawn."""


@dataclass
class _Linear:
    """Utility of choice r: mean_r + sum_k slope_rk (number_k), numbers of unit spread, each in its
    own group.

    `table` gives the by_draw matrix itself instead.
    """

    mean: Array
    slope: Array
    groups: tuple[str, ...]
    n: int = 512
    table: Array | None = None
    ignorance: Ignorance | None = None
    horizon_years: float = 1.0
    course: Array | float = 0.0
    panel: _Panel = field(init=False)

    def __post_init__(self) -> None:
        drawn = self.ignorance or Sampled(
            n=self.n if self.table is None else self.table.shape[1], seed=1
        )
        self._values = np.array(
            [drawn.draw(_number(), f"number {k}", group=g) for k, g in enumerate(self.groups)]
        )
        self.panel = _Panel(drawn)

    def by_draw(self, bits: NDArray[np.uint8]) -> Array:
        rows = np.argmax(bits, axis=1)
        if self.table is not None:
            return self.table[rows]
        return np.asarray(self.mean[rows, None] + self.slope[rows] @ self._values)

    def of_draws(self, values: Array) -> Array:
        return np.asarray(values.mean(axis=1))

    def under(self, ignorance: Ignorance) -> _Linear:
        return _Linear(
            mean=self.mean,
            slope=self.slope,
            groups=self.groups,
            ignorance=ignorance,
            course=self.course,
        )

    @property
    def options(self) -> list[Any]:
        return [
            SimpleNamespace(drug=SimpleNamespace(inn=f"drug {k}")) for k in range(len(self.mean))
        ]

    @property
    def n_course_numbers(self) -> int:
        return 1

    def changes_course(self, bits: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return (
            np.broadcast_to(np.asarray(self.course), len(self.mean))[np.argmax(bits, axis=1)] != 0.0
        )

    def courses(self, n_courses: int) -> Iterator[_Linear]:
        """Courses at the midpoints of equal strata, each worth `course` times its score to each
        choice.
        """
        for z in ndtri((np.arange(n_courses) + 0.5) / n_courses):
            made = replace(self, ignorance=self.panel.ignorance)
            made.mean = self.mean + z * self.course
            yield made

    def discounted(self, rate_per_year: float) -> _Linear:
        """Later is worth less: the last choice alone is worth what comes later."""
        later = np.where(
            np.arange(len(self.mean)) == len(self.mean) - 1, -10.0 * (rate_per_year - 0.03), 0.0
        )
        return _Linear(mean=self.mean + later, slope=self.slope, groups=self.groups, n=self.n)


def _as_problem(made: _Linear) -> RegimenProblem:
    return cast(RegimenProblem, cast(Any, made))


def _judged(table: Array, chosen: int | None = None) -> Certainty:
    """Certainty of a by_draw matrix, the number of the tornado moving nothing."""
    k = len(table)
    made = _Linear(mean=np.zeros(k), slope=np.zeros((k, 1)), groups=("a",), table=table)
    bits = np.eye(k, dtype=np.uint8)
    found = tally(_as_problem(made), bits, rows=3)  # several parts
    return certainty(
        _as_problem(made), bits, found, int(np.argmax(found.utility)) if chosen is None else chosen
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(2, 9))
def test_probabilities_regrets_and_the_value_of_information_follow_their_definitions(
    seed: int, k: int
) -> None:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(k, 1)) * 0.5 + rng.normal(size=(k, 200))
    sure = _judged(table)
    chosen, best = int(np.argmax(table.mean(axis=1))), table.max(axis=0)
    shares = {r: float((table.argmax(axis=0) == r).mean()) for r in range(k)}
    assert sure.chosen == chosen
    assert sure.p_optimal == pytest.approx(shares[chosen])
    assert sure.n_optima == sum(p > 0 for p in shares.values())
    assert sure.expected_regret_qaly == pytest.approx((best - table[chosen]).mean())
    assert sure.regret_95_qaly == pytest.approx(np.quantile(best - table[chosen], 0.95))
    # EVPI = mean of the maximum minus the maximum of the mean, and it is the regret of the best on
    # average
    assert sure.evpi_qaly == pytest.approx(best.mean() - table.mean(axis=1).max())
    assert sure.evpi_qaly == pytest.approx(sure.expected_regret_qaly)
    # the smallest set that holds 90 %: it does, and without its least probable member it does not
    held = [s.p_optimal for s in sure.set90]
    assert held == sorted(held, reverse=True)
    assert sum(held) >= 0.9 - 1e-9
    assert sum(held[:-1]) < 0.9
    for s in sure.set90:
        assert s.p_optimal == pytest.approx(shares[s.row])
        assert s.expected_regret_qaly == pytest.approx((best - table[s.row]).mean())


def test_where_nothing_is_better_the_choice_counts_as_optimal() -> None:
    table = np.array([[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 2.0], [0.0, 0.0, 0.0, 0.0]])
    for chosen, p in ((0, 0.75), (1, 0.75), (2, 0.0)):
        sure = _judged(table, chosen)
        assert sure.p_optimal == p
        assert sum(s.p_optimal for s in sure.set90) == pytest.approx(1.0)
    assert _judged(np.array([[1.0, 1.0], [1.0, 1.0]]), 1).p_optimal == 1.0


def test_a_choice_that_is_always_the_best_is_sure() -> None:
    sure = _judged(np.array([[1.0, 2.0, 3.0, 2.0], [0.0, 1.0, 2.0, 1.0]]))
    assert (sure.p_optimal, sure.n_optima, len(sure.set90)) == (1.0, 1, 1)
    assert sure.expected_regret_qaly == sure.regret_95_qaly == sure.evpi_qaly == 0.0


def test_learning_is_worth_nothing_where_irrelevant_and_all_where_it_explains_all() -> None:
    """Two choices, the second worth x of N(0, 1): EVPI is E max(x, 0) - 0 = 1 / sqrt(2 pi)."""
    made = _Linear(
        mean=np.zeros(2), slope=np.array([[0.0, 0.0], [1.0, 0.0]]), groups=("efficacy", "harm")
    )
    worth = {x.group: x for x in learning(_as_problem(made), np.eye(2, dtype=np.uint8), seed=0)}
    assert worth["efficacy"].value_qaly == pytest.approx(1.0 / np.sqrt(2.0 * np.pi), abs=0.02)
    assert worth["harm"].value_qaly == pytest.approx(0.0, abs=0.02)
    assert worth["efficacy"].n_numbers == 1


def test_a_group_of_two_equal_shares_is_worth_what_half_of_the_variance_is() -> None:
    """x = (a + b) / sqrt 2: learning a alone is worth E max(E(x | a), 0) = 1 / (2 sqrt(pi))."""
    share = 1.0 / np.sqrt(2.0)
    made = _Linear(
        mean=np.zeros(2), slope=np.array([[0.0, 0.0], [share, share]]), groups=("efficacy", "harm")
    )
    worth = {
        x.group: x.value_qaly
        for x in learning(_as_problem(made), np.eye(2, dtype=np.uint8), seed=0)
    }
    for group in ("efficacy", "harm"):
        assert worth[group] == pytest.approx(0.5 / np.sqrt(np.pi), abs=0.04)


def test_noise_in_many_numbers_does_not_pass_for_value() -> None:
    rng = np.random.default_rng(3)
    slope = np.concatenate([np.zeros((1, 200)), rng.normal(size=(1, 200)) * 1e-3])
    made = _Linear(mean=np.array([0.5, 0.0]), slope=slope, groups=("a",) * 200)
    (only,) = learning(_as_problem(made), np.eye(2, dtype=np.uint8), seed=0)
    assert only.value_qaly == pytest.approx(0.0, abs=1e-6)


def test_a_swing_flips_where_the_lines_cross_within_its_reach() -> None:
    """Choice 1 is 1 behind and gains its slope times the number: it wins at +1.645 where the slope
    is above 1 / 1.645.
    """
    made = _Linear(
        mean=np.array([1.0, 0.0]),
        slope=np.array([[0.0, 0.0, 0.0], [0.9, -0.7, 0.5]]),
        groups=("a", "b", "c"),
    )
    found = {
        s.parameter.key: s for s in swings(_as_problem(made), np.eye(2, dtype=np.uint8), [0, 1])
    }
    up, down, short = (found[f"number {k}"] for k in range(3))
    reach = 1.6448536269514722
    assert (up.flips, down.flips, short.flips) == (True, True, False)
    assert (up.regret_low, up.row_low, up.row_high) == (0.0, 0, 1)
    assert up.regret_high == pytest.approx(0.9 * reach - 1.0)
    assert down.regret_low == pytest.approx(0.7 * reach - 1.0)
    assert down.row_low == 1
    assert (up.low, up.high) == pytest.approx((-reach, reach))
    assert next(iter(found)) == "number 0"  # the largest regret first


def test_a_number_flips_nothing_where_the_choice_is_second_at_the_medians_whatever_it_is() -> None:
    """The choice, row 0, is 1 behind row 1 at the medians: only what moves the order there is
    told.
    """
    made = _Linear(
        mean=np.array([1.0, 2.0]),
        slope=np.array([[0.0, 5.0], [0.1, 0.0]]),
        groups=("idle", "mover"),
    )
    found = {
        s.parameter.key: s for s in swings(_as_problem(made), np.eye(2, dtype=np.uint8), [0, 1])
    }
    idle, mover = found["number 0"], found["number 1"]
    assert (idle.row_median, idle.flips, idle.end) == (1, False, "")
    assert min(idle.regret_low, idle.regret_high) > 0.0
    assert (mover.flips, mover.end) == (True, "high" if mover.row_high == 0 else "low")
    assert {mover.row_low, mover.row_high} == {0, 1}


@pytest.mark.parametrize(("course", "number"), [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 2.0)])
def test_the_course_and_the_numbers_are_told_apart(course: float, number: float) -> None:
    """The second choice is worth c z + n x more, z and x independent N(0, 1): EVPPI is c / sqrt(2
    pi), and n / sqrt(2 pi).
    """
    made = _Linear(
        mean=np.zeros(2),
        slope=np.array([[0.0], [number]]),
        groups=("efficacy",),
        course=np.array([0.0, course]),
    )
    found = split(_as_problem(made), np.eye(2, dtype=np.uint8), n_courses=64)
    assert (found.n_courses, found.n_draws) == (64 if course else 1, 512)
    assert found.course_qaly == pytest.approx(course / np.sqrt(2.0 * np.pi), rel=0.02)
    assert found.numbers_qaly == pytest.approx(number / np.sqrt(2.0 * np.pi), rel=0.08, abs=1e-9)
    assert found.p_course == pytest.approx(0.5 if course else 1.0, abs=0.03)
    assert found.p_numbers == pytest.approx(0.5 if number else 1.0, abs=0.03)
    assert found.p_both == pytest.approx(0.5, abs=0.04)


def test_knowing_one_kind_is_never_worth_more_than_knowing_both() -> None:
    """An advantage of 1 in favour of the first: P(c z < 1) = Phi(1 / c), and over both Phi(1 /
    sqrt(c^2 + n^2)).
    """
    made = _Linear(
        mean=np.array([1.0, 0.0]),
        slope=np.array([[0.0], [1.0]]),
        groups=("a",),
        course=np.array([0.0, 2.0]),
    )
    found = split(_as_problem(made), np.eye(2, dtype=np.uint8), n_courses=64)
    assert found.p_course == pytest.approx(ndtr(0.5), abs=0.02)
    assert found.p_numbers == pytest.approx(ndtr(1.0), abs=0.03)
    assert found.p_both == pytest.approx(ndtr(1.0 / np.sqrt(5.0)), abs=0.02)


def test_the_rival_exchanges_one_drug_and_is_the_one_that_is_most_often_better() -> None:
    made = _Linear(mean=np.zeros(4), slope=np.zeros((4, 1)), groups=("a",))
    bits = np.array(
        [[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1], [0, 0, 1, 1], [1, 1, 1, 0]], dtype=np.uint8
    )
    values = np.array(
        [[0.0] * 4, [1.0, -1.0, -1.0, -1.0], [1.0, 1.0, -1.0, 0.0], [1.0] * 4, [1.0] * 4]
    )
    found = rival(_as_problem(made), bits, np.arange(5), values)
    assert found is not None
    assert (found.row, found.p_better, found.nearly_equal) == (2, 0.5, True)
    assert rival(_as_problem(made), bits, np.array([0, 3, 4]), values[[0, 3, 4]]) is None
    other = rival(_as_problem(made), bits, np.array([0, 1]), values[:2])
    assert other is not None
    assert not other.nearly_equal


def test_another_discount_rate_may_favour_another_choice() -> None:
    made = _Linear(mean=np.array([0.1, 0.0]), slope=np.zeros((2, 1)), groups=("a",))
    low, high = discounted(_as_problem(made), np.eye(2, dtype=np.uint8), [0, 1])
    assert (low.rate_per_year, high.rate_per_year) == (0.015, 0.05)
    assert (low.row, high.row) == (1, 0)
    assert low.regret_qaly == pytest.approx(0.05)
    assert high.regret_qaly == 0.0
