"""QAOA by tiles: between two trips to memory a tile ends one mixer, takes its phase and begins the
next.

The n bits are cut in two: a low tile is 2^low neighbouring amplitudes; a high tile is all 2^high
values of the other bits for 2^width neighbours, packed before and unpacked after. A visit works on
every tile of one kind; low and high visits alternate, so each layer costs one pass over memory.
`shape` is the int64 row (low, high, width, row, n_low) followed by the (shift, size) pairs of the
n_low bit groups of a low tile, then of the groups of a high tile; `row` is the distance of two low
tiles in memory, off a power of two so that a high tile spreads over the cache. Layers are rows of
`angles`: tangent, cosine of the mixer angle, and cost turns gamma / (2 pi). States are unnormalised
between phases, see `vector`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from qtwin.backend.statevector.vector import (
    lanes,
    mix2,
    mix2_within,
    mix3,
    mix3_within,
    move,
    turn2,
    turn3,
    unmix2,
    unmix2_within,
    unmix3,
    unmix3_within,
    unturn2,
    unturn3,
)


def _compiled(function: Callable[..., Any]) -> Any:
    """Compile once for all sizes; no reassociation, which would undo the rounding trick inside the
    vector kernels.
    """
    return njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})(function)


def _summed(function: Callable[..., Any]) -> Any:
    """Compile a plain sum, whose order is free."""
    return njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}
    )(function)


def _inlined(function: Callable[..., Any]) -> Any:
    """Paste into the one caller: every vector kernel is then compiled once, and the module in a few
    seconds.
    """
    return njit(inline="always", error_model="numpy", fastmath={"contract"})(function)


Array = Any
HEAD = 5
# packed arrays begin some cache lines further round the first-level cache than a power of two would
# put them
_APART = 48


@_inlined
def _mix_group(re: Array, im: Array, shift: int, size: int, within: bool, t: float) -> None:
    stride = 1 << shift
    for block in range(0, re.shape[0], stride << size):
        for j in range(block, block + stride, lanes(re)):
            if within:
                if size == 3:
                    mix3_within(re, im, j, stride, t)
                else:
                    mix2_within(re, im, j, stride, t)
            elif size == 3:
                mix3(re, im, j, stride, t)
            else:
                mix2(re, im, j, stride, t)


@_inlined
def _turn_group(
    re: Array, im: Array, diagonal: Array, shift: int, size: int, rates: tuple[float, ...]
) -> None:
    stride = 1 << shift
    before, turns, scale, after = rates
    for block in range(0, re.shape[0], stride << size):
        for j in range(block, block + stride, lanes(re)):
            if size == 3:
                turn3(re, im, diagonal, j, stride, before, turns, scale, after)
            else:
                turn2(re, im, diagonal, j, stride, before, turns, scale, after)


@_inlined
def _unmix_group(
    re: Array,
    im: Array,
    lre: Array,
    lim: Array,
    sums: Array,
    shift: int,
    size: int,
    within: bool,
    t: float,
) -> None:
    stride = 1 << shift
    for block in range(0, re.shape[0], stride << size):
        for j in range(block, block + stride, lanes(re)):
            if within:
                if size == 3:
                    unmix3_within(re, im, lre, lim, sums, j, stride, t)
                else:
                    unmix2_within(re, im, lre, lim, sums, j, stride, t)
            elif size == 3:
                unmix3(re, im, lre, lim, sums, j, stride, t)
            else:
                unmix2(re, im, lre, lim, sums, j, stride, t)


@_inlined
def _unturn_group(
    re: Array,
    im: Array,
    lre: Array,
    lim: Array,
    diagonal: Array,
    sums: Array,
    shift: int,
    size: int,
    rates: tuple[float, ...],
) -> None:
    stride = 1 << shift
    before, turns, scale, after = rates
    for block in range(0, re.shape[0], stride << size):
        for j in range(block, block + stride, lanes(re)):
            if size == 3:
                unturn3(re, im, lre, lim, diagonal, sums, j, stride, before, turns, scale, after)
            else:
                unturn2(re, im, lre, lim, diagonal, sums, j, stride, before, turns, scale, after)


@_inlined
def _forward_tile(
    re: Array,
    im: Array,
    diagonal: Array,
    groups: Array,
    within: bool,
    mixes_before: bool,
    turns_here: bool,
    rates: tuple[float, ...],
) -> None:
    """One visit of one tile: mixer `before` on its bits, the phase, mixer `after` on its bits; the
    last group does all three.
    """
    last = groups.shape[0] // 2 - 1
    for step in range(0 if mixes_before else last, 2 * last + 1 if turns_here else last + 1):
        g = step if step <= last else 2 * last - step
        if step == last and turns_here:
            _turn_group(re, im, diagonal, groups[2 * g], groups[2 * g + 1], rates)
        else:
            t = rates[0] if step <= last else rates[3]
            _mix_group(re, im, groups[2 * g], groups[2 * g + 1], within and g == 0, t)


@_inlined
def _backward_tile(
    re: Array,
    im: Array,
    lre: Array,
    lim: Array,
    diagonal: Array,
    sums: Array,
    groups: Array,
    within: bool,
    turns_here: bool,
    mixes_after: bool,
    rates: tuple[float, ...],
    owed: tuple[float, float, float],
    out: Array,
) -> None:
    """The visit undone for state and adjoint; adds Im<l|X|s>, Im<l|D|s>, Im<l|X|s> (mixer before,
    cost, mixer after) to out.

    `owed` = (weight of the inner products at entry, cos^2 of the first mixer, cos^2 of the second):
    each qubit already unmixed leaves both vectors 1 / cos too long.
    """
    last = groups.shape[0] // 2 - 1
    vector_bits = 2 if lanes(re) == 4 else 3 if lanes(re) == 8 else 4
    weight, cos2 = owed[0], owed[1]
    for step in range(2 * last + 1 if mixes_after and turns_here else last + 1):
        g = step if step <= last else 2 * last - step
        size, inside = groups[2 * g + 1], within and g == 0
        weights = (weight, weight * cos2**size, 1.0)
        if step == last and turns_here:
            _unturn_group(re, im, lre, lim, diagonal, sums, groups[2 * g], size, rates)
            weight, cos2 = 1.0, owed[2]
        else:
            _unmix_group(
                re,
                im,
                lre,
                lim,
                sums,
                groups[2 * g],
                size,
                inside,
                rates[0] if step <= last else rates[3],
            )
        weight *= cos2 ** (size + (vector_bits if inside else 0))
        for k in range(3):
            slot = k if step <= last else 2 - k
            for lane in range(k * lanes(re), (k + 1) * lanes(re)):
                out[slot] += weights[k] * sums[lane]
                sums[lane] = 0.0


@_inlined
def _pack(source: Array, target: Array, start: int, row: int, high: int, width: int) -> None:
    for h in range(1 << high):
        for j in range(0, 1 << width, lanes(source)):
            move(source, start + h * row + j, target, (h << width) + j)


@_inlined
def _unpack(source: Array, target: Array, start: int, row: int, high: int, width: int) -> None:
    for h in range(1 << high):
        for j in range(0, 1 << width, lanes(source)):
            move(source, (h << width) + j, target, start + h * row + j)


@_compiled
def reverse(re: Array, im: Array, shape: Array) -> None:
    """X on every qubit of a split state: index z becomes its complement."""
    length, row, top = 1 << shape[0], shape[3], (1 << shape[1]) - 1
    for h in range(top + 1):
        for j in range(length):
            a, b = h * row + j, (top - h) * row + length - 1 - j
            if a < b:
                re[a], re[b] = re[b], re[a]
                im[a], im[b] = im[b], im[a]


@_compiled
def forward(
    re: Array,
    im: Array,
    diagonal: Array,
    shape: Array,
    angles: Array,
    flips: Array,
    visit_from: int,
    visit_to: int,
    share: int,
    shares: int,
) -> None:
    """Visits visit_from .. visit_to - 1 of the p + 1 that take |+> to the final state, on this
    share of the tiles.

    Visit k ends mixer k - 1, takes phase k and begins mixer k; the last visit is low, so visit k is
    low when p - k is even. After the last visit the (2^n,) state still owes cos(beta_p)^n.
    """
    low, high, width, row = shape[0], shape[1], shape[2], shape[3]
    groups_low, groups_high = shape[HEAD : HEAD + 2 * shape[4]], shape[HEAD + 2 * shape[4] :]
    n, p = low + high, angles.shape[0]
    packed = np.empty((3, (1 << (high + width)) + _APART if high else 0), dtype=re.dtype)
    for visit in range(visit_from, visit_to):
        if visit and flips[visit - 1] and shares == 1:
            reverse(re, im, shape)
        scale = angles[visit - 1, 1] ** n if visit else 2.0 ** (-n / 2)
        before = angles[visit - 1, 0] if visit and high else 0.0
        turns, after = (angles[visit, 2], angles[visit, 0]) if visit < p else (0.0, 0.0)
        if high == 0 and visit == p:
            break  # the only tile took its whole mixer in the visit before
        is_low = high == 0 or (p - visit) % 2 == 0
        n_tiles, bits, groups = (
            (1 << high, low, groups_low)
            if is_low
            else (1 << (low - width), high + width, groups_high)
        )
        for tile in range(n_tiles * share // shares, n_tiles * (share + 1) // shares):
            start, length = tile * row if is_low else tile << width, 1 << bits
            if is_low:
                r, i, d = (
                    re[start : start + length],
                    im[start : start + length],
                    diagonal[start : start + length],
                )
            else:
                r, i, d = packed[0, :length], packed[1, :length], packed[2, :length]
                _pack(diagonal, d, start, row, high, width)
            if visit == 0:
                r[:] = 1.0
                i[:] = 0.0
            elif not is_low:
                for k in range(2):
                    _pack(re if k == 0 else im, packed[k], start, row, high, width)
            _forward_tile(
                r,
                i,
                d,
                groups,
                is_low,
                visit > 0 and high > 0,
                visit < p,
                (before, turns, scale, after),
            )
            if not is_low:
                for k in range(2):
                    _unpack(packed[k], re if k == 0 else im, start, row, high, width)


@_compiled
def backward(
    re: Array,
    im: Array,
    lre: Array,
    lim: Array,
    diagonal: Array,
    shape: Array,
    angles: Array,
    flips: Array,
    visit_from: int,
    visit_to: int,
    share: int,
    shares: int,
    out: Array,
) -> None:
    """Visits visit_from down to visit_to undone, from the normalised final state and its adjoint.

    Adds Im<l|sum X|s> of mixer k to out[k, 0] and Im<l|D|s> of cost k to out[k, 1], out (p + 1, 2);
    half the gradient (Jones, Gacon 2020, arXiv:2009.02823).
    """
    low, high, width, row = shape[0], shape[1], shape[2], shape[3]
    groups_low, groups_high = shape[HEAD : HEAD + 2 * shape[4]], shape[HEAD + 2 * shape[4] :]
    n, p = low + high, angles.shape[0]
    packed = np.empty((5, (1 << (high + width)) + _APART if high else 0), dtype=re.dtype)
    sums, got = np.zeros(3 * lanes(re)), np.zeros(3)
    for visit in range(visit_from, visit_to - 1, -1):
        if high == 0 and visit == p:
            if flips[p - 1] and shares == 1:
                reverse(re, im, shape)
                reverse(lre, lim, shape)
            continue
        is_low = high == 0 or (p - visit) % 2 == 0
        here, turns_here, mixes_after = min(visit, p - 1), visit < p, visit > 0 and high > 0
        cos = angles[here, 1]
        done = 0 if visit == p or high == 0 else (high if is_low else low)
        after, cos_after = (
            (-angles[visit - 1, 0], angles[visit - 1, 1]) if mixes_after else (0.0, 1.0)
        )
        rates = (-angles[here, 0], -angles[here, 2], cos**n, after)
        owed = (cos ** (2 * done), cos * cos, cos_after * cos_after)
        got[:] = 0.0
        n_tiles, bits, groups = (
            (1 << high, low, groups_low)
            if is_low
            else (1 << (low - width), high + width, groups_high)
        )
        for tile in range(n_tiles * share // shares, n_tiles * (share + 1) // shares):
            start, length = tile * row if is_low else tile << width, 1 << bits
            if is_low:
                stop = start + length
                r, i, p_re, p_im = re[start:stop], im[start:stop], lre[start:stop], lim[start:stop]
                d = diagonal[start:stop]
            else:
                for k, array in enumerate((re, im, lre, lim, diagonal)):
                    _pack(array, packed[k], start, row, high, width)
                r, i, p_re, p_im = (
                    packed[0, :length],
                    packed[1, :length],
                    packed[2, :length],
                    packed[3, :length],
                )
                d = packed[4, :length]
            _backward_tile(
                r, i, p_re, p_im, d, sums, groups, is_low, turns_here, mixes_after, rates, owed, got
            )
            if not is_low:
                for k, array in enumerate((re, im, lre, lim)):
                    _unpack(packed[k], array, start, row, high, width)
        out[here, 0] += got[0]
        if turns_here:
            out[here, 1] += got[1]
        if mixes_after and turns_here:
            out[visit - 1, 0] += got[2]
        if visit and flips[visit - 1] and shares == 1:
            reverse(re, im, shape)
            reverse(lre, lim, shape)


@_summed
def energy(re: Array, im: Array, observable: Array, first: int, last: int) -> float:
    """Sum of observable |amplitude|^2 over first .. last - 1; all arrays (2^n,)."""
    total = 0.0
    # indices from 0 on: nothing to wrap, so vectors
    r, j, values = re[first:last], im[first:last], observable[first:last]
    for i in range(r.shape[0]):
        total += values[i] * (r[i] * r[i] + j[i] * j[i])
    return total


@_summed
def energy_and_adjoint(
    re: Array,
    im: Array,
    observable: Array,
    lre: Array,
    lim: Array,
    scale: float,
    first: int,
    last: int,
) -> float:
    """Pay `scale`, set the adjoint to observable times state, and return the energy, over first ..
    last - 1.
    """
    total = 0.0
    s_re, s_im, l_re, l_im, values = (
        re[first:last],
        im[first:last],
        lre[first:last],
        lim[first:last],
        observable[first:last],
    )
    for i in range(s_re.shape[0]):
        r, j = scale * s_re[i], scale * s_im[i]
        s_re[i], s_im[i] = r, j
        l_re[i], l_im[i] = values[i] * r, values[i] * j
        total += values[i] * (r * r + j * j)
    return total


@_summed
def probabilities(
    re: Array, im: Array, shape: Array, scale: float, out: Array, first: int, last: int
) -> None:
    """Scale |amplitude|^2 of low tiles first .. last - 1 into the (2^n,) out."""
    length, row = 1 << shape[0], shape[3]
    for tile in range(first, last):
        start = tile * row
        r, i, p = (
            re[start : start + length],
            im[start : start + length],
            out[tile * length : (tile + 1) * length],
        )
        for j in range(length):
            p[j] = scale * (r[j] * r[j] + i[j] * i[j])
