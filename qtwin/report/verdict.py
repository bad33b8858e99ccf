"""Who won, in one plain sentence, written from the scored rows and nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_SAME_QALY = 1e-9
_SILENT = frozenset({"refused", "failed"})


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The sentence, the points behind it, and the winner's label."""

    sentence: str
    points: tuple[str, ...]
    winner: str


def _seconds(value: float) -> str:
    return (
        f"{value * 1000:.0f} ms"
        if value < 0.1
        else f"{value:.1f} s"
        if value < 100
        else f"{value / 60:.0f} min"
    )


def _percent(value: float) -> str:
    return f"{100 * value:.2g} %" if value < 0.995 else f"{100 * value:.0f} %"


def _short(regimen: Sequence[str] | None) -> str:
    return " + ".join(label.split(" ")[0] for label in regimen) if regimen else "nothing"


def _rate(row: dict[str, Any]) -> str:
    p = row["success_probability"]
    if p.get("low") is None:
        return f"{_percent(p['value'])} of shots ({p.get('no_interval') or 'no interval'})"
    return (
        f"{_percent(p['value'])} of shots (95 % interval {_percent(p['low'])} to "
        f"{_percent(p['high'])})"
    )


def judge(
    rows: Sequence[dict[str, Any]],
    *,
    n_feasible: int,
    accuracy: dict[str, Any] | None,
    current: dict[str, Any],
    order: str = "",
    simulated: str = "",
) -> Verdict:
    """Compare the rows: best utility on the twin first, proof next, total time last.

    A simulated quantum row wins only where no classical row reached the same utility: how quick a
    simulator is says nothing. One that ran on a quantum processor may win by its time. Null
    baselines never win.

    Args:
        rows: Scored solver rows.
        n_feasible: Number of allowed regimens.
        accuracy: The encoding's accuracy section.
        current: The played-back section of the current medicines.
        order: Whether pairs suffice, in a sentence (`qtwin.report.interactions`); "" where it was
            not looked at.
        simulated: How many of the allowed regimens were simulated, "1,000 of 2,000,000"; "" where
            all were.
    """
    usable = [
        r for r in rows if r["feasible"] and r["objective_twin"] is not None and r["kind"] != "null"
    ]
    if not usable:
        return Verdict(
            sentence="No solver found an allowed regimen, so there is no verdict.",
            points=(),
            winner="nobody",
        )
    best = max(r["objective_twin"] for r in usable)
    leaders = [r for r in usable if r["objective_twin"] >= best - _SAME_QALY]
    winner = min(
        leaders,
        key=lambda r: (
            not (r["proven"] and r["scope"] == "twin"),
            r["kind"] == "quantum" and not _is_real(r),
            r["total_wall_s"],
        ),
    )
    quantum = [r for r in rows if r["kind"] == "quantum" and r.get("status") not in _SILENT]
    refused = [r for r in rows if r.get("status") == "refused"]
    failed = [r for r in rows if r.get("status") == "failed"]
    points = []
    gain = best - current["utility"]["mean"]
    direction = "more" if gain >= 0 else "less"
    points.append(
        f"The twin would combine {_short(winner['regimen'])}: {best:.3f} QALY over no drugs, "
        f"{abs(gain):.3f} {direction} than the current medicines."
    )
    twin_proof = next((r for r in rows if r["scope"] == "twin" and r["proven"]), None)
    if twin_proof:
        points.append(
            f"Proof: {twin_proof['label']} simulated all {n_feasible:,} allowed regimens on "
            "the twin in "
            f"{_seconds(twin_proof['total_wall_s'])}; none is better."
        )
    if simulated:
        search = next(
            (r for r in rows if r["scope"] == "twin" and r["objective_twin"] is not None), None
        )
        stands = (
            f"; {search['label']} ended at {search['objective_twin']:.3f} QALY, where no "
            "single change is better, in"
            f" {search['info']['climbs_at_the_best']} of {search['info']['climbs']} climbs; "
            "the best regimen drawn at random has"
            f" {search['info']['best_of_the_sample']:.3f} QALY"
            if search
            else ""
        )
        points.append(
            f"No proof: {simulated} allowed regimens were simulated on the twin{stands}. A "
            "better one is not excluded."
        )
    points += [
        f"{r['label']} does not take this question: {r['info']['refused']}." for r in refused
    ]
    points += [
        f"{r['label']} failed: {', '.join(r.get('offences') or ['no answer'])}." for r in failed
    ]
    for r in rows:
        if r["proven"] and r["scope"] == "encoding" and r["kind"] == "classical":
            where = (
                "the same regimen"
                if r in leaders
                else f"{_short(r['regimen'])}, {r['regret_twin']:.4f} QALY worse on the twin"
            )
            took = _seconds(r["total_wall_s"])
            points.append(
                f"{r['label']} proved the optimum of the encoded problem in {took}, "
                f"encoding included: {where}."
            )
    if accuracy:
        same = (
            "is the twin's own optimum"
            if accuracy["regret"] <= _SAME_QALY
            else f"costs {accuracy['regret']:.4f} QALY on the twin"
        )
        points.append(
            "The encoding ranks unseen regimens with a correlation of "
            f"{accuracy['rank_correlation']:.3f}; its optimum {same}."
        )
    if order:
        points.append(order)
    for r in quantum:
        found = (
            "found the same regimen"
            if r in leaders
            else (
                f"ended at {_short(r['regimen'])}, {r['regret_twin']:.4f} QALY worse"
                if r["feasible"]
                else "found no allowed regimen"
            )
        )
        hit = f"; the best one came in {_rate(r)}{_needs(r)}" if r["success_probability"] else ""
        points.append(
            f"{r['label']} {found} after {_seconds(r['total_wall_s'])} with training{hit}."
        )
    points += [
        f"For comparison, {r['label']} met the best regimen in {_rate(r)}{_needs(r)}."
        for r in rows
        if r["kind"] == "null" and r["success_probability"]
    ]
    points += _against_nulls(rows)
    return Verdict(
        sentence=_sentence(winner, rows, n_feasible, simulated),
        points=tuple(points),
        winner=winner["label"],
    )


