"""What the twin recommends and for whom, how sure that is, what was excluded and why, and what
would change it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.patient.person import Patient
from qtwin.pharmacology.benefit import COMPONENTS, why_not
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.eligibility import Eligibility, Finding
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.finding import gravity
from qtwin.problem.decision import Certainty, Discounted, Rival, Split, Swing
from qtwin.problem.regimen import RegimenProblem
from qtwin.report.number import number, percent, qaly

_NAMED = 4
CAUTIONS = "Cautions on the page"
_EFFECT_OF: Mapping[str, str] = {
    "disease course": "amyloid_clearance",
    "symptomatic cognition": "adas_cog_max",
    "mood": "mood_odds_ratio",
    "behaviour": "behaviour_odds_ratio",
    "pain": "pain_odds_ratio",
    "bladder": "bladder_odds_ratio",
    "reflux": "reflux_odds_ratio",
}
"""Component of the utility to the effect by which a drug has it."""


def dose(option: Dose) -> dict[str, Any]:
    """A dose as result.json holds it."""
    return {"inn": option.drug.inn, "amount_mg": option.amount_mg, "interval_h": option.interval_h}


def finding(found: Finding) -> dict[str, Any]:
    """A rule that holds, as result.json holds it."""
    rule = found.rule
    return {
        "inn": found.inn,
        "partner": found.partner,
        "rule": rule.id,
        "strength": rule.strength,
        "gravity": gravity(rule),
        "text": rule.text,
        "source": rule.source,
    }


def excluded_section(options: Sequence[Dose], eligibility: Eligibility) -> list[dict[str, Any]]:
    """Every candidate dose that a rule keeps out, with the strongest rule first."""
    return [
        dose(option) | {"because": [finding(f) for f in found]}
        for option in options
        if (found := eligibility.excluded(option))
    ]


def without_indication(options: Sequence[Dose], facts: Facts) -> list[dict[str, str]]:
    """Candidates whose wanted effect accrues nothing to this person, what it would need; and those
    whose effect has no model.
    """
    out: list[dict[str, str]] = []
    for drug in {o.drug.inn: o.drug for o in options}.values():
        has = [name for name, effect in _EFFECT_OF.items() if effect in drug.effects]
        has += [
            f"fewer {k}"
            for k, ratio in drug.hazard_ratio.items()
            if ratio.value < 1.0 and f"fewer {k}" in COMPONENTS
        ]
        if "systolic_bp_fall" in drug.effects:
            has.append("pressure")
        if "ADRB1" in drug.affinity or "heart_rate_fall" in drug.effects:
            has.append("rate control")
        if not has:
            out.append(
                {"inn": drug.inn, "component": "", "needs": "its wanted effect is not modelled"}
            )
            continue
        needs = [(name, why_not(name, drug, facts)) for name in has]
        if all(text for _, text in needs):
            out.append({"inn": drug.inn, "component": needs[0][0], "needs": needs[0][1]})
    return out


def swing_section(swing: Swing, problem: RegimenProblem, bits: NDArray[np.uint8]) -> dict[str, Any]:
    """One bar of the tornado."""
    q = swing.parameter.quantity
    return {
        "number": swing.parameter.key,
        "unit": q.unit,
        "status": q.status,
        "source": q.source,
        "value": q.value,
        "low": swing.low,
        "high": swing.high,
        "regret_low_qaly": swing.regret_low,
        "regret_high_qaly": swing.regret_high,
        "best_low": [o.label for o in problem.regimen(bits[swing.row_low]).doses],
        "best_high": [o.label for o in problem.regimen(bits[swing.row_high]).doses],
        "best_median": [o.label for o in problem.regimen(bits[swing.row_median]).doses],
        "flips": swing.flips,
        "end": swing.end,
    }


def _labels(problem: RegimenProblem, row: NDArray[np.uint8]) -> list[str]:
    return [o.label for o in problem.regimen(row).doses]


def _rival_section(
    rival: Rival | None, sure: Certainty, problem: RegimenProblem, bits: NDArray[np.uint8]
) -> dict[str, Any] | None:
    """The regimen that exchanges one drug of the choice, as result.json holds it."""
    if rival is None:
        return None
    mine, other = bits[sure.chosen] > 0, bits[rival.row] > 0
    (gone,), (new,) = np.flatnonzero(mine & ~other), np.flatnonzero(other & ~mine)
    return {
        "take": dose(problem.options[new]),
        "instead_of": dose(problem.options[gone]),
        "p_better": rival.p_better,
        "nearly_equal": rival.nearly_equal,
    }


def _split_section(split: Split) -> dict[str, Any]:
    return {
        "n_courses": split.n_courses,
        "n_draws": split.n_draws,
        "p_optimal_course_unknown": split.p_course,
        "p_optimal_numbers_unknown": split.p_numbers,
        "p_optimal_both_unknown": split.p_both,
        "evppi_course_qaly": split.course_qaly,
        "evppi_numbers_qaly": split.numbers_qaly,
    }


def _discounted_section(
    found: Discounted, problem: RegimenProblem, bits: NDArray[np.uint8]
) -> dict[str, Any]:
    return {
        "rate_per_year": found.rate_per_year,
        "best": _labels(problem, bits[found.row]),
        "regret_qaly": found.regret_qaly,
    }


def certainty_section(
    sure: Certainty, problem: RegimenProblem, bits: NDArray[np.uint8]
) -> dict[str, Any]:
    """How sure the choice is, as result.json holds it."""
    return {
        "p_optimal": sure.p_optimal,
        "p_optimal_se": sure.p_optimal_se,
        "n_draws": sure.n_draws,
        "n_optima": sure.n_optima,
        "complete": sure.complete,
        "expected_regret_qaly": sure.expected_regret_qaly,
        "regret_95_qaly": sure.regret_95_qaly,
        "evpi_qaly": sure.evpi_qaly,
        "evppi": [
            {"group": x.group, "value_qaly": x.value_qaly, "n_numbers": x.n_numbers}
            for x in sure.learning
        ],
        "rival": _rival_section(sure.rival, sure, problem, bits),
        "split": _split_section(sure.split),
        "discount": [_discounted_section(x, problem, bits) for x in sure.discounted],
        "tornado": [swing_section(x, problem, bits) for x in sure.swings],
        "set90": [
            {
                "drugs": [dose(o) for o in problem.regimen(bits[x.row]).doses],
                "p_optimal": x.p_optimal,
                "expected_regret_qaly": x.expected_regret_qaly,
            }
            for x in sure.set90
        ],
    }


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _person(patient: Patient, facts: Facts) -> str:
    who = {"female": "woman", "male": "man"}.get(patient.sex, "person")
    named = [c.display for c in patient.conditions if c.key]
    stage = next(
        (
            s.replace("_", " ")
            for s in ("mild_dementia", "moderate_dementia", "severe_dementia")
            if s in facts.conditions
        ),
        "",
    )
    kidneys = patient.creatinine_clearance_mL_per_min
    told = [*named[:5], *([f"{len(named) - 5} more diagnoses"] if len(named) > 5 else [])]
    text = f"this {who} of {int(patient.age_years)} with " + (
        _and(told) if told else "no diagnosis in the record"
    )
    extra = [
        x
        for x in (stage, "" if kidneys is None else f"creatinine clearance {kidneys:.0f} mL/min")
        if x
    ]
    return text + (f" ({'; '.join(extra)})" if extra else "")


def nearly(sure: Mapping[str, Any] | None) -> str:
    """What hardly differs in worth, such as 'donanemab instead of lecanemab: nearly equal'; ""
    where there is none.
    """
    rival = (sure or {}).get("rival")
    if not rival or not rival["nearly_equal"]:
        return ""
    return f"{rival['take']['inn']} instead of {rival['instead_of']['inn']}: nearly equal"


def sentence(
    patient: Patient,
    facts: Facts,
    chosen: Sequence[Dose],
    out_of_scope: Sequence[str],
    sure: Mapping[str, Any] | None = None,
) -> str:
    """The headline: what is recommended, for whom, and what is nearly as good.

    Args:
        patient: Whom it is for.
        facts: What is known of them.
        chosen: The recommended doses.
        out_of_scope: Why no model is about this person.
        sure: The section `certainty` of the result.
    """
    what = _and([o.label for o in chosen]) if chosen else "no drug"
    first = (
        f"Outside the scope of every model ({'; '.join(out_of_scope)}). " if out_of_scope else ""
    )
    equal = f" (or {nearly(sure)})" if nearly(sure) else ""
    return f"{first}For {_person(patient, facts)} the twin recommends {what}{equal}."


def points(result: Mapping[str, Any], current: Mapping[str, Any]) -> tuple[str, ...]:
    """How sure, what was excluded and why, what to mind, and what would change it: from the parts
    of a result.

    Args:
        result: Its sections `certainty`, `excluded`, `without_indication`, `cautions`,
            `eligibility`, `worth`.
        current: The played-back section of the current medicines.
    """
    sure, worth = result["certainty"], result["worth"]
    gain = worth["remaining_life_qaly"] - current["utility"]["mean"]
    out = [
        f"It is worth {qaly(worth['remaining_life_qaly'])} QALY over the remaining life, of which"
        f" {qaly(worth['within_horizon_qaly'])} within {worth['horizon_years']:g} years;"
        f" {qaly(abs(gain))} {'more' if gain >= 0 else 'less'} than the current medicines.",
        f"How sure: in {percent(sure['p_optimal'])} of {sure['n_draws']} draws of what is "
        "not known, no"
        f" {'feasible' if sure['complete'] else 'simulated'} regimen is better;"
        f" {_several(len(sure['set90']), 'regimen')} hold 90 %."
        f" Expected regret {qaly(sure['expected_regret_qaly'])} QALY, "
        f"{qaly(sure['regret_95_qaly'])} in the worst twentieth.",
    ]
    if nearly(sure):
        out.append(
            f"Nearly equal: {sure['rival']['take']['inn']} instead of "
            f"{sure['rival']['instead_of']['inn']}"
            f" is better in {percent(sure['rival']['p_better'])} of the draws."
        )
    if sure.get("split"):
        out.append(ignorance(sure["split"]))
    by_drug: dict[str, str] = {}
    for row in result["excluded"]:
        label, too_much = row["inn"], row["because"][0]["strength"] == "dose"
        if too_much or not _all_out(label, result):
            only = len([c for c in result["problem"]["candidates"] if c["inn"] == label]) == 1
            label += f" {row['amount_mg']:g} mg /{row['interval_h']:g} h" + (
                ", the only dose asked for" if only else ""
            )
        by_drug.setdefault(
            label,
            f"{label}: {row['because'][0]['text'].rstrip('.')} ({row['because'][0]['source']})",
        )
    if by_drug:
        out.append(_list("Excluded", list(by_drug.values())))
    staying = {row["inn"] for row in (*result["chosen"], *result["going_on"])}
    stopped = [label for label in current["drugs"] if label.split(" ")[0] not in staying]
    if stopped:
        out.append(
            _list(
                "Taken now and not part of it (to be stopped under guidance, not at once "
                "where that is harmful)",
                stopped,
            )
        )
    left = [text for text in result["eligibility"]["needs_left"] if text.startswith("no ")]
    if left:
        out.append(_list("Not covered", left))
    if result["without_indication"]:
        rows = [f"{r['inn']} ({r['needs']})" for r in result["without_indication"]]
        out.append(_list("No benefit is counted for", rows))
    others = _allowed_and_not_chosen(result)
    if others:
        out.append(
            "Allowed by themselves, with a benefit counted, and yet not in the best "
            f"regimen: {', '.join(others)}."
        )
    cautions = _cautions(result["cautions"])
    if cautions:
        out.append(
            _list(
                "To mind with it, the gravest first",
                cautions,
                total=len(result["cautions"]),
                more=f"under {CAUTIONS}",
            )
        )
    out += _begun(result)
    starts = [
        f"{s['inn']} {s['start_daily_mg']:g} mg a day"
        for s in result["eligibility"]["starting_doses"]
    ]
    if starts:
        out.append(_list("Start with", starts))
    unknown = [text for text in result["eligibility"]["not_known"] if "unknown" in text]
    if unknown:
        out.append(_list("Not checked", unknown))
    at_medians = next((t["best_median"] for t in sure["tornado"]), None)
    if at_medians is not None and {x.split(" ")[0] for x in at_medians} != {
        row["inn"] for row in result["chosen"]
    }:
        best = " + ".join(x.split(" ")[0] for x in at_medians) or "no drug"
        out.append(
            f"With every number at its median {best} is best; the choice is best on average "
            "over what is not known."
        )
    flips = [t for t in sure["tornado"] if t["flips"]]
    if flips:
        said = [_flip(t) for t in flips[:_NAMED]]
        out.append(_list("What would change it", said, total=len(flips)))
    else:
        out.append(
            "What would change it: no single number, moved from its 5th to its 95th "
            "percentile alone, changes the choice."
        )
    if sure.get("discount"):
        out.append(_discount(sure["discount"]))
    return tuple(out)


def ignorance(split: Mapping[str, Any]) -> str:
    """Which ignorance matters: the course of this person's disease, or the numbers."""
    if split["n_courses"] == 1:
        return (
            "None of the regimens that may be the best changes the course of the disease, so "
            "it does not matter which that is."
        )
    course, numbers = split["evppi_course_qaly"], split["evppi_numbers_qaly"]
    return (
        "Of this, were only this person's course of disease unknown, the choice would be "
        "the best in"
        f" {percent(split['p_optimal_course_unknown'])} of courses; were only the numbers "
        "of drugs, risks and values unknown, in"
        f" {percent(split['p_optimal_numbers_unknown'])} of draws. To learn the course "
        f"would be worth {qaly(course)} QALY,"
        f" all the numbers {qaly(numbers)}."
    )


