"""Doses in several codes: binary, one-hot, domain-wall and Gray integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial, Term, index_to_bits
from qtwin.encoding.quadratise import Counts, counts
from qtwin.errors import InputError, unknown_name


@dataclass(frozen=True, kw_only=True)
class WholeNumber:
    """A variable of whole values that stands in bits.

    Attributes:
        name: Its name.
        lower: Its smallest value.
        bits: Indices of its bits among the decision variables.
        weights: By how much each raises the value.
    """

    name: str
    lower: int
    bits: tuple[int, ...]
    weights: tuple[int, ...]

    def value(self, decisions: NDArray[np.generic]) -> int:
        """Its value in one choice, (n_decision,) bits."""
        return self.lower + sum(
            w for i, w in zip(self.bits, self.weights, strict=True) if decisions[i]
        )


def weights_of(span: int) -> tuple[int, ...]:
    """Weights whose sums are exactly 0 to `span`."""
    found: list[int] = []
    while span > 0:
        found.append(min(1 << len(found), span))
        span -= found[-1]
    return tuple(found)


# Codes for the levels of one drug: none, and each of its L doses.
#
# - ``one_hot``: a bit an option, at most one of them 1; L bits, a penalty on L (L - 1) / 2 pairs.
# - ``binary``: ceil(log2(L + 1)) bits, every pattern a level, so that no penalty is needed; the
# degree rises.
# - ``domain_wall``: L bits that fall once from 1 to 0, level k is k ones (Chancellor 2019, Quantum
# Sci Technol 4:045004); an
#   option is a difference of two neighbours, so that the degree stays, and the penalty is a chain
#   of L - 1 neighbours.


@dataclass(frozen=True, kw_only=True)
class Code:
    """How the levels 0 (none), 1, .., L of one drug are written in b bits.

    Attributes:
        words: (L + 1, b) the pattern of each level.
        options: For each level above 0, the polynomial over the b bits that is 1 at its patterns
            and 0 at the other valid ones.
        violation: 0 at valid patterns and at least 1 at the others.
    """

    words: NDArray[np.uint8]
    options: tuple[BinaryPolynomial, ...]
    violation: BinaryPolynomial

    def __post_init__(self) -> None:
        self.words.flags.writeable = False


def one_hot(levels: int) -> Code:
    """L bits, bit k for level k + 1; invalid with two or more."""
    words = np.vstack([np.zeros((1, levels), dtype=np.uint8), np.eye(levels, dtype=np.uint8)])
    options = tuple(BinaryPolynomial.of(levels, [((k,), 1.0)]) for k in range(levels))
    pairs = BinaryPolynomial.of(levels, [(p, 1.0) for p in combinations(range(levels), 2)])
    return Code(words=words, options=options, violation=pairs)


def binary(levels: int) -> Code:
    """ceil(log2(L + 1)) bits and no invalid pattern.

    Patterns to spare are given away, so that nothing needs a penalty: of the 2^b patterns, u =
    2^b - L - 1 are to spare, and the last u levels take two patterns each that differ in the
    highest bit, which lowers the degree of those options to b - 1. (There are enough levels for
    that: b is the least with 2^b > L, so 2^(b - 1) <= L and u <= 2^(b - 1) - 1 < L.)
    """
    b = levels.bit_length()
    half = 1 << (b - 1)
    spare = (1 << b) - levels - 1
    firsts = [*range(half - spare), *range(half, 2 * half - spare), *range(half - spare, half)]
    both = [False] * (levels + 1 - spare) + [True] * spare
    options = []
    for first, two in list(zip(firsts, both, strict=True))[1:]:
        ones = tuple(i for i in range(b - two) if first >> i & 1)
        zeros = tuple(i for i in range(b - two) if not first >> i & 1)
        signs = [
            ((*ones, *s), (-1.0) ** len(s))
            for k in range(len(zeros) + 1)
            for s in combinations(zeros, k)
        ]
        options.append(BinaryPolynomial.of(b, signs))
    return Code(
        words=index_to_bits(np.array(firsts), b),
        options=tuple(options),
        violation=BinaryPolynomial.of(b, {}),
    )


def domain_wall(levels: int) -> Code:
    """L bits d_1 >= .. >= d_L, level k where the first k are 1: option k is d_k - d_{k+1}, a rise 0
    1 is invalid.
    """
    words = np.tril(np.ones((levels + 1, levels), dtype=np.uint8), -1)
    options = tuple(
        BinaryPolynomial.of(levels, [((k,), 1.0), *([((k + 1,), -1.0)] if k + 1 < levels else [])])
        for k in range(levels)
    )
    rises = [part for k in range(levels - 1) for part in (((k + 1,), 1.0), ((k, k + 1), -1.0))]
    return Code(words=words, options=options, violation=BinaryPolynomial.of(levels, rises))


CODES: dict[str, Callable[[int], Code]] = {
    "one_hot": one_hot,
    "binary": binary,
    "domain_wall": domain_wall,
}


# Dose levels: a drug with L dose options or none of them, written in option bits or in a shorter or
# smoother code.
#
# `recode` writes an objective over option bits in any of `CODES`. At every choice with at most one
# option a drug it is the same number; products of two options of one drug, which are 0 there, are
# left out first, and this is what keeps the weights small.

_EXACT_UP_TO = 14


@dataclass(frozen=True, kw_only=True)
class Levels:
    """One drug: its options, the bits that stand for them, and what keeps the bits valid.

    Attributes:
        options: Option indices, in the order of the levels.
        bits: Code bit indices.
        code: The code.
        sufficient_weight: A weight of the code's violation from which on the lowest energy of all
            is that of a valid choice; with any larger one no minimiser is invalid. 0 where nothing
            is invalid.
        reason: Why it suffices.
    """

    options: tuple[int, ...]
    bits: tuple[int, ...]
    code: Code = field(repr=False)
    sufficient_weight: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Recoded:
    """An objective over code bits.

    Attributes:
        objective: What was recoded, over option bits.
        polynomial: The same over code bits, equal at every valid choice, without penalties.
        groups: The drugs.
        single: (option, bit) of each variable in no group.
        name: Of the code, in `CODES`.
    """

    objective: BinaryPolynomial
    polynomial: BinaryPolynomial
    groups: tuple[Levels, ...]
    single: tuple[tuple[int, int], ...]
    name: str

    @property
    def before(self) -> Counts:
        """Size of the objective over option bits."""
        return counts(self.objective)

    @property
    def after(self) -> Counts:
        """Size of the energy over code bits, penalties included."""
        return counts(self.energy())

    def penalty(self, *, margin: float = 0.05) -> BinaryPolynomial:
        """Violation times weight, summed over the drugs; 0 at every valid choice.

        Args:
            margin: By how much a weight exceeds the sufficient one, relative, and beside it the
                largest coefficient times this, so that every weight is positive; 0 for the
                sufficient weights themselves.
        """
        scale = self.polynomial.coefficient_range[1] or 1.0
        return BinaryPolynomial.of(
            self.polynomial.n_variables,
            [
                (
                    tuple(d.bits[b] for b in t),
                    c * (d.sufficient_weight * (1.0 + margin) + margin * scale),
                )
                for d in self.groups
                for t, c in d.code.violation.terms.items()
            ],
        )

    def energy(self, *, margin: float = 0.05) -> BinaryPolynomial:
        """The polynomial plus the penalties: with a positive margin its minimiser is valid, and
        optimal among the valid.
        """
        return self.polynomial + self.penalty(margin=margin)

    def encode(self, options: NDArray[np.generic]) -> NDArray[np.uint8]:
        """(m, n) option bits to (m, n_code) code bits.

        Raises:
            InputError: for another shape, or two options of one drug.
        """
        x = _checked(options, self.objective.n_variables)
        code = np.zeros((len(x), self.polynomial.n_variables), dtype=np.uint8)
        for group in self.groups:
            taken = x[:, list(group.options)]
            if (taken.sum(axis=1) > 1).any():
                raise InputError(
                    f"two of the options {group.options} are chosen",
                    hint="at most one dose of a drug can be coded",
                )
            level = taken.astype(np.int64) @ np.arange(1, len(group.options) + 1)
            code[:, list(group.bits)] = group.code.words[level]
        for option, bit in self.single:
            code[:, bit] = x[:, option]
        return code

    def decode(self, code: NDArray[np.generic]) -> NDArray[np.uint8]:
        """(m, n_code) code bits to (m, n) option bits; an invalid pattern gives all the options
        that it points at.

        Constraints on the options hold of a code where they hold of this. In a domain wall code an
        invalid pattern can point at one option only, so ask `valid` too before its energy is
        believed.

        Raises:
            InputError: for another shape.
        """
        bits = _checked(code, self.polynomial.n_variables)
        x = np.zeros((len(bits), self.objective.n_variables), dtype=np.uint8)
        for group in self.groups:
            inside = bits[:, list(group.bits)]
            for option, polynomial in zip(group.options, group.code.options, strict=True):
                x[:, option] = polynomial.evaluate(inside) > 0.5
        for option, bit in self.single:
            x[:, option] = bits[:, bit]
        return x

    def valid(self, code: NDArray[np.generic]) -> NDArray[np.bool_]:
        """(m,) whether every drug's bits are a pattern of its code.

        Raises:
            InputError: for another shape.
        """
        bits = _checked(code, self.polynomial.n_variables)
        rows = [
            group.code.violation.evaluate(bits[:, list(group.bits)]) < 0.5 for group in self.groups
        ]
        return np.asarray(np.all(rows, axis=0)) if rows else np.ones(len(bits), dtype=np.bool_)


def _checked(bits: NDArray[np.generic], n: int) -> NDArray[np.uint8]:
    x = np.asarray(bits).astype(np.uint8)
    if x.ndim != 2 or x.shape[1] != n:
        raise InputError(f"expected bits of shape (m, {n}), got {x.shape}", hint="one row a choice")
    return x


def recode(objective: BinaryPolynomial, groups: Sequence[Sequence[int]], code: str) -> Recoded:
    """Write an objective over option bits in another code.

    Args:
        objective: To be minimised, over option bits; it may hold penalties of constraints, and
            slack variables.
        groups: The options of each drug, in the order of their doses; variables in no group keep
            their bit.
        code: A name in `CODES`.

    Returns:
        The objective over code bits, both ways between them and option bits, and weights that are
        proven to suffice.

    Raises:
        InputError: for an unknown code, or groups that are empty, overlap or name no variable.
    """
    if code not in CODES:
        raise unknown_name("code", code, CODES)
    members = [i for g in groups for i in g]
    n = objective.n_variables
    if not all(groups) or len(set(members)) != len(members) or not all(0 <= i < n for i in members):
        raise InputError(
            f"the groups {groups} are no disjoint sets of the variables 0..{n - 1}",
            hint="one group a drug",
        )
    owner = {i: (g, k) for g, group in enumerate(groups) for k, i in enumerate(group)}
    codes = [CODES[code](len(group)) for group in groups]
    # Bit k of a drug stands where its k-th option stood; places that a shorter code leaves empty
    # close up.
    used = sorted(
        {i for i in range(n) if i not in owner}
        | {i for g, c in zip(groups, codes, strict=True) for i in g[: c.words.shape[1]]}
    )
    place = {slot: bit for bit, slot in enumerate(used)}
    bits = [
        tuple(place[i] for i in g[: c.words.shape[1]]) for g, c in zip(groups, codes, strict=True)
    ]
    # A sum over levels of products: each term as (what it takes of each drug, coefficient),
    # same-drug products left out.
    kept = {
        t: c
        for t, c in objective.terms.items()
        if len(drugs := [owner[i][0] for i in t if i in owner]) == len(set(drugs))
    }

    def written(term: Term) -> list[tuple[Term, float]]:
        factors: list[list[tuple[Term, float]]] = []
        for i in term:
            if i in owner:
                g, k = owner[i]
                factors.append(
                    [
                        (tuple(bits[g][b] for b in t), c)
                        for t, c in codes[g].options[k].terms.items()
                    ]
                )
            else:
                factors.append([((place[i],), 1.0)])
        return [
            (tuple(b for t, _ in parts for b in t), float(np.prod([c for _, c in parts])))
            for parts in product(*factors)
        ]

    def over_bits(terms: Sequence[tuple[Term, float]]) -> BinaryPolynomial:
        return BinaryPolynomial.of(
            len(used), [(t, c * a) for term, c in terms for t, a in written(term)]
        )

    made = []
    for g, group in enumerate(groups):
        gains = [
            over_bits([(tuple(j for j in t if j != i), c) for t, c in kept.items() if i in t])
            for i in group
        ]
        weight, reason = _weight(code, gains)
        made.append(
            Levels(
                options=tuple(group),
                bits=bits[g],
                code=codes[g],
                sufficient_weight=weight,
                reason=reason,
            )
        )
    return Recoded(
        objective=objective,
        polynomial=over_bits(list(kept.items())),
        groups=tuple(made),
        single=tuple((i, place[i]) for i in range(n) if i not in owner),
        name=code,
    )


def _weight(code: str, gains: Sequence[BinaryPolynomial]) -> tuple[float, str]:
    """The sufficient weight of one drug's violation, and why.

    Without products of its own options the polynomial is a + sum_k b_k x_k in this drug's options,
    with a and b_k polynomials in the other drugs' bits (`gains`; b_0 = 0 is "none"). Repair one
    drug after another; the bounds hold at any bits of the others.

    One hot: s >= 2 options are on, the violation is s (s - 1) / 2. Keep the one of lowest b, drop
    the others: at most (s - 1) B is lost, B the second largest of max(0, max -b_k), since at each
    point the second largest of -b_k is at most that; and (s - 1) B <= W s (s - 1) / 2 for W >= B.

    Domain wall: v rises r_1 .. r_v stand between v + 1 falls p_0 < r_1 < p_1 < .., where x is -1
    and +1 (a first bit of 0 is a fall at level 0). Keep the fall p of lowest b and drop every other
    fall p' with the rise r next to it on the side of p: that loses b_r - b_p', which is at most
    b_r - b_p too, and p and p' lie on both sides of r. So a pair loses at most W = max_r
    min(max_{i<r} max (b_r - b_i), max_{j>r} max (b_r - b_j)), and v W is gained.

    Both are the least weights that will do where the drug meets no other.
    """
    if code == "binary":
        return 0.0, "every pattern is a level"
    if code == "one_hot":
        losses = sorted((max(0.0, _most(b * -1.0)) for b in gains), reverse=True)
        return (
            losses[1] if len(losses) > 1 else 0.0
        ), "second largest that one option of the drug can gain, whatever the others"
    b = [BinaryPolynomial.of(0, {}), *gains]

    def loss(rise: int, falls: range) -> float:
        return max(_most(b[rise] + b[k] * -1.0) for k in falls)

    worst = max(
        (min(loss(r, range(r)), loss(r, range(r + 1, len(b)))) for r in range(1, len(gains))),
        default=0.0,
    )
    return max(
        0.0, worst
    ), "most by which a level exceeds one below it and one above it, whatever the others"


def _most(polynomial: BinaryPolynomial) -> float:
    """An upper bound of a polynomial over all bits: exact for a few variables, the sum of positive
    coefficients for more.
    """
    names = sorted({i for t in polynomial.terms for i in t})
    if len(names) > _EXACT_UP_TO:
        return polynomial.constant + sum(c for t, c in polynomial.terms.items() if t and c > 0.0)
    at = {i: k for k, i in enumerate(names)}
    packed = BinaryPolynomial.of(
        len(names), [(tuple(at[i] for i in t), c) for t, c in polynomial.terms.items()]
    )
    return float(packed.values().max())
