"""What a quantum machine would need to overtake the best classical solver on a family, by Grover's
search on the surface code.

The classical side is the fitted growth of the quickest classical solver, spread over `cores`
without loss. The quantum side is a lower bound: the smallest circuit that writes the energy, pi / 4
sqrt(N) calls for N feasible answers, four factories, no reaction time. If even that does not
overtake within two weeks, a quadratic speed-up is no advantage here (Babbush et al. 2021; Hoefler,
Häner, Troyer 2023).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qtwin.benchmark.fault_tolerance.estimate import (
    TWO_WEEKS_S,
    Machine,
    Polynomial,
    grover,
    machine,
)
from qtwin.benchmark.fault_tolerance.surface_code import SurfaceCode
from qtwin.benchmark.metrics import Interval
from qtwin.benchmark.scaling import Fit
from qtwin.errors import InputError

_LARGEST_N = 400
_DRAWS = 200


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """Where the searches cross, and with what machine.

    Attributes:
        classical: Label of the classical solver.
        cores: Over which it is spread.
        size: Variables at the crossing; None where there is none up to 400, or it is not
            determined.
        interval: 95 % by the bootstrap of the classical fit; an upper end of infinity where some
            draws never cross.
        machine: At the crossing.
        practical: Whether both take at most two weeks there.
        words: All that, in a sentence.
    """

    classical: str
    cores: int
    size: int | None
    interval: Interval | None
    machine: Machine | None
    practical: bool
    words: str


def growth_of(places: Sequence[Mapping[str, Any]]) -> Callable[[int], tuple[Polynomial, float]]:
    """Size to the polynomial's cost figures and log2 of the feasible answers, continued from the
    measured sizes.

    Term counts follow a power of n for each order; the answers follow the size limit where all
    sizes share one, else a straight line in n.

    Raises:
        InputError: for fewer than two sizes.
    """
    if len(places) < 2:
        raise InputError(f"expected at least 2 sizes, got {len(places)}", hint="measure more sizes")
    sizes = np.array([p["n"] for p in places], dtype=np.float64)
    orders = sorted({k for p in places for k in p["terms"]})
    powers = {
        int(k): np.polyfit(
            np.log(sizes), np.log([max(p["terms"].get(k, 0.0), 1e-9) for p in places]), 1
        )
        for k in orders
        if all(p["terms"].get(k, 0.0) > 0 for p in places)
    }
    bits = int(max(p["energy_bits"] for p in places))
    limits = {int(p["largest_choice"]) for p in places}
    line = np.polyfit(sizes, [p["log2_candidates"] for p in places], 1)

    def at(n: int) -> tuple[Polynomial, float]:
        terms = {
            k: max(1, round(float(np.exp(np.polyval(fit, math.log(n))))))
            for k, fit in powers.items()
        }
        if len(limits) == 1 and min(limits) < sizes.min():
            answers = math.log2(sum(math.comb(n, k) for k in range(min(limits) + 1)))
        else:
            answers = max(0.0, float(np.polyval(line, n)))
        return Polynomial(n=n, terms=terms, bits=bits), answers

    return at


def requirement(
    places: Sequence[Mapping[str, Any]],
    classical: str,
    fit: Fit,
    *,
    cores: int = 1000,
    code: SurfaceCode | None = None,
) -> Requirement:
    """The crossing of Grover's search and the classical fit.

    Args:
        places: The family's sizes, from `qtwin.benchmark.features`.
        classical: Label of the fitted solver.
        fit: Its growth.
        cores: Classical cores at work together.
        code: Hardware; the usual assumptions when None.

    Raises:
        InputError: for fewer than two sizes.
    """
    at = growth_of(places)
    first, last = int(min(fit.sizes)), _LARGEST_N
    sizes = list(range(first, last + 1))
    quantum: list[Machine] = []
    log_quantum = np.empty(len(sizes))
    for k, n in enumerate(sizes):
        polynomial, answers = at(n)
        search = grover(polynomial, candidates=2.0 ** min(answers, 1000.0))
        if len(quantum) == k:
            try:
                quantum.append(machine(search.logical_qubits, search.toffolis, code=code))
            # no factory of two levels is good enough for so many gates; a third would be slower
            # still
            except InputError:
                if not quantum:
                    raise
        rate = quantum[-1].wall_s / quantum[-1].toffolis
        log_quantum[k] = math.log2(search.toffolis * rate)
    x = np.array(sizes, dtype=np.float64) if fit.form == "exponential" else np.log2(sizes)
    share = math.log2(cores)
    where = _first_below(log_quantum, fit.intercept + fit.slope * x - share)
    chosen = fit.draws[np.linspace(0, len(fit.draws) - 1, min(_DRAWS, len(fit.draws))).astype(int)]
    draws = [_first_below(log_quantum, a + b * x - share) for a, b in chosen]
    ends = np.array([math.inf if k is None else float(sizes[k]) for k in draws])
    low, high = (float(np.quantile(ends, q, method="inverted_cdf")) for q in (0.025, 0.975))
    if where is None:
        return Requirement(
            classical=classical,
            cores=cores,
            size=None,
            interval=None if math.isinf(low) else Interval(low, high),
            machine=None,
            practical=False,
            words=f"Grover's search overtakes {classical} on {_cores(cores)} at no size up to "
            f"{last} variables",
        )
    n = sizes[where]
    needed = quantum[where] if where < len(quantum) else None
    beyond = n > 2 * max(fit.sizes)
    wall_s = 2.0 ** float(log_quantum[where])
    qubits = (
        f"{needed.physical_qubits / 1e6:.2g} million physical qubits at distance {needed.distance}"
        if needed
        else "more than two levels of distillation"
    )
    practical = needed is not None and wall_s <= TWO_WEEKS_S and not beyond
    return Requirement(
        classical=classical,
        cores=cores,
        size=n,
        interval=Interval(low, high),
        machine=needed,
        practical=practical,
        words=f"Grover's search overtakes {classical} on {_cores(cores)} from {n} variables (95 % "
        "interval"
        f" {'never' if math.isinf(low) else f'{low:.0f}'} to "
        f"{'never' if math.isinf(high) else f'{high:.0f}'}), where both take"
        f" {duration(wall_s)}, with {qubits}"
        + (
            "; that lies beyond twice the largest size measured and is not to be relied on"
            if beyond
            else ""
        ),
    )


def _cores(cores: int) -> str:
    return "one core" if cores == 1 else f"{cores:,} cores"


def duration(seconds: float) -> str:
    """Seconds as a reader would say them, up to the age of the universe."""
    for unit, length in (
        ("years", 31_557_600.0),
        ("days", 86_400.0),
        ("hours", 3600.0),
        ("minutes", 60.0),
    ):
        if seconds >= 2 * length:
            value = seconds / length
            return f"{value:,.0f} {unit}" if value < 1e6 else f"{value:.0e} {unit}"
    if seconds >= 1.0 or seconds == 0.0:
        return f"{seconds:.2g} s" if seconds < 10.0 else f"{seconds:.0f} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"


def _first_below(quantum: np.ndarray[Any, Any], classical: np.ndarray[Any, Any]) -> int | None:
    """The first place from which the quantum time stays below the classical one to the end; None
    where there is none.
    """
    above = np.flatnonzero(quantum >= classical)
    start = 0 if not len(above) else int(above[-1]) + 1
    return None if start >= len(quantum) else start
