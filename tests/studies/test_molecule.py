"""The molecular study: results against PySCF, resuming, curves, interactions; and what is
refused.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyscf")

from qtwin.chemistry.mean_field import ConvergenceError
from qtwin.chemistry.method.base import Energy
from qtwin.chemistry.method.selected_ci import SelectedCi
from qtwin.chemistry.method.whole_molecule import Mp2
from qtwin.errors import InputError
from qtwin.studies.molecule.result import ContactResult, MethodRow, MoleculeResult
from qtwin.studies.molecule.run import run
from qtwin.units import KCAL_PER_MOL_PER_HARTREE

WATER = "3\nwater\nO 0 0 0.1173\nH 0 0.7572 -0.4692\nH 0 -0.7572 -0.4692\n"


def _spec(folder: Path, text: str) -> Path:
    path = folder / "molecule.toml"
    path.write_text(text, encoding="utf-8")
    (folder / "water.xyz").write_text(WATER, encoding="utf-8")
    return path


def _run(folder: Path, text: str) -> MoleculeResult:
    result = run(_spec(folder, text), folder / "out")
    assert isinstance(result, MoleculeResult)
    assert MoleculeResult.read(folder / "out" / "result.json") == result
    return result


@pytest.mark.slow
def test_a_molecule_of_ones_own_against_pyscf(tmp_path: Path) -> None:
    from pyscf import cc, gto, mcscf, scf

    result = _run(
        tmp_path,
        """
        [molecule]
        geometry = "water.xyz"
        active_electrons = 4
        active_orbitals = 4
        methods = ["hf", "ccsd(t)", "casci", "vqe-uccsd"]
        """,
    )
    mole = gto.M(atom="; ".join(WATER.splitlines()[2:]), basis="sto-3g", verbose=0)
    field = scf.RHF(mole).run(conv_tol=1e-12)
    clusters = cc.CCSD(field).run(conv_tol=1e-10)
    wanted = {
        "hf": field.e_tot,
        "ccsd(t)": clusters.e_tot + clusters.ccsd_t(),
        "casci": mcscf.CASCI(field, 4, 4).run().e_tot,
    }
    rows = {row.name: row for row in result.methods}
    for name, energy in wanted.items():
        assert rows[name].energy_hartree == pytest.approx(energy, abs=1e-7)
        assert rows[name].wall_s > 0.0
    assert 0.0 <= rows["vqe-uccsd"].error_mHa < 1.6
    assert rows["vqe-uccsd"].standard_error == 0.0
    assert rows["vqe-uccsd"].error_kcal_mol == pytest.approx(
        rows["vqe-uccsd"].error_mHa * 1e-3 * KCAL_PER_MOL_PER_HARTREE
    )
    assert rows["active-ccsd(t)"].asked is False  # the competitor is there without being asked
    assert "no quantum computer is needed" in result.verdict
    assert "CCSD(T) does this in" in result.verdict
    written = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert [r["name"] for r in written["methods"]] == list(rows)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "default-src" in page
    tags = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r"""(?:src|href|srcset)=["'](?!data:|#)""", tags)  # it loads nothing
    assert {p.name for p in (tmp_path / "out" / "figures").glob("*.svg")} >= {
        "structure.svg",
        "methods.svg",
        "orbitals.svg",
    }


def test_a_notebook_asks_for_energies(tmp_path: Path) -> None:
    """Two electrons: CCSD is exact, and the table says who is off by what."""
    import qtwin as qt

    (tmp_path / "h2.xyz").write_text("2\n\nH 0 0 0\nH 0 0 0.735\n", encoding="utf-8")
    molecule = qt.Molecule.from_xyz(tmp_path / "h2.xyz")
    result = qt.energies(molecule, ("hf", "ccsd", "vqe-uccsd"), seed=3)
    assert result["casci"].energy_hartree == pytest.approx(-1.1373060358, abs=1e-7)
    rows = result.to_pandas().set_index("method")
    assert set(rows.index) == {"hf", "ccsd", "vqe-uccsd", "casci", "ccsd(t)", "active-ccsd(t)"}
    assert rows.loc["ccsd", "error_mHa"] == pytest.approx(0.0, abs=1e-4)
    assert rows.loc["vqe-uccsd", "error_mHa"] == pytest.approx(0.0, abs=1e-3)
    exact = rows.loc["casci", "energy_hartree"]
    assert rows.loc["hf", "error_mHa"] == pytest.approx(
        1e3 * (rows.loc["hf", "energy_hartree"] - exact)
    )
    assert bool(rows.loc["vqe-uccsd", "variational"])
    assert set(rows["reference"]) == {"casci"}  # the active space is the whole molecule
    assert result.to_pandas("scan").empty
    assert str(result) == repr(result)
    assert repr(result).startswith("MoleculeResult(H2, sto-3g")
    assert "vqe-uccsd" in result._repr_html_()
    page = result.to_html(tmp_path / "page.html")
    assert "no quantum computer is needed" in page.read_text(encoding="utf-8")
    assert MoleculeResult.read(result.write(tmp_path / "h2.json")) == result
    assert set(MoleculeResult.model_json_schema()["properties"]) == set(result.to_json())


