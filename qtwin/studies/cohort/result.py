"""The result of a cohort study, typed, and its page."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from qtwin.studies.result import Part, SheetResult
from qtwin.twin.cohort import Forecast, Score

if TYPE_CHECKING:
    import pandas as pd

    from qtwin.report.sheet import Sheet


class PopulationPart(Part):
    """What the cohort says of people in it: mean and covariance of (ln first stage, ln speed)."""

    ln_stage_mean: float
    ln_speed_mean: float
    covariance: tuple[tuple[float, ...], ...]
    error_points: float
    slope_points_per_year: float


class CohortResult(SheetResult):
    """How well twins of a cohort forecast its held-out last visits.

    Attributes:
        table_sha256: Digest of the table.
        notes: How it was read.
        scores: Error of each way to forecast, the twin's first; bootstrap 95 % confidence intervals
            over subjects (points).
        coverage_80, coverage_95: Share of the last visits that the twin's prediction interval of
            that level holds.
        population: Learnt from the cohort.
        forecasts: One a subject with two visits or more.

    Example:
        >>> import qtwin as qt
        >>> sorted(set(qt.CohortResult.model_fields) & {'scores', 'coverage_80'})
        ['coverage_80', 'scores']
    """

    schema_: Literal["qtwin.cohort/1"] = Field(default="qtwin.cohort/1", alias="schema")
    table_sha256: str
    notes: tuple[str, ...]
    disease_model: str
    n_subjects: int
    scores: tuple[Score, ...]
    coverage_80: float
    coverage_95: float
    population: PopulationPart
    forecasts: tuple[Forecast, ...]
    seed: int
    wall_s: float

    def to_pandas(self, table: Literal["scores", "forecasts"] = "scores") -> pd.DataFrame:
        """A table of the result: a row a way to forecast, or a row a forecast."""
        import pandas as pd

        return pd.DataFrame(
            [
                dataclasses.asdict(row)
                for row in (self.scores if table == "scores" else self.forecasts)
            ]
        )

    def score_rows(self) -> list[tuple[str, str, str]]:
        """Way to forecast, mean absolute and root mean square error with 95 % confidence intervals,
        in words.
        """
        from qtwin.report.number import number

        return [
            (
                s.name,
                f"{number(s.mae)} ({number(s.mae_low)} to {number(s.mae_high)})",
                f"{number(s.rmse)} ({number(s.rmse_low)} to {number(s.rmse_high)})",
            )
            for s in self.scores
        ]

    def sheet(self) -> Sheet:
        """The page, drawn from the result alone."""
        from statistics import median

        from qtwin.report.number import number, percent
        from qtwin.report.sheet import Section, Sheet, Table
        from qtwin.report.validation_pictures import error_picture, forecast_picture

        effective = [f.effective for f in self.forecasts]
        errors = Table(
            title="Forecast of the last MMSE (95 % confidence intervals over subjects)",
            header=("Forecast", "Mean absolute error (points)", "Root mean square error (points)"),
            rows=self.score_rows(),
            numeric=frozenset({1, 2}),
        )
        return Sheet(
            kind="cohort",
            title="Twins of a cohort",
            verdict=self.verdict,
            warnings=self.warnings,
            cards=[
                (
                    "Twin",
                    f"{number(self.scores[0].mae)} points",
                    "mean absolute error of the last MMSE",
                ),
                (
                    "Last value carried forward",
                    f"{number(self.scores[1].mae)} points",
                    "mean absolute error",
                ),
                (
                    "80 % prediction intervals",
                    percent(self.coverage_80),
                    "share that holds the measured value",
                ),
                (
                    "95 % prediction intervals",
                    percent(self.coverage_95),
                    "share that holds the measured value",
                ),
            ],
            sections=[
                Section(
                    anchor="error",
                    title="Error",
                    pictures=[error_picture(self.scores), forecast_picture(self.forecasts)],
                    tables=[errors],
                )
            ],
            facts={
                "Table": self.table_sha256,
                "Columns": "; ".join(self.notes),
                "Disease model": self.disease_model,
                "Seed": str(self.seed),
                "Time": f"{self.wall_s:.1f} s",
                "Effective sample size": f"at least {min(effective):.0f}, median "
                f"{median(effective):.0f}",
            },
        )
