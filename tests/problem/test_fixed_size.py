"""The compiled walk over sets of k drugs against plain combinations."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.errors import InfeasibleError, InputError
from qtwin.problem.fixed_size import FixedSize


def random_choice(n: int, size: int, seed: int, *, forbidden_share: float = 0.2) -> FixedSize:
    """A choice with random coefficients and forbidden pairs."""
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.random((n, n)) < forbidden_share, 1)
    pairs = np.triu(rng.normal(size=(n, n)), 1) * ~upper
    return FixedSize(
        names=tuple(f"d{i}" for i in range(n)),
        size=size,
        linear=rng.normal(size=n),
        pairs=pairs + pairs.T,
        forbidden=upper | upper.T,
    )


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 9), data=st.data())
def test_every_permitted_set_is_listed_once_with_its_value(n: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, n))
    choice = random_choice(
        n, size, data.draw(st.integers(0, 10_000)), forbidden_share=data.draw(st.floats(0.0, 0.6))
    )
    wanted = [
        m
        for m in combinations(range(n), size)
        if not any(choice.forbidden[i, j] for i, j in combinations(m, 2))
    ]
    assert choice.count() == len(wanted)
    if not wanted:
        with pytest.raises(InfeasibleError):
            choice.sets()
        return
    assert [tuple(row) for row in choice.sets().tolist()] == wanted
    values = [
        sum(choice.linear[i] for i in m) + sum(choice.pairs[i, j] for i, j in combinations(m, 2))
        for m in wanted
    ]
    np.testing.assert_allclose(choice.values(), values, atol=1e-12)
    assert choice.value(wanted[-1]) == pytest.approx(values[-1])
    bits = np.zeros((1, n), dtype=np.uint8)
    bits[0, list(wanted[0])] = 1
    assert all(c.holds(bits)[0] for c in choice.constraints())


def test_a_clique_of_forbidden_pairs_is_counted_in_closed_form() -> None:
    """16 of 38 drugs exclude each other: C(22, k) + 16 C(22, k - 1) sets."""
    forbidden = np.zeros((38, 38), dtype=np.bool_)
    forbidden[:16, :16] = ~np.eye(16, dtype=np.bool_)
    for size in (2, 3, 5, 8):
        choice = FixedSize(
            names=tuple(map(str, range(38))),
            size=size,
            linear=np.zeros(38),
            pairs=np.zeros((38, 38)),
            forbidden=forbidden,
        )
        assert choice.count() == comb(22, size) + 16 * comb(22, size - 1)


def test_coefficients_that_contradict_are_refused() -> None:
    good = random_choice(4, 2, 0)
    pairs = good.pairs.copy()
    pairs[0, 1] += 1.0
    nan = good.linear.copy()
    nan[0] = np.nan
    for wrong in (
        {"pairs": pairs},
        {"linear": nan},
        {"size": 5},
        {"size": 0},
        {"linear": np.zeros(3)},
    ):
        values = {
            "names": good.names,
            "size": 2,
            "linear": good.linear,
            "pairs": good.pairs,
            "forbidden": good.forbidden,
        }
        with pytest.raises(InputError):
            FixedSize(**{**values, **wrong})
