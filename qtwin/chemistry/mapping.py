"""Fermions on qubits: Jordan-Wigner, parity and Bravyi-Kitaev mappings, and qubits tapered off by
symmetries.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.excitation import Gate, Phase
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError, TooLargeError, unknown_name

Masks = NDArray[np.uint64]
Complexes = NDArray[np.complex128]
MOST_SPIN_ORBITALS = 64


@dataclass(frozen=True, kw_only=True)
class Words:
    """sum_k c_k X^x_k Z^z_k.

    Attributes:
        x, z: (m,) uint64 masks.
        c: (m,) complex coefficients.
    """

    x: Masks
    z: Masks
    c: Complexes

    def __matmul__(self, other: Words) -> Words:
        """The product, other acting first."""
        x, z = (self.x[:, None] ^ other.x).ravel(), (self.z[:, None] ^ other.z).ravel()
        sign = 1.0 - 2.0 * (np.bitwise_count(self.z[:, None] & other.x) & 1)
        return collected(x, z, (self.c[:, None] * other.c * sign).ravel())

    def __add__(self, other: Words) -> Words:
        """The sum."""
        x, z = np.concatenate([self.x, other.x]), np.concatenate([self.z, other.z])
        return collected(x, z, np.concatenate([self.c, other.c]))

    def __mul__(self, factor: complex) -> Words:
        """Times a number."""
        return Words(x=self.x, z=self.z, c=self.c * factor)

    def adjoint(self) -> Words:
        """(c X^x Z^z)+ = c* Z^z X^x = c* (-1)^|x & z| X^x Z^z."""
        return Words(
            x=self.x,
            z=self.z,
            c=self.c.conj() * (1.0 - 2.0 * (np.bitwise_count(self.x & self.z) & 1)),
        )


def collected(x: Masks, z: Masks, c: Complexes, *, negligible: float = 1e-14) -> Words:
    """Equal words added; those that cancel are left out."""
    order = np.lexsort((z, x))
    x, z, c = x[order], z[order], c[order]
    if not len(x):
        return Words(x=x, z=z, c=c)
    first = np.flatnonzero(np.concatenate([[True], (x[1:] != x[:-1]) | (z[1:] != z[:-1])]))
    total = np.add.reduceat(c, first)
    kept = np.abs(total) > negligible
    return Words(x=x[first][kept], z=z[first][kept], c=total[kept])


def word(x: int, z: int, c: complex = 1.0) -> Words:
    """A single one."""
    return Words(
        x=np.array([x], dtype=np.uint64),
        z=np.array([z], dtype=np.uint64),
        c=np.array([c], dtype=np.complex128),
    )


def annihilator(p: int, *, strings: bool = True) -> Words:
    """a_p = X_p Z_(q<p) (1 - Z_p) / 2; without the string of Z it is the qubit's own lowering
    operator.
    """
    before = (1 << p) - 1 if strings else 0
    return word(1 << p, before, 0.5) + word(1 << p, before | 1 << p, -0.5)


def number(p: int) -> Words:
    """n_p = (1 - Z_p) / 2."""
    return word(0, 0, 0.5) + word(0, 1 << p, -0.5)


# Mappings that store sums of occupations, modulo two: q = A n. Jordan-Wigner, parity, Bravyi-Kitaev
# and tapered ones are such.
#
# The basis state of occupations n becomes that of bits A n, so the word X^x Z^z of Jordan-Wigner
# becomes X^(A x) Z^(A^-T z) with no sign. A qubit that stores a conserved sum has a known value: it
# is left out and its Z becomes a sign (Bravyi, Gambetta, Mezzacapo, Temme 2017, arXiv:1701.08213).

Bits = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """Occupations of n spin orbitals on at most n qubits.

    Attributes:
        name: As printed.
        matrix: (n, n) uint8, invertible modulo two; row i is what qubit i adds up.
        inverse: (n, n) uint8.
        known: (n,) int8: -1 for a free qubit, else the value of a sum that is conserved and needs
            no qubit.
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
        """Whether the operator changes no sum of known value, so that it can be written on the free
        qubits.
        """
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
        c = words.c * (
            1.0 - 2.0 * (z[:, ~free] @ np.maximum(self.known, 0)[~free].astype(np.int64) % 2)
        )
        x, z = x[:, free], z[:, free]
        c = c * (-1j) ** ((x & z).sum(axis=1) % 4)  # X^x Z^z = (-i)^(number of Y) P
        kept = collected(gathered(x), gathered(z), c)
        if len(kept.c) and float(np.abs(kept.c.imag).max()) > 1e-10 * max(
            1.0, float(np.abs(kept.c).max())
        ):
            raise InputError("expected a Hermitian operator, got another", hint="add its adjoint")
        width = self.n_qubits
        return PauliSum(
            x=spread(kept.x, width).astype(np.bool_),
            z=spread(kept.z, width).astype(np.bool_),
            coefficients=kept.c.real.copy(),
        )


