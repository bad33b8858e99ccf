"""The twin: a patient, a disease model and a posterior ensemble, answering for regimens x members
at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import unknown_name
from qtwin.patient.person import Patient
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.ignorance import Ignorance
from qtwin.pharmacology.outcome import KINDS
from qtwin.pharmacology.panel import PEOPLE, Panel, Person, build_panel
from qtwin.pharmacology.response import respond
from qtwin.twin.assimilate import Posterior
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.simulate import integrate

if TYPE_CHECKING:
    from qtwin.twin.forecast import RegimenForecast
    from qtwin.twin.measurement import MeasurementAdvice

Array = NDArray[np.float64]
_CHUNK = 128
_STEPS_PER_YEAR = 12
_YEARS_AFTER = 30


@dataclass(frozen=True, kw_only=True)
class Response:
    """What the twin says about one regimen.

    Attributes:
        times_years: (t,) from now.
        states: (m, t, s) disease states, units as the disease model declares.
        kinds: (m, 18) QALY by kind over the horizon, against taking nothing.
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
        doses: Medicines taken during the visits.
        assumptions: Plain statements of what had to be assumed.

    Example:
        >>> import qtwin as qt
        >>> twin = qt.Twin.fit(qt.examples.patient(), disease="alzheimer", n_members=64, seed=1)
        >>> twin.n_members
        64
    """

    patient: Patient
    model: DiseaseModel
    posterior: Posterior
    person: Person
    seed: int
    doses: tuple[Dose, ...] = ()
    assumptions: tuple[str, ...] = field(default_factory=tuple)

    @classmethod
    def fit(
        cls,
        patient: Patient,
        disease: str = "alzheimer",
        *,
        n_members: int = 2048,
        seed: int = 0,
        out_of_scope: Literal["refuse", "accept"] = "refuse",
        beta1_gain: float = 1.0,
    ) -> Twin:
        """The twin of a patient: the disease model's prior, updated by the visits under the
        medicines of the record.

        Args:
            patient: The record, from `qtwin.read_patient`.
            disease: Name of a disease model.
            n_members: Posterior members.
            seed: Of all draws.
            out_of_scope: "accept" builds a twin of somebody whom no disease model is about; it says
                so in `assumptions`.
            beta1_gain: Response of the beta-1 receptor over that of ADRB1 Arg389 (exploratory).

        Raises:
            InputError: for an unknown disease model, impossible measurements, or a record outside
                every model's scope.
            ConsentError: if the person has not allowed to build a twin.

        Example:
            >>> import qtwin as qt
            >>> twin = qt.Twin.fit(qt.examples.patient(), n_members=256, seed=1)
            >>> twin.n_members
            256
        """
        from qtwin.twin.build import fit_twin

        return fit_twin(
            patient,
            disease=disease,
            n_members=n_members,
            seed=seed,
            out_of_scope=out_of_scope,
            beta1_gain=beta1_gain,
        )

    @classmethod
    def load(cls, path: str | Path) -> Twin:
        """A twin that `save` or `qtwin twin build` wrote; its ensemble stands beside the JSON file.

        Raises:
            InputError: if either file is missing, spoilt or of another format.
        """
        from qtwin.twin.store import load

        return load(Path(path))

    def save(self, path: str | Path) -> Path:
        """Write the twin, whole or not at all: JSON that people read, and beside it the .npz that
        `load` needs.

        The .npz holds the record's pseudonymous content with its dates: keep it where the record is
        kept.

        Raises:
            InputError: if `path` is no .json file, or its folder is not there.
            QtwinError: when the disk is full or the file cannot be written.

        Example:
            >>> import tempfile, pathlib, qtwin as qt
            >>> twin = qt.Twin.fit(qt.examples.patient(), n_members=256, seed=1)
            >>> path = twin.save(pathlib.Path(tempfile.mkdtemp()) / "twin.json")
            >>> qt.Twin.load(path)
            Twin(patient-1f2db67413, alzheimer, 256 members, 9 observations)
        """
        from qtwin.twin.store import save

        save(self, Path(path))
        return Path(path)

    def update(
        self,
        record: str | Path | Patient,
        genotypes: str | Path | None = None,
        *,
        consent: Sequence[str] = (),
    ) -> Twin:
        """The twin of what is known already and a further record together; what is known already
        changes nothing.

        Args:
            record: Further record of the same person: FHIR Bundle (JSON, NDJSON), table of visits
                (CSV), or a `Patient`.
            genotypes: PharmCAT report (JSON).
            consent: Scopes of consent that the user states where the further record holds none.

        Raises:
            InputError: for a spoilt record, another person's, or one of somebody who has died.
            ConsentError: if the consent does not hold any more, or the further record's does not
                allow it.
        """
        from qtwin.twin.update import update

        return update(self, record, genotypes, consent=consent)

    def simulate_regimen(
        self, drugs: Sequence[str | Dose], *, years: float = 1.5
    ) -> RegimenForecast:
        """What a regimen would do, beside no drugs and the medicines of the record; written into
        the audit log.

        Args:
            drugs: Doses, or as they are written: "donepezil", "donepezil:5mg",
                "metoprolol:50mg/12h".
            years: How far ahead.

        Raises:
            InputError: for an unknown drug, a drug named twice, or years out of range.

        Example:
            >>> import qtwin as qt
            >>> twin = qt.Twin.fit(qt.examples.patient(), n_members=256, seed=1)
            >>> twin.simulate_regimen(["donepezil:5mg"]).asked.regimen
            ('donepezil 5 mg /24 h',)
        """
        from qtwin.patient.record import write_down
        from qtwin.twin.forecast import forecast

        found = forecast(self, drugs, years=years)
        write_down(
            "simulate", self.patient, detail=f"{len(found.asked.regimen)} drugs, {years:g} years"
        )
        return found

    def next_measurement(self, *, seed: int = 0) -> MeasurementAdvice:
        """Which measurement is expected to be most informative for its price, and when to come
        back.

        Args:
            seed: Seed of the measurement noise.
        """
        from qtwin.twin.measurement import advise

        return advise(self, seed=seed)

    def to_sbml(
        self, path: str | Path, *, antibody: str | Dose | None = None, years: float = 1.5
    ) -> Path:
        """Write the disease model of the posterior's mean person as SBML Level 3 (needs
        python-libsbml).

        Time is in years; 0 is the last visit.

        Args:
            path: A .xml file.
            antibody: One to dose, such as "lecanemab".
            years: How long it is dosed.

        Raises:
            InputError: for another file, a drug that removes no amyloid, or a missing
                python-libsbml.
        """
        from qtwin.twin.sbml import write_twin

        return write_twin(self, Path(path), antibody=antibody, years=years)

    def __repr__(self) -> str:
        visits = len(self.posterior.observations)
        return (
            f"Twin({self.patient.patient_id}, {self.model.name}, {self.n_members:,} members, "
            f"{visits} observations)"
        )

    @property
    def n_members(self) -> int:
        """Posterior members."""
        return int(self.posterior.weights.shape[0])

    def panel(self, options: Sequence[Dose], *, ignorance: Ignorance | None = None) -> Panel:
        """The pharmacology of some dose options on this twin's members, or under other draws of
        what is not known.
        """
        return build_panel(
            options, self.person, n_members=self.n_members, seed=self.seed, ignorance=ignorance
        )

    def _removal(self, rates: Array, bits: NDArray[np.generic]) -> Array:
        """(r, m) amyloid removal rate of each regimen, 1/year."""
        return np.asarray(np.asarray(bits, dtype=np.float64) @ rates.T, dtype=np.float64)

    def _members(self, panel: Panel) -> tuple[Array, Array]:
        """Parameters and states of the panel's members: the twin's own; under other draws the same
        few people in each draw.
        """
        if panel.n_members == self.n_members:
            return self.posterior.parameters, self.posterior.state_now
        rows = np.arange(panel.n_members) % PEOPLE * (self.n_members // PEOPLE)
        return self.posterior.parameters[rows], self.posterior.state_now[rows]

    def _course_qaly(
        self, panel: Panel, removal_per_year: Array, horizon_years: float, *, beyond: bool
    ) -> Array:
        """(r, m) QALY gained by a slower decline: utility per MMSE point times the area between the
        courses.

        The area is weighed by the chance to be alive and discounted. Where life beyond the horizon
        counts, the points gained by its end are kept for the rest of life and nothing more is
        gained: no trial has followed what comes after.
        """
        parameters, now = self._members(panel)
        untreated = np.zeros((1, panel.n_members))
        times = np.linspace(
            0.0, horizon_years, max(2, round(_STEPS_PER_YEAR * horizon_years) + 1), dtype=np.float64
        )
        states = integrate(
            self.model, parameters, now, np.concatenate([untreated, removal_per_year]), times
        )
        mmse = self.model.observe("mmse", states)
        lived, gap = panel.span(horizon_years, beyond=beyond)[0], mmse[1:] - mmse[:1]
        area = np.asarray(np.trapezoid(gap * lived.alive_at(times)[panel.draw_of], times, axis=2))
        if beyond:
            after = horizon_years + np.linspace(
                0.0, _YEARS_AFTER, _YEARS_AFTER + 1, dtype=np.float64
            )
            kept = np.asarray(np.trapezoid(lived.alive_at(after), after, axis=1))
            area = area + gap[:, :, -1] * kept[panel.draw_of]
        return np.asarray(panel.constant("utility_per_mmse")[panel.draw_of] * area)

    def kinds(
        self, panel: Panel, bits: NDArray[np.generic], *, horizon_years: float, beyond: bool = True
    ) -> Iterator[Array]:
        """Stream (chunk, m, 18) QALY by kind over the rows of (r, n) `bits`, in order, in bounded
        memory.

        Args:
            panel: The options.
            bits: Which of them are taken.
            horizon_years: Time over which drugs are taken.
            beyond: Whether life that is lost after the horizon counts.
        """
        rows = np.asarray(bits)
        order = np.argsort(rows == 0, axis=1, kind="stable")
        width = max(int(rows.sum(axis=1).max(initial=0)), 1)
        index = np.where(np.take_along_axis(rows, order, axis=1) > 0, order, -1)[:, :width].astype(
            np.int64
        )
        antibodies = np.flatnonzero(panel.removal_counted.any(axis=0))
        chosen, which = np.unique(rows[:, antibodies] > 0, axis=0, return_inverse=True)
        given = np.zeros((len(chosen), rows.shape[1]))
        given[:, antibodies] = chosen
        course = np.zeros((len(chosen), panel.n_members))
        treated = np.flatnonzero(chosen.any(axis=1))
        if len(treated):
            removal = self._removal(panel.removal_counted, given[treated])
            stopped = panel.stopped_for_aria(given[treated], horizon_years)[:, panel.draw_of]
            course[treated] = self._course_qaly(panel, removal, horizon_years, beyond=beyond) * (
                1.0 - stopped
            )
        which = which.ravel()
        for start in range(0, len(rows), _CHUNK):
            part = slice(start, start + _CHUNK)
            _, kinds, _ = respond(panel, index[part], horizon_years=horizon_years, beyond=beyond)
            kinds[:, :, 0] = course[which[part]]
            yield kinds

    def simulate(
        self,
        panel: Panel,
        bits: NDArray[np.generic],
        *,
        horizon_years: float,
        kind_weights: Array,
        times_years: Array,
    ) -> Response:
        """Play one regimen, (n,) bits over the panel's options, with full trajectories."""
        row = np.asarray(bits)[None, :]
        chosen = np.flatnonzero(row[0])
        index = (
            chosen[None, :].astype(np.int64) if len(chosen) else np.full((1, 1), -1, dtype=np.int64)
        )
        exposures, _, offset = respond(panel, index, horizon_years=horizon_years)
        kinds = next(self.kinds(panel, row, horizon_years=horizon_years))[0]
        states = integrate(
            self.model,
            self.posterior.parameters,
            self.posterior.state_now,
            self._removal(panel.removal_per_year, row),
            times_years,
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
    """(18,) weight of each kind in the utility: 1 where none is given (InputError for an unknown
    kind).
    """
    for kind in weights or {}:
        if kind not in KINDS:
            raise unknown_name("kind of benefit or harm", kind, KINDS)
    return np.array([(weights or {}).get(k, 1.0) for k in KINDS])
