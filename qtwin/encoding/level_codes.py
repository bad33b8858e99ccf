"""Codes for the levels of one drug: none, and each of its L doses.

- ``one_hot``: a bit an option, at most one of them 1; L bits, a penalty on L (L - 1) / 2 pairs.
- ``binary``: ceil(log2(L + 1)) bits, every pattern a level, so that no penalty is needed; the degree rises.
- ``domain_wall``: L bits that fall once from 1 to 0, level k is k ones (Chancellor 2019, Quantum Sci Technol 4:045004); an
  option is a difference of two neighbours, so that the degree stays, and the penalty is a chain of L - 1 neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits


@dataclass(frozen=True, kw_only=True)
class Code:
    """How the levels 0 (none), 1, .., L of one drug are written in b bits.

    Attributes:
        words: (L + 1, b) the pattern of each level.
        options: For each level above 0, the polynomial over the b bits that is 1 at its patterns and 0 at the other valid ones.
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

    Patterns to spare are given away, so that nothing needs a penalty: of the 2^b patterns, u = 2^b - L - 1 are to spare, and the
    last u levels take two patterns each that differ in the highest bit, which lowers the degree of those options to b - 1. (There
    are enough levels for that: b is the least with 2^b > L, so 2^(b - 1) <= L and u <= 2^(b - 1) - 1 < L.)
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
        signs = [((*ones, *s), (-1.0) ** len(s)) for k in range(len(zeros) + 1) for s in combinations(zeros, k)]
        options.append(BinaryPolynomial.of(b, signs))
    return Code(words=index_to_bits(np.array(firsts), b), options=tuple(options), violation=BinaryPolynomial.of(b, {}))


def domain_wall(levels: int) -> Code:
    """L bits d_1 >= .. >= d_L, level k where the first k are 1: option k is d_k - d_{k+1}, a rise 0 1 is invalid."""
    words = np.tril(np.ones((levels + 1, levels), dtype=np.uint8), -1)
    options = tuple(
        BinaryPolynomial.of(levels, [((k,), 1.0), *([((k + 1,), -1.0)] if k + 1 < levels else [])]) for k in range(levels)
    )
    rises = [part for k in range(levels - 1) for part in (((k + 1,), 1.0), ((k, k + 1), -1.0))]
    return Code(words=words, options=options, violation=BinaryPolynomial.of(levels, rises))


CODES: dict[str, Callable[[int], Code]] = {"one_hot": one_hot, "binary": binary, "domain_wall": domain_wall}
