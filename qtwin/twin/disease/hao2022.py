"""The published model of Hao, Lenhart and Petrella 2022, for asking what happens when our default model is wrong.

    A'  = lambda A (1 - A/K) - u A         amyloid
    Tp' = lt A (1 - Tp/Kt)                 phosphorylated tau
    To' = c                                other tau
    N'  = (lo To + lp Tp)(1 - N/KN)        neuronal loss
    C'  = (lN N + lC Tp)(1 - C/KC)         cognitive impairment, 0-100

PLoS Comput Biol 18:e1010481 (10.1371/journal.pcbi.1010481). Its amyloid is not in centiloid and its C is ADAS-like; both are
mapped on the clinical scales by a fixed factor, stated at each observable. It does not observe p-tau217 or tau PET.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numba as nb
import numpy as np

from qtwin.twin.disease.base import Array, DiseaseModel, Observable
from qtwin.twin.simulate import DERIVATIVE

# A0, lambda, K, lambda_tau, K_tau, lambda_o, lambda_p, lambda_CN, lambda_Ct and KC as published; c, KN and the speed assumed.
_AMYLOID_0, _GROWTH, _CAPACITY = 107.6, 0.18, 200.0
_TAU_RATE, _TAU_CAPACITY = 0.01, 10.0
_OTHER_TAU, _LOSS_OTHER, _LOSS_TAU, _LOSS_CAPACITY = 1.0, 5e-5, 0.1, 1.0
_IMPAIR_LOSS, _IMPAIR_TAU, _IMPAIR_CAPACITY = 10.0, 10.0, 100.0
_CDR_PER_IMPAIRMENT = 18.0 / 100.0


@nb.cfunc(DERIVATIVE, cache=True)
def _derivative(t, y, p, removal, dy):  # type: ignore[no-untyped-def]
    dy[0] = p[0] * y[0] * (1.0 - y[0] / p[1]) - removal * y[0]
    dy[1] = p[2] * y[0] * (1.0 - y[1] / p[3])
    dy[2] = p[4]
    dy[3] = (p[5] * y[2] + p[6] * y[1]) * (1.0 - y[3] / p[7])
    dy[4] = p[10] * (p[8] * y[3] + p[9] * y[1]) * (1.0 - y[4] / p[11])


@final
class Hao2022(DiseaseModel):
    """See the module's text for the equations."""

    name = "hao-2022"
    reference = "Hao, Lenhart and Petrella 2022, PLoS Comput Biol 18:e1010481"
    states = (
        ("amyloid", "model unit"),
        ("tau_p", "model unit"),
        ("tau_o", "model unit"),
        ("neuron_loss", "1"),
        ("impairment", "0-100"),
    )
    parameters = tuple(
        (name, "1/year" if name.startswith("lambda") else "1")
        for name in (
            "lambda_A",
            "K_A",
            "lambda_tau",
            "K_tau",
            "c",
            "lambda_o",
            "lambda_p",
            "K_N",
            "lambda_CN",
            "lambda_Ct",
            "speed",
            "K_C",
        )
    )
    latent = ("lambda_A", "lambda_tau", "speed", "amyloid_0", "tau_0", "impairment_0")
    speed = "speed"

    @property
    def observables(self) -> Mapping[str, Observable]:  # type: ignore[override]
        """Amyloid, CDR-SB and MMSE through fixed maps."""
        assumed = "assumed: as for the default model"
        return {
            "amyloid_pet_centiloid": Observable(unit="centiloid", error=6.0, scale="linear", source=assumed),
            "cdr_sb": Observable(unit="point", error=0.8, scale="linear", source=assumed),
            "mmse": Observable(unit="point", error=2.8, scale="linear", source="CERAD"),
        }

    @property
    def derivative(self) -> Any:
        return _derivative

    def from_latent(self, z: Array, *, age_years: float, apoe_e4_copies: int | None) -> tuple[Array, Array]:
        n = len(z)
        p = np.tile(
            [
                _GROWTH,
                _CAPACITY,
                _TAU_RATE,
                _TAU_CAPACITY,
                _OTHER_TAU,
                _LOSS_OTHER,
                _LOSS_TAU,
                _LOSS_CAPACITY,
                _IMPAIR_LOSS,
                _IMPAIR_TAU,
                0.1,
                _IMPAIR_CAPACITY,
            ],
            (n, 1),
        )
        p[:, 0] *= np.exp(0.3 * z[:, 0])
        p[:, 2] *= np.exp(0.4 * z[:, 1])
        p[:, 10] *= np.exp(0.6 * z[:, 2])
        amyloid = np.minimum(_AMYLOID_0 * np.exp(0.4 * z[:, 3]), 0.999 * _CAPACITY)
        tau = np.minimum(4.0 * np.exp(0.4 * z[:, 4]), 0.999 * _TAU_CAPACITY)
        impairment = np.minimum(20.0 * np.exp(0.6 * z[:, 5]), 0.97 * _IMPAIR_CAPACITY)
        return p, np.column_stack([amyloid, tau, np.full(n, 10.0), 0.03 * tau, impairment])

    def _predict(self, biomarker: str, states: Array) -> Array:
        if biomarker == "amyloid_pet_centiloid":
            return np.asarray(states[..., 0])
        cdr = np.clip(states[..., 4], 0.0, 100.0) * _CDR_PER_IMPAIRMENT
        return np.asarray(cdr if biomarker == "cdr_sb" else 30.0 * (1.0 - (cdr / 18.0) ** 1.1))
