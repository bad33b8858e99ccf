"""QAOA at p = 1 on any Ising model with fields, in closed form."""

from __future__ import annotations

import numpy as np


def ising_p1(h: np.ndarray, j: np.ndarray, gamma: float, beta: float) -> float:
    """<sum h_i Z_i + sum_{i<j} J_ij Z_i Z_j> after exp(-i beta sum X) exp(-i gamma C) on |+>; j (n,
    n) symmetric, zero diagonal.

    Ozaeta, van Dam, McMahon 2022, Quantum Sci. Technol. 7, 045036, theorem 1, in the sign
    convention above.
    """
    n, total = len(h), 0.0
    c = np.cos(2 * gamma * j)
    for i in range(n):
        others = [k for k in range(n) if k != i]
        total += h[i] * np.sin(2 * beta) * np.sin(2 * gamma * h[i]) * c[i, others].prod()
        for k in range(i + 1, n):
            rest = [m for m in range(n) if m not in (i, k)]
            one = (
                np.cos(2 * gamma * h[i]) * c[i, rest].prod()
                + np.cos(2 * gamma * h[k]) * c[k, rest].prod()
            )
            plus = (
                np.cos(2 * gamma * (h[i] + h[k]))
                * np.cos(2 * gamma * (j[i, rest] + j[k, rest])).prod()
            )
            minus = (
                np.cos(2 * gamma * (h[i] - h[k]))
                * np.cos(2 * gamma * (j[i, rest] - j[k, rest])).prod()
            )
            zz = np.sin(4 * beta) / 2 * np.sin(2 * gamma * j[i, k]) * one - np.sin(
                2 * beta
            ) ** 2 / 2 * (plus - minus)
            total += j[i, k] * zz
    return float(total)
