"""The compiled batch integrator: members x regimens x times, adaptive Dormand-Prince 5(4), one thread a member."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np
from numba import types
from numpy.typing import NDArray

from qtwin.errors import InputError, QtwinError

if TYPE_CHECKING:
    from qtwin.twin.disease.base import DiseaseModel

Array = NDArray[np.float64]
_vector = types.Array(types.float64, 1, "C")
_matrix = types.Array(types.float64, 2, "C")
DERIVATIVE = types.void(types.float64, _vector, _vector, types.float64, _vector)
"""Signature of a compiled right-hand side; `numba.cfunc(DERIVATIVE, cache=True)` makes one."""
_KERNEL = types.void(
    types.FunctionType(DERIVATIVE),
    types.Array(types.float64, 2, "C", readonly=True),
    types.Array(types.float64, 2, "C", readonly=True),
    types.Array(types.float64, 2, "C", readonly=True),
    types.Array(types.float64, 1, "C", readonly=True),
    types.float64,
    types.float64,
    types.Array(types.float64, 4, "C"),
    types.Array(types.int64, 1, "C"),
)
_MAX_STEPS = 100_000


@nb.njit(_KERNEL, parallel=True, cache=True, error_model="numpy")
def _dormand_prince(f, parameters, start, removal, times, rtol, atol, out, failed):  # type: ignore[no-untyped-def]
    """Dormand and Prince 1980, J Comput Appl Math 6:19, RK5(4)7M with local extrapolation; steps land on the output times."""
    members, n_states = start.shape
    for task in nb.prange(removal.shape[0] * members):
        r, m = task // members, task % members
        p, u = parameters[m].copy(), removal[r, m]
        y, trial, high = start[m].copy(), np.empty(n_states), np.empty(n_states)
        k1, k2, k3, k4 = np.empty(n_states), np.empty(n_states), np.empty(n_states), np.empty(n_states)
        k5, k6, k7 = np.empty(n_states), np.empty(n_states), np.empty(n_states)
        t, step = times[0], 0.05
        out[r, m, 0] = y
        f(t, y, p, u, k1)
        for index in range(1, times.size):
            goal = times[index]
            for _ in range(_MAX_STEPS):
                if t >= goal:
                    break
                h = min(step, goal - t)
                for i in range(n_states):
                    trial[i] = y[i] + h * 0.2 * k1[i]
                f(t + 0.2 * h, trial, p, u, k2)
                for i in range(n_states):
                    trial[i] = y[i] + h * (3 / 40 * k1[i] + 9 / 40 * k2[i])
                f(t + 0.3 * h, trial, p, u, k3)
                for i in range(n_states):
                    trial[i] = y[i] + h * (44 / 45 * k1[i] - 56 / 15 * k2[i] + 32 / 9 * k3[i])
                f(t + 0.8 * h, trial, p, u, k4)
                for i in range(n_states):
                    trial[i] = y[i] + h * (19372 / 6561 * k1[i] - 25360 / 2187 * k2[i] + 64448 / 6561 * k3[i] - 212 / 729 * k4[i])
                f(t + 8 / 9 * h, trial, p, u, k5)
                for i in range(n_states):
                    trial[i] = y[i] + h * (
                        9017 / 3168 * k1[i] - 355 / 33 * k2[i] + 46732 / 5247 * k3[i] + 49 / 176 * k4[i] - 5103 / 18656 * k5[i]
                    )
                f(t + h, trial, p, u, k6)
                for i in range(n_states):
                    high[i] = y[i] + h * (
                        35 / 384 * k1[i] + 500 / 1113 * k3[i] + 125 / 192 * k4[i] - 2187 / 6784 * k5[i] + 11 / 84 * k6[i]
                    )
                f(t + h, high, p, u, k7)
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
                    if not ratio <= error:  # a NaN passes max() unseen; here it stays
                        error = ratio
                    if np.isnan(error):
                        break
                if error <= 1.0:
                    t = goal if h == goal - t else t + h
                    for i in range(n_states):
                        y[i] = high[i]
                        k1[i] = k7[i]
                if error < np.inf:
                    step = h * min(5.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.2))
                else:  # overshot out of the model's range: shorter, until no shorter step means anything
                    step = 0.2 * h
                    if h < 1e-12 * max(1.0, abs(goal)):
                        break
            if t < goal:
                failed[task] = 1
                out[r, m, index:] = np.nan
                break
            out[r, m, index] = y


def _locked(array: Array) -> Array:
    """A read-only view; the caller's array stays as it is."""
    view = array.view()
    view.flags.writeable = False
    return view


def integrate(
    model: DiseaseModel,
    parameters: Array,
    states0: Array,
    removal_per_year: Array,
    times_years: Array,
    *,
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> Array:
    """Integrate a disease model for many members under many treatments.

    Args:
        model: The disease model.
        parameters: (m, P) parameters.
        states0: (m, S) states at times_years[0].
        removal_per_year: (r, m) amyloid removal rate by antibodies, constant in time.
        times_years: (t,) strictly increasing output times.
        rtol: Relative local error tolerance.
        atol: Absolute local error tolerance.

    Returns:
        (r, m, t, S) states.

    Raises:
        InputError: for times that do not increase, shapes that do not fit the model, or numbers that are not finite.
        QtwinError: if a member cannot be integrated.
    """
    times = np.ascontiguousarray(times_years, dtype=np.float64)
    if times.ndim != 1 or not len(times) or (np.diff(times) <= 0).any():
        raise InputError("output times must increase strictly", hint="sort them and drop duplicates")
    arrays = [np.ascontiguousarray(a, dtype=np.float64) for a in (parameters, states0, removal_per_year)]
    members = len(arrays[1])
    wanted = ((members, len(model.parameters)), (members, len(model.states)), (len(arrays[2]), members))
    for name, array, shape in zip(("parameters", "states0", "removal_per_year"), arrays, wanted, strict=True):
        if array.shape != shape:
            raise InputError(
                f"{name} of shape {array.shape} came, {shape} was wanted", hint="one row a member; removal is (r, m)"
            )
    if not all(np.isfinite(a).all() for a in (*arrays, times)):
        raise InputError("a parameter, state, removal rate or time is not finite", hint="check the record and the prior")
    arrays, times = [_locked(a) for a in arrays], _locked(times)
    out = np.empty((arrays[2].shape[0], arrays[1].shape[0], len(times), arrays[1].shape[1]))
    failed = np.zeros(out.shape[0] * out.shape[1], dtype=np.int64)
    _dormand_prince(model.derivative, arrays[0], arrays[1], arrays[2], times, rtol, atol, out, failed)
    if failed.any():
        raise QtwinError(
            f"{int(failed.sum())} of {failed.size} courses of the {model.name} model could not be integrated to rtol {rtol:g}",
            hint="the parameters lie far outside the model's range; check the visits",
        )
    return out
