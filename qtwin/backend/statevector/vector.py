"""Butterflies on a register of amplitudes at a time, emitted as LLVM vectors, so that no compiler
has to guess the parallelism.

A register holds `lanes` amplitudes, as many as its bytes and the precision of the arrays allow (4
or 8 in double precision, 8 or 16 in single). The state is split into real and imaginary arrays. A
call works on 2^size vectors that lie `stride` apart and applies, in registers, the unnormalised
mixer prod_q (1 - i t X_q) = prod_q exp(-i beta X_q) / cos(beta), t = tan(beta), to the `size`
qubits those vectors span; `within` adds the qubits inside a vector. Four multiply-adds per pair:
half the arithmetic of the normalised form; the cosines are owed and paid with the next phase.
`turn` puts a cost phase between two mixers, `unmix` and `unturn` do the same to a state and its
adjoint and add up the inner products that the gradient needs. Strides are run-time values: nothing
here depends on the number of qubits. What is compiled from here is cached with the files that use
it: after a change here clear the caches (`make clean`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import types
from numba.extending import intrinsic

_INT = ir.IntType(64)
ZERO = ir.Constant(_INT, 0)
_CONTRACT = ("contract",)
REGISTER_BYTES = 64 if get_host_cpu_features().get("avx512f") else 32
# sin(a) and cos(a) on |a| <= pi/4: S. L. Moshier, Cephes Mathematical Library, sin.c, sinf.c,
# relative errors 1.2e-16, 1e-7.
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
_SIN_SINGLE = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS_SINGLE = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_HALF_PI = 1.57079632679489661923

_N, _F = types.intp, types.float64


def compiled_by(function: Callable[..., Any]) -> Any:
    """Numba's intrinsic, untyped."""
    return intrinsic(function)


Vectors = list[Any]


