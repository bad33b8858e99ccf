"""The exact simulator: QAOA by tiles, everything else string by string."""

from __future__ import annotations

import os
from concurrent.futures import Executor, ThreadPoolExecutor
from threading import RLock
from typing import final

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
from qtwin.backend.statevector import plan
from qtwin.backend.statevector.layered import Layered, diagonal
from qtwin.backend.statevector.qaoa import Qaoa, is_qaoa
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.polynomial import index_to_bits
from qtwin.errors import InputError

Floats = NDArray[np.float64]
_MOST = 34


@final
class StatevectorBackend(Backend):
    """Exact simulation in double precision, with adjoint gradients.

    The work space of the last ansatz and the diagonal of the last observable stay in memory for the next call with the same
    objects; `release` lets go of them. One call runs at a time; results do not depend on what ran before.

    Args:
        threads: Threads for wide states; all cores this process may use when None.
        memory_bytes: Refuse states that need more; what is available when None.
    """

    def __init__(self, *, threads: int | None = None, memory_bytes: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise InputError(f"{threads} threads came, at least 1 was wanted", hint="leave threads out for all cores")
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._threads, self._memory_bytes = threads or cores, memory_bytes
        self._lock = RLock()
        self._executor: ThreadPoolExecutor | None = None
        self.release()

    def capabilities(self) -> Capabilities:
        limit = plan.available_bytes() if self._memory_bytes is None else self._memory_bytes
        return Capabilities(
            name="statevector",
            summary="exact, double precision, adjoint gradients; QAOA by cache tiles",
            max_qubits=min(_MOST, max(1, (limit // 24).bit_length() - 1)),
            exact=True,
            versions={"numba": numba.__version__, "numpy": np.__version__},
        )

    def release(self) -> None:
        """Forget the last ansatz and give its memory back."""
        self._checked: Ansatz | None = None
        self._arrays = 0
        self._parameters: tuple[NDArray[np.int64], ...] = ()
        self._qaoa: Qaoa | None = None
        self._layered: Layered | None = None
        self._observable: tuple[PauliSum, Floats | None] | None = None

    def probabilities(self, ansatz: Ansatz, theta: Floats) -> Floats:
        """(2^n,) probabilities at the (n_parameters,) angles in radians; index bit i is qubit i."""
        with self._lock:
            qaoa = self._prepare(ansatz, arrays=4)
            angles = check_angles(ansatz, theta)
            if qaoa:
                return qaoa.probabilities(angles[self._parameters[0]], angles[self._parameters[1]])
            return self._general(ansatz).probabilities(angles)

    def value_and_gradient(self, ansatz: Ansatz, theta: Floats, observable: PauliSum) -> tuple[float, Floats]:
        """Exact <observable> and its (n_parameters,) gradient by the adjoint method: two state vectors, any number of angles."""
        with self._lock:
            qaoa, angles = self._prepare(ansatz, arrays=6), check_angles(ansatz, theta)
            check_observable(ansatz, observable)
            if not qaoa or not observable.is_diagonal:
                return self._general(ansatz).value_and_gradient(angles, observable)
            costs, mixers = self._parameters
            value, by_gamma, by_beta = qaoa.value_and_gradient(
                angles[costs], angles[mixers], self._rows(qaoa, ansatz, observable)
            )
            gradient = np.zeros(ansatz.n_parameters)
            np.add.at(gradient, costs, by_gamma)
            np.add.at(gradient, mixers, by_beta)
            return value, gradient

    def sample(self, ansatz: Ansatz, theta: Floats, *, shots: int, seed: int) -> Samples:
        check_shots(shots)
        cumulative = self.probabilities(ansatz, theta)
        np.cumsum(cumulative, out=cumulative)
        points = np.sort(np.random.default_rng(seed).random(shots)) * cumulative[-1]
        last = int(np.searchsorted(cumulative, cumulative[-1]))  # rounding must not reach states of probability zero
        drawn = np.minimum(np.searchsorted(cumulative, points, side="right"), last)
        indices, counts = np.unique(drawn, return_counts=True)
        return Samples(bits=index_to_bits(indices, ansatz.n_qubits), counts=counts.astype(np.int64))

    def expectation(
        self, ansatz: Ansatz, theta: Floats, observable: PauliSum, *, shots: int | None = None, seed: int = 0
    ) -> Estimate:
        check_observable(ansatz, observable)
        if shots is not None:
            return sampled_expectation(self.sample, ansatz, theta, observable, shots=shots, seed=seed)
        with self._lock:
            qaoa, angles = self._prepare(ansatz, arrays=4), check_angles(ansatz, theta)
            if qaoa and observable.is_diagonal:
                rows = self._rows(qaoa, ansatz, observable)
                value = qaoa.value(angles[self._parameters[0]], angles[self._parameters[1]], rows)
            else:
                value = self._general(ansatz).value(angles, observable)
        return Estimate(value=value, standard_error=0.0)

    def _prepare(self, ansatz: Ansatz, *, arrays: int) -> Qaoa | None:
        """Check an ansatz met for the first time and build its work space; later calls find both."""
        if ansatz is self._checked:
            if arrays > self._arrays:
                plan.require_memory(ansatz.n_qubits, arrays - self._arrays, self._memory_bytes)
                self._arrays = arrays
            return self._qaoa
        self.release()
        check(ansatz)
        if ansatz.n_qubits > _MOST:
            raise InputError(f"{ansatz.n_qubits} qubits came, at most {_MOST} can be indexed", hint="take fewer variables")
        plan.require_memory(ansatz.n_qubits, arrays, self._memory_bytes)
        if is_qaoa(ansatz):
            values = diagonal(ansatz.layers[0].generator)
            self._qaoa = Qaoa(values, threads=self._threads, pool=self._pool)
        self._parameters = tuple(np.array([layer.parameter for layer in ansatz.layers[k::2]], dtype=np.int64) for k in (0, 1))
        self._checked, self._arrays = ansatz, arrays
        return self._qaoa

    def _general(self, ansatz: Ansatz) -> Layered:
        if self._layered is None:
            self._layered = Layered(ansatz)
        return self._layered

    def _rows(self, qaoa: Qaoa, ansatz: Ansatz, observable: PauliSum) -> Floats | None:
        """The observable's diagonal for the tiles; None when it is the cost itself."""
        if self._observable is None or self._observable[0] is not observable:
            cost = ansatz.layers[0].generator
            same = observable is cost or (
                np.array_equal(observable.z, cost.z) and np.array_equal(observable.coefficients, cost.coefficients)
            )
            self._observable = None
            self._observable = (observable, None if same else qaoa.rows(diagonal(observable)))
        return self._observable[1]

    def _pool(self) -> Executor:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(max(1, self._threads - 1), thread_name_prefix="statevector")
        return self._executor
