"""Methods whose circuits are not trained excitations alone: Trotter steps, hardware-efficient
layers, samples, qubit pools.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import expm

from qtwin.chemistry.mapping import electronic, jordan_wigner, reference
from qtwin.chemistry.method.adapt_vqe import AdaptVqe
from qtwin.chemistry.method.hardware_efficient import HardwareEfficientVQE, line, wrong_number
from qtwin.chemistry.method.iterative_qpe import IterativeQpe
from qtwin.chemistry.method.sqd import Sqd
from qtwin.chemistry.method.trotter import Trotter, fragments, product
from qtwin.errors import InputError
from tests.chemistry.method.test_methods import _molecule, _random
from tests.oracles import fermions
from tests.oracles.dense_backend import DenseBackend, matrix


@pytest.mark.parametrize("order", [1, 2])
def test_the_error_of_a_product_formula_falls_with_its_order(order: int) -> None:
    h1, h2 = fermions.random_integrals(2, 6)
    hamiltonian = jordan_wigner(4).apply(electronic(h1, 0.3 * h2, 0.0))
    parts, start = fragments(hamiltonian), reference(2, 1, 1)
    np.testing.assert_allclose(sum(matrix(p) for p in parts), matrix(hamiltonian), atol=1e-12)
    initial = np.zeros(16)
    initial[int(start @ (1 << np.arange(4)))] = 1.0
    exact = expm(-0.5j * matrix(hamiltonian)) @ initial
    steps, errors = np.array([8, 16, 32, 64]), []
    for n in steps:
        ansatz, theta = product(parts, start, np.full((n, len(parts)), 0.5 / n), order)
        errors.append(np.linalg.norm(DenseBackend().states(ansatz, theta)[-1] - exact))
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(-order, abs=0.1)


@pytest.mark.slow
def test_slow_evolution_ends_in_the_ground_state() -> None:
    molecule = _molecule("H4")
    quick, slow = (
        Trotter(time_per_hartree=t, steps=n).solve(molecule) for t, n in ((2, 10), (20, 60))
    )
    assert abs(slow.energy_hartree - molecule.exact[0]) < 1.6e-3
    assert slow.converged
    assert not quick.converged


def test_the_hardware_efficient_line_is_rotations_and_cz() -> None:
    ansatz = line(2, np.array([1, 0]), 1)
    theta = np.array([0.3, -0.4, 0.8, 0.5, np.pi / 4])
    y = lambda t: np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])  # noqa: E731 - exp(-i t Y)
    state = np.zeros(4)
    state[1] = 1.0
    state = np.kron(y(0.5), y(0.8)) @ np.diag([1, 1, 1, -1]) @ np.kron(y(-0.4), y(0.3)) @ state
    found = DenseBackend().states(ansatz, theta)[-1]
    assert abs(np.vdot(found, state)) == pytest.approx(1.0, abs=1e-12)


def test_the_penalty_counts_wrong_electrons() -> None:
    values = np.diag(matrix(jordan_wigner(4).apply(wrong_number(2, 1, 2)))).real
    for i, value in enumerate(values):
        up, down = bin(i & 3).count("1"), bin(i >> 2).count("1")
        assert value == pytest.approx((up - 1) ** 2 + (down - 2) ** 2)


def test_hardware_efficient_finds_two_electrons() -> None:
    molecule = _random(2, 1, 1, 0)
    found = HardwareEfficientVQE(layers=2, mapping="parity-reduced").solve(molecule, seed=1)
    assert found.energy_hartree == pytest.approx(molecule.exact[0], abs=1.6e-3)
    assert found.info["wrong_electrons_squared"] < 1e-2
    shots = HardwareEfficientVQE(layers=2, mapping="parity-reduced", shots=20_000).solve(
        molecule, seed=1
    )
    assert abs(shots.energy_hartree - found.energy_hartree) < 5 * shots.standard_error_hartree


def test_the_qubit_pool_reaches_the_exact_energy_with_shorter_gates() -> None:
    molecule = _random(3, 1, 1, 2)
    fermions_, qubits = (
        AdaptVqe(pool=p, backend="statevector", slope_hartree=5e-2).solve(molecule)
        for p in ("fermionic", "qubit")
    )
    for found in (fermions_, qubits):
        assert -1e-9 < found.energy_hartree - molecule.exact[0] < 1.6e-3
        assert found.energy_hartree == pytest.approx(
            found.info["energy_hartree_of_determinants"], abs=1e-6
        )
    key = "two_qubit_gates_of_ladders"
    assert qubits.info[key] / qubits.info["gates"] < fermions_.info[key] / fermions_.info["gates"]


def test_sampled_diagonalisation_with_all_strings_is_exact() -> None:
    pytest.importorskip("qiskit_addon_sqd")
    molecule = _random(3, 2, 1, 2)
    found = Sqd(circuit="uccsd", samples_per_batch=1000, rounds=2, flip_probability=0.2).solve(
        molecule, seed=3
    )
    assert found.info["dimension"] == 9
    assert found.energy_hartree == pytest.approx(found.info["control_ranked_hartree"], abs=1e-9)


def test_sampled_diagonalisation_stays_above_and_keeps_its_controls() -> None:
    pytest.importorskip("qiskit_addon_sqd")
    molecule = _molecule("H4")
    found = Sqd(samples_per_batch=3, batches=2, rounds=3, flip_probability=0.05, shots=2000).solve(
        molecule, seed=5
    )
    energies = found.info["energies_of_rounds_hartree"]
    assert energies == sorted(energies, reverse=True)
    # flips may compensate
    assert found.info["share_of_right_numbers"] == pytest.approx(0.95**8, abs=0.15)
    assert found.info["spin_squared"] < 0.05
    for key in (
        "control_ranked_hartree",
        "control_random_strings_hartree",
        "control_random_bits_hartree",
    ):
        assert found.info[key] >= molecule.exact[0] - 1e-9
    assert found.energy_hartree >= molecule.exact[0] - 1e-9
    assert found.info["control_ranked_dimension"] == found.info["dimension"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sqd(shots=0),
        lambda: Sqd(circuit="x"),  # type: ignore[arg-type]
        lambda: Sqd(spin=0.3),
        lambda: Sqd(flip_probability=0.7),
        lambda: Trotter(order=3),
        lambda: Trotter(steps=0),
        lambda: Trotter(time_per_hartree=float("nan")),
        lambda: HardwareEfficientVQE(layers=0),
        lambda: HardwareEfficientVQE(penalty_hartree=float("nan")),
        lambda: AdaptVqe(pool="both"),  # type: ignore[arg-type]
        lambda: (
            Trotter().solve(_random(2, 1, 1, 0), seed=0)
            and Trotter(mapping="no").solve(_random(2, 1, 1, 0))
        ),
    ],
)
def test_unusable_options_are_refused(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError):
        make()


@pytest.mark.slow
def test_the_error_of_phase_estimation_by_circuits_falls_with_the_steps() -> None:
    """Second order: four times less for twice the steps, down to the resolution."""
    molecule = _molecule("H2")
    found = [
        IterativeQpe(bits=11, steps=s, backend="statevector").solve(molecule, seed=1)
        for s in (2, 4, 8)
    ]
    errors = [abs(f.energy_hartree - molecule.exact[0]) for f in found]
    step = found[0].info["resolution_hartree"]
    for coarse, fine in pairwise(errors):
        assert fine == pytest.approx(coarse / 4, abs=1.5 * step)
