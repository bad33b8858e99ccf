"""A twin for every subject of a table of visits, and how well it forecasts the last one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from qtwin.errors import ConsentError
from qtwin.patient.audit import log
from qtwin.patient.cohort import read_cohort
from qtwin.patient.consent import TO_BUILD_A_TWIN
from qtwin.progress import SILENT, Progress
from qtwin.report.number import number, percent
from qtwin.report.origin import command_line
from qtwin.report.sheet import DISCLAIMER
from qtwin.studies.cohort.result import CohortResult
from qtwin.studies.result import output_folder, plain, plain_rows
from qtwin.twin import disease as diseases
from qtwin.twin.cohort import CohortForecasts, evaluate
from qtwin.version import __version__

WARNINGS = (
    "The population is learnt from the same cohort; each held-out last visit is kept from "
    "it and from its own twin.",
    "MMSE alone cannot tell amyloid, tau and speed apart; these twins are for forecasts, "
    "not for choosing treatment.",
)


def run(
    visits: str | Path,
    out: str | Path | None = None,
    *,
    consent: Sequence[str] = (),
    subject: str | None = None,
    time_column: str | None = None,
    mmse: str | None = None,
    time_unit: str | None = None,
    scale: str | None = None,
    disease: str = "alzheimer",
    seed: int = 0,
    progress: Progress = SILENT,
) -> CohortResult:
    r"""Read a cohort, give every subject a twin, and score the forecasts of the held-out last
    visits.

    Args:
        visits: Table (CSV): a row a visit with subject, time and MMSE.
        out: Folder for result.json, report.html and figures; None writes nothing.
        consent: The one under which the table may be used: "research", "simulation".
        subject: Column of the subject; this and the next two are recognised by their usual names
            where None.
        time_column: Column of age or time.
        mmse: Column of the MMSE.
        time_unit: "years", "months", "weeks" or "days".
        scale: "points", "impairment" ((30 - points)/30) or "fraction".
        disease: Name of a disease model that observes MMSE.
        seed: Of all draws.
        progress: Who hears of the stages.

    Raises:
        InputError: for an unusable table, model or folder.
        ConsentError: if no consent to research or simulation is stated.

    Example:
        >>> import qtwin as qt
        >>> import pathlib, tempfile
        >>> file = pathlib.Path(tempfile.mkdtemp()) / 'visits.csv'
        >>> rows = [f'{k},{70 + t},{28 - k % 3 * t}' for k in range(10) for t in range(3)]
        >>> _ = file.write_text('\n'.join(['subject,age,mmse', *rows]))
        >>> result = qt.run_cohort(file, consent=['research'])
        >>> len(result.forecasts)
        10
    """
    if not set(consent) & set(TO_BUILD_A_TWIN):
        raise ConsentError(
            f"a table of visits carries no consent, expected one to {' or '.join(TO_BUILD_A_TWIN)}",
            hint="state the one under which the table may be used: --consent research",
        )
    cohort = read_cohort(
        Path(visits), subject=subject, time=time_column, mmse=mmse, time_unit=time_unit, scale=scale
    )
    model = diseases.load(disease)
    folder = None if out is None else output_folder(out)
    log(
        "build twin",
        record_sha256=(cohort.sha256,),
        patient_id=f"cohort of {len(cohort.subjects)}",
        consent=tuple(consent),
        detail=f"{model.name}; consent stated by the user",
    )
    for line in cohort.notes:
        progress.note(f"note: {line}", style="dim")
    began = time.perf_counter()
    with progress.stage("Twins") as words:
        found = evaluate(model, cohort, seed=seed)
        took = time.perf_counter() - began
        words.append(f"{found.n_subjects} subjects, {len(found.forecasts)} forecasts")
    p = found.population
    result = CohortResult.model_validate(
        {
            "verdict": _verdict(found),
            "table_sha256": cohort.sha256,
            "notes": cohort.notes,
            "disease_model": model.name,
            "n_subjects": found.n_subjects,
            "scores": plain_rows(found.scores),
            "coverage_80": found.coverage_80,
            "coverage_95": found.coverage_95,
            "population": {
                "ln_stage_mean": float(p.mean[0]),
                "ln_speed_mean": float(p.mean[1]),
                "covariance": plain(p.covariance),
                "error_points": p.error,
                "slope_points_per_year": p.slope_per_year,
            },
            "forecasts": plain_rows(found.forecasts),
            "seed": seed,
            "versions": {"qtwin": __version__},
            "command": command_line(),
            "wall_s": took,
            "warnings": WARNINGS,
            "disclaimer": DISCLAIMER,
        }
    )
    if folder is not None:
        with progress.stage("Report") as words:
            words.append(str(result.to_html(folder)))
        result.write(folder / "result.json")
    return result


def _verdict(found: CohortForecasts) -> str:
    twin, best = found.scores[0], min(found.scores[1:], key=lambda s: s.mae)
    word = "better than" if twin.mae < best.mae else "no better than"
    return (
        f"The twin forecasts the last MMSE with a mean absolute error of {number(twin.mae)} "
        f"points, {word} the best baseline"
        f" ({best.name}, {number(best.mae)}); its 80 and 95 % prediction intervals hold "
        f"{percent(found.coverage_80)} and"
        f" {percent(found.coverage_95)} of them"
    )
