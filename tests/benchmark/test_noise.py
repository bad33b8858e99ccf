"""A circuit whose decay is planted comes back with its budget; one that guesses has none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qtwin.benchmark.noise import Level, fit
from qtwin.errors import InputError

ERRORS = (0.0, 1e-3, 3e-3, 1e-2, 3e-2)


def _planted(p0: float, gates: float, chance: float, seed: int, shots: int = 4096) -> list[Level]:
    rng = np.random.default_rng(seed)
    return [
        Level(
            error=e,
            hits=int(rng.binomial(shots, math.exp(-gates * e) * (p0 - chance) + chance)),
            shots=shots,
        )
        for e in ERRORS
    ]


def test_planted_gates_are_in_their_interval() -> None:
    inside = 0
    for seed in range(5):
        found = fit(_planted(0.3, 150.0, 1 / 1024, seed), chance=1 / 1024, seed=seed, draws=60)
        inside += found.gates_interval.low <= 150.0 <= found.gates_interval.high
        assert found.p0 == pytest.approx(0.3, abs=0.05)
    assert inside >= 3  # of 5 at 95 %: fewer has probability 0.001
    assert found.budget == pytest.approx(math.log(2) / found.gates)
    assert found.budget_interval.low <= found.budget <= found.budget_interval.high
    assert found.at(0.0) == pytest.approx(found.p0)
    assert found.at(10.0) == pytest.approx(1 / 1024)


def test_no_gain_no_budget() -> None:
    with pytest.raises(InputError, match="guess"):
        fit(_planted(0.01, 10.0, 0.01, 0), chance=0.01)
    with pytest.raises(InputError, match="error rates"):
        fit(_planted(0.3, 150.0, 0.001, 0)[:2], chance=0.001)
