"""`qtwin twin validate`: whether the posterior is right, by simulation-based calibration and coverage; it can be resumed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qtwin.benchmark.checkpoint import Checkpoint, write_json
from qtwin.cli.show import note, stage, table
from qtwin.report.number import number, percent
from qtwin.report.sheet import DISCLAIMER, Section, Sheet, Table, write_sheet
from qtwin.report.validation import coverage_picture, ranks_picture
from qtwin.twin import disease
from qtwin.twin.synthetic import Fits, Patients, fit, simulated_patients
from qtwin.twin.validation import Validation, calibration_ranks, coverage, effort, exact_interval
from qtwin.version import __version__

SCHEMA = "qtwin.validation/1"
_WARNINGS = [
    "Patients drawn from the model itself test the computation, not the model; those of the other model show what happens when"
    " the equations are wrong.",
]


def _kept(checkpoint: Checkpoint, name: str, compute: Callable[[], Fits]) -> Fits:
    """Fits of one schedule, from disk if they were finished before; what each visit measured is not kept."""
    value, _ = checkpoint.stage(name, lambda: _fields(compute()))
    patients = Patients(**{**value.pop("patients"), "observations": ()})
    for key in ("quantities", "levels"):
        value[key] = tuple(value[key])
    return Fits(patients=patients, **value)


def _fields(fits: Fits) -> dict[str, Any]:
    value = {f.name: getattr(fits, f.name) for f in dataclasses.fields(fits)}
    value["patients"] = {f.name: getattr(fits.patients, f.name) for f in dataclasses.fields(Patients) if f.name != "observations"}
    return value


def validate(
    out: Path, *, disease_model: str, other: str, patients: int, visits: Sequence[int], seed: int, fresh: bool
) -> dict[str, Any]:
    """Simulate patients, fit every one of them, and report ranks and coverage.

    Raises:
        InputError: for an unknown model or an unusable folder.
    """
    model, stranger = disease.load(disease_model), disease.load(other)
    identity = json.dumps([disease_model, other, patients, list(visits), seed, __version__])
    checkpoint = Checkpoint.open(out, hashlib.sha256(identity.encode()).hexdigest(), fresh=fresh)
    began = time.perf_counter()
    own, foreign = [], []
    for n_visits in visits:
        with stage(f"{n_visits} visits, {patients} patients of {model.name}"):
            own.append(
                _kept(
                    checkpoint,
                    f"own_{n_visits}",
                    lambda n=n_visits: fit(model, simulated_patients(model, patients, n_visits=n, seed=seed + n), seed=seed),  # type: ignore[misc]
                )
            )
        with stage(f"{n_visits} visits, {patients} patients of {stranger.name}"):
            foreign.append(
                _kept(
                    checkpoint,
                    f"other_{n_visits}",
                    lambda n=n_visits: fit(  # type: ignore[misc]
                        model,
                        simulated_patients(stranger, patients, n_visits=n, biomarkers=tuple(model.observables), seed=seed + n),
                        seed=seed,
                    ),
                )
            )
    found = Validation(
        model=model.name,
        ranks=calibration_ranks(own, seed=seed),
        coverage=tuple(c for fits in own for c in coverage(fits)),
        effort=tuple(effort(fits) for fits in own),
        other_model=stranger.name,
        misspecified=tuple(c for fits in foreign for c in coverage(fits)),
    )
    rows = [
        (
            str(c.n_visits),
            percent(c.level),
            percent(c.share),
            f"{percent(c.low)} to {percent(c.high)}",
            number(c.width_points),
            name,
        )
        for name, part in ((model.name, found.coverage), (stranger.name, found.misspecified))
        for c in part
    ]
    header = ("visits", "nominal", "coverage", "95 % interval", "median width (points)", "patients of")
    table("Coverage of the interval for CDR-SB three years ahead", header, rows)
    pooled = []
    for level in sorted({c.level for c in found.coverage}):
        inside, total = (sum(getattr(c, k) for c in found.coverage if c.level == level) for k in ("inside", "n_patients"))
        low, high = exact_interval(inside, total)
        pooled.append({"level": level, "share": inside / total, "low": low, "high": high, "n_patients": total})
    even = "no sign that the ranks are uneven" if found.smallest_p > 0.01 else "the ranks are uneven beyond chance"
    words = " and ".join(
        f"{percent(p['share'])} ({percent(p['low'])} to {percent(p['high'])}) of the {percent(p['level'])} intervals"
        for p in pooled
    )
    verdict = f"{words} hold the truth; smallest rank p-value {found.smallest_p:.2g} after correction: {even}"
    note(verdict, style="bold")
    result = {
        "schema": SCHEMA,
        "verdict": verdict,
        "disease_model": model.name,
        "other_model": stranger.name,
        "n_patients": patients,
        "pooled_coverage": pooled,
        "coverage": [dataclasses.asdict(c) for c in found.coverage],
        "misspecified": [dataclasses.asdict(c) for c in found.misspecified],
        "ranks": [
            {"quantity": r.quantity, "counts": r.counts.tolist(), "chi_square_p": r.chi_square_p, "kolmogorov_p": r.kolmogorov_p}
            for r in found.ranks
        ],
        "effort": [dataclasses.asdict(e) for e in found.effort],
        "seed": seed,
        "versions": {"qtwin": __version__},
        "wall_s": time.perf_counter() - began,
        "warnings": _WARNINGS,
        "disclaimer": DISCLAIMER,
    }
    sheet = Sheet(
        kind="validation",
        title="Is the posterior right?",
        verdict=verdict,
        warnings=_WARNINGS,
        sections=[
            Section(
                anchor="coverage",
                title="Ranks and coverage",
                pictures=[ranks_picture(found), coverage_picture(found)],
                tables=[Table(title="Coverage", header=header, rows=rows, numeric=frozenset({1, 2, 3, 4}))],
            )
        ],
        facts={"Seed": str(seed), "Versions": f"qtwin {__version__}", "Time": f"{time.perf_counter() - began:.0f} s"},
    )
    page = write_sheet(sheet, out)
    write_json(out / "result.json", result)
    checkpoint.finish()
    note(str(page))
    return result
