"""How a state of n qubits is cut into tiles, and where its memory comes from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.statevector.vector import REGISTER_BYTES
from qtwin.errors import InputError

Reals = NDArray[np.floating[Any]]
SMALLEST = 8
"""Fewest qubits that the tiled path takes: those inside a register of 16, and two groups more."""
_PAD_BYTES = 320  # five cache lines: odd, so that rows 2^low apart fall on all sets of a cache
_SINGLE, _SHARED = 18, 16  # measured: one tile wins up to 18 qubits on one thread, two threads win from 16 on


def _groups(shift: int, bits: int) -> list[int]:
    """(shift, size) pairs of two or three bits; three only below bit 11, beyond it eight strides share one cache set."""
    threes = max(a for a in range(bits // 3 + 1) if (bits - 3 * a) % 2 == 0 and (shift + 3 * a <= 11 or a <= bits % 2))
    pairs: list[int] = []
    for size in [3] * threes + [2] * ((bits - 3 * threes) // 2):
        pairs += [shift, size]
        shift += size
    return pairs


def shape(n_qubits: int, threads: int, dtype: type[np.floating[Any]] = np.float64) -> NDArray[np.int64]:
    """The cut that `tiles` works on, from 8 qubits on: one tile as long as the state stays near a core."""
    single = n_qubits <= (_SINGLE if threads == 1 else _SHARED - 1)
    tiled = 11 if n_qubits < 18 else max(13, min(15, n_qubits - 7), n_qubits // 2)  # measured from 18 to 24 qubits
    return cut(n_qubits, n_qubits if single else tiled, dtype)


def shares(n_qubits: int, threads: int) -> int:
    """Threads worth starting: below 16 qubits handing out work costs more than it gains."""
    return threads if n_qubits >= _SHARED else 1


def cut(n_qubits: int, low: int, dtype: type[np.floating[Any]] = np.float64) -> NDArray[np.int64]:
    """The cut into low tiles of 2^low and high tiles of 2^(n - low + width) amplitudes, whole cache lines wide."""
    size = np.dtype(dtype).itemsize
    high, inside = n_qubits - low, (REGISTER_BYTES // size).bit_length() - 1
    width = max(inside, 3, min(6, 15 - high))
    row = (1 << low) + (_PAD_BYTES // size if high else 0)
    low_groups, high_groups = _groups(inside, low - inside), _groups(width, high) if high else []
    return np.array([low, high, width, row, len(low_groups) // 2, *low_groups, *high_groups], dtype=np.int64)


def available_bytes() -> int:
    """Memory that can be had without swapping; the smaller of the machine's and the container's."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 8 * 2**30
    meminfo, cgroup = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
    if meminfo.is_file():
        lines = meminfo.read_text(encoding="ascii").splitlines()
        free = min([free, *(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))])
    try:
        limit, used = ((cgroup / name).read_text(encoding="ascii").strip() for name in ("memory.max", "memory.current"))
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
    """(length,) uninitialised reals from a cache line on; arrays of different `slot` begin on different sets of the cache."""
    size = np.dtype(dtype).itemsize
    raw = np.empty(length + 4096 // size, dtype=dtype)
    skip = ((64 * 11 * slot - raw.ctypes.data) % 4096) // size
    return raw[skip : skip + length]


def padded(values: Reals, cut: NDArray[np.int64], slot: int = 0, dtype: type[np.floating[Any]] = np.float64) -> Reals:
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