def test_the_reference_treats_the_same_electrons(tmp_path: Path) -> None:
    """Of an active space CASCI is exact; of the whole molecule the most trusted method that ran."""
    import qtwin as qt

    (tmp_path / "water.xyz").write_text(WATER, encoding="utf-8")
    water = qt.Molecule.from_xyz(tmp_path / "water.xyz")
    result = qt.energies(water, ("hf", "mp2", "fci", "casci"), active_space=(4, 4))
    rows = result.to_pandas().set_index("method")
    assert dict(rows["reference"]) == {"hf": "fci", "mp2": "fci", "fci": "fci", "casci": "casci"}
    assert (
        rows.loc["hf", "error_mHa"]
        > rows.loc["mp2", "error_mHa"]
        > rows.loc["fci", "error_mHa"]
        == 0.0
    )
    assert rows.loc["casci", "error_mHa"] == 0.0
    assert result["hf"].error_to_fci_mHa == pytest.approx(rows.loc["hf", "error_mHa"])
    larger = qt.energies(water, "hf", basis="6-31g")
    # from minimal to split valence
    assert larger["hf"].energy_hartree < result["hf"].energy_hartree - 0.9
    with pytest.raises(KeyError):
        larger["mp2"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"methods": ()}, "at least one method"),
        ({"methods": "dft"}, "unknown method"),
        ({"active_space": (2,)}, "(electrons, orbitals)"),
        ({"active_space": (2, 2), "options": {"casci": {"no_such": 1}}}, "not among the methods"),
        ({"basis": "no-such-basis"}, "unknown basis"),
    ],
)
def test_a_notebook_is_told_what_cannot_be(options: dict[str, Any], words: str) -> None:
    import qtwin as qt

    with pytest.raises(InputError) as caught:
        qt.energies("H2", **({"methods": ("hf",)} | options))
    assert words in caught.value.message
    assert caught.value.hint


def test_a_run_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qtwin.chemistry.method.exact import Casci

    text = '[molecule]\ngeometry = "H2"\nmethods = ["hf", "mp2", "casci"]\n'
    real = Casci.solve

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Casci, "solve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _run(tmp_path, text)
    assert not (tmp_path / "out" / "result.json").exists()
    monkeypatch.setattr(Casci, "solve", real)
    # finished before: must not run again
    monkeypatch.setattr("qtwin.chemistry.method.whole_molecule.Mp2.solve", interrupted)
    rows = {r.name: r.energy_hartree for r in _run(tmp_path, text).methods}
    assert rows["casci"] < rows["mp2"] < rows["hf"]


def test_dissociation_curve_with_every_method(tmp_path: Path) -> None:
    result = _run(
        tmp_path,
        """
        [molecule]
        geometry = "H2"
        methods = ["hf", "ccsd", "casci", "vqe-uccsd"]
        [scan]
        bond = [1, 2]
        distances_angstrom = [0.5, 0.735, 1.5, 4.0]
        """,
    )
    points = result.scan.points
    energies = {p.x: {r.name: r.energy_hartree for r in p.methods} for p in points}
    assert energies[0.735]["casci"] == pytest.approx(-1.1373060358, abs=1e-7)
    for each in energies.values():
        assert each["ccsd"] == pytest.approx(each["casci"], abs=1e-6)  # two electrons
        assert each["vqe-uccsd"] == pytest.approx(each["casci"], abs=1e-6)
    assert energies[4.0]["hf"] - energies[4.0]["casci"] > 0.2
    assert energies[4.0]["casci"] == pytest.approx(2 * -0.466581850, abs=2e-3)
    assert (tmp_path / "out" / "figures" / "curve.svg").exists()


