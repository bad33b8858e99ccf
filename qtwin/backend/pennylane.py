"""PennyLane: `lightning.qubit` by default, or any device that knows Pauli rotations."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import (
    Ansatz,
    Backend,
    Capabilities,
    Estimate,
    Samples,
    check,
    check_angles,
    check_observable,
    check_shots,
    sampled_expectation,
    tally,
)
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError, require_vendor


def _letters(x: NDArray[np.bool_], z: NDArray[np.bool_]) -> tuple[str, list[int]]:
    support = [int(i) for i in np.flatnonzero(x | z)]
    return "".join("IXZY"[int(x[i]) + 2 * int(z[i])] for i in support), support


def to_operations(ansatz: Ansatz, theta: NDArray[np.float64]) -> list[Any]:
    """The ansatz at the (n_parameters,) angles as PennyLane operations; qubit i is wire i."""
    import pennylane as qml

    check(ansatz)
    angles = check_angles(ansatz.n_parameters, theta)
    single = {"X": qml.RX, "Y": qml.RY, "Z": qml.RZ}
    double = {"XX": qml.IsingXX, "YY": qml.IsingYY, "ZZ": qml.IsingZZ}
    operations: list[Any] = [
        qml.PauliX(i) if start == 1 else qml.Hadamard(i)
        for i, start in enumerate(ansatz.reference)
        if start != 0
    ]
    for layer in ansatz.layers:
        h = layer.generator
        for x, z, c in zip(h.x, h.z, h.coefficients, strict=True):
            word, wires = _letters(x, z)
            angle = float(angles[layer.parameter] * c)
            if not wires:
                operations.append(qml.GlobalPhase(angle))
            elif word in single or word in double:
                operations.append((single | double)[word](2.0 * angle, wires))
            else:
                operations.append(qml.PauliRot(2.0 * angle, word, wires))
    return operations


def to_observable(observable: PauliSum) -> Any:
    """The sum as a PennyLane operator; equal strings add."""
    from pennylane.pauli import PauliSentence, PauliWord

    total = PauliSentence({PauliWord({}): 0.0})
    for x, z, c in zip(observable.x, observable.z, observable.coefficients, strict=True):
        word, wires = _letters(x, z)
        total += PauliSentence({PauliWord(dict(zip(wires, word, strict=True))): float(c)})
    return total.operation(wire_order=range(observable.n_qubits))


_DEFAULT = "lightning.qubit"


def _make(name: str, n_qubits: int, seed: int) -> Any:
    """The device, seeded where it takes a seed."""
    import pennylane as qml

    try:
        try:
            return qml.device(name, wires=n_qubits, seed=seed)
        except TypeError:
            return qml.device(name, wires=n_qubits)
    except qml.exceptions.DeviceError as error:
        raise InputError(
            f"PennyLane has no device {name!r}",
            hint="default.qubit, lightning.qubit, or one that a plug-in of yours adds",
        ) from error


@final
class PennylaneBackend(Backend):
    """A PennyLane device.

    Args:
        device: Name of the device: one of PennyLane's (`default.qubit`, `lightning.gpu`, ...) or of
            a plug-in that knows Pauli rotations.

    Raises:
        InputError: for a device that PennyLane does not know.
    """

    def __init__(self, *, device: str = _DEFAULT) -> None:
        require_vendor("pennylane", package="pennylane", needed_by="backend 'pennylane'")
        if device.startswith("lightning"):
            require_vendor(
                "pennylane_lightning", package="pennylane-lightning", needed_by=f"device {device!r}"
            )
        if not device.startswith("lightning."):
            _make(device, 1, 0)
        self._device = device

    def capabilities(self) -> Capabilities:
        versions = {}
        for package in ("pennylane", "pennylane-lightning"):
            try:
                versions[package] = version(package)
            except PackageNotFoundError:
                continue
        return Capabilities(
            name="pennylane" if self._device == _DEFAULT else f"pennylane:{self._device}",
            summary=f"PennyLane {self._device}, exact or sampled",
            max_qubits=26,
            exact=True,
            vendor="pennylane",
            versions=versions,
        )

    def sample(
        self, ansatz: Ansatz, theta: NDArray[np.float64], *, shots: int, seed: int
    ) -> Samples:
        import pennylane as qml

        check_shots(shots)
        drawn = self._run(
            to_operations(ansatz, theta),
            qml.sample(wires=range(ansatz.n_qubits)),
            ansatz.n_qubits,
            shots,
            seed,
        )
        return tally(np.asarray(drawn).reshape(shots, ansatz.n_qubits).astype(np.uint8))

    def expectation(
        self,
        ansatz: Ansatz,
        theta: NDArray[np.float64],
        observable: PauliSum,
        *,
        shots: int | None = None,
        seed: int = 0,
    ) -> Estimate:
        import pennylane as qml

        check_observable(ansatz, observable)
        if shots is not None:
            return sampled_expectation(
                self.sample, ansatz, theta, observable, shots=shots, seed=seed
            )
        operations = to_operations(ansatz, theta)
        value = self._run(
            operations, qml.expval(to_observable(observable)), ansatz.n_qubits, None, seed
        )
        return Estimate(value=float(value), standard_error=0.0)

    def _run(
        self, operations: list[Any], measurement: Any, n_qubits: int, shots: int | None, seed: int
    ) -> Any:
        import pennylane as qml

        device = _make(self._device, n_qubits, seed % 2**32)
        return qml.execute(
            [qml.tape.QuantumScript(operations, [measurement], shots=shots)],
            device,
            diff_method=None,
        )[0]
