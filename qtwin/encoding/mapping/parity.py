"""Qubit i stores the parity of all occupations up to i; with alpha orbitals first, two qubits then store what is conserved.

Seeley, Richard, Love 2012, J Chem Phys 137:224109; the reduction: Bravyi, Gambetta, Mezzacapo, Temme 2017, arXiv:1701.08213.
"""

from __future__ import annotations

import numpy as np

from qtwin.encoding.mapping.linear import Mapping, mapping
from qtwin.errors import InputError


def parity(n_spin_orbitals: int) -> Mapping:
    """All qubits kept."""
    return mapping("parity", np.tril(np.ones((n_spin_orbitals, n_spin_orbitals), dtype=np.uint8)))


def parity_reduced(n_spin_orbitals: int, n_alpha: int, n_beta: int) -> Mapping:
    """Two qubits less: the parity of the alpha electrons and that of all electrons are known.

    Raises:
        InputError: for an odd number of spin orbitals.
    """
    if n_spin_orbitals % 2:
        raise InputError(f"{n_spin_orbitals} spin orbitals came, an even number was wanted", hint="two a spatial orbital")
    known = np.full(n_spin_orbitals, -1)
    known[n_spin_orbitals // 2 - 1], known[-1] = n_alpha % 2, (n_alpha + n_beta) % 2
    return mapping("parity-reduced", parity(n_spin_orbitals).matrix, known=known)
