"""The peers of `bench_qaoa_statevector`: each prepared once an instance, with `value` and mostly
`value_and_gradient`.
"""

from __future__ import annotations

import ctypes
import importlib.util
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.backend.aer import AerBackend
from qtwin.backend.base import Ansatz
from qtwin.backend.pennylane import to_observable
from qtwin.encoding.pauli import PauliSum


class Aer:
    """Qiskit Aer through our backend: one exact run of the bound circuit."""

    name = "Aer"

    def __init__(
        self, ansatz: Ansatz, cost: PauliSum, values: np.ndarray, theta: np.ndarray, threads: int
    ) -> None:
        self.backend, self.arguments = AerBackend(threads=threads), (ansatz, theta, cost)

    def value(self) -> float:
        return self.backend.expectation(*self.arguments).value


class Lightning:
    """Lightning.qubit at its fastest: gates of one angle each, straight to the device; adjoint
    derivatives, chain rule by us.
    """

    name = "lightning"

    def __init__(
        self, ansatz: Ansatz, cost: PauliSum, values: np.ndarray, theta: np.ndarray, threads: int
    ) -> None:
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


class Jax:
    """JAX, compiled: a phase by the diagonal, the mixer by 16 x 16 matrix products on four qubits,
    reverse-mode gradient.
    """

    name = "JAX"

    def __init__(
        self, ansatz: Ansatz, cost: PauliSum, values: np.ndarray, theta: np.ndarray, threads: int
    ) -> None:
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        n, depth = ansatz.n_qubits, len(theta) // 2
        flips = [
            jnp.array([[bin(a ^ b).count("1") for a in range(1 << k)] for b in range(1 << k)])
            for k in range(5)
        ]

        def expectation(angles: Any, diagonal: Any) -> Any:
            state = jnp.full(1 << n, 2.0 ** (-n / 2), dtype=jnp.complex128)
            for layer in range(depth):
                state = state * jnp.exp(-1j * angles[layer] * diagonal)
                c, s = jnp.cos(angles[depth + layer]), -1j * jnp.sin(angles[depth + layer])
                for start in range(0, n, 4):
                    k = min(4, n - start)
                    powers = jnp.stack([c ** (k - m) * s**m for m in range(k + 1)])
                    cube = state.reshape(-1, 1 << k, 1 << start)
                    state = jnp.einsum("ab,xby->xay", powers[flips[k]], cube).reshape(-1)
            return jnp.sum(diagonal * (state.real**2 + state.imag**2))

        self.compiled, self.both = jax.jit(expectation), jax.jit(jax.value_and_grad(expectation))
        self.arguments = (jnp.asarray(theta), jnp.asarray(values))

    def value(self) -> float:
        return float(self.compiled(*self.arguments))

    def value_and_gradient(self) -> tuple[float, np.ndarray]:
        value, gradient = self.both(*self.arguments)
        return float(value), np.asarray(gradient)


PROTOTYPES = """#include <stddef.h>
void apply_diagonal(double*, double*, double, double* const, size_t);
void furx_all(double*, double*, double, unsigned int, size_t);
void furxy_ring(double*, double*, double, unsigned int, size_t);
void furxy_complete(double*, double*, double, unsigned int, size_t);
"""
"""The published source archive ships without its headers; these are the four functions that its
files call in each other.
"""


class Qokit:
    """QOKit's C simulator, built here with gcc -O3 -march=native -fopenmp from the sources of its
    PyPI archive.
    """

    name = "QOKit C"

    def __init__(
        self, ansatz: Ansatz, cost: PauliSum, values: np.ndarray, theta: np.ndarray, threads: int
    ) -> None:
        self.n, self.values, self.depth = (
            ansatz.n_qubits,
            np.ascontiguousarray(values),
            len(theta) // 2,
        )
        # its phase is exp(-i gamma C / 2)
        self.gammas, self.betas = 2.0 * theta[: self.depth], theta[self.depth :].copy()

    library: Any = None

    @classmethod
    def build(cls, folder: Path | None) -> str | None:
        """Compile; why not, when it cannot be."""
        if folder is None:
            spec = importlib.util.find_spec("qokit")
            if spec is None or spec.origin is None:
                return (
                    "no qokit: `pip download --no-deps --no-binary :all: qokit`, unpack it and "
                    "pass --qokit FOLDER"
                )
            folder = Path(spec.origin).parent.parent
        sources = sorted((folder / "qokit/fur/c/csim/src").glob("*.c"))
        if not sources:
            return f"no C sources under {folder}/qokit/fur/c/csim/src"
        build = Path(tempfile.mkdtemp(prefix="qokit"))
        for header in ("fur.h", "diagonal.h", "qaoa_fur.h"):
            (build / header).write_text(PROTOTYPES)
        target = build / "libcsim.so"
        command = [
            "gcc",
            "-O3",
            "-march=native",
            "-fopenmp",
            "-fPIC",
            "-shared",
            f"-I{build}",
            *map(str, sources),
            "-lm",
        ]
        done = subprocess.run(
            [*command, "-o", str(target)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"gcc failed: {done.stderr.splitlines()[-1]}"
        cls.library = ctypes.CDLL(str(target))
        return None

    def value(self) -> float:
        size = 1 << self.n
        re, im = np.full(size, size**-0.5), np.zeros(size)
        pointers = [
            a.ctypes.data_as(ctypes.c_void_p)
            for a in (re, im, self.gammas, self.betas, self.values)
        ]
        self.library.apply_qaoa_furx(
            *pointers, ctypes.c_uint(self.n), ctypes.c_size_t(size), ctypes.c_size_t(self.depth)
        )
        return float(self.values @ (re**2 + im**2))
