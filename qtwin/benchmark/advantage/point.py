"""One measured place of the map, whatever result it comes from, and those who took part there."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from qtwin.pharmacology.formulary import formulary

Origin = Literal["generated", "file", "twin", "measured", "patient", "molecule", "published"]
Axes = Literal["regimen", "molecule"]


@dataclass(frozen=True, kw_only=True)
class MethodTimes:
    """A method at a place.

    Attributes:
        label: As in tables.
        kind: "classical", "quantum" or "null".
        time_s: 99 % time to solution, or the time of the run where there is one run; infinite where
            it did not succeed.
        low_s, high_s: 95 % interval of it, both equal to it where none was measured.
        successes, runs: Of those that were counted.
        proven: Instances that it proved.
        note: What else a reviewer should see, such as an error in mHa.
        reads: Samples until one is the best known with 99 %; None where none are kept, infinite
            where none ever is.
        qpu_s, qpu_low_s, qpu_high_s: 99 % time to solution on an idealised processor and its
            interval; None where there is none.
        qpu_unknown: Why a quantum method has no such time.
    """

    label: str
    kind: str
    time_s: float
    low_s: float
    high_s: float
    successes: int
    runs: int
    proven: int
    note: str = ""
    reads: float | None = None
    qpu_s: float | None = None
    qpu_low_s: float | None = None
    qpu_high_s: float | None = None
    qpu_unknown: str = ""


@dataclass(frozen=True, kw_only=True)
class BenchmarkPoint:
    """Where an instance or family sits and what happened there.

    Attributes:
        axes: Which of the two maps it is on.
        name: Of the family, data set, patient or molecule.
        origin: Where its instances come from.
        size: Decision variables; spatial orbitals of the active space for molecules.
        level: Row of the map (`qtwin.benchmark.advantage.verdict`): interaction order and density,
            or correlation strength.
        detail: Its axes in words.
        instances, proven: Counted; proven by a solver or a full diagonalisation.
        construction: Whether the optimum is known by how the instances were made.
        contenders: Who took part.
        source: Path of the result.
        command: What ran it.
        requirement: What a quantum machine would need, in a sentence; "" where it was not worked
            out.
        plausible: Whether that is within two weeks and within what the data carry.
        classical: A published classical answer without proof, in a sentence; "" where none is
            known.
    """

    axes: Axes
    name: str
    origin: Origin
    size: int
    level: str
    detail: str
    instances: int
    proven: int
    construction: bool
    contenders: tuple[MethodTimes, ...]
    source: str
    command: str
    requirement: str = ""
    plausible: bool = False
    classical: str = ""


# How large real patients' questions are: marks on the map's axis of sizes, from
# `data/practice.toml` and the formulary.


@dataclass(frozen=True, kw_only=True)
class Practice:
    """A question as practice poses it.

    Attributes:
        label, short: In words; in a word or two.
        size: Decision variables.
        source: Where the number comes from.
        status: "literature", "assumed" or "counted".
    """

    label: str
    short: str
    size: int
    source: str
    status: str


def in_practice() -> tuple[Practice, ...]:
    """From the smallest to the largest."""
    kept = tomllib.loads((files("qtwin") / "data" / "practice.toml").read_text(encoding="utf-8"))
    every = sum(len(drug.doses) for drug in formulary().values())
    found = [
        Practice(
            label=q["label"],
            short=q["short"],
            size=every if q.get("formulary") else int(q["size"]),
            source=q["source"],
            status=q["status"],
        )
        for q in kept["question"]
    ]
    return tuple(sorted(found, key=lambda p: p.size))