def _discount(rows: Sequence[Mapping[str, Any]]) -> str:
    """The choice at other discount rates."""
    rates = _or([f"{100.0 * row['rate_per_year']:g}" for row in rows])
    other = [row for row in rows if row["regret_qaly"] > 0.0]
    if not other:
        return (
            f"Discounting later years by {rates} % a year instead of 3 % changes nothing of the "
            "choice."
        )
    said = [
        f"{100.0 * row['rate_per_year']:g} % a year makes {_inns(row['best'])} the best, by "
        f"{qaly(row['regret_qaly'])} QALY"
        for row in other
    ]
    return f"Discounting later years otherwise than by 3 %: {'; '.join(said)}."


def _inns(labels: Sequence[str]) -> str:
    return " + ".join(label.split(" ")[0] for label in labels) or "no drug"


def _cautions(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The cautions, the gravest first; of several on the same medicines only the gravest, so that
    each that is told is new.
    """
    told: dict[frozenset[str], str] = {}
    for c in sorted(rows, key=lambda c: c.get("gravity", len(rows))):
        beside = f" with {c['partner']}" if c["partner"] else ""
        told.setdefault(
            frozenset({c["inn"], c["partner"] or c["text"]}),
            f"{c['inn']}{beside}: {c['text'].rstrip('.')}",
        )
    return list(told.values())


def _begun(result: Mapping[str, Any]) -> list[str]:
    """Where a rule lets only so many of a group be taken or begun, and the choice goes up to it."""
    taken = {
        f"{row['inn']} {row['amount_mg']:g} mg /{row['interval_h']:g} h" for row in result["chosen"]
    }
    out = []
    for rule in result["problem"].get("constraints", []):
        bound = rule["kind"] == "AtMost" and rule["name"].startswith("eligibility: ")
        inns = {label.split(" ")[0] for label in rule["members"]}
        if bound and len(inns) > 1 and taken & set(rule["members"]):
            out.append(f"Limited: {rule['reason'].replace('. (', ' (', 1)}.")
    return out


def _flip(bar: Mapping[str, Any]) -> str:
    low = bar["end"] == "low"
    value, best = (bar["low"], bar["best_low"]) if low else (bar["high"], bar["best_high"])
    unit = "" if bar["unit"] == "1" else f" {bar['unit']}"
    to = " + ".join(label.split(" ")[0] for label in best) or "no drug"
    name = str(bar["number"]).replace("_", " ")
    return (
        f"{name} at {number(value)}{unit} ({bar['status']}) instead of {number(bar['value'])}: {to}"
    )


def _all_out(inn: str, result: Mapping[str, Any]) -> bool:
    doses = [c for c in result["problem"]["candidates"] if c["inn"] == inn]
    return len([row for row in result["excluded"] if row["inn"] == inn]) == len(doses)


def _allowed_and_not_chosen(result: Mapping[str, Any]) -> list[str]:
    """The candidates that are indicated and allowed, and that the chosen regimen leaves out."""
    told = {row["inn"] for row in (*result["chosen"], *result["without_indication"])}
    inns = dict.fromkeys(c["inn"] for c in result["problem"]["candidates"])
    return [inn for inn in inns if inn not in told and not _all_out(inn, result)]


def _several(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"


def _list(head: str, rows: Sequence[str], *, total: int | None = None, more: str = "") -> str:
    n = len(rows) if total is None else total
    shown, where = rows[:_NAMED], f" {more}" if more else ""
    return f"{head}: {'; '.join(shown)}" + (
        f"; and {n - len(shown)} more{where}." if n > len(shown) else "."
    )


def _or(words: Sequence[str]) -> str:
    return " or ".join(words)


def starting_doses(
    chosen: Sequence[Dose], eligibility: Eligibility, taken: Collection[str]
) -> list[dict[str, Any]]:
    """Doses to begin with, of the chosen drugs that are not taken yet and for which a rule says one
    below the chosen dose.
    """
    out = []
    for option in chosen:
        if option.drug.inn in taken:
            continue
        start = eligibility.starting_dose(option.drug.inn)
        if start is not None and start < option.amount_mg * 24.0 / option.interval_h:
            out.append({"inn": option.drug.inn, "start_daily_mg": start})
    return out
