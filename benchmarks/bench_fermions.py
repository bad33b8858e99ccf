"""UCCSD from Hartree-Fock to 1.6 mHa above CASCI: ours against TenCirChem, PennyLane lightning and
Qiskit Aer, in one run.

    python benchmarks/bench_fermions.py [--systems H2O N2 H6 H8] [--peers tencirchem lightning aer]
                                        [--limit-s 60] [--tencirchem /path/to/its/python]

Every tool gets the same orbitals, angles zero at the start and one thread. The clock runs to the
first energy within 1.6 mHa of CASCI; what can be prepared before (integrals, circuits,
transpilation, compilation) is apart, as set-up. Ours is one compiled L-BFGS with exact gradients in
the point-group block; "no block" is ours on all determinants. Lightning runs the same circuit by
MultiRZ, and the shorter one of its own DoubleExcitation gates, with adjoint gradients; Aer runs the
same circuit, transpiled once, its gradients by differences, all angle sets in one job. Both use
SciPy's L-BFGS-B. A peer that exceeds the limit is given as a lower bound, with the error that was
left. Before the clock starts, our energy at random angles is compared with that of the circuit on
qubits. Ratios are peer / ours, of seconds to accuracy and of one energy with its gradient.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.backend.base import Ansatz
from qtwin.backend.compile import to_operator, to_qiskit
from qtwin.backend.pennylane import to_observable
from qtwin.backend.statevector import StatevectorBackend
from qtwin.chemistry.determinants.minimise import Limits
from qtwin.chemistry.determinants.simulator import DeterminantSimulator
from qtwin.chemistry.excitation import FermionicAnsatz, uccsd
from qtwin.chemistry.fermionic import to_ansatz
from qtwin.chemistry.mapping import electronic, jordan_wigner, reference
from qtwin.encoding.pauli import PauliSum

ACCURACY = 1.6e-3
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
PEERS = ["tencirchem", "lightning", "aer"]
SYSTEMS = {  # geometry in angstrom, basis, electrons, orbitals, repetitions of UCCSD
    "H2O": ("O 0 0 0; H 0 0.7572 0.5866; H 0 -0.7572 0.5866", "sto-3g", 4, 4, 1),
    "N2": ("N 0 0 0; N 0 0 1.0977", "sto-3g", 6, 6, 1),
    "H6": ("; ".join(f"H 0 0 {i}" for i in range(6)), "sto-3g", 6, 6, 1),
    "H8": ("; ".join(f"H 0 0 {i}" for i in range(8)), "sto-3g", 8, 8, 1),
    "N2-10e8o": ("N 0 0 0; N 0 0 1.0977", "sto-3g", 10, 8, 2),
    "N2-10e10o": ("N 0 0 0; N 0 0 1.0977", "6-31g", 10, 10, 2),
}


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    electrons: int
    h1: np.ndarray
    h2: np.ndarray
    core: float
    exact: float
    circuit: FermionicAnsatz


@dataclass(frozen=True, kw_only=True)
class Timing:
    tool: str
    setup_s: float
    evaluation_s: float
    seconds: float
    reached: bool
    left_hartree: float
    evaluations: int


class Reached(Exception):  # noqa: N818 - carries the search out of the optimiser
    pass


def case(name: str) -> Case:
    from pyscf import ao2mo, gto, mcscf, scf

    atom, basis, electrons, orbitals, repetitions = SYSTEMS[name]
    field = scf.RHF(gto.M(atom=atom, basis=basis, verbose=0)).run(conv_tol=1e-12)
    active = mcscf.CASCI(field, orbitals, electrons)
    h1, core = active.get_h1eff()
    h2 = ao2mo.restore(1, active.get_h2eff(), orbitals)
    circuit = uccsd(orbitals, electrons // 2, electrons // 2, repetitions=repetitions)
    return Case(
        name=name,
        electrons=electrons,
        h1=h1,
        h2=h2,
        core=float(core),
        exact=float(active.kernel()[0]),
        circuit=circuit,
    )


def fastest(run: Callable[[], Any], repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        mark = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - mark)
    return min(seconds)


def ours(c: Case, *, symmetric: bool) -> Timing:
    mark = time.perf_counter()
    simulator = DeterminantSimulator(c.h1, c.h2, c.core, c.circuit, symmetric=symmetric)
    setup_s = time.perf_counter() - mark
    start = np.zeros(c.circuit.n_parameters)
    limits = Limits(target_hartree=c.exact + ACCURACY)
    simulator.minimise(start, limits)  # compiled by now
    evaluation_s = fastest(
        lambda: simulator.value_and_gradient(start + 0.01), 20 if simulator.space.size < 5000 else 3
    )
    found = [
        simulator.minimise(start, limits) for _ in range(10 if simulator.space.size < 5000 else 2)
    ]
    seconds = [float(f.times_s[-1]) for f in found]
    left = found[0].energy_hartree - c.exact
    return Timing(
        tool="ours" if symmetric else "ours, no block",
        setup_s=setup_s,
        evaluation_s=evaluation_s,
        seconds=min(seconds),
        reached=left <= ACCURACY * (1 + 1e-9),
        left_hartree=left,
        evaluations=found[0].evaluations,
    )


def by_scipy(
    tool: str,
    c: Case,
    evaluate: Callable[[np.ndarray], tuple[float, np.ndarray]],
    setup_s: float,
    limit_s: float,
    n: int,
) -> Timing:
    """L-BFGS-B from zero to the accuracy, or to the limit."""
    from scipy.optimize import minimize

    evaluation_s = fastest(lambda: evaluate(np.full(n, 0.01)), 1 if setup_s > limit_s else 2)
    began, error, count = time.perf_counter(), np.inf, 0

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal error, count
        value, gradient = evaluate(theta)
        count, error = count + 1, min(error, value - c.exact)
        if error <= ACCURACY or time.perf_counter() - began > limit_s:
            raise Reached
        return value, gradient

    with contextlib.suppress(Reached):
        minimize(objective, np.zeros(n), jac=True, method="L-BFGS-B")
    seconds = time.perf_counter() - began
    return Timing(
        tool=tool,
        setup_s=setup_s,
        evaluation_s=evaluation_s,
        seconds=seconds,
        reached=error <= ACCURACY,
        left_hartree=error,
        evaluations=count,
    )


def lightning(
    c: Case, ansatz: Ansatz, hamiltonian: PauliSum, limit_s: float, *, own_gates: bool
) -> Timing:
    import pennylane as qml
    from pennylane.devices import ExecutionConfig

    mark = time.perf_counter()
    device = qml.device("lightning.qubit", wires=ansatz.n_qubits)
    observable = to_observable(hamiltonian)
    config = ExecutionConfig(gradient_method="adjoint", use_device_gradient=True)
    n = c.circuit.n_orbitals
    occupied = reference(n, c.circuit.n_alpha, c.circuit.n_beta)

    def operations(theta: np.ndarray) -> tuple[list[Any], list[int], list[float]]:
        """Gates, the parameter of each and the factor before it."""
        if own_gates:
            gates: list[Any] = [qml.PauliX(i) for i in np.flatnonzero(occupied)]
            owners, factors = [], []
            for r in c.circuit.rotations:
                moves = r.excitation.moves
                wires = [s + n * spin for _, s, spin in moves] + [
                    t + n * spin for t, _, spin in moves
                ]
                make = qml.SingleExcitation if len(moves) == 1 else qml.DoubleExcitation
                gates.append(make(2.0 * theta[r.parameter], wires))
                owners.append(r.parameter)
                factors.append(2.0)
            return gates, owners, factors
        gates, owners, factors = [qml.PauliX(i) for i in np.flatnonzero(occupied)], [], []
        for layer in ansatz.layers:
            h = layer.generator
            for x, z, k in zip(h.x, h.z, h.coefficients, strict=True):
                before = [
                    g
                    for i in np.flatnonzero(x)
                    for g in ([qml.adjoint(qml.S(i))] if z[i] else []) + [qml.Hadamard(i)]
                ]
                after = [
                    g
                    for i in np.flatnonzero(x)
                    for g in [qml.Hadamard(i)] + ([qml.S(i)] if z[i] else [])
                ]
                turn = qml.MultiRZ(
                    2.0 * float(k) * theta[layer.parameter], np.flatnonzero(x | z).tolist()
                )
                gates += [*before, turn, *after]
                owners.append(layer.parameter)
                factors.append(2.0 * float(k))
        return gates, owners, factors

    def evaluate(theta: np.ndarray) -> tuple[float, np.ndarray]:
        gates, owners, factors = operations(theta)
        tape = qml.tape.QuantumScript(gates, [qml.expval(observable)])
        # the angles, not the coefficients of the Hamiltonian
        tape.trainable_params = range(len(owners))
        value, slopes = device.execute_and_compute_derivatives(tape, config)
        gradient = np.zeros(len(theta))
        np.add.at(gradient, owners, np.array(factors) * np.array(slopes, dtype=float).ravel())
        return float(value), gradient

    evaluate(np.zeros(ansatz.n_parameters))
    setup_s = time.perf_counter() - mark
    name = "lightning, DoubleExcitation" if own_gates else "lightning, same circuit"
    return by_scipy(name, c, evaluate, setup_s, limit_s, ansatz.n_parameters)


def aer(c: Case, ansatz: Ansatz, hamiltonian: PauliSum, limit_s: float) -> Timing:
    import qiskit_aer
    from qiskit import transpile

    mark = time.perf_counter()
    circuit = to_qiskit(ansatz)
    circuit.save_expectation_value(to_operator(hamiltonian), list(range(ansatz.n_qubits)))
    simulator = qiskit_aer.AerSimulator(
        method="statevector", max_parallel_threads=int(os.environ["OMP_NUM_THREADS"])
    )
    ready = transpile(circuit, simulator, optimization_level=1)
    names = list(ready.parameters)
    setup_s = time.perf_counter() - mark
    n, step = ansatz.n_parameters, 1e-6

    def energies(sets: np.ndarray) -> np.ndarray:
        binds = [{p: sets[:, p.index].tolist() for p in names}]
        results = simulator.run([ready], parameter_binds=binds, shots=None).result()
        return np.array([np.real(results.data(k)["expectation_value"]) for k in range(len(sets))])

    def evaluate(theta: np.ndarray) -> tuple[float, np.ndarray]:
        values = energies(np.vstack([theta, theta + step * np.eye(n)]))
        return float(values[0]), (values[1:] - values[0]) / step

    mark = time.perf_counter()
    start = float(energies(np.zeros((1, n)))[0])
    whole_s = (n + 1) * (time.perf_counter() - mark)
    if whole_s > limit_s:  # the bound is one gradient, from the time of one energy
        left = start - c.exact
        return Timing(
            tool="aer, from one energy",
            setup_s=setup_s,
            evaluation_s=whole_s,
            seconds=whole_s,
            reached=False,
            left_hartree=left,
            evaluations=0,
        )
    return by_scipy("aer", c, evaluate, setup_s, limit_s, n)


def tencirchem(c: Case, python: str, backend: str) -> Timing:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "integrals.npz"
        values = {"core": c.core, "electrons": c.electrons, "exact": c.exact, "accuracy": ACCURACY}
        np.savez(file, h1=c.h1, h2=c.h2, **values)
        command = [
            python,
            str(Path(__file__).with_name("fermions_tencirchem.py")),
            str(file),
            backend,
        ]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"tencirchem failed: {done.stderr[-2000:]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    del found["parameters"]
    return Timing(tool=f"tencirchem {found.pop('version')}, {backend}", **found)


def compared(c: Case, ansatz: Ansatz, hamiltonian: PauliSum) -> None:
    """Stop when our energy at random angles is not that of the circuit on qubits."""
    theta = 0.1 * np.random.default_rng(1).normal(size=ansatz.n_parameters)
    own = DeterminantSimulator(c.h1, c.h2, c.core, c.circuit).energy_hartree(theta)
    other = StatevectorBackend().expectation(ansatz, theta, hamiltonian).value
    if abs(own - other) > 1e-9:
        raise SystemExit(f"{c.name}: determinants say {own}, qubits {other}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=SYSTEMS)
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    parser.add_argument(
        "--tencirchem", metavar="PYTHON", default="", help="the interpreter that has it"
    )
    parser.add_argument("--limit-s", type=float, default=60.0, help="for each peer and system")
    parser.add_argument("--threads", type=int, default=1, help="of every tool")
    options = parser.parse_args()
    threads = {name: str(options.threads) for name in THREADS}
    # libraries read them when they load
    if any(os.environ.get(name) != value for name, value in threads.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | threads)
    packages = ("numba", "pyscf", "pennylane", "pennylane-lightning", "qiskit-aer")
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} thread(s) each; "
        + ", ".join(f"{p} {version(p)}" for p in packages)
    )
    if "tencirchem" in options.peers and not options.tencirchem:
        print("tencirchem: skipped, give its interpreter by --tencirchem")
    heads = (
        f"{'set-up s':>9} {'s/evaluation':>13} {'s to 1.6 mHa':>14} {'evals':>6} {'x':>9} "
        f"{'x/eval':>9}"
    )
    print(f"{'system':<10} {'tool':<30} {heads}")
    for name in options.systems:
        table(name, options)


def table(name: str, options: argparse.Namespace) -> None:
    """All tools on one system, a line each as soon as it is known."""
    c = case(name)
    base = ours(c, symmetric=True)
    show(name, base, base)
    show(name, ours(c, symmetric=False), base)
    if c.circuit.n_orbitals > 8 or SYSTEMS[name][4] > 1:
        return
    words, made = electronic(c.h1, c.h2, c.core), jordan_wigner(2 * c.circuit.n_orbitals)
    ansatz, hamiltonian = to_ansatz(c.circuit, made), made.apply(words)
    compared(c, ansatz, hamiltonian)
    if "tencirchem" in options.peers and options.tencirchem:
        for backend in ("jax", "numpy"):
            show(name, tencirchem(c, options.tencirchem, backend), base)
    if "lightning" in options.peers:
        for own_gates in (False, True):
            show(
                name, lightning(c, ansatz, hamiltonian, options.limit_s, own_gates=own_gates), base
            )
    if "aer" in options.peers:
        show(name, aer(c, ansatz, hamiltonian, options.limit_s), base)


def show(name: str, t: Timing, base: Timing) -> None:
    more, bound = ("", "") if t.reached else (">", f" {1e3 * t.left_hartree:.1f} mHa left")
    ratios = (
        f"{more + format(t.seconds / base.seconds, '.0f'):>9} "
        f"{t.evaluation_s / base.evaluation_s:9.0f}"
    )
    seconds = (
        f"{t.setup_s:9.4f} {t.evaluation_s:13.2e} {more + format(t.seconds, '.2e'):>14} "
        f"{t.evaluations:6d}"
    )
    print(f"{name:<10} {t.tool:<30} {seconds} {ratios}{bound}", flush=True)


if __name__ == "__main__":
    main()
