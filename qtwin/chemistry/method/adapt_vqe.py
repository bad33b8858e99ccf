"""ADAPT-VQE: the ansatz grows by the excitation of the steepest slope (Grimsley et al. 2019, Nat
Commun 10:3007).

The qubit pool leaves out the strings of Jordan-Wigner, which makes every gate much shorter
(Yordanov et al. 2021, Commun Phys 4:228).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal, final, get_args

import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.determinants.minimise import Limits
from qtwin.chemistry.determinants.simulator import DeterminantSimulator
from qtwin.chemistry.excitation import ALPHA, BETA, Excitation, FermionicAnsatz, Move, Rotation
from qtwin.chemistry.method.base import Electrons, Energy, load_compiled_code
from qtwin.chemistry.method.execution import CircuitMethod
from qtwin.chemistry.method.spin import shifted, spin_squared
from qtwin.chemistry.method.variational import SPIN_ORBITALS, Trained, answer
from qtwin.errors import InputError, unknown_name
from qtwin.solver.base import SolverInfo, TracePoint

Pool = Literal["fermionic", "qubit"]


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


def pool(n_orbitals: int, n_alpha: int, n_beta: int, kind: Pool = "fermionic") -> FermionicAnsatz:
    """Each generalised excitation with a parameter of its own; those of the qubit pool carry no
    strings.
    """
    strings = kind == "fermionic"
    moves = excitations(n_orbitals)
    return FermionicAnsatz(
        n_orbitals=n_orbitals,
        n_alpha=n_alpha,
        n_beta=n_beta,
        rotations=tuple(
            Rotation(excitation=Excitation(moves=m, strings=strings), parameter=k)
            for k, m in enumerate(moves)
        ),
        n_parameters=len(moves),
        name=f"ADAPT, {kind} pool",
    )


@final
@dataclass(kw_only=True, eq=False)
class AdaptVqe(CircuitMethod):
    """Add the excitation whose slope at angle zero is steepest, minimise over all angles, repeat.

    Args:
        pool: Excitations of fermions, or of qubits.
        slope_hartree: Ends when the norm of all slopes is below this (hartree per radian).
        most: Excitations, at most. The other options are those of `CircuitMethod`.
    """

    pool: Pool = "fermionic"
    slope_hartree: float = 1e-3
    most: int = 200

    def __post_init__(self) -> None:
        if not self.slope_hartree > 0.0 or self.most < 1:
            raise InputError(
                f"expected positive slope_hartree and most, got {self.slope_hartree} and "
                f"{self.most}",
                hint="raise them",
            )
        if self.pool not in get_args(Pool):
            raise unknown_name("pool", self.pool, get_args(Pool))
        super().__post_init__()

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="adapt-vqe",
            summary="ansatz grown by steepest slope from generalised singles and doubles, exact "
            "gradients",
            kind="quantum",
            guarantee="never below the exact energy of the active space, but for the standard "
            "error; "
            "reaches it in small cases",
            citation="Grimsley et al. 2019, Nat Commun 10:3007",
            max_variables=SPIN_ORBITALS,
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        load_compiled_code()
        began = time.perf_counter()
        deadline = None if time_limit_s is None else began + time_limit_s
        candidates = pool(len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta, self.pool)
        target = shifted(molecule)
        integrals = (target.h1_hartree, target.h2_hartree, target.core_hartree)
        simulator = DeterminantSimulator(*integrals, candidates, symmetric=True)
        chosen: list[Rotation] = []
        theta: NDArray[np.float64] = np.zeros(0)
        evaluations, converged, norm = 0, False, np.inf
        energy = simulator.energy_hartree(np.zeros(candidates.n_parameters))
        trace = [TracePoint(time_s=time.perf_counter() - began, evaluations=1, best_energy=energy)]
        state = simulator.state(np.zeros(candidates.n_parameters))
        circuit = replace(candidates, rotations=(), n_parameters=0)
        while len(chosen) < self.most and (deadline is None or time.perf_counter() < deadline):
            slopes = simulator.slopes(state)
            evaluations += 1
            norm = float(np.linalg.norm(slopes))
            if norm < self.slope_hartree:
                converged = True
                break
            steepest = candidates.rotations[int(np.argmax(np.abs(slopes)))]
            assert isinstance(steepest, Rotation)
            chosen.append(replace(steepest, parameter=len(chosen)))
            circuit = replace(candidates, rotations=tuple(chosen), n_parameters=len(chosen))
            grown = simulator.with_ansatz(circuit)
            left = None if deadline is None else max(0.0, deadline - time.perf_counter())
            found = grown.minimise(
                np.append(theta, 0.0), Limits(evaluations=2000, fall=1e-13, limit_s=left)
            )
            theta, energy = found.theta, found.energy_hartree
            evaluations += found.evaluations
            trace.append(
                TracePoint(
                    time_s=time.perf_counter() - began, evaluations=evaluations, best_energy=energy
                )
            )
            state = grown.state(theta)
        info = {
            "ansatz": candidates.name,
            "excitations": [[list(m) for m in r.excitation.moves] for r in chosen],
            "parameters": len(chosen),
            "pool": candidates.n_parameters,
            "slope_norm_hartree": norm,
            "determinants": simulator.space.size,
        }
        trained = Trained(
            theta=theta,
            energy_hartree=energy,
            evaluations=evaluations,
            converged=converged,
            trace=tuple(trace),
            used=np.ones(len(chosen), dtype=np.bool_),
            spin_squared=spin_squared(simulator.space, state),
            info=info,
            wall_s={"training": time.perf_counter() - began},
        )
        return answer("adapt-vqe", circuit, molecule, trained, self._how, seed=seed)
