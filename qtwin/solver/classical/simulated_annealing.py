"""Simulated annealing on the QUBO with D-Wave's compiled sampler."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.exchange import bits_of, to_bqm
from qtwin.solver.variational.sampled import draw_in_batches, sizes_of

_BATCHES = 10
"""The reads come in batches, so that a trace and a time limit exist; each batch has its own seed, derived from the one given."""


@final
class SimulatedAnnealing(Solver):
    """Metropolis single-flip annealing from random starts, the inverse temperature beta growing from sweep to sweep.

    It begins hot, where a warm start would be forgotten, and therefore takes none.

    Args:
        reads: Independent runs; each gives one sample.
        sweeps: Sweeps over all variables in a run.
        beta_range: First and last beta, in 1/energy; by default estimated from the coefficients, so that at first the largest
            change of energy is accepted half of the time and in the end the smallest hardly ever.
        schedule: How beta grows in between.
        sweeps_per_beta: Sweeps before it grows; a divisor of `sweeps`.
    """

    def __init__(
        self,
        *,
        reads: int = 1000,
        sweeps: int = 1000,
        beta_range: tuple[float, ...] | None = None,
        schedule: Literal["geometric", "linear"] = "geometric",
        sweeps_per_beta: int = 1,
    ) -> None:
        for name, value in (("reads", reads), ("sweeps", sweeps), ("sweeps_per_beta", sweeps_per_beta)):
            if value < 1:
                raise InputError(f"expected {name} of at least 1, got {value}", hint=f"raise {name}")
        if sweeps % sweeps_per_beta:
            raise InputError(f"expected sweeps as a multiple of sweeps_per_beta = {sweeps_per_beta}, got {sweeps}", hint="round")
        if beta_range is not None and not (len(beta_range) == 2 and 0.0 < beta_range[0] <= beta_range[1] < np.inf):
            raise InputError(f"expected two rising positive numbers as beta_range, got {beta_range}", hint="such as [0.1, 10]")
        self.reads, self.sweeps, self.beta_range = reads, sweeps, beta_range
        self.schedule, self.sweeps_per_beta = schedule, sweeps_per_beta

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="simulated-annealing",
            summary="simulated annealing on the penalised QUBO (dwave-samplers)",
            kind="classical",
            guarantee="none",
            citation="Kirkpatrick, Gelatt, Vecchi 1983, Science 220:671",
            max_variables=10_000,
            limits="degree 2",
            vendor=("dwave.samplers", "dwave-samplers"),
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Anneal; Ctrl-C and the time limit keep the reads that were finished.

        Raises:
            InputError: for a polynomial of degree above 2, or one that lacks the penalties of some constraints.
        """
        from dwave.samplers import SimulatedAnnealingSampler

        started = time.perf_counter()
        instance.encoding.check_written("simulated-annealing")
        polynomial = instance.encoding.polynomial
        model = to_bqm(polynomial, needed_by="simulated-annealing")
        sampler = SimulatedAnnealingSampler()  # type: ignore[no-untyped-call]

        def draw(reads: int, batch_seed: int, stopped: Callable[[], bool], left: float | None) -> NDArray[np.uint8]:
            began = time.perf_counter()  # the sampler asks between two reads
            found = sampler.sample(
                model,
                num_reads=reads,
                num_sweeps=self.sweeps,
                num_sweeps_per_beta=self.sweeps_per_beta,
                beta_range=self.beta_range,
                beta_schedule_type=self.schedule,
                seed=batch_seed,
                interrupt_function=lambda: stopped() or (left is not None and time.perf_counter() - began > left),
            )
            return bits_of(found)

        return draw_in_batches(
            "simulated-annealing",
            instance,
            draw,
            sizes=sizes_of(self.reads, _BATCHES),
            evaluations=lambda reads: reads * self.sweeps * polynomial.n_variables,
            seed=seed,
            time_limit_s=time_limit_s,
            wall_s={"model": time.perf_counter() - started},
            info={"sweeps": self.sweeps},
        )
