"""Virtual trials: virtual patients are enrolled, randomised, dosed, measured and lost, as in a real
one.

Every patient is simulated under every arm with the same latent variables, so beside what a trial
would see (measured values of those randomised and not lost) the true effect in each patient is
known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InfeasibleError, InputError, unknown_name
from qtwin.pharmacology.drug import ROUTES, Dose, Drug
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.formulary import drug as formulary_drug
from qtwin.pharmacology.panel import Person, build_panel
from qtwin.pharmacology.response import respond
from qtwin.pharmacology.risk import hazards_per_year, prospects
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.dosing import antibody_dosing
from qtwin.twin.simulate import integrate

Array = NDArray[np.float64]
DAYS_PER_YEAR = 365.25
WEEKS_PER_YEAR = DAYS_PER_YEAR / 7.0
# times as many are screened as wanted before the criteria are called unsatisfiable
_LARGEST_DRAW = 200


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """An inclusion criterion on a measured value: low <= value <= high, in the disease model's
    unit.
    """

    biomarker: str
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True, kw_only=True)
class Population:
    """Who is screened.

    Attributes:
        age_years: Mean age, for the prior.
        e4_share: Probability of 0, 1 and 2 copies of APOE e4.
        baseline: Latent quantity at the first visit, such as cdr_sb_0, to its mean and standard
            deviation (log-normal); the model's prior where nothing is said.
        criteria: Inclusion criteria on measured values.
    """

    age_years: float
    e4_share: tuple[float, float, float]
    baseline: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    criteria: tuple[Criterion, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Course:
    """A stretch of equal doses; `count` None: until the end of the trial."""

    amount_mg: float
    interval_days: float
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class StopRule:
    """Treatment ends when measured amyloid is under `once_centiloid`, or under `twice_centiloid` at
    two scans in a row.
    """

    weeks: tuple[float, ...]
    once_centiloid: float
    twice_centiloid: float


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What one group is given; no drug: placebo.

    Attributes:
        drug: Formulary name, or ''.
        courses: Doses, one course after the other.
        stop: When treatment ends early.
        dropout_per_year: Rate at which patients are lost.
    """

    name: str
    drug: str = ""
    courses: tuple[Course, ...] = ()
    stop: StopRule | None = None
    dropout_per_year: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A protocol: the first arm is the comparator.

    Attributes:
        weeks: Assessment times after baseline, increasing.
        endpoint: Biomarker of the disease model, analysed as its change from baseline.
    """

    model: DiseaseModel
    population: Population
    arms: tuple[Arm, ...]
    n_per_arm: int
    weeks: tuple[float, ...]
    endpoint: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Patients:
    """n enrolled patients: parameters (n, P), states (n, S) and measured biomarkers at baseline, e4
    copies, arm of each.
    """

    parameters: Array
    states: Array
    measured: Mapping[str, Array]
    e4_copies: NDArray[np.int64]
    arm: NDArray[np.int64]
    n_screened: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What happened.

    Attributes:
        times_years: (t,) baseline first.
        true: (arms, n, t) endpoint of every patient under every arm, without measurement error.
        measured: (n, t) measured endpoint in the patient's own arm; NaN after the patient was lost.
        states: (arms, n, t, S).
        stop_years: (arms, n) when treatment ended early; infinity: it did not.
        aria: (arms, n) probability of ARIA-E over the trial.
    """

    trial: Trial
    patients: Patients
    times_years: Array
    true: Array
    measured: Array
    states: Array
    stop_years: Array
    aria: Array


def _measure(model: DiseaseModel, biomarker: str, values: Array, rng: np.random.Generator) -> Array:
    spec = model.observables[biomarker]
    noise = spec.error * rng.standard_normal(values.shape)
    found = values * np.exp(noise) if spec.scale == "log" else values + noise
    if biomarker == "mmse":
        found = np.clip(found, 0.0, 30.0)
    return np.clip(found, 0.0, 18.0) if biomarker == "cdr_sb" else found


def _latent(trial: Trial, z: Array, copies: int) -> Array:
    """Standard normals moved so that the named quantities have the population's mean and spread."""
    model, population = trial.model, trial.population
    prior = model.log_prior(age_years=population.age_years, apoe_e4_copies=copies)
    moved = z.copy()
    for name, (mean, sd) in population.baseline.items():
        column = model.latent.index(name)
        log_sd = np.sqrt(np.log1p((sd / mean) ** 2))
        center, spread = prior[column]
        moved[:, column] = (
            np.log(mean) - 0.5 * log_sd**2 + log_sd * z[:, column] - center
        ) / spread
    return moved


