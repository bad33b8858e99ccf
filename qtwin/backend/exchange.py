"""A model's energy in the types of Qiskit and PennyLane; qubit i is variable i, x_i = (1 - Z_i) / 2."""

from __future__ import annotations

from typing import Any

import numpy as np

from qtwin.encoding.model import BinaryModel
from qtwin.encoding.pauli import diagonal
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import require_vendor
from qtwin.problem.constraint import row_of


def to_sparse_pauli_op(polynomial: BinaryPolynomial) -> Any:
    """A `qiskit.quantum_info.SparsePauliOp` of any degree; its constant is the identity's coefficient."""
    require_vendor("qiskit", package="qiskit", needed_by="to_sparse_pauli_op")
    from qiskit.quantum_info import SparsePauliOp

    h = diagonal(polynomial)
    strings = [("Z" * int(row.sum()), np.flatnonzero(row).tolist(), float(c)) for row, c in zip(h.z, h.coefficients, strict=True)]
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
    """A `qiskit_addon_opt_mapper.OptimizationProblem`: the objective under its constraints; products of any order.

    Raises:
        MissingVendorError: if qiskit-addon-opt-mapper is not installed.
        InputError: for a constraint that is no linear row.
    """
    require_vendor("qiskit_addon_opt_mapper", package="qiskit-addon-opt-mapper", needed_by="to_optimization_problem")
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
    problem.minimize(constant=target.constant, linear=linear, quadratic=quadratic, higher_order=higher or None)
    for k, constraint in enumerate(model.constraints):
        members, values, sense, limit = row_of(constraint)
        problem.linear_constraint(
            {names[i]: w for i, w in zip(members, values, strict=True)}, sense, limit, f"c{k} {constraint.name}"
        )
    return problem
