"""Patients drawn from a disease model's own prior, measured with its own errors, and what
`assimilate` makes of them.

A measured MMSE ends at 30, so simulated readings are clipped to 0-30; the likelihood takes a
reading of 30 as "30 or more". ``clip_mmse=False`` leaves the readings as drawn.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.twin.assimilate import Observation, assimilate, predict
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.simulate import integrate

Array = NDArray[np.float64]
HORIZON_YEARS = 3.0
VISIT_GAP_YEARS = 0.5
AT_FIRST_VISIT = "amyloid_pet_centiloid"
AT_EVERY_VISIT = ("cdr_sb", "mmse", "plasma_p_tau217_fold")
AHEAD = "cdr_sb_ahead"
"""Name of the derived quantity: error-free CDR-SB `HORIZON_YEARS` after the last visit."""
LEVELS = (0.80, 0.95)
N_DRAWS = 63


@dataclass(frozen=True, kw_only=True)
class Patients:
    """Simulated patients whose truth is known.

    Attributes:
        model: Name of the disease model that made them.
        latent_names: (L,) names of the latent variables.
        latent: (n, L) true latent variables.
        observations: What each patient's visits measured.
        ahead_points: (n,) error-free CDR-SB `HORIZON_YEARS` after the last visit.
        n_visits: Visits of each patient, `VISIT_GAP_YEARS` apart.
        n_clipped: MMSE readings that were moved to 0 or 30.
        age_years, apoe_e4_copies: What the prior was told.
    """

    model: str
    latent_names: tuple[str, ...]
    latent: Array
    observations: tuple[tuple[Observation, ...], ...]
    ahead_points: Array
    n_visits: int
    n_clipped: int
    age_years: float
    apoe_e4_copies: int | None


@dataclass(frozen=True, kw_only=True)
class Fits:
    """What `assimilate` made of each simulated patient.

    Attributes:
        patients: Who they are.
        fitted_by: Name of the model that was fitted.
        quantities: (Q,) names: latent variables, then `AHEAD`; only `AHEAD` if another model made
            the patients.
        truth: (n, Q) true values.
        draws: (n, d, Q) thinned posterior draws.
        levels: Nominal coverage of the intervals.
        ahead_low_points, ahead_high_points: (n, levels) ends of the central intervals for `AHEAD`,
            from all members.
        effective_sample_size: (n,) as `assimilate` says: of the weights, or the smallest of the
            tempering steps.
        distinct_share: (n,) share of members that are not copies of another.
        tempered: (n,) whether importance sampling was too poor.
        seconds: (n,) time of `assimilate`.
    """

    patients: Patients
    fitted_by: str
    quantities: tuple[str, ...]
    truth: Array
    draws: Array
    levels: tuple[float, ...]
    ahead_low_points: Array
    ahead_high_points: Array
    effective_sample_size: Array
    distinct_share: Array
    tempered: NDArray[np.bool_]
    seconds: Array


def schedule(n_visits: int, biomarkers: Sequence[str]) -> tuple[tuple[float, str], ...]:
    """(years, biomarker) of every measurement: half-yearly visits, amyloid PET at the first, the
    others at each.

    Args:
        n_visits: Number of visits.
        biomarkers: What may be measured; others are left out.

    Raises:
        InputError: for no visits.
    """
    if n_visits < 1:
        raise InputError(f"expected at least 1 visit, got {n_visits}", hint="take 1, 2, 3, 5 or 7")
    first = [(0.0, AT_FIRST_VISIT)] if AT_FIRST_VISIT in biomarkers else []
    each = [
        (VISIT_GAP_YEARS * k, key)
        for k in range(n_visits)
        for key in AT_EVERY_VISIT
        if key in biomarkers
    ]
    return (*first, *each)


def simulated_patients(
    model: DiseaseModel,
    n_patients: int,
    *,
    n_visits: int,
    biomarkers: Sequence[str] | None = None,
    age_years: float = 75.0,
    apoe_e4_copies: int | None = 1,
    clip_mmse: bool = True,
    seed: int = 0,
) -> Patients:
    """Patients from the model's prior, without medicines, measured with the model's errors.

    Args:
        model: Disease model.
        n_patients: How many.
        n_visits: Visits of each.
        biomarkers: What may be measured; all that the model has by default.
        age_years: What the prior may depend on.
        apoe_e4_copies: 0, 1, 2 or None if unknown.
        clip_mmse: End readings of the MMSE at 0 and 30, as real ones do; the likelihood does not
            know of it.
        seed: Seed of everything random.

    Raises:
        InputError: for no patients or no visits.
    """
    if n_patients < 1:
        raise InputError(f"expected at least 1 patient, got {n_patients}", hint="take 200")
    plan = schedule(
        n_visits, [k for k in model.observables if biomarkers is None or k in biomarkers]
    )
    rng = np.random.default_rng([seed, n_visits, 11])
    latent = rng.standard_normal((n_patients, len(model.latent)))
    parameters, start = model.from_latent(
        latent, age_years=age_years, apoe_e4_copies=apoe_e4_copies
    )
    last = VISIT_GAP_YEARS * (n_visits - 1)
    times = np.append(VISIT_GAP_YEARS * np.arange(n_visits), last + HORIZON_YEARS)
    states = integrate(model, parameters, start, np.zeros((1, n_patients)), times)[0]
    values, n_clipped = np.empty((n_patients, len(plan))), 0
    for column, (at_years, key) in enumerate(plan):
        spec = model.observables[key]
        exact = model.observe(key, states[:, int(np.searchsorted(times, at_years))])
        noise = spec.error * rng.standard_normal(n_patients)
        measured = exact * np.exp(noise) if spec.scale == "log" else exact + noise
        if key == "mmse" and clip_mmse:
            n_clipped += int(((measured < 0.0) | (measured > 30.0)).sum())
            measured = np.clip(measured, 0.0, 30.0)
        values[:, column] = measured
    return Patients(
        model=model.name,
        latent_names=model.latent,
        latent=latent,
        observations=tuple(
            tuple(
                Observation(time_years=at, biomarker=key, value=float(v))
                for (at, key), v in zip(plan, row, strict=True)
            )
            for row in values
        ),
        ahead_points=np.ascontiguousarray(model.observe("cdr_sb", states[:, -1])),
        n_visits=n_visits,
        n_clipped=n_clipped,
        age_years=age_years,
        apoe_e4_copies=apoe_e4_copies,
    )


def fit(
    model: DiseaseModel,
    patients: Patients,
    *,
    n_members: int = 2048,
    n_prior: int = 20_000,
    n_draws: int = N_DRAWS,
    levels: tuple[float, ...] = LEVELS,
    seed: int = 0,
) -> Fits:
    """Assimilate every simulated patient, each with a seed of its own.

    Args:
        model: The model to fit; it need not be the one that made the patients.
        patients: From `simulated_patients`.
        n_members: As for `assimilate`.
        n_prior: As for `assimilate`.
        n_draws: Posterior draws kept of each patient, taken at random without replacement.
        levels: Nominal coverage of the intervals for CDR-SB ahead.
        seed: Seed of everything random.

    Raises:
        InputError: if more draws than members are wanted.
    """
    if not 1 <= n_draws <= n_members:
        raise InputError(
            f"expected 1 to {n_members} draws, got {n_draws}",
            hint="take 63",
        )
    n, known = len(patients.observations), patients.model == model.name
    seeds = np.random.SeedSequence([seed, patients.n_visits, 12]).generate_state(n)
    rng = np.random.default_rng([seed, patients.n_visits, 13])
    quantities = (*model.latent, AHEAD) if known else (AHEAD,)
    draws = np.empty((n, n_draws, len(quantities)))
    low, high = np.empty((n, len(levels))), np.empty((n, len(levels)))
    ess, distinct, seconds, tempered = (
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.zeros(n, dtype=bool),
    )
    ahead_years = np.array([VISIT_GAP_YEARS * (patients.n_visits - 1) + HORIZON_YEARS])
    tails = 0.5 * (1.0 - np.array(levels))
    for i, observations in enumerate(patients.observations):
        begun = time.perf_counter()
        posterior = assimilate(
            model,
            observations,
            age_years=patients.age_years,
            apoe_e4_copies=patients.apoe_e4_copies,
            n_members=n_members,
            n_prior=n_prior,
            seed=int(seeds[i]),
        )
        seconds[i] = time.perf_counter() - begun
        ahead = predict(model, posterior, "cdr_sb", ahead_years)
        every = np.hstack([posterior.latent, ahead]) if known else ahead
        draws[i] = every[rng.choice(len(every), n_draws, replace=False, p=posterior.weights)]
        low[i], high[i] = np.quantile(ahead[:, 0], tails), np.quantile(ahead[:, 0], 1.0 - tails)
        ess[i], tempered[i] = (
            posterior.effective_sample_size,
            posterior.method.startswith("tempered"),
        )
        distinct[i] = len(np.unique(posterior.latent[:, 0])) / len(posterior.latent)
    return Fits(
        patients=patients,
        fitted_by=model.name,
        quantities=quantities,
        truth=np.column_stack([patients.latent, patients.ahead_points])
        if known
        else patients.ahead_points[:, None],
        draws=draws,
        levels=levels,
        ahead_low_points=low,
        ahead_high_points=high,
        effective_sample_size=ess,
        distinct_share=distinct,
        tempered=tempered,
        seconds=seconds,
    )
