"""QAOA with one layer in closed form, for any Ising energy with fields (Ozaeta, van Dam, McMahon
2022, QST 7:045036).

For C = sum h_i Z_i + sum J_ij Z_i Z_j, from e^{i b X} Z e^{-i b X} = Z cos 2b + Y sin 2b, each Y
carried through the cost layer:

    <Z_i>     = sin 2b sin(2g h_i) prod_k cos(2g J_ik)
    <Z_i Z_j> = (1/2) sin 4b sin(2g J_ij) [cos(2g h_i) prod_k cos(2g J_ik) + cos(2g h_j) prod_k
              cos(2g J_jk)] + (1/2) sin^2 2b [cos 2g(h_i - h_j) prod_k cos 2g(J_ik - J_jk) - cos
              2g(h_i + h_j) prod_k cos 2g(J_ik + J_jk)]

with k running over the spins other than i and j.
"""

from __future__ import annotations

import math

from qtwin.encoding.polynomial import BinaryPolynomial


def ising(polynomial: BinaryPolynomial) -> tuple[float, list[float], list[list[float]]]:
    """(constant, h, symmetric J) of a QUBO through x = (1 - Z) / 2, written out term by term."""
    n = polynomial.n_variables
    constant, h, J = 0.0, [0.0] * n, [[0.0] * n for _ in range(n)]
    for term, c in polynomial.terms.items():
        if len(term) == 0:
            constant += c
        elif len(term) == 1:
            constant += c / 2
            h[term[0]] -= c / 2
        else:
            i, j = term
            constant += c / 4
            h[i] -= c / 4
            h[j] -= c / 4
            J[i][j] += c / 4
            J[j][i] += c / 4
    return constant, h, J


def energy(polynomial: BinaryPolynomial, g: float, b: float) -> float:
    """<C> at one layer of the unscaled cost: exp(-i b sum X) exp(-i g C) |+>."""
    constant, h, J = ising(polynomial)
    n = len(h)
    total = constant
    for i in range(n):
        alone = math.prod(math.cos(2 * g * J[i][k]) for k in range(n) if k != i)
        total += h[i] * math.sin(2 * b) * math.sin(2 * g * h[i]) * alone
    for i in range(n):
        for j in range(i + 1, n):
            others = [k for k in range(n) if k not in (i, j)]
            fields = [
                math.cos(2 * g * h[a]) * math.prod(math.cos(2 * g * J[a][k]) for k in others)
                for a in (i, j)
            ]
            signs = [
                math.cos(2 * g * (h[i] + s * h[j]))
                * math.prod(math.cos(2 * g * (J[i][k] + s * J[j][k])) for k in others)
                for s in (-1, 1)
            ]
            pair = 0.5 * math.sin(4 * b) * math.sin(2 * g * J[i][j]) * sum(fields)
            total += J[i][j] * (pair + 0.5 * math.sin(2 * b) ** 2 * (signs[0] - signs[1]))
    return total
