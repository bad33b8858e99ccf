"""The twin beside published figures: what each of them is in the model, computed from simulated
trials and cohorts.

Figures come from ``data/published.toml``. Targets may be fitted by `qtwin.twin.calibrate`; checks
never are.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.twin import disease
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.protocol import shipped_trial
from qtwin.twin.simulate import integrate
from qtwin.twin.trial import Arm, Course, Outcome, Population, Trial, enrol, run

Array = NDArray[np.float64]
_RESAMPLES = 200
N_PER_ARM = 2000


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One published figure with its 95 % interval or margin."""

    key: str
    words: str
    role: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    margin: str = ""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A published figure and the model's, with the Monte-Carlo 95 % confidence interval of the
    model's.
    """

    figure: Figure
    model: float
    model_low: float
    model_high: float

    @property
    def holds(self) -> bool:
        """Whether the model's figure lies in the published interval."""
        return self.figure.low <= self.model <= self.figure.high


@cache
def figures() -> Mapping[str, Figure]:
    """Every published figure by key.

    Raises:
        InputError: if the shipped file is spoilt.
    """
    raw = tomllib.loads(
        (resources.files("qtwin") / "data" / "published.toml").read_text(encoding="utf-8")
    )
    found = {}
    for key, entry in raw.items():
        try:
            found[key] = Figure(key=key, **entry)
        except TypeError as error:
            raise InputError(
                f"published.toml [{key}]: {error}", hint="see the other entries for the layout"
            ) from None
    return found


@dataclass(frozen=True, kw_only=True)
class Courses:
    """The simulations that the figures are read from, with all members of each kept apart for the
    intervals.
    """

    clarity: Outcome
    trailblazer: Outcome
    long: Outcome
    monthly: Outcome
    dementia: tuple[Array, DiseaseModel]
    mild: tuple[Array, DiseaseModel]
    cerad: tuple[Array, DiseaseModel]


def _followed(
    population: Population, *, model: DiseaseModel, seed: int, n: int, years: float
) -> Array:
    """(n, 2, S) states of untreated people at the first visit and after `years`."""
    trial = Trial(
        model=model,
        population=population,
        arms=(Arm(name="all"),),
        n_per_arm=n,
        weeks=(52.0,),
        endpoint="cdr_sb",
        seed=seed,
    )
    patients = enrol(trial)
    return np.asarray(
        integrate(
            model, patients.parameters, patients.states, np.zeros((1, n)), np.array([0.0, years])
        )[0]
    )


def simulate_courses(*, n_per_arm: int = N_PER_ARM) -> Courses:
    """Run every trial and cohort that the figures need."""
    model = disease.load("alzheimer")
    clarity, trailblazer = (
        shipped_trial(name, n_per_arm=n_per_arm) for name in ("clarity-ad", "trailblazer-alz2")
    )
    kept = tuple(dataclasses.replace(a, dropout_per_year=0.0) for a in clarity.arms)
    monthly = dataclasses.replace(
        kept[1],
        name="monthly",
        courses=(Course(amount_mg=kept[1].courses[0].amount_mg, interval_days=28.0),),
    )
    dementia = Population(
        age_years=74.0,
        e4_share=(0.35, 0.49, 0.16),
        baseline={"cdr_sb_0": (4.5, 1.5), "amyloid_0": (100.0, 30.0), "tau_0": (0.6, 0.25)},
    )
    mild = dataclasses.replace(
        dementia, baseline={**dementia.baseline, "cdr_sb_0": (4.0, 1.6), "tau_0": (0.45, 0.22)}
    )
    cerad = dataclasses.replace(dementia, baseline={**dementia.baseline, "cdr_sb_0": (7.8, 2.4)})
    n = 2 * n_per_arm
    return Courses(
        clarity=run(clarity),
        trailblazer=run(trailblazer),
        long=run(dataclasses.replace(clarity, arms=kept, weeks=(78.0, 4 * 52.18), seed=19)),
        monthly=run(dataclasses.replace(clarity, arms=(kept[0], monthly), weeks=(78.0,))),
        dementia=(_followed(dementia, model=model, seed=31, n=n, years=2.0), model),
        mild=(_followed(mild, model=model, seed=32, n=n, years=2.0), model),
        cerad=(_followed(cerad, model=model, seed=33, n=n, years=1.0), model),
    )


