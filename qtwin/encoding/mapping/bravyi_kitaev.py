"""Qubit i stores the sum of a stretch of occupations, as a Fenwick tree does: flips and parities both touch O(log n) qubits.

Bravyi, Kitaev 2002, Ann Phys 298:210; Seeley, Richard, Love 2012, J Chem Phys 137:224109.
"""

from __future__ import annotations

import numpy as np

from qtwin.encoding.mapping.linear import Mapping, mapping


def bravyi_kitaev(n_spin_orbitals: int) -> Mapping:
    """Row i adds the occupations i + 1 - lowbit(i + 1) .. i; the number need not be a power of two."""
    matrix = np.zeros((n_spin_orbitals, n_spin_orbitals), dtype=np.uint8)
    for i in range(n_spin_orbitals):
        low = (i + 1) & -(i + 1)
        matrix[i, i + 1 - low : i + 1] = 1
    return mapping("bravyi-kitaev", matrix)
