"""Inequalities without slack bits: unbalanced penalisation, an approximation whose faults are
counted.

For a constraint h(x) = limit - sum w x >= 0 the penalty -lambda_1 h + lambda_2 h^2 is added
(Montanez-Barrera, Willsch, Maldonado-Romo and Michielsen 2022, arXiv:2211.13914): the start of
exp(-h), larger where h < 0 than where h > 0. It needs no further bit, but it is not flat where the
constraint holds, so the minimiser may break the constraint, or keep it and miss the optimum.
Nothing is proven of it; `qtwin.encoding.standing` says what happened, on every assignment where
that can be done.

Constraints that have an exact quadratic without slack (`qtwin.encoding.penalty`) keep it, with a
proven weight: pairs, classes, sizes, equations, and needs that one or two classes meet. The rest of
AtMost, Cap, Linear and AtLeastOne is written as above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.model import BinaryModel, Penalty
from qtwin.encoding.penalty import encode, write_constraints
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.encoding.standing import Standing, distinct, neighbours, standing
from qtwin.errors import InputError
from qtwin.problem.constraint import AtLeastOne, AtMost, AtMostOne, Cap, Constraint, Linear
from qtwin.problem.feasible import feasible_bits, groups_of

PUBLISHED = (0.9603, 0.0371)
"""lambda_1 and lambda_2 that the authors found for knapsacks."""
_LISTED = 1 << 20
_SAMPLED = 1 << 13
_DRAWS = 12
_JITTER = 0.2
_ROUNDS = 8
_NEAR = 128
_FACTORS = (tuple(2.0**k for k in range(-3, 4)), tuple(2.0**k for k in range(-2, 11, 2)))

Inequality = AtMost | Cap | Linear | AtLeastOne


@dataclass(frozen=True, kw_only=True)
class Strength:
    """The penalty of one constraint.

    Attributes:
        constraint: Its name.
        linear: lambda_1, energy per step of the constraint.
        quadratic: lambda_2, energy per squared step.
    """

    constraint: str
    linear: float
    quadratic: float


@dataclass(frozen=True, kw_only=True)
class Unbalanced:
    """An encoding without slack, the strengths in it, and how it stands."""

    encoding: BinaryModel
    strengths: tuple[Strength, ...]
    standing: Standing


def room(constraint: Inequality, n: int) -> BinaryPolynomial:
    """h(x) over n variables: how far a choice stays inside the constraint, negative where it breaks
    it.
    """
    if isinstance(constraint, AtLeastOne):
        return BinaryPolynomial.of(n, [((), -1.0), *(((i,), 1.0) for i in constraint.members)])
    weights, limit = _weights(constraint), float(constraint.limit)
    if isinstance(constraint, Linear) and constraint.sense == ">=":
        weights, limit = tuple(-w for w in weights), -limit
    return BinaryPolynomial.of(
        n, [((), limit), *(((i,), -w) for i, w in zip(constraint.members, weights, strict=True))]
    )


def _weights(constraint: Inequality) -> tuple[float, ...]:
    return (
        constraint.weights
        if isinstance(constraint, Cap | Linear)
        else (1.0,) * len(constraint.members)
    )


def split(n: int, constraints: Sequence[Constraint]) -> tuple[list[Constraint], list[Inequality]]:
    """The constraints that have an exact quadratic without slack, and those that do not."""
    classes = [c for c in constraints if isinstance(c, AtMostOne)]
    exact: list[Constraint] = []
    loose: list[Inequality] = []
    for c in constraints:
        # whose weights need not be whole numbers here
        if isinstance(c, Cap) or (isinstance(c, Linear) and c.sense != "=="):
            inside = room(c, n).terms
            most = inside.get((), 0.0) + sum(v for t, v in inside.items() if t and v > 0.0)
            least = inside.get((), 0.0) + sum(v for t, v in inside.items() if t and v < 0.0)
            # else it always holds, or one choice of its members keeps it
            (loose if least < 0.0 < most else exact).append(c)
        elif isinstance(c, AtMost | AtLeastOne):
            (loose if write_constraints(n, [c, *classes])[1] else exact).append(c)
        else:
            exact.append(c)
    return exact, loose


def published(utility: BinaryPolynomial, constraint: Inequality) -> Strength:
    """The authors' figures, in the units of the problem.

    h is counted in mean weights of the constraint, energy in mean magnitudes of what one option
    alone is worth, so that neither unit matters.
    """
    step = float(np.mean([abs(w) for w in _weights(constraint) if w]))
    alone = [abs(c) for t, c in utility.terms.items() if len(t) == 1]
    scale = float(np.mean(alone)) if alone else utility.coefficient_range[1] or 1.0
    return Strength(
        constraint=constraint.name,
        linear=PUBLISHED[0] * scale / step,
        quadratic=PUBLISHED[1] * scale / step**2,
    )


def tuned(
    utility: BinaryPolynomial,
    constraints: Sequence[Constraint],
    *,
    feasible: NDArray[np.generic],
    seed: int = 0,
) -> tuple[Strength, ...]:
    """The published strengths times two factors, the same for every constraint, that serve the data
    best.

    The rule: take the utility and 11 like it, each coefficient times 1 + 0.2 z with z standard
    normal; for each of 7 x 7 pairs of factors (and then, around the best, in steps of 2 and of the
    square root of 2) find the minimiser of each; take the pair with the smallest share of
    infeasible minimisers, of equals the one with the smallest mean regret, of equals the one
    nearest to the published strengths. Minimisers are sought among the choices that satisfy what is
    written exactly: all of them up to 2^20, above that in a sample with the known feasible ones,
    which grows seven times around its choices of lowest energy.

    To tune on an instance is to look at all its choices, and so to solve it. It tells what the
    method can do; strengths that shall help are tuned on small instances and carried over.

    Args:
        utility: To be maximised, over n decision variables.
        constraints: All constraints.
        feasible: (m, n) known feasible choices, m >= 1.
        seed: Of the utilities drawn and of the sample.

    Returns:
        One strength a constraint that needs one.
    """
    exact, loose = split(utility.n_variables, constraints)
    if not loose:
        return ()
    rng = np.random.default_rng(seed)
    known = np.asarray(feasible).astype(np.uint8)
    rows, complete = _choices(utility.n_variables, exact, known, rng)
    drawn = [utility] + [
        BinaryPolynomial.of(
            utility.n_variables,
            [(t, c * (1.0 + _JITTER * rng.normal())) for t, c in utility.terms.items()],
        )
        for _ in range(_DRAWS - 1)
    ]
    start = [published(utility, c) for c in loose]
    for _ in range(1 if complete else _ROUNDS):
        factors, lowest = _best_factors(drawn, loose, start, rows)
        near = neighbours(rows[lowest])
        rows = _satisfying(exact, distinct(np.concatenate([rows, near])))
    return tuple(
        replace(s, linear=s.linear * factors[0], quadratic=s.quadratic * factors[1]) for s in start
    )


def _best_factors(
    drawn: Sequence[BinaryPolynomial],
    loose: Sequence[Inequality],
    start: Sequence[Strength],
    rows: NDArray[np.uint8],
) -> tuple[tuple[float, float], NDArray[np.intp]]:
    """The two factors that the rule in `tuned` takes on these rows, and the rows of lowest energy
    for the first utility.
    """
    energies = np.stack([-u.evaluate(rows) for u in drawn])
    allowed = np.all([c.holds(rows) for c in loose], axis=0)
    best = energies[:, allowed].min(axis=1)
    spread = np.maximum(np.ptp(energies[:, allowed], axis=1), 1e-12)
    h = [room(c, rows.shape[1]).evaluate(rows) for c in loose]
    linear = np.sum([-s.linear * x for s, x in zip(start, h, strict=True)], axis=0)
    quadratic = np.sum([s.quadratic * x * x for s, x in zip(start, h, strict=True)], axis=0)

    def score(pair: tuple[float, float]) -> tuple[float, float, float, tuple[float, float]]:
        penalty = pair[0] * linear + pair[1] * quadratic
        found = np.array([int(np.argmin(e + penalty)) for e in energies])
        good = allowed[found]
        regret = (energies[np.arange(len(found)), found] - best)[good] / spread[good]
        distance = float(np.abs(np.log2(pair)).sum())
        return (
            1.0 - float(good.mean()),
            round(float(regret.mean()), 9) if good.any() else np.inf,
            distance,
            pair,
        )

    found = min(score((a, b)) for a in _FACTORS[0] for b in _FACTORS[1])
    for step in (2.0, 2.0**0.5):
        a, b = found[3]
        found = min(
            found, *(score((a * step**i, b * step**j)) for i in (-1, 0, 1) for j in (-1, 0, 1))
        )
    lowest = np.argsort(
        energies[0] + found[3][0] * linear + found[3][1] * quadratic, kind="stable"
    )[:_NEAR]
    return found[3], lowest


def unbalanced(
    utility: BinaryPolynomial,
    *,
    names: Sequence[str],
    constraints: Sequence[Constraint],
    feasible: NDArray[np.generic],
    strengths: Sequence[Strength] | None = None,
    seed: int = 0,
) -> Unbalanced:
    """Maximise `utility` under `constraints` as one polynomial over the decision variables alone.

    Args:
        utility: Encoded utility over the decision variables.
        names: Names of the decision variables.
        constraints: Native constraints.
        feasible: (m, n) known feasible choices, m >= 1.
        strengths: One for each constraint that has no exact form; found by `tuned` if left out.
        seed: For the tuning, and for what is looked at above 20 variables.

    Returns:
        The encoding, without slack variables, and an account of what its minimiser is.

    Raises:
        InputError: for a missing, unknown, negative or infinite strength, or feasible choices that
            are none.
    """
    n = utility.n_variables
    known = np.asarray(feasible).astype(np.uint8)
    if (
        known.ndim != 2
        or known.shape[1] != n
        or not len(known)
        or not all(c.holds(known).all() for c in constraints)
    ):
        raise InputError(
            f"expected feasible choices of shape (m, {n}), got {known.shape}",
            hint="list them with feasible_bits",
        )
    exact, loose = split(n, constraints)
    chosen = (
        tuned(utility, constraints, feasible=known, seed=seed)
        if strengths is None
        else tuple(strengths)
    )
    by_name = {s.constraint: s for s in chosen}
    if (
        len(by_name) != len(chosen)
        or set(by_name) != {c.name for c in loose}
        or len(by_name) != len(loose)
    ):
        raise InputError(
            f"expected strengths for {sorted(c.name for c in loose)}, got {sorted(by_name)}",
            hint="one for each constraint",
        )
    penalties, tilted = [], utility
    for c in loose:
        s = by_name[c.name]
        if not (0.0 <= s.linear < np.inf and 0.0 <= s.quadratic < np.inf):
            raise InputError(
                f"expected strengths of at least 0, got {s}", hint="take `published` ones"
            )
        h = room(c, n)
        tilted = tilted + h * s.linear + h * h * -s.quadratic
        reason = (
            f"-{s.linear:.4g} h + {s.quadratic:.4g} h^2, h the room left in the constraint; "
            "approximate, nothing is proven"
        )
        penalties.append(
            Penalty(
                constraint=c.name, weight=s.quadratic, sufficient_weight=float("inf"), reason=reason
            )
        )
    written = encode(tilted, names=names, constraints=exact, feasible=known)
    encoding = replace(
        written,
        objective=utility * -1.0,
        constraints=tuple(constraints),
        penalties=(*written.penalties, *penalties),
    )
    return Unbalanced(
        encoding=encoding, strengths=chosen, standing=standing(encoding, known, seed=seed)
    )


def _choices(
    n: int, exact: Sequence[Constraint], feasible: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], bool]:
    """(k, n) choices that satisfy the exactly written constraints, and whether these are all; if
    not, a sample of them.
    """
    groups = groups_of(n, exact)
    if np.prod([len(g) + 1.0 for g in groups]) <= _LISTED:
        return feasible_bits(n, exact), True
    near = neighbours(feasible[rng.permutation(len(feasible))[: _SAMPLED // n]])
    sample = np.zeros((_SAMPLED, n), dtype=np.uint8)
    taken = rng.random(_SAMPLED)
    for group in groups:
        option = np.array(group)[rng.integers(0, len(group), size=_SAMPLED)]
        sample[np.arange(_SAMPLED), option] = rng.random(_SAMPLED) < taken
    return _satisfying(exact, distinct(np.concatenate([feasible[:_SAMPLED], near, sample]))), False


def _satisfying(constraints: Sequence[Constraint], rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return rows[np.all([c.holds(rows) for c in constraints], axis=0)] if constraints else rows