def _seen(outcome: Outcome, arm: int, biomarker: str, rows: NDArray[np.int64]) -> Array:
    """(rows, t) error-free biomarker of those patients in this arm."""
    return np.asarray(outcome.trial.model.observe(biomarker, outcome.states[arm, rows]))


def _change(outcome: Outcome, arm: int, biomarker: str, rows: NDArray[np.int64]) -> float:
    values = _seen(outcome, arm, biomarker, rows)
    return float((values[:, -1] - values[:, 0]).mean())


def _on_treatment(outcome: Outcome) -> NDArray[np.int64]:
    """Patients who stayed to the end, as the published estimates of treatment while in the trial;
    the same in every arm.
    """
    stayed = ~np.isnan(outcome.measured[:, -1])
    if outcome.trial.arms[0].dropout_per_year > 0.0:
        return np.flatnonzero(stayed)
    return np.arange(len(stayed))


def _slope(
    pair: tuple[Array, DiseaseModel], biomarker: str, years: float, rows: NDArray[np.int64]
) -> float:
    values = pair[1].observe(biomarker, pair[0][rows])
    return float((values[:, 1] - values[:, 0]).mean() / years)


def _tau_percent(pair: tuple[Array, DiseaseModel], rows: NDArray[np.int64], normal: float) -> float:
    suvr = normal + pair[1].observe("tau_pet_suvr_excess", pair[0][rows])
    return float(100.0 * (suvr[:, 1] / suvr[:, 0] - 1.0).mean())


def _reaccumulation(outcome: Outcome, rows: NDArray[np.int64]) -> float:
    """Rise over the year after treatment was stopped for good at the end of the trial, in those
    cleared.
    """
    model = outcome.trial.model
    end = outcome.states[1, rows, -1]
    cleared = model.observe("amyloid_pet_centiloid", end) < 24.1
    parameters = outcome.patients.parameters[rows][cleared]
    after = integrate(
        model, parameters, end[cleared], np.zeros((1, len(parameters))), np.array([0.0, 1.0])
    )[0]
    values = model.observe("amyloid_pet_centiloid", after)
    return float((values[:, 1] - values[:, 0]).mean())


def _geometric_percent(outcome: Outcome, arm: int, rows: NDArray[np.int64]) -> float:
    values = _seen(outcome, arm, "plasma_p_tau217_fold", rows)
    return float(100.0 * (np.exp(np.log(values[:, -1] / values[:, 0]).mean()) - 1.0))


def _cleared(c: Courses, week: float, rows: NDArray[np.int64]) -> float:
    index = 1 + list(c.trailblazer.trial.weeks).index(week)
    return float(
        100.0 * (_seen(c.trailblazer, 1, "amyloid_pet_centiloid", rows)[:, index] < 24.1).mean()
    )


def _slowing(outcome: Outcome, rows: NDArray[np.int64]) -> float:
    return 100.0 * (1.0 - _change(outcome, 1, "cdr_sb", rows) / _change(outcome, 0, "cdr_sb", rows))


def _fold(model: DiseaseModel, centiloid: float, tau: float) -> float:
    q = dict(
        zip(
            [n for n, _ in model.parameters],
            model.draw_prior(1, seed=0, age_years=72.0)[0][0],
            strict=True,
        )
    )
    return float(1.0 + q["p_tau_per_amyloid"] * centiloid / 100.0 + q["p_tau_per_tau"] * tau)


Rows = NDArray[np.int64]


