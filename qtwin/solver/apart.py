"""Solvers that are not trusted: frozen copies of an instance, and processes of their own, ended at
their limits.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np

from qtwin.captured import KEPT_CHARACTERS
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError, QtwinError
from qtwin.solver.base import Instance, Result, Solver, SolverFailureError
from qtwin.solver.judge import over, taken

T = TypeVar("T")
_DENSE = 4_000
"""Variables up to which the dense form of a quadratic polynomial is made, to be handed over
read-only.
"""


class FrozenDict(dict[Any, Any]):
    """A dict that refuses every change, and remembers that somebody tried."""

    tried = False

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        FrozenDict.tried = True
        raise TypeError("an instance is frozen: copy what you want to change")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


def copied(instance: Instance) -> Instance:
    """The instance with polynomials of its own, their terms frozen, and nothing in them that
    another solver computed.
    """
    encoding = instance.encoding
    energy = _fresh(encoding.polynomial)
    own = energy if encoding.objective is encoding.polynomial else _fresh(encoding.objective)
    warm = None if instance.warm_start is None else _read_only(instance.warm_start.copy())
    return replace(
        instance,
        encoding=replace(encoding, polynomial=energy, objective=own, fit=None, problem=None),
        warm_start=warm,
    )


def freeze(instance: Instance) -> None:
    """Make every array of an instance that is nobody else's read-only, and every dict of it frozen;
    the twin is left as it is.
    """
    for polynomial in (instance.encoding.polynomial, instance.encoding.objective):
        if polynomial.degree <= 2 and polynomial.n_variables <= _DENSE:
            _ = polynomial.quadratic_form
    object.__setattr__(instance, "encoding", _frozen(instance.encoding))
    if instance.warm_start is not None:
        _read_only(instance.warm_start)


def _fresh(polynomial: BinaryPolynomial) -> BinaryPolynomial:
    return BinaryPolynomial(n_variables=polynomial.n_variables, terms=FrozenDict(polynomial.terms))


def _read_only(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    array.flags.writeable = False
    return array


def _frozen(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _read_only(value)
    if isinstance(value, dict):
        return FrozenDict({k: _frozen(v) for k, v in value.items()})
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_frozen(v) for v in value)
    if is_dataclass(value) and not isinstance(value, type):
        for name in {f.name for f in fields(value)} | set(getattr(value, "__dict__", {})):
            object.__setattr__(value, name, _frozen(getattr(value, name)))
    return value


# A solver of somebody else, asked in a process of its own: what it breaks there is nobody else's;
# its limits hold from outside.
#
# Every question gets a new process, so that nothing is remembered from one to the next. It first
# solves tiny instances, untimed: what it imports and compiles is not on its clock. Then the
# question comes, frozen. The parent keeps a clock and a count of its memory, ends it at its limits,
# and takes what it prints. What comes back is read by `qtwin.solver.judge.taken`.

_SET_UP_S = 60.0
"""For importing its package and for reading the instance, each; neither is on any clock."""
_TINY_S = 30.0
"""For the tiny instances, which may have it compile."""
_POLL_S = 0.1
_NOISE_S = 0.02
"""By how much our clock outside may exceed the one inside before it is believed instead: two
messages between processes.
"""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The reply of a worker: the answer in plain values, seconds on our clock, and the beginning of
    what was printed.
    """

    result: Result
    clock_s: float
    printed: str


def hard_limit_s(time_limit_s: float | None) -> float:
    """Seconds after which a process is ended: a tenth more than its limit, or one second more."""
    return math.inf if time_limit_s is None else over(time_limit_s)


