"""Preparing equal superpositions of fixed Hamming weight with turns of commuting Pauli strings.

The Dicke state of m qubits and weight k is the unitary of Baertschi, Eidenbenz 2019 (FCT, LNCS 11651:126) on |0...0 1...1>:
split and cyclic shift gates, each a rotation of |01> into |10> on two qubits, the further ones controlled by a qubit between
them. exp(-i a (Y_u X_v - X_u Y_v) / 2) is such a rotation by the angle a; times (1 - Z_c) / 2 it is the controlled one. All
strings of a gate commute. For k = 1 it is the W state in m - 1 rotations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from qtwin.encoding.pauli import PauliSum
from qtwin.solver.pinned import strings


def dicke_turns(n_qubits: int, members: Sequence[int], weight: int) -> tuple[list[int], list[PauliSum]]:
    """(qubits to set to 1, fixed turns) that make the Dicke state of that weight on `members`, in a register of n_qubits.

    Args:
        n_qubits: Width of the register.
        members: Distinct qubits.
        weight: Between 0 and the number of members.
    """
    q, m = list(members), len(members)
    if weight in (0, m):
        return (q if weight else []), []
    turns: list[PauliSum] = []
    for size in range(m, 1, -1):
        last, reach = q[size - 1], min(weight, size - 1)
        for step in range(1, reach + 1):
            angle = math.acos(math.sqrt(step / size))
            other = q[size - 1 - step]
            control = q[size - step] if step > 1 else None
            turns.append(_exchange(n_qubits, other, last, angle, control))
    return q[m - weight :], turns


def _exchange(n: int, u: int, v: int, angle: float, control: int | None) -> PauliSum:
    """|01> -> cos |01> + sin |10> on (u, v), where `control` is 1: the string Y_u X_v - X_u Y_v."""
    share = angle / 2.0 if control is None else angle / 4.0
    words: list[tuple[list[int], list[int], float]] = [([u, v], [v], -share), ([u, v], [u], share)]
    if control is not None:
        words += [([u, v], [v, control], share), ([u, v], [u, control], -share)]
    return strings(n, words)
