"""The interaction spectrum: what order of interaction a choice really has, exactly, from all 2^n
utilities.

The Moebius transform gives the multilinear coefficient of every set of options; the Walsh-Hadamard
transform gives the share of the variance that each order explains when every option is taken or not
with equal chance (the ANOVA of a Boolean function, O'Donnell 2014, Analysis of Boolean Functions,
1.4). If orders above two explain much, a QUBO is not the right question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.fixed_size import encode_fixed_size
from qtwin.encoding.model import BinaryModel, Penalty
from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.errors import InputError
from qtwin.problem.constraint import NotBoth
from qtwin.problem.fixed_size import FixedSize
from qtwin.problem.interaction_graph import InteractionGraph

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
        largest: (n + 1,) largest magnitude of a multilinear coefficient of each order, in the
            utility's unit.
        variance: Of the utility over all choices.
    """

    n: int
    share: Array
    explained: Array
    largest: Array
    variance: float


def moebius(values: Array) -> Array:
    """(2^n,) multilinear coefficients of a function given by its (2^n,) values; bit i of an index
    is variable i.

    Raises:
        InputError: if the number of values is no power of two.
    """
    table = np.array(values, dtype=np.float64)
    for i in range(_order(table)):
        halves = table.reshape(-1, 2, 1 << i)
        halves[:, 1, :] -= halves[:, 0, :]
    return table


def walsh_hadamard(values: Array) -> Array:
    """(2^n,) coefficients over products of signs (-1)^x_i, normalised so that the first one is the
    mean.

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
        raise InputError(
            f"expected a power of two of values, got shape {table.shape}",
            hint="give all 2^n values",
        )
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
    return Spectrum(
        n=n, share=share, explained=np.cumsum(share), largest=largest, variance=variance
    )


def polynomial_of(
    values: Array, *, order: int | None = None, smallest: float = 0.0
) -> BinaryPolynomial:
    """The polynomial that has these values at all assignments; cut at `order` if given,
    coefficients up to `smallest` left out.

    Raises:
        InputError: if the number of values is no power of two.
    """
    n = _order(np.asarray(values))
    coefficients, sizes = moebius(values), _sizes(n)
    kept = np.flatnonzero(
        (np.abs(coefficients) > smallest) & (sizes <= (n if order is None else order))
    )
    rows = index_to_bits(kept, n)
    return BinaryPolynomial.of(
        n,
        [
            (tuple(np.flatnonzero(r).tolist()), float(coefficients[k]))
            for r, k in zip(rows, kept, strict=True)
        ],
    )


def all_values(
    n: int,
    objective: Callable[[NDArray[np.uint8]], Array],
    *,
    progress: Callable[[int, int], None] | None = None,
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
        raise InputError(
            f"the spectrum of {n} options needs 2^{n} simulations",
            hint=f"take at most {LARGEST} options",
        )
    out = np.empty(1 << n)
    for first in range(0, len(out), _BATCH):
        part = np.arange(first, min(first + _BATCH, len(out)))
        out[part] = objective(index_to_bits(part, n))
        if progress is not None:
            progress(int(part[-1]) + 1, len(out))
    return out


# Two choices on an interaction graph, as a published quantum study states them (arXiv:2601.18082).
#
# maximum safe subset      as many drugs as possible, no harmful pair among them:   E(x) = -sum x_i
# + A sum_harm w_ij x_i x_j synergy under a size     exactly k drugs, synergistic pairs rewarded,
# harmful ones penalised:
#                          E(x) = -sum_synergy w_ij x_i x_j + B sum_harm w_ij x_i x_j + mu (sum x -
#                          k)^2
#
# In the first, A w_ij > 1 for every harmful pair suffices: taking one drug of a harmful pair out
# costs 1 and saves at least A w_ij. In the second, harm is a matter of degree and belongs to the
# objective; only the size is a constraint.


def sufficient_harm_weight(graph: InteractionGraph) -> float:
    """The A above which the penalised minimum is a safe subset: 1 / the least weight of a harmful
    pair; 0 without any.
    """
    return 1.0 / float(graph.harm_weight.min()) if len(graph.harm) else 0.0


def maximum_safe_subset(graph: InteractionGraph, *, harm: float | None = None) -> BinaryModel:
    """As many drugs as possible without a harmful pair.

    Args:
        graph: The interactions; synergies are not used.
        harm: A; by default 5 % above the weight that suffices. One at or below it is taken as it
            is, and said in the penalties.

    Raises:
        InputError: for a weight that is not positive.
    """
    enough = sufficient_harm_weight(graph)
    weight = 1.05 * enough if harm is None else harm
    if len(graph.harm) and not weight > 0.0:
        raise InputError(
            f"expected a positive harm weight, got {weight}",
            hint=f"above {enough:.4g} it suffices",
        )
    n = graph.n
    alone = {(i,): -1.0 for i in range(n)}
    edges = [
        ((int(i), int(j)), float(w))
        for (i, j), w in zip(graph.harm, graph.harm_weight, strict=True)
    ]
    named = [f"not both {graph.drugs[i]} and {graph.drugs[j]}" for (i, j), _ in edges]
    return BinaryModel(
        polynomial=BinaryPolynomial.of(
            n, [*alone.items(), *((pair, weight * w) for pair, w in edges)]
        ),
        objective=BinaryPolynomial.of(n, alone.items()),
        variables=graph.drugs,
        n_decision=n,
        constraints=tuple(
            NotBoth(name=name, reason="harmful together", pair=pair)
            for name, (pair, _) in zip(named, edges, strict=True)
        ),
        penalties=tuple(
            Penalty(
                constraint=name,
                weight=weight * w,
                sufficient_weight=1.0,
                reason="A w x_i x_j; above 1, taking a drug out saves more than it costs"
                if weight * w > 1.0
                else "A w is not above 1",
            )
            for name, (_, w) in zip(named, edges, strict=True)
        ),
    )


def synergy_choice(graph: InteractionGraph, *, size: int, harm: float) -> FixedSize:
    """Exactly `size` drugs: weights of synergistic pairs less `harm` times those of harmful pairs.

    Args:
        graph: The interactions.
        size: Number of drugs, k.
        harm: B, at least 0.

    Raises:
        InputError: for a negative B, or a size outside 1..n.
    """
    if not harm >= 0.0:
        raise InputError(
            f"expected a harm weight of 0 or more, got {harm}", hint="the study takes 2.5 to 5"
        )
    n = graph.n
    pairs = np.zeros((n, n))
    for (i, j), w in zip(graph.synergy, graph.synergy_weight, strict=True):
        pairs[i, j] = pairs[j, i] = w
    for (i, j), w in zip(graph.harm, graph.harm_weight, strict=True):
        pairs[i, j] = pairs[j, i] = -harm * w
    return FixedSize(
        names=graph.drugs,
        size=size,
        linear=np.zeros(n),
        pairs=pairs,
        forbidden=np.zeros((n, n), dtype=np.bool_),
        unit="weight",
    )


def synergy_encoding(
    graph: InteractionGraph,
    known: tuple[int, ...],
    *,
    size: int,
    harm: float,
    mu: float | None = None,
) -> BinaryModel:
    """The choice as a polynomial; `mu` is the size's penalty weight, by default one that is proven
    to suffice.

    Args:
        graph: The interactions.
        known: A set of `size` drugs.
        size: Number of drugs, k.
        harm: B.
        mu: Weight of (sum x - k)^2; the study takes 5.

    Raises:
        InputError: as `synergy_choice`, or for a set of another size.
    """
    return encode_fixed_size(synergy_choice(graph, size=size, harm=harm), known, weight=mu)
