"""Diagonalisation among strings against dense matrices; spin and occupations; recovery of spoilt
samples.
"""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.backend.base import Samples
from qtwin.chemistry.determinants.space import strings
from qtwin.chemistry.determinants.subspace import lowest, spanned
from qtwin.chemistry.method.sqd import recovered
from qtwin.errors import InputError
from tests.oracles import fermions


def _spin_squared(n: int) -> np.ndarray:
    """S^2 = S- S+ + Sz (Sz + 1) by ladder matrices."""
    a = fermions.annihilators(2 * n)
    raising = sum(a[p].T @ a[p + n] for p in range(n))
    z = 0.5 * sum(a[p].T @ a[p] - a[p + n].T @ a[p + n] for p in range(n))
    return raising.T @ raising + z @ (z + np.eye(4**n))


@pytest.mark.parametrize(
    ("n", "up", "down", "spin"), [(3, 1, 1, 0.0), (3, 1, 1, 1.0), (3, 2, 1, 0.5), (3, 2, 2, 0.0)]
)
def test_the_lowest_state_of_each_spin_is_that_of_the_matrices(
    n: int, up: int, down: int, spin: float
) -> None:
    h1, h2 = fermions.random_integrals(n, 11)
    dense, squared = fermions.hamiltonian(h1, 0.3 * h2, 0.2), _spin_squared(n)
    inside = [
        i
        for i in range(4**n)
        if (bin(i & (2**n - 1)).count("1"), bin(i >> n).count("1")) == (up, down)
    ]
    values, vectors = np.linalg.eigh(dense[np.ix_(inside, inside)])
    spins = np.einsum("ik,ij,jk->k", vectors, squared[np.ix_(inside, inside)], vectors)
    expected = values[np.abs(spins - spin * (spin + 1)) < 1e-6][0]
    space = spanned(n, up, down, strings(n, up)[0], strings(n, down)[0])
    found = lowest(space, h1, 0.3 * h2, 0.2, spin_squared=spin * (spin + 1), penalty_hartree=50.0)
    assert found.energy_hartree == pytest.approx(expected, abs=1e-8)
    assert found.spin_squared == pytest.approx(spin * (spin + 1), abs=1e-8)
    assert [o.sum() for o in found.occupancies] == pytest.approx([up, down])


def test_fewer_strings_cannot_lower_the_energy() -> None:
    h1, h2 = fermions.random_integrals(4, 2)
    every = strings(4, 2)[0]
    spaces = [spanned(4, 2, 2, every[:k], every[:k]) for k in range(1, 7)]
    energies = [
        lowest(s, h1, 0.3 * h2, 0.0, spin_squared=0.0, penalty_hartree=0.0).energy_hartree
        for s in spaces
    ]
    assert energies == sorted(energies, reverse=True)


def test_recovery_mends_what_a_flip_broke() -> None:
    """With occupancies near certainty the mended row is the determinant: this fixes which orbital
    and spin is which.
    """
    pytest.importorskip("qiskit_addon_sqd")
    right = np.array([1, 1, 0, 0, 0, 1, 0, 0], dtype=np.uint8)
    occupancies = np.array([0.99, 0.98, 0.01, 0.02]), np.array([0.01, 0.99, 0.02, 0.01])
    for flipped in range(8):
        row = right.copy()
        row[flipped] ^= 1
        for seed in range(3):
            found = recovered(
                Samples(bits=row[None], counts=np.array([5])), occupancies, 2, 1, seed=seed
            )
            np.testing.assert_array_equal(found.bits, right[None])


def test_strings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="at least one string"):
        spanned(3, 1, 1, np.empty(0, dtype=np.int64), np.array([1]))
    with pytest.raises(InputError, match="electron numbers"):
        spanned(3, 1, 1, np.array([3]), np.array([1]))
