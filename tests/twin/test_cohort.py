"""Twins of a cohort: the population is found again, forecasts beat the baselines and cover; nothing
of the last visit is used.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.patient.cohort import Cohort, Subject, read_cohort
from qtwin.twin import disease
from qtwin.twin.cohort import error_sd, evaluate
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.simulate import integrate
from tests.oracles.public_data import PUBLIC_DATA

Array = NDArray[np.float64]
PUBLIC = PUBLIC_DATA / "leaspy" / "alzheimer.csv"


def _cohort(
    model: DiseaseModel, n: int, *, ln_stage: float, ln_speed: float, error: float, seed: int
) -> Cohort:
    """Subjects of one population, seen yearly three to six times."""
    rng = np.random.default_rng(seed)
    z = np.zeros((n, len(model.latent)))
    prior = model.log_prior(age_years=72.0, apoe_e4_copies=None)
    for name, mean, sd in ((model.stage, ln_stage, 0.8), (model.speed, ln_speed, 0.6)):
        k = model.latent.index(name)
        z[:, k] = (mean + sd * rng.standard_normal(n) - prior[k, 0]) / prior[k, 1]
    parameters, states = model.from_latent(z, age_years=72.0, apoe_e4_copies=None)
    times = np.arange(7.0)
    mmse = model.observe("mmse", integrate(model, parameters, states, np.zeros((1, n)), times)[0])
    subjects = []
    for k in range(n):
        seen = int(rng.integers(3, 7))
        true = mmse[k, :seen]
        noisy = np.clip(
            np.round(true + error_sd(true, error) * rng.standard_normal(seen)), 0.0, 30.0
        )
        subjects.append(Subject(subject=k + 1, times_years=times[:seen], mmse=noisy))
    return Cohort(subjects=tuple(subjects), sha256="", notes=())


@pytest.mark.parametrize(("ln_stage", "ln_speed"), [(0.8, -1.3), (-0.5, -1.8)])
def test_the_population_is_found_again_and_intervals_cover(
    ln_stage: float, ln_speed: float
) -> None:
    model = disease.load("alzheimer")
    result = evaluate(
        model, _cohort(model, 150, ln_stage=ln_stage, ln_speed=ln_speed, error=2.5, seed=3), seed=1
    )
    assert result.population.mean[0] == pytest.approx(ln_stage, abs=0.3)
    assert result.population.mean[1] == pytest.approx(ln_speed, abs=0.35)
    # rounding and the ceiling take some of it
    assert result.population.error == pytest.approx(2.5, rel=0.25)
    assert 0.70 <= result.coverage_80 <= 0.95  # whole points: an interval holds at least its share
    assert result.coverage_95 >= 0.87


def test_twins_beat_both_baselines_where_people_decline_at_their_own_speed() -> None:
    model = disease.load("alzheimer")
    twin, carried, sloped = evaluate(
        model, _cohort(model, 150, ln_stage=1.0, ln_speed=-1.2, error=2.0, seed=4), seed=1
    ).scores
    assert twin.mae < 0.9 * carried.mae
    assert twin.mae < 0.95 * sloped.mae


def test_the_held_out_visit_changes_nothing_but_the_score() -> None:
    model = disease.load("alzheimer")
    cohort = _cohort(model, 40, ln_stage=0.8, ln_speed=-1.3, error=2.0, seed=5)
    changed = Cohort(
        subjects=tuple(
            Subject(subject=s.subject, times_years=s.times_years, mmse=np.append(s.mmse[:-1], 3.0))
            for s in cohort.subjects
        ),
        sha256="",
        notes=(),
    )
    one, other = (evaluate(model, c, seed=2) for c in (cohort, changed))
    assert [f.median for f in one.forecasts] == [f.median for f in other.forecasts]
    assert one.scores[0].mae < other.scores[0].mae


@pytest.mark.slow
def test_a_mixed_cohort_with_healthy_people_is_no_worse_than_carrying_forward() -> None:
    """Half of them stay near 29: the ceiling must not pull their forecasts down."""
    model = disease.load("alzheimer")
    well = _cohort(model, 80, ln_stage=-2.0, ln_speed=-3.0, error=2.0, seed=6).subjects
    ill = _cohort(model, 80, ln_stage=1.0, ln_speed=-1.3, error=2.0, seed=7).subjects
    mixed = Cohort(subjects=(*well, *ill), sha256="", notes=())
    result = evaluate(model, mixed, seed=1)
    assert result.scores[0].mae <= result.scores[1].mae
    assert result.coverage_80 >= 0.72


def test_too_few_subjects_are_refused() -> None:
    model = disease.load("alzheimer")
    with pytest.raises(InputError, match="at least 10"):
        evaluate(model, _cohort(model, 6, ln_stage=0.8, ln_speed=-1.3, error=2.0, seed=5))


@pytest.mark.skipif(not PUBLIC.exists(), reason="the public cohort is not there")
@pytest.mark.parametrize("name", disease.TABLE)
def test_the_public_synthetic_cohort_imports_and_is_forecast(name: str) -> None:
    cohort = read_cohort(PUBLIC, scale="impairment")
    assert len(cohort.subjects) == 200
    assert sum(len(s.mmse) for s in cohort.subjects) > 1900
    result = evaluate(disease.load(name), cohort, seed=0)
    twin, carried, sloped = result.scores
    assert twin.mae_high < carried.mae + 0.1
    assert twin.mae < sloped.mae
    assert 0.72 <= result.coverage_80 <= 0.88
    assert 0.90 <= result.coverage_95 <= 0.99
