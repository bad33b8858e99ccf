"""From records to what can be said: who reached the best known energy of each instance, how often,
and how long it took.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from qtwin.benchmark import metrics
from qtwin.benchmark import records as stages
from qtwin.benchmark.metrics import (
    FEWEST,
    Interval,
    Runs,
    approximation_ratio,
    optimality_gap,
    shown,
    time_for,
)
from qtwin.benchmark.processor import DeviceTime, device_time, shots_to_solution
from qtwin.benchmark.profile import primal_integral
from qtwin.benchmark.scaling import FORMS, Crossover, Fit, better, crossover, fit
from qtwin.errors import InputError
from qtwin.solver.judge import ALARMS, Claim, contradictions

Record = Mapping[str, Any]
Clock = Literal["all costs", "QPU"]
"""Seconds of this machine, everything counted, or those of the idealised processor
(`qtwin.benchmark.processor`).
"""
_RELATIVE = 1e-9
_MARKS = {"failed": "failed", "printed": "printed", **dict.fromkeys(ALARMS, "ALARM")}


@dataclass(frozen=True, kw_only=True)
class Best:
    """The best energy known of an instance, and whether anything proves that there is none lower.

    Attributes:
        energy: Least feasible energy.
        proven: By whom it is proven is in `by`.
        by: Label of the solver, or "construction".
        utility: Greatest utility on the twin of any answer, for instances with a question behind
            them.
    """

    energy: float
    proven: bool
    by: str
    utility: float | None = None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One solver at one size of one family.

    Attributes:
        family, n, label, kind: Which.
        instances, runs: Counted, failures included.
        successes: Runs that reached the best known energy with a feasible answer.
        probability, interval: Of a run's success; no interval for fewer than ten runs.
        failed, out_of_time: Runs that ended in an error, or at the time limit.
        run_s: Median seconds of a run, all stages counted.
        tts_s: Median over instances of the 99 % time to solution.
        tts_interval: 95 %, by two-level bootstrap (`qtwin.benchmark.metrics`); an upper end of
            infinity where half of the instances, drawn again, may never be solved; None for fewer
            than ten runs.
        ratio: Median approximation ratio against the worst feasible energy; NaN where that is not
            known.
        regret: Median loss of utility on the twin against the best answer known, in its unit; NaN
            without a twin.
        stage_s: Mean seconds of each stage (`qtwin.benchmark.records`).
        shots, evaluations: Mean a run, training included.
        hits, drawn: Samples at the best known energy, and samples in all; 0 and 0 for a solver that
            keeps none.
        reads_to_solution, reads_interval: Median over instances of the samples until one is at the
            best known energy with 99 %; NaN and None for a solver that keeps none. The interval is
            bootstrapped from instances, runs and samples.
        read_tts_s: The same in seconds of this machine, each sample charged its share of the whole
            run.
        qpu_run_s: Median seconds of a run on the idealised processor, training included; NaN where
            it has none.
        qpu_tts_s, qpu_tts_interval: 99 % time to solution on it, and its interval as above.
        qpu_unknown: Why a quantum solver has none; "" where it has one, and for the others.
        gap: Median optimality gap of the runs' answers; NaN where none had one.
        proven: Runs that ended with a proof.
        primal_s: Median primal integral, up to the longest run of the cell.
    """

    family: str
    n: int
    label: str
    kind: str
    instances: int
    runs: int
    successes: int
    probability: float
    interval: Interval | None
    failed: int
    out_of_time: int
    run_s: float
    tts_s: float
    gap: float
    proven: int
    primal_s: float
    tts_interval: Interval | None
    ratio: float
    regret: float
    stage_s: Mapping[str, float]
    shots: float
    evaluations: float
    hits: int
    drawn: int
    reads_to_solution: float
    reads_interval: Interval | None
    read_tts_s: float
    qpu_run_s: float
    qpu_tts_s: float
    qpu_tts_interval: Interval | None
    qpu_unknown: str


def believed(records: Sequence[Record]) -> list[dict[str, Any]]:
    """The records with every proof and bound held against all answers to the instance; what another
    beats is named, and gone.

    `offences` of each record holds what was found when it was made, and what the others show now.
    """
    found = [dict(r) for r in records]
    by_instance: dict[str, list[int]] = defaultdict(list)
    for k, r in enumerate(found):
        by_instance[r["instance_id"]].append(k)
    for places in by_instance.values():
        known: Mapping[str, Any] = next(
            (found[k]["instance"] for k in places if found[k].get("instance")), {}
        )
        claims = [_claim(found[k]) for k in places]
        if known.get("optimum") is not None:
            claims.append(
                Claim(
                    label="the construction of the instance", energy=known["optimum"], feasible=True
                )
            )
        for place, words in contradictions(
            claims, scale=known.get("coefficient_max") or 0.0
        ).items():
            r = found[places[place]]
            r["offences"] = {**(r.get("offences") or {}), **words}
            if "bound" in words:
                r["bound"] = None
            if "proof" in words:
                r["proven"], r["status"] = False, "feasible" if r.get("feasible") else "infeasible"
    return found


