"""Families of instances with a known optimum, a known hardness or a patient behind them.

One file a family, one line in `TABLE`.

A family is a function ``(n, seed, **options) -> Generated``; equal arguments give equal instances
on every machine.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin import plugins
from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError, unknown_name
from qtwin.problem.regimen import RegimenProblem

LARGEST = 200
"""Variables of the largest instance that a family makes."""

TABLE: dict[str, str] = {
    "frustrated-loops": "qtwin.encoding.generate.frustrated_loops:generate",
    "wishart": "qtwin.encoding.generate.wishart:generate",
    "xorsat": "qtwin.encoding.generate.xorsat:generate",
    "dense": "qtwin.encoding.generate.dense:generate",
    "three-regular": "qtwin.encoding.generate.three_regular:generate",
    "sherrington-kirkpatrick": "qtwin.encoding.generate.sherrington_kirkpatrick:generate",
    "cardinality": "qtwin.encoding.generate.cardinality:generate",
    "labs": "qtwin.encoding.generate.labs:generate",
    "twin": "qtwin.encoding.generate.twin:generate",
    "screen": "qtwin.encoding.generate.screen:generate",
    "file": "qtwin.encoding.generate.file:generate",
}


GROUP = "qtwin.families"
"""Entry points of packages that bring families."""

PUBLISHED_PROOFS: dict[str, str] = {
    "labs": "branch and bound of Packebusch, Mertens 2016, J Phys A 49:165001",
}
"""Families whose known optima were proven by others, classically."""


@dataclass(frozen=True, kw_only=True)
class Generated:
    """One instance and what is known of it.

    Attributes:
        family: Name in `TABLE`.
        seed: Of everything random.
        options: The family's own options.
        encoding: What solvers minimise.
        optimum: Lowest energy of a feasible assignment where the construction proves it, else None.
        optimal_bits: (n,) an assignment with that energy, else None.
        hardness: What is known of how hard it is, with its source.
        problem: The twin's question behind it, for families that have one.
        wall_s: Seconds by `model` (twin and question) and `encode`, for families that have both;
            else empty.
    """

    family: str
    seed: int
    options: Mapping[str, Any] = field(default_factory=dict)
    encoding: BinaryModel
    optimum: float | None = None
    optimal_bits: NDArray[np.uint8] | None = None
    hardness: str
    problem: RegimenProblem | None = None
    wall_s: Mapping[str, float] = field(default_factory=dict)


Family = Callable[..., Generated]


def load(family: str) -> Family:
    """A family by name.

    Raises:
        InputError: for an unknown name, with the nearest known one.
    """
    known = plugins.places(GROUP, TABLE)
    if family not in known:
        raise unknown_name("family of instances", family, known)
    module, _, function = known[family].partition(":")
    found: Any = getattr(import_module(module), function)
    return found  # type: ignore[no-any-return]


def options_of(family: str) -> dict[str, Any]:
    """The family's own options with their defaults."""
    return {
        k: p.default
        for k, p in inspect.signature(load(family)).parameters.items()
        if k not in ("n", "seed")
    }


def make(family: str, n: int, *, seed: int, **options: Any) -> Generated:
    """An instance of a family.

    Raises:
        InputError: for an unknown family or option, or a size that the family does not have.

    Example:
        >>> import qtwin as qt
        >>> made = qt.generate('labs', 7, seed=1)  # the Barker sequence of length 7 has energy 3
        >>> made.optimum, made.encoding.n_variables
        (3.0, 7)
    """
    known = options_of(family)
    for name in options:
        if name not in known:
            raise unknown_name(f"option of family {family!r}:", name, known)
    if n < 1 or (n > LARGEST and family != "file"):
        raise InputError(f"expected 1 to {LARGEST} variables, got {n}", hint="choose another size")
    return load(family)(n, seed, **options)
