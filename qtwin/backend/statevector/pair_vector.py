"""One rotation exp(-i theta P) on a register of amplitudes at a time; see `packed` for what the
numbers mean.

A Pauli string pairs the amplitudes a and b = a ^ x. With t = sin(theta) times the sign of P at a,
an even number of Y gives a' = c a - i t b and b' = c b - i t a; an odd number gives a' = c a - t b
and b' = c b + t a. `signs` holds the sign that the lanes of a register add. The undoing kernels
rotate a state and its adjoint l and add up, without the common factor, Im <l|P|s>.
"""

from __future__ import annotations

from typing import Any

from numba import types

from qtwin.backend.statevector.vector import ZERO, Emitter, body, compiled_by

_N, _F = types.intp, types.float64


def _load(e: Emitter, arrays: tuple[Any, ...], place: Any) -> list[Any]:
    return [e.load(array, [place])[0] for array in arrays]


def _store(e: Emitter, arrays: tuple[Any, ...], place: Any, values: list[Any]) -> None:
    for array, value in zip(arrays, values, strict=True):
        e.store(array, [place], [value])


def _turned(
    e: Emitter, c: Any, t: Any, a: list[Any], b: list[Any], *, odd: bool
) -> tuple[list[Any], list[Any]]:
    """The pair after the rotation; a and b are (real, imaginary)."""
    (ar, ai), (br, bi) = a, b
    if odd:
        return (
            [e.sub(e.mul(c, ar), e.mul(t, br)), e.sub(e.mul(c, ai), e.mul(t, bi))],
            [e.add(e.mul(c, br), e.mul(t, ar)), e.add(e.mul(c, bi), e.mul(t, ai))],
        )
    return (
        [e.add(e.mul(c, ar), e.mul(t, bi)), e.sub(e.mul(c, ai), e.mul(t, br))],
        [e.add(e.mul(c, br), e.mul(t, ai)), e.sub(e.mul(c, bi), e.mul(t, ar))],
    )


def _pair(*, odd: bool) -> Any:
    def emit(e: Emitter) -> None:
        re, im, signs, a, b, cos, sin = e.arguments
        both = (re, im)
        t = e.mul(e.spread(sin), e.load(signs, [ZERO])[0])
        one, two = _turned(e, e.spread(cos), t, _load(e, both, a), _load(e, both, b), odd=odd)
        _store(e, both, a, one)
        _store(e, both, b, two)

    @compiled_by
    def kernel(
        context: Any, re: Any, im: Any, signs: Any, a: Any, b: Any, cos: Any, sin: Any
    ) -> Any:
        return types.void(re, im, signs, _N, _N, _F, _F), body(emit)

    return kernel


def _unpair(*, odd: bool) -> Any:
    def emit(e: Emitter) -> None:
        re, im, lre, lim, signs, sums, a, b, cos, sin, weight = e.arguments
        state, adjoint = (re, im), (lre, lim)
        lanes = e.load(signs, [ZERO])[0]
        c, t = e.spread(cos), e.mul(e.spread(sin), lanes)
        sa, sb, la, lb = (
            _load(e, state, a),
            _load(e, state, b),
            _load(e, adjoint, a),
            _load(e, adjoint, b),
        )
        if odd:
            plus, minus = (
                e.add(e.mul(lb[0], sa[0]), e.mul(lb[1], sa[1])),
                e.add(e.mul(la[0], sb[0]), e.mul(la[1], sb[1])),
            )
        else:
            plus, minus = (
                e.add(e.mul(la[0], sb[1]), e.mul(lb[0], sa[1])),
                e.add(e.mul(la[1], sb[0]), e.mul(lb[1], sa[0])),
            )
        e.accumulate(sums, 0, e.mul(e.mul(e.spread(weight), lanes), e.sub(plus, minus)))
        for arrays, one, two in ((state, sa, sb), (adjoint, la, lb)):
            first, second = _turned(e, c, t, one, two, odd=odd)
            _store(e, arrays, a, first)
            _store(e, arrays, b, second)

    @compiled_by
    def kernel(
        context: Any,
        re: Any,
        im: Any,
        lre: Any,
        lim: Any,
        signs: Any,
        sums: Any,
        a: Any,
        b: Any,
        cos: Any,
        sin: Any,
        weight: Any,
    ) -> Any:
        return types.void(re, im, lre, lim, signs, sums, _N, _N, _F, _F, _F), body(emit)

    return kernel


@compiled_by
def phase(context: Any, re: Any, im: Any, signs: Any, a: Any, cos: Any, sin: Any) -> Any:
    """A string without X or Y: a' = (c - i t) a."""

    def emit(e: Emitter) -> None:
        re, im, signs, a, cos, sin = e.arguments
        r, i = _load(e, (re, im), a)
        t = e.mul(e.spread(sin), e.load(signs, [ZERO])[0])
        _store(e, (re, im), a, list(e.turn(r, i, e.spread(cos), t)))

    return types.void(re, im, signs, _N, _F, _F), body(emit)


@compiled_by
def unphase(
    context: Any,
    re: Any,
    im: Any,
    lre: Any,
    lim: Any,
    signs: Any,
    sums: Any,
    a: Any,
    cos: Any,
    sin: Any,
    weight: Any,
) -> Any:
    """The same undone for state and adjoint."""

    def emit(e: Emitter) -> None:
        re, im, lre, lim, signs, sums, a, cos, sin, weight = e.arguments
        (r, i), (p, q) = _load(e, (re, im), a), _load(e, (lre, lim), a)
        lanes = e.load(signs, [ZERO])[0]
        c, t = e.spread(cos), e.mul(e.spread(sin), lanes)
        e.accumulate(
            sums, 0, e.mul(e.mul(e.spread(weight), lanes), e.sub(e.mul(p, i), e.mul(q, r)))
        )
        _store(e, (re, im), a, list(e.turn(r, i, c, t)))
        _store(e, (lre, lim), a, list(e.turn(p, q, c, t)))

    return types.void(re, im, lre, lim, signs, sums, _N, _F, _F, _F), body(emit)


pair_even, pair_odd = _pair(odd=False), _pair(odd=True)
unpair_even, unpair_odd = _unpair(odd=False), _unpair(odd=True)
