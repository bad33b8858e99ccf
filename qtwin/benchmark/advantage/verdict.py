"""The axes of both maps and how places fall into their cells."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

from qtwin.benchmark.advantage.point import Axes, BenchmarkPoint, MethodTimes, in_practice
from qtwin.benchmark.metrics import FEWEST
from qtwin.benchmark.processor import processor
from qtwin.benchmark.requirement import duration

SPARSE = 0.25
"""Share of interacting pairs up to which an objective is called sparse."""
FEW = 0.5
"""Largest share of the options that may be chosen at once for a choice of few."""

SIZES: Mapping[Axes, tuple[int, ...]] = {
    "regimen": (10, 15, 20, 30, 50, 100, 200),
    "molecule": (4, 8, 12, 16, 20, 30, 100),
}
"""Upper ends of the columns."""
LEVELS: Mapping[Axes, tuple[tuple[str, str], ...]] = {
    "regimen": (
        ("few", "pairs, few chosen"),
        ("sparse", "pairs, sparse"),
        ("dense", "pairs, dense"),
        ("third", "third order"),
        ("fourth", "fourth order and more"),
    ),
    "molecule": (
        ("weak", "weak correlation"),
        ("moderate", "moderate correlation"),
        ("strong", "strong correlation"),
    ),
}
"""Rows from the bottom, key and words."""
AXES_WORDS: Mapping[Axes, tuple[str, str]] = {
    "regimen": ("decision variables", "interactions of the objective"),
    "molecule": (
        "spatial orbitals in the active space",
        "correlation: weight of the leading determinant",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell that holds something.

    Attributes:
        axes, column, row: Where, counted from the lower left.
        key: Anchor on the page.
        title: In words.
        verdict: The least settled of its places.
        places: With the verdict on each.
    """

    axes: Axes
    column: int
    row: int
    key: str
    title: str
    verdict: Verdict
    places: tuple[tuple[BenchmarkPoint, Verdict], ...]


def regimen_level(degree: float, density: float, largest_choice: float, n: float) -> str:
    """Row of an objective: its order, and for pairs whether few are chosen, few interact, or
    neither.
    """
    if degree >= 4:
        return "fourth"
    if degree >= 3:
        return "third"
    if largest_choice <= FEW * n:
        return "few"
    return "sparse" if density <= SPARSE else "dense"


def molecule_level(leading_weight: float) -> str:
    """Row of a molecule: how much of the wave function its leading determinant holds (0.9 and 0.7
    divide the rows).
    """
    return "weak" if leading_weight >= 0.9 else "moderate" if leading_weight >= 0.7 else "strong"


def column_of(axes: Axes, size: int) -> int:
    """Column of a size; the last one takes what is larger."""
    ends = SIZES[axes]
    return next((k for k, end in enumerate(ends) if size <= end), len(ends) - 1)


def column_words(axes: Axes, column: int) -> str:
    """The sizes of a column."""
    ends = SIZES[axes]
    return f"up to {ends[0]}" if column == 0 else f"{ends[column - 1] + 1} to {ends[column]}"


def cells(places: Sequence[BenchmarkPoint]) -> list[Cell]:
    """Cells that hold a place, by axes, row and column."""
    groups: dict[tuple[Axes, int, int], list[BenchmarkPoint]] = defaultdict(list)
    for place in places:
        row = [key for key, _ in LEVELS[place.axes]].index(place.level)
        groups[place.axes, row, column_of(place.axes, place.size)].append(place)
    out = []
    for (axes, row, column), members in sorted(
        groups.items(), key=lambda item: (item[0][0] != "regimen", item[0])
    ):
        judged = [
            (place, judge(place)) for place in sorted(members, key=lambda p: (p.size, p.name))
        ]
        key, words = LEVELS[axes][row]
        unit = "variables" if axes == "regimen" else "orbitals"
        out.append(
            Cell(
                axes=axes,
                column=column,
                row=row,
                key=f"{axes}-{key}-{SIZES[axes][column]}",
                title=f"{words}, {column_words(axes, column)} {unit}",
                verdict=hardest([verdict for _, verdict in judged]),
                places=tuple(judged),
            )
        )
    return out


