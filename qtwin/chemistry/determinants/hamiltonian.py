"""The Hamiltonian on a space of determinants as a sparse matrix, by the Slater-Condon rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.determinants.space import Space, double_same, parity, single
from qtwin.errors import TooLargeError

Floats = NDArray[np.float64]
_NEGLIGIBLE_HARTREE = 1e-14
_SAMPLED, _ROWS = 256, 20_000
_JIT: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
THREADED_FROM = 20_000


@dataclass(frozen=True, kw_only=True)
class Hamiltonian:
    """Compressed sparse rows without the core energy; symmetric, so that rows are columns.

    Attributes:
        start: (d + 1,) first entry of each row.
        column: (nnz,) int32.
        value_hartree: (nnz,).
        core_hartree: Added to every expectation.
    """

    start: NDArray[np.int64]
    column: NDArray[np.int32]
    value_hartree: Floats
    core_hartree: float

    def apply(self, state: Floats, out: Floats) -> None:
        """Out = H state, without the core energy."""
        multiply = product_threaded if len(state) >= THREADED_FROM else product
        multiply(self.start, self.column, self.value_hartree, state, out)


def hamiltonian(
    space: Space,
    h1_hartree: Floats,
    h2_hartree: Floats,
    core_hartree: float,
    *,
    most_bytes: int = 6 << 30,
) -> Hamiltonian:
    """All elements between determinants of the space.

    Raises:
        TooLargeError: when they need more than `most_bytes`, with the number of determinants and
            bytes.
    """
    # of read-only arrays all would be compiled anew
    h1, h2 = np.array(h1_hartree, order="C"), np.array(h2_hartree, order="C")
    n, n_down = space.n_orbitals, int((space.rank_beta >= 0).sum())
    maps = (space.rank_alpha, space.rank_beta, n_down, space.address)
    few = np.linspace(0, space.size - 1, _SAMPLED).astype(np.int64)
    if space.size > 100 * _SAMPLED:  # what is far too large is refused before every row is counted
        about = (
            float(
                _count(
                    h1, h2, n, space.alpha[few], space.beta[few], *maps, _NEGLIGIBLE_HARTREE
                ).mean()
            )
            * space.size
        )
        if 12 * about > 1.1 * most_bytes:
            raise TooLargeError(
                f"the Hamiltonian of {space.size:,} determinants has about {about:.2g} "
                f"elements ({12 * about / 2**30:.2g} GiB),"
                f" expected at most {most_bytes / 2**30:.3g} GiB",
                hint="take a smaller active space",
            )
    # a call of machine code cannot be interrupted
    rows = [slice(k, k + _ROWS) for k in range(0, space.size, _ROWS)]
    counts = np.concatenate(
        [
            _count(h1, h2, n, space.alpha[r], space.beta[r], *maps, _NEGLIGIBLE_HARTREE)
            for r in rows
        ],
        dtype=np.int64,
    )
    start = np.zeros(space.size + 1, dtype=np.int64)
    np.cumsum(counts, out=start[1:])
    needed = int(start[-1]) * 12
    if needed > most_bytes:
        raise TooLargeError(
            f"the Hamiltonian of {space.size:,} determinants has {int(start[-1]):,} "
            f"elements ({needed / 2**30:.3g} GiB),"
            f" expected at most {most_bytes / 2**30:.3g} GiB",
            hint="take a smaller active space",
        )
    column, value = np.empty(int(start[-1]), dtype=np.int32), np.empty(int(start[-1]))
    for r in rows:
        _fill(
            h1,
            h2,
            n,
            space.alpha[r],
            space.beta[r],
            *maps,
            _NEGLIGIBLE_HARTREE,
            start[r],
            column,
            value,
        )
    return Hamiltonian(
        start=start, column=column, value_hartree=value, core_hartree=float(core_hartree)
    )


@numba.njit(**_JIT)
def _diagonal(h1, h2, n, up, down):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    value = 0.0
    for p in range(n):
        u, d = (up >> p) & 1, (down >> p) & 1
        value += h1[p, p] * (u + d)
        if not u and not d:
            continue
        for q in range(n):
            v, e = (up >> q) & 1, (down >> q) & 1
            value += 0.5 * (u * v + d * e) * (h2[p, p, q, q] - h2[p, q, q, p])
            value += u * e * h2[p, p, q, q]
    return value


@numba.njit(**_JIT)
def _row(h1, h2, n, up, down, rank_up, rank_down, n_down, address, least, column, value, at, write):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The elements of one row: their number, written from `at` on where `write`."""
    one = np.int64(1)
    count = 1
    if write:
        column[at] = address[rank_up[up] * n_down + rank_down[down]]
        value[at] = _diagonal(h1, h2, n, up, down)
    for spin in range(2):
        own, other = (up, down) if spin == 0 else (down, up)
        for i in range(n):
            if not (own >> i) & 1:
                continue
            for a in range(n):
                if (own >> a) & 1:
                    continue
                moved = own ^ (one << i) ^ (one << a)
                place = (
                    address[rank_up[moved] * n_down + rank_down[down]]
                    if spin == 0
                    else (address[rank_up[up] * n_down + rank_down[moved]])
                )
                if place >= 0:
                    element = single(h1, h2, n, own, other, i, a)
                    if abs(element) > least:
                        if write:
                            column[at + count], value[at + count] = place, element
                        count += 1
                for j in range(i + 1, n):
                    if not (own >> j) & 1:
                        continue
                    for b in range(a + 1, n):
                        if (own >> b) & 1:
                            continue
                        twice = moved ^ (one << j) ^ (one << b)
                        place = (
                            address[rank_up[twice] * n_down + rank_down[down]]
                            if spin == 0
                            else (address[rank_up[up] * n_down + rank_down[twice]])
                        )
                        if place < 0:
                            continue
                        element = double_same(h2, own, i, j, a, b)
                        if abs(element) > least:
                            if write:
                                column[at + count], value[at + count] = place, element
                            count += 1
                if spin == 1:
                    continue
                sign = parity(own, i, a)
                for j in range(n):
                    if not (down >> j) & 1:
                        continue
                    for b in range(n):
                        if (down >> b) & 1:
                            continue
                        element = h2[a, i, b, j]
                        if abs(element) <= least:
                            continue
                        place = address[
                            rank_up[moved] * n_down + rank_down[down ^ (one << j) ^ (one << b)]
                        ]
                        if place >= 0:
                            if write:
                                column[at + count], value[at + count] = (
                                    place,
                                    element * sign * parity(down, j, b),
                                )
                            count += 1
    return count


