"""Self-consistent configuration recovery by qiskit-addon-sqd: wrong electron numbers are mended by
flipping unlikely bits.

Robledo-Moreno et al. 2025, Sci Adv 11:eadu9991 (arXiv:2405.05068), section II A 2.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal, final, get_args

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Backend, Samples, tally
from qtwin.chemistry.determinants.space import strings
from qtwin.chemistry.determinants.subspace import Lowest, lowest, spanned
from qtwin.chemistry.excitation import lucj, uccsd
from qtwin.chemistry.method.base import (
    Deadline,
    Electrons,
    Energy,
    EnergyMethod,
    load_compiled_code,
)
from qtwin.chemistry.method.execution import OWN, execution, on_qubits, pruned
from qtwin.chemistry.method.spin import surcharge_hartree, wanted
from qtwin.chemistry.method.variational import SPIN_ORBITALS, train
from qtwin.chemistry.pyscf_access import shut
from qtwin.errors import InputError, require_vendor, unknown_name
from qtwin.solver.base import SolverInfo


def recovered(
    samples: Samples,
    occupancies: tuple[NDArray[np.float64], NDArray[np.float64]],
    n_alpha: int,
    n_beta: int,
    *,
    seed: int,
) -> Samples:
    """Distinct samples with the right numbers of electrons of either spin; those that had them
    stay.

    Args:
        samples: Occupations, alpha orbitals first.
        occupancies: (n,) mean occupation of each alpha and of each beta orbital.
        n_alpha: Electrons of spin up.
        n_beta: Electrons of spin down.
        seed: Of the flips.

    Raises:
        MissingVendorError: if qiskit-addon-sqd is not installed.
    """
    require_vendor(
        "qiskit_addon_sqd", package="qiskit-addon-sqd", needed_by="configuration recovery"
    )
    shut()  # it imports PySCF
    from qiskit_addon_sqd.configuration_recovery import recover_configurations

    # beta left, alpha right, the highest orbital first
    theirs = samples.bits[:, ::-1].astype(np.bool_)
    share = samples.counts / samples.shots
    mended, weights = recover_configurations(
        theirs, share, occupancies, n_alpha, n_beta, rand_seed=seed
    )
    counts = np.maximum(np.rint(np.asarray(weights) / np.sum(weights) * samples.shots), 1).astype(
        np.int64
    )
    return Samples(
        bits=np.ascontiguousarray(np.asarray(mended)[:, ::-1], dtype=np.uint8), counts=counts
    )


# Sample-based quantum diagonalisation: a circuit only proposes determinants, a classical computer
# diagonalises among them.
#
# Robledo-Moreno et al. 2025, Sci Adv 11:eadu9991. Noisy samples are mended by configuration
# recovery, in rounds. Three controls always run beside: as many strings as the samples gave, ranked
# by their energy in the mean field; as many at random; and uniform random bits in place of samples,
# through the same pipeline. A quantum computer that does not beat them has contributed nothing.

Floats = NDArray[np.float64]
Circuit = Literal["uccsd", "lucj"]
_TRAINING = 0.4
"""Of the time, at most: the rest is for the diagonalisations."""


@dataclass(frozen=True, kw_only=True)
class _Round:
    state: Lowest
    energy_hartree: float
    alpha: NDArray[np.int64]
    beta: NDArray[np.int64]


@final
class Sqd(EnergyMethod):
    """Sample, mend, subsample, diagonalise; repeat with the occupancies found.

    Args:
        circuit: What is sampled, trained exactly on determinants.
        shots: Samples.
        samples_per_batch: Distinct samples that span a subspace.
        batches: Subspaces a round; the lowest gives the occupancies of the next.
        rounds: Of recovery.
        flip_probability: Each bit is flipped with this probability after sampling (a readout
            error), on any backend.
        backend: Where the circuit is sampled: "determinants" (ours, without noise) or one of
            `qtwin backends`.
        spin: s; the state of total spin s is asked for. None takes the least that the electrons
            allow.
    """

    def __init__(
        self,
        *,
        circuit: Circuit = "lucj",
        shots: int = 10_000,
        samples_per_batch: int = 60,
        batches: int = 3,
        rounds: int = 5,
        flip_probability: float = 0.0,
        backend: str | Backend = OWN,
        spin: float | None = None,
    ) -> None:
        if min(shots, samples_per_batch, batches, rounds) < 1 or not 0.0 <= flip_probability < 0.5:
            raise InputError(
                "shots, samples_per_batch, batches and rounds must be at least 1, "
                "flip_probability 0 to 0.5",
                hint="correct them",
            )
        if circuit not in get_args(Circuit):
            raise unknown_name("circuit", circuit, get_args(Circuit))
        if spin is not None and not (spin >= 0.0 and (2 * spin).is_integer()):
            raise InputError(
                f"expected spin 0, 0.5, 1, ..., got {spin}", hint="leave it out for the least"
            )
        self.circuit, self.shots, self.samples_per_batch, self.batches = (
            circuit,
            shots,
            samples_per_batch,
            batches,
        )
        self.rounds, self.flip_probability, self.spin = rounds, flip_probability, spin
        self._how = execution(backend, None, "jordan-wigner")

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="sqd",
            summary="diagonalisation among sampled determinants, with configuration recovery and "
            "two controls",
            kind="quantum",
            guarantee="never below the exact energy of the active space",
            citation="Robledo-Moreno et al. 2025, Sci Adv 11:eadu9991",
            max_variables=SPIN_ORBITALS,
            vendor=("qiskit_addon_sqd", "qiskit-addon-sqd"),
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        load_compiled_code()
        began = time.perf_counter()
        n, up, down = len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta
        ends = Deadline(began=began, limit_s=time_limit_s)
        samples, info = self._sampled(molecule, seed, ends.share(_TRAINING))
        sampled = time.perf_counter()
        rng = np.random.default_rng(seed)
        found = self._diagonalised(samples, molecule, rng, ends)
        diagonalised = time.perf_counter()
        best = found[-1]
        controls = self._controls(molecule, best, rng, ends)
        right = (samples.bits[:, :n].sum(axis=1) == up) & (samples.bits[:, n:].sum(axis=1) == down)
        return Energy(
            method="sqd",
            energy_hartree=best.energy_hartree,
            variational=True,
            converged=len(found) == self.rounds
            and (len(found) < 2 or abs(found[-1].energy_hartree - found[-2].energy_hartree) < 1e-6),
            evaluations=1,
            shots=self.shots,
            spin_squared=best.state.spin_squared,
            wall_s={
                "training and sampling": sampled - began,
                "diagonalising": diagonalised - sampled,
                "controls": time.perf_counter() - diagonalised,
            },
            seed=seed,
            backend=self._how.backend_name,
            info=info
            | {
                "dimension": best.state.dimension,
                "spin_squared": best.state.spin_squared,
                "share_of_right_numbers": float(samples.counts[right].sum() / samples.shots),
                "energies_of_rounds_hartree": [r.energy_hartree for r in found],
            }
            | controls,
        )

    def _controls(
        self, molecule: Electrons, best: _Round, rng: np.random.Generator, ends: Deadline
    ) -> dict[str, Any]:
        """As many strings ranked by the mean field, as many at random, and random bits through the
        same pipeline.
        """
        if ends.is_past():
            return {"controls": "left out, the time was over"}
        n = len(molecule.h1_hartree)
        ranked = [
            self._ranked(molecule, spin, len(own))
            for spin, own in ((0, best.alpha), (1, best.beta))
        ]
        control = self._round(molecule, *ranked)
        drawn = min(
            (self._round(molecule, *self._any(molecule, best, rng)) for _ in range(self.batches)),
            key=_energy,
        )
        info = {
            "control_ranked_hartree": control.energy_hartree,
            "control_ranked_dimension": control.state.dimension,
            "control_random_strings_hartree": drawn.energy_hartree,
        }
        if ends.is_past():
            return info | {"controls": "random bits left out, the time was over"}
        random_bits = tally(rng.integers(0, 2, size=(self.shots, 2 * n)).astype(np.uint8))
        random = self._diagonalised(random_bits, molecule, rng, ends)[-1]
        return info | {
            "control_random_bits_hartree": random.energy_hartree,
            "control_random_bits_dimension": random.state.dimension,
        }

    def _sampled(
        self, molecule: Electrons, seed: int, limit_s: float | None
    ) -> tuple[Samples, dict[str, Any]]:
        n, up, down = len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta
        made = lucj(n, up, down) if self.circuit == "lucj" else uccsd(n, up, down)
        real = made.is_real
        trained = train(
            made,
            molecule,
            starts=1 if real else 3,
            evaluations=1000,
            seed=seed,
            limit_s=limit_s,
            symmetric=real,
            spread_rad=0.3,
            from_zero=real,
        )
        if self._how.backend is None:
            samples = trained.sample(shots=self.shots, seed=seed)
        else:
            ansatz, _ = on_qubits(
                self._how,
                pruned(made, trained.theta, self._how.least_angle_rad, trained.used),
                molecule,
            )
            samples = self._how.backend.sample(ansatz, trained.theta, shots=self.shots, seed=seed)
        if self.flip_probability:
            rows = np.repeat(samples.bits, samples.counts, axis=0)
            flips = np.random.default_rng(seed + 1).random(rows.shape) < self.flip_probability
            samples = tally((rows ^ flips).astype(np.uint8))
        return samples, {
            "ansatz": made.name,
            "energy_of_the_circuit_hartree": trained.energy_hartree,
        }

    def _diagonalised(
        self, samples: Samples, molecule: Electrons, rng: np.random.Generator, ends: Deadline
    ) -> list[_Round]:
        """The lowest subspace of every round."""
        n, up, down = len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta
        right = (samples.bits[:, :n].sum(axis=1) == up) & (samples.bits[:, n:].sum(axis=1) == down)
        usable = Samples(bits=samples.bits[right], counts=samples.counts[right])
        occupancies = (
            (np.arange(n) < up).astype(np.float64),
            (np.arange(n) < down).astype(np.float64),
        )
        found: list[_Round] = []
        carried = [
            np.array([(1 << up) - 1], dtype=np.int64),
            np.array([(1 << down) - 1], dtype=np.int64),
        ]
        for _ in range(self.rounds):
            if found or not len(usable.counts):
                usable = recovered(samples, occupancies, up, down, seed=int(rng.integers(2**31)))
            tried: list[_Round] = []
            for _ in range(self.batches):
                if (found or tried) and ends.is_past():
                    break
                tried.append(self._batch(usable, carried, molecule, rng))
            if not tried:
                break
            best = min(tried, key=_energy)
            if found and found[-1].energy_hartree < best.energy_hartree:
                best = found[-1]
            found.append(best)
            occupancies = best.state.occupancies
            carried = self._heaviest(best)
        return found

    def _batch(
        self,
        usable: Samples,
        carried: list[NDArray[np.int64]],
        molecule: Electrons,
        rng: np.random.Generator,
    ) -> _Round:
        n, up, down = len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta
        size = min(self.samples_per_batch, len(usable.counts))
        drawn = rng.choice(
            len(usable.counts), size=size, replace=False, p=usable.counts / usable.counts.sum()
        )
        powers = 1 << np.arange(n, dtype=np.int64)
        halves = [
            usable.bits[drawn][:, spin * n : (spin + 1) * n].astype(np.int64) @ powers
            for spin in (0, 1)
        ]
        halves = [np.union1d(half, old) for half, old in zip(halves, carried, strict=True)]
        if up == down:  # a singlet is symmetric in the spins
            halves = [np.union1d(*halves)] * 2
        return self._round(molecule, *halves)

    def _heaviest(self, best: _Round, share: float = 1e-4) -> list[NDArray[np.int64]]:
        """Strings that carry weight go on into the next round."""
        weight = best.state.amplitudes.reshape(len(best.alpha), len(best.beta)) ** 2
        return [best.alpha[weight.sum(axis=1) > share], best.beta[weight.sum(axis=0) > share]]

    def _ranked(self, molecule: Electrons, spin: int, count: int) -> NDArray[np.int64]:
        """The strings of the lowest summed mean-field energies of their orbitals."""
        n, up, down = len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta
        levels = molecule.h1_hartree.diagonal().copy()
        for p in range(n):
            same, other = (up, down) if spin == 0 else (down, up)
            levels[p] += sum(
                molecule.h2_hartree[p, p, k, k] - molecule.h2_hartree[p, k, k, p]
                for k in range(same)
            )
            levels[p] += sum(molecule.h2_hartree[p, p, k, k] for k in range(other))
        all_strings, _ = strings(n, up if spin == 0 else down)
        energy = (all_strings[:, None] >> np.arange(n) & 1) @ levels
        return all_strings[np.argsort(energy, kind="stable")[:count]]

    def _any(
        self, molecule: Electrons, best: _Round, rng: np.random.Generator
    ) -> list[NDArray[np.int64]]:
        """As many strings as the samples gave, at random, the lowest among them; the same for both
        spins of a closed shell.
        """
        n, up, down = len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta
        found = []
        for electrons, count in ((up, len(best.alpha)), (down, len(best.beta))):
            others = strings(n, electrons)[0][1:]
            chosen = rng.choice(others, size=count - 1, replace=False)
            found.append(np.append(chosen, (1 << electrons) - 1))
        return [found[0], found[0]] if up == down else found

    def _round(
        self, molecule: Electrons, alpha: NDArray[np.int64], beta: NDArray[np.int64]
    ) -> _Round:
        """The lowest state of the target spin among all pairs of the strings; what it mixes in of
        other spins is charged.
        """
        s = abs(molecule.n_alpha - molecule.n_beta) / 2 if self.spin is None else self.spin
        space = spanned(len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta, alpha, beta)
        integrals = (molecule.h1_hartree, molecule.h2_hartree, molecule.core_hartree)
        state = lowest(space, *integrals, spin_squared=s * (s + 1))
        charged = (
            surcharge_hartree(state.spin_squared, molecule)
            if s * (s + 1) == wanted(molecule)
            else 0.0
        )
        return _Round(
            state=state,
            energy_hartree=state.energy_hartree + charged,
            alpha=np.unique(alpha),
            beta=np.unique(beta),
        )


def _energy(found: _Round) -> float:
    return found.energy_hartree
