"""Qiskit Aer: state vector, matrix product state or density matrix, ideal or with noise."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Literal, final, get_args

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import (
    Ansatz,
    Backend,
    Capabilities,
    Estimate,
    Samples,
    check_angles,
    check_observable,
    check_shots,
    sampled_expectation,
)
from qtwin.backend.compile import Rates, broadcast, fold, noise_model, to_operator, to_qiskit
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError, require_vendor, unknown_name

Method = Literal["statevector", "matrix_product_state", "density_matrix"]
_WIDEST: dict[str, int] = {"statevector": 28, "matrix_product_state": 63, "density_matrix": 13}
_BASIS = ("rz", "sx", "x", "cx")


@final
class AerBackend(Backend):
    """Qiskit Aer's simulators.

    With noise, circuits are first translated into Rz, SX, X and CX, all qubits coupled; Rz is free
    of errors, as on hardware that only shifts a phase. A noisy device with its own coupling map is
    the backend `fake`.

    Args:
        method: How the state is held.
        threads: OpenMP threads; 0 takes all.
        depolarising_1q, depolarising_2q: Probability that SX or X, or CX, replaces its qubits'
            state by the mixed one.
        readout_error: Probability that a measured bit is flipped.
        noise_from: Name of an IBM snapshot (`fez`, ...) whose median error rates are taken; instead
            of the three rates.
        bond_dimension: Largest bond of a matrix product state; without a limit it is exact.
        device: Where the state is held; "GPU" needs a build of Aer for it (the package
            qiskit-aer-gpu).
    """

    def __init__(
        self,
        *,
        method: Method = "statevector",
        threads: int = 0,
        depolarising_1q: float = 0.0,
        depolarising_2q: float = 0.0,
        readout_error: float = 0.0,
        noise_from: str = "",
        bond_dimension: int | None = None,
        device: Literal["CPU", "GPU"] = "CPU",
    ) -> None:
        require_vendor("qiskit_aer", package="qiskit-aer", needed_by="backend 'aer'")
        require_vendor("qiskit", package="qiskit", needed_by="backend 'aer'")
        if method not in get_args(Method):
            raise unknown_name("method of backend 'aer'", method, get_args(Method))
        if threads < 0:
            raise InputError(
                f"expected 0 (all) or more threads, got {threads}", hint="leave threads out"
            )
        if bond_dimension is not None and (method != "matrix_product_state" or bond_dimension < 1):
            raise InputError(
                "expected a positive bond_dimension, of a matrix product state, got "
                f"{bond_dimension} for {method!r}",
                hint='method = "matrix_product_state"',
            )
        if device != "CPU":
            from qiskit_aer import AerSimulator

            there = AerSimulator().available_devices()
            if device not in there:
                raise InputError(
                    f"expected a device among {', '.join(there)}, got {device!r}",
                    hint="pip install qiskit-aer-gpu in place of qiskit-aer, on a machine with "
                    "an NVIDIA GPU",
                )
        given = Rates(one_qubit=depolarising_1q, two_qubit=depolarising_2q, readout=readout_error)
        if noise_from and not given.silent:
            raise InputError(f"got error rates and noise_from = {noise_from!r}", hint="give either")
        self._rates = Rates.of_snapshot(noise_from) if noise_from else given
        self._method, self._threads, self._bond, self._device = (
            method,
            threads,
            bond_dimension,
            device,
        )

    def capabilities(self) -> Capabilities:
        noisy = "" if self._rates.silent else ", with noise"
        words = self._method.replace("_", " ").replace("statevector", "state vector")
        return Capabilities(
            name="aer" if self._method == "statevector" else f"aer:{self._method}",
            summary=f"Qiskit Aer {words}{noisy}, "
            f"{'exact or sampled' if self._exact else 'sampled'}",
            max_qubits=_WIDEST[self._method],
            exact=self._exact and self._rates.silent,
            vendor="qiskit-aer",
            versions={package: version(package) for package in ("qiskit", "qiskit-aer")},
        )

    @property
    def _exact(self) -> bool:
        """Whether expectations can be had without shots: of a pure state, or of a mixed one read
        without errors.
        """
        return self._bond is None and (
            self._rates.silent or (self._method == "density_matrix" and not self._rates.readout)
        )

    def sample(
        self, ansatz: Ansatz, theta: NDArray[np.float64], *, shots: int, seed: int
    ) -> Samples:
        return self.sample_many(
            ansatz, check_angles(ansatz.n_parameters, theta)[None, :], shots=shots, seed=seed
        )[0]

    def sample_many(
        self, ansatz: Ansatz, thetas: NDArray[np.float64], *, shots: int, seed: int
    ) -> list[Samples]:
        """As `qtwin.backend.base.Broadcasting` says: the circuit is made once, the angle sets are
        one PUB.
        """
        return self._run(ansatz, thetas, shots=shots, seed=seed, factor=1)

    def sample_amplified(
        self, ansatz: Ansatz, theta: NDArray[np.float64], *, shots: int, seed: int, factor: int
    ) -> Samples:
        """As `qtwin.backend.base.Noisy` says."""
        return self._run(
            ansatz,
            check_angles(ansatz.n_parameters, theta)[None, :],
            shots=shots,
            seed=seed,
            factor=factor,
        )[0]

    def calibration(self, ansatz: Ansatz, *, shots: int, seed: int) -> tuple[Samples, Samples]:
        """As `qtwin.backend.base.Noisy` says."""
        ready = [
            Ansatz(
                n_qubits=ansatz.n_qubits,
                reference=np.full(ansatz.n_qubits, b, dtype=np.int8),
                layers=(),
                n_parameters=0,
            )
            for b in (0, 1)
        ]
        zeros, ones = (self.sample(a, np.zeros(0), shots=shots, seed=seed) for a in ready)
        return zeros, ones

    def _run(
        self, ansatz: Ansatz, thetas: NDArray[np.float64], *, shots: int, seed: int, factor: int
    ) -> list[Samples]:
        check_shots(shots)
        self._check_width(ansatz)
        sets = [check_angles(ansatz.n_parameters, theta) for theta in thetas]
        circuit = to_qiskit(ansatz)
        circuit.global_phase = 0.0
        circuit.measure_all()
        circuit = self._translated(circuit)
        if factor != 1:
            circuit = fold(circuit, factor)
        order = [p.index for p in circuit.parameters]
        return broadcast(self._sampler(seed), circuit, np.array(sets)[:, order], shots=shots)

    def expectation(
        self,
        ansatz: Ansatz,
        theta: NDArray[np.float64],
        observable: PauliSum,
        *,
        shots: int | None = None,
        seed: int = 0,
    ) -> Estimate:
        check_observable(ansatz, observable)
        if shots is not None:
            return sampled_expectation(
                self.sample, ansatz, theta, observable, shots=shots, seed=seed
            )
        if not self._exact:
            raise InputError(
                f"expected shots for {self.capabilities().summary}, got an expectation "
                "without shots",
                hint='give shots, or method = "density_matrix" and no readout error',
            )
        import qiskit_aer  # noqa: F401 - teaches circuits to save

        self._check_width(ansatz)
        circuit = self._translated(to_qiskit(ansatz, theta))
        circuit.save_expectation_value(to_operator(observable), list(range(ansatz.n_qubits)))
        value = self._simulator().run(circuit, shots=None).result().data()["expectation_value"]
        return Estimate(value=float(np.real(value)), standard_error=0.0)

    def _check_width(self, ansatz: Ansatz) -> None:
        most = _WIDEST[self._method]
        if ansatz.n_qubits > most:
            raise InputError(
                f"expected at most {most} qubits for method {self._method!r}, got "
                f"{ansatz.n_qubits}",
                hint='method = "matrix_product_state" is the widest',
            )

    def _translated(self, circuit: Any) -> Any:
        if self._rates.silent:
            return circuit
        from qiskit import transpile

        return transpile(circuit, basis_gates=list(_BASIS), optimization_level=1, seed_transpiler=0)

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "method": self._method,
            "max_parallel_threads": self._threads,
            "device": self._device,
        }
        if not self._rates.silent:
            options["noise_model"] = noise_model(self._rates)
        if self._bond is not None:
            options["matrix_product_state_max_bond_dimension"] = self._bond
        return options

    def _simulator(self) -> Any:
        from qiskit_aer import AerSimulator

        return AerSimulator(**self._options())

    def _sampler(self, seed: int) -> Any:
        from qiskit_aer.primitives import SamplerV2

        return SamplerV2(seed=seed % 2**63, options={"backend_options": self._options()})
