"""Snapshots of devices: what is compiled for them, and that their extras keep the circuit."""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.backend import registry
from qtwin.backend.compile import (
    compact,
    compile_ansatz,
    cut,
    fold,
    fold_rzz,
    padded,
    snapshot,
    to_qiskit,
    twirled,
    used,
    validate_isa,
    validate_rzz,
    with_rzz,
)
from qtwin.errors import InputError
from tests.oracles.circuits import ising, mixed, qaoa, sherrington

ANSATZ = qaoa(ising(*sherrington(5, seed=2)), 2)
THETA = np.array([0.3, -0.8, 0.5, 0.4])


def _probabilities(circuit) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Of the classical bits of a measured circuit without free parameters."""
    from qiskit.quantum_info import Statevector

    circuit = compact(circuit, used(circuit))
    wires = [
        circuit.find_bit(i.qubits[0]).index for i in circuit.data if i.operation.name == "measure"
    ]
    bits = [
        circuit.find_bit(i.clbits[0]).index for i in circuit.data if i.operation.name == "measure"
    ]
    bare = circuit.remove_final_measurements(inplace=False)
    return Statevector(bare).probabilities([w for _, w in sorted(zip(bits, wires, strict=True))])


def _ideal(ansatz, theta) -> np.ndarray:  # type: ignore[no-untyped-def]
    from qiskit.quantum_info import Statevector

    return Statevector(to_qiskit(ansatz, theta)).probabilities()


@pytest.mark.parametrize("device", ["fez", "nighthawk", "brisbane"])
@pytest.mark.parametrize("method", ["swap network", "preset"])
def test_compiled_circuits_are_in_the_device_and_equal(device: str, method: str) -> None:
    target = snapshot(device).target
    found = compile_ansatz(ANSATZ, target, method=method)  # type: ignore[arg-type]
    validate_isa(found.circuit, target)
    assert found.method == method
    np.testing.assert_allclose(_probabilities(found.bound(THETA)), _ideal(ANSATZ, THETA), atol=1e-9)


def test_a_dense_cost_is_twice_as_shallow_as_by_the_preset_manager() -> None:
    """The claim of benchmarks/bench_transpile.py at its smallest size."""
    ansatz, device = qaoa(ising(*sherrington(12, seed=12)), 1), snapshot("fez")
    ours, preset = (
        compile_ansatz(ansatz, device),
        compile_ansatz(ansatz, device, method="preset", tries=2),
    )
    assert ours.two_qubit_depth == 34
    assert preset.two_qubit_depth >= 2 * ours.two_qubit_depth


def test_any_ansatz_compiles() -> None:
    ansatz = mixed(5, ising(*sherrington(5, seed=1)), 3)
    theta = np.array([0.2, 0.9, -0.4, 0.3])
    found = compile_ansatz(ansatz, snapshot("fez"))
    assert found.method == "preset"
    np.testing.assert_allclose(_probabilities(found.bound(theta)), _ideal(ansatz, theta), atol=1e-9)
    with pytest.raises(InputError, match="expected a quadratic cost"):
        compile_ansatz(ansatz, snapshot("fez"), method="swap network")


def test_fractional_gates_keep_the_circuit_and_the_range() -> None:
    target = with_rzz(snapshot("fez").target)
    for scale in (1.0, 5.0):  # angles of every size and sign
        found = compile_ansatz(ANSATZ, target, method="swap network").bound(scale * THETA)
        assert found.count_ops()["rzz"] > 0
        validate_isa(found, target)
        np.testing.assert_allclose(_probabilities(found), _ideal(ANSATZ, scale * THETA), atol=1e-9)


def test_folding_an_angle_is_exact_with_its_phase() -> None:
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import Operator

    for angle in (-9.0, -3.0, -0.4, 0.0, 0.4, 1.5, 1.7, 3.0, 6.1, 40.0):
        circuit = QuantumCircuit(2)
        circuit.rzz(angle, 0, 1)
        folded = fold_rzz(circuit)
        validate_rzz(folded)
        np.testing.assert_allclose(Operator(folded).data, Operator(circuit).data, atol=1e-12)
    circuit = QuantumCircuit(2)
    circuit.rzz(-0.1, 0, 1)
    with pytest.raises(InputError, match=r"rzz\(-0.1\) on qubits \(0, 1\)"):
        validate_rzz(circuit)


def test_what_a_device_cannot_run_is_named() -> None:
    from qiskit import QuantumCircuit

    target = snapshot("fez").target
    far = QuantumCircuit(10)
    far.cz(0, 9)
    with pytest.raises(InputError, match=r"'cz' cannot act on qubits \(0, 9\)"):
        validate_isa(far, target)
    strange = QuantumCircuit(2)
    strange.h(0)
    with pytest.raises(InputError, match="operation 'h'"):
        validate_isa(strange, target)
    with pytest.raises(InputError, match="at most 156 qubits"):
        validate_isa(QuantumCircuit(157), target)


def test_folding_twirling_and_decoupling_keep_the_circuit() -> None:
    target = snapshot("fez").target
    circuit = compile_ansatz(ANSATZ, target).bound(THETA)
    ideal = _ideal(ANSATZ, THETA)
    at = used(circuit)
    tripled = fold(circuit, 3)
    assert tripled.count_ops()["cz"] == 3 * circuit.count_ops()["cz"]
    small = cut(target, at)
    for changed in (
        tripled,
        twirled(circuit, target, seed=1),
        twirled(circuit, target, seed=2),
        padded(compact(circuit, at), small, "XX"),
        padded(compact(circuit, at), small, "XY4"),
    ):
        np.testing.assert_allclose(_probabilities(changed), ideal, atol=1e-9)
    assert padded(compact(circuit, at), small, "XX").count_ops()["x"] > 0
    with pytest.raises(InputError, match="odd"):
        fold(circuit, 2)


def test_cutting_a_device_changes_nothing_on_the_qubits_that_stay() -> None:
    target = snapshot("fez").target
    qubits = compile_ansatz(ANSATZ, target).layout
    small = cut(target, qubits)
    for name in ("cz", "sx", "measure"):
        kept = {at: p for at, p in target[name].items() if set(at) <= set(qubits)}
        assert kept
        assert {tuple(qubits[q] for q in at): p.error for at, p in small[name].items()} == {
            at: p.error for at, p in kept.items()
        }


def test_more_noise_moves_further_from_the_ideal() -> None:
    backend = registry.load("fake:fez,line=typical")
    cost = ANSATZ.layers[0].generator
    theta = np.array([0.25, -0.35, 0.4, -0.2])
    exact = registry.load("statevector").expectation(ANSATZ, theta, cost).value
    from qtwin.backend.base import sampled_estimate

    distance = [
        abs(
            sampled_estimate(
                backend.sample_amplified(ANSATZ, theta, shots=8000, seed=1, factor=f), cost
            ).value
            - exact
        )  # type: ignore[attr-defined]
        for f in (1, 3, 7)
    ]
    assert distance[0] < distance[1] < distance[2]
    zeros, ones = backend.calibration(ANSATZ, shots=4000, seed=3)  # type: ignore[attr-defined]
    assert (zeros.counts @ zeros.bits / 4000 < 0.2).all()
    assert (ones.counts @ ones.bits / 4000 > 0.8).all()
