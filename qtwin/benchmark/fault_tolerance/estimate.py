"""From logical counts to a machine: code distance, factories, physical qubits and time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from qtwin.benchmark.fault_tolerance.surface_code import CczFactory, SurfaceCode
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
    logical_qubits: int,
    toffolis: float,
    *,
    code: SurfaceCode | None = None,
    factories: int = 4,
    failure: float = 0.1,
) -> Machine:
    """The machine of least qubits times time that runs `toffolis` Toffolis with at most `failure`.

    Time is that of the factories: everything else is assumed to happen beside them, and no reaction
    time is added, which favours the quantum side. T gates count half a Toffoli each (Gidney, Fowler
    2019).

    Args:
        logical_qubits: Data qubits.
        toffolis: Toffoli or CCZ gates in all.
        code: The hardware; the usual assumptions of superconducting qubits when None.
        factories: Number of factories.
        failure: Largest probability of any error.

    Raises:
        InputError: for counts that are not positive, or where no code and factory reach the
            failure.
    """
    if logical_qubits < 1 or not toffolis > 0.0 or factories < 1 or not 0.0 < failure < 1.0:
        raise InputError(
            "expected positive numbers and a failure below 1,"
            f" got {logical_qubits} qubits, {toffolis} Toffolis, {factories} factories and "
            f"a failure of {failure}",
            hint="correct them",
        )
    hardware = code or SurfaceCode()
    best: Machine | None = None
    for factory, error in _factories(hardware):
        if toffolis * error >= failure:  # its CCZ states alone would fail too often
            continue
        found = _with(logical_qubits, toffolis, factory, factories, failure, toffolis * error)
        if found and (
            best is None
            or found.physical_qubits * found.wall_s < best.physical_qubits * best.wall_s
        ):
            best = found
    if best is None:
        raise InputError(
            f"no two-level factory keeps {toffolis:.3g} Toffolis below a failure of {failure}",
            hint="lower the error",
        )
    return best


@lru_cache(maxsize=16)
def _factories(code: SurfaceCode) -> tuple[tuple[CczFactory, float], ...]:
    """Every factory that may pay, with its error: none that is larger and slower than another and
    no better.
    """
    every = [
        CczFactory(code=code, level_1=level_1, level_2=level_2)
        for level_2 in range(7, 61, 2)
        for level_1 in range(5, level_2, 2)
    ]
    every.sort(key=lambda f: f.qubits * f.cycles)
    kept: list[tuple[CczFactory, float]] = []
    for factory in every:
        if all(factory.error < error or factory.cycles < other.cycles for other, error in kept):
            kept.append((factory, factory.error))
    return tuple(kept)


def _with(
    logical: int,
    toffolis: float,
    factory: CczFactory,
    factories: int,
    failure: float,
    spoilt: float,
) -> Machine | None:
    """The machine with this factory, `spoilt` the failure of its CCZ states; None where no distance
    suffices.
    """
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


# Logical cost of searching for the minimum of a polynomial: Grover's search, and QAOA with
# amplitude amplification.
#
# Counts are of Toffolis; a T gate is half of one (catalysed factories). Where a choice exists the
# cheaper side for the quantum machine is taken, so that 'too slow' is a lower bound on how slow.
#
# Energy into a register of w bits: each term of order k takes k - 1 Toffolis for its product and at
# most w for adding its coefficient (Gidney 2018, Quantum 2:74: one Toffoli a bit, none to undo). A
# Grover call computes it, compares (w), undoes it, and reflects about the start (n - 2). A QAOA
# layer turns one phase a term, of the product's k - 1 Toffolis and a rotation of 1.03 log2(1 / eps)
# + 5.75 T gates (Bocharov, Roetteler, Svore 2015, PRA 91:052317), and n mixer rotations.


@dataclass(frozen=True, kw_only=True)
class Polynomial:
    """What matters of a polynomial for its cost.

    Attributes:
        n: Variables.
        terms: Order to the number of terms of it, order 0 left out.
        bits: Width of the energy register.
    """

    n: int
    terms: Mapping[int, int]
    bits: int

    def __post_init__(self) -> None:
        if self.n < 1 or self.bits < 1 or any(k < 1 or m < 0 for k, m in self.terms.items()):
            raise InputError(
                f"got {self.n} variables, {self.bits} bits, terms {dict(self.terms)}",
                hint="count from order 1",
            )


@dataclass(frozen=True, kw_only=True)
class Search:
    """Logical counts of a whole search.

    Attributes:
        method: Which.
        logical_qubits: Data, energy register and work.
        call_toffolis: Of one amplification step.
        calls: Expected steps until the minimum is found.
    """

    method: str
    logical_qubits: int
    call_toffolis: float
    calls: float

    @property
    def toffolis(self) -> float:
        """Of the whole search."""
        return self.call_toffolis * self.calls


def energy_toffolis(polynomial: Polynomial) -> float:
    """Toffolis that write the energy of a superposition into a register."""
    return float(
        sum(count * (order - 1 + polynomial.bits) for order, count in polynomial.terms.items())
    )


def grover(polynomial: Polynomial, *, candidates: float, marked: float = 1.0) -> Search:
    """Grover's search for `marked` minima among `candidates` assignments, the least energy known
    beforehand.

    Finding the minimum without that takes up to 22.5 sqrt(N) calls (Dürr, Høyer 1996,
    quant-ph/9607014); pi / 4 sqrt(N / M) is the part that no method avoids.

    Raises:
        InputError: for fewer candidates than marked ones.
    """
    if not candidates >= marked >= 1.0:
        raise InputError(
            f"expected 1 <= marked <= candidates, got {marked} marked of {candidates}",
            hint="recount",
        )
    step = 2 * energy_toffolis(polynomial) + polynomial.bits + max(polynomial.n - 2, 0)
    return Search(
        method="Grover",
        logical_qubits=2 * polynomial.n + 2 * polynomial.bits,
        call_toffolis=step,
        calls=max(1.0, math.pi / 4.0 * math.sqrt(candidates / marked)),
    )


def rotation_toffolis(error: float) -> float:
    """Toffoli equivalents of one rotation to `error`, half of its expected T count."""
    if not 0.0 < error < 1.0:
        raise InputError(
            f"expected a synthesis error between 0 and 1, got {error}", hint="take 1e-6"
        )
    return 0.5 * (1.03 * math.log2(1.0 / error) + 5.75)


def amplified_qaoa(
    polynomial: Polynomial, *, layers: int, probability: float, synthesis: float = 1e-3
) -> Search:
    """QAOA of fixed angles whose success `probability` is amplified: pi / (4 sqrt(p)) steps, each
    the circuit and its inverse.

    Args:
        polynomial: The cost.
        layers: Depth of QAOA.
        probability: That one sample is a minimum.
        synthesis: Error allowed to all rotations of one step together.

    Raises:
        InputError: for a probability outside (0, 1].
    """
    if not 0.0 < probability <= 1.0 or layers < 1:
        raise InputError(
            f"expected a probability in (0, 1] and at least 1 layer, got {probability} and "
            f"{layers}",
            hint="correct them",
        )
    phases = sum(polynomial.terms.values()) + polynomial.n
    turn = rotation_toffolis(synthesis / max(2 * layers * phases, 1))
    products = sum(count * (order - 1) for order, count in polynomial.terms.items())
    circuit = layers * (phases * turn + products)
    reflections = 2 * energy_toffolis(polynomial) + polynomial.bits + max(polynomial.n - 2, 0)
    return Search(
        method=f"amplified QAOA, p = {layers}",
        logical_qubits=2 * polynomial.n + 2 * polynomial.bits,
        call_toffolis=2 * circuit + reflections,
        calls=max(1.0, math.pi / 4.0 / math.sqrt(probability)),
    )


# When a polynomial speed-up pays for the overhead of error correction (Babbush et al. 2021, PRX
# Quantum 2:010103, eqs. 1 to 5).
#
# A quantum algorithm makes M calls of t_Q seconds where the classical one makes M^d of t_C, on S
# cores at once:
#
#     M* = (S t_Q / t_C)^(1 / (d - 1)),   T* = t_Q M*.
#
# A quadratic speed-up has d = 2. Hoefler, Häner, Troyer 2023 (Commun. ACM 66(5):82) ask T* to be
# two weeks at most.

TWO_WEEKS_S = 1e6
"""The longest crossover time that Hoefler, Häner and Troyer call practical."""


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """Where both take the same time: quantum calls and seconds."""

    calls: float
    wall_s: float

    @property
    def practical(self) -> bool:
        """Within two weeks."""
        return self.wall_s <= TWO_WEEKS_S


def break_even(
    quantum_call_s: float, classical_call_s: float, *, degree: float = 2.0, cores: float = 1.0
) -> BreakEven:
    """The break-even point of a speed-up of this degree.

    Args:
        quantum_call_s: Seconds of one quantum call.
        classical_call_s: Seconds of one classical call on one core.
        degree: d; 2 for Grover.
        cores: S, over which the classical search is spread without loss.

    Raises:
        InputError: for a degree of 1 or less, or times that are not positive.
    """
    if degree <= 1.0 or not quantum_call_s > 0.0 or not classical_call_s > 0.0 or cores < 1.0:
        raise InputError(
            "expected a degree above 1, positive times and at least one core,"
            f" got degree {degree}, {quantum_call_s} s, {classical_call_s} s and {cores} cores",
            hint="a speed-up of degree 1 is none",
        )
    calls = (cores * quantum_call_s / classical_call_s) ** (1.0 / (degree - 1.0))
    return BreakEven(calls=calls, wall_s=quantum_call_s * calls)
