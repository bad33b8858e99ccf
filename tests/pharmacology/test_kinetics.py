"""Kinetics against closed forms: exponential, Bateman, AUC = F D / CL, superposition, steady
state.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from qtwin.errors import InputError
from qtwin.pharmacology.kinetics import (
    bolus_mg_per_L,
    mean_steady_state_ng_per_mL,
    oral_mg_per_L,
    relative_activity,
    repeated_mg_per_L,
)

positive = st.floats(0.05, 20.0)


def test_bolus_halves_every_half_life() -> None:
    half_life_h = np.log(2.0) * 30.0 / 5.0
    c = bolus_mg_per_L(
        np.array([0.0, half_life_h, 2 * half_life_h]),
        dose_mg=90.0,
        clearance_L_per_h=5.0,
        volume_L=30.0,
    )
    assert c == pytest.approx([3.0, 1.5, 0.75], rel=1e-12)


@given(ka=positive, clearance=positive, volume=st.floats(1.0, 200.0), f=st.floats(0.05, 1.0))
def test_area_under_one_oral_dose_is_f_dose_over_clearance(
    ka: float, clearance: float, volume: float, f: float
) -> None:
    def c(t: float) -> float:
        return float(
            oral_mg_per_L(
                np.array([t]),
                dose_mg=100.0,
                bioavailability=f,
                absorption_per_h=ka,
                clearance_L_per_h=clearance,
                volume_L=volume,
            )[0]
        )

    slow, fast = sorted((ka, clearance / volume))
    marks = sorted({0.0, *(x / fast for x in (1, 5, 20)), *(x / slow for x in (1, 5, 40))})
    area = sum(quad(c, a, b, limit=200, epsrel=1e-10)[0] for a, b in pairwise(marks))
    assert area == pytest.approx(f * 100.0 / clearance, rel=1e-6)


def test_absorption_equal_to_elimination_is_the_limit_of_the_bateman_curve() -> None:
    t = np.linspace(0.0, 30.0, 7)
    arguments = {
        "dose_mg": 10.0,
        "bioavailability": 1.0,
        "clearance_L_per_h": 2.0,
        "volume_L": 10.0,
    }
    exact = 10.0 / 10.0 * 0.2 * t * np.exp(-0.2 * t)
    assert oral_mg_per_L(t, absorption_per_h=0.2, **arguments) == pytest.approx(
        exact, rel=1e-12, abs=1e-15
    )
    assert oral_mg_per_L(t, absorption_per_h=0.2 + 1e-9, **arguments) == pytest.approx(
        exact, rel=1e-6, abs=1e-12
    )


def test_repeated_doses_superpose_and_average_to_the_steady_state() -> None:
    kinetics = {
        "bioavailability": 0.8,
        "absorption_per_h": 1.2,
        "clearance_L_per_h": 6.0,
        "volume_L": 100.0,
    }
    n, interval = 60, 12.0
    late = np.linspace((n - 1) * interval, n * interval, 4001)
    c = repeated_mg_per_L(late, dose_mg=50.0, interval_h=interval, n_doses=n, **kinetics)
    mean_ng_per_ml = 1000.0 * np.trapezoid(c, late) / interval
    expected = mean_steady_state_ng_per_mL(
        dose_mg=50.0, interval_h=interval, bioavailability=0.8, clearance_L_per_h=6.0
    )
    assert mean_ng_per_ml == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("score", "clearance"),
    [(0, 0), (0.5, 0.161), (0.75, 0.264), (1, 0.381), (1.25, 0.516), (2, 1), (3, 1.853)],
)
def test_activity_score_meets_the_published_clearances(score: float, clearance: float) -> None:
    assert relative_activity(score) == pytest.approx(clearance, rel=1e-12)


@given(a=st.floats(0.0, 4.0), b=st.floats(0.0, 4.0))
def test_more_activity_never_clears_less(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert relative_activity(low) <= relative_activity(high) + 1e-12


@pytest.mark.parametrize("score", [-1.0, float("nan"), float("inf")])
def test_an_impossible_activity_score_is_refused(score: float) -> None:
    with pytest.raises(InputError, match="activity score"):
        relative_activity(score)
