"""The published model of Hao, Lenhart and Petrella 2022, for asking what happens when our default
model is wrong.

    A'  = lambda A (1 - A/K) - u A         amyloid
    Tp' = lt A (1 - Tp/Kt)                 phosphorylated tau
    To' = c                                other tau
    N'  = (lo To + lp Tp)(1 - N/KN)        neuronal loss
    C'  = (lN N + lC Tp)(1 - C/KC)         cognitive impairment, 0-100

PLoS Comput Biol 18:e1010481 (10.1371/journal.pcbi.1010481); the numbers stand in
``data/disease_hao_2022.toml``, each with unit, status and source. The paper scales no patient's
speed; here `speed` multiplies C', so that patients can differ. Amyloid and C are not in clinical
units; a fixed factor maps each, stated at the observable. The model predicts amyloid PET, CDR-SB
and MMSE; it has no plasma p-tau217, tau PET or hippocampal volume, and visits that measured those
teach it nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import numpy as np

from qtwin.pharmacology.quantity import read_quantities
from qtwin.twin.disease.base import Array, Derivative, DiseaseModel, Observable

_FILE = "disease_hao_2022.toml"


def _derivative(t: float, y: Array, p: Array, removal: float, dy: Array) -> None:
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
        ("impairment", "point"),
    )
    parameters = (
        ("lambda_A", "1/year"),
        ("K_A", "model unit"),
        ("lambda_tau", "1/year"),
        ("K_tau", "model unit"),
        ("c", "model unit/year"),
        ("lambda_o", "1/year"),
        ("lambda_p", "1/year"),
        ("K_N", "1"),
        ("lambda_CN", "1/year"),
        ("lambda_Ct", "1/year"),
        ("speed", "1"),
        ("K_C", "point"),
    )
    latent = ("lambda_A", "lambda_tau", "speed", "amyloid_0", "tau_0", "impairment_0")
    speed = "speed"
    stage = "impairment_0"

    @property
    def observables(self) -> Mapping[str, Observable]:
        q = read_quantities(_FILE)
        amyloid = (
            f"centiloid = {q['centiloid_per_amyloid'].value:g} amyloid "
            f"({q['centiloid_per_amyloid'].status})"
        )
        cdr = f"CDR-SB = {q['cdr_per_impairment'].value:g} C ({q['cdr_per_impairment'].status})"
        return {
            "amyloid_pet_centiloid": Observable(
                unit="centiloid",
                error=q["error_amyloid"].value,
                scale="linear",
                source=f"{amyloid}; {q['error_amyloid'].source}",
            ),
            "cdr_sb": Observable(
                unit="point",
                error=q["error_cdr_sb"].value,
                scale="linear",
                source=f"{cdr}; {q['error_cdr_sb'].source}",
            ),
            "mmse": Observable(
                unit="point",
                error=q["error_mmse"].value,
                scale="linear",
                source=f"{cdr}; {q['error_mmse'].source}",
            ),
        }

    @property
    def derivative(self) -> Derivative:
        return _derivative

    def log_prior(self, *, age_years: float, apoe_e4_copies: int | None) -> Array:
        q = read_quantities(_FILE)
        return np.array([[np.log(q[k].value), q[k].log_sd] for k in self.latent])

    def from_latent(
        self, z: Array, *, age_years: float, apoe_e4_copies: int | None
    ) -> tuple[Array, Array]:
        q = read_quantities(_FILE)
        prior = self.log_prior(age_years=age_years, apoe_e4_copies=apoe_e4_copies)
        drawn = dict(zip(self.latent, np.exp(prior[:, 0] + prior[:, 1] * z).T, strict=True))
        p = np.empty((len(z), len(self.parameters)))
        for column, (name, _) in enumerate(self.parameters):
            p[:, column] = drawn.get(name, q[name].value)
        # Just under each capacity: beyond it the logistic terms would run backwards.
        amyloid = np.minimum(drawn["amyloid_0"], 0.999 * q["K_A"].value)
        tau = np.minimum(drawn["tau_0"], 0.999 * q["K_tau"].value)
        impairment = np.minimum(drawn["impairment_0"], 0.97 * q["K_C"].value)
        other = np.full(len(z), q["other_tau_0"].value)
        return p, np.column_stack(
            [amyloid, tau, other, q["loss_per_tau_0"].value * tau, impairment]
        )

    def _predict(self, biomarker: str, states: Array) -> Array:
        q = read_quantities(_FILE)
        if biomarker == "amyloid_pet_centiloid":
            return np.asarray(q["centiloid_per_amyloid"].value * states[..., 0])
        cdr = q["cdr_per_impairment"].value * np.clip(states[..., 4], 0.0, q["K_C"].value)
        return np.asarray(cdr if biomarker == "cdr_sb" else 30.0 * (1.0 - (cdr / 18.0) ** 1.1))
