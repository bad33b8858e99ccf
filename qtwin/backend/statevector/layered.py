"""Any ansatz, compiled: fused phases, batches of rotations by tile, any reference, adjoint
gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz
from qtwin.backend.statevector import circuit, packed, qaoa
from qtwin.backend.statevector.circuit import Batch, Phase, Rotation, compiled, masks
from qtwin.backend.statevector.distribution import draw
from qtwin.encoding.pauli import PauliSum

Floats = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]
Split = Callable[[Callable[[int, int], Any], int], list[Any]]
"""Runs work(first, last) over shares of so many items, and gives the results."""
_UNITS = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))


def alone(work: Callable[[int, int], Any], length: int) -> list[Any]:
    """The `Split` of one thread."""
    return [work(0, length)]


def words(operator: PauliSum) -> list[tuple[tuple[int, int, float, float], float]]:
    """The strings of a sum as (X mask, Z mask, real and imaginary part of i^y), with their
    coefficients.
    """
    found = []
    for x, z, y, c in zip(
        masks(operator.x),
        masks(operator.z),
        (operator.x & operator.z).sum(axis=1),
        operator.coefficients,
        strict=True,
    ):
        found.append(((int(x), int(z), *_UNITS[int(y) % 4]), float(c)))
    return found


def diagonal(operator: PauliSum, split: Split = alone) -> Reals:
    """(2^n,) eigenvalues of a diagonal sum by one Walsh-Hadamard transform, whatever its degree;
    index bit i is qubit i.
    """
    values = circuit.aligned(1 << operator.n_qubits, 2)
    values[:] = 0.0
    np.add.at(values, masks(operator.z), operator.coefficients)
    qaoa.transform(values, split)
    return values


@final
class Layered:
    """The work space of one ansatz: 16 bytes an amplitude, 32 with gradients, 8 for a diagonal held
    and 8 for one in work.
    """

    def __init__(self, ansatz: Ansatz, split: Split = alone) -> None:
        self._ansatz, self._split, self._size = ansatz, split, 1 << ansatz.n_qubits
        self._state = tuple(circuit.aligned(self._size, slot) for slot in (0, 1))
        self._adjoint: tuple[Reals, ...] = ()
        self._held: tuple[PauliSum, Reals] | None = None
        self._work: Reals | None = None
        self._steps = compiled(ansatz)

    def run(self, theta: Floats) -> None:
        """The state at the (n_parameters,) angles."""
        self._begin()
        for step in self._steps:
            if isinstance(step, Phase):
                self._turn(step, theta)
            elif isinstance(step, Batch):
                fixed = (
                    *self._state,
                    step.offset,
                    step.run,
                    step.outside,
                    step.code,
                    _rates(step, theta),
                )
                self._split(partial(packed.forward, *fixed), step.n_tiles)
            else:
                circuit.rotate(*self._state, *_word(step), step.coefficient * theta[step.parameter])

    def probabilities(self) -> Floats:
        """(2^n,) probabilities in the state of the last run."""
        out = self._state[0] ** 2
        out += self._state[1] ** 2
        return np.asarray(out)

    def draw(self, *, shots: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Distinct indices and counts, drawn from the state of the last run without a copy of
        it.
        """
        return draw(*self._state, shots=shots, seed=seed)

    def value(self, observable: PauliSum | Reals) -> float:
        """<observable> in the state of the last run; a diagonal one also as its (2^n,)
        eigenvalues.
        """
        if isinstance(observable, PauliSum) and not observable.is_diagonal:
            return float(
                sum(
                    c * circuit.inner(*self._state, *self._state, *w)[0]
                    for w, c in words(observable)
                )
            )
        values = (
            diagonal(observable, self._split) if isinstance(observable, PauliSum) else observable
        )
        return float(sum(self._split(partial(qaoa.energy, *self._state, values), self._size)))

    def gradient(self, theta: Floats, observable: PauliSum | Reals) -> tuple[float, Floats]:
        """<observable> and its (n_parameters,) derivatives after `run(theta)`, which it undoes.

        The adjoint method: Jones, Gacon 2020, arXiv:2009.02823.
        """
        if not self._adjoint:
            self._adjoint = tuple(circuit.aligned(self._size, slot) for slot in (3, 4))
        value, slopes = self._weigh(observable), np.zeros(self._ansatz.n_parameters)
        both = (*self._state, *self._adjoint)
        for step in reversed(self._steps):
            if isinstance(step, Phase):
                self._unturn(step, theta, slopes)
            elif isinstance(step, Batch):
                self._unrotate(step, theta, slopes)
            else:
                word, angle = _word(step), -step.coefficient * theta[step.parameter]
                slopes[step.parameter] += (
                    step.coefficient * circuit.inner(*self._adjoint, *self._state, *word)[1]
                )
                circuit.rotate(*both[:2], *word, angle)
                circuit.rotate(*both[2:], *word, angle)
        return value, 2.0 * slopes

    def _begin(self) -> None:
        reference = np.asarray(self._ansatz.reference)
        free = np.flatnonzero(reference == -1)
        re, im = self._state
        re[:], im[:] = 0.0, 0.0
        if len(free) == len(reference):
            re[:] = 2.0 ** (-len(free) / 2)
            return
        indices = np.array(
            [sum(1 << int(i) for i in np.flatnonzero(reference == 1))], dtype=np.int64
        )
        for i in free:
            indices = np.concatenate([indices, indices | 1 << int(i)])
        re[indices] = 2.0 ** (-len(free) / 2)

    def _weigh(self, observable: PauliSum | Reals) -> float:
        """Set the adjoint to the observable times the state."""
        if isinstance(observable, PauliSum) and not observable.is_diagonal:
            for array in self._adjoint:
                array[:] = 0.0
            for w, c in words(observable):
                circuit.add_string(*self._adjoint, *self._state, *w, c)
            return float(sum(a @ b for a, b in zip(self._state, self._adjoint, strict=True)))
        values = (
            diagonal(observable, self._split) if isinstance(observable, PauliSum) else observable
        )
        return float(
            sum(self._split(partial(qaoa.weigh, *self._state, values, *self._adjoint), self._size))
        )

    def _values(self, step: Phase, theta: Floats) -> tuple[Reals, float]:
        """A diagonal and an angle whose product is the phase; only the last generator met is
        kept.
        """
        if step.generator is not None:
            if self._held is None or self._held[0] is not step.generator:
                self._held = None
                self._held = (step.generator, diagonal(step.generator, self._split))
            return self._held[1], float(theta[step.parameters[0]])
        values = self._scratch()
        values[:] = 0.0
        np.add.at(values, step.masks, step.coefficients * theta[step.parameters])
        qaoa.transform(values, self._split)
        return values, 1.0

    def _scratch(self) -> Reals:
        if self._work is None:
            self._work = circuit.aligned(self._size, 5)
        return self._work

    def _turn(self, step: Phase, theta: Floats) -> None:
        values, angle = self._values(step, theta)
        self._split(partial(qaoa.turn, *self._state, values, angle), self._size)

    def _unturn(self, step: Phase, theta: Floats, slopes: Floats) -> None:
        """One transform of Im (conj(l) s) holds the inner products with all Z circuit."""
        both = (*self._state, *self._adjoint)
        if step.generator is None:
            twisted = self._scratch()
            self._split(partial(qaoa.twist, *both, twisted), self._size)
            qaoa.transform(twisted, self._split)
            np.add.at(slopes, step.parameters, step.coefficients * twisted[step.masks])
        values, angle = self._values(step, theta)
        slope = sum(self._split(partial(qaoa.unturn, *both, values, angle), self._size))
        if step.generator is not None:
            slopes[step.parameters[0]] += slope

    def _unrotate(self, step: Batch, theta: Floats, slopes: Floats) -> None:
        fixed = (
            *self._state,
            *self._adjoint,
            step.offset,
            step.run,
            step.outside,
            step.code,
            _rates(step, theta),
        )

        def work(first: int, last: int) -> Floats:
            out = np.zeros(len(step.code))
            packed.backward(*fixed, out, first, last)
            return out

        found = sum(self._split(work, step.n_tiles))
        np.add.at(slopes, step.parameters, step.coefficients * found)


def _rates(step: Batch, theta: Floats) -> Floats:
    angles = step.coefficients * theta[step.parameters]
    return np.stack([np.cos(angles), np.sin(angles), step.signs], axis=1)


def _word(step: Rotation) -> tuple[int, int, float, float]:
    unit = (0.0, step.sign) if step.kind == packed.ODD else (step.sign, 0.0)
    return step.x, step.z, *unit
