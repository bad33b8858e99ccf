"""Exact QAOA, p = 8 on dense random QUBOs: ours against Aer, PennyLane lightning, JAX and QOKit, in
one run on one machine.

    python benchmarks/bench_qaoa_statevector.py [--sizes 12 16 20 24] [--threads 1] [--repeats 5]
    [--qokit FOLDER] [--memory 26]

The process is pinned to as many cores as it may use threads. A figure is the least of the repeats
with the median in brackets, with one thread in CPU seconds, which another load on the machine
hardly touches, with more in wall seconds. Each tool gets what it needs outside the clock (the
diagonal, the observable, compilation); circuits are bound inside it, because every step of an
optimiser binds new angles. A value or gradient that differs from ours by more than 1e-8 stops the
run. Ratios are peer / ours in double precision: above 1, ours is faster. "Of the copy bandwidth":
the bytes of the best schedule known, 40 an amplitude and layer forward and 72 back, at the
bandwidth of a large copy measured in this run, over our time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEPTH = 8
LIMITS = {"Aer": 22, "lightning": 20, "JAX": 22, "QOKit C": 24}
"""Largest size of each peer unless --peers-to says otherwise: beyond it a figure takes minutes, or
many gigabytes.
"""


def pinned(threads: int) -> None:
    """Before any library is loaded: so many cores and OpenMP threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(threads)


def instance(n: int) -> tuple[Any, Any, Any]:
    """Normal coefficients on every variable and pair, a linear ramp of angles; the energy is of
    order n.
    """
    import numpy as np

    from qtwin.backend.base import Ansatz, Layer
    from qtwin.encoding.pauli import diagonal, transverse_field
    from qtwin.encoding.polynomial import BinaryPolynomial

    rng = np.random.default_rng(n)
    terms = {
        (i, k) if i < k else (i,): rng.normal() / np.sqrt(n) for i in range(n) for k in range(i, n)
    }
    cost, mixer = diagonal(BinaryPolynomial.of(n, terms)), transverse_field(n)
    layers = [
        Layer(generator=g, parameter=k + m * DEPTH)
        for k in range(DEPTH)
        for m, g in enumerate((cost, mixer))
    ]
    ansatz = Ansatz(
        n_qubits=n,
        reference=np.full(n, -1, dtype=np.int8),
        layers=tuple(layers),
        n_parameters=2 * DEPTH,
    )
    ramp = (np.arange(DEPTH) + 0.5) / DEPTH
    return ansatz, cost, np.concatenate([0.6 * ramp, -0.6 * (1 - ramp)])


Times = tuple[float, float]
"""Least and median, in seconds."""


def timed(run: Callable[[], Any], repeats: int, clock: Callable[[], float]) -> tuple[Times, Any]:
    """Times after a warm-up, and the answer; runs of more than 10 s are not repeated."""
    begin = clock()
    answer = run()
    first, seconds = clock() - begin, []
    for _ in range(repeats if first < 3.0 else 1 if first < 10.0 else 0):
        begin = clock()
        run()
        seconds.append(clock() - begin)
    seconds = seconds or [first]
    return (min(seconds), statistics.median(seconds)), answer


def copy_bandwidth(clock: Callable[[], float]) -> float:
    """Bytes read and written a second by a copy of 256 MiB, the best of five."""
    import numpy as np

    source = np.ones(1 << 25)
    target = np.empty_like(source)
    return 2 * source.nbytes / timed(lambda: np.copyto(target, source), 5, clock)[0][0]


def measure(
    n: int,
    options: argparse.Namespace,
    peers: list[Any],
    clock: Callable[[], float],
    bandwidth: float,
) -> None:
    import numpy as np

    from qtwin.backend.statevector import StatevectorBackend
    from qtwin.backend.statevector.layered import diagonal

    ansatz, cost, theta = instance(n)
    times: dict[tuple[str, str], Times] = {}
    found: dict[tuple[str, str], Any] = {}
    for name, precision in (("ours", "double"), ("ours, single", "single")):
        ours = StatevectorBackend(threads=options.threads, precision=precision)
        times[name, "value"], found[name, "value"] = timed(
            lambda o=ours: o.expectation(ansatz, theta, cost).value, options.repeats, clock
        )
        times[name, "value+gradient"], found[name, "value+gradient"] = timed(
            lambda o=ours: o.value_and_gradient(ansatz, theta, cost), options.repeats, clock
        )
    value, gradient = found["ours", "value+gradient"]
    error = abs(found["ours, single", "value"] - value) / abs(value)
    slip = float(
        np.abs(found["ours, single", "value+gradient"][1] - gradient).max() / np.abs(gradient).max()
    )
    values = np.array(diagonal(cost)) if peers else None
    for peer in peers:
        if n > (options.peers_to or LIMITS[peer.name]):
            continue
        made = peer(ansatz, cost, values, theta, options.threads)
        times[peer.name, "value"], answer = timed(made.value, options.repeats, clock)
        if abs(answer - value) > 1e-8:
            raise SystemExit(f"n = {n}: {peer.name} says {answer}, ours {value}")
        if hasattr(made, "value_and_gradient"):
            times[peer.name, "value+gradient"], (_, slopes) = timed(
                made.value_and_gradient, options.repeats, clock
            )
            if np.abs(slopes - gradient).max() > 1e-8:
                raise SystemExit(
                    f"n = {n}: gradients of {peer.name} differ by "
                    f"{np.abs(slopes - gradient).max():.1e}"
                )
    for what, per_layer in (("value", 40), ("value+gradient", 112)):
        base = times["ours", what][0]
        cells = [
            f"{name} {t:.4g} [{median:.4g}] s ({t / base:.3g}x)"
            for (name, w), (t, median) in times.items()
            if w == what
        ]
        share = per_layer * DEPTH * 2**n / bandwidth / base
        print(
            f"n = {n:2d} {what:<14} " + ", ".join(cells) + f"; {share:.0%} of the copy bandwidth",
            flush=True,
        )
    print(
        f"n = {n:2d} single precision: relative error {error:.1e} of the energy, {slip:.1e} "
        "of the gradient",
        flush=True,
    )


