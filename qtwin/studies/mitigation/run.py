"""What each way to treat noise is worth on a snapshot of a device, repetition by repetition."""

from __future__ import annotations

import dataclasses
import os
import platform
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.backend import registry
from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.benchmark.environment import versions
from qtwin.benchmark.mitigation import (
    RECIPES,
    SamplingCase,
    choice,
    hydrogen,
    measure,
    repetition,
    summarised,
)
from qtwin.errors import InputError, require_vendor
from qtwin.progress import SILENT, Progress
from qtwin.report.growth_pictures import energy_picture, sampling_picture
from qtwin.report.number import MISSING, number
from qtwin.report.origin import command_line
from qtwin.report.sheet import Section, Sheet, Table, write_sheet
from qtwin.spec import MitigationSpec, identity, read_mitigation_spec
from qtwin.studies.mitigation.result import SCHEMA, MitigationResult
from qtwin.studies.result import plain

_COINS = ("random bits", "random bits + one-flip descent")


def run_mitigation(
    spec: str | Path | MitigationSpec,
    out: str | Path | None = None,
    *,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> MitigationResult:
    """Run the study of a spec, or what is left of it, and report it.

    Args:
        spec: The study's file (TOML), or what `qtwin.spec.read_mitigation_spec` read.
        out: Output folder; by default out/<name of the file>.
        overwrite: Forget finished stages and start over.
        progress: Who hears of the stages.

    Raises:
        InputError: for a spec that cannot be used.
        MissingVendorError: without PySCF, Mitiq or qiskit-ibm-runtime.

    Example:
        >>> import qtwin as qt
        >>> spec = qt.examples.spec("mitigation")
        >>> try:
        ...     qt.run_mitigation(spec.with_name("mitigated.toml"), "out/mitigation")
        ... except qt.InputError as error:
        ...     print(error.message.startswith("no "))
        True
    """
    started = time.perf_counter()
    read = spec if isinstance(spec, MitigationSpec) else read_mitigation_spec(Path(spec))
    folder = (
        Path("out") / ("mitigation" if isinstance(spec, MitigationSpec) else Path(spec).stem)
        if out is None
        else Path(out)
    )
    for module, package in (
        ("pyscf", "pyscf"),
        ("mitiq", "mitiq"),
        ("qiskit_ibm_runtime", "qiskit-ibm-runtime"),
    ):
        require_vendor(module, package=package, needed_by="the study of mitigation")
    if read.sampling.choose > read.sampling.variables:
        raise InputError(
            f"choose = {read.sampling.choose} of {read.sampling.variables} variables came",
            hint="choose at most all of them",
        )
    device = registry.load(f"fake:{read.device}").capabilities()
    widest = max(4, read.sampling.variables)
    if device.max_qubits < widest:
        raise InputError(
            f"expected {widest} qubits, got {device.max_qubits} on {device.name}",
            hint='device = "fez"',
        )
    installed = versions()
    run_id = identity(read, *(f"{k}={v}" for k, v in installed.items()))
    checkpoint = Checkpoint.open(folder, run_id, fresh=overwrite)
    progress.note(read.title, style="bold")
    energies, exact = _energies(read, checkpoint, progress)
    samples, case = _samples(read, checkpoint, progress)
    verdict, points = _verdict(read, energies, samples)
    result = MitigationResult.model_validate(
        plain(
            {
                "schema": SCHEMA,
                "spec": read.model_dump(mode="json"),
                "spec_hash": run_id,
                "versions": installed,
                "machine": {
                    "cpu_count": os.cpu_count(),
                    "platform": platform.platform(),
                    "python": platform.python_version(),
                },
                "command": command_line(),
                "seed": read.seed,
                "device": device.name,
                "energy": {"exact_hartree": exact, "rows": energies},
                "sampling": {
                    "best": case.best,
                    "ideal_energy": case.ideal_energy,
                    "ideal_optimum": case.ideal_optimum,
                    "ideal_repaired": case.ideal_repaired,
                    "rows": samples,
                },
                "verdict": verdict,
                "verdict_points": points,
                "wall_s": time.perf_counter() - started,
            }
        )
    )
    result.write(folder / "result.json")
    with progress.stage("Report") as found:
        found.append(str(write_sheet(sheet(result), folder)))
    return result


def _seeds(spec: MitigationSpec, what: int) -> list[int]:
    return [
        int(s)
        for s in np.random.default_rng([spec.seed, what]).integers(2**31, size=spec.repetitions)
    ]


def _energies(
    spec: MitigationSpec, checkpoint: Checkpoint, progress: Progress
) -> tuple[list[dict[str, Any]], float]:
    """A row for every line of qubits and recipe."""
    case = hydrogen(spec.energy.distance_angstrom)
    rows = []
    for line in spec.lines:
        for k, recipe in enumerate(RECIPES):
            with progress.stage(f"H2, {line} qubits, {recipe.label}") as found:
                compute = partial(
                    measure,
                    case,
                    spec.device,
                    line,
                    recipe,
                    shots=spec.energy.shots,
                    seeds=_seeds(spec, 1),
                )
                drawn, _ = checkpoint.stage(f"energy-{line}-{k}", compute)
                errors = [d["error_millihartree"] for d in drawn]
                rms = summarised(errors, root_mean_square=True)
                rows.append(
                    {
                        "line": line,
                        "label": recipe.label,
                        "idle": recipe.idle,
                        "rms_millihartree": dataclasses.asdict(rms),
                        "bias_millihartree": dataclasses.asdict(summarised(errors)),
                        "standard_error_millihartree": float(
                            np.mean([d["standard_error_millihartree"] for d in drawn])
                        ),
                        "shots": int(np.mean([d["shots"] for d in drawn])),
                        "errors_millihartree": errors,
                    }
                )
                found.append(f"{rms.value:.1f} mHa")
    return rows, case.exact_hartree


def _samples(
    spec: MitigationSpec, checkpoint: Checkpoint, progress: Progress
) -> tuple[list[dict[str, Any]], SamplingCase]:
    """A row for every line of qubits and method; tossed coins need no qubits and stand once."""
    s = spec.sampling
    case = choice(s.variables, s.choose, s.layers, seed=spec.seed)
    rows: list[dict[str, Any]] = []
    for line in spec.lines:
        options = {"line": line}
        devices = {
            "plain": registry.load(f"fake:{spec.device}", options),
            "twirled": registry.load(f"fake:{spec.device}", options | {"twirls": 8}),
            "decoupled": registry.load(f"fake:{spec.device}", options | {"decoupling": "XX"}),
        }
        with progress.stage(f"QAOA, {line} qubits"):
            drawn = [
                checkpoint.stage(
                    f"sampling-{line}-{k}",
                    partial(repetition, case, devices, shots=s.shots, seed=seed),
                )[0]
                for k, seed in enumerate(_seeds(spec, 2))
            ]
        for label in drawn[0]:
            if label in _COINS and any(r["label"] == label for r in rows):
                continue
            where = "none" if label in _COINS else line
            rows.append(
                {"line": where, "label": label}
                | {q: _over(drawn, label, q) for q in ("energy", "optimum")}
            )
    return rows, case


def _over(drawn: Sequence[Mapping[str, Any]], label: str, quantity: str) -> dict[str, float] | None:
    values = [d[label][quantity] for d in drawn if d[label][quantity] is not None]
    return dataclasses.asdict(summarised(values)) if values else None


def _verdict(
    spec: MitigationSpec, energies: Sequence[Any], samples: Sequence[Any]
) -> tuple[str, list[str]]:
    """Who won, in a sentence, and what supports it."""
    line = spec.lines[0]
    still = [r for r in energies if r["line"] == line and not r["idle"]]
    raw = next(r for r in still if r["label"] == "none")
    best = min(still, key=lambda r: r["rms_millihartree"]["value"])
    coins = next(r for r in samples if r["label"] == _COINS[1])["optimum"]
    device = next(
        r for r in samples if r["label"] == "none + one-flip descent" and r["line"] == line
    )["optimum"]
    helps = device["low"] > coins["high"]
    hurts = device["high"] < coins["low"]
    word = "more often than" if helps else "less often than" if hurts else "as often as"
    rms = best["rms_millihartree"]
    sentence = (
        f"On the {line} qubits of {spec.device}, {best['label']} leaves {rms['value']:.1f} of"
        f" {raw['rms_millihartree']['value']:.1f} millihartree; repaired QAOA shots are "
        f"optimal {word} repaired random bits"
        f" ({100 * device['value']:.0f} % against {100 * coins['value']:.0f} %)."
    )
    others = [
        r["label"] for r in still if r is not best and r["rms_millihartree"]["low"] <= rms["high"]
    ]
    points = [
        spec.question,
        spec.decision_rule,
        f"Root mean square error of {best['label']}: {rms['value']:.1f} mHa (95 % "
        f"{rms['low']:.1f} to {rms['high']:.1f}) at"
        f" {best['shots']:,} shots; chemical accuracy is 1.6 mHa."
        + (f" Its interval overlaps with that of {', '.join(others)}." if others else ""),
        "Decoupling cannot show its worth here: the snapshot's idle noise has no slow "
        "phase drift that it could undo.",
        "Noise that is amplified by folding is kinder in simulation than on hardware; "
        "expect less there.",
    ]
    return sentence, [p for p in points if p]


def energy_row(r: Mapping[str, Any]) -> tuple[str, ...]:
    """A line of the table of energies."""
    rms = r["rms_millihartree"]
    return (
        r["label"],
        r["line"],
        f"{rms['value']:.1f}",
        f"{rms['low']:.1f} to {rms['high']:.1f}",
        number(r["bias_millihartree"]["value"], 2),
        f"{r['shots']:,}",
    )


def sample_row(r: Mapping[str, Any]) -> tuple[str, ...]:
    """A line of the table of samples."""

    def shown(q: Mapping[str, float] | None, scale: float) -> str:
        if q is None:
            return MISSING
        value, low, high = (number(scale * q[k], 3) for k in ("value", "low", "high"))
        return f"{value} ({low} to {high})"

    return r["label"], r["line"], shown(r["energy"], 1.0), shown(r["optimum"], 100.0)


def sheet(told: MitigationResult) -> Sheet:
    """The page of a result."""
    spec, result = MitigationSpec.model_validate(told.spec), told.to_json()
    energies, sampling = result["energy"]["rows"], result["sampling"]
    return Sheet(
        kind="study of mitigation",
        title=spec.title,
        verdict=result["verdict"],
        points=result["verdict_points"],
        cards=[
            ("Repetitions", f"{spec.repetitions}", "each with other seeds"),
            (
                "Exact energy",
                f"{result['energy']['exact_hartree']:.5f} hartree",
                "H2, STO-3G, four qubits, six CX",
            ),
            (
                "Noiseless QAOA",
                f"{100 * sampling['ideal_optimum']:.1f} %",
                f"of its shots are optimal; {100 * sampling['ideal_repaired']:.0f} % once repaired",
            ),
        ],
        sections=[
            Section(
                anchor="energy",
                title="Energy by expectation values",
                text=[
                    "Every estimate has the same shots for its circuits; calibration comes "
                    "on top and is counted."
                ],
                pictures=[energy_picture(energies)],
                tables=[
                    Table(
                        title="Errors",
                        header=(
                            "Method",
                            "Qubits",
                            "RMS error, mHa",
                            "95 % interval",
                            "Bias, mHa",
                            "Shots",
                        ),
                        rows=[energy_row(r) for r in energies],
                        numeric=frozenset({2, 3, 4, 5}),
                    )
                ],
            ),
            Section(
                anchor="sampling",
                title="Choices by samples",
                text=[
                    "The honest baseline is the last row: tossed coins, repaired by the "
                    "same one-flip descent.",
                    "Dropping the shots that break a constraint changes the distribution; "
                    "it recovers nothing.",
                ],
                pictures=[
                    sampling_picture(
                        sampling["rows"],
                        ideal_energy=sampling["ideal_energy"],
                        ideal_optimum=sampling["ideal_optimum"],
                        best=sampling["best"],
                    )
                ],
                tables=[
                    Table(
                        title="Samples",
                        header=("Method", "Qubits", "Mean energy, 95 %", "Optimal shots, %, 95 %"),
                        rows=[sample_row(r) for r in sampling["rows"]],
                        numeric=frozenset({2, 3}),
                    )
                ],
            ),
        ],
        facts={
            "Device": f"{result['device']}, snapshot in qiskit-ibm-runtime, simulated by Qiskit "
            "Aer",
            "Run": result["spec_hash"][:16],
            "Seed": str(spec.seed),
            "Machine": f"{result['machine']['cpu_count']} cores, {result['machine']['platform']}",
            "Versions": ", ".join(f"{k} {v}" for k, v in result["versions"].items()),
        },
    )
