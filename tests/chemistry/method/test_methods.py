"""Every method against exact diagonalisation: of random electrons, and of molecules by PySCF."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest

from qtwin.chemistry.method.adapt_vqe import AdaptVqe, pool
from qtwin.chemistry.method.iterative_qpe import IterativeQpe
from qtwin.chemistry.method.vqd import Vqd
from qtwin.chemistry.method.vqe import VqeLucj, VqeUccsd, VqeUpccgsd
from qtwin.errors import InputError
from tests.oracles import fermions


@dataclass(frozen=True)
class Molecule:
    core_hartree: float
    h1_hartree: np.ndarray
    h2_hartree: np.ndarray
    n_alpha: int
    n_beta: int
    exact: np.ndarray = field(default_factory=lambda: np.zeros(0))


@cache
def _molecule(name: str) -> Molecule:
    pyscf = pytest.importorskip("pyscf")
    from pyscf import ao2mo, fci, mcscf, scf

    atom, electrons, orbitals = {
        "H2": ("H 0 0 0; H 0 0 0.7414", 2, 2),
        "LiH": ("Li 0 0 0; H 0 0 1.5949", 2, 5),
        "H4": ("H 0 0 0; H 0 0 1; H 0 0 2; H 0 0 3", 4, 4),
    }[name]
    mean_field = scf.RHF(pyscf.gto.M(atom=atom, basis="sto-3g", verbose=0)).run(conv_tol=1e-12)
    active = mcscf.CASCI(mean_field, orbitals, electrons)
    h1, core = active.get_h1eff()
    h2 = ao2mo.restore(1, active.get_h2eff(), orbitals)
    half = electrons // 2
    exact = (
        np.atleast_1d(
            fci.direct_spin1.kernel(h1, h2, orbitals, (half, half), nroots=1, tol=1e-12)[0]
        )
        + core
    )
    return Molecule(core, h1, h2, half, half, exact)


def _random(n: int, up: int, down: int, seed: int) -> Molecule:
    h1, h2 = fermions.random_integrals(n, seed)
    h2 *= 0.2
    dense = fermions.hamiltonian(h1, h2, 0.4)
    index = np.arange(4**n)
    inside = [(bin(i & (2**n - 1)).count("1"), bin(i >> n).count("1")) == (up, down) for i in index]
    kept = index[inside]
    return Molecule(0.4, h1, h2, up, down, np.linalg.eigvalsh(dense[np.ix_(kept, kept)]))


@pytest.mark.parametrize("name", ["H2", "LiH", "H4"])
def test_uccsd_reaches_chemical_accuracy_from_above(name: str) -> None:
    molecule = _molecule(name)
    found = VqeUccsd().solve(molecule)
    assert found.converged
    assert -1e-9 <= found.energy_hartree - molecule.exact[0] < 1.6e-3
    values = [p.best_energy for p in found.trace]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("seed", range(3))
def test_adapt_is_exact_where_its_pool_is_complete(seed: int) -> None:
    molecule = _random(3, 2, 1, seed)
    found = AdaptVqe(slope_hartree=1e-5).solve(molecule)
    assert found.energy_hartree >= molecule.exact[0] - 1e-9
    assert found.energy_hartree == pytest.approx(molecule.exact[0], abs=1e-6)


def test_adapt_needs_fewer_parameters_than_uccsd() -> None:
    molecule = _molecule("LiH")
    adapt, uccsd = AdaptVqe().solve(molecule), VqeUccsd().solve(molecule)
    assert adapt.energy_hartree <= uccsd.energy_hartree + 1e-4
    assert adapt.info["parameters"] < uccsd.info["parameters"] + 1
    assert adapt.info["pool"] == pool(5, 1, 1).n_parameters


def test_upccgsd_improves_with_k_and_never_undershoots() -> None:
    molecule = _molecule("H4")
    energies = [VqeUpccgsd(k=k, starts=3).solve(molecule, seed=1).energy_hartree for k in (1, 2)]
    assert energies[1] <= energies[0] + 1e-6
    assert min(energies) >= molecule.exact[0] - 1e-9
    assert energies[1] - molecule.exact[0] < 1.6e-3


@pytest.mark.parametrize("seed", [0, 4])
def test_deflation_finds_every_singlet(seed: int) -> None:
    """Two electrons in two orbitals: three singlets, D00, D11 and (D01 + D10) / sqrt 2, and a
    triplet that stays out of reach.
    """
    molecule = _random(2, 1, 1, seed)
    dense = fermions.hamiltonian(molecule.h1_hartree, molecule.h2_hartree, 0.4)
    basis = np.zeros((16, 3))
    basis[0b0101, 0] = basis[0b1010, 1] = 1.0
    basis[0b0110, 2] = basis[0b1001, 2] = np.sqrt(0.5)
    singlets = np.linalg.eigvalsh(basis.T @ dense @ basis)
    found = Vqd(states=3, k=2, starts=8, shift_hartree=20.0).solve(molecule, seed=2)
    np.testing.assert_allclose(sorted(found.energies_hartree), singlets, atol=2e-6)
    assert found.info["largest_overlap"] < 1e-3


def test_phase_estimation_resolves_the_energy_to_its_bits() -> None:
    molecule = _molecule("H4")
    for bits in (8, 12, 16):
        found = IterativeQpe(bits=bits, repetitions=15).solve(molecule, seed=3)
        assert found.converged
        assert (
            abs(found.energy_hartree - molecule.exact[0]) <= 1.5 * found.info["resolution_hartree"]
        )


def test_far_molecules_add_up() -> None:
    """Size consistency: two H2 at 100 angstrom have twice the energy of one."""
    pyscf = pytest.importorskip("pyscf")
    from pyscf import ao2mo, scf

    def energy(atom: str, electrons: int) -> float:
        mean_field = scf.RHF(pyscf.gto.M(atom=atom, basis="sto-3g", verbose=0)).run(conv_tol=1e-12)
        c = mean_field.mo_coeff
        h1 = c.T @ mean_field.get_hcore() @ c
        h2 = ao2mo.restore(1, ao2mo.kernel(mean_field.mol, c), c.shape[1])
        half = electrons // 2
        return (
            VqeUccsd().solve(Molecule(mean_field.energy_nuc(), h1, h2, half, half)).energy_hartree
        )

    one, two = (
        energy("H 0 0 0; H 0 0 0.74", 2),
        energy("H 0 0 0; H 0 0 0.74; H 0 0 100; H 0 0 100.74", 4),
    )
    assert two == pytest.approx(2 * one, abs=2e-6)


def test_a_time_limit_gives_what_there_is() -> None:
    found = AdaptVqe().solve(_molecule("H4"), time_limit_s=1e-6)
    assert not found.converged
    assert found.energy_hartree > _molecule("H4").exact[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: VqeUccsd(starts=0),
        lambda: AdaptVqe(slope_hartree=0.0),
        lambda: Vqd(states=0),
        lambda: IterativeQpe(bits=0),
    ],
)
def test_unusable_options_are_refused(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError):
        make()


def test_more_states_than_there_are_is_refused() -> None:
    with pytest.raises(InputError, match="states"):
        Vqd(states=9).solve(_random(2, 1, 1, 0))


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 0), (2, 2, 2), (2, 0, 0)])
def test_one_determinant_needs_no_circuit(shape) -> None:  # type: ignore[no-untyped-def]
    molecule = _random(*shape, 1)
    for method in (VqeUccsd(), VqeUpccgsd(), VqeLucj(), AdaptVqe(), IterativeQpe()):
        found = method.solve(molecule, seed=1)
        assert found.converged
        assert found.energy_hartree == pytest.approx(molecule.exact[0], abs=1e-6)


@pytest.mark.parametrize("name", ["H2", "H4"])
def test_lucj_reaches_chemical_accuracy_from_above(name: str) -> None:
    molecule = _molecule(name)
    found = VqeLucj(layers=2, starts=2).solve(molecule, seed=1)
    assert -1e-9 <= found.energy_hartree - molecule.exact[0] < 1.6e-3


def test_more_trotter_steps_of_uccsd_lower_the_energy() -> None:
    one, two = (VqeUccsd(repetitions=k).solve(_molecule("H4")).energy_hartree for k in (1, 2))
    assert _molecule("H4").exact[0] - 1e-9 <= two < one
