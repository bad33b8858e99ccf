"""The odd-even swap network: every pair of n qubits on a line meets once in n rounds.

Kivlichan et al. 2018, PRL 120:110501; O'Gorman et al. 2019, arXiv:1905.05118.

Round r couples the places (r % 2, r % 2 + 1), (r % 2 + 2, ...), ...; a meeting applies exp(-i angle Z Z) and exchanges the two.
SWAP times RZZ is three CX. The first round needs no exchange, it is a matter of where the qubits start; nor does the last round:
two CX each. All pairs cost depth 3 n - 2 and 3 n (n - 1) / 2 - n + 1 gates. The next layer runs the rounds backwards, so every
layer has the same depth, and single-qubit layers between them act wherever their qubit stands.

Rounds stop early where all couplings of a layer have met; a meeting without coupling is a bare SWAP, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz
from qtwin.encoding.pauli import PauliSum

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
    """How the network treats a layer: a quadratic diagonal cost, single-qubit terms, or not at all."""
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
    """`count` full rounds of meetings from an order, the first of parity `first`; every meeting exchanges."""
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
        standing: For each layer, the (n,) qubit on each place before it.
    """

    start: tuple[int, ...]
    end: tuple[int, ...]
    layers: tuple[tuple[tuple[Meeting, ...], ...], ...]
    standing: tuple[tuple[int, ...], ...]


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
        {frozenset(p) for p in pairs(layer.generator).tolist()} if kind(layer.generator) == "cost" else set()
        for layer in ansatz.layers
    ]
    # Every cost layer plays the same rounds, forwards and backwards in turn, so their number is that of the neediest layer.
    ghost = _ghost(line)
    rounds = _stages(ghost, 0, n)
    used = max((_needed(rounds, w) for w in wanted if w), default=0)
    played: list[tuple[tuple[Meeting, ...], ...]] = []
    standing, forwards = [], True
    for w in wanted:
        standing.append(tuple(line))
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
    return Network(start=start, end=tuple(line), layers=tuple(played), standing=tuple(standing))


def meeting_rounds(n: int) -> NDArray[np.int64]:
    """(n, n) in which round the qubits that begin on two places meet; symmetric, the diagonal means nothing."""
    rounds = np.zeros((n, n), dtype=np.int64)
    for r, met in enumerate(_stages(_ghost(range(n)), 0, n)):
        for m in met:
            a, b = m.qubits
            rounds[a, b] = rounds[b, a] = r
    return rounds


def _ghost(line: Sequence[int]) -> list[int]:
    """The order from which a first round that exchanges would lead to `line` once it has been played without exchange.

    The first round meets the same pairs either way; without the exchange they stand as if they had met from here.
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
