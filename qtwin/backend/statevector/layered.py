"""Any ansatz, layer by layer and string by string: XY mixers, excitations, per-term angles, any reference."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz
from qtwin.backend.statevector import plan, strings
from qtwin.encoding.pauli import PauliSum

Floats = NDArray[np.float64]
_Word = tuple[int, int, float, float]
"""X mask, Z mask, real and imaginary part of i^(number of Y)."""
_UNITS = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))


def words(operator: PauliSum) -> list[tuple[_Word, float]]:
    """The strings of a sum as masks, with their coefficients."""
    found: list[tuple[_Word, float]] = []
    for x, z, c in zip(operator.x, operator.z, operator.coefficients, strict=True):
        flips, signs = (sum(1 << int(i) for i in np.flatnonzero(part)) for part in (x, z))
        found.append(((flips, signs, *_UNITS[int((x & z).sum()) % 4]), float(c)))
    return found


def diagonal(operator: PauliSum) -> Floats:
    """(2^n,) eigenvalues of a diagonal sum by one Walsh-Hadamard transform, whatever its degree; index bit i is qubit i."""
    values = plan.aligned(1 << operator.n_qubits)
    values[:] = 0.0
    powers = 1 << np.arange(operator.n_qubits, dtype=np.int64)
    np.add.at(values, operator.z @ powers, operator.coefficients)
    strings.walsh(values)
    return values


@final
class Layered:
    """The work space of one ansatz: 16 bytes an amplitude, 32 with gradients, 8 more for every distinct diagonal held."""

    def __init__(self, ansatz: Ansatz) -> None:
        self._ansatz = ansatz
        size = 1 << ansatz.n_qubits
        self._re, self._im = (plan.aligned(size, slot) for slot in (0, 1))
        self._adjoint: tuple[Floats, ...] = ()
        self._held: tuple[PauliSum, Floats] | None = None
        self._words = {id(layer.generator): words(layer.generator) for layer in ansatz.layers}

    def probabilities(self, theta: Floats) -> Floats:
        """(2^n,) probabilities at the (n_parameters,) angles."""
        self._run(theta)
        return np.asarray(self._re**2 + self._im**2)

    def value(self, theta: Floats, observable: PauliSum) -> float:
        """<observable>."""
        self._run(theta)
        if observable.is_diagonal:
            return float(diagonal(observable) @ (self._re**2 + self._im**2))
        state = (self._re, self._im)
        return float(sum(c * strings.inner(*state, *state, *w)[0] for w, c in words(observable)))

    def value_and_gradient(self, theta: Floats, observable: PauliSum) -> tuple[float, Floats]:
        """<observable> and its (n_parameters,) gradient, by the adjoint method (Jones, Gacon 2020, arXiv:2009.02823)."""
        self._run(theta)
        if not self._adjoint:
            self._adjoint = tuple(plan.aligned(self._re.size, slot) for slot in (3, 4))
        re, im, (lre, lim) = self._re, self._im, self._adjoint
        if observable.is_diagonal:
            values = diagonal(observable)
            np.multiply(values, re, out=lre)
            np.multiply(values, im, out=lim)
        else:
            lre[:], lim[:] = 0.0, 0.0
            for w, c in words(observable):
                strings.add_string(lre, lim, re, im, *w, c)
        value, gradient = float(re @ lre + im @ lim), np.zeros(len(theta))
        for layer in reversed(self._ansatz.layers):
            angle = -float(theta[layer.parameter])
            values_or_none = self._diagonal(layer.generator)
            if values_or_none is not None:
                slope = float((values_or_none * lre) @ im - (values_or_none * lim) @ re)
            else:
                slope = sum(c * strings.inner(lre, lim, re, im, *w)[1] for w, c in self._words[id(layer.generator)])
            gradient[layer.parameter] += 2.0 * slope
            self._apply(layer.generator, angle, re, im)
            self._apply(layer.generator, angle, lre, lim)
        return value, gradient

    def _diagonal(self, generator: PauliSum) -> Floats | None:
        """Eigenvalues of a diagonal layer; only the last one met is kept. None for a single string, which rotates faster."""
        if not generator.is_diagonal or len(generator.coefficients) < 2:
            return None
        if self._held is None or self._held[0] is not generator:
            self._held = None
            self._held = (generator, diagonal(generator))
        return self._held[1]

    def _apply(self, generator: PauliSum, angle: float, re: Floats, im: Floats) -> None:
        values = self._diagonal(generator)
        if values is not None:
            strings.spin(re, im, values, angle)
        else:
            for w, c in self._words[id(generator)]:
                strings.rotate(re, im, *w, angle * c)

    def _run(self, theta: Floats) -> None:
        reference = np.asarray(self._ansatz.reference)
        free = np.flatnonzero(reference == -1)
        start = sum(1 << int(i) for i in np.flatnonzero(reference == 1))
        indices = np.array([start], dtype=np.int64)
        for i in free:
            indices = np.concatenate([indices, indices | 1 << int(i)])
        self._re[:], self._im[:] = 0.0, 0.0
        self._re[indices] = 2.0 ** (-len(free) / 2)
        for layer in self._ansatz.layers:
            self._apply(layer.generator, float(theta[layer.parameter]), self._re, self._im)
