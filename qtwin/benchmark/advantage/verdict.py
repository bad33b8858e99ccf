"""What may be said of a place.

The rules, in the order in which they are tried:

1. classical, proven: a classical method proved the answer of every instance, here or in the literature.
2. classical, heuristic: a classical answer without proof is published for a molecule that was not measured here.
3. quantum plausible: the worked-out machine overtakes the best classical method within two weeks, at a size that the data carry.
4. open: no classical method found the best known answer of most instances, or a quantum method would take less of an idealised
   processor than any classical method took here, the intervals, of ten runs or more, do not overlap, and it needs fewer samples
   than any null baseline.
5. classical, heuristic: anything else: a classical method finds the best answer known, nobody proves that it is the best.

A place where no classical method took part is open for lack of a measurement, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeGuard

from qtwin.benchmark.advantage.place import Contender, Place
from qtwin.benchmark.metrics import FEWEST
from qtwin.benchmark.requirement import duration

Kind = Literal["classical proven", "classical heuristic", "open", "quantum plausible"]
ORDER: tuple[Kind, ...] = ("classical proven", "classical heuristic", "open", "quantum plausible")
"""From what is settled to what is not: a cell takes the last of its places."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A kind and the sentence behind it."""

    kind: Kind
    words: str


def judge(place: Place) -> Verdict:
    """The verdict on one place."""
    classical = quickest(place.contenders, "classical")
    quantum = quickest(place.contenders, "quantum")
    beside = _beside(place, quantum)
    provers = [c for c in place.contenders if c.proven and c.kind == "classical"]
    if place.proven >= place.instances and place.instances > 0 and provers:
        prover = min(provers, key=lambda c: (-c.proven, c.time_s))
        if prover.note != "published":
            said = f"gives the exact {_goal(place)}" if place.axes == "molecule" else f"proves {_every(place)}"
            words = f"{prover.label} {said} in {_time(prover)}"
            return Verdict(kind="classical proven", words=words + beside)
        found = "no method here finds it reliably within its time limit"
        if classical is not None and math.isfinite(classical.time_s):
            found = f"{classical.label} finds it in {_time(classical)}"
        return Verdict(kind="classical proven", words=f"{_every(place)} is proven by {prover.label}; {found}{beside}")
    if place.classical:
        return Verdict(kind="classical heuristic", words=f"{place.classical}; {place.requirement}")
    if place.plausible:
        return Verdict(kind="quantum plausible", words=place.requirement)
    if classical is None:
        return Verdict(kind="open", words=f"no classical method was measured here{beside}")
    if not math.isfinite(classical.time_s):
        return Verdict(
            kind="open", words=f"no classical method found the best known answer reliably within its time limit{beside}"
        )
    ideal = min((c for c in place.contenders if c.qpu_s is not None), key=lambda c: c.qpu_s or 0.0, default=None)
    guesses = [c.reads for c in place.contenders if c.kind == "null" and c.reads is not None]
    if ideal is not None and _sooner(ideal, classical) and (ideal.reads or 0.0) < min(guesses, default=math.inf):
        return Verdict(
            kind="open",
            words=f"{ideal.label} would take {duration(ideal.qpu_s or 0.0)} of an ideal processor, without noise or queue,"
            f" against {_time(classical)} of {classical.label}, and without a proof",
        )
    known = "which is known to be the optimum" if place.construction else "without a proof that it is the best"
    return Verdict(
        kind="classical heuristic", words=f"{classical.label} finds the best known answer in {_time(classical)}, {known}{beside}"
    )


def quickest(contenders: Sequence[Contender], kind: str) -> Contender | None:
    """The contender of this kind with the least time; None where none took part."""
    return min((c for c in contenders if c.kind == kind), key=lambda c: c.time_s, default=None)


def _sooner(quantum: Contender, classical: Contender) -> bool:
    """Whether the intervals, of ten runs or more, tell the idealised processor's time from the classical one, and it is less."""
    enough = min(quantum.runs, classical.runs) >= FEWEST
    return enough and quantum.qpu_high_s is not None and quantum.qpu_high_s < classical.low_s


def hardest(verdicts: Sequence[Verdict]) -> Verdict:
    """The least settled of several verdicts."""
    return max(verdicts, key=lambda v: ORDER.index(v.kind))


def _goal(place: Place) -> str:
    """What was asked for, of a molecule."""
    return "interaction energy" if place.detail.startswith("interaction energy") else "energy of the active space"


def _every(place: Place) -> str:
    return "the optimum" if place.instances == 1 else f"the optimum of all {place.instances} instances"


def _time(contender: Contender) -> str:
    """Time, and its interval where there is one."""
    if not math.isfinite(contender.time_s):
        return "no time"
    if contender.low_s == contender.high_s == contender.time_s:
        return duration(contender.time_s)
    high = "never" if math.isinf(contender.high_s) else duration(contender.high_s)
    return f"{duration(contender.time_s)} (95 % interval {duration(contender.low_s)} to {high})"


def _beside(place: Place, quantum: Contender | None) -> str:
    if quantum is None:
        return "; no quantum method took part"
    null = quickest(place.contenders, "null")
    chance = (
        "" if null is None or not math.isfinite(null.time_s) else f", the best baseline, {null.label}, {duration(null.time_s)}"
    )
    if not math.isfinite(quantum.time_s):
        return f"; the best quantum method, {quantum.label}, never found it{chance}"
    ideal = f" and would take {duration(quantum.qpu_s)} of an ideal processor" if _finite(quantum.qpu_s) else ""
    return f"; the best quantum method, {quantum.label}, took {duration(quantum.time_s)} of simulation{ideal}{chance}"


def _finite(value_s: float | None) -> TypeGuard[float]:
    return value_s is not None and math.isfinite(value_s)
