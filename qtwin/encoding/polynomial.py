"""Polynomials in binary variables: QUBO is degree 2, HUBO is any degree.

f(x) = sum_S c_S prod_{i in S} x_i with x in {0, 1}^n. Column i of a bit array is variable i is
qubit i; bit i of an integer assignment index is variable i (little endian), everywhere in the
project.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError

if TYPE_CHECKING:
    from qtwin.encoding.nested import Tree


Term = tuple[int, ...]
_BLOCK = 1 << 14
"""Assignments evaluated together."""
_WIDE = 4096
"""Variables up to which couplings are held in a square array for evaluation (128 MiB)."""
_NARROW = 500
"""Variables up to which they always are: a square array is as fast as it gets."""
_FILLED = 0.02
"""Share of the square from which on it is faster than a list of the couplings."""
_FEW = 1 << 18
"""Assignments times terms up to which a polynomial above degree 2 is evaluated term by term."""


@dataclass(frozen=True, kw_only=True)
class BinaryPolynomial:
    """A real polynomial in `n_variables` bits, in multilinear normal form.

    Attributes:
        n_variables: Number of variables.
        terms: Strictly increasing variable tuples to non-zero coefficients; () is the constant.

    Example:
        >>> import qtwin as qt
        >>> energy = qt.BinaryPolynomial.of(2, {(0,): -1.0, (0, 1): 2.0})
        >>> energy.values().tolist()  # x0 is the lowest bit of the index
        [0.0, -1.0, 0.0, 1.0]
    """

    n_variables: int
    terms: Mapping[Term, float]

    @staticmethod
    def of(
        n_variables: int,
        terms: Mapping[Iterable[int], float] | Iterable[tuple[Iterable[int], float]],
    ) -> BinaryPolynomial:
        """Normalise: x_i x_i = x_i, equal monomials add, exact zeros vanish.

        Raises:
            InputError: for a variable outside 0..n-1 or a coefficient that is not finite.
        """
        items = terms.items() if isinstance(terms, Mapping) else terms
        collected: dict[Term, float] = {}
        for variables, coefficient in items:
            term = tuple(sorted(set(variables)))
            if term and not 0 <= term[0] <= term[-1] < n_variables:
                raise InputError(
                    f"term {term} names a variable outside 0..{n_variables - 1}",
                    hint="renumber the variables",
                )
            value = float(coefficient)
            if not math.isfinite(value):
                raise InputError(
                    f"expected a finite coefficient of {term}, got {value}",
                    hint="check the instance",
                )
            collected[term] = collected.get(term, 0.0) + value
        ordered = sorted((t for t, c in collected.items() if c != 0.0), key=lambda t: (len(t), t))
        return BinaryPolynomial(n_variables=n_variables, terms={t: collected[t] for t in ordered})

    @cached_property
    def terms_by_degree(self) -> Mapping[int, int]:
        """Number of variables in a term to how many such terms there are."""
        return Counter(map(len, self.terms))

    @cached_property
    def degree(self) -> int:
        """Largest number of variables in one term (0 for a constant)."""
        return max(self.terms_by_degree, default=0)

    @property
    def n_terms(self) -> int:
        """Number of terms that are not the constant."""
        return len(self.terms) - (() in self.terms)

    @property
    def constant(self) -> float:
        """Coefficient of the empty term."""
        return self.terms.get((), 0.0)

    @property
    def coefficient_range(self) -> tuple[float, float]:
        """Smallest and largest magnitude among the non-constant coefficients; (0, 0) if there is
        none.
        """
        sizes = [abs(c) for t, c in self.terms.items() if t]
        return (min(sizes), max(sizes)) if sizes else (0.0, 0.0)

    def __add__(self, other: BinaryPolynomial) -> BinaryPolynomial:
        n = max(self.n_variables, other.n_variables)
        return BinaryPolynomial.of(n, [*self.terms.items(), *other.terms.items()])

    def __mul__(self, other: BinaryPolynomial | float) -> BinaryPolynomial:
        if isinstance(other, BinaryPolynomial):
            n = max(self.n_variables, other.n_variables)
            return BinaryPolynomial.of(
                n,
                [((*s, *t), a * b) for s, a in self.terms.items() for t, b in other.terms.items()],
            )
        return BinaryPolynomial.of(
            self.n_variables, [(t, c * other) for t, c in self.terms.items()]
        )

    __rmul__ = __mul__

    def widened(self, n_variables: int) -> BinaryPolynomial:
        """The same polynomial over more variables."""
        return BinaryPolynomial(n_variables=max(n_variables, self.n_variables), terms=self.terms)

    @cached_property
    def _by_order(self) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        out: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
        for order, count in sorted(self.terms_by_degree.items()):
            variables = chain.from_iterable(t for t in self.terms if len(t) == order)
            coefficients = (c for t, c in self.terms.items() if len(t) == order)
            out.append(
                (
                    np.fromiter(variables, dtype=np.int64, count=order * count).reshape(
                        count, order
                    ),
                    np.fromiter(coefficients, dtype=np.float64, count=count),
                )
            )
        return out

    @cached_property
    def _tree(self) -> Tree:
        from qtwin.encoding.nested import tree

        return tree({t: c for t, c in self.terms.items() if t})

    @cached_property
    def quadratic_form(self) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """(constant, linear (n,), upper triangular couplings (n, n)) of a polynomial of degree at
        most 2.

        Raises:
            InputError: if the degree is above 2.
        """
        if self.degree > 2:
            raise InputError(
                f"expected a QUBO, got a polynomial of degree {self.degree}",
                hint="quadratise it first",
            )
        linear, pairs = np.zeros(self.n_variables), np.zeros((self.n_variables, self.n_variables))
        for variables, coefficients in self._by_order:
            if variables.shape[1] == 1:
                linear[variables[:, 0]] = coefficients
            elif variables.shape[1] == 2:
                pairs[variables[:, 0], variables[:, 1]] = coefficients
        return self.constant, linear, pairs

    @cached_property
    def _is_sparse(self) -> bool:
        """Whether a square array of couplings would be too large, or nearly all zeros."""
        n = self.n_variables
        return n > _WIDE or (n > _NARROW and len(self.terms) < _FILLED * n * n)

    @cached_property
    def _sparse_form(self) -> tuple[float, NDArray[np.float64], Any]:
        """`quadratic_form` with sparse couplings, for more variables than a square array should
        hold.
        """
        from scipy.sparse import csr_array

        linear = np.zeros(self.n_variables)
        for term, c in self.terms.items():
            if len(term) == 1:
                linear[term[0]] = c
        pairs, values = next(
            ((v, c) for v, c in self._by_order if v.shape[1] == 2),
            (np.zeros((0, 2), dtype=np.int64), np.zeros(0)),
        )
        return (
            self.constant,
            linear,
            csr_array((values, (pairs[:, 0], pairs[:, 1])), shape=(self.n_variables,) * 2),
        )

    def evaluate(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        """Values at many assignments.

        Args:
            bits: (m, n) array of 0/1.

        Returns:
            (m,) float64.
        """
        rows = np.asarray(bits)
        if rows.ndim != 2 or rows.shape[1] != self.n_variables:
            raise InputError(
                f"expected bits of shape (m, {self.n_variables}), got {rows.shape}",
                hint="one row an assignment",
            )
        out = np.empty(len(rows))
        block = max(1, min(_BLOCK, _BLOCK * _WIDE // max(self.n_variables, 1)))
        for start in range(0, len(rows), block):
            out[start : start + block] = self._at(
                np.ascontiguousarray(rows[start : start + block], dtype=np.float64)
            )
        return out

    def _at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m,) values at (m, n) assignments that fit into the cache together."""
        if self.degree <= 2 and self._is_sparse:
            constant, linear, coupled = self._sparse_form
            return np.asarray(
                constant + x @ linear + np.einsum("mi,mi->m", (coupled.T @ x.T).T, x),
                dtype=np.float64,
            )
        if self.degree <= 2:
            constant, linear, pairs = self.quadratic_form
            return np.asarray(
                constant + x @ linear + np.einsum("mi,mi->m", x @ pairs, x), dtype=np.float64
            )
        if len(x) * self.n_terms > _FEW:
            # compiled, and loaded only where there is much to do
            from qtwin.encoding.nested import evaluate

            return evaluate(self._tree, self.constant, x)
        total = np.full(x.shape[0], self.constant)
        for variables, coefficients in self._by_order:
            if variables.shape[1]:
                total += x[:, variables].prod(axis=2) @ coefficients
        return total

    def values(self) -> NDArray[np.float64]:
        """All 2^n values by the zeta (subset-sum) transform; index bit i is variable i.

        Raises:
            InputError: above 30 variables (8 GiB).
        """
        n = self.n_variables
        if n > 30:
            raise InputError(
                f"all values of {n} variables would take {2**n * 8 / 2**30:.0f} GiB",
                hint="evaluate() a sample instead",
            )
        table = np.zeros(2**n)
        for term, c in self.terms.items():
            table[sum(1 << i for i in term)] = c
        for i in range(n):
            halves = table.reshape(-1, 2, 1 << i)
            halves[:, 1, :] += halves[:, 0, :]
        return table


