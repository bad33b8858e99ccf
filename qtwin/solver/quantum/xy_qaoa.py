"""QAOA with XY mixers: the state never leaves what the kept constraints allow (Hadfield et al.
2019, Algorithms 12:34).

The start is a Dicke state of every block of `qtwin.solver.variational.feasible_subspace` (all
assignments of its weight, equally), the mixer swaps ones and zeros inside each block (Wang, Rubin,
Dominy, Rieffel 2020, PRA 101:012320), and qubits outside all blocks have |+> and X. Our simulator
stores the feasible assignments alone: 40 drugs of which exactly 6 are taken are 3.8 million states.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from qtwin.backend.base import Backend
from qtwin.encoding.mixer import xy_layers
from qtwin.encoding.pauli import PauliSum, diagonal
from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, SolverInfo
from qtwin.solver.variational import resources
from qtwin.solver.variational.circuit import (
    Circuit,
    Turn,
    answered,
    check_width,
    circuit,
    mean_energy,
    measured,
    scaled,
    strings,
)
from qtwin.solver.variational.feasible_subspace import (
    FeasibleSubspace,
    dicke_turns,
    feasible_subspace,
)
from qtwin.solver.variational.objective import (
    CircuitLandscape,
    Energy,
    Landscape,
    SubspaceLandscape,
    loaded,
    trainer,
)
from qtwin.solver.variational.sampled import collect
from qtwin.solver.variational.training import ScheduledQAOA, exact_simulator, spent

MAX_VARIABLES, MAX_QUBITS, MAX_STATES, MAX_LISTED = 62, 20, 4_000_000, 1_000_000


def energy_scale(found: FeasibleSubspace) -> tuple[float, float]:
    """(scale, offset) of the cost: its spread and mean over the start, so that one angle fits all
    instances.

    In a random quadratic energy the spread over all assignments is sqrt(n / 2) times the root mean
    square field of a qubit, the scale of plain QAOA; so is the scale here.
    """
    values = found.polynomial.evaluate(found.drawn(4096))
    spread = float(values.std()) * np.sqrt(2.0 / found.n_qubits)
    return (spread if spread > 1e-12 * (1.0 + float(np.abs(values).max())) else 1.0), float(
        values.mean()
    )


def xy_circuit(
    found: FeasibleSubspace, layers: int, *, complete: bool, scale: float = 1.0
) -> tuple[Circuit, PauliSum]:
    """The circuit, theta = (gamma_1, beta_1, ...), and the cost divided by `scale` without its
    constant.
    """
    n = found.n_qubits
    reference = np.zeros(n, dtype=np.int8)
    reference[list(found.free)] = -1
    turns: list[Turn] = []
    for block, weight in zip(found.blocks, found.weights, strict=True):
        ones, prepared = dicke_turns(n, block, weight)
        reference[ones] = 1
        turns += [(turn, None) for turn in prepared]
    h = diagonal(found.polynomial)
    rows = h.z.any(axis=1)
    cost = scaled(
        PauliSum(x=h.x[rows], z=h.z[rows], coefficients=h.coefficients[rows]), 1.0 / scale
    )
    mixers = list(xy_layers(n, found.rounds(complete=complete)))
    if found.free:
        mixers.append(strings(n, [([i], [], 1.0) for i in found.free]))
    for k in range(layers):
        turns.append((cost, 2 * k))
        turns += [(mixer, 2 * k + 1) for mixer in mixers]
    return circuit(n, turns, free=2 * layers, reference=reference), cost


@final
@dataclass(kw_only=True, eq=False)
class XYQAOA(ScheduledQAOA):
    """Train inside the kept constraints, measure, answer with the best feasible shot.

    Args:
        layers: Depth p.
        mixer: Pairs of each block that are swapped: neighbours on a ring, or all.
        backend: Where the trained circuit is measured.
        shots: Measurements.
        starts: Descents, where the schedule takes several.
        max_evaluations: Limit on circuit evaluations in the training.
        schedule: How angles are chosen.
        optimizer: "l-bfgs-b" takes exact gradients, the others values.
        objective_shots: Measurements that every value of the training takes; exact values when
            None.

    Example:
        >>> import qtwin as qt
        >>> model = qt.generate('cardinality', 6, seed=1).encoding
        >>> qt.solve(model, qt.XYQAOA(layers=1), seed=1).feasible
        True
    """

    mixer: Literal["ring", "complete"] = "ring"
    backend: str | Backend = "statevector"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._backend, self._own = loaded(self.backend), exact_simulator()
        self._trainer = trainer(
            self._own, optimizer=self.optimizer, objective_shots=self.objective_shots
        )

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="xy-qaoa",
            summary="QAOA on Dicke states with XY mixers, which keep sizes and classes",
            kind="quantum",
            guarantee="every shot keeps the constraints that the mixer keeps",
            citation="Hadfield et al. 2019, Algorithms 12:34; Wang et al. 2020, PRA 101:012320",
            max_variables=MAX_VARIABLES,
            limits=f"{MAX_STATES:,} sets of an exact size, {MAX_LISTED:,} other assignments that "
            "the mixer allows",
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Train and measure.

        Raises:
            InputError: for more qubits or feasible assignments than the method can hold.
        """
        check_width(instance, MAX_VARIABLES, "xy-qaoa")
        found = feasible_subspace(instance.encoding)
        scale, offset = energy_scale(found)
        complete = self.mixer == "complete"
        landscape, simulator = self._landscape(found, scale, offset, seed)
        trained = self._trained(landscape, seed, time_limit_s)
        info: dict[str, Any] = {
            **self._info(trained),
            "mixer": self.mixer,
            "conserved": list(found.names),
            "blocks": [
                {"qubits": list(b), "ones": w}
                for b, w in zip(found.blocks, found.weights, strict=True)
            ],
            "feasible_assignments": found.size,
            "cost_scale": scale,
        }
        theta = np.array(trained.theta)
        whole, _ = xy_circuit(found, self.layers, complete=complete, scale=scale)
        if simulator is None or not isinstance(self._backend, type(self._own)):
            cost = spent(trained, whole.full(theta))
            return measured(
                "xy-qaoa",
                instance,
                self._backend,
                whole.ansatz,
                cost,
                shots=self.shots,
                seed=seed,
                info=info,
            )
        mark = time.perf_counter()
        raw = simulator.sample(theta, shots=self.shots, seed=seed)
        return answered(
            "xy-qaoa",
            instance.encoding,
            collect(raw.bits[:, : instance.encoding.polynomial.n_variables], raw.counts),
            backend=self._backend.capabilities().name,
            evaluations=trained.evaluations,
            training_shots=trained.shots,
            complete=trained.complete,
            wall_s={"training": trained.wall_s, "execution": time.perf_counter() - mark},
            seed=seed,
            info={
                "theta": list(trained.theta),
                "n_qubits": found.n_qubits,
                "parameters": 2 * self.layers,
                "resources": resources.of_circuit(
                    whole.ansatz,
                    shots=self.shots,
                    evaluations=trained.evaluations,
                    training_shots=trained.shots,
                ),
                **info,
            },
        )

    def _landscape(
        self, found: FeasibleSubspace, scale: float, offset: float, seed: int
    ) -> tuple[Landscape, Any]:
        """What is descended on, and the subspace simulator where something is kept."""
        complete = self.mixer == "complete"
        if not found.blocks:
            if found.n_qubits > MAX_QUBITS:
                raise InputError(
                    f"expected a conserved quantity or at most {MAX_QUBITS} qubits, got "
                    f"{found.n_qubits} qubits",
                    hint="ask for an exact size or for classes, or use qaoa",
                )
            energy = Energy(self._trainer, shots=self.objective_shots, seed=seed)
            return CircuitLandscape(
                scale=scale,
                offset=mean_energy(found.polynomial),
                energy=energy,
                build=lambda depth: xy_circuit(found, depth, complete=complete, scale=scale)[0],
                cost=xy_circuit(found, 1, complete=complete, scale=scale)[1],
            ), None
        from qtwin.backend.statevector.subspace import SubspaceQaoa, fixed_weight, listed

        closed = found.closed()
        alone = len(closed.blocks) == 1 and len(closed.blocks[0]) == closed.n_qubits
        most = MAX_STATES if alone else MAX_LISTED
        if closed.size > most or closed.n_qubits > MAX_VARIABLES:
            raise InputError(
                f"expected at most {most:,} assignments that the mixer reaches and "
                f"{MAX_VARIABLES} qubits with the idle ones,"
                f" got {closed.size:,} and {closed.n_qubits}",
                hint="take candidates out or lower the size",
            )
        states = (
            fixed_weight(closed.n_qubits, closed.weights[0]) if alone else listed(closed.listed())
        )
        cost = (states.costs(closed.polynomial) - offset) / scale
        simulator = SubspaceQaoa(states, cost, mixer=closed.rounds(complete=complete))
        return SubspaceLandscape(
            scale=scale,
            offset=offset,
            simulator=simulator,
            objective_shots=self.objective_shots,
            seed=seed,
        ), simulator
