"""Many Pauli rotations on one tile of the state while it is in the cache.

A tile is the 2^T amplitudes that differ in T chosen bits only; rotations whose X parts lie within
those bits never leave it. It is packed so that the lowest packed bits, the lanes of a register, are
flipped by none of them; then each rotation is a run of whole registers. `offset` (2^T,) is where
each packed place lies in memory from the tile's base on. One row of `code` a rotation: kind, X mask
and Z mask in packed bits, Z mask in memory bits; one row of `rate`: cosine, sine and sign of i^y (y
= number of Y). Kinds: no X; even number of Y; odd number; the swap of two bits, which is (XX + YY)
/ 2 in one go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from qtwin.backend.statevector.pair_vector import (
    pair_even,
    pair_odd,
    phase,
    unpair_even,
    unpair_odd,
    unphase,
)
from qtwin.backend.statevector.vector import lanes, move

Array = Any
DIAGONAL, EVEN, ODD, SWAP = 0, 1, 2, 3


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})(function)


def _inlined(function: Callable[..., Any]) -> Any:
    return njit(inline="always", error_model="numpy", fastmath={"contract"})(function)


@_compiled
def sign(bits: int) -> float:
    """(-1)^popcount."""
    bits ^= bits >> 32
    bits ^= bits >> 16
    bits ^= bits >> 8
    bits ^= bits >> 4
    bits ^= bits >> 2
    bits ^= bits >> 1
    return 1.0 - 2.0 * (bits & 1)


@_compiled
def _base(tile: int, outside: Array) -> int:
    """Where a tile begins: its number's bits, spread over the bits that the tiles leave out."""
    base = 0
    for k in range(outside.shape[0]):
        base |= ((tile >> k) & 1) << outside[k]
    return base


@_inlined
def _fetch(source: Array, target: Array, base: int, offset: Array, run: int) -> None:
    if run >= lanes(source):
        for start in range(0, offset.shape[0], run):
            place = base + offset[start]
            for k in range(0, run, lanes(source)):
                move(source, place + k, target, start + k)
    else:
        for k in range(offset.shape[0]):
            target[k] = source[base + offset[k]]


@_inlined
def _put(source: Array, target: Array, base: int, offset: Array, run: int) -> None:
    if run >= lanes(source):
        for start in range(0, offset.shape[0], run):
            place = base + offset[start]
            for k in range(0, run, lanes(source)):
                move(source, start + k, target, place + k)
    else:
        for k in range(offset.shape[0]):
            target[base + offset[k]] = source[k]


@_compiled
def _rotate(
    re: Array, im: Array, signs: Array, kind: int, x: int, z: int, cos: float, sin: float
) -> None:
    """One rotation of a packed tile; `sin` carries the signs that are the same all over it."""
    size, wide = re.shape[0], lanes(re)
    whole = size >= wide and x & (wide - 1) == 0
    for k in range(wide):
        signs[k] = sign(k & z)
    if kind == DIAGONAL:
        if whole:
            for a in range(0, size, wide):
                phase(re, im, signs, a, cos, sin * sign(a & z))
        else:
            for a in range(size):
                t = sin * sign(a & z)
                re[a], im[a] = cos * re[a] + t * im[a], cos * im[a] - t * re[a]
        return
    low = x & -x  # the lowest flipped bit tells the two halves of a pair apart
    high = x ^ low if kind == SWAP else 0
    step = wide if whole else 1
    for block in range(0, size, 2 * low):
        for a in range(block, block + low, step):
            first = a
            if kind == SWAP:
                if a & high:
                    continue
                first = a | low
            b = first ^ x
            t = sin * sign(first & z)
            if whole:
                if kind == ODD:
                    pair_odd(re, im, signs, first, b, cos, t)
                else:
                    pair_even(re, im, signs, first, b, cos, t)
            else:
                ar, ai, br, bi = re[first], im[first], re[b], im[b]
                if kind == ODD:
                    re[first], im[first] = cos * ar - t * br, cos * ai - t * bi
                    re[b], im[b] = cos * br + t * ar, cos * bi + t * ai
                else:
                    re[first], im[first] = cos * ar + t * bi, cos * ai - t * br
                    re[b], im[b] = cos * br + t * ai, cos * bi - t * ar


