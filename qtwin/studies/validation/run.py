"""Is the posterior right, and does the twin reproduce what was published?"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.pharmacology import formulary
from qtwin.pharmacology.exposures import observed_ratios
from qtwin.pharmacology.outcome import outcome_table
from qtwin.pharmacology.quantity import read_quantities
from qtwin.pharmacology.receptor import heart_rate_fall
from qtwin.progress import SILENT, Progress
from qtwin.report.number import percent
from qtwin.report.origin import command_line
from qtwin.report.sheet import DISCLAIMER
from qtwin.studies.result import output_folder, plain, plain_rows
from qtwin.studies.validation.result import CalibrationResult, ExternalValidation
from qtwin.twin import disease as diseases
from qtwin.twin.calibrate import LIU_2003, derive, liu_odds
from qtwin.twin.published import compare, simulate_courses
from qtwin.twin.synthetic import Fits, Patients
from qtwin.twin.validation import N_VISITS, Validation, exact_interval, validate
from qtwin.version import __version__

CALIBRATION_WARNINGS = (
    "Patients drawn from the model itself test the computation, not the model; those of "
    "the other model show what happens when"
    " the equations are wrong.",
)
PUBLISHED_WARNINGS = (
    "Targets were fitted, so that they hold shows only that the fit worked; checks are "
    "what the model says by itself.",
    "Published intervals that were not found are replaced by the margin named in the table.",
)


def run(
    disease: str = "alzheimer",
    out: str | Path | None = None,
    *,
    other: str = "hao-2022",
    n_patients: int = 200,
    n_visits: Sequence[int] = N_VISITS,
    n_members: int = 2048,
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> CalibrationResult:
    """Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788): is the posterior of a
    disease model right?

    Patients are simulated, each is fitted, and the ranks of the true values among posterior draws
    and the coverage of the forecast are reported.

    Args:
        disease: Name of the disease model.
        out: Folder for result.json, report.html and figures; an interrupted run goes on in it. None
            writes nothing.
        other: Name of the model whose patients show what happens when the equations are wrong.
        n_patients: Simulated patients of each schedule.
        n_visits: Numbers of half-yearly visits.
        n_members: Posterior members of each patient.
        seed: Of all draws.
        overwrite: Forget finished stages and start over.
        progress: Who hears of the stages.

    Raises:
        InputError: for an unknown model or an unusable folder.

    Example:
        >>> import qtwin as qt
        >>> qt.validate(n_patients=20, n_visits=[1]).to_pandas()["n_patients"].unique()
        array([20])
    """
    model, stranger = diseases.load(disease), diseases.load(other)
    identity = json.dumps(
        [disease, other, n_patients, list(n_visits), n_members, seed, __version__]
    )
    checkpoint = (
        None
        if out is None
        else Checkpoint.open(
            Path(out), hashlib.sha256(identity.encode()).hexdigest(), fresh=overwrite
        )
    )
    began = time.perf_counter()

    def fitted(name: str, compute: Callable[[], Fits]) -> Fits:
        kind, _, visits = name.partition("_")
        with progress.stage(
            f"{visits} visits, {n_patients} patients of "
            f"{model.name if kind == 'own' else stranger.name}"
        ):
            return compute() if checkpoint is None else _kept(checkpoint, name, compute)

    found = validate(
        model,
        n_patients=n_patients,
        n_visits=n_visits,
        other=stranger,
        n_members=n_members,
        seed=seed,
        fitted=fitted,
    )
    pooled = _pooled(found)
    even = (
        "no sign that the ranks are uneven"
        if found.smallest_p > 0.01
        else "the ranks are uneven beyond chance"
    )
    shares = " and ".join(
        f"{percent(p['share'])} ({percent(p['low'])} to {percent(p['high'])}) of the "
        f"{percent(p['level'])} credible intervals"
        for p in pooled
    )
    result = CalibrationResult.model_validate(
        {
            "verdict": f"{shares} hold the truth; smallest rank p-value {found.smallest_p:.2g} "
            "after "
            f"correction: {even}",
            "disease_model": model.name,
            "other_model": stranger.name,
            "n_patients": n_patients,
            "pooled_coverage": pooled,
            "coverage": plain_rows(found.coverage),
            "misspecified": plain_rows(found.misspecified),
            "ranks": plain_rows(found.ranks),
            "effort": plain_rows(found.effort),
            "seed": seed,
            "versions": {"qtwin": __version__},
            "command": command_line(),
            "wall_s": time.perf_counter() - began,
            "warnings": CALIBRATION_WARNINGS,
            "disclaimer": DISCLAIMER,
        }
    )
    if out is not None and checkpoint is not None:
        with progress.stage("Report") as words:
            words.append(str(result.to_html(output_folder(out))))
        result.write(Path(out) / "result.json")
        checkpoint.finish()
    return result


def _kept(checkpoint: Checkpoint, name: str, compute: Callable[[], Fits]) -> Fits:
    """Fits of one schedule, from disk if they were finished before; what each visit measured is not
    kept.
    """
    value, _ = checkpoint.stage(name, lambda: _fields(compute()))
    patients = Patients(**{**value.pop("patients"), "observations": ()})
    for key in ("quantities", "levels"):
        value[key] = tuple(value[key])
    return Fits(patients=patients, **value)


def _fields(fits: Fits) -> dict[str, Any]:
    value = {f.name: getattr(fits, f.name) for f in dataclasses.fields(fits)}
    value["patients"] = {
        f.name: getattr(fits.patients, f.name)
        for f in dataclasses.fields(Patients)
        if f.name != "observations"
    }
    return value


def _pooled(found: Validation) -> list[dict[str, Any]]:
    """Coverage over all schedules, level by level."""
    pooled = []
    for level in sorted({c.level for c in found.coverage}):
        of = [c for c in found.coverage if c.level == level]
        inside, total = sum(c.inside for c in of), sum(c.n_patients for c in of)
        low, high = exact_interval(inside, total)
        pooled.append(
            {"level": level, "share": inside / total, "low": low, "high": high, "n_patients": total}
        )
    return pooled


def run_external(
    out: str | Path | None = None, *, n_per_arm: int = 2000, progress: Progress = SILENT
) -> ExternalValidation:
    """External validation: the twin beside published trials and cohorts, measured exposure ratios
    and receptor data.

    Args:
        out: Folder for result.json, report.html and figures; None writes nothing.
        n_per_arm: Simulated patients in each arm.
        progress: Who hears of the stages.

    Raises:
        InputError: if the folder cannot be made.

    Example:
        >>> import qtwin as qt
        >>> result = qt.external_validation(n_per_arm=50)
        >>> len(result.to_pandas()) > 10
        True
    """
    folder = None if out is None else output_folder(out)
    began = time.perf_counter()
    with progress.stage("Trials and cohorts"):
        courses = simulate_courses(n_per_arm=n_per_arm)
        found = compare(
            courses, tau_normal=read_quantities("disease_alzheimer.toml")["tau_pet_normal"].value
        )
    with progress.stage("Exposure ratios"):
        ratios = [(r, r.predicted()) for r in observed_ratios()]
    with progress.stage("Calibrated numbers"):
        derived = derive(with_trials=False)
    checks, targets = ([c for c in found if c.figure.role == role] for role in ("check", "target"))
    unfitted = [(r, p) for r, p in ratios if not r.fitted]
    within = sum(0.5 <= p / r.value <= 2.0 for r, p in unfitted)
    result = ExternalValidation.model_validate(
        {
            "verdict": f"{sum(c.holds for c in targets)} of {len(targets)} targets and "
            f"{sum(c.holds for c in checks)} of"
            f" {len(checks)} checks lie in the published interval; {within} of "
            f"{len(unfitted)} exposure ratios that were not"
            " fitted are within two-fold",
            "n_per_arm": n_per_arm,
            "figures": [
                dataclasses.asdict(c.figure)
                | {
                    "model": c.model,
                    "model_low": c.model_low,
                    "model_high": c.model_high,
                    "holds": c.holds,
                }
                for c in found
            ],
            "exposure_ratios": [
                {"case": r.label, "measured": row.pop("value"), "predicted": p} | row
                for (r, p), row in zip(ratios, plain_rows(r for r, _ in ratios), strict=True)
            ],
            "calibrated": [plain(dataclasses.asdict(d)) | {"holds": d.holds} for d in derived],
            "heart_rate": _heart_rate(),
            "versions": {"qtwin": __version__, "formulary": formulary.version()},
            "command": command_line(),
            "wall_s": time.perf_counter() - began,
            "warnings": PUBLISHED_WARNINGS,
            "disclaimer": DISCLAIMER,
        }
    )
    if folder is not None:
        with progress.stage("Report") as words:
            words.append(str(result.to_html(folder)))
        result.write(folder / "result.json")
    return result


def _heart_rate() -> dict[str, Any]:
    """Fall of the resting heart rate on metoprolol by ADRB1 389 genotype, measured and modelled."""
    constant = {k: q.value for k, q in outcome_table().constant.items()}
    doses = LIU_2003["doses_mg"]
    smooth = np.linspace(1.0, 85.0, 60, dtype=np.float64)
    odds = np.interp(smooth, [0.0, *doses], [0.0, *liu_odds()])
    odds[smooth > doses[-1]] = smooth[smooth > doses[-1]] / doses[-1] * liu_odds()[-1]
    arg = heart_rate_fall(
        odds,
        sympathetic_share=constant["beta1_sympathetic_share"],
        half_odds=constant["beta1_half_odds"],
    )
    return {
        "doses_mg": doses,
        "measured": {name: LIU_2003[name] for name in ("Arg/Arg", "Gly/Gly")},
        "model_doses_mg": plain(smooth),
        "model": {"Arg/Arg": plain(arg), "Gly/Gly": plain(constant["beta1_gain_gly389"] * arg)},
    }
