"""Many assignments of a polynomial of any degree, by Horner's scheme over the tree of its terms
(compiled).

f = c + x_0 (c_0 + x_1 (c_01 + x_2 c_012 + ...) + x_2 (c_02 + ...) + ...) + x_1 (...): terms that
begin alike share their products, so that a term costs one multiplication and one addition an
assignment. The tree is walked once for a block of assignments that stays in cache, and each step
works on the whole block.
"""

from __future__ import annotations

from collections.abc import Mapping

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Tree = tuple[NDArray[np.int64], NDArray[np.int64], Array]
_BLOCK = 256


def tree(terms: Mapping[tuple[int, ...], float]) -> Tree:
    """The non-constant terms as a tree of prefixes, children before their parent.

    Returns:
        (k,) variable, (k,) depth (1 is a single variable) and (k,) coefficient of every prefix; 0
        where it is no term itself.
    """
    prefixes = {t[:k] for t in terms for k in range(1, len(t) + 1)}
    longest = 1 + max((i for t in terms for i in t), default=0)
    # so that a prefix follows everything that it begins
    ordered = sorted(prefixes, key=lambda t: (*t, longest))
    return (
        np.array([t[-1] for t in ordered], dtype=np.int64),
        np.array([len(t) for t in ordered], dtype=np.int64),
        np.array([terms.get(t, 0.0) for t in ordered], dtype=np.float64),
    )


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nsz"})
def _walk(variable, depth, coefficient, constant, x, out):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Fill (m,) `out` with the values at the rows of (m, n) float64 `x`."""
    m, n = x.shape
    deepest = 0
    for k in range(len(depth)):
        deepest = max(deepest, depth[k])
    columns = np.zeros((n, _BLOCK))
    # row d gathers the children of the current prefix of length d
    sums = np.zeros((deepest + 2, _BLOCK))
    for start in range(0, m, _BLOCK):
        rows = min(_BLOCK, m - start)
        for r in range(rows):
            for i in range(n):
                columns[i, r] = x[start + r, i]
        sums[:] = 0.0
        below = 0
        for k in range(len(variable)):
            d, c, column, above = depth[k], coefficient[k], columns[variable[k]], sums[depth[k] - 1]
            if below > d:  # the prefix before this one was its child
                own = sums[d]
                for r in range(_BLOCK):
                    above[r] += (c + own[r]) * column[r]
                    own[r] = 0.0
            else:
                for r in range(_BLOCK):
                    above[r] += c * column[r]
            below = d
        for r in range(rows):
            out[start + r] = constant + sums[0, r]


def evaluate(nodes: Tree, constant: float, x: Array) -> Array:
    """Values at many assignments; a row has the same value in any company.

    Args:
        nodes: From `tree`.
        constant: Coefficient of the empty term.
        x: (m, n) values of the variables.

    Returns:
        (m,) float64.
    """
    out = np.empty(len(x))
    _walk(*nodes, constant, x, out)
    return out
