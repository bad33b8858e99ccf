"""VQE with a hardware-efficient ansatz: Y rotations and CZ along a line (Kandala et al. 2017,
Nature 549:242).

It knows nothing of electrons: penalties on wrong numbers of either spin and on wrong total spin
keep it in the sector. The energy of a state that mixes sectors is no bound on the energy of one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Layer
from qtwin.backend.statevector import StatevectorBackend
from qtwin.chemistry.mapping import Words, electronic, mapping_of, number, reference, word
from qtwin.chemistry.method.base import Electrons, Energy
from qtwin.chemistry.method.execution import QubitMethod, valued
from qtwin.chemistry.method.spin import shifted_words, spin_words, surcharge_hartree
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError, TooLargeError
from qtwin.solver.base import SolverInfo
from qtwin.solver.variational.gradient import Descent, descend

Floats = NDArray[np.float64]
MOST_QUBITS = 16


def line(n: int, start: NDArray[np.integer], layers: int) -> Ansatz:
    """Y rotations, then `layers` times CZ on neighbours and Y rotations; the last parameter, pi /
    4, makes the CZ.
    """
    found: list[Layer] = []
    fixed = n * (layers + 1)

    def turns(first: int) -> None:
        for i in range(n):
            y = np.arange(n)[None, :] == i
            found.append(
                Layer(generator=PauliSum(x=y, z=y, coefficients=np.ones(1)), parameter=first + i)
            )

    turns(0)
    for k in range(layers):
        z = np.zeros((3 * (n - 1), n), dtype=np.bool_)
        signs = np.tile([1.0, 1.0, -1.0], n - 1)
        for i in range(n - 1):
            z[3 * i, i] = z[3 * i + 1, i + 1] = z[3 * i + 2, i] = z[3 * i + 2, i + 1] = True
        if n > 1:
            found.append(
                Layer(
                    generator=PauliSum(x=np.zeros_like(z), z=z, coefficients=signs), parameter=fixed
                )
            )
        turns(n * (k + 1))
    return Ansatz(
        n_qubits=n,
        reference=np.asarray(start, dtype=np.int8),
        layers=tuple(found),
        n_parameters=fixed + 1,
    )


def wrong_number(n_orbitals: int, n_alpha: int, n_beta: int) -> Words:
    """(N_alpha - n_alpha)^2 + (N_beta - n_beta)^2."""
    total = word(0, 0, 0.0)
    for first, wanted in ((0, n_alpha), (n_orbitals, n_beta)):
        off = word(0, 0, -float(wanted))
        for p in range(n_orbitals):
            off = off + number(first + p)
        total = total + off @ off
    return total


@final
@dataclass(kw_only=True, eq=False)
class HardwareEfficientVQE(QubitMethod):
    """Minimise <H + penalty> with exact gradients on the state vector, then value <H>.

    Args:
        layers: Entangling layers.
        starts: Descents; the first from angles near Hartree-Fock, the others random.
        iterations: Of each descent, at most.
        penalty_hartree: For each electron too many or too few, squared. The other options are those
            of `QubitMethod`; tapering makes the circuit shallow.
    """

    layers: int = 3
    starts: int = 3
    iterations: int = 300
    penalty_hartree: float = 1.0

    def __post_init__(self) -> None:
        if min(self.layers, self.starts, self.iterations) < 1 or not self.penalty_hartree >= 0.0:
            raise InputError(
                "layers, starts and iterations must be at least 1, the penalty not negative",
                hint="correct them",
            )
        super().__post_init__()

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="vqe-hardware-efficient",
            summary="Y rotations and CZ along a line, a penalty on wrong electron numbers, exact "
            "gradients",
            kind="quantum",
            guarantee="none: states of other electron numbers are mixed in",
            citation="Kandala et al. 2017, Nature 549:242",
            max_variables=MOST_QUBITS,
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        began = time.perf_counter()
        n, up, down = len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta
        words = electronic(molecule.h1_hartree, molecule.h2_hartree, molecule.core_hartree)
        lifted = shifted_words(words, molecule)
        mapping = mapping_of(self._how.mapping, lifted, n, up, down)
        if mapping.n_qubits < 1:
            raise InputError("no qubit is left: symmetry alone gives the state", hint="take casci")
        if mapping.n_qubits > MOST_QUBITS:
            raise TooLargeError(
                f"expected at most {MOST_QUBITS} qubits, got {mapping.n_qubits}",
                hint='mapping = "tapered", or fewer orbitals',
            )
        wrong, hamiltonian = wrong_number(n, up, down), mapping.apply(words)
        target = mapping.apply(lifted + wrong * self.penalty_hartree)
        circuit = line(
            mapping.n_qubits, mapping.encode(reference(n, up, down)[None, :])[0], self.layers
        )
        free = circuit.n_parameters - 1
        simulator = StatevectorBackend()
        deadline = None if time_limit_s is None else began + time_limit_s

        def objective(theta: Floats) -> tuple[float, Floats]:
            value, gradient = simulator.value_and_gradient(
                circuit, np.append(theta, np.pi / 4), target
            )
            return value, gradient[:free]

        rng = np.random.default_rng(seed)
        found: list[Descent] = []
        for k in range(self.starts):
            if found and deadline is not None and time.perf_counter() > deadline:
                break
            start = (0.05 if k == 0 else 1.0) * rng.normal(size=free)
            found.append(
                descend(
                    objective, start, iterations=self.iterations, deadline=deadline, started=began
                )
            )
        best = min(found, key=lambda d: d.value)
        trained = time.perf_counter()
        theta = np.append(best.theta, np.pi / 4)
        value = valued(self._how, circuit, theta, hamiltonian, seed=seed)
        square = simulator.expectation(circuit, theta, mapping.apply(spin_words(n))).value
        return Energy(
            method="vqe-hardware-efficient",
            energy_hartree=value.energy_hartree + surcharge_hartree(square, molecule),
            standard_error_hartree=value.standard_error_hartree,
            variational=False,
            converged=best.converged,
            evaluations=sum(d.evaluations for d in found),
            shots=value.shots,
            wall_s={"training": trained - began, "execution": time.perf_counter() - trained},
            trace=best.trace,
            seed=seed,
            spin_squared=square,
            backend=self._how.backend_name,
            info={
                "parameters": free,
                "qubits": mapping.n_qubits,
                "mapping": self._how.mapping,
                "layers": self.layers,
                "wrong_electrons_squared": simulator.expectation(
                    circuit, theta, mapping.apply(wrong)
                ).value,
                "theta": best.theta.tolist(),
            },
        )
