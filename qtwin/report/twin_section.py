"""The twin's section of result.json: what the visits changed, and how the model runs through them."""

from __future__ import annotations

from typing import Any

import numpy as np

from qtwin.report.interval import band
from qtwin.twin.assimilate import predict
from qtwin.twin.twin import Twin


def twin_section(twin: Twin) -> dict[str, Any]:
    """Posterior against prior by latent variable, and predictive bands through the visits; time 0 is the last visit."""
    p, model = twin.posterior, twin.model
    driven, why = p.prior_driven(model)
    mean = np.average(p.latent, axis=0, weights=p.weights)
    times = np.linspace(0.0, p.span_years, 25) if p.span_years > 0 else np.zeros(1)
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
                "parameter": name,
                "unit": "prior standard deviations",
                "prior_mean": 0.0,
                "prior_sd": 1.0,
                "posterior_mean": float(mean[k]),
                "posterior_sd": float(shrunk),
                "shrinkage": float(shrunk),
            }
            for k, (name, shrunk) in enumerate(zip(model.latent, p.shrinkage(), strict=True))
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
