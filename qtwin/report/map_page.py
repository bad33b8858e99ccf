"""The page of the map: the verdict, both maps as tables of links, the evidence of every cell,
assumptions and exports.
"""

from __future__ import annotations

import base64
import json
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qtwin.benchmark.advantage.point import Axes, BenchmarkPoint, MethodTimes, in_practice
from qtwin.benchmark.advantage.verdict import (
    AXES_WORDS,
    LEVELS,
    ORDER,
    SIZES,
    Cell,
    Verdict,
    column_of,
    column_words,
)
from qtwin.benchmark.metrics import FEWEST, no_interval, posterior
from qtwin.benchmark.processor import processor
from qtwin.report.chart import Figure
from qtwin.report.map_picture import SHORT, WORDS
from qtwin.report.number import seconds, whole
from qtwin.report.sheet import Grid, Section, Sheet, Square, Table

STYLES = {kind: f"k{k}" for k, kind in enumerate(ORDER)}
_TITLES: Mapping[Axes, str] = {"regimen": "Which drugs together", "molecule": "Molecular energies"}
_ORIGINS = {
    "generated": "generated family",
    "file": "instances of files",
    "twin": "twins of invented patients",
    "measured": "measured data",
    "patient": "a patient's question",
    "molecule": "molecule",
    "published": "published estimate, not measured here",
}


def sheet_of(
    cells: Sequence[Cell], written: Mapping[str, Any], picture: Figure, out: Path
) -> Sheet:
    """The page, to be written into `out`."""
    kinds = Counter(c.verdict.kind for c in cells)
    shown = [axes for axes in SIZES if any(c.axes == axes for c in cells)]
    patients = [(p, v) for c in cells for p, v in c.places if p.origin == "patient"]
    return Sheet(
        kind="map",
        title=str(written.get("title") or "The map"),
        verdict=str(written["verdict"]),
        points=[
            *(str(written[key]) for key in ("question", "decision_rule") if written.get(key)),
            *(f"{p.name} ({p.size} options): {v.words}" for p, v in patients),
            *(
                f"{c.title}: {c.verdict.words}"
                for c in cells
                if c.verdict.kind in ("open", "quantum plausible")
            ),
        ],
        cards=[(WORDS[kind], str(kinds[kind]), "cells") for kind in ORDER if kinds[kind]],
        sections=[
            Section(
                anchor="map",
                title="The map",
                text=[
                    "Press a cell for its evidence. A cell takes the least settled verdict "
                    "of what lies in it."
                ],
                grids=[grid_of(axes, [c for c in cells if c.axes == axes]) for axes in shown],
                pictures=[picture],
                links=[
                    (
                        "map.json",
                        _data_uri(
                            json.dumps(written, indent=1, default=str, allow_nan=False),
                            "application/json",
                        ),
                    ),
                ],
            ),
            Section(
                anchor="practice",
                title="Where real patients sit",
                text=[
                    "The pointers above the map. A cell also holds generated families, "
                    "which are made to be harder than what"
                    " practice asks: few of many options, which interact by pairs and threes."
                ],
                tables=[_practice(cells)],
            ),
            Section(
                anchor="rules", title="How a verdict is found, and what is assumed", text=[*RULES]
            ),
            Section(
                anchor="machine", title="What a quantum machine would need", tables=[_needs(cells)]
            ),
            Section(anchor="evidence", title="Evidence, cell by cell"),
            *(_evidence(c, out) for c in cells),
        ],
        warnings=[
            "Quantum methods ran on simulators unless a table says otherwise: their times "
            "are those of the simulation.",
            "A heuristic's answer is the best known, not the best; only a proof is a proof.",
            "Times are of one machine, told below; a factor of ten between machines "
            "changes no proof and no growth.",
        ],
        facts={
            "Machine": ", ".join(str(v) for v in written["machine"].values()),
            "Versions": ", ".join(f"{k} {v}" for k, v in written["versions"].items()),
            "Beside this page": "map.json, figures/map.svg, references.bib, environment.json",
        },
    )


RULES = (
    "Classical, proven: a classical method proved the answer of every instance of the "
    "place, here or in the literature.",
    "Quantum plausible: a fault-tolerant search, worked out with its code distance, "
    "factories and clock, overtakes the best"
    " classical method on 1,000 cores within two weeks (Hoefler, Häner, Troyer 2023), at a "
    "size of at most twice the largest"
    " measured.",
    "Published estimates of large molecules are placed by their published logical counts, "
    "from which the machine is worked out;"
    " nothing of them was measured here. Where a classical answer without proof is "
    "published, the molecule is called classical,"
    " heuristic.",
    "Open: no classical method found the best known answer of most instances, or a quantum "
    "method would take less of an"
    " idealised processor than any classical method took, with disjoint intervals of ten "
    "runs or more and"
    " fewer samples than any null baseline. How quick a simulator is decides nothing.",
    f"{processor().words[0].upper()}{processor().words[1:]}.",
    "Classical heuristic: anything else.",
    "Time is the 99 % time to solution: a run's time, training included, times the runs "
    "until one succeeds with 99 % certainty."
    " Its interval is a two-level bootstrap over instances and runs, and there is none for "
    "fewer than ten runs; 'never' means"
    " that no run, or not every resample, succeeded.",
    "The fault-tolerant machine: surface code with a physical error of 0.1 % and cycles of "
    "1 µs, four CCZ factories, data and"
    " lanes at 1.5 tiles a qubit, Grover's search without the overhead of finding the "
    "minimum. All of this favours the"
    " quantum side.",
)


