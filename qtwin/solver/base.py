"""The contract of a solver: an `Instance` goes in, a `Result` comes out, and the result never
claims more than it shows.

To add a solver: write one file with a final subclass of `Solver`, add one line to
`qtwin.solver.TABLE` (or an entry point in the group ``qtwin.solvers``), and run
``tests/contracts/test_solvers.py``, which reads the table. A solver

- minimises ``instance.encoding.polynomial`` (or works on ``instance.encoding.objective`` under the
  native constraints, or asks ``instance.problem`` itself and says so in ``scope``),
- takes its seed and its time limit as arguments, keeps no global state, and refuses options it does
  not know,
- may begin from ``instance.warm_start`` and stop at ``instance.target_energy``; one that cannot
  ignores them, and its `SolverInfo.warm_start` stays False,
- returns the best bits it saw even when a limit was hit (`status` says which), and a `bound` only
  when it has a proof.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from qtwin.backend import registry
from qtwin.backend.base import Samples
from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError, QtwinError
from qtwin.options import checked_options, options_of
from qtwin.problem.constraint import AtMost, AtMostOne, Constraint, Exactly, NotBoth
from qtwin.problem.feasible import groups_of

Status = Literal[
    "optimal", "feasible", "infeasible", "time limit", "interrupted", "refused", "failed"
]


class SolverFailureError(QtwinError):
    """A solver that crashed, ended its process, overran its limits or answered with something that
    is no answer (exit code 1).
    """


class TwinProblem(Protocol):
    """What a solver may ask of the problem itself: feasible choices and their true objective
    (higher is better).
    """

    def feasible_bits(self) -> NDArray[np.uint8]:
        """(k, n_decision) all feasible choices."""

    def objective(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        """(m,) utility of (m, n_decision) choices, simulated on the twin."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One problem as solvers see it, and what is known of its answer.

    Attributes:
        encoding: What is minimised.
        problem: The twin problem behind it, where there is one.
        warm_start: A known choice, (n_decision,) bits, or (n_variables,) with slack; it should be
            feasible. A solver that can use it (`SolverInfo.warm_start`) begins there and never
            answers worse; the others ignore it.
        target_energy: Good enough: a solver that sees a feasible energy at or below it may stop
            with status "feasible".

    Example:
        >>> import qtwin as qt
        >>> instance = qt.Instance(encoding=qt.BinaryModel.from_qubo([[-1.0]]))
        >>> qt.QAOA(layers=1).solve(instance, seed=1).bits.tolist()
        [1]
    """

    encoding: BinaryModel
    problem: TwinProblem | None = None
    warm_start: NDArray[np.uint8] | None = None
    target_energy: float | None = None


@dataclass(frozen=True, kw_only=True)
class TracePoint:
    """Best energy so far after `time_s` and `evaluations`."""

    time_s: float
    evaluations: int
    best_energy: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a solver found.

    Attributes:
        solver: Its name in the table.
        backend: Where circuits ran, "" for classical solvers.
        status: Why it stopped; "optimal" only with a proof; "refused" where the question is too
            large for it (`info` says why); "failed" is said by who asked it, never by the solver.
        bits: (n,) best assignment of the encoding's variables, lowest energy first among feasible
            ones; None if none.
        energy: encoding.polynomial at `bits` (NaN if none).
        bound: Proven lower bound on the encoded energy over feasible assignments, or None.
        proven: Whether `bits` is proven optimal for the problem named in `scope`.
        scope: "twin" when the twin itself was searched, "encoding" otherwise.
        samples: What was sampled (distinct assignments with counts), for success rates; None for
            deterministic solvers.
        trace: Anytime trace.
        shots, evaluations: Circuit shots; objective or circuit evaluations, training included.
        wall_s: Seconds by stage.
        seed: The seed that was used.
        info: Further numbers worth printing (parameters, expectation, counts), JSON-ready.
        offences: What was found untrue in it, kind (`qtwin.solver.judge.KINDS`) to words; filled in
            by who asked, never by the solver.

    Example:
        >>> import qtwin as qt
        >>> result = qt.solve(qt.BinaryModel.from_qubo([[-1.0]]), 'enumeration').result
        >>> result.status, result.bound, result.gap
        ('optimal', -1.0, 0.0)
    """

    solver: str
    backend: str = ""
    status: Status
    bits: NDArray[np.uint8] | None
    energy: float
    bound: float | None = None
    proven: bool = False
    scope: Literal["encoding", "twin"] = "encoding"
    samples: Samples | None = None
    trace: tuple[TracePoint, ...] = ()
    shots: int = 0
    evaluations: int = 0
    wall_s: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    info: Mapping[str, Any] = field(default_factory=dict)
    offences: Mapping[str, str] = field(default_factory=dict)

    @property
    def gap(self) -> float | None:
        """(energy - bound) / max(1e-12, |energy|): how much is left to prove; None without an
        answer or a bound.
        """
        if self.bits is None or self.bound is None:
            return None
        return (self.energy - self.bound) / max(1e-12, abs(self.energy))


