"""What every variational eigensolver on fermions does: choose the angles, value the circuit where
it is asked to, tell the costs.

Angles are trained on determinants with exact gradients, or on the backend itself by SPSA from its
noisy energies.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples
from qtwin.chemistry.determinants.complex_simulator import ComplexDeterminantSimulator
from qtwin.chemistry.determinants.minimise import Limits, Minimum
from qtwin.chemistry.determinants.simulator import DeterminantSimulator
from qtwin.chemistry.excitation import FermionicAnsatz
from qtwin.chemistry.method.base import Electrons, Energy, load_compiled_code
from qtwin.chemistry.method.execution import Execution, described, on_qubits, pruned, valued
from qtwin.chemistry.method.spin import shifted, spin_squared, surcharge_hartree
from qtwin.errors import InputError, unknown_name
from qtwin.solver.base import TracePoint
from qtwin.solver.variational.gradient import descend

Floats = NDArray[np.float64]
Training = Literal["exact", "spsa"]
SPIN_ORBITALS = 28


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Angles, the exact energy there with the penalty on wrong spin, <S^2>, and what they cost."""

    theta: Floats
    energy_hartree: float
    evaluations: int
    converged: bool
    trace: tuple[TracePoint, ...]
    used: NDArray[np.bool_]
    simulator: DeterminantSimulator | ComplexDeterminantSimulator | None = None
    shots: int = 0
    spin_squared: float
    info: dict[str, Any]
    wall_s: dict[str, float]

    def sample(self, *, shots: int, seed: int) -> Samples:
        """Occupations at the trained angles, without noise."""
        assert self.simulator is not None
        return self.simulator.sample(self.theta, shots=shots, seed=seed)


def check_options(training: str, how: Execution, **least_one: int) -> None:
    """Refuse counts below one, and SPSA without shots (InputError)."""
    for name, value in least_one.items():
        if value < 1:
            raise InputError(f"expected {name} of at least 1, got {value}", hint=f"raise {name}")
    if training not in ("exact", "spsa"):
        raise unknown_name("training", training, ("exact", "spsa"))
    if training == "spsa" and how.shots is None:
        raise InputError(
            "expected shots with training = 'spsa', got none", hint="set shots, or train exactly"
        )


def train(
    circuit: FermionicAnsatz,
    molecule: Electrons,
    *,
    starts: int,
    evaluations: int,
    seed: int,
    limit_s: float | None,
    symmetric: bool,
    spread_rad: float = 1.0,
    from_zero: bool = True,
) -> Trained:
    """Descend on determinants from Hartree-Fock, then from random angles, and keep the lowest;
    other spins are penalised.

    Args:
        circuit: With phases it needs complex amplitudes, which all determinants then hold.
        molecule: Integrals.
        starts: Descents.
        evaluations: Of each descent, at most.
        seed: Of the random starts.
        limit_s: Setting up included, compilation not.
        symmetric: Work in the point-group block (see `DeterminantSimulator`).
        spread_rad: Of the random starts.
        from_zero: Whether the first start is angle zero.
    """
    load_compiled_code()
    began = time.perf_counter()
    target = shifted(molecule)
    integrals = (target.h1_hartree, target.h2_hartree, target.core_hartree)
    real = (
        DeterminantSimulator(*integrals, circuit, symmetric=symmetric) if circuit.is_real else None
    )
    simulator = real or ComplexDeterminantSimulator(*integrals, circuit)
    used = real.used if real else np.ones(circuit.n_parameters, dtype=np.bool_)
    ready = time.perf_counter()
    rng = np.random.default_rng(seed)
    best: Minimum | None = None
    trace: list[TracePoint] = []
    count, first = 0, float("nan")
    for k in range(starts):
        spent = time.perf_counter() - began
        if best and limit_s is not None and spent > limit_s:
            break
        theta: Floats = np.zeros(circuit.n_parameters)
        if k or not from_zero:
            theta = np.where(used, spread_rad * rng.normal(size=circuit.n_parameters), 0.0)
        left = None if limit_s is None else max(0.0, limit_s - spent)
        found = simulator.minimise(theta, Limits(evaluations=evaluations, limit_s=left))
        for i in np.flatnonzero(
            found.energies_hartree < (trace[-1].best_energy if trace else np.inf)
        ):
            energy = float(found.energies_hartree[i])
            if not trace or energy < trace[-1].best_energy:
                trace.append(
                    TracePoint(
                        time_s=spent + float(found.times_s[i]),
                        evaluations=count + int(i) + 1,
                        best_energy=energy,
                    )
                )
        count += found.evaluations
        first = found.energy_hartree if k == 0 else first
        best = found if best is None or found.energy_hartree < best.energy_hartree else best
    assert best is not None
    return Trained(
        theta=best.theta,
        energy_hartree=best.energy_hartree,
        evaluations=count,
        converged=best.converged,
        trace=tuple(trace),
        used=used,
        simulator=simulator,
        spin_squared=spin_squared(simulator.space, simulator.state(best.theta)),
        info={
            "ansatz": circuit.name,
            "parameters": circuit.n_parameters,
            "rotations": len(circuit.rotations),
            "rotations_without_effect": simulator.circuit.dropped,
            "determinants": simulator.space.size,
            "energy_of_first_start": first,
        },
        wall_s={"setting up": ready - began, "training": time.perf_counter() - ready},
    )


