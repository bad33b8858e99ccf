"""The quantum approximate optimisation algorithm (Farhi, Goldstone, Gutmann 2014, arXiv:1411.4028).

Angles are chosen by a schedule (`qtwin.solver.variational.schedule`) on an exact simulator, or from
shots on any backend; the trained circuit is then measured on any backend, so that backends are
compared on one ansatz at the same angles.
"""

from __future__ import annotations

import time
from typing import Any, final

import numpy as np

from qtwin.backend.base import Ansatz, Backend, Estimate
from qtwin.encoding.pauli import diagonal
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo, TracePoint
from qtwin.solver.variational import resources
from qtwin.solver.variational import schedule as schedules
from qtwin.solver.variational.gradient import Method
from qtwin.solver.variational.objective import Differentiable, trainer
from qtwin.solver.variational.sampled import best_feasible, collect, summary
from qtwin.solver.variational.schedule import published
from qtwin.solver.variational.training import Array, Training, ansatz, cost_scale, loaded, train

__all__ = ["MAX_QUBITS", "QAOA", "Training", "ansatz", "train"]

MAX_QUBITS = 26
_EXACT_UP_TO = 24
_COUNTED = 100


@final
class QAOA(Solver):
    """Train on an exact simulator, measure on any backend, answer with the best feasible shot.

    Args:
        layers: Depth p.
        backend: Where the trained circuit is measured: a name in the table, or a backend.
        shots: Measurements.
        starts: Descents at the first and the last depth of the training.
        max_evaluations: Limit on circuit evaluations in the training.
        train_on: A backend with exact gradients; any backend with `objective_shots`.
        schedule: How angles are chosen: trained depth by depth ("interp", "fourier"), as two slopes
            ("linear-ramp"), on a part of the instance ("transferred"), or not at all
            ("fixed-angles", those of cubic graphs).
        optimizer: "l-bfgs-b" takes exact gradients, the others values.
        objective_shots: Measurements that every value of the training takes; exact values when
            None.
        theta: Angles trained before (`train`), so that several backends can measure one circuit;
            nothing is trained then.

    Example:
        >>> import qtwin as qt
        >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
        >>> qt.solve(model, qt.QAOA(layers=2), seed=1).energy
        -1.5
    """

    def __init__(
        self,
        *,
        layers: int = 4,
        backend: str | Backend = "statevector",
        shots: int = 4096,
        starts: int = 1,
        max_evaluations: int = 400,
        train_on: str | Backend = "statevector",
        schedule: schedules.Name = "interp",
        optimizer: Method = "l-bfgs-b",
        objective_shots: int | None = None,
        theta: tuple[float, ...] | None = None,
    ) -> None:
        for name, value in (
            ("layers", layers),
            ("shots", shots),
            ("starts", starts),
            ("max_evaluations", max_evaluations),
        ):
            if value < 1:
                raise InputError(
                    f"expected {name} of at least 1, got {value}", hint=f"raise {name}"
                )
        if theta is not None and (len(theta) != 2 * layers or not np.isfinite(theta).all()):
            raise InputError(
                f"expected {2 * layers} finite angles, got {len(theta)}",
                hint="gamma and beta for each of the layers",
            )
        self.layers, self.shots, self.starts, self.max_evaluations, self.theta = (
            layers,
            shots,
            starts,
            max_evaluations,
            theta,
        )
        schedules.find(schedule)
        if schedule == "fixed-angles":
            published(layers)
        self.schedule, self.optimizer, self.objective_shots = schedule, optimizer, objective_shots
        self._backend = loaded(backend)
        self._simulator = trainer(train_on, optimizer=optimizer, objective_shots=objective_shots)

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="qaoa",
            summary="QAOA with X mixer, angles by one of five schedules, measured on the chosen "
            "backend",
            kind="quantum",
            guarantee="none",
            citation="Farhi, Goldstone, Gutmann 2014, arXiv:1411.4028; Zhou et al. 2020, PRX "
            "10:021067",
            max_variables=MAX_QUBITS,
        )

    def train(
        self, instance: Instance, *, seed: int, time_limit_s: float | None = None
    ) -> Training:
        """The angles for this instance, to be measured on any backend through `theta`."""
        return train(
            instance.encoding.polynomial,
            self.layers,
            seed=seed,
            starts=self.starts,
            max_evaluations=self.max_evaluations,
            time_limit_s=time_limit_s,
            simulator=self._simulator,
            schedule=self.schedule,
            optimizer=self.optimizer,
            objective_shots=self.objective_shots,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Train and measure; a time limit cuts the training short.

        Raises:
            InputError: for more qubits than the backend or an exact state vector can hold.
        """
        encoding, polynomial = instance.encoding, instance.encoding.polynomial
        able = self._backend.capabilities()
        _check_width(polynomial.n_variables, min(MAX_QUBITS, able.max_qubits), able.name)
        training = None
        if self.theta is None:
            training = self.train(instance, seed=seed, time_limit_s=time_limit_s)
        circuit = ansatz(polynomial, self.layers)
        theta = np.array(self.theta if training is None else training.theta)
        mark = time.perf_counter()
        measured = self._backend.sample(circuit, theta, shots=self.shots, seed=seed)
        executed = time.perf_counter()
        samples = collect(measured.bits, measured.counts)
        bits, energy = best_feasible(encoding, samples.bits)
        picked = time.perf_counter()
        trained_s = 0.0 if training is None else training.wall_s
        evaluations = 0 if training is None else training.evaluations
        seen = summary(encoding, samples)
        cut = (
            training is not None
            and not training.complete
            and training.evaluations < self.max_evaluations
        )
        trace = (
            ()
            if bits is None
            else (
                TracePoint(
                    time_s=trained_s + picked - mark, evaluations=evaluations, best_energy=energy
                ),
            )
        )
        return Result(
            solver="qaoa",
            backend=able.name,
            status="time limit" if cut else "infeasible" if bits is None else "feasible",
            bits=bits,
            energy=energy,
            samples=samples,
            trace=trace,
            shots=samples.shots + (0 if training is None else training.shots),
            evaluations=evaluations,
            wall_s={
                "training": trained_s,
                "execution": executed - mark,
                "reading out": picked - executed,
            },
            seed=seed,
            info=seen
            | self._checks(circuit, theta, polynomial, training)
            | {
                "layers": self.layers,
                "theta": theta.tolist(),
                "cost_scale": cost_scale(polynomial),
                "expectation_sampled": seen["mean_energy"],
                "expectation_sampled_standard_error": seen["mean_energy_standard_error"],
                "training": None if training is None else _plain(training),
                "resources": resources.of_circuit(
                    circuit,
                    shots=samples.shots,
                    evaluations=evaluations,
                    training_shots=0 if training is None else training.shots,
                ),
            },
        )

    def _checks(
        self, circuit: Ansatz, theta: Array, polynomial: BinaryPolynomial, training: Training | None
    ) -> dict[str, Any]:
        """The exact energy on the backend and on the training simulator; not part of solving, so
        timed apart.
        """
        started = time.perf_counter()
        exact: Estimate | None = None
        reference = None if training is None else training.energy
        if circuit.n_qubits <= _EXACT_UP_TO:
            observable = diagonal(polynomial)
            if self._backend.capabilities().exact:
                exact = self._backend.expectation(circuit, theta, observable)
            if reference is None and isinstance(self._simulator, Differentiable):
                reference = self._simulator.value_and_gradient(circuit, theta, observable)[0]
        return {
            "expectation_exact": None if exact is None else exact.value,
            "expectation_exact_statevector": reference,
            "check_s": time.perf_counter() - started,
        }


def _check_width(n: int, most: int, backend: str) -> None:
    if n > most:
        size = (
            f"{2.0**n * 16:.3g} bytes ({2.0**n * 16 / 2**30:.3g} GiB)"
            if n <= _COUNTED
            else f"2^{n + 4} bytes"
        )
        raise InputError(
            f"expected at most {most} qubits on {backend!r}, got {n}: a state vector takes {size}",
            hint="take candidates out, or use a classical solver",
        )


def _plain(training: Training) -> dict[str, Any]:
    """The training as JSON values."""
    return {
        "energy": training.energy,
        "energy_by_layers": list(training.energy_by_layers),
        "schedule": training.schedule,
        "evaluations": training.evaluations,
        "shots": training.shots,
        "wall_s": training.wall_s,
        "complete": training.complete,
        "trace": [[p.time_s, p.evaluations, p.best_energy] for p in training.trace],
    }
