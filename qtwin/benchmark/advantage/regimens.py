"""Places from results about choices: sweeps, experiments on one patient, tables of measured
combinations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from qtwin.benchmark.advantage.point import BenchmarkPoint, MethodTimes, Origin
from qtwin.benchmark.advantage.verdict import regimen_level

Result = Mapping[str, Any]


def from_bench(result: Result, source: str) -> list[BenchmarkPoint]:
    """One place for each family and size of a sweep (schema qtwin.bench/1)."""
    machines = {r["family"]: r for r in result.get("requirements", []) if r.get("cores") == 1000}
    return [_of_sweep(p, result, source, machines.get(p["family"])) for p in result["places"]]


def _of_sweep(
    p: Mapping[str, Any], result: Result, source: str, needed: Mapping[str, Any] | None
) -> BenchmarkPoint:
    cells = [c for c in result["cells"] if (c["family"], c["n"]) == (p["family"], p["n"])]
    origins: dict[str, Origin] = {"twin": "twin", "screen": "measured", "file": "file"}
    proof = str(p.get("published_proof") or "")
    words = (
        f"order {p['objective_degree']:.0f}, {100 * p['objective_density']:.0f} % of the pairs "
        "interact"
    )
    if p["largest_choice"] < p["n"]:
        words += f", at most {p['largest_choice']:.0f} of {p['n']} chosen"
    return BenchmarkPoint(
        axes="regimen",
        name=p["family"],
        origin=origins.get(p["generator"], "generated"),
        size=p["n"],
        level=regimen_level(
            p["objective_degree"], p["objective_density"], p["largest_choice"], p["n"]
        ),
        detail=words + f", 2^{p['log2_candidates']:.1f} feasible answers",
        instances=p["instances"],
        proven=p["instances"] if proof else p["proven"],
        construction=p["construction"],
        contenders=(*(_of_cell(c) for c in cells), *_published(proof, p["instances"])),
        source=source,
        command=str(result.get("command", "")),
        requirement="" if needed is None else str(needed["words"]),
        plausible=bool(
            needed
            and needed["practical"]
            and needed["size"] is not None
            and p["n"] >= needed["size"]
        ),
    )


def _published(proof: str, instances: int) -> tuple[MethodTimes, ...]:
    """A proof by others, of which no time is known here."""
    if not proof:
        return ()
    return (
        MethodTimes(
            label=proof,
            kind="classical",
            time_s=math.inf,
            low_s=math.inf,
            high_s=math.inf,
            successes=0,
            runs=0,
            proven=instances,
            note="published",
        ),
    )


def _of_cell(c: Mapping[str, Any]) -> MethodTimes:
    time_s = _end(c["tts_s"])
    low, high = (time_s, time_s) if c["tts_interval"] is None else map(_end, c["tts_interval"])
    quantum = c["kind"] == "quantum"
    known = quantum and not c.get("qpu_unknown") and "qpu_tts_s" in c
    ends = c.get("qpu_tts_interval") or (None, None)
    extra = [f"regret {c['regret']:.2g} on the twin"] if c.get("regret") is not None else []
    extra += [f"{c['failed']} failed"] if c["failed"] else []
    extra += [f"{c['out_of_time']} out of time"] if c["out_of_time"] else []
    return MethodTimes(
        label=c["label"],
        kind=c["kind"],
        time_s=time_s,
        low_s=low,
        high_s=high,
        successes=c["successes"],
        runs=c["runs"],
        proven=c["proven"],
        note=", ".join(extra),
        reads=_end(c.get("reads_to_solution")) if c.get("drawn") else None,
        qpu_s=_end(c["qpu_tts_s"]) if known else None,
        qpu_low_s=_end(ends[0]) if known and c["qpu_tts_interval"] else None,
        qpu_high_s=_end(ends[1]) if known and c["qpu_tts_interval"] else None,
        qpu_unknown=str(c.get("qpu_unknown") or ("" if known or not quantum else "not counted")),
    )


def _end(value: Any) -> float:
    """A time of a result, where infinity is null."""
    return math.inf if value is None else float(value)


def from_experiment(result: Result, source: str) -> list[BenchmarkPoint]:
    """The question about one patient (schema qtwin.result/1)."""
    problem = result["problem"]
    n, few = len(problem["candidates"]), int(problem["max_drugs"])
    synthetic = bool((result.get("patient") or {}).get("synthetic"))
    # of a sample, a proof for the encoding settles nothing about the patient
    whole = problem.get("complete", True)
    title = str((result.get("spec") or {}).get("title") or "a patient")
    return [
        BenchmarkPoint(
            axes="regimen",
            name=("synthetic patient: " if synthetic else "patient: ") + title,
            origin="patient",
            size=n,
            level=regimen_level(float(result["encoding"]["degree"]), 1.0, few, n),
            detail=f"{n} dose options, at most {few} drugs, {problem['n_feasible']:,} feasible "
            "regimens",
            instances=1,
            proven=int(
                any(_settles(s, whole) and s.get("kind") == "classical" for s in result["solvers"])
            ),
            construction=False,
            contenders=tuple(_of_answer(s, whole) for s in result["solvers"]),
            source=source,
            command=str(result.get("command") or "qtwin run"),
        )
    ]


def _settles(s: Mapping[str, Any], whole: bool) -> bool:
    return bool(s.get("proven")) and (whole or s.get("scope") == "twin")


def _of_answer(s: Mapping[str, Any], whole: bool) -> MethodTimes:
    took = float(s.get("total_wall_s") or math.inf)
    lost = s.get("regret_twin")
    good = s.get("feasible") and lost is not None and abs(float(lost)) < 1e-9
    rate, qpu = s.get("success_probability") or {}, s.get("qpu") or {}
    seen = f"{100 * rate['value']:.2g} % of its shots" if rate.get("value") is not None else ""
    return MethodTimes(
        label=str(s.get("label") or s.get("name")),
        kind=str(s.get("kind")),
        time_s=took if good else math.inf,
        low_s=took if good else math.inf,
        high_s=took if good else math.inf,
        successes=int(bool(good)),
        runs=1,
        proven=int(_settles(s, whole)),
        note=seen
        if lost is None
        else f"regret {float(lost):.2g} QALY on the twin" + (f", {seen}" if seen else ""),
        reads=None if not rate else _end((s.get("shots_to_solution") or {}).get("value")),
        qpu_s=None
        if not qpu or qpu.get("unknown")
        else _end((qpu.get("to_solution_s") or {}).get("value")),
        qpu_unknown=str(qpu.get("unknown") or ""),
    )


def from_screen(result: Result, source: str) -> list[BenchmarkPoint]:
    """A combination screen (schema qtwin.screen/1): all contexts of a table are one place."""
    contexts: Sequence[Mapping[str, Any]] = result["contexts"]
    n, k = len(result["data"]["drugs"]), int(result["size"])
    times = sorted(float(c["wall_s"]) for c in contexts)
    median = times[len(times) // 2]
    proven = sum(bool(c["proven"]) for c in contexts)
    listing = MethodTimes(
        label="listing every set",
        kind="classical",
        time_s=median,
        low_s=times[0],
        high_s=times[-1],
        successes=proven,
        runs=len(contexts),
        proven=proven,
        note="range over contexts in place of an interval",
    )
    simple = [
        MethodTimes(
            label=name,
            kind="classical",
            time_s=math.inf,
            low_s=math.inf,
            high_s=math.inf,
            successes=int(b["optimal"]),
            runs=int(b["of"]),
            proven=0,
            note=f"worst gap {100 * b['worst_gap']:.0f} %",
        )
        for name, b in result.get("baselines", {}).items()
    ]
    return [
        BenchmarkPoint(
            axes="regimen",
            name=f"{result['title']}, {k} of {n}",
            origin="measured",
            size=n,
            level="few" if k <= 0.5 * n else "dense",
            detail=f"{n} drugs, exactly {k} chosen, {len(contexts)} contexts, "
            f"{contexts[0]['n_sets']:,} permitted sets each",
            instances=len(contexts),
            proven=proven,
            construction=False,
            contenders=(listing, *simple),
            source=source,
            command="qtwin screen combinations",
        )
    ]
