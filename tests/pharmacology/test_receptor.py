"""Receptors: half at Kd, Gaddum fractions bounded, antagonists monotone, the closed form of the
heart-rate fall.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtwin.pharmacology.outcome import outcome_table
from qtwin.pharmacology.receptor import heart_rate_fall, occupancy, operational_response

odds = st.floats(0.0, 1e6)


def test_half_of_the_receptors_are_held_at_kd() -> None:
    assert occupancy(1.0) == 0.5


@given(a=odds, b=odds)
def test_two_antagonists_share_the_receptors(a: float, b: float) -> None:
    together = occupancy(a + b)
    assert max(occupancy(a), occupancy(b)) - 1e-12 <= together <= 1.0


@given(a=st.floats(1e-3, 1e3), b=odds, tau=st.floats(0.1, 100.0), n=st.floats(0.5, 2.0))
def test_an_antagonist_only_lowers_the_response_and_more_agonist_overcomes_it(
    a: float, b: float, tau: float, n: float
) -> None:
    free = operational_response(a, 0.0, efficacy_tau=tau, slope=n)
    blocked = operational_response(a, b, efficacy_tau=tau, slope=n)
    assert blocked <= free + 1e-12
    # Gaddum: with dose ratio 1 + B the (1 + a + B) term of a rises in step, so the shifted curve
    # meets the free one far out
    assert operational_response(1e12 * (1 + b), b, efficacy_tau=tau, slope=n) == pytest.approx(
        tau**n / (1 + tau**n), rel=1e-3
    )


@given(a=st.floats(0.01, 10.0), tau=st.floats(0.1, 20.0), b=odds)
def test_the_heart_rate_fall_is_the_closed_form_of_the_operational_model(
    a: float, tau: float, b: float
) -> None:
    share = 0.4
    relative = operational_response(a, b, efficacy_tau=tau) / operational_response(
        a, 0.0, efficacy_tau=tau
    )
    expected = share * (1.0 - relative)
    assert heart_rate_fall(
        b, sympathetic_share=share, half_odds=1 + a * (1 + tau)
    ) == pytest.approx(expected, abs=1e-12)


def test_heart_rate_falls_of_liu_2003_are_met() -> None:
    """Metoprolol 25/50/75 mg every 8 h, ADRB1 Arg389: -6.3, -10.1, -14.4 %; odds in proportion to
    the dose.
    """
    c = {k: q.value for k, q in outcome_table().constant.items()}
    per_25_mg = 2.05  # 25 mg / 8 h / 90 L/h * 0.88 unbound / 267.4 g/mol over K = 55 nM (pKD 7.26)
    fall = 100 * heart_rate_fall(
        per_25_mg * np.array([1.0, 2.0, 3.0]),
        sympathetic_share=c["beta1_sympathetic_share"],
        half_odds=c["beta1_half_odds"],
    )
    assert fall == pytest.approx([6.3, 10.1, 14.4], abs=1.0)
