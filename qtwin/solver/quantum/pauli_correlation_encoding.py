"""Pauli-correlation encoding: variables in the signs of correlators of far fewer qubits (Sciorilli
et al. 2025).

Variable i is x_i = (1 - sign <P_i>) / 2 with P_i one of the 3 C(q, k) strings XX..X, YY..Y, ZZ..Z
on k of q qubits: three settings measure all of them (Nat Commun 16:476). The circuit of rotations
and entanglers is trained on the energy in spins, each spin replaced by tanh(alpha <P_i>), plus beta
(mean of tanh^2)^2, which keeps correlators small enough for all to have their signs.
"""

from __future__ import annotations

import time
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Backend
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.pauli import diagonal
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.local.descent import one_flip_descent
from qtwin.solver.variational import pauli_strings, resources
from qtwin.solver.variational.circuit import answered, check_positive, check_width
from qtwin.solver.variational.gradient import Method, check_method, descend
from qtwin.solver.variational.objective import loaded
from qtwin.solver.variational.sampled import collect
from qtwin.solver.variational.training import exact_simulator

MAX_VARIABLES = 150
Floats = NDArray[np.float64]


class _Loss:
    """The smoothed energy of (m,) correlators and its derivatives by them; lives inside `solve`."""

    def __init__(self, polynomial: BinaryPolynomial, alpha: float, beta: float) -> None:
        h = diagonal(polynomial)
        kept = h.z.any(axis=1)
        self._z, self._c = h.z[kept], h.coefficients[kept]
        self._scale = float(np.abs(self._c).sum()) or 1.0
        self._c = self._c / self._scale
        self._alpha, self._beta = alpha, beta

    def __call__(self, correlator: Floats) -> tuple[float, Floats]:
        s = np.tanh(self._alpha * correlator)
        factors = np.where(self._z, s, 1.0)
        products = factors.prod(axis=1)
        slope = np.zeros(len(s))
        for i in range(len(s)):
            rows = self._z[:, i]
            others = np.where(np.arange(len(s)) == i, 1.0, factors[rows]).prod(axis=1)
            slope[i] = self._c[rows] @ others
        mean = float((s**2).mean())
        value = float(self._c @ products) + self._beta * mean**2
        slope += self._beta * 2.0 * mean * 2.0 * s / len(s)
        return value, slope * self._alpha * (1.0 - s**2)