def mapping(
    name: str, matrix: NDArray[np.integer], *, known: NDArray[np.integer] | None = None
) -> Mapping:
    """A mapping by its matrix.

    Raises:
        InputError: for a matrix that is not invertible modulo two, or more spin orbitals than masks
            can hold.
    """
    a = np.asarray(matrix, dtype=np.uint8) % 2
    n = len(a)
    if not 1 <= n <= MOST_SPIN_ORBITALS:
        raise InputError(
            f"expected 1 to {MOST_SPIN_ORBITALS} spin orbitals, got {n}",
            hint="take a smaller active space",
        )
    work = np.hstack([a, np.eye(n, dtype=np.uint8)])
    for column in range(n):
        below = np.flatnonzero(work[column:, column])
        if not len(below):
            raise InputError(
                "expected a matrix invertible modulo two, got another",
                hint="each qubit must store a new sum",
            )
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


# Qubit i stores the occupation of spin orbital i (Jordan, Wigner 1928, Z Phys 47:631).


def jordan_wigner(n_spin_orbitals: int) -> Mapping:
    """Signs are strings of Z over all spin orbitals before."""
    return mapping("jordan-wigner", np.eye(n_spin_orbitals, dtype=np.uint8))


# Qubit i stores the parity of all occupations up to i; with alpha orbitals first, two qubits then
# store what is conserved.
#
# Seeley, Richard, Love 2012, J Chem Phys 137:224109; the reduction: Bravyi, Gambetta, Mezzacapo,
# Temme 2017, arXiv:1701.08213.


def parity(n_spin_orbitals: int) -> Mapping:
    """All qubits kept."""
    return mapping("parity", np.tril(np.ones((n_spin_orbitals, n_spin_orbitals), dtype=np.uint8)))


