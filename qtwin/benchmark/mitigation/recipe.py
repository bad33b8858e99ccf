"""A way to treat noise, and what came of it over many repetitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Options of the device and of the mitigation around it.

    Attributes:
        label: As printed.
        device: Options of the fake backend.
        mitigation: Options of `qtwin.backend.mitigation.Mitigated`; empty for none.
    """

    label: str
    device: Mapping[str, Any] = field(default_factory=dict)
    mitigation: Mapping[str, Any] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Whether waiting qubits decay; only rows with equal noise can be compared."""
        return bool(self.device.get("idle_noise") or self.device.get("decoupling", "none") != "none")


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A mean with its 95 % interval by the bootstrap over repetitions."""

    value: float
    low: float
    high: float


def summarised(values: Sequence[float], *, root_mean_square: bool = False, draws: int = 4000, seed: int = 0) -> Summary:
    """Mean, or root mean square, of repetitions, with its percentile bootstrap interval (Efron 1979)."""
    x = np.asarray(values, dtype=np.float64)
    picks = x[np.random.default_rng(seed).integers(len(x), size=(draws, len(x)))]

    def statistic(a: Any, axis: int) -> Any:
        return np.sqrt((a**2).mean(axis=axis)) if root_mean_square else a.mean(axis=axis)

    low, high = np.quantile(statistic(picks, 1), (0.025, 0.975))
    return Summary(value=float(statistic(x, 0)), low=float(low), high=float(high))
