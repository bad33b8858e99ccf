"""How sure a choice is: what is not known, drawn jointly, decides which regimen is best in each
draw.

P(optimal) is the share of the draws in which a regimen is the best of all feasible ones. Expected
regret is what the choice loses on average against knowing everything; of the choice with the
highest mean it is the expected value of perfect information (EVPI; Raiffa and Schlaifer 1961). The
value of learning one group of numbers (EVPPI) is estimated by regression on their scores (Strong,
Oakley and Brennan 2014, Med Decis Making 34:311), out of sample, so that noise cannot pass for
value. What is not known of this person's course of disease is crossed with the numbers of the
model, so that either can be averaged out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.ignorance import OneAtATime, Parameter, Sampled
from qtwin.pharmacology.outcome import outcome_table
from qtwin.problem.regimen import RegimenProblem

Array = NDArray[np.float64]
SET_SHARE = 0.90
_DRAWS = 1024
_FOLDS = 8
_MOST_CONTENDERS = 48
_RIDGE = (3.0, 30.0, 300.0, 3000.0)
_SHOWN = 12
_COURSES = 32
NEARLY = 1.0 / 3.0
"""A regimen that is better than the choice in at least this share of the draws is nearly equal to
it.
"""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What one pass over feasible choices leaves: in bounded memory, however many they are.

    Attributes:
        utility: (k,) objective of each choice (QALY).
        best: (e,) utility of the best choice in each draw.
        winner: (e,) its row.
    """

    utility: Array
    best: Array
    winner: NDArray[np.int64]


def tally(problem: RegimenProblem, bits: NDArray[np.uint8], *, rows: int = 4096) -> Tally:
    """Simulate choices and keep each draw's winner.

    Args:
        problem: The question.
        bits: (k, n) feasible choices.
        rows: How many are held at once.
    """
    utility = np.empty(len(bits))
    best = np.full(problem.panel.n_draws, -np.inf)
    winner = np.zeros(problem.panel.n_draws, dtype=np.int64)
    for start in range(0, len(bits), rows):
        part = problem.by_draw(bits[start : start + rows])
        utility[start : start + rows] = problem.of_draws(part)
        row = np.argmax(part, axis=0)
        value = part[row, np.arange(part.shape[1])]
        better = value > best
        best[better], winner[better] = value[better], row[better] + start
    return Tally(utility=utility, best=best, winner=winner)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One regimen among those that may be the best: its row, P(optimal), and its expected regret
    (QALY).
    """

    row: int
    p_optimal: float
    expected_regret_qaly: float


@dataclass(frozen=True, kw_only=True)
class Learning:
    """What it would be worth to know a group of numbers exactly (QALY), and how many they are."""

    group: str
    value_qaly: float
    n_numbers: int


@dataclass(frozen=True, kw_only=True)
class Swing:
    """One number moved from its 5th to its 95th percentile, everything else at its median.

    Attributes:
        parameter: The number.
        low, high: Its value at either end.
        regret_low, regret_high: What the choice loses there against the best contender (QALY).
        row_low, row_high: Row of the best contender there.
        row_median: Row of the best contender with every number at its median: not always the
            choice, which is best on average.
    """

    parameter: Parameter
    low: float
    high: float
    regret_low: float
    regret_high: float
    row_low: int
    row_high: int
    row_median: int

    @property
    def end(self) -> str:
        """The end, "low" or "high", at which another regimen is best than with every number at its
        median; "" if at neither.
        """
        other = {"low": self.row_low != self.row_median, "high": self.row_high != self.row_median}
        larger = "low" if self.regret_low >= self.regret_high else "high"
        return (
            larger
            if other[larger]
            else next((end for end, differs in other.items() if differs), "")
        )

    @property
    def flips(self) -> bool:
        """Whether the number, moved alone, changes which regimen is best."""
        return bool(self.end)


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A regimen that exchanges one drug of the choice for another: its row, and in which share of
    the draws it is better.
    """

    row: int
    p_better: float

    @property
    def nearly_equal(self) -> bool:
        """Whether the draws hardly tell the two apart."""
        return self.p_better >= NEARLY