def _screened(
    trial: Trial, size: int, rng: np.random.Generator
) -> tuple[Array, Array, dict[str, Array], NDArray[np.int64]]:
    """`size` people: parameters, states, measured biomarkers, e4 copies; in random order of
    copies.
    """
    model = trial.model
    copies = rng.choice(
        3, size=size, p=np.array(trial.population.e4_share) / sum(trial.population.e4_share)
    )
    z = rng.standard_normal((size, len(model.latent)))
    parameters, states = (
        np.empty((size, len(model.parameters))),
        np.empty((size, len(model.states))),
    )
    for k in range(3):
        rows = copies == k
        if rows.any():
            latent = _latent(trial, z[rows], k)
            parameters[rows], states[rows] = model.from_latent(
                latent, age_years=trial.population.age_years, apoe_e4_copies=k
            )
    measured = {
        key: _measure(model, key, model.observe(key, states), rng) for key in model.observables
    }
    return parameters, states, measured, copies.astype(np.int64)


def enrol(trial: Trial) -> Patients:
    """Screen until every arm is full, and randomise.

    Raises:
        InputError: for a biomarker or latent quantity that the model does not know.
        InfeasibleError: if hardly anybody meets the criteria.
    """
    model = trial.model
    for criterion in trial.population.criteria:
        if criterion.biomarker not in model.observables:
            raise unknown_name(
                f"biomarker for the {model.name} model", criterion.biomarker, model.observables
            )
    for name in trial.population.baseline:
        if name not in model.latent:
            raise unknown_name(f"baseline quantity of the {model.name} model", name, model.latent)
    wanted = trial.n_per_arm * len(trial.arms)
    rng = np.random.default_rng([trial.seed, 1])
    kept: list[tuple[Array, Array, dict[str, Array], NDArray[np.int64]]] = []
    found = screened = 0
    while found < wanted:
        if screened >= _LARGEST_DRAW * wanted:
            raise InfeasibleError(
                f"{found} of {screened} screened patients meet the inclusion criteria, "
                f"{wanted} were wanted",
                hint="widen the criteria or move the population's baseline towards them",
            )
        parameters, states, measured, copies = _screened(trial, wanted, rng)
        screened += wanted
        meets = np.ones(wanted, dtype=bool)
        for criterion in trial.population.criteria:
            value = measured[criterion.biomarker]
            meets &= (value >= criterion.low) & (value <= criterion.high)
        kept.append(
            (
                parameters[meets],
                states[meets],
                {k: v[meets] for k, v in measured.items()},
                copies[meets],
            )
        )
        found += int(meets.sum())
    arm = np.repeat(np.arange(len(trial.arms)), trial.n_per_arm)
    return Patients(
        parameters=np.concatenate([k[0] for k in kept])[:wanted],
        states=np.concatenate([k[1] for k in kept])[:wanted],
        measured={
            key: np.concatenate([k[2][key] for k in kept])[:wanted] for key in model.observables
        },
        e4_copies=np.concatenate([k[3] for k in kept])[:wanted],
        arm=np.random.default_rng([trial.seed, 2]).permutation(arm),
        n_screened=screened,
    )


def dose_times(courses: Sequence[Course], duration_years: float) -> tuple[Array, Array]:
    """(d,) times (years) and amounts (mg) of all doses before the end."""
    times: list[float] = []
    amounts: list[float] = []
    at = 0.0
    for course in courses:
        given = 0
        while at < duration_years and (course.count is None or given < course.count):
            times.append(at)
            amounts.append(course.amount_mg)
            at += course.interval_days / DAYS_PER_YEAR
            given += 1
    return np.array(times), np.array(amounts)


def _person(trial: Trial) -> Person:
    """Somebody of the trial's population: the drugs under trial are taken to be indicated."""
    numbers = {"age_years": trial.population.age_years, "mmse": 22.0, "amyloid_pet": 80.0}
    facts = Facts(
        numbers=numbers, conditions=frozenset({"alzheimer_disease", "dementia", "mild_dementia"})
    )
    return Person(
        activity=np.ones(len(ROUTES)),
        apoe_e4_share=trial.population.e4_share,
        hazards_per_year=hazards_per_year(facts),
        prospects=prospects(age_years=trial.population.age_years, sex="unknown", demented=True),
        facts=facts,
    )


def _symptomatic(trial: Trial, given: Drug, arm: Arm, size: int) -> Array:
    """(size,) MMSE points that a symptomatic drug adds at its last dose."""
    last = arm.courses[-1]
    dose = Dose(drug=given, amount_mg=last.amount_mg, interval_h=24.0 * last.interval_days)
    panel = build_panel([dose], _person(trial), n_members=size, seed=trial.seed)
    return np.asarray(respond(panel, np.zeros((1, 1), dtype=np.int64), horizon_years=1.0)[2][0])


def _stopped(rule: StopRule, weeks_years: Array, scans: Array) -> Array:
    """(n,) time of the first scan at which the rule is met; infinity: never."""
    low = scans < rule.once_centiloid
    if scans.shape[1] > 1:
        twice = (scans[:, 1:] < rule.twice_centiloid) & (scans[:, :-1] < rule.twice_centiloid)
        low[:, 1:] |= twice
    return np.where(low.any(axis=1), weeks_years[np.argmax(low, axis=1)], np.inf)