def test_interaction_is_counterpoise_by_pyscf_and_dies_with_distance(tmp_path: Path) -> None:
    from pyscf import gto, scf

    (tmp_path / "dimer.xyz").write_text(
        "4\nH2 and H2\nH 0 0 0\nH 0 0 0.74\nH 0 2.5 0\nH 0 2.5 0.74\n", encoding="utf-8"
    )
    result = _run(
        tmp_path,
        """
        [molecule]
        geometry = "dimer.xyz"
        basis = "6-31g"
        avas = ["H 1s"]
        methods = ["hf", "mp2", "casci"]
        [interaction]
        first = { atoms = [1, 2], active_electrons = 2, active_orbitals = 2 }
        second = { atoms = [3, 4], active_electrons = 2, active_orbitals = 2 }
        contact = [1, 3]
        distances_angstrom = [11.0, 12.0]
        dielectric = [4.0]
        """,
    )
    where = [[0, 0, 0], [0, 0, 0.74], [0, 2.5, 0], [0, 2.5, 0.74]]

    def field(names: list[str]) -> float:
        mole = gto.M(atom=list(zip(names, where, strict=True)), basis="6-31g", verbose=0)
        return float(scf.RHF(mole).run(conv_tol=1e-12).e_tot)

    ghost = "ghost-H"
    wanted = field(["H"] * 4) - field(["H", "H", ghost, ghost]) - field([ghost, ghost, "H", "H"])
    rows = {r.name: r for r in result.interaction.methods}
    assert rows["hf"].interaction_hartree == pytest.approx(wanted, abs=1e-8)
    far = {r.name: r.interaction_kcal_mol for r in result.interaction.points[1].methods}
    for name, value in far.items():
        assert abs(value) < 2e-3, name  # size consistency, active spaces included
    assert abs(result.interaction.screening[0].screening_kcal_mol) < 0.5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('geometry = "nowhere.xyz"', "no geometry"),
        ('geometry = "watre"', "watre"),
        ('geometry = "water.xyz"\ncharge = 1\nmultiplicity = 1', "impossible"),
        ('geometry = "water.xyz"\nmultiplicity = 2', "impossible"),
        ('geometry = "water.xyz"\ncharge = 12', "leaves -2 electrons"),
        ('geometry = "water.xyz"\nbasis = "no-such-basis"', "unknown basis"),
        (
            'geometry = "water.xyz"\nactive_electrons = 20\nactive_orbitals = 20',
            "larger than the molecule",
        ),
        ('geometry = "water.xyz"\nactive_electrons = 4', "active_orbitals None"),
        ('geometry = "water.xyz"\nmethods = ["hf", "dft"]', "unknown method"),
        ('geometry = "water.xyz"\nmethods = ["hf", "hf"]', "twice"),
        ('geometry = "water.xyz"\nmethods = []', "methods"),
        ('geometry = "water.xyz"\noptions = { casci = { roots = 2 } }', "roots"),
        (
            'geometry = "water.xyz"\nmethods = ["hf"]\noptions = { casci = { states = 2 } }',
            "not among the methods",
        ),
        ('geometry = "water.xyz"\nbasis = "./water.xyz"', "got a path or a text"),
        ('geometry = "water.xyz"\nactiv_electrons = 4', "active_electrons"),
        ('geometry = "water.xyz"\ndielectric = 0.5', "dielectric"),
        (
            'geometry = "water.xyz"\n[scan]\nbond = [1, 9]\ndistances_angstrom = [1.0]',
            "atoms 1 to 3",
        ),
        ('geometry = "water.xyz"\n[scan]\nbond = [1, 2]\ndistances_angstrom = [0.1]', "overlap"),
        ('geometry = "water.xyz"\n[interaction]', "needs first, second"),
        (
            'geometry = "water.xyz"\n[interaction]\nfirst = { atoms = [1] }\nsecond = { '
            "atoms = [2] }\ncontact = [1, 2]",
            "each of the 3 atoms once",
        ),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        _run(tmp_path, f"[molecule]\n{text}\n")
    assert words in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.hint
    assert not (tmp_path / "out" / "result.json").exists()


