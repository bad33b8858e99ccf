"""The two-electron integrals as a sum of squares of one-electron operators, each diagonal in a
basis of its own.

(pq|rs) = sum_l L^l_pq L^l_rs, L^l = U^l diag(f^l) U^l+ (Motta et al. 2021, npj Quantum Inf 7:83;
von Burg et al. 2021, PR Research 3:033055). Fault-tolerant costs grow with the number of factors,
with that of their eigenvectors, and with the one-norm

    lambda = sum |eigenvalues of T| + 1/4 sum_l (sum_m |f^l_m|)^2,
    T_pq = h_pq - 1/2 sum_r (pr|rq) + sum_r (rr|pq).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Factorization:
    """Integrals, factorised twice.

    Attributes:
        vectors: (L, n, n) U^l, eigenvectors in columns.
        values: (L, n) f^l in root hartree, 0 where cut.
        lambda_hartree: One-norm.
        eigenvectors: Values that were kept, of all factors together (Xi).
        largest_error_hartree: Largest deviation of an integral.
    """

    vectors: Floats
    values: Floats
    lambda_hartree: float
    eigenvectors: int
    largest_error_hartree: float

    @property
    def rank(self) -> int:
        """Factors (L)."""
        return len(self.values)

    def integrals_hartree(self) -> Floats:
        """(n, n, n, n) what the factors add up to."""
        factors = np.einsum("lpm,lm,lqm->lpq", self.vectors, self.values, self.vectors)
        return np.asarray(np.einsum("lpq,lrs->pqrs", factors, factors))


def double_factorization(
    h1_hartree: Floats, h2_hartree: Floats, *, threshold: float = 1e-8
) -> Factorization:
    """Eigenvectors of the integrals as an (n^2, n^2) matrix, then of each of them as an (n, n)
    matrix.

    Args:
        h1_hartree: (n, n) one-electron integrals.
        h2_hartree: (n, n, n, n) two-electron integrals (pq|rs) of real orbitals.
        threshold: Values f^l_m with (sum_k |f^l_k|) |f^l_m| below it are cut (von Burg et al. 2021,
            appendix VII.C), in hartree.

    Raises:
        InputError: for integrals that do not fit each other or are not those of real orbitals, or a
            threshold that is negative.
    """
    n = len(h1_hartree)
    if h1_hartree.shape != (n, n) or h2_hartree.shape != (n,) * 4 or not threshold >= 0.0:
        raise InputError(
            f"got integrals of shapes {h1_hartree.shape} and {h2_hartree.shape} and "
            f"threshold {threshold}",
            hint="(n, n), (n, n, n, n) and a threshold of at least 0",
        )
    square = h2_hartree.reshape(n * n, n * n)
    if not np.isfinite(square).all() or float(np.abs(square - square.T).max()) > 1e-8:
        raise InputError(
            "expected two-electron integrals of real orbitals, got others", hint="check their order"
        )
    weight, factors = np.linalg.eigh(square)
    if weight.min() < -1e-6 * max(1.0, weight.max()):
        raise InputError(
            f"expected two-electron integrals without eigenvalues below 0, got {weight.min():.2g}",
            hint="repulsion is positive: check their order",
        )
    kept = weight > 1e-14 * weight.max()
    matrices = (factors[:, kept] * np.sqrt(weight[kept])).T.reshape(-1, n, n)
    values, vectors = np.linalg.eigh(0.5 * (matrices + matrices.transpose(0, 2, 1)))
    small = np.abs(values).sum(axis=1, keepdims=True) * np.abs(values) <= threshold
    values = np.where(small, 0.0, values)
    alive = (values != 0.0).any(axis=1)
    values, vectors = values[alive], vectors[alive]
    one = h1_hartree - 0.5 * np.einsum("prrq->pq", h2_hartree) + np.einsum("rrpq->pq", h2_hartree)
    norm = float(
        np.abs(np.linalg.eigvalsh(one)).sum() + 0.25 * (np.abs(values).sum(axis=1) ** 2).sum()
    )
    found = Factorization(
        vectors=vectors,
        values=values,
        lambda_hartree=norm,
        eigenvectors=int((values != 0.0).sum()),
        largest_error_hartree=0.0,
    )
    error = float(np.abs(found.integrals_hartree() - h2_hartree).max())
    return Factorization(
        vectors=vectors,
        values=values,
        lambda_hartree=norm,
        eigenvectors=found.eigenvectors,
        largest_error_hartree=error,
    )
