"""`qtwin twin cohort`: a twin for every subject of a table of visits, and how well it forecasts the last one."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.benchmark.checkpoint import write_json
from qtwin.cli.show import note, stage, table
from qtwin.errors import ConsentError, InputError
from qtwin.patient.audit import log
from qtwin.patient.cohort import read_cohort
from qtwin.patient.consent import TO_BUILD_A_TWIN
from qtwin.report.cohort_pictures import error_picture, forecast_picture
from qtwin.report.number import number, percent
from qtwin.report.sheet import DISCLAIMER, Section, Sheet, Table, write_sheet
from qtwin.twin import disease
from qtwin.twin.cohort import evaluate
from qtwin.version import __version__

SCHEMA = "qtwin.cohort/1"
_WARNINGS = [
    "The population is learnt from the same cohort; each held-out last visit is kept from it and from its own twin.",
    "MMSE alone cannot tell amyloid, tau and speed apart; these twins are for forecasts, not for choosing treatment.",
]


def run_cohort(
    path: Path,
    out: Path | None,
    *,
    subject: str | None,
    time_column: str | None,
    mmse: str | None,
    time_unit: str | None,
    scale: str | None,
    disease_model: str,
    seed: int,
    consent: Sequence[str] = (),
) -> dict[str, Any]:
    """Read a cohort, give every subject a twin, and report the forecasts of the held-out last visits.

    Raises:
        InputError: for an unusable table, model or folder.
        ConsentError: if no consent to research or simulation is stated.
    """
    if not set(consent) & set(TO_BUILD_A_TWIN):
        raise ConsentError(
            f"a table of visits carries no consent, one to {' or '.join(TO_BUILD_A_TWIN)} was wanted",
            hint="state the one under which the table may be used: --consent research",
        )
    cohort = read_cohort(path, subject=subject, time=time_column, mmse=mmse, time_unit=time_unit, scale=scale)
    model = disease.load(disease_model)
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot make {out}: {error.strerror}", hint="choose another folder with --out") from None
    log(
        "build twin",
        record_sha256=(cohort.sha256,),
        patient_id=f"cohort of {len(cohort.subjects)}",
        consent=tuple(consent),
        detail=f"{model.name}; consent stated by the user",
    )
    for line in cohort.notes:
        note(f"note: {line}", style="dim")
    began = time.perf_counter()
    with stage("Twins") as found:
        result = evaluate(model, cohort, seed=seed)
        took = time.perf_counter() - began
        found.append(f"{result.n_subjects} subjects, {len(result.forecasts)} forecasts")
    rows = [
        (
            s.name,
            f"{number(s.mae)} ({number(s.mae_low)} to {number(s.mae_high)})",
            f"{number(s.rmse)} ({number(s.rmse_low)} to {number(s.rmse_high)})",
        )
        for s in result.scores
    ]
    table(
        "Forecast of the last MMSE (points, 95 % intervals over subjects)",
        ("forecast", "mean absolute error", "root mean square error"),
        rows,
    )
    note(f"coverage: {percent(result.coverage_80)} of 80 % intervals, {percent(result.coverage_95)} of 95 % intervals")
    twin, carried = result.scores[0], result.scores[1]
    best = min(result.scores[1:], key=lambda s: s.mae)
    word = "better than" if twin.mae < best.mae else "no better than"
    verdict = (
        f"The twin forecasts the last MMSE with a mean absolute error of {number(twin.mae)} points, {word} the best baseline"
        f" ({best.name}, {number(best.mae)}); its 80 and 95 % intervals hold {percent(result.coverage_80)} and"
        f" {percent(result.coverage_95)} of them"
    )
    note(verdict, style="bold")
    p = result.population
    written = {
        "schema": SCHEMA,
        "verdict": verdict,
        "table_sha256": cohort.sha256,
        "notes": list(cohort.notes),
        "disease_model": model.name,
        "n_subjects": result.n_subjects,
        "scores": [dataclasses.asdict(s) for s in result.scores],
        "coverage_80": result.coverage_80,
        "coverage_95": result.coverage_95,
        "population": {
            "ln_stage_mean": float(p.mean[0]),
            "ln_speed_mean": float(p.mean[1]),
            "covariance": p.covariance.tolist(),
            "error_points": p.error,
            "slope_points_per_year": p.slope_per_year,
        },
        "forecasts": [dataclasses.asdict(f) for f in result.forecasts],
        "seed": seed,
        "versions": {"qtwin": __version__},
        "wall_s": took,
        "warnings": _WARNINGS,
        "disclaimer": DISCLAIMER,
    }
    if out is not None:
        with stage("Report"):
            sheet = Sheet(
                kind="cohort",
                title="Twins of a cohort",
                verdict=verdict,
                warnings=_WARNINGS,
                cards=[
                    ("Twin", f"{number(twin.mae)} points", "mean absolute error of the last MMSE"),
                    ("Last value carried forward", f"{number(carried.mae)} points", "mean absolute error"),
                    ("80 % intervals", percent(result.coverage_80), "share that holds the measured value"),
                    ("95 % intervals", percent(result.coverage_95), "share that holds the measured value"),
                ],
                sections=[
                    Section(
                        anchor="error",
                        title="Error",
                        pictures=[error_picture(result.scores), forecast_picture(result.forecasts)],
                        tables=[
                            Table(
                                title="Forecast of the last MMSE",
                                header=("Forecast", "Mean absolute error (points)", "Root mean square error (points)"),
                                rows=rows,
                                numeric=frozenset({1, 2}),
                            )
                        ],
                    ),
                ],
                facts={
                    "Table": cohort.sha256,
                    "Columns": "; ".join(cohort.notes),
                    "Disease model": model.name,
                    "Seed": str(seed),
                    "Time": f"{took:.1f} s",
                    "Effective sample size": f"at least {min(f.effective for f in result.forecasts):.0f}, median "
                    f"{np.median([f.effective for f in result.forecasts]):.0f}",
                },
            )
            page = write_sheet(sheet, out)
        write_json(out / "result.json", written)
        note(str(page))
    return written
