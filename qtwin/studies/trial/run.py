"""A protocol played on virtual patients, and its analysis."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from pathlib import Path

from qtwin.errors import unknown_name
from qtwin.pharmacology import formulary
from qtwin.progress import SILENT, Progress
from qtwin.report.number import biomarker_words, number
from qtwin.report.origin import command_line
from qtwin.report.sheet import DISCLAIMER
from qtwin.spec.reading import refuse_other_kind, toml_of
from qtwin.studies.result import output_folder, plain_rows
from qtwin.studies.trial.result import TrialResult
from qtwin.twin.protocol import Protocol
from qtwin.twin.trial import run as play
from qtwin.twin.trial_analysis import (
    Effect,
    Power,
    arm_results,
    dose_response,
    effect,
    power,
    predictors,
    subgroups,
)
from qtwin.version import __version__

WARNINGS = (
    "The patients are virtual; drug effects were calibrated on group means of the "
    "published trials, so a trial of the same drug"
    " shows the calibration, not new evidence.",
    "Who benefits follows from the model's structure (decline in proportion to stage, "
    "amyloid and tau); it is a hypothesis.",
)


def run(
    spec: str | Path | Protocol, out: str | Path | None = None, *, progress: Progress = SILENT
) -> TrialResult:
    """Play a trial on virtual patients and analyse it.

    Args:
        spec: Protocol file (TOML), or a protocol such as `qt.TrialProtocol.shipped("clarity-ad")`.
        out: Folder for result.json, report.html and figures; None writes nothing.
        progress: Who hears of the stages.

    Raises:
        InputError: for an unusable protocol or folder.
        InfeasibleError: if hardly anybody meets the criteria.

    Example:
        >>> import qtwin as qt
        >>> qt.run_trial(qt.TrialProtocol.shipped("clarity-ad", n_per_arm=60)).effects[0].arm
        'lecanemab 10 mg/kg'
    """
    if not isinstance(spec, Protocol):
        refuse_other_kind(toml_of(Path(spec)), Path(spec).name, "qtwin trial")
        spec = Protocol.read(spec)
    trial = spec.trial()
    if spec.endpoint not in trial.model.observables:
        raise unknown_name(
            f"endpoint of the {trial.model.name} model", spec.endpoint, trial.model.observables
        )
    folder = None if out is None else output_folder(out)
    progress.note(spec.title, style="bold")
    began = time.perf_counter()
    with progress.stage("Trial") as found:
        outcome = play(trial)
        found.append(
            f"{len(trial.arms)} arms x {trial.n_per_arm:,} patients, "
            f"{outcome.patients.n_screened:,} screened"
        )
    simulated = time.perf_counter() - began
    with progress.stage("Analysis"):
        effects = [effect(outcome, a) for a in range(1, len(trial.arms))]
        clearest = min(range(len(effects)), key=lambda k: effects[k].p_value) + 1
        ranked, sizes = predictors(outcome, clearest), power(outcome, clearest, spec.power_sizes)
        dumped = spec.model_dump(mode="json")
        result = TrialResult.model_validate(
            {
                "title": spec.title,
                "spec": spec,
                "spec_hash": hashlib.sha256(
                    json.dumps(dumped, sort_keys=True).encode()
                ).hexdigest(),
                "versions": {
                    "qtwin": __version__,
                    "formulary": formulary.version(),
                    "python": platform.python_version(),
                },
                "command": command_line(),
                "seed": trial.seed,
                "wall_s": {"simulation": simulated, "all": time.perf_counter() - began},
                "n_screened": outcome.patients.n_screened,
                "unit": trial.model.observables[trial.endpoint].unit,
                "arms": plain_rows(arm_results(outcome)),
                "effects": plain_rows(effects),
                "subgroups": plain_rows(subgroups(outcome, clearest)),
                "predictors": plain_rows(ranked),
                "power": plain_rows(sizes),
                "dose_response": plain_rows(dose_response(outcome)),
                "verdict": _verdict(spec, effects[clearest - 1], ranked[0].biomarker, sizes),
                "warnings": WARNINGS,
                "disclaimer": DISCLAIMER,
            }
        )
    if folder is not None:
        with progress.stage("Report") as found:
            found.append(str(result.to_html(folder)))
        result.write(folder / "result.json")
    return result


def _verdict(protocol: Protocol, e: Effect, predictor: str, sizes: tuple[Power, ...]) -> str:
    words = biomarker_words(protocol.endpoint)
    if e.p_value >= 0.05:
        return f"{e.arm} shows no effect on {words} in this trial (p = {e.p_value:.2g})."
    enough = next((p.n_per_arm for p in sizes if p.expected >= 0.8), None)
    size = f"; {enough:,} patients an arm would give 80 % power" if enough else ""
    return (
        f"{e.arm} changes {words} by {number(e.difference)} (95 % confidence interval "
        f"{number(e.low)} to {number(e.high)})"
        f" against the comparator, a slowing of {100 * e.slowing:.0f} %; "
        f"{biomarker_words(predictor)} at baseline tells best who"
        f" benefits{size}."
    )
