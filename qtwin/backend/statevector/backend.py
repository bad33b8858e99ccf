"""The exact simulator: QAOA by tiles, every other circuit by fused phases and batches of
rotations.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from threading import RLock
from typing import Any, Literal, final

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import (
    Ansatz,
    Backend,
    Capabilities,
    Estimate,
    Samples,
    check,
    check_angles,
    check_observable,
    check_shots,
    sampled_expectation,
)
from qtwin.backend.statevector import circuit
from qtwin.backend.statevector.circuit import thread_count
from qtwin.backend.statevector.distribution import lowest_share
from qtwin.backend.statevector.layered import Layered, diagonal
from qtwin.backend.statevector.qaoa import QAOA, is_qaoa
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.polynomial import index_to_bits
from qtwin.errors import InputError, unknown_name

Floats = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]
_MOST = 34
_TYPES: dict[str, type[np.floating[Any]]] = {"double": np.float64, "single": np.float32}


@final
class StatevectorBackend(Backend):
    """Exact simulation with adjoint gradients, in double or single precision.

    The work space of the last ansatz and the diagonal of the last observable stay in memory for the
    next call with the same objects; `release` lets go of them. One call runs at a time; results do
    not depend on what ran before.

    Args:
        precision: "single" halves time and memory of QAOA circuits with a transverse field, from 8
            qubits on, at a relative error of about 1e-7; all other circuits run in double
            precision. By name: "statevector:single".
        threads: Threads for wide states; all cores this process may use when None.
        memory_bytes: Refuse states that need more; what is available when None.
    """

    def __init__(
        self,
        *,
        precision: Literal["double", "single"] = "double",
        threads: int | None = None,
        memory_bytes: int | None = None,
    ) -> None:
        if precision not in _TYPES:
            raise unknown_name("precision", str(precision), _TYPES)
        self._dtype = _TYPES[precision]
        self._threads, self._memory_bytes = thread_count(threads), memory_bytes
        self._lock = RLock()
        self._executor: ThreadPoolExecutor | None = None
        self.release()

    def capabilities(self) -> Capabilities:
        limit = circuit.available_bytes() if self._memory_bytes is None else self._memory_bytes
        return Capabilities(
            name="statevector",
            summary="exact, adjoint gradients, double or single precision; QAOA by cache tiles",
            max_qubits=min(_MOST, max(1, (limit // 24).bit_length() - 1)),
            exact=True,
            versions={"numba": numba.__version__, "numpy": np.__version__},
        )

    def release(self) -> None:
        """Forget the last ansatz and give its memory back."""
        self._checked: Ansatz | None = None
        self._arrays, self._tiled = {True: 0, False: 0}, False
        self._parameters: tuple[NDArray[np.int64], ...] = ()
        self._qaoa: QAOA | None = None
        self._layered: Layered | None = None
        self._observable: tuple[PauliSum, Reals | None] | None = None
        self._levels: tuple[PauliSum, Reals, NDArray[np.int64]] | None = None

    def probabilities(self, ansatz: Ansatz, theta: Floats) -> Floats:
        """(2^n,) probabilities at the (n_parameters,) angles in radians; index bit i is qubit i."""
        with self._lock:
            return self._run(ansatz, theta, arrays=4).probabilities()

    def value_and_gradient(
        self, ansatz: Ansatz, theta: Floats, observable: PauliSum
    ) -> tuple[float, Floats]:
        """Exact <observable> and its (n_parameters,) gradient by the adjoint method: two state
        vectors, any number of angles.
        """
        with self._lock:
            check_observable(ansatz, observable)
            state = self._run(ansatz, theta, arrays=6, general=not observable.is_diagonal)
            if isinstance(state, QAOA):
                return self._chained(ansatz, state.gradient(self._rows(state, ansatz, observable)))
            return state.gradient(check_angles(ansatz.n_parameters, theta), observable)

    def cvar_and_gradient(
        self, ansatz: Ansatz, theta: Floats, observable: PauliSum, alpha: float
    ) -> tuple[float, Floats]:
        """Mean of a diagonal observable over the lowest share `alpha` of the distribution, and its
        (n_parameters,) gradient.

        That of <v - max(v - E, 0) / alpha> at fixed alpha-quantile v (Barkoutsos et al. 2020,
        Quantum 4:256).

        Raises:
            InputError: for an alpha outside (0, 1], or an observable with X or Y.
        """
        if not observable.is_diagonal:
            raise InputError(
                "expected an observable of Z alone, got one with X or Y",
                hint="CVaR is the mean of the best shots, taken in the Z basis",
            )
        with self._lock:
            check_observable(ansatz, observable)
            state = self._run(ansatz, theta, arrays=9)
            if self._levels is None or self._levels[0] is not observable:
                self._levels = None
                energies = diagonal(observable, self._split)
                self._levels = (observable, energies, np.argsort(energies, kind="stable"))
            _, energies, order = self._levels
            value, edge = lowest_share(energies, state.probabilities(), alpha, order)
            inside = edge - np.maximum(edge - energies, 0.0) / alpha
            if isinstance(state, QAOA):
                return value, self._chained(ansatz, state.gradient(state.rows(inside)))[1]
            return value, state.gradient(check_angles(ansatz.n_parameters, theta), inside)[1]

    def sample(self, ansatz: Ansatz, theta: Floats, *, shots: int, seed: int) -> Samples:
        check_shots(shots)
        with self._lock:
            state = self._run(ansatz, theta, arrays=4)
            indices, counts = state.draw(shots=shots, seed=seed)
        return Samples(bits=index_to_bits(indices, ansatz.n_qubits), counts=counts)

    def expectation(
        self,
        ansatz: Ansatz,
        theta: Floats,
        observable: PauliSum,
        *,
        shots: int | None = None,
        seed: int = 0,
    ) -> Estimate:
        check_observable(ansatz, observable)
        if shots is not None:
            return sampled_expectation(
                self.sample, ansatz, theta, observable, shots=shots, seed=seed
            )
        with self._lock:
            state = self._run(ansatz, theta, arrays=4, general=not observable.is_diagonal)
            if isinstance(state, QAOA):
                return Estimate(
                    value=state.value(self._rows(state, ansatz, observable)), standard_error=0.0
                )
            return Estimate(value=state.value(observable), standard_error=0.0)

    def _run(
        self, ansatz: Ansatz, theta: Floats, *, arrays: int, general: bool = False
    ) -> QAOA | Layered:
        """The work space after the circuit: tiles for QAOA, unless a `general` one is wanted."""
        if ansatz is not self._checked:
            self._meet(ansatz)
        angles, tiled = check_angles(ansatz.n_parameters, theta), self._tiled and not general
        self._claim(ansatz.n_qubits, arrays, tiled=tiled)
        if tiled:
            if self._qaoa is None:
                values = diagonal(ansatz.layers[0].generator, self._split)
                self._qaoa = QAOA(values, threads=self._threads, pool=self._pool, dtype=self._dtype)
            self._qaoa.run(angles[self._parameters[0]], angles[self._parameters[1]])
            return self._qaoa
        if self._layered is None:
            self._layered = Layered(ansatz, self._split)
        self._layered.run(angles)
        return self._layered

    def _meet(self, ansatz: Ansatz) -> None:
        """Check an ansatz that comes for the first time; later calls find its work space."""
        self.release()
        check(ansatz)
        if ansatz.n_qubits > _MOST:
            raise InputError(
                f"expected at most {_MOST} qubits, got {ansatz.n_qubits}",
                hint="take fewer variables",
            )
        self._shares, self._tiled = circuit.shares(ansatz.n_qubits, self._threads), is_qaoa(ansatz)
        self._parameters = tuple(
            np.array([layer.parameter for layer in ansatz.layers[k::2]], dtype=np.int64)
            for k in (0, 1)
        )
        self._checked = ansatz

    def _claim(self, n_qubits: int, arrays: int, *, tiled: bool) -> None:
        """Refuse what would not fit: `arrays` of 2^n in double precision by tiles."""
        if not tiled:
            arrays += 2  # a diagonal held and one in work
        elif self._dtype is np.float32:
            arrays = arrays // 2 + 2  # half of each, and a diagonal in double precision on the way
        if arrays > self._arrays[tiled]:
            circuit.require_memory(n_qubits, arrays - self._arrays[tiled], self._memory_bytes)
            self._arrays[tiled] = arrays

    def _chained(self, ansatz: Ansatz, found: tuple[float, Floats, Floats]) -> tuple[float, Floats]:
        """Derivatives by gamma and beta, summed to the parameters they share."""
        gradient = np.zeros(ansatz.n_parameters)
        for where, slopes in zip(self._parameters, found[1:], strict=True):
            np.add.at(gradient, where, slopes)
        return found[0], gradient

    def _rows(self, qaoa: QAOA, ansatz: Ansatz, observable: PauliSum) -> Reals | None:
        """The observable's diagonal for the tiles; None when it is the cost itself."""
        if self._observable is None or self._observable[0] is not observable:
            cost = ansatz.layers[0].generator
            same = observable is cost or (
                np.array_equal(observable.z, cost.z)
                and np.array_equal(observable.coefficients, cost.coefficients)
            )
            self._observable = None
            self._observable = (
                observable,
                None if same else qaoa.rows(diagonal(observable, self._split)),
            )
        return self._observable[1]

    def _pool(self) -> Executor:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(
                max(1, self._threads - 1), thread_name_prefix="statevector"
            )
        return self._executor

    def _split(self, work: Callable[[int, int], Any], length: int) -> list[Any]:
        """work(first, last) on equal shares of `length` items; this thread takes the first."""
        shares = min(self._shares, length)
        if shares == 1:
            return [work(0, length)]
        ends = [length * k // shares for k in range(shares + 1)]
        waiting = [self._pool().submit(work, ends[k], ends[k + 1]) for k in range(1, shares)]
        return [work(ends[0], ends[1]), *(w.result() for w in waiting)]