@numba.njit(parallel=True, **_JIT)
def _count(h1, h2, n, up, down, rank_up, rank_down, n_down, address, least):  # type: ignore[no-untyped-def]  # pragma: no cover
    counts = np.empty(len(up), dtype=np.int64)
    nothing, nowhere = np.empty(0), np.empty(0, dtype=np.int32)
    for d in numba.prange(len(up)):
        counts[d] = _row(
            h1,
            h2,
            n,
            up[d],
            down[d],
            rank_up,
            rank_down,
            n_down,
            address,
            least,
            nowhere,
            nothing,
            0,
            False,
        )
    return counts


@numba.njit(parallel=True, **_JIT)
def _fill(h1, h2, n, up, down, rank_up, rank_down, n_down, address, least, start, column, value):  # type: ignore[no-untyped-def]  # pragma: no cover
    for d in numba.prange(len(up)):
        _row(
            h1,
            h2,
            n,
            up[d],
            down[d],
            rank_up,
            rank_down,
            n_down,
            address,
            least,
            column,
            value,
            start[d],
            True,
        )


@numba.njit(fastmath=True, **_JIT)
def product(start, column, value, state, out):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Out = H state."""
    for d in range(len(out)):
        total = 0.0
        for k in range(start[d], start[d + 1]):
            total += value[k] * state[column[k]]
        out[d] = total


@numba.njit(fastmath=True, parallel=True, **_JIT)
def product_threaded(start, column, value, state, out):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """The same, rows shared between threads."""
    for d in numba.prange(len(out)):
        total = 0.0
        for k in range(start[d], start[d + 1]):
            total += value[k] * state[column[k]]
        out[d] = total
