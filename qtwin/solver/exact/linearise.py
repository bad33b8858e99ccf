"""A polynomial of any degree under native constraints as a 0/1 linear model, and its relaxation
handed to HiGHS.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import BinaryPolynomial, Term
from qtwin.errors import InputError
from qtwin.problem.constraint import AtMostOne, Constraint, Exactly, NotBoth, whole_rows

Sense = Literal["<=", ">=", "=="]
_GROUP = 500
"""Choices of which at most one is taken, up to which all their pairs are listed."""
_LARGE = 1 << 20
"""Weights above it are scaled for floating point: tolerances there are absolute."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """sum of values x columns, `sense`, right-hand side; all whole numbers."""

    columns: tuple[int, ...]
    values: tuple[int, ...]
    sense: Sense
    rhs: int

    @property
    def in_floats(self) -> tuple[tuple[float, ...], float]:
        """(values, rhs) for solvers that count in floating point: divided by a power of two where
        they are large.
        """
        largest = max(map(abs, self.values), default=0)
        unit = 2.0 ** (math.frexp(largest)[1] - 1) if largest > _LARGE else 1.0
        return tuple(v / unit for v in self.values), self.rhs / unit

    def holds(self, point: NDArray[np.generic]) -> bool:
        """Whether a (n_columns,) point satisfies the row."""
        total = float(
            np.asarray(point, dtype=np.float64)[list(self.columns)]
            @ np.array(self.values, dtype=np.float64)
        )
        return {"<=": total <= self.rhs, ">=": total >= self.rhs, "==": total == self.rhs}[
            self.sense
        ]


@dataclass(frozen=True, kw_only=True)
class LinearModel:
    """Minimise constant + cost.z over the rows; the first `n` columns are bits, the others in [0,
    1] and bits by themselves.

    Attributes:
        n: Number of choices: the decision variables under native constraints, else all variables.
        products: Column n + k is the product of the choices in products[k].
        cost: (n_columns,) coefficients of the objective.
        constant: What is added to it.
        rows: Native constraints first, then the products', then the tightening ones.
        target: The polynomial that is minimised, over all variables of the encoding.
    """

    n: int
    products: tuple[Term, ...]
    cost: NDArray[np.float64]
    constant: float
    rows: tuple[Row, ...]
    target: BinaryPolynomial

    @property
    def contradictory(self) -> bool:
        """Whether a row that touches nothing cannot hold, such as a need that no option covers."""
        return any(not r.columns and not r.holds(np.zeros(0)) for r in self.rows)

    @property
    def filled_rows(self) -> tuple[Row, ...]:
        """The rows that touch a column."""
        return tuple(r for r in self.rows if r.columns)

    def csr(
        self,
    ) -> tuple[
        NDArray[np.int32],
        NDArray[np.int32],
        NDArray[np.float64],
        NDArray[np.float64],
        NDArray[np.float64],
    ]:
        """(starts, columns, values, lower, upper) of the filled rows, row by row; infinite where a
        side is open.
        """
        rows = self.filled_rows
        starts = np.cumsum([0, *(len(r.columns) for r in rows)], dtype=np.int32)
        columns = np.fromiter(
            itertools.chain.from_iterable(r.columns for r in rows),
            dtype=np.int32,
            count=int(starts[-1]),
        )
        scaled = [r.in_floats for r in rows]
        values = np.fromiter(
            itertools.chain.from_iterable(v for v, _ in scaled),
            dtype=np.float64,
            count=int(starts[-1]),
        )
        lower = np.array(
            [-np.inf if r.sense == "<=" else b for r, (_, b) in zip(rows, scaled, strict=True)],
            dtype=np.float64,
        )
        upper = np.array(
            [np.inf if r.sense == ">=" else b for r, (_, b) in zip(rows, scaled, strict=True)],
            dtype=np.float64,
        )
        return starts, columns, values, lower, upper

    def point(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        """(n_columns,) values of choices and products for (n,) bits."""
        x = np.asarray(bits, dtype=np.float64)
        return np.concatenate([x, [x[list(t)].prod() for t in self.products]])


def posed(encoding: BinaryModel) -> tuple[BinaryPolynomial, int]:
    """What is minimised, and over how many of its first variables.

    Under native constraints that is the objective over the options, never its penalties, whatever
    code the options are written in; else the polynomial over all variables.

    Raises:
        InputError: when there are native constraints and the objective speaks of a slack variable.
    """
    if not encoding.constraints:
        return encoding.polynomial, encoding.polynomial.n_variables
    outside = [t for t in encoding.objective.terms if t and t[-1] >= encoding.n_decision]
    if outside:
        raise InputError(
            f"expected terms of the first {encoding.n_decision} variables alone, got {outside[0]}",
            hint="keep slack variables to the penalties",
        )
    return encoding.objective, encoding.n_decision


def linearise(
    encoding: BinaryModel, *, tighten: bool = True, both_sides: bool = False
) -> LinearModel:
    """State an encoding as a 0/1 linear model.

    Args:
        encoding: What to minimise; native constraints become rows, and the penalties are then left
            out.
        tighten: Add the native rows multiplied by each choice.
        both_sides: Write the rows of both sides for every product, so that any costs may be put in
            later.

    Raises:
        InputError: for a constraint type that has no rows here, or weights too far apart to be
            counted.
    """
    target, n = posed(encoding)
    native = [row for c in encoding.constraints for row in native_rows(c)]
    apart = _never_together(
        encoding.constraints, {i for t in target.terms if len(t) > 1 for i in t}
    )
    terms = {
        t: c
        for t, c in target.terms.items()
        if len(t) > 1 and not any(p in apart for p in itertools.combinations(t, 2))
    }
    if tighten:
        terms |= _completed(terms, encoding.constraints, apart)
    columns = {t: n + k for k, t in enumerate(terms)}
    rows = list(native)
    for term, y in columns.items():
        rows += _product_rows(term, y, terms[term], both_sides)
    if tighten and terms:
        for row in native:
            rows += _multiplied(row, n, columns, terms, apart)
    cost = np.zeros(n + len(terms))
    for term, c in target.terms.items():
        if len(term) == 1:
            cost[term[0]] = c
        elif term in columns:
            cost[columns[term]] = c
    return LinearModel(
        n=n,
        products=tuple(terms),
        cost=cost,
        constant=target.constant,
        rows=tuple(dict.fromkeys(rows)),
        target=target,
    )


def native_rows(constraint: Constraint) -> list[Row]:
    """One native constraint as rows of whole numbers: one, or two for an equation with weights that
    no step makes whole.

    Raises:
        InputError: for a type that is no linear row, or weights too far apart.
    """
    return [
        _row(members, sense, limit, weights)
        for members, weights, sense, limit in whole_rows(constraint)
    ]


def _row(
    columns: Sequence[int], sense: Sense, rhs: int, values: Sequence[int] | None = None
) -> Row:
    """A row with each column once and no zeros."""
    total: dict[int, int] = {}
    for column, value in zip(
        columns, values if values is not None else [1] * len(columns), strict=True
    ):
        total[column] = total.get(column, 0) + value
    kept = {c: v for c, v in total.items() if v}
    return Row(columns=tuple(kept), values=tuple(kept.values()), sense=sense, rhs=rhs)


def _never_together(constraints: Sequence[Constraint], multiplied: set[int]) -> set[Term]:
    """Pairs whose product is zero wherever the constraints hold; of large groups only those of
    choices that are multiplied.
    """
    groups = [
        c.members if isinstance(c, AtMostOne) else c.pair
        for c in constraints
        if isinstance(c, AtMostOne | NotBoth)
    ]
    groups = [g if len(g) <= _GROUP else tuple(i for i in g if i in multiplied) for g in groups]
    return {(min(p), max(p)) for g in groups for p in itertools.combinations(g, 2) if p[0] != p[1]}


def _completed(
    terms: Mapping[Term, float], constraints: Sequence[Constraint], apart: set[Term]
) -> dict[Term, float]:
    """Pairs without a cost that are worth a column: the few missing ones among the members of an
    `Exactly`.
    """
    wanted: dict[Term, float] = {}
    for c in constraints:
        if isinstance(c, Exactly) and len(c.members) * (len(c.members) - 1) <= 4 * len(terms):
            pairs = [p for p in itertools.combinations(sorted(set(c.members)), 2) if p not in apart]
            missing = [p for p in pairs if p not in terms]
            if 2 * len(missing) <= len(pairs):
                wanted |= dict.fromkeys(missing, 0.0)
    return wanted


def _product_rows(term: Term, y: int, cost: float, both_sides: bool) -> list[Row]:
    rows = []
    if cost < 0.0 or both_sides:
        rows += [_row((y, i), "<=", 0, (1, -1)) for i in term]
    if cost > 0.0 or both_sides:
        rows.append(_row((y, *term), ">=", 1 - len(term), (1, *(-1 for _ in term))))
    return rows


def _multiplied(
    row: Row, n: int, columns: Mapping[Term, int], terms: Mapping[Term, float], apart: set[Term]
) -> list[Row]:
    """A row of choices, sum_j a_j x_j <= or = b, multiplied by each x_i; an inequality only where a
    >= 0.
    """
    if row.sense == ">=":
        return []
    positive = min(row.values, default=0) >= 0
    out = []
    for i in range(n):
        own, held, complete = 0, [], True
        for j, a in zip(row.columns, row.values, strict=True):
            pair = (min(i, j), max(i, j))
            if i == j:
                own = a
            elif pair in columns:
                held.append((columns[pair], a, terms[pair]))
            else:
                complete = complete and pair in apart
        if row.sense == "==" and complete and held:
            out.append(
                _row(
                    (*(y for y, _, _ in held), i),
                    "==",
                    0,
                    (*(a for _, a, _ in held), own - row.rhs),
                )
            )
            continue
        rising = [(y, a) for y, a, c in held if c < 0.0]  # the others stay down by themselves
        if positive and sum(a for _, a in rising) > row.rhs - own:
            out.append(
                _row(
                    (*(y for y, _ in rising), i), "<=", 0, (*(a for _, a in rising), own - row.rhs)
                )
            )
    return out


# A linear model handed to HiGHS: its relaxation, kept warm while rows are added, or the model
# itself.


class Relaxation:
    """The linear relaxation in HiGHS, which continues from its last basis when rows are added."""

    def __init__(self, model: LinearModel) -> None:
        import highspy

        self._vendor = highspy
        highspy.Highs.resetGlobalScheduler(True)
        self._highs = highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1)):
            self._highs.setOptionValue(option, value)
        self._highs.passModel(highs_model(model))

    def add(self, rows: Sequence[Row]) -> None:
        for r in rows:
            values = np.array(r.values, dtype=np.float64)
            self._highs.addRow(
                -self._highs.inf,
                float(r.rhs),
                len(values),
                np.array(r.columns, dtype=np.int32),
                values,
            )

    def minimum(self, deadline: float) -> NDArray[np.float64] | None:
        """A minimiser, or None when there was no time or nothing is feasible."""
        left = deadline - time.perf_counter()
        if left <= 0:
            return None
        self._highs.setOptionValue("time_limit", float(self._highs.getRunTime() + left))
        self._highs.run()
        if self._highs.getModelStatus() != self._vendor.HighsModelStatus.kOptimal:
            return None
        return np.array(self._highs.getSolution().col_value)


def highs_model(
    model: LinearModel, *, cost: NDArray[np.float64] | None = None, bits: bool = False
) -> Any:
    """A linear model as a HighsLp.

    Args:
        model: What to state.
        cost: (n_columns,) other costs than the model's.
        bits: Whether the choices must be whole; the relaxation otherwise.
    """
    import highspy

    lp = highspy.HighsLp()
    starts, columns, values, lower, upper = model.csr()
    lp.num_col_, lp.num_row_ = len(model.cost), len(lower)
    lp.col_cost_ = model.cost if cost is None else cost
    lp.col_lower_, lp.col_upper_ = np.zeros(len(model.cost)), np.ones(len(model.cost))
    lp.row_lower_, lp.row_upper_ = lower, upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = starts, columns, values
    if bits:
        kinds = highspy.HighsVarType
        lp.integrality_ = [
            kinds.kInteger if k < model.n else kinds.kContinuous for k in range(len(model.cost))
        ]
    return lp
