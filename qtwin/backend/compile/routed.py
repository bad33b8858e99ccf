"""The circuit of a swap network: what `qtwin.backend.compile.swap_network` plans, written in CX and Rz on a line."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, check_angles
from qtwin.backend.compile.circuit import parameters, prepare, rotate
from qtwin.backend.compile.swap_network import Network, kind
from qtwin.encoding.pauli import PauliSum


def to_line(ansatz: Ansatz, plan: Network, *, theta: NDArray[np.float64] | None = None, rzz: bool = False) -> Any:
    """The ansatz on places 0 .. n - 1 of a line; qubit i ends on place plan.end.index(i).

    Args:
        ansatz: What the plan was made for.
        plan: Its network.
        theta: (n_parameters,) angles in radians; None leaves them free.
        rzz: Write a meeting without exchange as one RZZ gate (fractional gates) and not as two CX.
    """
    from qiskit import QuantumCircuit, QuantumRegister

    angles = parameters(ansatz) if theta is None else check_angles(ansatz, theta).tolist()
    circuit = QuantumCircuit(QuantumRegister(ansatz.n_qubits, "q"), name="c0")
    place = {q: k for k, q in enumerate(plan.start)}
    prepare(circuit, ansatz.reference, place)
    for layer, rounds, standing in zip(ansatz.layers, plan.layers, plan.standing, strict=True):
        h, angle = layer.generator, angles[layer.parameter]
        _local(circuit, h, angle, standing)
        if kind(h) != "cost":
            continue
        weight = _weights(h)
        for met in rounds:
            for m in met:
                c = weight.get(frozenset(m.qubits))
                _meet(circuit, m.place, None if c is None else 2.0 * c * angle, swap=m.swap, rzz=rzz)
    return circuit


def _local(circuit: Any, h: PauliSum, angle: Any, standing: tuple[int, ...]) -> None:
    """The strings of weight one and none, where their qubit stands."""
    order = np.array(standing)
    for x, z, c in zip(h.x, h.z, h.coefficients, strict=True):
        if (x | z).sum() <= 1:
            rotate(circuit, x[order], z[order], float(c) * angle)


def _weights(h: PauliSum) -> dict[frozenset[int], float]:
    weight: dict[frozenset[int], float] = {}
    for z, c in zip(h.z, h.coefficients, strict=True):
        if z.sum() == 2:
            pair = frozenset(int(i) for i in np.flatnonzero(z))
            weight[pair] = weight.get(pair, 0.0) + float(c)
    return weight


def _meet(circuit: Any, place: int, angle: Any, *, swap: bool, rzz: bool) -> None:
    """RZZ(angle) between two places, then their exchange: CX Rz CX CX CX CX, of which the middle two cancel."""
    a, b = place, place + 1
    if not swap:
        if angle is not None and rzz:
            circuit.rzz(angle, a, b)
        elif angle is not None:
            circuit.cx(a, b)
            circuit.rz(angle, b)
            circuit.cx(a, b)
        return
    circuit.cx(a, b)
    if angle is not None:
        circuit.rz(angle, b)
    circuit.cx(b, a)
    circuit.cx(a, b)
