"""Transferred angles: trained on a small part of the instance, used on all of it (Brandao et al. 2018, arXiv:1812.04170).

The part is the `DONOR` qubits with the strongest couplings among them, chosen greedily; Ising terms that reach outside it have
mean zero there and fall away. Angles belong to the cost divided by `cost_scale`, so those of the part fit the whole. An instance
no larger than the part is trained as it is. Angles of another instance can be given to the solver itself, as `theta`.
"""

from __future__ import annotations

import numpy as np

from qtwin.encoding.pauli import diagonal
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.encoding.spin import from_spins
from qtwin.errors import InputError
from qtwin.solver.angle_search import AngleSearch
from qtwin.solver.landscape import CircuitLandscape, qaoa_landscape
from qtwin.solver.schedule.interp import interp

DONOR = 10
"""Qubits of the part: its circuits cost a thousandth of those of twenty qubits."""


def part_of(polynomial: BinaryPolynomial, size: int) -> BinaryPolynomial:
    """The energy of `size` strongly coupled qubits in the mean field, zero, of the others; all of a polynomial no larger."""
    n = polynomial.n_variables
    if n <= size:
        return polynomial
    h = diagonal(polynomial)
    strength = np.zeros((n, n))
    for row, c in zip(h.z, h.coefficients, strict=True):
        members = np.flatnonzero(row)
        strength[np.ix_(members, members)] += c * c
    np.fill_diagonal(strength, 0.0)
    chosen = [int(np.argmax(strength.sum(axis=1)))]
    while len(chosen) < size:
        pull = strength[chosen].sum(axis=0)
        pull[chosen] = -1.0
        chosen.append(int(np.argmax(pull)))
    place = {i: k for k, i in enumerate(sorted(chosen))}
    inside = [(np.flatnonzero(row).tolist(), float(c)) for row, c in zip(h.z, h.coefficients, strict=True)]
    return from_spins(size, [([place[i] for i in t], c) for t, c in inside if all(i in place for i in t)])


def transferred(search: AngleSearch, layers: int, *, starts: int, rng: np.random.Generator) -> None:
    """Train the part by INTERP and evaluate the whole once.

    Raises:
        InputError: for a circuit other than the plain one, whose part is not known.
    """
    whole = search.landscape
    if not isinstance(whole, CircuitLandscape) or whole.polynomial is None:
        raise InputError("transferred angles came for a circuit whose part is not known", hint='schedule = "interp"')
    donor = search.of(qaoa_landscape(part_of(whole.polynomial, DONOR), whole.energy))
    interp(donor, layers, starts=starts, rng=rng)
    search.deepen(layers)
    search.evaluate(donor.theta)
    search.theta = donor.theta.copy()
    search.close()
