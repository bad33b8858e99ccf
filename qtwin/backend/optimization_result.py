"""What a solver found, as the `OptimizationResult` of qiskit-optimization.

Qiskit's result has no field for a bound, a gap or a time; the whole of ours travels in `raw_results`.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples
from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError, require_vendor


class Answer(Protocol):
    """What is needed of a solver's result (`qtwin.solver.base.Result` has it)."""

    @property
    def bits(self) -> NDArray[np.uint8] | None:
        """(n,) best assignment, None if there is none."""

    @property
    def energy(self) -> float:
        """Encoded energy of the bits."""

    @property
    def status(self) -> str:
        """Why the solver stopped."""

    @property
    def samples(self) -> Samples | None:
        """What was sampled."""


def to_optimization_result(answer: Answer, encoding: BinaryModel) -> Any:
    """An answer as a `qiskit_optimization.algorithms.OptimizationResult`.

    SUCCESS means feasible bits, INFEASIBLE that none were found or none exist, FAILURE that the solver stopped without an answer.
    Each distinct sample keeps its share of the shots as its probability.

    Args:
        answer: A solver's result.
        encoding: What it was asked to minimise; the result's variables are all of its own, slack included, by their names.

    Raises:
        InputError: for an answer of another number of variables.
        MissingVendorError: if qiskit-optimization is not installed.
    """
    require_vendor("qiskit_optimization", package="qiskit-optimization", needed_by="to_optimization_result")
    from qiskit_optimization import QuadraticProgram
    from qiskit_optimization.algorithms import OptimizationResult
    from qiskit_optimization.algorithms.optimization_algorithm import OptimizationResultStatus, SolutionSample

    program = QuadraticProgram("qtwin")
    variables = [program.binary_var(name) for name in encoding.variables]
    rows = answer.samples.bits if answer.samples is not None else None
    for found in (answer.bits, None if rows is None else rows[0]):
        if found is not None and len(found) != len(variables):
            raise InputError(
                f"an answer of {len(found)} variables came for an encoding of {len(variables)}",
                hint="pass the encoding it solved",
            )
    nothing = OptimizationResultStatus.INFEASIBLE if answer.status == "infeasible" else OptimizationResultStatus.FAILURE
    listed = None
    if answer.samples is not None:
        energies, feasible = encoding.polynomial.evaluate(answer.samples.bits), encoding.is_feasible(answer.samples.bits)
        listed = [
            SolutionSample(
                x=bits.astype(np.float64),
                fval=float(energy),
                probability=float(count) / answer.samples.shots,
                status=OptimizationResultStatus.SUCCESS if fits else OptimizationResultStatus.INFEASIBLE,
            )
            for bits, count, energy, fits in zip(answer.samples.bits, answer.samples.counts, energies, feasible, strict=True)
        ]
    return OptimizationResult(
        x=None if answer.bits is None else answer.bits.astype(np.float64),
        fval=None if answer.bits is None else answer.energy,
        variables=variables,
        status=nothing if answer.bits is None else OptimizationResultStatus.SUCCESS,
        raw_results=answer,
        samples=listed,
    )
