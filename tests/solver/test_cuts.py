"""Odd-cycle cuts: valid at every bit string, and enough where the theory says that they are."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.exact.cuts import add_cuts
from qtwin.solver.exact.linearise import LinearModel, linearise
from tests.oracles.instances import random_polynomial

pytest.importorskip("highspy")


def _bound(model: LinearModel) -> float:
    from qtwin.solver.exact.linearise import Relaxation

    z = Relaxation(model).minimum(time.perf_counter() + 10.0)
    assert z is not None
    return float(model.constant + model.cost @ z)


@given(seed=st.integers(0, 10_000), degree=st.integers(2, 3))
@settings(max_examples=15, deadline=None)
def test_no_cut_takes_a_bit_string_away_and_the_bound_rises(seed: int, degree: int) -> None:
    polynomial = random_polynomial(7, degree, seed)
    model = linearise(plain(polynomial))
    cut = add_cuts(model, time_limit_s=10.0)
    assert cut.rows[: len(model.rows)] == model.rows
    points = np.array([cut.point(np.array(x)) for x in itertools.product((0, 1), repeat=7)])
    starts, columns, values, lower, upper = cut.csr()
    sums = csr_array((values, columns, starts), shape=(len(lower), len(cut.cost))) @ points.T
    assert (sums >= lower[:, None]).all()
    assert (sums <= upper[:, None]).all()
    assert _bound(model) <= _bound(cut) + 1e-9
    assert _bound(cut) <= polynomial.values().min() + 1e-7


@given(seed=st.integers(0, 10_000), n=st.integers(3, 14), chords=st.integers(0, 2))
@settings(max_examples=15, deadline=None)
def test_they_are_all_there_is_on_graphs_without_a_k4_minor(seed: int, n: int, chords: int) -> None:
    """With the node of the linear terms such a graph has no K5 minor: odd cycles describe its cut
    polytope (Barahona).
    """
    rng = np.random.default_rng(seed)
    edges = (
        {(i, i + 1) for i in range(n - 1)}
        | {(0, n - 1)}
        | {(0, k) for k in range(2, min(2 + chords, n - 1))}
    )
    terms = {(i,): float(rng.normal()) for i in range(n)} | {
        e: float(rng.normal()) * 2.0 for e in edges
    }
    polynomial = BinaryPolynomial.of(n, terms)
    cut = add_cuts(linearise(plain(polynomial), both_sides=True), time_limit_s=10.0, rounds=100)
    # a cut is looked for where it is violated by a thousandth
    assert _bound(cut) == pytest.approx(
        polynomial.values().min(), abs=2e-3 * sum(abs(c) for c in terms.values())
    )


def test_a_frustrated_ring_is_closed_by_its_one_cycle() -> None:
    """Antiferromagnetic ring of 5: at best 4 of 5 pairs differ; the linear relaxation says 5."""
    ring = [tuple(sorted((i, (i + 1) % 5))) for i in range(5)]
    terms = [((i,), -1.0) for e in ring for i in e] + [(e, 2.0) for e in ring]
    model = linearise(plain(BinaryPolynomial.of(5, terms)))
    assert _bound(model) == pytest.approx(-5.0)
    assert _bound(add_cuts(model, time_limit_s=10.0)) == pytest.approx(-4.0)


def test_without_time_or_products_nothing_is_added() -> None:
    model = linearise(plain(random_polynomial(8, 2, 0)))
    assert add_cuts(model, time_limit_s=-1.0) is model
    linear = linearise(plain(random_polynomial(4, 1, 0)))
    assert add_cuts(linear, time_limit_s=10.0) is linear
    stopped = add_cuts(model, time_limit_s=10.0, visit=lambda z: True)
    assert stopped.rows == model.rows
