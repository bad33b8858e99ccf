"""Asking a solver: the one place where an answer comes from.

It trusts nobody, the project's own solvers included.

Each gets a frozen copy of the instance, is warmed on tiny ones first, and is timed by our clock;
its output is captured, and its answer goes through `qtwin.solver.judge`. A solver of another
package runs in a process of its own (`qtwin.solver.apart`); one that is written in a notebook runs
here, and is believed no more than the others.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from qtwin.backend.base import Backend
from qtwin.captured import captured
from qtwin.encoding.generate import cardinality
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import QtwinError
from qtwin.kernels import without_damaged_ones
from qtwin.solver import registry
from qtwin.solver.apart import copied, memory_limit_gib, solve_apart
from qtwin.solver.base import Instance, Result, Solver, SolverFailureError
from qtwin.solver.judge import claim_of, contradictions, judged, taken
from qtwin.solver.variational.resources import counting_s

_OWN = "qtwin."
_SIMULATORS = tuple(
    f"qtwin.backend.{name}" for name in ("statevector", "aer", "fake", "pennylane", "mitigation")
)
_WARM: set[tuple[str, str, int, bool]] = set()
_COMPILED_SHARE = 0.02
"""Of a run's time; a run of our own solvers with more of compilation in it is made again."""
_CHALLENGE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An answer that was evaluated.

    Attributes:
        result: With our energy, our clock in `wall_s`, and its `offences`.
        clock_s: Seconds that passed, compilation left out.
        charged_s: The greater of those and what the solver itself states, waiting for a machine
            left out.
        compiling_s: Seconds of compilation and of tiny instances, which nobody is charged.
        printed: The beginning of what it wrote to standard output.
    """

    result: Result
    clock_s: float
    charged_s: float
    compiling_s: float
    printed: str


def is_own(solver: Solver) -> bool:
    """Whether a solver is one of the project's."""
    return f"{type(solver).__module__}.".startswith(_OWN)


def is_here(solver: Solver) -> bool:
    """Whether it runs in this process: one of the project's, or one written in a notebook, which no
    other process can import.
    """
    return is_own(solver) or type(solver).__module__ == "__main__"


def ask(
    solver: Solver,
    instance: Instance,
    *,
    name: str,
    seed: int,
    time_limit_s: float | None = None,
    memory_gib: float | None = None,
    begin: Callable[[], None] = lambda: None,
) -> Asked:
    """The solver's answer to the instance, as far as it is true.

    Args:
        solver: With its options.
        instance: The question.
        name: By which the solver is registered.
        seed: Of the solver.
        time_limit_s: None for the solver's own.
        memory_gib: Beyond which a solver of another package is ended; None for most of the
            machine's.
        begin: Called when the clock of one of our own starts, for whoever keeps its limit from
            outside.

    Raises:
        SolverFailureError: when it crashed, ended its process, overran a limit, or answered with
            what is no answer.
        InputError: what the solver itself refuses, such as too many variables.
    """
    if is_here(solver):
        result, clock_s, compiling_s, printed = _here(solver, instance, seed, time_limit_s, begin)
    else:
        mark = time.perf_counter()
        reply = solve_apart(
            solver,
            copied(instance),
            tiny(instance) if costs_nothing(solver) else (),
            seed=seed,
            time_limit_s=time_limit_s,
            memory_gib=memory_limit_gib() if memory_gib is None else memory_gib,
        )
        result, clock_s, printed = reply.result, reply.clock_s, reply.printed
        compiling_s = max(0.0, time.perf_counter() - mark - clock_s)
    encoding = instance.encoding
    twin = instance.problem is not None
    found = judged(
        replace(result, solver=name, seed=seed),
        encoding,
        clock_s=clock_s,
        time_limit_s=time_limit_s,
        twin=twin,
        trusted_trace=is_own(solver),
    )
    queued = found.wall_s.get("queue", 0.0) if is_own(solver) else 0.0
    return Asked(
        result=found,
        clock_s=clock_s,
        charged_s=max(sum(found.wall_s.values()) - queued, 0.0),
        compiling_s=compiling_s,
        printed=printed,
    )


