"""Recursive QAOA: fix the strongest correlation, substitute, repeat (Bravyi, Kliesch, Koenig, Tang
2020, PRL 125:260505).

In every round a shallow QAOA is trained on what is left; of all <Z_i> and <Z_i Z_j> over its terms
the one of largest magnitude is made an equation, Z_i = sign or Z_i = sign Z_j, which takes one
variable out. The last few are enumerated.
"""

from __future__ import annotations

import time
from itertools import combinations
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Backend
from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.variational import resources
from qtwin.solver.variational.circuit import answered, check_positive, check_width
from qtwin.solver.variational.sampled import collect
from qtwin.solver.variational.training import ansatz, exact_simulator, loaded, train

MAX_QUBITS = 22


def substitute(polynomial: BinaryPolynomial, i: int, j: int | None, same: bool) -> BinaryPolynomial:
    """x_i = x_j (same) or 1 - x_j; x_i = 0 (same) or 1 where j is None.

    Variable i vanishes, those above it move down.
    """
    terms: list[tuple[tuple[int, ...], float]] = []
    for term, c in polynomial.terms.items():
        if i not in term:
            terms.append((term, c))
            continue
        rest = tuple(k for k in term if k != i)
        if j is None:
            terms += [] if same else [(rest, c)]
        elif same:
            terms.append(((*rest, j), c))
        else:
            terms += [(rest, c), ((*rest, j), -c)]
    moved = [(tuple(k - (k > i) for k in t), c) for t, c in terms]
    return BinaryPolynomial.of(polynomial.n_variables - 1, moved)


@final
class RecursiveQAOA(Solver):
    """Eliminate down to `leave` variables; the answer is one assignment.

    Args:
        layers: Depth of every round's QAOA.
        leave: Variables that are enumerated at the end.
        backend: Where correlations are measured; exact on our simulator, from shots elsewhere.
        shots: Measurements a round, on backends other than our simulator.

    Example:
        >>> import qtwin as qt
        >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
        >>> qt.solve(model, qt.RecursiveQAOA(), seed=1).energy
        -1.5
    """

    def __init__(
        self,
        *,
        layers: int = 1,
        leave: int = 4,
        backend: str | Backend = "statevector",
        shots: int = 4096,
    ) -> None:
        check_positive(layers=layers, leave=leave, shots=shots)
        self.layers, self.leave, self.shots = layers, leave, shots
        self._backend, self._simulator = loaded(backend), exact_simulator()

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="recursive-qaoa",
            summary="variables eliminated by the strongest correlation of a shallow QAOA, the last "
            "ones enumerated",
            kind="quantum",
            guarantee="none",
            citation="Bravyi et al. 2020, PRL 125:260505",
            max_variables=MAX_QUBITS,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        check_width(instance, MAX_QUBITS, "recursive-qaoa")
        started = time.perf_counter()
        encoding = instance.encoding
        left = encoding.polynomial
        undo: list[tuple[int, int | None, bool]] = []
        evaluations = shots = 0
        complete = True
        while left.n_variables > self.leave:
            if undo and time_limit_s is not None and time.perf_counter() - started > time_limit_s:
                complete = False
                break
            if left.n_terms:
                trained = train(left, self.layers, seed=seed + len(undo), simulator=self._simulator)
                evaluations += trained.evaluations
                mean, pair, used = self._correlations(
                    left, np.array(trained.theta), seed + len(undo)
                )
                shots += used
            else:
                mean, pair = np.ones(left.n_variables), np.zeros((left.n_variables,) * 2)
            step = _strongest(left, mean, pair)
            undo.append(step)
            left = substitute(left, *step)
        bits = (
            _lowest(left) if left.n_variables <= 20 else np.zeros(left.n_variables, dtype=np.uint8)
        )
        for i, j, same in reversed(undo):
            value = (0 if same else 1) if j is None else int(np.insert(bits, i, 0)[j]) ^ (not same)
            bits = np.asarray(np.insert(bits, i, value), dtype=np.uint8)
        wall = {"training": time.perf_counter() - started}
        return answered(
            "recursive-qaoa",
            encoding,
            collect(bits[None, :]),
            backend=self._backend.capabilities().name,
            evaluations=evaluations,
            training_shots=shots,
            complete=complete,
            wall_s=wall,
            seed=seed,
            info={
                "layers": self.layers,
                "eliminated": len(undo),
                "enumerated": left.n_variables,
                "rounds": len(undo),
                "resources": resources.of_circuit(
                    ansatz(encoding.polynomial, self.layers),
                    shots=self.shots,
                    evaluations=evaluations,
                    training_shots=shots,
                ),
            },
        )

    def _correlations(
        self, polynomial: BinaryPolynomial, theta: NDArray[np.float64], seed: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
        """(n,) <Z_i>, (n, n) <Z_i Z_j>, and the shots they took."""
        circuit = ansatz(polynomial, self.layers)
        n = polynomial.n_variables
        if isinstance(self._backend, type(self._simulator)):
            p = self._simulator.probabilities(circuit, theta)
            bits = index_to_bits(np.arange(p.size), n)
            used = 0
        else:
            samples = self._backend.sample(circuit, theta, shots=self.shots, seed=seed)
            bits, p, used = samples.bits, samples.counts / samples.shots, samples.shots
        spins = 1.0 - 2.0 * bits
        return spins.T @ p, (spins * p[:, None]).T @ spins, used


def _strongest(
    polynomial: BinaryPolynomial, mean: NDArray[np.float64], pair: NDArray[np.float64]
) -> tuple[int, int | None, bool]:
    """(variable, partner or None, equal or zero) of the largest |<Z_i>| or |<Z_i Z_j>| over the
    terms; ties to the first.
    """
    pairs = sorted({p for t in polynomial.terms for p in combinations(t, 2)})
    found: list[tuple[float, int, int | None, float]] = [
        (abs(m), i, None, m) for i, m in enumerate(mean.tolist())
    ]
    found += [(abs(float(pair[p])), p[0], p[1], float(pair[p])) for p in pairs]
    _, i, j, value = max(found, key=lambda f: (round(f[0], 9), f[2] is not None, -f[1]))
    return i, j, value >= 0.0


def _lowest(polynomial: BinaryPolynomial) -> NDArray[np.uint8]:
    rows = index_to_bits(np.array([int(np.argmin(polynomial.values()))]), polynomial.n_variables)
    return np.asarray(rows[0])
