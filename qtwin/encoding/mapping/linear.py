"""Mappings that store sums of occupations, modulo two: q = A n. Jordan-Wigner, parity, Bravyi-Kitaev and tapered ones are such.

The basis state of occupations n becomes that of bits A n, so the word X^x Z^z of Jordan-Wigner becomes X^(A x) Z^(A^-T z) with no
sign. A qubit that stores a conserved sum has a known value: it is left out and its Z becomes a sign (Bravyi, Gambetta,
Mezzacapo, Temme 2017, arXiv:1701.08213).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.mapping.words import MOST_SPIN_ORBITALS, Words, collected
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError

Bits = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """Occupations of n spin orbitals on at most n qubits.

    Attributes:
        name: As printed.
        matrix: (n, n) uint8, invertible modulo two; row i is what qubit i adds up.
        inverse: (n, n) uint8.
        known: (n,) int8: -1 for a free qubit, else the value of a sum that is conserved and needs no qubit.
    """

    name: str
    matrix: Bits
    inverse: Bits
    known: NDArray[np.int8]

    @property
    def n_spin_orbitals(self) -> int:
        """Before the mapping."""
        return len(self.matrix)

    @property
    def n_qubits(self) -> int:
        """After it."""
        return int((self.known < 0).sum())

    def encode(self, occupations: NDArray[np.integer]) -> Bits:
        """(m, n) occupations to (m, n_qubits) bits."""
        rows = np.asarray(occupations, dtype=np.int64) @ self.matrix.T.astype(np.int64) % 2
        return np.asarray(rows[:, self.known < 0], dtype=np.uint8)

    def decode(self, bits: NDArray[np.integer]) -> Bits:
        """(m, n_qubits) bits to (m, n) occupations."""
        full = np.tile(np.maximum(self.known, 0).astype(np.int64), (len(bits), 1))
        full[:, self.known < 0] = bits
        return np.asarray(full @ self.inverse.T.astype(np.int64) % 2, dtype=np.uint8)

    def keeps(self, words: Words) -> bool:
        """Whether the operator changes no sum of known value, so that it can be written on the free qubits."""
        flips = spread(words.x, self.n_spin_orbitals) @ self.matrix.T.astype(np.int64) % 2
        return not bool(flips[:, self.known >= 0].any())

    def apply(self, words: Words) -> PauliSum:
        """A Hermitian operator on the qubits.

        Raises:
            InputError: when it changes a sum of known value, or is not Hermitian.
        """
        n, free = self.n_spin_orbitals, self.known < 0
        x = spread(words.x, n) @ self.matrix.T.astype(np.int64) % 2
        z = spread(words.z, n) @ self.inverse.astype(np.int64) % 2
        if x[:, ~free].any():
            raise InputError(
                f"the operator changes a sum that mapping {self.name!r} takes as conserved",
                hint="use a mapping with all its qubits",
            )
        c = words.c * (1.0 - 2.0 * (z[:, ~free] @ np.maximum(self.known, 0)[~free].astype(np.int64) % 2))
        x, z = x[:, free], z[:, free]
        c = c * (-1j) ** ((x & z).sum(axis=1) % 4)  # X^x Z^z = (-i)^(number of Y) P
        kept = collected(gathered(x), gathered(z), c)
        if len(kept.c) and float(np.abs(kept.c.imag).max()) > 1e-10 * max(1.0, float(np.abs(kept.c).max())):
            raise InputError("an operator that is not Hermitian came", hint="add its adjoint")
        width = self.n_qubits
        return PauliSum(
            x=spread(kept.x, width).astype(np.bool_), z=spread(kept.z, width).astype(np.bool_), coefficients=kept.c.real.copy()
        )


def mapping(name: str, matrix: NDArray[np.integer], *, known: NDArray[np.integer] | None = None) -> Mapping:
    """A mapping by its matrix.

    Raises:
        InputError: for a matrix that is not invertible modulo two, or more spin orbitals than masks can hold.
    """
    a = np.asarray(matrix, dtype=np.uint8) % 2
    n = len(a)
    if not 1 <= n <= MOST_SPIN_ORBITALS:
        raise InputError(f"{n} spin orbitals came, 1 to {MOST_SPIN_ORBITALS} can be mapped", hint="take a smaller active space")
    work = np.hstack([a, np.eye(n, dtype=np.uint8)])
    for column in range(n):
        below = np.flatnonzero(work[column:, column])
        if not len(below):
            raise InputError("a matrix that is not invertible modulo two came", hint="each qubit must store a new sum")
        work[[column, column + below[0]]] = work[[column + below[0], column]]
        others = np.flatnonzero(work[:, column])
        others = others[others != column]
        work[others] ^= work[column]
    values = np.full(n, -1, dtype=np.int8) if known is None else np.asarray(known, dtype=np.int8)
    return Mapping(name=name, matrix=a, inverse=work[:, n:].copy(), known=values)


def spread(masks: NDArray[np.uint64], n: int) -> NDArray[np.int64]:
    """(m,) masks to (m, n) bits."""
    return (masks[:, None] >> np.arange(n, dtype=np.uint64) & np.uint64(1)).astype(np.int64)


def gathered(bits: NDArray[np.integer]) -> NDArray[np.uint64]:
    """(m, n) bits to (m,) masks."""
    powers = np.uint64(1) << np.arange(bits.shape[1], dtype=np.uint64)
    return np.asarray((bits.astype(np.uint64) * powers).sum(axis=1, dtype=np.uint64))
