"""One circuit with free angles, many angle sets, one PUB: the same call on every primitive that speaks Qiskit's SamplerV2."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples, tally


def broadcast(sampler: Any, circuit: Any, values: NDArray[np.float64], *, shots: int) -> list[Samples]:
    """Samples of a measured circuit for each row of (k, free parameters) values, as one broadcast PUB.

    Classical bit i of the circuit's only register is column i of the samples.
    """
    pubs = [(circuit, values, shots)] if circuit.num_parameters else [(circuit, None, shots)] * len(values)
    (register,) = circuit.cregs
    found = []
    for result in sampler.run(pubs).result():
        bits = getattr(result.data, register.name).to_bool_array(order="little")
        found += [tally(np.asarray(row, dtype=np.uint8)) for row in bits.reshape(-1, shots, register.size)]
    return found
