"""Train the angles on small instances, run them unchanged on large ones, and fit how the success
falls.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.benchmark.environment import machine, versions
from qtwin.benchmark.fault_tolerance.estimate import Polynomial, amplified_qaoa
from qtwin.benchmark.fault_tolerance.estimate import machine as machine_for
from qtwin.benchmark.features import features
from qtwin.benchmark.metrics import Interval
from qtwin.benchmark.requirement import duration
from qtwin.benchmark.scaling import Line, exponential
from qtwin.benchmark.transfer import success, trained
from qtwin.encoding.generate import make
from qtwin.errors import InputError
from qtwin.progress import SILENT, Progress
from qtwin.report.growth_pictures import scaling_picture
from qtwin.report.origin import command_line
from qtwin.report.sheet import Section, Sheet, Table, write_sheet
from qtwin.spec import ScalingSpec, identity, read_scaling_spec
from qtwin.studies.result import plain
from qtwin.studies.scaling.result import SCHEMA, LineFit, ScalingResult

_CITATION = "Shaydulin et al. 2024, Science Advances 10:eadm6761, arXiv:2308.02342"


def run_scaling(
    spec: str | Path | ScalingSpec,
    out: str | Path | None = None,
    *,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> ScalingResult:
    r"""Train small, run large, fit, and write result.json, report.html and figures into `out`; goes
    on where it stopped.

    Args:
        spec: The study's file (TOML), or what `qtwin.spec.read_scaling_spec` read.
        out: Output folder; by default out/<name of the file>.
        overwrite: Forget finished stages and start over.
        progress: Who hears of the stages.

    Raises:
        InputError: for a spec that cannot be run.

    Example:
        >>> import pathlib, tempfile
        >>> import qtwin as qt
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> sizes = 'train_sizes = [5]\nsizes = [6, 7, 8, 9, 10, 11, 12]\nfit_from = 6\n'
        >>> spec = f'title = "Sequences"\nseed = 1\nlayers = 1\n{sizes}family = {{name = "labs"}}\n'
        >>> _ = (folder / "scaling.toml").write_text(spec)
        >>> result = qt.run_scaling(folder / "scaling.toml", folder / "out")
        >>> low, high = result.fit.base_interval
        >>> low < result.fit.base < high, len(result.rows)  # one instance of each size
        (True, 7)
    """
    started = time.perf_counter()
    read = spec if isinstance(spec, ScalingSpec) else read_scaling_spec(Path(spec))
    name = "scaling" if isinstance(spec, ScalingSpec) else Path(spec).stem
    folder = Path("out") / name if out is None else Path(out)
    if max(read.train_sizes) > min(read.fit_sizes):
        raise InputError(
            f"angles trained on {max(read.train_sizes)} variables came for a fit that "
            f"begins at {min(read.fit_sizes)}",
            hint="fit sizes that the training never saw",
        )
    checkpoint = Checkpoint.open(
        folder, identity(read, *(f"{k}={v}" for k, v in versions().items())), fresh=overwrite
    )
    progress.note(read.title, style="bold")
    with progress.stage("Training on small instances") as found:
        seeds = range(read.instances)
        small = [(n, k) for n in read.train_sizes for k in seeds]
        polynomials = [_polynomial(read, n, k) for n, k in small]
        kept, _ = checkpoint.stage(
            "angles", lambda: {"theta": trained(polynomials, read.layers, seed=read.seed).tolist()}
        )
        found.append(f"{len(polynomials)} instances, {read.layers} layers")
    rows: list[dict[str, Any]] = []
    with progress.stage("Exact success probabilities") as found:
        for n in read.sizes:
            for k in seeds:
                progress.step(f"{len(rows)} of {len(read.sizes) * read.instances} instances")
                row, _ = checkpoint.stage(
                    f"size-{n}-{k}", partial(_measured, read, n, k, kept["theta"])
                )
                rows.append(row)
        found.append(f"up to {max(read.sizes)} variables")
    used = [r for r in rows if r["n"] in read.fit_sizes]
    line = exponential([r["n"] for r in used], [1.0 / r["probability"] for r in used])
    amplified = exponential([r["n"] for r in used], [r["probability"] ** -0.5 for r in used])
    result = ScalingResult.model_validate(
        plain(
            {
                "schema": SCHEMA,
                "title": read.title,
                "verdict": _verdict(read, line),
                "spec": read.model_dump(mode="json"),
                "theta": kept["theta"],
                "rows": rows,
                "fit": dataclasses.asdict(line),
                "amplified": dataclasses.asdict(amplified) | {"machines": _machines(read, line)},
                "solvers": {
                    f"QAOA, {read.layers} fixed layers": {"citation": _CITATION, "kind": "quantum"}
                },
                "seed": read.seed,
                "machine": machine(),
                "versions": versions(),
                "command": command_line() or f"qtwin scaling {name}.toml --out {folder}",
                "wall_s": time.perf_counter() - started,
            }
        )
    )
    result.write(folder / "result.json")
    with progress.stage("Report") as found:
        found.append(str(write_sheet(sheet(result), folder)))
    return result


def _measured(spec: ScalingSpec, n: int, instance: int, theta: Sequence[float]) -> dict[str, Any]:
    return dataclasses.asdict(
        success(_polynomial(spec, n, instance), np.array(theta), instance=instance)
    )


def _polynomial(spec: ScalingSpec, n: int, instance: int) -> Any:
    return make(spec.family.name, n, seed=instance, **spec.family.options).encoding.polynomial


def _verdict(spec: ScalingSpec, line: Line) -> str:
    low, high = line.base_interval
    said = (
        f"QAOA of {spec.layers} fixed layers needs {line.base:.2f}^n samples ({low:.2f} to "
        f"{high:.2f}) on {spec.family.name}"
    )
    if spec.published is None:
        return said + "."
    agrees = low <= spec.published.base <= high
    return (
        f"{said}; published {spec.published.base:g}^n lies {'inside' if agrees else 'outside'} "
        "that interval."
    )


def _machines(spec: ScalingSpec, line: Line) -> list[dict[str, Any]]:
    """What amplifying this QAOA would take at the largest size measured and at twice that."""
    rows = []
    for n in (max(spec.sizes), 2 * max(spec.sizes)):
        known = features(make(spec.family.name, n, seed=0, **spec.family.options))
        terms = {int(k): int(count) for k, count in known["terms"].items()}
        probability = min(1.0, 1.0 / line.at(n))
        search = amplified_qaoa(
            Polynomial(n=n, terms=terms, bits=known["energy_bits"]),
            layers=spec.layers,
            probability=probability,
        )
        found = machine_for(search.logical_qubits, search.toffolis)
        rows.append(
            {
                "n": n,
                "probability": probability,
                "toffolis": search.toffolis,
                "physical_qubits": found.physical_qubits,
                "wall_s": found.wall_s,
                "extrapolated": n > max(spec.sizes),
            }
        )
    return rows


def sheet(told: ScalingResult) -> Sheet:
    """The page of a result."""
    spec, result = ScalingSpec.model_validate(told.spec), told.to_json()
    fit = {name: getattr(told.fit, name) for name in LineFit.model_fields}
    low, high = told.fit.base_interval
    line = Line(**{**fit, "base_interval": Interval(low, high)})
    known = None if spec.published is None else spec.published.base
    picture = scaling_picture(
        result["rows"], line, fitted=spec.fit_sizes, layers=spec.layers, published=known
    )
    return Sheet(
        kind="scaling",
        title=spec.title,
        verdict=str(result["verdict"]),
        points=[
            spec.question,
            spec.decision_rule,
            "With amplitude amplification the calls would grow as "
            f"{result['amplified']['base']:.2f}^n, each of them the circuit"
            " twice",
            *(
                [f"Published: {spec.published.base:g}^n, {spec.published.source}"]
                if spec.published
                else []
            ),
        ],
        cards=[
            (
                "Growth",
                f"{line.base:.2f}^n",
                f"95 % interval {low:.2f} to {high:.2f}, {line.points} points",
            ),
            (
                "Sizes fitted",
                f"{spec.fit_sizes[0]} to {spec.fit_sizes[-1]}",
                f"trained on {', '.join(map(str, spec.train_sizes))}",
            ),
        ],
        sections=[
            Section(anchor="growth", title="Samples against size", pictures=[picture]),
            Section(
                anchor="machine",
                title="What amplifying it would take",
                tables=[
                    Table(
                        title="Amplified QAOA on the surface code, physical error 0.1 %, cycle 1 "
                        "µs, four factories",
                        header=("n", "p", "Toffolis", "Physical qubits", "Time", "Extrapolated"),
                        rows=[
                            (
                                str(m["n"]),
                                f"{m['probability']:.2g}",
                                f"{m['toffolis']:.2g}",
                                f"{m['physical_qubits']:.2g}",
                                duration(m["wall_s"]),
                                "yes" if m["extrapolated"] else "no",
                            )
                            for m in result["amplified"]["machines"]
                        ],
                        numeric=frozenset({0, 1, 2, 3, 4}),
                    )
                ],
            ),
        ],
        warnings=[
            "The interval is of the scatter around the line; sequences of small lengths "
            "scatter for reasons of number theory.",
            "The angles were trained on small instances; that cost is fixed and is not "
            "part of the growth.",
        ],
        facts={
            "Machine": ", ".join(str(v) for v in result["machine"].values()),
            "Versions": ", ".join(f"{k} {v}" for k, v in result["versions"].items()),
            "Method": _CITATION,
        },
    )
