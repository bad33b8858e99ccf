"""The contract of a disease model: ordinary differential equations, a prior, and what a visit can
measure of the states.

To add a disease model: write one file with a final subclass of `DiseaseModel`, add one line to
`qtwin.twin.disease.TABLE` (or an entry point in the group ``qtwin.diseases``), and run
``tests/contracts/test_diseases.py``, which reads the table.

Priors are written on standard normal latent variables: `from_latent` turns z ~ N(0, I) into
parameters and states at the first visit, so that one prior ensemble serves every patient and
posterior moves need no Jacobian. Each latent variable stands for one log-normal quantity, ln
quantity = mean + sd z; `log_prior` tells mean and sd, so that a report can say what was learnt
about it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import unknown_name

Array = NDArray[np.float64]
Derivative = Callable[[float, Array, Array, float, Array], None]
"""A right-hand side, (t_years, y (S,), p (P,), removal_per_year, dy (S,)), writing dy.

Plain Python that numba can compile; of each array it takes one number at a time, as y[0], since
several courses are worked out side by side.
"""


@dataclass(frozen=True, kw_only=True)
class Observable:
    """A biomarker that the model predicts.

    Attributes:
        unit: Unit of the prediction.
        error: Measurement error: standard deviation in `unit`, or of the natural logarithm when
            `scale` is "log".
        scale: Whether errors add or multiply.
        source: Where the error comes from, and the map from the state where one is needed.
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
        latent: Names of the log-normal quantities that differ between patients, one standard normal
            variable each.
        speed: The latent variable that sets how fast this patient declines, for the prior-driven
            flag.
        stage: The latent variable that sets how far the patient was at the first visit.

    Example:
        >>> import qtwin as qt
        >>> from qtwin.twin import disease
        >>> sorted(disease.TABLE)
        ['alzheimer', 'hao-2022']
    """

    name: str
    reference: str
    states: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...]
    latent: tuple[str, ...]
    speed: str
    stage: str

    @property
    @abstractmethod
    def observables(self) -> Mapping[str, Observable]:
        """Biomarker key to what is predicted and how well it is measured."""

    @property
    @abstractmethod
    def derivative(self) -> Derivative:
        """The right-hand side, a function of a module: the integrator compiles it, SBML export
        reads it.
        """

    @abstractmethod
    def log_prior(self, *, age_years: float, apoe_e4_copies: int | None) -> Array:
        """(L, 2) mean and standard deviation of the natural logarithm of each latent quantity, for
        such a patient.
        """

    @abstractmethod
    def from_latent(
        self, z: Array, *, age_years: float, apoe_e4_copies: int | None
    ) -> tuple[Array, Array]:
        """(n, L) standard normals to parameters (n, P) and states at the first visit (n, S)."""

    @abstractmethod
    def _predict(self, biomarker: str, states: Array) -> Array:
        """Prediction of a known biomarker."""

    def draw_prior(
        self, n_members: int, *, seed: int, age_years: float, apoe_e4_copies: int | None = None
    ) -> tuple[Array, Array]:
        """Parameters (n, P) and states at the first visit (n, S) of patients of whom nothing was
        measured.
        """
        z = np.random.default_rng(seed).standard_normal((n_members, len(self.latent)))
        return self.from_latent(z, age_years=age_years, apoe_e4_copies=apoe_e4_copies)

    def observe(self, biomarker: str, states: Array) -> Array:
        """The biomarker's error-free value at (..., S) states; no medicine's effect on symptoms is
        in it.

        Raises:
            InputError: for a biomarker that this model does not predict.
        """
        if biomarker not in self.observables:
            raise unknown_name(f"biomarker for the {self.name} model", biomarker, self.observables)
        return self._predict(biomarker, states)
