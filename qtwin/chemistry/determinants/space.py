"""Which determinants there are, and which of them the Hamiltonian connects to the lowest one.

A determinant is a pair of occupation strings (alpha, beta), bit p = orbital p. The block that the
Hamiltonian reaches from the lowest determinant is its point-group block, found without naming the
group.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples, check_shots
from qtwin.errors import InputError, TooLargeError

Ints = NDArray[np.int64]
MOST_ORBITALS = 24
_NEGLIGIBLE_HARTREE = 1e-12
_JIT: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


@dataclass(frozen=True, kw_only=True)
class Space:
    """Determinants, in a fixed order.

    Attributes:
        n_orbitals, n_alpha, n_beta: Of the full space.
        alpha, beta: (d,) occupation strings.
        address: (C(n, n_alpha) C(n, n_beta),) place of a determinant in this order, -1 if it is
            left out.
        rank_alpha, rank_beta: (2^n,) place of a string among those with its number of electrons.
    """

    n_orbitals: int
    n_alpha: int
    n_beta: int
    alpha: Ints
    beta: Ints
    address: Ints
    rank_alpha: Ints
    rank_beta: Ints

    @property
    def size(self) -> int:
        """Number of determinants."""
        return len(self.alpha)


def strings(n: int, k: int) -> tuple[Ints, Ints]:
    """All strings of k electrons in n orbitals, rising, and (2^n,) the place of each."""
    found = np.arange(1 << n, dtype=np.int64)
    found = found[np.bitwise_count(found) == k]
    rank = np.full(1 << n, -1, dtype=np.int64)
    rank[found] = np.arange(len(found))
    return found, rank


def full_size(n_orbitals: int, n_alpha: int, n_beta: int) -> int:
    """C(n, n_alpha) C(n, n_beta) determinants."""
    return comb(n_orbitals, n_alpha) * comb(n_orbitals, n_beta)


def space_of(
    h1_hartree: NDArray[np.float64],
    h2_hartree: NDArray[np.float64],
    n_alpha: int,
    n_beta: int,
    *,
    symmetric: bool = False,
    most: int = 50_000_000,
) -> Space:
    """All determinants of the electrons, or those connected to the lowest one by the Hamiltonian.

    Args:
        h1_hartree: (n, n) one-electron integrals.
        h2_hartree: (n, n, n, n) two-electron integrals (pq|rs) in chemists' order.
        n_alpha: Electrons of spin up.
        n_beta: Electrons of spin down.
        symmetric: Keep only the block that the Hamiltonian reaches from the lowest determinant.
        most: Refuse full spaces of more determinants.

    Raises:
        InputError: for integrals of the wrong shape or not finite, electrons that do not fit, or
            too many determinants.
    """
    n = len(h1_hartree)
    if h1_hartree.shape != (n, n) or h2_hartree.shape != (n,) * 4:
        raise InputError(
            f"expected integrals (n, n) and (n, n, n, n), got shapes {h1_hartree.shape} and "
            f"{h2_hartree.shape}",
            hint="restore the full two-electron array",
        )
    if not (np.isfinite(h1_hartree).all() and np.isfinite(h2_hartree).all()):
        raise InputError(
            "expected finite integrals, got NaN or infinity",
            hint="check the geometry and the basis",
        )
    if not (0 <= n_alpha <= n and 0 <= n_beta <= n) or n < 1:
        raise InputError(
            f"got {n_alpha} and {n_beta} electrons in {n} orbitals",
            hint=f"0 to {n} of each spin fit",
        )
    size = full_size(n, n_alpha, n_beta)
    if n > MOST_ORBITALS or size > most:
        raise TooLargeError(
            f"expected at most {most:,} determinants of {MOST_ORBITALS} orbitals, got "
            f"{size:,} of {n}"
            f" ({size * 8 / 2**30:.3g} GiB a vector)",
            hint="take a smaller active space",
        )
    up, rank_up = strings(n, n_alpha)
    down, rank_down = strings(n, n_beta)
    reached = (
        np.ones(size, dtype=np.bool_)
        if not symmetric
        else _reach(
            np.array(h1_hartree, order="C"),
            np.array(h2_hartree, order="C"),
            n,
            (1 << n_alpha) - 1,
            (1 << n_beta) - 1,
            rank_up,
            rank_down,
            len(up),
            len(down),
            _NEGLIGIBLE_HARTREE,
        )
    )
    inside = np.flatnonzero(reached)
    address = np.full(size, -1, dtype=np.int64)
    address[inside] = np.arange(len(inside))
    return Space(
        n_orbitals=n,
        n_alpha=n_alpha,
        n_beta=n_beta,
        alpha=up[inside // len(down)],
        beta=down[inside % len(down)],
        address=address,
        rank_alpha=rank_up,
        rank_beta=rank_down,
    )


def lowest(space: Space) -> int:
    """Place of the determinant of the lowest orbitals."""
    down = int((space.rank_beta >= 0).sum())
    return int(
        space.address[
            space.rank_alpha[(1 << space.n_alpha) - 1] * down
            + space.rank_beta[(1 << space.n_beta) - 1]
        ]
    )


def drawn(space: Space, weight: NDArray[np.float64], *, shots: int, seed: int) -> Samples:
    """Occupations of all spin orbitals, alpha first, by the (d,) weights of the determinants."""
    check_shots(shots)
    counts = np.random.default_rng(seed).multinomial(shots, weight / weight.sum())
    kept = np.flatnonzero(counts)
    orbitals = np.arange(space.n_orbitals)
    halves = [half[kept][:, None] >> orbitals & 1 for half in (space.alpha, space.beta)]
    return Samples(bits=np.hstack(halves).astype(np.uint8), counts=counts[kept].astype(np.int64))


@numba.njit(**_JIT)
def parity(string, p, q):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """-1 or 1: electrons of `string` strictly between orbitals p and q."""
    low, high = (p, q) if p < q else (q, p)
    between = (string >> (low + 1)) & ((np.int64(1) << (high - low - 1)) - 1)
    odd = 0
    while between:
        between &= between - 1
        odd ^= 1
    return -1.0 if odd else 1.0


@numba.njit(**_JIT)
def single(h1, h2, n, own, other, i, a):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """<D'|H|D> for i to a in the string `own` beside `other` (Slater-Condon), sign included."""
    value = h1[a, i]
    for k in range(n):
        if (own >> k) & 1 and k != i:
            value += h2[a, i, k, k] - h2[a, k, k, i]
        if (other >> k) & 1:
            value += h2[a, i, k, k]
    return value * parity(own, i, a)


