"""Simulated annealing on the QUBO with D-Wave's compiled sampler."""

from __future__ import annotations

import time
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.solver.base import Card, Instance, Result, Solver, TracePoint
from qtwin.solver.sampled import best_feasible, collect, summary

_BATCHES = 10
"""The reads come in batches, so that a trace and a time limit exist; each batch has its own seed, derived from the one given."""


@final
class SimulatedAnnealing(Solver):
    """Metropolis single-flip annealing from random starts, inverse temperature growing geometrically.

    Args:
        reads: Independent runs; each gives one sample.
        sweeps: Sweeps over all variables in a run.
    """

    def __init__(self, *, reads: int = 1000, sweeps: int = 1000) -> None:
        for name, value in (("reads", reads), ("sweeps", sweeps)):
            if value < 1:
                raise InputError(f"{name} = {value} came, at least 1 was wanted", hint=f"raise {name}")
        self.reads, self.sweeps = reads, sweeps

    @classmethod
    def card(cls) -> Card:
        return Card(
            name="simulated-annealing",
            summary="simulated annealing on the penalised QUBO (dwave-samplers)",
            kind="classical",
            guarantee="none",
            citation="Kirkpatrick, Gelatt, Vecchi 1983, Science 220:671",
            max_variables=10_000,
            vendor=("dwave.samplers", "dwave-samplers"),
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Anneal.

        Raises:
            InputError: for a polynomial of degree above 2.
        """
        import dimod
        from dwave.samplers import SimulatedAnnealingSampler

        started = time.perf_counter()
        encoding = instance.encoding
        constant, linear, pairs = encoding.polynomial.quadratic_form
        rows, columns = np.nonzero(pairs)
        model = dimod.BinaryQuadraticModel.from_numpy_vectors(
            linear, (rows, columns, pairs[rows, columns]), constant, dimod.BINARY
        )
        sampler = SimulatedAnnealingSampler()  # type: ignore[no-untyped-call]
        built = time.perf_counter()
        batches = min(_BATCHES, self.reads)
        sizes = [self.reads // batches + (k < self.reads % batches) for k in range(batches)]
        seeds = np.random.SeedSequence(seed).generate_state(batches)
        parts: list[NDArray[np.uint8]] = []
        trace: list[TracePoint] = []
        best, flips = np.inf, 0
        for size, batch_seed in zip(sizes, seeds, strict=True):
            if parts and time_limit_s is not None and time.perf_counter() - started > time_limit_s:
                break
            found = sampler.sample(model, num_reads=size, num_sweeps=self.sweeps, seed=int(batch_seed) & 0x7FFFFFFF)
            bits = found.record.sample[:, np.argsort(np.array(list(found.variables), dtype=np.int64))].astype(np.uint8)
            parts.append(bits)
            flips += size * self.sweeps * encoding.polynomial.n_variables
            energy = best_feasible(encoding, bits)[1]
            if energy < best:
                best = energy
                trace.append(TracePoint(time_s=time.perf_counter() - started, evaluations=flips, best_energy=best))
        samples = collect(np.concatenate(parts))
        winner, energy = best_feasible(encoding, samples.bits)
        annealed = time.perf_counter()
        return Result(
            solver="simulated-annealing",
            status="time limit" if samples.shots < self.reads else "infeasible" if winner is None else "feasible",
            bits=winner,
            energy=energy,
            samples=samples,
            trace=tuple(trace),
            evaluations=flips,
            wall_s={"model": built - started, "annealing": annealed - built},
            seed=seed,
            info=summary(encoding, samples) | {"reads": samples.shots, "sweeps": self.sweeps},
        )
