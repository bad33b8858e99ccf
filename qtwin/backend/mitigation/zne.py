"""Zero-noise extrapolation of expectation values (Temme, Bravyi, Gambetta 2017, PRL 119:180509), fits by Mitiq.

Bit strings cannot be extrapolated, only means can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from qtwin.backend.base import Estimate
from qtwin.errors import InputError, require_vendor

Extrapolation = Literal["linear", "quadratic", "exponential", "richardson"]
_LEAST = {"linear": 2, "quadratic": 3, "exponential": 3, "richardson": 2}


def check_factors(factors: Sequence[int], extrapolation: Extrapolation) -> None:
    """Refuse noise factors that no extrapolation can use.

    Raises:
        InputError: for factors that are not odd, positive and rising from 1, or too few.
        MissingVendorError: without Mitiq.
    """
    rising = list(factors) == sorted(set(factors))
    if not factors or factors[0] != 1 or not rising or any(f % 2 == 0 for f in factors):
        raise InputError(f"the noise factors {list(factors)} came, odd ones rising from 1 were wanted", hint="zne = [1, 3, 5]")
    least = _LEAST[extrapolation]
    if len(factors) < least:
        raise InputError(
            f"{len(factors)} noise factors came, {extrapolation} extrapolation wants {least}", hint="zne = [1, 3, 5]"
        )
    require_vendor("mitiq", package="mitiq", needed_by="zero-noise extrapolation")


def extrapolated(factors: Sequence[int], estimates: Sequence[Estimate], extrapolation: Extrapolation) -> Estimate:
    """The estimate at noise factor 0; errors are carried through the fit by its derivatives."""
    fit = _fit(extrapolation)
    values = [e.value for e in estimates]
    value = fit(factors, values)
    variance = 0.0
    for k, e in enumerate(estimates):
        step = max(e.standard_error, 1e-6)
        up, down = (fit(factors, [v + s * step * (j == k) for j, v in enumerate(values)]) for s in (1, -1))
        variance += ((up - down) / 2.0) ** 2 * (e.standard_error / step) ** 2
    return Estimate(value=value, standard_error=float(np.sqrt(variance)), unit=estimates[0].unit)


def _fit(extrapolation: Extrapolation) -> Callable[[Sequence[int], Sequence[float]], float]:
    from mitiq.zne import inference

    def run(factors: Sequence[int], values: Sequence[float]) -> float:
        scale = [float(f) for f in factors]
        if extrapolation == "linear":
            found: Any = inference.LinearFactory.extrapolate(scale, list(values))
        elif extrapolation == "richardson":
            found = inference.RichardsonFactory.extrapolate(scale, list(values))
        elif extrapolation == "quadratic":
            found = inference.PolyFactory.extrapolate(scale, list(values), order=2)
        else:
            found = inference.ExpFactory.extrapolate(scale, list(values), asymptote=0.0)
        return float(found)

    return run