class Emitter:
    """Vector arithmetic on one builder."""

    def __init__(
        self, context: Any, builder: Any, kinds: tuple[Any, ...], values: tuple[Any, ...]
    ) -> None:
        self.b = builder
        self.arguments = [
            context.make_array(kind)(context, builder, value).data
            if isinstance(kind, types.Array)
            else value
            for kind, value in zip(kinds, values, strict=True)
        ]
        self.single = (
            next(kind for kind in kinds if isinstance(kind, types.Array)).dtype == types.float32
        )
        self.lanes = REGISTER_BYTES // (4 if self.single else 8)
        self.vector = ir.VectorType(ir.FloatType() if self.single else ir.DoubleType(), self.lanes)
        self.swaps = [
            [k ^ 1 << q for k in range(self.lanes)] for q in range(self.lanes.bit_length() - 1)
        ]

    def number(self, value: float) -> Any:
        return ir.Constant(self.vector, [value] * self.lanes)

    def spread(self, scalar: Any) -> Any:
        fitting = self.b.fptrunc(scalar, ir.FloatType()) if self.single else scalar
        empty = ir.Constant(self.vector, ir.Undefined)
        first = self.b.insert_element(empty, fitting, ir.Constant(ir.IntType(32), 0))
        return self.swap(first, [0] * self.lanes)

    def swap(self, v: Any, lanes: list[int]) -> Any:
        return self.b.shuffle_vector(
            v, v, ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), lanes)
        )

    def mul(self, x: Any, y: Any) -> Any:
        return self.b.fmul(x, y, flags=_CONTRACT)

    def add(self, x: Any, y: Any) -> Any:
        return self.b.fadd(x, y, flags=_CONTRACT)

    def sub(self, x: Any, y: Any) -> Any:
        return self.b.fsub(x, y, flags=_CONTRACT)

    def fused(self, x: Any, y: Any, z: Any) -> Any:
        """Return x y + z, rounded once where the processor can."""
        name = f"llvm.fmuladd.v{self.lanes}f{32 if self.single else 64}"
        declared = self.b.module.globals.get(name)
        function = declared or ir.Function(
            self.b.module, ir.FunctionType(self.vector, [self.vector] * 3), name
        )
        return self.b.call(function, [x, y, z])

    def at(self, pointer: Any, index: Any) -> Any:
        return self.b.bitcast(self.b.gep(pointer, [index]), self.vector.as_pointer())

    def places(self, start: Any, stride: Any, size: int) -> Vectors:
        return [
            self.b.add(start, self.b.mul(stride, ir.Constant(_INT, k))) for k in range(1 << size)
        ]

    def load(self, pointer: Any, places: Vectors) -> Vectors:
        return [self.b.load(self.at(pointer, i), align=4 if self.single else 8) for i in places]

    def store(self, pointer: Any, places: Vectors, values: Vectors) -> None:
        for i, v in zip(places, values, strict=True):
            self.b.store(v, self.at(pointer, i), align=4 if self.single else 8)

    def accumulate(self, pointer: Any, slot: int, value: Any) -> None:
        """Add to a slot of the sums, which are in double precision."""
        doubles = ir.VectorType(ir.DoubleType(), self.lanes)
        wide = self.b.fpext(value, doubles) if self.single else value
        where = self.b.bitcast(
            self.b.gep(pointer, [ir.Constant(_INT, slot * self.lanes)]), doubles.as_pointer()
        )
        self.b.store(self.add(self.b.load(where, align=8), wide), where, align=8)

    def mix(self, re: Vectors, im: Vectors, t: Any, size: int, *, within: bool) -> None:
        """Apply prod_q (1 - i t X_q) in place."""
        if within:
            for lanes in self.swaps:
                for k in range(len(re)):
                    other_re, other_im = self.swap(re[k], lanes), self.swap(im[k], lanes)
                    re[k], im[k] = (
                        self.add(self.mul(t, other_im), re[k]),
                        self.sub(im[k], self.mul(t, other_re)),
                    )
        for q in range(size):
            for a in (k for k in range(len(re)) if not k >> q & 1):
                b = a | 1 << q
                re_a, im_a, re_b, im_b = re[a], im[a], re[b], im[b]
                re[a], im[a] = self.add(self.mul(t, im_b), re_a), self.sub(im_a, self.mul(t, re_b))
                re[b], im[b] = self.add(self.mul(t, im_a), re_b), self.sub(im_b, self.mul(t, re_a))

    def phase(self, diagonal: Any, turns: Any, scale: Any) -> tuple[Any, Any]:
        """Scale * (cos, sin)(2 pi turns diagonal): reduce to half a turn, a quarter of the angle,
        then double it twice.
        """
        # adding and subtracting it rounds to the nearest integer
        big = self.number(1.5 * 2.0 ** (23 if self.single else 52))
        whole = self.b.fsub(self.b.fadd(self.mul(diagonal, turns), big), big)
        # one rounding: single precision keeps the digits of the phase
        rest = self.fused(diagonal, turns, self.b.fneg(whole))
        a = self.mul(rest, self.number(_HALF_PI))
        z = self.mul(a, a)
        sines, cosines = (_SIN_SINGLE, _COS_SINGLE) if self.single else (_SIN, _COS)
        p, q = self.number(sines[0]), self.number(cosines[0])
        for c_sin, c_cos in zip(sines[1:], cosines[1:], strict=True):
            p, q = (
                self.add(self.mul(p, z), self.number(c_sin)),
                self.add(self.mul(q, z), self.number(c_cos)),
            )
        s = self.add(self.mul(self.mul(p, z), a), a)
        c = self.add(self.mul(self.sub(self.mul(q, z), self.number(0.5)), z), self.number(1.0))
        twice_s = self.add(s, s)
        s2, c2 = self.mul(twice_s, c), self.sub(self.number(1.0), self.mul(twice_s, s))
        scaled = self.mul(self.add(s2, s2), scale)
        return self.sub(scale, self.mul(scaled, s2)), self.mul(scaled, c2)

    def turn(self, re: Any, im: Any, cos: Any, sin: Any) -> tuple[Any, Any]:
        """(cos - i sin) (re + i im)."""
        return self.add(self.mul(sin, im), self.mul(cos, re)), self.sub(
            self.mul(cos, im), self.mul(sin, re)
        )

    def flips(
        self, re: Vectors, im: Vectors, lre: Vectors, lim: Vectors, size: int, *, within: bool
    ) -> Any:
        """Im <l| sum_q X_q |s>, lane by lane, in four independent chains."""
        chains = [self.number(0.0)] * 4
        for k in range(len(re)):
            partners = [(re[k ^ 1 << q], im[k ^ 1 << q]) for q in range(size)]
            if within:
                partners += [
                    (self.swap(re[k], lanes), self.swap(im[k], lanes)) for lanes in self.swaps
                ]
            for other_re, other_im in partners:
                c = 2 * (k & 1)
                chains[c] = self.add(self.mul(lre[k], other_im), chains[c])
                chains[c + 1] = self.add(self.mul(lim[k], other_re), chains[c + 1])
        return self.sub(self.add(chains[0], chains[2]), self.add(chains[1], chains[3]))


