"""Bias-field digitised counterdiabatic optimisation: no angle is trained, the best shots tell where
to begin again.

(Cadavid, Dalal, Simen, Solano, Hegade 2025, PRR 7:L022010, arXiv:2405.13898.) From the ground state
of H_i, which is -sum X_i - sum b_i Z_i, towards C, along (1 - s) H_i + s C, under the
counterdiabatic term of first order alone,

    A(s) = i a(s) [H, dH/ds] = i a(s) [H_i, C],   a(s) = -||[H, dH/ds]||^2 / ||[H, [H, dH/ds]]||^2

(Claeys, Pandey, Sels, Polkovnikov 2019, PRL 123:090602). Each field c Z_i gives the string Y_i,
each coupling Y_i Z_j and Z_i Y_j, and so on, turned one after the other. b_i is then set to the
mean of Z_i over the best share of the shots, and all is done again.
"""

from __future__ import annotations

import time
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Backend
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.variational import pauli_strings, resources
from qtwin.solver.variational.circuit import (
    Circuit,
    Turn,
    answered,
    check_positive,
    check_width,
    circuit,
    scaled,
    scaled_cost,
    strings,
)
from qtwin.solver.variational.objective import loaded
from qtwin.solver.variational.sampled import collect

MAX_QUBITS = 16
Floats = NDArray[np.float64]


def progress(share: float) -> float:
    """S of the time's share: sin^2(pi/2 sin^2(pi/2 share)), flat at both ends."""
    return float(np.sin(np.pi / 2 * np.sin(np.pi / 2 * share) ** 2) ** 2)


def biased_circuit(
    cost: PauliSum,
    bias: Floats,
    steps: int,
    *,
    annealing_time: float = 0.0,
    counterdiabatic: bool = True,
) -> Circuit:
    """The circuit of one round; it has no free parameter.

    Args:
        cost: The scaled diagonal cost.
        bias: (n,) b.
        steps: Trotter steps, each at the middle of its stretch of time.
        annealing_time: T of the Hamiltonian's own evolution; 0 leaves it out (the impulse regime).
        counterdiabatic: Whether the counterdiabatic term is there; without it and with T it is a
            Trotterised annealing.
    """
    n = cost.n_qubits
    tilt = np.arctan2(1.0, bias)  # the ground state of -X - b Z leans by this angle from |0>
    turns: list[Turn] = [(strings(n, [([i], [i], float(tilt[i]) / 2.0) for i in range(n)]), None)]
    field = strings(n, [([i], [], -1.0) for i in range(n)])
    leaning = strings(n, [([], [i], -float(bias[i])) for i in range(n)])
    first = pauli_strings.commutator(
        pauli_strings.combined(pauli_strings.of(field), 1.0, pauli_strings.of(leaning), 1.0),
        pauli_strings.of(cost),
    )
    by_start = pauli_strings.commutator(
        pauli_strings.combined(pauli_strings.of(field), 1.0, pauli_strings.of(leaning), 1.0), first
    )
    by_cost = pauli_strings.commutator(pauli_strings.of(cost), first)
    singles = _counterdiabatic_strings(cost)
    for k in range(steps):
        s, length = progress((k + 0.5) / steps), progress((k + 1) / steps) - progress(k / steps)
        if annealing_time:
            dt = annealing_time / steps
            turns += [
                (scaled(cost, s * dt), None),
                (scaled(field, (1.0 - s) * dt), None),
                (scaled(leaning, (1.0 - s) * dt), None),
            ]
        if counterdiabatic:
            second = pauli_strings.norm_squared(
                pauli_strings.combined(by_start, 1.0 - s, by_cost, s)
            )
            strength = -pauli_strings.norm_squared(first) / second if second > 0.0 else 0.0
            # i a [H_i, C] with [-X_i, c Z_i Z_rest] = 2 i c Y_i Z_rest
            turns += [(scaled(h, -2.0 * strength * length), None) for h in singles]
    return circuit(n, turns, free=0)


def _counterdiabatic_strings(cost: PauliSum) -> list[PauliSum]:
    """C Y_i Z_rest for every term c Z_i Z_rest of the cost and every i in it."""
    n = cost.n_qubits
    found = []
    for z, c in zip(cost.z, cost.coefficients, strict=True):
        members = np.flatnonzero(z).tolist()
        found += [strings(n, [([i], members, float(c))]) for i in members]
    return found


