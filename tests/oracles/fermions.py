"""Fermions the slow and obvious way: 2^(2n) x 2^(2n) matrices of ladder operators, alpha orbitals
first.
"""

from __future__ import annotations

import itertools

import numpy as np

Matrix = np.ndarray


def annihilators(n_spin_orbitals: int) -> list[Matrix]:
    """Jordan-Wigner: a_p = Z x ... x Z x (|0><1|) x 1 ...; bit p of an index is the occupation of
    spin orbital p.
    """
    lower, z, one = np.array([[0.0, 1.0], [0.0, 0.0]]), np.diag([1.0, -1.0]), np.eye(2)
    found = []
    for p in range(n_spin_orbitals):
        matrix = np.eye(1)
        # orbital 0 is the least significant bit: it stands rightmost
        for q in range(n_spin_orbitals):
            matrix = np.kron(z if q < p else lower if q == p else one, matrix)
        found.append(matrix)
    return found


def hamiltonian(h1: Matrix, h2: Matrix, core: float) -> Matrix:
    """sum h_pq a+_ps a_qs + 1/2 sum (pq|rs) a+_ps a+_rt a_st a_qs, over spins s, t."""
    n = len(h1)
    a = annihilators(2 * n)
    total = core * np.eye(4**n)
    for p, q in itertools.product(range(n), repeat=2):
        for s in (0, n):
            total += h1[p, q] * a[p + s].T @ a[q + s]
    for p, q, r, w in itertools.product(range(n), repeat=4):
        if abs(h2[p, q, r, w]) > 1e-15:
            for s, t in itertools.product((0, n), repeat=2):
                total += 0.5 * h2[p, q, r, w] * a[p + s].T @ a[r + t].T @ a[w + t] @ a[q + s]
    return total


def excitation(moves: tuple[tuple[int, int, int], ...], n: int) -> Matrix:
    """T - T+ of the moves (to, from, spin), the last one acting first."""
    a = annihilators(2 * n)
    t = np.eye(4**n)
    for to, source, spin in moves:
        t = t @ a[to + spin * n].T @ a[source + spin * n]
    return t - t.T


def random_integrals(n: int, seed: int) -> tuple[Matrix, Matrix]:
    """Real integrals with the eight-fold symmetry of real orbitals, and no point group."""
    rng = np.random.default_rng(seed)
    h1 = rng.normal(size=(n, n))
    h2 = rng.normal(size=(n, n, n, n))
    h2 = h2 + h2.transpose(1, 0, 2, 3)
    h2 = h2 + h2.transpose(0, 1, 3, 2)
    return h1 + h1.T, 0.25 * (h2 + h2.transpose(2, 3, 0, 1))
