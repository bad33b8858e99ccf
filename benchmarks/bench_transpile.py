"""Two-qubit depth of QAOA on a device: our compiler against Qiskit's preset pass manager at level
3, best of its seeds.

    python benchmarks/bench_transpile.py [--device fez] [--sizes 8 12 16 20] [--depths 1 2] [--seeds
    5] [--graphs dense 3-regular]

For dense costs (every pair coupled) and random 3-regular graphs. Both sides compile the same ansatz
with free angles for the whole device; up to ten qubits the outcome distributions at random angles
are compared (1e-8) before anything is counted. Times are single compilations. Ratios are preset /
ours: above 1, ours is shallower. The last line says whether dense costs of 12 to 20 qubits reach a
ratio of 2; if not, the exit code is 1.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from importlib.metadata import version

import networkx as nx
import numpy as np

from qtwin.backend.base import Ansatz
from qtwin.backend.compile import Compiled, compact, compile_ansatz, snapshot, to_qiskit, used
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.variational.training import ansatz as qaoa


def instance(graph: str, n: int, depth: int) -> Ansatz:
    """Normal coefficients on every variable and every coupled pair."""
    rng = np.random.default_rng(n)
    if graph == "dense":
        edges = [(i, k) for i in range(n) for k in range(i + 1, n)]
    else:
        edges = [tuple(sorted(e)) for e in nx.random_regular_graph(3, n, seed=n).edges]
    terms = {(i,): rng.normal() for i in range(n)} | {e: rng.normal() for e in edges}
    return qaoa(BinaryPolynomial.of(n, terms), depth)


def probabilities(found: Compiled, theta: np.ndarray) -> np.ndarray:
    """Of the outcomes, qubit 0 the lowest bit."""
    from qiskit.quantum_info import Statevector

    circuit = compact(found.bound(theta), used(found.circuit))
    wire = {
        i.clbits[0]: circuit.find_bit(i.qubits[0]).index
        for i in circuit.data
        if i.operation.name == "measure"
    }
    order = [wire[c] for c in circuit.clbits]
    return Statevector(circuit.remove_final_measurements(inplace=False)).probabilities(order)


def check(ansatz: Ansatz, *compiled: Compiled) -> None:
    """Stop if a compiled circuit has another distribution than the ansatz."""
    from qiskit.quantum_info import Statevector

    theta = np.random.default_rng(0).normal(size=ansatz.n_parameters)
    ideal = Statevector(to_qiskit(ansatz, theta)).probabilities()
    for found in compiled:
        worst = np.abs(probabilities(found, theta) - ideal).max()
        if worst > 1e-8:
            sys.exit(f"{found.method}: probabilities differ by {worst:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="fez")
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 12, 16, 20])
    parser.add_argument("--depths", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--graphs", nargs="+", choices=("dense", "3-regular"), default=["dense", "3-regular"]
    )
    asked = parser.parse_args()
    device = snapshot(asked.device)
    print(
        f"qiskit {version('qiskit')}, {device.name} ({device.num_qubits} qubits), "
        f"{platform.platform()}"
    )
    print(f"preset pass manager at level 3, best of {asked.seeds} seeds by two-qubit depth\n")
    columns = ("graph", "n", "p", "ours", "gates", "s", "by", "preset", "gates", "s", "ratio")
    layout = "{:>10} {:>3} {:>2} | {:>6} {:>6} {:>5} {:<12} | {:>6} {:>6} {:>5} | {}"
    print(layout.format(*columns))
    dense = []
    for graph in asked.graphs:
        for depth in asked.depths:
            for n in asked.sizes:
                ansatz = instance(graph, n, depth)
                started = time.perf_counter()
                ours = compile_ansatz(ansatz, device)
                ours_s = time.perf_counter() - started
                started = time.perf_counter()
                preset = compile_ansatz(ansatz, device, method="preset", tries=asked.seeds)
                preset_s = (time.perf_counter() - started) / asked.seeds
                if n <= 10:
                    check(ansatz, ours, preset)
                ratio = preset.two_qubit_depth / ours.two_qubit_depth
                dense += [ratio] if graph == "dense" and 12 <= n <= 20 else []
                counts = (ours.two_qubit_depth, ours.two_qubit_gates, f"{ours_s:.2f}", ours.method)
                theirs = (
                    preset.two_qubit_depth,
                    preset.two_qubit_gates,
                    f"{preset_s:.2f}",
                    f"{ratio:.2f}",
                )
                print(layout.format(graph, n, depth, *counts, *theirs), flush=True)
    if dense:
        word = "reached" if min(dense) >= 2 else "MISSED"
        print(f"\ndense, 12 to 20 qubits: at least {min(dense):.2f} times shallower ({word}: 2)")
        sys.exit(min(dense) < 2)


if __name__ == "__main__":
    main()
