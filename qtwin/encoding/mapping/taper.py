"""Z2 tapering: every parity of occupations that the operator conserves saves a qubit (Bravyi et al. 2017, arXiv:1701.08213).

In molecular orbitals these are the two electron-number parities and the point group's reflections, found without naming them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.mapping.linear import Mapping, mapping, spread
from qtwin.encoding.mapping.words import Words
from qtwin.errors import InputError

Bits = NDArray[np.uint8]


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
    """Jordan-Wigner with a qubit less for every symmetry of the operator, in the sector of the (n,) reference occupations.

    Raises:
        InputError: for a reference of no occupations.
    """
    n = len(reference)
    if n < 1:
        raise InputError("a reference of no spin orbitals came", hint="give one occupation a spin orbital")
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
