"""One cell of a sweep: an instance, a solver, a seed.

Its identity is a hash of all that defines it, the version included.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from qtwin.errors import InputError
from qtwin.version import __version__


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is to be run once.

    Attributes:
        family: Of `qtwin.encoding.generate.TABLE`.
        n: Decision variables.
        instance: Seed of the instance.
        family_options: The family's own options.
        solver: Of `qtwin.solver.TABLE`.
        label: How the solver with these options is called in tables.
        solver_options: Its options, the backend among them.
        time_limit_s: None for the solver's own.
        run: Number of the repetition.
        seed: Of the sweep; with the rest it gives the solver's seed.
        version: Of qtwin.
        group: How the family with these options is called in tables; "" for its own name.
    """

    family: str
    n: int
    instance: int
    family_options: Mapping[str, Any] = field(default_factory=dict)
    solver: str
    label: str
    solver_options: Mapping[str, Any] = field(default_factory=dict)
    time_limit_s: float | None = None
    run: int = 0
    seed: int = 0
    version: str = __version__
    group: str = ""

    @cached_property
    def task_id(self) -> str:
        """SHA-256 of everything above but label and group; equal tasks of any sweep, machine or day
        have equal ones.

        Raises:
            InputError: for an option that is no JSON value.
        """
        plain = asdict(self) | {"family_options": self._defining}
        del plain["label"], plain["group"]
        try:
            text = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"a task cannot be written down: {error}",
                hint="use numbers, text and lists as options",
            ) from None
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def _defining(self) -> dict[str, Any]:
        """The options that make the instance what it is: a file with a digest is the same wherever
        it lies.
        """
        options = dict(self.family_options)
        if self.family == "file" and options.get("sha256"):
            del options["path"]
        return options

    @property
    def instance_id(self) -> str:
        """The same for all solvers and runs on one instance."""
        made = [self.family, self.n, self.instance, self._defining]
        return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def solver_seed(self) -> int:
        """Seed of the solver: different for every task, the same in every process."""
        return int(self.task_id[:8], 16)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Instances of one family: every size, so many instances each."""

    family: str
    sizes: Sequence[int]
    instances: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    def instances_of(self) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
        """(size, number of the instance, options) of every instance."""
        for n in self.sizes:
            for i in range(self.instances):
                yield n, i, self.options


@dataclass(frozen=True, kw_only=True)
class Files(Group):
    """Instances in files, one a file.

    Attributes:
        files: Options of each; `sizes` are theirs, in the same order.
    """

    files: Sequence[Mapping[str, Any]] = ()

    def instances_of(self) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
        for n, options in zip(self.sizes, self.files, strict=True):
            yield n, 0, options


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A solver with its options, and up to which size it takes part."""

    solver: str
    label: str
    options: Mapping[str, Any] = field(default_factory=dict)
    time_limit_s: float | None = None
    runs: int = 1
    largest: int | None = None


def expand(groups: Sequence[Group], entrants: Sequence[Entrant], *, seed: int) -> Iterator[Task]:
    """Every task of a sweep, small instances first, so that something can be seen soon."""
    cells = [(n, k, i, options) for k, g in enumerate(groups) for n, i, options in g.instances_of()]
    for n, k, i, options in sorted(cells, key=lambda cell: cell[:3]):
        group = groups[k]
        for entrant in entrants:
            if entrant.largest is not None and n > entrant.largest:
                continue
            for run in range(entrant.runs):
                yield Task(
                    family=group.family,
                    n=n,
                    instance=i,
                    family_options=dict(options),
                    solver=entrant.solver,
                    label=entrant.label,
                    solver_options=dict(entrant.options),
                    time_limit_s=entrant.time_limit_s,
                    run=run,
                    seed=seed,
                    group=group.label or group.family,
                )