def grid_of(axes: Axes, cells: Sequence[Cell]) -> Grid:
    """One of the maps, its top row first."""
    at = {(c.row, c.column): c for c in cells}
    rows = []
    for y in reversed(range(len(LEVELS[axes]))):
        squares = [_square(at.get((y, x))) for x in range(len(SIZES[axes]))]
        rows.append((LEVELS[axes][y][1], squares))
    used = {c.verdict.kind for c in cells}
    return Grid(
        title=_TITLES[axes],
        corner=AXES_WORDS[axes][0].capitalize(),
        columns=[column_words(axes, x) for x in range(len(SIZES[axes]))],
        rows=rows,
        legend=[(STYLES[kind], WORDS[kind]) for kind in ORDER if kind in used],
    )


def _square(cell: Cell | None) -> Square | None:
    if cell is None:
        return None
    star = " ★" if any(p.origin == "patient" for p, _ in cell.places) else ""
    label = f"{cell.title}: {WORDS[cell.verdict.kind]}, {len(cell.places)} places; evidence"
    return Square(
        text=SHORT[cell.verdict.kind] + star,
        style=STYLES[cell.verdict.kind],
        anchor=cell.key,
        label=label,
    )


def _evidence(cell: Cell, out: Path) -> Section:
    links: dict[str, str] = {}
    for place in (p for p, _ in cell.places if p.source):
        report = Path(place.source).with_name("report.html")
        if report.exists():
            links[f"report of {report.parent.name}"] = os.path.relpath(report, out)
    return Section(
        anchor=cell.key,
        title=f"{cell.title}: {WORDS[cell.verdict.kind]}",
        tables=[_contenders(p, v) for p, v in cell.places],
        links=[*links.items(), ("back to the map", "#map")],
        listed=False,
    )


def _contenders(place: BenchmarkPoint, verdict: Verdict) -> Table:
    return Table(
        title=f"{place.name}, {place.size}",
        note=f"{WORDS[verdict.kind]}: {verdict.words}. {_ORIGINS[place.origin].capitalize()}; "
        f"{place.detail}",
        header=(
            *("Method", "Kind", "TTS 99 %", "95 % interval", "Success", "95 % interval"),
            *("Samples to 99 %", "Idealised QPU time", "95 % interval", "Proven", "Remarks"),
        ),
        rows=[_row(c) for c in sorted(place.contenders, key=lambda c: c.time_s)],
        numeric=frozenset({2, 4, 6, 7, 9}),
    )


def _row(c: MethodTimes) -> tuple[str, ...]:
    low, high = posterior(c.successes, c.runs) if c.runs else (math.nan, math.nan)
    few = no_interval(c.runs) if 0 < c.runs < FEWEST else ""
    ideal = c.qpu_unknown or "-" if c.qpu_s is None else _time(c.qpu_s)
    ends = "-"
    if c.qpu_s is not None:
        ends = few or (
            "-"
            if c.qpu_low_s is None or c.qpu_high_s is None
            else f"{_time(c.qpu_low_s)} to {_time(c.qpu_high_s)}"
        )
    return (
        c.label,
        c.kind,
        _time(c.time_s) if c.runs else "-",
        (few or f"{_time(c.low_s)} to {_time(c.high_s)}") if c.runs else "-",
        f"{c.successes} / {c.runs}" if c.runs else "-",
        (few or f"{100 * low:.0f} to {100 * high:.0f} %") if c.runs else "-",
        "-" if c.reads is None else whole(c.reads) if math.isfinite(c.reads) else "never",
        ideal,
        ends,
        str(c.proven),
        c.note,
    )


def _practice(cells: Sequence[Cell]) -> Table:
    rows = []
    for p in in_practice():
        there = [
            c for c in cells if c.axes == "regimen" and c.column == column_of("regimen", p.size)
        ]
        asked = [(q, v) for c in there for q, v in c.places if q.origin in ("patient", "twin")]
        words = "; ".join(
            f"{q.name} ({q.size}): {WORDS[v.kind]}"
            for q, v in sorted(asked, key=lambda found: found[0].size)
        )
        every = "; ".join(f"{LEVELS['regimen'][c.row][1]}: {WORDS[c.verdict.kind]}" for c in there)
        rows.append(
            (
                p.label,
                str(p.size),
                words or "not measured",
                every or "not measured",
                f"{p.source} ({p.status})",
            )
        )
    return Table(
        title="Questions of practice",
        header=("Question", "Variables", "Patients and twins", "Whole cells", "Source"),
        rows=rows,
        numeric=frozenset({1}),
    )


def _needs(cells: Sequence[Cell]) -> Table:
    seen: dict[str, tuple[str, str, str]] = {}
    for c in cells:
        for p, _ in c.places:
            if p.requirement:
                seen[p.name] = (
                    p.name,
                    p.requirement,
                    "yes" if p.plausible or seen.get(p.name, ("", "", ""))[2] == "yes" else "no",
                )
    rows = list(seen.values()) or [
        ("-", "no place has a growth from which a machine could be worked out", "-")
    ]
    return Table(
        title="Requirements",
        header=("Family or molecule", "What would be needed", "Plausible"),
        rows=rows,
    )


def _time(value_s: float) -> str:
    return seconds(value_s) if math.isfinite(value_s) else "never"


def _data_uri(text: str, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"