def _claim(record: Record) -> Claim:
    task = record["task"]
    return Claim(
        label=f"{task['label']}, run {task.get('run', 0)}",
        energy=record.get("energy"),
        feasible=bool(record.get("feasible")),
        value=record.get("value"),
        proven=bool(record.get("proven")),
        bound=record.get("bound"),
        scope=record.get("scope") or "encoding",
        utility=record.get("utility"),
    )


def offences(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Every untruth, every failure and all that was printed, alarms first; each solver, kind and
    size once, with how often.
    """
    groups: dict[tuple[str, str, int, str], list[str]] = defaultdict(list)
    for r in records:
        task = r["task"]
        said = dict(r.get("offences") or {})
        if r.get("status") == "failed":
            said["failed"] = str(r.get("error"))
        if r.get("printed"):
            said["printed"] = " ".join(str(r["printed"]).split())[:200]
        for kind, words in said.items():
            groups[task["label"], group_of(r), task["n"], kind].append(words)
    entries = [
        {
            "solver": label,
            "family": family,
            "n": n,
            "kind": kind,
            "alarm": kind in ALARMS,
            "mark": _MARKS.get(kind, "not so"),
            "runs": len(words),
            "words": words[0],
        }
        for (label, family, n, kind), words in groups.items()
    ]
    return sorted(
        entries, key=lambda e: (not e["alarm"], e["solver"], e["family"], e["n"], e["kind"])
    )


def best_known(records: Iterable[Record]) -> dict[str, Best]:
    """Instance to the least feasible energy that any record or its construction knows."""
    best: dict[str, Best] = {}
    useful: dict[str, float] = {}
    for r in records:
        energy, planted = r.get("energy"), (r.get("instance") or {}).get("optimum")
        found = (
            [Best(energy=planted, proven=True, by="construction")] if planted is not None else []
        )
        if energy is not None and r.get("feasible"):
            sure = bool(r.get("proven")) and r.get("scope") == "encoding"
            found.append(Best(energy=energy, proven=sure, by=r["task"]["label"]))
        for candidate in found:
            old = best.get(r["instance_id"])
            lower = old is None or candidate.energy < old.energy - _tolerance(old.energy)
            if (
                old is None
                or lower
                or (candidate.proven and not old.proven and not candidate.energy > old.energy)
            ):
                best[r["instance_id"]] = candidate
        if r.get("utility") is not None and r.get("feasible"):
            useful[r["instance_id"]] = max(
                useful.get(r["instance_id"], -math.inf), float(r["utility"])
            )
    return {i: replace(b, utility=useful.get(i)) for i, b in best.items()}


def group_of(record: Record) -> str:
    """How the record's family is called in tables."""
    return str(record["task"].get("group") or record["task"]["family"])


def succeeded(record: Record, best: Mapping[str, Best]) -> bool:
    """Whether the record's answer is feasible and as low as the best known one, or as useful on the
    twin as any.
    """
    known = best.get(record["instance_id"])
    energy, utility = record.get("energy"), record.get("utility")
    if (
        known is None
        or energy is None
        or not record.get("feasible")
        or "limit" in (record.get("offences") or {})
    ):
        return False
    if (
        utility is not None
        and known.utility is not None
        and utility >= known.utility - _tolerance(known.utility)
    ):
        return True
    return bool(energy <= known.energy + _tolerance(known.energy))


def hits(record: Record, best: Mapping[str, Best]) -> int:
    """Samples of the record at the best energy known of its instance."""
    known, seen = best.get(record["instance_id"]), record.get("samples")
    if known is None or not seen or seen["lowest"] is None:
        return 0
    return (
        int(seen["lowest_count"])
        if seen["lowest"] <= known.energy + _tolerance(known.energy)
        else 0
    )


def cells(records: Sequence[Record], best: Mapping[str, Best]) -> list[Cell]:
    """Every solver at every size, failures counted."""
    groups: dict[tuple[str, int, str], list[Record]] = defaultdict(list)
    for r in records:
        groups[group_of(r), r["task"]["n"], r["task"]["label"]].append(r)
    return [_cell(key, rows, best) for key, rows in sorted(groups.items())]


def runs_by_size(
    records: Sequence[Record],
    best: Mapping[str, Best],
    family: str,
    label: str,
    *,
    clock: Clock = "all costs",
) -> dict[int, list[Runs]]:
    """Size to one `Runs` an instance, for a fit; empty where the clock does not know some of the
    runs.
    """
    by_instance: dict[tuple[int, str], list[Record]] = defaultdict(list)
    for r in records:
        if (group_of(r), r["task"]["label"]) == (family, label):
            by_instance[r["task"]["n"], r["instance_id"]].append(r)
    found: dict[int, list[Runs]] = defaultdict(list)
    if clock == "QPU" and any(_unknown(rows) for rows in by_instance.values()):
        return {}
    for (n, _), rows in sorted(by_instance.items()):
        found[n].append(_runs(rows, best, clock))
    return dict(found)


def growth(
    records: Sequence[Record], best: Mapping[str, Best], *, seed: int, clock: Clock = "all costs"
) -> dict[tuple[str, str], tuple[Fit, str] | str]:
    """(family, label) to the better fit and how sure that is, or to the reason why there is none.

    On the idealised processor, of those alone that have a time there.
    """
    found: dict[tuple[str, str], tuple[Fit, str] | str] = {}
    for family, label in sorted({(group_of(r), r["task"]["label"]) for r in records}):
        by_size = runs_by_size(records, best, family, label, clock=clock)
        if clock == "QPU" and not by_size:
            continue
        try:
            found[family, label] = better([fit(by_size, form=form, seed=seed) for form in FORMS])
        except InputError as error:
            found[family, label] = error.message
    return found


def crossings(
    records: Sequence[Record], best: Mapping[str, Best], kinds: Mapping[str, str], *, seed: int
) -> list[tuple[str, str, str, Crossover]]:
    """(family, quantum label, classical label, where): each quantum solver against the classical
    one of least time at its end.

    The quantum side is that of the idealised processor, training included; how quick a simulator is
    says nothing about a crossing.
    """
    out = []
    for family in sorted({group_of(r) for r in records}):
        labels = sorted({r["task"]["label"] for r in records if group_of(r) == family})
        classical: dict[str, Fit] = {}
        for label in (c for c in labels if kinds.get(c) == "classical"):
            try:
                classical[label] = fit(
                    runs_by_size(records, best, family, label), form="exponential", seed=seed
                )
            except InputError:
                continue
        for label in (q for q in labels if classical and kinds.get(q) == "quantum"):
            mine = [r for r in records if (group_of(r), r["task"]["label"]) == (family, label)]
            end = max(r["task"]["n"] for r in mine)
            rival = min(classical, key=lambda c: classical[c].at(end)[0])
            why = _unknown(mine)
            try:
                if why:
                    raise InputError(f"no QPU time, {why}", hint="")  # noqa: TRY301
                made = fit(
                    runs_by_size(records, best, family, label, clock="QPU"),
                    form="exponential",
                    seed=seed,
                )
                found = crossover(made, classical[rival])
            except InputError as error:
                found = Crossover(
                    size=None, interval=None, words=f"not determined: {error.message}"
                )
            out.append((family, label, rival, found))
    return out


def tts_of(records: Sequence[Record], best: Mapping[str, Best]) -> float:
    """99 % time to solution of one solver's runs on one instance, in seconds."""
    return _tts(_runs(records, best))


def _cell(key: tuple[str, int, str], rows: Sequence[Record], best: Mapping[str, Best]) -> Cell:
    family, n, label = key
    good = sum(succeeded(r, best) for r in rows)
    by_instance: dict[str, list[Record]] = defaultdict(list)
    for r in rows:
        by_instance[r["instance_id"]].append(r)
    runs = [_runs(group, best) for group in by_instance.values()]
    times = [_tts(r) for r in runs]
    spent = [float(r["total_s"]) for r in rows if r.get("total_s") is not None]
    answered = [
        r
        for r in rows
        if r.get("energy") is not None and r.get("feasible") and r["instance_id"] in best
    ]
    gaps = [optimality_gap(r["energy"], best[r["instance_id"]].energy) for r in answered]
    ratios = [
        q for q in (_ratio(r, best[r["instance_id"]].energy) for r in answered) if q is not None
    ]
    regrets = [
        known - float(r["utility"])
        for r in answered
        if r.get("utility") is not None and (known := best[r["instance_id"]].utility) is not None
    ]
    until = max([*spent, 1e-9])
    integrals = [
        primal_integral(
            [(t, e) for t, _, e in r.get("trace") or []],
            best[r["instance_id"]].energy,
            until_s=until,
        )
        for r in rows
        if r["instance_id"] in best
    ]
    return Cell(
        family=family,
        n=n,
        label=label,
        kind=next((r["kind"] for r in rows if r.get("kind")), "classical"),
        instances=len(by_instance),
        runs=len(rows),
        successes=good,
        probability=good / len(rows),
        interval=shown(good, len(rows)),
        failed=sum(r.get("status") == "failed" for r in rows),
        out_of_time=sum(r.get("status") == "time limit" for r in rows),
        run_s=_median(spent),
        tts_s=float(np.median(times)),
        gap=_median(gaps),
        proven=sum(bool(r.get("proven")) for r in rows),
        primal_s=_median(integrals),
        tts_interval=metrics.interval(runs, seed=0) if len(rows) >= FEWEST else None,
        ratio=_median(ratios),
        regret=_median(regrets),
        stage_s=stages.means(r["stage_s"] for r in rows if r.get("stage_s")),
        shots=_mean(float(r["shots"]) for r in rows if r.get("shots") is not None),
        evaluations=_mean(
            float(r["evaluations"]) for r in rows if r.get("evaluations") is not None
        ),
        hits=sum(hits(r, best) for r in rows),
        drawn=sum(_drawn(r) for r in rows),
        **_of_reads([*by_instance.values()], best),
        **_on_processor([*by_instance.values()], best),
    )


def _of_reads(by_instance: Sequence[Sequence[Record]], best: Mapping[str, Best]) -> dict[str, Any]:
    """Samples to solution, their interval, and the time that they take here."""
    sampled = [kept for rows in by_instance if (kept := [r for r in rows if _drawn(r)])]
    if not sampled:
        return {"reads_to_solution": math.nan, "reads_interval": None, "read_tts_s": math.nan}
    counts = [[(hits(r, best), _drawn(r)) for r in rows] for rows in sampled]
    needed = [
        shots_to_solution(sum(h for h, _ in pairs) / sum(d for _, d in pairs)) for pairs in counts
    ]
    read_s = [
        sum(float(r.get("total_s") or 0.0) for r in rows) / sum(map(_drawn, rows))
        for rows in sampled
    ]
    enough = sum(map(len, sampled)) >= FEWEST
    return {
        "reads_to_solution": float(np.median(needed)),
        "reads_interval": metrics.reads_interval(counts, seed=0) if enough else None,
        "read_tts_s": float(np.median([n * s for n, s in zip(needed, read_s, strict=True)])),
    }


def _on_processor(
    by_instance: Sequence[Sequence[Record]], best: Mapping[str, Best]
) -> dict[str, Any]:
    """Times on the idealised processor; none for what is no quantum solver."""
    rows = [r for group in by_instance for r in group]
    none = {
        "qpu_run_s": math.nan,
        "qpu_tts_s": math.nan,
        "qpu_tts_interval": None,
        "qpu_unknown": "",
    }
    if not any(r.get("kind") == "quantum" for r in rows):
        return none
    if why := _unknown(rows):
        return none | {"qpu_unknown": why}
    runs = [_runs(group, best, "QPU") for group in by_instance]
    return {
        "qpu_run_s": _median([t for r in rows if (t := _device(r).run_s) is not None]),
        "qpu_tts_s": float(np.median([_tts(r) for r in runs])),
        "qpu_tts_interval": metrics.interval(runs, seed=0) if len(rows) >= FEWEST else None,
        "qpu_unknown": "",
    }


def _device(record: Record) -> DeviceTime:
    return device_time(record.get("resources"), evaluations=int(record.get("evaluations") or 0))


def _unknown(rows: Sequence[Record]) -> str:
    """Why the idealised processor has no time for some of the runs that answered; "" where it has
    for all.
    """
    answered = [r for r in rows if r.get("status") != "failed"]
    if not answered:
        return "every run failed"
    return next((why for r in answered if (why := _device(r).unknown)), "")


def _drawn(record: Record) -> int:
    return int(record["samples"]["shots"]) if record.get("samples") else 0


def _runs(rows: Sequence[Record], best: Mapping[str, Best], clock: Clock = "all costs") -> Runs:
    if clock == "QPU":
        spent = [t for r in rows if (t := _device(r).run_s) is not None]
    else:
        spent = [float(r["total_s"]) for r in rows if r.get("total_s") is not None]
    return Runs(
        run_s=max(float(np.mean(spent)), 1e-9) if spent else 1.0,
        successes=sum(succeeded(r, best) for r in rows),
        trials=len(rows),
        times_s=tuple(max(t, 1e-9) for t in spent),
        certain=all(r.get("proven") and succeeded(r, best) for r in rows),
    )


def _tts(runs: Runs) -> float:
    return time_for(runs.successes / runs.trials, runs.run_s)


def _ratio(record: Record, optimum: float) -> float | None:
    worst = (record.get("instance") or {}).get("worst")
    return (
        None
        if worst is None or not worst > optimum
        else approximation_ratio(record["energy"], optimum=optimum, worst=worst)
    )


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else math.nan


def _mean(values: Iterable[float]) -> float:
    kept = list(values)
    return float(np.mean(kept)) if kept else 0.0


def _tolerance(energy: float) -> float:
    return _RELATIVE * max(1.0, abs(energy))
