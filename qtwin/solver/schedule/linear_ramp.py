"""The linear ramp: gamma rises and beta falls with the layer, as in an annealing of finite time; two numbers for any depth.

    gamma_i = a (i - 1/2) / p,   beta_i = -b (1 - (i - 1/2) / p)

(Montanez-Barrera, Michielsen 2024, arXiv:2405.09169, who keep a and b fixed for all instances of a family.) With a = b small and
p large it is the adiabatic limit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qtwin.solver.angle_search import AngleSearch

Array = NDArray[np.float64]
_STEPS = (0.3, 0.45, 0.6, 0.75, 0.9)


def slopes(layers: int) -> Array:
    """(2 p, 2) the angles are this matrix times (a, b)."""
    s = (np.arange(layers) + 0.5) / layers
    out = np.zeros((2 * layers, 2))
    out[0::2, 0], out[1::2, 1] = s, s - 1.0
    return out


def ramp(layers: int, *, step: float = 0.7) -> Array:
    """(2 layers,) angles of the linear ramp, `step` its largest angle."""
    return np.asarray(slopes(layers) @ np.array([step, step]))


def linear_ramp(search: AngleSearch, layers: int, *, starts: int, rng: np.random.Generator) -> None:
    """Five ramps with a = b are compared and the best is refined in its two slopes; nothing else is trained."""
    search.deepen(layers)
    values = [search.evaluate(ramp(layers, step=step))[0] for step in _STEPS]
    best = _STEPS[int(np.argmin(values))]
    search.descend(np.array([best, best]), iterations=20, through=slopes(layers))
    search.close()
