"""Which drugs together? The choice that a twin raises, with the constraints a physician would name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.drug import Dose, Regimen
from qtwin.pharmacology.panel import Panel
from qtwin.problem.constraint import Constraint
from qtwin.problem.feasible import explain_infeasible, feasible_bits
from qtwin.problem.rules import constraints_for
from qtwin.twin.twin import Twin


@final
@dataclass(frozen=True, kw_only=True)
class RegimenProblem:
    """Choose options to maximise the posterior-mean utility on the twin.

    Attributes:
        twin: The twin on which every answer is scored.
        options: Candidate doses; variable i is options[i].
        constraints: Named conditions.
        horizon_years: Time over which utility counts.
        kind_weights: (14,) weight of each kind of benefit and harm.
        panel: The options' pharmacology on the twin's members.
    """

    twin: Twin
    options: tuple[Dose, ...]
    constraints: tuple[Constraint, ...]
    horizon_years: float
    kind_weights: NDArray[np.float64]
    panel: Panel

    @property
    def n(self) -> int:
        """Number of options."""
        return len(self.options)

    def feasible_bits(self) -> NDArray[np.uint8]:
        """(k, n) all feasible choices.

        Raises:
            InfeasibleError: if there is none, naming the constraints in the way.
        """
        rows = feasible_bits(self.n, self.constraints)
        if not len(rows):
            raise explain_infeasible(self.n, self.constraints)
        return rows

    def is_feasible(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        """(m,) whether each choice satisfies every constraint."""
        return np.asarray(np.all([c.holds(bits) for c in self.constraints], axis=0))

    def objective(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        """(m,) posterior-mean utility in QALY, simulated on the twin."""
        weights = self.twin.posterior.weights
        means = [
            np.einsum("rmk,m->rk", kinds, weights) @ self.kind_weights
            for kinds in self.twin.kinds(self.panel, bits, horizon_years=self.horizon_years)
        ]
        return np.concatenate(means) if means else np.empty(0)

    def member_utility(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        """(r, m) utility of each choice in each member, for a few choices."""
        return np.concatenate(
            [kinds @ self.kind_weights for kinds in self.twin.kinds(self.panel, bits, horizon_years=self.horizon_years)]
        )

    def regimen(self, bits: NDArray[np.generic]) -> Regimen:
        """The doses of one (n,) choice."""
        return Regimen(doses=tuple(self.options[i] for i in np.flatnonzero(bits)))


def pose(
    twin: Twin,
    options: Sequence[Dose],
    *,
    needs: Sequence[str],
    max_drugs: int,
    horizon_years: float,
    kind_weights: NDArray[np.float64],
) -> RegimenProblem:
    """The regimen problem of one twin."""
    return RegimenProblem(
        twin=twin,
        options=tuple(options),
        constraints=constraints_for(options, needs=needs, max_drugs=max_drugs),
        horizon_years=horizon_years,
        kind_weights=kind_weights,
        panel=twin.panel(options),
    )
