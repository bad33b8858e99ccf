"""What answers are held against: every allowed regimen simulated, or, where they are too many, a sample and all that is known."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.cli.answer import Answer, Answerer
from qtwin.cli.show import stage
from qtwin.encoding.encoding import Encoding
from qtwin.problem.allowed import Allowed, first_of_each
from qtwin.problem.regimen import RegimenProblem
from qtwin.solver import twin_search
from qtwin.solver.store import from_plain, to_plain
from qtwin.spec import SolverSection

_SHOWN = 3_000  # of a sample, where benefit and harm are weighed


@dataclass(frozen=True, kw_only=True)
class Known:
    """Simulated regimens.

    Attributes:
        bits: (k, n) all allowed choices; or a random sample, and after it those that were met in search of good ones.
        utility: (k,) their utility on the twin (QALY).
        drawn: Size of the sample; None where these are all.
    """

    bits: NDArray[np.uint8]
    utility: NDArray[np.float64]
    drawn: int | None = None

    @property
    def best(self) -> NDArray[np.uint8]:
        """(n,) the best of them."""
        best: NDArray[np.uint8] = self.bits[int(np.argmax(self.utility))]
        return best

    def leading(self, count: int) -> NDArray[np.int64]:
        """Rows of the best `count`, the best first."""
        return np.argsort(-self.utility, kind="stable")[:count]

    def shown(self) -> NDArray[np.int64]:
        """Rows for which benefit and harm are weighed: all; or a part of the sample, and all that were searched."""
        rows = np.arange(len(self.bits))
        return rows if self.drawn is None else rows[(rows < _SHOWN) | (rows >= self.drawn)]


def simulated(checkpoint: Checkpoint, answerer: Answerer, problem: RegimenProblem, allowed: Allowed) -> dict[str, Any]:
    """Utility of every listed choice, each draw's winner, and the seconds; the enumeration's own numbers where one ran."""

    def compute() -> dict[str, Any]:
        started = time.perf_counter()
        return vars(answerer.tally_of_all(problem, allowed.bits)) | {"simulate_s": time.perf_counter() - started}

    found: dict[str, Any] = checkpoint.stage("all regimens", compute)[0]
    return found


def searched(
    checkpoint: Checkpoint,
    answerer: Answerer,
    answers: Sequence[Answer],
    encoding: Encoding,
    problem: RegimenProblem,
    allowed: Allowed,
) -> tuple[Known, Answer]:
    """Simulate the sample, search the twin from it, put the other solvers' answers beside: all that is known, and the search."""
    with stage("Sample of the allowed regimens on the twin") as found:
        sample = simulated(checkpoint, answerer, problem, allowed)
        utility = np.asarray(sample["utility"])
        found.append(f"{len(utility):,} of {allowed.short}")

    def search() -> dict[str, Any]:
        made = twin_search.search(
            encoding, problem, allowed.bits, utility, seed=answerer.seed, sampled_s=float(sample["simulate_s"])
        )
        return {"result": to_plain(made.result), "bits": made.bits, "utility": made.utility}

    with stage("Local search on the twin") as found:
        kept, _ = checkpoint.stage("search on the twin", search)
        result = from_plain(kept["result"])
        found.append(f"{result.evaluations:,} regimens simulated")
    answer = Answer(section=SolverSection(name=twin_search.CARD.name), label="local search on the twin", result=result)
    decoded = [encoding.decode(a.result.bits[None, :]) for a in answers if a.result.bits is not None]
    met = np.concatenate([*decoded, np.zeros((0, problem.n), dtype=np.uint8)])
    met = met[problem.is_feasible(met)]
    bits = np.concatenate([allowed.bits, np.asarray(kept["bits"], dtype=np.uint8), met])
    place = {row.tobytes(): k for k, row in reversed(list(enumerate(bits)))}
    bits = first_of_each(bits)
    values = np.concatenate([utility, np.asarray(kept["utility"]), problem.objective(met)])
    return Known(bits=bits, utility=values[[place[row.tobytes()] for row in bits]], drawn=len(utility)), answer
