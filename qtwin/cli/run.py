"""`qtwin run`: a record becomes a twin, a question, an encoding, answers, a verdict and a page."""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.checkpoint import Checkpoint, write_atomically
from qtwin.benchmark.surroundings import versions
from qtwin.cli.answer import Answerer
from qtwin.cli.audit import write_down
from qtwin.cli.check import Checked
from qtwin.cli.encode import encoded_from, polynomial_of, problem_of, sampled, twin_of
from qtwin.cli.hardware import hardware_section
from qtwin.cli.known import Known, searched, simulated
from qtwin.cli.likeness import by_order, compare, weigh
from qtwin.cli.show import note, stage, table
from qtwin.cli.warmup import compiled, jobs_of
from qtwin.encoding.fidelity import fidelity
from qtwin.errors import require_vendor
from qtwin.patient.person import describe
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import Dose
from qtwin.problem.decision import Tally, certainty, tally
from qtwin.problem.regimen import RegimenProblem
from qtwin.report.number import percent
from qtwin.report.order import right_order
from qtwin.report.origin import command_line
from qtwin.report.page import write as write_page
from qtwin.report.playback import play, top_regimens
from qtwin.report.recommendation import certainty_section, dose, excluded_section, finding, starting_doses, without_indication
from qtwin.report.recommendation import points as recommendation_points
from qtwin.report.recommendation import sentence as headline
from qtwin.report.scores import Yardstick, agreement
from qtwin.report.sections import encoding_section, kinetics_section, pareto_section, problem_section
from qtwin.report.twin_section import twin_section
from qtwin.report.verdict import judge
from qtwin.spec import identity
from qtwin.twin.build import out_of_scope

SCHEMA = "qtwin.result/1"
_JUDGED = 2_000  # of a sample, those among which the draws choose


def identified(checked: Checked) -> tuple[str, dict[str, str]]:
    """The identity of a run, and the versions that are part of it."""
    found = versions()
    parts = (*(f"{k}={v}" for k, v in found.items()), formulary.version(), *sorted(checked.patient.provenance.sha256))
    return identity(checked.spec, *parts), found


