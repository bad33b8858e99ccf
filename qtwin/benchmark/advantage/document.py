"""map.json: places, cells, verdicts and what they rest on, as JSON values."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from qtwin.benchmark.advantage.grid import AXES_WORDS, FEW, LEVELS, SIZES, SPARSE, Cell
from qtwin.benchmark.advantage.place import Contender, Place
from qtwin.benchmark.advantage.practice import in_practice
from qtwin.benchmark.advantage.verdict import ORDER, Verdict
from qtwin.benchmark.processor import processor

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
            "quantum_times": "of noiseless or noisy simulation on this machine, training included; verdicts compare QPU time",
            "qpu_time": processor().words,
            "intervals": "none for fewer than ten runs",
            "quantum_plausible": "a fault-tolerant search overtakes the best classical method, spread over 1,000 cores without"
            " loss, within two weeks and within twice the largest size measured",
            "fault_tolerance": "surface code, physical error 0.1 %, cycle 1 µs, four CCZ factories, routing overhead 1.5",
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
    parts = [f"{found[kind]} {'is' if found[kind] == 1 else 'are'} {_WORDS[kind]}" for kind in ORDER if found[kind]]
    listed = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    patients = [v for c in cells for p, v in c.places if p.origin == "patient"]
    where = ""
    if patients and all(v.kind == "classical proven" for v in patients):
        where = "; the patients' own questions are among the proven ones" if len(patients) > 1 else _ONE
    beyond = "" if n == len(cells) else ". What may call for a quantum machine was not measured here: published estimates name it"
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


def _place(place: Place, verdict: Verdict) -> dict[str, Any]:
    plain = {k: v for k, v in vars(place).items() if k != "contenders"}
    return plain | {"verdict": dataclasses.asdict(verdict), "contenders": [_contender(c) for c in place.contenders]}


def _contender(c: Contender) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in vars(c).items()}
