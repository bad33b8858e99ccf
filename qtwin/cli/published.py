"""`qtwin twin check`: the twin beside published figures, measured exposure ratios and receptor data, misses in red."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable

from qtwin.benchmark.checkpoint import write_json
from qtwin.cli.show import note, stage
from qtwin.errors import InputError
from qtwin.pharmacology import formulary
from qtwin.pharmacology.exposures import ObservedRatio, observed_ratios
from qtwin.pharmacology.outcome import outcome_table
from qtwin.pharmacology.quantity import read_quantities
from qtwin.pharmacology.receptor import heart_rate_fall
from qtwin.report import published_pictures as pictures
from qtwin.report.number import number
from qtwin.report.sheet import DISCLAIMER, Section, Sheet, Table, write_sheet
from qtwin.twin.calibrate import LIU_2003, derive, liu_odds
from qtwin.twin.published import Compared, compare, simulate_courses
from qtwin.version import __version__

SCHEMA = "qtwin.check/1"
_WARNINGS = [
    "Targets were fitted, so that they hold shows only that the fit worked; checks are what the model says by itself.",
    "Published intervals that were not found are replaced by the margin named in the table.",
]


def _interval(low: float, high: float, unit: str) -> str:
    return f"{number(low)} to {number(high)} {unit if unit not in ('1', 'point') else ''}".strip()


def _print(found: tuple[Compared, ...], ratios: list[tuple[ObservedRatio, float]]) -> None:
    console = Console()
    for role, title in (("target", "Targets of the calibration"), ("check", "Checks, never fitted")):
        shown = RichTable(title=title, title_justify="left", title_style="bold")
        for name in ("figure", "published", "interval", "model", "model's interval", ""):
            shown.add_column(name)
        for c in found:
            if c.figure.role == role:
                shown.add_row(
                    c.figure.words,
                    number(c.figure.value),
                    _interval(c.figure.low, c.figure.high, c.figure.unit),
                    number(c.model),
                    _interval(c.model_low, c.model_high, c.figure.unit),
                    "holds" if c.holds else "MISS",
                    style=None if c.holds else "red",
                )
        console.print(shown)
    shown = RichTable(title="Exposure ratios", title_justify="left", title_style="bold")
    for name in ("case", "measured", "predicted", "over", ""):
        shown.add_column(name)
    for r, p in ratios:
        inside = 0.5 <= p / r.value <= 2.0
        mark = "fitted" if r.fitted else "" if inside else "MISS"
        shown.add_row(r.label, number(r.value), number(p), number(p / r.value), mark, style=None if inside else "red")
    console.print(shown)


def _figure_table(found: tuple[Compared, ...], role: str, title: str) -> Table:
    rows = [c for c in found if c.figure.role == role]
    return Table(
        title=title,
        header=("Figure", "Published", "Interval", "Model", "Model's interval", "Unit", "", "Source"),
        rows=[
            (
                c.figure.words,
                number(c.figure.value),
                f"{number(c.figure.low)} to {number(c.figure.high)}",
                number(c.model),
                f"{number(c.model_low)} to {number(c.model_high)}",
                "" if c.figure.unit == "1" else c.figure.unit,
                "holds" if c.holds else "miss",
                c.figure.source + (f"; interval: {c.figure.margin}" if c.figure.margin else ""),
            )
            for c in rows
        ],
        numeric=frozenset({1, 2, 3, 4}),
        flagged=frozenset(k for k, c in enumerate(rows) if not c.holds),
    )


def check(out: Path | None, *, n_per_arm: int, as_json: bool) -> dict[str, Any]:
    """Compute and print every comparison; with `out`, also result.json, report.html and figures.

    Raises:
        InputError: if the folder cannot be made.
    """
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot make {out}: {error.strerror}", hint="choose another folder with --out") from None
    began = time.perf_counter()
    with stage("Trials and cohorts"):
        courses = simulate_courses(n_per_arm=n_per_arm)
        found = compare(courses, tau_normal=read_quantities("disease_alzheimer.toml")["tau_pet_normal"].value)
    with stage("Exposure ratios"):
        ratios = [(r, r.predicted()) for r in observed_ratios()]
    with stage("Calibrated numbers"):
        derived = derive(with_trials=False)
    if not as_json:
        _print(found, ratios)
    checks = [c for c in found if c.figure.role == "check"]
    targets = [c for c in found if c.figure.role == "target"]
    tests = [(r, p) for r, p in ratios if not r.fitted]
    inside = sum(0.5 <= p / r.value <= 2.0 for r, p in tests)
    verdict = (
        f"{sum(c.holds for c in targets)} of {len(targets)} targets and"
        f" {sum(c.holds for c in checks)} of {len(checks)} checks lie in "
        f"the published interval; {inside} of {len(tests)} exposure ratios that were not fitted are within two-fold"
    )
    note(verdict, style="bold")
    for c in found:
        if not c.holds:
            note(f"miss: {c.figure.words}: {number(c.model)}, published {number(c.figure.value)} {c.figure.unit}", style="red")
    result = {
        "schema": SCHEMA,
        "verdict": verdict,
        "figures": [
            dataclasses.asdict(c.figure)
            | {"model": c.model, "model_low": c.model_low, "model_high": c.model_high, "holds": c.holds}
            for c in found
        ],
        "exposure_ratios": [
            {"case": r.label, "measured": r.value, "predicted": p, "fitted": r.fitted, "status": r.status, "source": r.source}
            for r, p in ratios
        ],
        "calibrated": [dataclasses.asdict(d) | {"holds": d.holds} for d in derived],
        "versions": {"qtwin": __version__, "formulary": formulary.version()},
        "wall_s": time.perf_counter() - began,
        "disclaimer": DISCLAIMER,
    }
    if out is not None:
        with stage("Report"):
            page = write_sheet(_sheet(result, found, ratios, began), out)
        write_json(out / "result.json", result)
        note(str(page))
    return result


def _sheet(result: dict[str, Any], found: tuple[Compared, ...], ratios: list[tuple[ObservedRatio, float]], began: float) -> Sheet:
    constant = {k: q.value for k, q in outcome_table().constant.items()}
    smooth = np.linspace(1.0, 85.0, 60, dtype=np.float64)
    odds = np.interp(smooth, [0.0, *LIU_2003["doses_mg"]], [0.0, *liu_odds()])
    odds[smooth > 75.0] = smooth[smooth > 75.0] / 75.0 * liu_odds()[-1]
    arg = heart_rate_fall(odds, sympathetic_share=constant["beta1_sympathetic_share"], half_odds=constant["beta1_half_odds"])
    measured = {name: LIU_2003[name] for name in ("Arg/Arg", "Gly/Gly")}
    rows = [
        (
            r.label,
            number(r.value),
            number(p),
            number(p / r.value),
            r.measure,
            "yes" if r.fitted else "",
            r.status,
            r.source + ("; " + r.note if r.note else ""),
        )
        for r, p in ratios
    ]
    return Sheet(
        kind="check",
        title="The twin beside published figures",
        verdict=str(result["verdict"]),
        points=[f"Misses: {', '.join(c.figure.words for c in found if not c.holds) or 'none'}"],
        warnings=_WARNINGS,
        sections=[
            Section(
                anchor="figures",
                title="Trials and cohorts",
                pictures=[pictures.figures_picture(found)],
                tables=[
                    _figure_table(found, "target", "Targets, which the calibration may fit"),
                    _figure_table(found, "check", "Checks, never fitted"),
                ],
            ),
            Section(
                anchor="exposures",
                title="Exposure ratios",
                text=[
                    "Static model of Rowland and Matin with mechanism-based inhibition; gene-drug-drug effects are in no"
                    " table and emerge from the product over routes."
                ],
                pictures=[pictures.exposure_picture(ratios)],
                tables=[
                    Table(
                        title="Measured and predicted ratios",
                        header=("Case", "Measured", "Predicted", "Over", "Measure", "Fitted", "Status", "Source"),
                        rows=rows,
                        numeric=frozenset({1, 2, 3}),
                        flagged=frozenset(k for k, (r, p) in enumerate(ratios) if not 0.5 <= p / r.value <= 2.0),
                    )
                ],
            ),
            Section(
                anchor="receptors",
                title="Receptor variants",
                pictures=[
                    pictures.heart_rate_picture(
                        LIU_2003["doses_mg"], measured, smooth, {"Arg/Arg": arg, "Gly/Gly": constant["beta1_gain_gly389"] * arg}
                    )
                ],
            ),
            Section(
                anchor="calibration",
                title="Calibrated numbers",
                text=[
                    "python -m qtwin.twin.calibrate re-derives every calibrated number; it also repeats the fit to the trials."
                ],
                tables=[
                    Table(
                        title="Stored and derived",
                        header=("Number", "Stored", "Derived", "How"),
                        rows=[
                            (f"{d['file']} {'.'.join(d['place'])}", number(d["stored"]), number(d["derived"]), d["how"])
                            for d in result["calibrated"]
                        ],
                        numeric=frozenset({1, 2}),
                        flagged=frozenset(k for k, d in enumerate(result["calibrated"]) if not d["holds"]),
                    )
                ],
            ),
        ],
        facts={
            "Data": formulary.version(),
            "Versions": f"qtwin {__version__}",
            "Time": f"{time.perf_counter() - began:.1f} s",
            "Question of interest": "does the twin reproduce what was measured in groups of people?",
            "Context of use": "research on patient-specific models of Alzheimer's disease with other illnesses",
        },
    )
