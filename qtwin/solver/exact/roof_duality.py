"""Roof duality: variables of an unconstrained quadratic whose optimal value a maximum flow tells,
and a lower bound.

Write the quadratic as a posiform, constant + sum a u v with a > 0 over literals (u is x_i or 1 -
x_i, and the constant 1 for linear terms). Every term a u v gives the arcs u -> not v and v -> not
u: who sets u pays a unless v is off. A maximum flow from 1 to 0 pushes as much as possible into the
constant, which becomes the roof-dual bound, and leaves a residual posiform (Boros, Hammer 2002,
Discrete Applied Mathematics 123:155; Boros, Hammer, Sun, Tavares 2008, Discrete Optimization
5:501).

Let U be literals, none together with its negation, that no residual arc leaves. Setting them to 1
never raises the energy: a residual term with a literal of U has its partner off, one with the
negation of a literal of U is 0. If U is what the residual reaches from the constant 1, every
optimum sets it so (strong persistency); for any other such U some optimum does (weak).

Floats are binary fractions: times one power of two all capacities are whole numbers of Python, and
flow, bound and proof exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError

_ONE, _ZERO = -1, -2
"""The nodes of the constants; literal x_i is node 2 i + 1, its negation 2 i."""


@dataclass(frozen=True, kw_only=True)
class RoofDuality:
    """What roof duality says about a quadratic.

    Attributes:
        n_variables: Of the quadratic.
        fixed: Variable to the value that it has in some optimum, all of them together.
        strong: Those that have it in every optimum.
        bound: Roof-dual lower bound on the energy.
    """

    n_variables: int
    fixed: Mapping[int, int]
    strong: frozenset[int]
    bound: float

    @property
    def free(self) -> tuple[int, ...]:
        """Variables that are not fixed, rising."""
        return tuple(i for i in range(self.n_variables) if i not in self.fixed)

    def reduced(self, polynomial: BinaryPolynomial) -> BinaryPolynomial:
        """The polynomial over the free variables, renumbered, with the fixed ones put in; its
        minimum is the same.
        """
        place = {i: k for k, i in enumerate(self.free)}
        kept = [(t, c) for t, c in polynomial.terms.items() if all(self.fixed.get(i, 1) for i in t)]
        return BinaryPolynomial.of(
            len(place), [(tuple(place[i] for i in t if i in place), c) for t, c in kept]
        )

    def lifted(self, bits: NDArray[np.generic]) -> NDArray[np.uint8]:
        """(m, n_free) bits of the reduced polynomial to (m, n_variables)."""
        rows = np.asarray(bits, dtype=np.uint8)
        whole = np.zeros((len(rows), self.n_variables), dtype=np.uint8)
        whole[:, list(self.free)] = rows
        for i, value in self.fixed.items():
            whole[:, i] = value
        return whole


def roof_duality(polynomial: BinaryPolynomial) -> RoofDuality:
    """Fix what a maximum flow can fix.

    Raises:
        InputError: for a degree above 2.
    """
    import networkx as nx

    if polynomial.degree > 2:
        raise InputError(
            f"expected a quadratic polynomial, got degree {polynomial.degree}",
            hint="quadratise it first",
        )
    constant, unit, arcs = _implications(polynomial)
    network: Any = nx.DiGraph()
    network.add_nodes_from((_ONE, _ZERO))
    for (u, v), capacity in arcs.items():
        network.add_edge(u, v, capacity=capacity)
    residual = nx.algorithms.flow.preflow_push(network, _ONE, _ZERO)
    left = _residual(residual)
    bound = constant + Fraction(int(residual.graph["flow_value"]), 2 * unit)
    reached = set(nx.descendants(left, _ONE)) if _ONE in left else set()
    literals = reached | _closed(left, reached)
    return RoofDuality(
        n_variables=polynomial.n_variables,
        fixed={u // 2: u % 2 for u in sorted(literals)},
        strong=frozenset(u // 2 for u in reached),
        bound=_below(bound),
    )


def _negated(node: int) -> int:
    return {_ONE: _ZERO, _ZERO: _ONE}.get(node, node ^ 1)


def _implications(polynomial: BinaryPolynomial) -> tuple[Fraction, int, dict[tuple[int, int], int]]:
    """(constant of the posiform, unit, arcs): whole capacities, two arcs of capacity a x unit for
    every term a u v.
    """
    constant = Fraction(polynomial.constant)
    slope = {i: Fraction(0) for i in range(polynomial.n_variables)}
    terms: list[tuple[int, int, Fraction]] = []
    for term, coefficient in polynomial.terms.items():
        c = Fraction(coefficient)
        if len(term) == 1:
            slope[term[0]] += c
        elif len(term) == 2:
            i, j = term
            if c > 0:
                terms.append((2 * i + 1, 2 * j + 1, c))
            else:  # -a x y = -a x + a x (1 - y)
                slope[i] += c
                terms.append((2 * i + 1, 2 * j, -c))
    for i, c in slope.items():
        if c > 0:
            terms.append((_ONE, 2 * i + 1, c))
        elif c < 0:  # -a x = -a + a (1 - x)
            constant += c
            terms.append((_ONE, 2 * i, -c))
    unit = math.lcm(1, *(c.denominator for _, _, c in terms))
    arcs: dict[tuple[int, int], int] = {}
    for u, v, c in terms:
        for arc in ((u, _negated(v)), (v, _negated(u))):
            arcs[arc] = arcs.get(arc, 0) + int(c * unit)
    return constant, unit, arcs


def _residual(flowed: Any) -> Any:
    """Arcs with something left after the flow and its mirror image together, which is again a
    maximum flow.
    """
    import networkx as nx

    left: Any = nx.DiGraph()
    spare = {(u, v): a["capacity"] - a["flow"] for u, v, a in flowed.edges(data=True)}
    for (u, v), own in spare.items():
        if own + spare.get((_negated(v), _negated(u)), 0) > 0:
            left.add_edge(u, v)
            left.add_edge(_negated(v), _negated(u))
    return left


def _closed(left: Any, reached: Iterable[int]) -> set[int]:
    """Further literals that can be set together: sinks of the residual first, as in
    2-satisfiability.
    """
    import networkx as nx

    done = {_ONE, _ZERO} | set(reached) | {_negated(u) for u in reached}
    rest = left.subgraph([u for u in left if u not in done])
    components = list(nx.strongly_connected_components(rest))  # every one after those it leads to
    chosen: set[int] = set()
    for component in components:
        u = next(iter(component))
        if _negated(u) not in component and u not in chosen and _negated(u) not in chosen:
            chosen |= component
    return chosen


def _below(value: Fraction) -> float:
    """The largest float that is not above."""
    nearest = float(value)
    return nearest if Fraction(nearest) <= value else math.nextafter(nearest, -math.inf)
