"""A regimen study: a record becomes a twin, a problem, a model, answers, and a comparison."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.benchmark.environment import versions
from qtwin.encoding.build import EncodingOptions, Sample, encoded, sampled
from qtwin.encoding.model import BinaryModel
from qtwin.errors import require_vendor
from qtwin.patient.record import write_down
from qtwin.pharmacology import formulary
from qtwin.pharmacology.receptor import beta1_gain
from qtwin.problem.regimen import RegimenProblem
from qtwin.progress import SILENT, Progress
from qtwin.report.page import write as write_page
from qtwin.spec import Spec, identity
from qtwin.studies.compiling import compiled, jobs_of
from qtwin.studies.regimen.answer import Answers
from qtwin.studies.regimen.compare import Judged
from qtwin.studies.regimen.hardware import hardware_section
from qtwin.studies.regimen.prepare import Prepared, prepare
from qtwin.studies.regimen.result import Comparison
from qtwin.studies.result import plain
from qtwin.studies.stages import Stages
from qtwin.twin.build import build_twin
from qtwin.twin.twin import Twin


def run_id(prepared: Prepared) -> str:
    """What identifies a run: spec, versions, formulary and the records' digests."""
    parts = (
        *(f"{k}={v}" for k, v in versions().items()),
        formulary.version(),
        *sorted(prepared.patient.provenance.sha256),
    )
    return identity(prepared.spec, *parts)


def twin_of(prepared: Prepared) -> Twin:
    """The twin of the spec's patient; written into the audit log."""
    spec = prepared.spec
    twin = build_twin(
        prepared.patient,
        prepared.choice.current,
        disease_model=spec.twin.disease_model,
        n_members=spec.twin.n_members,
        seed=spec.seed,
        beta1_gain=beta1_gain(**spec.twin.receptor_variants.model_dump()),
    )
    write_down(
        "build twin",
        prepared.patient,
        detail=f"{spec.twin.disease_model}, {spec.twin.n_members} members, seed {spec.seed}",
    )
    return twin


def problem_of(prepared: Prepared, twin: Twin) -> RegimenProblem:
    """The spec's question to the twin."""
    p = prepared.spec.problem
    return RegimenProblem.of_choice(
        twin,
        prepared.choice,
        horizon_years=p.horizon_years,
        weights=p.weights,
        cvar_alpha=p.cvar_alpha,
        cvar_over=p.cvar_over,
        switching_cost_qaly=p.switching_cost_qaly,
    )


def encoding_options(spec: Spec) -> EncodingOptions:
    """How the spec's problem becomes a model."""
    names = {f.name for f in dataclasses.fields(EncodingOptions)}
    return EncodingOptions(**{k: v for k, v in spec.encoding.model_dump().items() if k in names})


def model_of(problem: RegimenProblem, spec: Spec, stages: Stages) -> BinaryModel:
    """The model that the spec's solvers see; the simulations behind it are kept."""
    options = encoding_options(spec)
    kept, _ = stages.kept("encoding", lambda: sampled(problem, options, seed=spec.seed).to_plain())
    return encoded(problem, Sample.from_plain(kept), options, seed=spec.seed)


def run_prepared(
    prepared: Prepared, out: str | Path, *, overwrite: bool = False, progress: Progress = SILENT
) -> Comparison:
    """Run a prepared study; write `result.json`, `report.html` and figures into `out`.

    Finished stages are kept in `out`, and the same call goes on after an interruption, unless
    `overwrite`.

    Raises:
        QtwinError: for anything that cannot go on; finished stages stay.
    """
    started = time.perf_counter()
    for module, package in (
        ("altair", "altair"),
        ("vl_convert", "vl-convert-python"),
        ("jinja2", "jinja2"),
    ):
        require_vendor(module, package=package, needed_by="the report")
    spec, folder = prepared.spec, Path(out)
    answers = Answers.prepare(spec)
    identified = run_id(prepared)
    stages = Stages(
        checkpoint=Checkpoint.open(folder, identified, fresh=overwrite), progress=progress
    )
    stages.wall_s["compiling"] = compiled(
        jobs_of((s.name for s in spec.solver), twins=True), progress=progress
    )
    with stages.timed("twin"), progress.stage("Twin") as words:
        twin = twin_of(prepared)
        words.append(f"{twin.n_members:,} members, {twin.posterior.method}")
    warnings = list(dict.fromkeys((*prepared.warnings, *twin.assumptions)))
    for line in warnings:
        progress.warn(line)
    with stages.timed("encoding"), progress.stage("Encoding") as words:
        problem = problem_of(prepared, twin)
        model = model_of(problem, spec, stages)
        words.append(
            f"{model.n_variables} bits, {model.polynomial.n_terms} terms, "
            f"{problem.feasible.short} feasible regimens"
        )
    with stages.timed("solvers"):
        runs = answers.all(model, problem, stages)
    judged = Judged.of(problem, runs, seed=spec.seed, stages=stages, theta=answers.theta)
    result = judged.comparison(
        surrogates=spec.encoding.compare,
        spectrum_of=spec.encoding.spectrum,
        warnings=warnings,
        identity={
            "spec": spec.model_dump(mode="json"),
            "spec_hash": identified,
            "hardware": plain(hardware_section(spec)),
        },
    )
    write_down(
        "run experiment",
        prepared.patient,
        detail=f"experiment {identified[:12]}, {len(result.solvers)} solvers",
    )
    with progress.stage("Report") as words:
        result.write(folder / "result.json")
        page = write_page(result.to_json(), folder)
        words.append(f"{page}, {time.perf_counter() - started:.0f} s in all")
    return result


def run(
    spec: str | Path,
    out: str | Path | None = None,
    *,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Comparison:
    """Run an experiment file, from a patient's record to a comparison and its page.

    Args:
        spec: Experiment file (TOML).
        out: Output folder; by default out/<name of the spec>.
        overwrite: Forget finished stages and start over.
        progress: Who hears of the stages.

    Raises:
        QtwinError: for a spec or record that cannot be used, or anything that cannot go on;
            finished stages stay.

    Example:
        >>> import qtwin as qt
        >>> spec = qt.examples.spec('quickstart')  # qt.run(spec, 'out/quickstart') runs it
        >>> spec.name
        'quickstart.toml'
    """
    prepared = prepare(spec, progress=progress)
    return run_prepared(
        prepared, out or Path("out") / Path(spec).stem, overwrite=overwrite, progress=progress
    )
