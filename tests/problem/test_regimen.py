"""The objective on the twin: mean, tail and switching cost, each against its definition; and the front of benefit and harm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtwin.patient.record import read_record
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import Dose
from qtwin.problem.pareto import front
from qtwin.problem.regimen import RegimenProblem, pose
from qtwin.twin.build import build_twin
from qtwin.twin.twin import kind_weights

DATA = Path(__file__).parents[2] / "experiments" / "data"
NAMES = ("donepezil", "memantine", "metoprolol", "bisoprolol", "paroxetine", "sertraline")


@pytest.fixture(scope="module")
def problem() -> RegimenProblem:
    patient = read_record(DATA / "quickstart_bundle.json", DATA / "quickstart_pharmcat.json")
    twin = build_twin(patient, (), disease_model="alzheimer", n_members=64, seed=3)
    options = [Dose(drug=d, amount_mg=d.doses[0].amount_mg, interval_h=d.doses[0].interval_h) for d in map(formulary.drug, NAMES)]
    return pose(twin, options, needs=(), max_drugs=4, horizon_years=1.0, kind_weights=kind_weights({}))


def _tail_mean(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """The mean of the worst `share`, member by member: the oracle."""
    left, total = share, 0.0
    for k in np.argsort(values):
        taken = min(left, float(weights[k]))
        total += taken * float(values[k])
        left -= taken
        if left <= 0:
            break
    return total / share


def test_the_tail_objective_is_the_mean_of_the_worst_members(problem: RegimenProblem) -> None:
    rows = problem.feasible_bits()[::7]
    utility = problem.member_utility(rows)
    weights = problem.twin.posterior.weights
    for share in (0.05, 0.25, 0.9):
        found = replace(problem, tail=share).objective(rows)
        expected = [_tail_mean(u, weights, share) for u in utility]
        np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(problem.objective(rows), utility @ weights, atol=1e-12)
    # a whole tail is the mean, and a smaller tail is never better
    np.testing.assert_allclose(replace(problem, tail=1.0 - 1e-12).objective(rows), utility @ weights, atol=1e-9)
    assert (replace(problem, tail=0.1).objective(rows) <= problem.objective(rows) + 1e-12).all()


def test_each_drug_started_or_stopped_costs_once(problem: RegimenProblem) -> None:
    switching = replace(problem, current=("metoprolol", "warfarin"), switching_cost_qaly=0.01)
    rows = np.array([[0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [1, 0, 0, 1, 0, 0]], dtype=np.uint8)
    # stopping warfarin, which is no candidate, is counted in every row
    np.testing.assert_allclose(problem.objective(rows) - switching.objective(rows), [0.02, 0.01, 0.04], atol=1e-12)


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
            benefit[j] >= benefit[k] and harm[j] <= harm[k] and (benefit[j], harm[j]) != (benefit[k], harm[k])
            for j in range(len(points))
        )

    assert {points[k] for k in kept} == {points[k] for k in range(len(points)) if not beaten(k)}
    assert (np.diff(harm[kept]) > 0).all()
    assert (np.diff(benefit[kept]) > 0).all()
