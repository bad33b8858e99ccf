"""Operators on spin orbitals as sums of words c X^x Z^z with integer masks: the algebra in which Jordan-Wigner is written.

X^x Z^z flips the bits of x after the signs of z; Y = i X Z. Products are (X^x Z^z)(X^u Z^v) = (-1)^|z & u| X^(x^u) Z^(z^v). Bit p
of a mask is spin orbital p (alpha orbitals first), so that up to 64 spin orbitals fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
        return Words(x=self.x, z=self.z, c=self.c.conj() * (1.0 - 2.0 * (np.bitwise_count(self.x & self.z) & 1)))


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
    return Words(x=np.array([x], dtype=np.uint64), z=np.array([z], dtype=np.uint64), c=np.array([c], dtype=np.complex128))


def annihilator(p: int, *, strings: bool = True) -> Words:
    """a_p = X_p Z_(q<p) (1 - Z_p) / 2; without the string of Z it is the qubit's own lowering operator."""
    before = (1 << p) - 1 if strings else 0
    return word(1 << p, before, 0.5) + word(1 << p, before | 1 << p, -0.5)


def number(p: int) -> Words:
    """n_p = (1 - Z_p) / 2."""
    return word(0, 0, 0.5) + word(0, 1 << p, -0.5)
