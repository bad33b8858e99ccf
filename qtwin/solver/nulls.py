"""The null baselines that stand beside every quantum method, whether anybody asked for them or not.

Uniform bits, uniform feasible assignments, and random starts each improved by one-flip descent: a
method whose shots do not beat the last of these has gained nothing over a few lines of classical
code. Each takes as many reads as the quantum method with most shots.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qtwin.solver import registry


@dataclass(frozen=True, kw_only=True)
class Null:
    """A baseline.

    Attributes:
        name: In the table of solvers.
        options: Of its constructor.
        label: How it is called in tables.
    """

    name: str
    options: Mapping[str, Any]
    label: str


UNIFORM_BITS, UNIFORM_FEASIBLE, DESCENT = (
    "uniform random bits",
    "uniform feasible choices",
    "random start and one-flip descent",
)


def label_of(name: str, options: Mapping[str, Any]) -> str:
    """What a baseline is called; "" for a solver that is none."""
    if name == "random":
        return DESCENT if options.get("descent") else UNIFORM_BITS
    return UNIFORM_FEASIBLE if name == "random-feasible" else ""


def missing(present: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[Null, ...]:
    """The baselines to add to those that take part, given by name and options; none where no method
    is quantum.

    Raises:
        InputError: for a solver that nobody registered.
    """
    entrants = list(present)
    shots = [
        _shots(name, options) for name, options in entrants if registry.card(name).kind == "quantum"
    ]
    if not shots:
        return ()
    there = {label_of(name, options) for name, options in entrants}
    every: tuple[tuple[str, dict[str, Any]], ...] = (
        ("random", {}),
        ("random-feasible", {}),
        ("random", {"descent": True}),
    )
    return tuple(
        Null(name=name, options={**options, "shots": max(shots)}, label=label_of(name, options))
        for name, options in every
        if label_of(name, options) not in there
    )


def _shots(name: str, options: Mapping[str, Any]) -> int:
    known = registry.options_of(registry.find(name))
    found = options.get("shots", known["shots"].default if "shots" in known else 1)
    return found if isinstance(found, int) and found > 0 else 1
