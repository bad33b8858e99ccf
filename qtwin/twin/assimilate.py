"""From visits to a posterior: importance sampling from one prior ensemble, tempered SMC when too
few members survive.

Latent variables are standard normal a priori. Importance sampling reweights `n_prior` draws by the
likelihood of all visits; if fewer than `ESS_WANTED` effective members remain, the posterior is
reached in steps of the likelihood's power instead (tempered sequential Monte Carlo, Del Moral,
Doucet and Jasra 2006, J R Stat Soc B 68:411), each step reweighted, resampled and moved by
random-walk Metropolis with the ensemble's own covariance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, log_ndtr

from qtwin.errors import InputError
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.simulate import integrate

Array = NDArray[np.float64]
ESS_WANTED = 200.0
PRIOR_DRIVEN_ABOVE = 0.85
_MOVES = 8


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One measured value in the disease model's unit, at a time since the first visit; `error` if
    it is not the model's own.
    """

    time_years: float
    biomarker: str
    value: float
    error: float | None = None


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What the visits taught about one log-normal quantity, on the natural logarithm.

    Attributes:
        name: The latent variable.
        prior_mean, prior_sd: Of ln quantity before the visits.
        posterior_mean, posterior_sd: Of ln quantity after them.
        contraction: Posterior contraction, one minus posterior over prior variance; 0: nothing was
            learnt (Schad, Betancourt, Vasishth 2021, Psychol Methods 26:103).
    """

    name: str
    prior_mean: float
    prior_sd: float
    posterior_mean: float
    posterior_sd: float
    contraction: float


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """What the visits leave possible.

    Attributes:
        latent: (m, L) latent variables, standard normal a priori.
        log_prior: (L, 2) prior mean and standard deviation of the natural logarithm of each latent
            quantity.
        parameters: (m, P); state_first, state_now: (m, S) at the first and at the last visit.
        weights: (m,) adding to 1; equal after resampling.
        span_years: Time from the first to the last visit.
        effective_sample_size: Of the importance weights, or the smallest of the tempering steps.
        method: How it was found.
        observations: What was used, sorted.
        offset: Points added to the model's MMSE by the medicines taken during the visits.
        removal_per_year: Amyloid removal by an antibody taken during the visits.
    """

    latent: Array
    log_prior: Array
    parameters: Array
    state_first: Array
    state_now: Array
    weights: Array
    span_years: float
    effective_sample_size: float
    method: str
    observations: tuple[Observation, ...]
    offset: float
    removal_per_year: float

    def contraction(self) -> Array:
        """(L,) one minus posterior over prior variance of each latent variable; 0: the visits
        taught nothing about it.
        """
        mean = np.average(self.latent, axis=0, weights=self.weights)
        return np.asarray(1.0 - np.average((self.latent - mean) ** 2, axis=0, weights=self.weights))

    def learnt(self, model: DiseaseModel) -> tuple[Learnt, ...]:
        """Prior and posterior of every quantity that differs between patients."""
        mean = np.average(self.latent, axis=0, weights=self.weights)
        return tuple(
            Learnt(
                name=name,
                prior_mean=float(center),
                prior_sd=float(sd),
                posterior_mean=float(center + sd * z),
                posterior_sd=float(sd * np.sqrt(1.0 - contracted)),
                contraction=float(contracted),
            )
            for name, (center, sd), z, contracted in zip(
                model.latent, self.log_prior, mean, self.contraction(), strict=True
            )
        )

    def prior_driven(self, model: DiseaseModel) -> tuple[bool, str]:
        """Whether the visits say too little about this patient's own speed of decline, and why."""
        left = float(np.sqrt(1.0 - self.contraction()[model.latent.index(model.speed)]))
        n_times = len({o.time_years for o in self.observations})
        visits = f"{n_times} visit{'s' if n_times != 1 else ''}"
        seen = f"after {visits} the spread of the decline rate is {100 * left:.0f} % of the prior's"
        if left > PRIOR_DRIVEN_ABOVE:
            return (
                True,
                f"prior-driven: {seen}; how fast this patient declines is mostly the "
                "population's answer",
            )
        return False, f"{seen}: the patient's own course informs the twin"