@numba.njit(**_JIT)
def double_same(h2, string, i, j, a, b):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """<D'|H|D> for i, j to a, b of one spin, sign included."""
    middle = string ^ (np.int64(1) << i) ^ (np.int64(1) << a)
    return (h2[a, i, b, j] - h2[a, j, b, i]) * parity(string, i, a) * parity(middle, j, b)


@numba.njit(**_JIT)
def _reach(h1, h2, n, start_up, start_down, rank_up, rank_down, n_up, n_down, least):  # type: ignore[no-untyped-def]  # pragma: no cover
    """(n_up n_down,) whether the Hamiltonian connects each determinant to the first one, in any
    number of steps.
    """
    reached = np.zeros(n_up * n_down, dtype=np.bool_)
    queue_up = np.empty(n_up * n_down, dtype=np.int64)
    queue_down = np.empty(n_up * n_down, dtype=np.int64)
    queue_up[0], queue_down[0] = start_up, start_down
    reached[rank_up[start_up] * n_down + rank_down[start_down]] = True
    head, tail = 0, 1
    one = np.int64(1)
    while head < tail:
        up, down = queue_up[head], queue_down[head]
        head += 1
        for spin in range(2):
            own, other = (up, down) if spin == 0 else (down, up)
            for i in range(n):
                if not (own >> i) & 1:
                    continue
                for a in range(n):
                    if (own >> a) & 1:
                        continue
                    moved = own ^ (one << i) ^ (one << a)
                    new_up, new_down = (moved, down) if spin == 0 else (up, moved)
                    place = rank_up[new_up] * n_down + rank_down[new_down]
                    if not reached[place] and abs(single(h1, h2, n, own, other, i, a)) > least:
                        reached[place] = True
                        queue_up[tail], queue_down[tail] = new_up, new_down
                        tail += 1
                    for j in range(i + 1, n):
                        if not (own >> j) & 1:
                            continue
                        for b in range(a + 1, n):
                            if (own >> b) & 1:
                                continue
                            twice = moved ^ (one << j) ^ (one << b)
                            new_up, new_down = (twice, down) if spin == 0 else (up, twice)
                            place = rank_up[new_up] * n_down + rank_down[new_down]
                            if not reached[place] and abs(h2[a, i, b, j] - h2[a, j, b, i]) > least:
                                reached[place] = True
                                queue_up[tail], queue_down[tail] = new_up, new_down
                                tail += 1
                    if spin == 1:
                        continue
                    for j in range(n):
                        if not (down >> j) & 1:
                            continue
                        for b in range(n):
                            if (down >> b) & 1:
                                continue
                            new_down = down ^ (one << j) ^ (one << b)
                            place = rank_up[moved] * n_down + rank_down[new_down]
                            if not reached[place] and abs(h2[a, i, b, j]) > least:
                                reached[place] = True
                                queue_up[tail], queue_down[tail] = moved, new_down
                                tail += 1
    return reached