@dataclass(frozen=True, kw_only=True)
class Split:
    """Two kinds of ignorance apart: this person's course of disease, and the numbers of drugs,
    risks and values.

    Every course is crossed with every draw of the numbers; the choice is held against the
    contenders.

    Attributes:
        n_courses, n_draws: How many were crossed; one course where no contender changes it.
        p_course: Share of the courses in which nothing is better on the mean over the numbers: only
            the course is not known.
        p_numbers: Share of the draws in which nothing is better on the mean over the courses: only
            the numbers are not known.
        p_both: Share of all pairs in which nothing is better: neither is known.
        course_qaly, numbers_qaly: Value of learning the one, or all of the other, exactly.
    """

    n_courses: int
    n_draws: int
    p_course: float
    p_numbers: float
    p_both: float
    course_qaly: float
    numbers_qaly: float


@dataclass(frozen=True, kw_only=True)
class Discounted:
    """Another discount rate (1/year): the best contender there, and what the choice loses against
    it (QALY).
    """

    rate_per_year: float
    row: int
    regret_qaly: float


@dataclass(frozen=True, kw_only=True)
class Certainty:
    """How sure the choice is.

    Attributes:
        chosen: Row of the choice.
        p_optimal: Share of the draws in which nothing is better; `p_optimal_se` its standard error.
        n_draws: Draws of what is not known.
        n_optima: Regimens that are the best in at least one draw.
        set90: The smallest set of regimens that hold 90 % of P(optimal), the most probable first.
        expected_regret_qaly, regret_95_qaly: Mean and 95th percentile of what the choice loses
            against knowing everything.
        evpi_qaly: Expected value of perfect information: of the choice with the highest mean, its
            expected regret.
        learning: Value of learning each group of numbers, the most valuable first; a lower bound.
        swings: The numbers that matter most to the choice, the largest regret first.
        complete: Whether the draws' winners are among all feasible regimens, and not among a
            sample.
        rival: Of the contenders that exchange one drug for another, the one that is most often
            better; None where there is none.
        split: What the course of the disease and what the numbers leave open.
        discounted: The choice at other discount rates, a value judgement that is not drawn.
    """

    chosen: int
    p_optimal: float
    p_optimal_se: float
    n_draws: int
    n_optima: int
    set90: tuple[Standing, ...]
    expected_regret_qaly: float
    regret_95_qaly: float
    evpi_qaly: float
    learning: tuple[Learning, ...]
    swings: tuple[Swing, ...]
    complete: bool
    rival: Rival | None
    split: Split
    discounted: tuple[Discounted, ...]


def certainty(
    problem: RegimenProblem,
    bits: NDArray[np.uint8],
    found: Tally,
    chosen: int,
    *,
    complete: bool = True,
    seed: int = 0,
) -> Certainty:
    """How sure the choice is, from one pass over the feasible choices.

    Args:
        problem: The question.
        bits: (k, n) feasible choices.
        found: Their tally.
        chosen: Row of the choice.
        complete: Whether `bits` are all feasible choices.
        seed: Seed of the further draws that the value of learning rests on.
    """
    n_draws = len(found.best)
    counts = np.bincount(found.winner, minlength=len(bits))
    # several regimens may be equally good in a draw: the choice counts as optimal wherever nothing
    # is better
    mine = problem.by_draw(bits[[chosen]])[0]
    tied = mine >= found.best - 1e-12
    counts[chosen] = int(tied.sum())
    for row in found.winner[tied]:
        if row != chosen:
            counts[row] -= 1
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    top = np.argsort(-found.utility, kind="stable")[:8]
    contenders = np.array(
        list(dict.fromkeys([chosen, *order.tolist(), *top.tolist()]))[:_MOST_CONTENDERS]
    )
    values = problem.by_draw(bits[contenders])
    regret = found.best - mine
    p = counts / n_draws
    size = (
        int(np.searchsorted(np.cumsum(p[order]), SET_SHARE * p[order].sum() - 1e-12)) + 1
        if len(order)
        else 0
    )
    place = {int(row): k for k, row in enumerate(contenders)}

    def standing(row: int) -> Standing:
        lost = found.best - (
            values[place[row]] if row in place else problem.by_draw(bits[[row]])[0]
        )
        return Standing(row=row, p_optimal=float(p[row]), expected_regret_qaly=float(lost.mean()))

    parts = split(problem, bits[contenders])
    course = Learning(
        group="course of the disease",
        value_qaly=parts.course_qaly,
        n_numbers=problem.n_course_numbers,
    )
    learnt = (*learning(problem, bits[contenders], seed=seed), course)
    best_mean = max(float(values.mean(axis=1).max()), float(mine.mean()))
    return Certainty(
        chosen=chosen,
        p_optimal=float(p[chosen]),
        p_optimal_se=float(np.sqrt(max(p[chosen] * (1.0 - p[chosen]), 0.25 / n_draws) / n_draws)),
        n_draws=n_draws,
        n_optima=len(order),
        set90=tuple(standing(int(row)) for row in order[:size]),
        expected_regret_qaly=float(regret.mean()),
        regret_95_qaly=float(np.quantile(regret, 0.95)),
        evpi_qaly=float(found.best.mean() - best_mean),
        learning=tuple(sorted(learnt, key=lambda x: -x.value_qaly)),
        swings=swings(problem, bits, contenders),
        complete=complete,
        rival=rival(problem, bits, contenders, values),
        split=parts,
        discounted=discounted(problem, bits, contenders),
    )


