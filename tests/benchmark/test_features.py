"""What is said of an instance is what counting gives."""

from __future__ import annotations

import math

import pytest

from qtwin.benchmark.features import features
from qtwin.encoding.generate import make


def test_a_cardinality_instance() -> None:
    found = features(make("cardinality", 10, seed=1, k=3))
    assert found["log2_candidates"] == pytest.approx(math.log2(120))
    assert found["candidates_exact"]
    assert found["largest_choice"] == 3
    assert found["objective_density"] == 1.0
    assert found["degree"] == 2
    big = features(make("cardinality", 40, seed=1, k=3))
    assert big["log2_candidates"] == pytest.approx(math.log2(math.comb(40, 3)))
    assert not big["candidates_exact"]
    assert big["worst"] is None


def test_a_sequence_and_a_graph() -> None:
    labs = features(make("labs", 8, seed=0))
    assert labs["degree"] == labs["objective_degree"] == 4
    assert labs["optimum"] == 8.0
    assert labs["worst"] == sum((8 - k) ** 2 for k in range(1, 8))  # all spins alike
    assert labs["log2_candidates"] == 8.0
    graph = features(make("three-regular", 12, seed=0))
    assert graph["objective_density"] == pytest.approx(18 / 66)
    assert graph["energy_bits"] == math.ceil(math.log2(12 * 3 + 18 * 2 + 1)) + 1
    assert features(make("dense", 8, seed=0))["terms"] == {"1": 8, "2": 28}
