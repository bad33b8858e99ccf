"""An ansatz as a program for the state vector: diagonal layers fused into phases, all other strings into batches for one tile.

Neighbouring diagonal layers commute and make one phase; its diagonal is one Walsh-Hadamard transform of their coefficients.
Other strings join a batch as long as the bits that they flip fit a tile (`packed`). Strings of one layer commute, so they are
sorted by the bits they flip. (X_i X_j + Y_i Y_j) pairs become one swap rotation of half the amplitudes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Layer
from qtwin.backend.statevector.packed import DIAGONAL, EVEN, ODD, SWAP
from qtwin.encoding.pauli import PauliSum

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TILE_BITS = 13
_LANE_BITS = 3
_FEW = 3  # diagonal strings up to which rotating them one by one beats a transform


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """exp(-i coefficient theta[parameter] P): kind as in `packed`, masks with bit i = qubit i, sign of i^y."""

    kind: int
    x: int
    z: int
    sign: float
    coefficient: float
    parameter: int


@dataclass(frozen=True, kw_only=True)
class Phase:
    """exp(-i sum_k coefficients_k theta[parameters_k] Z(masks_k)).

    Attributes:
        generator: The one layer's generator when it is one layer; None for several.
        masks: (m,) Z masks.
        coefficients: (m,).
        parameters: (m,).
    """

    generator: PauliSum | None
    masks: Ints
    coefficients: Floats
    parameters: Ints


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rotations on tiles; see `packed` for `offset`, `outside`, `code` and `run`, the length of a contiguous piece.

    Attributes:
        signs: (g,) sign of i^y of each rotation.
        coefficients: (g,).
        parameters: (g,).
        n_tiles: Number of tiles.
    """

    offset: Ints
    outside: Ints
    run: int
    code: Ints
    signs: Floats
    coefficients: Floats
    parameters: Ints
    n_tiles: int


Step = Phase | Batch | Rotation
"""A rotation that flips more bits than a tile has stands alone."""


def masks(part: NDArray[np.bool_]) -> Ints:
    """(m, n) bits to (m,) masks."""
    return np.asarray(part @ (1 << np.arange(part.shape[1], dtype=np.int64)), dtype=np.int64)


def rotations(layer: Layer) -> list[Rotation]:
    """The strings of a layer, sorted by the bits they flip; XX + YY pairs merged into swaps."""
    h = layer.generator
    xs, zs, ys = masks(h.x).tolist(), masks(h.z).tolist(), (h.x & h.z).sum(axis=1).tolist()
    found: dict[tuple[int, int], Rotation] = {}
    for x, z, y, c in sorted(zip(xs, zs, ys, h.coefficients.tolist(), strict=True)):
        kind = DIAGONAL if not x else ODD if y % 2 else EVEN
        sign = (1.0, 1.0, -1.0, -1.0)[y % 4]
        other = found.get((x, 0))
        if y == 2 and x == z and other and other.kind == EVEN and other.coefficient == c:
            found[x, 0] = Rotation(kind=SWAP, x=x, z=0, sign=1.0, coefficient=2.0 * c, parameter=layer.parameter)
            continue
        merged = c + (found[x, z].coefficient if (x, z) in found and found[x, z].kind == kind else 0.0)
        found[x, z] = Rotation(kind=kind, x=x, z=z, sign=sign, coefficient=merged, parameter=layer.parameter)
    return list(found.values())


def compiled(ansatz: Ansatz) -> list[Step]:
    """The program of an ansatz, in order."""
    steps: list[Step] = []
    layers, k = ansatz.layers, 0
    waiting: list[Rotation] = []
    known: dict[tuple[int, int], list[Rotation]] = {}
    while k < len(layers):
        stop = k
        while stop < len(layers) and layers[stop].generator.is_diagonal:
            stop += 1
        together = layers[k:stop]
        if sum(len(layer.generator.coefficients) for layer in together) > _FEW:
            steps += _batches(waiting, ansatz.n_qubits)
            waiting = []
            steps.append(_phase(together))
            k = stop
            continue
        layer = layers[k]
        place = (id(layer.generator), layer.parameter)
        if place not in known:
            known[place] = rotations(layer)
        waiting += known[place]
        k += 1
    return steps + _batches(waiting, ansatz.n_qubits)


def _phase(layers: tuple[Layer, ...]) -> Phase:
    return Phase(
        generator=layers[0].generator if len(layers) == 1 else None,
        masks=np.concatenate([masks(layer.generator.z) for layer in layers]),
        coefficients=np.concatenate([layer.generator.coefficients for layer in layers]),
        parameters=np.concatenate([np.full(len(layer.generator.coefficients), layer.parameter) for layer in layers]),
    )


def _batches(waiting: list[Rotation], n: int) -> list[Step]:
    """Cut a list of rotations into batches, in order."""
    bits = min(TILE_BITS, n)
    whole_lines = 0b111 if n > bits else 0
    steps: list[Step] = []
    group: list[Rotation] = []
    flipped = 0
    for rotation in waiting:
        union = flipped | rotation.x
        fits = union.bit_count() <= max(bits - _LANE_BITS, 1) and (union | whole_lines).bit_count() <= bits
        if group and not fits:
            steps.append(_batch(group, flipped, n))
            group, union = [], rotation.x
        if (rotation.x | whole_lines).bit_count() > bits:
            steps.append(rotation)
            flipped = 0
            continue
        group.append(rotation)
        flipped = union
    return [*steps, _batch(group, flipped, n)] if group else steps


def _batch(group: list[Rotation], flipped: int, n: int) -> Batch:
    """Choose the tile's bits and their packed order: lanes that no rotation flips first, the lowest of memory if they can be."""
    bits = min(TILE_BITS, n)
    chosen = [i for i in range(n) if flipped >> i & 1 or (n > bits and i < 3)]
    chosen = sorted(chosen + [i for i in range(n) if i not in chosen][: bits - len(chosen)])
    lanes = [i for i in chosen if not flipped >> i & 1][:_LANE_BITS]
    order = lanes + [i for i in chosen if i not in lanes]
    place: Ints = np.zeros(1, dtype=np.int64)
    for i in order:
        place = np.concatenate([place, place + (1 << i)])
    run = 1 << next((k for k, i in enumerate(order) if i != k), len(order))

    def packed(mask: int) -> int:
        return sum(1 << k for k, i in enumerate(order) if mask >> i & 1)

    return Batch(
        offset=place,
        outside=np.array([i for i in range(n) if i not in chosen], dtype=np.int64),
        run=run,
        code=np.array([[r.kind, packed(r.x), packed(r.z), r.z] for r in group], dtype=np.int64),
        signs=np.array([r.sign for r in group]),
        coefficients=np.array([r.coefficient for r in group]),
        parameters=np.array([r.parameter for r in group], dtype=np.int64),
        n_tiles=1 << (n - bits),
    )
