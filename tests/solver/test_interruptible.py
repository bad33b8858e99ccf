"""Ctrl-C stops a search softly, a second one at once, and errors come through."""

from __future__ import annotations

import threading

import pytest

from qtwin.solver.interruptible import run_interruptibly
from tests.oracles.ctrl_c import ctrl_c


def test_the_value_comes_back() -> None:
    assert run_interruptibly(lambda: 7, lambda: None) == (7, False)


def test_ctrl_c_asks_to_stop_and_waits_for_the_value() -> None:
    stop = threading.Event()
    with ctrl_c(0.2):
        assert run_interruptibly(lambda: stop.wait(600.0), stop.set) == (True, True)


def test_a_second_ctrl_c_does_not_wait() -> None:
    leave, ended = threading.Event(), threading.Event()

    def deaf() -> None:
        leave.wait(600.0)
        ended.set()

    with ctrl_c(0.2, 0.6), pytest.raises(KeyboardInterrupt):
        run_interruptibly(deaf, lambda: None)
    assert not ended.is_set()
    leave.set()


def test_errors_come_through() -> None:
    def fail() -> None:
        raise ZeroDivisionError("inside")

    with pytest.raises(ZeroDivisionError, match="inside"):
        run_interruptibly(fail, lambda: None)