def body(emit: Callable[[Emitter], None]) -> Any:
    """What numba calls to write the body of an intrinsic."""

    def generate(context: Any, builder: Any, signature: Any, values: tuple[Any, ...]) -> Any:
        emit(Emitter(context, builder, signature.args, values))
        return context.get_dummy_value()

    return generate


def _mix(size: int, *, within: bool) -> Any:
    def emit(e: Emitter) -> None:
        re, im, start, stride, t = e.arguments
        places = e.places(start, stride, size)
        r, i = e.load(re, places), e.load(im, places)
        e.mix(r, i, e.spread(t), size, within=within)
        e.store(re, places, r)
        e.store(im, places, i)

    @compiled_by
    def kernel(context: Any, re: Any, im: Any, start: Any, stride: Any, t: Any) -> Any:
        return types.void(re, im, _N, _N, _F), body(emit)

    return kernel


def _turn(size: int) -> Any:
    def emit(e: Emitter) -> None:
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

    @compiled_by
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
        return types.void(re, im, diagonal, _N, _N, _F, _F, _F, _F), body(emit)

    return kernel


def _unmix(size: int, *, within: bool) -> Any:
    def emit(e: Emitter) -> None:
        re, im, lre, lim, sums, start, stride, t = e.arguments
        places = e.places(start, stride, size)
        arrays = (re, im, lre, lim)
        r, i, p, q = (e.load(a, places) for a in arrays)
        e.accumulate(sums, 0, e.flips(r, i, p, q, size, within=within))
        e.mix(r, i, e.spread(t), size, within=within)
        e.mix(p, q, e.spread(t), size, within=within)
        for array, values in zip(arrays, (r, i, p, q), strict=True):
            e.store(array, places, values)

    @compiled_by
    def kernel(
        context: Any,
        re: Any,
        im: Any,
        lre: Any,
        lim: Any,
        sums: Any,
        start: Any,
        stride: Any,
        t: Any,
    ) -> Any:
        return types.void(re, im, lre, lim, sums, _N, _N, _F), body(emit)

    return kernel


def _unturn(size: int) -> Any:
    def emit(e: Emitter) -> None:
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

    @compiled_by
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
        return types.void(re, im, lre, lim, diagonal, sums, _N, _N, _F, _F, _F, _F), body(emit)

    return kernel


@compiled_by
def lanes(context: Any, array: Any) -> Any:
    """Amplitudes in a register, a constant where it is compiled."""
    count = REGISTER_BYTES // (4 if array.dtype == types.float32 else 8)

    def emit(_: Any, builder: Any, signature: Any, values: tuple[Any, ...]) -> Any:
        return ir.Constant(_INT, count)

    return types.intp(array), emit


@compiled_by
def move(context: Any, source: Any, start: Any, target: Any, to: Any) -> Any:
    """Copy one vector from source[start:] to target[to:]."""

    def emit(e: Emitter) -> None:
        read, i, write, j = e.arguments
        e.store(write, [j], e.load(read, [i]))

    return types.void(source, _N, target, _N), body(emit)


mix2, mix3 = _mix(2, within=False), _mix(3, within=False)
mix2_within, mix3_within = _mix(2, within=True), _mix(3, within=True)
turn2, turn3 = _turn(2), _turn(3)
unmix2, unmix3 = _unmix(2, within=False), _unmix(3, within=False)
unmix2_within, unmix3_within = _unmix(2, within=True), _unmix(3, within=True)
unturn2, unturn3 = _unturn(2), _unturn(3)
turn1, unturn1 = _turn(0), _unturn(0)
