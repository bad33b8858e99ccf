"""ADAPT-VQE: the ansatz grows by the excitation of the steepest slope (Grimsley et al. 2019, Nat Commun 10:3007)."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.determinants.simulator import DeterminantSimulator
from qtwin.encoding.excitation import ALPHA, BETA, Excitation, FermionicAnsatz, Move, Rotation
from qtwin.errors import InputError
from qtwin.solver.base import Card, TracePoint
from qtwin.solver.descent import descend
from qtwin.solver.molecular.base import Electrons, Energy, EnergyMethod

_SPIN_ORBITALS = 28


def excitations(n_orbitals: int) -> list[tuple[Move, ...]]:
    """Generalised singles and doubles between all orbitals."""
    pairs = [(p, q) for p in range(n_orbitals) for q in range(p + 1, n_orbitals)]
    moves: list[tuple[Move, ...]] = [((q, p, spin),) for spin in (ALPHA, BETA) for p, q in pairs]
    moves += [((q, p, ALPHA), (s, r, BETA)) for p, q in pairs for r, s in pairs]
    moves += [((q, p, ALPHA), (r, s, BETA)) for p, q in pairs for r, s in pairs]
    for spin in (ALPHA, BETA):
        for (p, q), (r, s) in combinations(pairs, 2):
            if len({p, q, r, s}) == 4:
                moves += [((q, p, spin), (s, r, spin)), ((q, p, spin), (r, s, spin))]
    return moves


def pool(n_orbitals: int, n_alpha: int, n_beta: int) -> FermionicAnsatz:
    """Each generalised excitation with a parameter of its own."""
    moves = excitations(n_orbitals)
    return FermionicAnsatz(
        n_orbitals=n_orbitals,
        n_alpha=n_alpha,
        n_beta=n_beta,
        rotations=tuple(Rotation(excitation=Excitation(moves=m), parameter=k) for k, m in enumerate(moves)),
        n_parameters=len(moves),
        name="generalised singles and doubles",
    )


@final
class AdaptVqe(EnergyMethod):
    """Add the excitation whose slope at angle zero is steepest, minimise over all angles, repeat.

    Args:
        slope_hartree: Ends when the norm of all slopes is below this (hartree per radian).
        most: Excitations, at most.
    """

    def __init__(self, *, slope_hartree: float = 1e-3, most: int = 200) -> None:
        if not slope_hartree > 0.0 or most < 1:
            raise InputError(f"slope_hartree {slope_hartree} and most {most} came, positive ones were wanted", hint="raise them")
        self.slope_hartree, self.most = slope_hartree, most

    @classmethod
    def card(cls) -> Card:
        return Card(
            name="adapt-vqe",
            summary="ansatz grown by steepest slope from generalised singles and doubles, exact gradients",
            kind="quantum",
            guarantee="never below the exact energy of the active space; reaches it in small cases",
            citation="Grimsley et al. 2019, Nat Commun 10:3007",
            max_variables=_SPIN_ORBITALS,
        )

    def solve(self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None) -> Energy:
        began = time.perf_counter()
        deadline = None if time_limit_s is None else began + time_limit_s
        n = len(molecule.h1_hartree)
        candidates, moves = pool(n, molecule.n_alpha, molecule.n_beta), excitations(n)
        integrals = (molecule.h1_hartree, molecule.h2_hartree, molecule.core_hartree)
        simulator = DeterminantSimulator(*integrals, candidates, symmetric=True)
        chosen: list[int] = []
        theta: NDArray[np.float64] = np.zeros(0)
        evaluations, converged, norm = 0, False, np.inf
        energy = simulator.energy_hartree(np.zeros(candidates.n_parameters))
        trace = [TracePoint(time_s=time.perf_counter() - began, evaluations=1, best_energy=energy)]
        state = simulator.state(np.zeros(candidates.n_parameters))
        while len(chosen) < self.most and (deadline is None or time.perf_counter() < deadline):
            slopes = simulator.slopes(state)
            evaluations += 1
            norm = float(np.linalg.norm(slopes))
            if norm < self.slope_hartree:
                converged = True
                break
            chosen.append(int(np.argmax(np.abs(slopes))))
            rotations = tuple(replace(candidates.rotations[k], parameter=j) for j, k in enumerate(chosen))
            grown = simulator.with_ansatz(replace(candidates, rotations=rotations, n_parameters=len(chosen), name="ADAPT"))
            found = descend(
                grown.value_and_gradient, np.append(theta, 0.0), iterations=200, tolerance=1e-13, deadline=deadline, started=began
            )
            theta, energy = found.theta, found.value
            evaluations += found.evaluations
            trace.append(TracePoint(time_s=time.perf_counter() - began, evaluations=evaluations, best_energy=energy))
            state = grown.state(theta)
        return Energy(
            method="adapt-vqe",
            energy_hartree=energy,
            variational=True,
            converged=converged,
            evaluations=evaluations,
            wall_s={"training": time.perf_counter() - began},
            trace=tuple(trace),
            seed=seed,
            info={
                "excitations": [[list(m) for m in moves[k]] for k in chosen],
                "parameters": len(chosen),
                "pool": candidates.n_parameters,
                "slope_norm_hartree": norm,
                "theta": theta.tolist(),
            },
        )
