"""Two choices on an interaction graph, as a published quantum study states them (arXiv:2601.18082).

maximum safe subset      as many drugs as possible, no harmful pair among them:   E(x) = -sum x_i + A sum_harm w_ij x_i x_j
synergy under a size     exactly k drugs, synergistic pairs rewarded, harmful ones penalised:
                         E(x) = -sum_synergy w_ij x_i x_j + B sum_harm w_ij x_i x_j + mu (sum x - k)^2

In the first, A w_ij > 1 for every harmful pair suffices: taking one drug of a harmful pair out costs 1 and saves at least A
w_ij. In the second, harm is a matter of degree and belongs to the objective; only the size is a constraint.
"""

from __future__ import annotations

import numpy as np

from qtwin.encoding.fixed_size import encode_fixed_size
from qtwin.encoding.model import BinaryModel, Penalty
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem.constraint import NotBoth
from qtwin.problem.fixed_size import FixedSize
from qtwin.problem.interaction_graph import InteractionGraph


def sufficient_harm_weight(graph: InteractionGraph) -> float:
    """The A above which the penalised minimum is a safe subset: 1 / the least weight of a harmful pair; 0 without any."""
    return 1.0 / float(graph.harm_weight.min()) if len(graph.harm) else 0.0


def maximum_safe_subset(graph: InteractionGraph, *, harm: float | None = None) -> BinaryModel:
    """As many drugs as possible without a harmful pair.

    Args:
        graph: The interactions; synergies are not used.
        harm: A; by default 5 % above the weight that suffices. One at or below it is taken as it is, and said in the penalties.

    Raises:
        InputError: for a weight that is not positive.
    """
    enough = sufficient_harm_weight(graph)
    weight = 1.05 * enough if harm is None else harm
    if len(graph.harm) and not weight > 0.0:
        raise InputError(f"a harm weight of {weight} came, a positive one was wanted", hint=f"above {enough:.4g} it suffices")
    n = graph.n
    alone = {(i,): -1.0 for i in range(n)}
    edges = [((int(i), int(j)), float(w)) for (i, j), w in zip(graph.harm, graph.harm_weight, strict=True)]
    named = [f"not both {graph.drugs[i]} and {graph.drugs[j]}" for (i, j), _ in edges]
    return BinaryModel(
        polynomial=BinaryPolynomial.of(n, [*alone.items(), *((pair, weight * w) for pair, w in edges)]),
        objective=BinaryPolynomial.of(n, alone.items()),
        variables=graph.drugs,
        n_decision=n,
        constraints=tuple(
            NotBoth(name=name, reason="harmful together", pair=pair) for name, (pair, _) in zip(named, edges, strict=True)
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
        raise InputError(f"a harm weight of {harm} came, 0 or more was wanted", hint="the study takes 2.5 to 5")
    n = graph.n
    pairs = np.zeros((n, n))
    for (i, j), w in zip(graph.synergy, graph.synergy_weight, strict=True):
        pairs[i, j] = pairs[j, i] = w
    for (i, j), w in zip(graph.harm, graph.harm_weight, strict=True):
        pairs[i, j] = pairs[j, i] = -harm * w
    return FixedSize(
        names=graph.drugs, size=size, linear=np.zeros(n), pairs=pairs, forbidden=np.zeros((n, n), dtype=np.bool_), unit="weight"
    )


def synergy_encoding(
    graph: InteractionGraph, known: tuple[int, ...], *, size: int, harm: float, mu: float | None = None
) -> BinaryModel:
    """The choice as a polynomial; `mu` is the size's penalty weight, by default one that is proven to suffice.

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
