"""The order study: do singles and pairs predict what three and more drugs do together?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from qtwin.problem.screen.order import CONSTANT, WORDS, Agreement, Study, agreements, study
from qtwin.problem.screen.sets import CombinationSets, read_sets
from qtwin.progress import SILENT, Progress
from qtwin.report.number import number
from qtwin.report.origin import command_line
from qtwin.report.sheet import DISCLAIMER
from qtwin.studies.result import output_folder, plain
from qtwin.studies.screen.result import OrderResult
from qtwin.version import __version__


def run_order(
    path: str | Path,
    out: str | Path | None = None,
    *,
    kind: str = "score",
    sheet: str = "",
    leave_out: Sequence[str] = (),
    score: str = "",
    seed: int = 0,
    progress: Progress = SILENT,
) -> OrderResult:
    """Predict every larger set whose pairs were measured, by surrogates that never saw it.

    Args:
        path: Measured sets, CSV, TSV or a workbook: drug_1, drug_2, ..., score.
        out: Folder for result.json, report.html and figures; None writes nothing.
        kind: "score" (0: no interaction), "ratio" (1: none) or "growth" (with singles).
        sheet: Of a workbook.
        leave_out: Groups whose lines are not used.
        score: Column of the value.
        seed: Of the bootstrap.
        progress: Who hears of the stages.

    Raises:
        InputError: for a file that cannot be used, too few sets, or an unusable folder.
    """
    began = time.perf_counter()
    source = Path(path)
    data = read_sets(source, kind=kind, sheet=sheet, leave_out=leave_out, score=score)
    if out is not None:
        output_folder(out)
    with progress.stage("Surrogates") as said:
        found = study(data)
        agreed = agreements(found, seed=seed)
        said.append(
            f"{len(found.measured)} sets of {found.order.min()} to {found.order.max()} drugs"
        )
    result = OrderResult.model_validate(
        plain(
            {
                "title": source.stem + (f", {data.sheet}" if data.sheet else ""),
                "verdict": _verdict(found, agreed),
                "kind": kind,
                "sheet": data.sheet,
                "n_sets": len(found.measured),
                "n_unpredictable": found.n_unpredictable,
                "orders": {
                    str(k): {
                        "n": int((found.order == k).sum()),
                        "measured": float(found.measured[found.order == k].mean()),
                        "predicted": {
                            name: float(p[found.order == k].mean())
                            for name, p in found.predicted.items()
                        },
                    }
                    for k in sorted(set(found.order.tolist()))
                },
                "agreement": [asdict(a) for a in agreed],
                "sets": [
                    {
                        "set": [data.drugs[i] for i in m],
                        "measured": float(found.measured[t]),
                        "predicted": {name: float(p[t]) for name, p in found.predicted.items()},
                    }
                    for t, m in enumerate(found.members)
                ],
                "sha256": data.sha256,
                "notes": data.notes,
                "command": command_line(),
                "seed": seed,
                "versions": {"qtwin": __version__},
                "wall_s": time.perf_counter() - began,
                "warnings": _warnings(data, found),
                "disclaimer": DISCLAIMER,
            }
        )
    )
    if out is not None:
        with progress.stage("Report") as said:
            result.write(Path(out) / "result.json")
            said.append(str(result.to_html(out)))
    return result


def _verdict(found: Study, told: Sequence[Agreement]) -> str:
    overall = {a.surrogate: a for a in told if a.order == 0}
    raw = overall["mean of pairs"]
    best = min(
        (overall[n] for n in ("sum, calibrated", "mean, calibrated", "second order")),
        key=lambda a: a.rmse[0],
    )
    beaten = best.excess[2] < 0.0
    high = int(found.order.max())
    at = found.order == high
    return (
        f"at {high} drugs the sum of pair scores predicts "
        f"{number(float(found.predicted['sum of pairs'][at].mean()))} where"
        f" {number(float(found.measured[at].mean()))} was measured; the mean of pairs has "
        f"an error of {number(raw.rmse[0])}, a"
        " constant"
        f" {number(overall[CONSTANT].rmse[0])}; fitted to the other sets, "
        f"{WORDS[best.surrogate]} has {number(best.rmse[0])},"
        " "
        f"{'better than' if beaten else 'which does not beat'} the constant"
        f"{'' if beaten else ' beyond chance'} (n = {len(found.measured)})"
    )


def _warnings(data: CombinationSets, found: Study) -> list[str]:
    said = [
        f"{len(found.measured)} sets are few, and sets that share drugs and pairs are not "
        "independent: intervals are too narrow"
    ]
    if data.kind == "score" and (data.value > 0.0).all():
        said.append(
            "Every score is positive: if they are ratios that are 1 without interaction, "
            "run again with --kind ratio"
        )
    said.append(
        "Bliss independence and log-linear pairs of growth need growth (--kind growth); "
        "dose models (Zimmer 2016, Katzir 2019)"
        " need"
        " dose-response curves and are not computed"
        if data.kind != "growth"
        else "Dose models (Zimmer 2016, Katzir 2019) need dose-response curves and are not computed"
    )
    return said
