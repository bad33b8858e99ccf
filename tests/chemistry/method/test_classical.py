"""Classical methods against PySCF's plain calls, against limits that theory fixes, and against each
other.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

pytest.importorskip("pyscf")

from qtwin.chemistry.method.base import Energy
from qtwin.chemistry.method.registry import load
from qtwin.chemistry.molecule import Molecule
from qtwin.chemistry.problem import Choice, MolecularProblem, pose
from qtwin.errors import InputError

_GEOMETRIES = {
    "H2": (("H", "H"), [[0, 0, 0], [0, 0, 0.735]]),
    "LiH": (("Li", "H"), [[0, 0, 0], [0, 0, 1.5949]]),
    "H2O": (("O", "H", "H"), [[0, 0, 0.1173], [0, 0.7572, -0.4692], [0, -0.7572, -0.4692]]),
    "N2": (("N", "N"), [[0, 0, 0], [0, 0, 1.0977]]),
    "N2 far": (("N", "N"), [[0, 0, 0], [0, 0, 2.0]]),
    "OH": (("O", "H"), [[0, 0, 0], [0, 0, 0.97]]),
    "H far H": (("H", "H"), [[0, 0, 0], [0, 0, 50.0]]),
    "two H2": (("H", "H", "H", "H"), [[0, 0, 0], [0, 0, 0.735], [0, 100, 0], [0, 100, 0.735]]),
}


@cache
def _problem(name: str, choice: Choice = Choice(), basis: str = "sto-3g") -> MolecularProblem:  # noqa: B008 - frozen
    symbols, where = _GEOMETRIES[name]
    molecule = Molecule(
        symbols=symbols,
        coordinates_angstrom=np.array(where),
        basis=basis,
        multiplicity=2 if name == "OH" else 1,
        name=name,
    )
    return pose(molecule, choice)


def _energy(method: str, problem: MolecularProblem, **options: object) -> Energy:
    return load(method, options).solve(problem)


@cache
def _plain(name: str) -> dict[str, float]:
    """PySCF as its tutorial uses it."""
    from pyscf import cc, fci, gto, mp, scf

    symbols, where = _GEOMETRIES[name]
    mole = gto.M(atom=list(zip(symbols, where, strict=True)), basis="sto-3g", verbose=0)
    field = scf.RHF(mole).run(conv_tol=1e-12)
    clusters = cc.CCSD(field).run(conv_tol=1e-10)
    return {
        "hf": field.e_tot,
        "mp2": mp.MP2(field).run().e_tot,
        "ccsd": clusters.e_tot,
        "ccsd(t)": clusters.e_tot + clusters.ccsd_t(),
        "fci": fci.FCI(field).kernel()[0],
    }


@pytest.mark.parametrize("method", ["hf", "mp2", "ccsd", "ccsd(t)", "fci"])
def test_whole_molecule_methods_are_those_of_pyscf(method: str) -> None:
    assert _energy(method, _problem("H2O")).energy_hartree == pytest.approx(
        _plain("H2O")[method], abs=2e-8
    )


@pytest.mark.parametrize(
    ("name", "choice", "published"),
    [
        ("H2", Choice(), -1.1373060358),
        ("LiH", Choice(electrons=2, orbitals=5), -7.8821759908),
        ("N2", Choice(electrons=6, orbitals=6), -107.6218488599),
        ("N2", Choice(electrons=10, orbitals=8), -107.6525325251),
        ("N2", Choice(), -107.6528287306),
        ("N2 far", Choice(electrons=6, orbitals=6), -107.4370236845),
    ],
)
def test_reference_energies_at_these_geometries(
    name: str, choice: Choice, published: float
) -> None:
    """Independent calculations with the same bond lengths."""
    assert _energy("casci", _problem(name, choice)).energy_hartree == pytest.approx(
        published, abs=5e-7
    )


def test_casci_by_our_integrals_is_that_of_pyscf() -> None:
    from pyscf import mcscf

    from qtwin.chemistry.mean_field import pyscf_mean_field

    for name, electrons, orbitals in (("H2O", 4, 4), ("OH", 5, 5)):
        problem = _problem(
            name,
            Choice(electrons=electrons, orbitals=orbitals),
            "6-31g" if name == "OH" else "sto-3g",
        )
        field = pyscf_mean_field(problem.molecule, problem.mean_field)
        wanted = mcscf.CASCI(field, orbitals, (problem.n_alpha, problem.n_beta)).run().e_tot
        assert _energy("casci", problem).energy_hartree == pytest.approx(wanted, abs=1e-8)


def test_avas_spans_the_space_of_pyscf() -> None:
    from pyscf.mcscf import avas

    from qtwin.chemistry.mean_field import pyscf_mean_field

    problem = _problem("N2", Choice(labels=("N 2p",)))
    orbitals, electrons, theirs = avas.avas(
        pyscf_mean_field(problem.molecule, problem.mean_field), ["N 2p"], verbose=0
    )
    assert (problem.space.n_orbitals, problem.space.n_electrons) == (orbitals, electrons)
    core = (14 - electrons) // 2
    overlap = (
        problem.space.orbitals.T @ pyscf_mean_field(problem.molecule, problem.mean_field).get_ovlp()
    )
    singular = np.linalg.svd(overlap @ theirs[:, core : core + orbitals], compute_uv=False)
    np.testing.assert_allclose(singular, 1.0, atol=1e-6)


@pytest.mark.parametrize("scheme", ["natural", "avas", "frontier"])
@pytest.mark.parametrize("name", ["N2", "OH"])
def test_every_choice_keeps_the_hartree_fock_determinant(scheme: str, name: str) -> None:
    basis = "6-31g" if name == "OH" else "sto-3g"
    labels = ("N 2p",) if name == "N2" else ("O 2p",)
    electrons = 6 if name == "N2" else 5
    problem = _problem(
        name, Choice(scheme=scheme, electrons=electrons, orbitals=5, labels=labels), basis
    )
    h1, h2, up, down = problem.h1_hartree, problem.h2_hartree, problem.n_alpha, problem.n_beta
    energy = problem.core_hartree + np.trace(h1[:up, :up]) + np.trace(h1[:down, :down])
    for a, b, same in ((up, up, True), (down, down, True), (up, down, False)):
        direct = np.einsum("iijj->", h2[:a, :a, :b, :b])
        exchange = np.einsum("ijji->", h2[:a, :a, :a, :a]) if same else 0.0
        energy += (direct - exchange) * (0.5 if same else 1.0)
    assert energy == pytest.approx(problem.mean_field.energy_hartree, abs=1e-8)


def test_dissociation_limit_is_two_hydrogen_atoms() -> None:
    """One electron in STO-3G hydrogen has -0.466581850 hartree (Szabo, Ostlund, table
    3.6: -0.46658).
    """
    exact, field = (_energy(m, _problem("H far H")) for m in ("casci", "hf"))
    assert exact.energy_hartree == pytest.approx(2 * -0.466581850, abs=1e-6)
    assert field.energy_hartree > exact.energy_hartree + 0.2


@pytest.mark.parametrize(
    "method", ["hf", "mp2", "ccsd", "ccsd(t)", "casci", "active-ccsd", "vqe-uccsd"]
)
def test_two_far_molecules_have_twice_the_energy(method: str) -> None:
    one, two = (_energy(method, _problem(name)).energy_hartree for name in ("H2", "two H2"))
    assert two == pytest.approx(2 * one, abs=1e-6)


@pytest.mark.parametrize(
    "method", ["ccsd", "ccsd(t)", "active-ccsd", "active-ccsd(t)", "selected-ci", "vqe-uccsd"]
)
def test_two_electrons_are_exact_for_all(method: str) -> None:
    assert _energy(method, _problem("H2")).energy_hartree == pytest.approx(-1.1373060358, abs=1e-7)


def test_variational_methods_stay_above_and_the_active_coupled_cluster_fails_when_stretched() -> (
    None
):
    """CCSD overshoots on N2 at 2 angstrom: the case where a variational method has a point."""
    problem = _problem("N2 far", Choice(electrons=6, orbitals=6))
    exact = _energy("casci", problem)
    for method in ("selected-ci", "vqe-uccsd", "hf"):
        assert _energy(method, problem).energy_hartree >= exact.energy_hartree - 1e-8
    assert exact.energy_hartree - _energy("active-ccsd", problem).energy_hartree > 0.05
    assert exact.info["leading_weight"] < 0.5


def test_the_whole_molecule_as_active_space_makes_both_kinds_of_coupled_cluster_one() -> None:
    problem = _problem("LiH")
    assert problem.is_whole
    for whole, active in (("ccsd", "active-ccsd"), ("ccsd(t)", "active-ccsd(t)"), ("fci", "casci")):
        assert _energy(whole, problem).energy_hartree == pytest.approx(
            _energy(active, problem).energy_hartree, abs=1e-7
        )


def test_frozen_core_is_that_of_pyscf() -> None:
    from pyscf import mp

    from qtwin.chemistry.mean_field import pyscf_mean_field

    problem = _problem("H2O", Choice(frozen_core=True))
    assert (problem.n_frozen, problem.space.n_electrons, problem.space.n_orbitals) == (1, 8, 6)
    wanted = mp.MP2(pyscf_mean_field(problem.molecule, problem.mean_field), frozen=1).run().e_tot
    assert _energy("mp2", problem).energy_hartree == pytest.approx(wanted, abs=1e-8)
    assert _energy("fci", problem).energy_hartree == pytest.approx(
        _energy("casci", problem).energy_hartree, abs=1e-9
    )


def test_open_shells_correlate_from_their_unrestricted_field() -> None:
    problem = _problem("OH", Choice(electrons=5, orbitals=4), "6-31g")
    exact = _energy("casci", problem)
    assert exact.info["spin_squared"] == pytest.approx(0.75, abs=1e-8)
    assert _energy("ccsd(t)", problem).info["reference"] == "UHF"
    assert _energy("active-ccsd", problem).energy_hartree == pytest.approx(
        exact.energy_hartree, abs=1e-3
    )


def test_excited_states_are_ordered() -> None:
    states = _energy("casci", _problem("H2"), states=3).energies_hartree
    assert list(states) == sorted(states)
    assert len(states) == 3
    with pytest.raises(InputError, match="4 determinants"):
        _energy("casci", _problem("H2"), states=5)


def test_integrals_alone_are_not_a_molecule() -> None:
    with pytest.raises(InputError, match="whole molecule"):
        _energy("mp2", _problem("H2").integrals)  # type: ignore[arg-type]


def test_dmrg_is_exact_where_it_keeps_every_state() -> None:
    pytest.importorskip("pyblock2")
    problem = _problem("H2O", Choice(electrons=4, orbitals=4))
    assert _energy("dmrg", problem).energy_hartree == pytest.approx(
        _energy("casci", problem).energy_hartree, abs=1e-7
    )
