"""Combination screens as a family: a table of pairs is the family, each of its contexts (cell
lines, say) an instance.

The tables are the user's; what they hold is part of the instance's identity by their digest
(`sha256`).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from qtwin.encoding.generate import Generated
from qtwin.encoding.screen import encode_screen, instance, permitted_set
from qtwin.errors import InputError
from qtwin.problem.fixed_size import FixedSize
from qtwin.problem.screen.read import read_screen
from qtwin.problem.screen.screen import Screen


def generate(
    n: int,
    seed: int,
    *,
    pairs: str = "",
    singles: str = "",
    size: int = 3,
    objective: str = "mean",
    sha256: str = "",
) -> Generated:
    """Choose `size` of n drugs in context number `seed`: all drugs of the table, or a random subset
    of n of them.

    Args:
        n: Drugs, at most those of the table.
        seed: Number of the context, counted from 0; it also draws the subset.
        pairs: Table of pairs (CSV).
        singles: Table of single effects (CSV); "" if the pairs bring them along.
        size: Drugs to choose.
        objective: mean or log-linear.
        sha256: Digest of the tables, "" for whatever they hold.

    Raises:
        InputError: without a table, for too many drugs or contexts, or a table that is not the one
            meant.
        InfeasibleError: where no permitted set is found.
    """
    if not pairs:
        raise InputError(
            "expected a table of pairs, got none",
            hint='pairs = "pairs.csv" in the [[family]], a table of yours',
        )
    data = _read(pairs, singles)
    if sha256 and sha256 != digest(pairs, singles):
        raise InputError(
            f"{pairs} is not the table that the sweep began with",
            hint="bring it back, or start a new sweep",
        )
    if n > data.n or seed >= len(data.contexts):
        raise InputError(
            f"expected at most {data.n} drugs and context {len(data.contexts) - 1}, got {n} "
            f"and {seed}",
            hint="lower them",
        )
    whole = instance(data, seed, size=size, objective=objective)
    rng = np.random.default_rng([seed, n])
    kept = np.sort(rng.choice(data.n, size=n, replace=False)) if n < data.n else np.arange(n)
    choice = FixedSize(
        names=tuple(whole.names[i] for i in kept),
        size=size,
        linear=whole.linear[kept].copy(),
        pairs=whole.pairs[np.ix_(kept, kept)].copy(),
        forbidden=whole.forbidden[np.ix_(kept, kept)].copy(),
        unit=whole.unit,
    )
    return Generated(
        family="screen",
        seed=seed,
        options={
            "pairs": pairs,
            "singles": singles,
            "size": size,
            "objective": objective,
            "sha256": sha256,
        },
        encoding=encode_screen(choice, permitted_set(choice, rng)),
        hardness=f"real data, context {data.contexts[seed]}; listing all sets of {size} takes "
        "milliseconds",
    )


def digest(pairs: str, singles: str) -> str:
    """What the tables hold, as one digest.

    Raises:
        InputError: if they cannot be read.
    """
    return "+".join(_read(pairs, singles).sha256)


@lru_cache(maxsize=4)
def _read(pairs: str, singles: str) -> Screen:
    return read_screen(Path(pairs), Path(singles) if singles else None)
