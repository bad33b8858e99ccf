"""From any degree to a QUBO with auxiliary bits, whose minimum over these is the original at EVERY assignment.

Three methods, each a sequence of steps that are proven one by one in `qtwin.encoding.auxiliary`:

- ``rosenberg``: one bit for the product of the pair that occurs in most terms above degree 2, again and again (Rosenberg 1975,
  Cahiers du Centre d'Etudes de Recherche Operationnelle 17:71), with weights from the terms that it goes into;
- ``freedman``: each term by itself; a negative term takes one bit (Freedman and Drineas 2005, CVPR 2:939), a positive one of
  degree d takes floor((d - 1) / 2) (Ishikawa 2011, IEEE TPAMI 33:1234);
- ``cover``: products of pairs chosen together so that few are needed (Anthony, Boros, Crama and Gruber 2017, Math Program
  162:115), terms that share nothing by themselves, long positive ones with ceil(log2 d) - 1 bits (Boros, Crama and Rodriguez-Heck
  2018, J Comb Optim 39:687); the fewest bits of several such mixtures, never more than either of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.auxiliary import Auxiliary, Rewriting
from qtwin.encoding.pair_cover import choose_pairs
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError, unknown_name


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The size of a polynomial.

    Attributes:
        variables: Number of variables.
        terms: Number of terms that are not the constant.
        degree: Largest number of variables in a term.
        smallest, largest: Smallest and largest magnitude of a coefficient that is not the constant.
    """

    variables: int
    terms: int
    degree: int
    smallest: float
    largest: float


def counts(polynomial: BinaryPolynomial) -> Counts:
    """The size of `polynomial`."""
    low, high = polynomial.coefficient_range
    return Counts(
        variables=polynomial.n_variables, terms=polynomial.n_terms, degree=polynomial.degree, smallest=low, largest=high
    )


@dataclass(frozen=True, kw_only=True)
class Quadratised:
    """A polynomial of degree at most 2 whose minimum over the auxiliaries is the original, at every assignment.

    Attributes:
        original: What was quadratised.
        polynomial: Its quadratic, over the original variables and then the auxiliaries.
        auxiliaries: What each auxiliary stands for, in their order.
        method: Name in `METHODS`.
    """

    original: BinaryPolynomial
    polynomial: BinaryPolynomial
    auxiliaries: tuple[Auxiliary, ...]
    method: str

    @property
    def n_original(self) -> int:
        """Number of original variables; they come first."""
        return self.original.n_variables

    @property
    def before(self) -> Counts:
        """Size of the original."""
        return counts(self.original)

    @property
    def after(self) -> Counts:
        """Size of the quadratic."""
        return counts(self.polynomial)

    def complete(self, bits: NDArray[np.generic]) -> NDArray[np.uint8]:
        """The best auxiliaries, exactly: each is a known function of the variables before it.

        Args:
            bits: (m, n_original) bits.

        Returns:
            (m, n) bits at which the quadratic has the original's value, its minimum over the auxiliaries.

        Raises:
            InputError: for bits of another shape.
        """
        x = np.asarray(bits).astype(np.uint8)
        n = self.n_original
        if x.ndim != 2 or x.shape[1] != n:
            raise InputError(f"bits of shape {x.shape} came, (m, {n}) was wanted", hint="one row an assignment")
        whole = np.zeros((len(x), n + len(self.auxiliaries)), dtype=np.uint8)
        whole[:, :n] = x
        for k, auxiliary in enumerate(self.auxiliaries):
            whole[:, n + k] = auxiliary.value(whole)
        return whole


def _rosenberg(polynomial: BinaryPolynomial) -> Rewriting:
    work = Rewriting(polynomial)
    work.popular_pairs(down_to=2)
    return work


def _freedman(polynomial: BinaryPolynomial) -> Rewriting:
    work = Rewriting(polynomial)
    for key, (_, c) in list(work.high.items()):
        (work.negative if c < 0.0 else work.ishikawa)(key)
    return work


def _covered(polynomial: BinaryPolynomial, *, share_above_quartic: bool) -> Rewriting:
    """Terms above degree 4 by popular pairs or by themselves, then a pair cover of the rest, then what is left by itself."""
    work = Rewriting(polynomial)
    if share_above_quartic:
        work.popular_pairs(down_to=4)
    keys = [k for k, (t, _) in work.high.items() if len(t) <= 4]
    for pair, places in choose_pairs([work.high[k] for k in keys]).items():
        work.product(pair, [keys[p] for p in places])
    work.singly(list(work.high))
    return work


def _cover(polynomial: BinaryPolynomial) -> Rewriting:
    candidates = [_covered(polynomial, share_above_quartic=False), _rosenberg(polynomial), _freedman(polynomial)]
    if polynomial.degree > 4:
        candidates.append(_covered(polynomial, share_above_quartic=True))

    def size(work: Rewriting) -> tuple[int, int, float]:
        made = work.polynomial()
        return work.n, made.n_terms, made.coefficient_range[1]

    return min(candidates, key=size)


METHODS: dict[str, Callable[[BinaryPolynomial], Rewriting]] = {
    "rosenberg": _rosenberg,
    "freedman": _freedman,
    "cover": _cover,
}


def quadratise(polynomial: BinaryPolynomial, method: str = "cover") -> Quadratised:
    """A QUBO with auxiliary bits for a polynomial of any degree; one of degree at most 2 comes back as it is.

    Args:
        polynomial: To be minimised.
        method: A name in `METHODS`.

    Returns:
        The quadratic, with min over its auxiliaries equal to `polynomial` at every assignment.

    Raises:
        InputError: for an unknown method.
    """
    if method not in METHODS:
        raise unknown_name("quadratisation", method, METHODS)
    work = METHODS[method](polynomial)
    return Quadratised(original=polynomial, polynomial=work.polynomial(), auxiliaries=tuple(work.auxiliaries), method=method)
