"""Doses of an antibody over time: the closed form against the compartments' equations, the amyloid
course against quadrature.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from qtwin.errors import InputError
from qtwin.pharmacology.formulary import drug
from qtwin.twin import disease
from qtwin.twin.dosing import HOURS_PER_YEAR, Dosing, antibody_dosing, two_compartment_modes
from qtwin.twin.simulate import integrate, stream

Array = NDArray[np.float64]
FORTNIGHT = 14.0 / 365.25
MEMBERS = 5


def _dosing(n_doses: int = 6, *, stop: float = np.inf, half_effect: float = 40.0) -> Dosing:
    return Dosing(
        times_years=np.arange(n_doses) * FORTNIGHT,
        amounts_mg=np.linspace(350.0, 700.0, n_doses),
        stop_years=np.full(MEMBERS, stop),
        clearance_L_per_year=np.linspace(80.0, 260.0, MEMBERS),
        intercompartmental_L_per_year=180.0,
        central_L=3.2,
        peripheral_L=2.2,
        rate_max_per_year=np.linspace(1.0, 6.0, MEMBERS),
        half_effect_mg_per_L=half_effect,
    )


def _by_matrix_exponential(d: Dosing, member: int, time_years: float) -> float:
    """Central concentration from A' = M A between doses, dose by dose."""
    cl, q = d.clearance_L_per_year[member], d.intercompartmental_L_per_year
    flow = np.array(
        [[-(cl + q) / d.central_L, q / d.peripheral_L], [q / d.central_L, -q / d.peripheral_L]]
    )
    total = np.zeros(2)
    for when, amount in zip(d.times_years, d.amounts_mg, strict=True):
        if when <= time_years and when < d.stop_years[member]:
            total += expm(flow * (time_years - when)) @ np.array([amount, 0.0])
    return float(total[0] / d.central_L)


@pytest.mark.parametrize("stop", [np.inf, 3.5 * FORTNIGHT])
def test_concentration_is_that_of_the_two_compartments(stop: float) -> None:
    d = _dosing(stop=stop)
    times = np.array([0.0, 0.01, 0.5 * FORTNIGHT, 2.0 * FORTNIGHT, 0.3])
    found = d.concentration_mg_per_L(times)
    expected = [[_by_matrix_exponential(d, m, t) for t in times] for m in range(MEMBERS)]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@given(k10=st.floats(0.1, 500.0), k12=st.floats(0.0, 500.0), k21=st.floats(0.01, 500.0))
def test_the_modes_are_the_eigenvalues_and_keep_the_dose(
    k10: float, k12: float, k21: float
) -> None:
    ((fast, slow, first, second),) = two_compartment_modes(np.array([k10]), k12, k21, 4.0)
    wanted = np.sort(-np.linalg.eigvals(np.array([[-(k10 + k12), k21], [k12, -k21]])).real)
    assert (slow, fast) == pytest.approx(tuple(wanted), rel=1e-9, abs=1e-12)
    assert first + second == pytest.approx(1.0 / 4.0)  # at the dose, all of it is in the centre
    # area under the curve: dose / clearance
    assert first / fast + second / slow == pytest.approx(1.0 / (4.0 * k10), rel=1e-9)


def test_amyloid_under_doses_agrees_with_all_compartments_integrated_as_equations() -> None:
    model, d = disease.load("alzheimer"), _dosing(12, stop=9.5 * FORTNIGHT)
    parameters, start = model.draw_prior(MEMBERS, seed=3, age_years=75)
    times = np.array([0.0, 0.1, 3 * FORTNIGHT, 0.9])
    found = integrate(model, parameters, start, np.full((1, MEMBERS), 0.05), times, dosing=[d])[0]
    for m in range(MEMBERS):
        state = np.concatenate([start[m], [0.0, 0.0]])

        def flow(t: float, y: Array, m: int = m) -> Array:
            dy = np.empty(8)
            c = y[6] / d.central_L
            cl, q = d.clearance_L_per_year[m], d.intercompartmental_L_per_year
            model.derivative(
                t,
                y[:6],
                parameters[m],
                0.05 + d.rate_max_per_year[m] * c / (c + d.half_effect_mg_per_L),
                dy[:6],
            )
            dy[6] = -(cl + q) * c + q / d.peripheral_L * y[7]
            dy[7] = q * c - q / d.peripheral_L * y[7]
            return dy

        at, expected = 0.0, [start[m]]
        marks = sorted({*times[1:].tolist(), *d.times_years.tolist()})
        doses = dict(zip(d.times_years.tolist(), d.amounts_mg.tolist(), strict=True))
        state[6] += doses.pop(0.0)
        for mark in marks:
            if mark > at:
                state = solve_ivp(
                    flow, (at, mark), state, method="LSODA", rtol=1e-10, atol=1e-12
                ).y[:, -1]
                at = mark
            if mark in times[1:]:
                expected.append(state[:6].copy())
            if mark in doses and mark < d.stop_years[m]:
                state[6] += doses[mark]
        np.testing.assert_allclose(found[m], expected, rtol=1e-4)  # 1e-6 a step


