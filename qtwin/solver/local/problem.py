"""What a compiled local search walks on: the objective with its constraints kept native, in the
storage that suits it.

- exactly k of all options, quadratic, pairs kept apart or not: exchanges of a member (`swaps`);
- a quadratic without constraints, small or dense: flips on a full matrix (`flips`);
- anything else, of any degree, under any linear rows: flips on lists of terms and rows (`rows`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.model import BinaryModel
from qtwin.solver.base import Instance, Result, exactly
from qtwin.solver.exact.linearise import posed
from qtwin.solver.exact.search import warm_start_of
from qtwin.solver.interruptible import whole_scale
from qtwin.solver.variational.sampled import draw_in_batches, fill_slack, sizes_of

Bits = NDArray[np.uint8]
Search = Callable[[int, bool, NDArray[np.uint64]], tuple[Bits, int]]
HUGE = np.int64(1) << np.int64(62)
"""Above every energy; those stay below 2^61, the places of moves included."""
_SMALL, _DENSE, _MATRIX = 1024, 0.1, 4096
"""Variables up to which a full matrix is taken, share of the pairs from which it is, and variables
above which it never is.
"""


_BATCHES = 20


def seeded(seed: int) -> NDArray[np.uint64]:
    """(1,) state of the random numbers of a search; neighbouring seeds give unrelated ones."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)


def places(n: int) -> int:
    """Bits that hold the number of a variable."""
    return max(n - 1, 1).bit_length()


def multistart(
    solver: str,
    instance: Instance,
    problem: LocalSearchProblem,
    search: Search,
    *,
    reads: int,
    per_change: int,
    started: float,
    seed: int,
    time_limit_s: float | None,
    info: Mapping[str, Any],
) -> Result:
    """Independent searches, the first from the warm start if there is one.

    Args:
        solver: Its name in the table.
        instance: What is asked.
        problem: The same, for compiled searches.
        search: (reads, whether the first of them may begin at the warm start, state of the random
            numbers) to (r, n) bits and the changes that were made or evaluated.
        reads: How many searches.
        per_change: Variable updates that one change counts for.
        started: When the problem was begun to be set up, by `time.perf_counter`.
        seed: Of everything random.
        time_limit_s: For all of them, set-up included.
        info: Further numbers.
    """
    changes, first = 0, True

    def draw(count: int, batch_seed: int, stopped: Callable[[], bool], left: float | None) -> Bits:
        nonlocal changes, first
        found, made = search(count, first, seeded(batch_seed))
        changes, first = changes + made, False
        return problem.whole(found)

    return draw_in_batches(
        solver,
        instance,
        draw,
        sizes=[1, *(sizes_of(reads - 1, _BATCHES) if reads > 1 else [])],
        evaluations=lambda drawn: max(changes * per_change, drawn),
        flag=problem.flag,
        seed=seed,
        time_limit_s=time_limit_s,
        wall_s={"model": time.perf_counter() - started},
        info=info,
    )


