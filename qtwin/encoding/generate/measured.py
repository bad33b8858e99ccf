"""Measured drug combinations as a family: a table of pairs is the family, each of its contexts (cell lines, say) an instance.

The tables are the user's; what they hold is part of the instance's identity by their digest (`sha256`).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from qtwin.encoding.generate import Generated
from qtwin.encoding.measured import encode_measured, instance
from qtwin.errors import InfeasibleError, InputError
from qtwin.problem.fixed_size import FixedSize
from qtwin.problem.measured.combinations import MeasuredCombinations
from qtwin.problem.measured.table import read_combinations


def generate(
    n: int, seed: int, *, pairs: str = "", singles: str = "", size: int = 3, objective: str = "mean", sha256: str = ""
) -> Generated:
    """Choose `size` of n drugs in context number `seed`: all drugs of the table, or a random subset of n of them.

    Args:
        n: Drugs, at most those of the table.
        seed: Number of the context, counted from 0; it also draws the subset.
        pairs: Table of pairs (CSV).
        singles: Table of single effects (CSV); "" if the pairs bring them along.
        size: Drugs to choose.
        objective: mean or log-linear.
        sha256: Digest of the tables, "" for whatever they hold.

    Raises:
        InputError: without a table, for too many drugs or contexts, or a table that is not the one meant.
        InfeasibleError: where no permitted set is found.
    """
    if not pairs:
        raise InputError("no table of pairs came", hint='pairs = "pairs.csv" in the [[family]]; the tables are yours')
    data = _read(pairs, singles)
    if sha256 and sha256 != digest(pairs, singles):
        raise InputError(f"{pairs} is not the table that the sweep began with", hint="bring it back, or start a new sweep")
    if n > data.n or seed >= len(data.contexts):
        raise InputError(
            f"{n} drugs and context {seed} came, at most {data.n} and {len(data.contexts) - 1} were wanted", hint="lower them"
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
        family="measured",
        seed=seed,
        options={"pairs": pairs, "singles": singles, "size": size, "objective": objective, "sha256": sha256},
        encoding=encode_measured(choice, _permitted(choice, rng)),
        hardness=f"real data, context {data.contexts[seed]}; listing all sets of {size} takes milliseconds",
    )


def digest(pairs: str, singles: str) -> str:
    """What the tables hold, as one digest.

    Raises:
        InputError: if they cannot be read.
    """
    return "+".join(_read(pairs, singles).sha256)


@lru_cache(maxsize=4)
def _read(pairs: str, singles: str) -> MeasuredCombinations:
    return read_combinations(Path(pairs), Path(singles) if singles else None)


def _permitted(choice: FixedSize, rng: np.random.Generator) -> tuple[int, ...]:
    """A permitted set: drugs by their gain, and in random orders where that ends too early."""
    for attempt in range(1000):
        chosen: list[int] = []
        gain = choice.linear + (rng.normal(scale=np.ptp(choice.linear) + 1.0, size=choice.n) if attempt else 0.0)
        free = np.ones(choice.n, dtype=np.bool_)
        while len(chosen) < choice.size and free.any():
            i = int(np.argmax(np.where(free, gain, -np.inf)))
            chosen.append(i)
            gain = gain + choice.pairs[i]
            free &= ~choice.forbidden[i]
            free[i] = False
        if len(chosen) == choice.size:
            return tuple(sorted(chosen))
    raise InfeasibleError(
        f"no {choice.size} of {choice.n} drugs without a forbidden pair were found", hint="take a smaller size or more drugs"
    )