@final
class BFDCQO(Solver):
    """Rounds of an untrained circuit, each biased by the best shots of the one before.

    Args:
        steps: Trotter steps of a round.
        rounds: Rounds, the first without bias.
        best_share: Share of the shots that set the next bias, in (0, 1].
        annealing_time: Of the Hamiltonian's own evolution; 0 leaves it out, as the paper does.
        counterdiabatic: False leaves the counterdiabatic term out. With no annealing time either,
            nothing is left but product states and their bias: a cross-entropy method (Rubinstein
            1999), the classical twin that the circuit has to beat.
        backend: Where the circuits are measured.
        shots: Measurements of all rounds together.

    Example:
        >>> import qtwin as qt
        >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
        >>> qt.solve(model, qt.BFDCQO(rounds=2), seed=1).energy
        -1.5
    """

    def __init__(
        self,
        *,
        steps: int = 3,
        rounds: int = 6,
        best_share: float = 0.05,
        annealing_time: float = 0.0,
        counterdiabatic: bool = True,
        backend: str | Backend = "statevector",
        shots: int = 4096,
    ) -> None:
        check_positive(steps=steps, rounds=rounds, best_share=best_share, shots=shots)
        if best_share > 1.0 or annealing_time < 0.0:
            raise InputError(
                f"got best_share = {best_share} and annealing_time = {annealing_time}",
                hint="take (0, 1] and 0 or more",
            )
        if shots < rounds:
            raise InputError(
                f"expected at least one round and one shot a round, got {shots} shots for "
                f"{rounds} rounds",
                hint="raise shots",
            )
        self.steps, self.rounds, self.best_share, self.shots = steps, rounds, best_share, shots
        self.annealing_time, self.counterdiabatic = annealing_time, counterdiabatic
        self._backend = loaded(backend)

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="bf-dcqo",
            summary="counterdiabatic circuits without training, biased by the best shots round by "
            "round",
            kind="quantum",
            guarantee="none",
            citation="Cadavid et al. 2025, PRR 7:L022010",
            max_variables=MAX_QUBITS,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        check_width(instance, MAX_QUBITS, "bf-dcqo")
        started = time.perf_counter()
        encoding, polynomial = instance.encoding, instance.encoding.polynomial
        n, cost = polynomial.n_variables, scaled_cost(polynomial)
        bias: Floats = np.zeros(n)
        course: list[float] = []
        mean_of_rounds: list[float] = []
        rows: list[NDArray[np.uint8]] = []
        counts: list[NDArray[np.int64]] = []
        complete, executed = True, 0.0
        for k in range(self.rounds):
            if k and time_limit_s is not None and time.perf_counter() - started > time_limit_s:
                complete = False
                break
            made = biased_circuit(
                cost,
                bias,
                self.steps,
                annealing_time=self.annealing_time,
                counterdiabatic=self.counterdiabatic,
            )
            shots = self.shots // self.rounds + (k < self.shots % self.rounds)
            mark = time.perf_counter()
            raw = self._backend.sample(
                made.ansatz, made.full(np.zeros(0)), shots=shots, seed=(seed + 104729 * k) % 2**32
            )
            executed += time.perf_counter() - mark
            energies = polynomial.evaluate(raw.bits)
            rows.append(raw.bits)
            counts.append(raw.counts)
            course.append(float(energies.min()))
            mean_of_rounds.append(float(raw.counts @ energies) / raw.shots)
            bias = _bias(raw.bits, raw.counts, energies, self.best_share)
        return answered(
            "bf-dcqo",
            encoding,
            collect(np.concatenate(rows), np.concatenate(counts)),
            backend=self._backend.capabilities().name,
            evaluations=len(course),
            training_shots=0,
            complete=complete,
            wall_s={"building": time.perf_counter() - started - executed, "execution": executed},
            seed=seed,
            info={
                "steps": self.steps,
                "rounds": len(course),
                "n_qubits": n,
                "resources": resources.of_circuit(
                    made.ansatz, shots=self.shots, evaluations=len(course)
                ),
                "parameters": 0,
                "is_quantum": self.counterdiabatic or self.annealing_time > 0.0,
                "lowest_energy_by_round": course,
                "mean_energy_by_round": mean_of_rounds,
                "bias": bias.tolist(),
            },
        )


def _bias(
    bits: NDArray[np.uint8], counts: NDArray[np.int64], energies: Floats, share: float
) -> Floats:
    """(n,) mean of Z over the lowest `share` of the shots."""
    order = np.argsort(energies, kind="stable")
    left = max(1, int(np.ceil(share * counts.sum())))
    weight = np.minimum(
        counts[order], np.maximum(left - np.cumsum(counts[order]) + counts[order], 0)
    )
    return np.asarray(
        weight @ (1.0 - 2.0 * bits[order].astype(np.float64)) / weight.sum(), dtype=np.float64
    )
