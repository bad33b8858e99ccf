"""Answers in other forms: dimod's models and sample sets, and the JSON of checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.base import Result, TracePoint


def to_bqm(polynomial: BinaryPolynomial, *, needed_by: str) -> Any:
    """A dimod BinaryQuadraticModel over the variables 0..n-1.

    Products of three and more would need auxiliary bits held by penalties. The samples would then
    be of another landscape, so this is never done silently: `qtwin.encoding.quadratise.quadratised`
    does it where it can be seen.

    Raises:
        InputError: for a degree above 2.
    """
    import dimod

    if polynomial.degree > 2:
        raise InputError(
            f"expected degree 2 at most for {needed_by}, got {polynomial.degree}",
            hint="quadratise the encoding, or take cp-sat, highs, scip or enumeration, which "
            "take any degree",
        )
    constant, linear, pairs = polynomial.quadratic_form
    rows, columns = np.nonzero(pairs)
    return dimod.BinaryQuadraticModel.from_numpy_vectors(
        linear, (rows, columns, pairs[rows, columns]), constant, dimod.BINARY
    )


def bits_of(sampleset: Any) -> NDArray[np.uint8]:
    """(m, n) bits of a dimod sample set over the variables 0..n-1, column i for variable i."""
    order = np.argsort(np.array(list(sampleset.variables), dtype=np.int64))
    return np.asarray(sampleset.record.sample[:, order], dtype=np.uint8)


# A `Result` as a dimod `SampleSet`, for whoever continues with D-Wave's tools.


def to_sampleset(result: Result, encoding: BinaryModel) -> Any:
    """The samples of a result, or its one answer, with energies, counts and feasibility.

    Args:
        result: From any solver.
        encoding: What it was asked to minimise; its variables' names become the labels.

    Returns:
        A binary `dimod.SampleSet`: a row a distinct assignment, `energy` the encoded polynomial,
        `num_occurrences` the count, and `is_feasible` as in dimod's constrained samplers. `info`
        holds solver, status, bound, gap, proven, seed and wall time. It has no rows where nothing
        was found.

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
        raise InputError(
            f"expected a result of {n} variables, got {bits.shape[1]}",
            hint="pass the encoding it solved",
        )
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


# A `Result` as nested dicts of JSON values and arrays, and back, for checkpoints.


def to_plain(result: Result) -> dict[str, Any]:
    """Dicts, lists, numbers and arrays only."""
    fields = dict(vars(result))
    fields["trace"] = [[p.time_s, p.evaluations, p.best_energy] for p in result.trace]
    fields["samples"] = (
        None
        if result.samples is None
        else {"bits": result.samples.bits, "counts": result.samples.counts}
    )
    for name in ("wall_s", "info", "offences"):
        fields[name] = dict(fields[name])
    return fields


def from_plain(plain: Mapping[str, Any]) -> Result:
    """The result again."""
    fields = dict(plain)
    fields["trace"] = tuple(
        TracePoint(time_s=t, evaluations=int(n), best_energy=e) for t, n, e in fields["trace"]
    )
    if fields["samples"] is not None:
        samples = fields["samples"]
        fields["samples"] = Samples(
            bits=np.asarray(samples["bits"], dtype=np.uint8),
            counts=np.asarray(samples["counts"], dtype=np.int64),
        )
    return Result(**fields)
