"""The multiplicity that was asked for is the one that every method gives, also where another one
lies lower.

The oracle diagonalises whole sectors of n_up and n_down: the states of spin s are those of the
sector with n_up - n_down = 2 s that are not in the one with 2 s + 2.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

pytest.importorskip("pyscf")

from qtwin.chemistry.active_space import cut_shells
from qtwin.chemistry.determinants.space import space_of
from qtwin.chemistry.mapping import jordan_wigner
from qtwin.chemistry.method.registry import load
from qtwin.chemistry.method.spin import (
    Shifted,
    multiplicity,
    n_states,
    shifted,
    spin_squared,
    spin_words,
    wanted,
)
from qtwin.chemistry.method.whole_molecule import run_ccsd
from qtwin.chemistry.molecule import Molecule
from qtwin.chemistry.problem import Choice, MolecularProblem, pose
from tests.oracles import fermions
from tests.oracles.dense_backend import matrix
from tests.thinned import thinned

_ETHYLENE = ("C", "C", "H", "H", "H", "H")
_TWISTED = [
    [0, 0, 0.665],
    [0, 0, -0.665],
    [0.93, 0, 1.23],
    [-0.93, 0, 1.23],
    [0, 0.93, -1.23],
    [0, -0.93, -1.23],
]
_METHYLENE = [[0, 0, 0], [0, 0.985, 0.3], [0, -0.985, 0.3]]
_CASES = {  # symbols, where, multiplicity, basis, electrons, orbitals
    "ethylene, singlet": (_ETHYLENE, _TWISTED, 1, "6-31g", 4, 4),
    "ethylene, two orbitals": (_ETHYLENE, _TWISTED, 1, "sto-3g", 2, 2),
    "ethylene, triplet": (_ETHYLENE, _TWISTED, 3, "sto-3g", 4, 4),
    "oxygen, singlet": (("O", "O"), [[0, 0, 0], [0, 0, 1.21]], 1, "sto-3g", 8, 6),
    "oxygen, triplet": (("O", "O"), [[0, 0, 0], [0, 0, 1.21]], 3, "sto-3g", 8, 6),
    "nitrogen, doublet": (("N",), [[0, 0, 0]], 2, "6-31g", 5, 4),
    "nitrogen, quartet": (("N",), [[0, 0, 0]], 4, "6-31g", 5, 5),
    "carbon, singlet": (("C",), [[0, 0, 0]], 1, "6-31g", 4, 4),
    "methylene, singlet": (("C", "H", "H"), _METHYLENE, 1, "sto-3g", 4, 4),
    "square of hydrogen": (
        ("H",) * 4,
        [[0, 0, 0], [1.1, 0, 0], [1.1, 1.1, 0], [0, 1.1, 0]],
        1,
        "sto-3g",
        4,
        4,
    ),
    "NO, doublet": (("N", "O"), [[0, 0, 0], [0, 0, 1.15]], 2, "sto-3g", 3, 4),
    "oxygen, larger": (("O", "O"), [[0, 0, 0], [0, 0, 1.21]], 1, "sto-3g", 12, 8),
    "nitrogen, larger": (("N",), [[0, 0, 0]], 2, "6-31g", 5, 7),
}
_TRAPS = (
    "ethylene, singlet",
    "oxygen, singlet",
    "nitrogen, doublet",
    "carbon, singlet",
    "oxygen, larger",
    "nitrogen, larger",
)
_QUANTUM = (
    "vqe-uccsd",
    "vqe-k-upccgsd",
    "vqe-lucj",
    "adapt-vqe",
    "sqd",
    "vqd",
    "iterative-qpe",
    "vqe-hardware-efficient",
)


@cache
def _problem(name: str) -> MolecularProblem:
    symbols, where, spin, basis, electrons, orbitals = _CASES[name]
    molecule = Molecule(
        symbols=symbols,
        coordinates_angstrom=np.array(where),
        multiplicity=spin,
        basis=basis,
        name=name,
    )
    return pose(molecule, Choice(electrons=electrons, orbitals=orbitals))


@cache
def _sector(name: str, raised: int) -> np.ndarray:
    """All energies of the electrons with `raised` of them turned up."""
    from pyscf import fci

    problem = _problem(name)
    n, spins = len(problem.h1_hartree), (problem.n_alpha + raised, problem.n_beta - raised)
    if spins[1] < 0 or spins[0] > n:
        return np.zeros(0)
    size = fci.cistring.num_strings(n, spins[0]) * fci.cistring.num_strings(n, spins[1])
    diagonal = fci.direct_spin1.make_hdiag(problem.h1_hartree, problem.h2_hartree, n, spins)
    _, dense = fci.direct_spin1.pspace(
        problem.h1_hartree, problem.h2_hartree, n, spins, diagonal, size
    )
    return np.linalg.eigvalsh(dense) + problem.core_hartree


def _of_the_spin(name: str) -> list[float]:
    left = list(_sector(name, 0))
    for value in _sector(name, 1):
        left.pop(int(np.argmin(np.abs(np.array(left) - value))))
    return left


@pytest.mark.parametrize("name", _CASES)
def test_exact_and_selected_energies_are_those_of_the_spin(name: str) -> None:
    problem, exact = _problem(name), _of_the_spin(name)
    assert len(exact) == n_states(len(problem.h1_hartree), problem)
    if name in _TRAPS:
        assert _sector(name, 0)[0] < exact[0] - 1e-3  # a state of another spin lies lower
    found = load("casci", {}).solve(problem)
    assert found.energy_hartree == pytest.approx(exact[0], abs=1e-7)
    assert found.spin_squared == pytest.approx(wanted(problem), abs=1e-4)
    several = load("casci", {"states": min(3, len(exact))}).solve(problem)
    np.testing.assert_allclose(
        several.energies_hartree, exact[: len(several.energies_hartree)], atol=1e-6
    )
    selected = load("selected-ci", {}).solve(problem)
    assert selected.spin_squared == pytest.approx(wanted(problem), abs=0.02)
    assert selected.energy_hartree >= exact[0] - 1e-8


@pytest.mark.parametrize("method", _QUANTUM)
@pytest.mark.parametrize(
    "name",
    thinned(
        ["NO, doublet", "methylene, singlet"]
        + [
            c
            for c in _CASES
            if "larger" not in c
            and c not in ("nitrogen, quartet", "NO, doublet", "methylene, singlet")
        ],
        keep=2,
    ),
)
def test_quantum_methods_give_the_spin_that_was_asked_for(method: str, name: str) -> None:
    if method == "vqe-hardware-efficient" and _CASES[name][5] > 4:
        pytest.skip("minutes of training show nothing more")
    problem = _problem(name)
    found = load(method, {}).solve(problem, seed=1)
    assert found.spin_squared == pytest.approx(wanted(problem), abs=0.1)
    if found.variational:
        assert found.energy_hartree >= _of_the_spin(name)[0] - 1e-7


@pytest.mark.parametrize("name", ["ethylene, two orbitals", "NO, doublet"])
def test_circuits_in_trotter_steps_keep_the_spin(name: str) -> None:
    problem = _problem(name)
    found = load("trotter", {"steps": 40}).solve(problem)
    assert found.spin_squared == pytest.approx(wanted(problem), abs=0.1)


@pytest.mark.parametrize("name", ["oxygen, singlet", "nitrogen, doublet", "methylene, singlet"])
def test_matrix_product_states_have_the_spin(name: str) -> None:
    pytest.importorskip("pyblock2")
    problem = _problem(name)
    found = load("dmrg", {}).solve(problem)
    assert found.energy_hartree == pytest.approx(_of_the_spin(name)[0], abs=1e-6)
    assert found.spin_squared == pytest.approx(wanted(problem), abs=1e-6)


@pytest.mark.slow
def test_training_from_shots_keeps_the_spin() -> None:
    problem = _problem("ethylene, two orbitals")
    options = {"training": "spsa", "shots": 4000, "evaluations": 400, "backend": "statevector"}
    found = load("vqe-uccsd", options).solve(problem, seed=2)
    assert found.spin_squared == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (2, 2), (3, 1)])
def test_the_operator_is_that_of_annihilators(up: int, down: int) -> None:
    """S^2 = S- S+ + Sz (Sz + 1) by matrices of all occupations."""
    n = 3 if up < 3 else 4
    a = fermions.annihilators(2 * n)
    raising = sum(a[p].T @ a[n + p] for p in range(n))
    along = 0.5 * sum(a[p].T @ a[p] - a[n + p].T @ a[n + p] for p in range(n))
    square = raising.T @ raising + along @ along + along
    np.testing.assert_allclose(
        matrix(jordan_wigner(2 * n).apply(spin_words(n))), square, atol=1e-12
    )
    h1, h2 = fermions.random_integrals(n, 3)
    electrons = Shifted(
        core_hartree=0.2, h1_hartree=h1, h2_hartree=0.3 * h2, n_alpha=up, n_beta=down
    )
    space = space_of(h1, h2, up, down)
    places = space.alpha | space.beta << n
    state = np.random.default_rng(4).normal(size=space.size) + 1j * np.random.default_rng(5).normal(
        size=space.size
    )
    state /= np.linalg.norm(state)
    inside = square[np.ix_(places, places)]
    assert spin_squared(space, state) == pytest.approx(
        float(np.vdot(state, inside @ state).real), abs=1e-12
    )
    s = 0.5 * (up - down)
    assert (np.abs(np.linalg.eigvalsh(inside) - s * (s + 1)) < 1e-9).sum() == n_states(n, electrons)
    dense = fermions.hamiltonian(h1, 0.3 * h2, 0.2)[np.ix_(places, places)]
    lifted = shifted(electrons, 0.7)
    theirs = np.linalg.eigvalsh(dense + 0.7 * (inside - s * (s + 1) * np.eye(len(places))))
    found = fermions.hamiltonian(lifted.h1_hartree, lifted.h2_hartree, lifted.core_hartree)[
        np.ix_(places, places)
    ]
    np.testing.assert_allclose(np.linalg.eigvalsh(found), theirs, atol=1e-10)


def test_coupled_cluster_of_two_electrons_is_an_eigenstate_though_its_determinant_is_none() -> None:
    from pyscf import gto, scf

    mole = gto.M(atom="H 0 0 0; H 0 0 2.2", basis="6-31g", verbose=0)
    field = scf.UHF(mole)
    density = field.get_init_guess()
    density[0][0, 0] += 0.5
    density[1][0, 0] -= 0.5
    field.conv_tol = 1e-12
    field.kernel(density)
    assert field.spin_square()[0] > 0.5
    assert run_ccsd(lambda: (field, "UHF"), 0).spin_squared == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(
    "method", ["hf", "mp2", "ccsd", "ccsd(t)", "active-ccsd", "active-ccsd(t)"]
)
def test_methods_of_one_determinant_tell_the_spin(method: str) -> None:
    for name in ("ethylene, triplet", "NO, doublet", "square of hydrogen"):
        problem = _problem(name)
        assert load(method, {}).solve(problem).spin_squared == pytest.approx(
            wanted(problem), abs=0.3
        )


def test_a_multiplicity_is_a_whole_number_for_pure_states_alone() -> None:
    assert [multiplicity(s * (s + 1)) for s in (0.0, 0.5, 1.0, 1.5)] == pytest.approx(
        [1.0, 2.0, 3.0, 4.0]
    )
    assert multiplicity(1.0) == pytest.approx(5**0.5)


def test_a_cut_through_a_degenerate_shell_is_seen() -> None:
    nitrogen = Molecule(
        symbols=("N",), coordinates_angstrom=np.zeros((1, 3)), multiplicity=4, basis="6-31g"
    )
    field = pose(nitrogen, Choice()).mean_field
    whole, cut = (pose(nitrogen, Choice(electrons=5, orbitals=n), field=field) for n in (7, 5))
    assert cut_shells(field, whole.space) == ()
    assert {outside for _, outside in cut_shells(field, cut.space)} == {7, 8}