def test_what_is_too_large_ends_its_own_row_alone(tmp_path: Path) -> None:
    """Hartree-Fock and MP2 need no determinants, whatever the molecule has of them."""
    text = (
        '[molecule]\ngeometry = "water.xyz"\nmemory_gib = 1e-6\nmethods = ["hf", "mp2", "fci", '
        '"casci", "vqe-uccsd"]\n'
    )
    rows = {r.name: r for r in _run(tmp_path, text).methods}
    assert rows["mp2"].energy_hartree < rows["hf"].energy_hartree < -74.9
    assert rows["fci"].status.startswith("too large: fci has 441 determinants")
    assert rows["vqe-uccsd"].status.startswith(
        "too large: the active space has 2,401 two-electron integrals"
    )
    assert rows["casci"].energy_hartree is None


class Broken(Mp2):
    def solve(self, *_: object, **__: object) -> Energy:
        raise ZeroDivisionError("Erika Mustermann")


class Endless(SelectedCi):
    """Neither an exception nor a timer ends it, as with compiled code."""

    def solve(self, *_: object, **__: object) -> Energy:
        while True:
            with contextlib.suppress(BaseException):
                time.sleep(0.01)


def test_a_method_that_breaks_or_never_ends_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qtwin.chemistry.method import registry

    load, bad = registry.load, {"mp2": Broken, "selected-ci": Endless}
    monkeypatch.setattr(
        registry, "load", lambda name, options: bad[name]() if name in bad else load(name, options)
    )
    text = (
        '[molecule]\ngeometry = "H2"\nmethods = ["mp2", "selected-ci", "casci"]\ntime_limit_s '
        "= 20\n"
    )
    monkeypatch.setattr("qtwin.chemistry.method.limited.grace_s", lambda limit_s: 1.0 - limit_s)
    rows = {r.name: r for r in _run(tmp_path, text).methods}
    assert rows["mp2"].status == "failed: ZeroDivisionError in the method"
    assert rows["selected-ci"].status == "no energy within 20 s"
    assert rows["casci"].energy_hartree == pytest.approx(-1.1373, abs=1e-3)


def test_one_electron_has_its_exact_energy_by_every_method(tmp_path: Path) -> None:
    """In STO-3G hydrogen has -0.466581850 hartree (Szabo, Ostlund, table 3.6: -0.46658)."""
    (tmp_path / "atom.xyz").write_text("1\n\nH 0 0 0\n", encoding="utf-8")
    methods = [
        "hf",
        "mp2",
        "ccsd",
        "ccsd(t)",
        "fci",
        "casci",
        "selected-ci",
        "active-ccsd",
        "vqe-uccsd",
    ]
    rows = _run(
        tmp_path, f'[molecule]\ngeometry = "atom.xyz"\nmethods = {json.dumps(methods)}\n'
    ).methods
    for row in rows:
        assert row.energy_hartree == pytest.approx(-0.466581850, abs=1e-7), row.name
        assert row.spin_squared == pytest.approx(0.75)


def test_atoms_at_any_distance_are_computed_and_drawn(tmp_path: Path) -> None:
    (tmp_path / "far.xyz").write_text("2\n\nHe 0 0 0\nHe 0 0 3e8\n", encoding="utf-8")
    result = _run(
        tmp_path, '[molecule]\ngeometry = "far.xyz"\nbasis = "6-31g"\nmethods = ["hf", "mp2"]\n'
    )
    (tmp_path / "one.xyz").write_text("1\n\nHe 0 0 0\n", encoding="utf-8")
    one = _run(tmp_path, '[molecule]\ngeometry = "one.xyz"\nbasis = "6-31g"\nmethods = ["hf"]\n')
    energies = {r.name: r.energy_hartree for r in result.methods}
    assert energies["hf"] == pytest.approx(2 * one.methods[0].energy_hartree, abs=1e-7)


