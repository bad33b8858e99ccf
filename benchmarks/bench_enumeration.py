"""Assignments looked at in a second: our compiled enumeration beside dimod's ExactSolver, plain
NumPy and a loop in Python.

    python benchmarks/bench_enumeration.py [--largest 32] [--repeats 3]

Dense quadratics with normal coefficients, cubics, and sets of exactly k of n. Each peer runs at a
size that it ends in seconds; rates are compared, since all do the same work an assignment. Every
optimum is compared with the peer's at that size first. The best of the repeats is taken, and both
clocks are shown: wall seconds, which others on the machine lengthen, and processor seconds over the
number of threads, which is what the wall would show on a free machine. Compilation is outside the
clocks.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import time
from collections.abc import Callable
from importlib import metadata
from itertools import combinations, product

import dimod
import numba
import numpy as np

from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.solver.exact import choices, complete


def random_polynomial(n: int, degree: int, seed: int) -> BinaryPolynomial:
    rng = np.random.default_rng(seed)
    terms = [t for k in range(1, degree + 1) for t in combinations(range(n), k)]
    return BinaryPolynomial.of(
        n, list(zip(terms, rng.normal(size=len(terms)).tolist(), strict=True))
    )


def ours(polynomial: BinaryPolynomial) -> float:
    if polynomial.degree <= 2:
        _, linear, pairs = polynomial.quadratic_form
        bits = complete.minimise_quadratic(linear, pairs).bits
    else:
        bits = complete.minimise_polynomial(polynomial).bits
    return float(polynomial.evaluate(bits[None, :])[0])


def exact_solver(polynomial: BinaryPolynomial) -> float:
    if polynomial.degree > 2:
        model = dimod.BinaryPolynomial(dict(polynomial.terms), dimod.BINARY)
        return float(dimod.ExactPolySolver().sample_poly(model).first.energy)
    _, linear, pairs = polynomial.quadratic_form
    rows, columns = np.nonzero(pairs)
    model = dimod.BinaryQuadraticModel.from_numpy_vectors(
        linear, (rows, columns, pairs[rows, columns]), 0.0, dimod.BINARY
    )
    return float(dimod.ExactSolver().sample(model).first.energy)


def plain_numpy(polynomial: BinaryPolynomial) -> float:
    n = polynomial.n_variables
    starts = range(0, 1 << n, 1 << 16)
    return min(
        float(polynomial.evaluate(index_to_bits(np.arange(s, min(s + (1 << 16), 1 << n)), n)).min())
        for s in starts
    )


def python_loop(polynomial: BinaryPolynomial) -> float:
    terms = list(polynomial.terms.items())
    return min(
        sum(c for t, c in terms if all(x[i] for i in t))
        for x in product((0, 1), repeat=polynomial.n_variables)
    )


def fastest(work: Callable[[], float], repeats: int) -> tuple[float, float, float]:
    """(answer, wall seconds, processor seconds), each the least of the repeats."""
    walls, processors, answer = [], [], math.nan
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        answer = work()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return answer, min(walls), min(processors)


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument(
        "--largest", type=int, default=32, help="variables of the largest quadratic"
    )
    arguments.add_argument("--repeats", type=int, default=3)
    given = arguments.parse_args()
    threads = numba.get_num_threads()
    versions = {p: metadata.version(p) for p in ("numba", "numpy", "dimod")}
    print(
        f"{platform.processor() or platform.machine()}, {threads} threads, load "
        f"{os.getloadavg()[0]:.1f}; {versions}"
    )
    print(
        "\n| problem | method | threads | wall s | 1e9 a second, wall | 1e9 a second, "
        "processor time |\n|---|---|---|---|---|---|"
    )
    for degree, sizes in ((2, (24, 28, given.largest)), (3, (24, 28))):
        peers = {
            "dimod ExactSolver": (exact_solver, 18),
            "NumPy": (plain_numpy, 18),
            "Python loop": (python_loop, 12),
        }
        best_rate = 0.0
        rates = {}
        for n in sizes:
            polynomial = random_polynomial(n, degree, n)
            ours(random_polynomial(13, degree, 0))
            _, wall, processor = fastest(lambda p=polynomial: ours(p), given.repeats)
            best_rate = max(best_rate, 2.0**n / wall / 1e9)
            _line(f"degree {degree}, 2^{n}", "ours", threads, 2.0**n, wall, processor)
        for name, (peer, n) in peers.items():
            polynomial = random_polynomial(n, degree, n)
            theirs, wall, processor = fastest(lambda p=polynomial, f=peer: f(p), 1)
            if not math.isclose(theirs, ours(polynomial), rel_tol=1e-9):
                raise SystemExit(
                    f"{name} found {theirs}, ours {ours(polynomial)}, at {n} variables of "
                    f"degree {degree}"
                )
            rates[name] = 2.0**n / wall / 1e9
            _line(f"degree {degree}, 2^{n}", name, 1, 2.0**n, wall, processor)
        print("  " + ", ".join(f"{best_rate / r:,.0f} times {name}" for name, r in rates.items()))
    for n, k in ((38, 5), (100, 5), (150, 5), (60, 7)):
        _, linear, pairs = random_polynomial(n, 2, n).quadratic_form
        choices.minimise_subset(linear[:9], pairs[:9, :9], 4)

        def work(a: np.ndarray = linear, b: np.ndarray = pairs, k: int = k) -> float:
            return float(len(choices.minimise_subset(a, b, k).members or ()))

        _, wall, processor = fastest(work, given.repeats)
        _line(f"choose {k} of {n}", "ours", threads, float(math.comb(n, k)), wall, processor)


def _line(
    problem: str, method: str, threads: int, count: float, wall: float, processor: float
) -> None:
    rates = f"{count / wall / 1e9:.3g} | {count / (processor / threads) / 1e9:.3g}"
    print(f"| {problem} | {method} | {threads} | {wall:.3f} | {rates} |", flush=True)


if __name__ == "__main__":
    main()
