"""Butterflies on four amplitudes at a time, emitted as LLVM vectors, so that no compiler has to guess the parallelism.

The state is split into real and imaginary arrays. A call works on 2^size vectors that lie `stride` apart and applies, in
registers, the unnormalised mixer prod_q (1 - i t X_q) = prod_q exp(-i beta X_q) / cos(beta), t = tan(beta), to the `size`
qubits those vectors span; `within` adds the two qubits inside a vector. Four multiply-adds per pair: half the arithmetic of
the normalised form; the cosines are owed and paid with the next phase. `turn` puts a cost phase between two mixers,
`unmix` and `unturn` do the same to a state and its adjoint and add up the inner products that the gradient needs.
Strides are run-time values: nothing here depends on the number of qubits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 4
_DOUBLE = ir.DoubleType()
_LANES = ir.VectorType(_DOUBLE, LANES)
_INT = ir.IntType(64)
_SWAPS = ((1, 0, 3, 2), (2, 3, 0, 1))
_CONTRACT = ("contract",)
# sin(a) and cos(a) on |a| <= pi/4: S. L. Moshier, Cephes Mathematical Library, sin.c, relative error below 1.2e-16.
_SIN = (
    1.58962301576546568060e-10,
    -2.50507477628578072866e-8,
    2.75573136213857245213e-6,
    -1.98412698295895385996e-4,
    8.33333333332211858878e-3,
    -1.66666666666666307295e-1,
)
_COS = (
    -1.13585365213876817300e-11,
    2.08757008419747316778e-9,
    -2.75573141792967388112e-7,
    2.48015872888517045348e-5,
    -1.38888888888730564116e-3,
    4.16666666666665929218e-2,
)
_ROUND = 1.5 * 2.0**52  # adding and subtracting it rounds a double to the nearest integer
_HALF_PI = 1.57079632679489661923

_N, _F = types.intp, types.float64


def _intrinsic(function: Callable[..., Any]) -> Any:
    return intrinsic(function)


Vectors = list[Any]


class _Emitter:
    """Vector arithmetic on one builder."""

    def __init__(self, context: Any, builder: Any, kinds: tuple[Any, ...], values: tuple[Any, ...]) -> None:
        self.b = builder
        self.arguments = [
            context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
            for kind, value in zip(kinds, values, strict=True)
        ]

    def number(self, value: float) -> Any:
        return ir.Constant(_LANES, [value] * LANES)

    def spread(self, scalar: Any) -> Any:
        empty = ir.Constant(_LANES, ir.Undefined)
        first = self.b.insert_element(empty, scalar, ir.Constant(ir.IntType(32), 0))
        return self.b.shuffle_vector(first, empty, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))

    def swap(self, v: Any, lanes: tuple[int, ...]) -> Any:
        return self.b.shuffle_vector(v, v, ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(lanes)))

    def mul(self, x: Any, y: Any) -> Any:
        return self.b.fmul(x, y, flags=_CONTRACT)

    def add(self, x: Any, y: Any) -> Any:
        return self.b.fadd(x, y, flags=_CONTRACT)

    def sub(self, x: Any, y: Any) -> Any:
        return self.b.fsub(x, y, flags=_CONTRACT)

    def at(self, pointer: Any, index: Any) -> Any:
        return self.b.bitcast(self.b.gep(pointer, [index]), _LANES.as_pointer())

    def places(self, start: Any, stride: Any, size: int) -> Vectors:
        return [self.b.add(start, self.b.mul(stride, ir.Constant(_INT, k))) for k in range(1 << size)]

    def load(self, pointer: Any, places: Vectors) -> Vectors:
        return [self.b.load(self.at(pointer, i), align=8) for i in places]

    def store(self, pointer: Any, places: Vectors, values: Vectors) -> None:
        for i, v in zip(places, values, strict=True):
            self.b.store(v, self.at(pointer, i), align=8)

    def accumulate(self, pointer: Any, slot: int, value: Any) -> None:
        where = self.at(pointer, ir.Constant(_INT, slot * LANES))
        self.b.store(self.add(self.b.load(where, align=8), value), where, align=8)

    def mix(self, re: Vectors, im: Vectors, t: Any, size: int, *, within: bool) -> None:
        """Apply prod_q (1 - i t X_q) in place."""
        if within:
            for lanes in _SWAPS:
                for k in range(len(re)):
                    other_re, other_im = self.swap(re[k], lanes), self.swap(im[k], lanes)
                    re[k], im[k] = self.add(self.mul(t, other_im), re[k]), self.sub(im[k], self.mul(t, other_re))
        for q in range(size):
            for a in (k for k in range(len(re)) if not k >> q & 1):
                b = a | 1 << q
                re_a, im_a, re_b, im_b = re[a], im[a], re[b], im[b]
                re[a], im[a] = self.add(self.mul(t, im_b), re_a), self.sub(im_a, self.mul(t, re_b))
                re[b], im[b] = self.add(self.mul(t, im_a), re_b), self.sub(im_b, self.mul(t, re_a))

    def phase(self, diagonal: Any, turns: Any, scale: Any) -> tuple[Any, Any]:
        """Scale * (cos, sin)(2 pi turns diagonal): reduce to half a turn, a quarter of the angle, then double it twice."""
        y = self.mul(diagonal, turns)
        whole = self.b.fsub(self.b.fadd(y, self.number(_ROUND)), self.number(_ROUND))
        a = self.mul(self.sub(y, whole), self.number(_HALF_PI))
        z = self.mul(a, a)
        p, q = self.number(_SIN[0]), self.number(_COS[0])
        for c_sin, c_cos in zip(_SIN[1:], _COS[1:], strict=True):
            p, q = self.add(self.mul(p, z), self.number(c_sin)), self.add(self.mul(q, z), self.number(c_cos))
        s = self.add(self.mul(self.mul(p, z), a), a)
        c = self.add(self.mul(self.sub(self.mul(q, z), self.number(0.5)), z), self.number(1.0))
        twice_s = self.add(s, s)
        s2, c2 = self.mul(twice_s, c), self.sub(self.number(1.0), self.mul(twice_s, s))
        scaled = self.mul(self.add(s2, s2), scale)
        return self.sub(scale, self.mul(scaled, s2)), self.mul(scaled, c2)

    def turn(self, re: Any, im: Any, cos: Any, sin: Any) -> tuple[Any, Any]:
        """(cos - i sin) (re + i im)."""
        return self.add(self.mul(sin, im), self.mul(cos, re)), self.sub(self.mul(cos, im), self.mul(sin, re))

    def flips(self, re: Vectors, im: Vectors, lre: Vectors, lim: Vectors, size: int, *, within: bool) -> Any:
        """Im <l| sum_q X_q |s>, lane by lane, in four independent chains."""
        chains = [self.number(0.0)] * 4
        for k in range(len(re)):
            partners = [(re[k ^ 1 << q], im[k ^ 1 << q]) for q in range(size)]
            if within:
                partners += [(self.swap(re[k], lanes), self.swap(im[k], lanes)) for lanes in _SWAPS]
            for other_re, other_im in partners:
                c = 2 * (k & 1)
                chains[c] = self.add(self.mul(lre[k], other_im), chains[c])
                chains[c + 1] = self.add(self.mul(lim[k], other_re), chains[c + 1])
        return self.sub(self.add(chains[0], chains[2]), self.add(chains[1], chains[3]))


def _body(emit: Callable[[_Emitter], None]) -> Any:
    """What numba calls to write the body of an intrinsic."""

    def generate(context: Any, builder: Any, signature: Any, values: tuple[Any, ...]) -> Any:
        emit(_Emitter(context, builder, signature.args, values))
        return context.get_dummy_value()

    return generate


def _mix(size: int, *, within: bool) -> Any:
    def emit(e: _Emitter) -> None:
        re, im, start, stride, t = e.arguments
        places = e.places(start, stride, size)
        r, i = e.load(re, places), e.load(im, places)
        e.mix(r, i, e.spread(t), size, within=within)
        e.store(re, places, r)
        e.store(im, places, i)

    @_intrinsic
    def kernel(context: Any, re: Any, im: Any, start: Any, stride: Any, t: Any) -> Any:
        return types.void(re, im, _N, _N, _F), _body(emit)

    return kernel


def _turn(size: int) -> Any:
    def emit(e: _Emitter) -> None:
        re, im, diagonal, start, stride, before, turns, scale, after = e.arguments
        places = e.places(start, stride, size)
        r, i, d = e.load(re, places), e.load(im, places), e.load(diagonal, places)
        e.mix(r, i, e.spread(before), size, within=False)
        g, w = e.spread(turns), e.spread(scale)
        for k in range(len(r)):
            r[k], i[k] = e.turn(r[k], i[k], *e.phase(d[k], g, w))
        e.mix(r, i, e.spread(after), size, within=False)
        e.store(re, places, r)
        e.store(im, places, i)

    @_intrinsic
    def kernel(
        context: Any,
        re: Any,
        im: Any,
        diagonal: Any,
        start: Any,
        stride: Any,
        before: Any,
        turns: Any,
        scale: Any,
        after: Any,
    ) -> Any:
        return types.void(re, im, diagonal, _N, _N, _F, _F, _F, _F), _body(emit)

    return kernel


def _unmix(size: int, *, within: bool) -> Any:
    def emit(e: _Emitter) -> None:
        re, im, lre, lim, sums, start, stride, t = e.arguments
        places = e.places(start, stride, size)
        arrays = (re, im, lre, lim)
        r, i, p, q = (e.load(a, places) for a in arrays)
        e.accumulate(sums, 0, e.flips(r, i, p, q, size, within=within))
        e.mix(r, i, e.spread(t), size, within=within)
        e.mix(p, q, e.spread(t), size, within=within)
        for array, values in zip(arrays, (r, i, p, q), strict=True):
            e.store(array, places, values)

    @_intrinsic
    def kernel(context: Any, re: Any, im: Any, lre: Any, lim: Any, sums: Any, start: Any, stride: Any, t: Any) -> Any:
        return types.void(re, im, lre, lim, sums, _N, _N, _F), _body(emit)

    return kernel


def _unturn(size: int) -> Any:
    def emit(e: _Emitter) -> None:
        re, im, lre, lim, diagonal, sums, start, stride, before, turns, scale, after = e.arguments
        places = e.places(start, stride, size)
        arrays = (re, im, lre, lim)
        r, i, p, q = (e.load(a, places) for a in arrays)
        d = e.load(diagonal, places)
        e.accumulate(sums, 0, e.flips(r, i, p, q, size, within=False))
        e.mix(r, i, e.spread(before), size, within=False)
        e.mix(p, q, e.spread(before), size, within=False)
        g, w, cost = e.spread(turns), e.spread(scale), e.number(0.0)
        for k in range(len(r)):
            cost = e.add(e.mul(d[k], e.sub(e.mul(p[k], i[k]), e.mul(q[k], r[k]))), cost)
            cos, sin = e.phase(d[k], g, w)
            r[k], i[k] = e.turn(r[k], i[k], cos, sin)
            p[k], q[k] = e.turn(p[k], q[k], cos, sin)
        e.accumulate(sums, 1, cost)
        e.accumulate(sums, 2, e.flips(r, i, p, q, size, within=False))
        e.mix(r, i, e.spread(after), size, within=False)
        e.mix(p, q, e.spread(after), size, within=False)
        for array, values in zip(arrays, (r, i, p, q), strict=True):
            e.store(array, places, values)

    @_intrinsic
    def kernel(
        context: Any,
        re: Any,
        im: Any,
        lre: Any,
        lim: Any,
        diagonal: Any,
        sums: Any,
        start: Any,
        stride: Any,
        before: Any,
        turns: Any,
        scale: Any,
        after: Any,
    ) -> Any:
        return types.void(re, im, lre, lim, diagonal, sums, _N, _N, _F, _F, _F, _F), _body(emit)

    return kernel


@_intrinsic
def move(context: Any, source: Any, start: Any, target: Any, to: Any) -> Any:
    """Copy one vector from source[start:] to target[to:]."""

    def emit(e: _Emitter) -> None:
        read, i, write, j = e.arguments
        e.store(write, [j], e.load(read, [i]))

    return types.void(source, _N, target, _N), _body(emit)


mix2, mix3 = _mix(2, within=False), _mix(3, within=False)
mix2_within, mix3_within = _mix(2, within=True), _mix(3, within=True)
turn2, turn3 = _turn(2), _turn(3)
unmix2, unmix3 = _unmix(2, within=False), _unmix(3, within=False)
unmix2_within, unmix3_within = _unmix(2, within=True), _unmix(3, within=True)
unturn2, unturn3 = _unturn(2), _unturn(3)
