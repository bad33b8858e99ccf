"""From regimens to quality-adjusted life years by kind, for regimens x members at once (compiled,
parallel).

For each regimen and member: exposures by Rowland-Matin with the patient's activities, to the moiety
that is wanted and to the one that harms; receptor odds added over antagonists; effects through Emax
and Gaddum; outcomes through multiplied hazards, each bounded by 1 - exp(-hazard x time alive). A
benefit accrues to the living; a death costs the discounted quality-adjusted life that was left
(`qtwin.pharmacology.risk`).

In the exposure u relative to the reference dose in the reference person, the effects on pressure
and on responses follow e(u) = (1 + k) u / (u + k) with k = 0.4, since usual doses lie near the
plateau (Law 2003); harms whose concentration dependence is unknown follow g(u) = 2 u / (1 + u).
Both are 0 at 0 and 1 at 1. ``tests/oracles/slow_response.py`` is the plain twin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.pharmacology.outcome import CONSTANTS, KINDS
from qtwin.pharmacology.panel import PEOPLE, Panel, aria_share

Array = NDArray[np.float64]
_BLOCK = 32 * PEOPLE  # members a task
_FEWEST_TASKS = 16  # fewer are not worth a thread
_C = {name: k for k, name in enumerate(CONSTANTS)}
_PER_MMSE, _PER_ADAS, _PER_ACB, _ACB_TOP = (
    _C[k] for k in ("utility_per_mmse", "mmse_per_adas_cog", "mmse_per_acb", "mmse_acb_ceiling")
)
_MOOD, _BEHAVIOUR, _PAIN, _BLADDER, _REFLUX = (
    (_C[f"{k}_response"], _C[f"{k}_utility"])
    for k in ("mood", "behaviour", "pain", "bladder", "reflux")
)
_RESPONSE = (_MOOD, _BEHAVIOUR, _PAIN, _BLADDER, _REFLUX)
_RATE_UTILITY, _RATE_FALL = _C["rate_control_utility"], _C["rate_control_fall"]
_STROKE_MMHG, _INFARCTION_MMHG, _DEATH_MMHG, _MMHG_TOP, _MMHG_LOW = (
    _C[k]
    for k in (
        "stroke_per_10_mmHg",
        "infarction_per_10_mmHg",
        "death_per_10_mmHg",
        "pressure_ceiling",
        "falls_per_10_mmHg_low",
    )
)
_BRADYCARDIA, _FALLS_ALPHA1, _FALLS_H1, _FALLS_D2, _D2_HALF = (
    _C[k]
    for k in (
        "bradycardia_per_fall",
        "falls_per_alpha1",
        "falls_per_histamine1",
        "falls_per_dopamine2",
        "dopamine2_half_odds",
    )
)
_PER_MS, _BETA1_SHARE, _BETA1_HALF, _EFFICACY_HALF = (
    _C[k]
    for k in (
        "arrhythmia_per_ms",
        "beta1_sympathetic_share",
        "beta1_half_odds",
        "efficacy_half_exposure",
    )
)
PRESSURE_GOAL_MMHG, PRESSURE_LOW_MMHG = 120.0, 110.0
"""Lowering pressure below the goal brings nothing more (the lowest arm of SPRINT), and below the
second figure brings falls.
"""


class Traits(NamedTuple):
    """What the kernel reads of a person; flags are 1.0 or 0.0."""

    activity: Array  # (8,)
    beta1_gain: float
    systolic: float  # mmHg
    rate: float  # control of the rate is wanted
    pressure: float  # a lower pressure is wanted


class Time(NamedTuple):
    """What the kernel reads of a horizon: see `qtwin.pharmacology.risk.Span`."""

    weights: Array  # (q,)
    cumulative: Array  # (e, q)
    alone: Array  # (e, q) chance to be alive without drugs
    utility: Array  # (e, q)
    cumulative_end: Array  # (e,)
    remaining: Array  # (e,)
    alive: Array  # (e,)
    loss: Array  # (e, 8)
    early_aria: Array  # (e,)


@nb.njit(cache=True, error_model="numpy")
def _more_responders(without, log_odds):  # type: ignore[no-untyped-def]
    """Rise of a response probability when its odds are multiplied."""
    grown = math.expm1(log_odds)
    return grown * without * (1.0 - without) / (1.0 + grown * without)


@nb.njit(nogil=True, cache=True, error_model="numpy", fastmath=False)
def _respond(  # type: ignore[no-untyped-def]
    first,  # tasks of one block of members of one regimen each
    last,
    members_of,  # (r, w) option indices, -1 beyond the last
    person,
    kin,
    eff,
    constants,  # (e, c)
    hazards,  # (e, 7)
    time,
    exposure_out,  # (r, m, w)
    kinds_out,  # (r, m, 18)
    mmse_out,  # (r, m)
):
    width, m = members_of.shape[1], mmse_out.shape[1]
    activity = person.activity
    n_routes, n_receptors, n_outcomes, n_nodes = (
        activity.size,
        eff.receptor_odds.shape[2],
        hazards.shape[1],
        time.weights.size,
    )
    n_blocks = (m + _BLOCK - 1) // _BLOCK
    left = np.empty((width, n_routes))
    odds = np.empty(n_receptors)
    log_hazard = np.empty(n_outcomes)
    response = np.empty(5)
    u, harmful = np.empty(width), np.empty(width)
    for task in range(first, last):
        r, start = task // n_blocks, (task % n_blocks) * _BLOCK
        count = 0
        while count < width and members_of[r, count] >= 0:
            count += 1
        for j in range(start, min(start + _BLOCK, m)):
            d, p = j // PEOPLE, j % PEOPLE
            c = constants[d]
            # exposures
            for a in range(count):
                i = members_of[r, a]
                clearance = 1.0
                for e in range(n_routes):
                    clearance += kin.fractions[d, i, e] * (activity[e] - 1.0)
                alone = kin.relative[i] * kin.variability[p, i] / clearance
                for e in range(n_routes):
                    s = kin.inhibition_saturation[d, i, e]
                    left[a, e] = 1.0 / (
                        1.0 + kin.inhibition_odds[d, i, e] * (1.0 + s) * alone / (1.0 + s * alone)
                    )
            for a in range(count):
                i = members_of[r, a]
                clearance = formation = 1.0
                for e in range(n_routes):
                    f, formed = kin.fractions[d, i, e], kin.activation[d, i, e]
                    if f > 0.0 or formed > 0.0:
                        remaining = activity[e]
                        for b in range(count):
                            if b != a:
                                remaining *= left[b, e]
                        clearance += f * (remaining - 1.0)
                        formation += formed * (remaining - 1.0)
                u[a] = kin.variability[p, i] / clearance
                exposure_out[r, j, a] = u[a]
                # the active metabolite is made in proportion to the parent and to what makes it
                share, in_harms = kin.metabolite_share[d, i], kin.harm_share[d, i]
                harmful[a] = kin.relative[i] * u[a] * (1.0 - in_harms + in_harms * formation)
                u[a] *= 1.0 - share + share * formation
            # receptors and sums over drugs
            odds[:] = 0.0
            log_hazard[:] = 0.0
            response[:] = 0.0
            pressure = qt = stop = burden = aria = 0.0
            other_rate = 1.0
            half = c[_EFFICACY_HALF]
            for a in range(count):
                i = members_of[r, a]
                for k in range(n_receptors):
                    odds[k] += eff.receptor_odds[d, i, k] * u[a]
                x = kin.relative[i] * u[a]
                bad = harmful[a]
                g = 2.0 * bad / (1.0 + bad)
                efficacy = (1.0 + half) * x / (x + half)
                for k in range(n_outcomes):
                    log_ratio = eff.hazard_log_ratio[d, i, k]
                    # what helps lies near its plateau, what harms goes on rising
                    log_hazard[k] += log_ratio * (efficacy if log_ratio < 0.0 else g)
                for k in range(5):
                    response[k] += eff.response_log_odds[d, i, k] * efficacy
                pressure += eff.pressure_fall[d, i] * efficacy
                qt += eff.qt_ms[d, i] * bad
                stop += eff.intolerance_hazard[d, i] * g
                burden += eff.acb[i] * g
                aria += eff.aria_hazard[d, i] * kin.relative[i]
                other_rate *= 1.0 - min(eff.heart_rate_fall[d, i] * min(g, 2.0), 0.9)
            adas = 0.0
            for a in range(count):
                i = members_of[r, a]
                if eff.adas_max[d, i] != 0.0:
                    drive = eff.adas_drive[d, i] * u[a]
                    adas += eff.adas_max[d, i] * drive / (drive + 1.0 + eff.opposed[i] * odds[3])
            # outcomes
            beta1_share = min(c[_BETA1_SHARE] * person.beta1_gain, 1.0)
            fall = 1.0 - (1.0 - beta1_share * odds[0] / (odds[0] + c[_BETA1_HALF])) * other_rate
            mmhg = c[_MMHG_TOP] * (1.0 - math.exp(-pressure / c[_MMHG_TOP]))
            useful = (
                person.pressure * min(mmhg, max(person.systolic - PRESSURE_GOAL_MMHG, 0.0)) / 10.0
            )
            too_low = max(PRESSURE_LOW_MMHG - (person.systolic - mmhg), 0.0) - max(
                PRESSURE_LOW_MMHG - person.systolic, 0.0
            )
            log_hazard[0] += c[_STROKE_MMHG] * useful
            log_hazard[2] += c[_BRADYCARDIA] * fall
            log_hazard[3] += c[_FALLS_ALPHA1] * odds[1] / (1.0 + odds[1]) + c[_FALLS_H1] * odds[
                2
            ] / (1.0 + odds[2])
            log_hazard[3] += (
                c[_FALLS_D2] * odds[4] / (odds[4] + c[_D2_HALF]) + c[_MMHG_LOW] * too_low / 10.0
            )
            log_hazard[4] += c[_PER_MS] * qt
            log_hazard[5] += c[_INFARCTION_MMHG] * useful
            log_hazard[6] += c[_DEATH_MMHG] * useful
            # survival: years alive and quality of life lost by death
            ratio = math.exp(log_hazard[6])
            alive = survival = 0.0
            for q in range(n_nodes):
                with_drugs = (
                    math.exp(-ratio * time.cumulative[d, q]) if ratio != 1.0 else time.alone[d, q]
                )
                alive += time.weights[q] * with_drugs
                if ratio != 1.0:
                    survival += (
                        time.weights[q] * time.utility[d, q] * (with_drugs - time.alone[d, q])
                    )
            if ratio != 1.0:
                h = time.cumulative_end[d]
                survival += (math.exp(-ratio * h) - math.exp(-h)) * time.remaining[d]
            gain = c[_PER_ADAS] * adas
            blocked = c[_ACB_TOP] * (1.0 - math.exp(-c[_PER_ACB] * burden / c[_ACB_TOP]))
            mmse_out[r, j] = gain - blocked
            loss, exposed = time.loss[d], time.alive[d]
            kinds_out[r, j, 0] = 0.0  # disease course is integrated by the twin
            kinds_out[r, j, 1] = c[_PER_MMSE] * gain * alive
            for k in range(5):
                without, utility = _RESPONSE[k]
                more = _more_responders(c[without], response[k]) if response[k] != 0.0 else 0.0
                kinds_out[r, j, 2 + k] = more * c[utility] * alive
            kinds_out[r, j, 7] = (
                person.rate * c[_RATE_UTILITY] * (1.0 - math.exp(-fall / c[_RATE_FALL])) * alive
            )
            for k in range(n_outcomes - 1):
                base = hazards[d, k] * exposed
                lost = 0.0
                if log_hazard[k] != 0.0:
                    lost = math.exp(-base) - math.exp(-base * math.exp(log_hazard[k]))
                # stroke and infarction stand with the benefits, the others behind survival
                kinds_out[r, j, 8 if k == 0 else 9 if k == 5 else 10 + k] = -loss[k] * lost
            kinds_out[r, j, 10] = survival
            kinds_out[r, j, 15] = loss[6] * math.expm1(-aria * time.early_aria[d])
            kinds_out[r, j, 16] = -c[_PER_MMSE] * blocked * alive
            kinds_out[r, j, 17] = loss[7] * math.expm1(-stop)


def respond(
    panel: Panel, option_indices: NDArray[np.int64], *, horizon_years: float, beyond: bool = True
) -> tuple[Array, Array, Array]:
    """Simulate regimens on every member of the panel.

    Args:
        panel: Options and members.
        option_indices: (r, w) indices of the options in each regimen, filled up with -1.
        horizon_years: Time over which drugs are taken.
        beyond: Whether life that is lost after the horizon counts.

    Returns:
        exposures (r, m, w), the exposure of each drug over the same dose in the reference person;
        QALY by kind (r, m, 18) against taking nothing, in the order of `KINDS`, the disease course
        left at 0; MMSE offset (r, m).

    Raises:
        InputError: for an index that is no option.
    """
    if (
        option_indices.ndim != 2
        or option_indices.min(initial=-1) < -1
        or option_indices.max(initial=-1) >= len(panel.options)
    ):
        raise InputError(
            f"option indices of shape {option_indices.shape} up to "
            f"{option_indices.max(initial=-1)} came",
            hint=f"rows of indices from -1 to {len(panel.options) - 1} are wanted",
        )
    r, w = option_indices.shape
    m = panel.n_members
    lived, loss = panel.span(horizon_years, beyond=beyond)
    who, counts = panel.person, panel.counts
    exposures, kinds, mmse = np.zeros((r, m, w)), np.empty((r, m, len(KINDS))), np.empty((r, m))
    constants = panel.constants.copy()
    constants[:, [_STROKE_MMHG, _INFARCTION_MMHG, _DEATH_MMHG]] = np.log(
        constants[:, [_STROKE_MMHG, _INFARCTION_MMHG, _DEATH_MMHG]]
    )
    given = (
        np.ascontiguousarray(option_indices, dtype=np.int64),
        Traits(
            activity=who.activity,
            beta1_gain=float(who.beta1_gain),
            systolic=float(who.systolic_mmHg),
            rate=float(counts["rate control"]),
            pressure=float(counts["pressure"]),
        ),
        panel.kinetics,
        panel.effects,
        constants,
        panel.hazards,
        Time(
            weights=lived.weights,
            cumulative=lived.cumulative,
            alone=np.exp(-lived.cumulative),
            utility=lived.utility,
            cumulative_end=lived.cumulative_end,
            remaining=lived.remaining,
            alive=lived.alive,
            loss=loss,
            early_aria=aria_share(panel.constant("aria_years"), horizon_years),
        ),
        exposures,
        kinds,
        mmse,
    )
    tasks = r * -(-m // _BLOCK)
    threads = min(nb.get_num_threads(), tasks)
    if tasks < _FEWEST_TASKS or threads < 2:
        _respond(0, tasks, *given)
    else:
        edges = np.linspace(0, tasks, threads + 1).astype(int)
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(_respond, int(a), int(b), *given) for a, b in pairwise(edges)]:
                done.result()
    return exposures, kinds, mmse


def by_kind(values: Array) -> Mapping[str, float]:
    """(18,) values named by kind."""
    return dict(zip(KINDS, values.tolist(), strict=True))