@final
class LocalSearchProblem:
    """An instance for compiled searches; lives inside `solve` and does not travel.

    Args:
        instance: What is asked.
        by_flips: Take `rows` in any case, for searches that have no other storage.

    Attributes:
        n: Bits that are searched: the options under native constraints, else all variables.
        kind: The neighbourhood, see above.
        size: k, where exactly k are chosen.
        start: (n,) bits of the warm start, or None.
        flag: (1,) uint8 that a search ends at when it is set.

    Raises:
        InputError: for a constraint that is no linear row, or a warm start of the wrong length.
    """

    def __init__(self, instance: Instance, *, by_flips: bool = False) -> None:
        self.encoding: BinaryModel = instance.encoding
        polynomial, self.n = posed(self.encoding)
        self.flag = np.zeros(1, dtype=np.uint8)
        given = warm_start_of(instance)
        self.start = (
            None
            if given is None
            else self.encoding.decode(given[None, :])[0]
            if self.encoding.constraints
            else given
        )
        self.size, apart = (
            exactly(self.n, self.encoding.constraints) if polynomial.degree <= 2 else (0, None)
        )
        pairs = polynomial.terms_by_degree.get(2, 0)
        full = self.n <= _SMALL or (
            self.n <= _MATRIX and pairs >= _DENSE * self.n * (self.n - 1) / 2
        )
        self.kind: Literal["swaps", "flips", "rows"] = "rows"
        self._arrays: Any = None
        if not by_flips and (
            apart is not None or (polynomial.degree <= 2 and not self.encoding.constraints and full)
        ):
            self.kind = "flips" if apart is None else "swaps"
            _, linear, upper = polynomial.quadratic_form
            linear, upper = linear[: self.n], upper[: self.n, : self.n]
            couplings = upper + upper.T
            total = float(np.abs(linear).sum() + np.abs(upper).sum())
            dear = 2.0 * total or 1.0  # dearer than any two sets differ
            scale = whole_scale(total + dear * len(apart or ()), 59 - places(self.n))
            for pair in apart or ():
                couplings[pair] += dear
            self._arrays = (
                np.rint(linear * scale).astype(np.int64),
                np.rint(couplings * scale).astype(np.int64),
                places(self.n),
            )
        else:
            from qtwin.solver.local.rows import arrays_of

            arrays, scale = arrays_of(self.n, polynomial.terms, self.encoding.constraints)
            self._arrays = (arrays,)
        self._target = -HUGE
        if instance.target_energy is not None:
            aim = (instance.target_energy - polynomial.constant) * scale
            self._target = np.int64(
                max(-(2.0**61), min(2.0**61, math.floor(aim + 1e-12 * abs(aim))))
            )

    def tabu(
        self,
        reads: int,
        *,
        begin: bool,
        moves: int,
        tenure: int,
        spread: int,
        state: NDArray[np.uint64],
    ) -> tuple[Bits, int]:
        """Independent tabu searches, the first from the warm start where `begin` and there is one.

        Returns:
            (r, n) the best of each read that was begun, and the moves that were made.
        """
        out: Bits = np.zeros((reads, self.n), dtype=np.uint8)
        start: Bits = np.zeros((1, self.n), dtype=np.uint8)
        given = 0
        if (
            begin
            and self.start is not None
            and (self.kind != "swaps" or self.start.sum() == self.size)
        ):
            start, given = self.start[None, :].copy(), 1
        if not self.n:
            return out, 0
        common = (start, given, moves, tenure, spread, self._target, state, self.flag, out)
        if self.kind == "swaps":
            from qtwin.solver.local.moves import search_exchanges

            done, made = search_exchanges(*self._arrays, self.size, *common)
        elif self.kind == "flips":
            from qtwin.solver.local.moves import search_flips

            done, made = search_flips(*self._arrays, *common)
        else:
            from qtwin.solver.local import rows

            done, made = rows.tabu(*self._arrays, *common)
        return out[:done], int(made)

    def descents(self, reads: int, *, begin: bool, state: NDArray[np.uint64]) -> tuple[Bits, int]:
        """Independent descents by flips and pairs of flips; arguments and result as in `tabu`,
        changes evaluated for moves.
        """
        from qtwin.solver.local import rows

        out: Bits = np.zeros((reads, self.n), dtype=np.uint8)
        start: Bits = np.zeros((1, self.n), dtype=np.uint8)
        given = 0
        if begin and self.start is not None:
            start, given = self.start[None, :].copy(), 1
        if not self.n:
            return out, 0
        done, evaluated = rows.descent(*self._arrays, start, given, state, self.flag, out)
        return out[:done], int(evaluated)

    def greedy(self) -> tuple[Bits, int]:
        """(1, n) bits from nothing by the best additions, and the changes evaluated."""
        from qtwin.solver.local import rows

        if not self.n:
            return np.zeros((1, 0), dtype=np.uint8), 0
        bits, evaluated = rows.greedy(*self._arrays)
        return bits[None, :], int(evaluated)

    def whole(self, bits: Bits) -> Bits:
        """(m, n) bits to (m, n_variables): slack completed under native constraints."""
        return fill_slack(self.encoding, bits) if self.encoding.constraints else bits
