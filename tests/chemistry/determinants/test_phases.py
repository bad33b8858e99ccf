"""Circuits with phases and with qubit excitations, against matrices and against qubits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from qtwin.backend.statevector import StatevectorBackend
from qtwin.chemistry.determinants.complex_simulator import ComplexDeterminantSimulator
from qtwin.chemistry.determinants.simulator import DeterminantSimulator
from qtwin.chemistry.excitation import Excitation, FermionicAnsatz, Phase, Rotation, lucj, upccgsd
from qtwin.chemistry.fermionic import to_ansatz
from qtwin.chemistry.mapping import electronic, jordan_wigner, parity_reduced
from qtwin.errors import InputError
from tests.oracles import fermions


@pytest.mark.parametrize("make", [lambda: lucj(3, 2, 1), lambda: lucj(3, 1, 1, layers=2, every=2)])
def test_lucj_is_the_product_of_exponentials(make) -> None:  # type: ignore[no-untyped-def]
    ansatz = make()
    n, up, down = ansatz.n_orbitals, ansatz.n_alpha, ansatz.n_beta
    h1, h2 = fermions.random_integrals(n, 5)
    simulator = ComplexDeterminantSimulator(h1, h2, 0.4, ansatz)
    theta = np.random.default_rng(2).normal(size=ansatz.n_parameters)
    a = fermions.annihilators(2 * n)
    state = np.zeros(4**n, dtype=complex)
    state[((1 << up) - 1) | (((1 << down) - 1) << n)] = 1.0
    for gate in ansatz.rotations:
        t = gate.sign * theta[gate.parameter]
        if isinstance(gate, Phase):
            filled = np.ones(4**n)
            for p, spin in gate.orbitals:
                filled *= np.diag(a[p + n * spin].T @ a[p + n * spin])
            state = np.exp(-1j * t * filled) * state
        else:
            state = expm(t * fermions.excitation(gate.excitation.moves, n)) @ state
    index = simulator.space.alpha | (simulator.space.beta << n)
    np.testing.assert_allclose(simulator.state(theta), state[index], atol=1e-12)
    energy = float((state.conj() @ fermions.hamiltonian(h1, h2, 0.4) @ state).real)
    assert simulator.energy_hartree(theta) == pytest.approx(energy, abs=1e-10)
    made = jordan_wigner(2 * n)
    on_qubits = StatevectorBackend(threads=1).expectation(
        to_ansatz(ansatz, made), theta, made.apply(electronic(h1, h2, 0.4))
    )
    assert on_qubits.value == pytest.approx(energy, abs=1e-10)


def test_the_complex_gradient_is_the_slope() -> None:
    h1, h2 = fermions.random_integrals(3, 8)
    ansatz = lucj(3, 2, 1)
    simulator = ComplexDeterminantSimulator(h1, h2, 0.0, ansatz)
    theta = np.random.default_rng(6).normal(size=ansatz.n_parameters)
    _, gradient = simulator.value_and_gradient(theta)
    for k in range(ansatz.n_parameters):
        step = 1e-5 * (np.arange(ansatz.n_parameters) == k)
        slope = (
            simulator.energy_hartree(theta + step) - simulator.energy_hartree(theta - step)
        ) / 2e-5
        assert gradient[k] == pytest.approx(slope, abs=1e-7)


def test_without_phases_both_simulators_agree() -> None:
    h1, h2 = fermions.random_integrals(4, 3)
    ansatz = upccgsd(4, 2, 1)
    theta = np.random.default_rng(1).normal(size=ansatz.n_parameters)
    real, other = (
        s(h1, h2, 0.1, ansatz) for s in (DeterminantSimulator, ComplexDeterminantSimulator)
    )
    (value, gradient), (same, slopes) = (
        real.value_and_gradient(theta),
        other.value_and_gradient(theta),
    )
    assert value == pytest.approx(same, abs=1e-12)
    np.testing.assert_allclose(gradient, slopes, atol=1e-12)
    drawn, again = (s.sample(theta, shots=100, seed=4) for s in (real, other))
    np.testing.assert_array_equal(drawn.counts, again.counts)


@pytest.mark.parametrize("make", [jordan_wigner, lambda n: parity_reduced(n, 2, 1)])
def test_qubit_excitations_have_no_strings(make) -> None:  # type: ignore[no-untyped-def]
    h1, h2 = fermions.random_integrals(3, 4)
    moves = [((2, 0, 0), (2, 0, 1)), ((2, 0, 0),), ((2, 1, 0), (1, 0, 1)), ((2, 0, 1),)]
    gates = tuple(
        Rotation(excitation=Excitation(moves=m, strings=False), parameter=k)
        for k, m in enumerate(moves)
    )
    ansatz = FermionicAnsatz(n_orbitals=3, n_alpha=2, n_beta=1, rotations=gates, n_parameters=4)
    theta = np.array([0.4, -0.7, 0.3, 1.1])
    made = make(6)
    circuit = to_ansatz(ansatz, made)
    expected = DeterminantSimulator(h1, h2, 0.0, ansatz).energy_hartree(theta)
    found = (
        StatevectorBackend(threads=1)
        .expectation(circuit, theta, made.apply(electronic(h1, h2, 0.0)))
        .value
    )
    assert found == pytest.approx(expected, abs=1e-10)
    if make is jordan_wigner:
        assert (circuit.layers[1].generator.x | circuit.layers[1].generator.z).sum(
            axis=1
        ).max() == 2


def test_the_real_simulator_refuses_phases() -> None:
    h1, h2 = fermions.random_integrals(3, 4)
    with pytest.raises(InputError, match="real rotations"):
        DeterminantSimulator(h1, h2, 0.0, lucj(3, 1, 1))
    bad = FermionicAnsatz(
        n_orbitals=2,
        n_alpha=1,
        n_beta=1,
        rotations=(Phase(orbitals=((0, 0), (0, 0)), parameter=0),),
        n_parameters=1,
    )
    with pytest.raises(InputError, match="phase"):
        ComplexDeterminantSimulator(h1[:2, :2], h2[:2, :2, :2, :2], 0.0, bad)
