"""To and from the types of Qiskit and PennyLane; qubit i is variable i, x_i = (1 - Z_i) / 2."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Samples
from qtwin.backend.compile import to_qiskit
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.pauli import diagonal
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError, require_vendor
from qtwin.problem.constraint import Constraint, linear, row_of

_SENSES: dict[str, Literal["<=", ">=", "=="]] = {"LE": "<=", "GE": ">=", "EQ": "=="}


def to_openqasm3(ansatz: Ansatz, theta: NDArray[np.float64]) -> str:
    """The circuit with all qubits measured; qubit i goes to bit i.

    Names in it say nothing about the instance.

    Raises:
        InputError: for an ansatz or angles that no backend could run.
        MissingVendorError: if Qiskit is not installed.
    """
    require_vendor("qiskit", package="qiskit", needed_by="OpenQASM export")
    from qiskit import qasm3

    circuit = to_qiskit(ansatz, theta)
    circuit.measure_all()
    text: str = qasm3.dumps(circuit)
    return text


# A model's energy in the types of Qiskit and PennyLane; qubit i is variable i, x_i = (1 - Z_i) / 2.


def to_sparse_pauli_op(polynomial: BinaryPolynomial) -> Any:
    """A `qiskit.quantum_info.SparsePauliOp` of any degree; its constant is the identity's
    coefficient.
    """
    require_vendor("qiskit", package="qiskit", needed_by="to_sparse_pauli_op")
    from qiskit.quantum_info import SparsePauliOp

    h = diagonal(polynomial)
    strings = [
        ("Z" * int(row.sum()), np.flatnonzero(row).tolist(), float(c))
        for row, c in zip(h.z, h.coefficients, strict=True)
    ]
    return SparsePauliOp.from_sparse_list(strings, num_qubits=polynomial.n_variables)


def to_pennylane(polynomial: BinaryPolynomial) -> Any:
    """A PennyLane Hamiltonian (`pennylane.Hamiltonian`) over the wires 0..n-1."""
    require_vendor("pennylane", package="pennylane", needed_by="to_pennylane")
    import pennylane as qml

    h = diagonal(polynomial)
    words = []
    for row in h.z:
        wires = np.flatnonzero(row).tolist()
        word: Any = qml.PauliZ(wires[0]) if wires else qml.Identity(0)
        for wire in wires[1:]:
            word = word @ qml.PauliZ(wire)
        words.append(word)
    return qml.Hamiltonian(h.coefficients.tolist(), words)


def to_optimization_problem(model: BinaryModel) -> Any:
    """A `qiskit_addon_opt_mapper.OptimizationProblem`: the objective under its constraints;
    products of any order.

    Raises:
        MissingVendorError: if qiskit-addon-opt-mapper is not installed.
        InputError: for a constraint that is no linear row.
    """
    require_vendor(
        "qiskit_addon_opt_mapper",
        package="qiskit-addon-opt-mapper",
        needed_by="to_optimization_problem",
    )
    from qiskit_addon_opt_mapper import OptimizationProblem

    own = bool(model.constraints)
    target = model.objective if own else model.polynomial
    names = list(model.options if own else model.variables)
    problem = OptimizationProblem("qtwin")
    for name in names:
        problem.binary_var(name)
    linear = {names[t[0]]: c for t, c in target.terms.items() if len(t) == 1}
    quadratic = {(names[t[0]], names[t[1]]): c for t, c in target.terms.items() if len(t) == 2}
    higher: dict[int, dict[tuple[str, ...], float]] = {}
    for t, c in target.terms.items():
        if len(t) > 2:
            higher.setdefault(len(t), {})[tuple(names[i] for i in t)] = c
    problem.minimize(
        constant=target.constant, linear=linear, quadratic=quadratic, higher_order=higher or None
    )
    for k, constraint in enumerate(model.constraints):
        members, values, sense, limit = row_of(constraint)
        problem.linear_constraint(
            {names[i]: w for i, w in zip(members, values, strict=True)},
            sense,
            limit,
            f"c{k} {constraint.name}",
        )
    return problem


# To and from the quadratic programs of qiskit-optimization.


def to_quadratic_program(encoding: BinaryModel, *, native: bool = True) -> Any:
    """A `qiskit_optimization.QuadraticProgram` to be minimised; variable i is its variable i.

    Args:
        encoding: What to write; names of variables are kept where they are distinct.
        native: The objective under its constraints, where there are some; otherwise the energy with
            its penalties.

    Raises:
        InputError: for a degree above 2, or a constraint that is no linear row.
        MissingVendorError: if qiskit-optimization is not installed.
    """
    require_vendor(
        "qiskit_optimization", package="qiskit-optimization", needed_by="to_quadratic_program"
    )
    from qiskit_optimization import QuadraticProgram

    own = native and bool(encoding.constraints)
    target = encoding.objective if own else encoding.polynomial
    n = encoding.n_decision if own else encoding.polynomial.n_variables
    names = (
        [f"option {i}" for i in range(n)]
        if own and encoding.recoded is not None
        else list(encoding.variables[:n])
    )
    if len(set(names)) != n:
        raise InputError("two variables have one name", hint="give each its own")
    constant, weights, pairs = target.quadratic_form
    program = QuadraticProgram("qtwin")
    for name in names:
        program.binary_var(name)
    quadratic = {(names[i], names[j]): float(pairs[i, j]) for i, j in np.argwhere(pairs)}
    program.minimize(constant=constant, linear=[float(w) for w in weights[:n]], quadratic=quadratic)
    for k, c in enumerate(encoding.constraints if own else ()):
        members, values, sense, limit = row_of(c)
        row = {names[i]: w for i, w in zip(members, values, strict=True)}
        program.linear_constraint(row, sense, limit, f"c{k} {c.name}")
    return program


def from_quadratic_program(program: Any) -> BinaryModel:
    """The objective under native constraints, and the same as an energy with proven penalties; a
    maximum becomes a minimum.

    Raises:
        InputError: for a variable that is not binary, or quadratic constraints.
    """
    other = [v.name for v in program.variables if v.vartype.name != "BINARY"]
    if other:
        raise InputError(
            f"variable {other[0]!r} is not binary",
            hint="convert it with qiskit_optimization.converters.IntegerToBinary",
        )
    if program.get_num_quadratic_constraints():
        raise InputError(
            "expected linear constraints, got a quadratic one",
            hint="put it into the objective as a penalty",
        )
    sign = float(program.objective.sense.value)
    names = [v.name for v in program.variables]
    terms: list[tuple[tuple[int, ...], float]] = [((), sign * float(program.objective.constant))]
    terms += [((i,), sign * float(c)) for i, c in program.objective.linear.to_dict().items()]
    terms += [(pair, sign * float(c)) for pair, c in program.objective.quadratic.to_dict().items()]
    objective = BinaryPolynomial.of(len(names), terms)
    constraints: list[Constraint] = []
    for c in program.linear_constraints:
        row = c.linear.to_dict()
        sense = _SENSES[c.sense.name]
        constraints.append(
            linear(c.name, list(row), [float(v) for v in row.values()], sense, float(c.rhs))
        )
    if not constraints:
        return BinaryModel(
            polynomial=objective, objective=objective, variables=tuple(names), n_decision=len(names)
        )
    return encode(
        objective * -1.0, names=names, constraints=constraints, feasible=None, leave_out=True
    )


# What a solver found, as the `OptimizationResult` of qiskit-optimization.
#
# Qiskit's result has no field for a bound, a gap or a time; the whole of ours travels in
# `raw_results`.


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

    SUCCESS means feasible bits, INFEASIBLE that none were found or none exist, FAILURE that the
    solver stopped without an answer. Each distinct sample keeps its share of the shots as its
    probability.

    Args:
        answer: A solver's result.
        encoding: What it was asked to minimise; the result's variables are all of its own, slack
            included, by their names.

    Raises:
        InputError: for an answer of another number of variables.
        MissingVendorError: if qiskit-optimization is not installed.
    """
    require_vendor(
        "qiskit_optimization", package="qiskit-optimization", needed_by="to_optimization_result"
    )
    from qiskit_optimization import QuadraticProgram
    from qiskit_optimization.algorithms import OptimizationResult
    from qiskit_optimization.algorithms.optimization_algorithm import (
        OptimizationResultStatus,
        SolutionSample,
    )

    program = QuadraticProgram("qtwin")
    variables = [program.binary_var(name) for name in encoding.variables]
    rows = answer.samples.bits if answer.samples is not None else None
    for found in (answer.bits, None if rows is None else rows[0]):
        if found is not None and len(found) != len(variables):
            raise InputError(
                f"expected an answer of {len(variables)} variables, got {len(found)}",
                hint="pass the encoding it solved",
            )
    nothing = (
        OptimizationResultStatus.INFEASIBLE
        if answer.status == "infeasible"
        else OptimizationResultStatus.FAILURE
    )
    listed = None
    if answer.samples is not None:
        energies, feasible = (
            encoding.polynomial.evaluate(answer.samples.bits),
            encoding.is_feasible(answer.samples.bits),
        )
        listed = [
            SolutionSample(
                x=bits.astype(np.float64),
                fval=float(energy),
                probability=float(count) / answer.samples.shots,
                status=OptimizationResultStatus.SUCCESS
                if fits
                else OptimizationResultStatus.INFEASIBLE,
            )
            for bits, count, energy, fits in zip(
                answer.samples.bits, answer.samples.counts, energies, feasible, strict=True
            )
        ]
    return OptimizationResult(
        x=None if answer.bits is None else answer.bits.astype(np.float64),
        fval=None if answer.bits is None else answer.energy,
        variables=variables,
        status=nothing if answer.bits is None else OptimizationResultStatus.SUCCESS,
        raw_results=answer,
        samples=listed,
    )
