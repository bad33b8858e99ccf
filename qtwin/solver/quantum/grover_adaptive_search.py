"""Grover adaptive search: amplify what is below the best energy so far (Gilliam, Woerner, Gonciulea
2021, Quantum 5:428).

Rotations by the schedule of Boyer, Brassard, Hoyer, Tapp 1998: a number of rotations drawn below a
bound that grows by 6/5 after every failure. The oracle is exact. With a share sin^2(t) of marked
states, r rotations of the uniform superposition give a marked state with probability sin^2((2 r +
1) t), all marked states alike and all others alike; so one draw simulates the circuit.
"""

from __future__ import annotations

import math
import time
from typing import Any, final

import numpy as np

from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.variational import resources
from qtwin.solver.variational.circuit import answered, check_positive, check_width
from qtwin.solver.variational.sampled import collect

MAX_QUBITS = 24
_GROWTH = 6.0 / 5.0


def success_probability(marked: int, states: int, rotations: int) -> float:
    """sin^2((2 r + 1) t) with sin^2 t = marked / states."""
    return math.sin((2 * rotations + 1) * math.asin(math.sqrt(marked / states))) ** 2


@final
class GroverAdaptiveSearch(Solver):
    """Search with an ideal, error-corrected machine; what counts are the oracle calls.

    Args:
        max_oracle_calls: Ends the search; None: 22.5 sqrt(2^n), after which it has found the
            minimum with probability 1/2 or more (Durr, Hoyer 1996, quant-ph/9607014), three times
            over.
    """

    def __init__(self, *, max_oracle_calls: int | None = None) -> None:
        if max_oracle_calls is not None:
            check_positive(max_oracle_calls=max_oracle_calls)
        self.max_oracle_calls = max_oracle_calls

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="grover-adaptive-search",
            summary="amplitude amplification below the best energy so far, on an ideal machine, "
            "simulated exactly",
            kind="quantum",
            guarantee="the minimum with probability above 7/8 at the default number of oracle "
            "calls",
            citation="Gilliam, Woerner, Gonciulea 2021, Quantum 5:428",
            max_variables=MAX_QUBITS,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        check_width(instance, MAX_QUBITS, "grover-adaptive-search")
        started = time.perf_counter()
        encoding = instance.encoding
        n = encoding.polynomial.n_variables
        energies = encoding.polynomial.values()
        order = np.argsort(energies, kind="stable")
        ranked = energies[order]
        states = ranked.size
        rng = np.random.default_rng(seed)
        most = self.max_oracle_calls or 3 * math.ceil(22.5 * math.sqrt(states))
        # place in the order; one measurement of the uniform superposition
        best = int(rng.integers(states))
        seen, calls, bound, complete = [best], 0, 1.0, True
        while calls < most:
            if time_limit_s is not None and time.perf_counter() - started > time_limit_s:
                complete = False
                break
            marked = int(np.searchsorted(ranked, ranked[best], side="left"))
            rotations = int(rng.integers(math.ceil(bound)))
            calls += rotations + 1  # one more to check what was measured
            hit = marked and rng.random() < success_probability(marked, states, rotations)
            place = (
                int(rng.integers(marked)) if hit else marked + int(rng.integers(states - marked))
            )
            seen.append(place)
            if hit:
                best, bound = place, 1.0
            else:
                bound = min(_GROWTH * bound, math.sqrt(states))
        samples = collect(index_to_bits(order[np.array(seen)], n))
        return answered(
            "grover-adaptive-search",
            encoding,
            samples,
            backend="",
            evaluations=calls,
            training_shots=0,
            complete=complete,
            wall_s={"simulating": time.perf_counter() - started},
            seed=seed,
            info={
                "oracle_calls": calls,
                "measurements": len(seen),
                "marked_at_end": int((ranked < ranked[best]).sum()),
                "resources": _resources(encoding.polynomial, calls, len(seen)),
            },
        )


VALUE_QUBITS = 8


def _resources(polynomial: BinaryPolynomial, calls: int, measurements: int) -> dict[str, Any]:
    """Gates of all oracle calls, by the quantum dictionary of Gilliam 2021: a phase of every term
    on every value qubit.
    """
    n, m = polynomial.n_variables, VALUE_QUBITS
    dictionary = sum(m * resources.controlled_phase(len(t)) for t in polynomial.terms) + m * (m - 1)
    gates = calls * (2 * dictionary + resources.controlled_phase(n - 1))
    return resources.of_counts(
        n + m,
        gates,
        shots=measurements,
        evaluations=calls,
        note=f"all oracle calls together: twice the dictionary on {m} value qubits and one "
        "reflection each; ancillas come on top",
    )
