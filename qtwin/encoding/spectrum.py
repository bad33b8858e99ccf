"""The interaction spectrum: what order of interaction a choice really has, exactly, from all 2^n utilities.

The Moebius transform gives the multilinear coefficient of every set of options; the Walsh-Hadamard transform gives the share of
the variance that each order explains when every option is taken or not with equal chance (the ANOVA of a Boolean function,
O'Donnell 2014, Analysis of Boolean Functions, 1.4). If orders above two explain much, a QUBO is not the right question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.errors import InputError

Array = NDArray[np.float64]
LARGEST = 20
_BATCH = 4096


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """How much of the variance over all 2^n choices each order of interaction explains.

    Attributes:
        n: Options.
        share: (n + 1,) share of the variance by order; order 0 is the mean and explains none.
        explained: (n + 1,) the same, summed up to each order.
        largest: (n + 1,) largest magnitude of a multilinear coefficient of each order, in the utility's unit.
        variance: Of the utility over all choices.
    """

    n: int
    share: Array
    explained: Array
    largest: Array
    variance: float


def moebius(values: Array) -> Array:
    """(2^n,) multilinear coefficients of a function given by its (2^n,) values; bit i of an index is variable i.

    Raises:
        InputError: if the number of values is no power of two.
    """
    table = np.array(values, dtype=np.float64)
    for i in range(_order(table)):
        halves = table.reshape(-1, 2, 1 << i)
        halves[:, 1, :] -= halves[:, 0, :]
    return table


def walsh_hadamard(values: Array) -> Array:
    """(2^n,) coefficients over products of signs (-1)^x_i, normalised so that the first one is the mean.

    Raises:
        InputError: if the number of values is no power of two.
    """
    table = np.array(values, dtype=np.float64)
    for i in range(_order(table)):
        halves = table.reshape(-1, 2, 1 << i)
        total, gap = halves[:, 0, :] + halves[:, 1, :], halves[:, 0, :] - halves[:, 1, :]
        halves[:, 0, :], halves[:, 1, :] = total, gap
    return np.asarray(table / len(table))


def _order(table: Array) -> int:
    n = len(table).bit_length() - 1
    if table.ndim != 1 or len(table) != 1 << n:
        raise InputError(f"values of shape {table.shape} came, a power of two of them was wanted", hint="give all 2^n values")
    return n


def _sizes(n: int) -> NDArray[np.int64]:
    """(2^n,) number of set bits of each index."""
    return np.asarray(index_to_bits(np.arange(1 << n), n).sum(axis=1, dtype=np.int64))


def spectrum(values: Array) -> Spectrum:
    """The spectrum of a function given by all its values.

    Raises:
        InputError: if the number of values is no power of two, or a value is not finite.
    """
    if not np.isfinite(values).all():
        raise InputError("a utility is not finite", hint="check the simulation")
    n = _order(np.asarray(values))
    sizes = _sizes(n)
    power = np.bincount(sizes, weights=walsh_hadamard(values) ** 2, minlength=n + 1)
    power[0] = 0.0
    variance = float(power.sum())
    share = power / variance if variance > 0.0 else np.zeros(n + 1)
    largest = np.zeros(n + 1)
    np.maximum.at(largest, sizes, np.abs(moebius(values)))
    return Spectrum(n=n, share=share, explained=np.cumsum(share), largest=largest, variance=variance)


def polynomial_of(values: Array, *, order: int | None = None, smallest: float = 0.0) -> BinaryPolynomial:
    """The polynomial that has these values at all assignments; cut at `order` if given, coefficients up to `smallest` left out.

    Raises:
        InputError: if the number of values is no power of two.
    """
    n = _order(np.asarray(values))
    coefficients, sizes = moebius(values), _sizes(n)
    kept = np.flatnonzero((np.abs(coefficients) > smallest) & (sizes <= (n if order is None else order)))
    rows = index_to_bits(kept, n)
    return BinaryPolynomial.of(
        n, [(tuple(np.flatnonzero(r).tolist()), float(coefficients[k])) for r, k in zip(rows, kept, strict=True)]
    )


def all_values(
    n: int, objective: Callable[[NDArray[np.uint8]], Array], *, progress: Callable[[int, int], None] | None = None
) -> Array:
    """(2^n,) the objective at every choice of n options, constraints or not, in batches.

    Args:
        n: Options, at most `LARGEST`.
        objective: (m, n) choices to (m,) utilities.
        progress: Called with the number done and the number in all.

    Raises:
        InputError: for more options.
    """
    if n > LARGEST:
        raise InputError(f"the spectrum of {n} options needs 2^{n} simulations", hint=f"take at most {LARGEST} options")
    out = np.empty(1 << n)
    for first in range(0, len(out), _BATCH):
        part = np.arange(first, min(first + _BATCH, len(out)))
        out[part] = objective(index_to_bits(part, n))
        if progress is not None:
            progress(int(part[-1]) + 1, len(out))
    return out
