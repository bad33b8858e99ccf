"""The response of one regimen in one member, in plain Python: the readable twin of the compiled
kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qtwin.pharmacology.outcome import CONSTANTS, EVENTS, KINDS, OUTCOMES, outcome_table
from qtwin.pharmacology.panel import PEOPLE, RESPONSES, TRIAL_YEARS, Panel

STEPS_PER_YEAR = 240


@dataclass(frozen=True, kw_only=True)
class Life:
    """One draw's life ahead over a horizon: what the kernel needs of it.

    Attributes:
        alive_years: Years alive within the horizon without drugs, not discounted.
        alive_with: Hazard ratio of death to the discounted years alive within the horizon.
        survival: Hazard ratio of death to the QALY that it brings.
        lost: Event to the QALY that it costs.
    """

    alive_years: float
    alive_with: Callable[[float], float]
    survival: Callable[[float], float]
    lost: dict[str, float]


def constants_of(panel: Panel, draw: int) -> dict[str, float]:
    """The constants of one draw, by name."""
    return dict(zip(CONSTANTS, panel.constants[draw].tolist(), strict=True))


def life_by_steps(panel: Panel, draw: int, horizon_years: float, *, beyond: bool = True) -> Life:
    """The integrals by the midpoint rule on a fine grid, from the hazards, the course and the
    constants alone.
    """
    c, ahead = constants_of(panel, draw), panel.person.prospects
    rate = outcome_table().constant["discount_rate"].value
    years = len(ahead.hazard_per_year)
    step = 1.0 / STEPS_PER_YEAR
    steps = years * STEPS_PER_YEAR

    def course(t: float) -> float:
        x = min(max(t - 0.5, 0.0), years - 1.0)
        k = min(int(x), years - 2)
        return float(ahead.mmse[k] + (x - k) * (ahead.mmse[k + 1] - ahead.mmse[k]))

    middle = [(k + 0.5) * step for k in range(steps)]
    utility = [
        min(max(c["utility_base"] + c["utility_per_mmse"] * course(t), 0.0), 1.0) for t in middle
    ]
    discount = [math.exp(-rate * t) for t in middle]
    hazard = [c["mortality_factor"] * float(ahead.hazard_per_year[int(t)]) for t in middle]
    cumulative, total = [], 0.0
    for h in hazard:
        cumulative.append(total + 0.5 * h * step)
        total += h * step

    def between(low: float, high: float, of: Callable[[int], float]) -> float:
        first, end = round(low * STEPS_PER_YEAR), high * STEPS_PER_YEAR
        whole = min(math.floor(end + 1e-9), steps - 1)
        return sum(of(k) * step for k in range(first, whole)) + of(whole) * (end - whole) * step

    def at(t: float) -> float:
        return sum(hazard[: round(t * STEPS_PER_YEAR)]) * step

    def quality(ratio: float, low: float, high: float) -> float:
        """QALY from `low` to `high` with the hazard times `ratio` until the horizon."""
        end = at(horizon_years)
        return between(
            low,
            high,
            lambda k: (
                utility[k]
                * discount[k]
                * math.exp(-cumulative[k] - (ratio - 1.0) * min(cumulative[k], end))
            ),
        )

    last, half = (float(years) if beyond else horizon_years), 0.5 * horizon_years
    alive_half = math.exp(-at(half))
    remaining = quality(1.0, half, last) / alive_half
    lost = {}
    table, drawn = outcome_table(), panel.ignorance
    for name in EVENTS:
        event = table.event[name]
        fatality, lower, duration = (
            float(drawn.draw(getattr(event, part), f"event {name} {part}", group="value")[draw])
            for part in ("fatality", "utility_loss", "duration_years")
        )
        until = min(half + duration, last)
        lived = between(half, until, lambda k: discount[k] * math.exp(-cumulative[k])) / alive_half
        lost[name] = fatality * remaining + (1.0 - fatality) * lower * lived
    return Life(
        alive_years=between(0.0, horizon_years, lambda k: math.exp(-cumulative[k])),
        alive_with=lambda ratio: between(
            0.0, horizon_years, lambda k: discount[k] * math.exp(-ratio * cumulative[k])
        ),
        survival=lambda ratio: quality(ratio, 0.0, last) - quality(1.0, 0.0, last),
        lost=lost,
    )


def life_by_nodes(panel: Panel, draw: int, horizon_years: float, *, beyond: bool = True) -> Life:
    """The integrals as sums over the kernel's own nodes."""
    lived, loss = panel.span(horizon_years, beyond=beyond)
    nodes = [
        (float(w), float(h), float(u))
        for w, h, u in zip(lived.weights, lived.cumulative[draw], lived.utility[draw], strict=True)
    ]
    end, remaining = float(lived.cumulative_end[draw]), float(lived.remaining[draw])
    return Life(
        alive_years=float(lived.alive[draw]),
        alive_with=lambda ratio: sum(w * math.exp(-ratio * h) for w, h, _ in nodes),
        survival=lambda ratio: (
            sum(w * u * (math.exp(-ratio * h) - math.exp(-h)) for w, h, u in nodes)
            + (math.exp(-ratio * end) - math.exp(-end)) * remaining
        ),
        lost=dict(zip(EVENTS, loss[draw].tolist(), strict=True)),
    )