def remembered(n: int, threads: int) -> None:
    """In a process of its own: value and gradient, then shots; print the peaks of resident memory
    in state vectors.
    """
    pinned(threads)
    from qtwin.backend.statevector import StatevectorBackend

    ansatz, cost, theta = instance(n)

    def peak() -> float:
        # `getrusage` would count the parent's memory before the start, too
        status = Path("/proc/self/status")
        lines = status.read_text().splitlines() if status.is_file() else []
        known = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
        return (
            (known[0] if known else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
            * 1024
            / (16 << n)
        )

    begin, backend = peak(), StatevectorBackend(threads=threads)
    start = time.process_time()
    backend.value_and_gradient(ansatz, theta, cost)
    both, seconds = peak(), time.process_time() - start
    start = time.process_time()
    backend.sample(ansatz, theta, shots=10_000, seed=1)
    print(json.dumps([begin, both, peak(), seconds, time.process_time() - start]))


def compiled(n: int, folder: str | None) -> float:
    """Wall seconds of the first value and gradient of a fresh process, its kernels in `folder` if
    they are anywhere.
    """
    code = f"""
import time
import bench_qaoa_statevector
from qtwin.backend.statevector import StatevectorBackend
ansatz, cost, theta = bench_qaoa_statevector.instance({n})
start = time.perf_counter()
StatevectorBackend(threads=1).value_and_gradient(ansatz, theta, cost)
print(time.perf_counter() - start)
"""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])
    }
    environment |= {"NUMBA_CACHE_DIR": folder} if folder else {}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=[12, 14, 16, 18, 20, 22, 24])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peers-to", type=int, help="largest size of every peer")
    parser.add_argument("--without", nargs="*", default=[], help="peers to leave out")
    parser.add_argument("--qokit", type=Path, help="folder of QOKit's unpacked source archive")
    parser.add_argument(
        "--memory", type=int, default=26, help="size whose memory is measured; 0 for none"
    )
    parser.add_argument("--remember", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.remember:
        remembered(options.remember, options.threads)
        return
    pinned(options.threads)
    import tempfile

    from qaoa_peers import Aer, Jax, Lightning, Qokit

    from qtwin.backend.aer import AerBackend
    from qtwin.backend.pennylane import PennylaneBackend
    from qtwin.backend.statevector import StatevectorBackend
    from qtwin.backend.statevector.vector import REGISTER_BYTES

    clock = time.process_time if options.threads == 1 else time.perf_counter
    peers: list[Any] = [
        peer for peer in (Aer, Lightning, Jax, Qokit) if peer.name not in options.without
    ]
    if Qokit in peers and (reason := Qokit.build(options.qokit)):
        print(f"QOKit C left out: {reason}")
        peers.remove(Qokit)
    versions = {
        k: v
        for b in (StatevectorBackend(), AerBackend(), PennylaneBackend())
        for k, v in b.capabilities().versions.items()
    }
    if Jax in peers:
        import jax

        versions["jax"] = jax.__version__
    print(f"{platform.processor() or platform.machine()}, registers of {8 * REGISTER_BYTES} bits, "
f"{options.threads} thread(s); "
          + ", ".join(f"{k} {v}" for k, v in versions.items()))  # fmt: skip
    bandwidth = copy_bandwidth(clock)
    kind = "CPU" if options.threads == 1 else "wall"
    print(f"p = {DEPTH}, {kind} seconds; copy bandwidth {bandwidth / 1e9:.1f} GB/s")
    with tempfile.TemporaryDirectory() as folder:
        cold, warm, other = compiled(14, folder), compiled(14, folder), compiled(19, folder)
    print(
        f"first call of a process: {cold:.1f} s without cached kernels, {warm:.2f} s with "
        f"(n = 14), {other:.2f} s at n = 19"
    )
    for n in options.sizes:
        measure(n, options, peers, clock, bandwidth)
    if options.memory:
        command = [
            sys.executable,
            __file__,
            "--remember",
            str(options.memory),
            "--threads",
            str(options.threads),
        ]
        begin, both, shots, seconds, drawing = json.loads(
            subprocess.run(command, capture_output=True, check=True).stdout
        )
        print(f"n = {options.memory}: at most {both:.2f} state vectors resident for value and "
f"gradient, {shots:.2f} with shots; "
              f"{begin:.2f} before; {seconds:.1f} CPU s for the first call, {drawing:.1f} "
"for 10000 shots")  # fmt: skip


if __name__ == "__main__":
    main()
