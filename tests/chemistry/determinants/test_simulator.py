"""The determinant simulator against dense ladder operators, PySCF, and its own gradient by
differences.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.sparse import csr_matrix

from qtwin.chemistry.determinants.hamiltonian import hamiltonian
from qtwin.chemistry.determinants.minimise import Limits
from qtwin.chemistry.determinants.simulator import DeterminantSimulator
from qtwin.chemistry.determinants.space import full_size, space_of
from qtwin.chemistry.excitation import Excitation, FermionicAnsatz, Rotation, uccsd, upccgsd
from qtwin.errors import InputError
from tests.oracles import fermions

SHAPES = [(2, 1, 1), (3, 1, 1), (3, 2, 1), (3, 2, 2), (3, 0, 2)]


def _index(simulator: DeterminantSimulator) -> np.ndarray:
    space = simulator.space
    return space.alpha | (space.beta << space.n_orbitals)


def _circuits(n: int, up: int, down: int) -> list[FermionicAnsatz]:
    return [uccsd(n, up, down), upccgsd(n, up, down), upccgsd(n, up, down, k=2)]


@pytest.mark.parametrize(("n", "up", "down"), SHAPES)
def test_the_matrix_is_that_of_the_ladder_operators(n: int, up: int, down: int) -> None:
    h1, h2 = fermions.random_integrals(n, 3)
    space = space_of(h1, h2, up, down, symmetric=True)
    assert space.size == full_size(n, up, down)  # nothing is symmetric here
    found = hamiltonian(space, h1, h2, 0.7)
    matrix = csr_matrix((found.value_hartree, found.column, found.start)).toarray()
    index = space.alpha | (space.beta << n)
    dense = fermions.hamiltonian(h1, h2, 0.7)[np.ix_(index, index)]
    np.testing.assert_allclose(matrix + 0.7 * np.eye(space.size), dense, atol=1e-12)


@pytest.mark.parametrize(("n", "up", "down"), SHAPES)
def test_circuits_are_products_of_exponentials(n: int, up: int, down: int) -> None:
    h1, h2 = fermions.random_integrals(n, 5)
    dense = fermions.hamiltonian(h1, h2, -0.3)
    for ansatz in _circuits(n, up, down):
        simulator = DeterminantSimulator(h1, h2, -0.3, ansatz)
        theta = np.random.default_rng(1).normal(size=ansatz.n_parameters)
        state = np.zeros(4**n)
        state[((1 << up) - 1) | (((1 << down) - 1) << n)] = 1.0
        for rotation in ansatz.rotations:
            generator = fermions.excitation(rotation.excitation.moves, n)
            state = expm(rotation.sign * theta[rotation.parameter] * generator) @ state
        np.testing.assert_allclose(simulator.state(theta), state[_index(simulator)], atol=1e-12)
        assert simulator.energy_hartree(theta) == pytest.approx(
            float(state @ dense @ state), abs=1e-11
        )


def test_the_gradient_is_the_slope() -> None:
    h1, h2 = fermions.random_integrals(4, 8)
    ansatz = upccgsd(4, 2, 1, k=2)
    simulator = DeterminantSimulator(h1, h2, 0.0, ansatz)
    theta = 0.3 * np.random.default_rng(2).normal(size=ansatz.n_parameters)
    value, gradient = simulator.value_and_gradient(theta)
    assert value == pytest.approx(simulator.energy_hartree(theta), abs=1e-12)
    for k in range(ansatz.n_parameters):
        step = np.zeros_like(theta)
        step[k] = 1e-5
        slope = (
            simulator.energy_hartree(theta + step) - simulator.energy_hartree(theta - step)
        ) / 2e-5
        assert gradient[k] == pytest.approx(slope, abs=2e-8)


def test_a_single_excitation_of_one_electron_is_a_plane_rotation() -> None:
    ansatz = FermionicAnsatz(
        n_orbitals=2,
        n_alpha=1,
        n_beta=0,
        rotations=(Rotation(excitation=Excitation(moves=((1, 0, 0),)), parameter=0),),
        n_parameters=1,
    )
    h1 = np.array([[-1.0, 0.3], [0.3, 0.5]])
    simulator = DeterminantSimulator(h1, np.zeros((2,) * 4), 0.0, ansatz)
    for t in (0.0, 0.4, 2.0):
        expected = -(np.cos(t) ** 2) + 0.5 * np.sin(t) ** 2 + 0.3 * np.sin(2 * t)
        assert simulator.energy_hartree(np.array([t])) == pytest.approx(expected, abs=1e-14)


def test_samples_hold_the_electrons_and_follow_the_amplitudes() -> None:
    h1, h2 = fermions.random_integrals(4, 9)
    ansatz = uccsd(4, 2, 1)
    simulator = DeterminantSimulator(h1, h2, 0.0, ansatz)
    theta = np.random.default_rng(4).normal(size=ansatz.n_parameters)
    samples = simulator.sample(theta, shots=200_000, seed=5)
    assert (samples.bits[:, :4].sum(axis=1) == 2).all()
    assert (samples.bits[:, 4:].sum(axis=1) == 1).all()
    weight = {
        int(i): w for i, w in zip(_index(simulator), simulator.state(theta) ** 2, strict=True)
    }
    for row, count in zip(samples.bits, samples.counts, strict=True):
        p = weight[int((row.astype(np.int64) << np.arange(8)).sum())]
        assert abs(count / 200_000 - p) < 5 * np.sqrt(p * (1 - p) / 200_000) + 1e-9


@pytest.mark.parametrize(
    ("atom", "electrons", "orbitals"),
    [("H 0 0 0; H 0 0 0.74", 2, 2), ("N 0 0 0; N 0 0 1.4", 6, 6), ("Li 0 0 0; H 0 0 1.6", 4, 5)],
)
def test_lowest_energy_of_the_block_is_that_of_pyscf(
    atom: str, electrons: int, orbitals: int
) -> None:
    pyscf = pytest.importorskip("pyscf")
    from pyscf import ao2mo, mcscf, scf
    from scipy.sparse.linalg import eigsh

    mean_field = scf.RHF(pyscf.gto.M(atom=atom, basis="sto-3g", verbose=0)).run()
    active = mcscf.CASCI(mean_field, orbitals, electrons)
    h1, core = active.get_h1eff()
    h2 = ao2mo.restore(1, active.get_h2eff(), orbitals)
    exact = active.kernel()[0]
    half = electrons // 2
    simulator = DeterminantSimulator(h1, h2, core, uccsd(orbitals, half, half), symmetric=True)
    assert simulator.energy_hartree(np.zeros(simulator.ansatz.n_parameters)) == pytest.approx(
        mean_field.e_tot, abs=1e-9
    )
    assert simulator.space.size < full_size(orbitals, half, half)  # the point group is found
    h = simulator.hamiltonian
    matrix = csr_matrix((h.value_hartree, h.column, h.start))
    lowest = (
        np.linalg.eigvalsh(matrix.toarray())[0]
        if simulator.space.size < 20
        else eigsh(matrix, k=1, which="SA")[0][0]
    )
    assert lowest + core == pytest.approx(exact, abs=1e-8)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda h1, h2, a: DeterminantSimulator(h1[:2, :2], h2[:2, :2, :2, :2], 0.0, a),
        lambda h1, h2, a: DeterminantSimulator(h1 * np.nan, h2, 0.0, a),
        lambda h1, h2, a: DeterminantSimulator(h1, h2[0], 0.0, a),
        lambda h1, h2, a: DeterminantSimulator(h1, h2, 0.0, uccsd(3, 4, 1)),
        lambda h1, h2, a: DeterminantSimulator(h1, h2, 0.0, a).energy_hartree(np.zeros(1)),
        lambda h1, h2, a: space_of(h1, h2, 1, 1, most=3),
        lambda h1, h2, a: hamiltonian(space_of(h1, h2, 1, 1), h1, h2, 0.0, most_bytes=10),
        lambda h1, h2, a: DeterminantSimulator(
            h1,
            h2,
            0.0,
            FermionicAnsatz(
                n_orbitals=3,
                n_alpha=1,
                n_beta=1,
                n_parameters=1,
                rotations=(
                    Rotation(excitation=Excitation(moves=((1, 0, 0), (1, 2, 0))), parameter=0),
                ),
            ),
        ),
    ],
)
def test_what_does_not_fit_is_refused(spoil) -> None:  # type: ignore[no-untyped-def]
    h1, h2 = fermions.random_integrals(3, 1)
    with pytest.raises(InputError):
        spoil(h1, h2, uccsd(3, 1, 1))


@pytest.mark.parametrize("seed", range(3))
def test_the_compiled_descent_ends_where_the_gradient_vanishes(seed: int) -> None:
    h1, h2 = fermions.random_integrals(4, seed)
    ansatz = uccsd(4, 2, 2)
    simulator = DeterminantSimulator(h1, 0.2 * h2, 0.3, ansatz)
    found = simulator.minimise(np.zeros(ansatz.n_parameters), Limits(fall=0.0, slope_hartree=1e-7))
    assert found.converged
    value, gradient = simulator.value_and_gradient(found.theta)
    assert np.abs(gradient).max() <= 1e-7
    assert found.energy_hartree == pytest.approx(value, abs=1e-12)
    assert found.energy_hartree == pytest.approx(found.energies_hartree.min(), abs=1e-12)
    assert len(found.energies_hartree) == len(found.times_s) == found.evaluations
    h = simulator.hamiltonian
    exact = np.linalg.eigvalsh(csr_matrix((h.value_hartree, h.column, h.start)).toarray())[0] + 0.3
    assert (
        exact - 1e-10
        <= found.energy_hartree
        <= simulator.energy_hartree(np.zeros(ansatz.n_parameters))
    )


def test_the_compiled_descent_stops_where_it_is_told() -> None:
    h1, h2 = fermions.random_integrals(4, 1)
    ansatz = uccsd(4, 2, 2)
    simulator, start = (
        DeterminantSimulator(h1, 0.2 * h2, 0.0, ansatz),
        np.zeros(ansatz.n_parameters),
    )
    whole = simulator.minimise(start)
    few = simulator.minimise(start, Limits(evaluations=3))
    assert few.evaluations == 3
    assert not few.converged
    np.testing.assert_array_equal(few.energies_hartree, whole.energies_hartree[:3])
    target = 0.5 * (whole.energy_hartree + simulator.energy_hartree(start))
    part = simulator.minimise(start, Limits(target_hartree=target))
    assert part.converged
    assert part.energy_hartree <= target
    assert part.evaluations < whole.evaluations
    assert simulator.minimise(start, Limits(limit_s=1e-9)).evaluations < 5000