def index_to_bits(indices: NDArray[np.integer], n_variables: int) -> NDArray[np.uint8]:
    """(m,) assignment indices to (m, n) bits, bit i of the index in column i."""
    wide = np.asarray(indices, dtype=np.uint64)[:, None]
    return ((wide >> np.arange(n_variables, dtype=np.uint64)) & np.uint64(1)).astype(np.uint8)


def bits_to_index(bits: NDArray[np.generic]) -> NDArray[np.uint64]:
    """(m, n) bits (n at most 64) to (m,) assignment indices."""
    b = np.asarray(bits).astype(np.uint64)
    return np.asarray((b << np.arange(b.shape[1], dtype=np.uint64)).sum(axis=1, dtype=np.uint64))


# Polynomials in spins s_i = 1 - 2 x_i, as physics writes its instances.


def from_spins(n: int, terms: Iterable[tuple[Iterable[int], float]]) -> BinaryPolynomial:
    """The spin polynomial sum_S J_S prod_{i in S} s_i, given as (S, J_S), as a polynomial in bits
    of the same degree.

    prod_{i in S} (1 - 2 x_i) = sum_{T subset of S} (-2)^|T| prod_{i in T} x_i; a spin that occurs
    twice in a term is 1.

    Raises:
        InputError: for a variable outside 0..n-1 or a coefficient that is not finite.
    """
    collected: list[tuple[tuple[int, ...], float]] = []
    for spins, coefficient in terms:
        chosen = list(spins)
        odd = sorted({i for i in chosen if chosen.count(i) % 2})
        collected += [
            (subset, coefficient * (-2.0) ** size)
            for size in range(len(odd) + 1)
            for subset in combinations(odd, size)
        ]
    return BinaryPolynomial.of(n, collected)