def rival(
    problem: RegimenProblem, bits: NDArray[np.uint8], contenders: NDArray[np.int64], values: Array
) -> Rival | None:
    """Of the contenders that exchange one drug of the first for another, the one that is better in
    the most draws.

    Args:
        problem: The question.
        bits: (k, n) choices.
        contenders: (c,) rows, the choice first.
        values: (c, e) their utility under each draw.
    """
    mine = bits[contenders[0]] > 0
    found = []
    for row, value in zip(contenders[1:], values[1:], strict=True):
        other = bits[row] > 0
        out, new = np.flatnonzero(mine & ~other), np.flatnonzero(other & ~mine)
        if (
            len(out) == len(new) == 1
            and problem.options[out[0]].drug.inn != problem.options[new[0]].drug.inn
        ):
            found.append(Rival(row=int(row), p_better=float((value > values[0] + 1e-12).mean())))
    return max(found, key=lambda r: r.p_better, default=None)


def split(
    problem: RegimenProblem, contenders: NDArray[np.uint8], *, n_courses: int = _COURSES
) -> Split:
    """The course of the disease crossed with the draws of the numbers, and either averaged out.

    Args:
        problem: The question.
        contenders: (c, n) choices, the present one first.
        n_courses: Courses that are crossed with every draw.
    """
    changing = problem.changes_course(contenders)
    courses = problem.courses(n_courses if changing.any() else 1)
    # (c, e, k)
    utility = np.repeat(
        next(courses).by_draw(contenders)[:, :, None], n_courses if changing.any() else 1, axis=2
    )
    # what does not change the course is worth the same in all
    for k, asked in enumerate(courses, start=1):
        utility[changing, :, k] = asked.by_draw(contenders[changing])
    now = float(utility.mean(axis=(1, 2)).max())

    def shares(values: Array) -> tuple[float, float]:
        best = values.max(axis=0)
        return float((values[0] >= best - 1e-12).mean()), max(float(best.mean()) - now, 0.0)

    p_course, course_qaly = shares(utility.mean(axis=1))
    p_numbers, numbers_qaly = shares(utility.mean(axis=2))
    return Split(
        n_courses=utility.shape[2],
        n_draws=utility.shape[1],
        p_course=p_course,
        p_numbers=p_numbers,
        p_both=shares(utility)[0],
        course_qaly=course_qaly,
        numbers_qaly=numbers_qaly,
    )


def discounted(
    problem: RegimenProblem, bits: NDArray[np.uint8], contenders: Sequence[int] | NDArray[np.int64]
) -> tuple[Discounted, ...]:
    """The choice, first of the contenders, at the ends of the interval of the discount rate."""
    found = []
    for rate in outcome_table().constant["discount_rate"].ci or ():
        asked = problem.discounted(rate)
        utility = asked.of_draws(asked.by_draw(bits[np.asarray(contenders)]))
        best = int(np.argmax(utility))
        regret = float(utility[best] - utility[0])
        found.append(
            Discounted(
                rate_per_year=rate,
                row=int(contenders[best if regret > 1e-12 else 0]),
                regret_qaly=regret,
            )
        )
    return tuple(found)