def run(trial: Trial, *, drugs: Mapping[str, Drug] | None = None) -> Outcome:
    """Enrol, treat and measure.

    Args:
        trial: The protocol.
        drugs: Drugs to take instead of the formulary's, by name.

    Raises:
        InputError: for an arm that cannot be simulated.
        InfeasibleError: if hardly anybody meets the criteria.
    """
    model, patients = trial.model, enrol(trial)
    if trial.endpoint not in model.observables:
        raise unknown_name(f"endpoint of the {model.name} model", trial.endpoint, model.observables)
    times = np.concatenate([[0.0], np.asarray(trial.weeks) / WEEKS_PER_YEAR])
    n, arms = len(patients.arm), len(trial.arms)
    rng = np.random.default_rng([trial.seed, 3])
    states = np.empty((arms, n, len(times), len(model.states)))
    true, stop_years, aria = (
        np.empty((arms, n, len(times))),
        np.full((arms, n), np.inf),
        np.zeros((arms, n)),
    )
    lost = np.full((arms, n), np.inf)
    chance = rng.exponential(size=n)
    # Each drug's spread between patients is drawn once: dose levels of one drug are compared in the
    # same people.
    spread = {
        name: rng.standard_normal((2, n)) for name in sorted({a.drug for a in trial.arms if a.drug})
    }
    for a, arm in enumerate(trial.arms):
        if arm.dropout_per_year > 0.0:
            lost[a] = chance / arm.dropout_per_year
        stop_years[a] = lost[a]
        offset: Array | float = 0.0
        given = None if not arm.drug else (drugs or {}).get(arm.drug) or formulary_drug(arm.drug)
        if given is not None and not arm.courses:
            raise InputError(
                f"arm {arm.name!r} gives {arm.drug} without doses",
                hint="add [[arm.course]] with amount and interval",
            )
        if given is not None and "amyloid_clearance" in given.effects:
            states[a], stop_years[a] = _on_antibody(
                trial, arm, given, patients, times, spread[arm.drug], lost[a], rng
            )
            years = np.minimum(stop_years[a], times[-1])
            excess = np.array([given.effects[f"aria_excess_{k}"].value for k in range(3)])[
                patients.e4_copies
            ]
            rate = arm.courses[-1].amount_mg / arm.courses[-1].interval_days
            reference = given.reference.amount_mg / given.reference.interval_h * 24.0
            aria[a] = -np.expm1(-excess * rate / reference * years)
        else:
            states[a] = integrate(
                model, patients.parameters, patients.states, np.zeros((1, n)), times
            )[0]
            if given is not None:
                offset = _symptomatic(trial, given, arm, n)[:, None] * (times > 0.0)
        true[a] = model.observe(trial.endpoint, states[a])
        if trial.endpoint == "mmse":
            true[a] = np.clip(true[a] + offset, 0.0, 30.0)
    own = true[patients.arm, np.arange(n)]
    measured = np.column_stack(
        [
            patients.measured[trial.endpoint],
            *(_measure(model, trial.endpoint, own[:, k], rng) for k in range(1, len(times))),
        ]
    )
    measured[times[None, :] > lost[patients.arm, np.arange(n)][:, None]] = np.nan
    return Outcome(
        trial=trial,
        patients=patients,
        times_years=times,
        true=true,
        measured=measured,
        states=states,
        stop_years=stop_years,
        aria=aria,
    )


def _on_antibody(
    trial: Trial,
    arm: Arm,
    given: Drug,
    patients: Patients,
    times: Array,
    spread: Array,
    lost: Array,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """(n, t, S) states and (n,) end of treatment: once to see the scans, once more with treatment
    stopped by them.
    """
    model = trial.model
    when, amounts = dose_times(arm.courses, times[-1])

    def play(stop_years: Array, at: Array) -> Array:
        dosing = antibody_dosing(
            given,
            when,
            amounts,
            clearance_factor=np.exp(given.kinetics["clearance"].person_log_sd * spread[0]),
            effect_factor=np.exp(given.effects["amyloid_clearance"].person_log_sd * spread[1]),
            stop_years=stop_years,
        )
        none = np.zeros((1, len(stop_years)))
        return np.asarray(
            integrate(model, patients.parameters, patients.states, none, at, dosing=[dosing])[0]
        )

    stop_years = lost
    if arm.stop is not None:
        scan_years = np.asarray(arm.stop.weeks) / WEEKS_PER_YEAR
        seen = play(lost, np.unique([0.0, *scan_years]))[:, 1:]
        scans = _measure(
            model, "amyloid_pet_centiloid", model.observe("amyloid_pet_centiloid", seen), rng
        )
        stop_years = np.minimum(lost, _stopped(arm.stop, scan_years, scans))
    return play(stop_years, times), stop_years