def _against_nulls(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Whether the best quantum method needs fewer shots than the best of the baselines; nothing
    without both.
    """
    sides = {
        kind: [
            r
            for r in rows
            if r["kind"] == kind and r["success_probability"] and r.get("status") not in _SILENT
        ]
        for kind in ("quantum", "null")
    }
    if not all(sides.values()):
        return []
    quantum, null = (
        max(side, key=lambda r: r["success_probability"]["value"]) for side in sides.values()
    )
    q, c = quantum["success_probability"], null["success_probability"]
    if not (q["value"] or c["value"]) or q.get("low") is None or c.get("low") is None:
        return []
    words = (
        "more often than"
        if q["low"] > c["high"]
        else "less often than"
        if q["high"] < c["low"]
        else "about as often as"
    )
    return [
        f"Per shot, the best quantum method, {quantum['label']}, meets the best regimen "
        f"{words} the best baseline,"
        f" {null['label']}: {_percent(q['value'])} against {_percent(c['value'])}."
    ]


def _sentence(
    winner: dict[str, Any], rows: Sequence[dict[str, Any]], n_feasible: int, simulated: str
) -> str:
    asked = [r for r in rows if r["kind"] == "quantum"]
    quantum = [r for r in asked if r.get("status") not in _SILENT]
    took = _seconds(winner["total_wall_s"])
    if simulated:
        return _unproven(winner, quantum, simulated, asked=bool(asked))
    if winner["kind"] == "quantum":
        classical = [r for r in rows if r["kind"] == "classical"]
        if not classical:
            return (
                f"{winner['label']} found the best regimen in {took}, without a proof; no "
                "classical solver took part."
            )
        if _reached(classical, winner):
            how = f"sooner than any classical solver in this run ({took})"
        else:
            how = (
                "which no classical solver in this run reached "
                f"({took}{'' if _is_real(winner) else ' of simulation'})"
            )
        return (
            f"{winner['label']} reached the best regimen found {how}, without a proof that "
            "nothing is better."
        )
    how = (
        f"{winner['label']} tried all {n_feasible:,} allowed regimens on the twin in {took} "
        "and proved which is best"
        if winner["scope"] == "twin" and winner["proven"]
        else f"{winner['label']} found the best regimen in {took}"
    )
    start = f"No quantum computer is needed for this patient: {how}"
    met = _met(quantum)
    return f"{start}, while {met} and could prove nothing." if met else start + "."


def _unproven(
    winner: dict[str, Any], quantum: Sequence[dict[str, Any]], simulated: str, *, asked: bool
) -> str:
    """The sentence where only a part of the allowed regimens was simulated: nobody has proved
    anything on the twin.
    """
    took, met = _seconds(winner["total_wall_s"]), _met(quantum)
    found = f"{winner['label']} found the best regimen known in {took}"
    if winner["kind"] == "quantum":
        start = (
            f"{winner['label']} found the best regimen known, in "
            f"{took}{'' if _is_real(winner) else ' of simulation'}"
        )
    elif quantum:
        start = f"No quantum solver did better for this patient: {found}" + (
            f", while {met}" if met else ""
        )
    elif asked:
        start = f"No quantum solver asked takes a question of this size: {found}"
    else:
        start = found[0].upper() + found[1:]
    return (
        f"{start}; {simulated} allowed regimens were simulated, and a better one is not excluded."
    )


def _met(quantum: Sequence[dict[str, Any]]) -> str:
    """How often quantum solvers met the winning regimen; "" where none was sampled."""
    sampled = [r["success_probability"] for r in quantum if r["success_probability"]]
    if not sampled:
        return ""
    kinds = {r["name"] for r in quantum if r["success_probability"]}
    name = kinds.pop().upper() if len(kinds) == 1 else "quantum solvers"
    real = [r["success_probability"] for r in quantum if r["success_probability"] and _is_real(r)]
    simulated = [p for p in sampled if not any(p is q for q in real)]
    met = [
        f"{who} met that regimen {_times(rates)}"
        for who, rates in (
            (f"simulated {name}", simulated),
            (f"{name} on a quantum processor", real),
        )
        if rates
    ]
    return " and ".join(met)


def _needs(row: dict[str, Any]) -> str:
    """Shots until one is the best with 99 %, and what they would take of an idealised processor."""
    needed = (row.get("shots_to_solution") or {}).get("value")
    if needed is None:
        return ""
    qpu = row.get("qpu") or {}
    took = (qpu.get("to_solution_s") or {}).get("value")
    told = f"; idealised QPU time with training {_seconds(took)}" if took is not None else ""
    if took is None and qpu.get("unknown"):
        told = f"; no QPU time: {qpu['unknown']}"
    return f", {math.ceil(needed):,} shots to meet it with 99 %{told}"


def _reached(rows: Sequence[dict[str, Any]], winner: dict[str, Any]) -> bool:
    """Whether any of the rows is as good on the twin as the winner."""
    return any(
        r["feasible"]
        and r["objective_twin"] is not None
        and r["objective_twin"] >= winner["objective_twin"] - _SAME_QALY
        for r in rows
    )


def _is_real(row: dict[str, Any]) -> bool:
    return str(row.get("backend", "")).startswith("ibm:")


def _times(rates: Sequence[dict[str, Any]]) -> str:
    hits, shots = (sum(p[key] for p in rates) for key in ("successes", "trials"))
    return (
        f"{'never' if hits == 0 else 'once' if hits == 1 else f'{hits:,} times'} in {shots:,} shots"
    )
