"""Survival against closed forms of a constant hazard: years alive, remaining quality-adjusted life,
and what a death costs.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.pharmacology.ignorance import Known
from qtwin.pharmacology.outcome import KINDS, OUTCOMES
from qtwin.pharmacology.panel import build_panel
from qtwin.pharmacology.response import respond
from qtwin.pharmacology.risk import Prospects, Span, span
from tests.oracles.people import a_person, reference_doses

YEARS = 150  # long enough to be for ever
UTILITY = 0.408 + 0.01 * 20.0


def _span(
    hazard: float,
    horizon_years: float,
    *,
    rate: float = 0.03,
    beyond: bool = True,
    factor: float = 1.0,
) -> Span:
    return span(
        Prospects(hazard_per_year=np.full(YEARS, hazard), mmse=np.full(YEARS, 20.0)),
        horizon_years=horizon_years,
        hazard_factor=np.array([factor]),
        utility_base=np.array([0.408]),
        utility_per_mmse=np.array([0.01]),
        discount_per_year=rate,
        beyond=beyond,
    )


hazards, horizons, rates = st.floats(0.02, 0.6), st.floats(0.25, 10.0), st.floats(0.0, 0.05)
few = settings(max_examples=25, deadline=None)


@few
@given(hazard=hazards, horizon=horizons, rate=rates)
def test_a_constant_hazard_has_the_closed_forms(hazard: float, horizon: float, rate: float) -> None:
    found, both = _span(hazard, horizon, rate=rate), hazard + rate

    def ever(start: float) -> float:
        """Discounted years from `start` to the end of the table, of who is alive at `start`."""
        return math.exp(-rate * start) * -math.expm1(-both * (YEARS - start)) / both

    assert found.alive[0] == pytest.approx(-math.expm1(-hazard * horizon) / hazard, rel=1e-4)
    within = float(found.weights @ np.exp(-found.cumulative[0]))
    assert within == pytest.approx(-math.expm1(-both * horizon) / both, rel=1e-4)
    # quality-adjusted life left to who is alive at the horizon, seen from now
    assert found.remaining[0] == pytest.approx(UTILITY * ever(horizon), rel=1e-3)
    assert found.at_event[0] == pytest.approx(UTILITY * ever(horizon / 2), rel=1e-3)
    assert found.cumulative_end[0] == pytest.approx(hazard * horizon)


@few
@given(hazard=hazards, horizon=horizons, duration=st.floats(0.01, 30.0))
def test_years_lived_after_an_event_end_with_it_or_with_life(
    hazard: float, horizon: float, duration: float
) -> None:
    start, both = horizon / 2, hazard + 0.03
    expected = math.exp(-0.03 * start) * -math.expm1(-both * duration) / both
    assert _span(hazard, horizon).lived(np.array([duration]))[0] == pytest.approx(
        expected, rel=1e-3
    )


def test_only_the_horizon_counts_where_so_asked() -> None:
    found = _span(0.1, 2.0, beyond=False)
    assert found.remaining[0] == 0.0
    assert found.at_event[0] == pytest.approx(
        UTILITY * math.exp(-0.03) * -math.expm1(-0.13) / 0.13, rel=1e-3
    )


def test_life_within_and_after_a_horizon_is_the_whole_wherever_it_is_cut() -> None:
    def whole(horizon: float) -> float:
        found = _span(0.12, horizon)
        return float(
            found.weights @ (np.exp(-found.cumulative[0]) * found.utility[0])
            + math.exp(-found.cumulative_end[0]) * found.remaining[0]
        )

    expected = UTILITY / 0.15
    assert [whole(h) for h in (0.5, 1.5, 4.0, 10.0)] == pytest.approx([expected] * 4, rel=1e-3)


def test_the_hazard_factor_multiplies_and_utility_is_held_between_0_and_1() -> None:
    assert _span(0.1, 3.0, factor=2.0).cumulative_end[0] == pytest.approx(0.6)
    low = span(
        Prospects(hazard_per_year=np.full(9, 0.1), mmse=np.linspace(30.0, 0.0, 9)),
        horizon_years=8.0,
        hazard_factor=np.ones(2),
        utility_base=np.array([-0.2, 0.9]),
        utility_per_mmse=np.array([0.02, 0.02]),
        discount_per_year=0.03,
        beyond=True,
    )
    assert (low.utility >= 0.0).all()
    assert (low.utility <= 1.0).all()
    assert low.utility.min() == 0.0
    assert low.utility.max() == 1.0


def test_a_death_costs_exactly_the_remaining_life() -> None:
    """As the hazard ratio grows death is at once and loses all quality-adjusted life from now on;
    with ratio 1, nothing.
    """
    panel = build_panel(
        reference_doses("olanzapine"), a_person(), n_members=8, seed=0, ignorance=Known()
    )
    lived, _ = panel.span(1.5)
    within = float(lived.weights @ (np.exp(-lived.cumulative[0]) * lived.utility[0]))
    whole = within + math.exp(-lived.cumulative_end[0]) * float(lived.remaining[0])
    column = OUTCOMES.index("death")
    for log_ratio, expected, tolerance in ((0.0, 0.0, 0.0), (12.0, -whole, 0.01)):
        deadly = panel.effects.hazard_log_ratio.copy()
        deadly[:, :, column] = log_ratio
        changed = build_panel(
            reference_doses("olanzapine"), a_person(), n_members=8, seed=0, ignorance=Known()
        )
        object.__setattr__(changed, "effects", panel.effects._replace(hazard_log_ratio=deadly))
        kinds = respond(changed, np.array([[0]]), horizon_years=1.5)[1][0]
        np.testing.assert_allclose(
            kinds[:, KINDS.index("survival")], expected, rtol=tolerance, atol=1e-12
        )
        if log_ratio:
            # a benefit accrues to the living
            assert np.abs(kinds[:, KINDS.index("behaviour")]).max() < 1e-3