@final
class PauliCorrelationEncoding(Solver):
    """Train on few qubits, measure in three settings, read the signs.

    Args:
        k: Qubits of a correlator; 3 C(q, k) variables fit on q qubits.
        layers: Entangling layers; as many as give a parameter to every variable when None.
        alpha: Steepness of the smoothed sign; q^(k // 2) when None, 1.5 times that in the paper's
            hardest cases.
        beta: Weight of the regularisation, in units of the sum of all couplings.
        backend: Where the correlators are measured at the end.
        shots: Measurements of the final circuits of all starts, shared by the three settings.
        starts: Random starts; each gives two answers, the best that its descent passed and the one
            that is measured at its end.
        iterations: Of each descent.
        optimizer: "l-bfgs-b" takes exact gradients, the others values.
        objective_shots: Measurements of each setting that every value of the training takes; exact
            values when None.
        polish: Whether every answer is improved by one-flip descent; random answers are improved
            beside, and stand in `info`.

    Example:
        >>> import qtwin as qt
        >>> model = qt.generate('dense', 8, seed=1).encoding
        >>> run = qt.solve(model, qt.PauliCorrelationEncoding(k=2, starts=1, iterations=10), seed=1)
        >>> run.result.samples is not None or run.bits is not None
        True
    """

    def __init__(
        self,
        *,
        k: int = 2,
        layers: int | None = None,
        alpha: float | None = None,
        beta: float = 0.5,
        backend: str | Backend = "statevector",
        shots: int = 12000,
        starts: int = 10,
        iterations: int = 60,
        optimizer: Method = "l-bfgs-b",
        objective_shots: int | None = None,
        polish: bool = False,
    ) -> None:
        check_positive(
            k=k,
            shots=shots,
            starts=starts,
            iterations=iterations,
            layers=layers or 1,
            alpha=alpha or 1.0,
        )
        check_method(optimizer, noisy=objective_shots is not None)
        if (
            beta < 0.0
            or (objective_shots is not None and objective_shots < 2)
            or shots < 3 * starts
        ):
            raise InputError(
                f"got beta = {beta}, objective_shots = {objective_shots}, shots = {shots}",
                hint="beta at least 0, objective_shots at least 2, three shots or more for each "
                "start",
            )
        self.k, self.layers, self.alpha, self.beta = k, layers, alpha, beta
        self.shots, self.starts, self.iterations, self.optimizer = (
            shots,
            starts,
            iterations,
            optimizer,
        )
        self.objective_shots, self.polish = objective_shots, polish
        self._backend, self._simulator = loaded(backend), exact_simulator()
        # each keeps the circuit that it has checked
        self._bases = {basis: exact_simulator() for basis in pauli_strings.BASES}

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="pauli-correlation-encoding",
            summary="variables in the signs of few-qubit correlators, three measurement settings",
            kind="quantum",
            guarantee="none",
            citation="Sciorilli et al. 2025, Nat Commun 16:476",
            max_variables=MAX_VARIABLES,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        check_width(instance, MAX_VARIABLES, "pauli-correlation-encoding")
        started = time.perf_counter()
        deadline = None if time_limit_s is None else started + time_limit_s
        encoding, polynomial = instance.encoding, instance.encoding.polynomial
        m = polynomial.n_variables
        q = pauli_strings.qubits_for(m, self.k)
        layers = self.layers or max(1, -(-m // q))
        plain, measured = pauli_strings.settings(layers, q)
        words = pauli_strings.correlators(m, self.k)
        loss = _Loss(polynomial, self.alpha or float(q ** (self.k // 2)), self.beta)
        rng = np.random.default_rng(seed)
        answers: list[NDArray[np.uint8]] = []
        losses: list[float] = []
        evaluations, training_shots, converged, executed = 0, 0, True, 0.0

        def value(theta: Floats) -> tuple[float, Floats]:
            nonlocal evaluations, training_shots
            evaluations += 3
            if self.objective_shots is not None:
                training_shots += 3 * self.objective_shots
                seen = pauli_strings.sampled(
                    self._backend, measured, theta, words, self.objective_shots, seed + evaluations
                )
                passed.keep(seen)
                return loss(seen)[0], np.zeros(0)
            seen = pauli_strings.exact(self._bases, measured, theta, words)
            passed.keep(seen)
            total, slope = loss(seen)
            evaluations += 1
            return total, self._simulator.value_and_gradient(
                plain, theta, pauli_strings.weighted(words, slope, q)
            )[1]

        for _ in range(self.starts):
            passed = _Passed(polynomial)
            if answers and deadline is not None and time.perf_counter() > deadline:
                converged = False
                break
            found = descend(
                value,
                rng.uniform(-np.pi, np.pi, size=plain.n_parameters) / 2.0,
                iterations=self.iterations,
                tolerance=1e-9,
                gradient_tolerance=1e-6,
                deadline=deadline,
                started=started,
                method=self.optimizer,
                noisy=self.objective_shots is not None,
                seed=int(rng.integers(2**31)),
            )
            losses.append(found.value)
            mark = time.perf_counter()
            each = self.shots // (3 * self.starts)
            seen = pauli_strings.sampled(
                self._backend, measured, found.theta, words, each, int(rng.integers(2**31))
            )
            executed += time.perf_counter() - mark
            answers += [passed.bits, (seen < 0.0).astype(np.uint8)]
        rows = np.array(answers)
        info: dict[str, Any] = {
            "n_qubits": q,
            "variables_per_qubit": m / q,
            "k": self.k,
            "layers": layers,
            "parameters": plain.n_parameters,
            "losses": losses,
            "settings": len(pauli_strings.BASES),
            "resources": resources.of_circuit(
                plain,
                shots=3 * (self.shots // (3 * self.starts)) * len(losses),
                evaluations=evaluations,
                training_shots=training_shots,
                settings=len(pauli_strings.BASES),
            ),
        }
        if self.polish:
            rows, twin = _polished(encoding, rows, rng)
            info["random_and_descent"] = twin
        return answered(
            "pauli-correlation-encoding",
            encoding,
            collect(rows),
            backend=self._backend.capabilities().name,
            evaluations=evaluations,
            training_shots=training_shots
            + 3 * (self.shots // (3 * self.starts)) * len(losses)
            - len(rows),
            complete=converged,
            wall_s={"training": time.perf_counter() - started - executed, "execution": executed},
            seed=seed,
            info=info,
        )


class _Passed:
    """The answer of lowest energy among those that a descent passed: every value of the loss has
    signs of its own.
    """

    def __init__(self, polynomial: BinaryPolynomial) -> None:
        self._polynomial = polynomial
        self._energy = float("inf")
        self.bits: NDArray[np.uint8] = np.zeros(polynomial.n_variables, dtype=np.uint8)

    def keep(self, correlator: Floats) -> None:
        bits = (correlator < 0.0).astype(np.uint8)
        energy = float(self._polynomial.evaluate(bits[None, :])[0])
        if energy < self._energy:
            self._energy, self.bits = energy, bits


def _polished(
    encoding: BinaryModel, rows: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """The answers after one-flip descent, and what as many random ones become, a hundred times."""
    polynomial = encoding.polynomial
    better = one_flip_descent(polynomial, rows)
    random = one_flip_descent(
        polynomial, rng.integers(2, size=(100 * len(rows), polynomial.n_variables), dtype=np.uint8)
    )
    best = polynomial.evaluate(random).reshape(100, len(rows)).min(axis=1)
    return better, {
        "best_energy_mean": float(best.mean()),
        "best_energy_standard_error": float(best.std(ddof=1) / 10.0),
        "share_at_least_as_good": float((best <= polynomial.evaluate(better).min() + 1e-9).mean()),
    }
