"""The contract of a disease model: ordinary differential equations, a prior, and what a visit can measure of the states.

To add a disease model: write one file with a final subclass of `DiseaseModel`, add one line to `qtwin.twin.disease.TABLE` (or an
entry point in the group ``qtwin.diseases``), and run ``tests/contracts/test_diseases.py``, which reads the table.

Priors are written on standard normal latent variables: `from_latent` turns z ~ N(0, I) into parameters and states at the first
visit, so that one prior ensemble serves every patient and posterior moves need no Jacobian.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import unknown_name

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Observable:
    """A biomarker that the model predicts.

    Attributes:
        unit: Unit of the prediction.
        error: Measurement error: standard deviation in `unit`, or of the natural logarithm when `scale` is "log".
        scale: Whether errors add or multiply.
        source: Where the error comes from.
    """

    unit: str
    error: float
    scale: Literal["linear", "log"]
    source: str


class DiseaseModel(ABC):
    """A disease course in continuous time.

    Attributes:
        name: Its key in the table.
        reference: Citation.
        states, parameters: (name, unit) of each column.
        latent: Names of the standard normal variables that the prior is written on.
        observables: Biomarker key to `Observable`.
        speed: The latent variable that sets how fast this patient declines, for the prior-driven flag.
    """

    name: str
    reference: str
    states: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...]
    latent: tuple[str, ...]
    observables: Mapping[str, Observable]
    speed: str

    @property
    @abstractmethod
    def derivative(self) -> Any:
        """Compiled right-hand side of type `qtwin.twin.simulate.DERIVATIVE`: (t_years, y, p, removal_per_year, dy) -> None."""

    @abstractmethod
    def from_latent(self, z: Array, *, age_years: float, apoe_e4_copies: int | None) -> tuple[Array, Array]:
        """(n, L) standard normals to parameters (n, P) and states at the first visit (n, S)."""

    @abstractmethod
    def _predict(self, biomarker: str, states: Array) -> Array:
        """Prediction of a known biomarker."""

    def observe(self, biomarker: str, states: Array) -> Array:
        """The biomarker's error-free value at (..., S) states.

        Raises:
            InputError: for a biomarker that this model does not predict.
        """
        if biomarker not in self.observables:
            raise unknown_name(f"biomarker for the {self.name} model", biomarker, self.observables)
        return self._predict(biomarker, states)