def respond_slowly(
    panel: Panel,
    regimen: Sequence[int],
    member: int,
    *,
    horizon_years: float,
    life: Callable[[Panel, int, float], Life] = life_by_nodes,
) -> tuple[list[float], dict[str, float], float]:
    """Exposures, QALY by kind and MMSE offset of the options `regimen` in one member."""
    d, p = member // PEOPLE, member % PEOPLE
    c, ahead = constants_of(panel, d), life(panel, d, horizon_years)
    kin, eff, person = panel.kinetics, panel.effects, panel.person
    activity = person.activity
    routes = range(len(activity))

    def clearance(i: int, left: Sequence[float]) -> float:
        through = sum(kin.fractions[d, i, e] * activity[e] * left[e] for e in routes)
        return through + 1.0 - sum(kin.fractions[d, i])

    nothing = [1.0] * len(activity)
    alone = {i: kin.relative[i] * kin.variability[p, i] / clearance(i, nothing) for i in regimen}
    parent, exposure, harmful = {}, {}, {}
    for i in regimen:
        left = list(nothing)
        for j in regimen:
            if j != i:
                odds, s = kin.inhibition_odds[d, j], kin.inhibition_saturation[d, j]
                left = [
                    left[e] / (1.0 + odds[e] * (1.0 + s[e]) * alone[j] / (1.0 + s[e] * alone[j]))
                    for e in routes
                ]
        parent[i] = kin.variability[p, i] / clearance(i, left)
        formed = (
            sum(kin.activation[d, i, e] * activity[e] * left[e] for e in routes)
            + 1.0
            - sum(kin.activation[d, i])
        )
        share = kin.metabolite_share[d, i]
        exposure[i] = (1.0 - share) * parent[i] + share * parent[i] * formed
        share = kin.harm_share[d, i]
        harmful[i] = kin.relative[i] * ((1.0 - share) * parent[i] + share * parent[i] * formed)

    def x(i: int) -> float:
        return float(kin.relative[i] * exposure[i])

    def g(i: int) -> float:
        return float(2.0 * harmful[i] / (1.0 + harmful[i]))

    def e(i: int) -> float:
        k = c["efficacy_half_exposure"]
        return (1.0 + k) * x(i) / (x(i) + k)

    beta1, alpha1, histamine, muscarinic, dopamine2, _, _ = (
        sum(eff.receptor_odds[d, i, r] * exposure[i] for i in regimen) for r in range(7)
    )
    # hazards: what lowers one lies near its plateau, what raises it does not
    log_ratio = {
        o: sum(
            eff.hazard_log_ratio[d, i, k] * (e(i) if eff.hazard_log_ratio[d, i, k] < 0.0 else g(i))
            for i in regimen
        )
        for k, o in enumerate(OUTCOMES)
    }
    pressure = sum(eff.pressure_fall[d, i] * e(i) for i in regimen)
    pressure = c["pressure_ceiling"] * (1.0 - math.exp(-pressure / c["pressure_ceiling"]))
    useful = (
        min(pressure, max(person.systolic_mmHg - 120.0, 0.0)) if panel.counts["pressure"] else 0.0
    )
    too_low = max(110.0 - person.systolic_mmHg + pressure, 0.0) - max(
        110.0 - person.systolic_mmHg, 0.0
    )
    share = min(c["beta1_sympathetic_share"] * person.beta1_gain, 1.0)
    beta_blocked = 1.0 - share * beta1 / (beta1 + c["beta1_half_odds"])
    fall = 1.0 - beta_blocked * math.prod(
        1.0 - min(eff.heart_rate_fall[d, i] * min(g(i), 2.0), 0.9) for i in regimen
    )
    for o in ("stroke", "infarction", "death"):
        log_ratio[o] += math.log(c[f"{o}_per_10_mmHg"]) * useful / 10.0
    log_ratio["bradycardia"] += c["bradycardia_per_fall"] * fall
    log_ratio["falls"] += c["falls_per_alpha1"] * alpha1 / (1 + alpha1) + c[
        "falls_per_histamine1"
    ] * histamine / (1 + histamine)
    log_ratio["falls"] += (
        c["falls_per_dopamine2"] * dopamine2 / (dopamine2 + c["dopamine2_half_odds"])
    )
    log_ratio["falls"] += c["falls_per_10_mmHg_low"] * too_low / 10.0
    log_ratio["arrhythmia"] += c["arrhythmia_per_ms"] * sum(
        eff.qt_ms[d, i] * harmful[i] for i in regimen
    )

    alive = ahead.alive_with(math.exp(log_ratio["death"]))
    change = {}
    for k, o in enumerate(OUTCOMES[:-1]):
        rate = panel.hazards[d, k] * ahead.alive_years
        change[o] = -ahead.lost[o] * (math.exp(-rate) - math.exp(-rate * math.exp(log_ratio[o])))
    adas = 0.0
    for i in regimen:
        drive = eff.adas_drive[d, i] * exposure[i]
        if drive > 0.0:
            adas += (
                eff.adas_max[d, i] * drive / (drive + 1.0 + (muscarinic if eff.opposed[i] else 0.0))
            )
    gain = c["mmse_per_adas_cog"] * adas
    burden = sum(eff.acb[i] * g(i) for i in regimen)
    blocked = c["mmse_acb_ceiling"] * (
        1.0 - math.exp(-c["mmse_per_acb"] * burden / c["mmse_acb_ceiling"])
    )

    def more(k: int, name: str) -> float:
        without = c[f"{name}_response"]
        odds = (
            without
            / (1.0 - without)
            * math.exp(sum(eff.response_log_odds[d, i, k] * e(i) for i in regimen))
        )
        return (odds / (1.0 + odds) - without) * c[f"{name}_utility"] * alive

    aria = sum(eff.aria_hazard[d, i] * kin.relative[i] for i in regimen)
    aria *= (1.0 - math.exp(-horizon_years / c["aria_years"])) / (
        1.0 - math.exp(-TRIAL_YEARS / c["aria_years"])
    )
    relief = 1.0 - math.exp(-fall / c["rate_control_fall"]) if panel.counts["rate control"] else 0.0
    kinds = {
        "disease course": 0.0,
        "symptomatic cognition": c["utility_per_mmse"] * gain * alive,
        **{name: more(k, name) for k, name in enumerate(RESPONSES)},
        "rate control": c["rate_control_utility"] * relief * alive,
        "stroke": change["stroke"],
        "infarction": change["infarction"],
        "survival": ahead.survival(math.exp(log_ratio["death"])),
        **{o: change[o] for o in ("bleeding", "bradycardia", "falls", "arrhythmia")},
        "ARIA": -ahead.lost["aria"] * (1.0 - math.exp(-aria)),
        "anticholinergic cognition": -c["utility_per_mmse"] * blocked * alive,
        "intolerance": -ahead.lost["intolerance"]
        * (1.0 - math.exp(-sum(eff.intolerance_hazard[d, i] * g(i) for i in regimen))),
    }
    assert tuple(kinds) == KINDS
    return [float(parent[i]) for i in regimen], kinds, gain - blocked
