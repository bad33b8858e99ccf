"""A twin in numbers: credible intervals of weighted members, what the visits changed, and how the
model runs through them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qtwin.twin.assimilate import predict

if TYPE_CHECKING:
    from qtwin.twin.twin import Twin

Array = NDArray[np.float64]


def weighted_quantile(values: Array, weights: Array, levels: tuple[float, ...]) -> Array:
    """Quantiles of (m, ...) values under (m,) weights along axis 0; (len(levels), ...)."""
    flat = values.reshape(len(values), -1)
    order = np.argsort(flat, axis=0)
    ordered = np.take_along_axis(flat, order, axis=0)
    mass = np.cumsum(weights[order], axis=0)
    mass /= mass[-1]
    picked = [
        np.take_along_axis(
            ordered, np.minimum((mass < q).sum(axis=0), len(flat) - 1)[None, :], axis=0
        )[0]
        for q in levels
    ]
    return np.array(picked).reshape(len(levels), *values.shape[1:])


def summary(values: Array, weights: Array) -> dict[str, float]:
    """Mean and central 95 % credible interval of (m,) values."""
    low, high = weighted_quantile(values, weights, (0.025, 0.975))
    return {
        "mean": float(np.average(values, weights=weights)),
        "low": float(low),
        "high": float(high),
    }


def band(values: Array, weights: Array) -> dict[str, list[float]]:
    """Median and central 95 % credible band of (m, t) values over time."""
    low, median, high = weighted_quantile(values, weights, (0.025, 0.5, 0.975))
    return {"low": low.tolist(), "median": median.tolist(), "high": high.tolist()}


def summary_of(twin: Twin) -> dict[str, Any]:
    """Posterior against prior by latent variable, and predictive bands through the visits; time 0
    is the last visit.
    """
    p, model = twin.posterior, twin.model
    driven, why = p.prior_driven(model)
    times = (
        np.linspace(0.0, p.span_years, 25, dtype=np.float64) if p.span_years > 0 else np.zeros(1)
    )
    observed = sorted({o.biomarker for o in p.observations})
    return {
        "disease_model": model.name,
        "n_members": twin.n_members,
        "effective_sample_size": p.effective_sample_size,
        "method": p.method,
        "prior_driven": driven,
        "prior_driven_reason": why,
        "posterior": [
            {
                "parameter": f"ln {known.name}",
                "unit": "1",
                "prior_mean": known.prior_mean,
                "prior_sd": known.prior_sd,
                "posterior_mean": known.posterior_mean,
                "posterior_sd": known.posterior_sd,
                "contraction": known.contraction,
            }
            for known in p.learnt(model)
        ],
        "fit": {
            "observed": [
                {
                    "biomarker": o.biomarker,
                    "time_years": o.time_years - p.span_years,
                    "value": o.value,
                    "unit": model.observables[o.biomarker].unit,
                }
                for o in p.observations
            ],
            "bands": [
                {
                    "biomarker": name,
                    "unit": model.observables[name].unit,
                    "time_years": (times - p.span_years).tolist(),
                    **band(predict(model, p, name, times), p.weights),
                }
                for name in observed
            ],
        },
    }
