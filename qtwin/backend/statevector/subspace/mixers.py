"""The Grover mixer's two sums on split states."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from qtwin.backend.statevector.subspace import blocks, table, walk
from qtwin.backend.statevector.subspace.states import States
from qtwin.encoding.mixer import Rounds

Array = Any


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}
    )(function)


@_compiled
def overlap(start: Array, re: Array, im: Array, first: int, last: int) -> tuple[float, float]:
    """<start|s> for a real start."""
    real, imag = 0.0, 0.0
    s, r, i = start[first:last], re[first:last], im[first:last]
    for k in range(s.shape[0]):  # from 0 on: nothing to wrap, so vectors
        real += s[k] * r[k]
        imag += s[k] * i[k]
    return real, imag


@_compiled
def add(
    start: Array, re: Array, im: Array, by_re: float, by_im: float, first: int, last: int
) -> None:
    """State += (by_re + i by_im) start."""
    s, r, i = start[first:last], re[first:last], im[first:last]
    for k in range(s.shape[0]):
        r[k] += by_re * s[k]
        i[k] += by_im * s[k]


# The mixers of a subspace, each with a way forward and a way back that gives its slope.

Floats = NDArray[np.float64]
State = tuple[Floats, Floats]
Split = Callable[[Callable[[int, int], Any], int], list[Any]]
"""Runs work(first, last) over shares of so many items, and gives the results."""


class Mixer(ABC):
    """exp(-i beta M) on split states, in place."""

    @abstractmethod
    def apply(self, state: State, beta: float, split: Split) -> None:
        """The mixer on a state."""

    @abstractmethod
    def undo(self, state: State, adjoint: State, beta: float, split: Split) -> float:
        """The inverse on state and adjoint; Im <l|M|s>, summed over the factors of M where they
        stand.
        """


@final
class Grover(Mixer):
    """M = |start><start| for a real start (Baertschi, Eidenbenz 2020, arXiv:2006.00354)."""

    def __init__(self, start: Floats) -> None:
        self._start = start

    def apply(self, state: State, beta: float, split: Split) -> None:
        by = (np.exp(-1j * beta) - 1.0) * self._overlap(state, split)
        split(partial(add, self._start, *state, by.real, by.imag), len(self._start))

    def undo(self, state: State, adjoint: State, beta: float, split: Split) -> float:
        slope = (self._overlap(adjoint, split).conjugate() * self._overlap(state, split)).imag
        self.apply(state, -beta, split)
        self.apply(adjoint, -beta, split)
        return slope

    def _overlap(self, state: State, split: Split) -> complex:
        parts = split(partial(overlap, self._start, *state), len(self._start))
        return complex(sum(p[0] for p in parts), sum(p[1] for p in parts))


@final
class Listed(Mixer):
    """The ordered product over the pairs of all rounds, on any listed states."""

    def __init__(self, states: States, rounds: Rounds) -> None:
        self._steps = [table.partners(states.words, *pair) for pairs in rounds for pair in pairs]

    def apply(self, state: State, beta: float, split: Split) -> None:
        for low, high in self._steps:
            split(partial(table.rotate, *state, low, high, beta), len(low))

    def undo(self, state: State, adjoint: State, beta: float, split: Split) -> float:
        return sum(
            float(sum(split(partial(table.unrotate, *state, *adjoint, low, high, beta), len(low))))
            for low, high in reversed(self._steps)
        )


@final
class FixedWeight(Mixer):
    """The same on all states of one weight: low pairs by blocks, high pairs by runs; pairs of a
    round commute.
    """

    def __init__(self, states: States, weight: int, rounds: Rounds) -> None:
        n, m = states.n_qubits, states.size
        words, choose = states.words, walk.binomials(n, weight)
        cut = blocks.cut_of(n, weight)
        possible = range(max(0, weight - n + cut), min(weight, cut) + 1)
        by_block = (words, choose, blocks.block_starts(words, choose, cut), cut)
        crossing: dict[int, blocks.Exchange] = {}
        running: dict[tuple[int, int], tuple[Any, ...]] = {}

        def known(pair: tuple[int, int]) -> tuple[Any, ...]:
            if pair not in running:
                running[pair] = walk.runs(words, choose, *pair)
            return running[pair]

        self._steps: list[tuple[Any, Any, tuple[Any, ...], int]] = []
        for pairs in rounds:
            ordered = [(min(p), max(p)) for p in pairs]
            low = [p for p in ordered if p[1] < cut]
            if low:
                found = blocks.within(cut, possible, low)
                self._steps.append(
                    (
                        blocks.rotate,
                        blocks.unrotate,
                        (*by_block, -1, found.start, found.low, found.high),
                        m,
                    )
                )
            for i, j in ordered:
                if i < cut <= j:
                    found = crossing[i] = crossing.get(i) or blocks.across(cut, possible, i)
                    self._steps.append(
                        (
                            blocks.rotate,
                            blocks.unrotate,
                            (*by_block, j, found.start, found.low, found.high),
                            m,
                        )
                    )
                elif i >= cut:
                    self._steps.append(
                        (walk.rotate, walk.unrotate, known((i, j)), len(known((i, j))[0]))
                    )

    def apply(self, state: State, beta: float, split: Split) -> None:
        for forward, _, fixed, length in self._steps:
            split(partial(forward, *state, *fixed, beta), length)

    def undo(self, state: State, adjoint: State, beta: float, split: Split) -> float:
        return sum(
            float(sum(split(partial(back, *state, *adjoint, *fixed, beta), length)))
            for _, back, fixed, length in reversed(self._steps)
        )
