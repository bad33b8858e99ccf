"""Coverage of the near-optimal sets: uniform draws in closed form, samplers of known
distribution.
"""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.benchmark.coverage import sampler_coverage, uniform_coverage
from qtwin.errors import InputError

TARGETS = np.array([[0, 1], [0, 2], [1, 3]])
WEIGHTS = np.array([0.5, 0.3, 0.2])


def _record(counts: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Three targets and one assignment that is none."""
    bits = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 1, 0]], dtype=np.uint8)
    return bits, np.array(counts)


def test_uniform_draws_cover_in_closed_form() -> None:
    """E C(M) = 1 - (1 - 1/F)^M; at F = 1 the first shot covers everything."""
    found = uniform_coverage(20, WEIGHTS, [1, 7, 50], seed=0)
    np.testing.assert_allclose(found.mean, [1 - 0.95**m for m in (1, 7, 50)])
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()
    assert uniform_coverage(1, np.array([2.0]), [1], seed=0).mean[0] == 1.0
    # one shot in two equal sets hits exactly one of them
    one = uniform_coverage(2, np.array([1.0, 1.0]), [1], seed=0)
    assert (one.low[0], one.high[0]) == (0.5, 0.5)


def test_a_sampler_that_draws_uniformly_covers_as_uniform_draws_do() -> None:
    rng = np.random.default_rng(2)
    counts = rng.multinomial(40_000, [0.05, 0.05, 0.05, 0.85])
    found = sampler_coverage(*_record(counts.tolist()), TARGETS, WEIGHTS, [1, 5, 20], seed=1)
    wanted = uniform_coverage(20, WEIGHTS, [1, 5, 20], seed=0).mean
    assert (found.low <= wanted).all()
    assert (wanted <= found.high).all()
    assert found.runs.tolist() == [40_000, 8_000, 2_000]


def test_what_was_recorded_is_what_is_covered() -> None:
    bits, counts = _record([3, 0, 2, 5])
    # neither order nor scale matters
    found = sampler_coverage(bits, counts, TARGETS[:, ::-1], 10.0 * WEIGHTS, [10], seed=0)
    assert found.mean[0] == pytest.approx(0.7)
    assert np.isnan(found.low[0])
    assert np.isnan(found.high[0])
    assert sampler_coverage(*_record([0, 0, 0, 9]), TARGETS, WEIGHTS, [3], seed=0).mean[0] == 0.0


def test_impossible_questions_are_refused() -> None:
    record = _record([1, 1, 1, 1])
    for shots in ([5], [0]):
        with pytest.raises(InputError, match=r"expected 1 to \d+ shots"):
            sampler_coverage(*record, TARGETS, WEIGHTS, shots, seed=0)
    for weights in (np.zeros(3), np.array([1.0, -1.0, 1.0])):
        with pytest.raises(InputError, match="weights"):
            sampler_coverage(*record, TARGETS, weights, [1], seed=0)
    with pytest.raises(InputError, match="targets among"):
        uniform_coverage(2, WEIGHTS, [1], seed=0)
