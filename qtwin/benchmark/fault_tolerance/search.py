"""Logical cost of searching for the minimum of a polynomial: Grover's search, and QAOA with amplitude amplification.

Counts are of Toffolis; a T gate is half of one (catalysed factories). Where a choice exists the cheaper side for the quantum
machine is taken, so that 'too slow' is a lower bound on how slow.

Energy into a register of w bits: each term of order k takes k - 1 Toffolis for its product and at most w for adding its
coefficient (Gidney 2018, Quantum 2:74: one Toffoli a bit, none to undo). A Grover call computes it, compares (w), undoes it, and
reflects about the start (n - 2). A QAOA layer turns one phase a term, of the product's k - 1 Toffolis and a rotation of
1.03 log2(1 / eps) + 5.75 T gates (Bocharov, Roetteler, Svore 2015, PRA 91:052317), and n mixer rotations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from qtwin.errors import InputError


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
            raise InputError(f"{self.n} variables, {self.bits} bits, terms {dict(self.terms)} came", hint="count from order 1")


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
    return float(sum(count * (order - 1 + polynomial.bits) for order, count in polynomial.terms.items()))


def grover(polynomial: Polynomial, *, candidates: float, marked: float = 1.0) -> Search:
    """Grover's search for `marked` minima among `candidates` assignments, the least energy told beforehand.

    Finding the minimum without that takes up to 22.5 sqrt(N) calls (Dürr, Høyer 1996, quant-ph/9607014); pi / 4 sqrt(N / M) is
    the part that no method avoids.

    Raises:
        InputError: for fewer candidates than marked ones.
    """
    if not candidates >= marked >= 1.0:
        raise InputError(f"{marked} marked of {candidates} came, 1 <= marked <= candidates was wanted", hint="recount")
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
        raise InputError(f"a synthesis error of {error} came, one between 0 and 1 was wanted", hint="take 1e-6")
    return 0.5 * (1.03 * math.log2(1.0 / error) + 5.75)


def amplified_qaoa(polynomial: Polynomial, *, layers: int, probability: float, synthesis: float = 1e-3) -> Search:
    """QAOA of fixed angles whose success `probability` is amplified: pi / (4 sqrt(p)) steps, each the circuit and its inverse.

    Args:
        polynomial: The cost.
        layers: Depth of QAOA.
        probability: That one sample is a minimum.
        synthesis: Error allowed to all rotations of one step together.

    Raises:
        InputError: for a probability outside (0, 1].
    """
    if not 0.0 < probability <= 1.0 or layers < 1:
        raise InputError(f"probability {probability} and {layers} layers came, (0, 1] and 1 were wanted", hint="correct them")
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
