"""How long a person can expect to live, and how well: what a death costs, and over how much life a benefit accrues.

The hazard of death is that of a life table at the person's age and sex times a hazard ratio of the stage of dementia; utility
follows the cognitive course. A death costs the discounted remaining quality-adjusted life of this person, beyond the horizon too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NODES = 5
"""Gauss-Legendre nodes over the horizon: five are right to 1e-3 over ten years, although the hazard steps from year to year."""
_MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class Prospects:
    """What lies ahead without drugs, year by year from now.

    Attributes:
        hazard_per_year: (y,) hazard of death in each year; the last one holds for ever.
        mmse: (y,) expected MMSE in each year, for utility.
        stage: Which hazard ratio of a stage of dementia is in the hazard, a key of the outcome table; "" where none is.
    """

    hazard_per_year: Array
    mmse: Array
    stage: str = ""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Integrals over one horizon for e draws and q nodes; everything is discounted to now.

    Attributes:
        weights: (q,) quadrature weights times discount (years).
        cumulative: (e, q) cumulative hazard of death without drugs at the nodes.
        utility: (e, q) utility at the nodes.
        cumulative_end: (e,) cumulative hazard at the horizon.
        remaining: (e,) quality-adjusted years left to who is alive at the horizon, discounted to now; 0 where only the horizon
            counts.
        alive: (e,) years alive within the horizon without drugs, not discounted.
        at_event: (e,) quality-adjusted years left at an event in mid-horizon, discounted to now.
    """

    weights: Array
    cumulative: Array
    utility: Array
    cumulative_end: Array
    remaining: Array
    alive: Array
    at_event: Array
    _time: Array
    _value: Array
    _weight: Array
    _beyond: bool
    _horizon: float

    def alive_at(self, times_years: Array) -> Array:
        """(e, t) chance to be alive at some times without drugs, discounted."""
        return np.array([np.interp(times_years, self._time, row) for row in self._weight])

    def lived(self, duration_years: Array) -> Array:
        """(e,) discounted years lived in the (e,) years after an event in mid-horizon; no longer than the horizon counts."""
        middle = 0.5 * self._horizon
        end = np.full(len(duration_years), np.inf) if self._beyond else np.full(len(duration_years), self._horizon)
        until = np.minimum(middle + duration_years, end)
        found = np.empty(len(duration_years))
        for e, stop in enumerate(until):
            both = np.interp([middle, min(float(stop), float(self._time[-1]))], self._time, self._value[e])
            found[e] = both[1] - both[0]
        return found


def span(
    prospects: Prospects,
    *,
    horizon_years: float,
    hazard_factor: Array,
    utility_base: Array,
    utility_per_mmse: Array,
    discount_per_year: float,
    beyond: bool,
) -> Span:
    """The integrals of one horizon.

    Args:
        prospects: What lies ahead without drugs.
        horizon_years: How long drugs are taken.
        hazard_factor: (e,) factor on the hazard of death.
        utility_base: (e,) utility at an MMSE of 0.
        utility_per_mmse: (e,) utility per point; utility is held between 0 and 1.
        discount_per_year: Continuous rate.
        beyond: Whether life after the horizon counts.
    """
    years = len(prospects.hazard_per_year)
    time = np.arange(years * _MONTHS + 1) / _MONTHS
    yearly = np.concatenate([[0.0], np.cumsum(prospects.hazard_per_year)])
    base = np.interp(time, np.arange(years + 1.0), yearly)
    cumulative = hazard_factor[:, None] * base
    quality = np.interp(time, np.arange(years) + 0.5, prospects.mmse)
    utility = np.clip(utility_base[:, None] + utility_per_mmse[:, None] * quality, 0.0, 1.0)
    discount = np.exp(-discount_per_year * time)
    alive = np.exp(-cumulative)

    def integral(rate: Array) -> Array:
        """(e, t) integral from now to each time, trapezoidal."""
        steps = 0.5 * (rate[:, 1:] + rate[:, :-1]) / _MONTHS
        return np.concatenate([np.zeros((len(rate), 1)), np.cumsum(steps, axis=1)], axis=1)

    def at(values: Array, when: float) -> Array:
        return np.array([np.interp(when, time, row) for row in values])

    quality_lived, lived = integral(alive * utility * discount), integral(alive * discount)
    end = min(horizon_years, float(time[-1]))
    alive_end, alive_middle = at(alive, end), at(alive, 0.5 * end)
    last = quality_lived[:, -1] if beyond else at(quality_lived, end)
    x, w = np.polynomial.legendre.leggauss(NODES)
    nodes, weights = 0.5 * end * (x + 1.0), 0.5 * end * w
    node_hazard = np.array([np.interp(nodes, time, row) for row in cumulative])
    node_utility = np.array([np.interp(nodes, time, row) for row in utility])
    return Span(
        weights=weights * np.exp(-discount_per_year * nodes),
        cumulative=node_hazard,
        utility=node_utility,
        cumulative_end=at(cumulative, end),
        remaining=np.maximum(last - at(quality_lived, end), 0.0) / alive_end if beyond else np.zeros(len(alive)),
        alive=np.exp(-node_hazard) @ weights,
        at_event=(last - at(quality_lived, 0.5 * end)) / alive_middle,
        _time=time,
        _value=lived / alive_middle[:, None],
        _weight=alive * discount,
        _beyond=beyond,
        _horizon=end,
    )
