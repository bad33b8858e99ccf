"""Simulated annealing on the QUBO with D-Wave's compiled sampler."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.exchange import bits_of, to_bqm
from qtwin.solver.variational.sampled import draw_in_batches, sizes_of

_BATCHES = 10
"""The reads come in batches, so that a trace and a time limit exist; each batch has its own seed,
derived from the one given.
"""


class _Pace:
    """Sweeps of a read, which cannot be interrupted: as many as asked for, or as fit in the
    time.
    """

    def __init__(self, *, sweeps: int, per_beta: int) -> None:
        self.sweeps, self.per_beta = sweeps, per_beta
        self.known, self.begin_s, self.sweep_s = False, 0.0, 0.0
        self.told: dict[str, object] = {"sweeps": sweeps}

    @property
    def read_s(self) -> float:
        """How long a read takes."""
        return self.sweeps * self.sweep_s

    def whole(self, sweeps: float) -> int:
        """A multiple of the sweeps at one beta, at least one."""
        return max(int(sweeps) // self.per_beta, 1) * self.per_beta

    def measured(self, short: int, short_s: float, long: int, long_s: float) -> None:
        """What a sweep takes, and what a call takes before the first, from calls of two lengths."""
        self.known = True
        self.sweep_s = (
            (long_s - short_s) / (long - short)
            if long > short and long_s > short_s
            else long_s / long
        )
        self.begin_s = max(short_s - short * self.sweep_s, 0.0)

    def fit(self, left_s: float) -> None:
        """Take no more sweeps than the time is left for."""
        fitting = max(left_s - self.begin_s, 0.0) / max(self.sweep_s, 1e-9)
        if fitting < self.sweeps:
            self.sweeps = self.whole(fitting)
            self.told |= {"sweeps": self.sweeps, "sweeps_asked_for": self.told["sweeps"]}


def default_betas(model: Any) -> tuple[float, float]:
    """First and last beta, in 1/energy, as `dwave.samplers` estimates them, which walks through the
    model in Python at each call.

    At first the largest change of energy is accepted half of the time; in the end the smallest, of
    all spins that have it, is accepted once in a hundred sweeps.

    Args:
        model: A dimod BinaryQuadraticModel.
    """
    spins = model.change_vartype("SPIN", inplace=False)
    fields, (first, second, couplings), _ = spins.to_numpy_vectors()
    fields, couplings = np.abs(fields), np.abs(couplings)
    total = fields + sum(
        np.bincount(ends, couplings, minlength=len(fields)) for ends in (first, second)
    )
    least = np.where(fields > 0.0, fields, np.inf)
    told = couplings > 0.0
    for ends in (first, second):
        np.minimum.at(least, ends[told], couplings[told])
    if not np.isfinite(least).any():
        return 0.1, 1.0  # nothing changes the energy
    lowest = float(least.min())
    return math.log(2.0) / (2.0 * float(total.max())), math.log(
        float((least == lowest).sum()) / 0.01
    ) / (2.0 * lowest)


@final
class SimulatedAnnealing(Solver):
    """Metropolis single-flip annealing from random starts, the inverse temperature beta growing
    from sweep to sweep.

    It begins hot, where a warm start would be forgotten, and therefore takes none.

    Args:
        reads: Independent runs; each gives one sample.
        sweeps: Sweeps over all variables in a run; fewer where a time limit is too short for one
            run.
        beta_range: First and last beta, in 1/energy; by default estimated from the coefficients, so
            that at first the largest change of energy is accepted half of the time and in the end
            the smallest hardly ever.
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
        for name, value in (
            ("reads", reads),
            ("sweeps", sweeps),
            ("sweeps_per_beta", sweeps_per_beta),
        ):
            if value < 1:
                raise InputError(
                    f"expected {name} of at least 1, got {value}", hint=f"raise {name}"
                )
        if sweeps % sweeps_per_beta:
            raise InputError(
                f"expected sweeps as a multiple of sweeps_per_beta = {sweeps_per_beta}, got "
                f"{sweeps}",
                hint="round",
            )
        if beta_range is not None and not (
            len(beta_range) == 2 and 0.0 < beta_range[0] <= beta_range[1] < np.inf
        ):
            raise InputError(
                f"expected two rising positive numbers as beta_range, got {beta_range}",
                hint="such as [0.1, 10]",
            )
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
            InputError: for a polynomial of degree above 2, or one that lacks the penalties of some
                constraints.
        """
        from dwave.samplers import SimulatedAnnealingSampler

        started = time.perf_counter()
        instance.encoding.check_written("simulated-annealing")
        polynomial = instance.encoding.polynomial
        model = to_bqm(polynomial, needed_by="simulated-annealing")
        sampler = SimulatedAnnealingSampler()  # type: ignore[no-untyped-call]

        pace = _Pace(sweeps=self.sweeps, per_beta=self.sweeps_per_beta)
        betas = self.beta_range or default_betas(model)

        def sample(
            reads: int, batch_seed: int, sweeps: int, stop: Callable[[], bool]
        ) -> tuple[NDArray[np.uint8], float]:
            found = sampler.sample(
                model,
                num_reads=reads,
                num_sweeps=sweeps,
                num_sweeps_per_beta=self.sweeps_per_beta,
                beta_range=betas,
                beta_schedule_type=self.schedule,
                seed=batch_seed,
                interrupt_function=stop,
            )
            return bits_of(found), found.info["timing"]["sampling_ns"] / 1e9

        def draw(
            reads: int, batch_seed: int, stopped: Callable[[], bool], left: float | None
        ) -> NDArray[np.uint8]:
            began = time.perf_counter()
            if left is None:
                return sample(reads, batch_seed, pace.sweeps, stopped)[0]
            if not pace.known:
                short, long = pace.whole(1), pace.whole(min(self.sweeps // 50, 200))
                pace.measured(
                    short,
                    sample(1, batch_seed, short, stopped)[1],
                    long,
                    sample(1, batch_seed, long, stopped)[1],
                )
                pace.fit(left - (time.perf_counter() - began))
            last = began

            # the sampler asks between two reads: the next one shall not end too late
            def stop() -> bool:
                nonlocal last
                now, before = time.perf_counter(), last
                last = now
                return stopped() or now - began + min(now - before, 2.0 * pace.read_s) > left

            return sample(reads, batch_seed, pace.sweeps, stop)[0]

        return draw_in_batches(
            "simulated-annealing",
            instance,
            draw,
            sizes=sizes_of(self.reads, _BATCHES),
            evaluations=lambda reads: reads * pace.sweeps * polynomial.n_variables,
            seed=seed,
            time_limit_s=time_limit_s,
            wall_s={"model": time.perf_counter() - started},
            info=pace.told,
        )
