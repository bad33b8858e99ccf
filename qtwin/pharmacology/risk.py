"""The risks of this person: survival by a life table and the stage of dementia, and the hazard of
each outcome without drugs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.outcome import life_table, outcome_table
from qtwin.pharmacology.quantity import Quantity

REFERENCE_AGE_YEARS = 76.0
_USUAL_HEART_RATE = 65.0
_QTC_LIMIT_MS = 450.0
_YEARS_AHEAD = 45


def prospects(
    *, age_years: float, sex: str, mmse: NDArray[np.float64] | None = None, demented: bool = False
) -> Prospects:
    """Survival and cognition year by year without drugs.

    Args:
        age_years: Age now.
        sex: "female", "male" or anything else for the mean of both.
        mmse: (y,) expected MMSE in the years ahead; its last value holds on. Without it, 29.
        demented: Whether the hazard ratio of the stage of dementia applies: of the stage now, for
            the years that follow, as it was measured. A woman with mild dementia at 77 then lives
            5.5 years in the median; after a diagnosis it is 5.7 (Larson 2004, Ann Intern Med
            140:501).
    """
    hazard = life_table().hazards_per_year(age_years=age_years, sex=sex, years=_YEARS_AHEAD)
    course = np.full(_YEARS_AHEAD, 29.0)
    if mmse is not None:
        course = np.asarray(mmse, dtype=np.float64)[
            np.minimum(np.arange(_YEARS_AHEAD), len(mmse) - 1)
        ]
    stage = ""
    if demented:
        stages = sorted(
            ((float(k.removeprefix("mmse_")), k) for k in outcome_table().stage), reverse=True
        )
        stage = next((key for lowest, key in stages if course[0] >= lowest), stages[-1][1])
        hazard = hazard * outcome_table().stage[stage].value
    return Prospects(hazard_per_year=hazard, mmse=course, stage=stage)


def cha2ds2_vasc(*, age_years: float, female: bool, conditions: frozenset[str]) -> int:
    """CHA2DS2-VASc score (Lip 2010, Chest 137:263) from age, sex and condition keys."""
    score = 2 if age_years >= 75 else int(age_years >= 65)
    groups = (
        {"heart_failure", "reduced_ejection_fraction"},
        {"hypertension"},
        {"diabetes"},
        {
            "vascular_disease",
            "myocardial_infarction",
            "peripheral_artery_disease",
            "coronary_disease",
        },
    )
    score += int(female) + sum(bool(group & conditions) for group in groups)
    return score + 2 * bool({"stroke", "transient_ischaemic_attack"} & conditions)


class Part(NamedTuple):
    """One uncertain number of a hazard: where it stands, the number, and the power to which it
    enters the product.
    """

    key: str
    quantity: Quantity
    power: float = 1.0


def hazard_parts(facts: Facts) -> dict[str, list[Part]]:
    """The numbers whose product is the hazard of each outcome but death, before what the heart rate
    and the QTc add.

    The table's hazard and the ratios of age and of the conditions in the record; in atrial
    fibrillation the stroke hazard is that of the score alone.
    """
    table, age = outcome_table(), facts.numbers.get("age_years", REFERENCE_AGE_YEARS)
    decades = (min(max(age, 50.0), 95.0) - REFERENCE_AGE_YEARS) / 10.0
    holds = {
        "male": facts.words.get("sex") == "male",
        "without_dementia": "dementia" not in facts.conditions,
    }
    parts = {}
    for outcome, base in table.hazard.items():
        parts[outcome] = [Part(f"hazard {outcome}", base)]
        for name, ratio in table.factor.get(outcome, {}).items():
            key = f"factor {outcome} {name}"
            if name == "per_decade":
                parts[outcome] += [Part(key, ratio, decades)] if decades else []
            elif holds[name] if name in holds else not facts.conditions.isdisjoint(name.split("|")):
                parts[outcome].append(Part(key, ratio))
    if "atrial_fibrillation" in facts.conditions:
        score = cha2ds2_vasc(
            age_years=age, female=facts.words.get("sex") == "female", conditions=facts.conditions
        )
        name = f"score_{min(score, len(table.stroke_by_score) - 1)}"
        parts["stroke"] = [Part(f"stroke by cha2ds2_vasc {name}", table.stroke_by_score[name])]
    return parts


def hazards_per_year(facts: Facts) -> dict[str, float]:
    """Yearly hazard of each outcome but death in this person without drugs.

    The product of its parts; a slow heart raises bradycardia and a long QTc arrhythmia as a drug's
    effect of that size would.
    """
    table = outcome_table()
    hazards = {
        outcome: math.prod(part.quantity.value**part.power for part in parts)
        for outcome, parts in hazard_parts(facts).items()
    }
    rate, qtc = facts.numbers.get("heart_rate"), facts.numbers.get("qtc")
    if rate is not None:
        slower = max(_USUAL_HEART_RATE - rate, 0.0) / _USUAL_HEART_RATE
        hazards["bradycardia"] *= math.exp(table.constant["bradycardia_per_fall"].value * slower)
    if qtc is not None:
        hazards["arrhythmia"] *= math.exp(
            table.constant["arrhythmia_per_ms"].value * max(qtc - _QTC_LIMIT_MS, 0.0)
        )
    return hazards


# How long a person can expect to live, and how well: what a death costs, and over how much life a
# benefit accrues.
#
# The hazard of death is that of a life table at the person's age and sex times a hazard ratio of
# the stage of dementia; utility follows the cognitive course. A death costs the discounted
# remaining quality-adjusted life of this person, beyond the horizon too.

Array = NDArray[np.float64]
NODES = 5
"""Gauss-Legendre nodes over the horizon: five are right to 1e-3 over ten years, although the hazard
steps from year to year.
"""
_MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class Prospects:
    """What lies ahead without drugs, year by year from now.

    Attributes:
        hazard_per_year: (y,) hazard of death in each year; the last one holds for ever.
        mmse: (y,) expected MMSE in each year, for utility.
        stage: Which hazard ratio of a stage of dementia is in the hazard, a key of the outcome
            table; "" where none is.
    """

    hazard_per_year: Array
    mmse: Array
    stage: str = ""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Integrals over one horizon for e draws and q nodes; everything is discounted to now.

    Attributes:
        weights: (q,) quadrature weights times discount (years).
        cumulative: (e, q) cumulative hazard of death without drugs at the nodes.
        utility: (e, q) utility at the nodes.
        cumulative_end: (e,) cumulative hazard at the horizon.
        remaining: (e,) quality-adjusted years left to who is alive at the horizon, discounted to
            now; 0 where only the horizon counts.
        alive: (e,) years alive within the horizon without drugs, not discounted.
        at_event: (e,) quality-adjusted years left at an event in mid-horizon, discounted to now.
    """

    weights: Array
    cumulative: Array
    utility: Array
    cumulative_end: Array
    remaining: Array
    alive: Array
    at_event: Array
    _time: Array
    _lived: Array
    _weight: Array
    _alive_middle: Array
    _beyond: bool
    _horizon: float

    def alive_at(self, times_years: Array) -> Array:
        """(e, t) chance to be alive at some times without drugs, discounted."""
        return np.array([np.interp(times_years, self._time, row) for row in self._weight])

    def lived(self, duration_years: Array) -> Array:
        """(e,) discounted years lived in the (e,) years after an event in mid-horizon; no longer
        than the horizon counts.
        """
        middle = 0.5 * self._horizon
        end = (
            np.full(len(duration_years), np.inf)
            if self._beyond
            else np.full(len(duration_years), self._horizon)
        )
        until = np.minimum(np.minimum(middle + duration_years, end), self._time[-1])
        found = np.empty(len(duration_years))
        for e, stop in enumerate(until):
            ends = np.array([middle, stop])
            step = np.searchsorted(self._time, ends, side="right") - 1
            # within a step by the trapezoidal rule, as from step to step
            rate = 0.5 * (self._weight[e, step] + np.interp(ends, self._time, self._weight[e]))
            years = self._lived[e, step] + rate * (ends - self._time[step])
            found[e] = (years[1] - years[0]) / self._alive_middle[e]
        return found


