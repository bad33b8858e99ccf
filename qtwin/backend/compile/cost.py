"""What an ansatz costs in two-qubit gates and depth, before any device is chosen: all-to-all,
heavy-hex or square lattice.

All-to-all is counted, not compiled: a string of weight w is a ladder of 2 (w - 1) CX, one pair's
strings share 2 CX (3 for all of XX, YY and ZZ), and commuting pairs go in parallel by an edge
colouring (Misra, Gries 1992). On a lattice a quadratic cost is counted as its swap network; sparse
ones and all other circuits are compiled by Qiskit's preset manager as well, the shallower counts.
Angles do not matter, so equal shapes are counted once a process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from qtwin.backend.base import Ansatz, check
from qtwin.backend.compile.circuit import digest
from qtwin.backend.compile.swap_network import applies, good_order, is_sparse, network, pairs
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import unknown_name

Lattice = Literal["all-to-all", "heavy-hex", "square"]
LATTICES: tuple[Lattice, ...] = get_args(Lattice)


@dataclass(frozen=True, kw_only=True)
class CircuitCost:
    """Resources of one run of a circuit.

    Attributes:
        lattice: Which qubits are coupled.
        n_qubits: Width of the ansatz.
        two_qubit_gates, two_qubit_depth: CX or CZ gates, and the longest chain of them.
        method: "counted", "swap network" or "preset".
    """

    lattice: Lattice
    n_qubits: int
    two_qubit_gates: int
    two_qubit_depth: int
    method: str


@dataclass(frozen=True)
class _Shape:
    """An ansatz up to its angles and coefficients."""

    ansatz: Ansatz
    identity: bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shape) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)


def circuit_cost(ansatz: Ansatz, lattice: Lattice) -> CircuitCost:
    """Two-qubit gates and depth of the ansatz on a lattice that is large enough.

    Raises:
        InputError: for an unknown lattice, or an ansatz that no backend could run.
    """
    if lattice not in LATTICES:
        raise unknown_name("lattice", lattice, LATTICES)
    return _cost(_Shape(ansatz, digest(ansatz, coefficients=False)), lattice)


@lru_cache(maxsize=256)
def _cost(shape: _Shape, lattice: Lattice) -> CircuitCost:
    ansatz = shape.ansatz
    check(ansatz)
    if lattice == "all-to-all":
        return _circuit_cost(ansatz, lattice, *_counted(ansatz), "counted")
    found = []
    if applies(ansatz):
        found.append(_circuit_cost(ansatz, lattice, *_networked(ansatz), "swap network"))
    if not found or is_sparse(ansatz):
        found.append(_circuit_cost(ansatz, lattice, *_compiled(ansatz, lattice), "preset"))
    return min(found, key=lambda c: (c.two_qubit_depth, c.two_qubit_gates))


def _circuit_cost(
    ansatz: Ansatz, lattice: Lattice, gates: int, depth: int, method: str
) -> CircuitCost:
    return CircuitCost(
        lattice=lattice,
        n_qubits=ansatz.n_qubits,
        two_qubit_gates=gates,
        two_qubit_depth=depth,
        method=method,
    )


def _counted(ansatz: Ansatz) -> tuple[int, int]:
    """Gates and depth where every pair is coupled, as soon as possible in the order of the
    colours.
    """
    free = np.zeros(ansatz.n_qubits, dtype=np.int64)
    gates = 0
    for layer in ansatz.layers:
        for support, price in _blocks(layer.generator):
            gates += price
            free[list(support)] = free[list(support)].max() + price
    return gates, int(free.max(initial=0))


def _blocks(h: PauliSum) -> list[tuple[tuple[int, ...], int]]:
    """Qubits and price of every block of a layer, in a good order."""
    strings: dict[tuple[int, ...], int] = {}
    heavy = []
    for row in h.x | h.z:
        support = tuple(int(i) for i in np.flatnonzero(row))
        if len(support) == 2:
            strings[support] = strings.get(support, 0) + 1
        elif len(support) > 2:
            heavy.append((support, 2 * (len(support) - 1)))
    coloured = sorted(strings, key=_colours(tuple(strings)).__getitem__)
    return [(pair, 3 if strings[pair] > 2 else 2) for pair in coloured] + sorted(
        heavy, key=lambda b: b[1]
    )


def _colours(edges: tuple[tuple[int, ...], ...]) -> dict[tuple[int, ...], int]:
    """A colour for every pair; pairs of one colour share no qubit."""
    if not edges:
        return {}
    import rustworkx

    graph = rustworkx.PyGraph()
    graph.add_nodes_from(range(1 + max(max(e) for e in edges)))
    graph.add_edges_from([(a, b, None) for a, b in edges])
    colour = rustworkx.graph_misra_gries_edge_color(graph)
    return {edge: colour[k] for k, edge in enumerate(edges)}


def _networked(ansatz: Ansatz) -> tuple[int, int]:
    """Gates and depth of the swap network; a meeting is 3 CX, without exchange 2, without coupling
    a bare SWAP or nothing.
    """
    free = np.zeros(ansatz.n_qubits, dtype=np.int64)
    gates = 0
    for layer, rounds in zip(
        ansatz.layers, network(ansatz, good_order(ansatz)).layers, strict=True
    ):
        coupled = {frozenset(p) for p in pairs(layer.generator).tolist()} if rounds else set()
        for met in rounds:
            for m in met:
                price = 3 if m.swap else 2 * (frozenset(m.qubits) in coupled)
                gates += price
                at = slice(m.place, m.place + 2)
                free[at] = free[at].max() + price
    return gates, int(free.max(initial=0))


def lattice_map(lattice: Literal["heavy-hex", "square"], n_qubits: int) -> Any:
    """The smallest Qiskit coupling map of that lattice with room to route `n_qubits`."""
    from qiskit.transpiler import CouplingMap

    if lattice == "square":
        side = max(2, math.ceil(math.sqrt(n_qubits)))
        return CouplingMap.from_grid(side, side)
    distance = 3
    while (5 * distance**2 - 2 * distance - 1) // 2 < 1.5 * n_qubits:
        distance += 2
    return CouplingMap.from_heavy_hex(distance)


def _compiled(ansatz: Ansatz, lattice: Literal["heavy-hex", "square"]) -> tuple[int, int]:
    from qiskit.transpiler import generate_preset_pass_manager

    from qtwin.backend.compile.circuit import to_qiskit
    from qtwin.backend.compile.compiled import two_qubit

    manager = generate_preset_pass_manager(
        optimization_level=1,
        coupling_map=lattice_map(lattice, ansatz.n_qubits),
        basis_gates=["cx", "rz", "sx", "x"],
        seed_transpiler=0,
    )
    return two_qubit(manager.run(to_qiskit(ansatz)))
