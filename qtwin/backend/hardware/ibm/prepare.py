"""From an ansatz to an order: masked, compiled, encoded, scanned and priced, without anything
leaving this machine.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz
from qtwin.backend.compile import Compiled, compile_ansatz, validate_isa, validate_rzz
from qtwin.backend.hardware.ibm.machine import Machine
from qtwin.backend.hardware.ibm.payload import PROGRAM, Options, estimator_payload, sampler_payload
from qtwin.backend.hardware.ledger.store import Order
from qtwin.backend.hardware.mask import Mask, jittered, scaled, scan
from qtwin.backend.hardware.price import Estimate, price_usd_per_s, qpu_seconds
from qtwin.encoding.pauli import PauliSum

_QPY = 13


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a solver asks for.

    Attributes:
        ansatz: The circuit.
        thetas: (sets, n_parameters) angles.
        observable: Whose expectation is asked for, None for samples.
        shots: For each set.
        seed: Tells repetitions apart.
    """

    ansatz: Ansatz
    thetas: NDArray[np.float64]
    observable: PauliSum | None
    shots: int
    seed: int

    def request(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The identity of the job, before compilation: a machine that is recalibrated overnight
        does not make it another one.
        """
        return {
            "kind": "sample" if self.observable is None else "estimate",
            "n_qubits": self.ansatz.n_qubits,
            "ansatz": _digest(self.ansatz),
            "observable": "" if self.observable is None else _digest_sum(self.observable),
            "parameters": self.thetas.tolist(),
            "shots": self.shots,
            "seed": self.seed,
            "options": dict(options),
        }


def prepare(
    asked: Asked,
    machine: Machine,
    options: Options,
    *,
    private: bool,
    jitter: float,
    plan: str,
    price: float | None,
    project: str,
    identifiers: frozenset[str],
    request: Mapping[str, Any],
) -> tuple[Order, Estimate]:
    """The order for one job, and what it will cost.

    Raises:
        InputError: for what the machine cannot run.
        ConsentError: if the payload held an identifier.
    """
    # the mask is a secret: the experiment's seed must not give it away
    rng = np.random.default_rng(secrets.randbits(128))
    mask = Mask.drawn(asked.ansatz.n_qubits, rng) if private else Mask.none(asked.ansatz.n_qubits)
    sent, factors = scaled(mask.ansatz(jittered(asked.ansatz, jitter, rng)))
    compiled = compile_ansatz(sent, machine.target)
    thetas = asked.thetas * factors
    circuit, sets = compiled.circuit, compiled.values(thetas)
    if compiled.fractional:  # angles are folded into the gate's range one set at a time
        circuit, sets = compiled.bound(thetas[0]), np.zeros((1, 0))
    validate_isa(circuit, machine.target)
    validate_rzz(circuit)
    circuit.name, circuit.metadata, circuit.global_phase = "c0", {}, 0
    if asked.observable is None:
        payload = sampler_payload(
            machine.backend, circuit, sets, shots=asked.shots, options=options.sampler()
        )
    else:
        bare, placed = _placed(circuit, mask.sum(asked.observable))
        payload = estimator_payload(
            machine.backend, bare, placed, sets, shots=asked.shots, options=options.estimator()
        )
    looked_at = scan(payload, identifiers)
    estimate = _estimate(json.loads(payload), compiled, circuit, machine, plan=plan, price=price)
    order = Order(
        provider="ibm",
        backend=machine.name,
        program=PROGRAM,
        payload=payload,
        request=request,
        planned=estimate.plain()
        | {
            "project": project,
            "left": left_the_machine(payload, asked, compiled, private, jitter, looked_at),
        },
        local={"mask": mask.plain()},
        files=_files(circuit, machine),
        instance=machine.instance,
    )
    return order, estimate


def left_the_machine(
    payload: bytes, asked: Asked, compiled: Compiled, private: bool, jitter: float, looked_at: int
) -> dict[str, Any]:
    """What a job tells the provider, in words for the report."""
    return {
        "bytes": len(payload),
        "sha256": hashlib.sha256(payload).hexdigest(),
        "circuit": f"{compiled.circuit.num_qubits} qubits wide, {asked.ansatz.n_qubits} measured, "
        "named c0, without metadata",
        "angles": int(asked.thetas.size),
        "variables": "permuted, bits flipped by a secret of this machine"
        if private
        else "in their own order",
        "coefficients": "divided by the largest"
        + (f", jittered by {jitter:g} of what could change the solution" if jitter else ""),
        "tag": "a random number",
        "texts_scanned": looked_at,
    }


def _placed(circuit: Any, observable: PauliSum) -> tuple[Any, Any]:
    """The circuit without its measurements, and the observable on the device qubits that they were
    on.
    """
    from qiskit.quantum_info import SparsePauliOp

    at = {
        circuit.find_bit(i.clbits[0]).index: circuit.find_bit(i.qubits[0]).index
        for i in circuit.data
        if i.operation.name == "measure"
    }
    bare = circuit.remove_final_measurements(inplace=False)
    bare.name, bare.metadata = "c0", {}
    terms = []
    for x, z, c in zip(observable.x, observable.z, observable.coefficients, strict=True):
        support = np.flatnonzero(x | z)
        terms.append(
            (
                "".join("IXZY"[int(x[i]) + 2 * int(z[i])] for i in support),
                [at[int(i)] for i in support],
                float(c),
            )
        )
    return bare, SparsePauliOp.from_sparse_list(
        terms or [("", [], 0.0)], num_qubits=circuit.num_qubits
    )


def _estimate(
    params: Mapping[str, Any],
    compiled: Compiled,
    circuit: Any,
    machine: Machine,
    *,
    plan: str,
    price: float | None,
) -> Estimate:
    program = params["quantum_program"]
    sizes = [_size(item) for item in program["items"]]
    shots = int(program["shots"]) * sum(sizes)
    duration_s = float(circuit.estimate_duration(machine.target, unit="s"))
    qpu_s = qpu_seconds(
        circuits=sum(sizes), shots=shots, circuit_s=duration_s, repetition_s=machine.repetition_s
    )
    rate = price_usd_per_s(plan) if price is None else price
    return Estimate(
        backend=machine.name,
        plan=plan,
        n_qubits=len(compiled.layout),
        depth=compiled.depth,
        two_qubit_depth=compiled.two_qubit_depth,
        two_qubit_gates=compiled.two_qubit_gates,
        circuits=sum(sizes),
        shots=shots,
        circuit_us=duration_s * 1e6,
        qpu_s=qpu_s,
        usd=qpu_s * rate,
        calibrated=machine.calibrated,
    )


def _size(item: Mapping[str, Any]) -> int:
    shape = (
        item["shape"] if item["item_type"] == "samplex" else item["circuit_arguments"]["shape"][:-1]
    )
    return int(np.prod(shape)) if shape else 1


def _files(circuit: Any, machine: Machine) -> dict[str, bytes]:
    """The compiled circuit in two formats, the calibration, and the versions of everything."""
    from qiskit import qasm3, qpy

    held = io.BytesIO()
    qpy.dump(circuit, held, version=max(_QPY, qpy.QPY_COMPATIBILITY_VERSION))
    versions = {"python": platform.python_version()}
    for package in (
        "qtwin",
        "qiskit",
        "qiskit-ibm-runtime",
        "samplomatic",
        "ibm-quantum-schemas",
        "numpy",
    ):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "qpy": held.getvalue(),
        "openqasm3": qasm3.dumps(circuit).encode(),
        "calibration": machine.calibration,
        "versions": json.dumps(versions).encode(),
    }


def _digest(ansatz: Ansatz) -> str:
    parts = [str((ansatz.n_qubits, ansatz.n_parameters, ansatz.reference.astype(int).tolist()))]
    known: dict[int, str] = {}
    for layer in ansatz.layers:
        known.setdefault(id(layer.generator), _digest_sum(layer.generator))
        parts.append(f"{known[id(layer.generator)]} {layer.parameter}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _digest_sum(observable: PauliSum) -> str:
    """Up to 12 significant digits, so that the last bit of a sum does not make another job."""
    rows = zip(
        observable.x.astype(int).tolist(),
        observable.z.astype(int).tolist(),
        observable.coefficients,
        strict=True,
    )
    text = "\n".join(f"{x} {z} {c:.12g}" for x, z, c in rows)
    return hashlib.sha256(text.encode()).hexdigest()
