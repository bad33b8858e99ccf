"""FOURIER: the angles' sine and cosine amplitudes are trained, depth by depth (Zhou et al. 2020, PRX 10:021067, section V B).

    gamma_i =  sum_k u_k sin((k - 1/2) (i - 1/2) pi / p),   beta_i = sum_k v_k cos((k - 1/2) (i - 1/2) pi / p),   k = 1..q

with q = p; a depth more starts from the amplitudes of the one before and a new one of zero: the schedule keeps its shape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qtwin.solver.angle_search import AngleSearch
from qtwin.solver.schedule.interp import first_layer


def waves(layers: int) -> NDArray[np.float64]:
    """(2 p, 2 p) the angles (gamma_1, beta_1, ...) are this matrix times the amplitudes (u_1, v_1, ...)."""
    half = np.arange(layers) + 0.5
    phase = np.outer(half, half) * np.pi / layers  # layer i, wave k
    out = np.zeros((2 * layers, 2 * layers))
    out[0::2, 0::2], out[1::2, 1::2] = np.sin(phase), np.cos(phase)
    return out


def fourier(search: AngleSearch, layers: int, *, starts: int, rng: np.random.Generator) -> None:
    """Depth by depth; at every depth also from `starts` - 1 disturbed copies of the best amplitudes."""
    first_layer(search, starts=starts)
    search.close()
    amplitudes = np.linalg.solve(waves(1), search.theta)
    for depth in range(2, layers + 1):
        search.deepen()
        matrix = waves(depth)
        start = np.append(amplitudes, (0.0, 0.0))
        for k in range(starts):
            disturbed = start * (1.0 + (0.6 if k else 0.0) * rng.normal(size=start.size))
            search.descend(disturbed, iterations=60 if depth == layers else 20, through=matrix)
        amplitudes = np.linalg.solve(matrix, search.theta)
        search.close()
