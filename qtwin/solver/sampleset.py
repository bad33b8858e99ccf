"""A `Result` as a dimod `SampleSet`, for whoever goes on with D-Wave's tools."""

from __future__ import annotations

from typing import Any

import numpy as np

from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError
from qtwin.solver.base import Result


def to_sampleset(result: Result, encoding: BinaryModel) -> Any:
    """The samples of a result, or its one answer, with energies, counts and feasibility.

    Args:
        result: From any solver.
        encoding: What it was asked to minimise; its variables' names become the labels.

    Returns:
        A binary `dimod.SampleSet`: a row a distinct assignment, `energy` the encoded polynomial, `num_occurrences` the count, and
        `is_feasible` as in dimod's constrained samplers. `info` holds solver, status, bound, gap, proven, seed and wall time. It
        has no rows where nothing was found.

    Raises:
        InputError: when the result is of another number of variables.
    """
    import dimod

    sampleset: Any = dimod.SampleSet
    n = encoding.polynomial.n_variables
    if result.samples is not None:
        bits, counts = result.samples.bits, result.samples.counts
    else:
        bits = np.zeros((0, n), dtype=np.uint8) if result.bits is None else result.bits[None, :]
        counts = np.ones(len(bits), dtype=np.int64)
    if bits.shape[1] != n:
        raise InputError(f"a result of {bits.shape[1]} variables came for an encoding of {n}", hint="pass the encoding it solved")
    info = {
        "solver": result.solver,
        "backend": result.backend,
        "status": result.status,
        "bound": result.bound,
        "gap": result.gap,
        "proven": result.proven,
        "seed": result.seed,
        "wall_s": sum(result.wall_s.values()),
    }
    return sampleset.from_samples(
        (bits.astype(np.int8), list(encoding.variables)),
        vartype=dimod.BINARY,
        energy=encoding.polynomial.evaluate(bits),
        num_occurrences=counts,
        is_feasible=encoding.is_feasible(bits),
        info=info,
    )
