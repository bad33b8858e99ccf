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
    times = np.linspace(0.0, p.span_years, 25, dtype=np.float64) if p.span_years > 0 else np.zeros(1)
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
                "shrinkage": known.shrinkage,
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
