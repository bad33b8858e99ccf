"""The default Alzheimer model, in clinical units: amyloid, p-tau217, tau, inflammation,
hippocampus, CDR-SB.

    A' = kin - (kout + removal) A                     amyloid PET, centiloid
    P' = 2 (1 + 1.6 A/100 + 2.1 T - P)                plasma p-tau217, fold over normal
    T' = g (0.08 T + 0.007 (P - 1)) (1 - T/2)         tau PET, SUVR excess
    I' = 2 (A/100 + 0.5 T - I)                        inflammation index, feeds nothing yet
    H' = -(0.0141 + 0.081 T) H                        hippocampal volume, fraction of healthy
    D' = r (wA A/78 + (1 - wA) T/0.4) D (1 - D/18)    CDR-SB, 0-18
    MMSE = 30 (1 - (D/18)^1.1)

The numbers stand in ``data/disease_alzheimer.toml`` with unit, status and source. Time in years.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from qtwin.pharmacology.quantity import Quantity, read_quantities
from qtwin.twin.disease.base import Array, Derivative, DiseaseModel, Observable

_FILE = "disease_alzheimer.toml"


def _derivative(t: float, y: Array, p: Array, removal: float, dy: Array) -> None:
    amyloid, p_tau, tau, inflammation, hippocampus, cdr = y[0], y[1], y[2], y[3], y[4], y[5]
    dy[0] = p[0] - (p[1] + removal) * amyloid
    dy[1] = p[5] * (1.0 + p[6] * amyloid / 100.0 + p[7] * tau - p_tau)
    dy[2] = p[4] * (p[8] * tau + p[9] * (p_tau - 1.0)) * (1.0 - 0.5 * tau)
    dy[3] = 2.0 * (amyloid / 100.0 + 0.5 * tau - inflammation)
    dy[4] = -(p[10] + p[11] * tau) * hippocampus
    dy[5] = p[2] * (p[3] * amyloid / 78.0 + (1.0 - p[3]) * tau / 0.4) * cdr * (1.0 - cdr / 18.0)


@final
class Alzheimer(DiseaseModel):
    """See the module's text for the equations; `quantities` replaces the shipped numbers, as the
    calibration does.
    """

    name = "alzheimer"
    reference = (
        "this project's default model; amyloid and drug rates calibrated to Clarity AD and "
        "TRAILBLAZER-ALZ 2"
    )
    states = (
        ("amyloid", "centiloid"),
        ("p_tau217", "fold over normal"),
        ("tau", "SUVR excess"),
        ("inflammation", "index"),
        ("hippocampus", "fraction"),
        ("cdr_sb", "point"),
    )
    parameters = (
        ("kin", "centiloid/year"),
        ("kout", "1/year"),
        ("r", "1/year"),
        ("wA", "1"),
        ("tau_gain", "1"),
        ("p_tau_rate", "1/year"),
        ("p_tau_per_amyloid", "1"),
        ("p_tau_per_tau", "1"),
        ("tau_growth", "1/year"),
        ("tau_per_p_tau", "1/year"),
        ("hippocampus_loss", "1/year"),
        ("hippocampus_loss_per_tau", "1/year"),
    )
    latent = ("kin", "r", "tau_gain", "amyloid_0", "p_tau_0", "tau_0", "hippocampus_0", "cdr_sb_0")
    speed = "r"
    stage = "cdr_sb_0"

    def __init__(self, quantities: Mapping[str, Quantity] | None = None) -> None:
        self._quantities = quantities or read_quantities(_FILE)

    @property
    def observables(self) -> Mapping[str, Observable]:
        q = self._quantities

        def of(key: str, unit: str, scale: Any = "linear") -> Observable:
            return Observable(unit=unit, error=q[key].value, scale=scale, source=q[key].source)

        return {
            "amyloid_pet_centiloid": of("error_amyloid", "centiloid"),
            "plasma_p_tau217_fold": of("error_p_tau217", "fold over normal", "log"),
            "tau_pet_suvr_excess": of("error_tau_pet", "SUVR excess"),
            "hippocampal_fraction": of("error_hippocampus", "fraction"),
            "cdr_sb": of("error_cdr_sb", "point"),
            "mmse": of("error_mmse", "point"),
        }

    @property
    def derivative(self) -> Derivative:
        return _derivative

    def log_prior(self, *, age_years: float, apoe_e4_copies: int | None) -> Array:
        q = self._quantities
        # Unknown copies: mean and variance of the mixture over genotypes, whose parts lie within a
        # fifth of the spread.
        share = (
            np.array([q[f"e4_share_{k}"].value for k in range(3)])
            if apoe_e4_copies is None
            else np.eye(3)[apoe_e4_copies]
        )
        shift = np.log1p(q["amyloid_per_e4"].value * (np.arange(3) - 1))
        # p_tau_0 is the ratio to the steady value at this amyloid and tau.
        mean = np.array([0.0 if k == "p_tau_0" else np.log(q[k].value) for k in self.latent])
        spread = np.array(
            [q["p_tau_0_spread"].value if k == "p_tau_0" else q[k].log_sd for k in self.latent]
        )
        amyloid = self.latent.index("amyloid_0")
        mean[amyloid] += share @ shift
        spread[amyloid] = np.sqrt(spread[amyloid] ** 2 + share @ shift**2 - (share @ shift) ** 2)
        return np.column_stack([mean, spread])

    def from_latent(
        self, z: Array, *, age_years: float, apoe_e4_copies: int | None
    ) -> tuple[Array, Array]:
        q = self._quantities
        prior = self.log_prior(age_years=age_years, apoe_e4_copies=apoe_e4_copies)
        drawn = dict(zip(self.latent, np.exp(prior[:, 0] + prior[:, 1] * z).T, strict=True))
        p = np.empty((len(z), len(self.parameters)))
        for column, (name, _) in enumerate(self.parameters):
            p[:, column] = drawn.get(name, q[name].value)
        amyloid, tau = drawn["amyloid_0"], np.minimum(drawn["tau_0"], 1.9)
        steady = (
            1.0 + q["p_tau_per_amyloid"].value * amyloid / 100.0 + q["p_tau_per_tau"].value * tau
        )
        hippocampus = np.clip(drawn["hippocampus_0"], 0.3, 1.2)
        cdr = np.minimum(drawn["cdr_sb_0"], 17.5)
        return p, np.column_stack(
            [amyloid, steady * drawn["p_tau_0"], tau, amyloid / 100.0 + 0.5 * tau, hippocampus, cdr]
        )

    def _predict(self, biomarker: str, states: Array) -> Array:
        column = {
            "amyloid_pet_centiloid": 0,
            "plasma_p_tau217_fold": 1,
            "tau_pet_suvr_excess": 2,
            "hippocampal_fraction": 4,
            "cdr_sb": 5,
        }.get(biomarker)
        if column is not None:
            return np.asarray(states[..., column])
        return np.asarray(30.0 * (1.0 - (np.clip(states[..., 5], 0.0, 18.0) / 18.0) ** 1.1))
