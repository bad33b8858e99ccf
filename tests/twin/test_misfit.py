"""Visits that no course of the model explains are said; those drawn from the model are not."""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.twin.assimilate import Observation, assimilate, why_misfit
from qtwin.twin.disease import load


def _said(values: list[float]) -> str:
    model = load("alzheimer")
    visits = [
        Observation(time_years=0.5 * k, biomarker="mmse", value=v) for k, v in enumerate(values)
    ]
    return why_misfit(
        model,
        assimilate(
            model, visits, age_years=74.0, apoe_e4_copies=None, n_members=400, n_prior=4000, seed=1
        ),
    )


@pytest.mark.parametrize("values", [[27.0, 9.0, 28.0, 6.0], [5.0, 29.0, 5.0, 29.0]])
def test_what_goes_up_and_down_is_said(values: list[float]) -> None:
    assert "does not fit" in _said(values)


@pytest.mark.parametrize("values", [[], [24.0], [26.0, 25.0, 25.0, 23.0], [20.0, 18.0, 17.0, 14.0]])
def test_a_usual_course_is_not(values: list[float]) -> None:
    assert _said(values) == ""


def test_courses_of_the_model_itself_are_seldom_called_a_misfit() -> None:
    """Twenty members with the model's own error: at a level of 1 in 1000 none is expected, one is
    luck.
    """
    model, rng = load("alzheimer"), np.random.default_rng(5)
    prior = assimilate(model, [], age_years=74.0, apoe_e4_copies=1, n_members=200, seed=2)
    error = model.observables["mmse"].error
    called = 0
    for k in range(20):
        start = float(model.observe("mmse", prior.state_first[k : k + 1])[0])
        values = np.clip(
            start - np.array([0.0, 0.8, 1.7, 2.5]) + error * rng.standard_normal(4), 0.0, 30.0
        )
        called += bool(_said([float(v) for v in values]))
    assert called <= 1
