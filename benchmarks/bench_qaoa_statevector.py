"""Exact QAOA, p = 8 on dense random QUBOs: ours against Aer and PennyLane lightning, in one run on one machine.

    python benchmarks/bench_qaoa_statevector.py [--sizes 12 16 18 20] [--peers-to 20] [--repeats 5] [--threads 2]

Times are the median of the repeats after one warm-up, with the fastest in brackets. Each tool gets what it needs outside the
clock (our diagonal, their observable); circuits are bound inside it, because every step of an optimiser binds new angles.
All tools get the same number of threads. A value or gradient that differs from ours by more than 1e-8 stops the run. Ratios
are peer / ours, of medians: above 1, ours is faster.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from qtwin.backend.aer import AerBackend
from qtwin.backend.base import Ansatz, Layer
from qtwin.backend.pennylane import PennylaneBackend, to_observable
from qtwin.backend.statevector import StatevectorBackend
from qtwin.encoding.pauli import PauliSum, diagonal, transverse_field
from qtwin.encoding.polynomial import BinaryPolynomial

DEPTH = 8


def instance(n: int) -> tuple[Ansatz, PauliSum, np.ndarray]:
    """Normal coefficients on every variable and pair, a linear ramp of angles; the energy is of order n."""
    rng = np.random.default_rng(n)
    terms = {(i, k) if i < k else (i,): rng.normal() / np.sqrt(n) for i in range(n) for k in range(i, n)}
    cost, mixer = diagonal(BinaryPolynomial.of(n, terms)), transverse_field(n)
    layers = [Layer(generator=g, parameter=k + m * DEPTH) for k in range(DEPTH) for m, g in enumerate((cost, mixer))]
    ansatz = Ansatz(n_qubits=n, reference=np.full(n, -1, dtype=np.int8), layers=tuple(layers), n_parameters=2 * DEPTH)
    ramp = (np.arange(DEPTH) + 0.5) / DEPTH
    return ansatz, cost, np.concatenate([0.6 * ramp, -0.6 * (1 - ramp)])


class Lightning:
    """Lightning.qubit at its fastest: gates of one angle each, straight to the device; adjoint derivatives, chain rule by us."""

    def __init__(self, ansatz: Ansatz, cost: PauliSum, theta: np.ndarray) -> None:
        import pennylane as qml

        self.device = qml.device("lightning.qubit", wires=ansatz.n_qubits)
        self.config = qml.devices.ExecutionConfig(gradient_method="adjoint")
        self.ansatz, self.theta, self.observable = ansatz, theta, to_observable(cost)

    def bind(self) -> tuple[Any, list[int], list[float]]:
        import pennylane as qml

        operations, owners, weights = [qml.Hadamard(i) for i in range(self.ansatz.n_qubits)], [], []
        for layer in self.ansatz.layers:
            h = layer.generator
            for x, z, c in zip(h.x, h.z, h.coefficients, strict=True):
                wires = [int(i) for i in np.flatnonzero(x | z)]
                if wires:
                    gate = qml.RX if x.any() else (qml.RZ, qml.IsingZZ)[len(wires) - 1]
                    operations.append(gate(2 * self.theta[layer.parameter] * c, wires))
                    owners.append(layer.parameter)
                    weights.append(2 * c)
        tape = qml.tape.QuantumScript(operations, [qml.expval(self.observable)])
        tape.trainable_params = list(range(len(owners)))
        return tape, owners, weights

    def value(self) -> float:
        return float(self.device.execute(self.bind()[0]))

    def value_and_gradient(self) -> tuple[float, np.ndarray]:
        tape, owners, weights = self.bind()
        value, slopes = self.device.execute_and_compute_derivatives(tape, self.config)
        gradient = np.zeros(len(self.theta))
        np.add.at(gradient, owners, np.array(weights) * np.array(slopes, dtype=float).ravel())
        return float(value), gradient


Times = tuple[float, float]
"""Median and fastest, in seconds."""
NOT_RUN: Times = (float("nan"), float("nan"))


def timed(run: Callable[[], Any], repeats: int) -> tuple[Times, Any]:
    """Time `run` after a warm-up; return its answer too. Slow runs are not repeated."""
    start = time.perf_counter()
    answer = run()
    first, seconds = time.perf_counter() - start, []
    for _ in range(repeats if first < 3.0 else 1 if first < 20.0 else 0):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    seconds = seconds or [first]
    return (float(np.median(seconds)), min(seconds)), answer


def measure(n: int, *, threads: int, repeats: int, peers: bool) -> dict[str, list[Times]]:
    """Seconds of ours, Aer and lightning for the value, then for value and gradient; NaN where not run."""
    ansatz, cost, theta = instance(n)
    ours, missing = StatevectorBackend(threads=threads), NOT_RUN
    value_s, value = timed(lambda: ours.expectation(ansatz, theta, cost).value, repeats)
    both_s, (same, gradient) = timed(lambda: ours.value_and_gradient(ansatz, theta, cost), repeats)
    ours.release()
    rows, answers = {"value": [value_s, missing, missing], "value+gradient": [both_s, missing, missing]}, {"ours": same}
    if peers:
        aer, lightning = AerBackend(threads=threads), Lightning(ansatz, cost, theta)
        rows["value"][1], answers["Aer"] = timed(lambda: aer.expectation(ansatz, theta, cost).value, repeats)
        rows["value"][2], answers["lightning"] = timed(lightning.value, repeats)
        rows["value+gradient"][2], (answers["lightning adjoint"], slopes) = timed(lightning.value_and_gradient, repeats)
        if np.abs(slopes - gradient).max() > 1e-8:
            raise SystemExit(f"n = {n}: gradients differ by {np.abs(slopes - gradient).max():.1e}")
    for name, answer in answers.items():
        if abs(answer - value) > 1e-8:
            raise SystemExit(f"n = {n}: {name} says {answer}, ours {value}")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[12, 16, 18, 20])
    parser.add_argument("--peers-to", type=int, default=20, help="largest size the peers run")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # read by lightning when it loads
    ansatz, cost, theta = instance(6)
    start = time.perf_counter()
    StatevectorBackend(threads=1).value_and_gradient(ansatz, theta, cost)
    StatevectorBackend(threads=1).expectation(ansatz, theta, cost)
    cards = [b.capabilities().versions for b in (StatevectorBackend(), AerBackend(), PennylaneBackend())]
    print(f"{platform.machine()}, {os.cpu_count()} cores; " + ", ".join(f"{k} {v}" for card in cards for k, v in card.items()))
    print(f"p = {DEPTH}, threads = {options.threads}; kernels ready after {time.perf_counter() - start:.1f} s; seconds:")
    print(f"{'n':>3} {'what':<14} {'ours':>19} {'Aer':>19} {'lightning':>19} {'x Aer':>7} {'x lightning':>12}")
    for n in options.sizes:
        rows = measure(n, threads=options.threads, repeats=options.repeats, peers=n <= options.peers_to)
        for what, row in rows.items():
            cells = [f"{t:8.4f} [{least:8.4f}]" if np.isfinite(t) else f"{'-':>19}" for t, least in row]
            ratios = [f"{t / row[0][0]:.0f}" if np.isfinite(t) else "-" for t, _ in row[1:]]
            print(f"{n:3d} {what:<14} {' '.join(cells)} {ratios[0]:>7} {ratios[1]:>12}", flush=True)


if __name__ == "__main__":
    main()
