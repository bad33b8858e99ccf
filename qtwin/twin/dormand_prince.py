"""The compiled integrator: adaptive Dormand-Prince 5(4), doses on the step, `LANES` courses side by
side.

Dormand and Prince 1980, J Comput Appl Math 6:19, RK5(4)7M with local extrapolation. Each lane
carries one course with its own time and step; when a course ends, the lane takes the next. No
lane's numbers depend on what its neighbours do.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numba as nb
import numpy as np
from numba.extending import register_jitable

from qtwin.twin import lanes
from qtwin.twin.lanes import LANES, column

MAX_STEPS = 100_000
"""Steps between two output or dose times after which a course is given up."""
# No NaN or infinity is assumed away: a course that blows up must be seen.
_FAST = {"contract", "reassoc", "nsz", "arcp"}
# All in one compiled function: of parts with names of their own the linker could take another copy,
# which rounds otherwise.
_INLINED: dict[str, Any] = {"forceinline": True, "error_model": "numpy", "fastmath": _FAST}

# Rows of the scratch array, one number a lane, before those of the model's states and parameters.
(_T, _END, _H, _STEP, _AFTER_DOSE, _RESTARTED, _STALE, _COUNT, _EVENT) = range(9)
(_FASTER, _SLOWER, _RATE_F, _RATE_S, _RATE_MAX, _HALF, _BASE, _ALL_F, _ALL_S) = range(9, 18)
(_U1, _U2, _U3, _U4, _U5, _U6) = range(18, 24)
(_PER_F, _PER_S, _STOP) = range(24, 27)
_ROWS = 27


@nb.njit(**_INLINED)
def _removal(base, c, rate_max, half):  # type: ignore[no-untyped-def]
    """Removal rate at concentration c."""
    return base + rate_max * c / (c + half) if c > 0.0 else base


@nb.njit(**_INLINED)
def _decays(x):  # type: ignore[no-untyped-def]
    """exp(-c x) at the nodes c = 1/5, 3/10, 4/5, 8/9 and 1 of the method, for x >= 0, as powers of
    exp(-x / 90).

    Arithmetic alone, so that it runs in all lanes at once: the ninth Taylor polynomial at a 720th
    of x, whose remainder is below 1e-16, raised to powers, which costs two to three digits of the
    sixteen. Beyond x = 90, where 1e-39 is left, it stays there.
    """
    z = min(x * (1.0 / 90.0), 1.0) * -0.125
    e = 1.0 + z / 9.0
    e = 1.0 + z / 8.0 * e
    e = 1.0 + z / 7.0 * e
    e = 1.0 + z / 6.0 * e
    e = 1.0 + z / 5.0 * e
    e = 1.0 + z / 4.0 * e
    e = 1.0 + z / 3.0 * e
    e = 1.0 + z / 2.0 * e
    e = 1.0 + z * e
    e *= e
    e *= e
    e *= e
    e2 = e * e
    e8 = (e2 * e2) * (e2 * e2)
    e9 = e8 * e
    e18 = e9 * e9
    e72 = (e18 * e18) * (e18 * e18)
    return e18, e18 * e9, e72, e72 * e8, e72 * e18


@nb.njit(**_INLINED)
def _removals(w):  # type: ignore[no-untyped-def]
    """Removal rates of every lane at the nodes of its step, and how far its antibody has decayed at
    the end.
    """
    present = 0.0
    for lane in range(LANES):
        present += w[_FASTER * LANES + lane] + w[_SLOWER * LANES + lane]
    if not present > 0.0:
        for lane in range(LANES):
            base = w[_BASE * LANES + lane]
            w[_U1 * LANES + lane], w[_U2 * LANES + lane], w[_U3 * LANES + lane] = base, base, base
            w[_U4 * LANES + lane], w[_U5 * LANES + lane], w[_U6 * LANES + lane] = base, base, base
            w[_ALL_F * LANES + lane], w[_ALL_S * LANES + lane] = 1.0, 1.0
        return
    for lane in range(LANES):
        h = w[_H * LANES + lane]
        fast, slow, base = (
            w[_FASTER * LANES + lane],
            w[_SLOWER * LANES + lane],
            w[_BASE * LANES + lane],
        )
        rate_max, half = w[_RATE_MAX * LANES + lane], w[_HALF * LANES + lane]
        f2, f3, f4, f5, f6 = _decays(w[_RATE_F * LANES + lane] * h)
        s2, s3, s4, s5, s6 = _decays(w[_RATE_S * LANES + lane] * h)
        w[_U1 * LANES + lane] = _removal(base, fast + slow, rate_max, half)
        w[_U2 * LANES + lane] = _removal(base, fast * f2 + slow * s2, rate_max, half)
        w[_U3 * LANES + lane] = _removal(base, fast * f3 + slow * s3, rate_max, half)
        w[_U4 * LANES + lane] = _removal(base, fast * f4 + slow * s4, rate_max, half)
        w[_U5 * LANES + lane] = _removal(base, fast * f5 + slow * s5, rate_max, half)
        w[_U6 * LANES + lane] = _removal(base, fast * f6 + slow * s6, rate_max, half)
        w[_ALL_F * LANES + lane], w[_ALL_S * LANES + lane] = f6, s6


@nb.njit(**_INLINED)
def _hand_over(  # type: ignore[no-untyped-def]
    w,
    due,
    todo,
    last,
    courses,
    goals,
    doses,
    parameters,
    start,
    removal,
    times,
    dose_times,
    dose_amounts,
    antibody,
    out,
    failed,
):
    """What the lanes in `due` do on arrival: write a result, take a dose, take the next course.

    todo: the next course, and how many are under way. Returns whether the first derivative of some
    lane is no longer right.
    """
    members, n_states, n_parameters = start.shape[0], start.shape[1], parameters.shape[1]
    n_times, n_doses = times.size, dose_times.shape[1]
    y_, p_ = _ROWS, _ROWS + n_states
    stale = False
    for lane in due:
        course = courses[lane]
        if course >= 0 and w[_T * LANES + lane] < w[_END * LANES + lane]:  # stuck
            failed[course] = 1
            for index in range(goals[lane], n_times):
                for i in range(n_states):
                    out[course * n_times + index, i] = np.nan
            goals[lane] = n_times
        elif course >= 0 and w[_T * LANES + lane] >= times[goals[lane]]:
            row = course * n_times + goals[lane]
            for i in range(n_states):
                out[row, i] = w[(y_ + i) * LANES + lane]
            goals[lane] += 1
        if course < 0 or goals[lane] == n_times:
            todo[1] -= course >= 0
            course = todo[0]
            todo[0] += 1
            if course >= last:  # nothing is left to do: the lane stands still
                courses[lane] = -1
                w[_STEP * LANES + lane], w[_END * LANES + lane] = 0.0, np.inf
                continue
            todo[1] += 1
            courses[lane], goals[lane], doses[lane] = course, 1, 0
            r, m = course // members, course % members
            for i in range(n_states):
                w[(y_ + i) * LANES + lane] = start[m, i]
            for i in range(n_parameters):
                w[(p_ + i) * LANES + lane] = parameters[m, i]
            w[_T * LANES + lane], w[_STALE * LANES + lane], w[_RESTARTED * LANES + lane] = (
                times[0],
                1.0,
                0.0,
            )
            w[_STEP * LANES + lane] = w[_AFTER_DOSE * LANES + lane] = 0.05
            w[_BASE * LANES + lane] = removal[r, m]
            w[_FASTER * LANES + lane] = w[_SLOWER * LANES + lane] = 0.0
            if n_doses > 0:
                w[_RATE_F * LANES + lane], w[_RATE_S * LANES + lane] = (
                    antibody[r, m, 0],
                    antibody[r, m, 1],
                )
                w[_PER_F * LANES + lane], w[_PER_S * LANES + lane] = (
                    antibody[r, m, 2],
                    antibody[r, m, 3],
                )
                w[_RATE_MAX * LANES + lane], w[_HALF * LANES + lane] = (
                    antibody[r, m, 4],
                    antibody[r, m, 5],
                )
                w[_STOP * LANES + lane] = antibody[r, m, 6]
        end = times[goals[lane]]
        if n_doses > 0:
            r, t, stop, dose = (
                course // members,
                w[_T * LANES + lane],
                w[_STOP * LANES + lane],
                doses[lane],
            )
            while dose < n_doses and dose_times[r, dose] <= t:
                if dose_times[r, dose] < stop:
                    w[_FASTER * LANES + lane] += dose_amounts[r, dose] * w[_PER_F * LANES + lane]
                    w[_SLOWER * LANES + lane] += dose_amounts[r, dose] * w[_PER_S * LANES + lane]
                    w[_STALE * LANES + lane] = w[_RESTARTED * LANES + lane] = 1.0
                    w[_STEP * LANES + lane] = w[_AFTER_DOSE * LANES + lane]
                dose += 1
            doses[lane] = dose
            if dose < n_doses and dose_times[r, dose] < stop:
                end = min(end, dose_times[r, dose])
        w[_END * LANES + lane] = end
        w[_COUNT * LANES + lane] = 0.0
        stale = stale or w[_STALE * LANES + lane] > 0.0
    return stale


@lru_cache(maxsize=32)
def kernel(derivative: Callable[..., None], n_states: int, n_parameters: int) -> Any:
    """The integrator compiled for one model, its equations inlined; kept on disk until either
    changes.

    Called with (first, last, parameters (m, P), start (m, S), removal (r, m), times (t,),
    dose_times (r, d), dose_amounts (r, d), antibody (r, m, 7), rtol, atol, out (r m t, S), failed
    (r m,)), it fills `out` for the courses first to last, course r m + m', and marks in `failed`
    those that it had to give up. Antibody: fast and slow rate, concentration per mg in either mode,
    rate_max, half_effect, stop time.
    """
    f = register_jitable(**_INLINED)(derivative)
    text = inspect.getsource(derivative) + inspect.getsource(lanes)
    source = int(hashlib.sha256(text.encode()).hexdigest()[:15], 16)
    y_, p_ = _ROWS, _ROWS + n_states
    x_ = p_ + n_parameters
    high_, k1_, k2_, k3_ = (x_ + i * n_states for i in range(1, 5))
    k4_, k5_, k6_, k7_ = (x_ + i * n_states for i in range(5, 9))
    rows = x_ + 9 * n_states

    @nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
    def dormand_prince(  # type: ignore[no-untyped-def]
        first,
        last,
        parameters,
        start,
        removal,
        times,
        dose_times,
        dose_amounts,
        antibody,
        rtol,
        atol,
        out,
        failed,
    ):
        if source < 0:  # part of what the compiled code is stored under
            return
        space = np.zeros(rows * LANES + 7)
        # on a cache line, so that no row lies across two
        w = space[(-(space.ctypes.data // 8)) % 8 :]
        courses, goals, doses = (
            np.full(LANES, -1),
            np.zeros(LANES, dtype=np.int64),
            np.zeros(LANES, dtype=np.int64),
        )
        # lanes that have arrived; the next course, and how many are under way
        due, todo = np.arange(LANES), np.array([first, 0])
        arrived = LANES
        while True:
            stale = _hand_over(
                w,
                due[:arrived],
                todo,
                last,
                courses,
                goals,
                doses,
                parameters,
                start,
                removal,
                times,
                dose_times,
                dose_amounts,
                antibody,
                out,
                failed,
            )
            if todo[1] == 0:
                break
            for lane in range(LANES):
                w[_H * LANES + lane] = min(
                    w[_STEP * LANES + lane], w[_END * LANES + lane] - w[_T * LANES + lane]
                )
            _removals(w)
            if stale:  # row x is free here
                for lane in range(LANES):
                    f(
                        w[_T * LANES + lane],
                        column(w, y_ * LANES + lane),
                        column(w, p_ * LANES + lane),
                        w[_U1 * LANES + lane],
                        column(w, x_ * LANES + lane),
                    )
                for lane in range(LANES):
                    k1, new, changed = (
                        column(w, k1_ * LANES + lane),
                        column(w, x_ * LANES + lane),
                        w[_STALE * LANES + lane],
                    )
                    for i in range(n_states):
                        k1[i] = new[i] if changed > 0.0 else k1[i]
                    w[_STALE * LANES + lane] = 0.0
            for lane in range(LANES):
                t, h = w[_T * LANES + lane], w[_H * LANES + lane]
                y, p = column(w, y_ * LANES + lane), column(w, p_ * LANES + lane)
                x, high = column(w, x_ * LANES + lane), column(w, high_ * LANES + lane)
                k1, k2, k3 = (
                    column(w, k1_ * LANES + lane),
                    column(w, k2_ * LANES + lane),
                    column(w, k3_ * LANES + lane),
                )
                k4, k5 = column(w, k4_ * LANES + lane), column(w, k5_ * LANES + lane)
                k6, k7 = column(w, k6_ * LANES + lane), column(w, k7_ * LANES + lane)
                for i in range(n_states):
                    x[i] = y[i] + h * 0.2 * k1[i]
                f(t + 0.2 * h, x, p, w[_U2 * LANES + lane], k2)
                for i in range(n_states):
                    x[i] = y[i] + h * (3 / 40 * k1[i] + 9 / 40 * k2[i])
                f(t + 0.3 * h, x, p, w[_U3 * LANES + lane], k3)
                for i in range(n_states):
                    x[i] = y[i] + h * (44 / 45 * k1[i] - 56 / 15 * k2[i] + 32 / 9 * k3[i])
                f(t + 0.8 * h, x, p, w[_U4 * LANES + lane], k4)
                for i in range(n_states):
                    x[i] = y[i] + h * (
                        19372 / 6561 * k1[i]
                        - 25360 / 2187 * k2[i]
                        + 64448 / 6561 * k3[i]
                        - 212 / 729 * k4[i]
                    )
                f(t + 8 / 9 * h, x, p, w[_U5 * LANES + lane], k5)
                for i in range(n_states):
                    x[i] = y[i] + h * (
                        9017 / 3168 * k1[i]
                        - 355 / 33 * k2[i]
                        + 46732 / 5247 * k3[i]
                        + 49 / 176 * k4[i]
                        - 5103 / 18656 * k5[i]
                    )
                f(t + h, x, p, w[_U6 * LANES + lane], k6)
                for i in range(n_states):
                    high[i] = y[i] + h * (
                        35 / 384 * k1[i]
                        + 500 / 1113 * k3[i]
                        + 125 / 192 * k4[i]
                        - 2187 / 6784 * k5[i]
                        + 11 / 84 * k6[i]
                    )
                f(t + h, high, p, w[_U6 * LANES + lane], k7)
                error = 0.0
                for i in range(n_states):
                    gap = h * (
                        71 / 57600 * k1[i]
                        - 71 / 16695 * k3[i]
                        + 71 / 1920 * k4[i]
                        - 17253 / 339200 * k5[i]
                        + 22 / 525 * k6[i]
                        - 1 / 40 * k7[i]
                    )
                    ratio = abs(gap) / (atol + rtol * max(abs(y[i]), abs(high[i])))
                    # a NaN comes in and stays
                    error = error if ratio <= error or error != error else ratio
                eighth = np.sqrt(np.sqrt(np.sqrt(max(error, 1e-10))))
                # The usual exponent is -1/5; -3/16 is four square roots, and as good a guess.
                grown = h * min(5.0, max(0.2, 0.9 / (eighth * np.sqrt(eighth))))
                taken, finite = error <= 1.0, error < np.inf
                end, wanted = w[_END * LANES + lane], w[_STEP * LANES + lane]
                reached = end if h == end - t else t + h
                for i in range(n_states):
                    y[i] = high[i] if taken else y[i]
                    k1[i] = k7[i] if taken else k1[i]
                fast = w[_FASTER * LANES + lane] * w[_ALL_F * LANES + lane]
                slow = w[_SLOWER * LANES + lane] * w[_ALL_S * LANES + lane]
                left = fast + slow >= 1e-12 * w[_HALF * LANES + lane]
                w[_FASTER * LANES + lane] = (
                    (fast if left else 0.0) if taken else w[_FASTER * LANES + lane]
                )
                w[_SLOWER * LANES + lane] = (
                    (slow if left else 0.0) if taken else w[_SLOWER * LANES + lane]
                )
                # The next dose finds the same situation as this one did.
                begins = taken and w[_RESTARTED * LANES + lane] > 0.0
                w[_AFTER_DOSE * LANES + lane] = grown if begins else w[_AFTER_DOSE * LANES + lane]
                w[_RESTARTED * LANES + lane] = 0.0 if taken else w[_RESTARTED * LANES + lane]
                # A step cut short says nothing against the longer one; one out of the model's range
                # calls for a shorter one.
                after = grown if h == wanted else max(wanted, grown)
                w[_STEP * LANES + lane] = after if taken else (grown if finite else 0.2 * h)
                w[_T * LANES + lane] = reached if taken else t
                w[_COUNT * LANES + lane] += 1.0
                stuck = (not finite and h < 1e-12 * max(1.0, abs(end))) or w[
                    _COUNT * LANES + lane
                ] >= MAX_STEPS
                w[_EVENT * LANES + lane] = 1.0 if (taken and reached >= end) or stuck else 0.0
            arrived = 0
            for lane in range(LANES):
                due[arrived] = lane
                arrived += w[_EVENT * LANES + lane] > 0.0

    return dormand_prince
