"""The compiled batch integrator: members x treatments x times, adaptive Dormand-Prince 5(4), doses on the step, in parallel."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numba as nb
import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from qtwin.errors import InputError, QtwinError
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.dosing import Dosing

Array = NDArray[np.float64]
_MAX_STEPS = 100_000
_SMALLEST_TASK = 16  # courses a task: amortises the scratch arrays and the hand-over between threads
# No NaN or infinity is assumed away: a course that blows up must be seen.
_FAST = {"contract", "reassoc", "nsz", "arcp"}


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def _removal(base, fast, slow, decay_fast, decay_slow, rate_max, half):  # type: ignore[no-untyped-def]
    """Removal rate when the two modes of the concentration have decayed by these factors."""
    c = fast * decay_fast + slow * decay_slow
    return base + rate_max * c / (c + half) if c > 0.0 else base


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
def _decays(x):  # type: ignore[no-untyped-def]
    """exp(-c x) at the nodes c = 1/5, 3/10, 4/5, 8/9 and 1 of the method, as powers of exp(-x / 90)."""
    e = np.exp(x * (-1.0 / 90.0))
    e2 = e * e
    e8 = (e2 * e2) * (e2 * e2)
    e9 = e8 * e
    e18 = e9 * e9
    e72 = (e18 * e18) * (e18 * e18)
    return e18, e18 * e9, e72, e72 * e8, e72 * e18


@lru_cache(maxsize=32)
def _kernel(derivative: Callable[..., None], n_states: int, n_parameters: int) -> Any:
    """The integrator compiled for one model, its equations inlined; kept on disk until either changes.

    Dormand and Prince 1980, J Comput Appl Math 6:19, RK5(4)7M with local extrapolation; steps land on output and dose times.
    """
    f = register_jitable(derivative)
    source = int(hashlib.sha256(inspect.getsource(derivative).encode()).hexdigest()[:15], 16)

    @nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=_FAST)
    def dormand_prince(  # type: ignore[no-untyped-def]
        first, last, parameters, start, removal, times, dose_times, dose_amounts, antibody, rtol, atol, out, failed
    ):
        # antibody: (r, m, 7) fast and slow rate, concentration per mg in either mode, rate_max, half_effect, stop time
        if source < 0:  # part of what the compiled code is stored under
            return
        members, n_doses = start.shape[0], dose_times.shape[1]
        p = np.empty(n_parameters)
        y, trial, high = np.empty(n_states), np.empty(n_states), np.empty(n_states)
        k1, k2, k3, k4 = np.empty(n_states), np.empty(n_states), np.empty(n_states), np.empty(n_states)
        k5, k6, k7 = np.empty(n_states), np.empty(n_states), np.empty(n_states)
        for course in range(first, last):
            r, m = course // members, course % members
            p[:] = parameters[m]
            base = removal[r, m]
            rate_f = rate_s = per_f = per_s = rate_max = half = stop = 0.0
            if n_doses > 0:
                rate_f, rate_s, per_f, per_s = antibody[r, m, 0], antibody[r, m, 1], antibody[r, m, 2], antibody[r, m, 3]
                rate_max, half, stop = antibody[r, m, 4], antibody[r, m, 5], antibody[r, m, 6]
            fast = slow = 0.0  # concentration in either mode, mg/L
            dose = 0
            y[:] = start[m]
            t, step, after_dose = times[0], 0.05, 0.05
            out[r, m, 0] = y
            fresh = False  # whether k1 belongs to (t, y)
            restarted = False
            for index in range(1, times.size):
                goal = times[index]
                for _ in range(_MAX_STEPS):
                    while dose < n_doses and dose_times[r, dose] <= t:
                        if dose_times[r, dose] < stop:
                            fast += dose_amounts[r, dose] * per_f
                            slow += dose_amounts[r, dose] * per_s
                            fresh = False
                            step = after_dose
                            restarted = True
                        dose += 1
                    if t >= goal:
                        break
                    if not fresh:
                        f(t, y, p, _removal(base, fast, slow, 1.0, 1.0, rate_max, half), k1)
                        fresh = True
                    end = goal
                    if dose < n_doses and dose_times[r, dose] < stop:
                        end = min(goal, dose_times[r, dose])
                    h = min(step, end - t)
                    if fast + slow > 0.0:
                        q, q2, q8, q9, all_f = _decays(rate_f * h)
                        w, w2, w8, w9, all_s = _decays(rate_s * h)
                        u2 = _removal(base, fast, slow, q, w, rate_max, half)
                        u3 = _removal(base, fast, slow, q2, w2, rate_max, half)
                        u4 = _removal(base, fast, slow, q8, w8, rate_max, half)
                        u5 = _removal(base, fast, slow, q9, w9, rate_max, half)
                        u6 = _removal(base, fast, slow, all_f, all_s, rate_max, half)
                    else:
                        u2 = u3 = u4 = u5 = u6 = base
                        all_f = all_s = 1.0
                    for i in range(n_states):
                        trial[i] = y[i] + h * 0.2 * k1[i]
                    f(t + 0.2 * h, trial, p, u2, k2)
                    for i in range(n_states):
                        trial[i] = y[i] + h * (3 / 40 * k1[i] + 9 / 40 * k2[i])
                    f(t + 0.3 * h, trial, p, u3, k3)
                    for i in range(n_states):
                        trial[i] = y[i] + h * (44 / 45 * k1[i] - 56 / 15 * k2[i] + 32 / 9 * k3[i])
                    f(t + 0.8 * h, trial, p, u4, k4)
                    for i in range(n_states):
                        trial[i] = y[i] + h * (
                            19372 / 6561 * k1[i] - 25360 / 2187 * k2[i] + 64448 / 6561 * k3[i] - 212 / 729 * k4[i]
                        )
                    f(t + 8 / 9 * h, trial, p, u5, k5)
                    for i in range(n_states):
                        trial[i] = y[i] + h * (
                            9017 / 3168 * k1[i]
                            - 355 / 33 * k2[i]
                            + 46732 / 5247 * k3[i]
                            + 49 / 176 * k4[i]
                            - 5103 / 18656 * k5[i]
                        )
                    f(t + h, trial, p, u6, k6)
                    for i in range(n_states):
                        high[i] = y[i] + h * (
                            35 / 384 * k1[i] + 500 / 1113 * k3[i] + 125 / 192 * k4[i] - 2187 / 6784 * k5[i] + 11 / 84 * k6[i]
                        )
                    f(t + h, high, p, u6, k7)
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
                    grown = h * min(5.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.2))
                    if error <= 1.0:
                        t = end if h == end - t else t + h
                        fast *= all_f
                        slow *= all_s
                        if fast + slow < 1e-12 * half:
                            fast = slow = 0.0
                        if restarted:  # the next dose finds the same situation
                            after_dose, restarted = grown, False
                        for i in range(n_states):
                            y[i] = high[i]
                            k1[i] = k7[i]
                        step = grown if h == step else max(step, grown)  # a step cut short says nothing against the longer one
                    elif error < np.inf:
                        step = grown
                    else:  # overshot out of the model's range: shorter, until no shorter step means anything
                        step = 0.2 * h
                        if h < 1e-12 * max(1.0, abs(goal)):
                            break
                if t < goal:
                    failed[course] = 1
                    out[r, m, index:] = np.nan
                    break
                out[r, m, index] = y

    return dormand_prince


def _locked(array: Array) -> Array:
    """A read-only view; the caller's array stays as it is."""
    view = array.view()
    view.flags.writeable = False
    return view


