"""Seconds that every solver takes of its time limit, set-up included.

    python benchmarks/bench_time_limits.py [--limit 5] [--only tabu highs] [--instances dense rows]

The clock is the harness's: it starts when the solver gets the instance and ends when its answer is
read, model and all; kernels are compiled before. A limit holds within 10 % or a second, whichever
is more (marked ! where it does not). Processor seconds, compilation with them, stand beside the
wall's, which others on the machine lengthen. Where a solver refuses, the wall holds all of it.
"""

from __future__ import annotations

import argparse
import os
import platform
import time

import numpy as np

from qtwin.encoding.generate import make
from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import QtwinError
from qtwin.problem.constraint import linear
from qtwin.solver import registry
from qtwin.solver.ask import ask
from qtwin.solver.base import Instance

QUANTUM_N = 16


def sparse(n: int, seed: int) -> BinaryModel:
    """Ten couplings a variable, whole coefficients in -50..50."""
    rng = np.random.default_rng(seed)
    terms: dict[tuple[int, ...], float] = {(i,): float(rng.integers(-50, 51)) for i in range(n)}
    for i, j in rng.integers(0, n, size=(5 * n, 2)).tolist():
        if i != j:
            terms[min(i, j), max(i, j)] = float(rng.integers(-50, 51))
    return plain(BinaryPolynomial.of(n, terms))


def rows(n: int, n_rows: int, seed: int) -> BinaryModel:
    """Knapsack rows with weights in 1..30, each over a third of the variables: slack bits."""
    rng = np.random.default_rng(seed)
    made = []
    for k in range(n_rows):
        members = np.sort(rng.choice(n, size=n // 3, replace=False))
        weights = rng.integers(1, 31, size=len(members))
        made.append(
            linear(
                f"row {k}",
                members.tolist(),
                [float(w) for w in weights],
                "<=",
                float(weights.sum() // 3),
            )
        )
    terms = {(i,): float(rng.integers(-50, 1)) for i in range(n)}
    terms |= {
        (int(min(i, j)), int(max(i, j))): float(rng.integers(-20, 21))
        for i, j in rng.integers(0, n, size=(3 * n, 2))
        if i != j
    }
    names = [f"x{i}" for i in range(n)]
    return encode(
        BinaryPolynomial.of(n, {t: -c for t, c in terms.items()}),
        names=names,
        constraints=made,
        feasible=None,
    )


INSTANCES = {
    "dense 200": lambda: make("dense", 200, seed=1).encoding,
    "sparse 5000": lambda: sparse(5000, 1),
    "choose 60": lambda: make("cardinality", 60, seed=1).encoding,
    "rows 60": lambda: rows(60, 12, 1),
    f"quantum {QUANTUM_N}": lambda: make("dense", QUANTUM_N, seed=1).encoding,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=float, default=5.0, help="seconds")
    parser.add_argument("--only", nargs="*", help="solvers")
    parser.add_argument("--instances", nargs="*", default=[], help="words of the instances' names")
    given = parser.parse_args()
    print(f"{platform.python_version()}, {os.cpu_count()} cores, limit {given.limit:g} s")
    print(f"{'instance':14}{'solver':28}{'wall s':>8}{'cpu s':>8}  status")
    for title, build in INSTANCES.items():
        if given.instances and not any(word in title for word in given.instances):
            continue
        encoding = build()
        for name in given.only or registry.names():
            quantum = registry.find(name).card().kind == "quantum"
            if quantum != title.startswith("quantum"):
                continue
            try:
                solver = registry.load(name, {})
                cpu, wall = time.process_time(), time.perf_counter()
                found = ask(
                    solver, Instance(encoding=encoding), name=name, seed=1, time_limit_s=given.limit
                )
                cpu = time.process_time() - cpu
            except QtwinError as error:
                wall = time.perf_counter() - wall
                print(f"{title:14}{name:28}{wall:8.2f}{'':>8}  {str(error)[:60]}", flush=True)
                continue
            over = found.clock_s > max(1.1 * given.limit, given.limit + 1.0)
            print(
                f"{title:14}{name:28}{found.clock_s:8.2f}{cpu:8.2f}  "
                f"{found.result.status}{' !' if over else ''}",
                flush=True,
            )


if __name__ == "__main__":
    main()
