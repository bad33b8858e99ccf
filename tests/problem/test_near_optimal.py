"""Probabilities of being the best, against the normal distribution where it answers in closed
form.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from qtwin.errors import InputError
from qtwin.problem.fixed_size import FixedSize
from qtwin.problem.near_optimal import near_optimal


def _three_drugs() -> FixedSize:
    """Two permitted pairs: (0, 1) worth 5 and (0, 2) worth 4; the pair (1, 2) is forbidden."""
    pairs = np.zeros((3, 3))
    pairs[0, 1] = pairs[1, 0] = 3.0
    pairs[0, 2] = pairs[2, 0] = 2.5
    forbidden = np.zeros((3, 3), dtype=np.bool_)
    forbidden[1, 2] = forbidden[2, 1] = True
    return FixedSize(
        names=("a", "b", "c"),
        size=2,
        linear=np.array([1.0, 1.0, 0.5]),
        pairs=pairs,
        forbidden=forbidden,
    )


def test_two_normal_sets_are_told_apart_by_the_normal_distribution() -> None:
    choice = _three_drugs()
    rng, d = np.random.default_rng(1), 200_000
    # pair coefficients as the data leave them
    first, second = rng.normal(2.0, 1.5, d), rng.normal(1.8, 0.8, d)
    pairs = np.zeros((d, 3, 3))
    pairs[:, 0, 1] = pairs[:, 1, 0] = first
    pairs[:, 0, 2] = pairs[:, 2, 0] = second
    found = near_optimal(choice, np.broadcast_to(choice.linear, (d, 3)), pairs)
    gap, spread = (2.0 + 2.0) - (1.5 + 1.8), np.hypot(1.5, 0.8)
    p = norm.cdf(gap / spread)
    assert found.sets.tolist() == [[0, 1], [0, 2]]
    assert found.nominal == 0
    assert found.optimal[0] == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / d))
    assert found.optimal.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(found.mean, [4.0, 3.3], atol=0.02)
    np.testing.assert_allclose(found.sd, [1.5, 0.8], atol=0.01)
    assert found.shortfall == pytest.approx(5.0 - 4.0, abs=0.02)
    assert found.ratio == pytest.approx(4.0 / 5.0, abs=0.005)
    # E max(second - first, 0) of a normal difference
    assert found.regret == pytest.approx(
        spread * norm.pdf(gap / spread) - gap * norm.cdf(-gap / spread), abs=0.01
    )


def test_without_noise_there_is_no_curse() -> None:
    choice = _three_drugs()
    found = near_optimal(choice, choice.linear[None], choice.pairs[None], tolerance=0.25)
    assert (found.ratio, found.shortfall, found.regret) == (1.0, 0.0, 0.0)
    assert found.optimal.tolist() == [1.0, 0.0]
    assert found.near.tolist() == [1.0, 1.0]
    assert found.within.tolist() == [0, 1]
    assert near_optimal(choice, choice.linear[None], choice.pairs[None]).within.tolist() == [0]
    assert found.credible(0.9).tolist() == [0]


def test_negative_values_are_near_from_below() -> None:
    """With a best of -10, sets down to -11 lie within 10 %."""
    choice = FixedSize(
        names=("a", "b", "c"),
        size=1,
        linear=np.array([-10.0, -10.9, -11.1]),
        pairs=np.zeros((3, 3)),
        forbidden=np.zeros((3, 3), dtype=np.bool_),
    )
    found = near_optimal(choice, choice.linear[None], choice.pairs[None])
    assert found.within.tolist() == [0, 1]
    assert found.near.tolist() == [1.0, 1.0, 0.0]


def test_the_fewest_sets_that_hold_the_best() -> None:
    choice = FixedSize(
        names=("a", "b", "c"),
        size=1,
        linear=np.zeros(3),
        pairs=np.zeros((3, 3)),
        forbidden=np.zeros((3, 3), dtype=np.bool_),
    )
    linear = np.eye(3)[[0, 1, 1, 1, 2, 1, 1, 1, 0, 1]]
    found = near_optimal(choice, linear, np.zeros((10, 3, 3)))
    assert found.optimal.tolist() == [0.2, 0.7, 0.1]
    assert found.credible(0.9).tolist() == [1, 0]
    assert found.credible(0.95).tolist() == [1, 0, 2]


def test_draws_of_the_wrong_shape_are_refused() -> None:
    choice = _three_drugs()
    with pytest.raises(InputError, match="draws of shapes"):
        near_optimal(choice, np.zeros((2, 4)), np.zeros((2, 3, 3)))
    with pytest.raises(InputError, match="tolerance"):
        near_optimal(choice, choice.linear[None], choice.pairs[None], tolerance=1.0)
