"""Iterative phase estimation as circuits: one ancilla, the evolution in Trotter steps, controlled
string by string.

exp(-i t P) controlled by the ancilla is exp(-i t/2 P) exp(+i t/2 Z_a P): layers of commuting
strings again, so every backend runs it. Each bit is the majority of its shots, from a fresh start
each time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend, Layer
from qtwin.chemistry.determinants.hamiltonian import hamiltonian
from qtwin.chemistry.determinants.space import space_of
from qtwin.chemistry.mapping import electronic, mapping_of, reference
from qtwin.chemistry.method.base import Electrons, Energy, EnergyMethod, load_compiled_code
from qtwin.chemistry.method.execution import OWN, execution
from qtwin.chemistry.method.spin import shifted_words, spin_squared, wanted
from qtwin.chemistry.method.trotter import fragments, product
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError, TooLargeError
from qtwin.solver.base import SolverInfo

Floats = NDArray[np.float64]
MOST_QUBITS = 8
MOST_LAYERS = 200_000


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Energy, the step between two readings, the layers of the longest circuit, and how sure each
    bit was, the last first.
    """

    energy_hartree: float
    step_hartree: float
    layers: int
    majorities: tuple[float, ...]


def controlled(ansatz: Ansatz) -> tuple[Layer, ...]:
    """The layers, each acting only where the qubit behind the last one is 1."""
    found = []
    known: dict[int, PauliSum] = {}
    for layer in ansatz.layers:
        h = layer.generator
        if id(h) not in known:
            m = len(h.coefficients)
            off, on = np.zeros((m, 1), dtype=np.bool_), np.ones((m, 1), dtype=np.bool_)
            known[id(h)] = PauliSum(
                x=np.vstack([np.hstack([h.x, off])] * 2),
                z=np.vstack([np.hstack([h.z, off]), np.hstack([h.z, on])]),
                coefficients=0.5 * np.concatenate([h.coefficients, -h.coefficients]),
            )
        found.append(Layer(generator=known[id(h)], parameter=layer.parameter))
    return tuple(found)


def read_phase(
    backend: Backend,
    hamiltonian: PauliSum,
    start: NDArray[np.integer],
    *,
    bits: int,
    shots: int,
    steps: int,
    seed: int,
) -> Reading:
    """The energy that the start leads to, of U = exp(2 pi i (H - low) / span) with bounds from the
    coefficients.

    Args:
        backend: Where the circuits run.
        hamiltonian: On the qubits of the start.
        start: (n,) bits.
        bits: Of the phase.
        shots: For each bit.
        steps: Trotter steps, of second order, for each application of U.
        seed: Of the shots.

    Raises:
        TooLargeError: for more qubits or longer circuits than can be run.
    """
    n = hamiltonian.n_qubits
    identity = ~(hamiltonian.x | hamiltonian.z).any(axis=1)
    rest = PauliSum(
        x=hamiltonian.x[~identity],
        z=hamiltonian.z[~identity],
        coefficients=hamiltonian.coefficients[~identity],
    )
    parts = tuple(p for p in fragments(rest) if len(p.coefficients))
    longest = 2 ** (bits - 1) * steps * 2 * len(parts)
    if n > MOST_QUBITS or longest > MOST_LAYERS:
        raise TooLargeError(
            f"expected at most {MOST_QUBITS} qubits and {MOST_LAYERS:,} layers, got {n} and "
            f"about {longest:,}",
            hint='fewer bits or steps, mapping = "tapered", or backend = "determinants"',
        )
    constant, bound = (
        float(hamiltonian.coefficients[identity].sum()),
        float(np.abs(rest.coefficients).sum()),
    )
    low, span = constant - 1.02 * bound, 2.1 * bound
    read, most, sure = 0, 0, []
    for k in range(bits):
        power = 2 ** (bits - 1 - k)
        times = np.full((power * steps, len(parts)), -2.0 * np.pi / span / steps)
        evolution, angles = product(parts, start, times, 2)
        half_phase = np.pi * (power * (constant - low) / span - read / 2.0 ** (k + 1))
        last = np.arange(n + 1)[None, :] == n
        ends = [
            PauliSum(x=np.zeros_like(last), z=last, coefficients=np.ones(1)),
            PauliSum(x=last, z=last, coefficients=np.ones(1)),
        ]
        m = evolution.n_parameters
        layers = controlled(evolution) + tuple(
            Layer(generator=g, parameter=m + i) for i, g in enumerate(ends)
        )
        reference = np.append(np.asarray(start, dtype=np.int8), np.int8(-1))
        circuit = Ansatz(n_qubits=n + 1, reference=reference, layers=layers, n_parameters=m + 2)
        drawn = backend.sample(
            circuit, np.concatenate([angles, [half_phase, np.pi / 4]]), shots=shots, seed=seed + k
        )
        # the last turn takes X to -Z
        zeros = float(drawn.counts[drawn.bits[:, n] == 0].sum() / drawn.shots)
        read += int(zeros > 0.5) << k
        sure.append(max(zeros, 1.0 - zeros))
        most = max(most, len(layers))
    return Reading(
        energy_hartree=low + span * read / 2.0**bits,
        step_hartree=span / 2.0**bits,
        layers=most,
        majorities=tuple(sure),
    )


