"""Choose exactly k of n with random pair values: the bare form of a regimen of k drugs."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from qtwin.encoding.generate import Generated
from qtwin.encoding.model import plain
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem.constraint import Exactly

_LARGEST = 100


def generate(n: int, seed: int, *, k: int = 0) -> Generated:
    """Single and pair values uniform in -100..100, to be maximised over sets of `k` (n / 5 unless
    given).

    Raises:
        InputError: for k outside 1..n.
    """
    size = k or max(1, n // 5)
    if not 1 <= size <= n:
        raise InputError(f"expected a size of 1 to {n}, got {size}", hint="correct k")
    rng = np.random.default_rng([seed, n])
    terms = [t for order in (1, 2) for t in combinations(range(n), order)]
    value = BinaryPolynomial.of(
        n, [(t, float(rng.integers(-_LARGEST, _LARGEST + 1))) for t in terms]
    )
    known = np.zeros((1, n), dtype=np.uint8)
    known[0, :size] = 1
    constraint = Exactly(
        name=f"exactly {size}", reason="as generated", count=size, members=tuple(range(n))
    )
    encoding = encode(
        value, names=plain(value).variables, constraints=(constraint,), feasible=known
    )
    return Generated(
        family="cardinality",
        seed=seed,
        options={"k": size},
        encoding=encoding,
        hardness="enumeration of all sets up to k = 5; integer programming ends near 60 variables "
        "at k = n / 5",
    )
