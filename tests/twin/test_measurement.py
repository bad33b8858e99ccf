"""Expected information gain: the closed form for normals, and what must teach nothing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from qtwin.patient.person import Patient, Provenance, Visit
from qtwin.twin.build import build_twin
from qtwin.twin.measurement import CLINIC, LATEST_YEARS, advise, candidates, information_nats
from qtwin.twin.twin import Twin


@pytest.mark.parametrize("error", [0.3, 1.0, 3.0])
def test_a_noisy_reading_of_a_normal_quantity_gains_half_the_log_of_one_plus_signal_over_noise(
    error: float,
) -> None:
    rng = np.random.default_rng(1)
    target = rng.standard_normal(40_000)
    measured = target + error * rng.standard_normal(40_000)
    expected = 0.5 * np.log1p(1.0 / error**2)
    assert information_nats(measured[:, None], target) == pytest.approx(expected, abs=0.02)
    # any monotone scale
    assert information_nats(np.exp(measured)[:, None], target**3) == pytest.approx(
        expected, abs=0.02
    )


def test_two_readings_gain_as_one_of_half_the_variance() -> None:
    rng = np.random.default_rng(2)
    target = rng.standard_normal(40_000)
    twice = target[:, None] + rng.standard_normal((40_000, 2))
    assert information_nats(twice, target) == pytest.approx(0.5 * np.log1p(2.0), abs=0.02)


def test_noise_teaches_nothing_and_neither_does_anything_about_what_is_known() -> None:
    rng = np.random.default_rng(3)
    assert information_nats(rng.standard_normal((20_000, 1)), rng.standard_normal(20_000)) < 0.001
    assert information_nats(rng.standard_normal((100, 1)), np.ones(100)) == 0.0


def _twin(n_visits: int) -> Twin:
    day = dt.date(2024, 1, 1)
    visits = [
        Visit(date=day + dt.timedelta(days=182 * k), biomarker=key, value=value, unit="point")
        for k in range(n_visits)
        for key, value in (("cdr_sb", 4.0 + 0.5 * k), ("mmse", 24.0 - k))
    ]
    patient = Patient(
        patient_id="p",
        age_years=75.0,
        sex="female",
        weight_kg=60.0,
        height_cm=160.0,
        creatinine_clearance_mL_per_min=60.0,
        apoe_e4_copies=1,
        genotypes={},
        conditions=(),
        medications=(),
        visits=tuple(visits),
        consent=None,
        provenance=Provenance(kind="test", sha256=("0",), synthetic=True),
    )
    return build_twin(patient, (), disease_model="alzheimer", n_members=1024, seed=4)


def test_later_visits_teach_more_and_scans_that_are_known_teach_little() -> None:
    found = candidates(_twin(2))
    clinic = [c for c in found if c.biomarkers == CLINIC]
    gains = [c.prognosis_nats for c in clinic]
    assert gains == sorted(gains)
    at_one = {c.biomarkers: c for c in found if c.time_years == 1.0}
    assert (
        at_one[("cdr_sb",)].prognosis_nats
        > at_one[("mmse",)].prognosis_nats
        > at_one[("amyloid_pet_centiloid",)].prognosis_nats
    )
    assert at_one[CLINIC].prognosis_nats >= at_one[("cdr_sb",)].prognosis_nats - 0.01
    assert at_one[CLINIC].cost_eur == at_one[("cdr_sb",)].cost_eur + at_one[("mmse",)].cost_eur


def test_advice_ranks_by_price_and_says_when_to_come_back() -> None:
    advice = advise(_twin(2))
    worth = [c.per_100_eur for c in advice.candidates]
    assert worth == sorted(worth, reverse=True)
    assert 0.0 < advice.come_back_years <= LATEST_YEARS
    assert "forecast" in advice.reason
