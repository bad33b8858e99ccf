"""Drawing allowed choices, each one as likely as every other: exactly from a decision diagram, else by rejection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InfeasibleError, InputError
from qtwin.problem.constraint import Constraint, is_row
from qtwin.problem.diagram import Diagram, diagram, whole_row
from qtwin.problem.feasible import groups_of
from qtwin.problem.feasible_set import relaxed

_MOST_NODES = 100_000
_MOST_DRAWS, _BATCH = 4_000_000, 50_000


@final
@dataclass(frozen=True, kw_only=True)
class Uniform:
    """Independent draws of allowed choices.

    Attributes:
        method: "exact" draws from all allowed choices; "rejection" from more than those, keeping what is allowed.
        source: What is drawn from.
        constraints: What a draw has to satisfy.
    """

    method: Literal["exact", "rejection"]
    source: Diagram
    constraints: tuple[Constraint, ...]

    @property
    def count(self) -> int | None:
        """How many choices are allowed; None where that is not known exactly."""
        return self.source.count if self.method == "exact" else None

    def draw(self, k: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """(k, n) independent choices.

        Raises:
            InfeasibleError: where nothing is allowed.
            InputError: where allowed choices are too rare to be met.
        """
        if self.source.count == 0:
            raise InfeasibleError("nothing satisfies all constraints, so nothing can be drawn", hint="relax some of them")
        if self.method == "exact":
            return self.source.draw(k, rng)
        kept: list[NDArray[np.uint8]] = []
        found = drawn = 0
        while found < k:
            if drawn >= _MOST_DRAWS:
                raise InputError(
                    f"{found} allowed choices were met in {drawn:,} draws, {k:,} were wanted: uniform choices can be drawn"
                    " neither exactly nor by rejection here",
                    hint="take fewer shots, or a search as the baseline",
                )
            rows = self.source.draw(_BATCH, rng)
            drawn += len(rows)
            rows = rows[np.all([c.holds(rows) for c in self.constraints], axis=0)]
            kept.append(rows)
            found += len(rows)
        return np.concatenate(kept)[:k]


def uniform(n: int, constraints: Sequence[Constraint]) -> Uniform:
    """What draws choices of `n` options uniformly from those that satisfy the constraints."""
    groups = groups_of(n, constraints)
    rows = [whole_row(c) if is_row(c) else None for c in constraints]
    if all(r is not None for r in rows):
        exact = diagram(n, [r for r in rows if r is not None], groups, most_nodes=_MOST_NODES)
        if exact is not None:
            return Uniform(method="exact", source=exact, constraints=tuple(constraints))
    return Uniform(method="rejection", source=relaxed(n, constraints, rows, groups), constraints=tuple(constraints))