def test_without_doses_and_with_doses_that_never_come_the_course_is_the_same() -> None:
    model = disease.load("alzheimer")
    parameters, start = model.draw_prior(MEMBERS, seed=4, age_years=75)
    times, none = np.array([0.0, 1.0, 2.0]), np.zeros((2, MEMBERS))
    never = _dosing(stop=0.0)
    both = integrate(model, parameters, start, none, times, dosing=[None, never])
    np.testing.assert_allclose(both[0], both[1], rtol=1e-12)
    np.testing.assert_allclose(
        both[0], integrate(model, parameters, start, none[:1], times)[0], rtol=1e-12
    )


@pytest.mark.parametrize("name", ["lecanemab", "donanemab"])
def test_at_steady_state_the_mean_removal_is_the_calibrated_one(name: str) -> None:
    antibody = drug(name)
    interval = antibody.reference.interval_h / HOURS_PER_YEAR
    times = np.arange(60) * interval
    ones = np.ones(1)
    d = antibody_dosing(
        antibody,
        times,
        np.full(60, antibody.reference.amount_mg),
        clearance_factor=ones,
        effect_factor=ones,
    )
    late = times[-1] + (np.arange(4000) + 0.5) / 4000.0 * interval
    c = d.concentration_mg_per_L(late)[0]
    removal = d.rate_max_per_year[0] * np.mean(c / (c + d.half_effect_mg_per_L))
    assert removal == pytest.approx(antibody.effects["amyloid_clearance"].value, rel=1e-3)
    mean = antibody.reference.amount_mg / (
        antibody.kinetics["clearance"].value * antibody.reference.interval_h
    )
    assert c.mean() == pytest.approx(mean, rel=2e-3)  # dose / (clearance x interval), mg/L


def test_a_stream_is_the_batch_in_pieces() -> None:
    model, d = disease.load("alzheimer"), _dosing()
    parameters, start = model.draw_prior(MEMBERS, seed=5, age_years=75)
    times, removal = np.array([0.0, 0.5]), np.zeros((1, MEMBERS))
    whole = integrate(model, parameters, start, removal, times, dosing=[d])
    parts = list(stream(model, parameters, start, removal, times, dosing=[d], batch=2))
    assert [p.stop - p.start for p, _ in parts] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate([x for _, x in parts], axis=1), whole)


def test_doses_that_make_no_sense_are_refused() -> None:
    ones = np.ones(1)
    with pytest.raises(InputError, match="must increase"):
        antibody_dosing(
            drug("lecanemab"), np.zeros(2), np.ones(2), clearance_factor=ones, effect_factor=ones
        )
    with pytest.raises(InputError, match="removes no amyloid"):
        antibody_dosing(
            drug("donepezil"), np.zeros(1), ones, clearance_factor=ones, effect_factor=ones
        )
    model = disease.load("alzheimer")
    parameters, start = model.draw_prior(MEMBERS, seed=5, age_years=75)
    with pytest.raises(InputError, match="1 courses of doses came for 2"):
        integrate(
            model,
            parameters,
            start,
            np.zeros((2, MEMBERS)),
            np.array([0.0, 1.0]),
            dosing=[dataclasses.replace(_dosing())],
        )
