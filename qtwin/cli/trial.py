"""`qtwin trial`: a protocol played on virtual patients, with its analysis, figures and page."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.benchmark.checkpoint import write_json
from qtwin.cli.show import note, stage, table
from qtwin.errors import InputError
from qtwin.pharmacology import formulary
from qtwin.report import trial_pictures as pictures
from qtwin.report.number import number
from qtwin.report.origin import command_line
from qtwin.report.sheet import DISCLAIMER, Section, Sheet, Table, write_sheet
from qtwin.report.words import biomarker_words
from qtwin.spec.reading import refuse_other_kind, toml_of
from qtwin.twin.protocol import Protocol, read_protocol_file
from qtwin.twin.trial import run
from qtwin.twin.trial_analysis import arm_results, dose_response, effect, power, predictors, subgroups
from qtwin.version import __version__

SCHEMA = "qtwin.trial/1"


def run_trial(spec: Path, out: Path) -> dict[str, Any]:
    """Run a protocol and write result.json, report.html and figures into `out`.

    Raises:
        InputError: for an unusable protocol or folder.
        InfeasibleError: if hardly anybody meets the criteria.
    """
    refuse_other_kind(toml_of(spec), spec.name, "qtwin trial")
    protocol = read_protocol_file(spec)
    trial = protocol.trial()
    if protocol.endpoint not in trial.model.observables:
        from qtwin.errors import unknown_name

        raise unknown_name(f"endpoint of the {trial.model.name} model", protocol.endpoint, trial.model.observables)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make {out}: {error.strerror}", hint="choose another folder with --out") from None
    note(protocol.title, style="bold")
    began = time.perf_counter()
    with stage("Trial") as found:
        outcome = run(trial)
        found.append(f"{len(trial.arms)} arms x {trial.n_per_arm:,} patients, {outcome.patients.n_screened:,} screened")
    simulated = time.perf_counter() - began
    with stage("Analysis"):
        arms = arm_results(outcome)
        effects = [effect(outcome, a) for a in range(1, len(trial.arms))]
        best = min(range(len(effects)), key=lambda k: effects[k].p_value) + 1
        groups, ranked = subgroups(outcome, best), predictors(outcome, best)
        sizes = power(outcome, best, protocol.power_sizes)
        doses = dose_response(outcome)
    unit = trial.model.observables[trial.endpoint].unit
    result = {
        "schema": SCHEMA,
        "title": protocol.title,
        "spec": protocol.model_dump(mode="json"),
        "spec_hash": hashlib.sha256(json.dumps(protocol.model_dump(mode="json"), sort_keys=True).encode()).hexdigest(),
        "versions": {"qtwin": __version__, "formulary": formulary.version(), "python": platform.python_version()},
        "command": command_line(),
        "seed": trial.seed,
        "wall_s": {"simulation": simulated, "all": time.perf_counter() - began},
        "n_screened": outcome.patients.n_screened,
        "arms": [_plain(a) for a in arms],
        "effects": [_plain(e) for e in effects],
        "subgroups": [_plain(g) for g in groups],
        "predictors": [_plain(p) for p in ranked],
        "power": [_plain(p) for p in sizes],
        "dose_response": [_plain(p) for p in doses],
        "verdict": _verdict(protocol, effects[best - 1], ranked[0].biomarker, sizes),
        "warnings": _WARNINGS,
        "disclaimer": DISCLAIMER,
    }
    with stage("Report"):
        drawn = [pictures.change_picture(arms, trial.weeks, endpoint=trial.endpoint, unit=unit)]
        e = effects[best - 1]
        forest = pictures.subgroup_picture(groups, arm=e.arm, overall=(e.difference, e.low, e.high), unit=unit)
        sheet = Sheet(
            kind="virtual trial",
            title=protocol.title,
            verdict=str(result["verdict"]),
            points=[x for x in (protocol.question, protocol.decision_rule) if x],
            cards=_cards(result, e, unit),
            warnings=_WARNINGS,
            sections=[
                Section(anchor="effect", title="Effect", pictures=drawn, tables=[_effect_table(result, unit)]),
                Section(
                    anchor="who",
                    title="Who benefits",
                    pictures=[pictures.predictor_picture(ranked), forest],
                ),
                Section(
                    anchor="dose",
                    title="Dose and size",
                    pictures=[
                        *([pictures.dose_picture(doses, unit=unit)] if len(doses) > 1 else []),
                        pictures.power_picture(sizes, arm=e.arm),
                    ],
                ),
                Section(anchor="harms", title="Harms and losses", tables=[_harm_table(result)]),
            ],
            facts={
                "Protocol": str(result["spec_hash"]),
                "Seed": str(trial.seed),
                "Data": formulary.version(),
                "Versions": f"qtwin {__version__}, Python {platform.python_version()}",
                "Time": f"{simulated:.2f} s to simulate, {time.perf_counter() - began:.1f} s in all",
                "Patients": "virtual: drawn from the model's prior with the protocol's baselines; no record was read",
            },
        )
        page = write_sheet(sheet, out)
    write_json(out / "result.json", result)
    rows = [
        (e.arm, number(e.difference), f"{number(e.low)} to {number(e.high)}", _percent(e), f"{e.p_value:.2g}") for e in effects
    ]
    table(f"Effect on {biomarker_words(trial.endpoint)} ({unit})", ("arm", "difference", "95 % interval", "slowing", "p"), rows)
    note(str(result["verdict"]), style="bold")
    note(f"{page}")
    return result


_WARNINGS = [
    "The patients are virtual; drug effects were calibrated on group means of the published trials, so a trial of the same drug"
    " shows the calibration, not new evidence.",
    "Who benefits follows from the model's structure (decline in proportion to stage, amyloid and tau); it is a hypothesis.",
]


def _plain(value: Any) -> dict[str, Any]:
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in dataclasses.asdict(value).items()}


def _percent(e: Any) -> str:
    return f"{100 * e.slowing:.0f} % ({100 * e.slowing_low:.0f} to {100 * e.slowing_high:.0f})"


def _verdict(protocol: Protocol, e: Any, predictor: str, sizes: Any) -> str:
    words = biomarker_words(protocol.endpoint)
    if e.p_value >= 0.05:
        return f"{e.arm} shows no effect on {words} in this trial (p = {e.p_value:.2g})."
    enough = next((p.n_per_arm for p in sizes if p.expected >= 0.8), None)
    size = f"; {enough:,} patients an arm would give 80 % power" if enough else ""
    return (
        f"{e.arm} changes {words} by {number(e.difference)} ({number(e.low)} to {number(e.high)}) against the comparator, "
        f"a slowing of {100 * e.slowing:.0f} %; {biomarker_words(predictor)} at baseline tells best who benefits{size}."
    )


def _cards(result: dict[str, Any], e: Any, unit: str) -> list[tuple[str, str, str]]:
    return [
        ("Effect", f"{number(e.difference)} {unit}", f"95 % interval {number(e.low)} to {number(e.high)}, p = {e.p_value:.2g}"),
        ("Slowing", f"{100 * e.slowing:.0f} %", f"95 % interval {100 * e.slowing_low:.0f} to {100 * e.slowing_high:.0f} %"),
        ("True effect", f"{number(e.true_difference)} {unit}", "mean over all patients, which only a simulation knows"),
        ("Screened", f"{result['n_screened']:,}", f"for {sum(a['n_randomised'] for a in result['arms']):,} randomised"),
    ]


def _effect_table(result: dict[str, Any], unit: str) -> Table:
    return Table(
        title="Effect at the last assessment",
        header=("Arm", f"Difference ({unit})", "95 % interval", "p", "Slowing", "True effect"),
        rows=[
            (
                e["arm"],
                number(e["difference"]),
                f"{number(e['low'])} to {number(e['high'])}",
                f"{e['p_value']:.2g}",
                f"{100 * e['slowing']:.0f} % ({100 * e['slowing_low']:.0f} to {100 * e['slowing_high']:.0f})",
                number(e["true_difference"]),
            )
            for e in result["effects"]
        ],
        numeric=frozenset(range(1, 6)),
    )


def _harm_table(result: dict[str, Any]) -> Table:
    return Table(
        title="ARIA-E by APOE e4 copies beyond placebo's, treatment ended early, lost",
        header=("Arm", "0 copies", "1 copy", "2 copies", "Ended early", "Lost"),
        rows=[
            (
                a["name"],
                *(f"{100 * p:.1f} %" for p in a["aria_by_e4"]),
                f"{100 * a['stopped_early']:.0f} %",
                f"{100 * (1 - a['n_observed'][-1] / a['n_randomised']):.0f} %",
            )
            for a in result["arms"]
        ],
        numeric=frozenset(range(1, 6)),
    )
