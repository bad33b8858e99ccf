"""The batch simulator: members x treatments x times through the compiled integrator, in
parallel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba as nb
import numpy as np
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from qtwin.errors import InputError, QtwinError
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.dormand_prince import kernel
from qtwin.twin.dosing import Dosing

Array = NDArray[np.float64]
# courses a task: amortises the hand-over between threads, and the lanes that idle at its end
_SMALLEST_TASK = 128


def _locked(array: Array) -> Array:
    """A read-only view; the caller's array stays as it is."""
    view = array.view()
    view.flags.writeable = False
    return view


def _doses(dosing: Sequence[Dosing | None], members: int) -> tuple[Array, Array, Array]:
    """(r, d) times and amounts, filled up with infinity and 0, and the (r, m, 7) kinetics of the
    kernel.
    """
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
        InputError: for times that do not increase, shapes that do not fit the model, or numbers
            that are not finite.
        QtwinError: if a member cannot be integrated, or the model's right-hand side cannot be
            compiled.
    """
    times = np.ascontiguousarray(times_years, dtype=np.float64)
    if times.ndim != 1 or not len(times) or (np.diff(times) <= 0).any():
        raise InputError(
            "output times must increase strictly", hint="sort them and drop duplicates"
        )
    arrays = [
        np.ascontiguousarray(a, dtype=np.float64) for a in (parameters, states0, removal_per_year)
    ]
    members, treatments = len(arrays[1]), len(arrays[2])
    wanted = ((members, len(model.parameters)), (members, len(model.states)), (treatments, members))
    for name, array, shape in zip(
        ("parameters", "states0", "removal_per_year"), arrays, wanted, strict=True
    ):
        if array.shape != shape:
            raise InputError(
                f"expected {name} of shape {shape}, got {array.shape}",
                hint="one row a member; removal is (r, m)",
            )
    if not all(np.isfinite(a).all() for a in (*arrays, times)):
        raise InputError(
            "a parameter, state, removal rate or time is not finite",
            hint="check the record and the prior",
        )
    if dosing is not None and len(dosing) != treatments:
        raise InputError(
            f"{len(dosing)} courses of doses came for {treatments} treatments",
            hint="one a treatment, or None",
        )
    doses = _doses([None] * treatments if dosing is None else dosing, members)
    arrays, times = [_locked(a) for a in arrays], _locked(times)
    out = np.empty((treatments, members, len(times), arrays[1].shape[1]))
    out[:, :, 0] = arrays[1]
    if len(times) == 1:
        return out
    failed = np.zeros(treatments * members, dtype=np.int64)
    solve = kernel(model.derivative, len(model.states), len(model.parameters))
    given: tuple[Any, ...] = (
        *arrays,
        times,
        *(_locked(a) for a in doses),
        rtol,
        atol,
        out.reshape(-1, out.shape[-1]),
        failed,
    )
    threads = nb.get_num_threads()
    size = max(_SMALLEST_TASK, -(-len(failed) // (4 * threads)))
    tasks = iter([(first, min(first + size, len(failed))) for first in range(0, len(failed), size)])
    try:
        solve(0, 0, *given)  # compiles, if need be, in one thread
    except NumbaError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        said = ([line for line in lines if line.startswith(">>>")] or lines or [""])[
            -1
        ].removeprefix(">>> ")
        raise QtwinError(
            f"the right-hand side of the {model.name} model cannot be compiled: {said}",
            hint="write it with numbers, one element at a time of each array (y[0], not y[:2]); "
            "see how to add a disease model",
        ) from error

    def share() -> None:
        try:
            for task in tasks:
                solve(*task, *given)
        finally:  # after a Ctrl-C the other threads find nothing more to do
            for _ in tasks:
                pass

    with ThreadPoolExecutor(threads) as pool:
        others = [pool.submit(share) for _ in range(min(threads - 1, len(failed) // size))]
        share()
        for other in others:
            other.result()
    if failed.any():
        raise QtwinError(
            f"{int(failed.sum())} of {failed.size} courses of the {model.name} model could "
            f"not be integrated to rtol {rtol:g}",
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
    """As `integrate`, `batch` members at a time: yields their slice and (r, batch, t, S) states, so
    that memory stays bounded.

    Patients, posterior members and treatments all fit one call: patients x members are rows,
    treatments are `removal_per_year`.
    """
    for first in range(0, len(states0), batch):
        part = slice(first, min(first + batch, len(states0)))
        given = None if dosing is None else [d if d is None else d.of_members(part) for d in dosing]
        yield (
            part,
            integrate(
                model,
                parameters[part],
                states0[part],
                removal_per_year[:, part],
                times_years,
                dosing=given,
            ),
        )
