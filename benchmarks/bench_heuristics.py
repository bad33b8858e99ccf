"""Time to the optimum with 99 % certainty (TTS99): our compiled tabu search beside D-Wave's
samplers, all tuned, one thread each.

    python benchmarks/bench_heuristics.py [--instances 3] [--only dense 3-regular choose] [--seconds
    0.4]

Families: dense quadratics with whole coefficients in -50..50; maximum cut of random 3-regular
graphs; a dense quadratic under "choose exactly k". Generic samplers see the constraint as M (sum
x - k)^2, and M is tuned with everything else; our search keeps the constraint.

For every instance and method each setting is tried for about `--seconds` of processor time. A read
succeeds when its best bits are allowed and as low as the lowest energy that anybody found (or that
`auto` proves within 5 s). With success probability p and t seconds of processor time a read, TTS99
= t max(1, ln 0.01 / ln(1 - p)). The best setting is then measured again with other seeds and up to
ten times the reads, and only this second measurement is printed, with the interval that the exact
(Clopper-Pearson) interval of p gives. "ours, default" is the solver as it comes, without any
tuning. Ratios are the better peer's TTS99 over ours, median over the instances.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from itertools import combinations, product
from typing import Any

import dimod
import networkx as nx
import numpy as np
from dwave.samplers import SimulatedAnnealingSampler, TabuSampler
from scipy.stats import beta

from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.problem.constraint import Exactly
from qtwin.solver import registry
from qtwin.solver.base import Instance
from qtwin.solver.local.problem import LocalSearchProblem, seeded

Sampler = Callable[[int, int], np.ndarray]
"""(reads, seed) to (reads, n) bits."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Successes among reads and processor seconds a read, of one setting."""

    setting: str
    hits: int
    reads: int
    read_s: float

    def tts_s(self, p: float) -> float:
        if p <= 0.0:
            return math.inf
        return self.read_s * (1.0 if p >= 0.99 else math.log(0.01) / math.log1p(-p))

    @property
    def best(self) -> float:
        return self.tts_s(self.hits / self.reads)

    @property
    def interval(self) -> tuple[float, float]:
        low = (
            0.0 if not self.hits else float(beta.ppf(0.025, self.hits, self.reads - self.hits + 1))
        )
        high = (
            1.0
            if self.hits == self.reads
            else float(beta.ppf(0.975, self.hits + 1, self.reads - self.hits))
        )
        return self.tts_s(high), self.tts_s(low)


def dense(n: int, seed: int) -> BinaryPolynomial:
    rng = np.random.default_rng(seed)
    return BinaryPolynomial.of(
        n, {t: int(rng.integers(-50, 51)) for k in (1, 2) for t in combinations(range(n), k)}
    )


def three_regular(n: int, seed: int) -> BinaryModel:
    edges = [(min(e), max(e)) for e in nx.random_regular_graph(3, n, seed=seed).edges]
    return plain(
        BinaryPolynomial.of(n, [((i,), -1.0) for e in edges for i in e] + [(e, 2.0) for e in edges])
    )


def choose(n: int, k: int, seed: int) -> BinaryModel:
    objective = dense(n, seed)
    rule = Exactly(name=f"exactly {k}", count=k, members=tuple(range(n)))
    names = tuple(f"x{i}" for i in range(n))
    return BinaryModel(
        polynomial=objective,
        objective=objective,
        variables=names,
        n_decision=n,
        constraints=(rule,),
    )


