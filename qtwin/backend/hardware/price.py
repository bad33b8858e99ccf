"""What a job will take and cost, before it is sent: an estimate from the circuit's duration and a plan's price of a second."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from qtwin.errors import unknown_name


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(files("qtwin.data").joinpath("hardware_plans.toml").read_text(encoding="utf-8"))


def plans() -> dict[str, dict[str, Any]]:
    """Plans by name, each with ``price`` in USD/s, its source and its status."""
    return dict(_data()["plans"])


def price_usd_per_s(plan: str) -> float:
    """Price of a second of the processor (InputError for an unknown plan)."""
    known = plans()
    if plan not in known:
        raise unknown_name("plan", plan, known)
    return float(known[plan]["price"]["value"])


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a job is expected to take.

    Attributes:
        backend: The machine.
        plan: Whose price was taken.
        n_qubits, depth, two_qubit_depth, two_qubit_gates: Of the compiled circuit.
        circuits: Distinct circuits that run: parameter sets times bases, noise factors and randomisations.
        shots: In all.
        circuit_us: Duration of one circuit with its readout.
        qpu_s: Time of the processor.
        usd: Price.
        calibrated: When the machine's properties were measured, or that a snapshot stood in.
    """

    backend: str
    plan: str
    n_qubits: int
    depth: int
    two_qubit_depth: int
    two_qubit_gates: int
    circuits: int
    shots: int
    circuit_us: float
    qpu_s: float
    usd: float
    calibrated: str = ""

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def qpu_seconds(*, circuits: int, shots: int, circuit_s: float, repetition_s: float | None = None) -> float:
    """Time of the processor for all shots of all circuits together.

    Args:
        circuits: Distinct circuits.
        shots: In all.
        circuit_s: Duration of one circuit with its readout.
        repetition_s: Delay between shots; the usual one by default.
    """
    time = _data()["time"]
    delay = float(time["repetition"]["value"]) if repetition_s is None else repetition_s
    return float(time["job"]["value"]) + circuits * float(time["circuit"]["value"]) + shots * (circuit_s + delay)


def longest_s(estimate_s: float, left_s: float | None) -> int:
    """The limit on the processor's time that goes with a job: three times the estimate, but no more than the budget has left."""
    limit = max(10.0, 3.0 * estimate_s)
    return max(1, math.floor(min(limit, left_s) if left_s is not None else math.ceil(limit)))
