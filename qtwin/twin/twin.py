"""The twin: a patient, a disease model and a posterior ensemble, answering for regimens x members at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qtwin.patient.person import Patient
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.outcome import KINDS, outcome_table
from qtwin.pharmacology.panel import Panel, Person, build_panel
from qtwin.pharmacology.response import respond
from qtwin.twin.assimilate import Posterior
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.simulate import integrate

Array = NDArray[np.float64]
_CHUNK = 128
_STEPS_PER_YEAR = 12


@dataclass(frozen=True, kw_only=True)
class Response:
    """What the twin says about one regimen.

    Attributes:
        times_years: (t,) from now.
        states: (m, t, s) disease states, units as the disease model declares.
        kinds: (m, 14) QALY by kind over the horizon, against taking nothing.
        utility: (m,) their weighted sum (QALY).
        exposures: (m, k) exposure of each drug over the same dose in the reference person.
        mmse_offset: (m,) points added to MMSE by symptomatic and anticholinergic effects.
    """

    times_years: Array
    states: Array
    kinds: Array
    utility: Array
    exposures: Array
    mmse_offset: Array


@dataclass(frozen=True, kw_only=True)
class Twin:
    """A dynamic model of one patient.

    Attributes:
        patient: Whom it models.
        model: The disease model.
        posterior: Members with parameters, states now, and weights.
        person: Route activities and hazards for pharmacology.
        seed: Seed of the pharmacological draws.
        assumptions: Plain statements of what had to be assumed.
    """

    patient: Patient
    model: DiseaseModel
    posterior: Posterior
    person: Person
    seed: int
    assumptions: tuple[str, ...] = field(default_factory=tuple)

    @property
    def n_members(self) -> int:
        """Posterior members."""
        return int(self.posterior.weights.shape[0])

    def panel(self, options: Sequence[Dose]) -> Panel:
        """The pharmacology of some dose options on this twin's members."""
        return build_panel(options, self.person, n_members=self.n_members, seed=self.seed)

    def _removal(self, panel: Panel, bits: NDArray[np.generic]) -> Array:
        """(r, m) amyloid removal rate of each regimen, 1/year."""
        return np.asarray(np.asarray(bits, dtype=np.float64) @ panel.removal_per_year.T, dtype=np.float64)

    def _course_qaly(self, removal_per_year: Array, horizon_years: float) -> Array:
        """(r, m) QALY gained by a slower decline: utility per MMSE point times the area between the two courses."""
        distinct, inverse = np.unique(removal_per_year, axis=0, return_inverse=True)
        untreated = np.zeros((1, self.n_members))
        times = np.linspace(0.0, horizon_years, max(2, round(_STEPS_PER_YEAR * horizon_years) + 1), dtype=np.float64)
        states = integrate(
            self.model, self.posterior.parameters, self.posterior.state_now, np.concatenate([untreated, distinct]), times
        )
        mmse = self.model.observe("mmse", states)
        area = np.asarray(np.trapezoid(mmse - mmse[:1], times, axis=2))
        return np.asarray(outcome_table().constant["utility_per_mmse"].value * area[1:][inverse.ravel()])

    def kinds(self, panel: Panel, bits: NDArray[np.generic], *, horizon_years: float) -> Iterator[Array]:
        """Stream (chunk, m, 14) QALY by kind over the rows of (r, n) `bits`, in order, in bounded memory."""
        rows = np.asarray(bits)
        order = np.argsort(rows == 0, axis=1, kind="stable")
        width = max(int(rows.sum(axis=1).max(initial=0)), 1)
        index = np.where(np.take_along_axis(rows, order, axis=1) > 0, order, -1)[:, :width].astype(np.int64)
        course = self._course_qaly(np.unique(self._removal(panel, rows), axis=0), horizon_years)
        lookup = {row.tobytes(): k for k, row in enumerate(np.unique(self._removal(panel, rows), axis=0))}
        for start in range(0, len(rows), _CHUNK):
            part = slice(start, start + _CHUNK)
            _, kinds, _ = respond(panel, index[part], horizon_years=horizon_years)
            which = [lookup[row.tobytes()] for row in self._removal(panel, rows[part])]
            kinds[:, :, 0] = course[which]
            yield kinds

    def simulate(
        self, panel: Panel, bits: NDArray[np.generic], *, horizon_years: float, kind_weights: Array, times_years: Array
    ) -> Response:
        """Play one regimen, (n,) bits over the panel's options, with full trajectories."""
        row = np.asarray(bits)[None, :]
        chosen = np.flatnonzero(row[0])
        index = chosen[None, :].astype(np.int64) if len(chosen) else np.full((1, 1), -1, dtype=np.int64)
        exposures, _, offset = respond(panel, index, horizon_years=horizon_years)
        kinds = next(self.kinds(panel, row, horizon_years=horizon_years))[0]
        states = integrate(
            self.model, self.posterior.parameters, self.posterior.state_now, self._removal(panel, row), times_years
        )[0]
        return Response(
            times_years=times_years,
            states=states,
            kinds=kinds,
            utility=kinds @ kind_weights,
            exposures=exposures[0][:, : len(chosen)],
            mmse_offset=offset[0],
        )


def kind_weights(weights: dict[str, float] | None = None) -> Array:
    """(14,) weight of each kind in the utility: 1 unless the spec says otherwise."""
    return np.array([(weights or {}).get(k, 1.0) for k in KINDS])