def context() -> Any:
    """New processes come from a small server in which nothing has run; they start anew where there
    can be none.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    made = multiprocessing.get_context("forkserver")
    # what the main module imports is there at once, too
    ours = {name for name in sys.modules if name.startswith("qtwin.")}
    made.set_forkserver_preload(sorted({__name__, *ours}))
    return made


@contextmanager
def without_main() -> Iterator[None]:
    """Start processes in the body that do not run the main module again: a script may have no
    ``__main__`` guard.
    """
    main = sys.modules["__main__"]
    hidden: dict[str, Any] = {
        name: main.__dict__.pop(name) for name in ("__file__", "__spec__") if name in main.__dict__
    }
    main.__dict__["__spec__"] = None
    try:
        yield
    finally:
        main.__dict__.update(hidden)


def resident_gib(pid: int) -> float:
    """Memory that a process holds; 0 where the system does not tell."""
    try:
        return (
            int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            * os.sysconf("SC_PAGE_SIZE")
            / 2**30
        )
    except (OSError, ValueError, IndexError):
        return 0.0


def memory_limit_gib() -> float:
    """Four fifths of the machine's memory; infinite where the system does not tell."""
    try:
        return 0.8 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, OSError, ValueError):
        return math.inf


def die_with_parent() -> None:
    """End this process when the one that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()


def end(process: Any) -> None:
    """Kill a process and all that it started."""
    for kill in (lambda: os.killpg(process.pid, signal.SIGKILL), process.kill):
        try:
            kill()
        except (OSError, AttributeError, ValueError):
            continue
    process.join(5.0)


def solve_apart(
    solver: Solver,
    instance: Instance,
    tiny: Sequence[Instance],
    *,
    seed: int,
    time_limit_s: float | None,
    memory_gib: float,
) -> Reply:
    """Ask a solver in a process of its own.

    Raises:
        SolverFailureError: when it crashed, ended its process, overran its time or its memory, or
            answered with no answer.
        InputError: what the solver itself refused.
    """
    try:
        sent = [pickle.dumps(x) for x in ((solver, tuple(tiny)), instance)]
    except Exception as error:
        raise SolverFailureError(
            f"cannot be sent to a process of its own: {type(error).__name__}: {error}",
            hint="keep to plain values in its options",
        ) from None
    made = context()
    ours, theirs = made.Pipe()
    heard, spoken = made.Pipe(duplex=False)
    process = made.Process(target=_serve, args=(theirs, spoken, seed, time_limit_s), daemon=True)
    may_have_children()
    with without_main():
        process.start()
    theirs.close()
    spoken.close()
    talk = _Talk(process=process, messages=ours, output=heard, memory_gib=memory_gib)
    try:
        talk.send(sent[0])
        talk.next(_SET_UP_S, "importing its package")
        talk.next(_TINY_S, "a tiny instance, untimed")
        talk.printed = ""
        talk.send(sent[1])
        talk.next(_SET_UP_S, "reading the instance")
        started = time.perf_counter()
        result, inside_s = talk.next(
            hard_limit_s(time_limit_s),
            "the instance" if time_limit_s is None else f"a limit of {time_limit_s:g} s",
        )
        outside_s = time.perf_counter() - started
        if not (
            isinstance(inside_s, float) and outside_s - inside_s <= _NOISE_S + 0.05 * outside_s
        ):
            inside_s = outside_s
        return Reply(result=result, clock_s=inside_s, printed=talk.printed.strip())
    except SolverFailureError as error:
        if talk.printed:
            error.hint = f"it printed: {talk.printed[-200:]!r}"
        raise
    finally:
        end(process)
        ours.close()
        heard.close()


def may_have_children() -> None:
    """Lift the ban on children that a worker of a cluster stands under: they end with it
    (`die_with_parent`).
    """
    current: Any = multiprocessing.current_process()
    current._config.pop("daemon", None)


class _Talk:
    """The parent's side of the conversation."""

    def __init__(
        self, *, process: Any, messages: Connection, output: Connection, memory_gib: float
    ) -> None:
        self.process, self.messages, self.output, self.memory_gib = (
            process,
            messages,
            output,
            memory_gib,
        )
        self.printed = ""
        self._open = True

    def send(self, message: bytes) -> None:
        try:
            self.messages.send_bytes(message)
        except OSError:
            self.next(1.0, "the instance")  # tells how it ended

    def next(self, within_s: float, what: str) -> Any:
        """The next message, what is printed taken meanwhile."""
        started = time.perf_counter()
        while True:
            watched: list[Any] = [
                self.messages,
                self.process.sentinel,
                *([self.output] if self._open else []),
            ]
            ready = wait(watched, timeout=_POLL_S)
            if self.output in ready:
                self._listen()
            if self.messages in ready:
                try:
                    kind, value = pickle.loads(self.messages.recv_bytes())
                except (EOFError, OSError):
                    kind, value = "gone", None
                except Exception as error:
                    raise SolverFailureError(
                        f"answered with what cannot be read: {type(error).__name__}"
                    ) from None
                if kind != "gone":
                    self._drain()
                    if kind == "failed":
                        raise _error(*value)
                    return value
                self.process.join(1.0)
            if self.process.sentinel in ready or not self.process.is_alive():
                self._drain()
                code = self.process.exitcode
                how = (
                    f"by signal {-code}"
                    if code is not None and code < 0
                    else f"with exit code {code}"
                )
                raise SolverFailureError(f"its process ended {how}")
            if time.perf_counter() - started > within_s:
                raise SolverFailureError(
                    f"was ended after {time.perf_counter() - started:.3g} s of {what}"
                )
            if resident_gib(self.process.pid) > self.memory_gib:
                raise SolverFailureError(f"was ended at {self.memory_gib:.3g} GiB of memory")

    def _listen(self) -> None:
        try:
            text = os.read(self.output.fileno(), 1 << 16).decode(errors="replace")
        except OSError:
            text = ""
        self._open = bool(text)
        if len(self.printed) < KEPT_CHARACTERS:
            self.printed = (self.printed + text)[:KEPT_CHARACTERS]

    def _drain(self) -> None:
        while self._open and self.output.poll():
            self._listen()


