"""Bit counts as single machine instructions, for compiled loops over 64-bit words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _intrinsic(function: Callable[..., Any]) -> Any:
    return intrinsic(function)


@_intrinsic
def popcount(context: Any, word: Any) -> Any:
    """Number of ones of an int64."""

    def emit(_: Any, builder: Any, signature: Any, values: tuple[Any, ...]) -> Any:
        return builder.ctpop(values[0])

    return types.int64(types.int64), emit


@_intrinsic
def lowest(context: Any, word: Any) -> Any:
    """Place of the lowest one of an int64 that is not zero."""

    def emit(_: Any, builder: Any, signature: Any, values: tuple[Any, ...]) -> Any:
        return builder.cttz(values[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), emit
