"""QAOA on energies of degree 3 and 4 as they are (multi-Z phases) beside QAOA on their
quadratisations, on the same instances.

    python benchmarks/bench_native_hubo.py [--instances 5] [--layers 3] [--shots 8192]
    [--most-qubits 20]

For every instance and form: qubits, two-qubit gates and depth of one circuit (all-to-all), the
chance that one shot decodes to an optimum of the original (auxiliaries are ignored, which favours
the quadratisations; 95 % exact interval of all shots of the family), training seconds, and the
gates that 99 % certainty costs: gates of one shot times ln 0.01 / ln(1 - p), the median over the
instances with the lowest and the highest. Uniform random bits are printed beside. Forms that need
more than `--most-qubits` are told and not run.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import time
from importlib import metadata

import numpy as np

from qtwin.benchmark.metrics import posterior
from qtwin.encoding.generate import make
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.encoding.quadratise import METHODS, quadratise
from qtwin.solver import registry
from qtwin.solver.base import Instance

FAMILIES = (("dense", 6, {"degree": 3}), ("xorsat", 8, {}), ("labs", 7, {}))


def _minima(polynomial: BinaryPolynomial) -> np.ndarray:
    values = polynomial.values()
    return values <= values.min() + 1e-9 * max(1.0, float(np.ptp(values)))


def _run(
    polynomial: BinaryPolynomial, best: np.ndarray, n: int, layers: int, shots: int, seed: int
) -> dict[str, float]:
    solver = registry.load(
        "qaoa", {"layers": layers, "shots": shots, "starts": 2, "max_evaluations": 800}
    )
    started = time.perf_counter()
    result = solver.solve(Instance(encoding=plain(polynomial)), seed=seed)
    wall_s = time.perf_counter() - started
    assert result.samples is not None
    places = result.samples.bits[:, :n].astype(np.int64) @ (1 << np.arange(n))
    cost = result.info["resources"]["two_qubit"]["all-to-all"]
    return {
        "qubits": polynomial.n_variables,
        "gates": cost["gates"],
        "depth": cost["depth"],
        "hits": int(result.samples.counts[best[places]].sum()),
        "wall_s": wall_s,
    }


def _gates_to_find(run: dict[str, float], shots: int) -> float:
    p = run["hits"] / shots
    return (
        math.inf
        if p == 0.0
        else run["gates"] * max(1.0, math.log(0.01) / math.log1p(-min(p, 1.0 - 1e-12)))
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--instances", type=int, default=5)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--shots", type=int, default=8192)
    parser.add_argument("--most-qubits", type=int, default=20)
    asked = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"numpy {metadata.version('numpy')}"
    )
    print(f"p = {asked.layers}, {asked.shots} shots, {asked.instances} instances a family")
    head = f"{'family':16}{'form':12}{'qubits':>8}{'gates':>8}{'depth':>8}{'P(optimum)':>12}"
    print(f"{head}{'95 % interval':>20}{'s':>8}  gates to 99 %")
    for family, n, options in FAMILIES:
        forms: dict[str, list[dict[str, float]]] = {}
        uniform = []
        for seed in range(asked.instances):
            original = make(family, n, seed=seed, **options).encoding.polynomial
            best = _minima(original)
            uniform.append(float(best.mean()))
            candidates = {"native": original} | {
                m: quadratise(original, m).polynomial for m in METHODS
            }
            for form, polynomial in candidates.items():
                # the quadratic agrees with the original before anything is timed
                if form != "native":
                    whole = quadratise(original, form)
                    rows = (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(np.uint8)
                    assert np.allclose(
                        polynomial.evaluate(whole.complete(rows)), original.evaluate(rows)
                    )
                if polynomial.n_variables > asked.most_qubits:
                    forms.setdefault(form, []).append({"qubits": polynomial.n_variables})
                    continue
                forms.setdefault(form, []).append(
                    _run(polynomial, best, n, asked.layers, asked.shots, seed)
                )
        name = f"{family} {n}"
        print(f"{name:16}{'uniform':12}{n:8}{0:8}{0:8}{statistics.mean(uniform):12.4f}")
        for form, runs in forms.items():
            done = [r for r in runs if "hits" in r]
            qubits = statistics.median(r["qubits"] for r in runs)
            if len(done) < len(runs):
                print(
                    f"{name:16}{form:12}{qubits:8.0f}   more than {asked.most_qubits} "
                    "qubits, not run"
                )
                continue
            hits, shots = sum(int(r["hits"]) for r in done), asked.shots * len(done)
            low, high = posterior(hits, shots)
            gates, depth, wall = (
                statistics.median(r[k] for r in done) for k in ("gates", "depth", "wall_s")
            )
            effort = sorted(_gates_to_find(r, asked.shots) for r in done)
            middle = statistics.median(effort)
            print(
                f"{name:16}{form:12}{qubits:8.0f}{gates:8.0f}{depth:8.0f}{hits / shots:12.4f}"
                f"{f'{low:.4f} to {high:.4f}':>20}"
                f"{wall:8.2f}  {middle:.3g} ({effort[0]:.3g} to {effort[-1]:.3g})"
            )


if __name__ == "__main__":
    main()
