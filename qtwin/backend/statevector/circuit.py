"""Arguments as the type that a kernel takes, or an `InputError`."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Layer
from qtwin.backend.statevector.packed import DIAGONAL, EVEN, ODD, SWAP, sign
from qtwin.backend.statevector.vector import REGISTER_BYTES
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError

Floats = NDArray[np.float64]


def whole(value: Any, what: str) -> int:
    """An integer; a float, a bool or a text is refused."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise InputError(
            f"expected a whole number as {what}, got {value!r}",
            hint=f"write {what} without a point",
        )
    return int(value)


def thread_count(threads: int | None) -> int:
    """How many threads to use: all cores this process may use when None."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    if threads is not None and whole(threads, "threads") < 1:
        raise InputError(
            f"expected at least 1 thread, got {threads}", hint="leave threads out for all cores"
        )
    return cores if threads is None else whole(threads, "threads")


def reals(values: Any, what: str, *, length: int | None = None) -> Floats:
    """A vector of finite float64, of the given length where there is one."""
    try:
        array = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"expected numbers as {what}, got {values!r}", hint="an array of real numbers"
        ) from None
    wanted = array.ndim == 1 and (length is None or len(array) == length)
    if not wanted or not np.isfinite(array).all():
        size = "a vector of" if length is None else f"({length},)"
        raise InputError(
            f"expected {size} finite {what}, got shape {array.shape}", hint="check length and NaN"
        )
    return array


# Any Pauli string on a whole split state: for observables, and for strings that flip more bits than
# a tile has.
#
# P|b> = i^y (-1)^|b & z| |b ^ x>, y = number of Y in P. Masks are integers, bit i = qubit i; states
# are pairs of (2^n,) float64 arrays, index bit i = qubit i.

Array = Any


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}
    )(function)


@_compiled
def rotate(
    re: Array, im: Array, x: int, z: int, unit_re: float, unit_im: float, angle: float
) -> None:
    """State := exp(-i angle P) state for a string that flips something; unit = i^y."""
    c, s = math.cos(angle), math.sin(angle)
    low = x & -x  # the lowest flipped qubit tells the two halves of a pair apart
    weight_re, weight_im = s * unit_im, -s * unit_re  # -i s i^y
    for block in range(0, re.shape[0], 2 * low):
        for a in range(block, block + low):
            b = a ^ x
            sa, sb = sign(a & z), sign(b & z)
            ar, ai, br, bi = re[a], im[a], re[b], im[b]
            re[a] = c * ar + sb * (weight_re * br - weight_im * bi)
            im[a] = c * ai + sb * (weight_re * bi + weight_im * br)
            re[b] = c * br + sa * (weight_re * ar - weight_im * ai)
            im[b] = c * bi + sa * (weight_re * ai + weight_im * ar)


@_compiled
def inner(
    lre: Array, lim: Array, re: Array, im: Array, x: int, z: int, unit_re: float, unit_im: float
) -> tuple[float, float]:
    """Real and imaginary part of <l|P|s>."""
    real, imag = 0.0, 0.0
    for b in range(re.shape[0]):
        a = b ^ x
        s = sign(a & z)
        real += s * (lre[b] * re[a] + lim[b] * im[a])
        imag += s * (lre[b] * im[a] - lim[b] * re[a])
    return unit_re * real - unit_im * imag, unit_re * imag + unit_im * real


@_compiled
def add_string(
    lre: Array,
    lim: Array,
    re: Array,
    im: Array,
    x: int,
    z: int,
    unit_re: float,
    unit_im: float,
    coefficient: float,
) -> None:
    """State l += coefficient P s."""
    for b in range(re.shape[0]):
        a = b ^ x
        t = coefficient * sign(a & z)
        lre[b] += t * (unit_re * re[a] - unit_im * im[a])
        lim[b] += t * (unit_re * im[a] + unit_im * re[a])


# How a state of n qubits is cut into tiles, and where its memory comes from.

Reals = NDArray[np.floating[Any]]
SMALLEST = 8
"""Fewest qubits that the tiled path takes: those inside a register of 16, and two groups more."""
_PAD_BYTES = 320  # five cache lines: odd, so that rows 2^low apart fall on all sets of a cache
# measured: one tile wins up to 18 qubits on one thread, two threads win from 16 on
_SINGLE, _SHARED = 18, 16


def _groups(shift: int, bits: int) -> list[int]:
    """(shift, size) pairs of two or three bits; three only below bit 11, beyond it eight strides
    share one cache set.
    """
    threes = max(
        a
        for a in range(bits // 3 + 1)
        if (bits - 3 * a) % 2 == 0 and (shift + 3 * a <= 11 or a <= bits % 2)
    )
    pairs: list[int] = []
    for size in [3] * threes + [2] * ((bits - 3 * threes) // 2):
        pairs += [shift, size]
        shift += size
    return pairs


def shape(
    n_qubits: int, threads: int, dtype: type[np.floating[Any]] = np.float64
) -> NDArray[np.int64]:
    """The cut that `tiles` works on, from 8 qubits on: one tile as long as the state stays near a
    core.
    """
    single = n_qubits <= (_SINGLE if threads == 1 else _SHARED - 1)
    # measured from 18 to 24 qubits
    tiled = 11 if n_qubits < 18 else max(13, min(15, n_qubits - 7), n_qubits // 2)
    return cut(n_qubits, n_qubits if single else tiled, dtype)


def shares(n_qubits: int, threads: int) -> int:
    """Threads worth starting: below 16 qubits handing out work costs more than it gains."""
    return threads if n_qubits >= _SHARED else 1


def cut(n_qubits: int, low: int, dtype: type[np.floating[Any]] = np.float64) -> NDArray[np.int64]:
    """The cut into low tiles of 2^low and high tiles of 2^(n - low + width) amplitudes, whole cache
    lines wide.
    """
    size = np.dtype(dtype).itemsize
    high, inside = n_qubits - low, (REGISTER_BYTES // size).bit_length() - 1
    width = max(inside, 3, min(6, 15 - high))
    row = (1 << low) + (_PAD_BYTES // size if high else 0)
    low_groups, high_groups = _groups(inside, low - inside), _groups(width, high) if high else []
    return np.array(
        [low, high, width, row, len(low_groups) // 2, *low_groups, *high_groups], dtype=np.int64
    )


def available_bytes() -> int:
    """Memory that can be had without swapping; the smaller of the machine's and the container's."""
    free = (
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if hasattr(os, "sysconf")
        else 8 * 2**30
    )
    meminfo, cgroup = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
    if meminfo.is_file():
        lines = meminfo.read_text(encoding="ascii").splitlines()
        free = min(
            [
                free,
                *(
                    int(line.split()[1]) * 1024
                    for line in lines
                    if line.startswith("MemAvailable:")
                ),
            ]
        )
    try:
        limit, used = (
            (cgroup / name).read_text(encoding="ascii").strip()
            for name in ("memory.max", "memory.current")
        )
        free = min(free, int(limit) - int(used)) if limit != "max" else free
    except (OSError, ValueError):
        pass  # no container limit
    return free


def require_memory(n_qubits: int, arrays: int, limit_bytes: int | None) -> None:
    """Refuse a run whose `arrays` float64 arrays of 2^n would not fit.

    Raises:
        InputError: with the number of bytes wanted and available.
    """
    wanted, had = arrays * 8 << n_qubits, available_bytes() if limit_bytes is None else limit_bytes
    if wanted > had:
        raise InputError(
            f"an exact state of {n_qubits} qubits needs {wanted} bytes, {had} bytes are available",
            hint="take fewer variables, or a machine with more memory",
        )


def aligned(length: int, slot: int = 0, dtype: type[np.floating[Any]] = np.float64) -> Reals:
    """(length,) uninitialised reals from a cache line on; arrays of different `slot` begin on
    different sets of the cache.
    """
    size = np.dtype(dtype).itemsize
    raw = np.empty(length + 4096 // size, dtype=dtype)
    skip = ((64 * 11 * slot - raw.ctypes.data) % 4096) // size
    return raw[skip : skip + length]


def padded(
    values: Reals, cut: NDArray[np.int64], slot: int = 0, dtype: type[np.floating[Any]] = np.float64
) -> Reals:
    """(2^n,) values in the rows of a cut, with zeros between."""
    low, high, row = int(cut[0]), int(cut[1]), int(cut[3])
    rows = aligned(row << high, slot, dtype)
    table = rows.reshape(1 << high, row)
    table[:, : 1 << low] = values.reshape(1 << high, 1 << low)
    table[:, 1 << low :] = 0.0
    return rows


def plain(rows: Reals, cut: NDArray[np.int64]) -> Reals:
    """(2^n,) values out of the rows of a cut."""
    low, high, row = int(cut[0]), int(cut[1]), int(cut[3])
    return np.ascontiguousarray(rows.reshape(1 << high, row)[:, : 1 << low]).reshape(-1)


# An ansatz as a program for the state vector: diagonal layers fused into phases, all other strings
# into batches for one tile.
#
# Neighbouring diagonal layers commute and make one phase; its diagonal is one Walsh-Hadamard
# transform of their coefficients. Other strings join a batch as long as the bits that they flip fit
# a tile (`packed`). Strings of one layer commute, so they are sorted by the bits they flip. (X_i
# X_j + Y_i Y_j) pairs become one swap rotation of half the amplitudes.

Ints = NDArray[np.int64]
TILE_BITS = 13
_LANE_BITS = 3
_FEW = 3  # diagonal strings up to which rotating them one by one beats a transform


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """exp(-i coefficient theta[parameter] P): kind as in `packed`, masks with bit i = qubit i, sign
    of i^y.
    """

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
    """Rotations on tiles; see `packed` for `offset`, `outside`, `code` and `run`, the length of a
    contiguous piece.

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
            found[x, 0] = Rotation(
                kind=SWAP, x=x, z=0, sign=1.0, coefficient=2.0 * c, parameter=layer.parameter
            )
            continue
        merged = c + (
            found[x, z].coefficient if (x, z) in found and found[x, z].kind == kind else 0.0
        )
        found[x, z] = Rotation(
            kind=kind, x=x, z=z, sign=sign, coefficient=merged, parameter=layer.parameter
        )
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
        parameters=np.concatenate(
            [np.full(len(layer.generator.coefficients), layer.parameter) for layer in layers]
        ),
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
        fits = (
            union.bit_count() <= max(bits - _LANE_BITS, 1)
            and (union | whole_lines).bit_count() <= bits
        )
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
    """Choose the tile's bits and their packed order: lanes that no rotation flips first, the lowest
    of memory if they can be.
    """
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
