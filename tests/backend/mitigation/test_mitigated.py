"""Mitigated expectation values against exact ones, with noise of known form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qtwin.backend import registry
from qtwin.backend.base import Ansatz, Estimate, Layer, Samples
from qtwin.backend.mitigation import Mitigated, Symmetry, kept
from qtwin.backend.mitigation.extrapolation import extrapolated
from qtwin.backend.mitigation.symmetry import verified
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError
from tests.oracles.circuits import ising, qaoa, sherrington, strings, xy_pair
from tests.oracles.dense_backend import DenseBackend, matrix

DENSE = DenseBackend()
ANSATZ = qaoa(ising(*sherrington(4, seed=2)), 1)
THETA = np.array([0.25, -0.35])


@pytest.mark.parametrize(
    "observable", [ANSATZ.layers[0].generator, strings(4, 8, 3)], ids=["diagonal", "any"]
)
def test_readout_errors_are_removed(observable: PauliSum) -> None:
    exact = DENSE.expectation(ANSATZ, THETA, observable).value
    noisy = registry.load("aer:density_matrix", {"readout_error": 0.08})
    raw = noisy.expectation(ANSATZ, THETA, observable, shots=20_000, seed=1)
    better = Mitigated(noisy, readout="m3", calibration_shots=40_000).expectation(
        ANSATZ, THETA, observable, shots=20_000, seed=1
    )
    assert abs(raw.value - exact) > 5 * raw.standard_error
    assert abs(better.value - exact) < 5 * better.standard_error
    assert better.standard_error > raw.standard_error


def test_standard_errors_are_those_of_repetitions() -> None:
    observable = ANSATZ.layers[0].generator
    noisy = registry.load("aer:density_matrix", {"readout_error": 0.08})
    found = [
        Mitigated(noisy, readout="m3", calibration_shots=10_000).expectation(
            ANSATZ, THETA, observable, shots=300, seed=s
        )
        for s in range(30)
    ]
    spread = np.std([e.value for e in found], ddof=1)
    told = np.mean([e.standard_error for e in found])
    assert 0.6 < spread / told < 1.5  # 99.9 % of a chi distribution with 29 degrees of freedom


@pytest.mark.slow  # Mitiq takes seconds to import
def test_linear_and_richardson_fits_are_exact_on_what_they_fit() -> None:
    straight = [Estimate(value=2.0 - 0.3 * f, standard_error=0.1) for f in (1, 3, 5)]
    assert extrapolated((1, 3, 5), straight, "linear").value == pytest.approx(2.0)
    bent = [Estimate(value=2.0 - 0.3 * f + 0.02 * f**2, standard_error=0.1) for f in (1, 3, 5)]
    found = extrapolated((1, 3, 5), bent, "richardson")
    assert found.value == pytest.approx(2.0)
    # Lagrange weights at 0 of the nodes 1, 3, 5: 15/8, -10/8, 3/8
    assert found.standard_error == pytest.approx(0.1 * np.sqrt(15**2 + 10**2 + 3**2) / 8, rel=1e-6)


@pytest.mark.slow  # Mitiq takes seconds to import
def test_extrapolation_takes_most_of_the_gate_noise_away() -> None:
    observable = ANSATZ.layers[0].generator
    exact = DENSE.expectation(ANSATZ, THETA, observable).value
    noisy = registry.load("aer:density_matrix", {"depolarising_2q": 0.01})
    raw = noisy.expectation(ANSATZ, THETA, observable, shots=60_000, seed=1)
    better = Mitigated(noisy, zne=(1, 3, 5), extrapolation="exponential").expectation(
        ANSATZ, THETA, observable, shots=180_000, seed=1
    )
    assert abs(better.value - exact) < 0.4 * abs(raw.value - exact)


def test_shots_of_the_wrong_parity_are_dropped_in_every_basis() -> None:
    """X0 X1 + Y0 Y1 keeps the number of ones; on |01> readout errors are the only source of other
    numbers.
    """
    start = np.array([1, 0], dtype=np.int8)
    ansatz = Ansatz(
        n_qubits=2,
        reference=start,
        layers=(Layer(generator=xy_pair(2, 0, 1), parameter=0),),
        n_parameters=1,
    )
    hop = xy_pair(2, 0, 1)
    z = np.array([[True, False]])
    observable = PauliSum(
        x=np.vstack([hop.x, np.zeros_like(z)]),
        z=np.vstack([hop.z, z]),
        coefficients=np.append(hop.coefficients, 0.7),
    )
    theta = np.array([0.6])
    exact = DENSE.expectation(ansatz, theta, observable).value
    noisy = registry.load("aer:density_matrix", {"depolarising_2q": 0.05, "readout_error": 0.05})
    raw = noisy.expectation(ansatz, theta, observable, shots=40_000, seed=2)
    for grouping in ("qubit-wise", "general"):
        better = Mitigated(noisy, symmetries=("-Z0 Z1",), grouping=grouping).expectation(  # type: ignore[arg-type]
            ansatz, theta, observable, shots=40_000, seed=2
        )
        assert abs(better.value - exact) < 0.8 * abs(raw.value - exact)


@pytest.mark.parametrize("grouping", ["qubit-wise", "general"])
def test_symmetries_join_only_groups_that_they_commute_with(grouping: Any) -> None:
    observable, both = strings(4, 10, 1), (Symmetry.read("-Z0 Z1"), Symmetry.read("Z2 Z3"))
    found = verified(observable, grouping, both)
    plain = verified(observable, grouping, ())
    assert [v.group.members.tolist() for v in found] == [v.group.members.tolist() for v in plain]
    for v in found:
        u = np.eye(16, dtype=complex)
        for q in v.group.rotations:
            w, basis = np.linalg.eigh(matrix(q))
            u = basis @ np.diag(np.exp(-0.25j * np.pi * w)) @ basis.conj().T @ u
        m = v.group.members
        part = PauliSum(
            x=observable.x[m], z=observable.z[m], coefficients=observable.coefficients[m]
        )
        np.testing.assert_allclose(
            u @ matrix(part) @ u.conj().T, matrix(v.group.diagonal), atol=1e-12
        )
        for row in v.checks:
            back = (
                u.conj().T
                @ matrix(
                    PauliSum(x=np.zeros((1, 4), dtype=bool), z=row[None], coefficients=np.ones(1))
                )
                @ u
            )
            known = [
                matrix(
                    PauliSum(
                        x=np.zeros((1, 4), dtype=bool), z=s.row(4)[None], coefficients=np.ones(1)
                    )
                )
                for s in both
            ]
            assert any(np.allclose(back, k) or np.allclose(back, -k) for k in known)


def test_post_selection_keeps_what_shows_the_symmetry() -> None:
    samples = Samples(
        bits=np.array([[0, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=np.uint8), counts=np.array([5, 3, 2])
    )
    assert kept(samples, (Symmetry.read("-Z0 Z1"),)).counts.tolist() == [5, 2]
    assert kept(samples, (Symmetry.read("+Z0Z1"),)).counts.tolist() == [3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"zne": (1, 2)}, "odd noise factors rising"),
        ({"zne": (3, 5)}, "odd noise factors rising"),
        ({"zne": (1,)}, "got 1"),
        ({"zne": (1, 3), "extrapolation": "exponential"}, "at least 3 noise factors"),
        ({"symmetries": ("X0",)}, "got 'X0'"),
        ({"symmetries": ("Z0 Z0",)}, "got 'Z0 Z0'"),
        ({"calibration_shots": 0}, "at least 1 shot, got 0"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        Mitigated(registry.load("aer"), **options)
    assert message in caught.value.message


def test_only_a_noisy_backend_can_be_mitigated() -> None:
    with pytest.raises(InputError, match="'statevector' cannot be mitigated"):
        Mitigated(registry.load("statevector"), readout="m3")
    with pytest.raises(InputError, match="on 4 qubits, got qubit 7"):
        Mitigated(registry.load("aer"), symmetries=("Z7",)).expectation(
            ANSATZ, THETA, strings(4, 3, 1), shots=100
        )


@pytest.mark.slow  # compiles the determinant simulator
def test_energies_of_molecules_are_mitigated_where_a_spec_asks_for_it() -> None:
    pytest.importorskip("pyscf")
    from qtwin.chemistry.method import registry as methods
    from qtwin.chemistry.molecule import Molecule
    from qtwin.chemistry.problem import Choice, pose

    molecule = Molecule(
        symbols=("H", "H"),
        coordinates_angstrom=np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.735]]),
        basis="sto-3g",
    )
    posed = pose(molecule, Choice(scheme="all"))
    options = {
        "backend": "aer:density_matrix",
        "backend_options": {"readout_error": 0.04},
        "shots": 20_000,
    }
    raw = methods.load("vqe-uccsd", options).solve(posed, seed=1)
    better = methods.load("vqe-uccsd", {**options, "mitigation": {"readout": "m3"}}).solve(
        posed, seed=1
    )
    exact = -1.13730604  # full configuration interaction, as in tests/benchmark/mitigation
    assert abs(better.energy_hartree - exact) < 0.3 * abs(raw.energy_hartree - exact)
    assert better.shots > raw.shots
