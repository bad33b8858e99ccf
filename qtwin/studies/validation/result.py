"""Results of the validation of a twin, typed, and their pages."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from qtwin.pharmacology.exposures import ObservedRatio
from qtwin.studies.result import Part, SheetResult
from qtwin.twin.published import Compared, Figure
from qtwin.twin.validation import Coverage, Effort, Ranks, Validation

if TYPE_CHECKING:
    import pandas as pd

    from qtwin.report.sheet import Sheet, Table


class RankRow(Part):
    """Ranks of the true value of one quantity among posterior draws, and whether they are uniform.

    Attributes:
        ranks: One a patient, over all schedules.
        counts: Patients in each bin of equal width; `band_99` holds 99 % of a uniform's, bin by
            bin.
    """

    quantity: str
    ranks: tuple[int, ...]
    n_draws: int
    counts: tuple[int, ...]
    band_99: tuple[int, int]
    chi_square: float
    chi_square_p: float
    kolmogorov: float
    kolmogorov_p: float


class PooledCoverage(Part):
    """Share of patients whose truth the credible interval holds, over all schedules; exact 95 %
    confidence interval.
    """

    level: float
    share: float
    low: float
    high: float
    n_patients: int


class CalibrationResult(SheetResult):
    """Whether the posterior of a disease model is right.

    Attributes:
        disease_model: The model that was fitted.
        other_model: The model that made the patients of `misspecified`.
        n_patients: Of each schedule.
        coverage, misspecified: How often the credible interval of the forecast holds the truth, a
            row a schedule and level; `low` and `high` are exact 95 % confidence intervals of the
            share.
        ranks: One a quantity.
        effort: Work and its yield, by number of visits.

    Example:
        >>> import qtwin as qt
        >>> qt.CalibrationResult.model_json_schema()['title']
        'CalibrationResult'
    """

    schema_: Literal["qtwin.sbc/1"] = Field(default="qtwin.sbc/1", alias="schema")
    disease_model: str
    other_model: str
    n_patients: int
    pooled_coverage: tuple[PooledCoverage, ...]
    coverage: tuple[Coverage, ...]
    misspecified: tuple[Coverage, ...]
    ranks: tuple[RankRow, ...]
    effort: tuple[Effort, ...]
    seed: int
    wall_s: float

    def to_pandas(self, table: Literal["coverage", "ranks", "effort"] = "coverage") -> pd.DataFrame:
        """A table of the result: coverage of both models' patients, ranks of every patient, or
        effort.
        """
        import pandas as pd

        if table == "ranks":
            return pd.DataFrame(
                [
                    {"quantity": r.quantity, "rank": k, "n_draws": r.n_draws}
                    for r in self.ranks
                    for k in r.ranks
                ]
            )
        if table == "effort":
            return pd.DataFrame([dataclasses.asdict(e) for e in self.effort])
        return pd.DataFrame(
            [{"patients_of": name, **dataclasses.asdict(c)} for name, c in self._coverages()]
        )

    def _coverages(self) -> list[tuple[str, Coverage]]:
        own = [(self.disease_model, c) for c in self.coverage]
        return own + [(self.other_model, c) for c in self.misspecified]

    def coverage_table(self) -> Table:
        """Coverage of the credible interval for CDR-SB three years ahead, in words."""
        from qtwin.report.number import number, percent
        from qtwin.report.sheet import Table

        return Table(
            title="Coverage of the credible interval for CDR-SB three years ahead",
            header=(
                "visits",
                "nominal",
                "coverage",
                "95 % confidence interval",
                "median width (points)",
                "patients of",
            ),
            rows=[
                (
                    str(c.n_visits),
                    percent(c.level),
                    percent(c.share),
                    f"{percent(c.low)} to {percent(c.high)}",
                    number(c.width_points),
                    name,
                )
                for name, c in self._coverages()
            ],
            numeric=frozenset({1, 2, 3, 4}),
        )

    def validation(self) -> Validation:
        """The same numbers as arrays."""
        return Validation(
            model=self.disease_model,
            ranks=tuple(
                Ranks(
                    **(r.model_dump() | {"ranks": np.array(r.ranks), "counts": np.array(r.counts)})
                )
                for r in self.ranks
            ),
            coverage=self.coverage,
            effort=self.effort,
            other_model=self.other_model,
            misspecified=self.misspecified,
        )

    def sheet(self) -> Sheet:
        """The page, drawn from the result alone."""
        from qtwin.report.sheet import Section, Sheet
        from qtwin.report.validation_pictures import coverage_picture, ranks_picture

        found = self.validation()
        return Sheet(
            kind="validation",
            title="Is the posterior right?",
            verdict=self.verdict,
            warnings=self.warnings,
            sections=[
                Section(
                    anchor="coverage",
                    title="Ranks and coverage",
                    pictures=[ranks_picture(found), coverage_picture(found)],
                    tables=[self.coverage_table()],
                )
            ],
            facts={
                "Seed": str(self.seed),
                "Versions": f"qtwin {self.versions['qtwin']}",
                "Time": f"{self.wall_s:.0f} s",
            },
        )


class FigureRow(Part):
    """A published figure with its 95 % interval or margin, and the model's with its 95 %
    Monte-Carlo confidence interval.
    """

    key: str
    words: str
    role: Literal["target", "check"]
    value: float
    low: float
    high: float
    unit: str
    source: str
    margin: str
    model: float
    model_low: float
    model_high: float
    holds: bool

    def compared(self) -> Compared:
        """The same as drawing takes it."""
        figure = Figure(**{f.name: getattr(self, f.name) for f in dataclasses.fields(Figure)})
        return Compared(
            figure=figure, model=self.model, model_low=self.model_low, model_high=self.model_high
        )


class ExposureRatioRow(Part):
    """A published ratio of exposures and the predicted one; `low` and `high` None where no interval
    is published.
    """

    case: str
    measured: float
    predicted: float
    victim: str
    beside: tuple[str, ...]
    gene: dict[str, float | str]
    background: dict[str, float | str]
    dose_mg: tuple[float, ...]
    measure: str
    low: float | None
    high: float | None
    fitted: bool
    status: str
    source: str
    note: str

    @property
    def holds(self) -> bool:
        """Whether the prediction is within two-fold."""
        return 0.5 <= self.predicted / self.measured <= 2.0

    def observed(self) -> ObservedRatio:
        """The published part."""
        fields = {
            f.name: getattr(self, f.name)
            for f in dataclasses.fields(ObservedRatio)
            if f.name != "value"
        }
        return ObservedRatio(value=self.measured, **fields)


class CalibratedRow(Part):
    """One calibrated number: where it stands, what stands there, and what its derivation gives."""

    file: str
    place: tuple[str, ...]
    stored: float
    derived: float
    how: str
    holds: bool


class HeartRatePart(Part):
    """Fall of the resting heart rate (fraction) on metoprolol by ADRB1 389 genotype, measured (Liu
    2003) and modelled.
    """

    doses_mg: tuple[float, ...]
    measured: dict[str, tuple[float, ...]]
    model_doses_mg: tuple[float, ...]
    model: dict[str, tuple[float, ...]]


class ExternalValidation(SheetResult):
    """The twin beside published figures, measured exposure ratios and receptor data.

    Attributes:
        n_per_arm: Simulated patients in each arm.
        figures: Of trials and cohorts: targets, which the calibration may fit, and checks, which
            were never fitted.
        exposure_ratios: Measured and predicted.
        calibrated: Stored and derived numbers.
        heart_rate: By receptor variant.

    Example:
        >>> import qtwin as qt
        >>> qt.ExternalValidation.model_json_schema()['title']
        'ExternalValidation'
    """

    schema_: Literal["qtwin.external-validation/1"] = Field(
        default="qtwin.external-validation/1", alias="schema"
    )
    n_per_arm: int
    figures: tuple[FigureRow, ...]
    exposure_ratios: tuple[ExposureRatioRow, ...]
    calibrated: tuple[CalibratedRow, ...]
    heart_rate: HeartRatePart
    wall_s: float

    @property
    def misses(self) -> tuple[FigureRow, ...]:
        """The figures where the model's value lies outside the published interval."""
        return tuple(f for f in self.figures if not f.holds)

    def to_pandas(
        self, table: Literal["figures", "exposure_ratios", "calibrated"] = "figures"
    ) -> pd.DataFrame:
        """A table of the result."""
        import pandas as pd

        rows: dict[str, Sequence[Part]] = {
            "figures": self.figures,
            "exposure_ratios": self.exposure_ratios,
            "calibrated": self.calibrated,
        }
        return pd.DataFrame([row.model_dump() for row in rows[table]])

    def sheet(self) -> Sheet:
        """The page, drawn from the result alone."""
        from qtwin.report import validation_pictures as pictures
        from qtwin.report.sheet import Section, Sheet

        h = self.heart_rate
        ratios = [(r.observed(), r.predicted) for r in self.exposure_ratios]
        curves: dict[str, Any] = {name: np.array(values) for name, values in h.model.items()}
        static = (
            "Static model of Rowland and Matin with mechanism-based inhibition; "
            "gene-drug-drug effects are in no table and emerge"
            " from the product over routes."
        )
        again = (
            "python -m qtwin.twin.calibrate re-derives every calibrated number; it also "
            "repeats the fit to the trials."
        )
        return Sheet(
            kind="external validation",
            title="The twin beside published figures",
            verdict=self.verdict,
            points=[f"Misses: {', '.join(f.words for f in self.misses) or 'none'}"],
            warnings=self.warnings,
            sections=[
                Section(
                    anchor="figures",
                    title="Trials and cohorts",
                    pictures=[pictures.figures_picture([f.compared() for f in self.figures])],
                    tables=[
                        self._figure_table("target", "Targets, which the calibration may fit"),
                        self._figure_table("check", "Checks, never fitted"),
                    ],
                ),
                Section(
                    anchor="exposures",
                    title="Exposure ratios",
                    text=[static],
                    pictures=[pictures.exposure_picture(ratios)],
                    tables=[self._exposure_table()],
                ),
                Section(
                    anchor="receptors",
                    title="Receptor variants",
                    pictures=[
                        pictures.heart_rate_picture(
                            h.doses_mg, h.measured, np.array(h.model_doses_mg), curves
                        )
                    ],
                ),
                Section(
                    anchor="calibration",
                    title="Calibrated numbers",
                    text=[again],
                    tables=[self._calibrated_table()],
                ),
            ],
            facts={
                "Data": self.versions["formulary"],
                "Versions": f"qtwin {self.versions['qtwin']}",
                "Time": f"{self.wall_s:.1f} s",
                "Question of interest": "does the twin reproduce what was measured in groups "
                "of people?",
                "Context of use": "research on patient-specific models of Alzheimer's disease "
                "with other "
                "illnesses",
            },
        )

    def _figure_table(self, role: str, title: str) -> Table:
        from qtwin.report.number import number
        from qtwin.report.sheet import Table

        rows = [f for f in self.figures if f.role == role]
        return Table(
            title=title,
            header=(
                "Figure",
                "Published",
                "Interval",
                "Model",
                "95 % confidence interval",
                "Unit",
                "",
                "Source",
            ),
            rows=[
                (
                    f.words,
                    number(f.value),
                    f"{number(f.low)} to {number(f.high)}",
                    number(f.model),
                    f"{number(f.model_low)} to {number(f.model_high)}",
                    "" if f.unit == "1" else f.unit,
                    "holds" if f.holds else "miss",
                    f.source + (f"; interval: {f.margin}" if f.margin else ""),
                )
                for f in rows
            ],
            numeric=frozenset({1, 2, 3, 4}),
            flagged=frozenset(k for k, f in enumerate(rows) if not f.holds),
        )

    def _exposure_table(self) -> Table:
        from qtwin.report.number import number
        from qtwin.report.sheet import Table

        return Table(
            title="Measured and predicted ratios",
            header=(
                "Case",
                "Measured",
                "Predicted",
                "Over",
                "Measure",
                "Fitted",
                "Status",
                "Source",
            ),
            rows=[
                (
                    r.case,
                    number(r.measured),
                    number(r.predicted),
                    number(r.predicted / r.measured),
                    r.measure,
                    "yes" if r.fitted else "",
                    r.status,
                    r.source + ("; " + r.note if r.note else ""),
                )
                for r in self.exposure_ratios
            ],
            numeric=frozenset({1, 2, 3}),
            flagged=frozenset(k for k, r in enumerate(self.exposure_ratios) if not r.holds),
        )

    def _calibrated_table(self) -> Table:
        from qtwin.report.number import number
        from qtwin.report.sheet import Table

        return Table(
            title="Stored and derived",
            header=("Number", "Stored", "Derived", "How"),
            rows=[
                (f"{d.file} {'.'.join(d.place)}", number(d.stored), number(d.derived), d.how)
                for d in self.calibrated
            ],
            numeric=frozenset({1, 2}),
            flagged=frozenset(k for k, d in enumerate(self.calibrated) if not d.holds),
        )
