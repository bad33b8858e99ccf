"""Which qubits of a device to use: the path that spoils least, by the calibration in its target."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

import numpy as np

from qtwin.errors import InputError

Choice = Literal["best", "typical"]
_WIDTH = 2000
_DRAWS = 200
_DEAD = 1.0 - 1e-9
_UNKNOWN = 1e-2


def _loss(error: float | None) -> float:
    """-log of the probability that an operation succeeds; an operation without a figure counts as
    poor.
    """
    e = _UNKNOWN if error is None or not np.isfinite(error) else min(max(error, 0.0), _DEAD)
    return float(-np.log1p(-e))


def losses(target: Any) -> tuple[dict[int, float], dict[tuple[int, int], float]]:
    """Readout loss of every qubit and loss of one two-qubit gate on every coupled pair (both
    orders), from a Qiskit target.

    Raises:
        InputError: when no two qubits are coupled by name, as on an ideal simulator.
    """
    coupled: dict[tuple[int, int], float] = {}
    for name in target.operation_names:
        if getattr(target.operation_from_name(name), "num_qubits", 0) != 2:
            continue
        for qubits, found in (target[name] or {}).items():
            if qubits is None or len(qubits) != 2:
                continue
            loss = _loss(getattr(found, "error", None))
            for pair in (qubits, qubits[::-1]):
                coupled[pair] = min(loss, coupled.get(pair, np.inf))
    if not coupled:
        raise InputError(
            "expected a device with a coupling map, got one without coupled pairs",
            hint="use the aer backend",
        )
    measured = target["measure"] if "measure" in target.operation_names else {}
    used = {q for pair in coupled for q in pair}
    return {q: _loss(getattr(measured.get((q,)), "error", None)) for q in used}, coupled


def line(
    target: Any, n: int, *, gates_per_pair: float = 1.0, choice: Choice = "best", seed: int = 0
) -> tuple[int, ...] | None:
    """A path of n coupled qubits; None where the device seems to hold none.

    Args:
        target: A Qiskit target.
        n: Length.
        gates_per_pair: How many two-qubit gates each pair of neighbours will carry; weighs gates
            against readout.
        choice: The path of least loss (beam search), or the median of random paths, as a device's
            typical qubits.
        seed: Of the random paths.
    """
    readout, coupled = losses(target)
    near: dict[int, list[int]] = {q: [] for q in readout}
    for a, b in coupled:
        near[a].append(b)
    if choice == "typical":
        return _typical(readout, coupled, near, n, gates_per_pair, np.random.default_rng(seed))
    beam: list[tuple[float, tuple[int, ...]]] = [(loss, (q,)) for q, loss in readout.items()]
    for _ in range(n - 1):
        longer = [
            (loss + gates_per_pair * coupled[path[-1], q] + readout[q], (*path, q))
            for loss, path in beam
            for q in near[path[-1]]
            if q not in path
        ]
        beam = sorted(longer)[:_WIDTH]
    return beam[0][1] if beam else None


def _typical(
    readout: dict[int, float],
    coupled: dict[tuple[int, int], float],
    near: dict[int, list[int]],
    n: int,
    gates_per_pair: float,
    rng: np.random.Generator,
) -> tuple[int, ...] | None:
    found = []
    starts = sorted(readout)
    for _ in range(100 * _DRAWS):
        path = [int(rng.choice(starts))]
        while len(path) < n:
            free = [q for q in near[path[-1]] if q not in path]
            if not free:
                break
            path.append(int(rng.choice(free)))
        if len(path) == n:
            loss = sum(readout[q] for q in path) + gates_per_pair * sum(
                coupled[a, b] for a, b in pairwise(path)
            )
            found.append((loss, tuple(path)))
        if len(found) == _DRAWS:
            break
    return sorted(found)[len(found) // 2][1] if found else None
