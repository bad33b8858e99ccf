"""The objective on the twin: mean, worst cases and switching cost, each by its definition; and the
front of benefit and harm.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtwin.patient.record import read_record
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.panel import PEOPLE
from qtwin.problem.regimen import Over, RegimenProblem, pose
from qtwin.report.pareto import front
from qtwin.twin.build import build_twin
from qtwin.twin.twin import kind_weights

DATA = Path(__file__).parents[2] / "experiments" / "data"
NAMES = ("donepezil", "memantine", "metoprolol", "bisoprolol", "paroxetine", "sertraline")


@pytest.fixture(scope="module")
def problem() -> RegimenProblem:
    patient = read_record(DATA / "quickstart_bundle.json", DATA / "quickstart_pharmcat.json")
    twin = build_twin(patient, (), disease_model="alzheimer", n_members=100, seed=3)
    options = [
        Dose(drug=d, amount_mg=d.doses[0].amount_mg, interval_h=d.doses[0].interval_h)
        for d in map(formulary.drug, NAMES)
    ]
    return pose(
        twin, options, needs=(), max_drugs=4, horizon_years=1.0, kind_weights=kind_weights({})
    )


def _worst_mean(values: np.ndarray, share: float) -> float:
    """The mean of the worst `share`, one by one, the last of them in part: the oracle."""
    left, total = share * len(values), 0.0
    for value in sorted(values):
        taken = min(left, 1.0)
        total += taken * float(value)
        left -= taken
        if left <= 0:
            break
    return total / (share * len(values))


def test_the_objective_is_the_mean_over_people_and_draws(problem: RegimenProblem) -> None:
    rows = problem.feasible_bits()[::7]
    utility = problem.member_utility(rows)
    by_draw = problem.by_draw(rows)
    expected = [
        [u[d * PEOPLE : (d + 1) * PEOPLE].mean() for d in range(problem.panel.n_draws)]
        for u in utility
    ]
    np.testing.assert_allclose(by_draw, expected, atol=1e-12)
    np.testing.assert_allclose(problem.objective(rows), np.mean(expected, axis=1), atol=1e-12)


@pytest.mark.parametrize("alpha", [0.05, 0.25, 0.3, 0.9])
def test_the_worst_people_are_those_under_each_draw(problem: RegimenProblem, alpha: float) -> None:
    rows = problem.feasible_bits()[::7]
    utility = problem.member_utility(rows)
    guarded = problem.replaced(cvar_alpha=alpha, cvar_over="people")
    expected = [
        [_worst_mean(u[d * PEOPLE : (d + 1) * PEOPLE], alpha) for d in range(problem.panel.n_draws)]
        for u in utility
    ]
    np.testing.assert_allclose(guarded.by_draw(rows), expected, atol=1e-12)
    np.testing.assert_allclose(guarded.objective(rows), np.mean(expected, axis=1), atol=1e-12)
    assert (guarded.objective(rows) <= problem.objective(rows) + 1e-12).all()


@pytest.mark.parametrize("alpha", [0.05, 0.25, 0.3, 0.9])
def test_the_worst_draws_are_those_of_the_mean_over_people(
    problem: RegimenProblem, alpha: float
) -> None:
    rows = problem.feasible_bits()[::7]
    guarded = problem.replaced(cvar_alpha=alpha, cvar_over="ignorance")
    np.testing.assert_allclose(guarded.by_draw(rows), problem.by_draw(rows), atol=1e-12)
    expected = [_worst_mean(u, alpha) for u in problem.by_draw(rows)]
    np.testing.assert_allclose(guarded.objective(rows), expected, atol=1e-12)
    assert (guarded.objective(rows) <= problem.objective(rows) + 1e-12).all()


@pytest.mark.parametrize("over", ["people", "ignorance"])
def test_all_of_them_are_the_mean(problem: RegimenProblem, over: Over) -> None:
    rows = problem.feasible_bits()[::7]
    for alpha in (1.0, 1.0 - 1e-12):
        found = problem.replaced(cvar_alpha=alpha, cvar_over=over).objective(rows)
        np.testing.assert_allclose(found, problem.objective(rows), atol=1e-9)


def test_medicines_that_go_on_are_in_every_choice_and_their_own_utility_is_not_counted(
    problem: RegimenProblem,
) -> None:
    options, beside = problem.options[:5], problem.options[2]
    kept = [o for o in options if o is not beside]
    going_on = pose(
        problem.twin,
        kept,
        needs=(),
        max_drugs=4,
        horizon_years=1.0,
        kind_weights=kind_weights({}),
        going_on=(beside,),
    )
    rows = np.array([[0, 0, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0]], dtype=np.uint8)
    assert going_on.rows(rows).shape == (3, 5)
    with_it = np.insert(rows, 2, 1, axis=1)
    whole = np.concatenate([with_it, np.zeros((3, 1), dtype=np.uint8)], axis=1)
    alone = np.zeros((1, 6), dtype=np.uint8)
    alone[0, 2] = 1
    np.testing.assert_allclose(
        going_on.objective(rows), problem.objective(whole) - problem.objective(alone), atol=1e-12
    )
    assert going_on.objective(rows)[0] == 0.0
    # paroxetine costs more beside the metoprolol that goes on
    only = pose(
        problem.twin, kept, needs=(), max_drugs=4, horizon_years=1.0, kind_weights=kind_weights({})
    )
    assert (
        going_on.objective(np.array([[0, 0, 0, 1]]))[0]
        < only.objective(np.array([[0, 0, 0, 1]]))[0]
    )


def test_each_drug_started_or_stopped_costs_once(problem: RegimenProblem) -> None:
    switching = problem.replaced(current=("metoprolol", "warfarin"), switching_cost_qaly=0.01)
    rows = np.array([[0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [1, 0, 0, 1, 0, 0]], dtype=np.uint8)
    # stopping warfarin, which is no candidate, is counted in every row
    np.testing.assert_allclose(
        problem.objective(rows) - switching.objective(rows), [0.02, 0.01, 0.04], atol=1e-12
    )


def test_benefit_less_harm_is_the_utility(problem: RegimenProblem) -> None:
    rows = problem.feasible_bits()[::5]
    both = problem.benefit_and_harm(rows)
    np.testing.assert_allclose(both[:, 0] - both[:, 1], problem.objective(rows), atol=1e-12)


def test_a_thinned_problem_asks_the_same_question(problem: RegimenProblem) -> None:
    thin = problem.thinned(16)
    assert thin.twin.n_members == 16
    rows = problem.feasible_bits()
    assert np.corrcoef(thin.objective(rows), problem.objective(rows))[0, 1] > 0.9


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=25))
def test_the_front_is_what_no_other_beats(points: list[tuple[int, int]]) -> None:
    benefit, harm = (np.array(column, dtype=float) for column in zip(*points, strict=True))
    kept = front(benefit, harm)

    def beaten(k: int) -> bool:
        return any(
            benefit[j] >= benefit[k]
            and harm[j] <= harm[k]
            and (benefit[j], harm[j]) != (benefit[k], harm[k])
            for j in range(len(points))
        )

    assert {points[k] for k in kept} == {points[k] for k in range(len(points)) if not beaten(k)}
    assert (np.diff(harm[kept]) > 0).all()
    assert (np.diff(benefit[kept]) > 0).all()


def test_only_what_changes_the_course_depends_on_which_course_is_known(
    problem: RegimenProblem,
) -> None:
    lecanemab = formulary.drug("lecanemab")
    options = (*problem.options[:2], Dose(drug=lecanemab, amount_mg=700.0, interval_h=336.0))
    asked = pose(
        problem.twin,
        options,
        needs=(),
        max_drugs=3,
        horizon_years=1.0,
        kind_weights=kind_weights({}),
    )
    bits = np.array([[1, 0, 0], [0, 0, 1], [1, 0, 1]], dtype=np.uint8)
    assert asked.changes_course(bits).tolist() == [False, True, True]
    assert not problem.changes_course(problem.feasible_bits()).any()
    values = np.array([known.by_draw(bits) for known in asked.courses(3)])  # (k, r, e)
    assert (np.ptp(values[:, 0], axis=0) < 1e-12).all()
    assert (np.ptp(values[:, 1], axis=0) > 1e-6).any()
    # a symptomatic drug adds the same whatever the course is
    np.testing.assert_allclose(
        values[:, 2] - values[:, 1],
        np.repeat((values[:1, 2] - values[:1, 1]), 3, axis=0),
        atol=1e-12,
    )


def test_a_higher_discount_rate_makes_a_benefit_worth_less(problem: RegimenProblem) -> None:
    row = np.array([[1, 0, 0, 0, 0, 0]], dtype=np.uint8)
    benefit = [problem.discounted(rate).benefit_and_harm(row)[0, 0] for rate in (0.0, 0.03, 0.05)]
    assert benefit[0] > benefit[1] > benefit[2] > 0.0
    assert benefit[1] == pytest.approx(problem.benefit_and_harm(row)[0, 0], rel=1e-12)
