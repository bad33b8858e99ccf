"""Whether the disease model can explain the visits at all: their distance from the posterior's course, in errors of measurement.

If the model holds, the sum of squares over n measurements is about a chi-square of n degrees of freedom, or less, since the
course was fitted to them; one that would come less than once in a thousand times says that no course of the model goes through
them.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

from qtwin.twin.assimilate import Posterior, predict
from qtwin.twin.disease.base import DiseaseModel

UNLIKELY = 1e-3


def distance_squared(model: DiseaseModel, posterior: Posterior) -> float:
    """Sum over the measurements of (value - median of the course)^2 / error^2, on the scale on which the error is."""
    total = 0.0
    for o in posterior.observations:
        spec = model.observables[o.biomarker]
        middle = float(np.median(predict(model, posterior, o.biomarker, np.array([o.time_years]))[:, 0]))
        gap = np.log(max(o.value, 1e-6)) - np.log(max(middle, 1e-6)) if spec.scale == "log" else o.value - middle
        total += float(gap / (o.error or spec.error)) ** 2
    return total


def why_misfit(model: DiseaseModel, posterior: Posterior) -> str:
    """A plain statement if the model does not fit the visits, '' if it does."""
    n = len(posterior.observations)
    distance = distance_squared(model, posterior) if n else 0.0
    if n == 0 or chdtrc(float(n), distance) >= UNLIKELY:
        return ""
    return (
        f"the disease model does not fit these visits: the measurements lie {np.sqrt(distance / n):.1f} errors from its course on"
        " average; check them, and do not trust the forecast"
    )
