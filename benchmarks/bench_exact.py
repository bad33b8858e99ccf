"""Seconds to a proof, every exact solver that is installed, on the same instances in one run on one
machine.

    python benchmarks/bench_exact.py [--cap 20] [--repeats 1] [--only dense choose]

Families: dense quadratics with whole coefficients in -50..50; maximum cut of random 3-regular
graphs; a dense quadratic under "choose exactly k", stated natively. A figure is the median over the
repeats, each with another instance, of wall seconds from the encoding to the proof, modelling
included; a cap that was hit counts as the cap, and the gap that was left stands in brackets. All
solvers run with one thread and their defaults (enumeration walks with the threads of numba). Every
proven optimum is compared with the others': a difference stops the run. "-" means that the method
does not take the size.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib import metadata

import networkx as nx
import numpy as np

from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError, MissingVendorError
from qtwin.problem.constraint import Exactly
from qtwin.solver import registry
from qtwin.solver.base import Instance, Solver

SOLVERS = ("enumeration", "cp-sat", "highs", "scip", "gurobi", "auto")
PACKAGES = ("ortools", "highspy", "pyscipopt", "gurobipy", "numba", "numpy")


def dense(n: int, seed: int) -> BinaryPolynomial:
    rng = np.random.default_rng(seed)
    return BinaryPolynomial.of(
        n,
        {
            t: int(rng.integers(-50, 51))
            for k in (1, 2)
            for t in itertools.combinations(range(n), k)
        },
    )


def three_regular(n: int, seed: int) -> BinaryModel:
    """Maximum cut, negated: every edge whose ends differ counts -1."""
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


INSTANCES: dict[str, Callable[[int], BinaryModel]] = {
    **{f"dense {n}": lambda seed, n=n: plain(dense(n, seed)) for n in (20, 30, 40)},
    **{f"3-regular {n}": lambda seed, n=n: three_regular(n, seed) for n in (60, 100, 150)},
    **{f"choose {n // 5} of {n}": lambda seed, n=n: choose(n, n // 5, seed) for n in (30, 40)},
    **{f"choose 5 of {n}": lambda seed, n=n: choose(n, 5, seed) for n in (40, 60, 150)},
}


def installed() -> dict[str, Solver]:
    found = {}
    for name in SOLVERS:
        try:
            found[name] = registry.load(name, {})
        except MissingVendorError as error:
            print(f"left out: {error.message}")
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--cap", type=float, default=20.0, help="seconds")
    arguments.add_argument("--repeats", type=int, default=1, help="instances a row")
    arguments.add_argument(
        "--only", nargs="*", default=[], help="families by the first word of their names"
    )
    given = arguments.parse_args()
    solvers = installed()
    versions = {p: metadata.version(p) for p in PACKAGES if any(d == p for d in _distributions())}
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f}; {versions}"
    )
    if os.getloadavg()[0] > 0.5:
        print(
            "others are at work on this machine: the figures are noisy, read factors of "
            "two as equal"
        )
    for solver in solvers.values():  # imports and compilation outside the clock
        solver.solve(Instance(encoding=plain(dense(6, 0))), seed=0, time_limit_s=5.0)
    print("| instance | " + " | ".join(solvers) + " |\n|---|" + "---|" * len(solvers))
    for label, make in INSTANCES.items():
        if given.only and label.split()[0] not in given.only:
            continue
        cells: dict[str, list[tuple[float, float | None]]] = {name: [] for name in solvers}
        for seed in range(1, given.repeats + 1):
            encoding, optima = make(seed), {}
            for name, solver in solvers.items():
                started = time.perf_counter()
                try:
                    result = solver.solve(
                        Instance(encoding=encoding), seed=0, time_limit_s=given.cap
                    )
                except InputError:
                    continue
                took = time.perf_counter() - started
                cells[name].append(
                    (
                        took,
                        None
                        if result.proven
                        else result.gap
                        if result.gap is not None
                        else float("inf"),
                    )
                )
                if result.proven:
                    optima[name] = result.energy
            if len({round(e, 6) for e in optima.values()}) > 1:
                raise SystemExit(f"{label}, instance {seed}: the proven optima differ: {optima}")
        print(
            f"| {label} | " + " | ".join(_cell(c, given.cap) for c in cells.values()) + " |",
            flush=True,
        )


def _cell(found: list[tuple[float, float | None]], cap: float) -> str:
    if not found:
        return "-"
    open_ = [gap for _, gap in found if gap is not None]
    middle = statistics.median(cap if gap is not None else took for took, gap in found)
    return f"{middle:.2f}" + (f" (gap {100 * max(open_):.0f} %)" if open_ else "")


def _distributions() -> set[str]:
    return {d.metadata["Name"] for d in metadata.distributions()}


if __name__ == "__main__":
    main()