def learning(
    problem: RegimenProblem,
    contenders: NDArray[np.uint8],
    *,
    seed: int,
    n_draws: int = _DRAWS,
    singly: bool = False,
) -> tuple[Learning, ...]:
    """Value of learning each group of numbers: what is gained by choosing after a regression on
    their scores, out of sample.

    Args:
        problem: The question.
        contenders: (c, n) choices among which is chosen, the present choice first.
        seed: Seed of the draws.
        n_draws: Draws; antithetic pairs stay in one fold.
        singly: Whether each number is a group of its own, named by its key.
    """
    drawn = Sampled(n=n_draws, seed=seed + 1)
    asked = problem.under(drawn)
    utility = asked.by_draw(contenders).T  # (e, c)
    asked.panel.span(problem.horizon_years)  # draws the costs of events
    gain = utility - utility[:, :1]
    fold = np.arange(n_draws) % (n_draws // 2) % _FOLDS
    groups: dict[str, list[Array]] = {}
    for parameter in drawn.parameters.values():
        groups.setdefault(parameter.key if singly else parameter.group, []).append(parameter.scores)
    now = max(float(gain.mean(axis=0).max()), 0.0)
    found = [
        Learning(
            group=name,
            value_qaly=max(_chosen_after(np.column_stack(scores), gain, fold) - now, 0.0),
            n_numbers=len(scores),
        )
        for name, scores in groups.items()
    ]
    return tuple(sorted(found, key=lambda x: -x.value_qaly))


def _chosen_after(scores: Array, gain: Array, fold: NDArray[np.int64]) -> float:
    """Mean gain of choosing, in each draw, what a ridge regression on the scores predicts to be
    best; fitted on the other folds.

    The ridge is chosen by the squared error of its predictions, over which the folds are as well.
    """
    features = (
        np.column_stack([scores, scores**2 - 1.0]) if scores.shape[1] <= len(fold) // 8 else scores
    )
    predicted = {ridge: np.empty_like(gain) for ridge in _RIDGE}
    for k in range(_FOLDS):
        out, rest = fold == k, fold != k
        x, y, center = features[rest], gain[rest], gain[rest].mean(axis=0)
        u, s, vt = np.linalg.svd(x, full_matrices=False)
        projected = u.T @ (y - center)
        for ridge, values in predicted.items():
            values[out] = center + features[out] @ (
                vt.T @ ((s / (s**2 + ridge))[:, None] * projected)
            )
    best = min(predicted.values(), key=lambda values: float(((values - gain) ** 2).sum()))
    return float(gain[np.arange(len(gain)), np.argmax(best, axis=1)].mean())


def swings(
    problem: RegimenProblem,
    bits: NDArray[np.uint8],
    contenders: Sequence[int] | NDArray[np.int64],
    *,
    shown: int = _SHOWN,
) -> tuple[Swing, ...]:
    """Every number to its 5th and 95th percentile, one at a time: which regimen is best there, and
    what the first one loses.

    Args:
        problem: The question.
        bits: (k, n) choices.
        contenders: Rows among which is chosen, the present choice first.
        shown: How many numbers to return; those that flip the choice all come.
    """
    problem.panel.span(problem.horizon_years)
    known = problem.panel.ignorance.parameters
    moved = OneAtATime.of(tuple(known))
    asked = problem.under(moved)
    values = asked.by_draw(bits[np.asarray(contenders)])  # (c, 2 p + 1)
    regret, row = values.max(axis=0) - values[0], np.asarray(contenders)[np.argmax(values, axis=0)]
    # where the first is not the best at the medians, what counts is how the gap moves from there
    ends = np.array([-moved.reach, moved.reach])
    found = []
    for k, (key, parameter) in enumerate(known.items()):
        low, high = parameter.quantity.at(ends)
        found.append(
            (
                abs(float(regret[2 * k + 1] - regret[0]))
                + abs(float(regret[2 * k + 2] - regret[0])),
                Swing(
                    parameter=moved.parameters.get(key, parameter),
                    low=float(low),
                    high=float(high),
                    regret_low=float(regret[2 * k + 1]),
                    regret_high=float(regret[2 * k + 2]),
                    row_low=int(row[2 * k + 1]),
                    row_high=int(row[2 * k + 2]),
                    row_median=int(row[0]),
                ),
            )
        )
    found.sort(
        key=lambda pair: (
            not pair[1].flips,
            -max(pair[1].regret_low, pair[1].regret_high),
            -pair[0],
        )
    )
    flipping = sum(swing.flips for _, swing in found)
    return tuple(swing for _, swing in found[: max(shown, flipping)])
