"""Constraints written into a quadratic polynomial, with weights that are proven to suffice.

Every constraint c gives a quadratic P_c with P_c = 0 (at the best slack) where c holds. The weights
are set so that for any assignment that breaks something sum_c w_c P_c >= M, and M exceeds the most
that breaking constraints could ever gain,

    M > max_x q(x) - q(x_f)    for the encoded utility q and one known feasible x_f,

so the minimiser of -q + sum_c w_c P_c is feasible, and optimal among the feasible. M exceeds it by
a margin that is large beside rounding and is stated with the penalty.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.model import BinaryModel, Penalty
from qtwin.encoding.polynomial import BinaryPolynomial, Term, index_to_bits
from qtwin.errors import InputError
from qtwin.problem.constraint import (
    AtLeastOne,
    AtMost,
    AtMostOne,
    Cap,
    Constraint,
    Exactly,
    Linear,
    NotBoth,
    row_of,
)

_LOOKED_AT = 24
"""Variables up to which all assignments are looked at."""
_SEEN = 0.1
"""Share of the largest coefficient that the margin is counted in at least."""
_VISIBLE = 1e-6
"""Share of the largest coefficient by which every infeasible energy must exceed the optimum, to be
told apart from it.
"""
_SLACK_BITS = 20
"""Slack bits of one row that can be completed (`qtwin.solver.variational.sampled`)."""
_PENALTY_TERMS = 500_000
"""Products in the penalties of an instance from elsewhere: seconds to write, and half a
gigabyte.
"""


def _sum_of(
    n: int, members: Sequence[int], constant: float = 0.0, scale: float = 1.0
) -> BinaryPolynomial:
    return BinaryPolynomial.of(n, [((), constant), *(((i,), scale) for i in members)])


def _slack_weights(span: int) -> list[int]:
    """Weights of bits whose subset sums are exactly 0..span (powers of two, the last one cut)."""
    weights: list[int] = []
    while span > 0:
        weights.append(min(1 << len(weights), span))
        span -= weights[-1]
    return weights


@dataclass(frozen=True, kw_only=True)
class Written:
    """One constraint as a polynomial, with its weight in multiples of M."""

    constraint: Constraint
    polynomial: BinaryPolynomial
    multiple: int
    reason: str


_Classes = dict[int, list[tuple[int, frozenset[int]]]]


def _classes(constraints: Sequence[Constraint]) -> _Classes:
    """Each option to the at-most-one constraints over it, in their order."""
    found: _Classes = {}
    for k, c in enumerate(constraints):
        if isinstance(c, AtMostOne):
            inside = frozenset(c.members)
            for i in inside:
                found.setdefault(i, []).append((k, inside))
    return found


def _blocks(members: Sequence[int], classes: _Classes) -> list[tuple[int, ...]]:
    """`members` split by the at-most-one constraints that hold inside them."""
    left, blocks = list(members), []
    for _, inside in sorted({k: s for i in members for k, s in classes.get(i, ())}.items()):
        block = tuple(i for i in left if i in inside)
        if block:
            blocks.append(block)
            left = [i for i in left if i not in inside]
    return blocks + [(i,) for i in left]


def write_constraints(
    n_decision: int, constraints: Sequence[Constraint]
) -> tuple[list[Written], list[str]]:
    """Quadratic polynomials for the constraints, and the names of the slack variables they need.

    Raises:
        InputError: for a constraint type that this file does not know.
    """
    names: list[str] = []
    written: list[Written] = []
    # blocks whose class weight must also outweigh a product that can turn negative
    doubled: list[tuple[int, ...]] = []

    def slack(name: str, span: int) -> list[tuple[int, int]]:
        start = n_decision + len(names)
        weights = _slack_weights(span)
        names.extend(f"slack {name} bit {k} of {w}" for k, w in enumerate(weights))
        return [(start + k, w) for k, w in enumerate(weights)]

    width = n_decision
    classes = _classes(constraints)
    barred = {i for c in constraints if isinstance(c, AtMost) and c.limit == 0 for i in c.members}
    covers = [_without(c, barred) for c in constraints if isinstance(c, AtLeastOne)]
    for cover in covers:
        blocks = _blocks(cover.members, classes)
        if len(blocks) == 1:
            miss = _sum_of(width, cover.members, 1.0, -1.0)
            written.append(
                Written(
                    constraint=cover,
                    polynomial=miss * miss,
                    multiple=1,
                    reason="(1 - sum x)^2: one class covers it",
                )
            )
        elif len(blocks) == 2:
            left, right = (_sum_of(width, b, 1.0, -1.0) for b in blocks)
            written.append(
                Written(
                    constraint=cover,
                    polynomial=left * right,
                    multiple=1,
                    reason="(1 - y1)(1 - y2) over two classes",
                )
            )
            doubled.extend(blocks)
        else:
            bits = slack(cover.name, len(blocks) - 1)
            gap = BinaryPolynomial.of(
                n_decision + len(names),
                [
                    ((), -1.0),
                    *(((i,), 1.0) for i in cover.members),
                    *(((i,), -float(w)) for i, w in bits),
                ],
            )
            written.append(
                Written(
                    constraint=cover,
                    polynomial=gap * gap,
                    multiple=1,
                    reason="(sum x - 1 - slack)^2",
                )
            )
    for c in constraints:
        if isinstance(c, AtMostOne | NotBoth):
            members = c.members if isinstance(c, AtMostOne) else c.pair
            pairs = [((i, j), 1.0) for a, i in enumerate(members) for j in members[a + 1 :]]
            extra = sum(
                isinstance(c, AtMostOne) and len(b) > 1 and set(b) <= set(members) for b in doubled
            )
            reason = "sum of pairs x_i x_j" + (
                f"; {extra + 1} M, since a cover product may reach -1 per pair" if extra else ""
            )
            written.append(
                Written(
                    constraint=c,
                    polynomial=BinaryPolynomial.of(width, pairs),
                    multiple=1 + extra,
                    reason=reason,
                )
            )
        elif isinstance(c, AtMost):
            members = c.members if c.limit == 0 else tuple(i for i in c.members if i not in barred)
            if len(_blocks(members, classes)) <= c.limit:
                continue  # the class rule alone already keeps it
            if c.limit == 1:
                pairs = [((i, j), 1.0) for a, i in enumerate(members) for j in members[a + 1 :]]
                polynomial = BinaryPolynomial.of(width, pairs)
                written.append(
                    Written(
                        constraint=c,
                        polynomial=polynomial,
                        multiple=1,
                        reason="sum of pairs x_i x_j",
                    )
                )
                continue
            least = _disjoint_covers(members, covers)
            bits = slack(c.name, c.limit - least)
            gap = BinaryPolynomial.of(
                n_decision + len(names),
                [
                    ((), -float(c.limit)),
                    *(((i,), 1.0) for i in members),
                    *(((i,), float(w)) for i, w in bits),
                ],
            )
            reason = (
                f"(sum x + slack - {c.limit})^2, slack 0..{c.limit - least} since the needs "
                f"take at least {least} drugs"
            )
            written.append(Written(constraint=c, polynomial=gap * gap, multiple=1, reason=reason))
        elif isinstance(c, Exactly):
            gap = _sum_of(width, c.members, -float(c.count))
            written.append(
                Written(
                    constraint=c, polynomial=gap * gap, multiple=1, reason=f"(sum x - {c.count})^2"
                )
            )
        elif isinstance(c, Cap):
            weights, limit = c.whole()
            if sum(weights) <= limit:
                continue  # all of them together stay under it
            bits = slack(c.name, max(limit, 0))
            terms = [((i,), float(a)) for i, a in zip(c.members, weights, strict=True)]
            gap = BinaryPolynomial.of(
                n_decision + len(names),
                [((), -float(limit)), *terms, *(((i,), float(w)) for i, w in bits)],
            )
            reason = f"(sum a x + slack - {limit})^2 in whole steps, slack 0..{limit}"
            written.append(Written(constraint=c, polynomial=gap * gap, multiple=1, reason=reason))
        elif isinstance(c, Linear):
            weights, limit = c.whole()
            terms = [((i,), float(a)) for i, a in zip(c.members, weights, strict=True)]
            lowest = sum(min(a, 0) for a in weights)
            if c.sense != "==":
                if sum(max(a, 0) for a in weights) <= limit:
                    continue  # it always holds
                terms += [((i,), float(w)) for i, w in slack(c.name, max(limit - lowest, 0))]
            gap = BinaryPolynomial.of(n_decision + len(names), [((), -float(limit)), *terms])
            reason = f"(sum a x{'' if c.sense == '==' else ' + slack'} - {limit})^2 in whole steps"
            written.append(Written(constraint=c, polynomial=gap * gap, multiple=1, reason=reason))
        elif not isinstance(c, AtLeastOne):
            raise InputError(
                f"constraint {c.name!r} of type {type(c).__name__} cannot be written as a penalty",
                hint="add its polynomial",
            )
    return written, names


def _without(cover: AtLeastOne, barred: Set[int]) -> AtLeastOne:
    """A cover over the options that no constraint bars: where one that is barred is chosen, its own
    penalty says so.
    """
    left = tuple(i for i in cover.members if i not in barred)
    return replace(cover, members=left) if left else cover


def _disjoint_covers(members: Sequence[int], covers: Sequence[AtLeastOne]) -> int:
    """A lower bound on how many of `members` any feasible choice takes: greedily disjoint covers
    inside them.
    """
    used: set[int] = set()
    count = 0
    for cover in sorted(covers, key=lambda c: len(c.members)):
        if set(cover.members) <= set(members) and not used & set(cover.members):
            used |= set(cover.members)
            count += 1
    return count


def upper_bound(utility: BinaryPolynomial) -> tuple[float, str]:
    """A bound on max_x utility(x) over all bits: exact up to 24 variables, the sum of positive
    coefficients above.
    """
    if utility.n_variables <= 24:
        return float(
            utility.values().max()
        ), f"exact maximum over all 2^{utility.n_variables} assignments"
    return utility.constant + sum(
        c for t, c in utility.terms.items() if t and c > 0
    ), "sum of positive coefficients"


def encode(
    utility: BinaryPolynomial,
    *,
    names: Sequence[str],
    constraints: Sequence[Constraint],
    feasible: NDArray[np.generic] | None,
    margin: float = 0.05,
    weight: float | None = None,
    leave_out: bool = False,
    unit: str = "",
) -> BinaryModel:
    """Maximise `utility` under `constraints`, as one polynomial to minimise.

    Args:
        utility: Encoded utility over the decision variables.
        names: Names of the decision variables.
        constraints: Native constraints.
        feasible: (m, n) known feasible choices, m >= 1; the best of them sets the weight. None
            where none is known: the least that any choice may be worth takes its place.
        margin: By how much the weight exceeds the proven bound, relative to it and to the spread of
            what is known to be feasible, at least a tenth of the largest coefficient: what is
            forbidden never ties with the optimum.
        weight: M itself, where a smaller one is known to do (`Sufficiency.tightest_weight`);
            nothing is proven of it here.
        leave_out: Leave rows without a penalty of moderate size to solvers that take rows
            (`BinaryModel.unwritten`), instead of refusing them.
        unit: Of the utility, for the words on each weight: "QALY", or "".

    Returns:
        The encoding, energy = -utility + penalties.

    Raises:
        InputError: for a weight that is not positive and finite.
    """
    if weight is not None and not 0.0 < weight < float("inf"):
        raise InputError(
            f"expected a positive penalty weight, got {weight}",
            hint="leave it out for the proven one",
        )
    n = utility.n_variables
    left_out = _left_out(constraints) if leave_out else ()
    skipped = set(left_out)
    written, slack_names = write_constraints(n, [c for c in constraints if c.name not in skipped])
    total = n + len(slack_names)
    ceiling, how = upper_bound(utility)
    known = (
        np.array([-upper_bound(utility * -1.0)[0], ceiling])
        if feasible is None
        else utility.evaluate(feasible)
    )
    scale = max(float(np.ptp(known)), _SEEN * utility.coefficient_range[1]) or 1.0
    if feasible is None:
        known = known[:1]
    bound = max(ceiling - float(known.max()), 0.0)
    of = f" {unit}" if unit else ""
    proof = f"M > max q - q(known feasible) = {ceiling:.5f} - {known.max():.5f}{of} ({how})"
    if weight is None:
        weight = bound * (1.0 + margin) + margin * scale
    if weight > bound:
        proof = (
            f"M = {weight:.5g}{of}, a margin of {weight - bound:.3g}{of} over the sufficient "
            f"{bound:.5g}; {proof}"
        )
    else:
        proof = (
            f"M = {weight:.5f}{of} as given, below the bound of {bound:.5f}{of} that is proven "
            "to suffice"
        )
    objective = (utility * -1.0).widened(total)
    terms: list[tuple[Term, float]] = list(objective.terms.items())
    penalties = []
    for w in written:
        terms += [(t, c * weight * w.multiple) for t, c in w.polynomial.terms.items()]
        penalties.append(
            Penalty(
                constraint=w.constraint.name,
                weight=weight * w.multiple,
                sufficient_weight=bound * w.multiple,
                reason=f"{w.reason}; {proof}",
            )
        )
    return BinaryModel(
        polynomial=BinaryPolynomial.of(total, terms),
        objective=objective,
        variables=(*names, *slack_names),
        n_decision=n,
        constraints=tuple(constraints),
        penalties=tuple(penalties),
        unwritten=left_out,
    )


def _left_out(constraints: Sequence[Constraint]) -> tuple[str, ...]:
    """Names of the rows that have no penalty of a moderate size: weights without a common step, a
    long slack, too many terms.
    """
    found: list[str] = []
    spent = 0
    for c in constraints:
        width = len(row_of(c)[0])
        if isinstance(c, Cap | Linear):
            try:
                weights, limit = c.whole()
            except InputError:
                found.append(c.name)
                continue
            equal = isinstance(c, Linear) and c.sense == "=="
            slack = 0 if equal else max(limit - sum(min(a, 0) for a in weights), 0)
            if max(slack, sum(map(abs, weights))) >= 1 << _SLACK_BITS:
                found.append(c.name)
                continue
            width += slack.bit_length()
        spent += width * width // 2
        if spent > _PENALTY_TERMS:
            found.append(c.name)
            spent -= width * width // 2
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Sufficiency:
    """The sufficiency of the penalties, looked at on every assignment.

    Attributes:
        checked: Number of assignments (2^n).
        lowest_feasible, lowest_infeasible: Lowest energy of a feasible and of an infeasible
            assignment (QALY).
        margin: By how much the second exceeds the first (QALY).
        least_margin: What it must exceed it by to be told apart in floating point (QALY).
        holds: Whether it does.
        tightest_weight: The smallest M (all weights scaled together) that would still have kept it
            so.
    """

    checked: int
    lowest_feasible: float
    lowest_infeasible: float
    margin: float
    least_margin: float
    holds: bool
    tightest_weight: float


def check_sufficiency(encoding: BinaryModel, *, block: int = 1 << 20) -> Sufficiency | None:
    """Verify the penalties by complete enumeration; None above 24 variables, where only the proof
    speaks.
    """
    n, n_decision = encoding.polynomial.n_variables, encoding.n_decision
    if n > _LOOKED_AT:
        return None
    energy, objective = encoding.polynomial.values(), encoding.objective.values()
    allowed = np.ones(1 << n_decision, dtype=np.bool_)
    for start in range(0, allowed.size, block):
        bits = index_to_bits(np.arange(start, min(start + block, allowed.size)), n_decision)
        for c in encoding.constraints:
            allowed[start : start + block] &= c.holds(bits)
    # the decision variables are the low bits of an index
    feasible = np.tile(allowed, 1 << (n - n_decision))
    best = float(energy[feasible].min(initial=np.inf))
    optimum = float(objective[feasible].min(initial=np.inf))
    weight = min((p.weight for p in encoding.penalties), default=0.0)
    penalty = (
        (energy[~feasible] - objective[~feasible]) / weight
        if weight
        else np.ones(int((~feasible).sum()))
    )
    tightest = float(np.max((optimum - objective[~feasible]) / penalty, initial=0.0))
    worst = float(energy[~feasible].min()) if (~feasible).any() else float("inf")
    least = _VISIBLE * (encoding.objective.coefficient_range[1] or 1.0)
    return Sufficiency(
        checked=energy.size,
        lowest_feasible=best,
        lowest_infeasible=worst,
        margin=worst - best,
        least_margin=least,
        holds=worst - best > least,
        tightest_weight=max(tightest, 0.0),
    )