def test_a_state_of_another_spin_is_named_and_left_out_of_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qtwin.chemistry.method.base import Energy
    from qtwin.chemistry.method.selected_ci import SelectedCi
    from qtwin.chemistry.method.vqe import VqeUccsd

    def found(name: str, energy_hartree: float, spin_squared: float | None) -> Energy:
        made = Energy(
            method=name,
            energy_hartree=energy_hartree,
            variational=True,
            converged=True,
            spin_squared=spin_squared,
        )
        return made

    monkeypatch.setattr(SelectedCi, "solve", lambda *_, **__: found("selected-ci", -1.1373, 2.0))
    monkeypatch.setattr(VqeUccsd, "solve", lambda *_, **__: found("vqe-uccsd", -1.1373, None))
    result = _run(
        tmp_path, '[molecule]\ngeometry = "H2"\nmethods = ["casci", "selected-ci", "vqe-uccsd"]\n'
    )
    rows = {r.name: r for r in result.methods}
    assert rows["selected-ci"].energy_hartree is None
    assert (
        rows["selected-ci"].status
        == "another spin: the state is a triplet (S² 2), a singlet was asked for (S² 0)"
    )
    assert rows["casci"].spin_squared == pytest.approx(0.0, abs=1e-8)
    # it does not say which state it has
    assert "no quantum method reached 1.6 mHa" in result.verdict
    told = " ".join(result.verdict_points)
    assert "left out of every comparison: selected-ci" in told
    assert "left out of the verdict: vqe-uccsd" in told
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "another spin: the state is a triplet" in page


def test_a_singlet_above_a_triplet_is_judged_by_the_singlet(tmp_path: Path) -> None:
    """A carbon atom's closed shell: its triplet lies lower, and no method may return it."""
    (tmp_path / "carbon.xyz").write_text("1\n\nC 0 0 0\n", encoding="utf-8")
    text = (
        '[molecule]\ngeometry = "carbon.xyz"\nmultiplicity = {}\nactive_electrons = '
        '4\nactive_orbitals = 4\nmethods = ["casci"]\n'
    )
    singlet, triplet = (_run(tmp_path, text.format(m)).methods[0] for m in (1, 3))
    assert singlet.spin_squared == pytest.approx(0.0, abs=1e-8)
    assert triplet.spin_squared == pytest.approx(2.0, abs=1e-8)
    assert singlet.energy_hartree > triplet.energy_hartree + 0.02


def test_a_degenerate_shell_that_is_cut_draws_a_warning(tmp_path: Path) -> None:
    (tmp_path / "neon.xyz").write_text("1\n\nNe 0 0 0\n", encoding="utf-8")
    text = (
        '[molecule]\ngeometry = "neon.xyz"\nbasis = "6-31g"\nactive_electrons = '
        '2\nactive_orbitals = 2\nmethods = ["casci"]\n'
    )
    assert any("cuts a degenerate shell" in line for line in _run(tmp_path, text).warnings)


def test_a_field_that_does_not_converge_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(ConvergenceError, match="did not converge in 1 iterations") as caught:
        _run(
            tmp_path,
            '[molecule]\ngeometry = "N2-stretched"\nmethods = ["hf"]\nscf_iterations = 1\n',
        )
    assert caught.value.exit_code == 1
    assert not (tmp_path / "out" / "result.json").exists()


def test_one_question_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither"):
        _run(tmp_path, 'title = "nothing"\n')
    both = '[molecule]\ngeometry = "H2"\n[contact]\ndrug = "metoprolol"\nreceptor = "ADRB1"\n'
    with pytest.raises(InputError, match="both"):
        _run(tmp_path, both)
    contact = '[contact]\ndrug = "metoprolol"\nreceptor = "ADRB1"\n[scan]\nfactors = [1.0]\n'
    with pytest.raises(InputError, match="came with"):
        _run(tmp_path, contact)


def test_where_one_determinant_fails_the_verdict_says_so(tmp_path: Path) -> None:
    result = _run(
        tmp_path,
        """
        [molecule]
        geometry = "N2-stretched"
        active_electrons = 6
        active_orbitals = 6
        methods = ["casci", "active-ccsd(t)"]
        """,
    )
    assert "CCSD(T) fails here" in result.verdict or "does not converge here" in result.verdict
    assert any("saddle" in line for line in result.warnings)
    assert result.diagnostics.casci_leading_weight < 0.5


def test_an_energy_that_did_not_converge_is_withheld() -> None:
    from qtwin.chemistry.method import registry
    from qtwin.chemistry.method.base import Energy
    from qtwin.studies.molecule.energies import row_of

    def told(found: Energy) -> MethodRow:
        return row_of(found, registry.find(found.method).card(), name=found.method)

    row = told(Energy(method="ccsd", energy_hartree=-1.0, variational=False, converged=False))
    assert row.energy_hartree is None
    assert row.status == "did not converge"
    assert row.info["last_energy_hartree"] == -1.0
    kept = told(Energy(method="vqe-uccsd", energy_hartree=-1.0, variational=True, converged=False))
    assert (kept.energy_hartree, kept.status) == (-1.0, "stopped at its limit")