def run_experiment(checked: Checked, out: Path, *, fresh: bool) -> dict[str, Any]:
    """Run a checked spec to its verdict and write result.json, report.html and figures into `out`.

    Raises:
        QtwinError: for anything that cannot go on; finished stages stay.
    """
    started = time.perf_counter()
    for module, package in (("altair", "altair"), ("vl_convert", "vl-convert-python"), ("jinja2", "jinja2")):
        require_vendor(module, package=package, needed_by="the report")
    spec, patient, doses, candidates = checked.spec, checked.patient, checked.doses, checked.candidates
    feasible, allowed, warnings = checked.feasible, checked.allowed, list(checked.warnings)
    answerer = Answerer.prepare(spec)
    answerer.allowed = allowed
    run_id, installed = identified(checked)
    checkpoint = Checkpoint.open(out, run_id, fresh=fresh)
    wall: dict[str, float] = {"compiling": compiled(jobs_of((s.name for s in spec.solver), twins=True))}
    started_twin = time.perf_counter()

    with stage("Twin") as found:
        twin = twin_of(checked)
        found.append(f"{twin.n_members:,} members, {twin.posterior.method}")
    write_down("build twin", patient, detail=f"{spec.twin.disease_model}, {spec.twin.n_members} members, seed {spec.seed}")
    warnings = list(dict.fromkeys((*warnings, *twin.assumptions)))
    for line in warnings:
        note(f"warning: {line}", style="yellow")
    wall["twin"] = time.perf_counter() - started_twin

    mark = time.perf_counter()
    with stage("Encoding") as found:
        problem = problem_of(checked, twin)
        sample, _ = checkpoint.stage("encoding", lambda: sampled(problem, feasible, spec))
        made = encoded_from(problem, feasible, sample, spec.encoding, spec.seed)
        encoding = made.encoding
        encoding_s = {"simulating for the encoding": sample["simulate_s"], "encoding": made.seconds}
        found.append(
            f"{encoding.polynomial.n_variables} bits, {encoding.polynomial.n_terms} terms, {allowed.short} allowed regimens"
        )
    wall["encoding"] = time.perf_counter() - mark

    mark = time.perf_counter()
    answers = answerer.answer(checkpoint, encoding, problem)
    known: Known | None = None
    if not allowed.complete:
        known, search = searched(checkpoint, answerer, answers, encoding, problem, allowed)
        answers.append(search)
    counted: Tally | None = None
    wall["solvers"] = time.perf_counter() - mark

    mark = time.perf_counter()
    with stage("Playback on the twin") as found:
        if known is None:
            found_all = simulated(checkpoint, answerer, problem, allowed)
            counted = Tally(**{name: np.asarray(found_all[name]) for name in ("utility", "best", "winner")})
            known = Known(bits=feasible, utility=counted.utility)
        true, encoded = known.utility, -encoding.value(known.bits)
        trained = np.zeros(len(known.bits), dtype=np.bool_)
        trained[np.asarray(sample["allowed"], dtype=np.int64)] = True
        if not trained.all():
            encoding = replace(encoding, fidelity=fidelity(polynomial_of(sample), known.bits, true, trained, drawn=known.drawn))
        yardstick = Yardstick(bits=known.bits, utility=true, encoded=encoded, complete=allowed.complete)
        rows = answerer.score(answers, encoding, problem, yardstick, encoding_s=encoding_s)
        warnings += [f"ALARM: {text}" for text in answerer.alarms]
        regimens = _regimens(problem, twin_doses=doses, best=known.best, encoded=known.bits[int(np.argmax(encoded))])
        found.append(f"best {regimens[0]['utility']['mean']:.3f} QALY")
    wall["playback"] = time.perf_counter() - mark

    mark = time.perf_counter()
    with stage("How sure the choice is") as found:
        judged = known.leading(_JUDGED) if counted is None else np.arange(len(known.bits))
        chosen_row = int(np.argmax(known.utility[judged]))

        def sure() -> dict[str, Any]:
            bits = known.bits[judged]
            made = certainty(
                problem, bits, counted or tally(problem, bits), chosen_row, complete=counted is not None, seed=spec.seed
            )
            return certainty_section(made, problem, bits)

        certain, _ = checkpoint.stage("certainty", sure)
        found.append(f"P(optimal) {percent(certain['p_optimal'])}")
    wall["certainty"] = time.perf_counter() - mark

    mark = time.perf_counter()
    with stage("Likeness of the encodings"):
        surrogates: dict[str, Any] = {"rows": []}
        if spec.encoding.compare and not trained.all():
            surrogates, _ = checkpoint.stage(
                "surrogates", lambda: compare(problem, known.bits, true, spec.encoding, spec.seed, drawn=known.drawn)
            )
        shown = known.shown()
        weighed, _ = checkpoint.stage("pareto", lambda: weigh(problem, known.bits[shown]))
        orders, _ = checkpoint.stage("spectrum", lambda: by_order(problem, known.bits, true, spec.encoding, drawn=known.drawn))
    if surrogates.get("left_out"):
        warnings.append(f"Not compared, for more terms than a sample tells apart: {', '.join(surrogates['left_out'])}.")
    encoding_part = encoding_section(encoding, made.sufficiency, encoded=encoded, true=true, trained=trained)
    encoding_part |= {
        "penalty": spec.encoding.penalty,
        "surrogate": spec.encoding.surrogate,
        "surrogates": surrogates["rows"],
        "spectrum": orders,
    }
    if made.words:
        warnings.append(made.words)
    asked = right_order(encoding_part)
    if asked is not None and not asked.pairs_suffice:
        warnings.append(asked.words)
    current = next(r for r in regimens if r["key"] == "current")
    verdict = judge(
        rows,
        n_feasible=allowed.count,
        fidelity=encoding_part["fidelity"],
        current=current,
        order="" if asked is None else asked.words,
        simulated="" if allowed.complete else f"{len(known.bits):,} of {allowed.short}",
    )
    wall["likeness"] = time.perf_counter() - mark
    current_bits = np.array([any(o.drug.inn == d.drug.inn for d in doses) for o in candidates], dtype=np.uint8)
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "spec": spec.model_dump(mode="json"),
        "spec_hash": run_id,
        "versions": installed,
        "command": command_line(),
        "data_version": formulary.version(),
        "seed": spec.seed,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpu_count": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()},
        "patient": {
            "patient_id": patient.patient_id,
            "synthetic": patient.provenance.synthetic,
            "understood": [list(pair) for pair in describe(patient)],
            "missing": list(patient.missing),
            "notes": list(patient.notes),
        },
        "twin": twin_section(twin) | {"kinetics": kinetics_section(problem, current_bits)},
        "problem": problem_section(problem, allowed, n_simulated=len(known.bits)),
        "encoding": encoding_part,
        "solvers": rows,
        "agreement": agreement([r for r in rows if r["name"] == "qaoa"], answerer.theta),
        "regimens": regimens,
        "pareto": pareto_section(weighed, true[shown]),
        "top": top_regimens(problem, known.bits, true),
        "solver_verdict": verdict.sentence,
        "solver_points": list(verdict.points),
        "winner": verdict.winner,
        "alarms": list(answerer.alarms),
        "hardware": hardware_section(spec),
        "warnings": warnings,
        "wall_s": wall,
    }
    best = known.best
    chosen = problem.regimen(best).doses
    eligibility, facts = checked.eligibility, twin.person.facts
    worth = float(known.utility.max())
    result |= {
        "chosen": [dose(o) for o in chosen],
        "going_on": [dose(o) for o in problem.going_on],
        "excluded": excluded_section(candidates, eligibility),
        "without_indication": without_indication(candidates, facts),
        "cautions": [finding(f) for f in eligibility.cautions((*chosen, *problem.going_on))],
        "eligibility": {
            "jurisdiction": eligibility.jurisdiction,
            "not_known": list(eligibility.not_known()),
            "starting_doses": starting_doses(chosen, eligibility, facts.medicines),
            "needs_left": list(checked.left),
        },
        "p_optimal": certain["p_optimal"],
        "set90": certain["set90"],
        "certainty": certain,
        "worth": {
            "remaining_life_qaly": worth,
            "within_horizon_qaly": float(problem.of_draws(problem.by_draw(best[None, :], beyond=False))[0]),
            "horizon_years": problem.horizon_years,
        },
    }
    result["verdict"] = headline(patient, facts, chosen, out_of_scope(patient))
    result["verdict_points"] = list(recommendation_points(result, current))
    result = _plain(result)
    write_down("run experiment", patient, detail=f"experiment {run_id[:12]}, {len(rows)} solvers")
    with stage("Report"):
        write_atomically(out / "result.json", lambda p: _dump(p, result))
        page = write_page(result, out)
    _print_scores(rows)
    note(result["verdict"], style="bold green")
    for line in result["verdict_points"]:
        note(line)
    note(verdict.sentence, style="dim")
    note(f"{page}  ({time.perf_counter() - started:.0f} s). Research software: not a medical device, not for prescribing.")
    return result


