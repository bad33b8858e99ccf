"""Simultaneous perturbation: a descent that asks for two noisy values a step, whatever the number of angles.

    theta <- theta - a_k (f(theta + c_k d) - f(theta - c_k d)) / (2 c_k) d,   d random signs,
    a_k = a / (k + 1 + A)^0.602,  c_k = c / (k + 1)^0.101

(Spall 1998, IEEE Trans. Aerosp. Electron. Syst. 34:817). a is set from a few differences at the start, so that the first steps
have a wanted length (Kandala et al. 2017, Nature 549:242, supplement).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_CALIBRATION = 5
_STEP, _SPREAD = 0.15, 0.15


def spsa(objective: Callable[[Floats], float], theta: Floats, *, evaluations: int, seed: int) -> Floats:
    """Where the descent ends: the mean of its last tenth of steps, which averages the noise.

    Args:
        objective: A value, noisy or not.
        theta: Start, in radians.
        evaluations: Of the objective, calibration included; at least 2.
        seed: For the directions.
    """
    rng = np.random.default_rng(seed)

    def slope(x: Floats, spread: float) -> tuple[float, Floats]:
        direction = rng.choice(np.array([-1.0, 1.0]), size=x.size)
        return (objective(x + spread * direction) - objective(x - spread * direction)) / (2.0 * spread), direction

    calibration = min(_CALIBRATION, max(1, evaluations // 10))
    typical = float(np.mean([abs(slope(theta, _SPREAD)[0]) for _ in range(calibration)]))
    steps = max(0, evaluations // 2 - calibration)
    stability = 0.1 * steps
    size = _STEP * (1.0 + stability) ** 0.602 / max(typical, 1e-12)
    x, tail = theta.copy(), [theta.copy()]
    for k in range(steps):
        found, direction = slope(x, _SPREAD / (k + 1) ** 0.101)
        x = x - np.clip(size / (k + 1 + stability) ** 0.602 * found, -4.0 * _STEP, 4.0 * _STEP) * direction
        tail = [*tail[-max(1, steps // 10) + 1 :], x.copy()] if steps >= 20 else [x.copy()]
    return np.asarray(np.mean(tail, axis=0))
