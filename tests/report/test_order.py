"""A patient whose interactions are of third order: the comparison of surrogates must say that a
QUBO is the wrong question.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.accuracy import score
from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.encoding.spectrum import spectrum
from qtwin.encoding.surrogate import TABLE, load
from qtwin.report.interactions import right_order

N = 9
BITS = index_to_bits(np.arange(2**N), N)
FEASIBLE = BITS[BITS.sum(axis=1) <= 4]


def _encoding(triple: float) -> dict[str, Any]:
    """Scored surrogates of a patient with weak singles and pairs, and three-spin interactions s_i
    s_j s_k of size `triple`.
    """
    rng = np.random.default_rng(11)
    terms: dict[tuple[int, ...], float] = {(i,): 0.02 * rng.random() for i in range(N)}
    terms |= {p: 0.01 * rng.normal() for p in itertools.combinations(range(N), 2)}
    truth = BinaryPolynomial.of(N, terms)
    spin = [BinaryPolynomial.of(N, {(): 1.0, (i,): -2.0}) for i in range(N)]
    for i, j, k in itertools.combinations(range(N), 3):
        truth = truth + spin[i] * spin[j] * spin[k] * (triple * rng.normal())

    def members(bits: NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.column_stack([truth.evaluate(bits)] * 3)

    utility = truth.evaluate(FEASIBLE)
    rows = [
        dataclasses.asdict(
            score(
                name,
                load(name)(truth.evaluate, FEASIBLE, 150, np.random.default_rng(1)),
                FEASIBLE,
                utility,
                members,
            )
        )
        for name in TABLE
    ]
    return {
        "surrogates": rows,
        "spectrum": {"n": N, "share": spectrum(truth.values()).share.tolist()},
    }


def test_third_order_interactions_are_named_and_triples_win() -> None:
    found = right_order(_encoding(0.05))
    assert found is not None
    assert not found.pairs_suffice
    assert "not the right question" in found.words
    assert "triples (HUBO) is" in found.words


def test_pairs_suffice_where_there_is_nothing_of_third_order() -> None:
    found = right_order(_encoding(0.0))
    assert found is not None
    assert found.pairs_suffice
    assert "interactions of three and more carry" in found.words


def test_nothing_is_said_without_both_orders() -> None:
    assert right_order({"surrogates": []}) is None
    assert right_order({}) is None


def test_a_loss_that_the_posterior_does_not_tell_from_none_is_no_verdict_against_pairs() -> None:
    accuracy = {"r2": 0.994, "regret": 0.0002}
    pairs = {
        "name": "pairs",
        "degree": 2,
        "accuracy": accuracy,
        "regret_low": -0.011,
        "regret_high": 0.019,
    }
    triples = {
        "name": "triples",
        "degree": 3,
        "accuracy": {"r2": 0.9999, "regret": 0.0},
        "regret_low": 0.0,
        "regret_high": 0.0,
    }
    found = right_order({"surrogates": [pairs, triples]})
    assert found is not None
    assert found.pairs_suffice
    assert "does not tell what triples add from nothing" in found.words
    sure = right_order({"surrogates": [pairs | {"regret_low": 0.0001}, triples]})
    assert sure is not None
    assert not sure.pairs_suffice