def _times(observations: Sequence[Observation]) -> Array:
    return np.asarray(np.unique([0.0, *(o.time_years for o in observations)]))


def _course(
    model: DiseaseModel, parameters: Array, start: Array, times: Array, removal: float
) -> Array:
    if len(times) == 1:
        return start[:, None, :]
    return np.asarray(
        integrate(model, parameters, start, np.full((1, len(start)), removal), times)[0]
    )


def _log_likelihood(
    model: DiseaseModel,
    states: Array,
    times: Array,
    observations: Sequence[Observation],
    offset: float,
) -> Array:
    total = np.zeros(len(states))
    for o in observations:
        spec = model.observables[o.biomarker]
        predicted = model.observe(o.biomarker, states[:, int(np.searchsorted(times, o.time_years))])
        if o.biomarker == "mmse":
            predicted = np.clip(predicted + offset, 0.0, 30.0)
        log_gap = np.log(max(o.value, 1e-6)) - np.log(np.maximum(predicted, 1e-6))
        gap = (log_gap if spec.scale == "log" else o.value - predicted) / (o.error or spec.error)
        # the scale ends here: all that is known is "30 or more"
        if o.biomarker == "mmse" and o.value >= 30.0:
            total += log_ndtr(-gap)
        else:
            total -= 0.5 * gap**2
    return total