def span(
    prospects: Prospects,
    *,
    horizon_years: float,
    hazard_factor: Array,
    utility_base: Array,
    utility_per_mmse: Array,
    discount_per_year: float,
    beyond: bool,
) -> Span:
    """The integrals of one horizon.

    Args:
        prospects: What lies ahead without drugs.
        horizon_years: How long drugs are taken.
        hazard_factor: (e,) factor on the hazard of death.
        utility_base: (e,) utility at an MMSE of 0.
        utility_per_mmse: (e,) utility per point; utility is held between 0 and 1.
        discount_per_year: Continuous rate.
        beyond: Whether life after the horizon counts.
    """
    years = len(prospects.hazard_per_year)
    time = np.arange(years * _MONTHS + 1) / _MONTHS
    yearly = np.concatenate([[0.0], np.cumsum(prospects.hazard_per_year)])
    base = np.interp(time, np.arange(years + 1.0), yearly)
    cumulative = hazard_factor[:, None] * base
    quality = np.interp(time, np.arange(years) + 0.5, prospects.mmse)
    utility = np.clip(utility_base[:, None] + utility_per_mmse[:, None] * quality, 0.0, 1.0)
    discount = np.exp(-discount_per_year * time)
    alive = np.exp(-cumulative)

    def integral(rate: Array) -> Array:
        """(e, t) integral from now to each time, trapezoidal."""
        steps = 0.5 * (rate[:, 1:] + rate[:, :-1]) / _MONTHS
        return np.concatenate([np.zeros((len(rate), 1)), np.cumsum(steps, axis=1)], axis=1)

    def at(values: Array, when: float) -> Array:
        return np.array([np.interp(when, time, row) for row in values])

    quality_lived, lived = integral(alive * utility * discount), integral(alive * discount)
    end = min(horizon_years, float(time[-1]))
    alive_end, alive_middle = at(alive, end), at(alive, 0.5 * end)
    last = quality_lived[:, -1] if beyond else at(quality_lived, end)
    x, w = np.polynomial.legendre.leggauss(NODES)
    nodes, weights = 0.5 * end * (x + 1.0), 0.5 * end * w
    node_hazard = np.array([np.interp(nodes, time, row) for row in cumulative])
    node_utility = np.array([np.interp(nodes, time, row) for row in utility])
    return Span(
        weights=weights * np.exp(-discount_per_year * nodes),
        cumulative=node_hazard,
        utility=node_utility,
        cumulative_end=at(cumulative, end),
        remaining=np.maximum(last - at(quality_lived, end), 0.0) / alive_end
        if beyond
        else np.zeros(len(alive)),
        alive=np.exp(-node_hazard) @ weights,
        at_event=(last - at(quality_lived, 0.5 * end)) / alive_middle,
        _time=time,
        _lived=lived,
        _weight=alive * discount,
        _alive_middle=alive_middle,
        _beyond=beyond,
        _horizon=end,
    )