# Iterative phase estimation: one ancilla, one bit at a time, the last first (Kitaev 1995; Dobšíček
# et al. 2007, PRA 76:030306).
#
# The phase of U = exp(2 pi i (H - low) / span) on the prepared state is read to m bits. On
# determinants U is applied exactly, through the eigenvectors of H; Trotter error and noise are not
# in it. On a backend they are. What it shows is the overlap problem: the state collapses to an
# eigenstate with the probability of its overlap. The Hartree-Fock determinant, its unpaired
# electrons all up, is an eigenstate of S^2, and the exact evolution keeps its spin; Trotter steps
# run on H with a penalty on S^2.

_LARGEST = 3000


@final
class IterativeQpe(EnergyMethod):
    """Phase estimation from the Hartree-Fock determinant, repeated; the lowest energy read more
    than once is the answer.

    Args:
        bits: Of the phase; the energy is resolved to span / 2^bits.
        repetitions: Independent runs, each from a fresh state.
        backend: "determinants" evolves exactly; one of `qtwin backends` runs the circuits, in
            Trotter steps.
        shots: For each bit of a circuit.
        steps: Trotter steps for each application of U, of a circuit.
        mapping: Fermions on qubits, of a circuit.
    """

    def __init__(
        self,
        *,
        bits: int = 14,
        repetitions: int = 20,
        backend: str | Backend = OWN,
        shots: int = 101,
        steps: int = 6,
        mapping: str = "tapered",
    ) -> None:
        if shots < 1 or steps < 1:
            raise InputError(
                f"expected shots and steps of at least 1, got {shots} and {steps}",
                hint="raise them",
            )
        self.shots, self.steps = shots, steps
        self._how = execution(backend, None, mapping)
        if not 1 <= bits <= 40 or repetitions < 1:
            raise InputError(
                f"expected 1 to 40 bits and at least 1 repetition, got {bits} and {repetitions}",
                hint="correct them",
            )
        self.bits, self.repetitions = bits, repetitions

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="iterative-qpe",
            summary="phase estimation with one ancilla on the exact evolution of the Hartree-Fock "
            "determinant",
            kind="quantum",
            guarantee="within span / 2^bits of an eigenvalue with probability at least 0.81 a run",
            citation="Dobsicek et al. 2007, PRA 76:030306",
            max_variables=20,
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        load_compiled_code()
        began = time.perf_counter()
        if self._how.backend is not None:
            return self._on_backend(molecule, self._how.backend, seed)
        space = space_of(
            molecule.h1_hartree,
            molecule.h2_hartree,
            molecule.n_alpha,
            molecule.n_beta,
            symmetric=True,
        )
        if space.size > _LARGEST:
            raise TooLargeError(
                f"expected at most {_LARGEST:,} determinants, got {space.size:,}",
                hint="take a smaller active space",
            )
        from scipy.sparse import csr_matrix

        h = hamiltonian(space, molecule.h1_hartree, molecule.h2_hartree, molecule.core_hartree)
        values, vectors = np.linalg.eigh(csr_matrix((h.value_hartree, h.column, h.start)).toarray())
        first = (1 << molecule.n_alpha) - 1, (1 << molecule.n_beta) - 1
        place = int(np.flatnonzero((space.alpha == first[0]) & (space.beta == first[1]))[0])
        low = float(values[0]) - 0.05 * float(np.ptp(values)) - 1e-3
        span = 1.25 * (float(values[-1]) - low) + 1e-3
        phases = (values - low) / span
        prepared = time.perf_counter()
        rng = np.random.default_rng(seed)
        found: list[tuple[int, float]] = []
        for _ in range(self.repetitions):
            if found and time_limit_s is not None and time.perf_counter() - began > time_limit_s:
                break
            read, state = self._run(vectors[place].copy(), phases, rng)
            found.append((read, spin_squared(space, vectors @ state)))
        energies = (
            low
            + span * np.array([read for read, _ in found]) / 2.0**self.bits
            + molecule.core_hartree
        )
        step = span / 2.0**self.bits
        near = np.abs(energies[:, None] - energies[None, :]) <= 2.5 * step
        repeated = energies[near.sum(axis=1) > 1]
        answer = float(repeated.min()) if len(repeated) else float(energies.min())
        return Energy(
            method="iterative-qpe",
            energy_hartree=answer,
            standard_error_hartree=step,
            variational=False,
            converged=len(repeated) > 0,
            evaluations=self.bits * len(found),
            shots=self.bits * len(found),
            wall_s={
                "diagonalising": prepared - began,
                "phase estimation": time.perf_counter() - prepared,
            },
            seed=seed,
            spin_squared=found[int(np.argmin(np.abs(energies - answer)))][1],
            info={
                "resolution_hartree": step,
                "spins_squared": [square for _, square in found],
                "energies_hartree": energies.tolist(),
                "overlap_with_ground_state": float(vectors[place, 0] ** 2),
                "longest_evolution_applications": 2 ** (self.bits - 1),
            },
        )

    def _on_backend(self, molecule: Electrons, backend: Backend, seed: int) -> Energy:
        """One reading by circuits."""
        began = time.perf_counter()
        n, up, down = len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta
        words = electronic(molecule.h1_hartree, molecule.h2_hartree, molecule.core_hartree)
        lifted = shifted_words(words, molecule)
        mapping = mapping_of(self._how.mapping, lifted, n, up, down)
        start = mapping.encode(reference(n, up, down)[None, :])[0]
        read = read_phase(
            backend,
            mapping.apply(lifted),
            start,
            bits=self.bits,
            shots=self.shots,
            steps=self.steps,
            seed=seed,
        )
        return Energy(
            method="iterative-qpe",
            energy_hartree=read.energy_hartree,
            standard_error_hartree=read.step_hartree,
            variational=False,
            converged=min(read.majorities) > 0.6,
            evaluations=self.bits,
            shots=self.bits * self.shots,
            wall_s={"phase estimation": time.perf_counter() - began},
            seed=seed,
            # of the start; another spin reads an energy half a hartree or more too high
            spin_squared=wanted(molecule),
            backend=self._how.backend_name,
            info={
                "resolution_hartree": read.step_hartree,
                "majorities": list(read.majorities),
                "qubits": mapping.n_qubits + 1,
                "layers_of_the_longest_circuit": read.layers,
                "trotter_steps": self.steps,
            },
        )

    def _run(
        self,
        amplitudes: NDArray[np.float64],
        phases: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> tuple[int, NDArray[np.complex128]]:
        """The phase as a whole number of 2^-bits, and the amplitudes on the eigenvectors, which
        collapse bit by bit.
        """
        state = amplitudes.astype(np.complex128)
        read = 0
        for k in range(self.bits):
            power = 2.0 ** (self.bits - 1 - k)
            correction = read / 2.0 ** (k + 1)
            # bit k of the answer, the last first: the ancilla's phase less what the bits read
            # before put there
            turned = np.exp(2j * np.pi * (phases * power - correction))
            zero, one = 0.5 * (1.0 + turned) * state, 0.5 * (1.0 - turned) * state
            p_one = float(np.vdot(one, one).real)
            bit = int(rng.random() < p_one)
            state = one if bit else zero
            state /= np.linalg.norm(state)
            read += bit << k
        return read, state