def _readings(c: Courses, tau_normal: float) -> dict[str, tuple[Callable[[Rows], float], Rows]]:
    """Figure key to how it is read from some of the simulated people, and who they are."""
    clarity, trailblazer = _on_treatment(c.clarity), _on_treatment(c.trailblazer)
    everyone = np.arange(len(c.dementia[0]))
    long, monthly = _on_treatment(c.long), _on_treatment(c.monthly)
    model = c.clarity.trial.model
    hippocampus = [n for n, _ in model.parameters].index("hippocampus_loss")

    def monthly_ratio(rows: Rows) -> float:
        falls = [-_change(o, 1, "amyloid_pet_centiloid", rows) for o in (c.monthly, c.clarity)]
        return falls[0] / falls[1]

    def tau_a_year(rows: Rows) -> float:
        values = tau_normal + _seen(c.clarity, 0, "tau_pet_suvr_excess", rows)
        return float(
            100.0 * (values[:, -1] / values[:, 0] - 1.0).mean() / c.clarity.times_years[-1]
        )

    def volume(rows: Rows) -> float:
        values = _seen(c.trailblazer, 0, "hippocampal_fraction", rows)
        return float(
            -100.0 * np.log(values[:, -1] / values[:, 0]).mean() / c.trailblazer.times_years[-1]
        )

    def against_controls(rows: Rows) -> float:
        return _change(c.long, 1, "cdr_sb", rows) - _change(c.long, 0, "cdr_sb", rows)

    return {
        "clarity_placebo": (lambda r: _change(c.clarity, 0, "cdr_sb", r), clarity),
        "clarity_lecanemab": (lambda r: _change(c.clarity, 1, "cdr_sb", r), clarity),
        "clarity_amyloid": (
            lambda r: (
                _change(c.clarity, 1, "amyloid_pet_centiloid", r)
                - _change(c.clarity, 0, "amyloid_pet_centiloid", r)
            ),
            clarity,
        ),
        "trailblazer_clear_24": (lambda r: _cleared(c, 24.0, r), trailblazer),
        "trailblazer_clear_52": (lambda r: _cleared(c, 52.0, r), trailblazer),
        "trailblazer_clear_76": (lambda r: _cleared(c, 76.0, r), trailblazer),
        "trailblazer_placebo": (lambda r: _change(c.trailblazer, 0, "cdr_sb", r), trailblazer),
        "trailblazer_donanemab": (lambda r: _change(c.trailblazer, 1, "cdr_sb", r), trailblazer),
        "tau_rate_impaired": (tau_a_year, clarity),
        "p_tau_unimpaired": (lambda r: _fold(model, 60.0, 0.02), clarity),
        "p_tau_impaired": (lambda r: _fold(model, 100.0, 0.45), clarity),
        "hippocampus_controls": (
            lambda r: float(100.0 * c.clarity.patients.parameters[r, hippocampus].mean()),
            clarity,
        ),
        "slowing_lecanemab": (lambda r: _slowing(c.clarity, r), clarity),
        "slowing_donanemab": (lambda r: _slowing(c.trailblazer, r), trailblazer),
        "reaccumulation": (lambda r: _reaccumulation(c.trailblazer, r), trailblazer),
        "lecanemab_four_years": (against_controls, long),
        "p_tau_donanemab": (lambda r: _geometric_percent(c.trailblazer, 1, r), trailblazer),
        "p_tau_placebo": (lambda r: _geometric_percent(c.trailblazer, 0, r), trailblazer),
        "amyloid_monthly": (monthly_ratio, monthly if len(monthly) < len(clarity) else clarity),
        "hippocampus_alzheimer": (volume, trailblazer),
        "mmse_mild": (lambda r: _slope(c.mild, "mmse", 2.0, r), everyone),
        "mmse_cerad": (lambda r: _slope(c.cerad, "mmse", 1.0, r), everyone),
        "tau_rate_dementia": (lambda r: _tau_percent(c.dementia, r, tau_normal), everyone),
    }


def read_figures(courses: Courses, *, tau_normal: float) -> dict[str, float]:
    """The model's value of every published figure."""
    return {key: read(rows) for key, (read, rows) in _readings(courses, tau_normal).items()}


def compare(courses: Courses, *, tau_normal: float, seed: int = 0) -> tuple[Compared, ...]:
    """Every figure beside the model's, with a bootstrap interval over simulated people."""
    rng = np.random.default_rng([seed, 7])
    found = []
    known: Mapping[str, Any] = figures()
    for key, (read, rows) in _readings(courses, tau_normal).items():
        value = read(rows)
        draws = (
            [read(rng.choice(rows, len(rows))) for _ in range(_RESAMPLES)]
            if key not in _FIXED
            else [value]
        )
        low, high = np.quantile(draws, [0.025, 0.975])
        found.append(
            Compared(figure=known[key], model=value, model_low=float(low), model_high=float(high))
        )
    return tuple(found)


_FIXED = frozenset({"p_tau_unimpaired", "p_tau_impaired"})
