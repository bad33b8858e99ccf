"""What is read off a distribution over states: shots, and the mean of its best share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def draw(probabilities: Floats, *, shots: int, seed: int) -> tuple[Places, Places]:
    """Distinct places and how often each was drawn; overwrites the (m,) probabilities with their running sum."""
    running = probabilities
    np.cumsum(running, out=running)
    points = np.sort(np.random.default_rng(seed).random(shots)) * running[-1]
    last = int(np.searchsorted(running, running[-1]))  # rounding must not reach states of probability zero
    drawn = np.minimum(np.searchsorted(running, points, side="right"), last)
    places, counts = np.unique(drawn, return_counts=True)
    return places.astype(np.int64), counts.astype(np.int64)


def lowest_share(energies: Floats, probabilities: Floats, alpha: float, order: Places | None = None) -> tuple[float, float]:
    """CVaR: (mean energy of the lowest share alpha of the distribution, energy at which that share ends).

    Args:
        energies: (m,).
        probabilities: (m,) summing to one.
        alpha: In (0, 1].
        order: (m,) places by rising energy, where known already.

    Raises:
        InputError: for an alpha outside (0, 1].
    """
    if not 0.0 < alpha <= 1.0:
        raise InputError(f"alpha = {alpha} came, a share in (0, 1] was wanted", hint="0.1 to 0.25 are usual")
    places = np.argsort(energies, kind="stable") if order is None else order
    reached = np.cumsum(probabilities[places])
    last = min(int(np.searchsorted(reached, alpha * (1.0 - 1e-12))), len(places) - 1)
    before, edge = float(reached[last - 1]) if last else 0.0, float(energies[places[last]])
    tail = places[:last]
    return (float(energies[tail] @ probabilities[tail]) + (alpha - before) * edge) / alpha, edge
