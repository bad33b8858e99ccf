"""The value that travels from a problem to its solvers: a polynomial, the constraints behind it, and how well it fits."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.integers import WholeNumber
from qtwin.encoding.levels import Recoded
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.encoding.quadratise import Quadratised
from qtwin.errors import InputError
from qtwin.problem.constraint import Constraint, is_row, row_of


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """One constraint written into the polynomial: weight x (polynomial that is 0 where it holds, at least 1 where not)."""

    constraint: str
    weight: float
    sufficient_weight: float
    reason: str

    @property
    def margin(self) -> float:
        """By how much the weight exceeds the sufficient one, as energy; not positive where nothing is proven."""
        return self.weight - self.sufficient_weight


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """How well the encoded objective tells regimens apart, measured on regimens that the fit never saw.

    Attributes:
        n_train, n_held_out: Regimens simulated for the fit and for the test.
        r2: Coefficient of determination on held-out regimens.
        rank_correlation: Spearman's rho on held-out regimens.
        top_overlap: Share of the twin's best 20 feasible regimens found among the encoding's best 20.
        regret: Twin utility of the true optimum minus twin utility of the encoded optimum (QALY; 0 is perfect).
        max_error: Largest absolute error on held-out regimens (QALY).
    """

    n_train: int
    n_held_out: int
    r2: float
    rank_correlation: float
    top_overlap: float
    regret: float
    max_error: float


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """A minimisation problem over bits: energy(x) = -objective(x) + penalties(x).

    Attributes:
        polynomial: The full energy over all variables, penalties included; lower is better.
        objective: The energy without penalties, over the options (slack variables do not occur in it).
        variables: Names of the polynomial's variables; unless they are recoded, the first `n_decision` are the options.
        n_decision: Number of options.
        constraints: The native constraints on the decision variables (for solvers that take them as they are).
        penalties: What was added for each constraint, and why its weight suffices.
        fidelity: Agreement with the twin, None when the polynomial itself is the problem.
        recoded: How its variables stand for the options, where they are not those themselves.
        quadratised: How the polynomial came to degree 2, where its last variables are the auxiliaries of that; None otherwise.
        unwritten: Names of constraints that the polynomial has no penalty for: only solvers that take rows as they are keep them.
        constraints_known: Whether `constraints` are all there are; False for an energy from elsewhere, in which somebody's
            penalties may stand, so that nobody knows which of its assignments are allowed.
        whole_numbers: Variables of whole values that stand in several of the options.

    Raises:
        InputError: for names, numbers of variables, members of constraints or coefficients that do not fit one another.
    """

    polynomial: BinaryPolynomial
    objective: BinaryPolynomial
    variables: tuple[str, ...]
    n_decision: int
    constraints: tuple[Constraint, ...] = ()
    penalties: tuple[Penalty, ...] = ()
    fidelity: Fidelity | None = None
    recoded: Recoded | None = None
    quadratised: Quadratised | None = None
    unwritten: tuple[str, ...] = ()
    constraints_known: bool = True
    whole_numbers: tuple[WholeNumber, ...] = ()

    def __post_init__(self) -> None:
        n, names = self.polynomial.n_variables, len(self.variables)
        if names != n:
            raise InputError(f"{names} names came for {n} variables", hint="name each variable of the polynomial")
        most = n if self.recoded is None else self.recoded.objective.n_variables
        if not 0 <= self.n_decision <= most:
            raise InputError(f"{self.n_decision} decision variables of {most} came", hint="correct n_decision")
        if not all(map(math.isfinite, itertools.chain(self.polynomial.terms.values(), self.objective.terms.values()))):
            raise InputError("a coefficient that is no finite number came", hint="check the instance")
        for c in self.constraints:
            members = row_of(c)[0] if is_row(c) else ()
            if members and not 0 <= min(members) <= max(members) < self.n_decision:
                raise InputError(
                    f"constraint {c.name!r} names a variable outside 0..{self.n_decision - 1}", hint="correct its members"
                )

    def check_written(self, method: str) -> None:
        """Refuse an energy that lacks the penalties of some constraints (InputError), for methods that see nothing else."""
        if self.unwritten:
            raise InputError(
                f"{len(self.unwritten)} constraints, {self.unwritten[0]!r} first, are no penalties in a few bits, as {method} "
                "wants them",
                hint="take a solver that takes rows as they are: cp-sat, highs, scip, tabu, local-search or auto",
            )

    def decode(self, bits: NDArray[np.generic]) -> NDArray[np.uint8]:
        """(m, n) solver bits to (m, n_decision) problem bits: slack variables fall away, codes become options."""
        rows = np.asarray(bits)
        if rows.ndim != 2 or rows.shape[1] < (self.n_decision if self.recoded is None else self.recoded.polynomial.n_variables):
            raise InputError(
                f"bits of shape {rows.shape} came, (m, {self.polynomial.n_variables}) was wanted", hint="one row an assignment"
            )
        if self.recoded is not None:
            rows = self.recoded.decode(rows[:, : self.recoded.polynomial.n_variables])
        return rows[:, : self.n_decision].astype(np.uint8)

    def value(self, decisions: NDArray[np.generic]) -> NDArray[np.float64]:
        """(m,) objective of (m, n_decision) choices, to be minimised; no penalties."""
        rows = np.asarray(decisions)
        padded = np.zeros((len(rows), self.objective.n_variables))
        padded[:, : self.n_decision] = rows
        return self.objective.evaluate(padded)

    def is_feasible(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        """(m,) whether the decoded assignment satisfies every native constraint, and its codes are valid."""
        decoded = self.decode(bits)
        holds = [c.holds(decoded) for c in self.constraints]
        if self.recoded is not None:
            holds.append(self.recoded.valid(np.asarray(bits)[:, : self.recoded.polynomial.n_variables]))
        return np.asarray(np.all(holds, axis=0)) if holds else np.ones(len(decoded), dtype=np.bool_)


def plain(polynomial: BinaryPolynomial) -> Encoding:
    """An unconstrained polynomial as it came, for instance files and tests."""
    names = tuple(f"x{i}" for i in range(polynomial.n_variables))
    return Encoding(polynomial=polynomial, objective=polynomial, variables=names, n_decision=polynomial.n_variables)