@dataclass(frozen=True, kw_only=True)
class SolverInfo:
    """How a solver introduces itself in listings and reports.

    Attributes:
        name: Its name in the table.
        summary: What it does, in one line.
        kind: "null" for a baseline that every method has to beat.
        guarantee: What its answer is worth when it finishes.
        citation: Where the method was published.
        max_variables: Size up to which it is meant to be used.
        limits: Further limits in words: degree, licence, time.
        warm_start: Whether it begins from `Instance.warm_start`.
        vendor: (importable module, pip package) it needs beyond the core, or None.

    Example:
        >>> import qtwin as qt
        >>> info = qt.solvers()['cp-sat']
        >>> info.kind, info.vendor
        ('classical', ('ortools', 'ortools'))
    """

    name: str
    summary: str
    kind: Literal["classical", "quantum", "null"]
    guarantee: str
    citation: str
    max_variables: int
    limits: str = ""
    warm_start: bool = False
    vendor: tuple[str, str] | None = None


class Solver(ABC):
    """One method. Options are the constructor's keyword arguments, each with a default.

    Example:
        >>> import qtwin as qt
        >>> issubclass(qt.QAOA, qt.Solver), qt.QAOA.card().kind
        (True, 'quantum')
    """

    @classmethod
    @abstractmethod
    def card(cls) -> SolverInfo:
        """Name, guarantee and citation."""

    @abstractmethod
    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Search. Raises InputError when the instance is too large for the method, with the limit
        in the message.
        """


# The backend of a solver as a spec writes it: a name, options of that backend, and mitigation
# around it.
#
# backend = "aer"
# backend_options = { method = "density_matrix", depolarising_2q = 0.005 }
# mitigation = { readout = "m3", zne = [1, 3, 5] }

KEYS = ("backend_options", "mitigation")


def backed(made: type[Any], who: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with `backend_options` and `mitigation` turned into one backend; unchanged when
    neither is there.

    Raises:
        InputError: for an unknown backend or option, a wrong type, or a solver that runs no
            circuit.
    """
    kept = {key: value for key, value in options.items() if key not in KEYS}
    asked = {key: options[key] for key in KEYS if key in options}
    if not asked:
        return kept
    known = options_of(made)
    if "backend" not in known:
        raise InputError(
            f"got {next(iter(asked))} for {who}, which runs no circuit", hint="take it out"
        )
    for key, value in asked.items():
        if not isinstance(value, Mapping):
            raise InputError(
                f"expected a table as {key} of {who}, got {value!r}",
                hint=f"{key} = {{ name = value }}",
            )
    name = kept.get("backend", known["backend"].default)
    if not isinstance(name, str):
        raise InputError(
            f"expected the name of a backend of {who}, got {name!r} with options",
            hint='backend = "aer"',
        )
    backend = registry.load(name, asked.get("backend_options", {}))
    if asked.get("mitigation"):
        from qtwin.backend.mitigation import Mitigated

        return kept | {
            "backend": Mitigated(
                backend, **checked_options(Mitigated, f"mitigation of {who}", asked["mitigation"])
            )
        }
    return kept | {"backend": backend}


# What shape named constraints give a choice: how many they can leave, and whether they ask for a
# size alone.


def most_choices(n: int, constraints: Sequence[Constraint]) -> int:
    """An upper bound on the choices that `qtwin.problem.feasible.feasible_bits` holds at a time
    while it lists.

    Counts what the classes (at most one of each) and one limit on the number leave, for the limit
    that leaves least; pairs that are kept apart, needs and caps can only take more away.
    """
    groups = groups_of(n, constraints)
    counts = [math.prod(1 + len(g) for g in groups)]
    for c in constraints:
        if isinstance(c, AtMost | Exactly):
            limit = c.limit if isinstance(c, AtMost) else c.count
            counts.append(_at_most(limit, set(c.members), groups))
    return min(counts)


def _at_most(limit: int, members: set[int], groups: Sequence[Sequence[int]]) -> int:
    """Choices of at most one from each group with at most `limit` of the members in all."""
    by_size = [1] + [0] * max(limit, 0)
    free = 1
    for group in groups:
        inside = sum(i in members for i in group)
        # a class that is only partly counted: as if none of it were
        if inside < len(group) and inside:
            free *= 1 + len(group)
        elif inside:
            by_size = [a + inside * b for a, b in zip(by_size, [0, *by_size[:-1]], strict=True)]
        else:
            free *= 1 + len(group)
    return free * sum(by_size)


def exactly(n: int, constraints: Sequence[Constraint]) -> tuple[int, list[tuple[int, int]] | None]:
    """(k, pairs kept apart, both ways round) where exactly k of all are to be chosen, and no more
    is asked; else (0, None).
    """
    sizes = [c for c in constraints if isinstance(c, Exactly)]
    others = [c for c in constraints if not isinstance(c, Exactly)]
    if (
        len(sizes) != 1
        or sorted(sizes[0].members) != list(range(n))
        or not 0 <= sizes[0].count <= n
    ):
        return 0, None
    apart: set[tuple[int, int]] = set()
    for c in others:
        if not isinstance(c, NotBoth | AtMostOne):
            return 0, None
        members = c.pair if isinstance(c, NotBoth) else c.members
        apart |= set(itertools.permutations(members, 2))
    return sizes[0].count, sorted(apart)