def test_a_contact_needs_a_drug_that_binds_there() -> None:
    from qtwin.chemistry.fragments import contact_of

    contact = contact_of("metoprolol", "ADRB1")
    assert (contact.site, contact.wild_type.molecule) == ("Asp138", "acetate-methylammonium")
    # pKa 9.8: Katzung, Basic and Clinical Pharmacology, table 1-3; Henderson, Hasselbalch
    assert contact.charged_share == pytest.approx(1 / (1 + 10 ** (7.4 - 9.8)))
    assert {a.residue for a in contact.alternatives} == {"Asn", "Glu"}
    assert any("water" in text for text in contact.left_out)
    for drug, receptor in (
        ("metoprolol", "DRD2"),
        ("metoprolol", "XYZ"),
        ("lecanemab", "ADRB1"),
        ("nothing", "ADRB1"),
    ):
        with pytest.raises(InputError):
            contact_of(drug, receptor)
    assert contact_of("donepezil", "ACHE").wild_type.molecule == "benzene-tetramethylammonium"
    assert contact_of("memantine", "GRIN1").wild_type.molecule == "formamide-ammonium"


def test_every_contact_of_the_library_has_its_parts_and_provenance() -> None:
    from qtwin.chemistry.fragments import at_distance, checked, distance_angstrom
    from qtwin.chemistry.geometry import library_names, resolve

    for name in library_names():
        molecule, entry = resolve(name, folder=Path())
        assert entry is not None
        assert entry.provenance
        assert (entry.kind == "fragment") == bool(entry.informs)
        if entry.fragments is None:
            continue
        fragments = checked(entry.fragments, molecule)
        moved = at_distance(molecule, fragments, 9.0)
        assert distance_angstrom(moved, fragments) == pytest.approx(9.0)
        first = list(fragments.first.atoms)
        np.testing.assert_allclose(
            moved.coordinates_angstrom[first], molecule.coordinates_angstrom[first]
        )
        for label in entry.labels:
            number, symbol, _ = label.split()
            assert molecule.symbols[int(number)] == symbol


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_wild_type_holds_the_amine_by_electrostatics(tmp_path: Path) -> None:
    """The salt bridge is about 80 kcal/mol stronger than the hydrogen bond, and Hartree-Fock has
    nearly all of it.
    """
    text = """
        [contact]
        drug = "metoprolol"
        receptor = "ADRB1"
        basis = "sto-3g"
        variants = ["Asn"]
        methods = ["hf", "mp2", "casci", "vqe-uccsd"]
        """
    result = run(_spec(tmp_path, text), tmp_path / "out")
    assert isinstance(result, ContactResult)
    assert ContactResult.read(tmp_path / "out" / "result.json") == result
    change = result.differences[0]
    assert 60.0 < change.difference_kcal_mol < 110.0
    by = {m.name: m.difference_kcal_mol for m in change.by_method}
    assert by["hf"] == pytest.approx(change.difference_kcal_mol, rel=0.05)
    assert 10.0 < change.screened[0].difference_kcal_mol < 45.0
    assert change.low_kcal_mol <= change.difference_kcal_mol <= change.high_kcal_mol


def test_a_twin_says_how_much_of_the_receptor_the_drug_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Gaddum: twice the dose of a drug with linear kinetics holds 2 x / (1 + 2 x) of what x / (1 +
    x) was.
    """
    import qtwin as qt
    from qtwin.pharmacology import formulary
    from qtwin.studies.molecule.contact import _occupancy

    monkeypatch.setenv("QTWIN_AUDIT_LOG", str(tmp_path / "audit.jsonl"))
    twin = qt.Twin.fit(qt.examples.patient(), disease="alzheimer", n_members=64, seed=1)
    drug = formulary.drug("metoprolol")
    doses = [
        qt.Dose(drug=drug, amount_mg=a, interval_h=drug.reference.interval_h) for a in (50.0, 100.0)
    ]
    once, twice = (_occupancy(twin, [dose], "ADRB1") for dose in doses)
    assert once is not None
    assert twice is not None
    odds = once.median / (1.0 - once.median)
    assert twice.median == pytest.approx(2.0 * odds / (1.0 + 2.0 * odds), rel=1e-3)
    assert _occupancy(twin, doses[:1], "GRIN1") is None
    assert _occupancy(twin, [], "ADRB1") is None