def _doses(dosing: Sequence[Dosing | None], members: int) -> tuple[Array, Array, Array]:
    """(r, d) times and amounts, filled up with infinity and 0, and the (r, m, 7) kinetics of the kernel."""
    longest = max((len(d.times_years) for d in dosing if d is not None), default=0)
    times, amounts = np.full((len(dosing), longest), np.inf), np.zeros((len(dosing), longest))
    antibody = np.zeros((len(dosing), members, 7))
    for r, given in enumerate(dosing):
        if given is None:
            continue
        count = len(given.times_years)
        times[r, :count], amounts[r, :count] = given.times_years, given.amounts_mg
        antibody[r, :, :4] = given.modes()
        antibody[r, :, 4], antibody[r, :, 5] = given.rate_max_per_year, given.half_effect_mg_per_L
        antibody[r, :, 6] = given.stop_years
    return times, amounts, antibody


def integrate(
    model: DiseaseModel,
    parameters: Array,
    states0: Array,
    removal_per_year: Array,
    times_years: Array,
    *,
    dosing: Sequence[Dosing | None] | None = None,
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> Array:
    """Integrate a disease model for many members under many treatments.

    Args:
        model: The disease model.
        parameters: (m, P) parameters.
        states0: (m, S) states at times_years[0].
        removal_per_year: (r, m) constant amyloid removal rate.
        times_years: (t,) strictly increasing output times.
        dosing: (r,) doses of an antibody, whose removal is added; None where there are none.
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
    members, treatments = len(arrays[1]), len(arrays[2])
    wanted = ((members, len(model.parameters)), (members, len(model.states)), (treatments, members))
    for name, array, shape in zip(("parameters", "states0", "removal_per_year"), arrays, wanted, strict=True):
        if array.shape != shape:
            raise InputError(
                f"{name} of shape {array.shape} came, {shape} was wanted", hint="one row a member; removal is (r, m)"
            )
    if not all(np.isfinite(a).all() for a in (*arrays, times)):
        raise InputError("a parameter, state, removal rate or time is not finite", hint="check the record and the prior")
    if dosing is not None and len(dosing) != treatments:
        raise InputError(f"{len(dosing)} courses of doses came for {treatments} treatments", hint="one a treatment, or None")
    doses = _doses([None] * treatments if dosing is None else dosing, members)
    arrays, times = [_locked(a) for a in arrays], _locked(times)
    out = np.empty((treatments, members, len(times), arrays[1].shape[1]))
    failed = np.zeros(treatments * members, dtype=np.int64)
    kernel = _kernel(model.derivative, len(model.states), len(model.parameters))
    given: tuple[Any, ...] = (*arrays, times, *(_locked(a) for a in doses), rtol, atol, out, failed)
    threads = nb.get_num_threads()
    size = max(_SMALLEST_TASK, -(-len(failed) // (8 * threads)))
    begun = min(_SMALLEST_TASK, len(failed))
    kernel(0, begun, *given)  # compiles, if need be, in one thread
    tasks = [(first, min(first + size, len(failed))) for first in range(begun, len(failed), size)]
    if tasks:
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(kernel, *task, *given) for task in tasks]:
                done.result()
    if failed.any():
        raise QtwinError(
            f"{int(failed.sum())} of {failed.size} courses of the {model.name} model could not be integrated to rtol {rtol:g}",
            hint="the parameters lie far outside the model's range; check the visits",
        )
    return out


def stream(
    model: DiseaseModel,
    parameters: Array,
    states0: Array,
    removal_per_year: Array,
    times_years: Array,
    *,
    dosing: Sequence[Dosing | None] | None = None,
    batch: int = 8192,
) -> Iterator[tuple[slice, Array]]:
    """As `integrate`, `batch` members at a time: yields their slice and (r, batch, t, S) states, so that memory stays bounded.

    Patients, posterior members and treatments all fit one call: patients x members are rows, treatments are `removal_per_year`.
    """
    for first in range(0, len(states0), batch):
        part = slice(first, min(first + batch, len(states0)))
        given = None if dosing is None else [d if d is None else _part(d, part) for d in dosing]
        yield part, integrate(model, parameters[part], states0[part], removal_per_year[:, part], times_years, dosing=given)


def _part(dosing: Dosing, part: slice) -> Dosing:
    return Dosing(
        times_years=dosing.times_years,
        amounts_mg=dosing.amounts_mg,
        stop_years=dosing.stop_years[part],
        clearance_L_per_year=dosing.clearance_L_per_year[part],
        intercompartmental_L_per_year=dosing.intercompartmental_L_per_year,
        central_L=dosing.central_L,
        peripheral_L=dosing.peripheral_L,
        rate_max_per_year=dosing.rate_max_per_year[part],
        half_effect_mg_per_L=dosing.half_effect_mg_per_L,
    )
