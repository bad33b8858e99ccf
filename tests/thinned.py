"""Long lists of cases: a few in every run, the others in the slow suite."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def thinned(cases: Iterable[Any], keep: int) -> list[Any]:
    """The cases as parameters, those after the first `keep` marked slow."""
    made = []
    for k, case in enumerate(cases):
        values = case if isinstance(case, tuple) else (case,)
        made.append(pytest.param(*values, marks=pytest.mark.slow if k >= keep else ()))
    return made
