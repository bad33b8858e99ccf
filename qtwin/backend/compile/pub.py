"""One circuit with free angles, many angle sets, one PUB: the same call on every primitive that speaks Qiskit's SamplerV2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples, tally


def broadcast(sampler: Any, circuit: Any, values: NDArray[np.float64], *, shots: int) -> list[Samples]:
    """Samples of a measured circuit for each row of (k, free parameters) values, as one broadcast PUB.

    Classical bit i of the circuit's only register is column i of the samples.
    """
    return broadcast_all(sampler, [(circuit, values, shots)])[0]


def broadcast_all(sampler: Any, wanted: Sequence[tuple[Any, NDArray[np.float64], int]]) -> list[list[Samples]]:
    """As `broadcast` for several (circuit, values, shots), in one job."""
    pubs: list[tuple[Any, Any, int]] = []
    owners: list[int] = []
    for k, (circuit, values, shots) in enumerate(wanted):
        made = [(circuit, values, shots)] if circuit.num_parameters else [(circuit, None, shots)] * len(values)
        pubs += made
        owners += [k] * len(made)
    found: list[list[Samples]] = [[] for _ in wanted]
    try:
        results = list(sampler.run(pubs).result())
    except OverflowError:  # Aer looks angles up by a hash that Qiskit cannot give for some expressions: bind them first
        bound = [(k, (circuit.assign_parameters(row), None, shots)) for k, (circuit, v, shots) in enumerate(wanted) for row in v]
        owners, results = [k for k, _ in bound], list(sampler.run([pub for _, pub in bound]).result())
    for k, result in zip(owners, results, strict=True):
        (register,) = wanted[k][0].cregs
        bits = getattr(result.data, register.name).to_bool_array(order="little")
        found[k] += [tally(np.asarray(row, dtype=np.uint8)) for row in bits.reshape(-1, wanted[k][2], register.size)]
    return found
