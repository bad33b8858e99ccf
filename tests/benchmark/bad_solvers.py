"""Solvers that lie, crash, cheat on the clock or break things; each is a plug-in as another package
would bring it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from qtwin.backend.base import Samples
from qtwin.solver.base import Instance, Result, Solver, SolverInfo, TracePoint

_SEEN: dict[bytes, np.ndarray[Any, Any]] = {}


class Honest(Solver):
    """Looks at every assignment; all the others begin from its answer."""

    @classmethod
    def card(cls) -> SolverInfo:
        name = cls.__name__.lower()
        return SolverInfo(
            name=name,
            summary=name,
            kind="classical",
            guarantee="none",
            citation="none",
            max_variables=20,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        return self.bad(self.best(instance), instance)

    def best(self, instance: Instance) -> Result:
        polynomial = instance.encoding.polynomial
        values = polynomial.values()
        k = int(np.argmin(values))
        bits = np.array([k >> i & 1 for i in range(polynomial.n_variables)], dtype=np.uint8)
        return Result(
            solver="honest",
            status="feasible",
            bits=bits,
            energy=float(values[k]),
            wall_s={"listing": 1e-9},
        )

    def bad(self, good: Result, instance: Instance) -> Any:
        return good


def _worst(good: Result, instance: Instance) -> Result:
    values = instance.encoding.polynomial.values()
    k = int(np.argmax(values))
    return replace(
        good,
        bits=np.array([k >> i & 1 for i in range(len(good.bits))], dtype=np.uint8),
        energy=float(values[k]),
    )


class Interrupts(Honest):
    def bad(self, good: Result, instance: Instance) -> NoReturn:
        raise KeyboardInterrupt


class Unspeakable(Honest):
    def bad(self, good: Result, instance: Instance) -> NoReturn:
        class UnspeakableError(BaseException):
            def __str__(self) -> str:
                raise SystemExit(0)

        raise UnspeakableError


class Segfaults(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        os.kill(os.getpid(), signal.SIGSEGV)
        return good


class KillsItsParent(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        os.kill(os.getppid(), signal.SIGKILL)
        return good


class LeavesQuietly(Honest):
    def bad(self, good: Result, instance: Instance) -> NoReturn:
        os._exit(0)


class Hoards(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        kept = []
        while True:
            kept.append(np.ones(1 << 22))
            time.sleep(0.01)


class NeverEnds(Honest):
    def bad(self, good: Result, instance: Instance) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            pass


class ForksAndWaits(Honest):
    def bad(self, good: Result, instance: Instance) -> NoReturn:
        subprocess.run(["sleep", "1000"], check=False)
        raise AssertionError


class Spins(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(good, bits=1 - 2 * good.bits.astype(np.int8))


class Halves(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(good, bits=np.full(len(good.bits), 0.5))


class Objects(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(good, bits=good.bits.astype(object))


class Matrices(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(good, bits=good.bits[None, :])


class Words(Honest):
    def bad(self, good: Result, instance: Instance) -> str:
        return "the answer is 42"


class Lookalike(Honest):
    def bad(self, good: Result, instance: Instance) -> Any:
        return type("Result", (), vars(good))()


class ComplexEnergy(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(good, energy=1 - 1e6j)  # type: ignore[arg-type]


class ProvesTheWorst(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(_worst(good, instance), proven=True, status="optimal")


class BoundsTooHigh(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        worst = _worst(good, instance)
        return replace(worst, bound=worst.energy)


class BoundOfInfinity(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(good, bound=float("inf"))


class ProvesNothingIsAllowed(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(good, bits=None, energy=float("nan"), proven=True, status="infeasible")


class OptimalByDecree(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(good, status="optimal")


class OfItsOwnStatus(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(good, status="brilliant")  # type: ignore[arg-type]


class SlowClock(Honest):
    """Changes the clocks that it can reach, then takes its time."""

    def bad(self, good: Result, instance: Instance) -> Result:
        pause = time.sleep
        from qtwin.solver import apart

        frozen = time.perf_counter()
        time.perf_counter = time.monotonic = time.time = lambda: frozen
        apart.time = time
        pause(0.4)
        return good


class LazyBits(Honest):
    """Answers at once, and computes when it is asked for the bits."""

    def bad(self, good: Result, instance: Instance) -> Result:
        class Later:
            def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray[Any, Any]:
                time.sleep(0.4)
                return np.asarray(good.bits)

        return replace(good, bits=Later())  # type: ignore[arg-type]


class Remembers(Honest):
    """Thinks long about an instance, and never twice about the same one."""

    def bad(self, good: Result, instance: Instance) -> Result:
        key = repr(sorted(instance.encoding.polynomial.terms.items())).encode()
        if key not in _SEEN:
            time.sleep(0.3)
            _SEEN[key] = good.bits
        return good


class EndlessTime(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(good, wall_s={"a": float("nan"), "b": float("-inf"), "c": "soon"})  # type: ignore[dict-item]


class Prophet(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(
            good, trace=(TracePoint(time_s=-5.0, evaluations=0, best_energy=good.energy - 100.0),)
        )


class BentSamples(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(
            good,
            samples=Samples(bits=np.zeros((2, 3), np.uint8), counts=np.array([-1, 5])),
            shots=-7,
        )


class HidesShots(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(
            good, samples=Samples(bits=good.bits[None, :], counts=np.array([5000])), shots=1
        )


class Unwritable(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        return replace(good, info={"f": lambda: 0, "file": sys.stdout})


class Shouts(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        os.write(1, b"to the descriptor\n")
        subprocess.run(["echo", "from a child"], check=False)
        sys.__stdout__.write("to the stream\n")
        return good


class Vandal(Honest):
    """Changes whatever of the instance and of the project it can reach, by force where it has
    to.
    """

    def bad(self, good: Result, instance: Instance) -> Result:
        from qtwin.encoding.polynomial import BinaryPolynomial

        for polynomial in (instance.encoding.polynomial, instance.encoding.objective):
            for term in list(polynomial.terms):
                dict.__setitem__(polynomial.terms, term, 0.0)  # type: ignore[index]
            for array in polynomial.quadratic_form[1:]:
                array.flags.writeable = True
                array[...] = 0.0
        BinaryPolynomial.evaluate = lambda self, bits: np.full(len(bits), -1e9)  # type: ignore[method-assign, assignment]
        os.environ["QTWIN_SPOILT"] = "1"
        return replace(good, energy=-1e9)


class Scribbles(Honest):
    def bad(self, good: Result, instance: Instance) -> Result:
        instance.encoding.polynomial.quadratic_form[1][:] = 7.0
        return good


class Impostor(ProvesTheWorst):
    @classmethod
    def card(cls) -> SolverInfo:
        return replace(super().card(), name="tabu")


class NoCard(Honest):
    @classmethod
    def card(cls) -> SolverInfo:
        sys.exit(0)


class NoStart(Honest):
    def __init__(self) -> None:
        print("I will not")
        sys.exit(0)
