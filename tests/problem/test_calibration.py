"""A regimen that is said to be the best with probability p is the best with frequency p."""

from __future__ import annotations

import pytest
from scipy.stats import chi2

from tests.oracles.calibration import TRUTHS, calibrate


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_stated_probabilities_are_frequencies() -> None:
    found = calibrate()
    assert found.stated.shape[0] == TRUTHS
    assert found.stated.shape[1] <= 40
    told = [b for b in found.bins() if b.variance > 3.0]
    statistic = sum((b.found - b.expected) ** 2 / b.variance for b in told)
    assert len(told) >= 5
    assert statistic < chi2.ppf(0.999, len(told))
    assert abs(found.most_probable()[2]) < 3.3