def challenged(found: Asked, solver: Solver, instance: Instance, *, seed: int) -> Asked:
    """The same answer, a bound or a proof of another package held against a short tabu search of
    ours.

    Where many solvers answer one question they challenge each other; where one is asked alone, this
    is its rival.
    """
    result = found.result
    if (
        not (result.proven or result.bound is not None)
        or result.scope != "encoding"
        or is_own(solver)
    ):
        return found
    try:
        rival = ask(
            registry.load("tabu", {}), instance, name="tabu", seed=seed, time_limit_s=_CHALLENGE_S
        ).result
    except QtwinError:
        return found
    claims = [
        claim_of(result, instance.encoding, label=result.solver),
        claim_of(rival, instance.encoding, label="a short tabu search"),
    ]
    said = contradictions(claims, scale=instance.encoding.polynomial.coefficient_range[1]).get(0)
    if not said:
        return found
    status: Any = "feasible" if result.status == "optimal" else result.status
    made = replace(
        result,
        bound=None if "bound" in said else result.bound,
        proven=result.proven and "proof" not in said,
        status=status,
        offences={**result.offences, **said},
    )
    return replace(found, result=made)


def costs_nothing(solver: object, *, depth: int = 3) -> bool:
    """Whether all that it runs circuits on are our simulators: then asking once more, to warm it,
    sends no job to a machine.
    """
    if isinstance(solver, Backend) and not type(solver).__module__.startswith(_SIMULATORS):
        return False
    parts = getattr(solver, "__dict__", {}).values() if depth else ()
    return all(costs_nothing(part, depth=depth - 1) for part in parts)


def tiny(instance: Instance) -> tuple[Instance, ...]:
    """Instances of eight variables and of the same kind: as constrained, and of the same degree up
    to three.

    Eight is the width from which circuits take the kernels that wide ones take.
    """
    cubic = instance.encoding.polynomial.degree > 2
    made = [plain(BinaryPolynomial.of(8, _TERMS if cubic else _TERMS[:-1]))]
    if instance.encoding.constraints:
        made.append(cardinality.generate(8, 0).encoding)
    return tuple(Instance(encoding=e) for e in made)


_TERMS: list[tuple[tuple[int, ...], float]] = [
    *(((i,), c) for i, c in enumerate((-1.0, 0.5, -0.25, 0.75, -0.5, 1.25, 0.25, -0.75))),
    *(((i, (i + 1) % 8), c) for i, c in enumerate((1.5, -2.0, 1.25, 0.5, -1.0, 0.75, -0.5, 1.0))),
    ((0, 1, 2), 1.0),
]


@contextmanager
def compiling() -> Iterator[list[float]]:
    """Seconds that numba compiled meanwhile, in any thread; the list holds them after."""
    from numba.core import event

    found = [0.0]
    with event.install_timer("numba:compile", lambda s: found.__setitem__(0, s)):
        yield found


def warm(solver: Solver, instance: Instance) -> float:
    """Have one of our solvers solve tiny instances of this kind, once in a process; seconds that it
    took.
    """
    encoding = instance.encoding
    options = re.sub(r" at 0x[0-9a-f]+", "", repr(sorted(vars(solver).items())))
    kind = (
        type(solver).__qualname__,
        options,
        min(encoding.polynomial.degree, 3),
        bool(encoding.constraints),
    )
    if kind in _WARM or not costs_nothing(solver):
        return 0.0
    _WARM.add(kind)
    without_damaged_ones()
    started = time.perf_counter()
    for small in tiny(instance):
        try:
            solver.solve(small, seed=0, time_limit_s=1.0)
        except (Exception, SystemExit):
            continue  # what it cannot do with a tiny one says nothing of the question
    return time.perf_counter() - started


def _here(
    solver: Solver,
    instance: Instance,
    seed: int,
    time_limit_s: float | None,
    begin: Callable[[], None],
) -> tuple[Result, float, float, str]:
    """The answer of one of our own, seconds on our clock, seconds of compilation beside it, and
    what was printed.
    """
    with captured() as printed:
        compiling_s = warm(solver, instance)
        for last in (False, True):
            given = copied(instance)
            n = given.encoding.polynomial.n_variables
            with compiling() as compiled:
                begin()
                counted_s = counting_s()
                started = time.perf_counter()
                try:
                    result = taken(solver.solve(given, seed=seed, time_limit_s=time_limit_s), n=n)
                except (QtwinError, MemoryError):
                    raise
                except (Exception, SystemExit) as error:
                    text = f"{type(error).__name__}: {error}".strip(": ")
                    raise SolverFailureError(
                        f"tried to end the process ({text})"
                        if isinstance(error, SystemExit)
                        else text
                    ) from error
                clock_s = time.perf_counter() - started - (counting_s() - counted_s)
            compiling_s += compiled[0]
            if (
                last
                or not costs_nothing(solver)
                or result.status == "interrupted"
                or compiled[0] <= _COMPILED_SHARE * clock_s
            ):
                break
        clock_s = max(clock_s - compiled[0], 0.0)
    return result, clock_s, compiling_s, "\n".join(printed)