FAMILIES: dict[str, Callable[[int], BinaryModel]] = {
    **{f"dense {n}": lambda seed, n=n: plain(dense(n, seed)) for n in (60, 100, 150)},
    **{f"3-regular {n}": lambda seed, n=n: three_regular(n, seed) for n in (60, 100, 150)},
    **{f"choose {n // 5} of {n}": lambda seed, n=n: choose(n, n // 5, seed) for n in (30, 60, 150)},
    "choose 5 of 150": lambda seed: choose(150, 5, seed),
}


def models(encoding: BinaryModel) -> Iterator[tuple[str, Any]]:
    """The instance as D-Wave's samplers take it; under a constraint, one model a penalty weight."""
    _, linear, pairs = encoding.objective.quadratic_form
    weights: tuple[float, ...] = (0.0,)
    if encoding.constraints:
        weights = (12.0, 25.0, 50.0, 100.0, 200.0, 400.0, 800.0)
    for weight in weights:
        a, b = linear.copy(), pairs.copy()
        # M (sum x - k)^2 = M (sum_i (1 - 2 k) x_i + 2 sum_i<j x_i x_j) + constant
        if encoding.constraints:
            a += weight * (1.0 - 2.0 * encoding.constraints[0].count)
            b += np.triu(np.full(b.shape, 2.0 * weight), 1)
        rows, columns = np.nonzero(b)
        yield (
            f", M = {weight:g}" if encoding.constraints else "",
            dimod.BinaryQuadraticModel.from_numpy_vectors(
                a, (rows, columns, b[rows, columns]), 0.0, dimod.BINARY
            ),
        )


def bits_of(found: Any) -> np.ndarray:
    order = np.argsort(np.array(list(found.variables)))
    return np.repeat(found.record.sample[:, order], found.record.num_occurrences, axis=0)


def annealing(encoding: BinaryModel) -> Iterator[tuple[str, Sampler]]:
    sampler = SimulatedAnnealingSampler()
    all_sweeps, schedules = (10, 20, 50, 100, 200, 500, 1000), ("geometric", "linear")
    for (name, model), sweeps, schedule in product(list(models(encoding)), all_sweeps, schedules):

        def draw(
            reads: int,
            seed: int,
            model: Any = model,
            sweeps: int = sweeps,
            schedule: str = schedule,
        ) -> np.ndarray:
            return bits_of(
                sampler.sample(
                    model,
                    num_reads=reads,
                    num_sweeps=sweeps,
                    seed=seed,
                    beta_schedule_type=schedule,
                )
            )

        yield f"{sweeps} sweeps, {schedule}{name}", draw


def dwave_tabu(encoding: BinaryModel) -> Iterator[tuple[str, Sampler]]:
    sampler = TabuSampler()
    n = encoding.n_decision
    for (name, model), updates, tenure in product(
        list(models(encoding)), (1_000, 10_000, 100_000, 1_000_000), (None, max(3, n // 12))
    ):

        def draw(
            reads: int,
            seed: int,
            model: Any = model,
            updates: int = updates,
            tenure: int | None = tenure,
        ) -> np.ndarray:
            return bits_of(
                sampler.sample(
                    model, num_reads=reads, seed=seed,
                    tenure=tenure, num_restarts=0, coefficient_z_first=0,
                    coefficient_z_restart=0, lower_bound_z=updates, timeout=None,
                )
            )  # fmt: skip

        yield f"{updates:,} updates, tenure {tenure}{name}", draw


def ours(encoding: BinaryModel) -> Iterator[tuple[str, Sampler]]:
    problem = LocalSearchProblem(Instance(encoding=encoding))
    n = problem.n
    patience = sorted({max(4, round(n * f)) for f in (0.25, 0.5, 1, 2, 4, 8, 16, 30)})
    for moves, (tenure, spread) in product(patience, ((1, 3), (3, 6), (5, 8), (8, 10))):
        yield (
            f"{moves} moves, tenure {tenure} + {spread}",
            _searching(problem, moves, tenure, spread),
        )


def _searching(problem: LocalSearchProblem, moves: int, tenure: int, spread: int) -> Sampler:
    def draw(reads: int, seed: int) -> np.ndarray:
        return problem.tabu(
            reads, begin=False, moves=moves, tenure=tenure, spread=spread, state=seeded(seed)
        )[0]

    return draw


def ours_by_default(encoding: BinaryModel) -> Iterator[tuple[str, Sampler]]:
    solver = registry.load("tabu", {"reads": 1})
    told = solver.solve(Instance(encoding=encoding), seed=0).info
    yield (
        "default",
        _searching(
            LocalSearchProblem(Instance(encoding=encoding)),
            told["moves_without_gain"],
            told["tenure"],
            told["spread"],
        ),
    )


METHODS = {
    "ours": ours,
    "ours, default": ours_by_default,
    "dwave SA": annealing,
    "dwave tabu": dwave_tabu,
}


def energies(encoding: BinaryModel, bits: np.ndarray) -> np.ndarray:
    """(m,) objective; infinite where a constraint is broken."""
    return np.where(encoding.is_feasible(bits), encoding.objective.evaluate(bits), np.inf)


def timed(draw: Sampler, reads: int, seed: int) -> tuple[np.ndarray, float]:
    """Bits and processor seconds."""
    began = time.process_time()
    bits = draw(reads, seed)
    return bits, time.process_time() - began


def trial(
    encoding: BinaryModel, draw: Sampler, seconds: float, seed: int
) -> tuple[np.ndarray, float]:
    """Energies of as many reads as fit into `seconds`, and seconds a read."""
    _, first = timed(draw, 2, seed + 1)
    reads = int(min(5000, max(10, seconds / max(first / 2, 1e-7))))
    bits, took = timed(draw, reads, seed)
    return energies(encoding, bits), took / reads


def compare(encoding: BinaryModel, seconds: float) -> dict[str, Measured]:
    """Tune every method, agree on the optimum, and measure each once more with its best setting."""
    tried: dict[str, list[tuple[str, Sampler, np.ndarray, float]]] = {}
    for method, settings in METHODS.items():
        tried[method] = [
            (name, draw, *trial(encoding, draw, seconds, 100)) for name, draw in settings(encoding)
        ]
    optimum = min(float(e.min()) for rows in tried.values() for _, _, e, _ in rows)
    proven = registry.load("auto", {}).solve(Instance(encoding=encoding), seed=0, time_limit_s=5.0)
    if proven.energy < optimum - 1e-9:
        optimum = proven.energy
    print(
        f"  optimum {optimum:g}, "
        f"{'proven' if proven.proven and proven.energy <= optimum + 1e-9 else 'best known'}"
    )
    found = {}
    for method, rows in tried.items():
        at = [
            Measured(setting=s, hits=int((e <= optimum + 1e-9).sum()), reads=len(e), read_s=t)
            for s, _, e, t in rows
        ]
        best = min(range(len(at)), key=lambda k: at[k].best)
        again, took = trial(encoding, rows[best][1], 10 * seconds, 7_000)
        found[method] = Measured(
            setting=at[best].setting,
            hits=int((again <= optimum + 1e-9).sum()),
            reads=len(again),
            read_s=took,
        )
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--instances", type=int, default=3)
    arguments.add_argument(
        "--only", nargs="*", default=[], help="families by the first word of their names"
    )
    arguments.add_argument("--seconds", type=float, default=0.4, help="processor time a setting")
    given = arguments.parse_args()
    versions = {p: metadata.version(p) for p in ("dwave-samplers", "dimod", "numba", "numpy")}
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f}; {versions}"
    )
    table = []
    for label, make in FAMILIES.items():
        if given.only and label.split()[0] not in given.only:
            continue
        ratios: dict[str, list[float]] = {"ours": [], "ours, default": []}
        middle: dict[str, list[float]] = {m: [] for m in METHODS}
        for seed in range(1, given.instances + 1):
            print(f"{label}, instance {seed}")
            found = compare(make(seed), given.seconds)
            for method, m in found.items():
                low, high = m.interval
                middle[method].append(m.best)
                print(
                    f"  {method:14} TTS99 {1e3 * m.best:9.4f} ms [{1e3 * low:.4f}, "
f"{1e3 * high:.4f}]"
                    f"  p = {m.hits}/{m.reads}, {1e6 * m.read_s:.1f} us a read; {m.setting}",
                    flush=True,
                )  # fmt: skip
            peer = min(found["dwave SA"].best, found["dwave tabu"].best)
            for mine, values in ratios.items():
                values.append(peer / found[mine].best if math.isfinite(peer) else math.inf)
        table.append((label, middle, ratios))
    print(
        "\n| family | "
        + " | ".join(f"{m}, ms" for m in METHODS)
        + " | better peer / ours | better peer / ours, default |"
    )
    print("|---|" + "---|" * (len(METHODS) + 2))
    for label, middle, ratios in table:
        cells = [f"{1e3 * statistics.median(v):.3g}" for v in middle.values()]
        spans = [
            f"{statistics.median(v):.1f} ({min(v):.1f} to {max(v):.1f})" for v in ratios.values()
        ]
        print(f"| {label} | " + " | ".join([*cells, *spans]) + " |")


if __name__ == "__main__":
    main()
