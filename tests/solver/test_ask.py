"""Compilation is on nobody's clock, tiny instances come first, and nothing is asked twice of a
machine that is paid for.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from qtwin.backend.base import Backend
from qtwin.encoding.generate import make
from qtwin.solver.ask import ask, costs_nothing, tiny
from qtwin.solver.base import Instance, Result, Solver, SolverInfo


class Compiles(Solver):
    """Compiles something new for every instance of more than five variables, the first time that it
    sees one.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.kernels: dict[int, Any] = {}
        self.backend: object = None

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="compiles",
            summary="",
            kind="classical",
            guarantee="none",
            citation="",
            max_variables=99,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        n = instance.encoding.polynomial.n_variables
        self.asked.append(n)
        if n > 5 and n not in self.kernels:
            self.kernels[n] = numba.njit(lambda x: x.sum() * 2.0 + 1.0)
            self.kernels[n](np.ones(n))
        bits = np.zeros(n, dtype=np.uint8)
        return Result(
            solver="compiles",
            status="feasible",
            bits=bits,
            energy=instance.encoding.polynomial.constant,
        )


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Compiles:
    monkeypatch.setattr(Compiles, "__module__", "qtwin.solver.classical.compiles")
    return Compiles()


def _instance() -> Instance:
    return Instance(encoding=make("dense", 9, seed=0).encoding)


def test_a_run_in_which_something_was_compiled_is_made_again(own: Compiles) -> None:
    found = ask(own, _instance(), name="compiles", seed=0, time_limit_s=0.001)
    assert own.asked == [8, 9, 9]  # the tiny one, the one that compiled, the one that counts
    assert found.compiling_s > found.clock_s > 0.0
    assert "limit" not in found.result.offences
    assert found.charged_s == pytest.approx(found.clock_s)
    ask(own, _instance(), name="compiles", seed=0)
    assert own.asked.count(9) == 3


def test_a_constrained_question_is_rehearsed_on_a_constrained_one() -> None:
    small = tiny(Instance(encoding=make("cardinality", 9, seed=0).encoding))
    assert [bool(i.encoding.constraints) for i in small] == [False, True]
    assert (
        tiny(Instance(encoding=make("labs", 6, seed=0).encoding))[0].encoding.polynomial.degree == 3
    )


def test_a_machine_that_is_paid_for_is_asked_once(own: Compiles) -> None:
    class Paid(Backend):
        def capabilities(self) -> Any:
            raise NotImplementedError

        def sample(self, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

        def expectation(self, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

    class Wraps:
        def __init__(self) -> None:
            self.inner = Paid()

    own.backend = Wraps()
    assert not costs_nothing(own)
    ask(own, _instance(), name="compiles", seed=0)
    assert own.asked == [9]
