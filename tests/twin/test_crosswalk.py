"""MoCA as MMSE: the published pairs, the wider error, and an MMSE of the same day before it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from qtwin.patient.person import Visit
from qtwin.twin.assimilate import Observation, assimilate
from qtwin.twin.build import ERROR_POINTS, mmse_of_moca, observations_of
from qtwin.twin.disease import load

DAY = dt.date(2024, 3, 1)


def _visit(biomarker: str, value: float, days: int = 0) -> Visit:
    return Visit(date=DAY + dt.timedelta(days=days), biomarker=biomarker, value=value, unit="point")


@pytest.mark.parametrize(
    ("moca", "mmse"), [(2, 7), (10, 17), (17, 24), (18, 25), (20, 26), (26, 29), (27, 30), (30, 30)]
)
def test_published_pairs(moca: float, mmse: float) -> None:
    """Fasnacht 2023, the table of MoCA to MMSE."""
    assert mmse_of_moca(moca) == mmse


@pytest.mark.parametrize("moca", [0.0, 1.0, 30.5])
def test_what_the_crosswalk_does_not_cover_is_not_guessed(moca: float) -> None:
    with pytest.raises(ValueError, match="covers"):
        mmse_of_moca(moca)
    assert observations_of([_visit("moca", min(moca, 1.0))], DAY) == ()


def test_an_mmse_of_the_same_day_goes_before() -> None:
    found = observations_of([_visit("moca", 20), _visit("mmse", 24), _visit("moca", 18, 366)], DAY)
    assert [(o.biomarker, o.value, o.error) for o in found] == [
        ("mmse", 24, None),
        ("mmse", 25, ERROR_POINTS),
    ]


def test_a_converted_score_says_less_than_a_measured_one() -> None:
    model = load("alzheimer")

    def spread(error: float | None) -> float:
        visits = [
            Observation(time_years=t, biomarker="mmse", value=24.0 - 3.0 * t, error=error)
            for t in (0.0, 1.0, 2.0)
        ]
        found = assimilate(
            model, visits, age_years=75.0, apoe_e4_copies=1, n_members=1000, n_prior=4000, seed=3
        )
        return float(np.sqrt(1.0 - found.contraction()[model.latent.index(model.speed)]))

    assert spread(None) < spread(ERROR_POINTS) < 1.05
