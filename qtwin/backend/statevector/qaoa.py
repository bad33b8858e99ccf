"""Diagonal phases on a split state, a register at a time, forward and undone; sums over states."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz
from qtwin.backend.statevector import circuit, tiles
from qtwin.backend.statevector.distribution import draw
from qtwin.backend.statevector.vector import lanes, turn1, unturn1

Array = Any


def _compiled(function: Callable[..., Any]) -> Any:
    """No reassociation, which would undo the rounding trick inside the vector kernels."""
    return njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})(function)


def _summed(function: Callable[..., Any]) -> Any:
    return njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}
    )(function)


@_compiled
def turn(re: Array, im: Array, diagonal: Array, angle: float, first: int, last: int) -> None:
    """State := exp(-i angle D) state over first .. last - 1."""
    wide, turns = lanes(re), angle / (2.0 * np.pi)
    whole = first + (last - first) // wide * wide
    for b in range(first, whole, wide):
        turn1(re, im, diagonal, b, 0, 0.0, turns, 1.0, 0.0)
    for b in range(whole, last):
        c, s = math.cos(angle * diagonal[b]), math.sin(angle * diagonal[b])
        re[b], im[b] = c * re[b] + s * im[b], c * im[b] - s * re[b]


@_compiled
def unturn(
    re: Array,
    im: Array,
    lre: Array,
    lim: Array,
    diagonal: Array,
    angle: float,
    first: int,
    last: int,
) -> float:
    """The same undone for state and adjoint; Im <l|D|s>."""
    wide, turns = lanes(re), -angle / (2.0 * np.pi)
    whole, total = first + (last - first) // wide * wide, 0.0
    sums = np.zeros(3 * wide)
    for b in range(first, whole, wide):
        unturn1(re, im, lre, lim, diagonal, sums, b, 0, 0.0, turns, 1.0, 0.0)
    for b in range(whole, last):
        c, s = math.cos(angle * diagonal[b]), -math.sin(angle * diagonal[b])
        r, i, p, q = re[b], im[b], lre[b], lim[b]
        total += diagonal[b] * (p * i - q * r)
        re[b], im[b] = c * r + s * i, c * i - s * r
        lre[b], lim[b] = c * p + s * q, c * q - s * p
    for lane in range(wide, 2 * wide):
        total += sums[lane]
    return total


@_summed
def twist(re: Array, im: Array, lre: Array, lim: Array, out: Array, first: int, last: int) -> None:
    """Im (conj(l) s), state by state."""
    r, i, p, q, twisted = (
        re[first:last],
        im[first:last],
        lre[first:last],
        lim[first:last],
        out[first:last],
    )
    for b in range(r.shape[0]):  # from 0 on: nothing to wrap, so vectors
        twisted[b] = p[b] * i[b] - q[b] * r[b]


@_summed
def energy(re: Array, im: Array, observable: Array, first: int, last: int) -> float:
    """Sum of observable |amplitude|^2."""
    total = 0.0
    r, i, values = re[first:last], im[first:last], observable[first:last]
    for b in range(r.shape[0]):
        total += values[b] * (r[b] * r[b] + i[b] * i[b])
    return total


@_summed
def weigh(
    re: Array, im: Array, observable: Array, lre: Array, lim: Array, first: int, last: int
) -> float:
    """Adjoint := observable times state; the energy."""
    total = 0.0
    r, i, p, q, values = (
        re[first:last],
        im[first:last],
        lre[first:last],
        lim[first:last],
        observable[first:last],
    )
    for b in range(r.shape[0]):
        p[b], q[b] = values[b] * r[b], values[b] * i[b]
        total += values[b] * (r[b] * r[b] + i[b] * i[b])
    return total


# The Walsh-Hadamard transform in two trips to memory: inside rows that fit the cache, then across
# them, column by column.

ROW = 4096
"""Values in a row."""
_COLUMNS = 64


def _compiled_walsh(function: Callable[..., Any]) -> Any:
    return njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}
    )(function)


@_compiled_walsh
def rows(values: Array, first: int, last: int) -> None:
    """The transform over the lowest bits, in rows first .. last - 1 of `ROW` values (one shorter
    row for fewer values).
    """
    row = min(values.shape[0], ROW)
    for start in range(first * row, last * row, row):
        step = 1
        if row >= 4:
            step = 4
            for a in range(start, start + row, 4):
                p, q, r, s = values[a], values[a + 1], values[a + 2], values[a + 3]
                values[a], values[a + 1], values[a + 2], values[a + 3] = (
                    p + q + r + s,
                    p - q + r - s,
                    p + q - r - s,
                    p - q - r + s,
                )
        while 4 * step <= row:
            for block in range(start, start + row, 4 * step):
                for a in range(block, block + step):
                    p, q, r, s = (
                        values[a],
                        values[a + step],
                        values[a + 2 * step],
                        values[a + 3 * step],
                    )
                    values[a], values[a + step] = p + q + r + s, p - q + r - s
                    values[a + 2 * step], values[a + 3 * step] = p + q - r - s, p - q - r + s
            step *= 4
        while step < row:
            for block in range(start, start + row, 2 * step):
                for a in range(block, block + step):
                    p, q = values[a], values[a + step]
                    values[a], values[a + step] = p + q, p - q
            step *= 2


@_compiled_walsh
def columns(values: Array, first: int, last: int) -> None:
    """The transform over the bits above a row, for columns 64 first .. 64 last - 1 of every row."""
    for start in range(first * _COLUMNS, last * _COLUMNS, _COLUMNS):
        step = ROW
        while step < values.shape[0]:
            for block in range(start, values.shape[0], 2 * step):
                for row in range(block, block + step, ROW):
                    for a in range(row, row + _COLUMNS):
                        p, q = values[a], values[a + step]
                        values[a], values[a + step] = p + q, p - q
            step *= 2


def transform(values: Array, split: Callable[[Callable[[int, int], Any], int], Any]) -> None:
    """(2^n,) coefficients by Z mask to the diagonal they make, in place: d[b] = sum_m c[m] (-1)^|b
    & m|.

    `split(work, length)` runs work(first, last) over shares of `length` items.
    """
    split(lambda a, b: rows(values, a, b), max(1, len(values) // ROW))
    if len(values) > ROW:
        split(lambda a, b: columns(values, a, b), ROW // _COLUMNS)


# QAOA on |+>: one diagonal cost and the transverse field in turns, run by tiles, shared between
# threads.

Floats = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]


def is_qaoa(ansatz: Ansatz) -> bool:
    """Whether the layers are cost, mixer, cost, mixer ... with one diagonal cost on |+>, wide
    enough for tiles.
    """
    if (
        ansatz.n_qubits < circuit.SMALLEST
        or not ansatz.layers
        or len(ansatz.layers) % 2
        or not (ansatz.reference == -1).all()
    ):
        return False
    cost = ansatz.layers[0].generator
    return (
        cost.is_diagonal
        and all(
            g is cost
            or (
                np.array_equal(g.z, cost.z)
                and np.array_equal(g.coefficients, cost.coefficients)
                and g.is_diagonal
            )
            for g in (layer.generator for layer in ansatz.layers[::2])
        )
        and all(layer.generator.is_transverse_field for layer in ansatz.layers[1::2])
    )


def reduced(
    gammas: Floats, betas: Floats, dtype: type[np.floating[Any]] = np.float64
) -> tuple[Floats, NDArray[np.bool_]]:
    """(p, 3) rows (tan beta, cos beta, gamma / (2 pi)) with |beta| <= pi / 4, and (p,) whether an X
    on every qubit is owed.

    exp(-i pi X) = -1 and exp(-i pi/2 X) = -i X: the phases are global and fall away, and tan stays
    at most 1 for any angle. The tangent is rounded to `dtype` before the cosine is taken from it,
    so that no norm is lost.
    """
    beta = betas - np.pi * np.round(betas / np.pi)
    flips = np.abs(beta) > np.pi / 4
    beta = np.where(flips, beta - np.copysign(np.pi / 2, beta), beta)
    tangent = np.tan(beta).astype(dtype).astype(np.float64)
    return np.stack(
        [tangent, 1.0 / np.sqrt(1.0 + tangent**2), gammas / (2.0 * np.pi)], axis=1
    ), flips


@final
class QAOA:
    """The work space of one cost diagonal: 24 bytes an amplitude for values, 40 with gradients, and
    the observable's 8 if other.

    Single precision takes half of that.

    Args:
        values: (2^n,) cost of every assignment.
        threads: How many threads `pool` may give.
        pool: Runs the shares of a visit; the kernels release the interpreter.
        dtype: Of the state and the diagonal: float64 or float32. Sums are in double precision
            either way.
    """

    def __init__(
        self,
        values: Reals,
        *,
        threads: int,
        pool: Callable[[], Executor],
        dtype: type[np.floating[Any]] = np.float64,
    ) -> None:
        self._dtype = dtype
        self.n_qubits = int(values.size).bit_length() - 1
        self._shares, self._pool = circuit.shares(self.n_qubits, threads), pool
        self._shape = circuit.shape(self.n_qubits, self._shares, dtype)
        self._length = int(self._shape[3]) << int(self._shape[1])
        self._diagonal = self.rows(values)
        self._state = tuple(circuit.aligned(self._length, slot, dtype) for slot in (0, 1))
        self._adjoint: tuple[Reals, ...] = ()
        for array in self._state:
            array[:] = 0.0  # the padding between rows must stay finite

    def rows(self, values: Reals) -> Reals:
        """(2^n,) values of a diagonal, laid out as this work space takes its observables."""
        return circuit.padded(values, self._shape, slot=2, dtype=self._dtype)

    def run(self, gammas: Floats, betas: Floats) -> None:
        """The state after the circuit with (p,) angles each."""
        self._angles, self._flips = reduced(gammas, betas, self._dtype)
        angles, flips = self._angles, self._flips
        fixed, p = (*self._state, self._diagonal, self._shape, angles, flips), len(angles)
        if self._shares == 1:
            tiles.forward(*fixed, 0, p + 1, 0, 1)
            return
        for visit in range(p + 1):
            if visit and flips[visit - 1]:
                tiles.reverse(*self._state, self._shape)
            self._visit(partial(self._ahead, fixed, visit))

    def probabilities(self) -> Floats:
        """(2^n,) probabilities in the state of the last run."""
        out, n_tiles = np.empty(1 << self.n_qubits), 1 << int(self._shape[1])
        fixed = (*self._state, self._shape, self._owed() ** 2, out)
        self._visit(
            lambda k: tiles.probabilities(
                *fixed, n_tiles * k // self._shares, n_tiles * (k + 1) // self._shares
            )
        )
        return out

    def draw(self, *, shots: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Distinct indices and counts, drawn from the state of the last run without a copy of
        it.
        """
        return draw(
            *self._state, shots=shots, seed=seed, low=int(self._shape[0]), row=int(self._shape[3])
        )

    def value(self, observable: Reals | None = None) -> float:
        """<observable> in the state of the last run, given as `rows`; the cost itself when None."""
        wanted = self._diagonal if observable is None else observable
        total: float = sum(self._split(lambda a, b: tiles.energy(*self._state, wanted, a, b)))
        return float(total * self._owed() ** 2)

    def gradient(self, observable: Reals | None = None) -> tuple[float, Floats, Floats]:
        """<observable> and its derivatives, (p,) by gamma and (p,) by beta, after a run, which the
        adjoint method undoes.
        """
        if not self._adjoint:
            self._adjoint = tuple(
                circuit.aligned(self._length, slot, self._dtype) for slot in (3, 4)
            )
        angles, flips = self._angles, self._flips
        wanted, p, owed = (
            self._diagonal if observable is None else observable,
            len(angles),
            self._owed(),
        )
        energy: float = sum(
            self._split(
                lambda a, b: tiles.energy_and_adjoint(
                    *self._state, wanted, *self._adjoint, owed, a, b
                )
            )
        )
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

    def _owed(self) -> float:
        """What the state of the last run is too short by: the last mixer's cosines, and what
        rounding their powers lost.
        """
        n, cosines = self.n_qubits, self._angles[:, 1]
        paid = np.concatenate([[2.0 ** (-n / 2)], cosines[:-1] ** n])
        return float(cosines[-1] ** n * np.prod(paid / paid.astype(self._dtype)))

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
