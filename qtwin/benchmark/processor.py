"""What a quantum run would take of an idealised processor: shots x (depth x gate time + reset +
readout).

Depth is the longest chain of two-qubit gates on the processor's lattice
(`qtwin.solver.variational.resources`), or on all-to-all coupling where only that was counted. There
is no noise, queue, compiling, transfer or classical work in it, so it flatters the quantum side.
Training counts: with its own shots where it took any, else as if every circuit evaluation took as
many shots as the answer, gradients
    free.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from qtwin.benchmark.metrics import CERTAINTY


@dataclass(frozen=True, kw_only=True)
class Processor:
    """Durations of the idealised machine.

    Attributes:
        lattice: Which qubits are coupled.
        two_qubit_gate_s, reset_s, readout_s: In seconds, all qubits at once.
        words: The assumptions, in a sentence.
    """

    lattice: str
    two_qubit_gate_s: float
    reset_s: float
    readout_s: float
    words: str


@dataclass(frozen=True, kw_only=True)
class DeviceTime:
    """One run on the idealised processor.

    Attributes:
        shot_s: Seconds of a shot; None where its circuit is not known.
        shots, training_shots: Of the answer, and of the training before it.
        run_s: Both together; None likewise.
        depth, lattice: Two-qubit depth, and where it was counted.
        unknown: Why there is no time; "" where there is one.
    """

    shot_s: float | None
    shots: int
    training_shots: int
    run_s: float | None
    depth: int | None
    lattice: str
    unknown: str


@cache
def processor() -> Processor:
    """The idealised processor of `qtwin/data/processors.toml`."""
    read = tomllib.loads(
        files("qtwin.data").joinpath("processors.toml").read_text(encoding="utf-8")
    )
    gate, reset, readout = (
        float(read[name]["value"]) for name in ("two_qubit_gate", "reset", "readout")
    )
    lattice = str(read["lattice"])
    words = (
        f"idealised QPU time = shots x (two-qubit depth on {lattice} x {gate * 1e9:.0f} ns "
        f"+ reset {reset * 1e6:.3g} µs + readout"
        f" {readout * 1e6:.3g} µs), durations of ibm_fez; without noise, queue, compiling, "
        "transfer and classical work; training"
        " counts with its shots, or, where its values were exact, with as many shots for "
        "each evaluation as the answer took"
    )
    return Processor(
        lattice=lattice, two_qubit_gate_s=gate, reset_s=reset, readout_s=readout, words=words
    )


def device_time(
    resources: Mapping[str, Any] | None, *, evaluations: int = 0, made: Processor | None = None
) -> DeviceTime:
    """The time of one run, from what its solver counted.

    Args:
        resources: `info["resources"]` of a quantum result; None where it has none.
        evaluations: Circuit evaluations of the run, where training stood apart and `resources` does
            not know of it.
        made: The processor; the idealised one by default.
    """
    known = processor() if made is None else made
    counts = resources or {}
    shots = int(counts.get("shots") or 0)
    calls = max(int(counts.get("circuit_evaluations") or 0), evaluations)
    training = int(counts.get("training_shots") or 0) or calls * shots
    depth, lattice = _depth(counts.get("two_qubit") or {}, known.lattice)
    unknown = ""
    if not counts:
        unknown = "the solver tells no circuit"
    elif depth is None:
        unknown = str(counts.get("note") or "the depth of its circuit was not counted")
    elif not shots:
        unknown = "no shot was taken"
    shot_s = (
        None
        if unknown or depth is None
        else depth * known.two_qubit_gate_s + known.reset_s + known.readout_s
    )
    return DeviceTime(
        shot_s=shot_s,
        shots=shots,
        training_shots=training,
        run_s=None if shot_s is None else (shots + training) * shot_s,
        depth=depth,
        lattice=lattice if depth is not None else "",
        unknown=unknown,
    )


def shots_to_solution(probability: float) -> float:
    """Shots until one hits with 99 %: ln 0.01 / ln(1 - p), at least one; infinite where none ever
    does.
    """
    if probability <= 0.0:
        return math.inf
    return 1.0 if probability >= CERTAINTY else math.log1p(-CERTAINTY) / math.log1p(-probability)


def _depth(two_qubit: Mapping[str, Any], lattice: str) -> tuple[int | None, str]:
    for name in (lattice, "all-to-all"):
        depth = (two_qubit.get(name) or {}).get("depth")
        if depth is not None:
            return int(depth), name
    return None, ""
