"""`qtwin map` from sweeps, experiments, measured tables and molecules; what is no result is
refused.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qtwin.errors import InputError
from qtwin.studies.map.run import read_all
from tests.cli.conftest import Run
from tests.cli.test_bench import SWEEP


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sweep, run once, and results of the other kinds with just what the map reads."""
    from qtwin.studies.benchmark.run import run_sweep

    folder = tmp_path_factory.mktemp("results")
    (folder / "tiny.toml").write_text(SWEEP)
    run_sweep(folder / "tiny.toml", folder / "sweep", workers=0)
    kept = {
        "patient": {
            "schema": "qtwin.result/1",
            "spec": {"title": "Which drugs?"},
            "patient": {"synthetic": True},
            "problem": {"candidates": [{}] * 18, "max_drugs": 7, "n_feasible": 936},
            "encoding": {"degree": 2},
            "solvers": [
                {
                    "label": "enumeration",
                    "kind": "classical",
                    "total_wall_s": 2.0,
                    "feasible": True,
                    "proven": True,
                    "regret_twin": 0.0,
                },
                {
                    "label": "QAOA",
                    "kind": "quantum",
                    "total_wall_s": 13.0,
                    "feasible": True,
                    "proven": False,
                    "regret_twin": 0.01,
                },
            ],
        },
        "molecule": {
            "schema": "qtwin.molecule/1",
            "title": "nitrogen, stretched",
            "active_space": {
                "n_orbitals": 6,
                "n_electrons": 6,
                "determinants": 400,
                "is_whole_molecule": False,
            },
            "diagnostics": {"casci_leading_weight": 0.6},
            "methods": [
                {
                    "name": name,
                    "kind": kind,
                    "scope": "active space",
                    "energy_hartree": energy,
                    "wall_s": wall_s,
                    "variational": True,
                    "citation": "Sun et al. 2020, J Chem Phys 153:024109",
                }
                for name, kind, energy, wall_s in (
                    ("casci", "classical", -107.4, 0.1),
                    ("vqe-uccsd", "quantum", -107.39, 3.0),
                    ("adapt-vqe", "quantum", -107.3999, 5.0),
                )
            ],
        },
    }
    for name, result in kept.items():
        (folder / name).mkdir()
        (folder / name / "result.json").write_text(json.dumps(result))
    return folder


def test_the_map_holds_everything_and_links_to_its_evidence(
    cli: Run, results: Path, tmp_path: Path
) -> None:
    done = cli("map", str(results), "--out", str(tmp_path / "map"), "--json")
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    cells = {c["key"]: c for c in written["cells"]}
    assert cells["regimen-dense-10"]["verdict"]["kind"] == "classical proven"
    patient = cells["regimen-few-20"]["places"][0]
    assert patient["origin"] == "patient"
    assert patient["verdict"]["kind"] == "classical proven"
    assert "QAOA, never found it" in patient["verdict"]["words"]
    strong = cells["molecule-strong-8"]["places"][0]
    assert strong["verdict"]["kind"] == "classical proven"
    methods = {c["label"]: c for c in strong["contenders"]}
    assert methods["vqe-uccsd"]["successes"] == 0
    assert methods["adapt-vqe"]["successes"] == 1
    assert cells["molecule-strong-100"]["verdict"]["kind"] == "quantum plausible"
    page = (tmp_path / "map/report.html").read_text(encoding="utf-8")
    anchors = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors
    assert {c["key"] for c in written["cells"]} <= anchors
    assert "★" in page
    assert (tmp_path / "map/figures/map.svg").stat().st_size > 10_000
    assert "@misc{sun2020" in (tmp_path / "map/references.bib").read_text()
    assert json.loads((tmp_path / "map/map.json").read_text())["schema"] == "qtwin.map/1"
    assert json.loads((tmp_path / "map/environment.json").read_text())["versions"]["qtwin"]


def test_what_is_no_result_is_refused(results: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.json").write_text("{")
    whole = (results / "molecule/result.json").read_bytes()
    (tmp_path / "cut.json").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "noise.json").write_bytes(bytes(range(128, 256)) * 4)
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "other.json").write_text('{"schema": "qtwin.trial/1"}')
    lacking = json.loads((results / "molecule/result.json").read_text())
    del lacking["active_space"]
    (tmp_path / "lacking.json").write_text(json.dumps(lacking))
    for name, word in (
        ("nowhere", "no result at"),
        ("empty", "no result.json"),
        ("broken.json", "cannot read"),
        ("cut.json", r"cannot read .*cut\.json"),
        ("noise.json", r"cannot read .*noise\.json"),
        ("list.json", "holds no result"),
        ("other.json", "qtwin.trial/1"),
        ("lacking.json", "active_space"),
    ):
        with pytest.raises(InputError, match=word):
            read_all([tmp_path / name])
