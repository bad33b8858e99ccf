"""Adiabatic state preparation in Trotter steps: from the determinant that H's diagonal favours to
H's ground state.

H(s) = D + s (H - D), D the diagonal strings; s rises smoothly from 0 to 1 in a time T (Farhi et al.
2000, quant-ph/0001106; Aspuru-Guzik et al. 2005, Science 309:1704). Each step is a product formula
over groups of commuting strings, of first order or of second (Suzuki 1991, J Math Phys 32:400).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Layer
from qtwin.backend.statevector import StatevectorBackend
from qtwin.chemistry.mapping import electronic, mapping_of, reference
from qtwin.chemistry.method.base import Electrons, Energy
from qtwin.chemistry.method.execution import QubitMethod, valued
from qtwin.chemistry.method.spin import shifted_words, spin_words, surcharge_hartree
from qtwin.encoding.pauli import PauliSum, groups
from qtwin.errors import InputError, TooLargeError
from qtwin.solver.base import SolverInfo

Floats = NDArray[np.float64]
MOST_QUBITS = 16


def fragments(hamiltonian: PauliSum) -> tuple[PauliSum, ...]:
    """The sum in parts of commuting strings, the diagonal one first."""
    flips = hamiltonian.x.any(axis=1)
    parts = [np.flatnonzero(~flips)]
    rest = np.flatnonzero(flips)
    other = PauliSum(
        x=hamiltonian.x[rest], z=hamiltonian.z[rest], coefficients=hamiltonian.coefficients[rest]
    )
    parts += [rest[g.members] for g in groups(other, "general")]
    return tuple(
        PauliSum(x=hamiltonian.x[k], z=hamiltonian.z[k], coefficients=hamiltonian.coefficients[k])
        for k in parts
    )


def product(
    parts: tuple[PauliSum, ...], start: NDArray[np.integer], times: Floats, order: int
) -> tuple[Ansatz, Floats]:
    """prod_m S(times[m]): each S a product formula of exp(-i t_mk H_k) for (steps, parts) times;
    and the angles of its layers.

    Raises:
        InputError: for an order other than 1 and 2.
    """
    if order not in (1, 2):
        raise InputError(f"expected order 1 or 2, got {order}", hint="2 has the smaller error")
    layers: list[Layer] = []
    angles: list[float] = []

    def add(k: int, t: float) -> None:
        if layers and layers[-1].generator is parts[k]:
            angles[-1] += t  # the last of one step and the first of the next
            return
        layers.append(Layer(generator=parts[k], parameter=len(layers)))
        angles.append(t)

    for row in times:
        if order == 1:
            for k in range(len(parts)):
                add(k, float(row[k]))
        else:
            for k in (*range(len(parts)), *reversed(range(len(parts)))):
                add(k, 0.5 * float(row[k]))
    ansatz = Ansatz(
        n_qubits=parts[0].n_qubits,
        reference=np.asarray(start, dtype=np.int8),
        layers=tuple(layers),
        n_parameters=len(layers),
    )
    return ansatz, np.array(angles)


def schedule(parts: int, steps: int, total_time: float) -> Floats:
    """(steps, parts) times of a step of H(s), s = sin^2 (pi/2 t/T) at the middle of each; the first
    part is always on.
    """
    s = np.sin(0.5 * np.pi * (np.arange(steps) + 0.5) / steps) ** 2
    times = np.repeat(s[:, None], parts, axis=1) * total_time / steps
    times[:, 0] = total_time / steps
    return times


@final
@dataclass(kw_only=True, eq=False)
class Trotter(QubitMethod):
    """Evolve slowly, then value <H>: no angles are trained.

    It has converged when half the time, by our state vector, gives the same energy to 1.6 mHa.

    Args:
        time_per_hartree: T, in units of hbar / hartree.
        steps: Product formulas.
        order: 1 or 2. The other options are those of `QubitMethod`.
    """

    time_per_hartree: float = 20.0
    steps: int = 60
    order: int = 2

    def __post_init__(self) -> None:
        if self.steps < 1 or not 0.0 < self.time_per_hartree < np.inf or self.order not in (1, 2):
            raise InputError(
                f"got steps = {self.steps}, time_per_hartree = {self.time_per_hartree}, "
                f"order = {self.order}",
                hint="at least one step, a positive time, order 1 or 2",
            )
        super().__post_init__()

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="trotter",
            summary="adiabatic preparation of the ground state in Trotter steps",
            kind="quantum",
            guarantee="exact for long times and many steps, if the lowest orbitals make the lowest "
            "determinant",
            citation="Aspuru-Guzik, Dutoi, Love, Head-Gordon 2005, Science 309:1704",
            max_variables=MOST_QUBITS,
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        began = time.perf_counter()
        n, up, down = len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta
        words = electronic(molecule.h1_hartree, molecule.h2_hartree, molecule.core_hartree)
        # the diagonal strings, with which it begins, mix spins
        lifted = shifted_words(words, molecule)
        mapping = mapping_of(self._how.mapping, lifted, n, up, down)
        if mapping.n_qubits > MOST_QUBITS:
            raise TooLargeError(
                f"expected at most {MOST_QUBITS} qubits, got {mapping.n_qubits}",
                hint='mapping = "tapered", or fewer orbitals',
            )
        hamiltonian = mapping.apply(words)
        parts = fragments(mapping.apply(lifted))
        start = mapping.encode(reference(n, up, down)[None, :])[0]
        circuit, theta = product(
            parts, start, schedule(len(parts), self.steps, self.time_per_hartree), self.order
        )
        built = time.perf_counter()
        value = valued(self._how, circuit, theta, hamiltonian, seed=seed)
        executed = time.perf_counter()
        faster = schedule(len(parts), max(1, self.steps // 2), self.time_per_hartree / 2)
        exact = StatevectorBackend()
        half = exact.expectation(*product(parts, start, faster, self.order), hamiltonian).value
        square = exact.expectation(circuit, theta, mapping.apply(spin_words(n))).value
        energy_hartree = value.energy_hartree + surcharge_hartree(square, molecule)
        return Energy(
            method="trotter",
            energy_hartree=energy_hartree,
            standard_error_hartree=value.standard_error_hartree,
            variational=False,  # other electron numbers of the same parity are in the sector
            converged=abs(energy_hartree - half) < 1.6e-3 + 2 * value.standard_error_hartree,
            evaluations=1,
            shots=value.shots,
            wall_s={
                "building": built - began,
                "execution": executed - built,
                "check at half the time": time.perf_counter() - executed,
            },
            seed=seed,
            spin_squared=square,
            backend=self._how.backend_name,
            info={
                "qubits": mapping.n_qubits,
                "mapping": self._how.mapping,
                "fragments": len(parts),
                "layers": len(circuit.layers),
                "steps": self.steps,
                "order": self.order,
                "time_per_hartree": self.time_per_hartree,
                "energy_of_half_the_time_hartree": half,
            },
        )
