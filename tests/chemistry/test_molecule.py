"""What is no molecule is refused before anything is computed; what is one is read as it stands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qtwin.errors import InputError, QtwinError, TooLargeError

pytest.importorskip("pyscf")

from qtwin.chemistry.geometry import format_xyz, from_smiles, is_smiles, parse_xyz, read_xyz
from qtwin.chemistry.mean_field import ConvergenceError, mean_field
from qtwin.chemistry.molecule import Molecule, n_determinants, require_amplitudes_fit, require_fits
from qtwin.chemistry.problem import Choice, pose

H2 = {"symbols": ("H", "H"), "coordinates_angstrom": [[0.0, 0.0, 0.0], [0.0, 0.0, 0.74]]}
WATER = {
    "symbols": ("O", "H", "H"),
    "coordinates_angstrom": [[0, 0, 0], [0, 0.757, 0.587], [0, -0.757, 0.587]],
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"coordinates_angstrom": [[0, 0, 0], [0, 0, 0.1]]}, "overlap"),
        ({"coordinates_angstrom": [[0, 0, 0], [0, 0, 0]]}, "overlap"),
        ({"coordinates_angstrom": [[0, 0, 0], [0, 0, np.nan]]}, "finite"),
        ({"coordinates_angstrom": [[0, 0, 0]]}, "shape"),
        ({"symbols": ("H", "Xx")}, "unknown element"),
        ({"symbols": ("H", "Ericmiller")}, "element of more than two letters"),
        ({"charge": 1}, "multiplicity 1 is impossible with 1 electrons"),
        ({"charge": 2}, "leaves 0 electrons"),
        ({"charge": 5}, "leaves -3 electrons"),
        ({"multiplicity": 2}, "impossible"),
        ({"multiplicity": 5}, "impossible"),
        ({"multiplicity": 0}, "at least 1"),
        ({"charge": 10**5000}, "whole numbers below"),
        ({"multiplicity": 10**5000}, "whole numbers below"),
        ({"basis": "sto-33g"}, "unknown basis"),
        ({"basis": ""}, "basis"),
        (
            {
                "symbols": ("H", "U"),
                "coordinates_angstrom": [[0, 0, 0], [0, 0, 2]],
                "basis": "6-31g",
            },
            "no functions for U",
        ),
    ],
)
def test_impossible_molecules_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        Molecule(**{**H2, **changes})  # type: ignore[arg-type]
    assert caught.value.hint


def test_a_misspelt_basis_gets_a_suggestion() -> None:
    with pytest.raises(InputError) as caught:
        Molecule(**H2, basis="cc-pvdzz")  # type: ignore[arg-type]
    assert "ccpvdz" in caught.value.hint


def test_formula_electrons_and_ghosts() -> None:
    water = Molecule(**WATER)  # type: ignore[arg-type]
    assert (water.formula, water.n_electrons) == ("H2O", 10)
    ghost = Molecule(**WATER, ghosts=frozenset({0}), name="two hydrogens beside a ghost")  # type: ignore[arg-type]
    assert (ghost.formula, ghost.n_electrons) == ("H2", 2)
    assert not water.coordinates_angstrom.flags.writeable


def test_xyz_comes_back_and_bad_files_name_the_line(tmp_path: Path) -> None:
    symbols, where, comment = parse_xyz(
        format_xyz(("O", "H"), np.array([[0, 0, 0], [0, 0, 0.97]]), "a\nradical"), where="x"
    )
    assert symbols == ("O", "H")
    assert comment == "a radical"
    np.testing.assert_allclose(where, [[0, 0, 0], [0, 0, 0.97]])
    for text, words in [
        ("", "first line"),
        ("0\n\n", "atoms, got 0"),
        ("2\nc\nH 0 0 0\n", "expected 2 lines of atoms, as announced, got 1"),
        ("1\nc\nH 0 0\n", "the line of atom 1 is not"),
        ("1\nc\nH 0 0 zero\n", "the line of atom 1 is not"),
        ("1\nc\nH 0 0 0\n1\nc\nH 0 0 1\n", "expected 1 lines of atoms, as announced, got 4"),
    ]:
        with pytest.raises(InputError, match=words):
            parse_xyz(text, where="x")
    with pytest.raises(InputError, match="no geometry"):
        read_xyz(tmp_path / "absent.xyz")
    # as some editors save it
    (tmp_path / "other.xyz").write_bytes(b"\xef\xbb\xbf2\r\n\r\nO 0 0 0\r\nH 0 0 0.97\r\n")
    assert read_xyz(tmp_path / "other.xyz")[0] == ("O", "H")


def test_smiles_gives_atoms_charge_and_spin() -> None:
    pytest.importorskip("rdkit")
    (symbols, where, comment), charge, multiplicity = from_smiles("CC(=O)[O-]")
    assert (sorted(symbols), charge, multiplicity) == (["C", "C", "H", "H", "H", "O", "O"], -1, 1)
    assert where.shape == (7, 3)
    assert "force field" in comment
    assert from_smiles("[CH3]")[2] == 2
    assert is_smiles("CCO")
    assert not is_smiles("not a molecule")
    with pytest.raises(InputError, match="no SMILES"):
        from_smiles("C1CC")


def test_a_field_that_does_not_converge_is_never_used() -> None:
    stretched = Molecule(symbols=("N", "N"), coordinates_angstrom=[[0, 0, 0], [0, 0, 1.6]])  # type: ignore[arg-type]
    with pytest.raises(ConvergenceError) as caught:
        mean_field(stretched, iterations=1)
    assert isinstance(caught.value, QtwinError)
    assert caught.value.exit_code == 1
    assert "level shift" in caught.value.message
    assert "second order" in caught.value.message


def test_a_saddle_is_reported_and_followed_only_when_asked() -> None:
    stretched = Molecule(symbols=("N", "N"), coordinates_angstrom=[[0, 0, 0], [0, 0, 2.0]])  # type: ignore[arg-type]
    kept, followed = mean_field(stretched), mean_field(stretched, follow=True)
    assert kept.stable is False
    assert any("saddle" in line for line in kept.history)
    assert followed.energy_hartree < kept.energy_hartree - 1e-3


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(electrons=12, orbitals=7), "larger than the molecule"),
        (Choice(electrons=10, orbitals=8), "larger than the molecule"),
        (Choice(electrons=3, orbitals=4), "cannot hold"),
        (Choice(electrons=4, orbitals=1), "do not fit"),
        (Choice(electrons=0, orbitals=4), "0 active electrons"),
        (Choice(electrons=2, orbitals=4), "frozen ones"),
        (Choice(electrons=4), "active_orbitals None"),
        (Choice(scheme="frontier"), "needs active_electrons"),
        (Choice(scheme="frontyer", electrons=2, orbitals=2), "unknown active_space"),
        (Choice(electrons=4, numbers=(4, 5, 6, 99)), "different active orbitals"),
        (Choice(electrons=4, numbers=(4, 6, 7)), "expected 2 active electrons"),
        (Choice(labels=("Fe 3d",)), "no atomic orbital matches"),
        (Choice(scheme="avas"), "expected labels"),
        (Choice(scheme="natural", cutoff=0.9), "no natural orbital"),
    ],
)
def test_impossible_active_spaces_are_refused(choice: Choice, words: str) -> None:
    water = Molecule(**WATER)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=words):
        pose(water, choice, field=_field(water))


def _field(water: Molecule, made: dict[str, object] = {}) -> object:  # noqa: B006 - one mean field serves all refusals
    if "water" not in made:
        made["water"] = mean_field(water, stability=False)
    return made["water"]


def test_what_does_not_fit_into_memory_is_refused_with_its_size() -> None:
    assert n_determinants(24, 12, 12) == 2704156**2
    with pytest.raises(
        InputError, match=r"7,312,459,672,336 determinants .*935,994,838,059,008 bytes"
    ):
        require_fits(24, 12, 12, what="the active space")
    with pytest.raises(InputError, match="GiB"):
        require_amplitudes_fit(200, 2000)
    water = Molecule(**WATER)  # type: ignore[arg-type]
    small = pose(water, Choice(), field=_field(water), memory_bytes=1000)  # type: ignore[arg-type]
    with pytest.raises(TooLargeError, match="2,401 two-electron integrals"):
        _ = small.h1_hartree
    assert small.mean_field.n_electrons == 10  # methods that need none are not refused


@pytest.mark.parametrize("apart_angstrom", [40.0, 6e4, 2e9])
def test_a_pair_shared_by_atoms_far_apart_lies_on_both(apart_angstrom: float) -> None:
    """Restricted limit: two atoms, half of the repulsion of a pair on one of them, and what both
    charges see of each other.
    """
    molecule = Molecule(
        symbols=("H", "H"), coordinates_angstrom=[[0, 0, 0], [0, 0, apart_angstrom]]
    )
    # STO-3G: Szabo and Ostlund, Modern Quantum Chemistry, section 3.5
    atom, repulsion = -0.466581850, 0.774606
    wanted = 2.0 * atom + repulsion / 2.0 - 0.5 / (apart_angstrom / 0.529177211)
    assert mean_field(molecule).energy_hartree == pytest.approx(wanted, abs=2e-6)