# What may be said of a place.
#
# The rules, in the order in which they are tried:
#
# 1. classical, proven: a classical method proved the answer of every instance, here or in the
# literature.
# 2. classical, heuristic: a classical answer without proof is published for a molecule that was not
# measured here.
# 3. quantum plausible: the worked-out machine overtakes the best classical method within two weeks,
# at a size that the data carry.
# 4. open: no classical method found the best known answer of most instances, or a quantum method
# would take less of an idealised
#    processor than any classical method took here, the intervals, of ten runs or more, do not
#    overlap, and it needs fewer samples than any null baseline.
# 5. classical, heuristic: anything else: a classical method finds the best answer known, nobody
# proves that it is the best.
#
# A place where no classical method took part is open for lack of a measurement, and says so.

Kind = Literal["classical proven", "classical heuristic", "open", "quantum plausible"]
ORDER: tuple[Kind, ...] = ("classical proven", "classical heuristic", "open", "quantum plausible")
"""From what is settled to what is not: a cell takes the last of its places."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A kind and the sentence behind it."""

    kind: Kind
    words: str


def judge(place: BenchmarkPoint) -> Verdict:
    """The verdict on one place."""
    classical = quickest(place.contenders, "classical")
    quantum = quickest(place.contenders, "quantum")
    beside = _beside(place, quantum)
    provers = [c for c in place.contenders if c.proven and c.kind == "classical"]
    if place.proven >= place.instances and place.instances > 0 and provers:
        prover = min(provers, key=lambda c: (-c.proven, c.time_s))
        if prover.note != "published":
            said = (
                f"gives the exact {_goal(place)}"
                if place.axes == "molecule"
                else f"proves {_every(place)}"
            )
            words = f"{prover.label} {said} in {_time(prover)}"
            return Verdict(kind="classical proven", words=words + beside)
        found = "no method here finds it reliably within its time limit"
        if classical is not None and math.isfinite(classical.time_s):
            found = f"{classical.label} finds it in {_time(classical)}"
        return Verdict(
            kind="classical proven",
            words=f"{_every(place)} is proven by {prover.label}; {found}{beside}",
        )
    if place.classical:
        return Verdict(kind="classical heuristic", words=f"{place.classical}; {place.requirement}")
    if place.plausible:
        return Verdict(kind="quantum plausible", words=place.requirement)
    if classical is None:
        return Verdict(kind="open", words=f"no classical method was measured here{beside}")
    if not math.isfinite(classical.time_s):
        return Verdict(
            kind="open",
            words="no classical method found the best known answer reliably within its time "
            f"limit{beside}",
        )
    ideal = min(
        (c for c in place.contenders if c.qpu_s is not None),
        key=lambda c: c.qpu_s or 0.0,
        default=None,
    )
    guesses = [c.reads for c in place.contenders if c.kind == "null" and c.reads is not None]
    if (
        ideal is not None
        and _sooner(ideal, classical)
        and (ideal.reads or 0.0) < min(guesses, default=math.inf)
    ):
        return Verdict(
            kind="open",
            words=f"{ideal.label} would take {duration(ideal.qpu_s or 0.0)} of an ideal "
            "processor, without noise or queue,"
            f" against {_time(classical)} of {classical.label}, and without a proof",
        )
    known = (
        "which is known to be the optimum"
        if place.construction
        else "without a proof that it is the best"
    )
    return Verdict(
        kind="classical heuristic",
        words=f"{classical.label} finds the best known answer in {_time(classical)}, "
        f"{known}{beside}",
    )


def quickest(contenders: Sequence[MethodTimes], kind: str) -> MethodTimes | None:
    """The contender of this kind with the least time; None where none took part."""
    return min((c for c in contenders if c.kind == kind), key=lambda c: c.time_s, default=None)


def _sooner(quantum: MethodTimes, classical: MethodTimes) -> bool:
    """Whether the intervals, of ten runs or more, tell the idealised processor's time from the
    classical one, and it is less.
    """
    enough = min(quantum.runs, classical.runs) >= FEWEST
    return enough and quantum.qpu_high_s is not None and quantum.qpu_high_s < classical.low_s


def hardest(verdicts: Sequence[Verdict]) -> Verdict:
    """The least settled of several verdicts."""
    return max(verdicts, key=lambda v: ORDER.index(v.kind))


def _goal(place: BenchmarkPoint) -> str:
    """What was asked for, of a molecule."""
    return (
        "interaction energy"
        if place.detail.startswith("interaction energy")
        else "energy of the active space"
    )


def _every(place: BenchmarkPoint) -> str:
    return (
        "the optimum" if place.instances == 1 else f"the optimum of all {place.instances} instances"
    )


def _time(contender: MethodTimes) -> str:
    """Time, and its interval where there is one."""
    if not math.isfinite(contender.time_s):
        return "no time"
    if contender.low_s == contender.high_s == contender.time_s:
        return duration(contender.time_s)
    high = "never" if math.isinf(contender.high_s) else duration(contender.high_s)
    return f"{duration(contender.time_s)} (95 % interval {duration(contender.low_s)} to {high})"


