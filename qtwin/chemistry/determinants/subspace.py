"""Exact diagonalisation among chosen strings: all pairs of some alpha with some beta strings, in a
state of the target spin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.determinants.hamiltonian import Hamiltonian, hamiltonian
from qtwin.chemistry.determinants.space import Ints, Space, full_size, strings
from qtwin.errors import InputError, TooLargeError

Floats = NDArray[np.float64]
_DENSE = 400
_MOST = 50_000_000


@dataclass(frozen=True, kw_only=True)
class Lowest:
    """The lowest state of a subspace.

    Attributes:
        energy_hartree: <H>, without the penalty on spin.
        spin_squared: <S^2>.
        occupancies: (n,) of alpha and of beta orbitals.
        dimension: Determinants.
        amplitudes: (d,) of the determinants, pairs of strings in rising order, beta fastest.
    """

    energy_hartree: float
    spin_squared: float
    occupancies: tuple[Floats, Floats]
    dimension: int
    amplitudes: Floats


def spanned(n_orbitals: int, n_alpha: int, n_beta: int, alpha: Ints, beta: Ints) -> Space:
    """The space of all pairs of the strings.

    Raises:
        InputError: for no string, strings of other electron numbers, or too many orbitals.
    """
    if not len(alpha) or not len(beta):
        raise InputError(
            "expected at least one string, got none", hint="sample more, or mend the samples"
        )
    if full_size(n_orbitals, n_alpha, n_beta) > _MOST:
        raise TooLargeError(
            f"{full_size(n_orbitals, n_alpha, n_beta):,} determinants would have to be numbered",
            hint="take a smaller active space",
        )
    up, rank_up = strings(n_orbitals, n_alpha)
    down, rank_down = strings(n_orbitals, n_beta)
    a, b = np.unique(alpha), np.unique(beta)
    if (rank_up[a] < 0).any() or (rank_down[b] < 0).any():
        raise InputError(
            "expected strings of equal electron numbers, got others", hint="mend or drop them"
        )
    address = np.full(len(up) * len(down), -1, dtype=np.int64)
    address[(rank_up[a][:, None] * len(down) + rank_down[b]).ravel()] = np.arange(len(a) * len(b))
    return Space(
        n_orbitals=n_orbitals,
        n_alpha=n_alpha,
        n_beta=n_beta,
        alpha=np.repeat(a, len(b)),
        beta=np.tile(b, len(a)),
        address=address,
        rank_alpha=rank_up,
        rank_beta=rank_down,
    )


def lowest(
    space: Space,
    h1_hartree: Floats,
    h2_hartree: Floats,
    core_hartree: float,
    *,
    spin_squared: float,
    penalty_hartree: float = 0.5,
) -> Lowest:
    """The lowest state of H + penalty |S^2 - s (s + 1)|: without the penalty a triplet may hide
    below a singlet.

    S^2 = N - N^2/4 - 1/2 sum a+_p a+_q a_p a_q over orbitals and spins is a change of the integrals
    (pq|qp). The penalty is linear where s is the least that the electrons allow, and squared
    otherwise.

    Args:
        space: Of all pairs of some strings.
        h1_hartree: (n, n) one-electron integrals.
        h2_hartree: (n, n, n, n) two-electron integrals.
        core_hartree: The constant.
        spin_squared: s (s + 1).
        penalty_hartree: Weight.
    """
    from scipy.sparse import identity

    h = hamiltonian(space, h1_hartree, h2_hartree, 0.0)
    spin = _spin(space)
    least = 0.25 * (space.n_alpha - space.n_beta) ** 2 + 0.5 * abs(space.n_alpha - space.n_beta)
    off = spin - spin_squared * identity(space.size, format="csr")
    pushed = _matrix(h) + penalty_hartree * (off if spin_squared <= least else off @ off)
    if space.size <= _DENSE:
        amplitudes = np.linalg.eigh(pushed.toarray())[1][:, 0]
    else:
        from scipy.sparse.linalg import eigsh

        start = np.zeros(space.size)
        start[int(np.argmin(pushed.diagonal()))] = 1.0
        amplitudes = eigsh(pushed, k=1, which="SA", v0=start + 1e-3, tol=1e-10)[1][:, 0]
    bits = np.arange(space.n_orbitals)
    weight = amplitudes**2
    occupied = tuple(
        weight @ (half[:, None] >> bits & 1).astype(np.float64)
        for half in (space.alpha, space.beta)
    )
    return Lowest(
        energy_hartree=float(amplitudes @ (_matrix(h) @ amplitudes)) + core_hartree,
        spin_squared=float(amplitudes @ (spin @ amplitudes)),
        occupancies=(occupied[0], occupied[1]),
        dimension=space.size,
        amplitudes=amplitudes,
    )


def _matrix(h: Hamiltonian):  # type: ignore[no-untyped-def]
    from scipy.sparse import csr_matrix

    return csr_matrix((h.value_hartree, h.column, h.start))


def _spin(space: Space):  # type: ignore[no-untyped-def]
    """S^2 as a sparse matrix."""
    from scipy.sparse import identity

    n, electrons = space.n_orbitals, space.n_alpha + space.n_beta
    exchange = np.zeros((n, n, n, n))
    p = np.arange(n)
    exchange[p[:, None], p, p, p[:, None]] = -1.0
    pairs = hamiltonian(space, np.zeros((n, n)), exchange, 0.0)
    return _matrix(pairs) + (electrons - 0.25 * electrons**2) * identity(space.size, format="csr")
