"""`qtwin measured order`: do singles and pairs predict what three and more drugs do together?"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qtwin.benchmark.checkpoint import write_json
from qtwin.cli.measured import finite, make_folder
from qtwin.cli.show import note, stage, table
from qtwin.problem.measured.higher import MeasuredSets, read_sets
from qtwin.problem.measured.order import CONSTANT, WORDS, Agreement, Study, agreements, study
from qtwin.report import order_pictures as pictures
from qtwin.report.number import number
from qtwin.report.sheet import DISCLAIMER, Section, Sheet, Table, write_sheet
from qtwin.version import __version__

SCHEMA = "qtwin.measured-order/1"
_UNITS: Mapping[str, str] = {"score": "score", "ratio": "log2 ratio", "growth": "log growth"}
_HEADER = ("Surrogate", "Error (RMSE)", "Less that of a constant", "Correlation", "Right side of no interaction")


def run_order(
    path: Path, out: Path, *, kind: str = "score", sheet: str = "", leave_out: Sequence[str] = (), score: str = "", seed: int = 0
) -> dict[str, Any]:
    """Predict every larger set whose pairs were measured, and write result.json, report.html and figures into `out`.

    Raises:
        InputError: for a file that cannot be used, too few sets, or an unusable folder.
    """
    began = time.perf_counter()
    data = read_sets(path, kind=kind, sheet=sheet, leave_out=leave_out, score=score)
    make_folder(out)
    with stage("Surrogates") as said:
        found = study(data)
        told = agreements(found, seed=seed)
        said.append(f"{len(found.measured)} sets of {found.order.min()} to {found.order.max()} drugs")
    warnings = _warnings(data, found)
    verdict = _verdict(found, told)
    result = {
        "schema": SCHEMA,
        "title": path.stem + (f", {data.sheet}" if data.sheet else ""),
        "verdict": verdict,
        "kind": kind,
        "sheet": data.sheet,
        "n_sets": len(found.measured),
        "n_unpredictable": found.n_unpredictable,
        "orders": {
            str(k): {
                "n": int((found.order == k).sum()),
                "measured": float(found.measured[found.order == k].mean()),
                "predicted": {name: float(p[found.order == k].mean()) for name, p in found.predicted.items()},
            }
            for k in sorted(set(found.order.tolist()))
        },
        "agreement": [dataclasses.asdict(a) for a in told],
        "sets": [
            {
                "set": [data.drugs[i] for i in m],
                "measured": float(found.measured[t]),
                "predicted": {name: float(p[t]) for name, p in found.predicted.items()},
            }
            for t, m in enumerate(found.members)
        ],
        "sha256": data.sha256,
        "notes": list(data.notes),
        "seed": seed,
        "versions": {"qtwin": __version__},
        "wall_s": time.perf_counter() - began,
        "warnings": warnings,
        "disclaimer": DISCLAIMER,
    }
    unit = _UNITS[kind]
    with stage("Report"):
        page = write_sheet(
            Sheet(
                kind="measured combinations",
                title=f"{result['title']}: what pairs predict",
                verdict=verdict,
                points=_points(found),
                warnings=warnings,
                sections=[
                    Section(
                        anchor="order",
                        title="Prediction by number of drugs",
                        pictures=[pictures.scaling_picture(found, unit=unit)],
                        tables=[_orders(result)],
                    ),
                    Section(
                        anchor="surrogates",
                        title="Surrogates",
                        pictures=[
                            pictures.error_picture(told, unit=unit),
                            pictures.predicted_picture(found, [data.words(m) for m in found.members], unit=unit),
                        ],
                        tables=[_all(told)],
                    ),
                ],
                facts={
                    "File": data.sha256[:12] + (f", sheet {data.sheet}" if data.sheet else ""),
                    "Read": "; ".join(data.notes) or "every line",
                    "Versions": f"qtwin {__version__}",
                    "Time": f"{result['wall_s']:.1f} s, seed {seed} of the bootstrap",
                },
            ),
            out,
        )
    write_json(out / "result.json", finite(result))
    table(f"{len(found.measured)} sets of three and more drugs ({unit})", _HEADER, [_row(a) for a in told if a.order == 0])
    note(verdict, style="bold")
    note(str(page))
    return dict(finite(result))


def _interval(value: tuple[float, float, float]) -> str:
    if not math.isfinite(value[0]):
        return number(None)
    return number(value[0]) + (f" ({number(value[1])} to {number(value[2])})" if math.isfinite(value[1]) else "")


def _row(a: Agreement) -> tuple[str, ...]:
    less = (float("nan"),) * 3 if a.surrogate == CONSTANT else a.excess
    return (WORDS[a.surrogate], _interval(a.rmse), _interval(less), _interval(a.r), _interval(a.sign))


def _all(told: Sequence[Agreement]) -> Table:
    rows = [a for a in told if a.order == 0]
    return Table(
        title="All sets, with 95 % intervals",
        header=_HEADER,
        rows=[_row(a) for a in rows],
        flagged=frozenset(k for k, a in enumerate(rows) if a.excess[1] > 0.0),
        numeric=frozenset({1, 2, 3, 4}),
    )


def _orders(result: Mapping[str, Any]) -> Table:
    names = ("sum of pairs", "mean of pairs", "second order", "mean, calibrated", CONSTANT)
    return Table(
        title="Means by number of drugs",
        header=("Drugs", "Sets", "Measured", *(WORDS[n] for n in names)),
        rows=[
            (k, str(o["n"]), number(o["measured"]), *(number(o["predicted"][n]) for n in names))
            for k, o in result["orders"].items()
        ],
        numeric=frozenset(range(1, 3 + len(names))),
    )


def _verdict(found: Study, told: Sequence[Agreement]) -> str:
    overall = {a.surrogate: a for a in told if a.order == 0}
    raw = overall["mean of pairs"]
    best = min((overall[n] for n in ("sum, calibrated", "mean, calibrated", "second order")), key=lambda a: a.rmse[0])
    beaten = best.excess[2] < 0.0
    high = int(found.order.max())
    at = found.order == high
    return (
        f"at {high} drugs the sum of pair scores predicts {number(float(found.predicted['sum of pairs'][at].mean()))} where"
        f" {number(float(found.measured[at].mean()))} was measured; the mean of pairs has an error of {number(raw.rmse[0])}, a"
        " constant"
        f" {number(overall[CONSTANT].rmse[0])}; fitted to the other sets, {WORDS[best.surrogate]} has {number(best.rmse[0])},"
        f" {'better than the constant' if beaten else 'which does not beat the constant beyond chance'} (n ="
        f" {len(found.measured)})"
    )


def _points(found: Study) -> list[str]:
    side = float((found.measured < found.base).mean())
    return [
        f"{100 * max(side, 1 - side):.0f} % of the sets lie on one side of no interaction, so a constant is on the right side"
        " as often",
        *(
            [f"{found.n_unpredictable} further sets have a pair that was not measured; nothing is predicted for them"]
            if found.n_unpredictable
            else []
        ),
    ]


def _warnings(data: MeasuredSets, found: Study) -> list[str]:
    said = [
        f"{len(found.measured)} sets are few, and sets that share drugs and pairs are not independent: intervals are too narrow"
    ]
    if data.kind == "score" and (data.value > 0.0).all():
        said.append("Every score is positive: if they are ratios that are 1 without interaction, run again with --kind ratio")
    said.append(
        "Bliss independence and log-linear pairs of growth need growth (--kind growth); dose models (Zimmer 2016, Katzir 2019)"
        " need"
        " dose-response curves and are not computed"
        if data.kind != "growth"
        else "Dose models (Zimmer 2016, Katzir 2019) need dose-response curves and are not computed"
    )
    return said
