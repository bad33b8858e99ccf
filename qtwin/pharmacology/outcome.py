"""Clinical outcomes that drugs make more or less likely: this person's hazards, what an event
costs, and the constants between.

Harm is bounded: an outcome of hazard h over T years alive happens with probability 1 - exp(-h T).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.pharmacology.quantity import Quantity

OUTCOMES = ("stroke", "bleeding", "bradycardia", "falls", "arrhythmia", "infarction", "death")
EVENTS = (*OUTCOMES[:-1], "aria", "intolerance")
"""Events that cost utility; what a death costs is this person's remaining life
(`qtwin.pharmacology.risk`).
"""
KINDS = (
    "disease course",
    "symptomatic cognition",
    "mood",
    "behaviour",
    "pain",
    "bladder",
    "reflux",
    "rate control",
    "stroke",
    "infarction",
    "survival",
    "bleeding",
    "bradycardia",
    "falls",
    "arrhythmia",
    "ARIA",
    "anticholinergic cognition",
    "intolerance",
)
BENEFITS = frozenset(KINDS[:11])
"""Kinds reported as benefit; the others are reported as harm. Each is a signed QALY difference from
taking nothing.
"""
CONSTANTS = (
    "utility_base",
    "utility_per_mmse",
    "mmse_per_adas_cog",
    "mmse_per_acb",
    "mmse_acb_ceiling",
    "mood_response",
    "mood_utility",
    "behaviour_response",
    "behaviour_utility",
    "pain_response",
    "pain_utility",
    "bladder_response",
    "bladder_utility",
    "reflux_response",
    "reflux_utility",
    "rate_control_utility",
    "rate_control_fall",
    "stroke_per_10_mmHg",
    "infarction_per_10_mmHg",
    "death_per_10_mmHg",
    "pressure_ceiling",
    "falls_per_10_mmHg_low",
    "bradycardia_per_fall",
    "falls_per_alpha1",
    "falls_per_histamine1",
    "falls_per_dopamine2",
    "dopamine2_half_odds",
    "arrhythmia_per_ms",
    "beta1_sympathetic_share",
    "beta1_half_odds",
    "efficacy_half_exposure",
    "aria_years",
    "aria_stop",
    "aria_h_alone",
    "mortality_factor",
)
"""Constants of the response that are drawn with everything else that is uncertain."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """What an event costs: it is fatal with `fatality`, else utility is `utility_loss` lower for
    `duration_years`.
    """

    fatality: Quantity
    utility_loss: Quantity
    duration_years: Quantity


@dataclass(frozen=True, kw_only=True)
class OutcomeTable:
    """The contents of ``data/outcomes.toml``.

    Attributes:
        hazard: Outcome to yearly hazard at 76 years without its risk factors.
        factor: Outcome to risk factor to hazard ratio: conditions of which one is enough, "male",
            "without_dementia", or "per_decade" of age.
        antibody: Probabilities of ARIA-H by drug and copies of APOE e4.
        stroke_by_score: CHA2DS2-VASc score to yearly stroke hazard in untreated atrial
            fibrillation.
        event: Event to what it costs.
        stage: Lowest MMSE of a stage of dementia to the hazard ratio of death in it.
        constant: Named constants of the response model.
    """

    hazard: Mapping[str, Quantity]
    factor: Mapping[str, Mapping[str, Quantity]]
    stroke_by_score: Mapping[str, Quantity]
    event: Mapping[str, Event]
    stage: Mapping[str, Quantity]
    constant: Mapping[str, Quantity]
    antibody: Mapping[str, Quantity]


@lru_cache(maxsize=1)
def outcome_table() -> OutcomeTable:
    """Read and check ``data/outcomes.toml``."""
    file = "outcomes.toml"
    raw = tomllib.loads((resources.files("qtwin") / "data" / file).read_text(encoding="utf-8"))

    def numbers(found: Mapping[str, Any], name: str, unit: str | None) -> dict[str, Quantity]:
        return {
            k: Quantity.read(v, where=f"{file} [{name}] {k}", unit=unit or v.get("unit", ""))
            for k, v in found.items()
        }

    return OutcomeTable(
        hazard=numbers(raw["hazard"], "hazard", "1/year"),
        factor={
            outcome: numbers(found, f"factor.{outcome}", "1")
            for outcome, found in raw["factor"].items()
        },
        stroke_by_score=numbers(raw["stroke_by_cha2ds2_vasc"], "stroke_by_cha2ds2_vasc", "1/year"),
        event={
            name: Event(**numbers(found, f"event.{name}", None))
            for name, found in raw["event"].items()
        },
        stage=numbers(raw["death_by_stage"], "death_by_stage", "1"),
        constant=numbers(raw["constant"], "constant", None),
        antibody=numbers(raw["antibody"], "antibody", "1"),
    )


@dataclass(frozen=True, kw_only=True)
class LifeTable:
    """Probability of dying within a year, (ages,) from age 0, of women and men; `source` says
    whose.
    """

    female: NDArray[np.float64]
    male: NDArray[np.float64]
    source: str

    def hazards_per_year(self, *, age_years: float, sex: str, years: int) -> NDArray[np.float64]:
        """(years,) hazard of death from `age_years` on; of an unknown sex the mean of both; the
        table's last age holds on.
        """
        women, men = (-np.log1p(-np.minimum(q, 0.999)) for q in (self.female, self.male))
        table = women if sex == "female" else men if sex == "male" else 0.5 * (women + men)
        ages = age_years + np.arange(years) + 0.5
        return np.asarray(np.interp(ages, np.arange(len(table)) + 0.5, table))


@lru_cache(maxsize=1)
def life_table() -> LifeTable:
    """The life table of ``data/life_table.toml``."""
    raw = tomllib.loads(
        (resources.files("qtwin") / "data" / "life_table.toml").read_text(encoding="utf-8")
    )
    female, male = (np.array(raw[sex], dtype=np.float64) for sex in ("female", "male"))
    if len(female) != len(male) or not (
        0.0 <= min(female.min(), male.min()) <= max(female.max(), male.max()) <= 1.0
    ):
        raise InputError(
            "life_table.toml: probabilities from 0 to 1, as many for either sex, were expected",
            hint="correct it",
        )
    return LifeTable(female=female, male=male, source=str(raw["source"]))
