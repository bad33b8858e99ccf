"""A feasible set as sorted 64-bit words: all assignments of one Hamming weight, or any list."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.statevector import circuit
from qtwin.backend.statevector.circuit import whole
from qtwin.backend.statevector.subspace import costs, walk
from qtwin.encoding.polynomial import BinaryPolynomial, bits_to_index, index_to_bits
from qtwin.errors import InputError

WIDEST = 62
"""Qubits that a word holds."""


@dataclass(frozen=True, kw_only=True)
class States:
    """The states of a subspace; make one with `fixed_weight` or `listed`.

    Attributes:
        n_qubits: Width of an assignment, at most 62.
        words: (m,) int64, rising; bit i is variable i.
        weight: Number of ones when these are all words of that weight; None otherwise.
    """

    n_qubits: int
    words: NDArray[np.int64]
    weight: int | None = None

    @property
    def size(self) -> int:
        """Number of states, m."""
        return len(self.words)

    def bits(self, places: NDArray[np.integer[Any]] | None = None) -> NDArray[np.uint8]:
        """(m, n) assignments, or those at the given places; column i is variable i."""
        return index_to_bits(self.words if places is None else self.words[places], self.n_qubits)

    def places(self, bits: NDArray[np.generic]) -> NDArray[np.int64]:
        """(r,) places of (r, n) assignments; InputError for one outside the set."""
        rows = np.asarray(bits)
        if rows.ndim != 2 or rows.shape[1] != self.n_qubits or not np.isin(rows, (0, 1)).all():
            raise InputError(
                f"got assignments of shape {rows.shape}",
                hint=f"(r, {self.n_qubits}) zeros and ones",
            )
        wanted = bits_to_index(rows).astype(np.int64)
        found = np.minimum(np.searchsorted(self.words, wanted), self.size - 1)
        if (self.words[found] != wanted).any():
            stray = rows[np.argmax(self.words[found] != wanted)]
            raise InputError(
                f"assignment {stray.tolist()} is not in the subspace", hint="check its constraint"
            )
        return found.astype(np.int64)

    def costs(self, polynomial: BinaryPolynomial) -> NDArray[np.float64]:
        """(m,) values of a polynomial of any degree.

        Raises:
            InputError: if it has more variables than the states have qubits.
        """
        if polynomial.n_variables > self.n_qubits:
            raise InputError(
                f"expected at most {self.n_qubits} variables, got a polynomial of "
                f"{polynomial.n_variables}",
                hint="widen the states",
            )
        return costs.over(self.words, self.n_qubits, polynomial)


def fixed_weight(n_qubits: int, weight: int, *, memory_bytes: int | None = None) -> States:
    """All C(n, k) assignments with exactly k ones, in rising (colexicographic) order.

    The place of an assignment is sum_t C(c_t, t) over its ones c_1 < c_2 < ... (Knuth, TAOCP 4A,
    7.2.1.3).

    Raises:
        InputError: for a weight outside 0 .. n, more than 62 qubits, or more states than memory
            holds (40 bytes each).
    """
    n_qubits, weight = whole(n_qubits, "qubits"), whole(weight, "weight")
    if not 1 <= n_qubits <= WIDEST or not 0 <= weight <= n_qubits:
        raise InputError(
            f"got weight {weight} on {n_qubits} qubits",
            hint=f"take 0 <= weight <= qubits and 1 <= qubits <= {WIDEST}",
        )
    size = comb(n_qubits, weight)
    had = circuit.available_bytes() if memory_bytes is None else memory_bytes
    if 40 * size > had:
        raise InputError(
            f"C({n_qubits}, {weight}) = {size} states need {40 * size} bytes, {had} bytes "
            "are available",
            hint="take fewer variables or a smaller size",
        )
    words = np.empty(size, dtype=np.int64)
    walk.gosper(words, weight)
    words.setflags(write=False)
    return States(n_qubits=n_qubits, words=words, weight=weight)


def listed(bits: NDArray[np.generic]) -> States:
    """The subspace of (m, n) given assignments, in rising order of their words.

    Raises:
        InputError: for none, for values other than 0 and 1, for repeats, or for more than 62
            columns.
    """
    rows = np.asarray(bits)
    if (
        rows.ndim != 2
        or not len(rows)
        or not 1 <= rows.shape[1] <= WIDEST
        or not np.isin(rows, (0, 1)).all()
    ):
        raise InputError(
            f"got assignments of shape {rows.shape}",
            hint=f"(m, n) zeros and ones with m at least 1, n at most {WIDEST}",
        )
    words = np.unique(bits_to_index(rows).astype(np.int64))
    if len(words) < len(rows):
        raise InputError(f"got {len(rows) - len(words)} assignments twice", hint="list each once")
    words.setflags(write=False)
    return States(n_qubits=rows.shape[1], words=words)
