"""Digitised-counterdiabatic QAOA: a third layer against the losses of a fast schedule (Chandarana et al. 2022, PRR 4:013141).

The first-order nested commutator of the mixer and the cost, i [B, C], gives for every field h_i a string Y_i, for every coupling
J_ij the strings Y_i Z_j and Z_i Y_j, and so on. Each layer of QAOA is followed by rotations about them, all with one angle alpha,
in a fixed order (they do not all commute). With alpha = 0 it is QAOA.
"""

from __future__ import annotations

from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend, Layer
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.variational.circuit import check_positive, check_width, measured
from qtwin.solver.variational.gradient import Method
from qtwin.solver.variational.objective import loaded, trainer
from qtwin.solver.variational.training import Values, ansatz, train_untied

MAX_QUBITS = 18


def with_counterdiabatic(polynomial: BinaryPolynomial, layers: int, pool: str) -> Ansatz:
    """QAOA's circuit with the strings of i [B, C] after each layer; parameters (gamma, beta, alpha) for each of the layers."""
    tied = ansatz(polynomial, layers)
    cost = tied.layers[0].generator
    strings: list[PauliSum] = []
    for z, c in zip(cost.z, cost.coefficients, strict=True):
        if pool == "y" and z.sum() > 1:
            continue
        for i in np.flatnonzero(z):
            x = np.zeros_like(z)
            x[i] = True
            strings.append(PauliSum(x=x[None, :], z=z[None, :], coefficients=np.array([c])))
    if pool == "y" and not strings:  # without fields Y alone: the pool's own single-qubit term
        one = np.eye(tied.n_qubits, dtype=np.bool_)
        strings = [PauliSum(x=one[k : k + 1], z=one[k : k + 1], coefficients=np.ones(1)) for k in range(tied.n_qubits)]
    found: list[Layer] = []
    for k in range(layers):
        found.append(Layer(generator=tied.layers[2 * k].generator, parameter=3 * k))
        found.append(Layer(generator=tied.layers[2 * k + 1].generator, parameter=3 * k + 1))
        found += [Layer(generator=s, parameter=3 * k + 2) for s in strings]
    return Ansatz(n_qubits=tied.n_qubits, reference=tied.reference, layers=tuple(found), n_parameters=3 * layers)


@final
class DCQAOA(Solver):
    """Train QAOA, add counterdiabatic angles from zero and train on; never worse in <C> than QAOA of the same depth.

    Args:
        layers: Depth p.
        pool: "yz": the strings of i [B, C]; "y": only those on one qubit.
        backend: Where the trained circuit is measured.
        shots: Measurements.
        iterations: Of the descent with counterdiabatic angles.
        train_on: A backend with exact gradients; any backend with `objective_shots`.
        optimizer: "l-bfgs-b" takes exact gradients, the others values.
        objective_shots: Measurements that every value of the training takes; exact values when None.
    """

    def __init__(
        self,
        *,
        layers: int = 1,
        pool: Literal["yz", "y"] = "yz",
        backend: str | Backend = "statevector",
        shots: int = 4096,
        iterations: int = 60,
        train_on: str | Backend = "statevector",
        optimizer: Method = "l-bfgs-b",
        objective_shots: int | None = None,
    ) -> None:
        check_positive(layers=layers, shots=shots, iterations=iterations)
        self.layers, self.pool, self.shots, self.iterations = layers, pool, shots, iterations
        self._backend = loaded(backend)
        simulator = trainer(train_on, optimizer=optimizer, objective_shots=objective_shots)
        self._values = Values(simulator=simulator, optimizer=optimizer, objective_shots=objective_shots)

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="dc-qaoa",
            summary="QAOA with first-order counterdiabatic layers, exact gradients",
            kind="quantum",
            guarantee="<C> never above that of QAOA of the same depth",
            citation="Chandarana et al. 2022, PRR 4:013141",
            max_variables=MAX_QUBITS,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        check_width(instance, MAX_QUBITS, "dc-qaoa")
        polynomial = instance.encoding.polynomial

        def widen(theta: NDArray[np.float64]) -> tuple[Ansatz, NDArray[np.float64]]:
            start = np.column_stack([theta.reshape(-1, 2), np.zeros(self.layers)]).reshape(-1)
            return with_counterdiabatic(polynomial, self.layers, self.pool), start

        circuit, trained, info = train_untied(
            polynomial,
            self.layers,
            widen,
            values=self._values,
            iterations=self.iterations,
            seed=seed,
            time_limit_s=time_limit_s,
        )
        info["pool"] = self.pool
        return measured("dc-qaoa", instance, self._backend, circuit, trained, shots=self.shots, seed=seed, info=info)
