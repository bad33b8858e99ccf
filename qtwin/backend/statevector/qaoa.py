"""QAOA on |+>: one diagonal cost and the transverse field in turns, run by tiles, shared between threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz
from qtwin.backend.statevector import plan, tiles

Floats = NDArray[np.float64]


def is_qaoa(ansatz: Ansatz) -> bool:
    """Whether the layers are cost, mixer, cost, mixer ... with one diagonal cost on |+>, wide enough for tiles."""
    if ansatz.n_qubits < plan.SMALLEST or not ansatz.layers or len(ansatz.layers) % 2 or not (ansatz.reference == -1).all():
        return False
    cost = ansatz.layers[0].generator
    return (
        cost.is_diagonal
        and all(
            g is cost or (np.array_equal(g.z, cost.z) and np.array_equal(g.coefficients, cost.coefficients) and g.is_diagonal)
            for g in (layer.generator for layer in ansatz.layers[::2])
        )
        and all(layer.generator.is_transverse_field for layer in ansatz.layers[1::2])
    )


def reduced(gammas: Floats, betas: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """(p, 3) rows (tan beta, cos beta, gamma / (2 pi)) with |beta| <= pi / 4, and (p,) whether an X on every qubit is owed.

    exp(-i pi X) = -1 and exp(-i pi/2 X) = -i X: the phases are global and fall away, and tan stays at most 1 for any angle.
    """
    beta = betas - np.pi * np.round(betas / np.pi)
    flips = np.abs(beta) > np.pi / 4
    beta = np.where(flips, beta - np.copysign(np.pi / 2, beta), beta)
    return np.stack([np.tan(beta), np.cos(beta), gammas / (2.0 * np.pi)], axis=1), flips


@final
class Qaoa:
    """The work space of one cost diagonal: 24 bytes an amplitude for values, 40 with gradients, and the observable's 8 if other.

    Args:
        values: (2^n,) cost of every assignment.
        threads: How many threads `pool` may give.
        pool: Runs the shares of a visit; the kernels release the interpreter.
    """

    def __init__(self, values: Floats, *, threads: int, pool: Callable[[], Executor]) -> None:
        self.n_qubits = int(values.size).bit_length() - 1
        self._shares, self._pool = plan.shares(self.n_qubits, threads), pool
        self._shape = plan.shape(self.n_qubits, self._shares)
        self._length = int(self._shape[3]) << int(self._shape[1])
        self._diagonal = self.rows(values)
        self._state = tuple(plan.aligned(self._length, slot) for slot in (0, 1))
        self._adjoint: tuple[Floats, ...] = ()
        for array in self._state:
            array[:] = 0.0  # the padding between rows must stay finite

    def rows(self, values: Floats) -> Floats:
        """(2^n,) values of a diagonal, laid out as this work space wants its observables."""
        return plan.padded(values, self._shape, slot=2)

    def probabilities(self, gammas: Floats, betas: Floats) -> Floats:
        """(2^n,) probabilities after the circuit with (p,) angles each."""
        angles, _ = self._forward(gammas, betas)
        re, im = (plan.plain(array, self._shape) for array in self._state)
        re *= re
        im *= im
        re += im
        re *= angles[-1, 1] ** (2 * self.n_qubits)
        return re

    def value(self, gammas: Floats, betas: Floats, observable: Floats | None = None) -> float:
        """<observable>, given as `rows`; the cost itself when None."""
        angles, _ = self._forward(gammas, betas)
        wanted = self._diagonal if observable is None else observable
        total: float = sum(self._split(lambda a, b: tiles.energy(*self._state, wanted, a, b)))
        return float(total * angles[-1, 1] ** (2 * self.n_qubits))

    def value_and_gradient(self, gammas: Floats, betas: Floats, observable: Floats | None = None) -> tuple[float, Floats, Floats]:
        """<observable> and its derivatives, (p,) by gamma and (p,) by beta, by the adjoint method."""
        if not self._adjoint:
            self._adjoint = tuple(plan.aligned(self._length, slot) for slot in (3, 4))
        angles, flips = self._forward(gammas, betas)
        wanted, p = self._diagonal if observable is None else observable, len(angles)
        owed = angles[-1, 1] ** self.n_qubits
        energy: float = sum(self._split(lambda a, b: tiles.energy_and_adjoint(*self._state, wanted, *self._adjoint, owed, a, b)))
        out = np.zeros((self._shares, p + 1, 2))
        fixed = (*self._state, *self._adjoint, self._diagonal, self._shape, angles, flips)
        if self._shares == 1:
            tiles.backward(*fixed, p, 0, 0, 1, out[0])
        else:
            for visit in range(p, -1, -1):
                self._visit(partial(self._back, fixed, visit, out))
                if visit and flips[visit - 1]:
                    tiles.reverse(*self._state, self._shape)
                    tiles.reverse(*self._adjoint, self._shape)
        gradient = 2.0 * out.sum(axis=0)[:p]
        return float(energy), gradient[:, 1], gradient[:, 0]

    def _forward(self, gammas: Floats, betas: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        angles, flips = reduced(gammas, betas)
        fixed, p = (*self._state, self._diagonal, self._shape, angles, flips), len(angles)
        if self._shares == 1:
            tiles.forward(*fixed, 0, p + 1, 0, 1)
            return angles, flips
        for visit in range(p + 1):
            if visit and flips[visit - 1]:
                tiles.reverse(*self._state, self._shape)
            self._visit(partial(self._ahead, fixed, visit))
        return angles, flips

    def _ahead(self, fixed: tuple[Any, ...], visit: int, share: int) -> None:
        tiles.forward(*fixed, visit, visit + 1, share, self._shares)

    def _back(self, fixed: tuple[Any, ...], visit: int, out: Floats, share: int) -> None:
        tiles.backward(*fixed, visit, visit, share, self._shares, out[share])

    def _visit(self, work: Callable[[int], Any]) -> list[Any]:
        """Run work(share) for every share: the others on the pool, the first here."""
        waiting = [self._pool().submit(work, k) for k in range(1, self._shares)]
        return [work(0), *(w.result() for w in waiting)]

    def _split(self, work: Callable[[int, int], float]) -> list[float]:
        ends = [self._length * k // self._shares for k in range(self._shares + 1)]
        return self._visit(lambda k: work(ends[k], ends[k + 1]))