def _resample(weights: Array, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Systematic resampling: (size,) indices."""
    marks = (rng.random() + np.arange(size)) / size
    return np.minimum(np.searchsorted(np.cumsum(weights), marks), len(weights) - 1)


def _normalised(log_weights: Array) -> Array:
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum())


def _ess(weights: Array) -> float:
    return float(1.0 / np.sum(weights**2))


def tidy(model: DiseaseModel, observations: Sequence[Observation]) -> tuple[Observation, ...]:
    """Sorted by time and name, exact duplicates once, only what the model can observe; so the order
    they came in is nothing.

    Raises:
        InputError: for a value or time that is not finite, or a time before the first visit.
    """
    for o in observations:
        if not (np.isfinite(o.value) and np.isfinite(o.time_years)) or o.time_years < 0.0:
            raise InputError(
                f"{o.biomarker} of {o.value} at {o.time_years} years came",
                hint="values and times must be finite, times >= 0",
            )
    kept = {
        (o.time_years, o.biomarker, o.value): o
        for o in observations
        if o.biomarker in model.observables
    }
    return tuple(kept[k] for k in sorted(kept))


def assimilate(
    model: DiseaseModel,
    observations: Sequence[Observation],
    *,
    age_years: float,
    apoe_e4_copies: int | None,
    removal_per_year: float = 0.0,
    mmse_offset: float = 0.0,
    n_members: int = 2048,
    n_prior: int = 20_000,
    seed: int = 0,
) -> Posterior:
    """The posterior ensemble of one patient.

    Args:
        model: Disease model.
        observations: Measured values in model units; any order, duplicates allowed.
        age_years: What the prior may depend on.
        apoe_e4_copies: 0, 1, 2 or None if unknown; the prior depends on it.
        removal_per_year: Amyloid removal by an antibody taken during the visits.
        mmse_offset: Effect of the medicines taken during the visits on the MMSE (points).
        n_members: Members of the posterior.
        n_prior: Draws of the shared prior ensemble.
        seed: Seed of everything random.

    Returns:
        The posterior; without observations, the prior itself.
    """
    used = tidy(model, observations)
    times = _times(used)
    rng = np.random.default_rng([seed, 2])
    size = max(n_prior if used else n_members, n_members)

    def at(z: Array) -> tuple[Array, Array, Array]:
        parameters, start = model.from_latent(z, age_years=age_years, apoe_e4_copies=apoe_e4_copies)
        return parameters, start, _course(model, parameters, start, times, removal_per_year)

    z = rng.standard_normal((size, len(model.latent)))
    log_l = _log_likelihood(model, at(z)[2], times, used, mmse_offset)
    weights = _normalised(log_l)
    effective = _ess(weights)
    method = "prior, no visits" if not used else "importance sampling"
    if used and effective < ESS_WANTED:
        method = "tempered SMC with resample-move"
        z, effective = _temper(
            lambda x: (
                np.zeros(len(x)),
                _log_likelihood(model, at(x)[2], times, used, mmse_offset),
            ),
            z[:n_members],
            rng,
        )
    elif used:
        z = z[_resample(weights, n_members, rng)]
    parameters, start, states = at(z)
    return Posterior(
        latent=z,
        log_prior=model.log_prior(age_years=age_years, apoe_e4_copies=apoe_e4_copies),
        parameters=parameters,
        state_first=start,
        state_now=np.ascontiguousarray(states[:, -1]),
        weights=np.full(len(z), 1.0 / len(z)),
        span_years=float(times[-1]),
        effective_sample_size=effective,
        method=method,
        observations=used,
        offset=mmse_offset,
        removal_per_year=removal_per_year,
    )


def _next_power(log_l: Array, power: float) -> float:
    """The largest power up to 1 at which half of the members stay effective, by bisection."""

    def holds(candidate: float) -> bool:
        return _ess(_normalised((candidate - power) * log_l)) >= 0.5 * len(log_l)

    if holds(1.0):
        return 1.0
    low, high = power, 1.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return max(low, power + 1e-9)


def _temper(
    evidence: Callable[[Array], tuple[Array, Array]], z: Array, rng: np.random.Generator
) -> tuple[Array, float]:
    """Members of prior x exp(first evidence) moved to prior x exp(first + second evidence), in
    steps of the second's power.

    Args:
        evidence: (n, L) latent variables to two log-likelihoods: what the members know already, and
            what is new.
        z: (n, L) members.
        rng: Randomness of resampling and moves.

    Returns:
        The new members and the smallest effective sample size of the steps.
    """
    power, smallest = 0.0, float(len(z))
    old, new = evidence(z)
    while power < 1.0:
        step = _next_power(new, power)
        weights = _normalised((step - power) * new)
        smallest = min(smallest, _ess(weights))
        chosen = _resample(weights, len(z), rng)
        z, old, new, power = z[chosen], old[chosen], new[chosen], step
        spread = np.linalg.cholesky(np.cov(z.T) + 1e-9 * np.eye(z.shape[1])).T * (
            2.38 / np.sqrt(z.shape[1])
        )
        scale = 1.0
        for _ in range(_MOVES):
            proposal = z + scale * rng.standard_normal(z.shape) @ spread
            old_there, new_there = evidence(proposal)
            gain = (
                old_there
                - old
                + power * (new_there - new)
                - 0.5 * (np.sum(proposal**2, axis=1) - np.sum(z**2, axis=1))
            )
            accept = np.log(rng.random(len(z))) < gain
            z = np.where(accept[:, None], proposal, z)
            old, new = np.where(accept, old_there, old), np.where(accept, new_there, new)
            scale *= float(np.clip(np.exp(accept.mean() - 0.25), 0.7, 1.4))
    return z, smallest


def update(
    model: DiseaseModel,
    posterior: Posterior,
    observations: Sequence[Observation],
    *,
    age_years: float,
    apoe_e4_copies: int | None,
    seed: int = 0,
) -> Posterior:
    """The posterior after further visits, from the one before: its members are reweighted by what
    is new, resampled and moved.

    The order in which visits come in changes nothing but Monte-Carlo error; visits known already
    change nothing at all.

    Args:
        model: Disease model.
        posterior: What was known.
        observations: Further measured values in model units, timed as those of `posterior`.
        age_years: As given to `assimilate`.
        apoe_e4_copies: As given to `assimilate`.
        seed: Seed of resampling and moves.

    Raises:
        InputError: for a value or time that is not finite, or a time before the first visit.
    """
    known = set(posterior.observations)
    fresh = tuple(o for o in tidy(model, observations) if o not in known)
    if not fresh:
        return posterior
    used = tidy(model, (*posterior.observations, *fresh))
    times = _times(used)
    rng = np.random.default_rng([seed, 3, len(used)])

    def evidence(z: Array) -> tuple[Array, Array]:
        parameters, start = model.from_latent(z, age_years=age_years, apoe_e4_copies=apoe_e4_copies)
        states = _course(model, parameters, start, times, posterior.removal_per_year)
        old, new = (
            _log_likelihood(model, states, times, part, posterior.offset)
            for part in (posterior.observations, fresh)
        )
        return old, new

    z, effective = _temper(evidence, posterior.latent, rng)
    parameters, start = model.from_latent(z, age_years=age_years, apoe_e4_copies=apoe_e4_copies)
    states = _course(model, parameters, start, times, posterior.removal_per_year)
    return replace(
        posterior,
        latent=z,
        parameters=parameters,
        state_first=start,
        state_now=np.ascontiguousarray(states[:, -1]),
        weights=np.full(len(z), 1.0 / len(z)),
        span_years=float(times[-1]),
        effective_sample_size=effective,
        method="updated by resample-move",
        observations=used,
    )


def predict(model: DiseaseModel, posterior: Posterior, biomarker: str, times_years: Array) -> Array:
    """(m, t) error-free biomarker at times since the first visit, under the medicines taken during
    the visits.
    """
    times = np.unique(np.concatenate([[0.0], times_years]))
    states = _course(
        model, posterior.parameters, posterior.state_first, times, posterior.removal_per_year
    )
    values = model.observe(biomarker, states[:, np.searchsorted(times, times_years)])
    return np.clip(values + posterior.offset, 0.0, 30.0) if biomarker == "mmse" else values


def bands(
    model: DiseaseModel,
    posterior: Posterior,
    times_years: Array,
    *,
    levels: tuple[float, ...] = (0.025, 0.5, 0.975),
) -> dict[str, Array]:
    """Quantiles (levels, t) of each biomarker that was measured, without measurement error, at
    times since the first visit.
    """
    measured = sorted({o.biomarker for o in posterior.observations})
    return {
        key: np.quantile(predict(model, posterior, key, times_years), levels, axis=0)
        for key in measured
    }


# Whether the disease model can explain the visits at all: their distance from the posterior's
# course, in errors of measurement.
#
# If the model holds, the sum of squares over n measurements is about a chi-square of n degrees of
# freedom, or less, since the course was fitted to them; one that would come less than once in a
# thousand times says that no course of the model goes through them.

UNLIKELY = 1e-3


def distance_squared(model: DiseaseModel, posterior: Posterior) -> float:
    """Sum over the measurements of (value - median of the course)^2 / error^2, on the scale on
    which the error is.
    """
    total = 0.0
    for o in posterior.observations:
        spec = model.observables[o.biomarker]
        middle = float(
            np.median(predict(model, posterior, o.biomarker, np.array([o.time_years]))[:, 0])
        )
        gap = (
            np.log(max(o.value, 1e-6)) - np.log(max(middle, 1e-6))
            if spec.scale == "log"
            else o.value - middle
        )
        total += float(gap / (o.error or spec.error)) ** 2
    return total


def why_misfit(model: DiseaseModel, posterior: Posterior) -> str:
    """A plain statement if the model does not fit the visits, '' if it does."""
    n = len(posterior.observations)
    distance = distance_squared(model, posterior) if n else 0.0
    if n == 0 or chdtrc(float(n), distance) >= UNLIKELY:
        return ""
    return (
        "the disease model does not fit these visits: the measurements lie "
        f"{np.sqrt(distance / n):.1f} errors from its course on"
        " average; check them, and do not trust the forecast"
    )
