"""From regimens to quality-adjusted life years by kind, for regimens x members at once (compiled, parallel).

For each regimen and member: exposures by Rowland-Matin with the patient's activities; receptor odds added over antagonists;
effects through Emax and Gaddum; outcomes through multiplied hazards, each bounded by 1 - exp(-hazard x time).

In the exposure u relative to the reference dose in the reference person, the effects on pressure and mood follow
e(u) = (1 + k) u / (u + k) with k = 0.4, since usual doses lie near the plateau (Law 2003); harms whose concentration dependence
is unknown follow g(u) = 2 u / (1 + u). Both are 0 at 0 and 1 at 1. ``tests/oracles/slow_response.py`` is the plain twin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numba as nb
import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.pharmacology.outcome import KINDS, OUTCOMES, outcome_table
from qtwin.pharmacology.panel import Panel

Array = NDArray[np.float64]
_CONSTANTS = (
    "utility_per_mmse",
    "mmse_per_adas_cog",
    "mmse_per_acb",
    "mmse_acb_ceiling",
    "mood_response",
    "mood_utility",
    "behaviour_response",
    "behaviour_utility",
    "rate_control_utility",
    "rate_control_fall",
    "stroke_per_10_mmHg",
    "death_per_10_mmHg",
    "pressure_ceiling",
    "bradycardia_per_fall",
    "falls_per_alpha1",
    "falls_per_histamine1",
    "falls_per_dopamine2",
    "dopamine2_half_odds",
    "arrhythmia_per_ms",
    "beta1_sympathetic_share",
    "beta1_half_odds",
    "efficacy_half_exposure",
)
_LOSSES = (*OUTCOMES, "aria", "intolerance")


@nb.njit(cache=True, error_model="numpy")
def _more_responders(without, log_odds):  # type: ignore[no-untyped-def]
    """Rise of a response probability when its odds are multiplied."""
    grown = math.expm1(log_odds)
    return grown * without * (1.0 - without) / (1.0 + grown * without)


@nb.njit(parallel=True, cache=True, error_model="numpy", fastmath=False)
def _respond(  # type: ignore[no-untyped-def]
    members_of,  # (r, w) option indices, -1 beyond the last
    activity,
    hazards,
    relative,
    beta1_gain,
    disturbed,
    fractions,
    activation,
    prodrug,
    inhibition_odds,
    inhibition_saturation,
    variability,
    receptor_odds,
    adas_max,
    adas_drive,
    gaddum,
    mood_log_odds,
    behaviour_log_odds,
    pressure_fall,
    heart_rate_fall,
    qt_ms,
    intolerance_hazard,
    acb,
    aria_per_year,
    hazard_log_ratio,
    constant,
    loss,
    horizon,
    exposure_out,  # (r, m, w)
    kinds_out,  # (r, m, 14)
    mmse_out,  # (r, m)
):
    (
        c_utility_per_mmse,
        c_mmse_per_adas_cog,
        c_mmse_per_acb,
        c_mmse_acb_ceiling,
        c_mood_response,
        c_mood_utility,
        c_behaviour_response,
        c_behaviour_utility,
        c_rate_control_utility,
        c_rate_control_fall,
        c_stroke_per_10_mmHg,
        c_death_per_10_mmHg,
        c_pressure_ceiling,
        c_bradycardia_per_fall,
        c_falls_per_alpha1,
        c_falls_per_histamine1,
        c_falls_per_dopamine2,
        c_dopamine2_half_odds,
        c_arrhythmia_per_ms,
        c_beta1_sympathetic_share,
        c_beta1_half_odds,
        c_efficacy_half_exposure,
    ) = constant
    n_regimens, width = members_of.shape
    m = variability.shape[0]
    n_routes, n_receptors, n_outcomes = activity.size, receptor_odds.shape[2], hazards.size
    block = 256  # members a task: amortises the scratch arrays
    n_blocks = (m + block - 1) // block
    for task in nb.prange(n_regimens * n_blocks):
        r, start = task // n_blocks, (task % n_blocks) * block
        count = 0
        while count < width and members_of[r, count] >= 0:
            count += 1
        left = np.empty((width, n_routes))
        odds = np.empty(n_receptors)
        log_hazard = np.empty(n_outcomes)
        u = np.empty(width)
        for j in range(start, min(start + block, m)):
            # exposures
            for a in range(count):
                i = members_of[r, a]
                clearance = 1.0
                for e in range(n_routes):
                    clearance += fractions[i, e] * (activity[e] - 1.0)
                alone = relative[i] * variability[j, i] / clearance
                for e in range(n_routes):
                    s = inhibition_saturation[i, e]
                    left[a, e] = 1.0 / (1.0 + inhibition_odds[i, e] * (1.0 + s) * alone / (1.0 + s * alone))
            for a in range(count):
                i = members_of[r, a]
                clearance = formation = 1.0
                for e in range(n_routes):
                    f, formed = fractions[i, e], activation[i, e]
                    if f > 0.0 or formed > 0.0:
                        remaining = activity[e]
                        for b in range(count):
                            if b != a:
                                remaining *= left[b, e]
                        clearance += f * (remaining - 1.0)
                        formation += formed * (remaining - 1.0)
                u[a] = variability[j, i] / clearance
                exposure_out[r, j, a] = u[a]
                # the metabolite, made in proportion to the parent and to what makes it, carries its share of the effect
                u[a] *= 1.0 + prodrug[i] * (formation - 1.0)
            # receptors and sums over drugs
            odds[:] = 0.0
            log_hazard[:] = 0.0
            mood = behaviour = pressure = qt = stop = burden = aria = 0.0
            other_rate = 1.0
            for a in range(count):
                i = members_of[r, a]
                for k in range(n_receptors):
                    odds[k] += receptor_odds[j, i, k] * u[a]
                x = relative[i] * u[a]
                g = 2.0 * x / (1.0 + x)
                for k in range(n_outcomes):
                    log_hazard[k] += hazard_log_ratio[j, i, k] * g
                efficacy = (1.0 + c_efficacy_half_exposure) * x / (x + c_efficacy_half_exposure)
                mood += mood_log_odds[j, i] * efficacy
                behaviour += behaviour_log_odds[j, i] * efficacy
                pressure += pressure_fall[j, i] * efficacy
                qt += qt_ms[i] * x
                stop += intolerance_hazard[i] * g
                burden += acb[i] * g
                aria += aria_per_year[i] * relative[i]
                other_rate *= 1.0 - heart_rate_fall[i] * min(g, 2.0)
            adas = 0.0
            for a in range(count):
                i = members_of[r, a]
                if adas_max[j, i] > 0.0:
                    drive = adas_drive[i] * u[a]
                    adas += adas_max[j, i] * drive / (drive + 1.0 + gaddum[i] * odds[3])
            # outcomes
            beta1 = odds[0]
            beta1_share = min(c_beta1_sympathetic_share * beta1_gain, 1.0)
            fall = 1.0 - (1.0 - beta1_share * beta1 / (beta1 + c_beta1_half_odds)) * other_rate
            mmhg = c_pressure_ceiling * (1.0 - math.exp(-pressure / c_pressure_ceiling))
            log_hazard[0] += math.log(c_stroke_per_10_mmHg) * mmhg / 10.0
            log_hazard[2] += c_bradycardia_per_fall * fall
            log_hazard[3] += c_falls_per_alpha1 * odds[1] / (1.0 + odds[1]) + c_falls_per_histamine1 * odds[2] / (1.0 + odds[2])
            log_hazard[3] += c_falls_per_dopamine2 * odds[4] / (odds[4] + c_dopamine2_half_odds)
            log_hazard[4] += c_arrhythmia_per_ms * qt
            log_hazard[5] += math.log(c_death_per_10_mmHg) * mmhg / 10.0
            gain = c_mmse_per_adas_cog * adas
            blocked = c_mmse_acb_ceiling * (1.0 - math.exp(-c_mmse_per_acb * burden / c_mmse_acb_ceiling))
            mmse_out[r, j] = gain - blocked
            years = horizon
            kinds_out[r, j, 0] = 0.0  # disease course is integrated by the twin
            kinds_out[r, j, 1] = c_utility_per_mmse * gain * years
            kinds_out[r, j, 2] = _more_responders(c_mood_response, mood) * c_mood_utility * years
            kinds_out[r, j, 3] = disturbed * _more_responders(c_behaviour_response, behaviour) * c_behaviour_utility * years
            kinds_out[r, j, 4] = c_rate_control_utility * (1.0 - math.exp(-fall / c_rate_control_fall)) * years
            for k in range(n_outcomes):
                with_drugs = -math.expm1(-hazards[k] * years * math.exp(log_hazard[k]))
                without = -math.expm1(-hazards[k] * years)
                kinds_out[r, j, 5 if k == 0 else 6 if k == 5 else 6 + k] = -loss[k] * (with_drugs - without)
            kinds_out[r, j, 11] = loss[6] * math.expm1(-aria * years)
            kinds_out[r, j, 12] = -c_utility_per_mmse * blocked * years
            kinds_out[r, j, 13] = loss[7] * math.expm1(-stop)


def respond(panel: Panel, option_indices: NDArray[np.int64], *, horizon_years: float) -> tuple[Array, Array, Array]:
    """Simulate regimens on every member of the panel.

    Args:
        panel: Options and members.
        option_indices: (r, w) indices of the options in each regimen, filled up with -1.
        horizon_years: Time over which hazards act and effects last.

    Returns:
        exposures (r, m, w), the exposure of each drug over the same dose in the reference person; QALY by kind
        (r, m, 14) against taking nothing, in the order of `KINDS`, the disease course left at 0; MMSE offset (r, m).

    Raises:
        InputError: for an index that is no option.
    """
    table = outcome_table()
    if option_indices.ndim != 2 or option_indices.min(initial=-1) < -1 or option_indices.max(initial=-1) >= len(panel.options):
        raise InputError(
            f"option indices of shape {option_indices.shape} up to {option_indices.max(initial=-1)} came",
            hint=f"rows of indices from -1 to {len(panel.options) - 1} are wanted",
        )
    r, w = option_indices.shape
    m = panel.n_members
    exposures, kinds, mmse = np.zeros((r, m, w)), np.empty((r, m, len(KINDS))), np.empty((r, m))
    _respond(
        np.ascontiguousarray(option_indices, dtype=np.int64),
        panel.person.activity,
        np.array([panel.person.hazards_per_year[k] for k in OUTCOMES]),
        panel.relative,
        panel.person.beta1_gain,
        float(panel.person.disturbed),
        panel.fractions,
        panel.activation,
        panel.prodrug,
        panel.inhibition_odds,
        panel.inhibition_saturation,
        panel.variability,
        panel.receptor_odds,
        panel.adas_max,
        panel.adas_drive,
        panel.gaddum,
        panel.mood_log_odds,
        panel.behaviour_log_odds,
        panel.pressure_fall,
        panel.heart_rate_fall,
        panel.qt_ms,
        panel.intolerance_hazard,
        panel.acb,
        panel.aria_per_year,
        panel.hazard_log_ratio,
        tuple(table.constant[k].value for k in _CONSTANTS),
        np.array([table.loss[k].value for k in _LOSSES]),
        float(horizon_years),
        exposures,
        kinds,
        mmse,
    )
    return exposures, kinds, mmse


def by_kind(values: Array) -> Mapping[str, float]:
    """(14,) values named by kind."""
    return dict(zip(KINDS, values.tolist(), strict=True))
