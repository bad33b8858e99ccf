"""Tabu search on the QUBO with D-Wave's compiled sampler."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.exact.search import warm_start_of
from qtwin.solver.exchange import bits_of, to_bqm
from qtwin.solver.variational.sampled import draw_in_batches

_SQUARE_S = 8e-8
"""Seconds the sampler takes for every entry of its square array: 2 s for 5,000 variables."""
_COPIES = 4.0
"""How much longer than making the model the sampler takes to copy it, before its own clock starts
(n = 3000: 1.3 to 2.3 s).
"""

_GRACE_S = 1.0
"""By which a run may pass its time limit, where a tenth of it is less."""


@final
class DwaveTabu(Solver):
    """One-flip tabu search with restarts, each read from its own random start.

    The sampler's own time limit is per read, in milliseconds, and makes equal seeds differ; a read
    is therefore measured in updates, and the limit is only set to what is left of ours.

    Args:
        reads: Independent searches; each gives one sample. The first begins at the warm start, if
            there is one.
        updates: Variable updates evaluated in each stage of a search.
        restarts: Further stages of a search.
        tenure: How many moves a flipped variable stays; a quarter of the variables and at most 20
            by default.
    """

    def __init__(
        self,
        *,
        reads: int = 100,
        updates: int = 500_000,
        restarts: int = 0,
        tenure: int | None = None,
    ) -> None:
        given = (
            ("reads", reads, 1),
            ("updates", updates, 1),
            ("restarts", restarts, 0),
            ("tenure", tenure, 0),
        )
        for name, value, least in given:
            if value is not None and value < least:
                raise InputError(
                    f"expected {name} of at least {least}, got {value}", hint=f"raise {name}"
                )
        self.reads, self.updates, self.restarts, self.tenure = reads, updates, restarts, tenure

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="dwave-tabu",
            summary="multistart tabu search on the penalised QUBO (dwave-samplers)",
            kind="classical",
            guarantee="none",
            citation="Palubeckis 2004, Annals of Operations Research 131:259",
            max_variables=10_000,
            limits="degree 2",
            warm_start=True,
            vendor=("dwave.samplers", "dwave-samplers"),
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Search; Ctrl-C and the time limit keep the reads that were finished.

        Raises:
            InputError: for a polynomial of degree above 2, a tenure that leaves nothing to flip, a
                warm start of the wrong length, or a time limit that copying alone passes.
        """
        from dwave.samplers import TabuSampler

        started = time.perf_counter()
        instance.encoding.check_written("dwave-tabu")
        n = instance.encoding.polynomial.n_variables
        if self.tenure is not None and self.tenure >= n:
            raise InputError(
                f"expected a tenure below the {n} variables, got {self.tenure}", hint="lower tenure"
            )
        model = to_bqm(instance.encoding.polynomial, needed_by="dwave-tabu")
        start = warm_start_of(instance)
        beginnings: list[NDArray[np.uint8]] = [] if start is None else [start]
        sampler = TabuSampler()  # type: ignore[no-untyped-call]
        made_s = time.perf_counter() - started
        copying_s = max(_COPIES * made_s, _SQUARE_S * n * n)
        if time_limit_s is not None and made_s + copying_s > max(
            1.1 * time_limit_s, time_limit_s + _GRACE_S
        ):
            raise InputError(
                f"got a time limit of {time_limit_s:g} s, but dwave-tabu takes about "
                f"{made_s + copying_s:.1f} s to copy a square "
                f"array of {n:,} variables before it searches",
                hint="raise the time limit, or take tabu",
            )

        def draw(
            reads: int, read_seed: int, stopped: Callable[[], bool], left: float | None
        ) -> NDArray[np.uint8]:
            nonlocal copying_s
            began, searching_ms = (
                time.perf_counter(),
                None if left is None else max(round(1000 * (left - copying_s)), 1),
            )
            further: dict[str, Any] = {"timeout": searching_ms}
            if beginnings:
                further["initial_states"] = (
                    beginnings.pop()[None, :].astype(np.int8),
                    list(range(n)),
                )
            found = sampler.sample(
                model,
                num_reads=reads,
                seed=read_seed,
                tenure=self.tenure,
                num_restarts=self.restarts,
                coefficient_z_first=0,
                coefficient_z_restart=0,
                lower_bound_z=self.updates,
                **further,
            )
            beyond_s = (
                0.0 if searching_ms is None else time.perf_counter() - began - searching_ms / 1000
            )
            copying_s = max(copying_s, beyond_s)  # as this read took to copy the model
            return bits_of(found)

        return draw_in_batches(
            "dwave-tabu",
            instance,
            draw,
            sizes=[1] * self.reads,
            evaluations=lambda reads: reads * self.updates * (1 + self.restarts),
            seed=seed,
            time_limit_s=time_limit_s,
            wall_s={"model": time.perf_counter() - started},
            info={"updates": self.updates},
        )
