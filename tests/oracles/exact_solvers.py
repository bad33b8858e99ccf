"""The exact solvers, each with the options that make it another method."""

from __future__ import annotations

from typing import Any

import pytest

from qtwin.errors import MissingVendorError
from qtwin.solver import registry
from qtwin.solver.base import Solver

Case = tuple[str, dict[str, Any]]

EXACT: list[Case] = [
    ("auto", {}),
    ("enumeration", {}),
    ("cp-sat", {}),
    ("highs", {}),
    ("highs", {"cut_share": 0.0}),
    ("scip", {}),
    ("gurobi", {"form": "linear"}),
    ("gurobi", {"form": "quadratic"}),
]
BOUNDED = [(n, o) for n, o in EXACT if n not in ("auto", "enumeration") and o != {"cut_share": 0.0}]
"""Branch and bound proper."""


def name_of(case: Case) -> str:
    return "-".join((case[0], *(str(v) for v in case[1].values())))


def load(case: Case) -> Solver:
    try:
        return registry.load(*case)
    except MissingVendorError as error:
        pytest.skip(error.message)
