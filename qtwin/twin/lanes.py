"""A column of a flat scratch array whose rows are `LANES` courses wide, so that one arithmetic
serves several courses at once.

Row k of the scratch array `w` is w[k * LANES : (k + 1) * LANES], one number of each lane.
`column(w, k * LANES + lane)` is what the equations of one lane see: its element i is the number of
row k + i. A plain strided view of NumPy's would say the same, but the compiler then no longer sees
that neighbouring lanes lie side by side, and computes one after the other.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, overload, register_jitable, register_model

LANES = 16
"""Courses side by side: two registers of AVX-512, four of AVX2, so that one hides the other's
latency.
"""

_DATA = ir.LiteralStructType([ir.DoubleType().as_pointer(), ir.IntType(64)])


class Column(types.Type):
    """Start of the scratch array, and where in it the column begins."""

    def __init__(self) -> None:
        super().__init__(name="Column")


@register_model(Column)
class _ColumnModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _DATA)  # type: ignore[no-untyped-call]


def _address(builder: Any, column: Any, index: Any) -> Any:
    start, first = builder.extract_value(column, 0), builder.extract_value(column, 1)
    rows = builder.mul(index, ir.Constant(index.type, LANES), flags=["nsw"])
    return builder.gep(start, [builder.add(rows, first, flags=["nsw"])], inbounds=True)


def _at(typing_context: Any, w: Any, first: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        both = builder.insert_value(ir.Constant(_DATA, ir.Undefined), start, 0)
        return builder.insert_value(both, arguments[1], 1)

    return Column()(w, types.intp), build


def _get(typing_context: Any, of: Any, index: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_address(builder, *arguments))

    return types.float64(of, types.intp), build


def _set(typing_context: Any, of: Any, index: Any, value: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _address(builder, *arguments[:2]))
        return context.get_dummy_value()

    return types.void(of, types.intp, types.float64), build


_begin: Any = intrinsic(_at)
_load: Any = intrinsic(_get)
_store: Any = intrinsic(_set)


@register_jitable(inline="always")
def column(w: Any, first: int) -> Any:
    """The column that begins at w[first]; no bounds are checked, and it lives no longer than
    `w`.
    """
    return _begin(w, first)


@overload(operator.getitem)
def _getitem(of, index):  # type: ignore[no-untyped-def]  # numba compares the two signatures, annotations and all
    if isinstance(of, Column) and isinstance(index, types.Integer):
        return lambda of, index: _load(of, index)
    return None


@overload(operator.setitem)
def _setitem(of, index, value):  # type: ignore[no-untyped-def]
    if isinstance(of, Column) and isinstance(index, types.Integer):
        return lambda of, index, value: _store(of, index, value)
    return None
