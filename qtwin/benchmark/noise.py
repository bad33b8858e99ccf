"""Success against the two-qubit error rate: a fit, and the error budget of an instance.

With gates that depolarise, a circuit of G noisy two-qubit gates comes through whole with
probability (1 - e)^G and ends nearly uniform otherwise, so that a shot succeeds with

    p(e) = F p0 + (1 - F) c,   F = exp(-g e),

c being the chance of a uniform guess. g is fitted, not counted: errors that do not matter make it
smaller than G. The budget is the error at which F = 1/2, half of what the circuit gains over
guessing: e = ln 2 / g.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.metrics import Interval
from qtwin.errors import InputError

Array = NDArray[np.float64]
_DRAWS = 200


@dataclass(frozen=True, kw_only=True)
class Level:
    """Shots at one error rate."""

    error: float
    hits: int
    shots: int


@dataclass(frozen=True, kw_only=True)
class NoiseFit:
    """The curve through the levels.

    Attributes:
        p0: Success of a shot without noise.
        gates: g above, the gates that matter.
        gates_interval: 95 %, by parametric bootstrap.
        chance: Of a uniform guess.
        budget: Two-qubit error at which half of the gain over guessing is left.
        budget_interval: 95 %.
    """

    p0: float
    gates: float
    gates_interval: Interval
    chance: float
    budget: float
    budget_interval: Interval

    def at(self, error: float) -> float:
        """Success of a shot at this error."""
        whole = math.exp(-self.gates * error)
        return whole * self.p0 + (1.0 - whole) * self.chance


def fit(levels: Sequence[Level], *, chance: float, seed: int = 0, draws: int = _DRAWS) -> NoiseFit:
    """The curve of greatest likelihood.

    Args:
        levels: At least three error rates, one of them 0 or small.
        chance: Success of a uniform guess.
        seed: Of the bootstrap.
        draws: Of the bootstrap.

    Raises:
        InputError: for fewer than three levels, or a circuit that is not better than guessing at
            any of them.
    """
    if len({level.error for level in levels}) < 3 or any(level.shots < 1 for level in levels):
        raise InputError(
            f"expected at least 3 error rates with shots, got {len(levels)}",
            hint="noise = [0.0, 0.001, 0.01]",
        )
    errors = np.array([level.error for level in levels])
    hits, shots = (
        np.array([level.hits for level in levels]),
        np.array([level.shots for level in levels]),
    )
    if not (hits / shots).max() > 1.2 * chance:
        raise InputError(
            f"at most {(hits / shots).max():.2g} of the shots succeed, a guess has {chance:.2g}",
            hint="without a gain over guessing there is no budget for errors",
        )
    p0, gates = _likeliest(errors, hits, shots, chance)
    rng = np.random.default_rng(seed)
    expected = _curve(errors, p0, gates, chance)
    drawn = np.array(
        [_likeliest(errors, rng.binomial(shots, expected), shots, chance)[1] for _ in range(draws)]
    )
    low, high = (float(q) for q in np.quantile(drawn, [0.025, 0.975]))
    return NoiseFit(
        p0=p0,
        gates=gates,
        gates_interval=Interval(low, high),
        chance=chance,
        budget=_budget(gates),
        budget_interval=Interval(_budget(high), _budget(low)),
    )


def _budget(gates: float) -> float:
    return math.log(2.0) / gates if gates > 1e-9 else math.inf


def _curve(errors: Array, p0: float, gates: float, chance: float) -> Array:
    whole = np.exp(-gates * errors)
    return np.clip(whole * p0 + (1.0 - whole) * chance, 1e-12, 1.0 - 1e-12)


def _likeliest(
    errors: Array, hits: NDArray[np.int64], shots: NDArray[np.int64], chance: float
) -> tuple[float, float]:
    """(p0, g) by a bounded descent on the binomial likelihood, in logarithms so that both stay
    positive.
    """
    from scipy.optimize import minimize

    def surprise(x: Array) -> float:
        p = _curve(errors, float(1.0 / (1.0 + np.exp(-x[0]))), float(np.exp(x[1])), chance)
        return -float((hits * np.log(p) + (shots - hits) * np.log1p(-p)).sum())

    start_p = min(max(float((hits / shots)[np.argmin(errors)]), 1e-6), 1 - 1e-6)
    scale = 1.0 / max(float(np.median(errors[errors > 0])), 1e-9)
    best = min(
        (
            minimize(
                surprise,
                [math.log(start_p / (1 - start_p)), math.log(f * scale)],
                method="Nelder-Mead",
            )
            for f in (0.3, 3.0)
        ),
        key=lambda r: float(r.fun),
    )
    return float(1.0 / (1.0 + np.exp(-best.x[0]))), float(np.exp(best.x[1]))
