"""Nothing that lies in the working folder, the home or the environment is executed when a molecule
is computed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qtwin.errors import InputError

pytest.importorskip("pyscf")

from qtwin.chemistry.pyscf_access import basis_library, core_potentials, functions, normalised

ROOT = Path(__file__).resolve().parents[3]
_BASIS = """BASIS "ao basis" PRINT
#BASIS SET: (1s) -> [1s]
H    S
  [open("marker", "w"),0.3][1]   1.0
Cu    S
  [open("marker", "w"),0.3][1]   1.0
END
ECP
Cu nelec 10
Cu ul
2       [open("marker", "w"),0.3][1]   1.0
END
"""
_RUN = """
from qtwin.chemistry.problem import Choice, pose
from qtwin.chemistry.molecule import Molecule
from qtwin.chemistry.mean_field import solvation
places = [[0, 0, 0], [0, 0, 0.735]]
hydrogen = Molecule(symbols=("H", "H"), coordinates_angstrom=places, basis="{basis}")
problem = pose(hydrogen, Choice(scheme="avas", electrons=2, orbitals=2, labels=("H 1s",)))
copper = Molecule(symbols=("Cu",), coordinates_angstrom=[[0, 0, 0]], charge=1, basis="lanl2dz")
charged = pose(copper, Choice()).mean_field.n_electrons
print(problem.mean_field.energy_hartree, charged, solvation(hydrogen, 4.0).dielectric)
"""


def _computed(folder: Path, basis: str = "sto-3g", **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _RUN.replace("{basis}", basis)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_files_named_like_a_basis_or_a_configuration_are_not_run(tmp_path: Path) -> None:
    clean, spoilt = tmp_path / "clean", tmp_path / "spoilt"
    clean.mkdir()
    spoilt.mkdir()
    for name in ("sto-3g", "sto3g", "STO-3G", "ano", "minao", "lanl2dz", "H", "Cu", "H 0 0 0"):
        (spoilt / name).write_text(_BASIS, encoding="utf-8")
    mark = 'open("marker", "w")\n'
    for name in (".pyscf_conf.py", "conf.py"):
        (spoilt / name).write_text(mark, encoding="utf-8")
    plugin = spoilt / "plugins" / "pyscf" / "extra"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text(mark, encoding="utf-8")
    environment = {
        "HOME": str(spoilt),
        "PYSCF_CONFIG_FILE": str(spoilt / "conf.py"),
        "PYSCF_EXT_PATH": str(spoilt / "plugins"),
        "PYSCF_ARGPARSE": "1",
        "PYSCF_MAX_MEMORY": "none",
    }
    assert _computed(spoilt, **environment) == _computed(clean)
    assert not (spoilt / "marker").exists()


def test_configuration_recovery_runs_no_configuration_either(tmp_path: Path) -> None:
    pytest.importorskip("qiskit_addon_sqd")
    (tmp_path / ".pyscf_conf.py").write_text('open("marker", "w")\n', encoding="utf-8")
    text = """
import numpy as np
from qtwin.backend.base import Samples
from qtwin.chemistry.method.sqd import recovered
samples = Samples(bits=np.array([[1, 1, 0, 1]], dtype=np.uint8), counts=np.array([5]))
half = np.array([0.5, 0.5])
print(recovered(samples, (half, half), 1, 1, seed=1).bits.sum())
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "2"
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize(
    "name",
    [
        "./basis.dat",
        "/etc/passwd",
        "sto-3g.dat",
        "..",
        _BASIS,
        "#BASIS",
        "6-31g(../d)",
        "ano@3s2p",
        "gth-szv",
        "unc-sto-3g",
        " ",
    ],
)
def test_what_is_no_name_of_the_table_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if name.strip("/. ") and "/" not in name[1:] and "\n" not in name:
        (tmp_path / name.removeprefix("./")).write_text(_BASIS, encoding="utf-8")
    with pytest.raises(InputError, match="basis") as caught:
        functions(name, ["H"])
    assert caught.value.hint
    assert "open(" not in f"{caught.value.message} {caught.value.hint}"
    assert not (tmp_path / "marker").exists()


def test_every_spelling_of_a_name_gives_the_same_functions() -> None:
    """One s function of three Gaussians; exponents of hydrogen in Hehre, Stewart, Pople 1969, JCP
    51:2657.
    """
    for name in ("sto-3g", "STO-3G", "Sto_3G", "sto 3g"):
        (shell,) = functions(name, ["H"])["H"]
        assert normalised(name) == "sto3g"
        assert shell[0] == 0
        assert [row[0] for row in shell[1:]] == pytest.approx(
            [3.42525091, 0.62391373, 0.16885540], abs=1e-7
        )
    assert core_potentials("sto-3g", ["H"]) == {}
    # electrons of the core of copper, Hay, Wadt 1985
    assert core_potentials("lanl2dz", ["Cu"])["Cu"][0] == 10


def test_pyscf_evaluates_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last lock: should a text get through, PySCF refuses it."""
    monkeypatch.chdir(tmp_path)
    basis_library()
    from pyscf import gto

    with pytest.raises(ValueError, match=r"literal|parse"):
        gto.basis.parse(_BASIS, "H")
    (tmp_path / "sto-3g").write_text(_BASIS, encoding="utf-8")
    assert len(gto.basis.load("sto-3g", "H")[0]) == 4
    with pytest.raises(ValueError, match="geometry"):
        gto.format_atom('H open("marker","w") 0 0')
    assert not (tmp_path / "marker").exists()
