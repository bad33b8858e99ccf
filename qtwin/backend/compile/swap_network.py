"""Dense and sparse costs on a line: where qubits start, the odd-even swap network, and its
circuit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, check_angles
from qtwin.backend.compile.circuit import parameters, prepare, rotate
from qtwin.encoding.pauli import PauliSum

_STEPS = 6000
_DENSE = 0.5


def coupled(ansatz: Ansatz) -> NDArray[np.int64]:
    """(m, 2) distinct pairs that some cost layer couples, smaller qubit first."""
    found = [pairs(layer.generator) for layer in ansatz.layers if kind(layer.generator) == "cost"]
    return np.unique(np.concatenate(found), axis=0) if found else np.zeros((0, 2), dtype=np.int64)


def is_sparse(ansatz: Ansatz) -> bool:
    """Fewer than half of all pairs are coupled."""
    return len(coupled(ansatz)) < _DENSE * ansatz.n_qubits * (ansatz.n_qubits - 1) / 2


def good_order(ansatz: Ansatz, *, seed: int = 0) -> tuple[int, ...]:
    """(n,) qubit on each place at the beginning; as they are for dense costs, where all rounds are
    needed anyway.
    """
    edges = coupled(ansatz)
    if not len(edges) or not is_sparse(ansatz):
        return tuple(range(ansatz.n_qubits))
    return _annealed(ansatz.n_qubits, tuple(map(tuple, edges.tolist())), seed)


@lru_cache(maxsize=256)
def _annealed(n: int, edges: tuple[tuple[int, int], ...], seed: int) -> tuple[int, ...]:
    rng = np.random.default_rng(seed)
    price = np.exp2(np.minimum(meeting_rounds(n), 200))
    near: list[list[int]] = [[] for _ in range(n)]
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    arrays = [np.array(q, dtype=np.int64) for q in near]
    place = _breadth_first(n, near)
    best, total = place.copy(), sum(price[place[a], place[b]] for a, b in edges)
    least = total
    draws = rng.integers(n, size=(_STEPS, 2))
    luck = rng.random(_STEPS)
    for k, (a, b) in enumerate(draws):
        if a == b:
            continue
        before = price[place[a], place[arrays[a]]].sum() + price[place[b], place[arrays[b]]].sum()
        place[a], place[b] = place[b], place[a]
        change = (
            price[place[a], place[arrays[a]]].sum()
            + price[place[b], place[arrays[b]]].sum()
            - before
        )
        if change > 0 and luck[k] >= np.exp(-change / (0.3 * total * (1.0 - k / _STEPS) + 1e-300)):
            place[a], place[b] = place[b], place[a]
            continue
        total += change
        if total < least:
            best, least = place.copy(), total
    return tuple(int(q) for q in np.argsort(best))


def _breadth_first(n: int, near: list[list[int]]) -> NDArray[np.int64]:
    """(n,) places in the order in which a walk from the loneliest qubit meets them."""
    place = np.full(n, -1, dtype=np.int64)
    count = 0
    for start in sorted(range(n), key=lambda q: len(near[q])):
        queue = [start] if place[start] < 0 else []
        while queue:
            q = queue.pop(0)
            if place[q] >= 0:
                continue
            place[q] = count
            count += 1
            queue += sorted((r for r in near[q] if place[r] < 0), key=lambda r: len(near[r]))
    return place


# The odd-even swap network: every pair of n qubits on a line meets once in n rounds.
#
# Kivlichan et al. 2018, PRL 120:110501; O'Gorman et al. 2019, arXiv:1905.05118.
#
# Round r couples the places (r % 2, r % 2 + 1), (r % 2 + 2, ...), ...; a meeting applies exp(-i
# angle Z Z) and exchanges the two. SWAP times RZZ is three CX. The first round needs no exchange,
# it is a matter of where the qubits start; nor does the last round: two CX each. All pairs cost
# depth 3 n - 2 and 3 n (n - 1) / 2 - n + 1 gates. The next layer runs the rounds backwards, so
# every layer has the same depth, and single-qubit layers between them act wherever their qubit
# stands.
#
# Rounds stop early where all couplings of a layer have met; a meeting without coupling is a bare
# SWAP, or nothing.

Kind = Literal["cost", "local", "other"]


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """Two neighbouring places, the qubits on them before it, and whether they exchange places.

    Attributes:
        place: The left one; the other is place + 1.
        qubits: Left and right qubit.
        swap: Whether they trade places.
    """

    place: int
    qubits: tuple[int, int]
    swap: bool


def kind(generator: PauliSum) -> Kind:
    """How the network treats a layer: a quadratic diagonal cost, single-qubit terms, or not at
    all.
    """
    weight = (generator.x | generator.z).sum(axis=1)
    if (weight <= 1).all():
        return "local"
    return "cost" if generator.is_diagonal and (weight <= 2).all() else "other"


def applies(ansatz: Ansatz) -> bool:
    """Whether every layer is a quadratic diagonal cost or acts on single qubits."""
    return all(kind(layer.generator) != "other" for layer in ansatz.layers)


def pairs(generator: PauliSum) -> NDArray[np.int64]:
    """(m, 2) coupled qubits of a quadratic cost, one row a string of weight two."""
    two = generator.z[generator.z.sum(axis=1) == 2]
    return np.argwhere(two)[:, 1].reshape(-1, 2)


def _stages(order: Sequence[int], first: int, count: int) -> list[list[Meeting]]:
    """`count` full rounds of meetings from an order, the first of parity `first`; every meeting
    exchanges.
    """
    line = list(order)
    rounds = []
    for r in range(count):
        met = []
        for place in range((first + r) % 2, len(line) - 1, 2):
            met.append(Meeting(place=place, qubits=(line[place], line[place + 1]), swap=True))
            line[place], line[place + 1] = line[place + 1], line[place]
        rounds.append(met)
    return rounds


@dataclass(frozen=True, kw_only=True)
class Network:
    """Rounds of meetings for every cost layer of one ansatz.

    Attributes:
        start: (n,) qubit on each place before the first gate.
        end: (n,) qubit on each place after the last gate.
        layers: For each layer of the ansatz, its rounds; empty for single-qubit layers.
        qubit_at: For each layer, the (n,) qubit on each place before it.
    """

    start: tuple[int, ...]
    end: tuple[int, ...]
    layers: tuple[tuple[tuple[Meeting, ...], ...], ...]
    qubit_at: tuple[tuple[int, ...], ...]


def network(ansatz: Ansatz, order: Sequence[int] | None = None) -> Network:
    """The meetings of an ansatz to which the network `applies`.

    Args:
        ansatz: Quadratic costs and single-qubit layers.
        order: (n,) qubit on each place of the line at the beginning; 0, 1, ... when None.
    """
    n = ansatz.n_qubits
    line = list(range(n) if order is None else order)
    start = tuple(line)
    wanted = [
        {frozenset(p) for p in pairs(layer.generator).tolist()}
        if kind(layer.generator) == "cost"
        else set()
        for layer in ansatz.layers
    ]
    # Every cost layer plays the same rounds, forwards and backwards in turn, so their number is
    # that of the neediest layer.
    ghost = _ghost(line)
    rounds = _stages(ghost, 0, n)
    used = max((_needed(rounds, w) for w in wanted if w), default=0)
    played: list[tuple[tuple[Meeting, ...], ...]] = []
    qubit_at, forwards = [], True
    for w in wanted:
        qubit_at.append(tuple(line))
        if not w:
            played.append(())
            continue
        layer = []
        sequence = range(used) if forwards else range(used - 1, -1, -1)
        for r in sequence:
            inner = 0 < r < used - 1
            met = []
            for m in rounds[r]:
                here = (line[m.place], line[m.place + 1])
                met.append(Meeting(place=m.place, qubits=here, swap=inner))
                if inner:
                    line[m.place], line[m.place + 1] = here[1], here[0]
            layer.append(tuple(met))
        forwards = not forwards
        played.append(tuple(layer))
    return Network(start=start, end=tuple(line), layers=tuple(played), qubit_at=tuple(qubit_at))


def meeting_rounds(n: int) -> NDArray[np.int64]:
    """(n, n) in which round the qubits that begin on two places meet; symmetric, the diagonal means
    nothing.
    """
    rounds = np.zeros((n, n), dtype=np.int64)
    for r, met in enumerate(_stages(_ghost(range(n)), 0, n)):
        for m in met:
            a, b = m.qubits
            rounds[a, b] = rounds[b, a] = r
    return rounds


def _ghost(line: Sequence[int]) -> list[int]:
    """The order from which a first round that exchanges would lead to `line` once it has been
    played without exchange.

    The first round meets the same pairs either way; without the exchange they stand as if they had
    met from here.
    """
    ghost = list(line)
    for place in range(0, len(ghost) - 1, 2):
        ghost[place], ghost[place + 1] = ghost[place + 1], ghost[place]
    return ghost


def _needed(rounds: Sequence[Sequence[Meeting]], wanted: set[frozenset[int]]) -> int:
    """How many rounds until every wanted pair has met."""
    return 1 + max(r for r, met in enumerate(rounds) for m in met if frozenset(m.qubits) in wanted)


def meetings(found: Network) -> Iterator[Meeting]:
    """All meetings, first to last."""
    for layer in found.layers:
        for met in layer:
            yield from met


# The circuit of a swap network: what `qtwin.backend.compile.swap_network` plans, written in CX and
# Rz on a line.


def to_line(
    ansatz: Ansatz, plan: Network, *, theta: NDArray[np.float64] | None = None, rzz: bool = False
) -> Any:
    """The ansatz on places 0 .. n - 1 of a line; qubit i ends on place plan.end.index(i).

    Args:
        ansatz: What the plan was made for.
        plan: Its network.
        theta: (n_parameters,) angles in radians; None leaves them free.
        rzz: Write a meeting without exchange as one RZZ gate (fractional gates) and not as two CX.
    """
    from qiskit import QuantumCircuit, QuantumRegister

    angles = (
        parameters(ansatz) if theta is None else check_angles(ansatz.n_parameters, theta).tolist()
    )
    circuit = QuantumCircuit(QuantumRegister(ansatz.n_qubits, "q"), name="c0")
    place = {q: k for k, q in enumerate(plan.start)}
    prepare(circuit, ansatz.reference, place)
    for layer, rounds, qubit_at in zip(ansatz.layers, plan.layers, plan.qubit_at, strict=True):
        h, angle = layer.generator, angles[layer.parameter]
        _local(circuit, h, angle, qubit_at)
        if kind(h) != "cost":
            continue
        weight = _weights(h)
        for met in rounds:
            for m in met:
                c = weight.get(frozenset(m.qubits))
                _meet(
                    circuit, m.place, None if c is None else 2.0 * c * angle, swap=m.swap, rzz=rzz
                )
    return circuit


def _local(circuit: Any, h: PauliSum, angle: Any, qubit_at: tuple[int, ...]) -> None:
    """The strings of weight one and none, where their qubit stands."""
    order = np.array(qubit_at)
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
    """RZZ(angle) between two places, then their exchange: CX Rz CX CX CX CX, of which the middle
    two cancel.
    """
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