def parity_reduced(n_spin_orbitals: int, n_alpha: int, n_beta: int) -> Mapping:
    """Two qubits less: the parity of the alpha electrons and that of all electrons are known.

    Raises:
        InputError: for an odd number of spin orbitals.
    """
    if n_spin_orbitals % 2:
        raise InputError(
            f"expected an even number of spin orbitals, got {n_spin_orbitals}",
            hint="two a spatial orbital",
        )
    known = np.full(n_spin_orbitals, -1)
    known[n_spin_orbitals // 2 - 1], known[-1] = n_alpha % 2, (n_alpha + n_beta) % 2
    return mapping("parity-reduced", parity(n_spin_orbitals).matrix, known=known)


# Qubit i stores the sum of a stretch of occupations, as a Fenwick tree does: flips and parities
# both touch O(log n) qubits.
#
# Bravyi, Kitaev 2002, Ann Phys 298:210; Seeley, Richard, Love 2012, J Chem Phys 137:224109.


def bravyi_kitaev(n_spin_orbitals: int) -> Mapping:
    """Row i adds the occupations i + 1 - lowbit(i + 1) .. i; the number need not be a power of
    two.
    """
    matrix = np.zeros((n_spin_orbitals, n_spin_orbitals), dtype=np.uint8)
    for i in range(n_spin_orbitals):
        low = (i + 1) & -(i + 1)
        matrix[i, i + 1 - low : i + 1] = 1
    return mapping("bravyi-kitaev", matrix)


# Electrons, excitations and phases as words on spin orbitals, for any mapping.

Floats = NDArray[np.float64]


def electronic(h1_hartree: Floats, h2_hartree: Floats, core_hartree: float) -> Words:
    """H = sum h_pq E_pq + 1/2 sum (pq|rs) (E_pq E_rs - delta_qr E_ps) + core, E_pq summed over
    spins; real orbitals.

    Args:
        h1_hartree: (n, n) one-electron integrals.
        h2_hartree: (n, n, n, n) two-electron integrals in chemists' order.
        core_hartree: The constant.

    Raises:
        TooLargeError: for more orbitals than masks can hold.
    """
    n = len(h1_hartree)
    if 2 * n > MOST_SPIN_ORBITALS:
        raise TooLargeError(
            f"expected at most {MOST_SPIN_ORBITALS // 2} orbitals, got {n}",
            hint="take a smaller active space",
        )
    pairs = [(p, q) for p in range(n) for q in range(p + 1)]
    hops = [_hop(p, q, n) for p, q in pairs]
    owner = np.repeat(np.arange(len(pairs)), [len(h.c) for h in hops])
    x, z, c = (np.concatenate([getattr(h, part) for h in hops]) for part in ("x", "z", "c"))
    p, q = np.array(pairs).T
    one = h1_hartree - 0.5 * np.einsum("prrq->pq", h2_hartree)
    two = 0.5 * h2_hartree[p[:, None], q[:, None], p[None, :], q[None, :]]
    single = collected(x, z, c * one[p, q][owner])
    sign = 1.0 - 2.0 * (np.bitwise_count(z[:, None] & x) & 1)
    weight = c[:, None] * c * sign * two[np.ix_(owner, owner)]
    kept = np.abs(weight) > 1e-14
    double = collected((x[:, None] ^ x)[kept], (z[:, None] ^ z)[kept], weight[kept])
    return single + double + word(0, 0, core_hartree)


def _hop(p: int, q: int, n: int) -> Words:
    """E_pq + E_qp over both spins, E_pp once."""
    total = []
    for spin in (0, n):
        if p == q:
            total.append(number(p + spin))
        else:
            move = annihilator(p + spin).adjoint() @ annihilator(q + spin)
            total.append(move + move.adjoint())
    return total[0] + total[1]


def generator(gate: Gate, n_orbitals: int) -> Words:
    """The Hermitian H of a gate exp(-i theta H): i (T - T+) of an excitation, the product of
    occupations of a phase.
    """
    if isinstance(gate, Phase):
        return (
            reduce(lambda a, b: a @ b, [number(p + spin * n_orbitals) for p, spin in gate.orbitals])
            * gate.sign
        )
    strings = gate.excitation.strings
    moved = word(0, 0)
    for to, source, spin in gate.excitation.moves:
        up = annihilator(to + spin * n_orbitals, strings=strings).adjoint()
        moved = moved @ up @ annihilator(source + spin * n_orbitals, strings=strings)
    return (moved + moved.adjoint() * -1.0) * (1j * gate.sign)


def reference(n_orbitals: int, n_alpha: int, n_beta: int) -> NDArray[np.uint8]:
    """(2n,) occupations of the determinant of the lowest orbitals."""
    occupations = np.zeros(2 * n_orbitals, dtype=np.uint8)
    occupations[:n_alpha] = occupations[n_orbitals : n_orbitals + n_beta] = 1
    return occupations


def mapping_of(
    name: str, hamiltonian: Words, n_orbitals: int, n_alpha: int, n_beta: int
) -> Mapping:
    """A mapping of the table for these electrons, or "tapered".

    Raises:
        InputError: for an unknown name.
    """
    if name == "tapered":
        return tapered(hamiltonian, reference(n_orbitals, n_alpha, n_beta))
    if name not in TABLE:
        raise unknown_name("mapping", name, (*TABLE, "tapered"))
    module, _, function = TABLE[name].partition(":")
    make = getattr(import_module(module), function)
    made: Mapping = (
        make(2 * n_orbitals, n_alpha, n_beta) if name == "parity-reduced" else make(2 * n_orbitals)
    )
    return made


# Z2 tapering: every parity of occupations that the operator conserves saves a qubit (Bravyi et al.
# 2017, arXiv:1701.08213).
#
# In molecular orbitals these are the two electron-number parities and the point group's
# reflections, found without naming them.


def symmetries(words: Words, n_spin_orbitals: int) -> Bits:
    """(k, n) independent sums of occupations, modulo two, that no word changes."""
    flips = np.unique(spread(words.x, n_spin_orbitals), axis=0).astype(np.uint8)
    reduced, pivots = _reduced(flips)
    free = [j for j in range(n_spin_orbitals) if j not in pivots]
    found = np.zeros((len(free), n_spin_orbitals), dtype=np.uint8)
    for row, j in enumerate(free):
        found[row, j] = 1
        found[row, pivots] = reduced[: len(pivots), j]
    return found


def tapered(words: Words, reference: NDArray[np.integer]) -> Mapping:
    """Jordan-Wigner with a qubit less for every symmetry of the operator, in the sector of the (n,)
    reference occupations.

    Raises:
        InputError: for a reference of no occupations.
    """
    n = len(reference)
    if n < 1:
        raise InputError(
            "expected a reference of spin orbitals, got none",
            hint="give one occupation a spin orbital",
        )
    conserved, pivots = _reduced(symmetries(words, n))
    matrix = np.eye(n, dtype=np.uint8)
    known = np.full(n, -1)
    for row, j in zip(conserved, pivots, strict=False):
        matrix[j] = row
        known[j] = int(row.astype(np.int64) @ np.asarray(reference, dtype=np.int64)) % 2
    return mapping("tapered", matrix, known=known)


def _reduced(rows: Bits) -> tuple[Bits, list[int]]:
    """Reduced row echelon form modulo two, and its pivot columns."""
    work: Bits = rows.copy() % 2
    pivots: list[int] = []
    for column in range(work.shape[1]):
        rank = len(pivots)
        below = np.flatnonzero(work[rank:, column])
        if not len(below):
            continue
        work[[rank, rank + below[0]]] = work[[rank + below[0], rank]]
        others = np.flatnonzero(work[:, column])
        work[others[others != rank]] ^= work[rank]
        pivots.append(column)
    return work[: len(pivots)], pivots


# Fermions written on qubits. `TABLE` maps a name to the function that makes the mapping; tapering
# makes others.

TABLE: dict[str, str] = {
    "jordan-wigner": "qtwin.chemistry.mapping:jordan_wigner",
    "parity": "qtwin.chemistry.mapping:parity",
    "parity-reduced": "qtwin.chemistry.mapping:parity_reduced",
    "bravyi-kitaev": "qtwin.chemistry.mapping:bravyi_kitaev",
}
