"""Low-autocorrelation binary sequences: quartic, one instance a length, hard for everybody (Golay
1977, IEEE Trans IT 23:43).

    E(s) = sum_{k=1}^{n-1} C_k^2,   C_k = sum_i s_i s_{i+k}

The benchmark on which QAOA of fixed angles was measured to scale better than branch and bound and
worse than memetic tabu search (Shaydulin et al. 2024, Science Advances 10:eadm6761,
arXiv:2308.02342).
"""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import lru_cache
from importlib.resources import files

from qtwin.encoding.generate import Generated
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import from_spins
from qtwin.errors import InputError


def generate(n: int, seed: int) -> Generated:
    """The sequence problem of length n; every seed gives the same one.

    Raises:
        InputError: for fewer than 3 spins.
    """
    if n < 3:
        raise InputError(f"expected at least 3 spins, got {n}", hint="raise n")
    terms: Counter[tuple[int, ...]] = Counter()
    for k in range(1, n):
        pairs = [(i, i + k) for i in range(n - k)]
        terms[()] += len(pairs)
        for a, first in enumerate(pairs):
            for second in pairs[a + 1 :]:
                terms[tuple(sorted(set(first) ^ set(second)))] += 2
    return Generated(
        family="labs",
        seed=seed,
        encoding=plain(from_spins(n, [(t, float(c)) for t, c in terms.items()])),
        optimum=_optima().get(n),
        hardness="no structure to use; branch and bound ends at 66, memetic tabu search takes "
        "1.34^n, QAOA of 12 layers 1.46^n",
    )


@lru_cache(maxsize=1)
def _optima() -> dict[int, float]:
    """Length to the least energy that is proven."""
    kept = tomllib.loads((files("qtwin") / "data" / "labs.toml").read_text(encoding="utf-8"))
    return {kept["first"] + k: float(energy) for k, energy in enumerate(kept["optimum"])}