def train_on_backend(
    circuit: FermionicAnsatz,
    molecule: Electrons,
    how: Execution,
    *,
    evaluations: int,
    seed: int,
    limit_s: float | None,
) -> Trained:
    """SPSA from angle zero on energies from shots: what a device alone could do."""
    began = time.perf_counter()
    assert how.shots is not None
    ansatz, hamiltonian = on_qubits(how, circuit, molecule, right_spin=True)
    prepared = time.perf_counter()
    count = 0

    def objective(theta: Floats) -> tuple[float, Floats]:
        nonlocal count
        count += 1
        return valued(
            how, ansatz, theta, hamiltonian, seed=seed + 7919 * count
        ).energy_hartree, np.zeros(0)

    found = descend(
        objective,
        np.zeros(circuit.n_parameters),
        iterations=max(1, evaluations // 10),
        deadline=None if limit_s is None else began + limit_s,
        method="spsa",
        noisy=True,
        seed=seed,
    )
    return Trained(
        theta=found.theta,
        energy_hartree=found.value,
        evaluations=found.evaluations,
        converged=found.converged,
        trace=found.trace,
        used=np.ones(circuit.n_parameters, dtype=np.bool_),
        shots=found.evaluations * how.shots,
        spin_squared=_spin_of(circuit, molecule, found.theta),
        info={
            "ansatz": circuit.name,
            "parameters": circuit.n_parameters,
            "trained_on": how.backend_name,
        },
        wall_s={"mapping": prepared - began, "training": time.perf_counter() - prepared},
    )


def _spin_of(circuit: FermionicAnsatz, molecule: Electrons, theta: Floats) -> float:
    """<S^2> that the circuit has without noise."""
    integrals = (molecule.h1_hartree, molecule.h2_hartree, molecule.core_hartree)
    simulator = (DeterminantSimulator if circuit.is_real else ComplexDeterminantSimulator)(
        *integrals, circuit
    )
    return spin_squared(simulator.space, simulator.state(theta))


def answer(
    name: str,
    circuit: FermionicAnsatz,
    molecule: Electrons,
    trained: Trained,
    how: Execution,
    *,
    seed: int,
) -> Energy:
    """The energy at the trained angles, from determinants or from the backend; what is mixed in of
    other spins is charged.
    """
    if how.backend is None:
        return Energy(
            method=name,
            energy_hartree=trained.energy_hartree,
            variational=True,
            converged=trained.converged,
            evaluations=trained.evaluations,
            wall_s=trained.wall_s,
            trace=trained.trace,
            seed=seed,
            spin_squared=trained.spin_squared,
            info=trained.info | {"theta": trained.theta.tolist()},
        )
    mark = time.perf_counter()
    sent = pruned(circuit, trained.theta, how.least_angle_rad, trained.used)
    ansatz, hamiltonian = on_qubits(how, sent, molecule)
    mapped = time.perf_counter()
    found = valued(how, ansatz, trained.theta, hamiltonian, seed=seed)
    info = trained.info | {"theta": trained.theta.tolist()} | described(how, ansatz, hamiltonian)
    if trained.shots == 0:
        info["energy_hartree_of_determinants"] = trained.energy_hartree
    return Energy(
        method=name,
        energy_hartree=found.energy_hartree + surcharge_hartree(trained.spin_squared, molecule),
        standard_error_hartree=found.standard_error_hartree,
        variational=how.backend.capabilities().exact,
        converged=trained.converged,
        evaluations=trained.evaluations,
        shots=trained.shots + found.shots,
        wall_s=trained.wall_s
        | {"sending": mapped - mark, "execution": time.perf_counter() - mapped},
        trace=trained.trace,
        seed=seed,
        spin_squared=trained.spin_squared,
        backend=how.backend_name,
        info=info,
    )


def solved(
    name: str,
    circuit: FermionicAnsatz,
    molecule: Electrons,
    how: Execution,
    training: Training,
    *,
    starts: int,
    evaluations: int,
    seed: int,
    limit_s: float | None,
    symmetric: bool,
    spread_rad: float = 1.0,
    from_zero: bool = True,
) -> Energy:
    """Angles by the training that was asked for (see `train`), then the energy there."""
    if training == "spsa":
        trained = train_on_backend(
            circuit, molecule, how, evaluations=evaluations, seed=seed, limit_s=limit_s
        )
    else:
        trained = train(
            circuit,
            molecule,
            starts=starts,
            evaluations=evaluations,
            seed=seed,
            limit_s=limit_s,
            symmetric=symmetric,
            spread_rad=spread_rad,
            from_zero=from_zero,
        )
    return answer(name, circuit, molecule, trained, how, seed=seed)
