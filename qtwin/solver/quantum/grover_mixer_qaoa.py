"""QAOA with the Grover mixer: exp(-i beta |F><F|) on the equal superposition F of all feasible
choices.

(Baertschi, Eidenbenz 2020, QCE 72, arXiv:2006.00354.) Choices of equal value keep equal amplitudes,
whatever the constraints; the cost is the objective itself, without penalties. The circuit needs a
preparation U of F and 2 U, with one phase between, for every mixer: U is |+> without constraints
and a Dicke state for an exact size; for other sets none is known to be short, so this is a
simulation of the ideal method on the feasible set.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError
from qtwin.problem.constraint import Constraint, Exactly
from qtwin.problem.feasible import feasible_bits
from qtwin.solver.base import Instance, Result, SolverInfo, most_choices
from qtwin.solver.variational import resources
from qtwin.solver.variational.circuit import answered, check_positive
from qtwin.solver.variational.feasible_subspace import dicke_turns
from qtwin.solver.variational.gradient import check_method
from qtwin.solver.variational.objective import SubspaceLandscape
from qtwin.solver.variational.sampled import collect, fill_slack
from qtwin.solver.variational.training import ScheduledQAOA

MAX_VARIABLES, MAX_STATES = 62, 2_000_000


@final
@dataclass(kw_only=True, eq=False)
class GroverMixerQAOA(ScheduledQAOA):
    """Train on the feasible set, draw shots from it: every shot is feasible.

    Args:
        layers: Depth p.
        shots: Measurements.
        starts: Descents, where the schedule takes several.
        max_evaluations: Limit on circuit evaluations in the training.
        schedule: How angles are chosen.
        optimizer: "l-bfgs-b" takes exact gradients, the others values.
        objective_shots: Measurements that every value of the training takes; exact values when
            None.

    Example:
        >>> import qtwin as qt
        >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
        >>> qt.solve(model, qt.GroverMixerQAOA(layers=1), seed=1).energy
        -1.5
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        check_method(self.optimizer, noisy=self.objective_shots is not None)
        if self.objective_shots is not None:
            check_positive(objective_shots=self.objective_shots)

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="grover-mixer-qaoa",
            summary="QAOA on the feasible choices alone, mixed by a reflection about all of them",
            kind="quantum",
            guarantee="every shot is feasible; equal values are equally likely",
            citation="Baertschi, Eidenbenz 2020, arXiv:2006.00354",
            max_variables=MAX_VARIABLES,
            limits=f"{MAX_STATES:,} feasible choices",
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Train and draw.

        Raises:
            InputError: for more choices than the method can hold.
        """
        from qtwin.backend.statevector.subspace import SubspaceQaoa, listed

        started = time.perf_counter()
        encoding = instance.encoding
        rows = self._feasible(instance)
        if not len(rows):
            return Result(
                solver="grover-mixer-qaoa",
                status="infeasible",
                bits=None,
                energy=float("nan"),
                evaluations=1,
                wall_s={"listing": time.perf_counter() - started},
                seed=seed,
                info={"feasible_choices": 0, "resources": self._resources(encoding, 0, 0)},
            )
        states = listed(rows)
        values = encoding.value(states.bits())
        spread = float(values.std())
        scale = spread if spread > 1e-12 * (1.0 + float(np.abs(values).max())) else 1.0
        offset = float(values.mean())
        simulator = SubspaceQaoa(states, (values - offset) / scale, mixer="grover")
        landscape = SubspaceLandscape(
            scale=scale,
            offset=offset,
            simulator=simulator,
            objective_shots=self.objective_shots,
            seed=seed,
            mixer_factor=2.0,
        )
        listed_s = time.perf_counter() - started
        trained = self._trained(landscape, seed, time_limit_s)
        mark = time.perf_counter()
        theta = landscape.angles(np.array(trained.theta))
        probability = simulator.probabilities(theta)
        raw = simulator.sample(theta, shots=self.shots, seed=seed)
        return answered(
            "grover-mixer-qaoa",
            encoding,
            collect(fill_slack(encoding, raw.bits), raw.counts),
            backend="",
            evaluations=trained.evaluations,
            training_shots=trained.shots,
            complete=trained.complete,
            wall_s={
                "listing": listed_s,
                "training": trained.wall_s,
                "execution": time.perf_counter() - mark,
            },
            seed=seed,
            info={
                "layers": self.layers,
                "theta": theta.tolist(),
                "n_qubits": encoding.n_decision,
                "feasible_choices": len(rows),
                "resources": self._resources(encoding, trained.evaluations, trained.shots),
                "cost_scale": scale,
                "expectation_exact": float(probability @ values),
                "probability_of_minimum": float(
                    probability[values <= values.min() + 1e-9 * scale].sum()
                ),
                "energy_by_layers": list(trained.energy_by_layers),
            },
        )

    def _resources(
        self, encoding: BinaryModel, evaluations: int, training_shots: int
    ) -> dict[str, Any]:
        """Gates of the circuit where the preparation of all feasible choices is known: no
        constraint, or an exact size alone.
        """
        n = encoding.n_decision
        preparation = _preparation(n, encoding.constraints)
        gates = None
        if preparation is not None:
            cost = sum(2 * (len(t) - 1) for t in encoding.objective.terms if len(t) > 1)
            gates = preparation + self.layers * (
                cost + 2 * preparation + resources.controlled_phase(n - 1)
            )
        return resources.of_counts(
            n,
            gates,
            shots=self.shots,
            evaluations=evaluations,
            training_shots=training_shots,
            note="2 preparations and a phase on all qubits in every mixer, the phase with "
            "ancillas on top"
            if preparation is not None
            else "no short preparation of this feasible set is known, so gates are not counted",
        )

    def _feasible(self, instance: Instance) -> NDArray[np.uint8]:
        encoding = instance.encoding
        n = encoding.n_decision
        if n > MAX_VARIABLES or most_choices(n, encoding.constraints) > 4 * MAX_STATES:
            raise InputError(
                f"expected at most {MAX_STATES:,} feasible choices, got more, of {n} candidates",
                hint="take candidates out or lower the size",
            )
        rows = feasible_bits(n, encoding.constraints)
        if len(rows) > MAX_STATES:
            raise InputError(
                f"expected at most {MAX_STATES:,} feasible choices, got {len(rows):,}",
                hint="take candidates out or lower the size",
            )
        return rows


def _preparation(n: int, constraints: Sequence[Constraint]) -> int | None:
    """CX of the preparation of all feasible choices; None where none is known to be short."""
    if not constraints:
        return 0
    only = constraints[0]
    if len(constraints) > 1 or not isinstance(only, Exactly) or len(only.members) != n:
        return None
    _, turns = dicke_turns(n, range(n), only.count)
    return sum(2 if len(turn.coefficients) == 2 else 4 * len(turn.coefficients) for turn in turns)
