"""Surrogates: from utilities simulated on the twin to a polynomial. `TABLE` maps a name to where it
lives; one file a surrogate.

A surrogate is a function ``(simulator, feasible, budget, rng) -> Fitted``: it asks for the
utilities it wants and returns a polynomial over the options, with what it simulated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import unknown_name

Array = NDArray[np.float64]
Bits = NDArray[np.uint8]
Simulate = Callable[[Bits], Array]


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A surrogate of one problem.

    Attributes:
        polynomial: Encoded utility over the options, to be maximised.
        bits: (m, n) choices that were simulated for it, feasible or not.
        utility: (m,) what they are worth on the twin.
        certified: Whether its best feasible choice was shown to be the twin's, within its own error
            bound.
        words: What it did, in a few words.
    """

    polynomial: BinaryPolynomial
    bits: Bits
    utility: Array
    certified: bool = False
    words: str = ""


Surrogate = Callable[[Simulate, Bits, int, np.random.Generator], Fitted]

TABLE: dict[str, str] = {
    "additive": "qtwin.encoding.surrogate.cut_hdmr:first_order",
    "cut second-order": "qtwin.encoding.surrogate.cut_hdmr:second_order",
    "cut third-order": "qtwin.encoding.surrogate.cut_hdmr:third_order",
    "quadratic": "qtwin.encoding.surrogate.least_squares:pairs",
    "cubic": "qtwin.encoding.surrogate.least_squares:triples",
    "active quadratic": "qtwin.encoding.surrogate.active:pairs",
    "active cubic": "qtwin.encoding.surrogate.active:triples",
}


def order_of(name: str) -> int:
    """The order of a surrogate: most options in one term."""
    return (
        3
        if "cubic" in name or "third" in name
        else 2
        if "quadratic" in name or "second" in name
        else 1
    )


def load(name: str) -> Surrogate:
    """A surrogate by name.

    Raises:
        InputError: for an unknown name, with the nearest known one.
    """
    if name not in TABLE:
        raise unknown_name("surrogate", name, TABLE)
    module, _, function = TABLE[name].partition(":")
    found: Any = getattr(import_module(module), function)
    return found  # type: ignore[no-any-return]
