"""The response of one regimen in one member, in plain Python: the readable twin of the compiled kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qtwin.pharmacology.outcome import KINDS, OUTCOMES, outcome_table
from qtwin.pharmacology.panel import Panel


def respond_slowly(
    panel: Panel, regimen: Sequence[int], member: int, *, horizon_years: float
) -> tuple[list[float], dict[str, float], float]:
    """Exposures, QALY by kind and MMSE offset of the options `regimen` in one member."""
    table = outcome_table()
    c = {k: q.value for k, q in table.constant.items()}
    loss = {k: q.value for k, q in table.loss.items()}
    activity = panel.person.activity

    def clearance(i: int, left: Sequence[float]) -> float:
        enzymes = sum(panel.fractions[i, e] * activity[e] * left[e] for e in range(len(activity)))
        return enzymes + 1.0 - panel.fractions[i].sum()

    nothing = [1.0] * len(activity)
    alone = {i: panel.relative[i] * panel.variability[member, i] / clearance(i, nothing) for i in regimen}
    parent, exposure = {}, {}
    for i in regimen:
        left = list(nothing)
        for j in regimen:
            if j != i:
                odds, s = panel.inhibition_odds[j], panel.inhibition_saturation[j]
                left = [x / (1.0 + odds[e] * (1.0 + s[e]) * alone[j] / (1.0 + s[e] * alone[j])) for e, x in enumerate(left)]
        parent[i] = exposure[i] = panel.variability[member, i] / clearance(i, left)
        if (metabolite := panel.options[i].drug.active_metabolite) is not None:
            made = sum(panel.activation[i, e] * activity[e] * left[e] for e in range(len(activity)))
            share = metabolite.share.value
            exposure[i] = (1.0 - share) * parent[i] + share * parent[i] * (made + 1.0 - panel.activation[i].sum())

    def g(i: int) -> float:
        x = panel.relative[i] * exposure[i]
        return 2.0 * x / (1.0 + x)

    def e(i: int) -> float:
        x, k = panel.relative[i] * exposure[i], c["efficacy_half_exposure"]
        return (1.0 + k) * x / (x + k)

    beta1, alpha1, histamine, muscarinic, dopamine2, _, _ = (
        sum(panel.receptor_odds[member, i, r] * exposure[i] for i in regimen) for r in range(7)
    )
    mood = sum(panel.mood_log_odds[member, i] * e(i) for i in regimen)
    pressure = sum(panel.pressure_fall[member, i] * e(i) for i in regimen)
    pressure = c["pressure_ceiling"] * (1.0 - math.exp(-pressure / c["pressure_ceiling"]))
    qt = sum(panel.qt_ms[i] * panel.relative[i] * exposure[i] for i in regimen)
    burden = sum(panel.acb[i] * g(i) for i in regimen)
    adas = 0.0
    for i in regimen:
        if panel.adas_drive[i] > 0:
            shift = 1.0 + (muscarinic if panel.gaddum[i] else 0.0)
            a = panel.adas_drive[i] * exposure[i]
            adas += panel.adas_max[member, i] * a / (a + shift)
    share = min(c["beta1_sympathetic_share"] * panel.person.beta1_gain, 1.0)
    beta_blocked = 1.0 - share * beta1 / (beta1 + c["beta1_half_odds"])
    fall = 1.0 - beta_blocked * math.prod(1.0 - panel.heart_rate_fall[i] * min(g(i), 2.0) for i in regimen)
    log_ratio = {o: sum(panel.hazard_log_ratio[member, i, k] * g(i) for i in regimen) for k, o in enumerate(OUTCOMES)}
    log_ratio["stroke"] += math.log(c["stroke_per_10_mmHg"]) * pressure / 10.0
    log_ratio["death"] += math.log(c["death_per_10_mmHg"]) * pressure / 10.0
    log_ratio["bradycardia"] += c["bradycardia_per_fall"] * fall
    log_ratio["falls"] += c["falls_per_alpha1"] * alpha1 / (1 + alpha1) + c["falls_per_histamine1"] * histamine / (1 + histamine)
    log_ratio["falls"] += c["falls_per_dopamine2"] * dopamine2 / (dopamine2 + c["dopamine2_half_odds"])
    log_ratio["arrhythmia"] += c["arrhythmia_per_ms"] * qt
    change = {}
    for o in OUTCOMES:
        rate = panel.person.hazards_per_year[o] * horizon_years
        change[o] = -loss[o] * (math.exp(-rate) - math.exp(-rate * math.exp(log_ratio[o])))
    gain = c["mmse_per_adas_cog"] * adas
    blocked = c["mmse_acb_ceiling"] * (1.0 - math.exp(-c["mmse_per_acb"] * burden / c["mmse_acb_ceiling"]))

    def more(without: float, log_odds: float) -> float:
        odds = without / (1 - without) * math.exp(log_odds)
        return odds / (1 + odds) - without

    behaviour = sum(panel.behaviour_log_odds[member, i] * e(i) for i in regimen) if panel.person.disturbed else 0.0
    kinds = {
        "disease course": 0.0,
        "symptomatic cognition": c["utility_per_mmse"] * gain * horizon_years,
        "mood": more(c["mood_response"], mood) * c["mood_utility"] * horizon_years,
        "behaviour": more(c["behaviour_response"], behaviour) * c["behaviour_utility"] * horizon_years,
        "rate control": c["rate_control_utility"] * (1.0 - math.exp(-fall / c["rate_control_fall"])) * horizon_years,
        "stroke": change["stroke"],
        "survival": change["death"],
        "bleeding": change["bleeding"],
        "bradycardia": change["bradycardia"],
        "falls": change["falls"],
        "arrhythmia": change["arrhythmia"],
        "ARIA": -loss["aria"]
        * (1.0 - math.exp(-sum(panel.aria_per_year[i] * panel.relative[i] for i in regimen) * horizon_years)),
        "anticholinergic cognition": -c["utility_per_mmse"] * blocked * horizon_years,
        "intolerance": -loss["intolerance"] * (1.0 - math.exp(-sum(panel.intolerance_hazard[i] * g(i) for i in regimen))),
    }
    assert tuple(kinds) == KINDS
    return [parent[i] for i in regimen], kinds, gain - blocked