def _plain(value: Any) -> Any:
    """JSON has no NaN or infinity: what could not be computed becomes null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _dump(path: Path, result: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=1, allow_nan=False), encoding="utf-8")


def _regimens(
    problem: RegimenProblem, *, twin_doses: tuple[Dose, ...], best: NDArray[np.uint8], encoded: NDArray[np.uint8]
) -> list[dict[str, Any]]:
    """Play the chosen regimen, the current medicines and no drugs; and the encoding's choice where it differs."""
    sections = [play(problem, best, key="chosen", title="chosen by the twin")]
    if (encoded != best).any():
        sections.append(play(problem, encoded, key="encoded", title="optimum of the encoding"))
    now = _with_options(problem, tuple(d for d in twin_doses if d not in problem.going_on))
    labels = {d.label for d in twin_doses if d not in problem.going_on}
    sections.append(
        play(now, np.array([o.label in labels for o in now.options], dtype=np.uint8), key="current", title="current medicines")
    )
    sections.append(play(problem, np.zeros(problem.n, dtype=np.uint8), key="none", title="no drugs"))
    return sections


def _with_options(problem: RegimenProblem, doses: tuple[Dose, ...]) -> RegimenProblem:
    """The same problem with further options appended (their draws are the same on every panel)."""
    extra = tuple(d for d in doses if d.label not in {o.label for o in problem.options})
    options = (*problem.options, *extra)
    return replace(problem, options=options, panel=problem.twin.panel((*options, *problem.going_on)))


def _print_scores(rows: list[Mapping[str, Any]] | list[dict[str, Any]]) -> None:
    def shown(row: Mapping[str, Any]) -> tuple[str, ...]:
        p = row["success_probability"]
        regret = row["regret_twin"]
        return (
            row["label"],
            row["status"] + (f", proven on the {row['scope']}" if row["proven"] else ""),
            "-" if row["objective_twin"] is None else f"{row['objective_twin']:.4f}",
            ("-" if row["regimen"] is None else "not allowed") if regret is None else f"{regret:.4f}",
            "" if p is None else f"{percent(p['value'])} ({percent(p['low'])} to {percent(p['high'])})",
            f"{row['total_wall_s']:.2f}",
        )

    header = ("solver", "status", "utility on the twin, QALY", "regret, QALY", "P(best) per shot, 95 %", "time, s")
    table("Who answered what", header, [shown(r) for r in rows])