def _error(kind: str, message: str, hint: str) -> QtwinError:
    if kind == "refused":
        return InputError(message, hint=hint)
    return SolverFailureError(message, hint=hint)


def _serve(messages: Connection, spoken: Connection, seed: int, time_limit_s: float | None) -> None:
    """The child's side; whatever happens, it is answered or it ends."""
    # a name of its own: the module's may be changed by what is imported now
    clock = time.perf_counter
    os.setpgid(0, 0) if hasattr(os, "setpgid") else None
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to hear
    die_with_parent()
    for descriptor in (1, 2):
        os.dup2(spoken.fileno(), descriptor)
    sys.stdout = open(1, "w", buffering=1, errors="replace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="replace", closefd=False)  # noqa: SIM115
    try:
        solver, tiny = pickle.loads(messages.recv_bytes())
        messages.send_bytes(pickle.dumps(("ready", None)))
        for instance in tiny:
            freeze(instance)
            try:
                solver.solve(
                    instance,
                    seed=seed,
                    time_limit_s=1.0 if time_limit_s is None else min(time_limit_s, 1.0),
                )
            except (Exception, SystemExit):
                continue  # what it cannot do with a tiny one says nothing of the question
        FrozenDict.tried = False
        messages.send_bytes(pickle.dumps(("warm", None)))
        instance = pickle.loads(messages.recv_bytes())
        freeze(instance)
        n = instance.encoding.polynomial.n_variables
        messages.send_bytes(pickle.dumps(("started", None)))
        started = clock()
        result = taken(solver.solve(instance, seed=seed, time_limit_s=time_limit_s), n=n)
        spent_s = clock() - started
        if FrozenDict.tried:
            result = replace(
                result,
                offences={
                    **result.offences,
                    "instance": "tried to change the instance that it was given",
                },
            )
        said: tuple[str, Any] = ("answer", (result, spent_s))
    except SolverFailureError as error:
        said = ("failed", ("failed", error.message, error.hint))
    except QtwinError as error:
        said = (
            "failed",
            ("refused" if isinstance(error, InputError) else "failed", error.message, error.hint),
        )
    except BaseException as error:
        said = ("failed", ("failed", _words(error), ""))
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()  # type: ignore[union-attr]
        except Exception:
            continue
    try:
        messages.send_bytes(pickle.dumps(said))
    finally:
        os._exit(0)


def _words(error: BaseException) -> str:
    """The text of an error, whatever its own `__str__` does."""
    try:
        text = f"{type(error).__name__}: {error}".strip(": ")
    except BaseException:
        text = type(error).__name__
    if isinstance(error, SystemExit):
        return f"tried to end the process ({text})"
    return text[:500]
