"""From logical counts to a machine: code distance, factories, physical qubits and time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from qtwin.benchmark.fault_tolerance.ccz_factory import CczFactory
from qtwin.benchmark.fault_tolerance.surface_code import SurfaceCode
from qtwin.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a computation takes.

    Attributes:
        logical_qubits, toffolis: What was asked.
        distance: Of the data.
        factory: Of the CCZ states.
        factories: How many.
        physical_qubits: Data with its lanes, and factories.
        wall_s: Toffolis over the rate of all factories.
        failure: Probability that anything went wrong.
    """

    logical_qubits: int
    toffolis: float
    distance: int
    factory: CczFactory
    factories: int
    physical_qubits: int
    wall_s: float
    failure: float


def machine(
    logical_qubits: int, toffolis: float, *, code: SurfaceCode | None = None, factories: int = 4, failure: float = 0.1
) -> Machine:
    """The machine of least qubits times time that runs `toffolis` Toffolis with at most `failure`.

    Time is that of the factories: everything else is assumed to happen beside them, and no reaction time is added, which favours
    the quantum side. T gates count half a Toffoli each (Gidney, Fowler 2019).

    Args:
        logical_qubits: Data qubits.
        toffolis: Toffoli or CCZ gates in all.
        code: The hardware; the usual assumptions of superconducting qubits when None.
        factories: Number of factories.
        failure: Largest probability of any error.

    Raises:
        InputError: for counts that are not positive, or where no code and factory reach the failure.
    """
    if logical_qubits < 1 or not toffolis > 0.0 or factories < 1 or not 0.0 < failure < 1.0:
        raise InputError(
            f"{logical_qubits} qubits, {toffolis} Toffolis, {factories} factories and a failure of {failure} came; positive"
            " numbers and a failure below 1 were wanted",
            hint="correct them",
        )
    hardware = code or SurfaceCode()
    best: Machine | None = None
    for factory, error in _factories(hardware):
        if toffolis * error >= failure:  # its CCZ states alone would fail too often
            continue
        found = _with(logical_qubits, toffolis, factory, factories, failure, toffolis * error)
        if found and (best is None or found.physical_qubits * found.wall_s < best.physical_qubits * best.wall_s):
            best = found
    if best is None:
        raise InputError(
            f"no two-level factory keeps {toffolis:.3g} Toffolis below a failure of {failure}", hint="lower the error"
        )
    return best


@lru_cache(maxsize=16)
def _factories(code: SurfaceCode) -> tuple[tuple[CczFactory, float], ...]:
    """Every factory that may pay, with its error: none that is larger and slower than another and no better."""
    every = [
        CczFactory(code=code, level_1=level_1, level_2=level_2) for level_2 in range(7, 61, 2) for level_1 in range(5, level_2, 2)
    ]
    every.sort(key=lambda f: f.qubits * f.cycles)
    kept: list[tuple[CczFactory, float]] = []
    for factory in every:
        if all(factory.error < error or factory.cycles < other.cycles for other, error in kept):
            kept.append((factory, factory.error))
    return tuple(kept)


def _with(logical: int, toffolis: float, factory: CczFactory, factories: int, failure: float, spoilt: float) -> Machine | None:
    """The machine with this factory, `spoilt` the failure of its CCZ states; None where no distance suffices."""
    code = factory.code
    cycles = toffolis * factory.cycles / factories
    tiles = math.ceil(logical * code.routing)
    try:
        distance = code.distance_for(tiles * cycles, failure - spoilt)
    except InputError:
        return None
    return Machine(
        logical_qubits=logical,
        toffolis=toffolis,
        distance=distance,
        factory=factory,
        factories=factories,
        physical_qubits=tiles * code.tile_qubits(distance) + factories * factory.qubits,
        wall_s=cycles * code.cycle_s,
        failure=spoilt + code.tile_error(distance) * tiles * cycles,
    )