def _beside(place: BenchmarkPoint, quantum: MethodTimes | None) -> str:
    if quantum is None:
        return "; no quantum method took part"
    null = quickest(place.contenders, "null")
    chance = (
        ""
        if null is None or not math.isfinite(null.time_s)
        else f", the best baseline, {null.label}, {duration(null.time_s)}"
    )
    if not math.isfinite(quantum.time_s):
        return f"; the best quantum method, {quantum.label}, never found it{chance}"
    ideal = (
        f" and would take {duration(quantum.qpu_s)} of an ideal processor"
        if _finite(quantum.qpu_s)
        else ""
    )
    return (
        f"; the best quantum method, {quantum.label}, took {duration(quantum.time_s)} of "
        f"simulation{ideal}{chance}"
    )


def _finite(value_s: float | None) -> TypeGuard[float]:
    return value_s is not None and math.isfinite(value_s)


# map.json: places, cells, verdicts and what they rest on, as JSON values.

SCHEMA = "qtwin.map/1"


def document(cells: Sequence[Cell]) -> dict[str, Any]:
    """Axes, cells with their places and verdicts, and the verdict on the whole."""
    return {
        "schema": SCHEMA,
        "verdict": whole(cells),
        "axes": {
            axes: {
                "x": AXES_WORDS[axes][0],
                "y": AXES_WORDS[axes][1],
                "column_ends": list(SIZES[axes]),
                "rows": [{"key": key, "words": words} for key, words in LEVELS[axes]],
            }
            for axes in SIZES
        },
        "assumptions": {
            "sparse_up_to_density": SPARSE,
            "few_up_to_share": FEW,
            "quantum_times": "of noiseless or noisy simulation on this machine, training "
            "included; verdicts "
            "compare QPU time",
            "qpu_time": processor().words,
            "intervals": "none for fewer than ten runs",
            "quantum_plausible": "a fault-tolerant search overtakes the best classical method, "
            "spread over "
            "1,000 cores without"
            " loss, within two weeks and within twice the largest size measured",
            "fault_tolerance": "surface code, physical error 0.1 %, cycle 1 µs, four CCZ "
            "factories, routing "
            "overhead 1.5",
        },
        "in_practice": [dataclasses.asdict(p) for p in in_practice()],
        "cells": [_cell(c) for c in cells],
    }


def whole(cells: Sequence[Cell]) -> str:
    """One sentence on the whole map."""
    if not cells:
        return "Nothing was measured, so the map is empty."
    measured = [c for c in cells if any(p.origin != "published" for p, _ in c.places)]
    found = Counter(c.verdict.kind for c in measured)
    n = len(measured)
    parts = [
        f"{found[kind]} {'is' if found[kind] == 1 else 'are'} {_WORDS[kind]}"
        for kind in ORDER
        if found[kind]
    ]
    listed = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    patients = [v for c in cells for p, v in c.places if p.origin == "patient"]
    where = ""
    if patients and all(v.kind == "classical proven" for v in patients):
        where = (
            "; the patients' own questions are among the proven ones" if len(patients) > 1 else _ONE
        )
    beyond = (
        ""
        if n == len(cells)
        else ". What may call for a quantum machine was not measured here: published estimates "
        "name it"
    )
    return f"Of {n} measured cell{'s' if n > 1 else ''}, {listed}{where}{beyond}."


_ONE = "; the patient's own question is among the proven ones"
_WORDS = {
    "classical proven": "settled by classical proof",
    "classical heuristic": "won by classical heuristics without proof",
    "open": "open",
    "quantum plausible": "plausible for a quantum machine that does not exist yet",
}


def _cell(c: Cell) -> dict[str, Any]:
    return {
        "axes": c.axes,
        "column": c.column,
        "row": c.row,
        "key": c.key,
        "title": c.title,
        "verdict": dataclasses.asdict(c.verdict),
        "places": [_place(place, verdict) for place, verdict in c.places],
    }


def _place(place: BenchmarkPoint, verdict: Verdict) -> dict[str, Any]:
    plain = {k: v for k, v in vars(place).items() if k != "contenders"}
    return plain | {
        "verdict": dataclasses.asdict(verdict),
        "contenders": [_contender(c) for c in place.contenders],
    }


def _contender(c: MethodTimes) -> dict[str, Any]:
    return {
        k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in vars(c).items()
    }
