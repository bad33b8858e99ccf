"""QAOA whose circuit is given more angles after its training, and whose training continues from
there.

Multi-angle QAOA has an angle for every term and every qubit (Herrman et al. 2022, Sci Rep 12:6781).

Digitised-counterdiabatic QAOA adds a third layer against the losses of a fast schedule (Chandarana
et al. 2022, PRR 4:013141). The first-order nested commutator of the mixer and the cost, i [B, C],
gives for every field h_i a string Y_i, for every coupling J_ij the strings Y_i Z_j and Z_i Y_j, and
so on. Each layer of QAOA is followed by rotations about them, all with one angle alpha, in a fixed
order (they do not all commute). With alpha = 0 it is QAOA.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend, Layer
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.variational.circuit import check_positive, check_width, measured
from qtwin.solver.variational.gradient import Method
from qtwin.solver.variational.objective import loaded, trainer
from qtwin.solver.variational.training import Values, Widen, ansatz, train_untied

MAX_QUBITS = 18


@dataclass(kw_only=True, eq=False)
class UntiedQAOA(Solver):
    """Train QAOA, add angles that leave its state as it is, and train on; never worse in <C> than
    QAOA of the same depth.

    Args:
        layers: Depth p.
        backend: Where the trained circuit is measured.
        shots: Measurements.
        iterations: Of the descent over all angles.
        train_on: A backend with exact gradients; any backend with `objective_shots`.
        optimizer: "l-bfgs-b" takes exact gradients, the others values.
        objective_shots: Measurements that every value of the training takes; exact values when
            None.
    """

    layers: int = 1
    backend: str | Backend = "statevector"
    shots: int = 4096
    iterations: int = 60
    train_on: str | Backend = "statevector"
    optimizer: Method = "l-bfgs-b"
    objective_shots: int | None = None

    def __post_init__(self) -> None:
        check_positive(layers=self.layers, shots=self.shots, iterations=self.iterations)
        self._backend = loaded(self.backend)
        simulator = trainer(
            self.train_on, optimizer=self.optimizer, objective_shots=self.objective_shots
        )
        self._values = Values(
            simulator=simulator, optimizer=self.optimizer, objective_shots=self.objective_shots
        )

    def _untied(
        self,
        instance: Instance,
        widen: Callable[[BinaryPolynomial], Widen],
        seed: int,
        time_limit_s: float | None,
        *,
        counted: Ansatz | None = None,
        **info: Any,
    ) -> Result:
        """Train, widen, train and measure; `info` joins the record."""
        name, polynomial = self.card().name, instance.encoding.polynomial
        check_width(instance, MAX_QUBITS, name)
        circuit, trained, found = train_untied(
            polynomial,
            self.layers,
            widen(polynomial),
            values=self._values,
            iterations=self.iterations,
            seed=seed,
            time_limit_s=time_limit_s,
        )
        return measured(
            name,
            instance,
            self._backend,
            circuit,
            trained,
            shots=self.shots,
            seed=seed,
            info=found | info,
            counted=counted,
        )


def _card(name: str, summary: str, citation: str) -> SolverInfo:
    return SolverInfo(
        name=name,
        summary=summary,
        kind="quantum",
        guarantee="<C> never above that of QAOA of the same depth",
        citation=citation,
        max_variables=MAX_QUBITS,
    )


def split(polynomial: BinaryPolynomial, layers: int) -> tuple[Ansatz, NDArray[np.int64]]:
    """QAOA's circuit with every string in a layer of its own, and (n_parameters,) the QAOA angle
    that each one replaces.
    """
    tied = ansatz(polynomial, layers)
    singles: list[Layer] = []
    origin: list[int] = []
    for layer in tied.layers:
        h = layer.generator
        for k in range(len(h.coefficients)):
            one = PauliSum(
                x=h.x[k : k + 1], z=h.z[k : k + 1], coefficients=h.coefficients[k : k + 1]
            )
            singles.append(Layer(generator=one, parameter=len(singles)))
            origin.append(int(layer.parameter or 0))
    free = Ansatz(
        n_qubits=tied.n_qubits,
        reference=tied.reference,
        layers=tuple(singles),
        n_parameters=len(singles),
    )
    return free, np.array(origin, dtype=np.int64)


@final
class MultiAngleQAOA(UntiedQAOA):
    """QAOA with an angle for every term and qubit; options as in `UntiedQAOA`."""

    @classmethod
    def card(cls) -> SolverInfo:
        return _card(
            "multi-angle-qaoa",
            "QAOA with an angle for every term and qubit, exact gradients",
            "Herrman et al. 2022, Sci Rep 12:6781",
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        def widen(polynomial: BinaryPolynomial) -> Widen:
            free, origin = split(polynomial, self.layers)
            return lambda theta: (free, theta[origin])

        return self._untied(
            instance,
            widen,
            seed,
            time_limit_s,
            counted=ansatz(instance.encoding.polynomial, self.layers),
        )


def with_counterdiabatic(polynomial: BinaryPolynomial, layers: int, pool: str) -> Ansatz:
    """QAOA's circuit with the strings of i [B, C] after each layer; parameters (gamma, beta, alpha)
    for each of the layers.
    """
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
        strings = [
            PauliSum(x=one[k : k + 1], z=one[k : k + 1], coefficients=np.ones(1))
            for k in range(tied.n_qubits)
        ]
    found: list[Layer] = []
    for k in range(layers):
        found.append(Layer(generator=tied.layers[2 * k].generator, parameter=3 * k))
        found.append(Layer(generator=tied.layers[2 * k + 1].generator, parameter=3 * k + 1))
        found += [Layer(generator=s, parameter=3 * k + 2) for s in strings]
    return Ansatz(
        n_qubits=tied.n_qubits,
        reference=tied.reference,
        layers=tuple(found),
        n_parameters=3 * layers,
    )


@final
@dataclass(kw_only=True, eq=False)
class DCQAOA(UntiedQAOA):
    """QAOA with counterdiabatic angles, which begin at zero.

    Args:
        pool: "yz": the strings of i [B, C]; "y": only those on one qubit. The other options are
            those of `UntiedQAOA`.
    """

    pool: Literal["yz", "y"] = "yz"

    @classmethod
    def card(cls) -> SolverInfo:
        return _card(
            "dc-qaoa",
            "QAOA with first-order counterdiabatic layers, exact gradients",
            "Chandarana et al. 2022, PRR 4:013141",
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        def widen(polynomial: BinaryPolynomial) -> Widen:
            circuit = with_counterdiabatic(polynomial, self.layers, self.pool)
            return lambda theta: (
                circuit,
                np.column_stack([theta.reshape(-1, 2), np.zeros(self.layers)]).reshape(-1),
            )

        return self._untied(instance, widen, seed, time_limit_s, pool=self.pool)
