"""Calibrated numbers are re-derived: arithmetic is arithmetic, and nothing calibrated stands
without a derivation.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from qtwin.errors import InputError
from qtwin.pharmacology.formulary import drug
from qtwin.twin.calibrate import (
    calibrated,
    derive,
    donepezil_fit,
    evaluate,
    p_tau_fit,
    trial_fit,
    with_rate,
)
from qtwin.twin.protocol import shipped_trial
from qtwin.twin.trial import run


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("1 - 1/1.35", 0.259259),
        ("(59 + 105) / 2 / 0.68", 120.588),
        ("log(3.86) / 0.1", 13.5067),
        ("-2**2", -4.0),
    ],
)
def test_formulas_are_plain_arithmetic(formula: str, value: float) -> None:
    assert evaluate(formula) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize(
    "formula", ["__import__('os')", "x + 1", "1 +", "1 / 0", "log(-1)", "'a'", "[1]"]
)
def test_anything_else_is_refused(formula: str) -> None:
    with pytest.raises(InputError):
        evaluate(formula)


def test_every_calibrated_number_is_rederived() -> None:
    results = derive(with_trials=False)
    assert {r.place[-1] for r in results} >= {
        "adas_cog_max",
        "kout",
        "beta1_half_odds",
        "p_tau_per_tau",
    }
    assert not [f"{r.file} {r.place}: {r.stored} but {r.derived}" for r in results if not r.holds]


def test_the_fits_pass_through_their_data() -> None:
    maximum, half = donepezil_fit()
    low, high = 28.5388, 57.0776  # 5 and 10 mg over 24 h at 7.3 L/h, ng/mL
    assert maximum * low / (low + half) == pytest.approx(1.95, rel=1e-3)
    assert maximum * high / (high + half) == pytest.approx(2.48, rel=1e-3)
    per_amyloid, per_tau = p_tau_fit()
    assert 1.0 + 0.6 * per_amyloid + 0.02 * per_tau == pytest.approx(2.0)
    assert 1.0 + 1.0 * per_amyloid + 0.45 * per_tau == pytest.approx(3.5)


def test_the_spread_that_is_fitted_moves_the_trial() -> None:
    trial = shipped_trial("trailblazer-alz2", n_per_arm=400)
    figures = []
    for spread in (0.0, 1.5):
        outcome = run(trial, drugs={"donanemab": with_rate(drug("donanemab"), 2.5, spread)})
        amyloid = trial.model.observe("amyloid_pet_centiloid", outcome.states[1])
        figures.append(float(np.std(np.log(amyloid[:, -1] / amyloid[:, 0]))))
    assert figures[1] > 1.5 * figures[0]


@pytest.mark.slow
def test_the_fit_to_the_trials_gives_the_stored_values() -> None:
    fit = trial_fit()
    stored = {
        place[-1] if place[-1] != "amyloid_clearance" else file[6:-5]: entry
        for file, place, entry in calibrated()
    }
    for key in ("r", "wA", "tau_growth", "lecanemab", "donanemab"):
        assert fit[key] == pytest.approx(stored[key]["value"], rel=0.02), key
    assert fit["log_sd"] == pytest.approx(stored["lecanemab"]["person_log_sd"], rel=0.02)
    assert math.isfinite(fit["r"])