@_compiled
def _unrotate(
    re: Array,
    im: Array,
    lre: Array,
    lim: Array,
    signs: Array,
    sums: Array,
    kind: int,
    x: int,
    z: int,
    cos: float,
    sin: float,
    weight: float,
) -> float:
    """The rotation by the angle given (already negative) for state and adjoint; Im <l|P|s>, times
    `weight`.
    """
    size, wide = re.shape[0], lanes(re)
    whole = size >= wide and x & (wide - 1) == 0
    for k in range(wide):
        signs[k] = sign(k & z)
        sums[k] = 0.0
    total = 0.0
    if kind == DIAGONAL:
        if whole:
            for a in range(0, size, wide):
                s = sign(a & z)
                unphase(re, im, lre, lim, signs, sums, a, cos, sin * s, weight * s)
        else:
            for a in range(size):
                s = sign(a & z)
                t = sin * s
                total += weight * s * (lre[a] * im[a] - lim[a] * re[a])
                re[a], im[a] = cos * re[a] + t * im[a], cos * im[a] - t * re[a]
                lre[a], lim[a] = cos * lre[a] + t * lim[a], cos * lim[a] - t * lre[a]
        for k in range(wide):
            total += sums[k]
        return total
    low = x & -x
    high = x ^ low if kind == SWAP else 0
    step = wide if whole else 1
    for block in range(0, size, 2 * low):
        for a in range(block, block + low, step):
            first = a
            if kind == SWAP:
                if a & high:
                    continue
                first = a | low
            b = first ^ x
            s = sign(first & z)
            t = sin * s
            if whole:
                if kind == ODD:
                    unpair_odd(re, im, lre, lim, signs, sums, first, b, cos, t, weight * s)
                else:
                    unpair_even(re, im, lre, lim, signs, sums, first, b, cos, t, weight * s)
                continue
            ar, ai, br, bi = re[first], im[first], re[b], im[b]
            pr, pi, qr, qi = lre[first], lim[first], lre[b], lim[b]
            if kind == ODD:
                total += weight * s * (qr * ar + qi * ai - pr * br - pi * bi)
                re[first], im[first] = cos * ar - t * br, cos * ai - t * bi
                re[b], im[b] = cos * br + t * ar, cos * bi + t * ai
                lre[first], lim[first] = cos * pr - t * qr, cos * pi - t * qi
                lre[b], lim[b] = cos * qr + t * pr, cos * qi + t * pi
            else:
                total += weight * s * (pr * bi - pi * br + qr * ai - qi * ar)
                re[first], im[first] = cos * ar + t * bi, cos * ai - t * br
                re[b], im[b] = cos * br + t * ai, cos * bi - t * ar
                lre[first], lim[first] = cos * pr + t * qi, cos * pi - t * qr
                lre[b], lim[b] = cos * qr + t * pi, cos * qi - t * pr
    for k in range(wide):
        total += sums[k]
    return total


@_compiled
def forward(
    re: Array,
    im: Array,
    offset: Array,
    run: int,
    outside: Array,
    code: Array,
    rate: Array,
    first: int,
    last: int,
) -> None:
    """All rotations, first to last, on tiles first .. last - 1."""
    in_place = run == re.shape[0]
    tile_re, tile_im = np.empty(offset.shape[0]), np.empty(offset.shape[0])
    signs = np.empty(lanes(re))
    for tile in range(first, last):
        base = _base(tile, outside)
        r, i = (re, im) if in_place else (tile_re, tile_im)
        if not in_place:
            _fetch(re, tile_re, base, offset, run)
            _fetch(im, tile_im, base, offset, run)
        for g in range(code.shape[0]):
            s = rate[g, 1] * rate[g, 2] * sign(base & code[g, 3])
            _rotate(r, i, signs, code[g, 0], code[g, 1], code[g, 2], rate[g, 0], s)
        if not in_place:
            _put(tile_re, re, base, offset, run)
            _put(tile_im, im, base, offset, run)


@_compiled
def backward(
    re: Array,
    im: Array,
    lre: Array,
    lim: Array,
    offset: Array,
    run: int,
    outside: Array,
    code: Array,
    rate: Array,
    out: Array,
    first: int,
    last: int,
) -> None:
    """All rotations undone, last to first, on tiles first .. last - 1; adds Im <l|P|s> of each to
    `out`.
    """
    in_place = run == re.shape[0]
    tiles = np.empty((4, offset.shape[0]))
    signs, sums = np.empty(lanes(re)), np.empty(lanes(re))
    for tile in range(first, last):
        base = _base(tile, outside)
        r, i, p, q = (re, im, lre, lim) if in_place else (tiles[0], tiles[1], tiles[2], tiles[3])
        if not in_place:
            _fetch(re, r, base, offset, run)
            _fetch(im, i, base, offset, run)
            _fetch(lre, p, base, offset, run)
            _fetch(lim, q, base, offset, run)
        for g in range(code.shape[0] - 1, -1, -1):
            weight = rate[g, 2] * sign(base & code[g, 3])
            s = -rate[g, 1] * weight
            out[g] += _unrotate(
                r, i, p, q, signs, sums, code[g, 0], code[g, 1], code[g, 2], rate[g, 0], s, weight
            )
        if not in_place:
            _put(r, re, base, offset, run)
            _put(i, im, base, offset, run)
            _put(p, lre, base, offset, run)
            _put(q, lim, base, offset, run)
