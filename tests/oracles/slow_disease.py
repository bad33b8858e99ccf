"""The disease equations in plain Python, one patient at a time, as the theory page writes them;
integrated by LSODA.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from qtwin.twin.disease.base import DiseaseModel

Array = NDArray[np.float64]


def alzheimer(y: Array, p: Mapping[str, float], removal: float) -> list[float]:
    a, pt, t, i, h, d = y
    return [
        p["kin"] - (p["kout"] + removal) * a,
        p["p_tau_rate"] * (1 + p["p_tau_per_amyloid"] * a / 100 + p["p_tau_per_tau"] * t - pt),
        p["tau_gain"] * (p["tau_growth"] * t + p["tau_per_p_tau"] * (pt - 1)) * (1 - t / 2),
        2 * (a / 100 + 0.5 * t - i),
        -(p["hippocampus_loss"] + p["hippocampus_loss_per_tau"] * t) * h,
        p["r"] * (p["wA"] * a / 78 + (1 - p["wA"]) * t / 0.4) * d * (1 - d / 18),
    ]


def hao_2022(y: Array, p: Mapping[str, float], removal: float) -> list[float]:
    a, tau_p, tau_o, n, c = y
    return [
        p["lambda_A"] * a * (1 - a / p["K_A"]) - removal * a,
        p["lambda_tau"] * a * (1 - tau_p / p["K_tau"]),
        p["c"],
        (p["lambda_o"] * tau_o + p["lambda_p"] * tau_p) * (1 - n / p["K_N"]),
        p["speed"] * (p["lambda_CN"] * n + p["lambda_Ct"] * tau_p) * (1 - c / p["K_C"]),
    ]


EQUATIONS: dict[str, Callable[[Array, Mapping[str, float], float], list[float]]] = {
    "alzheimer": alzheimer,
    "hao-2022": hao_2022,
}


def integrate_slowly(
    model: DiseaseModel,
    parameters: Array,
    states0: Array,
    removal_per_year: Array,
    times_years: Array,
) -> Array:
    """(r, m, t, S), as `qtwin.twin.simulate.integrate`, to a relative tolerance of 1e-10."""
    names = [name for name, _ in model.parameters]
    right_side = EQUATIONS[model.name]
    out = np.empty((len(removal_per_year), len(states0), len(times_years), states0.shape[1]))
    for r, m in np.ndindex(out.shape[:2]):
        p = dict(zip(names, parameters[m], strict=True))
        out[r, m] = solve_ivp(
            lambda t, y, p=p, u=removal_per_year[r, m]: right_side(y, p, u),
            (times_years[0], times_years[-1]),
            states0[m],
            method="LSODA",
            t_eval=times_years,
            rtol=1e-10,
            atol=1e-12,
        ).y.T
    return out
